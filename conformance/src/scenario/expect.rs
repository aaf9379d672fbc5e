//! `expect:` who observes what, and what must be true of it.

use tollgate_network::{PeerKind, Sight};
use tollgate_wire::{Path, Text};

use super::load::check_parameter_name;
use super::model::{Expectation, FieldMatch};
use super::peers::Actor;
use super::steps::Steps;
use super::{matchers, read};
use crate::diagnostics::{Problem, known_names, shown};
use crate::yaml::{Entry, Keys, Node};

/// How often one observation can be expected in one step.
const TIMES_MAX: i64 = 10_000;

/// Reads `expect:` with what stands beside it.
pub(super) fn read(steps: &mut Steps<'_>, head: &Entry, beside: &[&Entry]) -> Option<Expectation> {
    let mut keys = Keys::of(&head.value, "`expect:`", steps.collector)?;
    let is = keys.value("is");
    let within = keys.value("within").and_then(|node| {
        let within = read::span(node, "`within:`", steps.collector)?;
        if within.is_zero() {
            steps.collector.error(node.span, "nothing can happen within no time");
        }
        Some(within)
    });
    let times_node = keys.value("times");
    let times = times_node
        .and_then(|node| read::whole(node, "the number of times", (1, TIMES_MAX), steps.collector))
        .unwrap_or(1);
    let absent = keys
        .value("absent")
        .and_then(|node| read::flag(node, "`absent:`", steps.collector))
        .unwrap_or_default();
    let mut conditions: Vec<&Node> = keys.value("where").into_iter().collect();
    let mut captured: Vec<(&Entry, &Node)> =
        keys.take("capture").map(|entry| (entry, &entry.value)).into_iter().collect();
    let observers = keys.rest();
    keys.finish("`expect:`", steps.collector);
    for entry in beside {
        match entry.key.text.as_str() {
            "where" => conditions.push(&entry.value),
            "capture" => captured.push((entry, &entry.value)),
            other => {
                let known = ["where", "capture"];
                steps.collector.push(
                    Problem::error(entry.key.span, format!("`expect:` has no '{}' beside it", shown(other)))
                        .help(known_names(other, "keys", &known)),
                );
            }
        }
    }
    let Some((actor, sight)) = observer(steps, head, &observers) else {
        // What is captured here is known to later steps all the same; one mistake is enough.
        for (_, node) in captured {
            for entry in read::entries(node, "`capture:`", steps.collector) {
                steps.captures.add(entry.key.text.as_str().into(), entry.key.span);
            }
        }
        return None;
    };
    let is = is.and_then(|node| {
        if sight.subject.is_none() {
            let message = format!("'{}' has nothing that `is:` could be compared with", sight.name);
            steps.collector.push(Problem::error(node.span, message).advice("name a field in `where:`"));
            return None;
        }
        matchers::read(node, &mut steps.captures, steps.collector)
    });
    let fields = conditions.into_iter().flat_map(|node| field_matches(steps, node, sight)).collect();
    let capture = captures(steps, &captured, sight);
    if absent {
        if let Some(node) = times_node {
            steps.collector.error(node.span, "what is absent cannot come several times");
        }
        if let Some((entry, _)) = captured.first() {
            steps.collector.error(entry.key.span, "nothing can be captured from what is absent");
        }
    }
    Some(Expectation { who: actor.who, sight, is, fields, within, times, absent, capture })
}

/// Who observes, and which of its sights.
fn observer(steps: &mut Steps<'_>, head: &Entry, rest: &[&Entry]) -> Option<(Actor, &'static Sight)> {
    let find = |entry: &&&Entry| steps.peers.find_with_system(&entry.key.text, steps.registry).is_some();
    let Some(entry) = rest.iter().find(find).copied() else {
        let mut known = steps.peers.names();
        known.push("ocs");
        match rest.first() {
            Some(entry) => {
                read::unknown(entry.key.span, ("peer", "peers"), &entry.key.text, &known, steps.collector);
            }
            None => steps.collector.push(
                Problem::error(head.key.span, "`expect:` does not say who observes what")
                    .help(format!("write expect: {{ {}: … }}", known[0])),
            ),
        }
        return None;
    };
    for other in rest.iter().filter(|other| !std::ptr::eq(**other, entry)) {
        let known = ["is", "within", "times", "absent", "where", "capture"];
        let name = other.key.text.as_str();
        let message = if steps.peers.find_with_system(name, steps.registry).is_some() {
            format!("'{}' and '{}' cannot observe in one step", entry.key.text, shown(name))
        } else {
            format!("`expect:` has no key '{}'", shown(name))
        };
        steps.collector.push(Problem::error(other.key.span, message).help(known_names(name, "keys", &known)));
    }
    let actor = steps.peers.find_with_system(&entry.key.text, steps.registry)?;
    let name = read::text(&entry.value, "what is observed", steps.collector)?;
    let kind = actor.kind?;
    match kind.sight(&name) {
        Some(sight) => Some((actor, sight)),
        None => {
            unknown_sight(steps, kind, &name, &entry.value);
            None
        }
    }
}

fn unknown_sight(steps: &mut Steps<'_>, kind: &PeerKind, name: &str, node: &Node) {
    let known: Vec<&str> = kind.sights.iter().map(|sight| sight.name).collect();
    let message = format!("a peer of kind '{}' never observes '{}'", kind.name, shown(name));
    steps.collector.push(Problem::error(node.span, message).help(known_names(name, "observations", &known)));
}

/// The lines of a `where:`, or the fields of an xDR in `finally:`.
pub(super) fn field_matches(steps: &mut Steps<'_>, node: &Node, sight: &Sight) -> Vec<FieldMatch> {
    let mut matches = Vec::new();
    for entry in read::entries(node, "`where:`", steps.collector) {
        let path = steps.path(&entry.key.text, entry.key.span, sight);
        let matcher = matchers::read(&entry.value, &mut steps.captures, steps.collector);
        if let (Some(path), Some(matcher)) = (path, matcher) {
            matches.push(FieldMatch { path, matcher, place: steps.collector.place(entry.key.span) });
        }
    }
    matches
}

fn captures(steps: &mut Steps<'_>, captured: &[(&Entry, &Node)], sight: &Sight) -> Vec<(Text, Path)> {
    let mut captures = Vec::new();
    for (_, node) in captured {
        for entry in read::entries(node, "`capture:`", steps.collector) {
            let name: Text = entry.key.text.as_str().into();
            check_parameter_name(&name, entry.key.span, steps.collector);
            steps.captures.add(name.clone(), entry.key.span);
            let Some(text) = read::text(&entry.value, "a field to capture", steps.collector) else {
                continue;
            };
            if let Some(path) = steps.path(&text, entry.value.span, sight) {
                captures.push((name, path));
            }
        }
    }
    captures
}
