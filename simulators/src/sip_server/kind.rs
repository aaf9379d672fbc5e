//! What a SIP server publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::SipServer;
use crate::radius_client::{self, DISCARDED, FAILOVER, RETRANSMISSION, TIMEOUT, message};
use crate::sip::{self, sights};
use crate::table::{integer, join, join_sights, join_verbs, optional, preset};

/// The documents' processing node.
pub static SIP_SERVER: PeerKind = PeerKind {
    name: "sip-server",
    about: "A SIP server between the parties of calls: it authorises and accounts over RADIUS, follows the routes that it \
            is told, limits calls to the granted time and keeps the registrar",
    client: true,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(SipServer::new(&setup)?))
}

const OWN: [Arg; 12] = [
    optional("identifier", ArgKind::Text, "NAS-Identifier of every request; left out where it is not given"),
    optional("realm", ArgKind::Text, "the realm of challenges; its address where it is left out"),
    optional(
        "dispatchers",
        ArgKind::List(&ArgKind::Address),
        "elements in front that say in PortaSIP-Notify where a request comes from",
    ),
    optional(
        "gateways",
        ArgKind::List(&ArgKind::Address),
        "elements that are known by their address: vendors' gateways, other systems' servers",
    ),
    optional(
        "third-party-registrars",
        ArgKind::List(&ArgKind::Text),
        "who is told of registrations without being waited for: <address>[:<port>], with /tcp behind it for a connection",
    ),
    preset(
        "registration-life",
        ArgKind::Span,
        "1h",
        "how long a telephone that was authorised registers again without being asked about",
    ),
    preset("expires-max", integer(1, 4_294_967_295), "3600", "seconds of the longest life of a binding"),
    preset("nonce-life", ArgKind::Span, "5min", "how long a challenge may be answered"),
    preset(
        "digest",
        ArgKind::Choice(&["rfc5090", "sterman"]),
        "rfc5090",
        "which numbers the attributes of a digest have in RADIUS",
    ),
    preset(
        "accounting",
        ArgKind::Choice(&["both-legs", "charged-legs"]),
        "both-legs",
        "whether the leg from the caller is reported, which is charged only where the product says so",
    ),
    optional(
        "interim-interval",
        ArgKind::Span,
        "how often it is reported that a call goes on; never without it",
    ),
    preset("source-port", integer(1, 65_000), "20000", "the first of its source ports of RADIUS requests"),
];

static SETTINGS: [Arg; 28] = join::<17, 11, 28>(join::<5, 12, 17>(sip::SETTINGS, OWN), radius_client::ROWS);

static VERBS: [Verb; 3] = join_verbs::<2, 1, 3>(
    sip::VERBS,
    [Verb {
        name: "hangup",
        about: "Ends calls at both sides, as an administrator does",
        args: &[optional("user", ArgKind::Text, "the account whose calls are ended; all without it")],
        main: Some("user"),
    }],
);

const OWN_SIGHTS: [Sight; 16] = [
    message("Access-Request", "The charging system is asked"),
    message("Access-Accept", "The charging system permits"),
    message("Access-Reject", "The charging system refuses"),
    message("Access-Challenge", "The charging system asks back, which is a refusal here"),
    message("Accounting-Request", "A record of a leg: Start, Alive or Stop"),
    message("Accounting-Response", "A record was taken"),
    message("Disconnect-Request", "The charging system ends a call"),
    message("Disconnect-ACK", "The call is ended"),
    message("Disconnect-NAK", "There is no such call, or the request cannot be followed"),
    RETRANSMISSION,
    TIMEOUT,
    FAILOVER,
    Sight {
        name: "discarded",
        about: "A RADIUS packet came of which nothing came",
        subject: Some("reason"),
        fields: DISCARDED,
    },
    Sight {
        name: "refused",
        about: "The charging system refuses a call or a registration",
        subject: Some("why"),
        fields: FieldNames::Fixed(&[("why", "its explanation"), ("status", "what the telephone is told")]),
    },
    Sight {
        name: "redirected",
        about: "Another side sends a call on to another address",
        subject: Some("outcome"),
        fields: FieldNames::Fixed(&[
            ("outcome", "followed, authorized-anew or refused"),
            ("target", "where it sends the call"),
        ]),
    },
    Sight {
        name: "call-ended",
        about: "A call that was connected is over, or one that was not is ended by the server",
        subject: Some("by"),
        fields: FieldNames::Fixed(&[
            ("by", "caller, called, granted-time-over, disconnected, hung-up or no-ack"),
            ("called", "the number as it was dialled"),
            ("user", "the account that made the call"),
        ]),
    },
];

const LOST: Sight = Sight {
    name: "accounting-lost",
    about: "A record was given up",
    subject: Some("record"),
    fields: FieldNames::Fixed(&[
        ("record", "Start, Alive or Stop"),
        ("leg", "answer or originate"),
        ("user", "the account that it was for"),
    ]),
};

static SIGHTS: [Sight; sights::COUNT + 17] = join_sights::<{ sights::COUNT + 16 }, 1, { sights::COUNT + 17 }>(
    join_sights::<{ sights::COUNT }, 16, { sights::COUNT + 16 }>(sip::SIGHTS, OWN_SIGHTS),
    [LOST],
);
