//! What a P-GW publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::Pgw;
use super::information::RAT_NAMES;
use super::quirks;
use crate::credit_client;
use crate::table::{integer, join, optional, preset, required};
use crate::vocabulary::DIAMETER;

/// The gateway of mobile data sessions.
pub static PGW: PeerKind = PeerKind {
    name: "pgw",
    about: "A packet gateway of a mobile network (P-GW, GGSN): its sessions ask the charging system for quota of each rating \
            group over Diameter Gy, and end, redirect or restrict who has none",
    client: true,
    settings: &SETTINGS,
    verbs: VERBS,
    sights: SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Pgw::new(&setup)?))
}

const COUNT: ArgKind = integer(0, i64::MAX);
const NUMBER: ArgKind = integer(0, 4_294_967_295);

const OWN: [Arg; 13] = [
    preset(
        "context",
        ArgKind::Text,
        "32251@3gpp.org",
        "Service-Context-Id: which rules of packet charging its requests follow",
    ),
    preset("apn", ArgKind::Text, "internet", "Called-Station-Id of sessions that name no access point"),
    preset("pool", ArgKind::Address, "10.45.0.1", "the first of the addresses that subscribers get"),
    preset("sgsn", ArgKind::Address, "192.0.2.10", "SGSN-Address of sessions that name none: SGSN or S-GW"),
    preset("plmn", ArgKind::Text, "25501", "3GPP-IMSI-MCC-MNC and 3GPP-GGSN-MCC-MNC"),
    preset("charging-characteristics", ArgKind::Text, "0800", "3GPP-Charging-Characteristics, four digits"),
    preset(
        "line-rate",
        integer(1, i64::MAX),
        "1000000000",
        "bit/s that octets in all go at, where traffic names no time",
    ),
    preset("packet-size", integer(1, 65_535), "1000", "octets of a packet"),
    optional(
        "request-octets",
        integer(1, i64::MAX),
        "octets that each request asks for; the server says how many where it is left out",
    ),
    preset(
        "tariff-changes",
        ArgKind::Flag,
        "true",
        "whether Tariff-Time-Change is understood; if not, an answer with it ends the session",
    ),
    optional(
        "final-actions",
        ArgKind::List(&ArgKind::Choice(&["terminate", "redirect", "restrict"])),
        "the Final-Unit-Actions that are understood, all where it is left out; another one is taken as terminate",
    ),
    preset(
        "hotline",
        ArgKind::Text,
        "http://hotline.example.com/",
        "where the quirk local-hotline sends subscribers",
    ),
    optional(
        "quirks",
        ArgKind::List(&ArgKind::Choice(quirks::NAMES)),
        "rules that this gateway bends: no-redirect, local-hotline, late-terminate, single-rg, plus-prefix, \
         two-subscription-ids, validity-not-restarted, empty-rsu-needed, msi-first-only, gx-on-gy, needs-mscc-result, \
         no-service-info",
    ),
];

const SETTINGS: [Arg; 23] = join(credit_client::SETTINGS, OWN);

const SESSION: Arg =
    optional("session", ArgKind::Text, "the name of the session; the latest one where it is left out");
const SERVER: Arg =
    optional("server", ArgKind::Text, "Origin-Host of the server; the first where it is left out");
const LOCATION: Arg =
    optional("location", ArgKind::Text, "3GPP-User-Location-Info in hexadecimal digits: 8252f0100001…");

const VERBS: &[Verb] = &[
    Verb {
        name: "attach",
        about: "A subscriber opens a session: quota is asked for, and the session begins when it is granted",
        args: &[
            optional("msisdn", ArgKind::Text, "the subscriber's number, Subscription-Id of type E.164"),
            optional(
                "imsi",
                ArgKind::Text,
                "the SIM card's number, Subscription-Id where there is no msisdn",
            ),
            optional("session", ArgKind::Text, "a name for it; session-1, session-2 … where it is left out"),
            optional(
                "rating-groups",
                ArgKind::List(&NUMBER),
                "the rating groups that quota is asked for at once; 100 where it is left out",
            ),
            optional("apn", ArgKind::Text, "Called-Station-Id; the setting apn where it is left out"),
            preset("rat", ArgKind::Choice(RAT_NAMES), "EUTRAN", "3GPP-RAT-Type"),
            optional("sgsn", ArgKind::Address, "SGSN-Address; the setting sgsn where it is left out"),
            LOCATION,
            optional("qos", ArgKind::Text, "3GPP-GPRS-Negotiated-QoS-Profile"),
            optional("charging-characteristics", ArgKind::Text, "3GPP-Charging-Characteristics"),
            optional("address", ArgKind::Address, "PDP-Address; the next of the pool where it is left out"),
            optional(
                "context",
                ArgKind::Text,
                "Service-Context-Id; the setting context where it is left out",
            ),
            optional(
                "session-id",
                ArgKind::Text,
                "Session-Id; made of host, time and number where it is left out",
            ),
            optional("with", ArgKind::Fields(&DIAMETER), "further AVPs of every request"),
        ],
        main: Some("msisdn"),
    },
    Verb {
        name: "traffic",
        about: "The subscriber sends and receives: octets in all, or at a rate. What was going on before in the rating group \
                ends with it",
        args: &[
            optional("rating-group", NUMBER, "the rating group; the session's first where it is left out"),
            optional("down", COUNT, "octets to the subscriber in all, spread over `for`"),
            optional("up", COUNT, "octets from the subscriber in all"),
            optional("rate", COUNT, "bit/s to the subscriber, in place of `down`"),
            optional("up-rate", COUNT, "bit/s from the subscriber, in place of `up`"),
            optional(
                "for",
                ArgKind::Span,
                "how long; where it is left out, octets in all take their time at line-rate, and a rate goes on",
            ),
            optional("burst", ArgKind::Span, "traffic comes in bursts of this length"),
            optional("pause", ArgKind::Span, "the time between two bursts"),
            SESSION,
        ],
        main: None,
    },
    Verb {
        name: "change",
        about: "Something about a session changes, and rating groups whose Trigger names it report",
        args: &[
            optional("rat", ArgKind::Choice(RAT_NAMES), "the radio access technology (CHANGE_IN_RAT)"),
            LOCATION,
            optional("sgsn", ArgKind::Address, "the SGSN or S-GW (CHANGE_IN_SGSN_IP_ADDRESS)"),
            optional("qos", ArgKind::Text, "the quality of service (CHANGE_IN_QOS)"),
            optional("timezone", integer(0, 255), "octet of 3GPP-MS-TimeZone (CHANGE_IN_UE_TIMEZONE)"),
            SESSION,
        ],
        main: None,
    },
    Verb { name: "detach", about: "The subscriber ends a session", args: &[SESSION], main: Some("session") },
    Verb {
        name: "repeat",
        about: "Sends the last request of a session once more, as if its answer had been lost: with the T flag",
        args: &[
            preset(
                "anew",
                ArgKind::Flag,
                "false",
                "as a request of its own, with another End-to-End Identifier, the same CC-Request-Number and no T flag",
            ),
            SESSION,
        ],
        main: None,
    },
    Verb {
        name: "event",
        about: "Charges one event without a session",
        args: &[
            required("msisdn", ArgKind::Text, "the subscriber's number"),
            preset(
                "action",
                ArgKind::Choice(&["direct-debiting", "refund", "check-balance", "price-enquiry"]),
                "direct-debiting",
                "Requested-Action",
            ),
            optional("rating-group", NUMBER, "Rating-Group"),
            optional("service-identifier", NUMBER, "Service-Identifier"),
            optional("octets", COUNT, "CC-Total-Octets; the server says how many where it is left out"),
            optional("event", ArgKind::Text, "a name for it"),
            optional("session-id", ArgKind::Text, "Session-Id"),
        ],
        main: Some("msisdn"),
    },
    credit_client::SEND,
    Verb {
        name: "disconnect-peer",
        about: "Ends the connection to a server with a DPR",
        args: &[
            preset(
                "cause",
                ArgKind::Choice(&["rebooting", "busy", "do-not-want-to-talk-to-you"]),
                "rebooting",
                "Disconnect-Cause",
            ),
            SERVER,
        ],
        main: Some("cause"),
    },
    Verb {
        name: "connect-peer",
        about: "Connects to a server again that it was disconnected from",
        args: &[SERVER],
        main: Some("server"),
    },
];

const fn message(name: &'static str, about: &'static str) -> Sight {
    let fields = FieldNames::Message(&DIAMETER);
    Sight { name, about, subject: None, fields }
}

const fn sight(
    name: &'static str,
    about: &'static str,
    subject: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> Sight {
    Sight { name, about, subject: Some(subject), fields: FieldNames::Fixed(fields) }
}

const NAME: (&str, &str) = ("session", "the name of the session");
const GROUP: (&str, &str) = ("rating-group", "Rating-Group");
const CODE: (&str, &str) = ("result-code", "Result-Code; absent where there is none");
const REQUEST: (&str, &str) = ("message", "the request: CCR-I, CCR-U, CCR-T or CCR-E");
const PEER: &[(&str, &str)] = &[("peer", "its Origin-Host")];

const SIGHTS: &[Sight] = &[
    sight(
        "session-up",
        "The charging system has answered, and the session begins",
        "session",
        &[
            NAME,
            ("session-id", "Session-Id"),
            ("address", "the subscriber's address"),
            ("server", "Origin-Host of who answered"),
        ],
    ),
    sight(
        "refused",
        "A session does not begin",
        "why",
        &[("why", "refused, no-quota or unanswered"), NAME, CODE],
    ),
    sight(
        "session-down",
        "A session has ended, with what it has carried in all its rating groups",
        "session",
        &[
            NAME,
            ("by", "user, server (ASR or a refusal), quota, silence (nobody answers) or bad-answer"),
            ("lasted", "how long it lasted"),
            ("input-octets", "octets from the subscriber"),
            ("output-octets", "octets to the subscriber"),
        ],
    ),
    sight(
        "quota-granted",
        "A rating group has a new quota",
        "rating-group",
        &[
            NAME,
            GROUP,
            ("octets", "octets both ways"),
            ("seconds", "seconds"),
            ("valid", "Validity-Time"),
            ("last", "whether these are the last units"),
        ],
    ),
    sight("quota-denied", "A rating group gets no quota", "rating-group", &[NAME, GROUP, CODE]),
    sight(
        "quota-report",
        "A rating group has something to report",
        "reason",
        &[
            NAME,
            GROUP,
            (
                "reason",
                "threshold, holding-time, final, quota-exhausted, validity-time, rating-condition-change, \
                 forced-reauthorisation or pool-exhausted",
            ),
        ],
    ),
    sight(
        "redirected",
        "The traffic of a rating group is led elsewhere from now on",
        "session",
        &[NAME, GROUP, ("to", "the address")],
    ),
    sight(
        "restricted",
        "Only what rules allow gets through from now on",
        "session",
        &[NAME, GROUP, ("rules", "the rules and names of filters")],
    ),
    sight("blocked", "The traffic of a rating group is dropped from now on", "session", &[NAME, GROUP]),
    sight("resumed", "The traffic of a rating group gets through again", "session", &[NAME, GROUP]),
    sight(
        "uncontrolled",
        "The traffic of a rating group gets through, and nobody counts",
        "session",
        &[NAME, GROUP],
    ),
    sight(
        "event",
        "An event was charged, or was not",
        "outcome",
        &[
            ("outcome", "done, refused, unanswered, served-uncharged or stored"),
            ("event", "its name"),
            ("action", "what was asked for"),
            CODE,
        ],
    ),
    sight("unanswered", "A request got no answer from a server", "message", &[REQUEST, ("why", "why")]),
    sight(
        "failover",
        "A request goes to another server after Tx, with the T flag",
        "message",
        &[REQUEST, ("from", "the server that did not answer"), ("to", "the server that is asked next")],
    ),
    sight("stored", "A debit that may have been made is stored, to be sent again", "message", &[REQUEST]),
    sight("peer-up", "A server can be used", "peer", PEER),
    sight("peer-down", "A server cannot be used any more", "peer", PEER),
    sight(
        "diameter-note",
        "Something about a connection is worth a line",
        "detail",
        &[("detail", "what it was")],
    ),
    message("CER", "The gateway says who it is and what it serves"),
    message("CEA", "The server has answered who it is and what it serves"),
    message("DWR", "One end of a connection asks whether the other is there"),
    message("DWA", "The other end is there"),
    message("DPR", "One end of a connection ends it"),
    message("DPA", "The other end agrees"),
    message("CCR-I", "The first request of a session"),
    message("CCA-I", "The answer to it"),
    message("CCR-U", "A report, and a request for more"),
    message("CCA-U", "The answer to it"),
    message("CCR-T", "The last report of a session"),
    message("CCA-T", "The answer to it"),
    message("CCR-E", "A request about one event"),
    message("CCA-E", "The answer to it"),
    message("CCR", "A credit control request whose kind cannot be told"),
    message("CCA", "A credit control answer whose kind cannot be told"),
    message("RAR", "A server has a session ask again"),
    message("RAA", "The gateway will"),
    message("ASR", "A server ends a session"),
    message("ASA", "The gateway ends it, or does not know it"),
    message("request", "A request of a command that no dictionary knows"),
    message("answer", "An answer of a command that no dictionary knows"),
    Sight {
        name: "malformed-message",
        about: "A message that cannot be read",
        subject: None,
        fields: FieldNames::Fixed(&[("octets", "the message")]),
    },
];
