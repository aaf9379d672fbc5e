//! What a web dispatcher publishes about itself: settings and sights. It has no verbs: it serves.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight};

use super::WebDispatcher;
use crate::forwarding_registry::{REGISTRY_PORT, REGISTRY_SIGHTS};
use crate::table::{integer, join_sights, preset};

/// The single entry for programs in front of two systems.
pub static WEB_DISPATCHER: PeerKind = PeerKind {
    name: "web-dispatcher",
    about: "The single HTTP entry for programs in front of a source and a target system",
    client: false,
    settings: &SETTINGS,
    verbs: &[],
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(WebDispatcher::new(&setup)?))
}

static SETTINGS: [Arg; 6] = [
    preset("port", integer(1, 65_535), "8080", "the TCP port where programs come in"),
    REGISTRY_PORT,
    preset("source", ArgKind::Text, "ocs", "the system with odd identifiers"),
    preset("target", ArgKind::Text, "target", "the system with even identifiers"),
    preset("api-port", integer(1, 65_535), "8080", "the TCP port of both systems' interface"),
    preset("answer-within", ArgKind::Span, "30s", "how long a system's answer may take"),
];

const OWN: [Sight; 2] = [
    Sight {
        name: "dispatched",
        about: "A request went to a system, or to both",
        subject: Some("method"),
        fields: FieldNames::Fixed(&[
            ("method", "The service and the method"),
            ("system", "The system; one field each"),
            ("by", "What decided: list, i_customer, i_account, id, context, login, default"),
        ]),
    },
    Sight {
        name: "no-source",
        about: "The source gave no session: it is as if there were none",
        subject: Some("login"),
        fields: FieldNames::Fixed(&[("login", "The login"), ("why", "Why")]),
    },
];

static SIGHTS: [Sight; 4] = join_sights::<2, 2, 4>(OWN, REGISTRY_SIGHTS);
