//! What the core is asked to do: requests for access, reports of usage, an administrator's changes.
//!
//! A command is complete in itself: applied again at the same times to the same catalogue, a log of commands gives the
//! same state. Passwords are checked by the gateway (it knows PAP, CHAP and digest), which passes the [`Proof`].

use std::fmt;
use std::sync::Arc;

use tollgate_time::Instant;

use crate::credit::CreditRequest;
use crate::ids::EnvId;
use crate::migration::Migrate;
use crate::money::Amount;
use crate::part::Part;
use crate::parties::charge::ChargeRequest;
use crate::quota::{Hold, Wishes};
use crate::service::{Leg, Service};
use crate::site::SiteCommand;

/// One thing to do.
#[allow(clippy::large_enum_variant, reason = "a report is the usual command, and is not to be allocated for")]
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Command {
    /// Who is this, and may he use the service at all? (a login; no called number)
    Authenticate(AccessRequest),
    /// May this account call this number or use this resource now, and for how long?
    Authorize(AccessRequest),
    /// Something was used: Start, Interim or Stop of one leg.
    Account(UsageReport),
    /// A change made by an administrator.
    Admin(Admin),
    /// Redeem a voucher.
    Recharge(Box<Recharge>),
    /// Credit control of a session or an event.
    Credit(Box<CreditRequest>),
    /// A customer moves from one system to another.
    Migrate(Box<Migrate>),
    /// A node begins or ends its accounting (Accounting-On, Accounting-Off): nothing is in use there any more, in
    /// whichever environment it was.
    NodeRestarted {
        /// The node, by its name in the catalogue.
        node: String,
        /// How many seconds ago.
        delay: u64,
    },
    /// About the sites of the system.
    Site(Box<SiteCommand>),
    /// Do it in another environment than the first.
    In {
        /// Its number.
        env: EnvId,
        /// What to do there.
        command: Box<Self>,
    },
}

impl Command {
    /// The command for an environment; `first` needs no wrapping.
    #[must_use]
    pub fn within(self, env: EnvId, first: EnvId) -> Self {
        if env == first { self } else { Self::In { env, command: Box::new(self) } }
    }
}

/// What holds the requests of one session together: `h323-conf-id`, or what the gateway takes for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SessionKey(Arc<str>);

impl SessionKey {
    /// The key of that text.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SessionKey {
    fn default() -> Self {
        Self::new("")
    }
}

impl From<&str> for SessionKey {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for SessionKey {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A request for authentication or authorization.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct AccessRequest {
    /// The node that asks, by its name in the catalogue; its dialling rules hold where the customer has none.
    pub node: Option<String>,
    /// The call, or the login before it.
    pub session: SessionKey,
    /// The session that this call belongs to, where that has a key of its own (`h323-incoming-conf-id`).
    pub parent: Option<SessionKey>,
    /// The account's id.
    pub account: String,
    /// What the gateway made of the password.
    pub proof: Proof,
    /// The caller's number.
    pub cli: Option<String>,
    /// The called number as dialled, or what else names the resource. Authorize needs it for voice calls.
    pub cld: Option<String>,
    /// The access code; without it, the one that the session's login named.
    pub access_code: Option<String>,
    /// What is to be used.
    pub service: Service,
    /// What to do with the account's lock.
    pub lock: Lock,
    /// What of it the session's other requests may use.
    pub reuse: Reuse,
    /// What it asks for beside access.
    pub wishes: Wishes,
    /// What it says of the call itself.
    pub call: CallWishes,
}

/// What of a request the other requests and reports of its session may use (`PortaBilling_RestoreCacheLevel`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Reuse {
    /// −1: nothing. A report that names no account is nobody's.
    Nothing,
    /// 0: the account, for reports that name none; not the access code.
    Account,
    /// 1: the account, and the access code for those that name none.
    #[default]
    Both,
}

/// What a request says of the call itself.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct CallWishes {
    /// The called number is to be looked for among the local accounts and numbers first (`local-lookup` of PortaOne-Service-Features).
    pub local_lookup: bool,
    /// What rings at the called number is to be picked up (`call-pickup` of PortaOne-Service-Action).
    pub pickup: bool,
    /// The caller chose the routing plan of this code (`PortaBilling_SelectCode`).
    pub select_code: Option<String>,
    /// It is in use already: the request brings what was used so far.
    pub continues: bool,
    /// Its own identifier within the session (`call-id`).
    pub call_id: Option<String>,
    /// It is about what comes in for the account, not about what the account does (`PortaOne-Leg-Type` 1).
    pub incoming: bool,
    /// A telephone only says where it is to be called (`PortaBilling_AuthMethod` REGISTER).
    pub registers: bool,
    /// The address that the call comes from (`h323-remote-address`).
    pub remote_address: Option<String>,
}

/// A request to pay a voucher in to an account.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Recharge {
    /// Who asks, as for a login; its called number does not matter.
    pub access: AccessRequest,
    /// The voucher's number.
    pub voucher: String,
}

/// What the gateway made of the password that came with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Proof {
    /// It is the account's.
    Valid,
    /// It is not, or the account is unknown.
    Invalid,
    /// There was none: good for an account without a password.
    #[default]
    Absent,
    /// A node that may do so asked not to look (`PortaBilling_Ignore_Password`).
    Ignored,
}

/// What a request does to the account's lock, which keeps other sessions from logging in (`PortaBilling_Session`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Lock {
    /// As the request's kind does by itself: a login locks a debit account, the end of the incoming leg unlocks it.
    #[default]
    Default,
    /// Lock the account for this session; any other session loses its lock.
    Lock,
    /// Check the lock, do not set it, and give up this session's own.
    NoLock,
    /// Do not lock, and remove any lock.
    Unlock,
    /// Neither check nor set nor remove.
    Ignore,
}

/// The stage that a report of usage speaks of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Stage {
    /// It begins.
    Start,
    /// It goes on; the figures are cumulative.
    Interim,
    /// It has ended; the figures are cumulative.
    #[default]
    Stop,
}

/// A report of the usage of one leg.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct UsageReport {
    /// The node that reports.
    pub node: Option<String>,
    /// The call.
    pub session: SessionKey,
    /// The session that the call belongs to, where that has a key of its own.
    pub parent: Option<SessionKey>,
    /// The account's id.
    pub account: String,
    /// Start, Interim or Stop.
    pub stage: Stage,
    /// Which side of the call.
    pub leg: Leg,
    /// What is used.
    pub service: Service,
    /// The caller's number.
    pub cli: Option<String>,
    /// The called number.
    pub cld: Option<String>,
    /// The access code, where the report names it.
    pub access_code: Option<String>,
    /// The code of the routing plan, where the report names it.
    pub select_code: Option<String>,
    /// When the call was set up.
    pub setup_at: Option<Instant>,
    /// When the other side rang (`alert-timepoint`).
    pub alerted_at: Option<Instant>,
    /// When it was answered.
    pub connected_at: Option<Instant>,
    /// When it ended.
    pub disconnected_at: Option<Instant>,
    /// Seconds used (`Acct-Session-Time`); it counts before the difference of the times.
    pub duration: Option<u64>,
    /// Octets received from the user, gigawords included.
    pub octets_in: Option<u64>,
    /// Octets sent to the user, gigawords included.
    pub octets_out: Option<u64>,
    /// Pieces used, for services counted in pieces.
    pub quantity: Option<u64>,
    /// Q.850 cause (`h323-disconnect-cause`; 16 is the normal end).
    pub disconnect_cause: Option<u8>,
    /// Speech quality as the node reports it.
    pub voice_quality: Option<u32>,
    /// The remote side's address.
    pub remote_address: Option<String>,
    /// The address assigned to the user.
    pub subscriber_ip: Option<String>,
    /// What to do with the account's lock.
    pub lock: Lock,
    /// Whether the call that this leg was made for came about, of a callback's first leg.
    pub callback: Option<Callback>,
    /// The call's own identifier within the session (`call-id`).
    pub call_id: Option<String>,
    /// The part of the session that it speaks of, where the session is reported in parts.
    pub part: Option<Part>,
    /// How long the lock and what is reserved are to be held.
    pub hold: Option<Hold>,
    /// The route that the node took to the other side, where it says so.
    pub route: Option<String>,
    /// How it is to be charged, where it says so.
    pub charge: Option<Box<ChargeRequest>>,
    /// Seconds that the report waited at the node before it was sent (`Acct-Delay-Time`).
    pub delay: u64,
}

/// How far a callback has come, as the report of its first leg tells (`PortaBilling_CallbackHistory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Callback {
    /// The second leg was connected: the first one costs what its access code does.
    Connected,
    /// It was not, so far: the first leg costs what the access code `CALLBACK_FAIL` does.
    Unconnected,
}

/// A change made by an administrator. Accounts and customers are named by their ids in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Admin {
    /// Money paid in: a debit account's balance rises, a credit account's falls and so does its customer's.
    TopUp {
        /// The account.
        account: String,
        /// More than nothing.
        amount: Amount,
    },
    /// A correction: a positive amount is in the subscriber's favour, a negative one is not.
    Adjust {
        /// The account.
        account: String,
        /// How much.
        amount: Amount,
    },
    /// Money paid by a customer: its balance, which is money owed, falls.
    PayCustomer {
        /// The customer.
        customer: String,
        /// More than nothing.
        amount: Amount,
    },
    /// Blocks an account.
    Block {
        /// The account.
        account: String,
    },
    /// Unblocks an account.
    Unblock {
        /// The account.
        account: String,
    },
    /// Suspends a customer and all its accounts, or ends that.
    SuspendCustomer {
        /// The customer.
        customer: String,
        /// Whether it is suspended.
        suspended: bool,
    },
    /// Gives the account another product.
    SetProduct {
        /// The account.
        account: String,
        /// The product's name.
        product: String,
    },
    /// Gives back what was charged: as a payment, with a record of its own.
    Refund {
        /// The account.
        account: String,
        /// More than nothing.
        amount: Amount,
    },
    /// Changes a commitment of an account.
    Commitment {
        /// The account.
        account: String,
        /// The commitment's name.
        commitment: String,
        /// What is done.
        change: crate::commitments::CommitmentChange,
    },
    /// Adds to the service wallet of an account's plan; it is used after the quota.
    FillWallet {
        /// The account.
        account: String,
        /// The plan's name.
        plan: String,
        /// How many units of the plan's service.
        units: u64,
    },
    /// Moves the expiration date.
    SetExpiry {
        /// The account.
        account: String,
        /// From when on the account is expired; `None` for never.
        expires_at: Option<Instant>,
    },
    /// Changes the service password, or removes it.
    SetPassword {
        /// The account.
        account: String,
        /// The new one.
        password: Option<String>,
    },
    /// Sets a credit account's own limit, or removes it.
    SetCreditLimit {
        /// The account.
        account: String,
        /// The new one.
        limit: Option<Amount>,
    },
    /// Ends what is known of a session: what was reported is charged, the rest returned, the lock removed.
    CloseSession {
        /// The account.
        account: String,
        /// The session.
        session: SessionKey,
    },
    /// Ends an account for good: what is open is closed, nothing is served any more, and its id is free for another.
    Terminate {
        /// The account.
        account: String,
    },
    /// Gives an account another id, such as a number that was ported in.
    Rename {
        /// The account.
        account: String,
        /// Its new id.
        to: String,
    },
    /// A correction of a customer's own balance: a positive amount is in its favour, a negative one is not.
    AdjustCustomer {
        /// The customer.
        customer: String,
        /// How much.
        amount: Amount,
    },
}
