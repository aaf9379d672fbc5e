//! Builds a catalogue object by object, refusing what could not be charged later: each method says at once why it takes
//! something not, and the end tells all that was refused since the beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::CatalogueError;
use super::prefixes::Prefixes;
use super::problems::{CatalogueProblem, Wrong};
use super::product::{Product, ProductSpec, RatingEntry, RatingEntrySpec};
use super::settings::{NodeSpec, Settings};
use super::subscriber::{AccountSpec, BillingModel, CustomerSpec};
use super::tariff::DestinationSpec;
use super::{Catalogue, CataloguePath, Destination};
use crate::dialing::DialingRules;
use crate::ids::{
    AccountId, CustomerId, DestinationGroupId, DestinationId, NodeId, ProductId, RatingEntryId, TariffId,
};
use crate::money::Amount;
use crate::names::NameTable;
use crate::parties::{PartiesSpec, PartyError};
use crate::service::Leg;

/// The largest balance, limit or fee that a catalogue may begin with: ten thousand million currency units.
pub(super) const AMOUNT_MAX: Amount = Amount::from_units(1_000_000_000_000_000);

pub(super) type Built<T> = Result<T, CatalogueError>;

/// Builds a [`Catalogue`]. Objects refer to each other by identifier, so that what is referred to comes first.
#[derive(Clone, Debug)]
pub struct CatalogueBuilder {
    pub(super) all: Catalogue,
    /// What is wrong so far.
    pub(super) problems: Vec<CatalogueProblem>,
    /// Each tariff's rates, until they are sorted at the end.
    pub(super) unsorted: Vec<super::rates::Unsorted>,
    patterns: BTreeMap<Arc<str>, DestinationId>,
    groups: BTreeMap<String, DestinationGroupId>,
    pub(super) tariff_names: BTreeMap<String, TariffId>,
    languages: BTreeSet<Arc<str>>,
    entries: usize,
    /// How many rating entries were brought for each product, those that were refused among them.
    brought: BTreeMap<ProductId, usize>,
}

pub(super) fn name_is(what: &'static str, name: &str) -> Built<()> {
    if name.is_empty() { Err(CatalogueError::NoName { what }) } else { Ok(()) }
}

pub(super) fn twice(what: &'static str, name: &str) -> CatalogueError {
    CatalogueError::Twice { what, name: name.to_owned() }
}

pub(super) fn missing(what: &'static str, name: &str, missing: &'static str) -> CatalogueError {
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
            numbers: super::Numbers::default(),
            add_ons: super::AddOns::default(),
            plans: crate::plans::PlanBook::default(),
            parties: crate::parties::Parties::default(),
            vouchers: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        Ok(Self {
            all,
            problems: Vec::new(),
            unsorted: Vec::new(),
            patterns: BTreeMap::new(),
            groups: BTreeMap::new(),
            tariff_names: BTreeMap::new(),
            languages: BTreeSet::new(),
            entries: 0,
            brought: BTreeMap::new(),
        })
    }

    /// Adds a node.
    ///
    /// # Errors
    /// It has no name, or another's; or its rules of dialling cannot be dialled.
    pub fn node(&mut self, spec: NodeSpec) -> Result<NodeId, CatalogueError> {
        let built = self.take_node(spec);
        self.noted(built, None)
    }

    fn take_node(&mut self, spec: NodeSpec) -> Built<NodeId> {
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
        self.all.node_names.insert(&name, place);
        Ok(id)
    }

    /// Adds a destination, or names the group of one that a rate has brought in.
    ///
    /// # Errors
    /// The pattern can match nothing.
    pub fn destination(&mut self, spec: DestinationSpec) -> Result<DestinationId, CatalogueError> {
        let built = self.take_destination(spec);
        self.noted(built, None)
    }

    fn take_destination(&mut self, spec: DestinationSpec) -> Built<DestinationId> {
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

    pub(super) fn destination_of(&mut self, pattern: &str) -> Built<DestinationId> {
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

    /// Adds a product without rating entries.
    ///
    /// # Errors
    /// It has no name, or another's; or its breakage is below zero.
    pub fn product(&mut self, spec: ProductSpec) -> Result<ProductId, CatalogueError> {
        let built = self.take_product(spec);
        self.noted(built, None)
    }

    fn take_product(&mut self, spec: ProductSpec) -> Built<ProductId> {
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
        self.all.product_names.insert(&spec.name, place);
        Ok(id)
    }

    /// Has a product make one record for each peak level that a usage goes through.
    ///
    /// # Errors
    /// There is no such product.
    pub fn split_by_level(&mut self, product: ProductId) -> Result<(), CatalogueError> {
        let target = self.all.products.get_mut(product.place());
        let built = target.map(|it| it.split_by_level = true).ok_or_else(|| missing("split", "", "product"));
        self.noted(built, None)
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
        let built = self.take_rating_entry(product, spec);
        let brought = self.brought.entry(product).or_default();
        let place = *brought;
        *brought += 1;
        self.noted(built, Some(("rating", place)))
    }

    /// Notes that the next rating entry of a product could not be made of what was written; `None` where the reason is told
    /// elsewhere, such as a tariff that was refused.
    pub fn refuse_rating_entry(&mut self, product: ProductId, why: Option<String>) {
        let brought = self.brought.entry(product).or_default();
        let place = *brought;
        *brought += 1;
        let name = self.all.products.get(product.place()).map(|it| it.name.to_string()).unwrap_or_default();
        if let Some(why) = why {
            self.refuse(CataloguePath::new("products", &name).part("rating", place), why);
        }
    }

    fn take_rating_entry(&mut self, product: ProductId, spec: RatingEntrySpec) -> Built<RatingEntryId> {
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
        let built = self.take_customer(spec);
        self.noted(built, None)
    }

    fn take_customer(&mut self, spec: CustomerSpec) -> Built<CustomerId> {
        name_is("customer", &spec.name)?;
        rules_are("customer", &spec.name, spec.dialing.as_ref())?;
        amount_is("customer", &spec.name, "balance", spec.balance, AMOUNT_MAX.negated())?;
        if let Some(limit) = spec.credit_limit {
            amount_is("customer", &spec.name, "credit limit", limit, Amount::ZERO)?;
        }
        let customers = &self.all.customers;
        if self.all.customer_id(&spec.name).is_some() {
            return Err(twice("customer", &spec.name));
        }
        let id = self.all.settings.numbering.customer(customers.len());
        let id = id.ok_or(CatalogueError::TooMany { what: "customer" })?;
        let place = entered("customer", customers.len())?;
        let name = spec.name.clone();
        self.all.customers.push(spec);
        self.all.customer_names.insert(&name, place);
        Ok(id)
    }

    /// Adds an account.
    ///
    /// # Errors
    /// It has no id, or another's; account, product and customer are in different currencies; a debit account begins
    /// below zero or has a credit limit; a limit is below zero.
    pub fn account(&mut self, spec: AccountSpec) -> Result<AccountId, CatalogueError> {
        let built = self.take_account(spec);
        self.noted(built, None)
    }

    fn take_account(&mut self, spec: AccountSpec) -> Built<AccountId> {
        name_is("account", &spec.id)?;
        let product = self.all.products.get(spec.product.place());
        let product = product.ok_or_else(|| missing("account", &spec.id, "product"))?;
        let customer = self.all.customer_spec(spec.customer);
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
        if self.all.account_id(&spec.id).is_some() {
            return Err(twice("account", &spec.id));
        }
        let id = self.all.settings.numbering.account(accounts.len());
        let id = id.ok_or(CatalogueError::TooMany { what: "account" })?;
        let place = entered("account", accounts.len())?;
        let name = spec.id.clone();
        self.all.accounts.push(spec);
        self.all.account_names.insert(&name, place);
        Ok(id)
    }

    /// Says who stands beside the accounts: resellers, vendors, aliases. All else must be in the catalogue already.
    ///
    /// # Errors
    /// All that is wrong with them; then none of it is taken.
    pub fn parties(&mut self, spec: &PartiesSpec) -> Result<(), Vec<PartyError>> {
        match crate::parties::checked(&self.all, &self.tariff_names, spec) {
            Ok(parties) => {
                self.all.parties = parties;
                Ok(())
            }
            Err(errors) => {
                self.noted_parties(&errors);
                Err(errors)
            }
        }
    }

    /// Notes the products that charge nothing.
    pub(super) fn check_products(&mut self) {
        for (place, product) in self.all.products.iter().enumerate() {
            // Entries that were refused are told already.
            if ProductId::at(place).is_some_and(|id| self.brought.contains_key(&id)) {
                continue;
            }
            let at = CataloguePath::new("products", &product.name);
            let error = CatalogueError::ProductWithoutTariff { name: product.name.to_string() };
            self.problems.push(CatalogueProblem { at, wrong: Wrong::Object(error) });
        }
    }

    /// Discount plans and budgets, and whose they are.
    pub fn plans(&mut self) -> &mut crate::plans::PlanBook {
        &mut self.all.plans
    }

    /// The account of that id.
    #[must_use]
    pub fn account_named(&self, id: &str) -> Option<AccountId> {
        self.all.account_id(id)
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
        self.all.customer_id(name)
    }
}
