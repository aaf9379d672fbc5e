//! Where the rest of a session goes when its account moves: two proxies ask that alike.

use tollgate_network::{Arg, ArgKind, Setup};
use tollgate_wire::Value;

use crate::table::preset;

/// The setting of a proxy: what becomes of a session whose account moves.
pub const SESSIONS: Arg = preset(
    "sessions",
    ArgKind::Choice(&["stay", "follow"]),
    "stay",
    "where a session goes whose account has moved: it stays with the system where it began, or follows the account, for movers \
     that take open sessions along",
);

/// Whether sessions follow their accounts.
pub(crate) fn follows(setup: &Setup) -> bool {
    setup.settings.get("sessions").and_then(Value::as_text) == Some("follow")
}
