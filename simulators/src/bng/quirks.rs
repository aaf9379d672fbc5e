//! Ways in which gateways in the field bend the rules, to be switched on one by one.

use std::time::Duration;

use tollgate_network::SetupError;
use tollgate_wire::Value;

/// The words of the setting `quirks`.
pub(super) const NAMES: &[&str] = &["repeated-stop", "interim-lost", "no-gigawords"];
/// `repeated-stop`: how often a record is sent in all.
pub(super) const STOPS_MAX: u32 = 10;
/// `repeated-stop`: how long after an answer it is sent again, with Acct-Delay-Time grown.
pub(super) const STOP_PAUSE: Duration = Duration::from_secs(5);

/// The quirks of one gateway.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// The same Stop arrives ten times, with Acct-Delay-Time growing.
    pub(super) repeated_stop: bool,
    /// Interim records never arrive; the Stop carries the totals.
    pub(super) interim_lost: bool,
    /// Octet counters wrap at 2³² without Acct-Input-Gigawords and Acct-Output-Gigawords.
    pub(super) no_gigawords: bool,
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
                Some("no-gigawords") => quirks.no_gigawords = true,
                _ => {
                    let all = NAMES.join(", ");
                    return Err(SetupError(format!("'{word}' is no quirk of a bng; it has {all}")));
                }
            }
        }
        Ok(quirks)
    }
}
