//! A report on trial tells what it would bring about, and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use common::random::{Step, command, steps};
use common::{World, at, catalogue, settings};
use tollgate_ocs_core::parties::charge::{ChargeRequest, Commit};
use tollgate_ocs_core::{Answer, Command, Effect, Ocs, Settings, UsageReport};

/// A system that soon makes room, so that making room would be noticed.
fn system() -> Ocs {
    Ocs::new(catalogue(Settings {
        closed_kept: Duration::from_secs(2_000),
        closed_kept_max: 2,
        xdrs_kept_max: 3,
        grant_secs_max: Some(600),
        ..settings()
    }))
}

fn charged(report: &UsageReport, commit: Commit) -> Command {
    let charge = ChargeRequest { report: true, commit, orders: Vec::new() };
    Command::Account(UsageReport { charge: Some(Box::new(charge)), ..report.clone() })
}

/// The lines of the report, as text.
fn lines(effects: &[Effect]) -> String {
    match effects.last() {
        Some(Effect::Answer(Answer::Charged(report))) => format!("{:?}", report.lines),
        other => panic!("no report of charges: {other:?}"),
    }
}

/// Plays the steps with each report on trial before it, and without.
fn play(steps: &[Step]) {
    let (mut tried, mut plain) = (system(), system());
    let mut now = 0;
    for (pause, act) in steps {
        now += pause;
        let Some(next) = command(now, act) else {
            assert_eq!(tried.expire(at(now)), plain.expire(at(now)));
            continue;
        };
        let Command::Account(report) = &next else {
            assert_eq!(tried.apply(at(now), next.clone()), plain.apply(at(now), next));
            continue;
        };
        // Time passes in both before anything is tried.
        assert_eq!(tried.expire(at(now)), plain.expire(at(now)));
        let before = tried.dump();
        let told = tried.apply(at(now), charged(report, Commit::Never));
        assert_eq!(told.len(), 1, "a trial has an answer and nothing else");
        assert!(tried.dump() == before, "{report:?} left something behind");
        let (one, other) = (charged(report, Commit::Always), charged(report, Commit::Always));
        let did = tried.apply(at(now), one);
        assert_eq!(lines(&told), lines(&did));
        assert_eq!(did, plain.apply(at(now), other));
        assert_eq!(tried.next_deadline(), plain.next_deadline());
    }
    assert_eq!(tried.expire(at(now + 10_000_000)), plain.expire(at(now + 10_000_000)));
    assert_eq!(tried.dump(), plain.dump());
}

proptest::proptest! {
    #[test]
    fn whatever_is_tried_leaves_no_trace(steps in steps()) {
        play(&steps);
    }
}

#[test]
fn a_trial_of_an_unknown_account_leaves_no_record() {
    let mut world = World::new();
    let before = world.ocs.dump();
    let report = common::stop("nobody", "s", 1, 60);
    world.apply(0, charged(&report, Commit::Never));
    assert!(lines(&world.effects).contains("account: None"), "{}", lines(&world.effects));
    assert_eq!(
        world.ocs.dump().lines().skip(1).collect::<Vec<_>>(),
        before.lines().skip(1).collect::<Vec<_>>()
    );
}
