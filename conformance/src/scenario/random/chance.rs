//! What is drawn from the seed of a run: how often, how long, which choice, which value. The same seed draws the same
//! for ever; what the network draws is another stream of the same seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The network's stream is 0. Dropping a step must not change which frames are lost before it.
const STREAM: u64 = 1;

/// Draws from a seed.
#[derive(Debug, Clone)]
pub(in crate::scenario) struct Chance(ChaCha8Rng);

impl Chance {
    pub(in crate::scenario) fn from_seed(seed: u64) -> Self {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        draws.set_stream(STREAM);
        Self(draws)
    }

    /// A number from 0 to one less than `bound`; 0 where that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let drawn = (u128::from(self.0.next_u64()) * u128::from(bound)) >> 64;
        u64::try_from(drawn).unwrap_or(0)
    }

    /// One of these.
    pub(super) fn one_of<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        let place = self.below(u64::try_from(all.len()).unwrap_or(u64::MAX));
        all.get(usize::try_from(place).unwrap_or(usize::MAX))
    }

    /// The place of a weight, each as likely as it is heavy.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut drawn = self.below(weights.clone().sum());
        for (place, weight) in weights.enumerate() {
            match drawn.checked_sub(weight) {
                Some(left) => drawn = left,
                None => return place,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_draws_differently() {
        let draw = |seed| {
            let mut chance = Chance::from_seed(seed);
            (0..32).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_choice_comes_as_often_as_it_is_heavy() {
        let mut chance = Chance::from_seed(1);
        let mut counts = [0_u32; 3];
        for _ in 0..60_000 {
            counts[chance.weighted([5, 0, 1].into_iter())] += 1;
        }
        // Of 60,000 draws 5 in 6 are 50,000; three standard deviations are 3 × √(60,000 × 5/6 × 1/6) ≈ 274.
        assert!((49_726..=50_274).contains(&counts[0]), "{counts:?}");
        assert_eq!((counts[1], counts[0] + counts[2]), (0, 60_000));
    }
}
