//! Counters of what was used under a discount, and what a budget has left.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use super::spec::DiscountSpec;
use crate::ids::AccountId;
use crate::money::Amount;

/// What an account has used under one discount.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Counter {
    /// The period that it counts.
    pub(crate) period: i64,
    /// Used in it, in units or money as the discount measures, by step; those past the last step stand behind it.
    pub(crate) used: Vec<u64>,
    /// Units claimed by grants and not used yet, likewise.
    pub(crate) held: Vec<u64>,
    /// Units that the last period left to this one.
    pub(crate) rolled: u64,
    /// Units of the service wallet that earlier periods have left.
    pub(crate) wallet: u64,
    /// Whether the outside was told that the quota is used up.
    pub(crate) exceeded: bool,
    /// The step that the outside was told of, from 0.
    pub(crate) stage: usize,
    /// Earlier periods of which grants have claims still.
    pub(crate) past: Vec<Past>,
}

/// What an earlier period's first step has come to while not all of its claims are used or given back.
///
/// They count as used when the period ends, so that nothing is there twice; what is given back later is there again in
/// the wallet, and in the next period as far as it rolls over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    period: i64,
    /// What it gave before the wallet was used.
    given: u64,
    /// What was used or is claimed.
    taken: u64,
    /// How much of that is claimed.
    held: u64,
}

impl Counter {
    /// One that counts from nothing.
    pub(crate) fn new(discount: &DiscountSpec, now: Instant) -> Self {
        let none = vec![0; discount.steps.len() + 1];
        let period = discount.period.index(now, discount.offset);
        Self { period, used: none.clone(), held: none, ..Self::default() }
    }

    /// How far it is moved by what rolled over and what is in the wallet.
    pub(crate) const fn shift(&self) -> u64 {
        self.rolled.saturating_add(self.wallet)
    }

    /// It as of `now`: the same, or begun anew.
    pub(crate) fn at(mut self, discount: &DiscountSpec, now: Instant) -> Self {
        let period = discount.period.index(now, discount.offset);
        if period <= self.period {
            return self;
        }
        let quota = discount.quota().unwrap_or(0);
        let before_wallet = quota.saturating_add(self.rolled);
        let [used, held] = [&self.used, &self.held].map(|sums| sums.first().copied().unwrap_or_default());
        let taken = used.saturating_add(held);
        self.wallet = self.wallet.saturating_sub(taken.saturating_sub(before_wallet));
        let adjacent = period == self.period.saturating_add(1);
        let left = if adjacent { before_wallet.saturating_sub(taken) } else { quota };
        if held > 0 && discount.quota().is_some() {
            self.past.push(Past { period: self.period, given: before_wallet, taken, held });
        }
        self.rolled = left.min(discount.counted(discount.rollover_max));
        let none = vec![0; discount.steps.len() + 1];
        (self.period, self.used, self.held) = (period, none.clone(), none);
        self
    }

    /// Takes note that of an earlier period's claims some were used and some given back.
    pub(crate) fn settle_past(&mut self, discount: &DiscountSpec, period: i64, used: u64, returned: u64) {
        let Some(past) = self.past.iter_mut().find(|past| past.period == period) else { return };
        let before = past.taken;
        past.taken = past.taken.saturating_sub(returned);
        past.held = past.held.saturating_sub(used.saturating_add(returned));
        let of_wallet = |taken: u64| taken.saturating_sub(past.given);
        self.wallet = self.wallet.saturating_add(of_wallet(before) - of_wallet(past.taken));
        if self.period == period.saturating_add(1) {
            let most = discount.counted(discount.rollover_max);
            let left = |taken: u64| past.given.saturating_sub(taken).min(most);
            self.rolled = self.rolled.saturating_add(left(past.taken) - left(before));
        }
        self.past.retain(|past| past.held > 0);
    }

    /// The step that it has come to; one past the last where all are used up.
    pub(crate) fn step(&self, discount: &DiscountSpec) -> usize {
        let mut steps = self.used.iter().enumerate();
        let open = steps.find(|(step, used)| discount.width(*step, self.shift()) > **used);
        open.map_or(discount.steps.len(), |(step, _)| step)
    }

    /// Whether its quota is used up.
    pub(crate) fn is_exceeded(&self, discount: &DiscountSpec) -> bool {
        let used = self.used.first().copied().unwrap_or_default();
        discount.quota().is_some_and(|quota| used >= quota.saturating_add(self.shift()))
    }
}

/// What an account has spent in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) period: i64,
    pub(crate) amount: Amount,
}

/// All counters that were ever used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub(crate) by_account: BTreeMap<(AccountId, usize), Counter>,
    pub(crate) spent: BTreeMap<AccountId, Spent>,
    /// When counters begin anew of which the outside was told something.
    pub(crate) resets: BTreeSet<(Instant, AccountId, usize)>,
}

impl Counters {
    /// The counter as of `now`.
    pub(crate) fn get(
        &self,
        account: AccountId,
        place: usize,
        discount: &DiscountSpec,
        now: Instant,
    ) -> Counter {
        let known = self.by_account.get(&(account, place)).cloned();
        known.map_or_else(|| Counter::new(discount, now), |counter| counter.at(discount, now))
    }
}

#[cfg(test)]
mod tests {
    use super::super::calendar::Period;
    use super::super::spec::{StepPrice, StepSpec};
    use super::*;
    use crate::service::Service;

    fn daily(rollover_max: u64) -> DiscountSpec {
        DiscountSpec {
            service: Service::Voice,
            destinations: Vec::new(),
            level: None,
            measure: crate::plans::Measure::Units,
            period: Period::Daily,
            offset: 0,
            rollover_max,
            steps: vec![StepSpec { up_to: Some(100), price: StepPrice::Free, policy: None }],
        }
    }

    const DAY: u64 = 86_400;

    fn on(day: u64) -> Instant {
        Instant::from_unix_secs(day * DAY + 60)
    }

    #[test]
    fn what_is_left_rolls_over_up_to_its_bound() {
        let counter = Counter { used: vec![30, 0], ..Counter::new(&daily(50), on(1)) };
        // 70 are left, 50 of them may roll over: 150 are there on the second day.
        let second = counter.clone().at(&daily(50), on(2));
        assert_eq!((second.used[0], second.shift()), (0, 50));
        // 150 less 140 are 10.
        let third = Counter { used: vec![140, 0], ..second }.at(&daily(50), on(3));
        assert_eq!(third.shift(), 10);
        assert_eq!(counter.at(&daily(0), on(2)).shift(), 0);
    }

    #[test]
    fn a_wallet_is_used_after_the_quota_and_stays() {
        let counter = Counter { used: vec![120, 0], wallet: 50, ..Counter::new(&daily(0), on(1)) };
        assert!(!counter.is_exceeded(&daily(0)));
        // 100 of the quota and 20 of the wallet were used: 30 of it are left.
        assert_eq!(counter.clone().at(&daily(0), on(2)).wallet, 30);
        assert!(Counter { used: vec![150, 0], ..counter }.is_exceeded(&daily(0)));
    }
}
