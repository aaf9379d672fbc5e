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

use std::sync::Arc;

use tollgate_time::Instant;

pub(crate) use purse::Purse;

use crate::catalogue::{AccountSpec, BillingModel, CustomerSpec};
use crate::dialing::DialingRules;
use crate::ids::{AccountId, CustomerId, ProductId};
use crate::money::{Amount, Currency};
use crate::names::NameTable;

/// An account and what became of it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Account {
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
    accounts: Vec<Account>,
    account_names: NameTable,
    customers: Vec<Customer>,
    customer_names: NameTable,
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
    ) -> Self {
        let accounts = accounts.into_iter().map(|spec| Account {
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
        });
        let customers = customers.into_iter().map(|spec| Customer {
            name: spec.name.into(),
            currency: spec.currency,
            blocked: spec.blocked,
            suspended: spec.suspended,
            dialing: spec.dialing,
            purse: Purse::new(BillingModel::Credit, spec.balance, spec.credit_limit),
        });
        Self { accounts: accounts.collect(), account_names, customers: customers.collect(), customer_names }
    }

    /// A ledger that goes on from what was stored.
    pub(crate) fn restored(accounts: Vec<Account>, customers: Vec<Customer>) -> Self {
        fn names<T>(all: &[T], name: impl Fn(&T) -> &str) -> NameTable {
            let mut table = NameTable::with_capacity(all.len());
            for (place, own) in (0_u32..).zip(all) {
                table.insert(name(own), place);
            }
            table
        }
        Self {
            account_names: names(&accounts, |account| &account.name),
            customer_names: names(&customers, |customer| &customer.name),
            accounts,
            customers,
        }
    }

    pub(crate) fn account_id(&self, name: &str) -> Option<AccountId> {
        let place = self.account_names.find(name, |place| self.accounts.get(place).map(|it| &*it.name))?;
        AccountId::at(place)
    }

    pub(crate) fn customer_id(&self, name: &str) -> Option<CustomerId> {
        let place = self.customer_names.find(name, |place| self.customers.get(place).map(|it| &*it.name))?;
        CustomerId::at(place)
    }

    pub(crate) fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id.place()]
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id.place()]
    }

    pub(crate) fn customer(&self, id: CustomerId) -> &Customer {
        &self.customers[id.place()]
    }

    pub(crate) fn customer_mut(&mut self, id: CustomerId) -> &mut Customer {
        &mut self.customers[id.place()]
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// The accounts of a customer, by number.
    pub(crate) fn accounts_of(&self, customer: CustomerId) -> Vec<AccountId> {
        let mine = self.accounts.iter().enumerate().filter(|(_, account)| account.customer == customer);
        mine.filter_map(|(place, _)| AccountId::at(place)).collect()
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
        let account = &mut self.accounts[id.place()];
        account.purse.reserve(from, to);
        if account.purse.model() == BillingModel::Credit {
            self.customers[account.customer.place()].purse.reserve(from, to);
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
        let customer = &mut self.customers[id.place()];
        let before = customer.purse;
        customer.purse = before.charged(amount)?;
        Some(change(&before, &customer.purse))
    }

    /// Takes money that a customer paid; `None` as for [`Self::charge`].
    pub(crate) fn credit_customer(&mut self, id: CustomerId, amount: Amount) -> Option<Change> {
        let customer = &mut self.customers[id.place()];
        let before = customer.purse;
        customer.purse = before.credited(amount)?;
        Some(change(&before, &customer.purse))
    }

    fn change(&mut self, id: AccountId, to: impl Fn(&Purse) -> Option<Purse>) -> Option<Movement> {
        let funds_before = self.funds(id);
        let account = &self.accounts[id.place()];
        let customer = &self.customers[account.customer.place()];
        let (own, theirs) = (account.purse, customer.purse);
        let goes_along = own.model() == BillingModel::Credit;
        let own_after = to(&own)?;
        let theirs_after = if goes_along { Some(to(&theirs)?) } else { None };
        let customer = account.customer;
        self.accounts[id.place()].purse = own_after;
        if let Some(after) = theirs_after {
            self.customers[customer.place()].purse = after;
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
