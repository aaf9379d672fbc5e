//! What a scenario can ask of the charging system under the name `ocs`, and what it can see there: the
//! tables behind the check before a run, the editor's schema and `tollgate explain ocs`.

use tollgate_network::{Arg, ArgKind, FieldNames, Need, Peer, PeerKind, Setup, SetupError, Sight, Verb};

mod fields;

use fields::{
    API_FIELDS, BALANCE_CHANGED_FIELDS, BALANCE_FIELDS, CLOSED_FIELDS, DUPLICATE_FIELDS, EVENT_FIELDS,
    ODDITY_FIELDS, XDR_FIELDS,
};

use crate::site::kind as site;
use crate::vocabulary::{DIAMETER, RADIUS};

/// The charging system as a peer.
pub static OCS: PeerKind = PeerKind {
    name: "ocs",
    about: "The reference charging system: answers RADIUS, keeps balances, writes xDRs.",
    client: true,
    settings: site::SETTINGS,
    verbs: VERBS,
    sights: SIGHTS,
    build: refuse,
};

fn refuse(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Err(SetupError(format!(
        "'{}' cannot be a peer: the charging system is made from the world, and is called 'ocs' there",
        setup.name
    )))
}

const ACCOUNT: Arg =
    Arg { name: "account", kind: ArgKind::Text, need: Need::Required, about: "The account's identifier." };

const fn required(name: &'static str, kind: ArgKind, about: &'static str) -> Arg {
    Arg { name, kind, need: Need::Required, about }
}

const COMMITMENT: Arg =
    Arg { name: "commitment", kind: ArgKind::Text, need: Need::Required, about: "The commitment's name." };

const fn on_account(name: &'static str, about: &'static str) -> Verb {
    Verb { name, about, args: &[ACCOUNT], main: Some("account") }
}

const CUSTOMER: Arg =
    Arg { name: "customer", kind: ArgKind::Text, need: Need::Required, about: "The customer's name." };

const fn on_customer(name: &'static str, about: &'static str) -> Verb {
    Verb { name, about, args: &[CUSTOMER], main: Some("customer") }
}

const VERBS: &[Verb] = &[
    Verb {
        name: "top-up",
        about: "An administrator adds money: a debit account has more, a credit account owes less.",
        args: &[
            ACCOUNT,
            required("amount", ArgKind::Money, "How much, above zero, in the account's currency."),
        ],
        main: None,
    },
    Verb {
        name: "adjust",
        about: "An administrator corrects the balance.",
        args: &[
            ACCOUNT,
            required(
                "amount",
                ArgKind::Money,
                "Above zero in the subscriber's favour, below zero against it; in the account's currency.",
            ),
        ],
        main: None,
    },
    Verb {
        name: "refund",
        about: "An administrator gives back what was charged.",
        args: &[
            ACCOUNT,
            required("amount", ArgKind::Money, "How much, above zero, in the account's currency."),
        ],
        main: None,
    },
    Verb {
        name: "set-credit-limit",
        about: "An administrator changes how much a credit account may owe.",
        args: &[
            ACCOUNT,
            required("amount", ArgKind::Money, "How much, not below zero, in the account's currency."),
        ],
        main: None,
    },
    Verb {
        name: "pay-customer",
        about: "A customer pays: it owes less. Its accounts' own balances stay.",
        args: &[
            CUSTOMER,
            required("amount", ArgKind::Money, "How much, above zero, in the customer's currency."),
        ],
        main: None,
    },
    Verb {
        name: "adjust-customer",
        about: "An administrator corrects a customer's balance.",
        args: &[
            CUSTOMER,
            required(
                "amount",
                ArgKind::Money,
                "Above zero in the customer's favour, below zero against it; in its currency.",
            ),
        ],
        main: None,
    },
    Verb {
        name: "fill-wallet",
        about: "An administrator adds units to the service wallet of a plan that the account has.",
        args: &[
            ACCOUNT,
            required("plan", ArgKind::Text, "The discount plan's name."),
            required(
                "units",
                ArgKind::Integer { min: 1, max: 1 << 50 },
                "How many: seconds, octets or pieces.",
            ),
        ],
        main: None,
    },
    Verb {
        name: "sign-up",
        about: "The account signs up for a commitment, from today on.",
        args: &[
            ACCOUNT,
            COMMITMENT,
            Arg {
                name: "together-with",
                kind: ArgKind::Text,
                need: Need::Optional,
                about: "A commitment of the account whose discounts end at the same time.",
            },
            Arg {
                name: "discounts-end",
                kind: ArgKind::Time,
                need: Need::Optional,
                about: "The first day without discounts; without it, the commitment's own.",
            },
        ],
        main: None,
    },
    Verb {
        name: "cancel-commitment",
        about: "The account cancels a commitment; before its discounts end, all that were given are due.",
        args: &[ACCOUNT, COMMITMENT],
        main: None,
    },
    Verb {
        name: "pause-commitment",
        about: "The service of a commitment is paused; its discounts end as many days later.",
        args: &[
            ACCOUNT,
            COMMITMENT,
            required("from", ArgKind::Time, "Some moment of the first day."),
            required("until", ArgKind::Time, "Some moment of the last day."),
        ],
        main: None,
    },
    Verb {
        name: "transfer-commitment",
        about: "A commitment goes over to another account, from tomorrow on.",
        args: &[ACCOUNT, COMMITMENT, required("to", ArgKind::Text, "The other account.")],
        main: None,
    },
    Verb {
        name: "upgrade-commitment",
        about: "For a time the account has what comes with another commitment, at the price of its own.",
        args: &[
            ACCOUNT,
            COMMITMENT,
            required("to", ArgKind::Text, "The other commitment."),
            required("until", ArgKind::Time, "Some moment of the last day."),
        ],
        main: None,
    },
    on_account("block", "An administrator blocks the account: requests are answered with user_denied."),
    on_account("unblock", "An administrator unblocks the account."),
    Verb {
        name: "expire",
        about: "An administrator sets the moment from which the account is expired.",
        args: &[
            ACCOUNT,
            Arg {
                name: "at",
                kind: ArgKind::Time,
                need: Need::Optional,
                about: "The first moment at which it is expired; without it, now.",
            },
        ],
        main: Some("account"),
    },
    Verb {
        name: "set-product",
        about: "An administrator moves the account to another product; sessions in progress keep theirs.",
        args: &[ACCOUNT, required("product", ArgKind::Text, "The product's name.")],
        main: None,
    },
    Verb {
        name: "set-password",
        about: "An administrator changes the account's password.",
        args: &[
            ACCOUNT,
            required("password", ArgKind::Text, "The new one; empty means that none is asked for."),
        ],
        main: None,
    },
    on_customer(
        "suspend",
        "An administrator suspends a customer: its accounts are answered with user_suspended.",
    ),
    on_customer("unsuspend", "An administrator ends a customer's suspension."),
    Verb {
        name: "close-session",
        about: "An administrator ends a session: what was reported is charged, the rest is returned.",
        args: &[ACCOUNT, required("session", ArgKind::Text, "The session's key: its h323-conf-id.")],
        main: None,
    },
    on_account("report-balance", "Has the system show the account's money as it is now, as a `balance`."),
    Verb {
        name: "report-sessions",
        about: "Has the system show how many calls and service sessions are granted or in use, as `sessions`.",
        args: &[],
        main: None,
    },
    Verb {
        name: "list-sessions",
        about: "Has the system show each call and service session that is granted or in use, as `active-session`.",
        args: &[Arg {
            name: "account",
            kind: ArgKind::Text,
            need: Need::Optional,
            about: "Of this account only.",
        }],
        main: Some("account"),
    },
    Verb {
        name: "disconnect",
        about: "An administrator has sessions ended by the client that has them (RFC 5176); their Stops charge them.",
        args: &[
            ACCOUNT,
            Arg {
                name: "session",
                kind: ArgKind::Text,
                need: Need::Optional,
                about: "The session's key; without it, all of the account.",
            },
        ],
        main: Some("account"),
    },
    Verb {
        name: "report-counters",
        about: "Has the system show what it counted, as `counters`.",
        args: &[],
        main: None,
    },
    Verb {
        name: "report-replay",
        about: "Has the system play its command log again beside itself and compare the two states, as `replay`.",
        args: &[],
        main: None,
    },
    site::SWITCH,
    site::UPGRADE,
    site::REPORT,
];

const MESSAGE: FieldNames = FieldNames::Message(&RADIUS);

const fn message(name: &'static str, about: &'static str) -> Sight {
    Sight { name, about, subject: None, fields: MESSAGE }
}

const PEER_FIELDS: &[(&str, &str)] = &[("peer", "Its Origin-Host.")];
const DETAIL_FIELDS: &[(&str, &str)] = &[("detail", "What it was.")];

const fn diameter(name: &'static str, about: &'static str) -> Sight {
    Sight { name, about, subject: None, fields: FieldNames::Message(&DIAMETER) }
}

const SIGHTS: &[Sight] = &[
    message("Access-Request", "A client's request for authentication or authorization has arrived."),
    message("Accounting-Request", "A client's report of usage has arrived."),
    message("Status-Server", "A client asks whether the server is alive."),
    message("Access-Accept", "The request was granted; the answer is on its way."),
    message("Access-Reject", "The request was denied; the answer is on its way."),
    message("Accounting-Response", "The report was recorded; the answer is on its way."),
    message("Disconnect-Request", "A client was asked to end a session."),
    message("Disconnect-ACK", "A client has ended a session."),
    message("Disconnect-NAK", "A client has not ended a session."),
    message("CoA-Request", "A client was asked to change a session."),
    message("CoA-ACK", "A client has changed a session."),
    message("CoA-NAK", "A client has not changed a session."),
    diameter("CER", "A Diameter peer says who it is and what it serves."),
    diameter("CEA", "The system has answered who it is and what it serves."),
    diameter("DWR", "One end of a Diameter connection asks whether the other is there."),
    diameter("DWA", "The other end is there."),
    diameter("DPR", "One end of a Diameter connection ends it."),
    diameter("DPA", "The other end agrees."),
    diameter("CCR-I", "A client begins a session of credit control."),
    diameter("CCA-I", "The system has answered it."),
    diameter("CCR-U", "A client reports usage and asks for more."),
    diameter("CCA-U", "The system has answered it."),
    diameter("CCR-T", "A client ends a session of credit control."),
    diameter("CCA-T", "The system has answered it."),
    diameter("CCR-E", "A client asks about one event: to charge it, give it back, or tell its price."),
    diameter("CCA-E", "The system has answered it."),
    diameter("CCR", "A credit control request whose kind cannot be told."),
    diameter("CCA", "The system has answered it."),
    diameter("RAR", "A client was asked to ask for credit again."),
    diameter("RAA", "A client has answered that."),
    diameter("ASR", "A client was asked to end a session."),
    diameter("ASA", "A client has answered that."),
    diameter("request", "A Diameter request of a command that no dictionary knows."),
    diameter("answer", "A Diameter answer of a command that no dictionary knows."),
    Sight {
        name: "malformed-message",
        about: "A Diameter message came that cannot be read.",
        subject: None,
        fields: FieldNames::Fixed(&[("octets", "The message.")]),
    },
    Sight {
        name: "peer-up",
        about: "A Diameter peer can be used.",
        subject: Some("peer"),
        fields: FieldNames::Fixed(PEER_FIELDS),
    },
    Sight {
        name: "peer-down",
        about: "A Diameter peer cannot be used any more.",
        subject: Some("peer"),
        fields: FieldNames::Fixed(PEER_FIELDS),
    },
    Sight {
        name: "diameter-note",
        about: "Something about a Diameter connection is worth a line.",
        subject: Some("detail"),
        fields: FieldNames::Fixed(DETAIL_FIELDS),
    },
    Sight {
        name: "refused",
        about: "An address could not be listened at.",
        subject: Some("detail"),
        fields: FieldNames::Fixed(DETAIL_FIELDS),
    },
    Sight {
        name: "unheard",
        about: "A client did not answer a RAR or an ASR.",
        subject: Some("message"),
        fields: FieldNames::Fixed(&[("message", "RAR or ASR."), ("session", "The Session-Id.")]),
    },
    Sight {
        name: "unreachable",
        about: "A client could not be asked to end or change a session, or did not answer.",
        subject: Some("message"),
        fields: FieldNames::Fixed(UNREACHABLE_FIELDS),
    },
    Sight {
        name: "active-session",
        about: "One entry of the answer to `list-sessions`.",
        subject: Some("account"),
        fields: FieldNames::Fixed(ACTIVE_SESSION_FIELDS),
    },
    Sight {
        name: "discard",
        about: "A packet was thrown away without an answer.",
        subject: Some("reason"),
        fields: FieldNames::Fixed(DISCARD_FIELDS),
    },
    Sight {
        name: "duplicate",
        about: "A request came again and got its first answer again; nothing else happened.",
        subject: Some("message"),
        fields: FieldNames::Fixed(DUPLICATE_FIELDS),
    },
    Sight {
        name: "oddity",
        about: "A client did something against the book that did not stop its request.",
        subject: Some("what"),
        fields: FieldNames::Fixed(ODDITY_FIELDS),
    },
    Sight {
        name: "xdr",
        about: "An xDR was written.",
        subject: Some("account"),
        fields: FieldNames::Fixed(XDR_FIELDS),
    },
    Sight {
        name: "api",
        about: "A request came by HTTP and was answered.",
        subject: Some("method"),
        fields: FieldNames::Fixed(API_FIELDS),
    },
    Sight {
        name: "xdr-moved",
        about: "An xDR that another system made came with its customer.",
        subject: Some("account"),
        fields: FieldNames::Fixed(XDR_FIELDS),
    },
    Sight {
        name: "balance-changed",
        about: "Money was added to a balance or taken from it.",
        subject: Some("account"),
        fields: FieldNames::Fixed(BALANCE_CHANGED_FIELDS),
    },
    Sight {
        name: "event",
        about: "The system told the outside world of something.",
        subject: Some("name"),
        fields: FieldNames::Fixed(EVENT_FIELDS),
    },
    Sight {
        name: "closed",
        about: "A session was closed by something other than its Stop.",
        subject: Some("session"),
        fields: FieldNames::Fixed(CLOSED_FIELDS),
    },
    Sight {
        name: "balance",
        about: "The answer to `report-balance`.",
        subject: Some("account"),
        fields: FieldNames::Fixed(BALANCE_FIELDS),
    },
    Sight {
        name: "sessions",
        about: "The answer to `report-sessions`.",
        subject: Some("open"),
        fields: FieldNames::Fixed(&[(
            "open",
            "How many calls and service sessions are granted or in use; logins alone do not count.",
        )]),
    },
    Sight {
        name: "counters",
        about: "The answer to `report-counters`: what was counted at least once, clients and strangers together.",
        subject: None,
        fields: FieldNames::Dictionary { known: counter_known, all: counter_names },
    },
    Sight {
        name: "replay",
        about: "The answer to `report-replay`.",
        subject: Some("same"),
        fields: FieldNames::Fixed(&[
            ("same", "Whether the log rebuilds the state byte for byte."),
            ("commands", "How many commands the log has."),
            ("differs", "The first line in which the two states differ."),
        ]),
    },
    site::CHANGED,
    site::LOCKED,
    site::SYNCHRONISED,
    site::STATE,
    site::APPLICATION,
    site::REFUSED,
    site::LINK_BROKEN,
    Sight {
        name: "replayed",
        about: "The system has come back and has rebuilt its state from its command log.",
        subject: Some("commands"),
        fields: FieldNames::Fixed(&[("commands", "How many commands were played again.")]),
    },
];

const DISCARD_FIELDS: &[(&str, &str)] = &[
    ("reason", "The reason, as it is counted: unknown-client, wrong-authenticator, …"),
    ("client", "The name of the client from whose address it came; absent for a stranger."),
    ("from", "The address from which it came."),
    ("detail", "What exactly was wrong, where there is more to say than the reason."),
];

const UNREACHABLE_FIELDS: &[(&str, &str)] = &[
    ("message", "What it was to be asked by: Disconnect-Request, CoA-Request."),
    ("client", "The client's name."),
    ("account", "The account."),
    ("session", "The session's key."),
    ("why", "`no answer`, or why the request could not be written."),
];

const ACTIVE_SESSION_FIELDS: &[(&str, &str)] = &[
    ("account", "The account."),
    ("session", "The session: h323-conf-id, or what stands in for it."),
    ("state", "granted, or active once its Start came."),
    ("service", "The service: voice, netaccess, …"),
    ("leg", "Which side of the call: originate or answer."),
    ("cld", "What is charged: the called number, or the service's word."),
    ("granted", "Units granted from its beginning, or `unlimited`; absent without a grant."),
    ("used", "Units reported so far."),
    ("reserved", "Money reserved for the rest, without the currency."),
    ("charged", "Money charged so far, without the currency."),
    ("connected-at", "When it connected, once a report has said so."),
    ("client", "The client's name, of a session that it can be asked to end."),
];

fn counter_names() -> Vec<&'static str> {
    use crate::counters::{Count, Discard, Oddity};
    let counts = Count::ALL.iter().map(|what| what.name());
    let discards = Discard::ALL.iter().map(|why| why.name());
    counts.chain(discards).chain(Oddity::ALL.iter().map(|what| what.name())).collect()
}

fn counter_known(name: &str) -> bool {
    counter_names().contains(&name)
}
