//! How an account stands with what it uses: whether a quota is used up, which access policy holds, and whether anything
//! is left that pays for more. It is read from the state at any moment and changes nothing, so that what a node was told
//! last can be compared with it.
//!
//! Reservations are not considered: money that another session has locked is still the account's (ESI,
//! `available-funds`), and so is what another session has claimed of a quota.

use tollgate_time::Instant;

use super::Ocs;
use super::access::word;
use super::add_ons::Wanted;
use crate::catalogue::Rate;
use crate::command::SessionKey;
use crate::ids::{AccountId, RateId};
use crate::money::Amount;
use crate::plans::counter::Counter;
use crate::plans::share::{self, Part, Pot};
use crate::service::{Leg, Service};
use crate::sessions::Usage;

/// What is used by whom, as its node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The account's id.
    pub account: String,
    /// The session.
    pub session: SessionKey,
    /// The session that it belongs to, where that has a key of its own.
    pub parent: Option<SessionKey>,
    /// What is used.
    pub service: Service,
}

/// How an account stands with a service.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Standing {
    /// The access policy of the step that a plan has come to; the first plan that names one counts.
    pub policy: Option<String>,
    /// Whether the quota of one of its plans is used up.
    pub quota_exceeded: bool,
    /// Whether neither a quota nor money, credit or budget pays for anything more, or a plan blocks it.
    pub exhausted: bool,
}

/// What the next units are rated by.
#[derive(Default)]
struct Next<'a> {
    rate: Option<(RateId, &'a Rate)>,
    discounts: Vec<usize>,
    parts: &'a [Part],
    used: u64,
    charged: Amount,
    began: Option<Instant>,
}

impl Ocs {
    /// How an account stands with what it uses, or is about to use; `None` for an unknown account.
    #[must_use]
    pub fn standing(&self, seat: &Seat) -> Option<Standing> {
        let (ocs, name) = self.locate(&seat.account);
        if ocs.env() != self.env() {
            return ocs.standing(&Seat { account: name.to_owned(), ..seat.clone() });
        }
        let known = self.ledger.account_id(&seat.account);
        let account = known.or_else(|| self.catalogue.parties.alias(&seat.account))?;
        let next = match self.open_usage(account, seat) {
            Some(usage) => self.next_of(account, usage),
            None => self.first_of(account, seat.service),
        };
        let funds = self.ledger.funds(account).into_iter().chain(self.budget_left(account)).min();
        let mut standing = Standing { exhausted: !self.pays(account, &next, funds), ..Standing::default() };
        for &place in &next.discounts {
            let Some(discount) = self.catalogue.plans.discount(place) else { continue };
            let counter = self.counters.get(account, place, discount, self.now);
            standing.quota_exceeded |= counter.is_exceeded(discount);
            if standing.policy.is_none() {
                let step = discount.steps.get(counter.step(discount));
                standing.policy = step.and_then(|step| step.policy.clone());
            }
        }
        Some(standing)
    }

    fn open_usage(&self, account: AccountId, seat: &Seat) -> Option<&Usage> {
        let name = &self.ledger.account(account).name;
        let roots = seat.parent.as_ref().into_iter().chain([&seat.session]);
        let mut sessions = roots.filter_map(|root| self.sessions.find(root, name));
        let at = sessions.find_map(|at| self.sessions.find_open(at, &seat.session, Leg::Originate))?;
        Some(self.sessions.usage(at))
    }

    fn next_of<'a>(&'a self, account: AccountId, usage: &'a Usage) -> Next<'a> {
        let rate = usage.rate.and_then(|id| Some((id, self.catalogue.rate(id)?)));
        let shares = usage.shares.as_deref().filter(|own| own.rate == usage.rate);
        let discounts = match (shares, rate) {
            (Some(shares), _) => shares.discounts.clone(),
            (None, Some((id, _))) => self.discounts_for(account, id, usage.service),
            (None, None) => Vec::new(),
        };
        Next {
            rate,
            discounts,
            parts: shares.map_or(&[], |shares| &shares.parts),
            used: usage.used,
            charged: usage.charged,
            began: Some(usage.began(self.now)),
        }
    }

    /// What a service is rated by that was not begun: as one without a number or access code.
    fn first_of(&self, account: AccountId, service: Service) -> Next<'_> {
        let leg = Leg::Originate;
        let entry = self.entry_for(account, &Wanted { code: None, service, leg, number: None, node: None });
        let rate = entry.zip(word(service)).and_then(|(entry, word)| {
            let id = self.catalogue.rate_of(entry.1, word, self.now)?;
            Some((id, self.catalogue.rate(id)?))
        });
        let discounts = rate.map_or_else(Vec::new, |(id, _)| self.discounts_for(account, id, service));
        Next { rate, discounts, ..Next::default() }
    }

    /// Whether one unit more is paid for.
    fn pays(&self, account: AccountId, next: &Next<'_>, funds: Option<Amount>) -> bool {
        let paying = funds.map(|funds| funds.saturating_add(next.charged));
        let within = |cost: crate::money::Cost| paying.is_none_or(|paying| cost.is_within(paying));
        let Some((_, rate)) = next.rate else { return funds.is_none_or(|funds| funds > Amount::ZERO) };
        let began = next.began.unwrap_or(self.now);
        // The interval that was begun is paid; the unit after it is asked for.
        let rated = rate.usage(next.used, began);
        let more = next.used.max(rated.free.saturating_add(rated.units)).saturating_add(1);
        if next.discounts.is_empty() {
            return within(rate.usage(more, began).cost);
        }
        let pots = next.discounts.iter().filter_map(|&place| {
            let discount = self.catalogue.plans.discount(place)?;
            let counter = self.counters.get(account, place, discount, self.now);
            let held = vec![0; counter.held.len()];
            let plan = self.catalogue.plans.plan_of(place);
            Some(Pot::new((place, plan), discount, &Counter { held, ..counter }))
        });
        let pots: Vec<Pot<'_>> = pots.collect();
        let whole = share::whole(rate, began, more, next.parts, &pots);
        whole.is_some_and(|parts| within(share::cost(rate, &parts)))
    }
}
