//! Everyone beside the account whom a call concerns: the resellers above its customer, the vendor that carries it, and
//! the aliases by which an account is called; with the exchange rates between their currencies.
//!
//! - A reseller is a customer of the ledger that owns customers or other resellers. Every usage of an account below it
//!   is charged to it by a tariff of its own, found by the account's product and the service.
//! - A vendor is owed what its connection's tariff says. A connection is found by remote address, node and route; of
//!   several that fit, a remote address counts before a route, and a route before a node.
//! - Every amount is in the currency of the party that it concerns. A tariff in another currency is converted: the
//!   exact cost by the exact rate, and both together are rounded once, half away from zero.
//! - All that is wrong with these is found together, before the start.
//!
//! It holds what a catalogue says. Money stands in the ledger; what is charged when is decided in `ocs`.

pub mod charge;
mod check;
mod error;
mod exchange;
pub mod options;
mod share;
mod spec;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use check::checked;
pub use error::PartyError;
pub use exchange::ExchangeRates;

pub(crate) use share::{PartyBill, Payer, Share};
pub use spec::{ConnectionSpec, OwnerSpec, PartiesSpec, PartyTariffSpec, ResellerSpec, VendorSpec};

use crate::ids::{AccountId, CustomerId, ProductId, TariffId, VendorId};
use crate::money::{Amount, Currency};
use crate::service::{Leg, Service};

/// The parties of a catalogue, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parties {
    aliases: BTreeMap<Box<str>, AccountId>,
    /// The reseller that owns a customer, or another reseller.
    owners: BTreeMap<CustomerId, CustomerId>,
    /// A reseller's tariffs by product and service; those without a product hold for all others.
    tariffs: BTreeMap<(CustomerId, Option<ProductId>, Service), TariffId>,
    /// Products that are charged to the customer, by place.
    to_customer: Vec<ProductId>,
    pub(crate) vendors: Vec<Vendor>,
    /// In the order in which they are tried.
    connections: Vec<Connection>,
    pub(crate) exchange: ExchangeRates,
}

/// A vendor.
#[derive(Clone, Debug)]
pub(crate) struct Vendor {
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    /// Money owed to it when the run begins.
    pub(crate) balance: Amount,
}

/// A way to a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) vendor: VendorId,
    remote_address: Option<Box<str>>,
    route: Option<Box<str>>,
    node: Option<Box<str>>,
    service: Service,
    leg: Leg,
    pub(crate) tariff: TariffId,
}

/// What a connection is found by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) remote_address: Option<&'a str>,
    pub(crate) route: Option<&'a str>,
    pub(crate) node: Option<&'a str>,
    pub(crate) service: Service,
    pub(crate) leg: Leg,
}

impl Parties {
    /// The account that an alias stands for.
    pub(crate) fn alias(&self, name: &str) -> Option<AccountId> {
        if self.aliases.is_empty() { None } else { self.aliases.get(name).copied() }
    }

    /// The names by which an account is called beside its id.
    pub(crate) fn aliases_of(&self, account: AccountId) -> impl Iterator<Item = &str> {
        self.aliases.iter().filter(move |(_, own)| **own == account).map(|(name, _)| &**name)
    }

    /// Gives an account these aliases, in place of what it has.
    pub(crate) fn set_aliases(&mut self, account: AccountId, own: &[Box<str>]) {
        self.aliases.retain(|_, of| *of != account);
        self.aliases.extend(own.iter().map(|name| (name.clone(), account)));
    }

    /// The reseller that a customer belongs to.
    pub(crate) fn owner(&self, customer: CustomerId) -> Option<CustomerId> {
        self.owners.get(&customer).copied()
    }

    /// Gives a customer to a reseller, or to nobody.
    pub(crate) fn set_owner(&mut self, customer: CustomerId, owner: Option<CustomerId>) {
        match owner {
            Some(owner) => drop(self.owners.insert(customer, owner)),
            None => drop(self.owners.remove(&customer)),
        }
    }

    /// Whether a customer has customers of its own, or prices for some.
    pub(crate) fn is_reseller(&self, customer: CustomerId) -> bool {
        self.owners.values().any(|owner| *owner == customer)
            || self.tariffs.keys().any(|(owner, ..)| *owner == customer)
    }

    /// Whether nobody but accounts and customers is ever charged.
    pub(crate) fn is_empty(&self) -> bool {
        self.owners.is_empty() && self.connections.is_empty()
    }

    /// The resellers above a customer, the nearest first.
    pub(crate) fn chain(&self, customer: CustomerId) -> impl Iterator<Item = CustomerId> + '_ {
        // No longer than there are owners: a cycle was refused, and this holds whatever was.
        std::iter::successors(self.owners.get(&customer).copied(), |above| self.owners.get(above).copied())
            .take(self.owners.len())
    }

    /// A reseller's tariff for what an account of a product uses.
    pub(crate) fn tariff(
        &self,
        reseller: CustomerId,
        product: ProductId,
        service: Service,
    ) -> Option<TariffId> {
        let own = self.tariffs.get(&(reseller, Some(product), service));
        own.or_else(|| self.tariffs.get(&(reseller, None, service))).copied()
    }

    /// Whether a product is charged to the customer in place of the account.
    pub(crate) fn is_charged_to_customer(&self, product: ProductId) -> bool {
        self.to_customer.contains(&product)
    }

    /// The connection that fits best.
    pub(crate) fn connection(&self, way: &Way<'_>) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.fits(way))
    }
}

impl Connection {
    /// Whether it is told by the other side's address.
    pub(crate) const fn names_remote(&self) -> bool {
        self.remote_address.is_some()
    }

    fn fits(&self, way: &Way<'_>) -> bool {
        let same = |own: Option<&str>, there: Option<&str>| own.is_none_or(|own| there == Some(own));
        self.service == way.service
            && self.leg == way.leg
            && same(self.remote_address.as_deref(), way.remote_address)
            && same(self.route.as_deref(), way.route)
            && same(self.node.as_deref(), way.node)
    }

    /// How closely it says what it is for; more comes first.
    const fn weight(&self) -> u8 {
        (self.remote_address.is_some() as u8) << 2
            | (self.route.is_some() as u8) << 1
            | self.node.is_some() as u8
    }
}
