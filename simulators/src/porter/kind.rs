//! What a porter publishes about itself: settings, verbs and sights.

use tollgate_network::{Arg, ArgKind, FieldNames, Peer, PeerKind, Setup, SetupError, Sight, Verb};

use super::Porter;
use crate::table::{integer, optional, preset, required};

/// The tools that move customers.
pub static PORTER: PeerKind = PeerKind {
    name: "porter",
    about: "The tools that move customers between two charging systems: Porter, Retrop, Cleaner",
    client: false,
    settings: &SETTINGS,
    verbs: &VERBS,
    sights: &SIGHTS,
    build,
};

fn build(setup: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Ok(Box::new(Porter::new(&setup)?))
}

static SETTINGS: [Arg; 12] = [
    preset("source", ArgKind::Text, "ocs", "the system that customers are moved from"),
    preset("target", ArgKind::Text, "target", "the system that they are moved to"),
    preset("login", ArgKind::Text, "porter", "the login at both systems"),
    required("password", ArgKind::Text, "its password"),
    preset("api-port", integer(1, 65_535), "8080", "the TCP port of both systems' interface"),
    optional(
        "dispatchers",
        ArgKind::List(&ArgKind::Address),
        "those who are told which numbers belong to which system from now on",
    ),
    preset("registry-port", integer(1, 65_535), "8088", "the TCP port where dispatchers are told"),
    preset("threads", integer(1, 256), "4", "how many customers are moved side by side"),
    preset("answer-within", ArgKind::Span, "30s", "how long an answer may take"),
    preset("retry", ArgKind::Span, "1s", "how long it waits before it asks again what was not answered"),
    preset("sweep", ArgKind::Span, "10s", "how often it looks for reports that came late"),
    preset("watch", ArgKind::Span, "2h", "how long it does so after a customer with open calls was moved"),
];

const CUSTOMERS: Arg = required(
    "customers",
    ArgKind::List(&ArgKind::Text),
    "the customers, by name or as i_customer=<number>, in this order",
);
const DRY_RUN: Arg = preset("dry-run", ArgKind::Flag, "false", "only tell what would come of it");

static VERBS: [Verb; 4] = [
    Verb {
        name: "port",
        about: "Porter moves customers from the source to the target",
        args: &[
            CUSTOMERS,
            preset(
                "xdrs",
                ArgKind::Choice(&["nothing", "period", "all"]),
                "period",
                "which xDRs go with them: none, those of the month, all",
            ),
            DRY_RUN,
        ],
        main: Some("customers"),
    },
    Verb {
        name: "port-xdrs",
        about: "Porter transfers xDRs of customers that were moved before: the second phase",
        args: &[
            CUSTOMERS,
            preset("xdrs", ArgKind::Choice(&["period", "all"]), "all", "which: those of the month, all"),
        ],
        main: Some("customers"),
    },
    Verb {
        name: "reverse",
        about: "Retrop takes customers back from the target, with their xDRs and balances and their old configuration",
        args: &[CUSTOMERS, DRY_RUN],
        main: Some("customers"),
    },
    Verb {
        name: "clean",
        about: "Cleaner removes the records of customers that have been transferred",
        args: &[
            CUSTOMERS,
            preset(
                "from",
                ArgKind::Choice(&["source", "target"]),
                "source",
                "the system to remove them from",
            ),
        ],
        main: Some("customers"),
    },
];

const CUSTOMER: (&str, &str) = ("customer", "The customer's name, or what it was asked for by");
const NUMBER: (&str, &str) = ("i-customer", "Its number");
const TOOK: (&str, &str) = ("took", "From the first request to the last answer");

static SIGHTS: [Sight; 12] = [
    Sight {
        name: "trial",
        about: "A dry run has told what would come of moving a customer",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            NUMBER,
            ("accounts", "How many accounts it has"),
            ("xdrs", "How many xDRs would go with it"),
            ("open", "How many calls and sessions are up"),
            ("missing", "What the target does not have as it must be; one field each"),
        ]),
    },
    Sight {
        name: "exported",
        about: "A customer has left the source: both systems refuse it now",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[CUSTOMER, NUMBER, ("hop", "The number of the move")]),
    },
    Sight {
        name: "ported",
        about: "A customer is in the target, and the dispatchers and the source know it",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            NUMBER,
            ("accounts", "How many accounts it has"),
            ("xdrs", "How many xDRs went with it"),
            ("open", "How many calls and sessions were up"),
            ("hop", "The number of the move"),
            ("downtime", "From the request to export it to the answer that it is imported"),
            TOOK,
        ]),
    },
    Sight {
        name: "xdrs-ported",
        about: "The xDRs of a customer have followed it",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[CUSTOMER, NUMBER, ("xdrs", "How many were new there"), TOOK]),
    },
    Sight {
        name: "returned",
        about: "A customer is back in the source",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            NUMBER,
            ("dry-run", "Whether this is what would be"),
            ("returned", "How many xDRs of the target are in the source"),
            ("left", "How many could not be returned"),
            ("adjusted", "Accounts whose balance was adjusted; one field each"),
            ("missing", "Accounts of the target that are not in the source; one field each"),
            ("active", "Accounts that are active in the source and not in the target; one field each"),
            ("balance", "The customer's balance, where it was adjusted"),
            TOOK,
        ]),
    },
    Sight {
        name: "report",
        about: "An xDR of the target, for the administrator who judges a reverse transfer; one each",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            ("account", "The account"),
            ("xdr", "Its number"),
            ("amount", "What it costs"),
            ("cld", "The called number"),
            ("used", "What was used, in units of the service"),
            ("service", "The service"),
            ("returned", "Whether it is in the source now"),
        ]),
    },
    Sight {
        name: "cleaned",
        about: "The records of a customer are removed",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            NUMBER,
            ("accounts", "How many accounts"),
            ("xdrs", "How many xDRs"),
            ("xdrs-kept", "How many xDRs stay, since they were not transferred"),
            ("again", "Whether they were removed before"),
        ]),
    },
    Sight {
        name: "late-delivered",
        about: "Reports that came where a customer was are delivered to where it is",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[CUSTOMER, NUMBER, ("reports", "How many")]),
    },
    Sight {
        name: "refused",
        about: "A system refused what was asked of it for a customer; the customer is where it was",
        subject: Some("customer"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            NUMBER,
            ("step", "What was asked"),
            ("faultcode", "Why, as a program reads it"),
            ("faultstring", "Why, as people read it"),
            ("missing", "What the other system does not have as it must be; one field each"),
        ]),
    },
    Sight {
        name: "finished",
        about: "All customers of one request are done with",
        subject: None,
        fields: FieldNames::Fixed(&[
            ("customers", "How many"),
            ("refused", "How many of them were refused"),
            TOOK,
        ]),
    },
    Sight {
        name: "asked-again",
        about: "A request had no answer, and is made again",
        subject: Some("step"),
        fields: FieldNames::Fixed(&[
            CUSTOMER,
            ("step", "What was asked"),
            ("why", "Why there was no answer"),
        ]),
    },
    Sight {
        name: "resumed",
        about: "After a restart it goes on with what was under way",
        subject: None,
        fields: FieldNames::Fixed(&[("customers", "How many customers")]),
    },
];
