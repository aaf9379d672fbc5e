//! A report on trial: what it would bring about, told and undone.
//!
//! A report touches its account, the customer and resellers above it, what is owed to vendors, the account's counters,
//! and the sessions that it names. These are kept and put back, so that a trial costs as much as the report itself, with
//! a million accounts as with one. A test plays random reports on trial and compares the whole state.

use tollgate_time::Instant;

use super::Ocs;
use crate::command::UsageReport;
use crate::effect::Effect;
use crate::ids::{AccountId, CustomerId};
use crate::ledger::{Account, Customer, Purse};
use crate::plans::counter::{Counter, Spent};

/// What a report may change of an account.
struct OfAccount {
    id: AccountId,
    account: Account,
    customers: Vec<(CustomerId, Customer)>,
    counters: Vec<(usize, Counter)>,
    spent: Option<Spent>,
}

/// What a report may change beside the sessions.
struct Before {
    account: Option<OfAccount>,
    vendors: Vec<Purse>,
    xdrs_made: u64,
}

impl Ocs {
    /// What a report would bring about, with what `look` makes of that while it still stands.
    pub(super) fn try_report<T>(
        &mut self,
        now: Instant,
        report: &UsageReport,
        look: impl FnOnce(&Self, &[Effect]) -> T,
    ) -> (Vec<Effect>, T) {
        let before = self.before(report);
        let mut effects = Vec::new();
        self.report(now, report, &mut effects);
        let seen = look(self, &effects);
        self.sessions.undo_trial();
        self.put_back(before);
        (effects, seen)
    }

    fn before(&mut self, report: &UsageReport) -> Before {
        let keys = report.parent.iter().chain([&report.session]);
        let mut places: Vec<u32> = keys.filter_map(|key| self.sessions.find(key, &report.account)).collect();
        let known = places.first().map(|&at| self.sessions.session(at).account);
        let id = known.unwrap_or_else(|| self.ledger.account_id(&report.account));
        // It may lose its lock to this one.
        places.extend(id.and_then(|id| self.ledger.account(id).locked_by));
        places.sort_unstable();
        places.dedup();
        self.sessions.begin_trial(&places);
        let account = id.map(|id| self.of_account(id));
        Before { account, vendors: self.vendors.clone(), xdrs_made: self.xdrs_made }
    }

    fn of_account(&self, id: AccountId) -> OfAccount {
        let account = self.ledger.account(id).clone();
        let above = self.catalogue.parties.chain(account.customer);
        let payers = std::iter::once(account.customer).chain(above);
        let customers = payers.map(|id| (id, self.ledger.customer(id).clone())).collect();
        let own = self.counters.by_account.range((id, 0)..=(id, usize::MAX));
        let counters = own.map(|((_, place), counter)| (*place, counter.clone())).collect();
        let spent = self.counters.spent.get(&id).copied();
        OfAccount { id, account, customers, counters, spent }
    }

    fn put_back(&mut self, before: Before) {
        let Before { account, vendors, xdrs_made } = before;
        (self.vendors, self.xdrs_made) = (vendors, xdrs_made);
        let Some(OfAccount { id, account, customers, counters, spent }) = account else { return };
        *self.ledger.account_mut(id) = account;
        for (id, customer) in customers {
            *self.ledger.customer_mut(id) = customer;
        }
        let all = &mut self.counters;
        let own: Vec<_> = all.by_account.range((id, 0)..=(id, usize::MAX)).map(|(key, _)| *key).collect();
        own.iter().for_each(|key| drop(all.by_account.remove(key)));
        all.by_account.extend(counters.into_iter().map(|(place, counter)| ((id, place), counter)));
        match spent {
            Some(spent) => drop(all.spent.insert(id, spent)),
            None => drop(all.spent.remove(&id)),
        }
    }
}
