//! What can be seen of accounts, customers and sessions from outside.

use tollgate_time::Instant;

use super::Ocs;
use crate::catalogue::BillingModel;
use crate::command::SessionKey;
use crate::effect::Grant;
use crate::ids::{AccountId, CustomerId, EnvId, UsageId};
use crate::ledger::{Account, Customer, Presence};
use crate::money::{Amount, Currency};
use crate::service::{Leg, Service};
use crate::sessions::{Progress, Session, Usage};

/// What is known of an account.
#[derive(Clone, Copy, Debug)]
pub struct AccountView<'a> {
    ocs: &'a Ocs,
    id: AccountId,
    account: &'a Account,
}

impl<'a> AccountView<'a> {
    pub(super) fn new(ocs: &'a Ocs, id: AccountId) -> Self {
        Self { ocs, id, account: ocs.ledger.account(id) }
    }

    /// The environment that it is in.
    #[must_use]
    pub fn env(&self) -> EnvId {
        self.ocs.env()
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> AccountId {
        self.id
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        &self.account.name
    }

    /// Debit or credit.
    #[must_use]
    pub const fn billing_model(&self) -> BillingModel {
        self.account.purse.model()
    }

    /// Its currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.account.currency
    }

    /// Money left of a debit account, money owed of a credit account.
    #[must_use]
    pub const fn balance(&self) -> Amount {
        self.account.purse.balance()
    }

    /// What its grants have reserved.
    #[must_use]
    pub const fn reserved(&self) -> Amount {
        self.account.purse.reserved()
    }

    /// Its own credit limit.
    #[must_use]
    pub const fn credit_limit(&self) -> Option<Amount> {
        self.account.purse.limit()
    }

    /// What it may spend, reservations not considered; `None` without any limit.
    #[must_use]
    pub fn funds(&self) -> Option<Amount> {
        self.ocs.ledger.funds(self.id)
    }

    /// Funds less reservations; `None` without any limit.
    #[must_use]
    pub fn available(&self) -> Option<Amount> {
        self.ocs.ledger.available(self.id)
    }

    /// Whether it is blocked.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.account.blocked
    }

    /// From when on it is expired.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Instant> {
        self.account.expires_at
    }

    /// The name of its product.
    #[must_use]
    pub fn product(&self) -> &'a str {
        self.ocs.catalogue.product(self.account.product).map_or("", |product| &product.name)
    }

    /// The number of its customer.
    #[must_use]
    pub const fn customer_number(&self) -> CustomerId {
        self.account.customer
    }

    /// Whether it was terminated.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.account.presence == Presence::Terminated
    }

    /// All that it is called by: its id, aliases, DID numbers.
    #[must_use]
    pub fn names(&self) -> Vec<&'a str> {
        let aliases = self.ocs.catalogue.parties.aliases_of(self.id);
        let dids = self.ocs.catalogue.numbers.dids.iter().filter(|(_, own)| **own == Some(self.id));
        std::iter::once(&*self.account.name).chain(aliases).chain(dids.map(|(number, _)| &**number)).collect()
    }

    /// The name of its customer.
    #[must_use]
    pub fn customer(&self) -> &'a str {
        &self.ocs.ledger.customer(self.account.customer).name
    }

    /// When something was used for the first time.
    #[must_use]
    pub const fn first_usage(&self) -> Option<Instant> {
        self.account.first_usage
    }

    /// When something was used for the last time.
    #[must_use]
    pub const fn last_usage(&self) -> Option<Instant> {
        self.account.last_usage
    }

    /// The session that has locked it.
    #[must_use]
    pub fn locked_by(&self) -> Option<&'a SessionKey> {
        self.account.locked_by.map(|at| &self.ocs.sessions.session(at).key)
    }

    /// Until when no password is looked at.
    #[must_use]
    pub const fn locked_out_until(&self) -> Option<Instant> {
        self.account.locked_out_until
    }
}

/// What is known of a customer.
#[derive(Clone, Copy, Debug)]
pub struct CustomerView<'a> {
    id: CustomerId,
    customer: &'a Customer,
}

impl<'a> CustomerView<'a> {
    pub(super) fn new(ocs: &'a Ocs, id: CustomerId) -> Self {
        Self { id, customer: ocs.ledger.customer(id) }
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> CustomerId {
        self.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        &self.customer.name
    }

    /// The currency of its money.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.customer.currency
    }

    /// Money owed.
    #[must_use]
    pub const fn balance(&self) -> Amount {
        self.customer.purse.balance()
    }

    /// What grants of its credit accounts have reserved.
    #[must_use]
    pub const fn reserved(&self) -> Amount {
        self.customer.purse.reserved()
    }

    /// How much may be owed.
    #[must_use]
    pub const fn credit_limit(&self) -> Option<Amount> {
        self.customer.purse.limit()
    }

    /// Whether it was exported to another system.
    #[must_use]
    pub fn is_exported(&self) -> bool {
        self.customer.presence == Presence::Exported
    }

    /// Whether it is suspended.
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.customer.suspended
    }
}

/// How far an open usage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageState {
    /// Granted, and nothing heard of since.
    Granted,
    /// In use.
    Active,
}

/// What is granted or in use now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageView<'a> {
    /// Its number.
    pub id: UsageId,
    /// The account's id.
    pub account: &'a str,
    /// The call.
    pub session: &'a SessionKey,
    /// The call's own identifier, once a report has named it.
    pub call_id: Option<&'a str>,
    /// Which side of the call.
    pub leg: Leg,
    /// What is used.
    pub service: Service,
    /// The number that is charged.
    pub cld: Option<&'a str>,
    /// How far it has come.
    pub state: UsageState,
    /// What is granted, counted from its beginning; `None` without a grant.
    pub granted: Option<Grant>,
    /// What was reported so far.
    pub used: u64,
    /// What is reserved for the rest.
    pub reserved: Amount,
    /// What was charged so far.
    pub charged: Amount,
    /// When it was connected.
    pub connected_at: Option<Instant>,
}

impl<'a> UsageView<'a> {
    pub(super) fn new(session: &'a Session, usage: &'a Usage) -> Self {
        let granted = usage.progress == Progress::Granted;
        Self {
            id: usage.id,
            account: &session.account_name,
            session: &usage.key,
            call_id: usage.call_id.as_deref(),
            leg: usage.leg,
            service: usage.service,
            cld: usage.cld.as_deref(),
            state: if granted { UsageState::Granted } else { UsageState::Active },
            granted: usage.grant,
            used: usage.used,
            reserved: usage.reserved,
            charged: usage.charged,
            connected_at: usage.connected_at,
        }
    }
}
