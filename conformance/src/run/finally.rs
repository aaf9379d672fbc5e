//! Judging `finally:`, once the network has settled.
//!
//! Balances are asked of each charging system with its verb `report-balance` and read from the `balance`
//! that it observes; xDRs and events are those that it observed during the whole run, used by a step or not.
//! An assertion that the target cannot show is skipped, never passed.

use tollgate_network::{Action, NodeId, PeerKind, Seen};
use tollgate_wire::{Text, Value};

use super::event::{Mismatch, StepOutcome};
use super::expect::all_hold;
use super::invariants;
use super::matcher::{holds, shown};
use super::nearest::field_differences;
use super::scene::{Cast, Scene};
use crate::scenario::{AccountMatch, FieldMatch, Finally, Place, Who, XdrMatch};

/// The verb that has the system show an account, with the name of the account as `account`.
const REPORT_BALANCE: &str = "report-balance";
/// What it shows then.
const BALANCE: &str = "balance";
/// Asks the system to compare its state with its command log.
const REPORT_REPLAY: &str = "report-replay";
/// The answer to it.
const REPLAY: &str = "replay";
/// A record of use with its charge.
const XDR: &str = "xdr";
/// Something told to the outside world; its subject is its name.
const EVENT: &str = "event";

/// One judged assertion.
type Judged = (Text, Place, StepOutcome);

/// One of the charging systems: who it is, and what its assertions are called after where it is not the one under test.
#[derive(Clone, Copy)]
struct System<'a> {
    node: NodeId,
    kind: &'static PeerKind,
    name: Option<&'a str>,
}

impl System<'_> {
    /// An assertion's text, with the system it is about.
    fn text(&self, text: Text) -> Text {
        match self.name {
            Some(name) => format!("{name}: {text}").into(),
            None => text,
        }
    }
}

/// Judges all of it, one record an assertion. Captures are written out already.
pub(crate) fn judge(scene: &mut Scene<'_>, finally: &Finally, top: &Place) -> Vec<Judged> {
    let mut judged = Vec::new();
    for (who, own) in std::iter::once((Who::System, finally)).chain(further(finally)) {
        let cast = scene.cast;
        let name = (who != Who::System).then(|| cast.name(who));
        match cast.node(who).zip(cast.kind(who)) {
            Some((node, kind)) => judge_system(scene, System { node, kind, name }, own, top, &mut judged),
            None => {
                let lost = || StepOutcome::Broken("the stage lacks a peer of the scenario".to_owned());
                judged
                    .extend(names_of(own, name, top).into_iter().map(|(text, place)| (text, place, lost())));
            }
        }
    }
    judged.extend(invariants::judge(scene, finally));
    judged
}

/// What is asserted of further systems.
fn further(finally: &Finally) -> impl Iterator<Item = (Who, &Finally)> {
    finally.systems.iter().map(|(who, own)| (*who, own))
}

fn judge_system(
    scene: &mut Scene<'_>,
    system: System<'_>,
    finally: &Finally,
    top: &Place,
    judged: &mut Vec<Judged>,
) {
    let mut shown_accounts = Accounts { system, known: Vec::new() };
    let from = judged.len();
    for account in &finally.balances {
        judged.push(shown_accounts.judge(scene, account, &Asked { what: "balance", field: "amount" }));
    }
    for account in &finally.reserved {
        judged.push(shown_accounts.judge(scene, account, &Asked { what: "reserved", field: "reserved" }));
    }
    if let Some(xdrs) = &finally.xdrs {
        judge_xdrs(scene, system, xdrs, top, judged);
    }
    for (name, place) in &finally.events {
        let outcome = judge_event(scene, system, name, place);
        judged.push((format!("event {name}").into(), place.clone(), outcome));
    }
    for (text, _, _) in &mut judged[from..] {
        *text = system.text(std::mem::take(text));
    }
}

/// What the assertions are called, to be skipped one by one.
pub(crate) fn names(cast: &Cast<'_>, finally: &Finally, top: &Place) -> Vec<(Text, Place)> {
    let mut names = names_of(finally, None, top);
    for (who, own) in further(finally) {
        names.extend(names_of(own, Some(cast.name(who)), top));
    }
    names.extend(invariants::names(finally));
    names
}

fn names_of(finally: &Finally, system: Option<&str>, top: &Place) -> Vec<(Text, Place)> {
    let account = |what: &'static str| {
        move |account: &AccountMatch| (account_text(what, account), account.place.clone())
    };
    let mut names: Vec<(Text, Place)> = finally.balances.iter().map(account("balance")).collect();
    names.extend(finally.reserved.iter().map(account("reserved")));
    if let Some(xdrs) = &finally.xdrs {
        names.extend(xdrs.iter().enumerate().map(|(number, xdr)| (xdr_text(number, xdr), xdr.place.clone())));
        names.push((
            count_text(xdrs.len()),
            xdrs.first().map_or_else(|| top.clone(), |xdr| xdr.place.clone()),
        ));
    }
    names.extend(finally.events.iter().map(|(name, place)| (format!("event {name}").into(), place.clone())));
    if let Some(system) = system {
        names.iter_mut().for_each(|(text, _)| *text = format!("{system}: {text}").into());
    }
    names
}

fn account_text(what: &str, account: &AccountMatch) -> Text {
    format!("{what} of {}: {}", account.account, shown(&account.matcher)).into()
}

fn xdr_text(number: usize, xdr: &XdrMatch) -> Text {
    format!("xdr {}: {}", number + 1, fields_text(&xdr.fields)).into()
}

fn count_text(count: usize) -> Text {
    match count {
        0 => "no xdr".into(),
        1 => "exactly 1 xdr".into(),
        several => format!("exactly {several} xdrs").into(),
    }
}

fn fields_text(fields: &[FieldMatch]) -> String {
    let lines: Vec<String> =
        fields.iter().map(|field| format!("{}: {}", field.path, shown(&field.matcher))).collect();
    format!("{{ {} }}", lines.join(", "))
}

/// Which amount of an account is asked for.
struct Asked {
    what: &'static str,
    field: &'static str,
}

/// Accounts that were asked for, each with the place of the answer in the journal: one question an
/// account, whatever is asserted of it.
struct Accounts<'a> {
    system: System<'a>,
    known: Vec<(Text, Result<usize, StepOutcome>)>,
}

impl Accounts<'_> {
    fn judge(&mut self, scene: &mut Scene<'_>, wanted: &AccountMatch, asked: &Asked) -> Judged {
        let text = account_text(asked.what, wanted);
        let outcome = self.outcome(scene, wanted, asked);
        (text, wanted.place.clone(), outcome)
    }

    fn outcome(&mut self, scene: &mut Scene<'_>, wanted: &AccountMatch, asked: &Asked) -> StepOutcome {
        let kind = self.system.kind;
        let sight = kind.sight(BALANCE).filter(|sight| sight.fields.contains(asked.field));
        if sight.is_none() || kind.verb(REPORT_BALANCE).is_none() {
            return StepOutcome::Skipped(format!("the target cannot show the {} of an account", asked.what));
        }
        let known = self
            .known
            .iter()
            .find(|(account, _)| *account == wanted.account)
            .map(|(_, answer)| answer.clone());
        let answer = known.unwrap_or_else(|| {
            let answer = ask(scene, self.system.node, &wanted.account, &wanted.place);
            self.known.push((wanted.account.clone(), answer.clone()));
            answer
        });
        let entry = match answer {
            Ok(entry) => entry,
            Err(outcome) => return outcome,
        };
        let Some(seen) = scene.journal.entries().get(entry).map(|entry| &entry.seen) else {
            return StepOutcome::Broken("the journal lost an entry".to_owned());
        };
        let values: Vec<&Value> = seen.observation.fields().all(asked.field).collect();
        if holds(&wanted.matcher, &values) {
            return StepOutcome::Passed;
        }
        StepOutcome::Failed(vec![Mismatch {
            expected: shown(&wanted.matcher),
            seen: values.first().map_or_else(|| "absent".to_owned(), ToString::to_string),
            frame: seen.frame,
            place: Some(wanted.place.clone()),
        }])
    }
}

/// Asks for an account. Answers with the place of what was shown.
fn ask(scene: &mut Scene<'_>, system: NodeId, account: &Text, place: &Place) -> Result<usize, StepOutcome> {
    let unanswered = |seen: String| {
        let expected = format!("the system to show account {account}");
        StepOutcome::Failed(vec![Mismatch { expected, seen, frame: None, place: Some(place.clone()) }])
    };
    let from = scene.journal.len();
    let action = Action::new(REPORT_BALANCE).with("account", account.clone());
    scene.driver.perform(system, &action).map_err(|error| unanswered(error.to_string()))?;
    let until = scene.now() + scene.within;
    let found = scene.find(from, until, |seen| {
        is_system(seen, system, BALANCE)
            && seen.observation.fields().get("account").and_then(Value::as_text) == Some(account)
    });
    let entry = found.ok_or_else(|| unanswered("no answer".to_owned()))?;
    scene.journal.consume(entry);
    Ok(entry)
}

/// Has every system and site rebuild its state from its command log, and compare; answers with the name of each but the
/// first.
pub(crate) fn judge_replay(scene: &mut Scene<'_>, top: &Place) -> Vec<(Option<Text>, StepOutcome)> {
    let cast = scene.cast;
    let mut judged = Vec::new();
    for who in cast.scenario.systems() {
        let name = (who != Who::System).then(|| Text::from(cast.name(who)));
        let outcome = match cast.node(who).zip(cast.kind(who)) {
            Some((node, kind)) => replay(scene, node, kind, top),
            None => StepOutcome::Broken("the stage lacks a peer of the scenario".to_owned()),
        };
        judged.push((name, outcome));
    }
    judged
}

fn replay(scene: &mut Scene<'_>, system: NodeId, kind: &PeerKind, top: &Place) -> StepOutcome {
    if kind.verb(REPORT_REPLAY).is_none() {
        return StepOutcome::Skipped("the target cannot show its command log".to_owned());
    }
    let from = scene.journal.len();
    if let Err(error) = scene.driver.perform(system, &Action::new(REPORT_REPLAY)) {
        return StepOutcome::Broken(error.to_string());
    }
    let until = scene.now() + scene.within;
    let found = scene.find(from, until, |seen| is_system(seen, system, REPLAY));
    let entry = found.and_then(|entry| scene.journal.entries().get(entry));
    let seen = match entry.map(|entry| entry.seen.observation.fields()) {
        Some(fields) if fields.get("same") == Some(&Value::Flag(true)) => return StepOutcome::Passed,
        Some(fields) => fields.to_string(),
        None => "no answer".to_owned(),
    };
    let expected = "the command log to rebuild the state byte for byte".to_owned();
    StepOutcome::Failed(vec![Mismatch { expected, seen, frame: None, place: Some(top.clone()) }])
}

fn is_system(seen: &Seen, system: NodeId, kind: &str) -> bool {
    seen.node == system && seen.observation.kind == kind
}

fn judge_xdrs(
    scene: &mut Scene<'_>,
    system: System<'_>,
    wanted: &[XdrMatch],
    top: &Place,
    judged: &mut Vec<Judged>,
) {
    let place = wanted.first().map_or_else(|| top.clone(), |xdr| xdr.place.clone());
    if system.kind.sight(XDR).is_none() {
        let why = || StepOutcome::Skipped("the target cannot show xdrs".to_owned());
        judged.extend(wanted.iter().enumerate().map(|(n, xdr)| (xdr_text(n, xdr), xdr.place.clone(), why())));
        judged.push((count_text(wanted.len()), place, why()));
        return;
    }
    let written = system_entries(scene, system.node, XDR);
    for (number, xdr) in wanted.iter().enumerate() {
        let outcome = judge_xdr(scene, xdr, number, &written);
        judged.push((xdr_text(number, xdr), xdr.place.clone(), outcome));
    }
    let outcome = count_xdrs(scene, wanted, &written, &place);
    judged.push((count_text(wanted.len()), place, outcome));
    for entry in written {
        scene.journal.consume(entry);
    }
}

fn judge_xdr(scene: &Scene<'_>, xdr: &XdrMatch, number: usize, written: &[usize]) -> StepOutcome {
    let entries = scene.journal.entries();
    let seen = |place: usize| entries.get(place).map(|entry| &entry.seen);
    let missing = |text: String| {
        let expected = fields_text(&xdr.fields);
        StepOutcome::Failed(vec![Mismatch {
            expected,
            seen: text,
            frame: None,
            place: Some(xdr.place.clone()),
        }])
    };
    let Some(own) = written.get(number).and_then(|place| seen(*place)) else {
        return missing(match written.len() {
            0 => "no xdr was written".to_owned(),
            1 => "only 1 xdr was written".to_owned(),
            several => format!("only {several} xdrs were written"),
        });
    };
    let mut differences = Vec::new();
    field_differences(&xdr.fields, own, &mut differences);
    if differences.is_empty() {
        return StepOutcome::Passed;
    }
    let elsewhere = written
        .iter()
        .position(|place| seen(*place).is_some_and(|seen| all_hold(&xdr.fields, &seen.observation)));
    if let Some(elsewhere) = elsewhere {
        differences.push(Mismatch {
            expected: format!("it as xdr {}", number + 1),
            seen: format!("it as xdr {}", elsewhere + 1),
            frame: seen(written[elsewhere]).and_then(|seen| seen.frame),
            place: Some(xdr.place.clone()),
        });
    }
    StepOutcome::Failed(differences)
}

fn count_xdrs(scene: &Scene<'_>, wanted: &[XdrMatch], written: &[usize], place: &Place) -> StepOutcome {
    if written.len() == wanted.len() {
        return StepOutcome::Passed;
    }
    let further = written.get(wanted.len()..).unwrap_or_default();
    let mut seen = format!("{} of them", written.len());
    if let Some(first) = further.first() {
        seen.push_str(&format!("; the first that is too many: {}", scene.journal.line(*first)));
    }
    let frame = further.first().and_then(|place| scene.journal.entries().get(*place)?.seen.frame);
    let expected = count_text(wanted.len()).into();
    StepOutcome::Failed(vec![Mismatch { expected, seen, frame, place: Some(place.clone()) }])
}

fn judge_event(scene: &mut Scene<'_>, system: System<'_>, name: &Text, place: &Place) -> StepOutcome {
    let Some(sight) = system.kind.sight(EVENT) else {
        return StepOutcome::Skipped("the target cannot show events".to_owned());
    };
    let subject = sight.subject.unwrap_or("name");
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for entry in system_entries(scene, system.node, EVENT) {
        let fields = scene.journal.entries()[entry].seen.observation.fields();
        match fields.get(subject).and_then(Value::as_text) {
            Some(own) if own == name => found.push(entry),
            Some(other) => others.push(other.to_owned()),
            None => {}
        }
    }
    if found.is_empty() {
        others.sort_unstable();
        others.dedup();
        let seen =
            if others.is_empty() { "no event".to_owned() } else { format!("only {}", others.join(", ")) };
        let expected = format!("event {name}");
        return StepOutcome::Failed(vec![Mismatch {
            expected,
            seen,
            frame: None,
            place: Some(place.clone()),
        }]);
    }
    for entry in found {
        scene.journal.consume(entry);
    }
    StepOutcome::Passed
}

/// Places of everything of this kind that the system observed.
fn system_entries(scene: &Scene<'_>, system: NodeId, kind: &str) -> Vec<usize> {
    let entries = scene.journal.entries().iter().enumerate();
    entries.filter(|(_, entry)| is_system(&entry.seen, system, kind)).map(|(place, _)| place).collect()
}
