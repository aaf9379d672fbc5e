//! What a broadband gateway publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use crate::apart::SEND;
use crate::radius_client::{self, DISCARDED, FAILOVER, RETRANSMISSION, TIMEOUT, message};
use crate::table::{integer, join, optional, preset, required};
use crate::vocabulary::RADIUS;

use super::Bng;
use super::quirks;

/// The gateway of internet sessions.
pub static BNG: PeerKind = PeerKind {
    name: "bng",
    about: "A broadband gateway (BRAS, PDSN or GGSN): its users come online, carry traffic that is accounted for over \
            RADIUS, and are throttled, hotlined and disconnected by the charging system",
    client: true,
    settings: SETTINGS,
    verbs: VERBS,
    sights: SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Bng::new(&setup)?))
}

const COUNT: ArgKind = integer(0, i64::MAX);

const SETTINGS: &[Arg] =
    &join::<27, 2, 29>(join::<16, 11, 27>(OWN_SETTINGS, radius_client::ROWS), LAST_SETTINGS);

const OWN_SETTINGS: [Arg; 16] = [
    preset(
        "profile",
        ArgKind::Choice(&["bng", "pdsn", "ggsn", "asr5700"]),
        "bng",
        "what kind of gateway: a PDSN's users roam; a GGSN (asr5700) takes no CoA- and Disconnect-Requests",
    ),
    optional("identifier", ArgKind::Text, "NAS-Identifier of every request; left out where it is not given"),
    preset("port", integer(0, 4_294_967_295), "1", "NAS-Port of the first session; the next ones count up"),
    preset("port-id", ArgKind::Text, "vlan140", "NAS-Port-Id"),
    optional(
        "port-type",
        ArgKind::Choice(&[
            "Ethernet",
            "xDSL",
            "Cable",
            "Virtual",
            "PPPoEoE",
            "PPPoEoVLAN",
            "Wireless-802.11",
            "Wireless-CDMA2000",
            "Wireless-UMTS",
        ]),
        "NAS-Port-Type; Ethernet, for a pdsn Wireless-CDMA2000, for a ggsn Wireless-UMTS where it is left out",
    ),
    preset("service-name", ArgKind::Text, "pppoe", "Called-Station-Id of users who do not name one"),
    preset(
        "pool",
        ArgKind::Address,
        "10.64.0.1",
        "the first of the addresses that it gives to users by itself",
    ),
    optional(
        "interim-interval",
        ArgKind::Span,
        "time between Interim-Updates (Alive); overrides what the server asks for",
    ),
    preset(
        "session-id-in-access",
        ArgKind::Flag,
        "true",
        "whether access requests carry the Acct-Session-Id of the session that they are about",
    ),
    preset(
        "quota",
        ArgKind::Choice(&["none", "session-time", "data"]),
        "none",
        "the quota that access requests ask for (PortaBilling_Authorize); when it is used up, more is asked for",
    ),
    preset(
        "heed-quota",
        ArgKind::Flag,
        "true",
        "whether PortaBilling_Authorize in an answer limits the session; a router from the shelf does not know it",
    ),
    optional("quota-max", integer(1, i64::MAX), "the most seconds or octets asked for at a time"),
    optional(
        "dynamic-authorization",
        ArgKind::Flag,
        "whether it takes CoA- and Disconnect-Requests on UDP port 3799; a ggsn does not where it is left out",
    ),
    optional(
        "policies",
        ArgKind::List(&ArgKind::Text),
        "the policies that it knows: <name>=full, <name>=hotline or <name>=<bit/s up>/<bit/s down>; where it is left \
         out: hotline, captive-portal; throttle, throttled (1M); full, default",
    ),
    optional(
        "policy-attributes",
        ArgKind::List(&ArgKind::Text),
        "the attributes of CoA-Requests that it supports, such as Filter-Id or ERX-Service-Activate; all that it knows \
         where it is left out",
    ),
    preset(
        "packet-size",
        integer(1, 65_535),
        "1000",
        "octets of a packet, where traffic does not count packets",
    ),
];

const LAST_SETTINGS: [Arg; 2] = [
    preset(
        "source-port",
        integer(4_000, 65_279),
        "21645",
        "the first of the 256 UDP ports that it sends from",
    ),
    optional(
        "quirks",
        ArgKind::List(&ArgKind::Choice(quirks::NAMES)),
        "rules that this gateway bends: repeated-stop, interim-lost, no-gigawords",
    ),
];

const SESSION: Arg =
    optional("session", ArgKind::Text, "the name of the session; the latest one where it is left out");

const VERBS: &[Verb] = &[
    Verb {
        name: "connect",
        about: "A user comes online: the charging system is asked, and a session begins when it accepts",
        args: &[
            required("user", ArgKind::Text, "User-Name"),
            preset("password", ArgKind::Text, "", "the password"),
            preset("method", ArgKind::Choice(&["pap", "chap"]), "pap", "how the password travels"),
            optional("session", ArgKind::Text, "a name for it; session-1, session-2 … where it is left out"),
            optional(
                "calling",
                ArgKind::Text,
                "Calling-Station-Id: a MAC address (PPPoE), a telephone number (dialup)",
            ),
            optional(
                "called",
                ArgKind::Text,
                "Called-Station-Id; the setting service-name where it is left out",
            ),
            optional("address", ArgKind::Address, "Framed-IP-Address that the user asks for"),
            optional("port", integer(0, 4_294_967_295), "NAS-Port; counted where it is left out"),
            optional(
                "session-id",
                ArgKind::Text,
                "Acct-Session-Id; drawn from the seed where it is left out",
            ),
            optional(
                "with",
                ArgKind::Fields(&RADIUS),
                "further fields of every request, such as Mikrotik-Realm",
            ),
            optional("accounting-with", ArgKind::Fields(&RADIUS), "further fields of Alive and Stop"),
        ],
        main: Some("user"),
    },
    Verb {
        name: "traffic",
        about: "The user sends and receives: octets in all, or at a rate. What was going on before ends with it",
        args: &[
            optional("down", COUNT, "octets to the user in all (Acct-Output-Octets), spread over `for`"),
            optional("up", COUNT, "octets from the user in all (Acct-Input-Octets)"),
            optional("down-packets", COUNT, "packets for `down`; by packet-size where it is left out"),
            optional("up-packets", COUNT, "packets for `up`"),
            optional("rate", COUNT, "bit/s to the user, in place of `down`"),
            optional("up-rate", COUNT, "bit/s from the user, in place of `up`"),
            optional(
                "for",
                ArgKind::Span,
                "how long; where it is left out, octets in all are there at once, and a rate goes on",
            ),
            optional("burst", ArgKind::Span, "traffic comes in bursts of this length"),
            optional("pause", ArgKind::Span, "the time between two bursts"),
            SESSION,
        ],
        main: None,
    },
    Verb {
        name: "roam",
        about: "A PDSN's user comes into another cell: Stop of one part of the session, Start of the next",
        args: &[SESSION],
        main: None,
    },
    Verb {
        name: "disconnect",
        about: "The user goes offline",
        args: &[
            preset(
                "cause",
                ArgKind::Choice(&[
                    "User-Request",
                    "Lost-Carrier",
                    "Lost-Service",
                    "Idle-Timeout",
                    "Port-Error",
                    "NAS-Error",
                    "NAS-Request",
                    "NAS-Reboot",
                    "Port-Unneeded",
                    "Port-Preempted",
                    "User-Error",
                    "Host-Request",
                ]),
                "User-Request",
                "Acct-Terminate-Cause",
            ),
            SESSION,
        ],
        main: Some("cause"),
    },
    SEND,
];

const NAME: (&str, &str) = ("session", "the name of the session");
const POLICY: (&str, &str) = ("policy", "the policy that does it");
const OUTCOME: &[(&str, &str)] = &[
    ("outcome", "the answer: CoA-ACK, CoA-NAK, Disconnect-ACK or Disconnect-NAK"),
    ("sessions", "how many sessions the request names"),
    ("session", "the name of the first of them"),
    ("error-cause", "Error-Cause where it was refused: 401, 402, 404, 405, 407 or 503"),
];
const UP_OCTETS: (&str, &str) = ("input-octets", "octets from the user");
const DOWN_OCTETS: (&str, &str) = ("output-octets", "octets to the user");
const UP_PACKETS: (&str, &str) = ("input-packets", "packets from the user");
const DOWN_PACKETS: (&str, &str) = ("output-packets", "packets to the user");

const SIGHTS: &[Sight] = &[
    Sight {
        name: "session-up",
        about: "The charging system has accepted a user, and the session begins",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[
            NAME,
            ("user", "User-Name"),
            ("session-id", "Acct-Session-Id"),
            ("address", "the user's address"),
            ("granted", "how long the session may last; absent where there is no limit"),
            ("granted-octets", "octets both ways that it may carry; absent where there is no limit"),
            ("policy", "a policy that holds from the start"),
        ]),
    },
    Sight {
        name: "refused",
        about: "A user does not come online",
        subject: Some("why"),
        fields: FieldNames::Fixed(&[
            ("why", "refused or unanswered"),
            NAME,
            ("user", "User-Name"),
            ("return-code", "the h323-return-code"),
            ("message", "Reply-Message"),
        ]),
    },
    Sight {
        name: "interim",
        about: "An Interim-Update is due, with what this part of the session has carried",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[
            NAME,
            ("lasted", "how long this part has lasted"),
            UP_OCTETS,
            DOWN_OCTETS,
            UP_PACKETS,
            DOWN_PACKETS,
        ]),
    },
    Sight {
        name: "coa",
        about: "A CoA-Request was answered",
        subject: Some("outcome"),
        fields: FieldNames::Fixed(OUTCOME),
    },
    Sight {
        name: "disconnect-request",
        about: "A Disconnect-Request was answered",
        subject: Some("outcome"),
        fields: FieldNames::Fixed(OUTCOME),
    },
    Sight {
        name: "throttled",
        about: "A session's traffic gets through at a lower speed from now on",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[
            NAME,
            POLICY,
            ("up", "bit/s from the user"),
            ("down", "bit/s to the user"),
        ]),
    },
    Sight {
        name: "hotlined",
        about: "A user sees the captive portal from now on; no other traffic gets through",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[NAME, POLICY]),
    },
    Sight {
        name: "restored",
        about: "A session that was throttled or hotlined is as fast as before",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[NAME, POLICY]),
    },
    Sight {
        name: "roamed",
        about: "A new part of a session has begun",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[
            NAME,
            ("session-id", "Acct-Session-Id of the new part"),
            ("previous", "Acct-Session-Id of the one before"),
        ]),
    },
    Sight {
        name: "session-down",
        about: "A session has ended, with what it has carried in all its parts",
        subject: Some("session"),
        fields: FieldNames::Fixed(&[
            NAME,
            ("by", "user, server (a Disconnect-Request), timeout or quota"),
            ("cause", "Acct-Terminate-Cause"),
            ("lasted", "how long it lasted"),
            ("parts", "how many parts it had"),
            UP_OCTETS,
            DOWN_OCTETS,
            UP_PACKETS,
            DOWN_PACKETS,
        ]),
    },
    message("Access-Request", "An access request was sent for the first time to a server"),
    message("Accounting-Request", "An accounting request was sent for the first time to a server"),
    message("Access-Accept", "An Access-Accept came for a request that was waiting for it"),
    message("Access-Reject", "An Access-Reject came for a request that was waiting for it"),
    message("Access-Challenge", "An Access-Challenge came for a request that was waiting for it"),
    message("Accounting-Response", "An Accounting-Response came for a request that was waiting for it"),
    message("CoA-Request", "A CoA-Request came from a charging system, proved and in time"),
    message("CoA-ACK", "A CoA-Request was applied to every session that it names"),
    message("CoA-NAK", "A CoA-Request was refused, and nothing was changed"),
    message("Disconnect-Request", "A Disconnect-Request came from a charging system, proved and in time"),
    message("Disconnect-ACK", "A Disconnect-Request was answered: the sessions end"),
    message("Disconnect-NAK", "A Disconnect-Request was refused"),
    RETRANSMISSION,
    TIMEOUT,
    FAILOVER,
    Sight {
        name: "discarded",
        about: "A packet came that answers no request, does not prove where it comes from, or is too old",
        subject: Some("reason"),
        fields: DISCARDED,
    },
    Sight {
        name: "accounting-lost",
        about: "No server has taken an accounting record, and the gateway gives it up",
        subject: Some("record"),
        fields: FieldNames::Fixed(&[
            ("record", "Start, Alive (Interim-Update) or Stop, as Acct-Status-Type shows them"),
            NAME,
            ("session-id", "Acct-Session-Id of the session"),
        ]),
    },
];
