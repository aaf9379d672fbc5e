//! What a switch publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::Msc;
use crate::camel::{self, OPERATIONS, with_operations};
use crate::table::{integer, join, optional, preset, required};

/// The switch of a mobile network.
pub static MSC: PeerKind = PeerKind {
    name: "msc",
    about: "A mobile switching centre: its subscribers call, are called, forward calls and send short messages, and its \
            gsmSSF has each controlled over CAP (phase 2 or 3) by the gateway of the charging system",
    client: true,
    settings: &SETTINGS,
    verbs: VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Msc::new(&setup)?))
}

const OWN: [Arg; 10] = [
    required(
        "gateway",
        ArgKind::Address,
        "the address of the gateway that its subscribers' service logic runs in",
    ),
    preset("cap", integer(2, 3), "3", "the phase of CAP; short messages need 3"),
    preset(
        "numbering",
        ArgKind::Choice(&["international", "north-american"]),
        "international",
        "how it writes numbers: with their country code, or national numbers of ten digits as in North America",
    ),
    preset("service-key", integer(0, 2_147_483_647), "100", "the service key of its subscribers' triggers"),
    preset(
        "tssf",
        ArgKind::Span,
        "15s",
        "how long it waits for the gateway's instructions (Tssf); longer than the gateway's Tx",
    ),
    preset(
        "default-handling",
        ArgKind::Choice(&["release", "continue"]),
        "release",
        "what becomes of a call or message that the gateway says nothing about",
    ),
    preset(
        "imsi-prefix",
        ArgKind::Text,
        "25506",
        "the first digits of the IMSI of a subscriber who is given none",
    ),
    preset("smsc", ArgKind::Text, "380630000999", "the number of the service centre of short messages"),
    optional("gateway-title", ArgKind::Text, "the international number that SCCP routes to the gateway by"),
    optional("gateway-point-code", integer(0, 0x3fff), "the gateway's signalling point code"),
];

const SETTINGS: [Arg; 12] = join(OWN, camel::SETTINGS);

const NAME: Arg =
    optional("name", ArgKind::Text, "the name of the call; the latest one where it is left out");
const MESSAGE: Arg =
    optional("name", ArgKind::Text, "the name of the message; the latest one where it is left out");
const NEW: Arg = optional("name", ArgKind::Text, "a name for it; call-1, call-2 … where it is left out");
const IMSI: Arg = optional(
    "imsi",
    ArgKind::Text,
    "the subscriber's IMSI; imsi-prefix and the last digits of the number where it is left out",
);

const VERBS: &[Verb] = &[
    Verb {
        name: "call",
        about: "A subscriber calls (O-BCSM, collectedInfo)",
        args: &[
            required("from", ArgKind::Text, "the subscriber's number"),
            required("to", ArgKind::Text, "what the subscriber dials"),
            IMSI,
            NEW,
        ],
        main: None,
    },
    Verb {
        name: "receive",
        about: "A subscriber is called (T-BCSM, termAttemptAuthorized)",
        args: &[
            required("from", ArgKind::Text, "who calls"),
            required("to", ArgKind::Text, "the subscriber's number"),
            IMSI,
            NEW,
        ],
        main: None,
    },
    Verb {
        name: "forward",
        about: "A call for a subscriber is forwarded, at the subscriber's charge",
        args: &[
            required("from", ArgKind::Text, "who calls"),
            required("to", ArgKind::Text, "the subscriber's number"),
            required("forwarded-to", ArgKind::Text, "to whom the subscriber has calls forwarded"),
            IMSI,
            NEW,
        ],
        main: None,
    },
    Verb { name: "answer", about: "The called party answers", args: &[NAME], main: Some("name") },
    Verb { name: "busy", about: "The called party is busy", args: &[NAME], main: Some("name") },
    Verb { name: "no-answer", about: "The called party does not answer", args: &[NAME], main: Some("name") },
    Verb {
        name: "not-reachable",
        about: "There is no way to the called party",
        args: &[NAME],
        main: Some("name"),
    },
    Verb {
        name: "hang-up",
        about: "A party hangs up; before the answer, the caller gives up or the called party turns the call down",
        args: &[
            preset("by", ArgKind::Choice(&["caller", "called"]), "caller", "who"),
            preset("cause", integer(1, 127), "16", "the cause (Q.850) of a call that was answered"),
            NAME,
        ],
        main: Some("by"),
    },
    Verb {
        name: "sms",
        about: "A subscriber sends a short message, or one has come for a subscriber",
        args: &[
            required("from", ArgKind::Text, "who sends it"),
            required("to", ArgKind::Text, "to whom it goes"),
            preset(
                "direction",
                ArgKind::Choice(&["originating", "terminating"]),
                "originating",
                "whether the subscriber sends it or is to have it",
            ),
            IMSI,
            optional("name", ArgKind::Text, "a name for it; message-1, message-2 … where it is left out"),
        ],
        main: None,
    },
    Verb {
        name: "deliver",
        about: "The service centre, or the subscriber's phone, takes the short message",
        args: &[MESSAGE],
        main: Some("name"),
    },
    Verb {
        name: "refuse",
        about: "The service centre, or the subscriber's phone, refuses the short message",
        args: &[
            preset("cause", integer(0, 255), "208", "TP-Failure-Cause (TS 23.040 section 9.2.3.22)"),
            MESSAGE,
        ],
        main: Some("cause"),
    },
];

const CALL: (&str, &str) = ("call", "the name of the call or message");

const fn fact(
    name: &'static str,
    about: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> Sight {
    Sight { name, about, subject: Some("call"), fields: FieldNames::Fixed(fields) }
}

const FACTS: [Sight; 10] = [
    fact(
        "ringing",
        "The gateway lets a call go on; the called party's phone rings",
        &[CALL, ("to", "the number that is called"), ("controlled", "whether the gateway still controls it")],
    ),
    fact("answered", "The called party has answered", &[CALL, ("to", "who")]),
    fact(
        "released",
        "A call has ended or failed",
        &[
            CALL,
            (
                "by",
                "caller, called, no-answer, gateway (ReleaseCall), time (the granted period) or default-handling",
            ),
            ("cause", "the cause (Q.850)"),
            ("lasted", "how long it lasted; 0s where nobody answered"),
        ],
    ),
    fact(
        "submitted",
        "The gateway lets a short message go on",
        &[
            CALL,
            ("to", "another destination that the gateway gave"),
            ("controlled", "whether the gateway still controls it"),
        ],
    ),
    fact("delivered", "A short message was taken", &[CALL]),
    fact(
        "message-refused",
        "A short message was refused",
        &[
            CALL,
            ("by", "gateway (ReleaseSMS), service-centre or default-handling"),
            ("cause", "RP-Cause of the gateway, TP-Failure-Cause of the service centre"),
        ],
    ),
    fact(
        "default-handling",
        "The gateway said nothing, or its dialogue broke off",
        &[CALL, ("outcome", "continue or release")],
    ),
    fact("call-record", "The gateway has octets for the call record", &[CALL, ("octets", "the octets")]),
    fact(
        "malformed-message",
        "Something came that is no message of a dialogue",
        &[CALL, ("fault", "what is wrong with it")],
    ),
    fact("TC-Abort", "A dialogue was aborted", &[CALL, ("octets", "the message")]),
];

static SIGHTS: [Sight; FACTS.len() + OPERATIONS.len()] = with_operations(FACTS);
