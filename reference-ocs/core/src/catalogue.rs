//! What can be charged and to whom: settings, nodes, destinations, tariffs, products, customers and accounts.
//!
//! It is built once, checked, by a [`CatalogueBuilder`]; after that only the accounts and customers change, in the
//! state machine and not here.

mod add_ons;
mod builder;
mod error;
mod limits;
mod numbers;
mod peaks;
mod prefixes;
mod problems;
mod product;
mod rates;
mod settings;
mod subscriber;
mod tariff;
mod voucher;

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_time::Instant;

pub use builder::CatalogueBuilder;
pub use error::CatalogueError;
pub use limits::CallLimits;
pub use numbers::{Delivery, RoutingPlanSpec};
pub use peaks::{PeakLevel, PeaksSpec, Period};
pub use problems::{CataloguePath, CatalogueProblem, CatalogueProblems, Wrong};
pub use product::{ProductSpec, RatingEntrySpec};
pub use settings::{NodeSpec, Settings};
pub use subscriber::{AccountSpec, BillingModel, CustomerSpec};
pub use tariff::{DestinationSpec, Interval, Prices, RateSpec, RateTerms, TariffSpec};
pub use voucher::VoucherSpec;

pub(crate) use add_ons::AddOns;
pub(crate) use limits::Limits;
pub(crate) use numbers::Numbers;
#[cfg(test)]
pub(crate) use peaks::Peaks;
pub(crate) use product::{Product, RatingEntry};
#[cfg(test)]
pub(crate) use tariff::Shown;
pub(crate) use tariff::{More, Rate, Tariff};

use crate::dialing::DialingRules;
use crate::ids::{
    AccountId, CustomerId, DestinationGroupId, DestinationId, EnvId, ProductId, RateId, TariffId,
};
use crate::names::NameTable;

/// A checked catalogue.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub(crate) settings: Settings,
    pub(crate) nodes: Vec<NodeSpec>,
    pub(crate) node_names: NameTable,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) tariffs: Vec<Tariff>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) products: Vec<Product>,
    pub(crate) product_names: NameTable,
    pub(crate) customers: Vec<CustomerSpec>,
    pub(crate) customer_names: NameTable,
    pub(crate) accounts: Vec<AccountSpec>,
    pub(crate) account_names: NameTable,
    pub(crate) limits: Limits,
    pub(crate) numbers: Numbers,
    pub(crate) add_ons: AddOns,
    pub(crate) plans: crate::plans::PlanBook,
    pub(crate) parties: crate::parties::Parties,
    pub(crate) vouchers: BTreeMap<String, VoucherSpec>,
    /// The environments beside this one, which hold no others.
    pub(crate) others: BTreeMap<EnvId, Self>,
}

/// A place that can be called, or a thing that can be had, by its prefix or name.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) pattern: Arc<str>,
    pub(crate) group: Option<DestinationGroupId>,
}

impl Catalogue {
    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn account_spec(&self, id: AccountId) -> Option<&AccountSpec> {
        self.accounts.get(self.settings.numbering.place(id.number())?)
    }

    pub(crate) fn customer_spec(&self, id: CustomerId) -> Option<&CustomerSpec> {
        self.customers.get(self.settings.numbering.place(id.number())?)
    }

    /// The account of that id, before the run begins.
    pub(crate) fn account_id(&self, id: &str) -> Option<AccountId> {
        let place = self.account_names.find(id, |at| self.accounts.get(at).map(|it| it.id.as_str()))?;
        self.settings.numbering.account(place)
    }

    /// The customer of that name, before the run begins.
    pub(crate) fn customer_id(&self, name: &str) -> Option<CustomerId> {
        let place = self.customer_names.find(name, |at| self.customers.get(at).map(|it| it.name.as_str()))?;
        self.settings.numbering.customer(place)
    }

    pub(crate) fn product(&self, id: ProductId) -> Option<&Product> {
        self.products.get(id.place())
    }

    pub(crate) fn product_id(&self, name: &str) -> Option<ProductId> {
        let place = self.product_names.find(name, |place| self.products.get(place).map(|it| &*it.name))?;
        ProductId::at(place)
    }

    pub(crate) fn tariff(&self, id: TariffId) -> Option<&Tariff> {
        self.tariffs.get(id.place())
    }

    /// The rate of a called number or word in a tariff, for what begins at that time.
    pub(crate) fn rate_of(&self, tariff: TariffId, cld: &str, at: Instant) -> Option<RateId> {
        self.tariff(tariff)?.rate(&self.rates, cld, at)
    }

    pub(crate) fn rate(&self, id: RateId) -> Option<&Rate> {
        self.rates.get(id.place())
    }

    pub(crate) fn destination(&self, id: DestinationId) -> Option<&Destination> {
        self.destinations.get(id.place())
    }

    /// Where a node of that name stands.
    pub(crate) fn node_place(&self, node: &str) -> Option<usize> {
        self.node_names.find(node, |at| self.nodes.get(at).map(|it| &*it.name))
    }

    /// The rules of dialling of a node, by its name or address; those of the environment without one.
    pub(crate) fn node_dialing(&self, node: Option<&str>) -> &DialingRules {
        let named = node.and_then(|node| self.nodes.get(self.node_place(node)?));
        named.and_then(|node| node.dialing.as_ref()).unwrap_or(&self.settings.dialing)
    }
}
