//! What the virtual driver promises.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use common::{Chatter, PORT, alarm, all, heard, say, text};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use tollgate_network::{
    Action, ActionError, Between, Carried, Driver, Fate, Fault, Frame, Impairment, Input, Node, NodeId,
    Output, Peer, Ratio, Seen, SimDriver, write_capture,
};
use tollgate_time::Instant;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];
const C: [u8; 4] = [10, 0, 0, 3];
const START: Instant = Instant::from_unix_secs(1_000);

fn millis(millis: u64) -> Instant {
    START + Duration::from_millis(millis)
}

/// Two talkers and an echo.
fn network(seed: u64) -> (SimDriver, NodeId, NodeId, NodeId) {
    let mut driver = SimDriver::new(START, seed).keeping_carried();
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    let b = driver.add_node(&[B.into()], Chatter::talker(B)).unwrap();
    let c = driver.add_node(&[C.into()], Chatter::echo(C)).unwrap();
    (driver, a, b, c)
}

fn impair(driver: &mut SimDriver, between: Between, impairment: Impairment) {
    driver.inject(Fault::Impair { between, impairment, until: None }).unwrap();
}

fn remarks(driver: &SimDriver) -> Vec<Option<&'static str>> {
    driver.carried().iter().map(|carried| carried.remark).collect()
}

#[test]
fn a_frame_arrives_after_the_latency_and_is_numbered_as_in_the_capture() {
    let (mut driver, a, b, c) = network(0);
    driver.perform(a, &say(B, "hello")).unwrap();
    driver.perform(a, &say(C, "echo")).unwrap();
    let seen: Vec<(Instant, NodeId, String, Option<u64>)> = all(&mut driver, millis(10))
        .iter()
        .map(|seen| (seen.at, seen.node, seen.observation.kind.to_string(), seen.frame))
        .collect();
    let expected = [
        (millis(0), a, "said", 1),
        (millis(0), a, "said", 2),
        (millis(1), b, "heard", 1),
        (millis(1), c, "heard", 2),
        (millis(2), a, "heard", 3),
    ];
    assert_eq!(seen, expected.map(|(at, node, kind, frame)| (at, node, kind.to_owned(), Some(frame))));
    assert_eq!(driver.carried()[2].frame.from, SocketAddr::from((C, PORT)));
    assert_eq!((driver.tally().carried, driver.tally().delivered), (3, 3));
    assert_eq!(driver.now(), millis(10));
}

#[test]
fn a_driver_that_is_not_asked_to_keeps_no_frame() {
    let mut driver = SimDriver::new(START, 0);
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    driver.perform(a, &say(A, "myself")).unwrap();
    assert_eq!(heard(&mut driver, a, millis(1)), ["myself"]);
    assert!(driver.carried().is_empty());
    assert_eq!(driver.tally().carried, 1);
}

#[test]
fn with_every_frame_lost_nothing_is_heard() {
    let (mut driver, a, b, _) = network(1);
    impair(&mut driver, Between::Everyone, Impairment { loss: Ratio::ALL, ..Impairment::default() });
    for _ in 0..50 {
        driver.perform(a, &say(B, "hello")).unwrap();
    }
    assert!(heard(&mut driver, b, millis(60_000)).is_empty());
    assert_eq!(driver.tally().of(Fate::Lost), 50);
    assert_eq!(driver.tally().delivered, 0);
    assert_eq!(remarks(&driver), vec![Some("lost"); 50]);
}

#[test]
fn a_duplicated_frame_is_heard_twice_and_its_copy_is_a_frame_of_its_own() {
    let (mut driver, a, b, _) = network(2);
    impair(&mut driver, Between::Two(b, a), Impairment { duplication: Ratio::ALL, ..Impairment::default() });
    driver.perform(a, &say(B, "twice")).unwrap();
    let seen = all(&mut driver, millis(60_000));
    let arrivals: Vec<Option<u64>> =
        seen.iter().filter(|seen| seen.node == b).map(|seen| seen.frame).collect();
    assert_eq!(arrivals, [Some(1), Some(2)]);
    assert_eq!(remarks(&driver), [None, Some("duplicated")]);
}

#[test]
fn a_frame_that_is_held_back_is_overtaken() {
    let (mut driver, a, b, _) = network(3);
    let held = Impairment { reordering: Ratio::ALL, ..Impairment::default() };
    impair(&mut driver, Between::Everyone, held);
    driver.perform(a, &say(B, "first")).unwrap();
    driver.inject(Fault::Heal).unwrap();
    driver.perform(a, &say(B, "second")).unwrap();
    assert_eq!(heard(&mut driver, b, millis(21)), ["second", "first"]);
    assert_eq!(remarks(&driver), [Some("held back"), None]);
}

#[test]
fn reordering_loses_nothing() {
    let (mut driver, a, b, _) = network(4);
    let half = Impairment { reordering: Ratio::from_percent(50), ..Impairment::default() };
    impair(&mut driver, Between::Everyone, half);
    let mut said: Vec<String> = (0..100).map(|number| format!("{number:02}")).collect();
    for text in &said {
        driver.perform(a, &say(B, text)).unwrap();
    }
    let mut order = heard(&mut driver, b, millis(21));
    assert_ne!(order, said);
    order.sort();
    said.sort();
    assert_eq!(order, said);
}

#[test]
fn a_partition_stops_both_directions_and_what_is_under_way_and_ends_by_itself() {
    let (mut driver, a, b, _) = network(5);
    driver.perform(a, &say(B, "under way")).unwrap();
    let cut = Fault::Partition { between: Between::Two(a, b), until: Some(millis(100)) };
    driver.inject(cut).unwrap();
    driver.perform(a, &say(B, "there")).unwrap();
    driver.perform(b, &say(A, "back")).unwrap();
    driver.perform(a, &say(C, "around")).unwrap();
    let seen = all(&mut driver, millis(99));
    let got: Vec<String> = seen.iter().filter(|seen| seen.observation.kind == "heard").map(text).collect();
    // The echo hears it, and answers.
    assert_eq!(got, ["around", "around"]);
    assert_eq!(driver.tally().of(Fate::Partitioned), 3);
    assert_eq!(remarks(&driver)[..3], [Some("partitioned"); 3]);
    assert_eq!(driver.advance(millis(100)), None);
    driver.perform(a, &say(B, "again")).unwrap();
    assert_eq!(heard(&mut driver, b, millis(101)), ["again"]);
}

#[test]
fn an_impairment_ends_when_its_time_is_over() {
    let (mut driver, a, b, _) = network(6);
    let slow = Impairment { latency: Duration::from_millis(500), ..Impairment::default() };
    let fault = Fault::Impair { between: Between::One(b), impairment: slow, until: Some(millis(10)) };
    driver.inject(fault).unwrap();
    driver.perform(a, &say(B, "slow")).unwrap();
    assert_eq!(heard(&mut driver, b, millis(10)), [""; 0]);
    driver.perform(a, &say(B, "fast")).unwrap();
    assert_eq!(heard(&mut driver, b, millis(11)), ["fast"]);
    assert_eq!(heard(&mut driver, b, millis(499)), [""; 0]);
    assert_eq!(heard(&mut driver, b, millis(500)), ["slow"]);
}

#[test]
fn heal_goes_back_to_the_links_of_the_start() {
    let (mut driver, a, b, _) = network(7);
    let far = Impairment { latency: Duration::from_millis(40), ..Impairment::default() };
    driver.set_link(Between::Two(a, b), far).unwrap();
    driver.inject(Fault::Partition { between: Between::Everyone, until: None }).unwrap();
    driver.inject(Fault::Heal).unwrap();
    driver.perform(a, &say(B, "far")).unwrap();
    assert_eq!(heard(&mut driver, b, millis(39)), [""; 0]);
    assert_eq!(heard(&mut driver, b, millis(40)), ["far"]);
}

#[test]
fn a_crash_loses_what_is_under_way_and_every_timer() {
    let (mut driver, a, b, _) = network(8);
    driver.perform(b, &alarm(Duration::from_millis(50))).unwrap();
    driver.perform(a, &say(B, "under way")).unwrap();
    driver.inject(Fault::Crash { node: b, until: None }).unwrap();
    let down = driver.perform(b, &say(A, "from the grave"));
    assert_eq!(down, Err(ActionError::Impossible("it is down".into())));
    driver.perform(a, &say(B, "anybody there?")).unwrap();
    assert_eq!(driver.advance(millis(0)).map(|seen| text(&seen)), Some("under way".into()));
    assert_eq!(driver.advance(millis(0)).map(|seen| text(&seen)), Some("anybody there?".into()));
    driver.inject(Fault::Restart { node: b }).unwrap();
    let seen = all(&mut driver, millis(1_000));
    let kinds: Vec<&str> = seen.iter().map(|seen| seen.observation.kind.as_str()).collect();
    // The first was sent before the crash and is lost; the second arrives after the restart, so it is heard.
    assert_eq!(kinds, ["restarted", "heard"]);
    assert_eq!(remarks(&driver), [Some("host is down"), None]);
}

#[test]
fn a_crashed_node_comes_back_by_itself_unless_a_later_crash_says_otherwise() {
    let (mut driver, a, b, _) = network(9);
    driver.inject(Fault::Crash { node: a, until: Some(millis(30)) }).unwrap();
    driver.inject(Fault::Crash { node: b, until: Some(millis(30)) }).unwrap();
    driver.inject(Fault::Crash { node: b, until: None }).unwrap();
    let seen = all(&mut driver, millis(1_000));
    let back: Vec<(Instant, NodeId)> = seen.iter().map(|seen| (seen.at, seen.node)).collect();
    assert_eq!(back, [(millis(30), a)]);
}

#[test]
fn a_node_that_runs_is_crashed_before_it_is_restarted() {
    let (mut driver, a, b, _) = network(10);
    driver.perform(a, &say(B, "under way")).unwrap();
    driver.inject(Fault::Restart { node: b }).unwrap();
    assert_eq!(heard(&mut driver, b, millis(100)), [""; 0]);
    assert_eq!(driver.tally().of(Fate::HostDown), 1);
}

#[test]
fn a_node_is_called_when_it_asked_to_be_and_not_for_a_time_it_took_back() {
    let (mut driver, a, ..) = network(11);
    for after in [80, 50, 120] {
        driver.perform(a, &alarm(Duration::from_millis(after))).unwrap();
    }
    let rang = driver.advance(millis(1_000)).unwrap();
    assert_eq!((rang.at, rang.observation.kind.as_str(), rang.frame), (millis(120), "rang", None));
    assert_eq!(driver.advance(millis(1_000)), None);
}

#[test]
fn frames_that_cannot_be_carried_are_counted_and_remarked() {
    let (mut driver, a, ..) = network(12);
    driver.perform(a, &say([10, 9, 9, 9], "nobody")).unwrap();
    driver.perform(a, &say(B, &"x".repeat(65_508))).unwrap();
    driver.perform(a, &say(B, &"x".repeat(65_507))).unwrap();
    all(&mut driver, millis(10));
    assert_eq!(remarks(&driver), [Some("no such host"), Some("too long for a datagram"), None]);
    assert_eq!((driver.tally().of(Fate::NoSuchHost), driver.tally().of(Fate::TooLong)), (1, 1));
    let mut file = Vec::new();
    assert_eq!(write_capture(driver.carried(), &mut file).unwrap(), 3);
    assert!(file.windows(12).any(|window| window == b"no such host"));
}

#[test]
fn what_does_not_exist_is_refused() {
    let (mut driver, a, ..) = network(13);
    assert!(driver.add_node(&[C.into()], Chatter::talker(C)).is_err());
    let ghost = NodeId(99);
    assert!(driver.perform(ghost, &say(A, "boo")).is_err());
    assert!(driver.inject(Fault::Crash { node: ghost, until: None }).is_err());
    assert!(driver.inject(Fault::Restart { node: ghost }).is_err());
    assert!(driver.inject(Fault::Partition { between: Between::Two(a, ghost), until: None }).is_err());
    assert!(driver.set_link(Between::One(ghost), Impairment::default()).is_err());
}

#[test]
fn a_refused_action_changes_nothing() {
    let (mut driver, a, ..) = network(14);
    assert!(matches!(driver.perform(a, &Action::new("hang")), Err(ActionError::Impossible(_))));
    assert_eq!(driver.advance(millis(10)), None);
}

/// Talks for ever: to its driver in one turn, or by asking for timeouts in the past.
struct Endless {
    transmits: bool,
}

impl Node for Endless {
    fn handle_input(&mut self, _now: Instant, _input: Input<'_>) {}

    fn poll_output(&mut self) -> Output {
        let address = SocketAddr::from((A, PORT));
        if self.transmits {
            Output::Transmit(Frame { from: address, to: address, payload: Vec::new().into() })
        } else {
            Output::Wait(Some(Instant::EPOCH))
        }
    }

    fn restart(&mut self, _now: Instant) {}
}

impl Peer for Endless {
    fn perform(&mut self, _now: Instant, _action: &Action) -> Result<(), ActionError> {
        Ok(())
    }
}

#[test]
#[should_panic(expected = "node 0 does not stop")]
fn a_node_that_never_waits_is_caught() {
    let mut driver = SimDriver::new(START, 0);
    drop(driver.add_node(&[A.into()], Box::new(Endless { transmits: true })));
}

#[test]
#[should_panic(expected = "time does not move on")]
fn a_node_that_holds_time_up_is_caught() {
    let mut driver = SimDriver::new(START, 0);
    driver.add_node(&[A.into()], Box::new(Endless { transmits: false })).unwrap();
    driver.advance(millis(1));
}

/// One move in a random run.
#[derive(Debug, Clone)]
enum Move {
    Say(usize, usize),
    Alarm(usize, u64),
    Inject(Fault),
    Advance(u64),
}

const ADDRESSES: [[u8; 4]; 3] = [A, B, C];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let between = prop_oneof![
        Just(Between::Everyone),
        (0..3_usize).prop_map(|node| Between::One(NodeId(node))),
        (0..3_usize, 0..3_usize).prop_map(|(one, other)| Between::Two(NodeId(one), NodeId(other))),
    ];
    let until = prop_oneof![Just(None), (0..2_000_u64).prop_map(|after| Some(millis(after)))];
    let share = || (0..=100_u32).prop_map(Ratio::from_percent);
    let impairment = (0..30_u64, 0..30_u64, share(), share(), share()).prop_map(
        |(latency, jitter, loss, duplication, reordering)| Impairment {
            latency: Duration::from_millis(latency),
            jitter: Duration::from_millis(jitter),
            loss,
            duplication,
            reordering,
            ..Impairment::default()
        },
    );
    let node = || (0..3_usize).prop_map(NodeId);
    let fault = prop_oneof![
        4 => (between.clone(), impairment, until.clone())
            .prop_map(|(between, impairment, until)| Fault::Impair { between, impairment, until }),
        1 => (between, until.clone()).prop_map(|(between, until)| Fault::Partition { between, until }),
        1 => Just(Fault::Heal),
        1 => (node(), until).prop_map(|(node, until)| Fault::Crash { node, until }),
        1 => node().prop_map(|node| Fault::Restart { node }),
    ];
    let one = prop_oneof![
        6 => (0..2_usize, 0..3_usize).prop_map(|(from, to)| Move::Say(from, to)),
        1 => (0..3_usize, 0..100_u64).prop_map(|(node, after)| Move::Alarm(node, after)),
        2 => fault.prop_map(Move::Inject),
        3 => (0..100_u64).prop_map(Move::Advance),
    ];
    proptest::collection::vec(one, 1..60)
}

/// Plays a run; checks on the way that time keeps its promises.
fn play(seed: u64, moves: &[Move]) -> (Vec<Seen>, Vec<Carried>) {
    let (mut driver, ..) = network(seed);
    let mut journal = Vec::new();
    let mut until = START;
    for one in moves {
        match one {
            Move::Say(from, to) => {
                // A node that is down refuses, in every run alike.
                drop(driver.perform(NodeId(*from), &say(ADDRESSES[*to], "hello")));
            }
            Move::Alarm(node, after) => {
                drop(driver.perform(NodeId(*node), &alarm(Duration::from_millis(*after))));
            }
            Move::Inject(fault) => driver.inject(*fault).unwrap(),
            Move::Advance(span) => {
                until += Duration::from_millis(*span);
                loop {
                    let before = driver.now();
                    let seen = driver.advance(until);
                    assert!(before <= driver.now() && driver.now() <= until, "time went wrong");
                    let Some(seen) = seen else { break };
                    assert!(seen.at <= driver.now(), "seen before it happened");
                    journal.push(seen);
                }
                assert_eq!(driver.now(), until, "nothing more to see, but the time has not come");
            }
        }
    }
    assert!(journal.is_sorted_by_key(|seen: &Seen| seen.at), "the journal is out of order");
    let tally = *driver.tally();
    let lost: u64 = [Fate::Lost, Fate::Partitioned, Fate::HostDown].map(|fate| tally.of(fate)).iter().sum();
    assert!(tally.delivered + lost <= tally.carried, "more frames came out than went in: {tally:?}");
    (journal, driver.carried().to_vec())
}

proptest! {
    #[test]
    fn the_same_seed_gives_the_same_run_and_time_keeps_its_promises(seed: u64, moves in moves()) {
        prop_assert_eq!(play(seed, &moves), play(seed, &moves));
    }

    #[test]
    fn advancing_to_the_past_moves_nothing(back in any::<u64>()) {
        let (mut driver, a, ..) = network(0);
        driver.advance(millis(5));
        driver.perform(a, &say(B, "hello")).unwrap();
        let past = Instant::from_unix_nanos(back % millis(5).unix_nanos());
        prop_assert!(driver.advance(past).is_none());
        prop_assert_eq!(driver.now(), millis(5));
        prop_assert!(driver.advance(millis(5)).is_some());
    }
}

#[test]
fn another_seed_gives_another_run() {
    let run = |seed| {
        let (mut driver, a, ..) = network(seed);
        let noisy = Impairment { loss: Ratio::from_percent(50), ..Impairment::default() };
        impair(&mut driver, Between::Everyone, noisy);
        for _ in 0..64 {
            driver.perform(a, &say(B, "hello")).unwrap();
        }
        remarks(&driver)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_node_may_own_several_addresses() {
    let mut driver = SimDriver::new(START, 0);
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    let both: [IpAddr; 2] = [B.into(), C.into()];
    let b = driver.add_node(&both, Chatter::talker(B)).unwrap();
    driver.perform(a, &say(B, "one")).unwrap();
    driver.perform(a, &say(C, "two")).unwrap();
    assert_eq!(heard(&mut driver, b, millis(1)), ["one", "two"]);
}
