//! What a vendor's gateway publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::SipGateway;
use crate::sip::{self, sights};
use crate::table::{integer, join, join_sights, join_verbs, optional, preset, required};

/// A vendor's gateway.
pub static SIP_GATEWAY: PeerKind = PeerKind {
    name: "sip-gateway",
    about: "A vendor's gateway: it takes calls and does with each what its rules say of the number, and places calls into \
            the network",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(SipGateway::new(&setup)?))
}

const RULES: Arg = optional(
    "rules",
    ArgKind::List(&ArgKind::Text),
    "what is done with a call, by the beginning of its number, the longest one counts: '380: ring 3s, answer, talk 60s', \
     '44: fail 503', '*: progress 2s, silent'; a number without a rule gets 404, and without any rules every call is answered",
);

const OWN: [Arg; 7] = [
    RULES,
    optional(
        "servers",
        ArgKind::List(&ArgKind::Text),
        "where its calls into the network go, the first one: <address>[:<port>], with /tcp behind it for a connection",
    ),
    optional(
        "accounts",
        ArgKind::List(&ArgKind::Text),
        "users that it knows, each as <user>:<password>; with any of them it takes registrations, and challenges them",
    ),
    preset("challenge-calls", ArgKind::Flag, "false", "whether calls and messages are challenged as well"),
    preset("realm", ArgKind::Text, "gateway", "the realm of its challenges"),
    optional(
        "algorithms",
        ArgKind::List(&ArgKind::Text),
        "the algorithms of its challenges, the preferred one first; SHA-256 and MD5 where they are left out",
    ),
    preset("nonce-life", ArgKind::Span, "5min", "how long a nonce is good"),
];

static SETTINGS: [Arg; 13] = join::<12, 1, 13>(
    join::<5, 7, 12>(sip::SETTINGS, OWN),
    [preset(
        "registration-min",
        integer(1, 86_400),
        "60",
        "seconds of the shortest registration; a shorter one gets 423",
    )],
);

const CALL: Arg =
    optional("call", ArgKind::Text, "the name of the call; the latest one that fits where it is left out");

static VERBS: [Verb; 7] = join_verbs::<2, 5, 7>(
    sip::VERBS,
    [
        Verb {
            name: "call",
            about: "Places a call into the network",
            args: &[
                required("to", ArgKind::Text, "whom: a number, or a URI"),
                required("from", ArgKind::Text, "the caller's number"),
                optional("call", ArgKind::Text, "a name for the call; call-1, call-2 … where it is left out"),
                optional("talk", ArgKind::Span, "how long it talks before it hangs up by itself"),
                optional("with", ArgKind::Fields(&sights::SIP), "further headers of the INVITE"),
            ],
            main: None,
        },
        Verb { name: "answer", about: "Answers a call that waits", args: &[CALL], main: Some("call") },
        Verb {
            name: "fail",
            about: "Refuses a call that waits",
            args: &[required("code", integer(300, 699), "the status"), CALL],
            main: Some("code"),
        },
        Verb { name: "hangup", about: "Ends a call, however far it is", args: &[CALL], main: Some("call") },
        Verb {
            name: "rules",
            about: "Has other rules from now on",
            args: &[required("rules", ArgKind::List(&ArgKind::Text), "as the setting of this name")],
            main: Some("rules"),
        },
    ],
);

const NAME: (&str, &str) = ("call", "the name of the call");
const CALLED: (&str, &str) = ("called", "the number that is called");
const CALLER: (&str, &str) = ("caller", "the number of the caller");
const WAY: (&str, &str) = ("way", "in, to the vendor, or out, into the network");

static SIGHTS: [Sight; sights::COUNT + 4] = join_sights::<{ sights::COUNT }, 4, { sights::COUNT + 4 }>(
    sip::SIGHTS,
    [
        Sight {
            name: "offered",
            about: "The network gives it a call",
            subject: Some("called"),
            fields: FieldNames::Fixed(&[NAME, CALLED, CALLER, WAY]),
        },
        Sight {
            name: "connected",
            about: "A call is answered",
            subject: Some("called"),
            fields: FieldNames::Fixed(&[NAME, CALLED, CALLER, WAY]),
        },
        Sight {
            name: "ended",
            about: "A call is over",
            subject: Some("cause"),
            fields: FieldNames::Fixed(&[
                NAME,
                CALLED,
                CALLER,
                WAY,
                ("cause", "hung-up (by the gateway), released (by the network), cancelled, failed or lost"),
                ("code", "the status that ended it, if one did"),
                ("talked", "how long it was up; nothing where it was not answered"),
            ]),
        },
        Sight {
            name: "bound",
            about: "A user has registered, or taken that back",
            subject: Some("user"),
            fields: FieldNames::Fixed(&[
                ("user", "who"),
                ("contact", "where the user is"),
                ("expires", "for how long; zero where it was taken back"),
            ]),
        },
    ],
);
