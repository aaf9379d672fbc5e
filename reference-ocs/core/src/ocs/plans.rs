//! Where plans and budgets meet sessions: what a grant claims of a quota, what a report uses of it, and what the
//! outside is told.

use tollgate_time::Instant;

use super::Ocs;
use super::access::Offer;
use super::quota::Bounds;
use crate::catalogue::Rate;
use crate::denial::Denial;
use crate::effect::{CustomerMoney, Effect, Grant, Refusal};
use crate::event::Fact;
use crate::ids::{AccountId, RateId};
use crate::money::Amount;
use crate::plans::counter::{Counter, Spent};
use crate::plans::share::{self, Part, Pot, Shares};
use crate::plans::{DiscountSpec, Measure, StepPrice};
use crate::quota::QuotaWish;
use crate::service::Service;
use crate::sessions::Usage;

impl Ocs {
    /// The places of the discounts that see usage at a rate, in order of precedence.
    pub(super) fn discounts_for(&self, account: AccountId, rate: RateId, service: Service) -> Vec<usize> {
        let book = &self.catalogue.plans;
        if book.is_empty() {
            return Vec::new();
        }
        let destination = self.catalogue.rate(rate).map(|rate| rate.destination);
        let known = destination.and_then(|id| self.catalogue.destination(id).map(|it| (id, it)));
        let Some((id, destination)) = known else { return Vec::new() };
        let what = (id, &*destination.pattern, destination.group);
        let plans = self.committed_plans(account).chain(book.of(account, self.products_of(account)));
        let fitting = plans.flat_map(|plan| {
            let own = book.discounts_of(plan);
            let mut fitting =
                own.filter(|&place| book.discount(place).is_some_and(|it| it.fits(service, what)));
            // Behind one for all levels no other one of its plan is ever asked.
            let mut all_levels = false;
            std::iter::from_fn(move || {
                let place = fitting.next().filter(|_| !all_levels)?;
                all_levels = book.discount(place).is_some_and(|it| it.level.is_none());
                Some(place)
            })
        });
        fitting.take(share::PLANS_MAX).collect()
    }

    pub(super) fn counter(&self, account: AccountId, place: usize) -> Counter {
        let discount = self.catalogue.plans.discount(place);
        discount.map_or_else(Counter::default, |it| self.counters.get(account, place, it, self.now))
    }

    /// The discounts as they stand for a usage whose own claim, if it has one, is not counted.
    fn pots(
        &self,
        account: AccountId,
        places: &[usize],
        price_unit: u64,
        own: Option<&Shares>,
    ) -> Vec<Pot<'_>> {
        let pot = |(number, &place): (usize, &usize)| {
            let discount = self.catalogue.plans.discount(place)?;
            let mut counter = self.counter(account, place);
            if let Some((own, &period)) = own.and_then(|own| Some((own, own.periods.get(number)?))) {
                let mine = share::by_step(&own.claim, number, discount, price_unit);
                if period == counter.period {
                    less(&mut counter.held, &mine);
                } else {
                    counter.settle_past(discount, period, 0, first_of(&mine));
                }
            }
            Some(Pot::new((place, self.catalogue.plans.plan_of(place)), discount, &counter))
        };
        places.iter().enumerate().filter_map(pot).collect()
    }

    /// What funds and plans together pay for; `None` for an account without a plan for this rate.
    pub(super) fn planned(
        &self,
        account: AccountId,
        (id, rate): (RateId, &Rate),
        service: Service,
        open: Option<&Usage>,
        wish: Option<&QuotaWish>,
    ) -> Option<Result<Offer, Denial>> {
        let own = open.and_then(|open| open.shares.as_deref()).filter(|own| own.rate == Some(id));
        let places = match own {
            Some(own) => own.discounts.clone(),
            None => self.discounts_for(account, id, service),
        };
        if places.is_empty() {
            return None;
        }
        let (reserved, charged, used) =
            open.map_or((Amount::ZERO, Amount::ZERO, 0), |open| (open.reserved, open.charged, open.used));
        let began = open.map_or(self.now, |open| open.began(self.now));
        let bounds = wish.map_or_else(Bounds::default, Bounds::of);
        // What is given for nothing can be had by who owes money, too.
        let funds = self.spendable(account);
        let funds = funds.map(|sum| sum.saturating_add(reserved).max(Amount::ZERO));
        let parts = own.map_or(&[][..], |own| &own.parts);
        let pots = self.pots(account, &places, rate.price_unit, own);
        let reach = |funds: Option<Amount>| {
            share::reach(rate, began, parts, &pots, funds.map(|sum| sum.saturating_add(charged)))
        };
        let found = reach(funds);
        let paying = match (funds, bounds.max_funds) {
            (Some(funds), Some(max)) if max < funds => reach(Some(max)),
            _ => found,
        };
        let Some((most, paid)) = found.total.zip(paying.total) else {
            let (grant, price) = (Grant::Unlimited, Amount::ZERO);
            return Some(Ok(Offer { grant, total: None, retained: None, price }));
        };
        let quantum = self.catalogue.settings.grant_max(service.unit()).filter(|_| funds.is_some());
        let total = bounds.total(used, paid, quantum, |units| rate.whole_within(units, began));
        let Some(total) = total else {
            let why = if found.blocked { Denial::CldBarred } else { self.too_little(account, rate, began) };
            return Some(Err(why));
        };
        let price = match share::whole(rate, began, total, parts, &pots) {
            Some(all) if funds.is_some() => share::cost(rate, &all).round(),
            _ => Some(Amount::ZERO),
        };
        let retained = Some(most.saturating_sub(total)).filter(|&units| units > 0);
        let offer = |price| Offer { grant: Grant::Units(total - used), total: Some(total), retained, price };
        Some(price.map(offer).ok_or(Denial::InsufficientBalance))
    }

    /// Claims of the plans what a usage was granted, in place of what it had claimed before.
    pub(super) fn claim(&mut self, account: AccountId, at: u32) {
        self.release_claim(account, at);
        let usage = self.sessions.usage(at);
        let Some((id, rate)) = usage.rate.and_then(|id| self.catalogue.rate(id).map(|rate| (id, rate)))
        else {
            return;
        };
        let mut shares = match &usage.shares {
            Some(shares) if shares.rate == Some(id) => Shares::clone(shares),
            Some(_) => {
                self.forget_shares(account, at);
                return self.claim(account, at);
            }
            None => {
                let discounts = self.discounts_for(account, id, usage.service);
                if discounts.is_empty() {
                    return;
                }
                Shares { rate: Some(id), discounts, ..Shares::default() }
            }
        };
        if let Some(Grant::Units(total)) = usage.grant {
            let list = share::listed(rate, &rate.usage(total, usage.began(self.now)));
            let mut pots = self.pots(account, &shares.discounts, rate.price_unit, None);
            let from = share::units_of(&shares.parts);
            shares.claim = share::divide(&list, rate.price_unit, from, &mut pots, false);
        }
        shares.periods = shares.discounts.iter().map(|&it| self.counter(account, it).period).collect();
        self.move_held(account, &shares, true);
        self.sessions.usage_mut(at).shares = Some(Box::new(shares));
    }

    /// Gives back what a usage has claimed and not used.
    pub(super) fn release_claim(&mut self, account: AccountId, at: u32) {
        if self.sessions.usage(at).shares.is_none() {
            return;
        }
        let Some(mut shares) = self.sessions.usage_mut(at).shares.take() else { return };
        self.move_held(account, &shares, false);
        shares.claim.clear();
        self.sessions.usage_mut(at).shares = Some(shares);
    }

    fn move_held(&mut self, account: AccountId, shares: &Shares, more: bool) {
        for (number, &place) in shares.discounts.iter().enumerate() {
            let mut counter = self.counter(account, place);
            let Some(&period) = shares.periods.get(number).filter(|_| !shares.claim.is_empty()) else {
                continue;
            };
            let mine = self.counted(&shares.claim, number, shares);
            if period != counter.period {
                if let Some(discount) = self.catalogue.plans.discount(place).filter(|_| !more) {
                    counter.settle_past(discount, period, 0, first_of(&mine));
                }
            } else if more {
                add(&mut counter.held, &mine);
            } else {
                less(&mut counter.held, &mine);
            }
            self.counters.by_account.insert((account, place), counter);
        }
    }

    /// What one of the discounts that see a usage counts of parts of it, by step.
    fn counted(&self, parts: &[Part], number: usize, shares: &Shares) -> Vec<u64> {
        let discount = shares.discounts.get(number).and_then(|&place| self.catalogue.plans.discount(place));
        let rate = shares.rate.and_then(|id| self.catalogue.rate(id));
        let known = discount.zip(rate);
        known.map_or_else(Vec::new, |(it, rate)| share::by_step(parts, number, it, rate.price_unit))
    }

    /// Takes back all that a usage has of the plans, because it is rated by another rate now.
    fn forget_shares(&mut self, account: AccountId, at: u32) {
        let Some(shares) = self.sessions.usage_mut(at).shares.take() else { return };
        self.move_held(account, &shares, false);
        for (number, &place) in shares.discounts.iter().enumerate() {
            let mut counter = self.counter(account, place);
            if shares.periods.get(number) == Some(&counter.period) {
                less(&mut counter.used, &self.counted(&shares.parts, number, &shares));
                self.counters.by_account.insert((account, place), counter);
            }
        }
    }

    /// What all of a usage costs with its account's plans, after counting what is new; `None` without a plan for it.
    ///
    /// New units take the usage's own claim first, at the prices of the claim. What goes beyond it, or was never granted,
    /// or whose claim was given back when it expired, takes room that nobody has used or claimed at that moment: the
    /// units just taken from the own claim are used by then, and what other sessions claim stays theirs.
    pub(super) fn settle_plans(
        &mut self,
        account: AccountId,
        at: u32,
        out: &mut Vec<Effect>,
    ) -> Option<Option<Amount>> {
        let usage = self.sessions.usage(at);
        let id = usage.rate?;
        if usage.shares.as_ref().is_some_and(|shares| shares.rate != Some(id)) {
            self.forget_shares(account, at);
        }
        if self.sessions.usage(at).shares.is_none() {
            let discounts = self.discounts_for(account, id, self.sessions.usage(at).service);
            if discounts.is_empty() {
                return None;
            }
            let periods = discounts.iter().map(|&place| self.counter(account, place).period).collect();
            let shares = Shares { rate: Some(id), discounts, periods, ..Shares::default() };
            self.sessions.usage_mut(at).shares = Some(Box::new(shares));
        }
        let mut shares = self.sessions.usage_mut(at).shares.take()?;
        let rate = self.catalogue.rate(id)?;
        let from = share::units_of(&shares.parts);
        let first = self.sessions.usage(at).rated_from.is_none();
        let began = self.sessions.usage_mut(at).rate_from(self.now);
        if first && !shares.claim.is_empty() && rate.level(began).is_some() {
            // It was claimed as if it had begun with its grant; other levels may hold from when it was answered.
            self.sessions.usage_mut(at).shares = Some(shares);
            self.claim(account, at);
            shares = self.sessions.usage_mut(at).shares.take()?;
        }
        let rate = self.catalogue.rate(id)?;
        let rated = rate.usage(self.sessions.usage(at).used, began);
        let more = rated.units.saturating_sub(from);
        let taken = share::cut(&shares.claim, more);
        let claimed = share::units_of(&taken);
        let mut rest = Vec::new();
        let mut skipped = claimed;
        for part in &shares.claim {
            let gone = part.units.min(skipped);
            skipped -= gone;
            share::push(&mut rest, Part { units: part.units - gone, ..*part });
        }
        let beyond = {
            let mut pots = self.pots(account, &shares.discounts, rate.price_unit, None);
            let (list, from) = (share::listed(rate, &rated), from.saturating_add(claimed));
            share::divide(&list, rate.price_unit, from, &mut pots, false)
        };
        for part in taken.iter().chain(&beyond) {
            share::push(&mut shares.parts, *part);
        }
        let total = share::cost(rate, &shares.parts).round();
        shares.claim = rest;
        for (number, &place) in shares.discounts.iter().enumerate() {
            let of = |parts: &[Part]| self.counted(parts, number, &shares);
            let mut counter = self.counter(account, place);
            // What was claimed in an earlier period was that period's.
            if shares.periods.get(number) == Some(&counter.period) {
                less(&mut counter.held, &of(&taken));
                add(&mut counter.used, &of(&taken));
            } else if let Some((discount, &period)) =
                self.catalogue.plans.discount(place).zip(shares.periods.get(number))
            {
                counter.settle_past(discount, period, first_of(&of(&taken)), 0);
            }
            add(&mut counter.used, &of(&beyond));
            self.take_counter(account, place, counter, out);
        }
        self.sessions.usage_mut(at).shares = Some(shares);
        Some(total)
    }

    /// Keeps a counter, and tells of what has come with it.
    fn take_counter(
        &mut self,
        account: AccountId,
        place: usize,
        mut counter: Counter,
        out: &mut Vec<Effect>,
    ) {
        let Some(discount) = self.catalogue.plans.discount(place) else { return };
        let service = discount.service;
        let exceeded = counter.is_exceeded(discount);
        let stage = counter.step(discount);
        let policy = |stage: usize| discount.steps.get(stage).and_then(|step| step.policy.as_deref());
        let changed = policy(stage) != policy(counter.stage);
        let policy = policy(stage).unwrap_or_default().to_owned();
        let ends = discount.period.ends(counter.period, discount.offset);
        let was = std::mem::replace(&mut counter.exceeded, exceeded);
        counter.stage = stage;
        self.counters.by_account.insert((account, place), counter);
        if let Some(ends) = ends.filter(|_| (exceeded || stage > 0) && !self.sessions.is_trial()) {
            self.counters.resets.insert((ends, account, place));
        }
        let group = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
        let subject = self.account_subject(account);
        if was != exceeded {
            let fact = if exceeded {
                Fact::QuotaExceeded { service, group }
            } else {
                Fact::QuotaAvailable { service, group }
            };
            self.event(subject.clone(), fact, out);
            if exceeded && matches!(service, Service::NetAccess | Service::Msg) {
                self.event(subject.clone(), Fact::ServiceQuotaExceeded { service }, out);
            }
        }
        if changed {
            self.event(subject, Fact::AccessPolicyChanged { policy }, out);
        }
    }

    /// When the next counter begins anew that something was told of.
    pub(super) fn next_reset(&self) -> Option<Instant> {
        self.counters.resets.first().map(|(at, _, _)| *at)
    }

    /// Begins the counters anew whose period has ended by `at`.
    pub(super) fn reset_counters(&mut self, at: Instant, out: &mut Vec<Effect>) {
        while let Some(&(due, account, place)) = self.counters.resets.first().filter(|(due, _, _)| *due <= at)
        {
            self.counters.resets.pop_first();
            let Some(discount) = self.catalogue.plans.discount(place) else { continue };
            let counter = self.counters.get(account, place, discount, due);
            self.take_counter(account, place, counter, out);
        }
    }

    /// Adds units to the service wallet of an account's plan.
    pub(super) fn fill_wallet(
        &mut self,
        account: AccountId,
        plan: &str,
        units: u64,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let book = &self.catalogue.plans;
        let known = book.named(plan);
        let own = self.committed_plans(account).chain(book.of(account, self.products_of(account)));
        let own: Vec<_> = own.collect();
        let place = known.filter(|known| own.contains(known)).and_then(|plan| {
            let mut places = book.discounts_of(plan);
            let counts = |it: &DiscountSpec| it.measure == Measure::Units && it.quota().is_some();
            places.find(|&place| book.discount(place).is_some_and(counts))
        });
        let Some(place) = place else { return Err(Refusal::UnknownPlan(plan.to_owned())) };
        let mut counter = self.counter(account, place);
        counter.wallet = counter.wallet.saturating_add(units);
        self.take_counter(account, place, counter, out);
        Ok(())
    }

    /// Whether a plan of the account has something of the service for nothing, so that it need not have money.
    ///
    /// Of a rate that is known, the plans that see it decide, in order of precedence; without one (a login), any plan
    /// for the service does. What a plan gives for another service or destination opens nothing.
    pub(super) fn has_quota(&self, account: AccountId, service: Service, rate: Option<RateId>) -> bool {
        let book = &self.catalogue.plans;
        if book.is_empty() {
            return false;
        }
        let price = |place: usize| {
            let discount = book.discount(place)?;
            let counter = self.counters.get(account, place, discount, self.now);
            discount.steps.get(counter.step(discount)).map(|step| step.price)
        };
        if let Some(rate) = rate {
            let level = self.catalogue.rate(rate).and_then(|rate| rate.level(self.now)).unwrap_or_default();
            let mut places = self.discounts_for(account, rate, service);
            places.retain(|&place| {
                book.discount(place).is_some_and(|it| it.level.is_none_or(|own| own == level))
            });
            places.dedup_by_key(|place| book.plan_of(*place));
            let mut given = places.into_iter().filter_map(price);
            return given.find(|price| *price != StepPrice::Full) == Some(StepPrice::Free);
        }
        let mut plans = self.committed_plans(account).chain(book.of(account, self.products_of(account)));
        plans.any(|plan| {
            let mut own = book
                .discounts_of(plan)
                .filter(|&place| book.discount(place).is_some_and(|discount| discount.service == service));
            own.any(|place| price(place) == Some(StepPrice::Free))
        })
    }

    /// What is left of an account's budget, reservations not considered; `None` without one.
    pub(super) fn budget_left(&self, account: AccountId) -> Option<Amount> {
        let budget = self.catalogue.plans.budget(account)?;
        let period = budget.period.index(self.now, budget.offset);
        let spent = self.counters.spent.get(&account).filter(|spent| spent.period == period);
        Some(budget.limit.saturating_sub(spent.map_or(Amount::ZERO, |spent| spent.amount)))
    }

    /// What an account may reserve now: what is available, within its budget.
    pub(super) fn spendable(&self, account: AccountId) -> Option<Amount> {
        let available = self.ledger.available(account);
        let reserved = self.ledger.account(account).purse.reserved();
        let budget = self.budget_left(account).map(|left| left.saturating_sub(reserved));
        available.into_iter().chain(budget).min()
    }

    /// Counts a charge for usage into the account's budget.
    pub(super) fn count_spent(&mut self, account: AccountId, amount: Amount) {
        let Some(budget) = self.catalogue.plans.budget(account) else { return };
        let period = budget.period.index(self.now, budget.offset);
        let spent = self.counters.spent.entry(account).or_default();
        if spent.period != period {
            *spent = Spent { period, amount: Amount::ZERO };
        }
        spent.amount = spent.amount.saturating_add(amount);
    }

    /// Why nothing could be granted at a rate: the money is reserved, the budget is used up, or there is none.
    pub(super) fn too_little(&self, account: AccountId, rate: &Rate, began: Instant) -> Denial {
        let available = self.ledger.available(account).unwrap_or(Amount::from_units(i64::MAX));
        let buys = |sum: Amount| rate.affordable(sum, began).is_none_or(|units| units > 0);
        if self.spendable(account).is_some_and(|sum| sum < available) && buys(available) {
            return Denial::SpendLimitExceeded;
        }
        let funds = self.ledger.funds(account).unwrap_or(available);
        if funds > available && buys(funds) {
            return if available > Amount::ZERO { Denial::FundsInsufficient } else { Denial::FundsLocked };
        }
        if self.is_debit(account) { Denial::InsufficientBalance } else { Denial::CreditLimit }
    }

    /// What a credit account is told of its customer.
    pub(super) fn customer_money(&self, account: AccountId) -> CustomerMoney {
        let id = self.ledger.account(account).customer;
        let purse = &self.ledger.customer(id).purse;
        CustomerMoney {
            balance: purse.balance(),
            credit_limit: purse.limit(),
            warning: self.catalogue.plans.warning(id),
        }
    }
}

/// What the first step, which quotas are in, counts.
fn first_of(by_step: &[u64]) -> u64 {
    by_step.first().copied().unwrap_or_default()
}

fn add(sums: &mut [u64], more: &[u64]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

fn less(sums: &mut [u64], gone: &[u64]) {
    for (sum, gone) in sums.iter_mut().zip(gone) {
        *sum = sum.saturating_sub(*gone);
    }
}
