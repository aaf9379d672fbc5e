//! The same steps on two versions: what may differ is declared, and must.

use super::drawing::{Doubles, load};
use crate::run::{Options, RunEvent, ScenarioEnd, StepOutcome, Verdict, run_all};

const CALLS: &str = "\
scenario: A call on two versions
world: { ocs: 192.0.2.2, nodes: { phone: { address: 192.0.2.1, secret: s } } }
versions:
  old: { with: { who: a } }
  new: { with: { who: WHO } }
  differ: [DIFFER]
peers:
  phone: { is: phone, at: 192.0.2.1 }
steps:
  - phone.call: a
  - phone.call: ${who}
  - wait: 1s
";

fn run(who: &str, differ: &str) -> (ScenarioEnd, Vec<(String, StepOutcome)>) {
    let scenario = load(&CALLS.replace("WHO", who).replace("DIFFER", differ));
    let (mut ends, mut steps) = (Vec::new(), Vec::new());
    run_all(&[scenario], &Doubles { sound: false }, &Options::default(), &mut |event| match event {
        RunEvent::ScenarioFinished { end, .. } => ends.push(end),
        RunEvent::StepFinished { text, outcome, .. } => steps.push((text.to_string(), outcome)),
        _ => {}
    });
    (ends.remove(0), steps)
}

#[test]
fn versions_that_do_the_same_pass_and_both_are_played() {
    let (end, steps) = run("a", "");
    assert_eq!(end.verdict, Verdict::Passed);
    let texts: Vec<&str> = steps.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts[1], "old: phone.call: a");
    assert_eq!(texts[4], "new: phone.call: a");
    assert_eq!(end.versions.unwrap().names, ["old", "new"].map(tollgate_wire::Text::from));
}

/// The second call of the new version is one of b, which is charged twice: a-2 has no xDR there, and b-2 has two.
#[test]
fn a_difference_that_nobody_declared_fails() {
    let (end, steps) = run("b", "");
    assert_eq!(end.verdict, Verdict::Failed);
    let StepOutcome::Failed(found) = &steps.last().unwrap().1 else { panic!("it passed") };
    let found: Vec<_> = found.iter().map(|one| (one.expected.as_str(), one.seen.as_str())).collect();
    assert_eq!(
        found,
        [("ocs xdr how often: 1 in both versions", "0"), ("ocs xdr how often: 0 in both versions", "2")]
    );
}

#[test]
fn declared_differences_pass_and_are_told() {
    let differ = "{ ocs: xdr, from: 1, to: 0, why: moved }, { ocs: xdr, from: 0, to: 2, why: doubled }";
    let (end, _) = run("b", differ);
    assert_eq!(end.verdict, Verdict::Passed);
    let told: Vec<_> =
        end.versions.unwrap().differences.into_iter().map(|one| (one.why, one.times)).collect();
    assert_eq!(told, [(Some("moved".into()), 1), (Some("doubled".into()), 1)]);
}

#[test]
fn a_declared_difference_that_does_not_show_fails() {
    let (end, _) = run("a", "{ ocs: xdr, from: 1, to: 0, why: moved }");
    assert_eq!(end.verdict, Verdict::Failed);
    let (end, _) =
        run("b", "{ ocs: xdr, from: 1, to: 0, why: moved }, { ocs: xdr, from: 0, to: 1, why: wrong }");
    assert_eq!(end.verdict, Verdict::Failed);
}
