//! The one source of chance of a driver: ChaCha8 from the seed of the run.
//!
//! Draws are reduced here rather than by `rand`, whose sampling may change between versions: the same
//! seed must lose the same frames for ever. Nothing is drawn for what is certain.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Ratio;

/// Draws from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Whether this frame is one of the share.
    pub(crate) fn hits(&mut self, share: Ratio) -> bool {
        if share == Ratio::NONE || share == Ratio::ALL {
            return share == Ratio::ALL;
        }
        // The high half of a 32 by 20 bit product is uniform below a million to within 2⁻¹².
        let drawn = (u64::from(self.0.next_u32()) * u64::from(Ratio::ALL.millionths())) >> 32;
        drawn < u64::from(share.millionths())
    }

    /// A number from 0 to one less than `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u128::try_from(bound).unwrap_or(1);
        let drawn = (u128::from(self.0.next_u64()) * bound) >> 64;
        usize::try_from(drawn).unwrap_or(0)
    }

    /// A span from nothing to `most`, both included, to the nanosecond.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        let Ok(nanos) = u64::try_from(most.as_nanos()) else { return most };
        if nanos == 0 {
            return Duration::ZERO;
        }
        let drawn = (u128::from(self.0.next_u64()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(drawn).unwrap_or(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_hit_as_often_as_it_says() {
        let mut chance = Chance::from_seed(7);
        let hits = (0..100_000).filter(|_| chance.hits(Ratio::from_percent(5))).count();
        // 5 % of 100,000 is 5,000; three standard deviations are 3 × √(100,000 × 0.05 × 0.95) ≈ 207.
        assert!((4_793..=5_207).contains(&hits), "{hits}");
    }

    #[test]
    fn what_is_certain_takes_no_draw() {
        let (mut chance, mut other) = (Chance::from_seed(1), Chance::from_seed(1));
        assert!(chance.hits(Ratio::ALL) && !chance.hits(Ratio::NONE));
        assert_eq!(chance.up_to(Duration::ZERO), Duration::ZERO);
        assert_eq!(chance.0.next_u64(), other.0.next_u64());
    }

    #[test]
    fn a_span_reaches_both_ends() {
        let mut chance = Chance::from_seed(3);
        let drawn: Vec<u128> = (0..200).map(|_| chance.up_to(Duration::from_nanos(2)).as_nanos()).collect();
        assert!((0..=2).all(|nanos| drawn.contains(&nanos)) && drawn.iter().all(|nanos| *nanos <= 2));
    }
}
