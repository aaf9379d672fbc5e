//! What every kind of RADIUS client has in its tables: settings, which [`crate::settings::Reader::client`] reads, and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Sight};

use crate::table::{integer, optional, preset};
use crate::vocabulary::RADIUS;

/// What a request looks like, how answers are waited for, and who is asked.
pub(crate) const ROWS: [Arg; 11] = [
    preset(
        "message-authenticator",
        ArgKind::Flag,
        "true",
        "whether access requests carry Message-Authenticator",
    ),
    preset(
        "require-message-authenticator",
        ArgKind::Flag,
        "false",
        "whether answers without Message-Authenticator are discarded",
    ),
    preset(
        "accounting-on",
        ArgKind::Flag,
        "true",
        "whether it says after a restart that its accounting begins anew (Accounting-On, RFC 2866)",
    ),
    preset("retransmit-first", ArgKind::Span, "2s", "first wait for an answer (RFC 5080, IRT)"),
    preset("retransmit-max", ArgKind::Span, "16s", "longest wait for an answer (RFC 5080, MRT); 0s for none"),
    preset("retransmit-count", integer(0, 100), "5", "retransmissions to one server (RFC 5080, MRC)"),
    preset(
        "retransmit-duration",
        ArgKind::Span,
        "0s",
        "how long one server is tried in all (RFC 5080, MRD); 0s for no bound but the count",
    ),
    preset(
        "retransmit-jitter",
        ArgKind::Flag,
        "true",
        "whether waits are spread by a tenth (RFC 5080, RAND)",
    ),
    optional(
        "servers",
        ArgKind::List(&ArgKind::Address),
        "addresses of the charging systems to ask, the preferred one first; the world's where it is left out",
    ),
    preset("server-rest", ArgKind::Span, "60s", "how long a server that did not answer is passed over"),
    preset(
        "accounting-rounds",
        integer(1, 1_000),
        "10",
        "how often all servers are offered an accounting record before it is lost",
    ),
];

/// A message with the fields of the dictionaries.
pub(crate) const fn message(name: &'static str, about: &'static str) -> Sight {
    Sight { name, about, subject: None, fields: FieldNames::Message(&RADIUS) }
}

const EXCHANGE: FieldNames = FieldNames::Fixed(&[
    ("message", "the kind of message"),
    ("server", "address and port of the server"),
    ("identifier", "its identifier"),
    ("count", "how often it was sent again to this server"),
]);

/// A request is sent again.
pub(crate) const RETRANSMISSION: Sight = Sight {
    name: "retransmission",
    about: "A request was sent again, unchanged",
    subject: Some("message"),
    fields: EXCHANGE,
};

/// A server does not answer.
pub(crate) const TIMEOUT: Sight = Sight {
    name: "timeout",
    about: "A server is given up for this request",
    subject: Some("message"),
    fields: EXCHANGE,
};

/// Another server is asked.
pub(crate) const FAILOVER: Sight = Sight {
    name: "failover",
    about: "A request goes to another server, with an identifier and authenticator of its own",
    subject: Some("message"),
    fields: FieldNames::Fixed(&[
        ("message", "the kind of message"),
        ("from", "address and port of the server that did not answer"),
        ("to", "address and port of the server that is asked next"),
    ]),
};

/// The fields of `discarded`.
pub(crate) const DISCARDED: FieldNames = FieldNames::Fixed(&[
    ("reason", "why"),
    ("from", "address and port of its sender"),
    ("message", "the kind of message, where it can be read"),
    ("identifier", "its identifier, where it can be read"),
]);
