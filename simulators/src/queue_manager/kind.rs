//! What a queue manager publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::QueueManager;
use crate::sip::{self, sights};
use crate::table::{integer, join, join_sights, join_verbs, optional, preset, required};

/// A queue manager.
pub static QUEUE_MANAGER: PeerKind = PeerKind {
    name: "queue-manager",
    about: "A call queue beside an IP PBX: calls wait in it, are given to the lines of agents, and joined with the one that \
            answers",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(QueueManager::new(&setup)?))
}

const OWN: [Arg; 10] = [
    required(
        "queues",
        ArgKind::List(&ArgKind::Text),
        "the queues, each a number and the lines of its agents: '700: 101, 102'",
    ),
    required(
        "server",
        ArgKind::Text,
        "the IP PBX to which calls to lines go: <address>[:<port>], with /tcp for a connection",
    ),
    preset(
        "out-port",
        integer(1, 65_535),
        "5062",
        "the port from which calls to lines go: its second connection",
    ),
    preset(
        "distribution",
        ArgKind::Choice(&["linear", "round-robin"]),
        "linear",
        "whether every call begins with the first line, or with the one behind that of the call before",
    ),
    preset(
        "waiting",
        ArgKind::Choice(&["music", "queued"]),
        "music",
        "whether a caller is answered and held while he waits, or only told that he is queued (182)",
    ),
    preset("ring-time", ArgKind::Span, "20s", "how long a line rings before the next one is tried"),
    preset("retry", ArgKind::Span, "5s", "the rest after all lines of a queue were tried"),
    preset("wait-max", ArgKind::Span, "5min", "how long a caller waits at most"),
    preset(
        "places",
        integer(1, 10_000),
        "100",
        "callers that wait in all queues together; further ones get 486",
    ),
    optional("overflow", ArgKind::Text, "the number that gets a caller who has waited too long"),
];

static SETTINGS: [Arg; 15] = join::<5, 10, 15>(sip::SETTINGS, OWN);

const QUEUE: Arg = required("queue", ArgKind::Text, "its number");

static VERBS: [Verb; 4] = join_verbs::<2, 2, 4>(
    sip::VERBS,
    [
        Verb {
            name: "close",
            about: "Closes a queue, as at the end of working hours: new calls get 480, who waits goes on waiting",
            args: &[QUEUE],
            main: Some("queue"),
        },
        Verb { name: "open", about: "Opens a queue again", args: &[QUEUE], main: Some("queue") },
    ],
);

const NUMBER: (&str, &str) = ("queue", "the number of the queue");
const CALLER: (&str, &str) = ("caller", "the number of the caller");

static SIGHTS: [Sight; sights::COUNT + 4] = join_sights::<{ sights::COUNT }, 4, { sights::COUNT + 4 }>(
    sip::SIGHTS,
    [
        Sight {
            name: "queued",
            about: "A caller waits",
            subject: Some("queue"),
            fields: FieldNames::Fixed(&[
                NUMBER,
                CALLER,
                ("place", "how many wait in the queue, this one counted"),
            ]),
        },
        Sight {
            name: "tried",
            about: "A line was called for a caller, and has not answered",
            subject: Some("line"),
            fields: FieldNames::Fixed(&[
                NUMBER,
                CALLER,
                ("line", "the line"),
                ("code", "its status, 408 where it rang too long"),
            ]),
        },
        Sight {
            name: "joined",
            about: "A line has answered, and is joined with the caller",
            subject: Some("line"),
            fields: FieldNames::Fixed(&[
                NUMBER,
                CALLER,
                ("line", "the line"),
                ("waited", "how long the caller had waited"),
            ]),
        },
        Sight {
            name: "left",
            about: "A caller has left the queue, or the line that he was joined with",
            subject: Some("cause"),
            fields: FieldNames::Fixed(&[
                NUMBER,
                CALLER,
                (
                    "cause",
                    "abandoned (he hung up waiting), hung-up (he, after he was joined), released (the line), or timed-out",
                ),
            ]),
        },
    ],
);
