//! How `diameter:` of a world and of a node look to an editor.

use serde_json::{Value, json};

use super::values::{flag, span, text, whole};
use super::world::{keys, list};

fn number() -> Value {
    whole(0, i64::from(u32::MAX))
}

/// A span, a size or a number, as the service counts.
fn units() -> Value {
    json!({ "anyOf": [whole(1, i64::MAX), { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?[A-Za-z]+$" }] })
}

/// `diameter:` of a node.
pub(super) fn node() -> Value {
    let map = keys(
        &[
            ("host", "Its Origin-Host", text()),
            ("provision-cld", "Whether it is told the called number as it was translated", flag()),
        ],
        &["host"],
    );
    json!({ "anyOf": [text(), map] })
}

/// `diameter:` of a world.
pub(super) fn system() -> Value {
    keys(
        &[
            ("host", "Its Origin-Host, or one for each of its addresses", list(&text())),
            ("realm", "Its Origin-Realm", text()),
            ("port", "Where it listens (3868)", whole(1, i64::from(u16::MAX))),
            ("transport", "What carries connections", json!({ "enum": ["tcp", "tls", "sctp"] })),
            ("profile", "How strictly requests are taken", json!({ "enum": ["strict", "lenient"] })),
            ("watchdog", "Silence before a connection is watched (RFC 3539)", span()),
            ("supervision", "How long a grant is kept after its validity (Tcc)", span()),
            ("session-failover", "Told in CC-Session-Failover", flag()),
            (
                "failure-handling",
                "Told in Credit-Control-Failure-Handling",
                json!({ "enum": ["terminate", "continue", "retry-and-terminate"] }),
            ),
            (
                "on-block",
                "What is done to sessions of a blocked account: RAR or ASR",
                json!({ "enum": ["reauthorize", "abort"] }),
            ),
            (
                "services",
                "What the services are that clients name; the first that fits counts",
                list(&service()),
            ),
        ],
        // A world upon another one leaves out what that says; the check asks for both together.
        &[],
    )
}

fn service() -> Value {
    let restrict = keys(
        &[
            ("rules", "IPFilterRules of what is let through", list(&text())),
            ("filter-ids", "Filters that the client knows by name", list(&text())),
        ],
        &[],
    );
    let final_unit = keys(
        &[("redirect", "Where a subscriber is sent", text()), ("restrict", "What is let through", restrict)],
        &[],
    );
    keys(
        &[
            ("context", "The end of the Service-Context-Id, such as 32251@3gpp.org", text()),
            ("rating-group", "The Rating-Group that it is for", number()),
            ("service-identifier", "The Service-Identifier that it is for", number()),
            (
                "role",
                "The subscriber's side of the call or message",
                json!({ "enum": ["originating", "terminating", "forwarding"] }),
            ),
            ("service", "What it is charged as", text()),
            ("access-code", "By which the rating entry is found", text()),
            ("resource", "What it is called where nobody is called", text()),
            ("grant", "Units for who does not say how many", units()),
            ("grant-max", "The most units at once", units()),
            ("validity", "Of a grant", span()),
            ("holding-time", "Told in Quota-Holding-Time", span()),
            ("threshold", "Told in Time-, Volume- or Unit-Quota-Threshold", units()),
            ("triggers", "Trigger-Types upon which a client asks anew", list(&number())),
            (
                "final-unit",
                "What a client does when the last units are used",
                json!({ "anyOf": [{ "enum": ["terminate"] }, final_unit] }),
            ),
            ("pool", "The credit pool that it is drawn from", number()),
            (
                "free",
                "Whether what costs nothing is granted, or answered 4011",
                json!({ "enum": ["granted", "not-controlled"] }),
            ),
        ],
        &["service"],
    )
}
