//! What a phone publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::SipPhone;
use crate::sip::{self, sights};
use crate::table::{integer, join, join_sights, join_verbs, optional, preset, required};

/// A SIP phone.
pub static SIP_PHONE: PeerKind = PeerKind {
    name: "sip-phone",
    about: "A SIP phone: it registers and stays so, calls and is called, holds, transfers, and sends text messages",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(SipPhone::new(&setup)?))
}

const OWN: [Arg; 18] = [
    optional("user", ArgKind::Text, "its number or name; its name in the scenario where it is left out"),
    optional("display", ArgKind::Text, "its display name"),
    optional(
        "domain",
        ArgKind::Text,
        "the host of its own address of record; that of its first server where it is left out",
    ),
    optional("username", ArgKind::Text, "who it is in digest authentication; its user where it is left out"),
    optional("password", ArgKind::Text, "its password; without one a challenge stands as a refusal"),
    optional(
        "servers",
        ArgKind::List(&ArgKind::Text),
        "its servers, the preferred one first: <address>[:<port>], with /tcp behind it for a connection; everything goes \
         to one of them, and without any straight to whom it is for",
    ),
    preset("register", ArgKind::Flag, "false", "whether it registers as soon as the run begins"),
    preset("expires", ArgKind::Span, "1h", "how long it wants to be registered"),
    preset("refresh", ArgKind::Span, "30s", "how long before the end it registers again"),
    preset(
        "retry",
        ArgKind::Span,
        "30s",
        "the rest after which it tries its servers anew when none has answered",
    ),
    preset(
        "incoming",
        ArgKind::Choice(&["ring", "answer", "busy", "decline", "silent", "redirect"]),
        "ring",
        "what it does with a call by itself: ring until a verb says more, ring and answer, answer 486, 603, nothing at all, \
         or 302",
    ),
    preset("answer-after", ArgKind::Span, "0s", "how long it rings before it answers by itself"),
    optional("redirect-to", ArgKind::Text, "where it redirects calls: a number or a URI"),
    preset("follow-redirects", ArgKind::Flag, "true", "whether a call of its own goes where a 3xx sends it"),
    optional(
        "behind",
        ArgKind::Address,
        "its address behind an address translation, which it writes into its messages; others see that of `at:`",
    ),
    optional("more-ports", ArgKind::List(&integer(1, 65_535)), "further ports at which it takes messages"),
    preset("lines", integer(1, 1_000), "8", "calls that it has at once; further ones get 486"),
    optional(
        "with",
        ArgKind::Fields(&sights::SIP),
        "headers of every INVITE, MESSAGE and REGISTER that it sends",
    ),
];

static SETTINGS: [Arg; 23] = join::<5, 18, 23>(sip::SETTINGS, OWN);

const CALL: Arg =
    optional("call", ArgKind::Text, "the name of the call; the latest one that fits where it is left out");
const TO: Arg = required("to", ArgKind::Text, "whom: a number or name at its server, or a URI");

const fn plain(name: &'static str, about: &'static str) -> Verb {
    Verb { name, about, args: &[CALL], main: Some("call") }
}

static VERBS: [Verb; 18] = join_verbs::<2, 16, 18>(
    sip::VERBS,
    [
        Verb {
            name: "register",
            about: "Registers, and stays registered",
            args: &[optional("expires", ArgKind::Span, "how long; as its settings say where it is left out")],
            main: Some("expires"),
        },
        Verb { name: "unregister", about: "Takes its registration back", args: &[], main: None },
        Verb {
            name: "call",
            about: "Calls somebody",
            args: &[
                TO,
                optional("call", ArgKind::Text, "a name for the call; call-1, call-2 … where it is left out"),
                optional("from", ArgKind::Text, "another number as the caller's"),
                optional("talk", ArgKind::Span, "how long it talks before it hangs up by itself"),
                optional("with", ArgKind::Fields(&sights::SIP), "further headers of the INVITE"),
            ],
            main: Some("to"),
        },
        plain("ring", "Answers a call 180 that it has been silent about"),
        plain("answer", "Answers a call"),
        plain("busy", "Refuses a call: 486"),
        plain("decline", "Refuses a call: 603"),
        Verb {
            name: "refuse",
            about: "Refuses a call with a status",
            args: &[required("code", integer(300, 699), "the status"), CALL],
            main: Some("code"),
        },
        Verb {
            name: "redirect",
            about: "Redirects a call: 302",
            args: &[
                required("to", ArgKind::List(&ArgKind::Text), "numbers or URIs, the preferred one first"),
                CALL,
            ],
            main: Some("to"),
        },
        plain("hangup", "Ends a call; one that was not answered yet is taken back or refused"),
        plain("cancel", "Takes a call back that was not answered yet"),
        plain("hold", "Puts the other side on hold"),
        plain("resume", "Takes the other side off hold"),
        Verb {
            name: "transfer",
            about: "Asks the other side to call somebody instead (REFER), and hangs up when that is answered",
            args: &[TO, CALL],
            main: Some("to"),
        },
        Verb {
            name: "message",
            about: "Sends a text message",
            args: &[
                TO,
                required("text", ArgKind::Text, "the text"),
                optional("from", ArgKind::Text, "another number as the sender's"),
                optional("with", ArgKind::Fields(&sights::SIP), "further headers"),
            ],
            main: None,
        },
        Verb { name: "options", about: "Asks whether somebody is there", args: &[TO], main: Some("to") },
    ],
);

const NAME: (&str, &str) = ("call", "the name of the call");
const PEER: (&str, &str) = ("peer", "the other side's number or name");

static SIGHTS: [Sight; sights::COUNT + 11] = join_sights::<{ sights::COUNT }, 11, { sights::COUNT + 11 }>(
    sip::SIGHTS,
    [
        Sight {
            name: "ringing",
            about: "The phone rings, or that of the other side does",
            subject: Some("way"),
            fields: FieldNames::Fixed(&[NAME, PEER, ("way", "in or out")]),
        },
        Sight {
            name: "connected",
            about: "A call is answered",
            subject: Some("peer"),
            fields: FieldNames::Fixed(&[NAME, PEER, ("way", "in or out")]),
        },
        Sight {
            name: "ended",
            about: "A call is over",
            subject: Some("cause"),
            fields: FieldNames::Fixed(&[
                NAME,
                PEER,
                (
                    "cause",
                    "hung-up (by this phone), released (by the other side), cancelled, busy, declined, no-answer, \
                     not-found, redirected, refused or lost",
                ),
                ("code", "the status that ended it, if one did"),
                ("talked", "how long it was up; nothing where it was not answered"),
            ]),
        },
        Sight {
            name: "held",
            about: "One side is on hold",
            subject: Some("by"),
            fields: FieldNames::Fixed(&[NAME, PEER, ("by", "this-side or other-side")]),
        },
        Sight {
            name: "resumed",
            about: "Nobody is on hold any more",
            subject: Some("by"),
            fields: FieldNames::Fixed(&[NAME, PEER, ("by", "this-side or other-side")]),
        },
        Sight {
            name: "change-refused",
            about: "The other side has not taken a change of the session",
            subject: Some("code"),
            fields: FieldNames::Fixed(&[NAME, PEER, ("code", "its status")]),
        },
        Sight {
            name: "transfer",
            about: "The phone is asked to call somebody else, or hears how the other side fares with that",
            subject: Some("state"),
            fields: FieldNames::Fixed(&[
                NAME,
                PEER,
                ("state", "asked, refused, under-way, done or failed"),
                ("target", "whom it is asked to call"),
                ("code", "the status that was told"),
            ]),
        },
        Sight {
            name: "message",
            about: "A text message has come",
            subject: Some("text"),
            fields: FieldNames::Fixed(&[("text", "the text"), ("from", "the sender's number or name")]),
        },
        Sight {
            name: "registered",
            about: "The phone is registered",
            subject: Some("server"),
            fields: FieldNames::Fixed(&[("server", "where"), ("expires", "for how long")]),
        },
        Sight {
            name: "unregistered",
            about: "The phone is registered no more",
            subject: Some("server"),
            fields: FieldNames::Fixed(&[("server", "where it was")]),
        },
        Sight {
            name: "registration-failed",
            about: "A server has not registered the phone, or not answered",
            subject: Some("code"),
            fields: FieldNames::Fixed(&[("server", "which"), ("code", "its status, or 408")]),
        },
    ],
);
