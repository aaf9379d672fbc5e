//! Points in time as Diameter writes them (RFC 6733 section 4.3.1).

use tollgate_time::Instant;

/// Seconds from 1900 to 1970.
const EPOCH_SECS: u64 = 2_208_988_800;
/// Seconds of one era: 1900 to 2036-02-07T06:28:16Z.
const ERA_SECS: u64 = 1 << 32;
/// From this on a number counts from 1900, below it from 2036 (RFC 5905 section 6).
const ERA_SPLIT: u32 = 0x8000_0000;

/// The point in time of these seconds. Those of 1968 and 1969, which [`Instant`] lacks, become 1970.
#[must_use]
pub fn read(secs: u32) -> Instant {
    let era = if secs < ERA_SPLIT { ERA_SECS } else { 0 };
    Instant::from_unix_secs((u64::from(secs) + era).saturating_sub(EPOCH_SECS))
}

/// The seconds of this point in time, rounded down; `None` from 2104-02-26 on, when the
/// numbers are those of 1968 again.
#[must_use]
pub fn write(at: Instant) -> Option<u32> {
    let secs = at.unix_secs() + EPOCH_SECS;
    if secs >= ERA_SECS + u64::from(ERA_SPLIT) {
        return None;
    }
    u32::try_from(secs % ERA_SECS).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_era_that_begins_in_2036_is_read_on() {
        // 1551426764 is the Event-Timestamp of ESI's Gy example: 2019-03-01T07:52:44Z.
        let esi = Instant::from_unix_secs(1_551_426_764);
        assert_eq!(write(esi), Some(3_760_415_564)); // 1551426764 + 2208988800
        assert_eq!(read(3_760_415_564), esi);
        let last = Instant::parse_rfc3339("2036-02-07T06:28:15Z").unwrap();
        assert_eq!(write(last), Some(u32::MAX));
        let first = Instant::parse_rfc3339("2036-02-07T06:28:16Z").unwrap();
        assert_eq!((write(first), read(0)), (Some(0), first));
        assert_eq!(write(Instant::parse_rfc3339("2104-02-26T09:42:24Z").unwrap()), None);
    }
}
