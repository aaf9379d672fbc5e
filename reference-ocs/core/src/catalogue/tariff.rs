//! Destinations, tariffs and their rates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::prefixes::Prefixes;
use crate::ids::{DestinationId, RateId};
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
        }
    }

    /// A destination that calls are refused to.
    #[must_use]
    pub fn forbidden(pattern: &str) -> Self {
        Self { forbidden: true, ..Self::simple(pattern, Price::ZERO) }
    }
}

/// A rate as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    pub(crate) destination: DestinationId,
    pub(crate) first: Interval,
    pub(crate) next: Interval,
    pub(crate) price_unit: u64,
    pub(crate) connect_fee: Amount,
    pub(crate) free_units: u64,
    pub(crate) forbidden: bool,
}

/// A tariff as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Tariff {
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) service: Service,
    pub(crate) prefixes: Prefixes,
    pub(crate) words: BTreeMap<Arc<str>, RateId>,
}

impl Tariff {
    /// The rate of the longest prefix of `cld`, or of exactly that word.
    pub(crate) fn rate(&self, cld: &str) -> Option<RateId> {
        self.prefixes.longest(cld).or_else(|| self.words.get(cld).copied())
    }
}
