//! The real clock, seen as a scenario's.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tollgate_time::Instant;

/// Scenario time that follows the machine's monotonic clock, once or several times as fast. Copies show the
/// same time.
#[derive(Debug, Clone, Copy)]
pub struct LiveClock {
    start: Instant,
    origin: std::time::Instant,
    speed: NonZeroU32,
}

impl LiveClock {
    /// A clock that shows `start` now, and from then on moves `speed` times as fast as the machine's.
    #[must_use]
    pub fn starting_at(start: Instant, speed: NonZeroU32) -> Self {
        Self { start, origin: std::time::Instant::now(), speed }
    }

    /// The machine's own time of day, as it was when this was called and steadily from then on:
    /// whoever sets the machine's clock does not move it.
    #[must_use]
    pub fn time_of_day() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Instant::EPOCH + since, NonZeroU32::MIN)
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.start + self.origin.elapsed().saturating_mul(self.speed.get())
    }

    /// How long the caller has to wait in real time until this clock shows `at`; zero when it does already.
    #[must_use]
    pub fn real_wait(&self, at: Instant) -> Duration {
        let nanos = at.saturating_since(self.now()).as_nanos().div_ceil(u128::from(self.speed.get()));
        u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_shortens_the_wait() {
        let start = Instant::from_unix_secs(1_000);
        let clock = LiveClock::starting_at(start, NonZeroU32::new(1_000).unwrap());
        // 1,000 s at a thousand times the speed is a second, less what has passed already.
        let wait = clock.real_wait(start + Duration::from_secs(1_000));
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(clock.real_wait(start), Duration::ZERO);
        assert!(clock.now() >= start);
    }
}
