//! The first step of a return: the primary reserves what a site has spent alone, looks up its calls among its own, and
//! goes on with those that are in progress.

use std::collections::BTreeMap;

use crate::command::SessionKey;
use crate::credit::CreditState;
use crate::effect::{Effect, Refusal};
use crate::ids::{AccountId, EnvId};
use crate::money::{Amount, Currency};
use crate::ocs::Ocs;
use crate::parties::Payer;
use crate::sessions::{Progress, Usage};
use crate::site::{
    Before, Counted, Ended, EnvLock, Handover, Known, Lock, Locked, Received, SessionCredit, SiteFact,
};
use crate::xdr::Note;

/// Numbers of usages that the primary gives are below this; those of sites alone are not.
const OWN_NUMBERS_END: u64 = 1 << super::SITE_SHIFT;

impl Ocs {
    pub(super) fn environment_mut(&mut self, env: EnvId) -> Option<&mut Self> {
        if env == self.env() { Some(self) } else { self.others.get_mut(&env) }
    }

    /// Reserves what a site has spent, and goes on with its calls. A lock that is there changes nothing.
    pub(super) fn take_lock(&mut self, lock: &Lock, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        if self.sites.received.contains_key(&lock.period) {
            return Ok(());
        }
        let fits = |own: &EnvLock| self.environment(own.env).is_some_and(|ocs| ocs.can_take(own));
        if !lock.environments.iter().all(fits) {
            return Err(Refusal::NoSuchTurn("what is to be locked is of another world than this site's"));
        }
        let mut received = Received { records: lock.records, ..Received::default() };
        let mut sums: BTreeMap<Currency, Amount> = BTreeMap::new();
        for own in &lock.environments {
            let Some(ocs) = self.environment_mut(own.env) else { continue };
            ocs.take_env_lock(own, &mut received, out);
            for (account, amount) in &own.sums {
                let sum = sums.entry(ocs.ledger.account(*account).currency).or_insert(Amount::ZERO);
                *sum = sum.saturating_add(*amount);
            }
        }
        let calls =
            lock.environments.iter().flat_map(|own| &own.live).map(|own| own.calls.len() as u64).sum();
        self.sites.received.insert(lock.period, received);
        let sums = sums.into_iter().collect();
        let (period, records) = (lock.period, lock.records);
        out.push(Effect::Site(SiteFact::Locked(Locked { period, records, calls, sums })));
        Ok(())
    }

    /// Whether every account that a lock speaks of is there, and can hold it.
    fn can_take(&self, lock: &EnvLock) -> bool {
        let known = |account: AccountId| self.ledger.known_account(account).is_some();
        let room = |(account, amount): &(AccountId, Amount)| {
            let own = self.ledger.known_account(*account);
            own.is_some_and(|own| {
                let payer = self.ledger.known_customer(own.customer);
                own.purse.has_room_for(*amount) && payer.is_some_and(|it| it.purse.has_room_for(*amount))
            })
        };
        let calls =
            lock.live.iter().flat_map(|own| own.calls.iter().map(move |(usage, _)| (own.account, usage)));
        let mut held = calls.map(|(account, usage)| {
            account.is_none_or(|account| room(&(account, usage.reserved))) && self.knows_payers(usage)
        });
        lock.sums.iter().all(room)
            && held.all(|fits| fits)
            && lock.ended.iter().all(|own| own.account.is_none_or(known) && self.knows_payers(&own.usage))
            && lock.counted.iter().all(|own| known(own.account))
            && lock.spent.iter().all(|own| known(own.0))
            && lock.credits.iter().all(|own| own.account.is_none_or(known))
    }

    pub(super) fn knows_payers(&self, usage: &Usage) -> bool {
        let shares = usage.parties.iter().flat_map(|bill| &bill.shares);
        shares.map(|share| share.payer).all(|payer| self.knows_payer(payer))
    }

    pub(super) fn knows_payer(&self, payer: Payer) -> bool {
        match payer {
            Payer::Reseller(id) => self.ledger.known_customer(id).is_some(),
            Payer::Vendor(id) => self.vendors.get(id.place()).is_some(),
        }
    }

    fn take_env_lock(&mut self, lock: &EnvLock, received: &mut Received, out: &mut Vec<Effect>) {
        let env = self.env();
        // What it counts is not counted again with the calls.
        for own in &lock.counted {
            self.take_counted(own);
        }
        for (account, period, amount) in &lock.spent {
            let spent = self.counters.spent.entry(*account).or_default();
            if spent.period == *period {
                spent.amount = spent.amount.saturating_add(*amount);
            } else if spent.period < *period {
                (spent.period, spent.amount) = (*period, *amount);
            }
        }
        for own in &lock.credits {
            let twice = self.take_credit(own);
            let key = |number| (env, own.key.clone(), own.account_name.clone(), number);
            received.twice.extend(twice.into_iter().map(key));
        }
        for own in &lock.ended {
            let known = self.take_ended(lock, own);
            received.calls.insert((env, own.usage.id), known);
        }
        for own in &lock.live {
            self.take_live(lock, own, received, out);
        }
        // A lock is given back record by record: without any nothing is locked.
        let sums = if received.records == 0 { &[][..] } else { &lock.sums };
        for (account, amount) in sums {
            self.ledger.reserve(*account, Amount::ZERO, *amount);
            received.locked.insert((env, *account), *amount);
        }
    }

    fn take_counted(&mut self, own: &Counted) {
        let Some(discount) = self.catalogue.plans.discount(own.place) else { return };
        let mut counter = self.counters.get(own.account, own.place, discount, self.now);
        if counter.period != own.period {
            return;
        }
        for (sum, more) in counter.used.iter_mut().zip(&own.used) {
            *sum = sum.saturating_add_signed(*more);
        }
        for (sum, more) in counter.held.iter_mut().zip(&own.held) {
            *sum = sum.saturating_add_signed(*more);
        }
        self.counters.by_account.insert((own.account, own.place), counter);
    }

    /// Puts together what both sites know of a session of credit control. Answers with the requests that both took.
    fn take_credit(&mut self, own: &SessionCredit) -> Vec<u32> {
        let at = self
            .sessions
            .find(&own.key, &own.account_name)
            .unwrap_or_else(|| self.sessions.begin(&own.key, &own.account_name, own.account));
        let session = self.sessions.session_mut(at);
        let twice = match &mut session.credit {
            None => {
                session.credit = Some(own.state.clone());
                Vec::new()
            }
            Some(known) => {
                let twice = own.numbers.iter().copied().filter(|number| known.seen.has(*number)).collect();
                join_credit(known, &own.state, &own.numbers);
                twice
            }
        };
        self.sessions.settle_idle(at, self.now, self.catalogue.settings.closed_kept_max);
        twice
    }

    /// Finds the call of another site among those that are known here.
    fn find_call(&self, lock: &EnvLock, root: &SessionKey, account: &str, usage: &Usage) -> Option<u32> {
        self.sessions.find_by_id(root, account, usage.id).or_else(|| {
            let between = (lock.usages_shared, OWN_NUMBERS_END);
            self.sessions
                .find_twin(root, account, usage, between)
                .filter(|_| usage.id.number() >= OWN_NUMBERS_END)
        })
    }

    /// Notes from the lock on that a call has ended, so that its end is known when it is told here too.
    fn take_ended(&mut self, lock: &EnvLock, own: &Ended) -> Known {
        match self.find_call(lock, &own.root, &own.account_name, &own.usage) {
            Some(at) if self.sessions.known(at).progress == Progress::Closed => Known::Ended,
            // It was given up there, and as much or more of it was heard here.
            Some(at) if !own.closes && self.sessions.usage(at).used >= own.usage.used => Known::Ended,
            Some(at) => {
                // Its record is on the way: nobody gives it up.
                self.sessions.set_deadline(at, None);
                Known::Same(self.sessions.known(at).id)
            }
            None if own.is_shared => Known::Forgotten,
            None => {
                let session = self
                    .sessions
                    .find(&own.root, &own.account_name)
                    .unwrap_or_else(|| self.sessions.begin(&own.root, &own.account_name, own.account));
                let at = self.sessions.adopt(session, &Usage { reserved: Amount::ZERO, ..own.usage.clone() });
                if own.closes {
                    self.sessions.close_usage(at);
                } else {
                    self.sessions.usage_mut(at).progress = Progress::Expired;
                }
                self.sessions.settle_idle(session, self.now, self.catalogue.settings.closed_kept_max);
                Known::New
            }
        }
    }

    /// Goes on with a session of another site.
    fn take_live(&mut self, lock: &EnvLock, own: &Handover, received: &mut Received, out: &mut Vec<Effect>) {
        let session = self
            .sessions
            .find(&own.key, &own.account_name)
            .unwrap_or_else(|| self.sessions.begin(&own.key, &own.account_name, own.account));
        let known = self.sessions.session_mut(session);
        known.access_code = own.access_code.clone().or_else(|| known.access_code.take());
        match (&mut known.credit, &own.credit) {
            (Some(known), Some(other)) => join_credit(known, other, &[]),
            (known @ None, Some(other)) => *known = Some(other.clone()),
            _ => {}
        }
        if own.trusted {
            self.sessions.trust(session);
        }
        for (usage, before) in &own.calls {
            let found = self.find_call(lock, &own.key, &own.account_name, usage);
            let known = match found {
                Some(at) if self.sessions.known(at).progress == Progress::Closed => Known::Ended,
                Some(at) => {
                    self.catch_up(at, usage, before.as_ref(), out);
                    Known::Adopted
                }
                None => {
                    // What was charged before is charged here too.
                    let charged = before.as_ref().map_or(Amount::ZERO, |before| before.charged);
                    let none = Usage { charged, reserved: Amount::ZERO, parties: None, ..usage.clone() };
                    let at = self.sessions.adopt(session, &none);
                    self.catch_up(at, usage, before.as_ref(), out);
                    if let Some(account) = own.account {
                        self.count_call(account, usage.service, at);
                    }
                    Known::Adopted
                }
            };
            received.calls.insert((self.env(), usage.id), known);
        }
        self.sessions.settle_idle(session, self.now, self.catalogue.settings.closed_kept_max);
    }

    /// Brings a call up to what another site knows of it, if that is more.
    fn catch_up(&mut self, at: u32, usage: &Usage, before: Option<&Before>, out: &mut Vec<Effect>) {
        let own = self.sessions.usage(at);
        let account = self.sessions.session(own.session).account;
        let (charged, reserved, billed) = (own.charged, own.reserved, own.billed);
        // Records that were made here since say a part of it already.
        let is_billed = billed.records > before.map_or(0, |before| before.billed.records);
        if own.used > usage.used {
            return;
        }
        let mut shares = own.parties.as_deref().map(|bill| bill.shares.clone()).unwrap_or_default();
        let overdrawn = self.charge_up(account, charged, usage.charged, out);
        self.charge_shares(&mut shares, usage, out);
        let due = charged.max(usage.charged);
        let kept = usage.reserved.max(Amount::ZERO);
        if let Some(account) = account {
            self.ledger.reserve(account, reserved, kept);
        }
        let mut taken = usage.clone();
        (taken.charged, taken.reserved) = (due, kept);
        if is_billed {
            taken.billed = billed;
        }
        if overdrawn {
            taken.notes.insert(Note::Overdraft);
        }
        if let Some(bill) = &mut taken.parties {
            bill.shares = shares;
        }
        self.sessions.replace(at, &taken);
        self.sessions.set_deadline(at, usage.deadline);
    }
}

/// Adds what another site knows of a session of credit control.
fn join_credit(known: &mut CreditState, other: &CreditState, numbers: &[u32]) {
    numbers.iter().for_each(|number| known.seen.add(*number));
    let last = |state: &CreditState| state.answered.as_ref().map(|(number, _)| *number);
    if last(other) > last(known) {
        known.answered.clone_from(&other.answered);
        known.services.clone_from(&other.services);
    }
    known.ended |= other.ended;
}
