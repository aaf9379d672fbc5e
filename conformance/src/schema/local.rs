//! The parts of a world's schema that say how calls within the network and between systems are delivered.

use serde_json::{Value, json};

use super::values::{address, span, text, whole};
use super::world::{Key, digits, keys, list};
use crate::world::local::{UNREACHED, UNTRUSTED};

fn port() -> Key {
    ("port", "Its port; 5060 without it", whole(1, i64::from(u16::MAX)))
}

fn cld() -> Key {
    ("cld", "What is dialled there in place of the called number", text())
}

/// One entry of `deliveries:`.
pub(super) fn delivery() -> Value {
    let untrusted = json!({ "enum": UNTRUSTED });
    keys(
        &[
            ("number", "Another number", digits()),
            ("redirect-server", "The server that tells where to", address()),
            ("sip-contact", "A static address in place of registered telephones", address()),
            port(),
            cld(),
            ("trusted", "Where a redirect server may send calls", list(&address())),
            ("untrusted", "What becomes of a call that it sends elsewhere; refused without it", untrusted),
            ("voicemail", "What takes calls that nobody else does", voicemail()),
            ("ring", "For how long it is rung", span()),
        ],
        &[],
    )
}

fn voicemail() -> Value {
    let when = list(&json!({ "enum": UNREACHED }));
    keys(
        &[("at", "Its address", address()), port(), cld(), ("when", "After what; all without it", when)],
        &["at"],
    )
}

/// One entry of `interconnection:`.
pub(super) fn interconnection() -> Value {
    keys(
        &[
            (
                "environment",
                "Its number, of which its rate code is made: ENV2",
                whole(1, i64::from(u32::MAX)),
            ),
            ("addresses", "Of its SIP servers; calls go to the first", list(&address())),
            ("moved", "Accounts that have moved to it", list(&text())),
        ],
        &["environment", "addresses"],
    )
}
