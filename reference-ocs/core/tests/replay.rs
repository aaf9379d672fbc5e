//! The same commands at the same times build the same state, byte for byte.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::random::{command, steps};
use common::{at, catalogue, settings};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use std::time::Duration;
use tollgate_ocs_core::{Command, Effect, Ocs, Settings};
use tollgate_time::Instant;

/// A system that forgets soon, so that forgetting is replayed as well.
fn system() -> Ocs {
    let kept = Settings {
        closed_kept: Duration::from_secs(2_000),
        closed_kept_max: 4,
        xdrs_kept_max: 50,
        grant_secs_max: Some(600),
        ..settings()
    };
    Ocs::new(catalogue(kept))
}

fn play(log: &[(Instant, Option<Command>)]) -> (Ocs, Vec<Vec<Effect>>) {
    let mut ocs = system();
    let effects = log.iter().map(|(now, command)| match command {
        Some(command) => ocs.apply(*now, command.clone()),
        None => ocs.expire(*now),
    });
    let effects = effects.collect();
    (ocs, effects)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_log_applied_again_rebuilds_the_state(steps in steps()) {
        let mut now = 0;
        let log: Vec<_> = steps
            .iter()
            .map(|(pause, act)| {
                now += pause;
                (at(now), command(now, act))
            })
            .collect();
        let (original, effects) = play(&log);
        let (replayed, again) = play(&log);
        prop_assert_eq!(original.dump(), replayed.dump());
        prop_assert_eq!(effects, again);

        // Calls of `expire` between the commands need not be in the log.
        let commands: Vec<_> = log.iter().filter(|(_, command)| command.is_some()).cloned().collect();
        let (mut sparse, _) = play(&commands);
        sparse.expire(at(now));
        prop_assert_eq!(original.dump(), sparse.dump());
    }
}
