//! Builds a catalogue object by object, refusing what could not be charged later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::CatalogueError;
use super::peaks::{Peaks, PeaksSpec};
use super::prefixes::Prefixes;
use super::product::{Product, ProductSpec, RatingEntry, RatingEntrySpec};
use super::settings::{NodeSpec, Settings};
use super::subscriber::{AccountSpec, BillingModel, CustomerSpec};
use super::tariff::{
    DestinationSpec, More, Prices, Rate, RateSpec, RateTerms, Tariff, TariffSpec, among_dated,
};
use super::{Catalogue, Destination};
use crate::dialing::DialingRules;
use crate::ids::{
    AccountId, CustomerId, DestinationGroupId, DestinationId, NodeId, ProductId, RateId, RatingEntryId,
    TariffId,
};
use crate::money::{Amount, Price};
use crate::names::NameTable;
use crate::parties::{PartiesSpec, PartyError};
use crate::service::{Leg, Unit};

/// The highest price: a million currency units.
const PRICE_MAX: Price = Price::from_nanos(1_000_000_000_000_000);
/// The largest balance, limit or fee that a catalogue may begin with: ten thousand million currency units.
pub(super) const AMOUNT_MAX: Amount = Amount::from_units(1_000_000_000_000_000);

type Built<T> = Result<T, CatalogueError>;

/// Builds a [`Catalogue`]. Objects refer to each other by identifier, so that what is referred to comes first.
#[derive(Clone, Debug)]
pub struct CatalogueBuilder {
    pub(super) all: Catalogue,
    /// Each tariff's rates by pattern key, until they are sorted at the end.
    keyed: Vec<Vec<(u64, RateId)>>,
    patterns: BTreeMap<Arc<str>, DestinationId>,
    groups: BTreeMap<String, DestinationGroupId>,
    tariff_names: BTreeMap<String, TariffId>,
    languages: BTreeSet<Arc<str>>,
    entries: usize,
}

fn name_is(what: &'static str, name: &str) -> Built<()> {
    if name.is_empty() { Err(CatalogueError::NoName { what }) } else { Ok(()) }
}

fn twice(what: &'static str, name: &str) -> CatalogueError {
    CatalogueError::Twice { what, name: name.to_owned() }
}

fn missing(what: &'static str, name: &str, missing: &'static str) -> CatalogueError {
    CatalogueError::Missing { what, name: name.to_owned(), missing }
}

fn rules_are(what: &'static str, name: &str, rules: Option<&DialingRules>) -> Built<()> {
    match rules.and_then(DialingRules::first_wrong) {
        None => Ok(()),
        Some(part) => Err(CatalogueError::Dialing { what, name: name.to_owned(), part: part.to_owned() }),
    }
}

fn amount_is(what: &'static str, name: &str, field: &'static str, value: Amount, least: Amount) -> Built<()> {
    if (least..=AMOUNT_MAX).contains(&value) {
        return Ok(());
    }
    Err(CatalogueError::AmountField { what, name: name.to_owned(), field, value, least, most: AMOUNT_MAX })
}

fn entered(what: &'static str, place: usize) -> Built<u32> {
    u32::try_from(place).map_err(|_| CatalogueError::TooMany { what })
}

impl CatalogueBuilder {
    /// Begins a catalogue.
    ///
    /// # Errors
    /// The environment's rules of dialling hold something that is not made of digits.
    pub fn new(settings: Settings) -> Result<Self, CatalogueError> {
        rules_are("environment", &settings.env.to_string(), Some(&settings.dialing))?;
        let all = Catalogue {
            settings,
            nodes: Vec::new(),
            node_names: NameTable::default(),
            destinations: Vec::new(),
            tariffs: Vec::new(),
            rates: Vec::new(),
            products: Vec::new(),
            product_names: NameTable::default(),
            customers: Vec::new(),
            customer_names: NameTable::default(),
            accounts: Vec::new(),
            account_names: NameTable::default(),
            limits: super::Limits::default(),
            plans: crate::plans::PlanBook::default(),
            parties: crate::parties::Parties::default(),
            vouchers: BTreeMap::new(),
        };
        Ok(Self {
            all,
            keyed: Vec::new(),
            patterns: BTreeMap::new(),
            groups: BTreeMap::new(),
            tariff_names: BTreeMap::new(),
            languages: BTreeSet::new(),
            entries: 0,
        })
    }

    /// Adds a node.
    ///
    /// # Errors
    /// It has no name, or another's; or its rules of dialling cannot be dialled.
    pub fn node(&mut self, spec: NodeSpec) -> Result<NodeId, CatalogueError> {
        name_is("node", &spec.name)?;
        rules_are("node", &spec.name, spec.dialing.as_ref())?;
        let nodes = &mut self.all.nodes;
        if self.all.node_names.find(&spec.name, |at| nodes.get(at).map(|it| it.name.as_str())).is_some() {
            return Err(twice("node", &spec.name));
        }
        let id = NodeId::at(nodes.len()).ok_or(CatalogueError::TooMany { what: "node" })?;
        let place = entered("node", nodes.len())?;
        nodes.push(spec);
        let name = nodes.last().map(|it| it.name.clone()).unwrap_or_default();
        self.all.node_names.insert(&name, place, |at| self.all.nodes.get(at).map(|it| it.name.as_str()));
        Ok(id)
    }

    /// Adds a destination, or names the group of one that a rate has brought in.
    ///
    /// # Errors
    /// The pattern can match nothing.
    pub fn destination(&mut self, spec: DestinationSpec) -> Result<DestinationId, CatalogueError> {
        let id = self.destination_of(&spec.pattern)?;
        if let Some(group) = spec.group {
            let next = DestinationGroupId::at(self.groups.len());
            let next = next.ok_or(CatalogueError::TooMany { what: "destination group" })?;
            let group = *self.groups.entry(group).or_insert(next);
            if let Some(destination) = self.all.destinations.get_mut(id.place()) {
                destination.group = Some(group);
            }
        }
        Ok(id)
    }

    fn destination_of(&mut self, pattern: &str) -> Built<DestinationId> {
        if let Some(&id) = self.patterns.get(pattern) {
            return Ok(id);
        }
        let word = pattern.starts_with(|first: char| first.is_alphabetic());
        if !word && Prefixes::key(pattern).is_none() {
            return Err(CatalogueError::Pattern { pattern: pattern.to_owned() });
        }
        let id = DestinationId::at(self.all.destinations.len());
        let id = id.ok_or(CatalogueError::TooMany { what: "destination" })?;
        let pattern: Arc<str> = pattern.into();
        self.all.destinations.push(Destination { pattern: Arc::clone(&pattern), group: None });
        self.patterns.insert(pattern, id);
        Ok(id)
    }

    /// Adds a tariff without rates.
    ///
    /// # Errors
    /// It has no name, or another's.
    pub fn tariff(&mut self, spec: TariffSpec) -> Result<TariffId, CatalogueError> {
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
        self.keyed.push(Vec::new());
        self.tariff_names.insert(spec.name, id);
        Ok(id)
    }

    /// Says when the peak levels of a tariff hold, before it gets its rates.
    ///
    /// # Errors
    /// Two periods overlap; one is empty or outside the week; or the tariff has rates.
    pub fn peaks(&mut self, tariff: TariffId, spec: PeaksSpec) -> Result<(), CatalogueError> {
        let rates = self.keyed.get(tariff.place()).is_some_and(|keyed| !keyed.is_empty());
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
            first: spec.first,
            next: spec.next,
            price_unit,
            connect_fee: spec.connect_fee,
            free_units: spec.free_units,
            forbidden: spec.forbidden,
            more,
        });
        let target = self.all.tariffs.get_mut(tariff.place()).zip(self.keyed.get_mut(tariff.place()));
        let (target, keyed) = target.ok_or_else(|| missing("rate", &spec.pattern, "tariff"))?;
        target.dated |= dated;
        match (Prefixes::key(&pattern), target.words.get(&pattern)) {
            (Some(key), _) => keyed.push((key, id)),
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

    /// Adds a product without rating entries.
    ///
    /// # Errors
    /// It has no name, or another's; or its breakage is below zero.
    pub fn product(&mut self, spec: ProductSpec) -> Result<ProductId, CatalogueError> {
        name_is("product", &spec.name)?;
        amount_is("product", &spec.name, "breakage", spec.breakage, Amount::ZERO)?;
        if self.all.product_id(&spec.name).is_some() {
            return Err(twice("product", &spec.name));
        }
        let id = ProductId::at(self.all.products.len()).ok_or(CatalogueError::TooMany { what: "product" })?;
        let place = entered("product", self.all.products.len())?;
        let language = spec.language.map(|language| self.language(&language));
        self.all.products.push(Product {
            name: spec.name.as_str().into(),
            currency: spec.currency,
            breakage: spec.breakage,
            language,
            split_by_level: false,
            entries: Vec::new(),
        });
        let products = &self.all.products;
        self.all.product_names.insert(&spec.name, place, |at| products.get(at).map(|it| &*it.name));
        Ok(id)
    }

    /// Has a product make one record for each peak level that a usage goes through.
    ///
    /// # Errors
    /// There is no such product.
    pub fn split_by_level(&mut self, product: ProductId) -> Result<(), CatalogueError> {
        let target = self.all.products.get_mut(product.place());
        target.ok_or_else(|| missing("split", "", "product"))?.split_by_level = true;
        Ok(())
    }

    fn language(&mut self, language: &str) -> Arc<str> {
        if let Some(known) = self.languages.get(language) {
            return Arc::clone(known);
        }
        let language: Arc<str> = language.into();
        self.languages.insert(Arc::clone(&language));
        language
    }

    /// Adds a rating entry to a product.
    ///
    /// # Errors
    /// Product and tariff are in different currencies, entry and tariff for different services; the product has an
    /// entry for the same requests; or an entry for the incoming leg names no access code.
    pub fn rating_entry(
        &mut self,
        product: ProductId,
        spec: RatingEntrySpec,
    ) -> Result<RatingEntryId, CatalogueError> {
        let id = RatingEntryId::at(self.entries).ok_or(CatalogueError::TooMany { what: "rating entry" })?;
        let leg = spec.leg.unwrap_or_default();
        let target = self.all.products.get_mut(product.place());
        let target = target.ok_or_else(|| missing("rating entry", "", "product"))?;
        let tariff = self.all.tariffs.get(spec.tariff.place());
        let tariff = tariff.ok_or_else(|| missing("product", &target.name, "tariff"))?;
        let product = || target.name.to_string();
        if tariff.currency != target.currency {
            return Err(CatalogueError::OtherCurrency {
                what: "product",
                name: product(),
                ours: target.currency,
                other: "tariff",
                other_name: tariff.name.to_string(),
                theirs: tariff.currency,
            });
        }
        if tariff.service != spec.service {
            return Err(CatalogueError::OtherService {
                product: product(),
                entry: spec.service,
                tariff: tariff.name.to_string(),
                theirs: tariff.service,
            });
        }
        if leg == Leg::Answer && spec.access_code.is_none() {
            return Err(CatalogueError::AnswerWithoutCode { product: product() });
        }
        let same = |it: &&RatingEntry| {
            it.access_code.as_deref() == spec.access_code.as_deref()
                && it.service == spec.service
                && it.leg == leg
        };
        if target.entries.iter().find(same).is_some() {
            let code = spec
                .access_code
                .map_or_else(|| "any access code".to_owned(), |code| format!("code '{code}'"));
            return Err(CatalogueError::EntryTwice { product: product(), service: spec.service, leg, code });
        }
        target.entries.push(RatingEntry {
            id,
            access_code: spec.access_code.map(Into::into),
            service: spec.service,
            leg,
            tariff: spec.tariff,
        });
        self.entries += 1;
        Ok(id)
    }

    /// Adds a customer.
    ///
    /// # Errors
    /// It has no name, or another's; its limit is below zero; or its rules of dialling cannot be dialled.
    pub fn customer(&mut self, spec: CustomerSpec) -> Result<CustomerId, CatalogueError> {
        name_is("customer", &spec.name)?;
        rules_are("customer", &spec.name, spec.dialing.as_ref())?;
        amount_is("customer", &spec.name, "balance", spec.balance, AMOUNT_MAX.negated())?;
        if let Some(limit) = spec.credit_limit {
            amount_is("customer", &spec.name, "credit limit", limit, Amount::ZERO)?;
        }
        let customers = &self.all.customers;
        if self
            .all
            .customer_names
            .find(&spec.name, |at| customers.get(at).map(|it| it.name.as_str()))
            .is_some()
        {
            return Err(twice("customer", &spec.name));
        }
        let id = CustomerId::at(customers.len()).ok_or(CatalogueError::TooMany { what: "customer" })?;
        let place = entered("customer", customers.len())?;
        let name = spec.name.clone();
        self.all.customers.push(spec);
        let customers = &self.all.customers;
        self.all.customer_names.insert(&name, place, |at| customers.get(at).map(|it| it.name.as_str()));
        Ok(id)
    }

    /// Adds an account.
    ///
    /// # Errors
    /// It has no id, or another's; account, product and customer are in different currencies; a debit account begins
    /// below zero or has a credit limit; a limit is below zero.
    pub fn account(&mut self, spec: AccountSpec) -> Result<AccountId, CatalogueError> {
        name_is("account", &spec.id)?;
        let product = self.all.products.get(spec.product.place());
        let product = product.ok_or_else(|| missing("account", &spec.id, "product"))?;
        let customer = self.all.customers.get(spec.customer.place());
        let customer = customer.ok_or_else(|| missing("account", &spec.id, "customer"))?;
        let others =
            [("product", &*product.name, product.currency), ("customer", &customer.name, customer.currency)];
        if let Some((other, other_name, theirs)) =
            others.into_iter().find(|(_, _, theirs)| *theirs != spec.currency)
        {
            return Err(CatalogueError::OtherCurrency {
                what: "account",
                name: spec.id,
                ours: spec.currency,
                other,
                other_name: other_name.to_owned(),
                theirs,
            });
        }
        if spec.billing_model == BillingModel::Debit && spec.credit_limit.is_some() {
            return Err(CatalogueError::DebitWithLimit { id: spec.id });
        }
        let least =
            if spec.billing_model == BillingModel::Debit { Amount::ZERO } else { AMOUNT_MAX.negated() };
        amount_is("account", &spec.id, "balance", spec.balance, least)?;
        if let Some(limit) = spec.credit_limit {
            amount_is("account", &spec.id, "credit limit", limit, Amount::ZERO)?;
        }
        let accounts = &self.all.accounts;
        if self.all.account_names.find(&spec.id, |at| accounts.get(at).map(|it| it.id.as_str())).is_some() {
            return Err(twice("account", &spec.id));
        }
        let id = AccountId::at(accounts.len()).ok_or(CatalogueError::TooMany { what: "account" })?;
        let place = entered("account", accounts.len())?;
        let name = spec.id.clone();
        self.all.accounts.push(spec);
        let accounts = &self.all.accounts;
        self.all.account_names.insert(&name, place, |at| accounts.get(at).map(|it| it.id.as_str()));
        Ok(id)
    }

    /// Says who stands beside the accounts: resellers, vendors, aliases. All else must be in the catalogue already.
    ///
    /// # Errors
    /// All that is wrong with them; then none of it is taken.
    pub fn parties(&mut self, spec: &PartiesSpec) -> Result<(), Vec<PartyError>> {
        self.all.parties = crate::parties::checked(&self.all, &self.tariff_names, spec)?;
        Ok(())
    }

    /// Discount plans and budgets, and whose they are.
    pub fn plans(&mut self) -> &mut crate::plans::PlanBook {
        &mut self.all.plans
    }

    /// The account of that id.
    #[must_use]
    pub fn account_named(&self, id: &str) -> Option<AccountId> {
        let accounts = &self.all.accounts;
        let place = self.all.account_names.find(id, |at| accounts.get(at).map(|it| it.id.as_str()))?;
        AccountId::at(place)
    }

    /// The group of destinations of that name.
    #[must_use]
    pub fn destination_group_named(&self, name: &str) -> Option<DestinationGroupId> {
        self.groups.get(name).copied()
    }

    /// The tariff of that name.
    #[must_use]
    pub fn tariff_named(&self, name: &str) -> Option<TariffId> {
        self.tariff_names.get(name).copied()
    }

    /// The product of that name.
    #[must_use]
    pub fn product_named(&self, name: &str) -> Option<ProductId> {
        self.all.product_id(name)
    }

    /// The customer of that name.
    #[must_use]
    pub fn customer_named(&self, name: &str) -> Option<CustomerId> {
        let customers = &self.all.customers;
        let place = self.all.customer_names.find(name, |at| customers.get(at).map(|it| it.name.as_str()))?;
        CustomerId::at(place)
    }

    /// Makes the tariffs ready for look-ups.
    ///
    /// # Errors
    /// A tariff has two rates for one prefix from the same moment.
    pub fn finish(mut self) -> Result<Catalogue, CatalogueError> {
        for (tariff, mut keyed) in self.all.tariffs.iter_mut().zip(self.keyed) {
            keyed.sort_unstable();
            let mut single: Vec<(u64, RateId)> = Vec::with_capacity(keyed.len());
            for (key, rate) in keyed {
                match single.last_mut().filter(|(known, _)| *known == key) {
                    None => single.push((key, rate)),
                    Some((_, latest)) => match among_dated(&mut self.all.rates, *latest, rate) {
                        Some(id) => *latest = id,
                        None => {
                            let destination = self.all.rates.get(rate.place()).map(|rate| rate.destination);
                            let found = destination.and_then(|id| self.all.destinations.get(id.place()));
                            let pattern = found.map(|it| it.pattern.to_string()).unwrap_or_default();
                            return Err(CatalogueError::RateTwice {
                                tariff: tariff.name.to_string(),
                                pattern,
                            });
                        }
                    },
                }
            }
            tariff.prefixes = Prefixes::new(single);
        }
        Ok(self.all)
    }
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
