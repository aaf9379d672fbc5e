//! Moving a customer from one system to another: what travels, what is asked of either system, and why it is refused.
//!
//! - A customer travels as a [`Bundle`]: itself, its accounts with what they may use, balances, counters, commitments,
//!   sessions with what is open in them, and xDRs. The bundle names what it depends on (products, tariffs, plans) by name,
//!   so that it stands by itself; identifiers of customers, accounts and xDRs stay what they are.
//! - Between being exported by one system and imported by the other it is refused by both. Each move has a number, one
//!   higher than the one before, wherever that led: so an order that comes again, or late, is known and changes nothing.
//! - In a system that has exported a customer nothing moves its money. What is reported of it there is kept, taken over by
//!   the system where it is now, and charged there once; open calls go on there, with what was charged and reserved.
//! - What is removed is only what has been transferred.
//!
//! Source: ARCH, Dual Version: customer data transfer, reverse transfer of xDRs, cleanup of exported data. The documents say
//! nothing of reports that come late, or of what keeps a customer out of two systems.

mod bundle;
mod check;
mod refusal;

pub(crate) use bundle::FORMAT;
pub(crate) use bundle::{
    AccountPart, CounterPart, CustomerPart, EntryName, LateWhat, PayerName, SessionPart, ShareNames,
    SignedPart, UsageNames, VoucherPart,
};
pub use bundle::{Bundle, Late};
pub(crate) use check::xdrs_are_of;
pub use refusal::{MigrationRefusal, Missing, Want};

use std::sync::Arc;

use tollgate_time::Instant;

use crate::ids::{CustomerId, EnvId, XdrId};
use crate::money::Amount;
use crate::xdr::Xdr;

/// Which xDRs of a customer are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum XdrScope {
    /// None: they are transferred later, or not at all.
    Nothing,
    /// Those of the billing period, which is the calendar month.
    Period,
    /// All that the system has.
    All,
}

/// What is asked of a system about a customer that moves.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Migrate {
    /// Gives the customer away: it is Exported here from now on. Asked again, it is told the same.
    Export {
        /// Whom.
        customer: CustomerId,
        /// To the system of this environment.
        to: EnvId,
        /// With which xDRs.
        xdrs: XdrScope,
    },
    /// Tells xDRs of a customer that was exported, in the order of their numbers.
    ExportXdrs {
        /// Whose.
        customer: CustomerId,
        /// Which.
        xdrs: XdrScope,
        /// Those behind this one.
        after: Option<XdrId>,
        /// So many at most.
        max: u32,
    },
    /// Takes a customer in.
    Import(Box<Bundle>),
    /// Takes xDRs of a customer in that came before; those that are known change nothing.
    ImportXdrs {
        /// Whose.
        customer: CustomerId,
        /// With which move it came.
        hop: u64,
        /// Which.
        xdrs: Vec<Xdr>,
    },
    /// Takes a customer back as it was before it was exported, with its xDRs and balances as they have become since
    /// (Retrop).
    Return(Box<Bundle>),
    /// A move to here will not be made, whatever is still under way of it.
    Abandon {
        /// Whose.
        customer: CustomerId,
        /// Its number.
        hop: u64,
    },
    /// A move from here was made: the other system has the customer, and its records may be removed here.
    Settle {
        /// Whose.
        customer: CustomerId,
        /// Its number.
        hop: u64,
    },
    /// A move from here was not made: the customer is served here again. Only for a move that the other system has
    /// abandoned or refused.
    Lift {
        /// Whose.
        customer: CustomerId,
        /// Its number.
        hop: u64,
    },
    /// What was reported in the system that the customer was exported from.
    Deliver {
        /// Whose.
        customer: CustomerId,
        /// By the system of this environment.
        from: EnvId,
        /// The reports, in their order.
        late: Vec<Late>,
    },
    /// Reports were delivered, and are not kept any longer.
    Delivered {
        /// Whose.
        customer: CustomerId,
        /// Up to this one.
        up_to: u64,
    },
    /// Removes the records of a customer that is in another system now (Cleaner).
    Remove {
        /// Whom.
        customer: CustomerId,
    },
}

impl Migrate {
    /// Whom it is about.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::Export { customer, .. }
            | Self::ExportXdrs { customer, .. }
            | Self::ImportXdrs { customer, .. }
            | Self::Abandon { customer, .. }
            | Self::Settle { customer, .. }
            | Self::Lift { customer, .. }
            | Self::Deliver { customer, .. }
            | Self::Delivered { customer, .. }
            | Self::Remove { customer } => *customer,
            Self::Import(bundle) | Self::Return(bundle) => bundle.customer(),
        }
    }
}

/// What came of it. `again` says that it was so before, and nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Migrated {
    /// The customer is exported; this is what travels.
    Exported {
        /// It.
        bundle: Box<Bundle>,
        /// It was so before.
        again: bool,
    },
    /// These xDRs are to be transferred; fewer than asked for are the last.
    Xdrs(Vec<Arc<Xdr>>),
    /// The customer is here.
    Imported {
        /// It was so before.
        again: bool,
    },
    /// The xDRs are here.
    XdrsImported {
        /// So many are new.
        new: u64,
    },
    /// The customer is here again.
    Returned(Box<ReturnReport>),
    /// The move is abandoned.
    Abandoned,
    /// It is known that the customer is there.
    Settled,
    /// The customer is served here again.
    Lifted {
        /// It was so before.
        again: bool,
    },
    /// The reports were taken, up to this one.
    Taken {
        /// The last one that is taken.
        up_to: u64,
    },
    /// They are not kept any longer.
    Confirmed,
    /// Its records are gone.
    Removed(Removed),
}

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Removed {
    /// Accounts.
    pub accounts: u64,
    /// xDRs.
    pub xdrs: u64,
    /// xDRs that stay, since they were not transferred.
    pub xdrs_kept: u64,
    /// It was so before.
    pub again: bool,
}

/// What an administrator is told when a customer was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReturnReport {
    /// It was taken back before, and nothing has changed.
    pub again: bool,
    /// xDRs that were made in the other system and are here now.
    pub returned: Vec<Arc<Xdr>>,
    /// xDRs that could not be returned, since their account is not here.
    pub left: Vec<Arc<Xdr>>,
    /// The customer's balance before and after, where it is another.
    pub customer: Option<(Amount, Amount)>,
    /// Accounts whose balance was adjusted: before and after.
    pub adjusted: Vec<(Arc<str>, Amount, Amount)>,
    /// Accounts of the other system that are not here, with their balances.
    pub missing: Vec<(Arc<str>, Amount)>,
    /// Accounts that the other system had no more: they are active here.
    pub active: Vec<Arc<str>>,
}

/// How a customer stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It is here.
    Here,
    /// It was exported to the system of this environment, with a move of this number.
    Exported {
        /// The other system.
        to: EnvId,
        /// The number of the move.
        hop: u64,
        /// When.
        at: Instant,
        /// How many reports wait to be delivered there.
        late: usize,
        /// How many uses were open when it was exported.
        open: usize,
        /// Whether it is known to be there.
        settled: bool,
    },
    /// It was, and its records are gone.
    Removed,
}
