//! `wait:`, `fault:` and `network:` let time pass and things go wrong.

use std::time::Duration;

use tollgate_network::Impairment;

use super::model::{Deed, FaultKind, FaultStep, Who};
use super::read;
use super::steps::Steps;
use crate::diagnostics::{Collector, Problem, Span, known_names, shown};
use crate::yaml::{Keys, Kind, Node};

/// `wait: 5s` or `wait: { until: … }`.
pub(super) fn wait(node: &Node, collector: &mut Collector) -> Option<Deed> {
    if node.is_empty() {
        collector.push(
            Problem::error(node.span, "`wait:` does not say how long")
                .advice("write 5s, or { until: 2007-03-09T00:16:18-08:00 }"),
        );
        return None;
    }
    if !matches!(node.kind, Kind::Map(_)) {
        return read::span(node, "`wait:`", collector).map(Deed::WaitFor);
    }
    let mut keys = Keys::of(node, "`wait:`", collector)?;
    let until =
        keys.need("until", "`wait:`", collector).and_then(|node| read::time(node, "`until:`", collector));
    keys.finish("`wait:`", collector);
    until.map(Deed::WaitUntil)
}

/// `network:` of the scenario.
pub(super) fn network(node: &Node, collector: &mut Collector) -> Impairment {
    let mut impairment = Impairment::default();
    if let Some(mut keys) = Keys::of(node, "`network:`", collector) {
        impair(&mut keys, &mut impairment, collector);
        keys.finish("`network:`", collector);
    }
    impairment
}

/// Takes the keys that say how links behave; whether there was one.
fn impair(keys: &mut Keys<'_>, impairment: &mut Impairment, collector: &mut Collector) -> bool {
    let mut any = false;
    let (latency, delay) = (keys.take("latency"), keys.take("delay"));
    if let (Some(_), Some(delay)) = (latency, delay) {
        collector.error(delay.key.span, "`delay:` is the same as `latency:`; one is enough");
    }
    if let Some(entry) = latency.or(delay) {
        any = true;
        set(&mut impairment.latency, read::span(&entry.value, "the latency", collector));
    }
    let spans: [(&'static str, &mut Duration); 2] =
        [("jitter", &mut impairment.jitter), ("reordering-delay", &mut impairment.reordering_delay)];
    for (key, span) in spans {
        if let Some(node) = keys.value(key) {
            any = true;
            set(span, read::span(node, key, collector));
        }
    }
    let shares = [
        ("loss", &mut impairment.loss),
        ("duplication", &mut impairment.duplication),
        ("reordering", &mut impairment.reordering),
        ("resets", &mut impairment.resets),
    ];
    for (key, share) in shares {
        if let Some(node) = keys.value(key) {
            any = true;
            set(share, read::ratio(node, key, collector));
        }
    }
    any
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// `fault:`
pub(super) fn fault(steps: &mut Steps<'_>, node: &Node, at: Span) -> Option<FaultStep> {
    if let Some(scalar) = node.scalar()
        && !node.is_empty()
    {
        if scalar.text == "heal" {
            return Some(FaultStep { what: FaultKind::Heal, lasts: None });
        }
        steps.collector.push(
            Problem::error(node.span, format!("'{}' alone is not a fault", shown(&scalar.text)))
                .advice("write { loss: 5% }, { crash: ocs } or heal"),
        );
        return None;
    }
    let mut keys = Keys::of(node, "`fault:`", steps.collector)?;
    let lasts_node = keys.value("for");
    let lasts = lasts_node.and_then(|node| read::span(node, "`for:`", steps.collector));
    let between_node = keys.value("between");
    let between = between_node.map(|node| parties(steps, node));
    let mut impairment = steps.network;
    let impaired = impair(&mut keys, &mut impairment, steps.collector);
    let [partition, reset, crash, restart, heal] =
        ["partition", "reset", "crash", "restart", "heal"].map(|key| keys.value(key));
    keys.finish("`fault:`", steps.collector);

    let named = [partition, reset, crash, restart, heal].map(|node| node.is_some());
    let kinds = [&[impaired][..], &named].concat();
    match kinds.iter().filter(|there| **there).count() {
        0 => {
            let known = [
                "loss",
                "duplication",
                "reordering",
                "latency",
                "jitter",
                "resets",
                "partition",
                "reset",
                "crash",
                "restart",
                "heal",
            ];
            steps.collector.push(
                Problem::error(at, "`fault:` does not say what goes wrong")
                    .help(known_names("", "faults", &known)),
            );
            return None;
        }
        1 => {}
        _ => {
            steps
                .collector
                .push(Problem::error(at, "several faults stand in one step").advice("write a step for each"));
            return None;
        }
    }
    if let (Some(between), true) = (between_node, crash.or(restart).or(heal).is_some()) {
        steps.collector.error(between.span, "`between:` is for links; this fault is not one of links");
    }
    if let (Some(lasts), true) = (lasts_node, reset.or(restart).or(heal).is_some()) {
        steps.collector.error(lasts.span, "this fault is over at once and has no `for:`");
    }
    let what = if let Some(node) = partition.or(reset) {
        let named = match node.scalar().map(|scalar| scalar.text.as_str()) {
            Some("true" | "all") => Vec::new(),
            _ => parties(steps, node)?,
        };
        if let (false, Some(between)) = (named.is_empty(), between_node) {
            steps.collector.error(between.span, "who is cut off is said twice");
        }
        let between = if named.is_empty() { between.unwrap_or(Some(named))? } else { named };
        if reset.is_some() { FaultKind::Reset { between } } else { FaultKind::Partition { between } }
    } else if let Some(node) = crash {
        FaultKind::Crash(party(steps, node)?)
    } else if let Some(node) = restart {
        FaultKind::Restart(party(steps, node)?)
    } else if heal.is_some() {
        FaultKind::Heal
    } else {
        FaultKind::Impair { between: between.unwrap_or_else(|| Some(Vec::new()))?, impairment }
    };
    Some(FaultStep { what, lasts })
}

/// At most two of the peers and the system.
fn parties(steps: &mut Steps<'_>, node: &Node) -> Option<Vec<Who>> {
    let items = read::items(node, "who is concerned", steps.collector);
    if items.len() > 2 {
        steps
            .collector
            .push(Problem::error(node.span, "a link has two ends").advice("write a step for each pair"));
        return None;
    }
    let parties: Vec<Option<Who>> = items.iter().map(|item| party(steps, item)).collect();
    let parties: Vec<Who> = parties.into_iter().collect::<Option<_>>()?;
    if let [one, other] = parties.as_slice()
        && one == other
    {
        steps.collector.error(node.span, "a link has two different ends");
        return None;
    }
    Some(parties)
}

fn party(steps: &mut Steps<'_>, node: &Node) -> Option<Who> {
    let name = read::text(node, "a peer's name", steps.collector)?;
    match steps.peers.find_with_system(&name, steps.registry) {
        Some(actor) => Some(actor.who),
        None => {
            let mut known = steps.peers.names();
            known.push("ocs");
            read::unknown(node.span, ("peer", "peers"), &name, &known, steps.collector);
            None
        }
    }
}
