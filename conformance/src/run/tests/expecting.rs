//! Expectations: consuming, waiting, counting, forbidding, and what they say when they fail.

use std::time::Duration;

use tollgate_wire::Path;

use crate::run::fixture::{
    CALLER, SYSTEM_KIND, Small, act, act_late, expect, expecting, mismatches, place, plain, play, playing,
    quoted, see, see_after, send,
};
use crate::run::{Record, StepOutcome, Target, Terms, Verdict};
use crate::scenario::{Deed, Expectation, Matcher, Scalar, Who};

fn noise(text: &str) -> Expectation {
    Expectation { is: Some(quoted(text)), ..expecting(CALLER, "noise", &[]) }
}

fn within(millis: u64, expectation: Expectation) -> Deed {
    Deed::Expect(Expectation { within: Some(Duration::from_millis(millis)), ..expectation })
}

fn wait(millis: u64) -> Deed {
    Deed::WaitFor(Duration::from_millis(millis))
}

#[test]
fn the_oldest_unused_observation_is_consumed_and_used_once() {
    let texts = |steps| {
        let record = play(&playing(steps));
        record.journal.entries().iter().map(|entry| entry.used).collect::<Vec<_>>()
    };
    let any = || expect(CALLER, "noise", &[]);
    assert_eq!(texts(vec![see("a"), see("b"), wait(1), any()]), [true, false]);
    assert_eq!(texts(vec![see("a"), see("b"), any(), any()]), [true, true]);
    assert_eq!(texts(vec![see("a"), see("b"), Deed::Expect(noise("b"))]), [false, true]);
    let record = play(&playing(vec![see("a"), any(), any()]));
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("caller: noise within 1s", "nothing; one such observation was used by an earlier step")]
    );
}

#[test]
fn an_observation_at_the_bound_is_in_time_and_one_after_it_is_not() {
    let verdict = |bound| play(&playing(vec![see_after("a", 200), within(bound, noise("a"))])).verdict();
    assert_eq!(verdict(200), Verdict::Passed);
    assert_eq!(verdict(199), Verdict::Failed);
}

#[test]
fn an_expectation_that_is_met_takes_no_longer_than_the_observation() {
    let record = play(&playing(vec![see_after("a", 200), within(900, noise("a"))]));
    assert_eq!(record.lasted, Duration::from_millis(200));
}

#[test]
fn the_nearest_observation_is_told_with_the_fields_that_differ_and_their_lines() {
    let fields = [("text", quoted("hello")), ("code", plain("9")), ("rest", Matcher::Any)];
    let record = play(&playing(vec![send("hallo"), send("hello"), expect(CALLER, "answer", &fields)]));
    let StepOutcome::Failed(found) = &record.steps[2].outcome else { panic!("it did not fail") };
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("code: 9", "[0, 7]"), ("rest: any", "absent")],
        "the second answer is nearer: only its text is right"
    );
    // Frames: two requests, then their two answers.
    assert!(found.iter().all(|one| one.frame == Some(4)));
    assert_eq!(found[0].place, Some(place(101)));
    assert_eq!(found[1].place, Some(place(102)));
}

#[test]
fn a_wrong_subject_is_told_like_a_field() {
    let record = play(&playing(vec![see("busy"), within(5, noise("ringing"))]));
    assert_eq!(mismatches(&record.steps[1].outcome), [("text: \"ringing\"", "busy")]);
}

#[test]
fn when_nothing_of_the_kind_is_seen_the_latest_others_are_named() {
    let steps = vec![see("a"), see("b"), see("c"), see("d"), expect(CALLER, "answer", &[])];
    let record = play(&playing(steps));
    let seen = "nothing; caller saw instead among others noise b, noise c, noise d";
    assert_eq!(mismatches(&record.steps[4].outcome), [("caller: answer within 1s", seen)]);
    let record = play(&playing(vec![within(20, noise("a"))]));
    let expected = "caller: noise, is: \"a\" within 20ms";
    assert_eq!(mismatches(&record.steps[0].outcome), [(expected, "nothing")]);
}

#[test]
fn several_of_a_kind_share_one_bound() {
    let twice = |bound| within(bound, Expectation { times: 2, ..noise("a") });
    let steps = |bound| vec![see_after("a", 100), see_after("a", 200), twice(bound)];
    assert_eq!(play(&playing(steps(200))).verdict(), Verdict::Passed);
    let record = play(&playing(steps(150)));
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("caller: noise, is: \"a\", 2 times within 150ms", "1 of them")]
    );
}

#[test]
fn what_must_be_absent_fails_when_it_comes_from_this_step_on_within_the_bound() {
    let absent = |bound| within(bound, Expectation { absent: true, ..noise("a") });
    let outcome = |steps: Vec<Deed>| play(&playing(steps)).steps.pop().unwrap().outcome;
    assert_eq!(outcome(vec![see("b"), see_after("a", 101), absent(100)]), StepOutcome::Passed);
    assert_eq!(outcome(vec![see("a"), wait(10), absent(100)]), StepOutcome::Passed);
    assert!(matches!(outcome(vec![see_after("a", 100), absent(100)]), StepOutcome::Failed(_)));
    let seen = outcome(vec![see("a"), absent(100)]);
    assert_eq!(
        mismatches(&seen),
        [("no caller: noise, is: \"a\" within 100ms", "2001-09-09T01:46:40Z caller noise text: a")]
    );
}

#[test]
fn a_long_bound_is_stretched_by_no_more_than_the_machine_is_given_and_patience_ends_it() {
    let lasted = |secs: u64, patience: Option<u64>| {
        let steps = vec![see_after("a", 150_000), within(secs * 1_000, noise("a"))];
        let (scenario, target) = (playing(steps), Small(&SYSTEM_KIND));
        let mut stage = target.set_stage(&scenario, 1, false).unwrap();
        let mut record = Record::default();
        let terms = Terms { haste: 5, patience: patience.map(Duration::from_secs), ..Terms::of(&target) };
        crate::run::play(&scenario, &mut stage, &terms, &mut record);
        (record.verdict(), record.lasted.as_secs(), record.steps.swap_remove(1).outcome)
    };
    // The machine is given one second without a bound: 100 s become 101, not 500.
    let (verdict, secs, _) = lasted(100, None);
    assert_eq!((verdict, secs), (Verdict::Failed, 101));
    assert_eq!(lasted(150, None).0, Verdict::Passed);
    // 4 real seconds are 20 of the scenario.
    let (verdict, secs, outcome) = lasted(3_600, Some(4));
    assert_eq!((verdict, secs), (Verdict::Failed, 20));
    let told = mismatches(&outcome);
    assert_eq!(told[0], ("caller: noise, is: \"a\" within 3600s", "nothing"));
    assert_eq!(
        told[1].1,
        "not waited out: nothing is waited for longer than 4s of real time; a higher --speed or --patience waits on"
    );
    assert_eq!(lasted(3_600, Some(40)).0, Verdict::Passed);
}

#[test]
fn haste_stretches_the_bound_of_what_must_come_and_not_of_what_must_not() {
    let verdict = |millis, expectation: Expectation| {
        let scenario = playing(vec![see_after("a", millis), within(10, expectation)]);
        let target = Small(&SYSTEM_KIND);
        let mut stage = target.set_stage(&scenario, 1, false).unwrap();
        let mut record = Record::default();
        crate::run::play(&scenario, &mut stage, &Terms { haste: 5, ..Terms::of(&target) }, &mut record);
        record.verdict()
    };
    assert_eq!(verdict(50, noise("a")), Verdict::Passed);
    assert_eq!(verdict(51, noise("a")), Verdict::Failed);
    let absent = || Expectation { absent: true, ..noise("a") };
    assert_eq!(verdict(11, absent()), Verdict::Passed);
    assert_eq!(verdict(10, absent()), Verdict::Failed);
}

#[test]
fn a_capture_completes_later_arguments_and_values() {
    let capture = |path: &str| vec![("word".into(), Path::parse(path).unwrap())];
    let late = |quoted| Matcher::Equals(Scalar::Late { template: "${word}0".into(), quoted });
    let steps = |matcher| {
        vec![
            see("1."),
            Deed::Expect(Expectation { capture: capture("text"), ..expecting(CALLER, "noise", &[]) }),
            act_late("see", tollgate_wire::Fields::new(), &[("text", "${word}00")]),
            expect(CALLER, "noise", &[("text", matcher)]),
        ]
    };
    // `1.00` equals the number 1.0 and is another text.
    assert_eq!(play(&playing(steps(late(false)))).verdict(), Verdict::Passed);
    let record = play(&playing(steps(late(true))));
    assert_eq!(mismatches(&record.steps[3].outcome), [("text: \"1.0\"", "1.00")]);

    let missing = Expectation { capture: capture("tone"), ..expecting(CALLER, "noise", &[]) };
    let record = play(&playing(vec![see("a"), Deed::Expect(missing)]));
    assert_eq!(mismatches(&record.steps[1].outcome), [("tone, to be captured as word", "absent")]);
}

#[test]
fn a_capture_that_does_not_fit_its_argument_fails_the_step() {
    let capture = vec![("word".into(), Path::parse("text").unwrap())];
    let steps = vec![
        see("little"),
        Deed::Expect(Expectation { capture, ..expecting(CALLER, "noise", &[]) }),
        act_late("send", tollgate_wire::Fields::new().with("text", "x"), &[("amount", "${word} CAD")]),
    ];
    let record = play(&playing(steps));
    let seen = "'little CAD': 'little CAD' is not an amount of money";
    assert_eq!(mismatches(&record.steps[2].outcome), [("captures that make 'amount'", seen)]);
}

#[test]
fn the_system_is_observed_like_a_peer() {
    let fields = [("text", plain("hello"))];
    let record = play(&playing(vec![send("hello"), expect(Who::System, "request", &fields), see("x")]));
    assert_eq!(record.verdict(), Verdict::Passed);
    let record = play(&playing(vec![act("refuse", tollgate_wire::Fields::new())]));
    assert_eq!(mismatches(&record.steps[0].outcome), [("refuse can be done", "there is no call to hang up")]);
}
