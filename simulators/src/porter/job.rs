//! One customer that is worked on: what is wanted, and how far it has come. All of it is stored: it outlives a crash.

use serde::Deserialize;
use tollgate_http::Bytes;
use tollgate_time::Instant;
use tollgate_wire::Text;

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Source,
    Target,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }
}

/// What is wanted for a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Port { xdrs: Text, dry_run: bool },
    Xdrs { xdrs: Text },
    Reverse { dry_run: bool },
    Clean,
}

/// What is asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Which number a name has.
    Find,
    /// What would travel.
    Trial,
    /// What is missing for it, or what would be returned.
    Check(Bytes),
    /// To leave.
    Export,
    /// To come in, or to come back.
    Import(Bytes),
    /// The other system has refused it, and must not take it in later.
    Abandon,
    /// It is served again where it was.
    Lift,
    /// The dispatcher of that place among them is told.
    Tell(usize),
    /// The system that it left is told that it has arrived.
    Settle,
    /// What was reported late.
    Late,
    Deliver(Bytes),
    Delivered(u64),
    /// The next xDRs.
    Xdrs,
    TakeXdrs(Bytes),
    Remove,
}

impl Step {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Trial => "trial",
            Self::Check(_) => "check",
            Self::Export => "export",
            Self::Import(_) => "import",
            Self::Abandon => "abandon",
            Self::Lift => "lift",
            Self::Tell(_) => "tell",
            Self::Settle => "settle",
            Self::Late => "late",
            Self::Deliver(_) => "deliver",
            Self::Delivered(_) => "delivered",
            Self::Xdrs => "xdrs",
            Self::TakeXdrs(_) => "take-xdrs",
            Self::Remove => "remove",
        }
    }

    /// The step to go on with after a crash: what was in memory is asked for again.
    pub(super) fn stored(&self) -> Self {
        match self {
            Self::Check(_) => Self::Trial,
            Self::Import(_) => Self::Export,
            Self::Deliver(_) => Self::Late,
            Self::TakeXdrs(_) => Self::Xdrs,
            other => other.clone(),
        }
    }
}

/// A customer that is worked on.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// The request that it belongs to.
    pub(super) order: u64,
    pub(super) wanted: Wanted,
    /// Where it is moved from, or cleaned.
    pub(super) from: Side,
    /// As it was asked for.
    pub(super) name: Text,
    pub(super) customer: Option<u32>,
    pub(super) step: Step,
    /// It is being swept, and nothing else is left to do.
    pub(super) watched: bool,
    pub(super) begun: Option<Instant>,
    pub(super) exported_at: Option<Instant>,
    pub(super) imported_at: Option<Instant>,
    pub(super) hop: u64,
    pub(super) accounts: Vec<u32>,
    pub(super) numbers: Vec<String>,
    pub(super) open: u64,
    pub(super) xdrs: u64,
    /// The last xDR that was transferred.
    pub(super) after: Option<u64>,
    /// Whether those are the last.
    pub(super) last: bool,
    /// Why it was refused, until it is served again.
    pub(super) refused: Option<(&'static str, Bytes)>,
    /// What came of a return.
    pub(super) report: Option<Bytes>,
}

/// What an export tells beside what travels.
#[derive(Deserialize)]
pub(super) struct Exported {
    pub(super) name: String,
    pub(super) hop: u64,
    pub(super) accounts: Vec<u32>,
    pub(super) numbers: Vec<String>,
    pub(super) open: u64,
    pub(super) xdrs: u64,
}

/// What a page of xDRs tells beside them.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) after: Option<u64>,
    pub(super) last: bool,
}

impl Job {
    pub(super) fn new(order: u64, wanted: Wanted, from: Side, name: &str) -> Self {
        let number = name.strip_prefix("i_customer=").and_then(|number| number.parse().ok());
        Self {
            order,
            wanted,
            from,
            name: name.into(),
            customer: number,
            step: Step::Find,
            watched: false,
            begun: None,
            exported_at: None,
            imported_at: None,
            hop: 0,
            accounts: Vec::new(),
            numbers: Vec::new(),
            open: 0,
            xdrs: 0,
            after: None,
            last: false,
            refused: None,
            report: None,
        }
    }

    /// Which xDRs travel with the customer.
    pub(super) fn scope(&self) -> &str {
        match &self.wanted {
            Wanted::Port { xdrs, .. } | Wanted::Xdrs { xdrs } => xdrs,
            Wanted::Reverse { .. } | Wanted::Clean => "all",
        }
    }

    pub(super) const fn is_dry_run(&self) -> bool {
        matches!(self.wanted, Wanted::Port { dry_run: true, .. } | Wanted::Reverse { dry_run: true })
    }

    /// What is asked first once the customer's number is known.
    pub(super) fn first_step(&self) -> Step {
        match &self.wanted {
            _ if self.is_dry_run() => Step::Trial,
            Wanted::Port { .. } | Wanted::Reverse { .. } => Step::Export,
            Wanted::Xdrs { .. } => Step::Xdrs,
            Wanted::Clean => Step::Remove,
        }
    }
}
