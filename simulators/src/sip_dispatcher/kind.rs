//! What a dispatching SBC publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::SipDispatcher;
use crate::forwarding_registry::{REGISTRY_PORT, REGISTRY_SIGHTS};
use crate::sip::{self, sights};
use crate::table::{join, join_sights, join_verbs, optional, preset, required};

/// The dispatching SBC.
pub static SIP_DISPATCHER: PeerKind = PeerKind {
    name: "sip-dispatcher",
    about: "The one address that telephones and carriers know of several systems: it finds the system that a call, a \
            registration or a message is for, and sends it there",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(SipDispatcher::new(&setup)?))
}

const OWN: [Arg; 6] = [
    required(
        "servers",
        ArgKind::List(&ArgKind::Text),
        "the SIP servers of each system, the preferred one first: <system>=<address>[:<port>]",
    ),
    optional(
        "partners",
        ArgKind::List(&ArgKind::Address),
        "termination partners: what they send is for the system that has the destination, else the source; what anybody else \
         sends for the system that has the source, else the destination",
    ),
    optional(
        "fallback",
        ArgKind::Text,
        "the system that gets what is for nobody known; the last one without it",
    ),
    preset("patience", ArgKind::Span, "2s", "how long a server may be silent before another one is taken"),
    preset("server-rest", ArgKind::Span, "60s", "how long a silent server is passed over"),
    REGISTRY_PORT,
];

static SETTINGS: [Arg; 11] = join::<5, 6, 11>(sip::SETTINGS, OWN);

const OWN_VERBS: [Verb; 2] = [
    Verb {
        name: "direct",
        about: "What begins from now on in a system goes to this server of it (ARCH, zero-downtime update)",
        args: &[
            required("system", ArgKind::Text, "the system"),
            required("server", ArgKind::Address, "one of its SIP servers"),
        ],
        main: None,
    },
    Verb {
        name: "assign",
        about: "A number belongs to another system from now on, or to nobody",
        args: &[
            required("number", ArgKind::Text, "the number, or an account's id"),
            optional("system", ArgKind::Text, "the system; nobody's without it"),
        ],
        main: None,
    },
];

static VERBS: [Verb; 4] = join_verbs::<2, 2, 4>(sip::VERBS, OWN_VERBS);

const SILENT: Sight = Sight {
    name: "server-silent",
    about: "A server has not answered for too long: it is passed over",
    subject: Some("system"),
    fields: FieldNames::Fixed(&[("system", "its system"), ("server", "its address")]),
};

static SIGHTS: [Sight; sights::COUNT + 3] = join_sights::<{ sights::COUNT + 2 }, 1, { sights::COUNT + 3 }>(
    join_sights::<{ sights::COUNT }, 2, { sights::COUNT + 2 }>(sip::SIGHTS, REGISTRY_SIGHTS),
    [SILENT],
);
