//! What an agent publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, Peer, PeerKind, Setup, SetupError, Sight};

use super::node::DiameterAgent;
use crate::diameter::{self, CREDIT, CX, LISTENING, NEIGHBOURS, S6A, join_sights};
use crate::table::{join, optional, preset};

/// A relay or proxy.
pub static DIAMETER_AGENT: PeerKind = PeerKind {
    name: "diameter-agent",
    about: "A Diameter agent between clients and servers: it passes on what is for others by realm and leaves a \
            Route-Record, as a proxy a Proxy-Info too",
    client: true,
    settings: &SETTINGS,
    verbs: &diameter::VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(DiameterAgent::new(&setup)?))
}

const OWN: [Arg; 4] = [
    preset(
        "mode",
        ArgKind::Choice(&["relay", "proxy"]),
        "relay",
        "what it leaves in messages that it passes on",
    ),
    optional("proxy-state", ArgKind::Text, "Proxy-State of a proxy; its name where it is left out"),
    optional(
        "routes",
        ArgKind::List(&ArgKind::Text),
        "the realms that it serves, each with its servers by Origin-Host, the preferred one first: \
         'example.com = ocs1.example.com ocs2.example.com'; the realms of its servers where it is left out",
    ),
    optional(
        "clients",
        ArgKind::List(&ArgKind::Text),
        "the Origin-Hosts that may connect; others are answered 3010; anybody may where it is left out",
    ),
];

static SETTINGS: [Arg; 11] = join::<7, 4, 11>(join::<5, 2, 7>(diameter::SETTINGS, LISTENING), OWN);

static SIGHTS: [Sight; 46] = join_sights::<26, 20, 46>(
    join_sights::<12, 14, 26>(NEIGHBOURS, CREDIT),
    join_sights::<12, 8, 20>(S6A, CX),
);
