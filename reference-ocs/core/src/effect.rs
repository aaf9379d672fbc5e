//! What a command brought about: the answer, xDRs, changes of balances, events.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_time::Instant;

use crate::catalogue::BillingModel;
use crate::command::SessionKey;
use crate::credit::CreditAnswer;
use crate::denial::Denial;
use crate::event::{Event, Subject};
use crate::ids::{CustomerId, EnvId, UsageId};
use crate::migration::{Migrated, MigrationRefusal};
use crate::money::{Amount, Currency};
use crate::parties::charge::ChargeReport;
use crate::quota::QuotaGrant;
use crate::site::{Release, SiteFact};
use crate::xdr::Xdr;

/// One consequence of a command. The answer comes last, after all that it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The answer to the command; exactly one for each.
    Answer(Answer),
    /// Something was charged, or an attempt failed.
    Xdr(Arc<Xdr>),
    /// A record that another system made came with its customer.
    XdrMoved(Arc<Xdr>),
    /// A balance is another than before.
    Balance(BalanceChange),
    /// Something happened that other systems may want to hear of.
    Event(Event),
    /// A session was closed by something other than its Stop.
    Closed(Closed),
    /// Something about the sites of the system.
    Site(SiteFact),
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Access is given.
    Accepted(Box<Accepted>),
    /// A voucher was paid in.
    Recharged(Box<Recharged>),
    /// Access is denied.
    Denied(Box<Denied>),
    /// The report is taken, or the change made.
    Recorded,
    /// The report is taken, and this is what was charged or would have been.
    Charged(Box<ChargeReport>),
    /// What came of a request for credit control.
    Credit(Box<CreditAnswer>),
    /// What came of a customer's move.
    Migrated(Box<Migrated>),
    /// An administrator's change could not be made.
    Refused(Refusal),
}

/// Why an administrator's change could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A site that stands alone changes no configuration and creates nothing (ARCH, stand-alone mode restrictions).
    #[error(
        "this site stands alone: the web interface is closed, and nothing may be changed that could contradict the \
         primary site; make the change at the primary, or here once the sites are one again"
    )]
    StandsAlone,
    /// A stand-by site follows the primary.
    #[error("this site is {0} and serves nobody; turn to the primary site")]
    NotServing(&'static str),
    /// An order that makes no sense for the site as it is.
    #[error("{0}")]
    NoSuchTurn(&'static str),
    /// The release of the site does not know this.
    #[error("{what} are not known before {since}, and this site runs {runs}")]
    UnknownToRelease {
        /// What.
        what: &'static str,
        /// Since which release it is known.
        since: Release,
        /// The site's release.
        runs: Release,
    },
    /// No such environment.
    #[error("there is no environment {0}")]
    UnknownEnvironment(EnvId),
    /// No such account.
    #[error("there is no account '{0}'")]
    UnknownAccount(String),
    /// No such customer.
    #[error("there is no customer '{0}'")]
    UnknownCustomer(String),
    /// No such product.
    #[error("there is no product '{0}'")]
    UnknownProduct(String),
    /// The account has no such plan, or nothing of it can be filled up.
    #[error("the account has no discount plan '{0}' with a quota")]
    UnknownPlan(String),
    /// There is no such commitment, or the account has not signed it.
    #[error("the account has no commitment '{0}', or there is none of that name")]
    UnknownCommitment(String),
    /// The account has the commitment already, or cannot have it.
    #[error("account '{account}' cannot take the commitment '{name}': it has it, or is in another currency")]
    Commitment {
        /// The commitment.
        name: String,
        /// The account.
        account: String,
    },
    /// A pause that lies in the past, ends before it begins, or meets another one.
    #[error("the pause of '{0}' begins before today, ends before it begins, or meets another one")]
    Pause(String),
    /// An upgrade that is over before it begins.
    #[error("the upgrade of '{0}' ends before today")]
    UpgradeEnded(String),
    /// The product is in another currency than the account.
    #[error("product '{product}' is in {theirs}, account '{account}' in {ours}; choose a product in {ours}")]
    OtherCurrency {
        /// The product.
        product: String,
        /// Its currency.
        theirs: Currency,
        /// The account.
        account: String,
        /// Its currency.
        ours: Currency,
    },
    /// A payment of nothing or less.
    #[error("{0} is not an amount that can be paid in; it must be above zero")]
    NotPositive(Amount),
    /// A correction would take money from a debit account that it does not have, or that sessions have reserved.
    #[error("account '{account}' would be left with {left} beside reservations; it is not taken below zero")]
    BelowZero {
        /// The account.
        account: String,
        /// What would be left, reservations taken off.
        left: Amount,
    },
    /// A credit limit below zero.
    #[error("{0} is not a credit limit; it must not be below zero")]
    NegativeLimit(Amount),
    /// The balance would be larger than an amount can be.
    #[error("the balance of '{0}' would be larger than can be held")]
    TooLarge(String),
    /// A credit limit for a debit account.
    #[error("account '{0}' is a debit account: it has no credit limit")]
    NoCreditAccount(String),
    /// The customer was exported: nothing of it is changed here.
    #[error("customer {0} is exported: change it in the system that it was exported to")]
    Exported(CustomerId),
    /// A customer does not move.
    #[error(transparent)]
    Migration(#[from] MigrationRefusal),
    /// Another account has that id.
    #[error("there is an account or an alias '{0}' already")]
    Taken(String),
    /// No such open session.
    #[error("account '{account}' has no session '{session}'")]
    UnknownSession {
        /// The account.
        account: String,
        /// The session.
        session: SessionKey,
    },
}

/// Access is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What is known of the account, its product and its tariff.
    pub context: Context,
    /// The balance: money left of a debit account, money owed of a credit account.
    pub balance: Amount,
    /// What the account may spend, reservations not considered; `None` without any limit.
    pub funds: Option<Amount>,
    /// The product's breakage.
    pub breakage: Amount,
    /// What a credit account is told of its customer; `None` for a debit account.
    pub customer: Option<CustomerMoney>,
    /// How much of the service; a login grants nothing.
    pub grant: Option<Grant>,
    /// The called number as charged (E.164).
    pub cld: Option<String>,
    /// The quota, where one was asked for.
    pub quota: Option<QuotaGrant>,
    /// 0, 13 without any limit, or where the call goes.
    pub return_code: ReturnCode,
    /// Whom of the own network the called number reaches, where that was asked for.
    pub called: Option<Called>,
}

/// Whom a called number of the own network reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// This account, which is charged for what comes in.
    Account(Arc<str>),
    /// An account that has moved to another system (ARCH, inter-system calling).
    System(EnvId),
}

impl Called {
    /// What stands in tariffs and routes for all numbers of a system: ARCH has special rate codes derived from the unique
    /// ids of billing environments, and does not say how they are spelt.
    #[must_use]
    pub fn rate_code(env: EnvId) -> String {
        format!("ENV{}", env.number())
    }
}

/// A voucher was paid in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recharged {
    /// The account after it.
    pub accepted: Accepted,
    /// What was paid in.
    pub amount: Amount,
}

/// What is told of the customer that pays for a credit account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerMoney {
    /// Money owed.
    pub balance: Amount,
    /// How much may be owed, where there is a limit.
    pub credit_limit: Option<Amount>,
    /// From how much money owed on it is warned.
    pub warning: Option<Amount>,
}

impl CustomerMoney {
    /// Whether so much is owed that it is warned.
    #[must_use]
    pub fn is_warned(&self) -> bool {
        self.warning.is_some_and(|warning| self.balance >= warning)
    }
}

/// What an answer tells of the account, whether access is given or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The account's id.
    pub account: Arc<str>,
    /// Debit or credit.
    pub billing_model: BillingModel,
    /// The account's currency.
    pub currency: Currency,
    /// The language of announcements.
    pub language: Arc<str>,
    /// The product's name.
    pub product: Arc<str>,
    /// The tariff's name, where a rating entry was found.
    pub tariff: Option<Arc<str>>,
    /// The access code that the rating entry was found by, or that was asked for.
    pub access_code: Option<Arc<str>>,
    /// The routing plan by which a call goes, where its product has some.
    pub routing_plan: Option<Arc<str>>,
}

/// How much is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Grant {
    /// No limit at all.
    Unlimited,
    /// So many seconds, octets or pieces from what was last reported on.
    Units(u64),
}

/// The code of a good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnCode {
    /// 0: within a limit.
    Success,
    /// 13: without any limit.
    TollFree,
    /// 50: the node that asks reaches the number by its own telephone lines.
    Hairpin,
    /// 51: the called account's calls are delivered to this number.
    Redirect(Arc<str>),
    /// 52: the login is not accepted, and customer service at this number knows more.
    CustomerService(Arc<str>),
    /// 53: the called account's calls are delivered to the redirect server at this address.
    RedirectServer(IpAddr),
}

/// Access is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub denial: Denial,
    /// What is known of the account; `None` for an unknown one, or before its password was accepted.
    pub context: Option<Context>,
}

/// A balance is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// In which environment.
    pub env: EnvId,
    /// Whose.
    pub subject: Subject,
    /// Before.
    pub before: Amount,
    /// After.
    pub after: Amount,
    /// In this currency.
    pub currency: Currency,
    /// What changed it.
    pub why: Why,
}

/// What changed a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Usage was charged.
    Charge,
    /// Money was paid in.
    TopUp,
    /// It was corrected.
    Adjustment,
    /// A charge was given back.
    Refund,
    /// A fee or a penalty was charged.
    Fee,
}

/// A session, or the grant in it, was closed by something other than its Stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// In which environment.
    pub env: EnvId,
    /// The account's id.
    pub account: Arc<str>,
    /// The session.
    pub session: SessionKey,
    /// The usage that was open, where it was not just a lock.
    pub usage: Option<UsageId>,
    /// When.
    pub at: Instant,
    /// By what.
    pub by: ClosedBy,
    /// What was reserved and returned.
    pub returned: Amount,
}

/// What closed a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// A grant was never used, or its Stop never came.
    GrantExpired,
    /// A login's lock was not removed in time.
    LockExpired,
    /// An administrator.
    Administrator,
    /// Its node has restarted.
    NodeRestarted,
}
