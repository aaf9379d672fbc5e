//! What the platform for voice over WiFi publishes about itself.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::node::WifiPlatform;
use crate::sip::{self, sights};
use crate::table::{join, join_sights, join_verbs, optional, preset, required};

/// The platform for voice over WiFi.
pub static WIFI_PLATFORM: PeerKind = PeerKind {
    name: "wifi-platform",
    about: "The platform that lets roaming subscribers be called over WiFi: it hears of their registrations, tells their \
            carrier where they are, and provides roaming numbers. What it says to the carrier is seen, not sent: MAP is \
            not spoken here",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(WifiPlatform::new(&setup)?))
}

const OWN: [Arg; 4] = [
    preset(
        "prefix",
        ArgKind::Text,
        "",
        "what stands before a roaming number, so that the carrier routes the call here",
    ),
    optional(
        "roaming-numbers",
        ArgKind::List(&ArgKind::Text),
        "roaming numbers that are lent to subscribers; without any, a subscriber's own number is his roaming number",
    ),
    preset(
        "lend",
        ArgKind::Span,
        "30s",
        "how long a roaming number is lent (TS 29.002, Provide Roaming Number)",
    ),
    optional(
        "registrars",
        ArgKind::List(&ArgKind::Address),
        "who may forward registrations; anybody where it is left out",
    ),
];

static SETTINGS: [Arg; 9] = join::<5, 4, 9>(sip::SETTINGS, OWN);

static VERBS: [Verb; 3] = join_verbs::<2, 1, 3>(
    sip::VERBS,
    [Verb {
        name: "provide-roaming-number",
        about: "The subscriber's carrier has a call for him, and asks where to send it",
        args: &[required("subscriber", ArgKind::Text, "the subscriber's number")],
        main: Some("subscriber"),
    }],
);

const SUBSCRIBER: (&str, &str) = ("subscriber", "the subscriber's number");

static SIGHTS: [Sight; sights::COUNT + 4] = join_sights::<{ sights::COUNT }, 4, { sights::COUNT + 4 }>(
    sip::SIGHTS,
    [
        Sight {
            name: "Location-Update",
            about: "The carrier is told that a subscriber is here",
            subject: Some("subscriber"),
            fields: FieldNames::Fixed(&[
                SUBSCRIBER,
                ("contact", "where the subscriber's application is"),
                ("registrar", "who forwarded the registration"),
                ("expires", "for how long"),
            ]),
        },
        Sight {
            name: "Location-Cancel",
            about: "The carrier is told that a subscriber is here no more: he has taken it back, or it has ended",
            subject: Some("subscriber"),
            fields: FieldNames::Fixed(&[SUBSCRIBER, ("reason", "deregistered or expired")]),
        },
        Sight {
            name: "Roaming-Number",
            about: "The carrier is told by which number the subscriber is reached",
            subject: Some("subscriber"),
            fields: FieldNames::Fixed(&[
                SUBSCRIBER,
                ("roaming-number", "the number"),
                ("prefix", "what stands before it"),
                ("number", "both together: what the carrier calls"),
            ]),
        },
        Sight {
            name: "Roaming-Refused",
            about: "The carrier is told that the subscriber is not here, or that no number is free",
            subject: Some("reason"),
            fields: FieldNames::Fixed(&[SUBSCRIBER, ("reason", "absent-subscriber or no-roaming-number")]),
        },
    ],
);
