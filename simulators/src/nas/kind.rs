//! What a NAS publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use crate::apart::SEND;
use crate::radius_client::{self, DISCARDED, FAILOVER, RETRANSMISSION, TIMEOUT, message};
use crate::table::{integer, join, optional, preset, required};
use crate::vocabulary::RADIUS;

use super::Nas;
use super::quirks;

/// The network access server of the calling-card service.
pub static NAS: PeerKind = PeerKind {
    name: "nas",
    about: "A network access server with an IVR: it answers callers, asks for card and destination, connects \
            the second leg and accounts for both over RADIUS",
    client: true,
    settings: SETTINGS,
    verbs: VERBS,
    sights: SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Nas::new(&setup)?))
}

const SETTINGS: &[Arg] =
    &join::<34, 2, 36>(join::<23, 11, 34>(OWN_SETTINGS, radius_client::ROWS), LAST_SETTINGS);

const OWN_SETTINGS: [Arg; 23] = [
    optional("identifier", ArgKind::Text, "NAS-Identifier of every request; left out where it is not given"),
    preset("port", integer(0, 4_294_967_295), "0", "NAS-Port of the caller's leg"),
    preset("port-id", ArgKind::Text, "ISDN 3/0:D:13", "NAS-Port-Id of the caller's leg"),
    preset(
        "remote-address",
        ArgKind::Address,
        "164.9.9.101",
        "the gateway of the second leg: h323-remote-address and remote-media-address",
    ),
    preset(
        "zone",
        ArgKind::Text,
        "PST",
        "time zone of the h323 times: an abbreviation, or one with its offset (AMT +04:00)",
    ),
    preset(
        "accounting",
        ArgKind::Choice(&["start-stop", "stop-only", "none"]),
        "stop-only",
        "which accounting records are sent for each leg",
    ),
    preset(
        "session-time",
        ArgKind::Flag,
        "false",
        "whether Stop carries Acct-Session-Time, in whole seconds, rounded up; Alive always does",
    ),
    preset(
        "session-id-in-access",
        ArgKind::Flag,
        "false",
        "whether access requests carry the Acct-Session-Id of the leg that they are about",
    ),
    optional(
        "interim-interval",
        ArgKind::Span,
        "time between Interim-Updates (Alive) of the second leg, where accounting is start-stop; overrides what \
         the server asks for",
    ),
    preset("release-delay", ArgKind::Span, "4ms", "time between the ends of the two legs of a call"),
    preset(
        "authenticate",
        ArgKind::Choice(&["card", "caller"]),
        "card",
        "whether the account is the card number that is entered, or the caller's own number",
    ),
    preset("auth-method", ArgKind::Choice(&["pap", "chap"]), "pap", "how the PIN travels"),
    preset("pin", ArgKind::Flag, "false", "whether a PIN is asked for after the card number"),
    preset(
        "card-length",
        integer(0, 64),
        "0",
        "digits of a card number, after which no terminator is needed; 0 for any length",
    ),
    preset("terminator", ArgKind::Text, "#", "the key that ends an entry"),
    preset(
        "digit-timeout",
        ArgKind::Span,
        "0s",
        "time after the last key, after which an entry counts as ended; 0s to wait for the terminator",
    ),
    preset("login-attempts", integer(1, 100), "3", "cards that may be refused before the IVR hangs up"),
    preset(
        "destination-attempts",
        integer(1, 100),
        "3",
        "destinations that may be refused or not be reached in a row before the IVR hangs up",
    ),
    preset(
        "ring-timeout",
        ArgKind::Span,
        "180s",
        "how long the called party is rung (Q.931 timer T301); 0s for ever",
    ),
    preset("warning", ArgKind::Span, "60s", "how long before the cut the caller is warned; 0s for never"),
    preset(
        "after-call",
        ArgKind::Choice(&["release", "next-call"]),
        "release",
        "what the caller gets when the called party hangs up: the line released, or the next destination",
    ),
    preset("language", ArgKind::Text, "en", "language of the prompts until the server prefers another"),
    preset(
        "transaction-id",
        integer(0, 4_294_967_295),
        "526267",
        "transactionID of the first access request",
    ),
];

const LAST_SETTINGS: [Arg; 2] = [
    preset(
        "source-port",
        integer(1_024, 65_279),
        "21645",
        "the first of the 256 UDP ports that it sends from",
    ),
    optional(
        "quirks",
        ArgKind::List(&ArgKind::Choice(quirks::NAMES)),
        "rules that this NAS bends: repeated-stop, interim-lost, huge-duration",
    ),
];

const CALL: Arg =
    optional("call", ArgKind::Text, "the name of the call; the latest one where it is left out");
const TRANSACTION: Arg = optional(
    "transaction-id",
    ArgKind::Text,
    "transactionID of the access request; counted where it is left out",
);

const VERBS: &[Verb] = &[
    Verb {
        name: "call",
        about: "Somebody calls an access number, and the IVR answers",
        args: &[
            required("from", ArgKind::Text, "the caller's number"),
            required("to", ArgKind::Text, "the access number"),
            optional("call", ArgKind::Text, "a name for the call; call-1, call-2 … where it is left out"),
            optional("conf-id", ArgKind::Text, "h323-conf-id; drawn from the seed where it is left out"),
            optional(
                "billing-seed",
                ArgKind::Text,
                "PortaBilling_Seed; drawn from the seed where it is left out",
            ),
            TRANSACTION,
        ],
        main: None,
    },
    Verb {
        name: "dial",
        about: "The caller presses keys: a card number, a PIN, a destination, each with its terminator",
        args: &[
            required("digits", ArgKind::Text, "the keys: 0-9 * # A-D"),
            CALL,
            TRANSACTION,
            optional("call-id", ArgKind::Text, "call-id of the second leg; drawn where it is left out"),
        ],
        main: Some("digits"),
    },
    Verb { name: "answer", about: "The called party answers the second leg", args: &[CALL], main: None },
    Verb {
        name: "busy",
        about: "The called party is busy: the second leg fails with cause 11",
        args: &[CALL],
        main: None,
    },
    Verb {
        name: "no-answer",
        about: "The called party does not answer: the second leg fails with cause 13",
        args: &[CALL],
        main: None,
    },
    Verb {
        name: "fail",
        about: "The second leg cannot be set up",
        args: &[preset("cause", ArgKind::Text, "29", "h323-disconnect-cause, hexadecimal Q.850"), CALL],
        main: Some("cause"),
    },
    Verb {
        name: "hangup",
        about: "A party hangs up",
        args: &[
            preset("cause", ArgKind::Text, "10", "h323-disconnect-cause, hexadecimal Q.850"),
            preset("by", ArgKind::Choice(&["caller", "called"]), "caller", "who hangs up"),
            CALL,
        ],
        main: None,
    },
    Verb {
        name: "next-call",
        about: "The caller flashes the hook to leave the called party and dial another destination",
        args: &[CALL],
        main: None,
    },
    Verb {
        name: "recharge",
        about: "A caller pays in a voucher: the IVR logs him in by his number, redeems it and tells him the amount",
        args: &[
            required("account", ArgKind::Text, "the caller's number, which is the account"),
            required("voucher", ArgKind::Text, "the voucher's number"),
            required("access", ArgKind::Text, "the access number: PortaBilling_Original_CLD"),
            optional("conf-id", ArgKind::Text, "h323-conf-id; drawn from the seed where it is left out"),
        ],
        main: None,
    },
    Verb {
        name: "buy",
        about: "Somebody buys by the piece: it is authorized, delivered as far as granted, and reported",
        args: &[
            required("account", ArgKind::Text, "User-Name"),
            preset("password", ArgKind::Text, "", "the password"),
            required("item", ArgKind::Text, "what is bought: Called-Station-Id"),
            preset("quantity", integer(1, 1_000_000), "1", "how many pieces"),
            optional("conf-id", ArgKind::Text, "h323-conf-id; drawn from the seed where it is left out"),
        ],
        main: None,
    },
    Verb {
        name: "callback",
        about: "A subscriber has himself called back: the first leg is authorized and rung",
        args: &[
            required("account", ArgKind::Text, "the subscriber's number, which is the account"),
            preset("password", ArgKind::Text, "", "the password"),
            required("to", ArgKind::Text, "with whom he wants to be connected"),
            required("access", ArgKind::Text, "the access code of the first leg"),
            preset("out", ArgKind::Text, "OUT", "the access code of the second leg"),
            preset("attempts", integer(1, 100), "3", "how often the second leg is tried"),
            optional("conf-id", ArgKind::Text, "h323-conf-id; drawn from the seed where it is left out"),
        ],
        main: None,
    },
    Verb {
        name: "callback-answer",
        about: "Whoever is rung by the latest callback answers: the subscriber, then the other one",
        args: &[],
        main: None,
    },
    Verb {
        name: "callback-fail",
        about: "Whoever is rung by the latest callback cannot be connected; the second leg is tried again",
        args: &[preset("cause", ArgKind::Text, "1C", "h323-disconnect-cause, hexadecimal Q.850")],
        main: Some("cause"),
    },
    Verb {
        name: "callback-hangup",
        about: "The conversation of the latest callback ends, or the subscriber hangs up before it",
        args: &[],
        main: None,
    },
    Verb {
        name: "login",
        about: "Sends one access request without a call: a registration, or the authorization of a SIP call",
        args: &[
            required("user", ArgKind::Text, "User-Name"),
            preset("password", ArgKind::Text, "", "the password"),
            preset(
                "method",
                ArgKind::Choice(&["pap", "chap", "digest", "digest-legacy"]),
                "pap",
                "how the password travels; digest-legacy uses the attributes 206 and 207",
            ),
            optional("called", ArgKind::Text, "Called-Station-Id"),
            optional("calling", ArgKind::Text, "Calling-Station-Id"),
            optional("conf-id", ArgKind::Text, "h323-conf-id; drawn from the seed where it is left out"),
            optional("realm", ArgKind::Text, "Digest-Realm; the NAS address where it is left out"),
            optional("uri", ArgKind::Text, "Digest-URI; sip: and the realm where it is left out"),
            preset("sip-method", ArgKind::Text, "REGISTER", "Digest-Method"),
            optional("nonce", ArgKind::Text, "Digest-Nonce; drawn from the seed where it is left out"),
            optional("response", ArgKind::Text, "Digest-Response; computed where it is left out"),
            optional("with", ArgKind::Fields(&RADIUS), "further fields; one of a name above takes its place"),
        ],
        main: None,
    },
    SEND,
];

const NAME: (&str, &str) = ("call", "the name of the call");

const SIGHTS: &[Sight] = &[
    Sight {
        name: "prompt",
        about: "The caller hears a prompt",
        subject: Some("is"),
        fields: FieldNames::Fixed(&[
            (
                "is",
                "which: enter-card-number, enter-pin, balance, recharged, delivered, enter-destination, credit-time, credit-used-up, \
                 busy, no-answer, call-failed, goodbye; or a refusal: invalid-card, wrong-password, \
                 card-in-use, zero-balance, expired, credit-limit, blocked, service-unavailable, \
                 destination-blocked, destination-unavailable, invalid-destination, retries-exceeded, \
                 invalid-argument, insufficient-balance, funds-locked, redirected, refused",
            ),
            NAME,
            ("language", "the language that is spoken"),
            ("amount", "balance, recharged: the amount"),
            ("currency", "balance, recharged: its currency"),
            ("quantity", "delivered: how many pieces"),
            ("seconds", "credit-time: how long the call may take; absent where there is no limit"),
            ("return-code", "a refusal: the h323-return-code"),
        ]),
    },
    message("Access-Request", "An access request was sent for the first time to a server"),
    message("Accounting-Request", "An accounting request was sent for the first time to a server"),
    message("Status-Server", "A Status-Server was sent for the first time to a server"),
    message("Access-Accept", "An Access-Accept came for a request that was waiting for it"),
    message("Access-Reject", "An Access-Reject came for a request that was waiting for it"),
    message("Access-Challenge", "An Access-Challenge came for a request that was waiting for it"),
    message("Accounting-Response", "An Accounting-Response came for a request that was waiting for it"),
    message("Disconnect-Request", "A Disconnect-Request came from a charging system, proved and in time"),
    message("Disconnect-ACK", "A Disconnect-Request was answered: the call ends"),
    message("Disconnect-NAK", "A Disconnect-Request was refused"),
    message("CoA-Request", "A CoA-Request came from a charging system, proved and in time"),
    message("CoA-NAK", "A CoA-Request was refused: a call cannot be changed"),
    RETRANSMISSION,
    TIMEOUT,
    FAILOVER,
    Sight {
        name: "discarded",
        about: "A packet came that answers no request, or does not prove where it comes from",
        subject: Some("reason"),
        fields: DISCARDED,
    },
    Sight {
        name: "accounting-lost",
        about: "No server has taken an accounting record, and the NAS gives it up",
        subject: Some("record"),
        fields: FieldNames::Fixed(&[
            ("record", "Start, Alive (Interim-Update) or Stop, as Acct-Status-Type shows them"),
            NAME,
            LEG,
            ("conf-id", "h323-conf-id of the leg, of a call through the IVR"),
        ]),
    },
    Sight {
        name: "ringing",
        about: "The second leg is being set up",
        subject: Some("called"),
        fields: FieldNames::Fixed(&[
            NAME,
            ("called", "the number that is rung, after the charging system's dialling rules"),
            ("conf-id", "h323-conf-id of the leg"),
        ]),
    },
    Sight {
        name: "connected",
        about: "The called party has answered",
        subject: Some("called"),
        fields: FieldNames::Fixed(&[
            NAME,
            ("called", "the called number"),
            ("granted", "how long the call may take; absent where there is no limit"),
        ]),
    },
    Sight {
        name: "warning",
        about: "The caller is warned that the credit is nearly used up",
        subject: None,
        fields: FieldNames::Fixed(&[NAME, ("left", "how long until the cut")]),
    },
    Sight {
        name: "cut",
        about: "The NAS ends the conversation because the granted time is over",
        subject: None,
        fields: FieldNames::Fixed(&[NAME, ("granted", "how long the conversation was allowed to take")]),
    },
    Sight {
        name: "disconnected",
        about: "A conversation has ended: the second leg, once it was connected",
        subject: Some("why"),
        fields: FieldNames::Fixed(ENDED),
    },
    Sight {
        name: "released",
        about: "The caller's leg has ended",
        subject: Some("why"),
        fields: FieldNames::Fixed(ENDED),
    },
];

const LEG: (&str, &str) = ("leg", "answer (the caller's) or originate (the second one)");
const ENDED: &[(&str, &str)] = &[
    NAME,
    ("why", "caller, called, credit, ivr or server (a Disconnect-Request)"),
    ("cause", "h323-disconnect-cause, hexadecimal Q.850"),
    ("lasted", "how long the leg was connected"),
];
