//! Kinds of peer to check scenarios against, as small as they can be.

use std::net::IpAddr;
use std::path::PathBuf;

use tollgate_conformance::scenario::Registry;
use tollgate_network::{
    Arg, ArgKind, FieldNames, Need, Peer, PeerKind, Setup, SetupError, Sight, Verb, Vocabulary,
};

const fn arg(name: &'static str, kind: ArgKind, need: Need) -> Arg {
    Arg { name, kind, need, about: "what it is for" }
}

const fn verb(name: &'static str, args: &'static [Arg], main: Option<&'static str>) -> Verb {
    Verb { name, about: "What it does", args, main }
}

const fn sight(name: &'static str, subject: Option<&'static str>, fields: FieldNames) -> Sight {
    Sight { name, about: "When it is seen", subject, fields }
}

const NAMES: &[&str] = &[
    "User-Name",
    "h323-return-code",
    "h323-credit-amount",
    "h323-credit-time",
    "h323-ivr-in",
    "Reply-Message",
];

fn known(name: &str) -> bool {
    NAMES.contains(&name)
}

fn names() -> Vec<&'static str> {
    NAMES.to_vec()
}

const MESSAGE: FieldNames = FieldNames::Dictionary { known, all: names };

static RADIUS: Vocabulary = Vocabulary {
    example: "{ User-Name: \"…\" }",
    naming: tollgate_radius::naming,
    names: tollgate_radius::names,
    pair: tollgate_radius::pair_in,
};

static DIAMETER: Vocabulary = Vocabulary {
    example: "{ Service-Identifier: 7 }",
    naming: tollgate_diameter::naming,
    names: tollgate_diameter::names,
    pair: |_, _| None,
};

pub(crate) static CHARGED: PeerKind = PeerKind {
    name: "ctf",
    about: "A client of credit control",
    client: true,
    settings: &[],
    verbs: &[verb(
        "report",
        &[
            arg("message", ArgKind::Text, Need::Required),
            arg("with", ArgKind::Fields(&DIAMETER), Need::Optional),
            arg("others", ArgKind::List(&ArgKind::Fields(&DIAMETER)), Need::Optional),
        ],
        Some("message"),
    )],
    sights: &[sight("CCA-U", None, FieldNames::Message(&DIAMETER))],
    build: unbuilt,
};

pub(crate) static GATEWAY: PeerKind = PeerKind {
    name: "nas",
    about: "A gateway with an IVR",
    client: true,
    settings: &[
        arg("port", ArgKind::Integer { min: 0, max: 65_535 }, Need::Default("0")),
        arg("accounting", ArgKind::Choice(&["start-stop", "stop-only"]), Need::Default("stop-only")),
        arg("secret", ArgKind::Text, Need::Optional),
        arg("backup", ArgKind::Address, Need::Optional),
    ],
    verbs: &[
        verb(
            "call",
            &[arg("from", ArgKind::Text, Need::Required), arg("to", ArgKind::Text, Need::Required)],
            None,
        ),
        verb("dial", &[arg("digits", ArgKind::Text, Need::Required)], Some("digits")),
        verb("answer", &[], None),
        verb(
            "hangup",
            &[arg("cause", ArgKind::Text, Need::Default("10")), arg("after", ArgKind::Span, Need::Optional)],
            None,
        ),
        verb(
            "send",
            &[
                arg("message", ArgKind::Choice(&["Access-Request", "Accounting-Request"]), Need::Required),
                arg("with", ArgKind::Fields(&RADIUS), Need::Optional),
                arg("corrupt", ArgKind::List(&ArgKind::Text), Need::Optional),
                arg("retransmit", ArgKind::Flag, Need::Optional),
            ],
            Some("message"),
        ),
    ],
    sights: &[
        sight("prompt", Some("is"), FieldNames::Fixed(&[("is", "which"), ("amount", "how much")])),
        sight("Access-Accept", None, MESSAGE),
        sight("Access-Reject", None, MESSAGE),
        sight("Accounting-Response", None, MESSAGE),
    ],
    build: unbuilt,
};

pub(crate) static SYSTEM: PeerKind = PeerKind {
    name: "ocs",
    about: "A charging system",
    client: true,
    settings: &[],
    verbs: &[
        verb(
            "top-up",
            &[arg("account", ArgKind::Text, Need::Required), arg("amount", ArgKind::Money, Need::Required)],
            None,
        ),
        verb("block", &[arg("account", ArgKind::Text, Need::Required)], Some("account")),
    ],
    sights: &[
        sight("Access-Request", None, MESSAGE),
        sight(
            "xdr",
            Some("account"),
            FieldNames::Fixed(&[
                ("account", "whose"),
                ("cld", "called number"),
                ("used", "used time"),
                ("charged", "charged time"),
                ("amount", "price"),
            ]),
        ),
    ],
    build: unbuilt,
};

fn unbuilt(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Err(SetupError(format!("'{}' is only a table", setup.name)))
}

static KINDS: &[&PeerKind] = &[&GATEWAY, &CHARGED];

pub(crate) fn registry() -> Registry {
    Registry::new(KINDS, &SYSTEM)
}

#[allow(dead_code, reason = "not every test reads files")]
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from("tests").join(name)
}

#[allow(dead_code, reason = "not every test looks at addresses")]
pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}
