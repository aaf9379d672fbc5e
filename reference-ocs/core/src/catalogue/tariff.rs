//! Destinations, tariffs and their rates.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use tollgate_time::Instant;

use super::peaks::{PeakLevel, Peaks};
use super::prefixes::Prefixes;
use crate::ids::{DestinationGroupId, DestinationId, RateId};
use crate::money::{Amount, Currency, Price};
use crate::service::Service;

/// A place that can be called, or a thing that can be had.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DestinationSpec {
    /// Digits that numbers begin with, or a word that is matched whole.
    pub pattern: String,
    /// The name of its group, if it is in one.
    pub group: Option<String>,
}

/// A tariff: what a service costs, by destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffSpec {
    /// Its name.
    pub name: String,
    /// The currency of its prices.
    pub currency: Currency,
    /// The service it is for.
    pub service: Service,
}

/// A price for each of a number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Seconds, octets or pieces; at least one.
    pub units: u64,
    /// The price, per as many units as the rate's price unit says, not per interval.
    pub price: Price,
}

/// The prices of a level: the first interval and those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// The first interval, charged whole.
    pub first: Interval,
    /// Those after it.
    pub next: Interval,
}

/// What a rate may have besides its prices; by default nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RateTerms {
    /// Prices off-peak; `None` for those of the peak. Only for a tariff with peaks.
    pub off_peak: Option<Prices>,
    /// Prices of the second off-peak level; `None` for those of the peak.
    pub second_off_peak: Option<Prices>,
    /// Use beyond the free units is charged as if it were at least so many.
    pub minimum_units: u64,
    /// Use beyond the free units costs at least so much, connect fee included and before the surcharge.
    pub minimum_amount: Amount,
    /// Added to the exact cost at its end, in thousandths of a percent: 5000 is 5 %.
    pub surcharge: u32,
    /// From when on it is in force, for what begins then; `None` for ever since. Of several rates of one pattern the
    /// latest in force counts.
    pub effective_from: Option<Instant>,
    /// As if the pattern had no rate: shorter ones count.
    pub discontinued: bool,
}

/// What a destination costs in a tariff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateSpec {
    /// The destination's pattern. One that is not known yet becomes a destination without a group.
    pub pattern: String,
    /// The first interval, charged whole.
    pub first: Interval,
    /// Those after it.
    pub next: Interval,
    /// How many units a price stands for; `None` for the service's own (60 seconds, 2^20 octets, 1 piece).
    pub price_unit: Option<u64>,
    /// Due when the call connects.
    pub connect_fee: Amount,
    /// Units that cost nothing, before the first interval.
    pub free_units: u64,
    /// Calls are refused.
    pub forbidden: bool,
    /// What else there is to it.
    pub terms: RateTerms,
}

impl RateSpec {
    /// A rate by the second (octet, piece), without fee and free units.
    #[must_use]
    pub fn simple(pattern: &str, price: Price) -> Self {
        let interval = Interval { units: 1, price };
        Self {
            pattern: pattern.to_owned(),
            first: interval,
            next: interval,
            price_unit: None,
            connect_fee: Amount::ZERO,
            free_units: 0,
            forbidden: false,
            terms: RateTerms::default(),
        }
    }

    /// A destination that calls are refused to.
    #[must_use]
    pub fn forbidden(pattern: &str) -> Self {
        Self { forbidden: true, ..Self::simple(pattern, Price::ZERO) }
    }
}

/// A rate as it is looked up. What a charge needs of its destination stands in it, and all of it in one pair of lines of
/// the processor's caches: there are too many rates for those that a call needs to be in the caches already.
#[derive(Clone, Debug)]
#[repr(align(128))]
pub(crate) struct Rate {
    pub(crate) destination: DestinationId,
    pub(crate) shown: Shown,
    pub(crate) first: Interval,
    pub(crate) next: Interval,
    pub(crate) price_unit: u64,
    pub(crate) connect_fee: Amount,
    pub(crate) free_units: u64,
    pub(crate) forbidden: bool,
    /// What few rates have; without it, rating takes the short way.
    pub(crate) more: Option<Box<More>>,
}

/// What records show of a rate's destination.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) pattern: CompactString,
    pub(crate) group: Option<DestinationGroupId>,
}

/// What few rates have, as it is looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct More {
    /// When the levels hold, in a tariff with peaks.
    pub(crate) peaks: Option<Arc<Peaks>>,
    pub(crate) terms: RateTerms,
    /// Whether usage is counted in seconds, so that it goes from one level to the next.
    pub(crate) by_time: bool,
    /// The rate of the same pattern that was in force before.
    pub(crate) older: Option<RateId>,
}

impl Rate {
    /// Its prices at a level.
    pub(crate) fn prices(&self, level: PeakLevel) -> Prices {
        let terms = self.more.as_ref().map(|more| &more.terms);
        let own = match level {
            PeakLevel::Peak => None,
            PeakLevel::OffPeak => terms.and_then(|terms| terms.off_peak),
            PeakLevel::SecondOffPeak => terms.and_then(|terms| terms.second_off_peak),
        };
        own.unwrap_or(Prices { first: self.first, next: self.next })
    }

    fn effective_from(&self) -> Option<Instant> {
        self.more.as_ref()?.terms.effective_from
    }
}

/// Puts a rate among those of the same pattern, of which `head` is the latest, and gives the one that is now; `None`
/// when one of them is in force from the same moment.
pub(super) fn among_dated(rates: &mut [Rate], head: RateId, added: RateId) -> Option<RateId> {
    let from = |id: RateId| rates.get(id.place()).and_then(Rate::effective_from);
    let older = |id: RateId| rates.get(id.place()).and_then(|rate| rate.more.as_ref()?.older);
    let mut later = None;
    let mut next = Some(head);
    while let Some(id) = next.filter(|id| from(*id) >= from(added)) {
        if from(id) == from(added) {
            return None;
        }
        (later, next) = (Some(id), older(id));
    }
    let mut set = |id: RateId, older: Option<RateId>| {
        if let Some(rate) = rates.get_mut(id.place()) {
            rate.more.get_or_insert_default().older = older;
        }
    };
    if next.is_some() {
        set(added, next);
    }
    match later {
        Some(later) => {
            set(later, Some(added));
            Some(head)
        }
        None => Some(added),
    }
}

/// A tariff as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Tariff {
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) service: Service,
    pub(crate) prefixes: Prefixes,
    pub(crate) words: BTreeMap<Arc<str>, RateId>,
    pub(crate) peaks: Option<Arc<Peaks>>,
    /// Whether any rate is not in force at all times.
    pub(crate) dated: bool,
}

impl Tariff {
    /// The rate of the longest prefix of `cld`, or of exactly that word, for what begins at that time.
    pub(crate) fn rate(&self, rates: &[Rate], cld: &str, at: Instant) -> Option<RateId> {
        if !self.dated {
            return self.prefixes.longest(cld).or_else(|| self.words.get(cld).copied());
        }
        let by_prefix = self.prefixes.longest_where(cld, |id| in_force(rates, id, at));
        by_prefix.or_else(|| self.words.get(cld).and_then(|id| in_force(rates, *id, at)))
    }
}

/// Which of the rates of one pattern is in force, `latest` being the last to be so.
fn in_force(rates: &[Rate], latest: RateId, at: Instant) -> Option<RateId> {
    let mut next = Some(latest);
    while let Some(id) = next {
        let rate = rates.get(id.place())?;
        let more = rate.more.as_deref();
        if rate.effective_from().is_none_or(|from| from <= at) {
            return (!more.is_some_and(|more| more.terms.discontinued)).then_some(id);
        }
        next = more.and_then(|more| more.older);
    }
    None
}
