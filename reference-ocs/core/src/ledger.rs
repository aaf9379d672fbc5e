//! The ledger: balances, limits and reservations of accounts and customers.
//!
//! - A debit account's balance is money left: charges lower it, and 0 is its floor. Its funds are its balance.
//! - A credit account's balance is money owed: charges raise it and its customer's balance by the same amount. Its funds
//!   are what its own limit or its customer's leaves, whichever is less; without any limit there is no end to them.
//! - Available are funds less reservations. A grant reserves its price, so that several sessions share what there is.
//! - A charge is taken even beyond the floor or limit, because the service was used; the xDR says so. That is so for use
//!   that no grant stands for (without one, beyond it, after it has expired), for the fees of commitments, and for what an
//!   import orders. What is granted is paid for, and a correction takes no reserved money: so by use a debit account goes
//!   below zero by no more than what use without a grant has cost.
//! - After every change: opening + paid in − charged = balance (the signs turned for money owed), and no reservation is
//!   below zero. Anything else is a fault of this program and stops it.

mod purse;
mod rows;

use std::sync::Arc;

use tollgate_time::Instant;

pub(crate) use purse::Purse;
pub(crate) use rows::{Row, Rows};

use crate::catalogue::{AccountSpec, BillingModel, CustomerSpec};
use crate::dialing::DialingRules;
use crate::ids::{AccountId, CustomerId, Numbering, ProductId};
use crate::money::{Amount, Currency};
use crate::names::NameTable;

/// An account and what became of it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) presence: Presence,
    pub(crate) name: Arc<str>,
    pub(crate) product: ProductId,
    pub(crate) customer: CustomerId,
    pub(crate) currency: Currency,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) password: Option<Box<str>>,
    pub(crate) blocked: bool,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) first_usage: Option<Instant>,
    pub(crate) last_usage: Option<Instant>,
    /// Wrong passwords in a row.
    pub(crate) wrong_passwords: u8,
    pub(crate) locked_out_until: Option<Instant>,
    /// Where the session stands that has locked the account.
    pub(crate) locked_by: Option<u32>,
    pub(crate) purse: Purse,
}

/// A customer and what became of it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: CustomerId,
    pub(crate) presence: Presence,
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) blocked: bool,
    pub(crate) suspended: bool,
    pub(crate) dialing: Option<DialingRules>,
    pub(crate) purse: Purse,
}

/// Accounts and customers, by number and by name.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    accounts: Rows<Account>,
    customers: Rows<Customer>,
}

/// Whether an account or a customer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) enum Presence {
    /// It is.
    #[default]
    Here,
    /// Of a customer: it was given to another system. Its records stay; nothing is used here, and no money moves.
    Exported,
    /// Of an account: it was ended. Its records stay, its id is free again.
    Terminated,
    /// Its records were removed once it was in another system; only its number is known.
    Removed,
}

impl Row for Account {
    fn number(&self) -> u32 {
        self.id.number()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_named(&self) -> bool {
        self.presence == Presence::Here
    }
}

impl Row for Customer {
    fn number(&self) -> u32 {
        self.id.number()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_named(&self) -> bool {
        self.presence != Presence::Removed
    }
}

/// Funds and balance of one party, before and after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) balance: (Amount, Amount),
    /// `None` without a limit.
    pub(crate) funds: Option<(Amount, Amount)>,
}

/// What a change moved: the account's balance, and its customer's where that goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) account: Change,
    pub(crate) customer: Option<Change>,
}

impl Ledger {
    pub(crate) fn new(
        accounts: Vec<AccountSpec>,
        account_names: NameTable,
        customers: Vec<CustomerSpec>,
        customer_names: NameTable,
        numbering: Numbering,
    ) -> Self {
        // There are no more of them than there are numbers: the catalogue has counted.
        let account = |(place, spec): (usize, AccountSpec)| Account {
            id: numbering.account(place).unwrap_or(AccountId::from_number(0)),
            presence: Presence::Here,
            name: spec.id.into(),
            product: spec.product,
            customer: spec.customer,
            currency: spec.currency,
            language: spec.language.map(Into::into),
            password: spec.password.map(Into::into),
            blocked: spec.blocked,
            expires_at: spec.expires_at,
            first_usage: None,
            last_usage: None,
            wrong_passwords: 0,
            locked_out_until: None,
            locked_by: None,
            purse: Purse::new(spec.billing_model, spec.balance, spec.credit_limit),
        };
        let customer = |(place, spec): (usize, CustomerSpec)| Customer {
            id: numbering.customer(place).unwrap_or(CustomerId::from_number(0)),
            presence: Presence::Here,
            name: spec.name.into(),
            currency: spec.currency,
            blocked: spec.blocked,
            suspended: spec.suspended,
            dialing: spec.dialing,
            purse: Purse::new(BillingModel::Credit, spec.balance, spec.credit_limit),
        };
        let accounts = accounts.into_iter().enumerate().map(account).collect();
        let customers = customers.into_iter().enumerate().map(customer).collect();
        Self {
            accounts: Rows::new(accounts, account_names, numbering),
            customers: Rows::new(customers, customer_names, numbering),
        }
    }

    /// A ledger that goes on from what was stored.
    pub(crate) fn restored(accounts: Vec<Account>, customers: Vec<Customer>, numbering: Numbering) -> Self {
        Self {
            accounts: Rows::restored(accounts, numbering),
            customers: Rows::restored(customers, numbering),
        }
    }

    pub(crate) fn account_id(&self, name: &str) -> Option<AccountId> {
        self.accounts.find(name).map(AccountId::from_number)
    }

    pub(crate) fn customer_id(&self, name: &str) -> Option<CustomerId> {
        self.customers.find(name).map(CustomerId::from_number)
    }

    /// The accounts, to be entered and renamed.
    pub(crate) const fn account_rows(&mut self) -> &mut Rows<Account> {
        &mut self.accounts
    }

    /// The customers, to be entered and renamed.
    pub(crate) const fn customer_rows(&mut self) -> &mut Rows<Customer> {
        &mut self.customers
    }

    /// What is known of an account's number, whether it is here or was.
    pub(crate) fn known_account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.number())
    }

    /// What is known of a customer's number, whether it is here or was.
    pub(crate) fn known_customer(&self, id: CustomerId) -> Option<&Customer> {
        self.customers.get(id.number())
    }

    /// Whether an account's customer was given to another system.
    pub(crate) fn is_exported(&self, id: AccountId) -> bool {
        self.customer(self.account(id).customer).presence == Presence::Exported
    }

    pub(crate) fn account(&self, id: AccountId) -> &Account {
        self.accounts.row(id.number())
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> &mut Account {
        self.accounts.row_mut(id.number())
    }

    pub(crate) fn customer(&self, id: CustomerId) -> &Customer {
        self.customers.row(id.number())
    }

    pub(crate) fn customer_mut(&mut self, id: CustomerId) -> &mut Customer {
        self.customers.row_mut(id.number())
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        self.accounts.all()
    }

    pub(crate) fn customers(&self) -> &[Customer] {
        self.customers.all()
    }

    /// The accounts of a customer, by number.
    pub(crate) fn accounts_of(&self, customer: CustomerId) -> Vec<AccountId> {
        let here = |account: &&Account| account.customer == customer && account.presence == Presence::Here;
        self.accounts.all().iter().filter(here).map(|account| account.id).collect()
    }

    /// What the account may spend, reservations not considered; `None` without any limit.
    pub(crate) fn funds(&self, id: AccountId) -> Option<Amount> {
        self.least(id, Purse::funds)
    }

    /// Funds less reservations; `None` without any limit.
    pub(crate) fn available(&self, id: AccountId) -> Option<Amount> {
        self.least(id, Purse::available)
    }

    fn least(&self, id: AccountId, of: impl Fn(&Purse) -> Option<Amount>) -> Option<Amount> {
        let account = self.account(id);
        let own = of(&account.purse);
        match account.purse.model() {
            BillingModel::Debit => own,
            BillingModel::Credit => own.into_iter().chain(of(&self.customer(account.customer).purse)).min(),
        }
    }

    /// Makes a reservation of `from` one of `to`.
    pub(crate) fn reserve(&mut self, id: AccountId, from: Amount, to: Amount) {
        let account = self.accounts.row_mut(id.number());
        account.purse.reserve(from, to);
        if account.purse.model() == BillingModel::Credit {
            self.customers.row_mut(account.customer.number()).purse.reserve(from, to);
        }
    }

    /// Takes a charge; `None`, and nothing is changed, when a balance could not be held.
    pub(crate) fn charge(&mut self, id: AccountId, amount: Amount) -> Option<Movement> {
        self.change(id, |purse| purse.charged(amount))
    }

    /// Takes money paid in, or a correction below zero; `None` as for [`Self::charge`].
    pub(crate) fn credit(&mut self, id: AccountId, amount: Amount) -> Option<Movement> {
        self.change(id, |purse| purse.credited(amount))
    }

    /// Takes a charge of a reseller; `None` as for [`Self::charge`].
    pub(crate) fn charge_customer(&mut self, id: CustomerId, amount: Amount) -> Option<Change> {
        let customer = self.customers.row_mut(id.number());
        let before = customer.purse;
        customer.purse = before.charged(amount)?;
        Some(change(&before, &customer.purse))
    }

    /// Takes money that a customer paid; `None` as for [`Self::charge`].
    pub(crate) fn credit_customer(&mut self, id: CustomerId, amount: Amount) -> Option<Change> {
        let customer = self.customers.row_mut(id.number());
        let before = customer.purse;
        customer.purse = before.credited(amount)?;
        Some(change(&before, &customer.purse))
    }

    fn change(&mut self, id: AccountId, to: impl Fn(&Purse) -> Option<Purse>) -> Option<Movement> {
        let funds_before = self.funds(id);
        let account = self.accounts.row(id.number());
        let customer = self.customers.row(account.customer.number());
        let (own, theirs) = (account.purse, customer.purse);
        let goes_along = own.model() == BillingModel::Credit;
        let own_after = to(&own)?;
        let theirs_after = if goes_along { Some(to(&theirs)?) } else { None };
        let customer = account.customer;
        self.accounts.row_mut(id.number()).purse = own_after;
        if let Some(after) = theirs_after {
            self.customers.row_mut(customer.number()).purse = after;
        }
        let moved = change(&own, &own_after);
        Some(Movement {
            account: Change { funds: funds_before.zip(self.funds(id)), ..moved },
            customer: theirs_after.map(|after| change(&theirs, &after)),
        })
    }
}

fn change(before: &Purse, after: &Purse) -> Change {
    Change { balance: (before.balance(), after.balance()), funds: before.funds().zip(after.funds()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_small() {
        // Heap: the name's 16 bytes of counts and its text; one place of 5 bytes in the table of names.
        assert!(size_of::<Account>() <= 256, "{}", size_of::<Account>());
    }
}
