//! What a home subscriber server publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::Hss;
use crate::diameter::{self, CX, LISTENING, NEIGHBOURS, S6A, join_sights};
use crate::table::{integer, join, optional, preset, required};

/// A home subscriber server.
pub static HSS: PeerKind = PeerKind {
    name: "hss",
    about: "A home subscriber server: it answers an MME over S6a and a call control over Cx, for the subscribers that \
            it was given; whoever is unknown or barred gets no further",
    client: true,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Hss::new(&setup)?))
}

const OWN: [Arg; 1] = [optional(
    "subscribers",
    ArgKind::List(&ArgKind::Text),
    "who is known from the start, one a line: '<IMSI> <MSISDN>', and behind it if wanted apn=<name>,<name>, \
     up=<bit/s>, down=<bit/s>, barred, home-only, no-data",
)];

static SETTINGS: [Arg; 8] = join::<7, 1, 8>(join::<5, 2, 7>(diameter::SETTINGS, LISTENING), OWN);

const IMSI: Arg = required("imsi", ArgKind::Text, "whose record");
const APNS: Arg =
    optional("apns", ArgKind::List(&ArgKind::Text), "the access points that he may use, the usual one first");
const UP: Arg = optional("up", integer(0, 0xffff_ffff), "bit/s from the subscriber (AMBR)");
const DOWN: Arg = optional("down", integer(0, 0xffff_ffff), "bit/s to the subscriber (AMBR)");
const ROAMING: Arg = optional("roaming", ArgKind::Flag, "whether he may use the networks of others");
const DATA: Arg = optional("data", ArgKind::Flag, "whether the subscription has mobile data");

static VERBS: [Verb; 10] = [
    Verb {
        name: "provision",
        about: "A subscriber is added",
        args: &[
            IMSI,
            required("msisdn", ArgKind::Text, "his telephone number in digits"),
            APNS,
            UP,
            DOWN,
            ROAMING,
            DATA,
            preset("barred", ArgKind::Flag, "false", "whether he is barred from the start"),
        ],
        main: None,
    },
    Verb {
        name: "change",
        about: "A subscription is changed; the MME that the subscriber is with hears of it (IDR)",
        args: &[
            IMSI,
            optional("msisdn", ArgKind::Text, "another telephone number"),
            APNS,
            UP,
            DOWN,
            ROAMING,
            DATA,
        ],
        main: None,
    },
    Verb {
        name: "bar",
        about: "A subscriber is barred; the MME that he is with has to let him go (CLR)",
        args: &[IMSI],
        main: Some("imsi"),
    },
    Verb { name: "unbar", about: "A subscriber is barred no more", args: &[IMSI], main: Some("imsi") },
    Verb {
        name: "remove",
        about: "A subscriber is not known any more; the MME that he is with has to let him go (CLR)",
        args: &[IMSI],
        main: Some("imsi"),
    },
    Verb {
        name: "cancel-location",
        about: "The MME that a subscriber is with has to let him go (CLR); he may come back",
        args: &[IMSI],
        main: Some("imsi"),
    },
    diameter::VERBS[0],
    diameter::VERBS[1],
    diameter::VERBS[2],
    diameter::VERBS[3],
];

const WHO: (&str, &str) = ("imsi", "the subscriber");
const WHERE: (&str, &str) = ("mme", "Origin-Host of the MME");

const OWN_SIGHTS: [Sight; 5] = [
    Sight {
        name: "located",
        about: "A subscriber is with an MME now",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(&[WHO, WHERE]),
    },
    Sight {
        name: "refused",
        about: "A request about a subscriber was refused",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(&[
            ("imsi", "the subscriber, as far as the request names one"),
            ("command", "the request"),
            ("result", "Result-Code, or Experimental-Result-Code"),
        ]),
    },
    Sight {
        name: "cancelled",
        about: "An MME has let a subscriber go",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(&[WHO, WHERE]),
    },
    Sight {
        name: "informed",
        about: "An MME knows of a change",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(&[WHO, WHERE]),
    },
    Sight {
        name: "unanswered",
        about: "An MME did not answer, or refused",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(&[WHO, WHERE, ("why", "what it answered, or why it did not")]),
    },
];

static SIGHTS: [Sight; 37] = join_sights::<32, 5, 37>(
    join_sights::<12, 20, 32>(NEIGHBOURS, join_sights::<12, 8, 20>(S6A, CX)),
    OWN_SIGHTS,
);
