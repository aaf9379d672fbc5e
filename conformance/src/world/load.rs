//! Reads a world and checks it: every name that something refers to, every amount and its currency.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tollgate_network::ArgKind;
use tollgate_wire::Text;

use super::model::World;
use super::{api, diameter, environments, network, numbers, parties, plans, prices, resale, supplies};
use crate::diagnostics::{Collector, Problem, Report, Span, did_you_mean, shown};
use crate::scenario::Nature;
use crate::scenario::files::Files;
use crate::scenario::{read, values};
use crate::yaml::{Entry, Key, Keys, Kind, Node};

/// How many worlds may be built on one another.
const BASES_MAX: usize = 8;

/// Loads a world file alone.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_file(path: &Path) -> Result<World, Report> {
    let octets = std::fs::read(path).map_err(|error| {
        Report::of_message(format!("cannot read the world '{}': {error}", path.display()), None)
    })?;
    load_octets(path, &octets)
}

/// Loads a world from the text of its file; other files that it names are read.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_text(path: &Path, text: &str) -> Result<World, Report> {
    load_octets(path, text.as_bytes())
}

fn load_octets(path: &Path, octets: &[u8]) -> Result<World, Report> {
    let mut collector = Collector::default();
    let mut files = Files::of(path, None);
    let world = crate::yaml::parse(path, octets, &mut collector)
        .and_then(|root| of_file(&root, path, &mut files, &mut collector));
    match world {
        Some(world) if collector.errors() == 0 => Ok(world),
        _ => Err(collector.into_report()),
    }
}

/// The world of a file's tree.
pub(crate) fn of_file(
    root: &Node,
    path: &Path,
    files: &mut Files,
    collector: &mut Collector,
) -> Option<World> {
    let nature = Nature::of(root);
    if let (Kind::Map(entries), true) = (&root.kind, nature.is_said_by(root)) {
        let first = entries.first().map_or(root.span, |entry| entry.key.span);
        collector.error(first, format!("this file is {}, not a world", nature.described()));
        return None;
    }
    let root = based(root, path, files, BASES_MAX, collector)?;
    let world = check(&root, None, collector)?;
    Some(World { bases: files.read(), ..world })
}

/// The world of a scenario's `world:`, which is a path or a map; the rest of a map with `file:`
/// overrides that file's entries.
pub(crate) fn of_scenario(
    node: &Node,
    path: &Path,
    files: &mut Files,
    collector: &mut Collector,
) -> Option<World> {
    let root = tree_of_scenario(node, path, files, collector)?;
    check(&root, None, collector)
}

/// The tree of that world, whatever files it is made of; nothing in it is checked.
pub(crate) fn tree_of_scenario(
    node: &Node,
    path: &Path,
    files: &mut Files,
    collector: &mut Collector,
) -> Option<Node> {
    match &node.kind {
        Kind::Scalar(_) => opened(node, path, files, BASES_MAX, collector),
        _ => based(node, path, files, BASES_MAX, collector),
    }
}

/// The world with its base (`file:`) below it.
fn based(
    node: &Node,
    path: &Path,
    files: &mut Files,
    left: usize,
    collector: &mut Collector,
) -> Option<Node> {
    match node.get("file") {
        Some(reference) => {
            let base = opened(reference, path, files, left, collector)?;
            Some(overlaid(base, node))
        }
        None => Some(node.clone()),
    }
}

fn opened(
    reference: &Node,
    path: &Path,
    files: &mut Files,
    left: usize,
    collector: &mut Collector,
) -> Option<Node> {
    let name = read::text(reference, "the path of a world", collector)?;
    let Some(left) = left.checked_sub(1) else {
        collector.error(reference.span, format!("more than {BASES_MAX} worlds stand on one another"));
        return None;
    };
    let (path, tree) = files.open(&name, "world", reference.span, path, collector)?;
    if let Some(other) = ["scenario", "sequence"].into_iter().find(|key| tree.get(key).is_some()) {
        collector.error(reference.span, format!("'{}' is a {other}, not a world", shown(&name)));
        return None;
    }
    based(&tree, &path, files, left, collector)
}

/// `over` laid upon `base`: maps entry by entry, everything else whole.
pub(crate) fn overlaid(base: Node, over: &Node) -> Node {
    let Kind::Map(above) = &over.kind else {
        return if over.is_empty() { base } else { over.clone() };
    };
    let Kind::Map(mut entries) = base.kind else { return over.clone() };
    let places: BTreeMap<String, usize> =
        entries.iter().enumerate().map(|(place, entry)| (entry.key.text.clone(), place)).collect();
    for entry in above {
        match places.get(&entry.key.text) {
            Some(place) => {
                let below = &mut entries[*place];
                let nothing = Node { kind: Kind::Broken, span: entry.key.span };
                let value = overlaid(std::mem::replace(&mut below.value, nothing), &entry.value);
                *below = Entry { key: entry.key.clone(), value };
            }
            None => entries.push(entry.clone()),
        }
    }
    Node { kind: Kind::Map(entries), span: over.span }
}

/// What the parts of a world are checked against: names that stand in it, broken ones too, so that one
/// mistake makes one message.
pub(super) struct Names<'n> {
    pub(super) currency: Option<Text>,
    /// Whether the world says a currency, be it a broken one.
    pub(super) currency_said: bool,
    pub(super) dialing_rules: BTreeSet<&'n str>,
    pub(super) tariffs: BTreeSet<&'n str>,
    pub(super) products: BTreeSet<&'n str>,
    pub(super) customers: BTreeSet<&'n str>,
}

/// The releases that a system can behave as (ARCH, zero-downtime update; the documents are of these).
pub(crate) const RELEASES: [&str; 4] = ["MR75", "MR85", "MR86", "MR95"];

/// Reads a world, or an environment of the world `above`.
pub(super) fn check(root: &Node, above: Option<&World>, collector: &mut Collector) -> Option<World> {
    let what = if above.is_some() { "an environment" } else { "a world" };
    let mut keys = Keys::of(root, what, collector)?;
    let mut world = World::default();
    // An environment that says what is said above is told so.
    let elsewhere = if above.is_some() { environments::ABOVE.as_slice() } else { &["file", "environments"] };
    for key in elsewhere {
        keys.take(key);
    }
    if let Some(node) = keys.value("world") {
        world.name = read::text(node, "the world's name", collector).unwrap_or_default();
    }
    let currency = keys
        .value("currency")
        .and_then(|node| read::with(node, "a currency", collector, |text, _| values::currency(text)))
        .or_else(|| above.map(|above| above.currency.clone()).filter(|currency| !currency.is_empty()));
    world.currency = currency.clone().unwrap_or_default();
    if let Some(node) = above.is_none().then(|| keys.need("ocs", "a world", collector)).flatten() {
        let items = read::items(node, "the addresses of the charging system", collector);
        world.ocs = items.iter().filter_map(|item| read::address(item, "an address", collector)).collect();
        if items.is_empty() && !matches!(node.kind, Kind::Broken) {
            collector.error(node.span, "the charging system has no address");
        }
    }
    let [nodes, rules, tariffs, products, customers, accounts] =
        ["nodes", "dialing-rules", "tariffs", "products", "customers", "accounts"].map(|key| keys.value(key));
    let settings = keys.value("settings");
    let release = above.is_none().then(|| keys.value("release")).flatten();
    let diameter = above.is_none().then(|| keys.value("diameter")).flatten();
    let api = above.is_none().then(|| keys.value("api")).flatten();
    let identifiers = keys.value("identifiers");
    let resale = resale::Sections::of(&mut keys);
    let plans = plans::Sections::of(&mut keys);
    let numbers = numbers::Sections::of(&mut keys);
    let [vouchers, routes] = ["vouchers", "routes"].map(|key| keys.value(key));
    keys.finish(what, collector);
    let names = Names {
        currency,
        currency_said: root.get("currency").is_some(),
        dialing_rules: keys_of(rules),
        tariffs: keys_of(tariffs),
        products: keys_of(products),
        customers: keys_of(customers),
    };
    world.dialing_rules = each(rules, "`dialing-rules:`", collector, network::dialing_rule);
    world.nodes = each(nodes, "`nodes:`", collector, |entry, c| network::node(entry, &names, c));
    world.tariffs = each(tariffs, "`tariffs:`", collector, |entry, c| prices::tariff(entry, &names, c));
    world.products = each(products, "`products:`", collector, |entry, c| {
        prices::product(entry, &names, &world.tariffs, c)
    });
    world.customers =
        each(customers, "`customers:`", collector, |entry, c| parties::customer(entry, &names, c));
    let currencies = parties::Currencies::of(&world.customers, &world.products);
    world.accounts =
        each(accounts, "`accounts:`", collector, |entry, c| parties::account(entry, &names, &currencies, c));
    world.vouchers = each(vouchers, "`vouchers:`", collector, |entry, c| supplies::voucher(entry, &names, c));
    world.routes = each(routes, "`routes:`", collector, supplies::route);
    let known = resale::Known { names: &names, nodes: keys_of(nodes), accounts: keys_of(accounts) };
    world.resale = resale.read(&known, collector);
    world.plans = plans.read(&names, &keys_of(accounts), collector);
    world.numbers = numbers.read(&names, &keys_of(accounts), [&keys_of(nodes), &keys_of(routes)], collector);
    world.diameter = diameter.and_then(|node| diameter::read(node, world.ocs.len(), collector));
    let release =
        release.and_then(|node| read::typed(node, &ArgKind::Choice(&RELEASES), "a release", collector));
    world.release = release.and_then(|release| release.as_text().map(Text::from));
    world.api = api.and_then(|node| api::read(node, collector));
    world.identifiers = identifiers.and_then(|node| api::identifiers(node, collector)).unwrap_or_default();
    if let Some(node) = settings {
        world.settings = network::settings(node, collector);
    }
    if above.is_none() {
        let others = root.get("environments");
        world.environments = environments::read(others, &world, collector);
        let theirs = others.into_iter().flat_map(|others| match &others.kind {
            Kind::Map(entries) => entries.as_slice(),
            _ => &[],
        });
        let all: Vec<&Node> =
            nodes.into_iter().chain(theirs.filter_map(|own| own.value.get("nodes"))).collect();
        if root.get("diameter").is_none() {
            diameter::refuse_clients(&all, collector);
        }
        network::check_addresses(&world.ocs, &all, collector);
    }
    Some(world)
}

pub(super) fn keys_of(node: Option<&Node>) -> BTreeSet<&str> {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.iter().map(|entry| entry.key.text.as_str()).collect(),
        _ => BTreeSet::new(),
    }
}

/// Reads every entry of a section; a broken one is left out and hides no other.
pub(super) fn each<T>(
    node: Option<&Node>,
    what: &str,
    collector: &mut Collector,
    mut one: impl FnMut(&Entry, &mut Collector) -> Option<T>,
) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    let entries = read::entries(node, what, collector);
    entries.iter().filter_map(|entry| one(entry, collector)).collect()
}

/// The name that a node refers to, one of `known`.
pub(super) fn reference(
    node: &Node,
    (singular, plural): (&'static str, &'static str),
    known: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Text> {
    let name = read::text(node, &format!("the name of a {singular}"), collector)?;
    if !known.contains(name.as_str()) {
        let known: Vec<&str> = known.iter().copied().collect();
        read::unknown(node.span, (singular, plural), &name, &known, collector);
        return None;
    }
    Some(name)
}

/// The currency of something: its own, else the world's; neither is an error.
pub(super) fn currency_of(
    own: Option<&Node>,
    key: &Key,
    what: &str,
    names: &Names<'_>,
    collector: &mut Collector,
) -> Option<Text> {
    match own {
        Some(node) => read::with(node, "a currency", collector, |text, _| values::currency(text)),
        None => {
            if names.currency.is_none() && !names.currency_said {
                collector.push(
                    Problem::error(key.span, format!("the {what} '{}' has no currency", shown(&key.text)))
                        .advice("give it `currency:`, or the world one for all"),
                );
            }
            names.currency.clone()
        }
    }
}

/// Reports that two currencies that must be the same are not.
pub(super) fn check_currency(
    span: Span,
    one: (&str, &Text),
    other: (&str, &Text),
    collector: &mut Collector,
) {
    if one.1 != other.1 {
        let message = format!("{} is in {} and {} in {}", one.0, one.1, other.0, other.1);
        collector
            .push(Problem::error(span, message).advice("currencies are never converted; make them the same"));
    }
}

/// `+1 604` and its like are not digits.
pub(super) fn digits(node: &Node, what: &str, collector: &mut Collector) -> Option<Text> {
    let text = read::text(node, what, collector)?;
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        let message = format!("{what} is made of digits, '{}' is not", shown(&text));
        let bare: String = text.chars().filter(char::is_ascii_digit).collect();
        let help = (!bare.is_empty()).then(|| format!("did you mean \"{bare}\"?"));
        collector.push(Problem::error(node.span, message).help(help));
        return None;
    }
    Some(text)
}

/// One of a few words.
pub(super) fn word<T: Copy>(
    node: &Node,
    what: &str,
    words: &[(&str, T)],
    collector: &mut Collector,
) -> Option<T> {
    let text = read::text(node, what, collector)?;
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Some(*value),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let help = did_you_mean(&text, known.iter().copied())
                .unwrap_or_else(|| format!("write {}", known.join(" or ")));
            collector.push(Problem::error(node.span, format!("'{}' is not {what}", shown(&text))).help(help));
            None
        }
    }
}
