//! What the catalogue says of one customer and its accounts, to be told, taken away and said anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::remember::Arrived;
use crate::ids::{AccountId, CustomerId, PlanId, ProductId};
use crate::ledger::Presence;
use crate::migration::{AccountPart, CounterPart, CustomerPart, SignedPart, VoucherPart};
use crate::ocs::Ocs;

impl Ocs {
    /// The accounts of a customer, terminated ones left out.
    pub(super) fn own_accounts(&self, customer: CustomerId) -> BTreeSet<AccountId> {
        self.ledger.accounts_of(customer).into_iter().collect()
    }

    pub(super) fn customer_part(&self, id: CustomerId) -> CustomerPart {
        let row = self.ledger.customer(id);
        let owner = self.catalogue.parties.owner(id);
        CustomerPart {
            id,
            name: Arc::clone(&row.name),
            currency: row.currency,
            blocked: row.blocked,
            suspended: row.suspended,
            dialing: row.dialing.clone(),
            purse: row.purse,
            limits: self.catalogue.limits.customers.get(&id).copied(),
            warning: self.catalogue.plans.warning(id),
            subscription_discount: self.catalogue.plans.subscription_discount(id),
            owner: owner.map(|owner| Arc::clone(&self.ledger.customer(owner).name)),
        }
    }

    pub(super) fn account_part(&self, id: AccountId) -> AccountPart {
        let row = self.ledger.account(id);
        let product = |id: ProductId| self.catalogue.product(id).map(|own| Arc::clone(&own.name));
        let dids = self.catalogue.numbers.dids.iter().filter(|(_, own)| **own == Some(id));
        AccountPart {
            id,
            name: Arc::clone(&row.name),
            currency: row.currency,
            product: product(row.product).unwrap_or_default(),
            language: row.language.clone(),
            password: row.password.clone(),
            blocked: row.blocked,
            expires_at: row.expires_at,
            first_usage: row.first_usage,
            last_usage: row.last_usage,
            wrong_passwords: row.wrong_passwords,
            locked_out_until: row.locked_out_until,
            purse: row.purse,
            limits: self.catalogue.limits.accounts.get(&id).copied(),
            add_ons: self.catalogue.add_ons.of(id).iter().filter_map(|own| product(*own)).collect(),
            plans: self.catalogue.plans.own_plans(id).map(str::to_owned).collect(),
            budget: self.catalogue.plans.budget(id).copied(),
            delivery: self.catalogue.numbers.deliveries.get(&id).cloned(),
            aliases: self.catalogue.parties.aliases_of(id).map(Into::into).collect(),
            dids: dids.map(|(number, _)| (**number).into()).collect(),
            counters: self.counter_parts(id),
            spent: self.counters.spent.get(&id).copied(),
            commitments: self.signed_parts(id),
        }
    }

    fn counter_parts(&self, account: AccountId) -> Vec<CounterPart> {
        let own = self.counters.by_account.range((account, 0)..=(account, usize::MAX));
        own.filter_map(|((_, place), counter)| {
            let (plan, index) = self.catalogue.plans.place_name(*place)?;
            Some(CounterPart { plan: plan.to_owned(), index, counter: counter.clone() })
        })
        .collect()
    }

    fn signed_parts(&self, account: AccountId) -> Vec<SignedPart> {
        let book = &self.catalogue.plans.commitments;
        let name = |place: usize| book.name(place).unwrap_or_default().to_owned();
        let part = |signed: &crate::commitments::Signed| SignedPart {
            commitment: name(signed.commitment),
            upgrade: signed.upgrade.map(|(place, _)| name(place)),
            signed: signed.clone(),
        };
        self.signed_by(account).iter().map(part).collect()
    }

    /// Groups of accounts of one customer that may pick up each other's calls.
    pub(super) fn group_parts(&self, accounts: &BTreeSet<AccountId>) -> Vec<Vec<AccountId>> {
        let mut groups: BTreeMap<usize, Vec<AccountId>> = BTreeMap::new();
        for &account in accounts {
            for group in self.catalogue.numbers.groups_of(account) {
                groups.entry(group).or_default().push(account);
            }
        }
        groups.into_values().filter(|members| members.len() > 1).collect()
    }

    pub(super) fn voucher_parts(&self, accounts: &BTreeSet<AccountId>) -> Vec<VoucherPart> {
        let own = self.vouchers_used.iter().filter(|(_, used)| accounts.contains(&used.account));
        own.map(|(id, used)| VoucherPart { id: id.clone(), redeemed: used.clone() }).collect()
    }

    /// Says in the catalogue what came with a customer; all that it needs is there.
    pub(super) fn configure(&mut self, arrived: &Arrived) {
        let customer = &arrived.customer;
        let owner = customer.owner.as_deref().and_then(|owner| self.ledger.customer_id(owner));
        self.catalogue.parties.set_owner(customer.id, owner);
        self.catalogue.plans.set_customer(customer.id, customer.warning, customer.subscription_discount);
        let limits = &mut self.catalogue.limits.customers;
        match customer.limits {
            Some(own) => drop(limits.insert(customer.id, own)),
            None => drop(limits.remove(&customer.id)),
        }
        for account in &arrived.accounts {
            self.configure_account(account);
        }
        for members in &arrived.groups {
            self.catalogue.numbers.join(members);
        }
    }

    fn configure_account(&mut self, account: &AccountPart) {
        let id = account.id;
        self.unconfigure_account(id);
        let products = account.add_ons.iter().filter_map(|name| self.catalogue.product_id(name)).collect();
        self.catalogue.add_ons.set(id, products);
        let plans: Vec<PlanId> =
            account.plans.iter().filter_map(|name| self.catalogue.plans.named(name)).collect();
        self.catalogue.plans.set_account(id, plans, account.budget);
        if let Some(limits) = account.limits {
            self.catalogue.limits.accounts.insert(id, limits);
        }
        self.catalogue.parties.set_aliases(id, &account.aliases);
        let numbers = &mut self.catalogue.numbers;
        if let Some(delivery) = &account.delivery {
            numbers.deliveries.insert(id, delivery.clone());
        }
        for did in &account.dids {
            numbers.dids.insert((**did).into(), Some(id));
        }
    }

    /// Takes away what the catalogue says of an account.
    pub(in crate::ocs) fn unconfigure_account(&mut self, id: AccountId) {
        self.catalogue.add_ons.set(id, Vec::new());
        self.catalogue.plans.set_account(id, Vec::new(), None);
        self.catalogue.limits.accounts.remove(&id);
        self.catalogue.parties.set_aliases(id, &[]);
        self.catalogue.numbers.forget(id);
    }

    pub(super) fn unconfigure_customer(&mut self, id: CustomerId) {
        self.catalogue.parties.set_owner(id, None);
        self.catalogue.plans.set_customer(id, None, None);
        self.catalogue.limits.customers.remove(&id);
    }

    /// Has the catalogue say what was changed of it, after the state was read back.
    pub(in crate::ocs) fn configure_again(&mut self) {
        let gone = self.ledger.accounts().iter().filter(|account| account.presence != Presence::Here);
        let gone: Vec<AccountId> = gone.map(|account| account.id).collect();
        gone.into_iter().for_each(|id| self.unconfigure_account(id));
        let removed = self.ledger.customers().iter().filter(|own| own.presence == Presence::Removed);
        let removed: Vec<CustomerId> = removed.map(|own| own.id).collect();
        removed.into_iter().for_each(|id| self.unconfigure_customer(id));
        let arrived: Vec<Arrived> = self.moves.arrived().cloned().collect();
        arrived.iter().for_each(|own| self.configure(own));
        // Of those that came, some accounts may have gone since.
        let gone = self.ledger.accounts().iter().filter(|account| account.presence != Presence::Here);
        let gone: Vec<AccountId> = gone.map(|account| account.id).collect();
        gone.into_iter().for_each(|id| self.unconfigure_account(id));
    }
}
