//! What a Diameter proxy publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::DiameterProxy;
use crate::diameter::{self, CREDIT, LISTENING, NEIGHBOURS, join_sights};
use crate::forwarding_registry::{REGISTRY_PORT, REGISTRY_SIGHTS, SESSIONS};
use crate::table::{join, join_verbs, optional, required};

/// A Diameter proxy.
pub static DIAMETER_PROXY: PeerKind = PeerKind {
    name: "diameter-proxy",
    about: "A Diameter proxy in front of several charging systems: a session goes to the system that has its subscriber, \
            and what the system asks goes back through it",
    client: true,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(DiameterProxy::new(&setup)?))
}

const OWN: [Arg; 4] = [
    optional("proxy-state", ArgKind::Text, "Proxy-State; its name where it is left out"),
    optional(
        "fallback",
        ArgKind::Text,
        "the system of subscribers that nobody has; the last one of the scenario where it is left out",
    ),
    SESSIONS,
    REGISTRY_PORT,
];

static SETTINGS: [Arg; 11] = join::<7, 4, 11>(join::<5, 2, 7>(diameter::SETTINGS, LISTENING), OWN);

const NUMBERS: Arg = required("numbers", ArgKind::List(&ArgKind::Text), "accounts, aliases or numbers");

static VERBS: [Verb; 6] = join_verbs::<4, 2, 6>(
    diameter::VERBS,
    [
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
    ],
);

static SIGHTS: [Sight; 29] = join_sights::<26, 3, 29>(
    join_sights::<12, 14, 26>(NEIGHBOURS, CREDIT),
    join_sights::<1, 2, 3>(
        [Sight {
            name: "relayed",
            about: "A request of a client was sent on to a system",
            subject: Some("system"),
            fields: FieldNames::Fixed(&[
                ("system", "the charging system"),
                ("host", "its Diameter node"),
                ("session", "Session-Id"),
                ("message", "the kind of message"),
            ]),
        }],
        REGISTRY_SIGHTS,
    ),
);
