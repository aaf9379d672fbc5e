//! What a plain Diameter node publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, Peer, PeerKind, Setup, SetupError, Sight};

use super::node::DiameterClient;
use crate::diameter::{self, CREDIT, CX, LISTENING, NEIGHBOURS, S6A, join_sights};
use crate::table::{integer, join, optional, preset};

/// A plain Diameter node.
pub static DIAMETER_CLIENT: PeerKind = PeerKind {
    name: "diameter-client",
    about: "A Diameter node that does what it is told: it connects, sends messages field by field, broken if wanted, and \
            answers what it is asked",
    client: true,
    settings: &SETTINGS,
    verbs: &diameter::VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(DiameterClient::new(&setup)?))
}

const OWN: [Arg; 3] = [
    optional(
        "applications",
        ArgKind::List(&integer(0, 0xffff_ffff)),
        "the applications that its CER names; credit control (4) where it is left out",
    ),
    preset("listen", ArgKind::Flag, "false", "whether it takes connections as well"),
    preset("answer", integer(0, 9_999), "2001", "the Result-Code of its answers; 0 answers nothing"),
];

static SETTINGS: [Arg; 10] = join::<7, 3, 10>(join::<5, 2, 7>(diameter::SETTINGS, LISTENING), OWN);

static SIGHTS: [Sight; 46] = join_sights::<26, 20, 46>(
    join_sights::<12, 14, 26>(NEIGHBOURS, CREDIT),
    join_sights::<12, 8, 20>(S6A, CX),
);
