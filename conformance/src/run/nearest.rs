//! Why an expectation was not met: what came closest to it, and which of its fields differ. Read by people only;
//! nothing is judged here.

use tollgate_network::Seen;
use tollgate_wire::Value;

use super::event::Mismatch;
use super::expect::{fits, headline, subject_fits};
use super::matcher::{holds, occurrences, shown};
use super::scene::Scene;
use crate::scenario::{Expectation, FieldMatch, Place};

/// So many other observations are named when none is of the expected kind.
const OTHERS_MAX: usize = 3;

/// What to say when only `found` of the observations came.
pub(crate) fn explain(
    scene: &Scene<'_>,
    expectation: &Expectation,
    found: u32,
    place: &Place,
) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    if found > 0 {
        mismatches.push(Mismatch {
            expected: headline(scene, expectation),
            seen: format!("{found} of them"),
            frame: None,
            place: Some(place.clone()),
        });
    }
    match nearest(scene, expectation, place) {
        Some(differences) => mismatches.extend(differences),
        None if found > 0 => {}
        None => mismatches.push(Mismatch {
            expected: headline(scene, expectation),
            seen: instead(scene, expectation),
            frame: None,
            place: Some(place.clone()),
        }),
    }
    mismatches
}

/// The differences to the unused observation of the same kind that has fewest of them, the oldest of several.
fn nearest(scene: &Scene<'_>, expectation: &Expectation, place: &Place) -> Option<Vec<Mismatch>> {
    let node = scene.cast.node(expectation.who)?;
    let same_kind = |seen: &&Seen| seen.node == node && seen.observation.kind == expectation.sight.name;
    let candidates = scene.journal.unused().map(|(_, seen)| seen).filter(same_kind);
    candidates
        .map(|seen| {
            let mut differences = Vec::new();
            subject_difference(expectation, seen, place, &mut differences);
            field_differences(&expectation.fields, seen, &mut differences);
            differences
        })
        .min_by_key(Vec::len)
}

fn subject_difference(expectation: &Expectation, seen: &Seen, place: &Place, out: &mut Vec<Mismatch>) {
    if subject_fits(expectation, &seen.observation) {
        return;
    }
    let subject = expectation.sight.subject.unwrap_or_default();
    let values: Vec<&Value> = seen.observation.fields().all(subject).collect();
    out.push(Mismatch {
        expected: format!("{subject}: {}", expectation.is.as_ref().map(shown).unwrap_or_default()),
        seen: shown_values(&values),
        frame: seen.frame,
        place: Some(place.clone()),
    });
}

/// One mismatch for every line of a `where:` that does not hold.
pub(crate) fn field_differences(fields: &[FieldMatch], seen: &Seen, out: &mut Vec<Mismatch>) {
    for FieldMatch { path, matcher, place } in fields {
        let values = occurrences(seen.observation.fields(), path);
        if !holds(matcher, &values) {
            out.push(Mismatch {
                expected: format!("{path}: {}", shown(matcher)),
                seen: shown_values(&values),
                frame: seen.frame,
                place: Some(place.clone()),
            });
        }
    }
}

fn shown_values(values: &[&Value]) -> String {
    match values {
        [] => "absent".to_owned(),
        [value] => value.to_string(),
        several => {
            let shown: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("[{}]", shown.join(", "))
        }
    }
}

/// What was seen when nothing of the expected kind is left.
fn instead(scene: &Scene<'_>, expectation: &Expectation) -> String {
    let node = scene.cast.node(expectation.who);
    let own = || scene.journal.entries().iter().filter(|entry| Some(entry.seen.node) == node);
    let used = own().filter(|entry| entry.used && fits(expectation, &entry.seen.observation)).count();
    let mut text = match used {
        0 => "nothing".to_owned(),
        1 => "nothing; one such observation was used by an earlier step".to_owned(),
        several => format!("nothing; {several} such observations were used by earlier steps"),
    };
    let unused: Vec<&Seen> = own().filter(|entry| !entry.used).map(|entry| &entry.seen).collect();
    let latest = &unused[unused.len().saturating_sub(OTHERS_MAX)..];
    if !latest.is_empty() {
        let brief: Vec<String> = latest.iter().map(|seen| scene.cast.brief(seen)).collect();
        let name = scene.cast.name(expectation.who);
        let more = if unused.len() > latest.len() { "among others " } else { "" };
        text.push_str(&format!("; {name} saw instead {more}{}", brief.join(", ")));
    }
    text
}
