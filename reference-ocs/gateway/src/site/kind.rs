//! What a scenario can say to a site, and what it can see of one: part of the tables of [`crate::OCS`].

use tollgate_network::{Arg, ArgKind, FieldNames, Need, Sight, Verb};

/// Settings of a further site of a system (`site-of:`).
pub(crate) const SETTINGS: &[Arg] = &[
    Arg {
        name: "watchdog",
        kind: ArgKind::Span,
        need: Need::Optional,
        about: "Of a further site: how often it sees to it that it hears of the primary; 10s without it.",
    },
    Arg {
        name: "misses",
        kind: ArgKind::Integer { min: 1, max: 1_000 },
        need: Need::Optional,
        about: "Of a further site: after how many looks in a row without a sign of life it stands alone; 3 without it.",
    },
];

pub(crate) const SWITCH: Verb = Verb {
    name: "switch-site",
    about: "An administrator switches a secondary site: to stand alone (for an update of the primary), to follow the \
            primary again, or to be the primary from now on.",
    args: &[Arg {
        name: "to",
        kind: ArgKind::Choice(&["stand-alone", "stand-by", "primary"]),
        need: Need::Required,
        about: "What it is to be.",
    }],
    main: Some("to"),
};

pub(crate) const UPGRADE: Verb = Verb {
    name: "upgrade-site",
    about: "A site's software is of another release from now on. A stand-by site that is older than its primary is told \
            nothing new until it is upgraded too.",
    args: &[Arg {
        name: "release",
        kind: ArgKind::Choice(&["MR75", "MR85", "MR86", "MR95"]),
        need: Need::Required,
        about: "The release.",
    }],
    main: Some("release"),
};

pub(crate) const REPORT: Verb = Verb {
    name: "report-site",
    about: "Has a site show what it is, what it has to hand over, and a sum over the state that sites share, as \
            `site-state`.",
    args: &[],
    main: None,
};

const ROLES: &str = "What it does: primary, waiting (a primary that has come back and answers nobody yet), stand-by, \
                     stand-alone, synchronising, fenced.";

pub(crate) const CHANGED: Sight = Sight {
    name: "site",
    about: "A site has another role than before.",
    subject: Some("role"),
    fields: FieldNames::Fixed(&[
        ("role", ROLES),
        ("reason", "Why."),
        ("epoch", "The number of the rule under which somebody is the primary."),
        ("release", "The release that it behaves as."),
    ]),
};

pub(crate) const LOCKED: Sight = Sight {
    name: "locked",
    about: "What a site has spent alone is locked at the primary.",
    subject: Some("sum"),
    fields: FieldNames::Fixed(&[
        ("period", "The site's number and that of its time alone: `1.1`."),
        ("records", "How many records are to be taken over."),
        ("calls", "How many calls in progress go on at the primary."),
        ("sum", "How much is locked, one for each currency."),
    ]),
};

pub(crate) const SYNCHRONISED: Sight = Sight {
    name: "synchronised",
    about: "All records of a time alone have been taken over.",
    subject: Some("xdrs"),
    fields: FieldNames::Fixed(&[
        ("period", "The site's number and that of its time alone: `1.1`."),
        ("xdrs", "How many xDRs were taken over."),
        ("known", "How many were known: both sites were told of the same."),
        ("sum", "What they charge accounts, one for each currency."),
    ]),
};

pub(crate) const STATE: Sight = Sight {
    name: "site-state",
    about: "The answer to `report-site`.",
    subject: Some("role"),
    fields: FieldNames::Fixed(&[
        ("role", ROLES),
        ("epoch", "The number of the rule under which somebody is the primary."),
        ("release", "The release that it behaves as."),
        ("software", "The release of its software, which counts when it stands alone."),
        ("periods", "Times alone that are to be handed over."),
        ("outstanding", "Records of them."),
        ("records", "Records since it stands alone."),
        ("state", "A sum over the state that sites share: two sites with the same are equal."),
        ("adjusted", "An account that has spent something since it stands alone."),
        ("adjustment", "How much, in the order of the accounts."),
    ]),
};

pub(crate) const APPLICATION: Sight = Sight {
    name: "application",
    about: "An IVR application (`app-type` of PortaOne-Service-Features) has asked a site that stands alone.",
    subject: Some("application"),
    fields: FieldNames::Fixed(&[
        ("application", "Its name."),
        ("availability", "What is left of it: available, limited, not-available."),
        ("without", "What it has to do without, where it is limited."),
    ]),
};

pub(crate) const REFUSED: Sight = Sight {
    name: "change-refused",
    about: "An administrator's change was refused.",
    subject: None,
    fields: FieldNames::Fixed(&[("reason", "Why.")]),
};

pub(crate) const LINK_BROKEN: Sight = Sight {
    name: "site-link-broken",
    about: "A site has ended a connection of another one that made no sense.",
    subject: None,
    fields: FieldNames::Fixed(&[("detail", "What was wrong.")]),
};
