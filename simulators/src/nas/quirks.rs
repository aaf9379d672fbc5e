//! Ways in which clients in the field bend the rules, to be switched on one by one.

use std::time::Duration;

use tollgate_network::SetupError;
use tollgate_wire::Value;

/// The words of the setting `quirks`.
pub(super) const NAMES: &[&str] = &["repeated-stop", "interim-lost", "huge-duration"];

/// `repeated-stop`: how often a record is sent in all.
pub(super) const STOPS_MAX: u32 = 10;
/// `repeated-stop`: how long after an answer it is sent again, with Acct-Delay-Time grown.
pub(super) const STOP_PAUSE: Duration = Duration::from_secs(5);
/// `huge-duration`: seconds reported for a call that was cut: 2³² / 60, rounded down.
pub(super) const HUGE_SECS: u32 = 71_582_788;

/// The quirks of one NAS.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// The same Stop arrives ten times, with Acct-Delay-Time growing.
    pub(super) repeated_stop: bool,
    /// Interim records never arrive; the Stop carries the totals.
    pub(super) interim_lost: bool,
    /// Acct-Session-Time of a call that was cut for want of credit is 71,582,788 s.
    pub(super) huge_duration: bool,
}

impl Quirks {
    /// Reads the setting.
    pub(super) fn read(value: Option<&Value>) -> Result<Self, SetupError> {
        let mut quirks = Self::default();
        let words: &[Value] = match value {
            None => &[],
            Some(Value::List(words)) => words,
            Some(word) => std::slice::from_ref(word),
        };
        for word in words {
            match word.as_text() {
                Some("repeated-stop") => quirks.repeated_stop = true,
                Some("interim-lost") => quirks.interim_lost = true,
                Some("huge-duration") => quirks.huge_duration = true,
                _ => {
                    return Err(SetupError(format!(
                        "'{word}' is no quirk of a nas; it has {}",
                        NAMES.join(", ")
                    )));
                }
            }
        }
        Ok(quirks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_quirk_and_nothing_else_is() {
        let all = Value::List(NAMES.iter().map(|name| Value::from(*name)).collect());
        let quirks = Quirks::read(Some(&all)).unwrap();
        assert!(quirks.repeated_stop && quirks.interim_lost && quirks.huge_duration);
        assert!(Quirks::read(Some(&Value::List(vec!["no-redirect".into()]))).is_err());
    }
}
