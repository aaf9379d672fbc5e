//! One scenario on two versions of the system: what their xDRs and their answers differ in, against what may differ.
//!
//! Both ran the same steps with the same seed. An observation of the one is compared with that of the other which is the
//! same in its place: xDRs by session, leg and party, answers by the client that got them. What is different in every
//! run (authenticators) and what repeats another field of an xDR is left out.

use std::collections::BTreeMap;

use tollgate_network::Seen;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::event::{Mismatch, StepOutcome};
use super::matcher::{holds, shown};
use super::record::{Record, StepRecord};
use super::target::Stage;
use crate::scenario::{Difference, Scenario, Who};

/// So many undeclared differences are shown.
const SHOWN_MAX: usize = 10;
/// Of no meaning in a comparison, or said by another field too.
const LEFT_OUT: [&str; 11] = [
    "id",
    "account-id",
    "session-id",
    "used-quantity",
    "charged-quantity",
    "charged-amount",
    "currency",
    "Message-Authenticator",
    "Origin-State-Id",
    "Event-Timestamp",
    "Proxy-State",
];
/// What a client gets from a system, beside the answers of credit control (CCA-I, CCA-U, …).
const ANSWERS: [&str; 9] = [
    "Access-Accept",
    "Access-Reject",
    "Access-Challenge",
    "Accounting-Response",
    "Disconnect-Request",
    "CoA-Request",
    "RAR",
    "ASR",
    "CCA",
];

/// One difference between two versions, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionDifference {
    /// Who observes: `ocs`, `ivr`.
    pub who: Text,
    /// What: `xdr`, `Access-Accept`.
    pub sight: Text,
    /// Which field, dotted; empty where it is how often it was observed.
    pub field: Text,
    /// What it is in the first version, or may be where it did not show.
    pub from: String,
    /// What it is in the second.
    pub to: String,
    /// How often it showed.
    pub times: usize,
    /// Why it may differ; `None` for a difference that nobody declared.
    pub why: Option<Text>,
}

/// One version's run.
pub(crate) struct Run<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) stage: &'a Stage,
    pub(crate) record: &'a Record,
}

/// What one observation is the same as in the other version: who saw what, and of an xDR its session, leg and party.
type Key = (Who, Text, Vec<String>);
/// The values of an observation by their dotted paths, repeated fields in their order.
type Values = BTreeMap<String, Vec<Value>>;

/// A difference that was found.
struct Found {
    who: Who,
    sight: Text,
    path: Option<String>,
    from: Option<Value>,
    to: Option<Value>,
    frame: Option<u64>,
}

/// Compares two runs: a record for each declared difference and one for all others, and the table of both.
pub(crate) fn compare(
    first: &Run<'_>,
    second: &Run<'_>,
    differ: &[Difference],
    at: Instant,
) -> (Vec<StepRecord>, Vec<VersionDifference>) {
    let found = differences(&gathered(first), &gathered(second));
    let mut times = vec![0_usize; differ.len()];
    let mut undeclared = Vec::new();
    for one in found {
        match differ.iter().position(|declared| allows(declared, &one)) {
            Some(place) => times[place] += 1,
            None => undeclared.push(one),
        }
    }
    let name = |who: Who| match who {
        Who::System => Text::from(super::scene::SYSTEM),
        Who::Peer(place) => {
            first.scenario.peers.get(place).map_or_else(|| "?".into(), |peer| peer.name.clone())
        }
    };
    let mut records = Vec::new();
    let mut table = Vec::new();
    for (declared, times) in differ.iter().zip(times) {
        let row = VersionDifference {
            who: name(declared.who),
            sight: declared.sight.name.into(),
            field: declared.field.as_ref().map(|path| dotted(path).into()).unwrap_or_default(),
            from: shown(&declared.from),
            to: shown(&declared.to),
            times,
            why: Some(declared.why.clone()),
        };
        let outcome = if times > 0 {
            StepOutcome::Passed
        } else {
            StepOutcome::Failed(vec![Mismatch {
                expected: format!("{} at least once", described(&row)),
                seen: "no such difference".to_owned(),
                frame: None,
                place: Some(declared.place.clone()),
            }])
        };
        let text =
            format!("{} and {} differ: {}", first.scenario.version, second.scenario.version, described(&row));
        records.push(StepRecord { text: text.into(), place: declared.place.clone(), at, outcome });
        table.push(row);
    }
    let mismatches: Vec<Mismatch> =
        undeclared.iter().take(SHOWN_MAX).map(|one| one.mismatch(&name)).collect();
    table.extend(undeclared.iter().map(|one| one.row(&name)));
    let outcome = match undeclared.len() {
        0 => StepOutcome::Passed,
        count => {
            let mut mismatches = mismatches;
            if let (Some(last), true) = (mismatches.last_mut(), count > SHOWN_MAX) {
                last.seen.push_str(&format!("; and {} more differences", count - SHOWN_MAX));
            }
            StepOutcome::Failed(mismatches)
        }
    };
    let versions = (&first.scenario.version, &second.scenario.version);
    let text = format!("{} and {} differ in nothing else", versions.0, versions.1);
    let place = first.record.steps.first().map(|step| step.place.clone());
    if let Some(place) = differ.first().map(|own| own.place.clone()).or(place) {
        records.push(StepRecord { text: text.into(), place, at, outcome });
    }
    (records, table)
}

/// `ocs xdr amount: 0.02 CAD becomes 0.03 CAD (the price of a minute)`
fn described(row: &VersionDifference) -> String {
    let field = if row.field.is_empty() { String::new() } else { format!(" {}", row.field) };
    let why = row.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{} {}{field}: {} becomes {}{why}", row.who, row.sight, row.from, row.to)
}

fn dotted(path: &tollgate_wire::Path) -> String {
    path.names().collect::<Vec<_>>().join(".")
}

fn allows(declared: &Difference, found: &Found) -> bool {
    let values = |value: &Option<Value>| value.iter().cloned().collect::<Vec<_>>();
    let fits = |matcher, value: &Option<Value>| {
        let values = values(value);
        holds(matcher, &values.iter().collect::<Vec<_>>())
    };
    declared.who == found.who
        && found.sight == declared.sight.name
        && declared.field.as_ref().map(dotted) == found.path
        && fits(&declared.from, &found.from)
        && fits(&declared.to, &found.to)
}

impl Found {
    fn row(&self, name: &impl Fn(Who) -> Text) -> VersionDifference {
        let shown =
            |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string);
        VersionDifference {
            who: name(self.who),
            sight: self.sight.clone(),
            field: self.path.as_deref().unwrap_or_default().into(),
            from: shown(&self.from),
            to: shown(&self.to),
            times: 1,
            why: None,
        }
    }

    fn mismatch(&self, name: &impl Fn(Who) -> Text) -> Mismatch {
        let row = self.row(name);
        let field = if row.field.is_empty() { "how often".to_owned() } else { row.field.to_string() };
        let expected = format!("{} {} {field}: {} in both versions", row.who, row.sight, row.from);
        Mismatch { expected, seen: row.to, frame: self.frame, place: None }
    }
}

/// Everything of a run that is compared, in the order in which it was observed.
fn gathered(run: &Run<'_>) -> BTreeMap<Key, Vec<(Values, Option<u64>)>> {
    let mut all: BTreeMap<Key, Vec<(Values, Option<u64>)>> = BTreeMap::new();
    for entry in run.record.journal.entries() {
        let seen = &entry.seen;
        let Some(key) = who(run, seen).and_then(|who| key(run, who, seen)) else { continue };
        let mut values = Values::new();
        flatten("", seen.observation.fields(), &mut values);
        all.entry(key).or_default().push((values, seen.frame));
    }
    all
}

fn who(run: &Run<'_>, seen: &Seen) -> Option<Who> {
    if seen.node == run.stage.system {
        return Some(Who::System);
    }
    run.stage.peers.iter().position(|own| *own == seen.node).map(Who::Peer)
}

/// Nothing, where an observation is not compared.
fn key(run: &Run<'_>, who: Who, seen: &Seen) -> Option<Key> {
    let kind = seen.observation.kind.clone();
    let system = match who {
        Who::System => true,
        Who::Peer(place) => run.scenario.peers.get(place)?.system.is_some(),
    };
    if system {
        let fields = seen.observation.fields();
        let own = ["session", "leg", "entity", "service"];
        let own = own.map(|name| fields.get(name).map(ToString::to_string).unwrap_or_default());
        return (kind == "xdr").then(|| (who, kind, own.into()));
    }
    let client =
        matches!(who, Who::Peer(place) if run.scenario.peers.get(place).is_some_and(|peer| peer.kind.client));
    let answer = ANSWERS.contains(&kind.as_str()) || kind.starts_with("CCA-");
    (client && answer).then(|| (who, kind, Vec::new()))
}

fn flatten(prefix: &str, fields: &Fields, out: &mut Values) {
    for (name, value) in fields.iter().filter(|(name, _)| !LEFT_OUT.contains(name)) {
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        match value {
            Value::Group(inner) => flatten(&path, inner, out),
            other => out.entry(path).or_default().push(other.clone()),
        }
    }
}

fn differences(
    first: &BTreeMap<Key, Vec<(Values, Option<u64>)>>,
    second: &BTreeMap<Key, Vec<(Values, Option<u64>)>>,
) -> Vec<Found> {
    let none = Vec::new();
    let mut keys: Vec<&Key> = first.keys().chain(second.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut found = Vec::new();
    for key in keys {
        let (one, other) = (first.get(key).unwrap_or(&none), second.get(key).unwrap_or(&none));
        if one.len() != other.len() {
            let count = |all: &Vec<_>| Some(Value::from(u64::try_from(all.len()).unwrap_or(u64::MAX)));
            let frame = other.get(one.len()).or_else(|| one.get(other.len())).and_then(|(_, frame)| *frame);
            let sight = key.1.clone();
            found.push(Found { who: key.0, sight, path: None, from: count(one), to: count(other), frame });
        }
        for ((one, _), (other, frame)) in one.iter().zip(other) {
            fields_differ(key, one, other, *frame, &mut found);
        }
    }
    found
}

fn fields_differ(key: &Key, one: &Values, other: &Values, frame: Option<u64>, found: &mut Vec<Found>) {
    let mut paths: Vec<&String> = one.keys().chain(other.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let (one, other) = (one.get(path), other.get(path));
        let count = one.map_or(0, Vec::len).max(other.map_or(0, Vec::len));
        for place in 0..count {
            let [from, to] = [one, other].map(|all| all.and_then(|all| all.get(place)).cloned());
            if from != to {
                let (who, sight) = (key.0, key.1.clone());
                found.push(Found { who, sight, path: Some(path.clone()), from, to, frame });
            }
        }
    }
}
