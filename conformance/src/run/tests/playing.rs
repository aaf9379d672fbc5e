//! Steps in order, time, faults, and which end the steps.

use std::time::Duration;

use tollgate_network::{Impairment, Ratio};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use crate::run::fixture::{
    CALLER, SILENT_KIND, Small, act, expect, mismatches, place, plain, play, play_on, playing, scenario, see,
    send, text,
};
use crate::run::{StepOutcome, Verdict};
use crate::scenario::{AccountMatch, Deed, FaultKind, FaultStep, Finally, Scenario, Who};

fn fault(what: FaultKind, secs: Option<u64>) -> Deed {
    Deed::Fault(FaultStep { what, lasts: secs.map(Duration::from_secs) })
}

fn ending(steps: Vec<Deed>) -> Scenario {
    let balance = AccountMatch { account: "1".into(), matcher: plain("10.00 CAD"), place: place(30) };
    Scenario { finally: Finally { balances: vec![balance], ..Finally::default() }, ..playing(steps) }
}

#[test]
fn the_first_failed_step_ends_the_steps_and_the_books_are_read_all_the_same() {
    let record = play(&ending(vec![see("a"), expect(CALLER, "answer", &[]), see("b")]));
    assert_eq!(record.verdict(), Verdict::Failed);
    assert_eq!(record.steps[0].outcome, StepOutcome::Passed);
    assert_eq!(record.steps[2].outcome, StepOutcome::Skipped("an earlier step failed".to_owned()));
    assert_eq!(record.steps[3].text, "balance of 1: 10.00 CAD");
    assert_eq!(record.steps[3].outcome, StepOutcome::Passed);
    assert!(!text(&record.journal).contains("noise text: b"));
}

#[test]
fn a_step_that_cannot_be_done_breaks_the_scenario_and_nothing_more_is_judged() {
    let record = play(&ending(vec![act("forget", Fields::new()), see("a")]));
    assert_eq!(record.verdict(), Verdict::Broken("this peer has no verb 'forget'".to_owned()));
    let skipped = StepOutcome::Skipped("an earlier step could not be done".to_owned());
    assert_eq!(record.steps[1].outcome, skipped);
    assert_eq!(record.steps[2].outcome, skipped);
}

#[test]
fn waiting_ends_at_the_time_and_cannot_go_back() {
    let start = scenario().starts;
    let until = |secs| Deed::WaitUntil(start + Duration::from_secs(secs));
    let record = play(&playing(vec![Deed::WaitFor(Duration::from_secs(5)), until(7), until(6)]));
    assert_eq!(record.steps[1].at, start + Duration::from_secs(7));
    assert_eq!(record.lasted, Duration::from_secs(7));
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("a time up to 2001-09-09T01:46:46Z", "2001-09-09T01:46:47Z")]
    );
}

#[test]
fn the_network_settles_before_the_end_is_judged() {
    let after = Fields::new().with("text", "late").with("after", Duration::from_secs(60));
    let record = play(&playing(vec![act("see", after)]));
    assert!(text(&record.journal).contains("noise text: late"), "60 s are waited for");
    assert_eq!(record.lasted, Duration::ZERO);
}

#[test]
fn faults_reach_the_links_and_nodes_that_are_named() {
    let answered = |what, secs, pause| {
        let steps = vec![
            fault(what, secs),
            Deed::WaitFor(Duration::from_secs(pause)),
            send("hello"),
            expect(CALLER, "answer", &[]),
        ];
        play(&playing(steps)).verdict() == Verdict::Passed
    };
    let cut = || FaultKind::Partition { between: vec![CALLER, Who::System] };
    assert!(!answered(cut(), None, 9));
    assert!(answered(cut(), Some(5), 5));
    assert!(!answered(cut(), Some(5), 4));
    assert!(!answered(FaultKind::Crash(Who::System), None, 0));
    assert!(answered(FaultKind::Crash(Who::System), Some(3), 3));
    let lossy = Impairment { loss: Ratio::ALL, ..Impairment::default() };
    assert!(!answered(FaultKind::Impair { between: Vec::new(), impairment: lossy }, None, 0));
    assert!(answered(FaultKind::Heal, None, 0));
    assert!(answered(FaultKind::Restart(CALLER), None, 0));
}

#[test]
fn what_a_target_cannot_show_is_skipped_and_never_passed() {
    let record = play_on(&ending(vec![send("hello")]), &Small(&SILENT_KIND), 1);
    let why = "the target cannot show the balance of an account".to_owned();
    assert_eq!(record.verdict(), Verdict::Skipped(why));
}

#[test]
fn a_strict_scenario_fails_on_what_its_observers_saw_in_vain() {
    let strict = |steps| play(&Scenario { strict: true, ..playing(steps) });
    let any = || expect(CALLER, "noise", &[]);
    // Nobody looks at the system, which sees the request.
    let record = strict(vec![send("x"), expect(CALLER, "answer", &[]), see("a"), any()]);
    assert_eq!(record.verdict(), Verdict::Passed);
    assert!(record.unexpected.is_empty());

    let record = strict(vec![see("a"), any(), send("x")]);
    assert_eq!(record.verdict(), Verdict::Failed);
    let last = record.steps.last().unwrap();
    assert_eq!(last.text, "strict: no observation is unexpected");
    let seen = "2001-09-09T01:46:40.002Z caller answer frame 2 text: x, code: 0, code: 7";
    assert_eq!(mismatches(&last.outcome), [("nothing that no step expects", seen)]);

    let request = || expect(Who::System, "request", &[]);
    let record = strict(vec![send("charge 1"), request(), send("y")]);
    let seen = "2001-09-09T01:46:40.002Z ocs request frame 3 text: y";
    assert_eq!(mismatches(&record.steps.last().unwrap().outcome), [("nothing that no step expects", seen)]);
}

#[test]
fn at_most_a_handful_of_unexpected_observations_is_shown() {
    let mut steps: Vec<Deed> = (0..9).map(|_| see("a")).collect();
    steps.push(expect(CALLER, "noise", &[]));
    let record = play(&Scenario { strict: true, ..playing(steps) });
    let seen = mismatches(&record.steps.last().unwrap().outcome);
    // Nine, of which one is used: five are shown and three are counted.
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[5].1, "3 more");
    assert_eq!(record.unexpected.len(), 8);
}

#[test]
fn a_scenario_starts_at_its_own_time() {
    let starts = Instant::parse_rfc3339("2007-03-09T00:15:50-08:00").unwrap();
    let record = play(&Scenario { starts, ..playing(vec![see("a")]) });
    assert_eq!(text(&record.journal), "1 2007-03-09T08:15:50Z caller noise text: a\n");
}
