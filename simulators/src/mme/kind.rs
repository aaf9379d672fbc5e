//! What a mobility management entity publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::Mme;
use crate::diameter::{self, NEIGHBOURS, S6A, join_sights};
use crate::table::{join, optional, preset, required};

/// A mobility management entity.
pub static MME: PeerKind = PeerKind {
    name: "mme",
    about: "A mobility management entity: it asks the HSS about a subscriber who attaches (AIR, ULR), lets him in or \
            not, and lets him go when he detaches (PUR) or the HSS wants it (CLR)",
    client: true,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Mme::new(&setup)?))
}

const OWN: [Arg; 2] = [
    preset(
        "plmn",
        ArgKind::Text,
        "25506",
        "its network: country code of three digits and network code of two or three",
    ),
    optional(
        "hss-realm",
        ArgKind::Text,
        "the realm of the HSS; that of its first server where it is left out",
    ),
];

static SETTINGS: [Arg; 7] = join::<5, 2, 7>(diameter::SETTINGS, OWN);

const IMSI: Arg = required("imsi", ArgKind::Text, "the subscriber");
const APN: Arg = optional(
    "apn",
    ArgKind::Text,
    "the access point that he wants; the usual one of his subscription where it is left out",
);

static VERBS: [Verb; 7] = [
    Verb {
        name: "attach",
        about: "A subscriber switches his phone on: the HSS is asked for vectors and told where he is",
        args: &[IMSI, APN],
        main: Some("imsi"),
    },
    Verb {
        name: "detach",
        about: "A subscriber switches his phone off; the HSS is told (PUR)",
        args: &[IMSI],
        main: Some("imsi"),
    },
    Verb {
        name: "notify",
        about: "The HSS is told of the gateway that an attached subscriber uses (NOR)",
        args: &[IMSI, APN, required("gateway", ArgKind::Text, "Origin-Host of the gateway")],
        main: None,
    },
    diameter::VERBS[0],
    diameter::VERBS[1],
    diameter::VERBS[2],
    diameter::VERBS[3],
];

const WHO: (&str, &str) = ("imsi", "the subscriber");
const SUBSCRIPTION: &[(&str, &str)] = &[
    WHO,
    ("msisdn", "his telephone number"),
    ("apn", "the access point that he uses"),
    ("apns", "the access points of his subscription"),
    ("up", "bit/s from him (AMBR)"),
    ("down", "bit/s to him (AMBR)"),
];

const OWN_SIGHTS: [Sight; 4] = [
    Sight {
        name: "attached",
        about: "A subscriber was let in; a gateway may give him a session now",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(SUBSCRIPTION),
    },
    Sight {
        name: "refused",
        about: "A subscriber was not let in",
        subject: Some("why"),
        fields: FieldNames::Fixed(&[
            (
                "why",
                "unknown, barred, roaming-not-allowed, no-data, apn-unknown, no-vectors, hss-unreachable or failed",
            ),
            WHO,
            ("command", "the request that was refused: AIR or ULR"),
            ("result", "Result-Code, or Experimental-Result-Code, where there was an answer"),
        ]),
    },
    Sight {
        name: "changed",
        about: "The HSS has changed the subscription of who is attached",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(SUBSCRIPTION),
    },
    Sight {
        name: "detached",
        about: "A subscriber is not attached any more; a gateway has to end his sessions",
        subject: Some("imsi"),
        fields: FieldNames::Fixed(&[
            WHO,
            ("by", "user or hss"),
            ("why", "Cancellation-Type, where the HSS wants it"),
        ]),
    },
];

static SIGHTS: [Sight; 28] = join_sights::<24, 4, 28>(join_sights::<12, 12, 24>(NEIGHBOURS, S6A), OWN_SIGHTS);
