//! What every store must hold, whatever it is made of. Each test file hands its own kind to [`holds`].
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{Catalogue, Command, Effect, MemoryRecord, Ocs, Record, Settings};
use tollgate_time::Instant;

use crate::common::random::{command, steps};
use crate::common::{at, builder, settings};

/// Makes a new empty store, and opens it again as another process would, without a farewell of the first.
pub(crate) trait Kind {
    fn begin(&mut self) -> Box<dyn Record>;
    fn again(&mut self, before: Box<dyn Record>) -> Box<dyn Record>;
}

/// The first environment, and another with the same accounts.
const FIRST: EnvId = EnvId::from_number(1);
const OTHER: EnvId = EnvId::from_number(3);

/// A small world that forgets soon, so that forgetting is stored as well.
pub(crate) fn world() -> Catalogue {
    let [mut first, other] = [FIRST, OTHER].map(|env| {
        builder(Settings {
            env,
            closed_kept: Duration::from_secs(2_000),
            closed_kept_max: 4,
            xdrs_kept_max: 50,
            grant_secs_max: Some(600),
            ..settings()
        })
    });
    first.environment(other).unwrap();
    first.finish().unwrap()
}

/// Runs of commands over accounts and sessions that meet, the same in every run of the tests.
pub(crate) fn logs(count: usize) -> Vec<Vec<(Instant, Command)>> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let log = |runner: &mut TestRunner| {
        let mut now = 0;
        let acts = steps().new_tree(runner).unwrap().current();
        let timed = acts.iter().enumerate().filter_map(|(number, (pause, act))| {
            now += pause;
            let env = if number % 4 == 3 { OTHER } else { FIRST };
            Some((at(now), command(now, act)?.within(env, FIRST)))
        });
        timed.collect()
    };
    (0..count).map(|_| log(&mut runner)).collect()
}

/// A core with its record, as the gateway has them.
pub(crate) struct Stored {
    pub(crate) ocs: Ocs,
    pub(crate) record: Box<dyn Record>,
}

impl Stored {
    pub(crate) fn recovered(mut record: Box<dyn Record>) -> Self {
        let ocs = record.recover(&world()).unwrap().ocs;
        Self { ocs, record }
    }

    pub(crate) fn apply(&mut self, log: &[(Instant, Command)]) -> Vec<Effect> {
        let mut all = Vec::new();
        for (at, command) in log {
            let mut effects = Vec::new();
            self.record.append(*at, command).unwrap();
            self.ocs.apply_into(*at, command, &mut effects);
            self.record.note(*at, &effects).unwrap();
            all.append(&mut effects);
        }
        all
    }

    pub(crate) fn commit(&mut self) {
        self.record.commit().unwrap();
        assert!(!self.record.is_pending());
        self.record.maintain(&self.ocs).unwrap();
    }
}

/// The state that these commands lead to.
pub(crate) fn dump_of(log: &[(Instant, Command)]) -> String {
    let mut memory = Stored::recovered(Box::new(MemoryRecord::new(usize::MAX)));
    memory.apply(log);
    memory.ocs.dump()
}

/// The suite.
pub(crate) fn holds(kind: &mut impl Kind) {
    what_was_committed_is_there_again(kind);
    what_comes_after_a_recovery_is_there_too(kind);
    a_crash_of_the_user_alone_keeps_what_was_committed(kind);
    an_orderly_end_keeps_the_same_as_a_crash(kind);
}

fn what_was_committed_is_there_again(kind: &mut impl Kind) {
    for (number, log) in logs(12).into_iter().enumerate() {
        let mut stored = Stored::recovered(kind.begin());
        assert!(!stored.record.is_pending());
        // Commits of one, two, three… commands.
        let mut rest = &log[..];
        let mut size = 1;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(size.min(rest.len()));
            stored.apply(now);
            stored.commit();
            (rest, size) = (later, size % 5 + 1);
        }
        let before = stored.ocs.dump();
        let again = Stored::recovered(kind.again(stored.record));
        assert_eq!(again.ocs.dump(), before, "log {number}");
        assert_eq!(before, dump_of(&log), "log {number}");
    }
}

fn what_comes_after_a_recovery_is_there_too(kind: &mut impl Kind) {
    for log in logs(6) {
        let (one, two) = log.split_at(log.len() / 2);
        let mut stored = Stored::recovered(kind.begin());
        stored.apply(one);
        stored.commit();
        let mut stored = Stored::recovered(kind.again(stored.record));
        stored.apply(two);
        stored.commit();
        let again = Stored::recovered(kind.again(stored.record));
        assert_eq!(again.ocs.dump(), dump_of(&log));
    }
}

fn a_crash_of_the_user_alone_keeps_what_was_committed(kind: &mut impl Kind) {
    let log = logs(1).remove(0);
    let mut stored = Stored::recovered(kind.begin());
    stored.apply(&log);
    stored.commit();
    let mut same = Stored::recovered(stored.record);
    assert_eq!(same.ocs.dump(), dump_of(&log));
    // And it goes on.
    same.apply(&log[..1]);
    same.commit();
    let whole: Vec<_> = log.iter().chain(&log[..1]).cloned().collect();
    assert_eq!(Stored::recovered(kind.again(same.record)).ocs.dump(), dump_of(&whole));
}

fn an_orderly_end_keeps_the_same_as_a_crash(kind: &mut impl Kind) {
    for log in logs(4) {
        let mut stored = Stored::recovered(kind.begin());
        stored.apply(&log);
        stored.record.close(&stored.ocs).unwrap();
        let mut again = Stored::recovered(kind.again(stored.record));
        assert_eq!(again.ocs.dump(), dump_of(&log));
        // What is decided from a kept state is what is decided from the beginning.
        let effects = again.apply(&log);
        let mut memory = Stored::recovered(Box::new(MemoryRecord::new(usize::MAX)));
        memory.apply(&log);
        assert_eq!(effects, memory.apply(&log));
        again.commit();
    }
}

/// What was never committed is not there: for stores that a process can lose.
pub(crate) fn forgets_what_was_not_committed(kind: &mut impl Kind) {
    for log in logs(6) {
        let (one, two) = log.split_at(log.len() / 2);
        let mut stored = Stored::recovered(kind.begin());
        stored.apply(one);
        stored.commit();
        stored.apply(two);
        assert!(two.is_empty() || stored.record.is_pending());
        assert_eq!(Stored::recovered(kind.again(stored.record)).ocs.dump(), dump_of(one));
    }
}
