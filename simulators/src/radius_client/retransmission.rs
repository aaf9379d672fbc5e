//! When a RADIUS request is sent again, and when its server is given up (RFC 5080 section 2.2.1).
//! Integers only: the jitter is a number of millionths.

use std::time::Duration;

use rand::{Rng, RngExt};

/// The parameters of RFC 5080 section 2.2.1, with the values given there as the defaults except for the
/// bound on the whole exchange, which the bound on the number of retransmissions makes superfluous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retransmission {
    /// IRT: how long the first answer is waited for.
    pub first: Duration,
    /// MRT: the longest wait; zero for none.
    pub max: Duration,
    /// MRC: how often a request is sent again to one server.
    pub count: u32,
    /// MRD: how long one server is tried in all; zero for no such bound.
    pub duration: Duration,
    /// RAND: whether waits are spread by up to a tenth either way.
    pub jitter: bool,
}

/// A tenth, in millionths: RAND lies between −0.1 and +0.1.
const JITTER_MILLIONTHS: u64 = 100_000;
const ONE: u64 = 1_000_000;

impl Default for Retransmission {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            max: Duration::from_secs(16),
            count: 5,
            duration: Duration::ZERO,
            jitter: true,
        }
    }
}

impl Retransmission {
    /// The wait after the first transmission: RT = IRT + RAND × IRT.
    pub fn first_wait(&self, random: &mut impl Rng) -> Duration {
        self.spread(self.first, 1, random)
    }

    /// The wait after the next transmission: RT = 2 × RTprev + RAND × RTprev, where that is not longer than
    /// MRT; MRT + RAND × MRT else.
    pub fn next_wait(&self, previous: Duration, random: &mut impl Rng) -> Duration {
        let wait = self.spread(previous, 2, random);
        if !self.max.is_zero() && wait > self.max { self.spread(self.max, 1, random) } else { wait }
    }

    /// Whether a server that has been waited for so long, after so many retransmissions, is given up.
    #[must_use]
    pub fn is_over(&self, retransmissions: u32, waited: Duration) -> bool {
        retransmissions >= self.count || (!self.duration.is_zero() && waited >= self.duration)
    }

    /// `span × times + RAND × span`.
    fn spread(&self, span: Duration, times: u64, random: &mut impl Rng) -> Duration {
        let share = if self.jitter {
            ONE * times - JITTER_MILLIONTHS + random.random_range(0..=2 * JITTER_MILLIONTHS)
        } else {
            ONE * times
        };
        let nanos = span.as_nanos().saturating_mul(u128::from(share)) / u128::from(ONE);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn waits(retransmission: &Retransmission, seed: u64) -> Vec<Duration> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut waits = vec![retransmission.first_wait(&mut random)];
        for place in 0..5 {
            waits.push(retransmission.next_wait(waits[place], &mut random));
        }
        waits
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let plain = Retransmission { jitter: false, ..Retransmission::default() };
        let secs: Vec<u64> = waits(&plain, 1).iter().map(Duration::as_secs).collect();
        assert_eq!(secs, [2, 4, 8, 16, 16, 16]);
    }

    #[test]
    fn jitter_stays_within_a_tenth_and_differs_from_seed_to_seed() {
        let spread = Retransmission::default();
        for seed in 0..200 {
            let waits = waits(&spread, seed);
            assert!(waits[0] >= Duration::from_millis(1_800) && waits[0] <= Duration::from_millis(2_200));
            for pair in waits.windows(2) {
                // The bounds are 1.9 and 2.1 times the wait before, or 14.4 s and 17.6 s at the longest.
                let doubled = pair[1] >= pair[0] * 19 / 10 && pair[1] <= pair[0] * 21 / 10;
                let longest =
                    pair[1] >= Duration::from_millis(14_400) && pair[1] <= Duration::from_millis(17_600);
                assert!(doubled || longest, "{pair:?}");
            }
        }
        assert_ne!(waits(&spread, 1), waits(&spread, 2));
        assert_eq!(waits(&spread, 7), waits(&spread, 7));
    }

    #[test]
    fn a_server_is_given_up_after_the_count_or_the_duration_whichever_comes_first() {
        let both =
            Retransmission { count: 3, duration: Duration::from_secs(10), ..Retransmission::default() };
        assert!(!both.is_over(2, Duration::from_secs(9)));
        assert!(both.is_over(3, Duration::from_secs(9)));
        assert!(both.is_over(2, Duration::from_secs(10)));
        assert!(!Retransmission::default().is_over(4, Duration::from_secs(1_000)));
    }
}
