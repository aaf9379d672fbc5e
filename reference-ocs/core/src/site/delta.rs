//! The delta of a period alone: what was spent, what is in progress, and the records with the money that they moved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use crate::command::SessionKey;
use crate::credit::CreditState;
use crate::ids::{AccountId, EnvId, UsageId};
use crate::money::{Amount, Currency};
use crate::parties::Payer;
use crate::sessions::{Billed, Usage};
use crate::xdr::Xdr;

/// One time in which a site stood alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeriodId {
    /// The site's number.
    pub site: u8,
    /// Its periods are counted from 1.
    pub number: u16,
}

impl fmt::Display for PeriodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.site, self.number)
    }
}

/// What a period alone hands over: first the lock, then its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    pub(crate) lock: Lock,
    pub(crate) records: Vec<Record>,
}

impl Delta {
    /// Whose it is.
    #[must_use]
    pub const fn period(&self) -> PeriodId {
        self.lock.period
    }

    /// What the primary is to reserve.
    #[must_use]
    pub const fn lock(&self) -> &Lock {
        &self.lock
    }

    /// How many records it has.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.len() as u64
    }

    /// A record by its number, from 0, ready to be handed over.
    #[must_use]
    pub fn transfer(&self, sequence: u64) -> Option<Transfer> {
        let record = self.records.get(usize::try_from(sequence).ok()?)?.clone();
        Some(Transfer { period: self.lock.period, sequence, record })
    }
}

/// What accounts have spent in a period alone, to be reserved at the primary, with what is in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    pub(crate) period: PeriodId,
    /// How many records follow.
    pub(crate) records: u64,
    pub(crate) environments: Vec<EnvLock>,
}

impl Lock {
    /// Whose it is.
    #[must_use]
    pub const fn period(&self) -> PeriodId {
        self.period
    }
}

/// The same in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EnvLock {
    pub(crate) env: EnvId,
    /// The number of the last usage that both sites know from before the period.
    pub(crate) usages_shared: u64,
    /// What accounts have spent beside calls in progress, above zero.
    pub(crate) sums: Vec<(AccountId, Amount)>,
    /// Calls in progress that the site has heard of or begun.
    pub(crate) live: Vec<Handover>,
    /// Calls that have a record, as they are now: the primary knows from the lock on that they have ended.
    pub(crate) ended: Vec<Ended>,
    /// What was used of plans, and claimed by calls in progress.
    pub(crate) counted: Vec<Counted>,
    /// What was spent of budgets: account, period, amount.
    pub(crate) spent: Vec<(AccountId, i64, Amount)>,
    /// Sessions of credit control that asked something.
    pub(crate) credits: Vec<SessionCredit>,
}

/// What was used under a discount in a period alone, by step; what is claimed may have become less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) account: AccountId,
    pub(crate) place: usize,
    /// The counter's.
    pub(crate) period: i64,
    pub(crate) used: Vec<i64>,
    pub(crate) held: Vec<i64>,
}

/// A session in progress with its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handover {
    pub(crate) key: SessionKey,
    pub(crate) account_name: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) access_code: Option<Arc<str>>,
    pub(crate) trusted: bool,
    pub(crate) credit: Option<Box<CreditState>>,
    pub(crate) lock_until: Option<Instant>,
    pub(crate) calls: Vec<(Usage, Option<Before>)>,
}

/// A call that has a record and is not in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) root: SessionKey,
    pub(crate) account_name: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) usage: Usage,
    /// Both sites know it from before.
    pub(crate) is_shared: bool,
    /// It was not given up.
    pub(crate) closes: bool,
}

/// What a call of a period is at the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Known {
    /// New: its records move what they say.
    New,
    /// It goes on here, with what was charged for it: its earlier records move nothing.
    Adopted,
    /// The usage of that number, which was open here.
    Same(UsageId),
    /// Its end was told to the primary too.
    Ended,
    /// It was known, and is forgotten.
    Forgotten,
}

/// What both sites know of a usage from before the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) used: u64,
    pub(crate) charged: Amount,
    pub(crate) billed: Billed,
    pub(crate) heard_at: Instant,
    /// By payer: what was charged, and what records carry of it.
    pub(crate) shares: Vec<(Payer, Amount, Amount)>,
}

/// What was made at one time: the records of one usage, or one record of money that moved without usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) env: EnvId,
    pub(crate) xdrs: Vec<Arc<Xdr>>,
    pub(crate) call: Option<Box<Call>>,
    pub(crate) part: Part,
}

/// What beside its money a record stands for.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Part {
    /// Nothing.
    #[default]
    Plain,
    /// A voucher was used, by the session of that key.
    Voucher { id: String, account: AccountId, session: SessionKey, at: Instant },
    /// An event of credit control was charged or given back, by the request of that number.
    Event { key: SessionKey, account_name: String, number: u32 },
}

/// The state of credit control of a session, with the numbers of the requests that it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionCredit {
    pub(crate) key: SessionKey,
    pub(crate) account_name: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) state: Box<CreditState>,
    pub(crate) numbers: Vec<u32>,
}

/// The usage of a record, as it was when that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) root: SessionKey,
    pub(crate) account_name: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) usage: Usage,
    pub(crate) before: Option<Before>,
    /// It has ended, and was not given up.
    pub(crate) closes: bool,
}

/// One record of a period alone, for the primary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub(crate) period: PeriodId,
    pub(crate) sequence: u64,
    pub(crate) record: Record,
}

impl Transfer {
    /// Whose it is.
    #[must_use]
    pub const fn period(&self) -> PeriodId {
        self.period
    }

    /// Its number in the period, from 0.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// What the primary has of a period.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Received {
    /// How many records there are.
    pub(crate) records: u64,
    /// The number of the next one.
    pub(crate) next: u64,
    /// What is left of the lock.
    pub(crate) locked: BTreeMap<(EnvId, AccountId), Amount>,
    /// What its calls are here, by the numbers that the site gave them.
    pub(crate) calls: BTreeMap<(EnvId, UsageId), Known>,
    /// Requests of credit control that the primary had taken too.
    pub(crate) twice: BTreeSet<(EnvId, SessionKey, String, u32)>,
    /// xDRs that were taken over.
    pub(crate) moved: u64,
    /// xDRs that were known.
    pub(crate) known: u64,
    pub(crate) sums: BTreeMap<Currency, Amount>,
}

impl Received {
    pub(crate) const fn is_complete(&self) -> bool {
        self.next >= self.records
    }
}

/// What was locked at the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// For which period.
    pub period: PeriodId,
    /// How many records follow.
    pub records: u64,
    /// Calls in progress that go on at the primary.
    pub calls: u64,
    /// How much, by currency.
    pub sums: Vec<(Currency, Amount)>,
}

/// How far a transfer has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Of which period.
    pub period: PeriodId,
    /// The number of the next record.
    pub next: u64,
    /// Whether that was the last one.
    pub complete: bool,
    /// xDRs taken over so far.
    pub moved: u64,
    /// xDRs that the primary knew.
    pub known: u64,
    /// Their charges so far, by currency.
    pub sums: Vec<(Currency, Amount)>,
}
