//! A link that is cut does not hold up who has nothing to do with it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

mod common;
mod peers;

use std::num::NonZeroU32;
use std::time::Duration;

use common::{Chatter, alarm};
use peers::{Speaker, all, connect, notes, say, simply};
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver};
use tollgate_network::{Between, Driver, Fault, Transport};
use tollgate_time::Instant;

const A: [u8; 4] = [10, 98, 0, 1];
const B: [u8; 4] = [10, 98, 0, 2];
const C: [u8; 4] = [10, 98, 0, 3];
const TCP: Transport = Transport::Tcp;
/// So many seconds of the scenario pass in a real one.
const SPEED: u32 = 5;
/// How long after its time a node may be called: 0.4 s of real time, for a machine that is busy.
const LATE_MAX: Duration = Duration::from_secs(2);

#[test]
fn a_node_keeps_time_while_others_try_again_and_again_over_a_cut_link() {
    let clock =
        LiveClock::starting_at(Instant::from_unix_secs(1_000_000_000), NonZeroU32::new(SPEED).unwrap());
    let mut driver = LiveDriver::new(clock, AddressMap::new(), 1).unwrap();
    let a = driver.add_node(&[A.into()], Speaker::caller(A)).unwrap();
    let b = driver.add_node(&[B.into()], Speaker::echo(B, TCP)).unwrap();
    let timed = driver.add_node(&[C.into()], Chatter::talker(C)).unwrap();
    driver.perform(a, &connect(B, TCP)).unwrap();
    let now = driver.now();
    let seen = all(&mut driver, now + Duration::from_secs(2));
    assert_eq!(notes(&seen, b), ["accepted TCP"]);

    // What one says waits for the link, and so does the news that the other has given up.
    driver.inject(Fault::Partition { between: Between::Two(a, b), until: None }).unwrap();
    driver.perform(a, &say("one")).unwrap();
    driver.perform(a, &say("two")).unwrap();
    driver.perform(b, &simply("reset")).unwrap();
    let mut others = Vec::new();
    for _ in 0..50 {
        driver.perform(a, &connect(B, TCP)).unwrap();
        let due = driver.now() + Duration::from_millis(100);
        driver.perform(timed, &alarm(Duration::from_millis(100))).unwrap();
        let mut seen = all(&mut driver, due + Duration::from_millis(100));
        if notes(&seen, timed).is_empty() {
            seen.extend(all(&mut driver, due + LATE_MAX));
        }
        let rang = seen.iter().find(|seen| seen.node == timed);
        let late = rang.map(|rang| rang.at.saturating_since(due));
        assert!(late.is_some_and(|late| late < LATE_MAX), "late by {late:?}");
        others.extend(notes(&seen, a).into_iter().chain(notes(&seen, b)));
        driver.perform(a, &simply("close")).unwrap();
    }
    assert_eq!(others, ["said one", "said two"]);

    // Only what was not given up is heard of when the link is there again.
    driver.perform(a, &connect(B, TCP)).unwrap();
    driver.inject(Fault::Heal).unwrap();
    let now = driver.now();
    let seen = all(&mut driver, now + Duration::from_secs(2));
    let mut of_a = notes(&seen, a);
    of_a.sort();
    assert_eq!(
        (of_a, notes(&seen, b)),
        (vec!["closed reset".into(), "opened out-52".into()], vec!["accepted TCP".into()])
    );
    // The first and the last: none of the fifty between was made in the end.
    assert_eq!(driver.stream_totals().accepted, 2);
}
