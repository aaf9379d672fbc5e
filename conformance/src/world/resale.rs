//! Who stands beside the accounts of a world: resellers, vendors, aliases; exchange rates between their currencies; and
//! the environment with the options that are said for it.
//!
//! Names and values are checked here. What these parties make together (circles, connections that overlap, tariffs that
//! are missing) is checked by the charging system that takes them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_wire::{Decimal, Text};

use super::load::{Names, currency_of, reference, word};
use super::model::Leg;
use super::prices::{amount, signed_amount};
use crate::diagnostics::{Collector, shown};
use crate::scenario::values::ValueError;
use crate::scenario::{Place, read, values};
use crate::yaml::{Entry, Keys, Kind, Node};

/// Everything of a world that this file reads.
#[derive(Debug, Clone, Default)]
pub struct Resale {
    /// `resellers:`
    pub resellers: Vec<Reseller>,
    /// `vendors:`
    pub vendors: Vec<Vendor>,
    /// `aliases:` another name, and the account it stands for.
    pub aliases: Vec<Alias>,
    /// `charged-to-customer:` products whose use is stored as the customer's.
    pub charged_to_customer: Vec<Text>,
    /// `exchange-rates:` what a unit of a currency is worth in the world's.
    pub exchange_rates: Vec<ExchangeRate>,
    /// `environment:` the number of the virtual billing environment.
    pub environment: Option<u32>,
    /// `instance:` the name of the running instance, by which options find it.
    pub instance: Text,
    /// `options:`
    pub options: Vec<SaidOption>,
}

/// A reseller.
#[derive(Debug, Clone)]
pub struct Reseller {
    /// Its name.
    pub name: Text,
    /// `currency:`
    pub currency: Text,
    /// `balance:` money owed.
    pub balance: Decimal,
    /// `credit-limit:` how much it may owe; without it, no limit.
    pub credit_limit: Option<Decimal>,
    /// `suspended: true`: no service for whoever is below it.
    pub suspended: bool,
    /// `owner:` the reseller above it.
    pub owner: Option<Text>,
    /// `customers:` that it owns.
    pub customers: Vec<Text>,
    /// `tariffs:` each with the product that it is for; without one, for any.
    pub tariffs: Vec<(Option<Text>, Text)>,
    /// Where it stands.
    pub place: Place,
}

/// A vendor.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// Its name.
    pub name: Text,
    /// `currency:`
    pub currency: Text,
    /// `balance:` money owed to it.
    pub balance: Decimal,
    /// `connections:`
    pub connections: Vec<Connection>,
    /// Where it stands.
    pub place: Place,
}

/// A way to a vendor.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its name.
    pub name: Text,
    /// `remote-address:` of the other side.
    pub remote_address: Option<IpAddr>,
    /// `node:` that reports.
    pub node: Option<Text>,
    /// `route:` the port or trunk that the node takes.
    pub route: Option<Text>,
    /// `leg:`
    pub leg: Leg,
    /// `tariff:` what it costs.
    pub tariff: Text,
    /// Where it stands.
    pub place: Place,
}

/// Another name of an account.
#[derive(Debug, Clone)]
pub struct Alias {
    /// The name.
    pub name: Text,
    /// The account.
    pub account: Text,
    /// Where it stands.
    pub place: Place,
}

/// What a unit of a currency is worth in the world's.
#[derive(Debug, Clone)]
pub struct ExchangeRate {
    /// The currency.
    pub currency: Text,
    /// Its worth.
    pub rate: Decimal,
    /// Where it stands.
    pub place: Place,
}

/// An option that was said.
#[derive(Debug, Clone)]
pub struct SaidOption {
    /// For whom.
    pub level: OptionLevel,
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: OptionValue,
    /// Where it stands.
    pub place: Place,
}

/// For whom an option is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionLevel {
    /// For all.
    Global,
    /// For an environment.
    Environment(u32),
    /// For an instance.
    Instance(Text),
}

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionValue {
    /// A number.
    Count(u64),
    /// A span of time.
    Span(Duration),
}

/// The sections of a world that this file reads.
pub(super) struct Sections<'n> {
    resellers: Option<&'n Node>,
    vendors: Option<&'n Node>,
    aliases: Option<&'n Node>,
    to_customer: Option<&'n Node>,
    exchange: Option<&'n Node>,
    environment: Option<&'n Node>,
    instance: Option<&'n Node>,
    options: Option<&'n Node>,
}

/// The names that connections, tariffs and aliases refer to.
pub(super) struct Known<'n> {
    pub(super) names: &'n Names<'n>,
    pub(super) nodes: std::collections::BTreeSet<&'n str>,
    pub(super) accounts: std::collections::BTreeSet<&'n str>,
}

impl<'n> Sections<'n> {
    /// Takes them out of a world's keys.
    pub(super) fn of(keys: &mut Keys<'n>) -> Self {
        Self {
            resellers: keys.value("resellers"),
            vendors: keys.value("vendors"),
            aliases: keys.value("aliases"),
            to_customer: keys.value("charged-to-customer"),
            exchange: keys.value("exchange-rates"),
            environment: keys.value("environment"),
            instance: keys.value("instance"),
            options: keys.value("options"),
        }
    }

    /// Reads them.
    pub(super) fn read(&self, known: &Known<'n>, collector: &mut Collector) -> Resale {
        let all = super::load::keys_of(self.resellers);
        let mut resale = Resale {
            resellers: each(self.resellers, "`resellers:`", collector, |entry, c| {
                reseller(entry, known.names, &all, c)
            }),
            vendors: each(self.vendors, "`vendors:`", collector, |entry, c| vendor(entry, known, c)),
            aliases: each(self.aliases, "`aliases:`", collector, |entry, c| alias(entry, known, c)),
            exchange_rates: each(self.exchange, "`exchange-rates:`", collector, exchange_rate),
            ..Resale::default()
        };
        if let Some(node) = self.to_customer {
            let items = read::items(node, "products", collector);
            let products = &known.names.products;
            let named =
                items.iter().filter_map(|item| reference(item, ("product", "products"), products, collector));
            resale.charged_to_customer = named.collect();
        }
        if let Some(node) = self.environment {
            resale.environment =
                read::whole(node, "the number of an environment", (1, i64::from(u32::MAX)), collector);
        }
        if let Some(node) = self.instance {
            resale.instance = read::text(node, "the name of an instance", collector).unwrap_or_default();
        }
        if let Some(node) = self.options {
            resale.options = options(node, collector);
        }
        resale
    }
}

fn each<T>(
    node: Option<&Node>,
    what: &str,
    collector: &mut Collector,
    mut one: impl FnMut(&Entry, &mut Collector) -> Option<T>,
) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    read::entries(node, what, collector).iter().filter_map(|entry| one(entry, collector)).collect()
}

fn reseller(
    entry: &Entry,
    names: &Names<'_>,
    all: &std::collections::BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Reseller> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a reseller", collector)?;
    let currency = currency_of(keys.value("currency"), &entry.key, "reseller", names, collector);
    let balance = keys.value("balance").and_then(|node| signed_amount(node, currency.as_ref(), collector));
    let credit_limit = keys.value("credit-limit").and_then(|node| amount(node, currency.as_ref(), collector));
    let suspended = keys.value("suspended").and_then(|node| read::flag(node, "suspended", collector));
    let owner = keys.value("owner");
    let owner = owner.and_then(|node| reference(node, ("reseller", "resellers"), all, collector));
    let mut customers = Vec::new();
    if let Some(node) = keys.value("customers") {
        for item in read::items(node, "customers", collector) {
            customers.extend(reference(item, ("customer", "customers"), &names.customers, collector));
        }
    }
    let mut tariffs = Vec::new();
    if let Some(node) = keys.need("tariffs", "a reseller", collector) {
        for item in read::items(node, "`tariffs:`", collector) {
            tariffs.extend(party_tariff(item, names, collector));
        }
    }
    keys.finish("a reseller", collector);
    Some(Reseller {
        name: name?,
        currency: currency?,
        balance: balance.unwrap_or_default(),
        credit_limit,
        suspended: suspended.unwrap_or_default(),
        owner,
        customers,
        tariffs,
        place,
    })
}

/// `Wholesale`, or `{ product: Premium, tariff: Wholesale }`.
fn party_tariff(node: &Node, names: &Names<'_>, collector: &mut Collector) -> Option<(Option<Text>, Text)> {
    const TARIFF: (&str, &str) = ("tariff", "tariffs");
    if !matches!(node.kind, Kind::Map(_)) {
        return Some((None, reference(node, TARIFF, &names.tariffs, collector)?));
    }
    let mut keys = Keys::of(node, "a reseller's tariff", collector)?;
    let product = keys.value("product");
    let product =
        product.and_then(|node| reference(node, ("product", "products"), &names.products, collector));
    let tariff = keys.need("tariff", "a reseller's tariff", collector);
    let tariff = tariff.and_then(|node| reference(node, TARIFF, &names.tariffs, collector));
    keys.finish("a reseller's tariff", collector);
    Some((product, tariff?))
}

fn vendor(entry: &Entry, known: &Known<'_>, collector: &mut Collector) -> Option<Vendor> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a vendor", collector)?;
    let currency = currency_of(keys.value("currency"), &entry.key, "vendor", known.names, collector);
    let balance = keys.value("balance").and_then(|node| signed_amount(node, currency.as_ref(), collector));
    let node = keys.need("connections", "a vendor", collector);
    let connections = each(node, "`connections:`", collector, |entry, c| connection(entry, known, c));
    keys.finish("a vendor", collector);
    Some(Vendor {
        name: name?,
        currency: currency?,
        balance: balance.unwrap_or_default(),
        connections,
        place,
    })
}

fn connection(entry: &Entry, known: &Known<'_>, collector: &mut Collector) -> Option<Connection> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let what = "a connection";
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let remote_address =
        keys.value("remote-address").and_then(|node| read::address(node, "an address", collector));
    let node = keys.value("node");
    let node = node.and_then(|node| reference(node, ("node", "nodes"), &known.nodes, collector));
    let route = keys.value("route").and_then(|node| read::text(node, "a route", collector));
    let legs = [("originate", Leg::Originate), ("answer", Leg::Answer)];
    let leg = keys.value("leg").and_then(|node| word(node, "a leg", &legs, collector));
    let tariff = keys.need("tariff", what, collector);
    let tariff =
        tariff.and_then(|node| reference(node, ("tariff", "tariffs"), &known.names.tariffs, collector));
    keys.finish(what, collector);
    Some(Connection {
        name: name?,
        remote_address,
        node,
        route,
        leg: leg.unwrap_or_default(),
        tariff: tariff?,
        place,
    })
}

fn alias(entry: &Entry, known: &Known<'_>, collector: &mut Collector) -> Option<Alias> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let account = reference(&entry.value, ("account", "accounts"), &known.accounts, collector);
    Some(Alias { name: name?, account: account?, place })
}

fn exchange_rate(entry: &Entry, collector: &mut Collector) -> Option<ExchangeRate> {
    let place = collector.place(entry.key.span);
    let currency = match values::currency(&entry.key.text) {
        Ok(currency) => Some(currency),
        Err(error) => {
            read::refuse(entry.key.span, error, collector);
            None
        }
    };
    let rate = read::with(&entry.value, "an exchange rate", collector, |text, _| worth(text))?;
    if rate <= Decimal::default() {
        collector.error(entry.value.span, "an exchange rate is above zero");
        return None;
    }
    Some(ExchangeRate { currency: currency?, rate, place })
}

fn worth(text: &str) -> Result<Decimal, ValueError> {
    text.parse().map_err(|_| ValueError {
        message: format!("'{}' is not an exchange rate", shown(text)),
        help: Some("write what one unit is worth in the world's currency: 1.25".to_owned()),
    })
}

fn options(node: &Node, collector: &mut Collector) -> Vec<SaidOption> {
    let mut said = Vec::new();
    let Some(mut keys) = Keys::of(node, "`options:`", collector) else { return said };
    if let Some(node) = keys.value("global") {
        level(node, &OptionLevel::Global, &mut said, collector);
    }
    if let Some(node) = keys.value("environments") {
        for entry in read::entries(node, "`environments:`", collector) {
            match entry.key.text.parse::<u32>() {
                Ok(number) if number > 0 => {
                    level(&entry.value, &OptionLevel::Environment(number), &mut said, collector);
                }
                _ => collector.error(entry.key.span, "an environment is named by its number, from 1"),
            }
        }
    }
    if let Some(node) = keys.value("instances") {
        for entry in read::entries(node, "`instances:`", collector) {
            let Some(name) = read::name(entry, collector) else { continue };
            level(&entry.value, &OptionLevel::Instance(name), &mut said, collector);
        }
    }
    keys.finish("`options:`", collector);
    said
}

/// The options that there are, and whether each is a span of time.
const OPTIONS: [(&str, bool); 5] = [
    ("password-attempts-max", false),
    ("lockout", true),
    ("login-lock", true),
    ("session-expiry", true),
    ("grant-max", true),
];

fn level(node: &Node, level: &OptionLevel, said: &mut Vec<SaidOption>, collector: &mut Collector) {
    let Some(mut keys) = Keys::of(node, "a level of options", collector) else { return };
    for (name, is_span) in OPTIONS {
        let Some(value) = keys.value(name) else { continue };
        let place = collector.place(value.span);
        let value = if is_span {
            read::span(value, name, collector).map(OptionValue::Span)
        } else {
            read::whole(value, name, (0, 255), collector).map(OptionValue::Count)
        };
        if let Some(value) = value {
            said.push(SaidOption { level: level.clone(), name: Text::const_new(name), value, place });
        }
    }
    keys.finish("a level of options", collector);
}

/// The currencies of all whose money a scenario may ask for beside accounts: resellers, customers and vendors.
pub(crate) fn money_of<'w>(world: &'w super::World, name: &str) -> Option<&'w Text> {
    let resellers = world.resale.resellers.iter().map(|own| (&own.name, &own.currency));
    let customers = world.customers.iter().map(|own| (&own.name, &own.currency));
    let vendors = world.resale.vendors.iter().map(|own| (&own.name, &own.currency));
    let all: BTreeMap<&str, &Text> =
        vendors.chain(resellers).chain(customers).map(|(name, currency)| (name.as_str(), currency)).collect();
    all.get(name).copied()
}
