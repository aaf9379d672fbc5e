//! What the live driver promises, on this machine's loopback.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::time::Duration;

use common::{Chatter, PORT, alarm, all, heard, say, text};
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver};
use tollgate_network::{
    Action, ActionError, Between, Driver, Fate, Fault, Impairment, NodeId, Ratio, SimDriver, write_capture,
};
use tollgate_time::Instant;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];
const C: [u8; 4] = [10, 0, 0, 3];
const OUTSIDE: [u8; 4] = [10, 0, 0, 9];
const START: Instant = Instant::from_unix_secs(1_000);

/// Long enough for anything on the loopback to have happened.
const SOON: Duration = Duration::from_millis(200);

fn driver(speed: u32, map: AddressMap) -> LiveDriver {
    let clock = LiveClock::starting_at(START, NonZeroU32::new(speed).unwrap());
    LiveDriver::new(clock, map, 4_711).unwrap().keeping_carried()
}

/// Two talkers and an echo.
fn network() -> (LiveDriver, NodeId, NodeId, NodeId) {
    let mut driver = driver(1, AddressMap::new());
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    let b = driver.add_node(&[B.into()], Chatter::talker(B)).unwrap();
    let c = driver.add_node(&[C.into()], Chatter::echo(C)).unwrap();
    (driver, a, b, c)
}

fn soon(driver: &LiveDriver) -> Instant {
    driver.now() + SOON
}

#[test]
fn nodes_talk_over_real_sockets_and_see_the_addresses_of_the_scenario_only() {
    let (mut driver, a, ..) = network();
    driver.perform(a, &say(C, "hello")).unwrap();
    let until = soon(&driver);
    let seen = all(&mut driver, until);
    let shown: Vec<(NodeId, String, Option<u64>)> =
        seen.iter().map(|seen| (seen.node, seen.observation.fields().to_string(), seen.frame)).collect();
    let expected = [
        (NodeId(0), "text: hello", 1),
        (NodeId(2), "text: hello, from: 10.0.0.1:1813", 1),
        (NodeId(0), "text: hello, from: 10.0.0.3:1813", 2),
    ];
    assert_eq!(shown, expected.map(|(node, text, frame)| (node, text.to_owned(), Some(frame))));
    assert!(seen.is_sorted_by_key(|seen| seen.at));
    assert!(driver.now() >= until);
    let ends: Vec<(SocketAddr, SocketAddr)> =
        driver.carried().iter().map(|carried| (carried.frame.from, carried.frame.to)).collect();
    let (one, other) = (SocketAddr::from((A, PORT)), SocketAddr::from((C, PORT)));
    assert_eq!(ends, [(one, other), (other, one)]);
    assert_eq!(write_capture(driver.carried(), std::io::sink()).unwrap(), 2);
    // It did go through the machine.
    let real = driver.real_address(other).unwrap();
    assert!(real.ip().is_loopback() && real != other, "{real}");
}

#[test]
fn the_same_nodes_say_the_same_under_either_driver() {
    fn play(driver: &mut impl Driver) -> Vec<(NodeId, String, Option<u64>)> {
        let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
        driver.add_node(&[C.into()], Chatter::echo(C)).unwrap();
        let mut journal = Vec::new();
        for text in ["one", "two", "three"] {
            driver.perform(a, &say(C, text)).unwrap();
            let until = driver.now() + SOON;
            let seen = std::iter::from_fn(|| driver.advance(until)).take(3);
            journal.extend(seen.map(|seen| (seen.node, seen.observation.fields().to_string(), seen.frame)));
        }
        journal
    }
    let simulated = play(&mut SimDriver::new(START, 0));
    assert_eq!(simulated.len(), 9);
    assert_eq!(play(&mut driver(1, AddressMap::new())), simulated);
}

#[test]
fn runs_side_by_side_do_not_meet() {
    let (mut one, a, ..) = network();
    let (mut other, ..) = network();
    one.perform(a, &say(B, "for one")).unwrap();
    let until = soon(&other);
    assert_eq!(heard(&mut one, NodeId(1), until), ["for one"]);
    assert!(all(&mut other, until).is_empty());
}

#[test]
fn a_fast_clock_makes_a_long_wait_short() {
    let began = std::time::Instant::now();
    let mut driver = driver(1_000, AddressMap::new());
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    driver.perform(a, &alarm(Duration::from_secs(71))).unwrap();
    let rang = driver.advance(driver.now() + Duration::from_secs(300)).unwrap();
    assert_eq!(rang.observation.kind, "rang");
    assert!(rang.at >= START + Duration::from_secs(71), "{}", rang.at);
    assert!(began.elapsed() < Duration::from_secs(30), "it took as long as it says");
}

#[test]
fn nothing_is_returned_that_happened_after_the_bound() {
    let (mut driver, a, ..) = network();
    driver.perform(a, &alarm(Duration::from_millis(60))).unwrap();
    let until = driver.now() + Duration::from_millis(20);
    assert_eq!(driver.advance(until), None);
    assert!(driver.now() >= until);
    let rang = driver.advance(driver.now() + Duration::from_secs(10)).unwrap();
    assert!(rang.at >= START + Duration::from_millis(60));
}

#[test]
fn faults_are_done_on_this_side_of_the_sockets() {
    let (mut driver, a, b, _) = network();
    let bad = |impairment| Fault::Impair { between: Between::Two(a, b), impairment, until: None };
    let none = Impairment { latency: Duration::ZERO, ..Impairment::default() };
    driver.inject(bad(Impairment { loss: Ratio::ALL, ..none })).unwrap();
    driver.perform(a, &say(B, "lost")).unwrap();
    driver.inject(bad(Impairment { duplication: Ratio::ALL, ..none })).unwrap();
    driver.perform(a, &say(B, "twice")).unwrap();
    driver.inject(bad(Impairment { latency: Duration::from_millis(80), ..none })).unwrap();
    let late = driver.now() + Duration::from_millis(80);
    driver.perform(a, &say(B, "late")).unwrap();
    driver.inject(Fault::Heal).unwrap();
    driver.perform(a, &say(B, "prompt")).unwrap();
    driver.inject(Fault::Partition { between: Between::One(a), until: None }).unwrap();
    driver.perform(a, &say(B, "cut")).unwrap();
    driver.inject(Fault::Heal).unwrap();
    let until = late + SOON;
    let seen = all(&mut driver, until);
    let got: Vec<(String, Option<u64>)> =
        seen.iter().filter(|seen| seen.node == b).map(|seen| (text(seen), seen.frame)).collect();
    let expected = [("twice", 2), ("twice", 3), ("prompt", 5), ("late", 4)];
    assert_eq!(got, expected.map(|(text, frame)| (text.to_owned(), Some(frame))));
    let arrived = seen.iter().find(|seen| seen.node == b && seen.frame == Some(4)).unwrap();
    assert!(arrived.at >= late);
    let remarks: Vec<Option<&str>> = driver.carried().iter().map(|carried| carried.remark).collect();
    assert_eq!(remarks, [Some("lost"), None, Some("duplicated"), None, None, Some("partitioned")]);
}

#[test]
fn a_crash_loses_what_is_under_way_and_the_node_comes_back_by_itself() {
    let (mut driver, a, b, _) = network();
    driver.perform(a, &say(B, "under way")).unwrap();
    let back = driver.now() + Duration::from_millis(50);
    driver.inject(Fault::Crash { node: b, until: Some(back) }).unwrap();
    driver.perform(a, &say(B, "anybody there?")).unwrap();
    assert_eq!(driver.perform(b, &say(A, "no")), Err(ActionError::Impossible("it is down".into())));
    let seen = all(&mut driver, back + SOON);
    let mine: Vec<&str> =
        seen.iter().filter(|seen| seen.node == b).map(|seen| seen.observation.kind.as_str()).collect();
    assert_eq!(mine, ["restarted"]);
    assert_eq!(driver.tally().of(Fate::HostDown), 2);
    driver.perform(a, &say(B, "welcome back")).unwrap();
    let until = soon(&driver);
    assert_eq!(heard(&mut driver, b, until), ["welcome back"]);
}

#[test]
fn what_arrived_while_a_node_was_down_stays_lost_when_nobody_looked() {
    let outside = UdpSocket::bind("127.0.0.1:0").unwrap();
    let map = AddressMap::new().with_outside((OUTSIDE, PORT).into(), outside.local_addr().unwrap());
    let mut driver = driver(1, map);
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    let real = driver.real_address((A, PORT).into()).unwrap();
    driver.inject(Fault::Crash { node: a, until: None }).unwrap();
    outside.send_to(b"while down", real).unwrap();
    driver.inject(Fault::Restart { node: a }).unwrap();
    outside.send_to(b"afterwards", real).unwrap();
    let until = soon(&driver);
    assert_eq!(heard(&mut driver, a, until), ["afterwards"]);
    assert_eq!(driver.tally().of(Fate::HostDown), 1);
}

#[test]
fn something_outside_is_reached_and_answers_under_its_name_in_the_scenario() {
    let outside = UdpSocket::bind("127.0.0.1:0").unwrap();
    outside.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let map = AddressMap::new().with_outside((OUTSIDE, PORT).into(), outside.local_addr().unwrap());
    let mut driver = driver(1, map);
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    driver.perform(a, &say(OUTSIDE, "request")).unwrap();
    let mut buffer = [0; 100];
    let (length, client) = outside.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"request");
    assert_eq!(client, driver.real_address((A, PORT).into()).unwrap());
    outside.send_to(b"answer", client).unwrap();
    let until = soon(&driver);
    let seen = all(&mut driver, until);
    assert_eq!(seen[1].observation.fields().to_string(), "text: answer, from: 10.0.0.9:1813");
    assert_eq!(seen[1].frame, Some(2));
    // What comes in from outside can be lost as well.
    let loss = Impairment { loss: Ratio::ALL, ..Impairment::default() };
    driver.inject(Fault::Impair { between: Between::One(a), impairment: loss, until: None }).unwrap();
    outside.send_to(b"again", client).unwrap();
    let until = soon(&driver);
    assert!(all(&mut driver, until).is_empty());
    assert_eq!(driver.tally().of(Fate::Lost), 1);
}

#[test]
fn a_node_is_found_from_outside_where_it_was_bound() {
    // A free port of this machine, given back for the node to take.
    let real = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut driver = driver(1, AddressMap::new().with_bound((C, PORT).into(), real));
    let c = driver.add_node(&[C.into()], Chatter::echo(C)).unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stranger.send_to(b"knock", real).unwrap();
    let until = soon(&driver);
    assert_eq!(heard(&mut driver, c, until), ["knock"]);
    let mut buffer = [0; 100];
    let (length, from) = stranger.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], from), (&b"knock"[..], real));
}

#[test]
fn what_cannot_be_sent_is_counted_and_the_run_goes_on() {
    // 192.0.2.0/24 is for documentation (RFC 5737); a node bound to one cannot be: it is not this machine's.
    let map = AddressMap::new().with_bound_host(A.into(), "192.0.2.1".parse().unwrap());
    let mut driver = driver(1, map);
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    let b = driver.add_node(&[B.into()], Chatter::talker(B)).unwrap();
    driver.perform(a, &say(B, "refused")).unwrap();
    driver.perform(b, &say([10, 9, 9, 9], "nobody")).unwrap();
    driver.perform(b, &say(B, &"x".repeat(65_508))).unwrap();
    driver.perform(b, &say(B, "fine")).unwrap();
    let until = soon(&driver);
    assert_eq!(heard(&mut driver, b, until), ["fine"]);
    let remarks: Vec<Option<&str>> = driver.carried().iter().map(|carried| carried.remark).collect();
    let expected =
        [Some("refused or unreachable"), Some("no such host"), Some("too long for a datagram"), None];
    assert_eq!(remarks, expected);
    assert_eq!(driver.tally().of(Fate::Refused), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn what_comes_back_as_unreachable_is_remarked_and_the_run_goes_on() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut driver = driver(1, AddressMap::new().with_outside((OUTSIDE, PORT).into(), gone));
    let a = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap();
    let b = driver.add_node(&[B.into()], Chatter::talker(B)).unwrap();
    for text in ["one", "two"] {
        driver.perform(a, &say(OUTSIDE, text)).unwrap();
        // The error of this one must not be taken for that of the next.
        driver.perform(a, &say(B, text)).unwrap();
        let until = soon(&driver);
        assert_eq!(heard(&mut driver, b, until), [text]);
    }
    let remarks: Vec<Option<&str>> = driver.carried().iter().map(|carried| carried.remark).collect();
    let back = Some("refused or unreachable");
    assert_eq!(remarks, [back, None, back, None]);
    assert_eq!(driver.tally().of(Fate::Refused), 2);
}

#[test]
fn what_does_not_exist_is_refused() {
    let (mut driver, a, ..) = network();
    assert!(driver.add_node(&[A.into()], Chatter::talker(A)).is_err());
    assert!(driver.real_address(([10, 9, 9, 9], 1).into()).is_err());
    assert!(driver.inject(Fault::Restart { node: NodeId(9) }).is_err());
    assert!(driver.perform(NodeId(9), &Action::new("say")).is_err());
    assert!(driver.perform(a, &Action::new("hang")).is_err());
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let map = AddressMap::new().with_bound((A, PORT).into(), taken.local_addr().unwrap());
    let mut driver = LiveDriver::new(LiveClock::time_of_day(), map, 0).unwrap();
    let error = driver.add_node(&[A.into()], Chatter::talker(A)).unwrap_err();
    assert!(error.to_string().starts_with("10.0.0.1:1813 cannot be bound to 127.0.0.1:"), "{error}");
}
