//! The processor time of a process, as Linux shows it in `/proc`.

use std::fs;
use std::time::Duration;

/// Linux counts processor time in hundredths of a second for its users, on every machine (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// The processor time of a process so far, user and system, all threads; `None` names this one.
pub(crate) fn time_of(pid: Option<u32>) -> Result<Duration, String> {
    let path = pid.map_or_else(|| "/proc/self/stat".to_owned(), |pid| format!("/proc/{pid}/stat"));
    let stat = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    ticks(&stat).map(|ticks| TICK * ticks).ok_or_else(|| format!("{path} is not as proc(5) says"))
}

/// How long the calling thread was ready to run so far, but had no processor. Nothing where the kernel does not
/// say.
pub(crate) fn time_waited() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    waited(&stat).unwrap_or_default()
}

/// The second field (sched-stats.rst of the kernel), in nanoseconds.
fn waited(stat: &str) -> Option<Duration> {
    stat.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

/// Fields 14 and 15 (proc(5)). The second is a name in parentheses that may itself hold anything.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_cannot_mislead() {
        let stat = "42 (a) 1 (b c) S 1 42 42 0 -1 4194304 100 0 0 0 250 75 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat), Some(325));
        assert_eq!(ticks("42 (a) S 1"), None);
    }

    #[test]
    fn the_time_without_a_processor_is_the_second_field() {
        assert_eq!(waited("5000 1250 7"), Some(Duration::from_nanos(1_250)));
        assert_eq!(waited(""), None);
    }

    #[test]
    fn this_process_has_a_time() {
        assert!(time_of(None).is_ok());
        assert!(time_of(Some(u32::MAX)).is_err());
    }
}
