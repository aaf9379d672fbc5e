//! Resellers, vendors and aliases as a catalogue describes them; they name each other and what is in the catalogue.

use crate::money::{Amount, Currency};
use crate::service::{Leg, Service};

/// All parties of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PartiesSpec {
    /// Resellers; each is a customer of the catalogue as well.
    pub resellers: Vec<ResellerSpec>,
    /// Which reseller owns which customer.
    pub owners: Vec<OwnerSpec>,
    /// Vendors.
    pub vendors: Vec<VendorSpec>,
    /// Other names of accounts: the alias, then the account's id.
    pub aliases: Vec<(String, String)>,
    /// Products that are charged to the account's customer, by name.
    pub charged_to_customer: Vec<String>,
    /// What one unit of a currency is worth, as numerator and denominator, in the environment's currency.
    pub exchange_rates: Vec<(Currency, u64, u64)>,
}

/// A reseller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResellerSpec {
    /// The customer of the catalogue that it is.
    pub name: String,
    /// The reseller above it.
    pub owner: Option<String>,
    /// What it pays.
    pub tariffs: Vec<PartyTariffSpec>,
}

/// The tariff of a reseller for a product and a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyTariffSpec {
    /// The product of the account that uses the service; `None` for all products that no other tariff names.
    pub product: Option<String>,
    /// The tariff, which says the service.
    pub tariff: String,
}

/// A customer and the reseller that owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerSpec {
    /// The customer.
    pub customer: String,
    /// The reseller.
    pub reseller: String,
}

/// A vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorSpec {
    /// Its name.
    pub name: String,
    /// The currency that it is owed in.
    pub currency: Currency,
    /// Money owed to it when the run begins.
    pub balance: Amount,
    /// The ways to it.
    pub connections: Vec<ConnectionSpec>,
}

/// A way to a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSpec {
    /// Its name, for messages.
    pub name: String,
    /// The other side's address (`h323-remote-address`).
    pub remote_address: Option<String>,
    /// The route that the node took.
    pub route: Option<String>,
    /// The node that reports.
    pub node: Option<String>,
    /// Which side of the call it carries.
    pub leg: Leg,
    /// The service; as the tariff's.
    pub service: Service,
    /// What it costs.
    pub tariff: String,
}
