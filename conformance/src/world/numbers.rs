//! What numbers stand for in a world: routing plans, the inventory of DID numbers, where the calls of accounts are delivered,
//! pick-up groups, customer service, and which node reaches which numbers by its own telephone lines.
//!
//! Names and values are checked here. What they make together (a default plan without a tariff, two plans with one code) is
//! checked by the charging system that takes them.

use std::collections::BTreeSet;

use tollgate_wire::Text;

use super::load::{Names, digits, each, reference};
use super::local::{self, Delivery, Interconnection};
use crate::diagnostics::Collector;
use crate::scenario::{Place, read};
use crate::yaml::{Entry, Keys, Node};

/// Everything of a world that this file reads.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// `routing-plans:`
    pub routing_plans: Vec<RoutingPlan>,
    /// `did-inventory:`
    pub dids: Vec<Did>,
    /// `deliveries:` where the calls of accounts go.
    pub deliveries: Vec<Delivery>,
    /// `interconnection:` other systems.
    pub interconnections: Vec<Interconnection>,
    /// `pickup-groups:` accounts that may pick up each other's calls.
    pub pickup_groups: Vec<Vec<Text>>,
    /// `customer-service:` the number, by product.
    pub customer_service: Vec<Dialled>,
    /// `hairpins:` what the numbers begin with that a node reaches by its own lines.
    pub hairpins: Vec<Hairpin>,
}

/// A routing plan.
#[derive(Debug, Clone)]
pub struct RoutingPlan {
    /// Its name.
    pub name: Text,
    /// `select-code:` what is dialled before a number to choose it.
    pub select_code: Text,
    /// `tariffs:` by product.
    pub tariffs: Vec<(Text, Text)>,
    /// `default-for:` products in which it holds where nothing is chosen.
    pub default_for: Vec<Text>,
    /// `routes:` its carriers; all of them without it.
    pub routes: Vec<Text>,
    /// Where it stands.
    pub place: Place,
}

/// A number of the inventory.
#[derive(Debug, Clone)]
pub struct Did {
    /// The number.
    pub number: Text,
    /// `account:` that it is assigned to; nobody without it.
    pub account: Option<Text>,
    /// Where it stands.
    pub place: Place,
}

/// A number that belongs to something.
#[derive(Debug, Clone)]
pub struct Dialled {
    /// What it belongs to.
    pub of: Text,
    /// The number.
    pub number: Text,
    /// Where it stands.
    pub place: Place,
}

/// The numbers that a node reaches by its own telephone lines.
#[derive(Debug, Clone)]
pub struct Hairpin {
    /// The node.
    pub node: Text,
    /// What they begin with.
    pub prefixes: Vec<Text>,
    /// Where it stands.
    pub place: Place,
}

/// The sections of a world that this file reads.
pub(super) struct Sections<'n> {
    routing_plans: Option<&'n Node>,
    dids: Option<&'n Node>,
    deliveries: Option<&'n Node>,
    interconnections: Option<&'n Node>,
    pickup_groups: Option<&'n Node>,
    customer_service: Option<&'n Node>,
    hairpins: Option<&'n Node>,
}

pub(super) const ACCOUNT: (&str, &str) = ("account", "accounts");
const PRODUCT: (&str, &str) = ("product", "products");

impl<'n> Sections<'n> {
    /// Takes them out of a world's keys.
    pub(super) fn of(keys: &mut Keys<'n>) -> Self {
        Self {
            routing_plans: keys.value("routing-plans"),
            dids: keys.value("did-inventory"),
            deliveries: keys.value("deliveries"),
            interconnections: keys.value("interconnection"),
            pickup_groups: keys.value("pickup-groups"),
            customer_service: keys.value("customer-service"),
            hairpins: keys.value("hairpins"),
        }
    }

    /// Reads them.
    pub(super) fn read(
        &self,
        names: &Names<'_>,
        accounts: &BTreeSet<&str>,
        [nodes, routes]: [&BTreeSet<&str>; 2],
        collector: &mut Collector,
    ) -> Numbers {
        Numbers {
            routing_plans: each(self.routing_plans, "`routing-plans:`", collector, |entry, c| {
                routing_plan(entry, names, routes, c)
            }),
            dids: each(self.dids, "`did-inventory:`", collector, |entry, c| did(entry, accounts, c)),
            deliveries: each(self.deliveries, "`deliveries:`", collector, |entry, c| {
                local::delivery(entry, accounts, c)
            }),
            interconnections: each(self.interconnections, "`interconnection:`", collector, |entry, c| {
                local::interconnection(entry, accounts, c)
            }),
            pickup_groups: each(self.pickup_groups, "`pickup-groups:`", collector, |entry, c| {
                Some(listed(&entry.value, "the accounts of a group", ACCOUNT, accounts, c))
            }),
            customer_service: each(self.customer_service, "`customer-service:`", collector, |entry, c| {
                let of = named(entry, PRODUCT, &names.products, c);
                let number = digits(&entry.value, "a number", c);
                Some(Dialled { of: of?, number: number?, place: c.place(entry.value.span) })
            }),
            hairpins: each(self.hairpins, "`hairpins:`", collector, |entry, c| {
                let node = named(entry, ("node", "nodes"), nodes, c);
                let items = read::items(&entry.value, "prefixes", c);
                let prefixes = items.iter().filter_map(|item| digits(item, "a prefix", c)).collect();
                Some(Hairpin { node: node?, prefixes, place: c.place(entry.key.span) })
            }),
        }
    }
}

/// The key of an entry, which is the name of something that there is.
pub(super) fn named(
    entry: &Entry,
    (singular, plural): (&'static str, &'static str),
    known: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Text> {
    let name = read::name(entry, collector)?;
    if !known.contains(name.as_str()) {
        let known: Vec<&str> = known.iter().copied().collect();
        read::unknown(entry.key.span, (singular, plural), &name, &known, collector);
        return None;
    }
    Some(name)
}

fn listed(
    node: &Node,
    what: &str,
    kind: (&'static str, &'static str),
    known: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Vec<Text> {
    let items = read::items(node, what, collector);
    items.iter().filter_map(|item| reference(item, kind, known, collector)).collect()
}

fn routing_plan(
    entry: &Entry,
    names: &Names<'_>,
    routes: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<RoutingPlan> {
    let what = "a routing plan";
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let select_code = keys.need("select-code", what, collector);
    let select_code = select_code.and_then(|node| digits(node, "a select code", collector));
    let mut tariffs = Vec::new();
    if let Some(node) = keys.need("tariffs", what, collector) {
        for entry in read::entries(node, "`tariffs:` of a routing plan", collector) {
            let product = named(entry, PRODUCT, &names.products, collector);
            let tariff = reference(&entry.value, ("tariff", "tariffs"), &names.tariffs, collector);
            tariffs.extend(product.zip(tariff));
        }
    }
    let default_for = keys
        .value("default-for")
        .map_or_else(Vec::new, |node| listed(node, "products", PRODUCT, &names.products, collector));
    let routes = keys
        .value("routes")
        .map_or_else(Vec::new, |node| listed(node, "routes", ("route", "routes"), routes, collector));
    keys.finish(what, collector);
    Some(RoutingPlan { name: name?, select_code: select_code?, tariffs, default_for, routes, place })
}

fn did(entry: &Entry, accounts: &BTreeSet<&str>, collector: &mut Collector) -> Option<Did> {
    let place = collector.place(entry.key.span);
    let number = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a DID number", collector)?;
    let account = keys.value("account").and_then(|node| reference(node, ACCOUNT, accounts, collector));
    keys.finish("a DID number", collector);
    Some(Did { number: number?, account, place })
}
