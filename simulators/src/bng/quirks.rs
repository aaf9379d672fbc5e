//! Ways in which gateways in the field bend the rules, to be switched on one by one.

use tollgate_network::SetupError;
use tollgate_wire::Value;

use crate::quirks;

/// The words of the setting `quirks`.
pub(super) const NAMES: &[&str] = &["repeated-stop", "interim-lost", "no-gigawords"];

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
        quirks::read(value, ("bng", NAMES), |own: &mut Self, name| match name {
            "repeated-stop" => Some(&mut own.repeated_stop),
            "interim-lost" => Some(&mut own.interim_lost),
            "no-gigawords" => Some(&mut own.no_gigawords),
            _ => None,
        })
    }
}
