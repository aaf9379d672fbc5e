//! Ways in which clients in the field bend the rules, to be switched on one by one.

use tollgate_network::SetupError;
use tollgate_wire::Value;

use crate::quirks;

/// The words of the setting `quirks`.
pub(super) const NAMES: &[&str] = &["repeated-stop", "interim-lost", "huge-duration"];

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
        quirks::read(value, ("nas", NAMES), |own: &mut Self, name| match name {
            "repeated-stop" => Some(&mut own.repeated_stop),
            "interim-lost" => Some(&mut own.interim_lost),
            "huge-duration" => Some(&mut own.huge_duration),
            _ => None,
        })
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
