//! How long to wait before a connection is tried again.

use std::time::Duration;

/// Doubles the wait with each failure, up to a bound. RFC 6733 section 2.1 asks for one bound alone, Tc, of
/// 30 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub min: Duration,
    /// The longest one.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { min: Duration::from_secs(1), max: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The wait after `failures` failures, 0 being the first. Up to a quarter of it is taken off by chance
    /// (0 to 255), so that the clients of a server that starts anew do not all come at once.
    #[must_use]
    pub fn wait(&self, failures: u32, chance: u8) -> Duration {
        let doubled = self.min.checked_mul(1_u32.checked_shl(failures.min(31)).unwrap_or(u32::MAX));
        let whole = doubled.unwrap_or(self.max).min(self.max);
        whole - whole / 1024 * u32::from(chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let own = Backoff::default();
        let waits: Vec<u64> = (0..7).map(|failures| own.wait(failures, 0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(own.wait(u32::MAX, 0), own.max);
        // 30 s less 255/1024 of it: about a quarter.
        assert_eq!(own.wait(9, 255).as_millis(), 22_529);
    }
}
