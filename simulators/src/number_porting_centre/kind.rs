//! What a number porting centre publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::NumberPortingCentre;
use crate::table::{integer, preset, required};

/// The centre through which numbers move between networks.
pub static NUMBER_PORTING_CENTRE: PeerKind = PeerKind {
    name: "number-porting-centre",
    about: "The centre through which numbers move between networks: it asks for those that go and confirms those that come",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(NumberPortingCentre::new(&setup)?))
}

static SETTINGS: [Arg; 5] = [
    required("dispatcher", ArgKind::Address, "whom it asks"),
    preset("port", integer(1, 65_535), "8080", "the TCP port there"),
    required("login", ArgKind::Text, "its login"),
    required("password", ArgKind::Text, "its password"),
    preset("answer-within", ArgKind::Span, "30s", "how long an answer may take"),
];

const NUMBER: Arg = required("number", ArgKind::Text, "the number in digits");

static VERBS: [Verb; 2] = [
    Verb {
        name: "port-out",
        about: "A user takes his number to another network: his account ends, and then the centre confirms",
        args: &[NUMBER],
        main: Some("number"),
    },
    Verb {
        name: "confirm-port-in",
        about: "The other network gives a number up: the centre confirms it to the system that asked",
        args: &[NUMBER, required("i-account", integer(1, 4_294_967_295), "the account that it is for")],
        main: None,
    },
];

const FIELDS: FieldNames = FieldNames::Fixed(&[
    ("number", "The number"),
    ("i-account", "The number of the account"),
    ("status", "What the system says of it"),
]);

static SIGHTS: [Sight; 4] = [
    Sight {
        name: "available",
        about: "The system has given a number up",
        subject: Some("number"),
        fields: FIELDS,
    },
    Sight {
        name: "ported-out",
        about: "The system knows that it has gone",
        subject: Some("number"),
        fields: FIELDS,
    },
    Sight {
        name: "ported-in",
        about: "The number is the account's id now",
        subject: Some("number"),
        fields: FIELDS,
    },
    Sight {
        name: "refused",
        about: "It was refused, or not answered",
        subject: Some("number"),
        fields: FieldNames::Fixed(&[
            ("number", "The number"),
            ("status", "The status of the answer; absent where none came"),
            ("faultcode", "Why, as a program reads it"),
            ("faultstring", "Why, as people read it"),
        ]),
    },
];
