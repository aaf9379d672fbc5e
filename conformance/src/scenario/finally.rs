//! `finally:` what must be true when the last step is over and everything has settled.

use tollgate_wire::{Text, Value};

use super::expect::field_matches;
use super::model::{AccountMatch, Finally, Invariant, Matcher, Place, Scalar, Who, XdrMatch};
use super::steps::Steps;
use super::{matchers, read};
use crate::diagnostics::{Problem, Span, known_names, shown};
use crate::world::World;
use crate::yaml::{Keys, Node};

/// The system's sight whose fields an xDR may have.
const XDR: &str = "xdr";

/// Reads `finally:`; captures of all steps are known.
pub(super) fn read(node: &Node, world: Option<&World>, steps: &mut Steps<'_>) -> Finally {
    let Some(mut keys) = Keys::of(node, "`finally:`", steps.collector) else { return Finally::default() };
    let mut finally = of_system(&mut keys, world, steps);
    if let Some(node) = keys.value("systems") {
        finally.systems = systems(node, steps);
    }
    if let Some(node) = keys.value("invariants") {
        finally.invariants = invariants(node, steps);
    }
    keys.finish("`finally:`", steps.collector);
    finally
}

/// `invariants:` by their names.
fn invariants(node: &Node, steps: &mut Steps<'_>) -> Vec<(Invariant, Place)> {
    let mut all = Vec::new();
    for item in read::items(node, "`invariants:`", steps.collector) {
        let Some(name) = read::text(item, "an invariant", steps.collector) else { continue };
        match Invariant::ALL.into_iter().find(|own| own.name() == name) {
            Some(own) => all.push((own, steps.collector.place(item.span))),
            None => {
                let known = Invariant::ALL.map(Invariant::name);
                read::unknown(item.span, ("invariant", "invariants"), &name, &known, steps.collector);
            }
        }
    }
    all
}

/// `systems:` each with what must be true of it.
fn systems(node: &Node, steps: &mut Steps<'_>) -> Vec<(Who, Finally)> {
    let mut all = Vec::new();
    let peers = steps.peers;
    for entry in read::entries(node, "`systems:`", steps.collector) {
        let Some((who, world)) = peers.systems.find(&entry.key.text) else {
            peers.systems.unknown(entry.key.span, &entry.key.text, steps.collector);
            continue;
        };
        let Some(mut keys) = Keys::of(&entry.value, "a system's end", steps.collector) else { continue };
        all.push((who, of_system(&mut keys, world, steps)));
        keys.finish("a system's end", steps.collector);
    }
    all
}

/// What must be true of one system.
fn of_system(keys: &mut Keys<'_>, world: Option<&World>, steps: &mut Steps<'_>) -> Finally {
    let mut finally = Finally::default();
    if let Some(node) = keys.value("balances") {
        finally.balances = accounts(node, "`balances:`", world, steps);
    }
    if let Some(node) = keys.value("reserved") {
        finally.reserved = accounts(node, "`reserved:`", world, steps);
    }
    if let Some(node) = keys.value("xdrs") {
        finally.xdrs = Some(xdrs(node, steps));
    }
    if let Some(node) = keys.value("events") {
        for item in read::items(node, "`events:`", steps.collector) {
            if let Some(name) = read::text(item, "an event", steps.collector) {
                finally.events.push((name, steps.collector.place(item.span)));
            }
        }
    }
    finally
}

fn accounts(node: &Node, what: &str, world: Option<&World>, steps: &mut Steps<'_>) -> Vec<AccountMatch> {
    let mut matches = Vec::new();
    for entry in read::entries(node, what, steps.collector) {
        let matcher = matchers::read(&entry.value, &mut steps.captures, steps.collector);
        let Some(account) = read::name(entry, steps.collector) else { continue };
        if let Some(world) = world {
            let currency = currency(&account, entry.key.span, world, steps);
            if let (Some(currency), Some(matcher)) = (currency, &matcher) {
                check_currency(matcher, &currency, entry.value.span, steps);
            }
        }
        if let Some(matcher) = matcher {
            matches.push(AccountMatch { account, matcher, place: steps.collector.place(entry.key.span) });
        }
    }
    matches
}

/// The currency of an account of the world; an account that is not there is reported.
fn currency(account: &str, span: Span, world: &World, steps: &mut Steps<'_>) -> Option<Text> {
    let (env, name) = world.locate(account);
    let Some(known) = env.accounts.iter().find(|own| own.id == name) else {
        if let Some(currency) = crate::world::resale::money_of(env, name) {
            return Some(currency.clone());
        }
        // A customer may have moved here from another system.
        let elsewhere = steps.peers.systems.worlds().find_map(|other| {
            let (env, name) = other.locate(account);
            let known = env.accounts.iter().find(|own| own.id == name)?;
            let customer = env.customers.iter().find(|own| own.name == known.customer);
            customer.map(|customer| &customer.currency).or_else(|| crate::world::resale::money_of(env, name))
        });
        if let Some(currency) = elsewhere {
            return Some(currency.clone());
        }
        let names: Vec<&str> = world.accounts.iter().map(|own| own.id.as_str()).collect();
        steps.collector.push(
            Problem::error(span, format!("the world has no account '{}'", shown(account)))
                .help(known_names(account, "accounts", &names)),
        );
        return None;
    };
    env.customers.iter().find(|own| own.name == known.customer).map(|customer| customer.currency.clone())
}

/// An amount in another currency than the account's can never match.
fn check_currency(matcher: &Matcher, currency: &Text, span: Span, steps: &mut Steps<'_>) {
    let mut amounts: Vec<&Scalar> = Vec::new();
    match matcher {
        Matcher::Equals(scalar) => amounts.push(scalar),
        Matcher::Compare(comparisons) => amounts.extend(comparisons.iter().map(|(_, scalar)| scalar)),
        Matcher::Near(near, by) => amounts.extend([near, by]),
        _ => {}
    }
    for amount in amounts {
        if let Scalar::Plain { value: Value::Money(_, own), written } = amount
            && own != currency
        {
            let message = format!("the account is in {currency}, the amount is {written}");
            steps.collector.error(span, message);
        }
    }
}

fn xdrs(node: &Node, steps: &mut Steps<'_>) -> Vec<XdrMatch> {
    let system = steps.registry.system;
    let Some(sight) = system.sight(XDR) else {
        steps.collector.error(node.span, format!("xDRs of '{}' cannot be observed", system.name));
        return Vec::new();
    };
    let mut matches = Vec::new();
    for item in read::items(node, "`xdrs:`", steps.collector) {
        let fields = field_matches(steps, item, sight);
        matches.push(XdrMatch { fields, place: steps.collector.place(item.span) });
    }
    matches
}
