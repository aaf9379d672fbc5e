//! Tariffs, their peak levels and their rates, taken into a catalogue; and the sorting of rates at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builder::{AMOUNT_MAX, Built, missing, name_is, twice};
use super::error::CatalogueError;
use super::peaks::{Peaks, PeaksSpec};
use super::prefixes::Prefixes;
use super::tariff::{More, Prices, Rate, RateSpec, RateTerms, Shown, Tariff, TariffSpec, among_dated};
use super::{Catalogue, CatalogueBuilder, CataloguePath, CatalogueProblem, CatalogueProblems};
use crate::ids::{RateId, TariffId};
use crate::money::{Amount, Price};
use crate::service::Unit;

/// The highest price: a million currency units.
const PRICE_MAX: Price = Price::from_nanos(1_000_000_000_000_000);
/// The list of a tariff's rates, in paths.
const RATES: &str = "rates";

/// A tariff's rates until they are sorted at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsorted {
    /// By pattern key.
    keyed: Vec<(u64, RateId)>,
    /// In the order in which they were brought, `None` for each that was refused.
    brought: Vec<Option<RateId>>,
}

impl CatalogueBuilder {
    /// Adds a tariff without rates.
    ///
    /// # Errors
    /// It has no name, or another's.
    pub fn tariff(&mut self, spec: TariffSpec) -> Result<TariffId, CatalogueError> {
        let built = self.take_tariff(spec);
        self.noted(built, None)
    }

    fn take_tariff(&mut self, spec: TariffSpec) -> Built<TariffId> {
        name_is("tariff", &spec.name)?;
        if self.tariff_names.contains_key(&spec.name) {
            return Err(twice("tariff", &spec.name));
        }
        let id = TariffId::at(self.all.tariffs.len()).ok_or(CatalogueError::TooMany { what: "tariff" })?;
        self.all.tariffs.push(Tariff {
            name: spec.name.as_str().into(),
            currency: spec.currency,
            service: spec.service,
            prefixes: Prefixes::default(),
            words: BTreeMap::new(),
            peaks: None,
            dated: false,
        });
        self.unsorted.push(Unsorted::default());
        self.tariff_names.insert(spec.name, id);
        Ok(id)
    }

    /// Says when the peak levels of a tariff hold, before it gets its rates.
    ///
    /// # Errors
    /// Two periods overlap; one is empty or outside the week; or the tariff has rates.
    pub fn peaks(&mut self, tariff: TariffId, spec: PeaksSpec) -> Result<(), CatalogueError> {
        let built = self.take_peaks(tariff, spec);
        self.noted(built, None)
    }

    fn take_peaks(&mut self, tariff: TariffId, spec: PeaksSpec) -> Built<()> {
        let rates = self.unsorted.get(tariff.place()).is_some_and(|unsorted| !unsorted.keyed.is_empty());
        let target = self.all.tariffs.get_mut(tariff.place());
        let target = target.ok_or_else(|| missing("peak levels", "", "tariff"))?;
        let name = target.name.to_string();
        if rates || !target.words.is_empty() {
            return Err(CatalogueError::PeaksAfterRates { tariff: name });
        }
        target.peaks = Some(Arc::new(Peaks::new(&name, spec)?));
        Ok(())
    }

    /// Adds a rate to a tariff.
    ///
    /// # Errors
    /// The pattern can match nothing or is a word that the tariff has from the same moment; an interval has no units; a price or
    /// fee is below zero or beyond all reason. Two rates for one prefix are found by [`Self::finish`].
    pub fn rate(&mut self, tariff: TariffId, spec: RateSpec) -> Result<RateId, CatalogueError> {
        let built = self.take_rate(tariff, spec);
        let Some(unsorted) = self.unsorted.get_mut(tariff.place()) else { return self.noted(built, None) };
        let part = (RATES, unsorted.brought.len());
        unsorted.brought.push(built.as_ref().ok().copied());
        match (&built, self.all.tariffs.get(tariff.place())) {
            // A pattern says nothing of whose rate it is.
            (Err(error @ CatalogueError::Pattern { .. }), Some(target)) => {
                let at = CataloguePath::new("tariffs", &target.name).part(part.0, part.1);
                self.problems.push(CatalogueProblem { at, wrong: error.clone().into() });
                built
            }
            _ => self.noted(built, Some(part)),
        }
    }

    /// Notes that the next rate of a tariff could not be made of what was written, as [`Self::refuse`] does.
    pub fn refuse_rate(&mut self, tariff: TariffId, why: impl Into<String>) {
        let name = self.all.tariffs.get(tariff.place()).map(|it| it.name.to_string()).unwrap_or_default();
        let Some(unsorted) = self.unsorted.get_mut(tariff.place()) else { return };
        let at = CataloguePath::new("tariffs", &name).part(RATES, unsorted.brought.len());
        unsorted.brought.push(None);
        self.refuse(at, why);
    }

    fn take_rate(&mut self, tariff: TariffId, spec: RateSpec) -> Built<RateId> {
        let destination = self.destination_of(&spec.pattern)?;
        let known = self.all.tariffs.get(tariff.place()).zip(self.all.destinations.get(destination.place()));
        let (target, pattern) = match known {
            Some((target, destination)) => (target, Arc::clone(&destination.pattern)),
            None => return Err(missing("rate", &spec.pattern, "tariff")),
        };
        let price_unit = spec.price_unit.unwrap_or_else(|| target.service.unit().price_unit());
        check_rate(&target.name, &spec, price_unit)?;
        let terms = spec.terms;
        if target.peaks.is_none() && (terms.off_peak.is_some() || terms.second_off_peak.is_some()) {
            let tariff = target.name.to_string();
            return Err(CatalogueError::PricesWithoutPeriods { tariff, pattern: spec.pattern });
        }
        let dated = terms.effective_from.is_some() || terms.discontinued;
        let more = (target.peaks.is_some() || terms != RateTerms::default()).then(|| {
            let by_time = target.service.unit() == Unit::Second;
            Box::new(More { peaks: target.peaks.clone(), terms, by_time, older: None })
        });
        let id = RateId::at(self.all.rates.len()).ok_or(CatalogueError::TooMany { what: "rate" })?;
        self.all.rates.push(Rate {
            destination,
            shown: Shown { pattern: pattern.as_ref().into(), group: None },
            first: spec.first,
            next: spec.next,
            price_unit,
            connect_fee: spec.connect_fee,
            free_units: spec.free_units,
            forbidden: spec.forbidden,
            more,
        });
        let target = self.all.tariffs.get_mut(tariff.place()).zip(self.unsorted.get_mut(tariff.place()));
        let (target, unsorted) = target.ok_or_else(|| missing("rate", &spec.pattern, "tariff"))?;
        target.dated |= dated;
        match (Prefixes::key(&pattern), target.words.get(&pattern)) {
            (Some(key), _) => unsorted.keyed.push((key, id)),
            (None, None) => {
                target.words.insert(pattern, id);
            }
            (None, Some(&known)) => match among_dated(&mut self.all.rates, known, id) {
                Some(latest) => {
                    target.words.insert(pattern, latest);
                }
                None => {
                    self.all.rates.pop();
                    let tariff = target.name.to_string();
                    return Err(CatalogueError::RateTwice { tariff, pattern: spec.pattern });
                }
            },
        }
        Ok(id)
    }

    /// Makes the tariffs ready for look-ups.
    ///
    /// # Errors
    /// All that was wrong since the beginning, every object that could not be taken in among it; and what is seen at the
    /// end alone: two rates of a tariff for one prefix from the same moment, a product that charges nothing.
    pub fn finish(mut self) -> Result<Catalogue, CatalogueProblems> {
        for rate in &mut self.all.rates {
            // Groups may be made after the rates.
            rate.shown.group = self.all.destinations.get(rate.destination.place()).and_then(|it| it.group);
        }
        let unsorted = std::mem::take(&mut self.unsorted);
        for (tariff, unsorted) in self.all.tariffs.iter_mut().zip(unsorted) {
            let (prefixes, double) = sorted(&mut self.all.rates, unsorted.keyed);
            tariff.prefixes = prefixes;
            for rate in double {
                let destination = self.all.rates.get(rate.place()).map(|rate| rate.destination);
                let found = destination.and_then(|id| self.all.destinations.get(id.place()));
                let pattern = found.map(|it| it.pattern.to_string()).unwrap_or_default();
                let place = unsorted.brought.iter().position(|own| *own == Some(rate)).unwrap_or_default();
                let tariff = tariff.name.to_string();
                let at = CataloguePath::new("tariffs", &tariff).part(RATES, place);
                let wrong = CatalogueError::RateTwice { tariff, pattern }.into();
                self.problems.push(CatalogueProblem { at, wrong });
            }
        }
        self.check_products();
        if self.problems.is_empty() { Ok(self.all) } else { Err(CatalogueProblems(self.problems)) }
    }
}

/// A tariff's rates in their order, and those that are a second one for the same.
fn sorted(rates: &mut [Rate], mut keyed: Vec<(u64, RateId)>) -> (Prefixes, Vec<RateId>) {
    keyed.sort_unstable();
    let mut single: Vec<(u64, RateId)> = Vec::with_capacity(keyed.len());
    let mut double = Vec::new();
    for (key, rate) in keyed {
        match single.last_mut().filter(|(known, _)| *known == key) {
            None => single.push((key, rate)),
            Some((_, latest)) => match among_dated(rates, *latest, rate) {
                Some(id) => *latest = id,
                None => double.push(rate),
            },
        }
    }
    (Prefixes::new(single), double)
}

fn check_rate(tariff: &str, spec: &RateSpec, price_unit: u64) -> Built<()> {
    // Beyond these a cost might not fit its 128 bits.
    const UNITS_MAX: u64 = 1 << 40;
    // Thousandths of a percent: more than ten times the cost is a mistake.
    const SURCHARGE_MAX: u32 = 1_000_000;
    let own = Prices { first: spec.first, next: spec.next };
    let levels = [
        (own, ["first interval", "next interval", "first price", "next price"]),
        (
            spec.terms.off_peak.unwrap_or(own),
            [
                "off-peak first interval",
                "off-peak next interval",
                "off-peak first price",
                "off-peak next price",
            ],
        ),
        (
            spec.terms.second_off_peak.unwrap_or(own),
            [
                "second off-peak first interval",
                "second off-peak next interval",
                "second off-peak first price",
                "second off-peak next price",
            ],
        ),
    ];
    let wrong = |field, value: String, range: String| CatalogueError::RateField {
        tariff: tariff.to_owned(),
        pattern: spec.pattern.clone(),
        field,
        value,
        range,
    };
    for (prices, [first, next, first_price, next_price]) in levels {
        for (field, value) in [(first, prices.first.units), (next, prices.next.units)] {
            if !(1..=UNITS_MAX).contains(&value) {
                return Err(wrong(field, value.to_string(), format!("1 to {UNITS_MAX}")));
            }
        }
        for (field, price) in [(first_price, prices.first.price), (next_price, prices.next.price)] {
            if !(Price::ZERO..=PRICE_MAX).contains(&price) {
                return Err(wrong(field, price.to_string(), format!("0 to {PRICE_MAX}")));
            }
        }
    }
    if !(1..=UNITS_MAX).contains(&price_unit) {
        return Err(wrong("price unit", price_unit.to_string(), format!("1 to {UNITS_MAX}")));
    }
    if spec.terms.minimum_units > UNITS_MAX {
        let value = spec.terms.minimum_units.to_string();
        return Err(wrong("minimum", value, format!("0 to {UNITS_MAX}")));
    }
    if spec.terms.surcharge > SURCHARGE_MAX {
        let value = spec.terms.surcharge.to_string();
        return Err(wrong("surcharge", value, format!("0 to {SURCHARGE_MAX} thousandths of a percent")));
    }
    if !(Amount::ZERO..=AMOUNT_MAX).contains(&spec.terms.minimum_amount) {
        let value = spec.terms.minimum_amount.to_string();
        return Err(wrong("minimum amount", value, format!("0 to {AMOUNT_MAX}")));
    }
    if !(Amount::ZERO..=AMOUNT_MAX).contains(&spec.connect_fee) {
        return Err(wrong("connect fee", spec.connect_fee.to_string(), format!("0 to {AMOUNT_MAX}")));
    }
    Ok(())
}
