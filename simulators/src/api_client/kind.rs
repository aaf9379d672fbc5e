//! What an API client publishes about itself: settings, verbs and sights.

use tollgate_network::{
    Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb, Vocabulary,
};
use tollgate_wire::Naming;

use super::ApiClient;
use crate::table::{integer, optional, preset, required};

/// A program that uses the interface of a charging system.
pub static API_CLIENT: PeerKind = PeerKind {
    name: "api-client",
    about: "A program that uses the HTTP interface of a charging system, or of a dispatcher in front of several",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(ApiClient::new(&setup)?))
}

static SETTINGS: [Arg; 4] = [
    optional("server", ArgKind::Address, "whom it asks; the first charging system where it is left out"),
    preset("port", integer(1, 65_535), "8080", "the TCP port there"),
    preset("path", ArgKind::Text, "/rest", "what stands in front of each method"),
    preset("answer-within", ArgKind::Span, "30s", "how long an answer may take"),
];

/// Parameters have the names that a method gives them.
static PARAMETERS: Vocabulary = Vocabulary {
    example: "{ i_customer: 1 }",
    naming: |_, _| Naming::Free,
    names: |_| Vec::new(),
    pair: |_, _| None,
};

const FIELDS: FieldNames = FieldNames::Dictionary { known: |_| true, all: Vec::new };

static VERBS: [Verb; 3] = [
    Verb {
        name: "login",
        about: "It logs in; what it calls from then on has the session that it is given",
        args: &[
            required("login", ArgKind::Text, "the login: an administrator's, or an account's id"),
            preset("password", ArgKind::Text, "", "the password"),
        ],
        main: None,
    },
    Verb {
        name: "call",
        about: "It calls a method",
        args: &[
            required("method", ArgKind::Text, "the service and the method: Customer/get_customer_list"),
            optional("with", ArgKind::Fields(&PARAMETERS), "its parameters"),
            optional(
                "environment",
                integer(1, 4_294_967_295),
                "the billing environment that its session turns to first (i_env)",
            ),
        ],
        main: Some("method"),
    },
    Verb {
        name: "send",
        about: "It sends octets as they are over a new connection",
        args: &[required("text", ArgKind::Text, "the octets, with \\r and \\n for the ends of lines")],
        main: Some("text"),
    },
];

static SIGHTS: [Sight; 2] = [
    Sight {
        name: "answer",
        about: "An answer came: its status, and the members of its body by their paths",
        subject: Some("method"),
        fields: FIELDS,
    },
    Sight {
        name: "unanswered",
        about: "No answer came",
        subject: Some("method"),
        fields: FieldNames::Fixed(&[("method", "What was called"), ("why", "Why there is no answer")]),
    },
];
