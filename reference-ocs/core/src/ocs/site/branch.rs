//! What a site alone gathers: every record with the money that it moved, in the order in which they were made, and at
//! the end of the period what accounts have spent and what is in progress.
//!
//! It writes down what happens; it moves no money and changes no session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::command::SessionKey;
use crate::ids::{AccountId, UsageId};
use crate::ledger::Purse;
use crate::money::Amount;
use crate::ocs::Ocs;
use crate::parties::PartyBill;
use crate::plans::counter::{Counter, Spent};
use crate::sessions::{Session, Usage};
use crate::site::{
    Before, Call, Counted, Delta, Ended, EnvLock, Handover, Lock, Part, PeriodId, Record, SessionCredit,
};
use crate::xdr::Xdr;

/// An environment since the site stands alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ocs) struct Branch {
    /// The last usage that was known from before.
    usages_shared: u64,
    /// Accounts' money as it was.
    purses: BTreeMap<AccountId, Purse>,
    counters: BTreeMap<(AccountId, usize), Counter>,
    spent: BTreeMap<AccountId, Spent>,
    /// Calls in progress as they were.
    before: BTreeMap<UsageId, Before>,
    records: Vec<Record>,
    /// xDRs that no record has yet.
    pending: Vec<Arc<Xdr>>,
    /// Requests of credit control that were taken.
    credits: BTreeSet<(SessionKey, String, u32)>,
}

impl Branch {
    /// Accounts' money as it was.
    pub(super) const fn purses(&self) -> &BTreeMap<AccountId, Purse> {
        &self.purses
    }

    /// How many records were made since.
    pub(super) const fn records(&self) -> u64 {
        self.records.len() as u64
    }
}

impl Before {
    fn of(usage: &Usage) -> Self {
        let shares = usage.parties.as_deref().map(|bill: &PartyBill| bill.shares.as_slice());
        let share = |share: &crate::parties::Share| (share.payer, share.charged, share.billed);
        Self {
            used: usage.used,
            charged: usage.charged,
            billed: usage.billed,
            heard_at: usage.heard_at,
            shares: shares.unwrap_or_default().iter().map(share).collect(),
        }
    }
}

impl Ocs {
    /// Begins to gather. Usages that begin from now on are counted from `first`.
    pub(super) fn fork(&mut self, first: u64) {
        let before = self.sessions.live().map(|usage| (usage.id, Before::of(usage)));
        self.branch = Some(Box::new(Branch {
            usages_shared: self.sessions.begun().1,
            purses: self.ledger.accounts().iter().map(|account| (account.id, account.purse)).collect(),
            counters: self.counters.by_account.clone(),
            spent: self.counters.spent.clone(),
            before: before.collect(),
            records: Vec::new(),
            pending: Vec::new(),
            credits: BTreeSet::new(),
        }));
        self.sessions.count_usages_from(first);
    }

    /// Notes an xDR that was made.
    pub(in crate::ocs) fn journal(&mut self, xdr: &Arc<Xdr>) {
        if let Some(branch) = &mut self.branch
            && !self.sessions.is_trial()
        {
            branch.pending.push(Arc::clone(xdr));
        }
    }

    /// Whether it is for the primary to make the record of a usage that is given up: nothing was heard of it here.
    pub(in crate::ocs) fn is_left_to_primary(&self, at: u32) -> bool {
        let usage = self.sessions.usage(at);
        let before = self.branch.as_ref().and_then(|branch| branch.before.get(&usage.id));
        before.is_some_and(|before| before.heard_at == usage.heard_at)
    }

    /// What was noted since is the record of a usage.
    pub(in crate::ocs) fn journal_call(&mut self, at: u32, closes: bool) {
        let env = self.env();
        if self.sessions.is_trial() {
            return;
        }
        let Some(branch) = &mut self.branch else { return };
        let xdrs = std::mem::take(&mut branch.pending);
        let usage = self.sessions.usage(at);
        let before = branch.before.get(&usage.id).cloned();
        let session = self.sessions.session(usage.session);
        let call = Call {
            root: session.key.clone(),
            account_name: session.account_name.to_string(),
            account: session.account,
            usage: usage.clone(),
            before,
            closes,
        };
        branch.records.push(Record { env, xdrs, call: Some(Box::new(call)), part: Part::Plain });
    }

    /// What was noted since is the record of money that moved without usage.
    pub(in crate::ocs) fn journal_money(&mut self, part: Part) {
        let env = self.env();
        if let Some(branch) = &mut self.branch {
            let xdrs = std::mem::take(&mut branch.pending);
            branch.records.push(Record { env, xdrs, call: None, part });
        }
    }

    /// The last record is that of an event of credit control.
    pub(in crate::ocs) fn journal_event(&mut self, key: &SessionKey, account: &str, number: u32) {
        if let Some(last) = self.branch.as_mut().and_then(|branch| branch.records.last_mut()) {
            last.part = Part::Event { key: key.clone(), account_name: account.to_owned(), number };
        }
    }

    /// A request of credit control was taken.
    pub(in crate::ocs) fn journal_credit(&mut self, key: &SessionKey, account: &str, number: u32) {
        if let Some(branch) = &mut self.branch {
            branch.credits.insert((key.clone(), account.to_owned(), number));
        }
    }

    /// What the period comes to; `None` where nothing came of it.
    pub(super) fn delta(&self, period: PeriodId) -> Option<Delta> {
        let all = std::iter::once(self).chain(self.others.values());
        let (mut environments, mut records) = (Vec::new(), Vec::new());
        for own in all {
            let Some(branch) = &own.branch else { continue };
            environments.push(own.env_lock(branch));
            records.extend(branch.records.iter().cloned());
        }
        let lock = Lock { period, records: records.len() as u64, environments };
        let nothing = records.is_empty() && lock.environments.iter().all(EnvLock::is_empty);
        (!nothing).then_some(Delta { lock, records })
    }

    fn env_lock(&self, branch: &Branch) -> EnvLock {
        let live: Vec<Handover> =
            self.sessions.by_number().into_iter().filter_map(|own| self.handover(branch, own)).collect();
        let mut moving: BTreeMap<AccountId, Amount> = BTreeMap::new();
        for handover in &live {
            let Some(account) = handover.account else { continue };
            for (usage, before) in &handover.calls {
                let charged =
                    usage.charged.saturating_sub(before.as_ref().map_or(Amount::ZERO, |it| it.charged));
                let sum = moving.entry(account).or_insert(Amount::ZERO);
                *sum = sum.saturating_add(charged);
            }
        }
        let spent = |(id, purse): (&AccountId, &Purse)| {
            let id = *id;
            let here = self.ledger.known_account(id)?.purse.spent().saturating_sub(purse.spent());
            let sum = here.saturating_sub(moving.get(&id).copied().unwrap_or(Amount::ZERO));
            (sum > Amount::ZERO).then_some((id, sum))
        };
        EnvLock {
            env: self.env(),
            usages_shared: branch.usages_shared,
            sums: branch.purses.iter().filter_map(spent).collect(),
            live,
            ended: self.ended(branch),
            counted: self.counted_since(branch),
            spent: self.spent_since(branch),
            credits: self.credits_of(branch),
        }
    }

    /// A session with its calls in progress that the site has heard of; `None` without any.
    fn handover(&self, branch: &Branch, session: &Session) -> Option<Handover> {
        let live = session.usages.iter().filter(|&&at| self.sessions.known(at).progress.is_open());
        let calls: Vec<(Usage, Option<Before>)> = live
            .filter_map(|&at| {
                let usage = self.sessions.usage(at);
                let before = branch.before.get(&usage.id);
                let heard = before.is_none_or(|before| before.heard_at != usage.heard_at);
                heard.then(|| (usage.clone(), before.cloned()))
            })
            .collect();
        (!calls.is_empty()).then(|| Handover {
            key: session.key.clone(),
            account_name: session.account_name.to_string(),
            account: session.account,
            access_code: session.access_code.clone(),
            trusted: session.is_trusted(),
            credit: session.credit.clone(),
            lock_until: session.lock_until,
            calls,
        })
    }

    /// Calls with a record that are not in progress, each as its last record left it.
    fn ended(&self, branch: &Branch) -> Vec<Ended> {
        let mut last: BTreeMap<UsageId, &Call> = BTreeMap::new();
        for call in branch.records.iter().filter_map(|record| record.call.as_deref()) {
            last.insert(call.usage.id, call);
        }
        let live: BTreeSet<UsageId> =
            self.sessions.live().filter(|usage| usage.progress.is_open()).map(|usage| usage.id).collect();
        let ended = last.into_values().filter(|call| !live.contains(&call.usage.id));
        let ended = ended.map(|call| Ended {
            root: call.root.clone(),
            account_name: call.account_name.clone(),
            account: call.account,
            usage: call.usage.clone(),
            is_shared: call.before.is_some(),
            closes: call.closes,
        });
        ended.collect()
    }

    fn counted_since(&self, branch: &Branch) -> Vec<Counted> {
        let differences = |now: &[u64], then: &[u64]| -> Vec<i64> {
            let then = then.iter().chain(std::iter::repeat(&0));
            now.iter().zip(then).map(|(now, then)| now.wrapping_sub(*then).cast_signed()).collect()
        };
        let changed = self.counters.by_account.iter().filter_map(|((account, place), now)| {
            let then = branch.counters.get(&(*account, *place));
            let same_period = then.filter(|then| then.period == now.period);
            let (used, held) = same_period.map_or((&[][..], &[][..]), |it| (&it.used, &it.held));
            let (used, held) = (differences(&now.used, used), differences(&now.held, held));
            let moved = used.iter().chain(&held).any(|difference| *difference != 0);
            moved.then_some(Counted { account: *account, place: *place, period: now.period, used, held })
        });
        changed.collect()
    }

    fn spent_since(&self, branch: &Branch) -> Vec<(AccountId, i64, Amount)> {
        let changed = self.counters.spent.iter().filter_map(|(account, now)| {
            let then = branch.spent.get(account).filter(|then| then.period == now.period);
            let more = now.amount.saturating_sub(then.map_or(Amount::ZERO, |then| then.amount));
            (more != Amount::ZERO).then_some((*account, now.period, more))
        });
        changed.collect()
    }

    fn credits_of(&self, branch: &Branch) -> Vec<SessionCredit> {
        let mut credits: Vec<SessionCredit> = Vec::new();
        for (key, account_name, number) in &branch.credits {
            let same = |own: &SessionCredit| own.key == *key && own.account_name == *account_name;
            if let Some(last) = credits.last_mut().filter(|last| same(last)) {
                last.numbers.push(*number);
                continue;
            }
            let Some(at) = self.sessions.find(key, account_name) else { continue };
            let session = self.sessions.session(at);
            let Some(state) = session.credit.clone() else { continue };
            credits.push(SessionCredit {
                key: key.clone(),
                account_name: account_name.clone(),
                account: session.account,
                state,
                numbers: vec![*number],
            });
        }
        credits
    }
}

impl EnvLock {
    const fn is_empty(&self) -> bool {
        self.sums.is_empty()
            && self.live.is_empty()
            && self.counted.is_empty()
            && self.spent.is_empty()
            && self.credits.is_empty()
    }
}
