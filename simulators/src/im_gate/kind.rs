//! What the element for text messages publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::ImGate;
use crate::radius_client::{DISCARDED, FAILOVER, RETRANSMISSION, ROWS, TIMEOUT, message};
use crate::sip::{self, sights};
use crate::table::{integer, join, join_sights, join_verbs, optional, preset, required};

/// The element for text messages.
pub static IM_GATE: PeerKind = PeerKind {
    name: "im-gate",
    about: "The element that takes text messages: it challenges the sender, asks the charging system, and delivers to the \
            recipient's server",
    client: true,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(ImGate::new(&setup)?))
}

const RECIPIENTS: (&str, ArgKind, &str) = (
    "recipients",
    ArgKind::List(&ArgKind::Text),
    "who is registered where, as the registrars tell it: '<user>=<contact>, <server>', with the place at which the server \
     reaches the phone through an address translation behind another comma",
);

const OWN: [Arg; 7] = [
    optional(RECIPIENTS.0, RECIPIENTS.1, RECIPIENTS.2),
    preset("delivery-port", integer(1, 65_535), "5961", "the port from which messages are delivered"),
    preset("realm", ArgKind::Text, "im", "the realm of its challenges"),
    preset("nonce-life", ArgKind::Span, "5min", "how long a nonce is good"),
    preset(
        "digest",
        ArgKind::Choice(&["rfc5090", "sterman"]),
        "rfc5090",
        "how the answer of the sender is told: an attribute each (RFC 5090), or 206 and 207 (draft-sterman-aaa-sip)",
    ),
    optional("identifier", ArgKind::Text, "NAS-Identifier of every request; left out where it is not given"),
    preset("source-port", integer(1, 65_000), "20000", "the first of its source ports of RADIUS requests"),
];

static SETTINGS: [Arg; 23] = join::<12, 11, 23>(join::<5, 7, 12>(sip::SETTINGS, OWN), ROWS);

static VERBS: [Verb; 3] = join_verbs::<2, 1, 3>(
    sip::VERBS,
    [Verb {
        name: "recipients",
        about: "Has other recipients from now on",
        args: &[required(RECIPIENTS.0, RECIPIENTS.1, RECIPIENTS.2)],
        main: Some("recipients"),
    }],
);

static SIGHTS: [Sight; sights::COUNT + 10] = join_sights::<{ sights::COUNT }, 10, { sights::COUNT + 10 }>(
    sip::SIGHTS,
    [
        message("Access-Request", "The charging system is asked about a sender"),
        message("Access-Accept", "The sender may"),
        message("Access-Reject", "The sender may not"),
        RETRANSMISSION,
        TIMEOUT,
        FAILOVER,
        Sight {
            name: "discarded",
            about: "A RADIUS packet came that answers no request, or does not prove where it comes from",
            subject: Some("reason"),
            fields: DISCARDED,
        },
        Sight {
            name: "accepted",
            about: "A message was taken: 202 has gone out",
            subject: Some("from"),
            fields: FieldNames::Fixed(&[("from", "the sender"), ("to", "the recipient")]),
        },
        Sight {
            name: "delivered",
            about: "The recipient has the message",
            subject: Some("to"),
            fields: FieldNames::Fixed(&[("from", "the sender"), ("to", "the recipient")]),
        },
        Sight {
            name: "undelivered",
            about: "The recipient is not registered, or has not taken the message",
            subject: Some("to"),
            fields: FieldNames::Fixed(&[
                ("from", "the sender"),
                ("to", "the recipient"),
                ("code", "the status of its server, 408 where none came, 480 where it is not registered"),
            ]),
        },
    ],
);
