//! Connections of a scenario's nodes on real sockets.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

mod peers;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::process::Command;
use std::thread;
use std::time::Duration;

use peers::{PORT, Speaker, all, connect, notes, say, simply};
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver, TlsSettings};
use tollgate_network::{
    Between, Driver, Fault, Impairment, NodeId, Seen, SimDriver, Transport, write_capture,
};
use tollgate_time::Instant;

const A: [u8; 4] = [10, 99, 0, 1];
const B: [u8; 4] = [10, 99, 0, 2];
const TCP: Transport = Transport::Tcp;

fn live(seed: u64) -> LiveDriver {
    let clock = LiveClock::starting_at(Instant::from_unix_secs(1_000_000_000), NonZeroU32::MIN);
    LiveDriver::new(clock, AddressMap::new(), seed).unwrap().keeping_carried()
}

fn pair(driver: &mut impl Driver, over: Transport) -> (NodeId, NodeId) {
    let a = driver.add_node(&[A.into()], Speaker::caller(A)).unwrap();
    let b = driver.add_node(&[B.into()], Speaker::echo(B, over)).unwrap();
    (a, b)
}

/// What is seen until a node notes this, or ten seconds are over.
fn until(driver: &mut impl Driver, node: NodeId, note: &str) -> Vec<Seen> {
    let end = driver.now() + Duration::from_secs(10);
    let mut seen = Vec::new();
    while let Some(one) = driver.advance(end) {
        seen.push(one);
        if notes(&seen[seen.len() - 1..], node).first().is_some_and(|last| last == note) {
            return seen;
        }
    }
    panic!("no {note:?} in {:?}", notes(&seen, node));
}

#[test]
fn both_drivers_show_a_node_the_same() {
    let play = |driver: &mut dyn FnMut(&str) -> Vec<Seen>, a, b| {
        let mut seen = driver("open");
        for text in ["say", "long"] {
            seen.extend(driver(text));
        }
        (notes(&seen, a), notes(&seen, b))
    };
    let long = "long ".repeat(10_000);
    let run = |driver: &mut dyn FnMut(&str, NodeId) -> Vec<Seen>, a: NodeId, b: NodeId| {
        play(&mut |what| driver(what, a), a, b)
    };
    for over in [TCP, Transport::Tls] {
        let mut sim = SimDriver::new(Instant::EPOCH, 1);
        let (a, b) = pair(&mut sim, over);
        let virtual_ = run(&mut |what, a| act(&mut sim, what, a, &long, over), a, b);
        let tls = TlsSettings::self_signed(&["tollgate.test"]).unwrap();
        let mut real = live(1).with_tls(tls);
        let (a, b) = pair(&mut real, over);
        let real = run(&mut |what, a| act(&mut real, what, a, &long, over), a, b);
        assert_eq!(virtual_, real, "{over}");
        assert_eq!(real.0.len(), 9, "{:?}", real.0.iter().map(|note| note.get(..9)).collect::<Vec<_>>());
    }
}

fn act(driver: &mut impl Driver, what: &str, a: NodeId, long: &str, over: Transport) -> Vec<Seen> {
    match what {
        "open" => {
            driver.perform(a, &connect(B, over)).unwrap();
            until(driver, a, "opened out-1")
        }
        "say" => {
            driver.perform(a, &say("one|two|three")).unwrap();
            until(driver, a, "heard three")
        }
        _ => {
            driver.perform(a, &say(long)).unwrap();
            until(driver, a, &format!("heard {}", long.trim_end()))
        }
    }
}

#[test]
fn an_observation_belongs_to_the_segment_that_carries_the_message() {
    let mut driver = live(1);
    let (a, b) = pair(&mut driver, TCP);
    driver.perform(a, &connect(B, TCP)).unwrap();
    until(&mut driver, a, "opened out-1");
    driver.perform(a, &say("one|two")).unwrap();
    let seen = until(&mut driver, a, "heard two");
    let carried = driver.carried().to_vec();
    for seen in seen.iter().filter(|seen| seen.node == a || seen.observation.kind == "heard") {
        let frame = &carried[usize::try_from(seen.frame.unwrap()).unwrap() - 1].frame;
        let text = seen.observation.fields().get("text").unwrap().to_string();
        assert!(String::from_utf8_lossy(&frame.payload).contains(&text), "{seen:?} {frame:?}");
        let sender = if seen.observation.kind == "said" || seen.node == b { A } else { B };
        assert_eq!(frame.from.ip(), std::net::IpAddr::from(sender));
    }
}

#[test]
fn faults_do_to_connections_what_they_do_in_memory() {
    let mut driver = live(1);
    let (a, b) = pair(&mut driver, TCP);
    driver.perform(a, &connect(B, TCP)).unwrap();
    until(&mut driver, a, "opened out-1");
    // A short outage is a delay.
    let cut_until = driver.now() + Duration::from_millis(300);
    driver.inject(Fault::Partition { between: Between::Two(a, b), until: Some(cut_until) }).unwrap();
    driver.perform(a, &say("late")).unwrap();
    let seen = until(&mut driver, a, "heard late");
    assert!(seen.last().unwrap().at >= cut_until);
    // Octets for a crashed node are answered with a reset, and nobody listens there meanwhile.
    driver.inject(Fault::Crash { node: b, until: None }).unwrap();
    driver.perform(a, &say("anybody?")).unwrap();
    until(&mut driver, a, "closed reset");
    driver.perform(a, &connect(B, TCP)).unwrap();
    until(&mut driver, a, "refused nobody listens there");
    driver.inject(Fault::Restart { node: b }).unwrap();
    driver.perform(a, &connect(B, TCP)).unwrap();
    until(&mut driver, a, "opened out-3");
    // Both ends hear of a reset by a fault.
    driver.perform(a, &say("again")).unwrap();
    until(&mut driver, a, "heard again");
    driver.inject(Fault::Reset { between: Between::One(b) }).unwrap();
    let now = driver.now();
    let seen = all(&mut driver, now + Duration::from_millis(200));
    assert_eq!(
        (notes(&seen, a), notes(&seen, b)),
        (vec!["closed reset".into()], vec!["closed reset".into()])
    );
    // A slow link is slow both ways: set-up takes a round trip, and so does an answer.
    let slow = Impairment { latency: Duration::from_millis(60), ..Impairment::default() };
    driver.inject(Fault::Impair { between: Between::Everyone, impairment: slow, until: None }).unwrap();
    let start = driver.now();
    driver.perform(a, &connect(B, TCP)).unwrap();
    driver.perform(a, &say("slow")).unwrap();
    let seen = until(&mut driver, a, "heard slow");
    assert!(seen.last().unwrap().at >= start + Duration::from_millis(240), "{:?}", driver.now());
    driver.perform(a, &connect([10, 99, 0, 9], TCP)).unwrap();
    until(&mut driver, a, "refused there is no way to that address");
    driver.perform(a, &connect(B, Transport::Tls)).unwrap();
    until(&mut driver, a, "refused there are no certificates for TLS; give some, or use TCP");
}

#[test]
fn something_outside_talks_to_a_node() {
    let mut driver = live(1);
    let (_, b) = pair(&mut driver, TCP);
    let real = driver.listening_at(SocketAddr::from((B, PORT))).unwrap();
    let outside = thread::spawn(move || {
        let mut client = TcpStream::connect(real).unwrap();
        client.write_all(b"\0\x05hello").unwrap();
        let mut answer = [0; 7];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"\0\x05hello");
    });
    let seen = until(&mut driver, b, "closed orderly");
    outside.join().unwrap();
    assert_eq!(notes(&seen, b), ["accepted TCP", "heard hello", "echoed hello", "closed orderly"]);
    check_capture(&driver, "outside");
}

#[test]
fn the_capture_of_real_connections_is_whole() {
    let mut driver = live(1).with_tls(TlsSettings::self_signed(&["tollgate.test"]).unwrap());
    let (a, b) = pair(&mut driver, Transport::Tls);
    driver.perform(a, &connect(B, Transport::Tls)).unwrap();
    until(&mut driver, a, "opened out-1");
    let long = "y".repeat(60_000);
    driver.perform(a, &say(&long)).unwrap();
    driver.perform(a, &say(&long)).unwrap();
    driver.perform(a, &say("last")).unwrap();
    until(&mut driver, a, "heard last");
    driver.perform(a, &simply("close")).unwrap();
    until(&mut driver, b, "closed orderly");
    check_capture(&driver, "tls");
}

fn check_capture(driver: &LiveDriver, name: &str) {
    let file = std::env::temp_dir().join(format!("tollgate-live-{name}-{}.pcapng", std::process::id()));
    let count = write_capture(driver.carried(), std::fs::File::create(&file).unwrap()).unwrap();
    if Command::new("tshark").arg("--version").output().is_err() {
        // Nobody is here to judge.
        return;
    }
    let tshark = |filter: &str| {
        let mut command = Command::new("tshark");
        command.args(["-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-r"]);
        let out = command.arg(&file).args(["-Y", filter]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let wrong = "_ws.malformed || _ws.expert.severity >= 0x600000 || tcp.checksum.status == 0 || \
                 tcp.analysis.flags";
    assert_eq!(tshark(wrong), "");
    assert_eq!(u64::try_from(tshark("tcp.checksum.status == 1").lines().count()).unwrap(), count);
    assert_eq!(tshark("tcp.flags.fin == 1").lines().count(), 2);
    // 31: started, agreed, confirmed, used and ended.
    assert!(!tshark("tcp.completeness == 31").is_empty());
    std::fs::remove_file(&file).unwrap();
}
