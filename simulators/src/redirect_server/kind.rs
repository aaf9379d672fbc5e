//! What a redirect server publishes about itself.

use tollgate_network::{Arg, ArgKind, Peer, PeerKind, Setup, SetupError, Verb};

use super::node::RedirectServer;
use crate::sip;
use crate::table::{integer, join, join_verbs, preset, required};

/// A redirect server.
pub static REDIRECT_SERVER: PeerKind = PeerKind {
    name: "redirect-server",
    about: "A SIP server that takes no call, but says where each is to go: one target after the other, or all at once",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &sip::SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(RedirectServer::new(&setup)?))
}

const TARGETS: Arg = required(
    "targets",
    ArgKind::List(&ArgKind::Text),
    "where calls are to go: <address>[:<port>], to which the user of the call is added, or <user>@<address>[:<port>]; with \
     none of them calls are answered 480",
);

const OWN: [Arg; 3] = [
    TARGETS,
    preset(
        "distribution",
        ArgKind::Choice(&["round-robin", "all"]),
        "round-robin",
        "whether each call gets the next target, or every call all of them, the first one preferred",
    ),
    preset("code", integer(300, 399), "302", "the status of the answer"),
];

static SETTINGS: [Arg; 8] = join::<5, 3, 8>(sip::SETTINGS, OWN);

static VERBS: [Verb; 3] = join_verbs::<2, 1, 3>(
    sip::VERBS,
    [Verb {
        name: "point-to",
        about: "Has other targets from now on, beginning with the first",
        args: &[TARGETS],
        main: Some("targets"),
    }],
);
