//! What a RADIUS proxy publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::RadiusProxy;
use crate::forwarding_registry::{REGISTRY_PORT, REGISTRY_SIGHTS, SESSIONS};
use crate::radius_client::DISCARDED;
use crate::table::{integer, join_sights, optional, preset, required};

/// A RADIUS proxy.
pub static RADIUS_PROXY: PeerKind = PeerKind {
    name: "radius-proxy",
    about: "A RADIUS proxy in front of several charging systems: each request goes to the system of its account, and of a pair the one that lives has the virtual address",
    client: true,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(RadiusProxy::new(&setup)?))
}

static SETTINGS: [Arg; 11] = [
    required(
        "clients",
        ArgKind::List(&ArgKind::Text),
        "who may ask it, each with the secret that both share: 164.9.9.100=secret",
    ),
    optional(
        "virtual",
        ArgKind::Address,
        "the address that both of a pair serve; clients have it as their server",
    ),
    optional("partner", ArgKind::Address, "the other proxy of the pair, by its own address"),
    preset(
        "role",
        ArgKind::Choice(&["active", "standby"]),
        "active",
        "whether it has the virtual address at the start",
    ),
    preset("pair-secret", ArgKind::Text, "pair", "the secret between the two of a pair"),
    preset("watch", ArgKind::Span, "1s", "how often each of a pair asks whether the other one is alive"),
    preset(
        "misses",
        integer(1, 100),
        "3",
        "after so many questions without an answer the standby takes the address",
    ),
    optional(
        "fallback",
        ArgKind::Text,
        "the system of accounts that nobody has; the last one of the scenario where it is left out",
    ),
    preset(
        "source-port",
        integer(1_024, 65_000),
        "31645",
        "the first of the 16 UDP ports that it passes requests on from",
    ),
    SESSIONS,
    REGISTRY_PORT,
];

const NUMBERS: Arg = required("numbers", ArgKind::List(&ArgKind::Text), "accounts, aliases or numbers");

static VERBS: [Verb; 2] = [
    Verb {
        name: "move",
        about: "Is told that numbers belong to another system from now on",
        args: &[NUMBERS, required("to", ArgKind::Text, "the system: ocs, or the name of a peer")],
        main: None,
    },
    Verb {
        name: "forget",
        about: "Is told that numbers belong to no system any more",
        args: &[NUMBERS],
        main: Some("numbers"),
    },
];

const PASSED: FieldNames = FieldNames::Fixed(&[
    ("message", "the kind of message"),
    ("user", "its User-Name"),
    ("system", "the charging system"),
    ("client", "the client"),
    ("server", "address and port of the server, or of the client that is asked to end or change a session"),
]);

static SIGHTS: [Sight; 10] = join_sights::<8, 2, 10>(
    [
        Sight { name: "relayed", about: "A request was passed on", subject: Some("message"), fields: PASSED },
        Sight {
            name: "returned",
            about: "An answer was passed back",
            subject: Some("message"),
            fields: PASSED,
        },
        Sight {
            name: "repeated",
            about: "A request came again: it was passed on again unchanged, or answered as before",
            subject: Some("how"),
            fields: FieldNames::Fixed(&[
                ("how", "again or answered"),
                ("message", "the kind of message"),
                ("user", "its User-Name"),
            ]),
        },
        Sight {
            name: "failover",
            about: "A server of a system does not answer, and another one is asked",
            subject: Some("system"),
            fields: PASSED,
        },
        Sight {
            name: "discarded",
            about: "A packet was thrown away",
            subject: Some("reason"),
            fields: DISCARDED,
        },
        Sight {
            name: "active",
            about: "It takes the virtual address",
            subject: Some("why"),
            fields: FieldNames::Fixed(&[("why", "why")]),
        },
        Sight {
            name: "standby",
            about: "It leaves the virtual address to the other one, and watches that",
            subject: None,
            fields: FieldNames::Fixed(&[]),
        },
        Sight {
            name: "claimed",
            about: "The virtual address is its own from now on",
            subject: Some("address"),
            fields: FieldNames::Fixed(&[("address", "the address"), ("taken", "whether another one had it")]),
        },
    ],
    REGISTRY_SIGHTS,
);
