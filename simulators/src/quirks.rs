//! Reads the setting `quirks`, in which a scenario names the rules that a simulator bends; which there are is its own.

use std::time::Duration;

use tollgate_network::SetupError;
use tollgate_wire::Value;

use crate::settings::words;

/// `repeated-stop`: how often a record is sent in all.
pub(crate) const STOPS_MAX: u32 = 10;
/// `repeated-stop`: how long after an answer it is sent again, with Acct-Delay-Time grown.
pub(crate) const STOP_PAUSE: Duration = Duration::from_secs(5);
/// `huge-duration`: seconds reported for a call that was cut: 2³² / 60, rounded down.
pub(crate) const HUGE_SECS: u32 = 71_582_788;

/// Switches on what the setting names; `place` says where a quirk of this `kind` is kept, which has those of `names`.
pub(crate) fn read<Q: Default>(
    value: Option<&Value>,
    (kind, names): (&str, &[&str]),
    place: impl for<'q> Fn(&'q mut Q, &str) -> Option<&'q mut bool>,
) -> Result<Q, SetupError> {
    let mut quirks = Q::default();
    for word in words(value) {
        match word.as_text().and_then(|name| place(&mut quirks, name)) {
            Some(quirk) => *quirk = true,
            None => {
                let names = names.join(", ");
                return Err(SetupError(format!("'{word}' is no quirk of a {kind}; it has {names}")));
            }
        }
    }
    Ok(quirks)
}
