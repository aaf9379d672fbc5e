//! A customer arrives: what it needs is looked for, it is entered under its own numbers, and its sessions go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::remember::Arrived;
use crate::commitments::Signed;
use crate::effect::Effect;
use crate::ids::{AccountId, CustomerId, EnvId, XdrId};
use crate::ledger::{Account, Customer, Presence};
use crate::migration::{AccountPart, Bundle, Migrated, MigrationRefusal, Missing, SignedPart, Want};
use crate::ocs::Ocs;
use crate::xdr::Xdr;

impl Ocs {
    pub(super) fn import_customer(
        &mut self,
        bundle: &Bundle,
        out: &mut Vec<Effect>,
    ) -> Result<Migrated, MigrationRefusal> {
        let customer = bundle.customer();
        if !self.may_arrive(bundle)? {
            return Ok(Migrated::Imported { again: true });
        }
        let missing = self.missing_for(bundle);
        if !missing.is_empty() {
            // Refused for good: the other system may serve the customer again, and this must not come in later.
            let own = self.moves.of(customer);
            own.abandoned = own.abandoned.max(bundle.hop);
            return Err(MigrationRefusal::Missing(missing));
        }
        let late = self.moves.of(customer).exported.take().map(|own| own.late);
        let before = self.own_accounts(customer);
        let gone = before.into_iter().filter(|id| bundle.accounts.iter().all(|account| account.id != *id));
        gone.collect::<Vec<AccountId>>().into_iter().for_each(|id| self.remove_account(id));
        self.enter(bundle);
        let own = self.moves.of(customer);
        own.hop = bundle.hop;
        self.keep_xdrs_of(&bundle.xdrs, out);
        self.put_in_sessions(bundle.sessions.clone());
        self.take_late(late.unwrap_or_default(), out);
        Ok(Migrated::Imported { again: false })
    }

    /// Whether a customer is to be taken in; `false` when it was.
    pub(super) fn may_arrive(&self, bundle: &Bundle) -> Result<bool, MigrationRefusal> {
        let (customer, hop) = (bundle.customer(), bundle.hop);
        if bundle.format != crate::migration::FORMAT {
            return Err(MigrationRefusal::Format(bundle.format));
        }
        if bundle.to != self.env() {
            return Err(MigrationRefusal::WrongSystem { here: self.env(), to: bundle.to });
        }
        bundle.check().map_err(MigrationRefusal::Unsound)?;
        let presence = self.ledger.known_customer(customer).map(|row| row.presence);
        let (known, abandoned) = self.moves.get(customer).map_or((0, 0), |own| (own.hop, own.abandoned));
        match presence {
            Some(Presence::Here) if known == hop => Ok(false),
            _ if hop <= abandoned => Err(MigrationRefusal::Abandoned { customer, hop }),
            _ if hop <= known => Err(MigrationRefusal::Overtaken { customer, hop, known }),
            Some(Presence::Here) => Err(MigrationRefusal::Here(customer)),
            _ => Ok(true),
        }
    }

    /// Enters the customer and its accounts, in place of what is known under their numbers.
    fn enter(&mut self, bundle: &Bundle) {
        let part = &bundle.customer;
        self.ledger.customer_rows().enter(Customer {
            id: part.id,
            presence: Presence::Here,
            name: Arc::clone(&part.name),
            currency: part.currency,
            blocked: part.blocked,
            suspended: part.suspended,
            dialing: part.dialing.clone(),
            purse: part.purse,
        });
        for account in &bundle.accounts {
            let Some(product) = self.catalogue.product_id(&account.product) else { continue };
            self.ledger.account_rows().enter(Account {
                id: account.id,
                presence: Presence::Here,
                name: Arc::clone(&account.name),
                product,
                customer: part.id,
                currency: account.currency,
                language: account.language.clone(),
                password: account.password.clone(),
                blocked: account.blocked,
                expires_at: account.expires_at,
                first_usage: account.first_usage,
                last_usage: account.last_usage,
                wrong_passwords: account.wrong_passwords,
                locked_out_until: account.locked_out_until,
                locked_by: None,
                purse: account.purse,
            });
            self.enter_usage(account);
        }
        self.sessions.forget_nobodys(|name| bundle.accounts.iter().any(|account| *account.name == *name));
        for voucher in &bundle.vouchers {
            self.vouchers_used.entry(voucher.id.clone()).or_insert_with(|| voucher.redeemed.clone());
        }
        let accounts = bundle.accounts.iter().map(|own| AccountPart {
            counters: Vec::new(),
            commitments: Vec::new(),
            password: None,
            ..own.clone()
        });
        let accounts = accounts.collect();
        let arrived = Arrived { customer: part.clone(), accounts, groups: bundle.groups.clone() };
        self.configure(&arrived);
        self.moves.of(part.id).arrived = Some(Box::new(arrived));
    }

    /// What an account has used so far of plans and budgets, and signed.
    pub(super) fn enter_usage(&mut self, account: &AccountPart) {
        let id = account.id;
        self.counters.by_account.retain(|(own, _), _| *own != id);
        self.counters.resets.retain(|(_, own, _)| *own != id);
        for part in &account.counters {
            let book = &self.catalogue.plans;
            let place = book.place_of(&part.plan, part.index).filter(|place| {
                book.discount(*place).is_some_and(|own| own.steps.len() + 1 == part.counter.used.len())
            });
            if let Some(place) = place {
                self.counters.by_account.insert((id, place), part.counter.clone());
            }
        }
        match account.spent {
            Some(spent) => drop(self.counters.spent.insert(id, spent)),
            None => drop(self.counters.spent.remove(&id)),
        }
        let signed = account.commitments.iter().filter_map(|part| self.signed_here(part)).collect();
        self.set_signed(id, signed);
        self.resume_times(id);
    }

    fn signed_here(&self, part: &SignedPart) -> Option<Signed> {
        let book = &self.catalogue.plans.commitments;
        let upgrade = match (&part.upgrade, part.signed.upgrade) {
            (Some(name), Some((_, until))) => Some((book.named(name)?, until)),
            _ => None,
        };
        Some(Signed { commitment: book.named(&part.commitment)?, upgrade, ..part.signed.clone() })
    }

    pub(super) fn missing_for(&self, bundle: &Bundle) -> Vec<Missing> {
        let mut missing = Vec::new();
        let part = &bundle.customer;
        let other = |want, what, name: &str| Missing { what, name: name.to_owned(), want };
        let same_name = self.ledger.customer_id(&part.name).is_some_and(|id| id != part.id);
        let same_id = self.ledger.known_customer(part.id).is_some_and(|row| row.name != part.name);
        if same_name || same_id {
            missing.push(other(Want::Taken, "customer", &part.name));
        }
        if let Some(owner) = part.owner.as_deref().filter(|owner| self.ledger.customer_id(owner).is_none()) {
            missing.push(other(Want::Absent, "reseller", owner));
        }
        for account in &bundle.accounts {
            self.missing_for_account(part.id, account, &mut missing);
        }
        self.missing_for_sessions(&bundle.sessions, &mut missing);
        let once: BTreeSet<Missing> = missing.into_iter().collect();
        once.into_iter().collect()
    }

    fn missing_for_account(&self, customer: CustomerId, account: &AccountPart, missing: &mut Vec<Missing>) {
        let mut lacks = |want, what, name: &str| {
            missing.push(Missing { what, name: name.to_owned(), want });
        };
        let product = std::iter::once(&account.product);
        for name in product.chain(&account.add_ons) {
            match self.catalogue.product_id(name).and_then(|id| self.catalogue.product(id)) {
                None => lacks(Want::Absent, "product", name),
                Some(own) if own.currency != account.currency => lacks(Want::Differs, "product", name),
                Some(_) => {}
            }
        }
        let book = &self.catalogue.plans;
        for name in account.plans.iter().filter(|name| book.named(name).is_none()) {
            lacks(Want::Absent, "discount plan", name);
        }
        for part in &account.counters {
            match book.place_of(&part.plan, part.index).and_then(|place| book.discount(place)) {
                None => lacks(Want::Absent, "discount plan", &part.plan),
                Some(own) if own.steps.len() + 1 != part.counter.used.len() => {
                    lacks(Want::Differs, "discount plan", &part.plan);
                }
                Some(_) => {}
            }
        }
        for part in &account.commitments {
            for name in std::iter::once(&part.commitment).chain(&part.upgrade) {
                if book.commitments.named(name).is_none() {
                    lacks(Want::Absent, "commitment", name);
                }
            }
        }
        let another = |id: AccountId| {
            id != account.id && self.ledger.known_account(id).is_some_and(|row| row.customer != customer)
        };
        let number_taken = self.ledger.known_account(account.id).is_some_and(|row| row.customer != customer);
        let named = |name: &str| self.ledger.account_id(name).or_else(|| self.catalogue.parties.alias(name));
        if number_taken || named(&account.name).is_some_and(another) {
            lacks(Want::Taken, "account", &account.name);
        }
        for alias in account.aliases.iter().filter(|alias| named(alias).is_some_and(another)) {
            lacks(Want::Taken, "alias", alias);
        }
        let dids = &self.catalogue.numbers.dids;
        for did in account.dids.iter().filter(|did| dids.get(&***did).copied().flatten().is_some_and(another))
        {
            lacks(Want::Taken, "DID number", did);
        }
    }

    pub(super) fn import_xdrs(
        &mut self,
        customer: CustomerId,
        hop: u64,
        xdrs: &[Xdr],
        out: &mut Vec<Effect>,
    ) -> Result<Migrated, MigrationRefusal> {
        self.present(customer)?;
        let known = self.moves.hop(customer);
        if hop > known {
            return Err(MigrationRefusal::Unknown(customer));
        }
        crate::migration::xdrs_are_of(customer, xdrs).map_err(MigrationRefusal::Unsound)?;
        Ok(Migrated::XdrsImported { new: self.keep_xdrs_of(xdrs, out) })
    }

    /// Keeps records that another system made, those that are not known; answers how many.
    pub(super) fn keep_xdrs_of(&mut self, xdrs: &[Xdr], out: &mut Vec<Effect>) -> u64 {
        if xdrs.is_empty() {
            return 0;
        }
        let mut known: BTreeSet<XdrId> = self.xdrs.iter().map(|xdr| xdr.id).collect();
        let mut new = 0;
        for xdr in xdrs.iter().filter(|xdr| known.insert(xdr.id)) {
            new += 1;
            let xdr = Arc::new(xdr.clone());
            let max = self.catalogue.settings.xdrs_kept_max;
            if max > 0 {
                if self.xdrs.len() >= max {
                    self.xdrs.pop_front();
                }
                self.xdrs.push_back(Arc::clone(&xdr));
            }
            out.push(Effect::XdrMoved(xdr));
        }
        new
    }

    pub(super) fn abandon(&mut self, customer: CustomerId, hop: u64) -> Result<Migrated, MigrationRefusal> {
        let known = self.moves.hop(customer);
        if known >= hop {
            // It was made, and the customer may have gone on since.
            return Err(MigrationRefusal::Overtaken { customer, hop, known });
        }
        let own = self.moves.of(customer);
        own.abandoned = own.abandoned.max(hop);
        Ok(Migrated::Abandoned)
    }

    /// Up to which report of another system's everything is taken.
    pub(super) fn late_taken(&self, customer: CustomerId, from: EnvId) -> u64 {
        self.moves.get(customer).and_then(|own| own.late_taken.get(&from)).copied().unwrap_or(0)
    }
}
