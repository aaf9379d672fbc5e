//! What a gateway publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::CamelGateway;
use super::quirks;
use crate::camel::{self, OPERATIONS, with_operations};
use crate::credit_client;
use crate::diameter::{CREDIT, NEIGHBOURS, join_sights};
use crate::table::{integer, join, optional, preset};

/// The gateway between a switch and the charging system.
pub static CAMEL_GATEWAY: PeerKind = PeerKind {
    name: "camel-gateway",
    about: "A CAMEL gateway: the service control of an MSC's calls and short messages over CAP, and a client of credit \
            control (Ro) of the charging system",
    client: true,
    settings: &SETTINGS,
    verbs: VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(CamelGateway::new(&setup)?))
}

const OWN: [Arg; 11] = [
    preset(
        "toward",
        ArgKind::Choice(&["camel", "win"]),
        "camel",
        "the network that its switch belongs to; towards WIN it reads and writes numbers as North America does",
    ),
    preset("context", ArgKind::Text, "32251@3gpp.org", "Service-Context-Id of calls"),
    preset("service-identifier", integer(0, 0xffff_ffff), "35", "Service-Identifier of calls"),
    preset("slice", ArgKind::Span, "30s", "how much time it asks for at once"),
    optional("no-answer-within", ArgKind::Span, "how long the switch lets a phone ring"),
    preset(
        "activity-test",
        ArgKind::Span,
        "5min",
        "how long a dialogue may be silent before the switch is asked whether it still stands (ActivityTest)",
    ),
    preset(
        "sms",
        ArgKind::Choice(&["reservation", "direct-debiting"]),
        "reservation",
        "how short messages are charged: reserved and charged when taken, or charged at once and refunded when not",
    ),
    preset(
        "sms-context",
        ArgKind::Text,
        "32251@3gpp.org",
        "Service-Context-Id of short messages with reservation",
    ),
    preset(
        "event-context",
        ArgKind::Text,
        "32274@3gpp.org",
        "Service-Context-Id of those that are debited directly",
    ),
    preset("sms-service-identifier", integer(0, 0xffff_ffff), "30", "Service-Identifier of short messages"),
    optional(
        "quirks",
        ArgKind::List(&ArgKind::Choice(quirks::NAMES)),
        "rules that this gateway bends: early-ccr-t, missing-ccr-t, huge-duration, plus-prefix, two-subscription-ids, \
         no-service-info, needs-mscc-result",
    ),
];

const SETTINGS: [Arg; 23] =
    join::<13, 10, 23>(join::<11, 2, 13>(OWN, camel::SETTINGS), credit_client::SETTINGS);

const SERVER: Arg =
    optional("server", ArgKind::Text, "Origin-Host of the server; the first one where it is left out");

const VERBS: &[Verb] = &[
    credit_client::SEND,
    Verb {
        name: "disconnect",
        about: "Ends the connection to a server with a DPR",
        args: &[
            preset(
                "cause",
                ArgKind::Choice(&["REBOOTING", "BUSY", "DO_NOT_WANT_TO_TALK_TO_YOU"]),
                "REBOOTING",
                "Disconnect-Cause",
            ),
            SERVER,
        ],
        main: Some("cause"),
    },
    Verb {
        name: "connect",
        about: "Connects to a server again that it was disconnected from",
        args: &[SERVER],
        main: Some("server"),
    },
];

const CALL: (&str, &str) = ("call", "the name of the call or message: call-1, message-2 …");

const fn fact(
    name: &'static str,
    about: &'static str,
    subject: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> Sight {
    Sight { name, about, subject: Some(subject), fields: FieldNames::Fixed(fields) }
}

const FACTS: [Sight; 7] = [
    fact(
        "refused",
        "A call or message is refused, or a call ended, by the charging system's word or for want of one",
        "call",
        &[
            CALL,
            ("cause", "the cause for the switch (Q.850), or RP-Cause of a message"),
            ("result", "the Result-Code; absent where nobody answered"),
        ],
    ),
    fact("uncontrolled", "A call or message goes on, and nobody counts it", "call", &[CALL]),
    fact(
        "malformed-cap",
        "Something came that is no message of a dialogue",
        "call",
        &[CALL, ("fault", "what is wrong with it")],
    ),
    fact("TC-Abort", "A dialogue was aborted", "call", &[CALL, ("octets", "the message")]),
    fact(
        "unanswered",
        "Nobody answers a request of credit control",
        "message",
        &[("message", "CCR-I, CCR-U, CCR-T or CCR-E"), ("why", "why")],
    ),
    fact(
        "failover",
        "A request goes to another server",
        "message",
        &[
            ("message", "CCR-I, CCR-U, CCR-T or CCR-E"),
            ("from", "Origin-Host of the first"),
            ("to", "Origin-Host of the other"),
        ],
    ),
    fact(
        "stored",
        "A debit that may have been made is stored, to be sent again",
        "message",
        &[("message", "CCR-E")],
    ),
];

const OPERATIONAL: [Sight; FACTS.len() + OPERATIONS.len()] = with_operations(FACTS);

const NETWORKED: [Sight; NEIGHBOURS.len() + CREDIT.len()] = join_sights(NEIGHBOURS, CREDIT);

static SIGHTS: [Sight; OPERATIONAL.len() + NETWORKED.len()] = join_sights(OPERATIONAL, NETWORKED);
