//! What travels: a customer with all that is its own. Numbers of the catalogue, which another system may give to other
//! things, stand as names.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use crate::catalogue::{CallLimits, Delivery};
use crate::command::UsageReport;
use crate::credit::CreditRequest;
use crate::dialing::DialingRules;
use crate::ids::{AccountId, CustomerId, EnvId};
use crate::ledger::Purse;
use crate::money::{Amount, Currency};
use crate::plans::BudgetSpec;
use crate::plans::counter::{Counter, Spent};
use crate::service::{Leg, Service};
use crate::sessions::Moved;
use crate::xdr::Xdr;

/// The version of what travels.
pub(crate) const FORMAT: u32 = 1;

/// A customer on its way between two systems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    pub(crate) format: u32,
    pub(crate) from: EnvId,
    pub(crate) to: EnvId,
    pub(crate) hop: u64,
    pub(crate) exported_at: Instant,
    pub(crate) customer: CustomerPart,
    pub(crate) accounts: Vec<AccountPart>,
    /// Accounts that may pick up each other's calls.
    pub(crate) groups: Vec<Vec<AccountId>>,
    pub(crate) vouchers: Vec<VoucherPart>,
    pub(crate) sessions: Vec<SessionPart>,
    pub(crate) xdrs: Vec<Xdr>,
}

impl Bundle {
    /// `i_customer`.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        self.customer.id
    }

    /// The customer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.customer.name
    }

    /// The environment that it comes from.
    #[must_use]
    pub const fn from(&self) -> EnvId {
        self.from
    }

    /// The environment that it goes to.
    #[must_use]
    pub const fn to(&self) -> EnvId {
        self.to
    }

    /// The number of the move.
    #[must_use]
    pub const fn hop(&self) -> u64 {
        self.hop
    }

    /// Its accounts, by number and id.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (AccountId, &str)> {
        self.accounts.iter().map(|account| (account.id, &*account.name))
    }

    /// All that a call or a request may name its accounts by: ids, aliases, DIDs.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().flat_map(|account| {
            let others = account.aliases.iter().chain(&account.dids).map(|name| &**name);
            std::iter::once(&*account.name).chain(others)
        })
    }

    /// The xDRs that travel with it.
    #[must_use]
    pub fn xdrs(&self) -> &[Xdr] {
        &self.xdrs
    }

    /// How many uses are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.sessions.iter().map(|session| session.moved.open()).sum()
    }

    /// How many reports may still come of it where it was.
    #[must_use]
    pub const fn exported_at(&self) -> Instant {
        self.exported_at
    }
}

/// The customer itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CustomerPart {
    pub(crate) id: CustomerId,
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) blocked: bool,
    pub(crate) suspended: bool,
    pub(crate) dialing: Option<DialingRules>,
    pub(crate) purse: Purse,
    pub(crate) limits: Option<CallLimits>,
    pub(crate) warning: Option<Amount>,
    pub(crate) subscription_discount: Option<u16>,
    /// The reseller that it belongs to, by name.
    pub(crate) owner: Option<Arc<str>>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountPart {
    pub(crate) id: AccountId,
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) product: Arc<str>,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) password: Option<Box<str>>,
    pub(crate) blocked: bool,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) first_usage: Option<Instant>,
    pub(crate) last_usage: Option<Instant>,
    pub(crate) wrong_passwords: u8,
    pub(crate) locked_out_until: Option<Instant>,
    pub(crate) purse: Purse,
    pub(crate) limits: Option<CallLimits>,
    /// In order of precedence.
    pub(crate) add_ons: Vec<Arc<str>>,
    /// Its own plans, by name, in order of precedence.
    pub(crate) plans: Vec<String>,
    pub(crate) budget: Option<BudgetSpec>,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) aliases: Vec<Box<str>>,
    pub(crate) dids: Vec<Box<str>>,
    pub(crate) counters: Vec<CounterPart>,
    pub(crate) spent: Option<Spent>,
    pub(crate) commitments: Vec<SignedPart>,
}

/// What was used under one discount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CounterPart {
    pub(crate) plan: String,
    /// Its place among the plan's discounts.
    pub(crate) index: usize,
    pub(crate) counter: Counter,
}

/// A commitment that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedPart {
    pub(crate) commitment: String,
    /// The one whose plan it has meanwhile.
    pub(crate) upgrade: Option<String>,
    pub(crate) signed: crate::commitments::Signed,
}

/// A voucher that was redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VoucherPart {
    pub(crate) id: String,
    pub(crate) redeemed: crate::ocs::Redeemed,
}

/// A session with what was used in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionPart {
    pub(crate) account: AccountId,
    /// Whether it has locked the account.
    pub(crate) locks: bool,
    pub(crate) moved: Moved,
    /// Of each of its usages that is not closed, in their order.
    pub(crate) names: Vec<UsageNames>,
}

/// What numbers of the catalogue in a usage stand for.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct UsageNames {
    pub(crate) node: Option<String>,
    pub(crate) entry: Option<EntryName>,
    pub(crate) tariff: Option<Arc<str>>,
    /// The discounts that see it: their plans, and their places among the discounts of these.
    pub(crate) discounts: Vec<(String, usize)>,
    pub(crate) shares: Vec<ShareNames>,
}

/// A rating entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryName {
    pub(crate) product: Arc<str>,
    pub(crate) access_code: Option<Arc<str>>,
    pub(crate) service: Service,
    pub(crate) leg: Leg,
}

/// What another party is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShareNames {
    pub(crate) payer: PayerName,
    pub(crate) tariff: Option<Arc<str>>,
}

/// Another party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PayerName {
    Reseller(Arc<str>),
    Vendor(Arc<str>),
}

/// A report that came to a system that had exported its customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// Its number among those of the customer in that system, from 1.
    pub number: u64,
    /// When it came.
    pub at: Instant,
    pub(crate) what: LateWhat,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LateWhat {
    Report(Box<UsageReport>),
    Credit(Box<CreditRequest>),
}
