//! `finally: invariants:` what is true of every run, whatever was drawn: judged by the journal and by what each charging
//! system shows of its accounts.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_network::Action;
use tollgate_wire::{Decimal, Fields, Text, Value};

use super::calls::{Call, CallKey, Calls, Xdr};
use super::event::{Mismatch, StepOutcome};
use super::scene::Scene;
use crate::scenario::{Finally, Invariant, Place, Who};

/// So many violations of one invariant are shown.
const SHOWN_MAX: usize = 5;
/// Has the system show an account, and what it shows then.
const REPORT_BALANCE: &str = "report-balance";
const BALANCE: &str = "balance";

/// Judges them, one record each.
pub(crate) fn judge(scene: &mut Scene<'_>, finally: &Finally) -> Vec<(Text, Place, StepOutcome)> {
    let mut shown = Shown::default();
    let judged = finally.invariants.iter().map(|(invariant, place)| {
        let violations = match invariant {
            Invariant::EveryCallChargedOnce => charged_once(scene),
            Invariant::WithinLimits => shown.of(scene).map(|all| within_limits(scene, all)),
            Invariant::NothingReserved => shown.of(scene).map(|all| nothing_reserved(scene, all)),
            Invariant::SitesEqual => shown.of(scene).map(|all| sites_equal(scene, all)),
        };
        let outcome = match violations {
            Err(Unjudged::Unable(why)) => StepOutcome::Skipped(why),
            Err(Unjudged::Silent(why)) => StepOutcome::Failed(mismatches(
                vec![("every system to show its accounts".to_owned(), why, None)],
                place,
            )),
            Ok(none) if none.is_empty() => StepOutcome::Passed,
            Ok(some) => StepOutcome::Failed(mismatches(some, place)),
        };
        (text(*invariant), place.clone(), outcome)
    });
    judged.collect()
}

/// What they are called, to be skipped one by one.
pub(crate) fn names(finally: &Finally) -> Vec<(Text, Place)> {
    finally.invariants.iter().map(|(invariant, place)| (text(*invariant), place.clone())).collect()
}

fn text(invariant: Invariant) -> Text {
    format!("invariant {}", invariant.name()).into()
}

/// Why an invariant cannot be judged.
#[derive(Debug, Clone)]
enum Unjudged {
    /// The target is not made for it.
    Unable(String),
    /// A system does not answer.
    Silent(String),
}

/// What was expected, what was seen, and in which frame.
type Violation = (String, String, Option<u64>);

fn mismatches(violations: Vec<Violation>, place: &Place) -> Vec<Mismatch> {
    let hidden = violations.len().saturating_sub(SHOWN_MAX);
    let mut shown: Vec<Mismatch> = (violations.into_iter().take(SHOWN_MAX))
        .map(|(expected, seen, frame)| Mismatch { expected, seen, frame, place: Some(place.clone()) })
        .collect();
    if let (Some(last), true) = (shown.last_mut(), hidden > 0) {
        last.seen.push_str(&format!("; and {hidden} more"));
    }
    shown
}

/// Every answered call whose end its client has reported has its xDR, and none has two that charge the same party at
/// the same site.
fn charged_once(scene: &Scene<'_>) -> Result<Vec<Violation>, Unjudged> {
    if scene.cast.system_kind.sight("xdr").is_none() {
        return Err(Unjudged::Unable("the target cannot show xdrs".to_owned()));
    }
    let Calls { calls, xdrs, mut lost } = Calls::of(&scene.cast, scene.journal);
    let mut by_session: BTreeMap<&str, Vec<&Xdr>> = BTreeMap::new();
    for xdr in &xdrs {
        let names: BTreeSet<&str> = xdr.names().collect();
        for name in names {
            by_session.entry(name).or_default().push(xdr);
        }
    }
    let (mut violations, mut told) = (Vec::new(), BTreeSet::new());
    for (key, call) in &calls {
        let known = by_session.get(key.session.as_str()).map_or(&[][..], Vec::as_slice);
        let own: Vec<&Xdr> = known.iter().copied().filter(|xdr| xdr.is_of(key)).collect();
        // A record without a leg would show under every leg of its session.
        violations
            .extend(doubled(&own).filter(|xdr| told.insert(xdr.place)).map(|xdr| another(scene, key, xdr)));
        if own.is_empty() && must_be_charged(key, call) && !is_lost(call, &mut lost) {
            let by = call.client.map_or("?", |who| scene.cast.name(who));
            violations.push((
                format!("an xdr of {}, ended by {by}", named(key)),
                "none".to_owned(),
                call.frame,
            ));
        }
    }
    Ok(violations)
}

/// The caller's leg of a call through an IVR is charged with the other one or not at all.
fn must_be_charged(key: &CallKey, call: &Call) -> bool {
    call.answered && call.ended && !call.doubtful && key.leg.as_deref() != Some("answer")
}

/// Whether it may be one of those whose end its client gave up to report.
fn is_lost(call: &Call, lost: &mut BTreeMap<Who, usize>) -> bool {
    let left = call.client.and_then(|who| lost.get_mut(&who)).filter(|left| **left > 0);
    left.map(|left| *left -= 1).is_some()
}

fn doubled<'x>(own: &[&'x Xdr]) -> Option<&'x Xdr> {
    let mut seen = BTreeSet::new();
    let mut charging = own.iter().copied().filter(|xdr| !xdr.failed);
    charging.find(|xdr| !seen.insert((xdr.by, &xdr.entity, &xdr.session, xdr.leg.as_deref(), &xdr.part)))
}

fn another(scene: &Scene<'_>, key: &CallKey, xdr: &Xdr) -> Violation {
    let expected = format!("one xdr of {} for the {}", named(key), xdr.entity);
    let Some(seen) = scene.journal.entries().get(xdr.place).map(|entry| &entry.seen) else {
        return (expected, "another".to_owned(), None);
    };
    let fields = seen.observation.fields();
    let told = ["account", "used", "amount", "id"].map(|name| {
        format!("{name} {}", fields.get(name).map_or_else(|| "?".to_owned(), ToString::to_string))
    });
    let text = format!("another by {} at {}: {}", scene.cast.name(xdr.by), seen.at, told.join(", "));
    (expected, text, seen.frame)
}

fn named(key: &CallKey) -> String {
    match &key.leg {
        Some(leg) => format!("session {} ({leg})", key.session),
        None => format!("session {}", key.session),
    }
}

/// What every site shows of every account: fields, or that it has no such account.
type Accounts = BTreeMap<(Who, Text), Option<Fields>>;

/// Asked for once, whatever is judged by it.
#[derive(Default)]
struct Shown(Option<Result<Accounts, Unjudged>>);

impl Shown {
    fn of(&mut self, scene: &mut Scene<'_>) -> Result<&Accounts, Unjudged> {
        self.0.get_or_insert_with(|| ask(scene)).as_ref().map_err(Unjudged::clone)
    }
}

fn ask(scene: &mut Scene<'_>) -> Result<Accounts, Unjudged> {
    let mut shown = Accounts::new();
    let scenario = scene.cast.scenario;
    for who in scenario.systems() {
        let kind = scene.cast.kind(who);
        if kind.is_none_or(|kind| kind.verb(REPORT_BALANCE).is_none() || kind.sight(BALANCE).is_none()) {
            return Err(Unjudged::Unable("the target cannot show accounts".to_owned()));
        }
        let (Some(node), Some(world)) = (scene.cast.node(who), scenario.world_of(who)) else { continue };
        let mut refused = None;
        for account in world.account_names() {
            let from = scene.journal.len();
            let asked = Action::new(REPORT_BALANCE).with("account", account.clone());
            // A customer that has moved away has no account here any more.
            if let Err(why) = scene.driver.perform(node, &asked) {
                refused.get_or_insert(why.to_string());
                shown.insert((who, account), None);
                continue;
            }
            let until = scene.now() + scene.within;
            let found = scene.find(from, until, |seen| {
                seen.node == node
                    && seen.observation.kind == BALANCE
                    && seen.observation.fields().get("account").and_then(Value::as_text) == Some(&account)
            });
            let Some(place) = found else {
                return Err(Unjudged::Silent(format!(
                    "'{account}' was not shown by {}",
                    scene.cast.name(who)
                )));
            };
            scene.journal.consume(place);
            let fields =
                scene.journal.entries().get(place).map(|entry| entry.seen.observation.fields().clone());
            shown.insert((who, account), fields);
        }
        let none = !shown.iter().any(|((own, _), fields)| *own == who && fields.is_some());
        if let (Some(why), true) = (refused, none) {
            return Err(Unjudged::Silent(format!(
                "{} shows none of its accounts: {why}",
                scene.cast.name(who)
            )));
        }
    }
    Ok(shown)
}

fn money<'f>(fields: &'f Fields, name: &str) -> Option<(Decimal, &'f Text)> {
    match fields.get(name) {
        Some(Value::Money(amount, currency)) => Some((*amount, currency)),
        _ => None,
    }
}

/// No account has less to spend than nothing, but for what its xDRs say was charged beyond the limit.
fn within_limits(scene: &Scene<'_>, shown: &Accounts) -> Vec<Violation> {
    let mut beyond: BTreeMap<(Who, Text), Vec<Decimal>> = BTreeMap::new();
    for entry in scene.journal.entries() {
        let (Some(by), true) = (scene.cast.who(entry.seen.node), entry.seen.observation.kind == "xdr") else {
            continue;
        };
        let fields = entry.seen.observation.fields();
        if fields.get("overdraft") == Some(&Value::Flag(true))
            && let (Some(account), Some((amount, _))) =
                (fields.get("account").and_then(Value::as_text), money(fields, "amount"))
        {
            beyond.entry((by, account.into())).or_default().push(amount);
        }
    }
    let mut violations = Vec::new();
    for ((who, account), fields) in shown {
        let Some((funds, currency)) = fields.as_ref().and_then(|fields| money(fields, "funds")) else {
            continue;
        };
        // A copy tells of no xDRs: they are its system's, made there or taken over.
        let homes =
            scene.cast.scenario.systems().filter(|home| scene.cast.scenario.sites_of(*home).contains(who));
        let is_within = homes.chain([*who]).any(|by| {
            let allowed = beyond.get(&(by, account.clone())).map_or(&[][..], Vec::as_slice);
            let missing = sum(std::iter::once(&funds).chain(allowed));
            missing.is_some_and(|missing| missing.digits() >= 0)
        });
        if !is_within {
            violations.push((
                format!("{} of {} within its limit", account, scene.cast.name(*who)),
                format!("{funds} {currency} to spend"),
                None,
            ));
        }
    }
    violations
}

fn sum<'d>(all: impl Iterator<Item = &'d Decimal>) -> Option<Decimal> {
    let mut total = Decimal::new(0, 0);
    for one in all {
        let scale = total.scale().max(one.scale());
        total = Decimal::new(total.to_scale(scale)?.checked_add(one.to_scale(scale)?)?, scale);
    }
    Some(total)
}

/// Nothing is reserved for sessions that are over.
fn nothing_reserved(scene: &Scene<'_>, shown: &Accounts) -> Vec<Violation> {
    let mut violations = Vec::new();
    for ((who, account), fields) in shown {
        let reserved = fields.as_ref().and_then(|fields| money(fields, "reserved"));
        if let Some((reserved, currency)) = reserved.filter(|(reserved, _)| reserved.digits() != 0) {
            let expected = format!("nothing reserved on {account} of {}", scene.cast.name(*who));
            violations.push((expected, format!("{reserved} {currency}"), None));
        }
    }
    violations
}

/// Every site of a system shows the same of every account.
fn sites_equal(scene: &Scene<'_>, shown: &Accounts) -> Vec<Violation> {
    let mut violations = Vec::new();
    let scenario = scene.cast.scenario;
    for first in scenario.systems() {
        let accounts = shown.iter().filter(|((who, _), _)| *who == first);
        for ((_, account), own) in accounts {
            for site in scenario.sites_of(first).into_iter().filter(|site| *site != first) {
                let other = shown.get(&(site, account.clone())).cloned().flatten();
                if *own != other {
                    violations.push((
                        format!(
                            "{account} at {} as at {}: {}",
                            scene.cast.name(site),
                            scene.cast.name(first),
                            described(own.as_ref())
                        ),
                        described(other.as_ref()),
                        None,
                    ));
                }
            }
        }
    }
    violations
}

fn described(fields: Option<&Fields>) -> String {
    fields.map_or_else(|| "no such account".to_owned(), ToString::to_string)
}
