//! Connections on the virtual network.
#![allow(clippy::unwrap_used, reason = "a test")]

mod peers;

use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use peers::{PORT, Speaker, all, connect, notes, say, simply};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use tollgate_network::{
    Action, Between, Carried, Driver, Fate, Fault, Impairment, NodeId, Ratio, Seen, SimDriver, Transport,
    write_capture,
};
use tollgate_time::Instant;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];
const TCP: Transport = Transport::Tcp;

fn millis(millis: u64) -> Instant {
    Instant::EPOCH + Duration::from_millis(millis)
}

fn secs(secs: u64) -> Instant {
    millis(secs * 1_000)
}

/// A caller and an echo, 10 ms apart.
fn pair(seed: u64, over: Transport) -> (SimDriver, NodeId, NodeId) {
    let link = Impairment { latency: Duration::from_millis(10), ..Impairment::default() };
    let mut driver = SimDriver::new(Instant::EPOCH, seed).keeping_carried().with_usual_link(link);
    let a = driver.add_node(&[A.into()], Speaker::caller(A)).unwrap();
    let b = driver.add_node(&[B.into()], Speaker::echo(B, over)).unwrap();
    (driver, a, b)
}

fn opened(seed: u64) -> (SimDriver, NodeId, NodeId) {
    let (mut driver, a, b) = pair(seed, TCP);
    driver.perform(a, &connect(B, TCP)).unwrap();
    let until = driver.now() + Duration::from_millis(100);
    assert_eq!(notes(&all(&mut driver, until), a), ["opened out-1"]);
    (driver, a, b)
}

fn when(seen: &[Seen], node: NodeId, kind: &str) -> Instant {
    seen.iter().find(|seen| seen.node == node && seen.observation.kind == kind).unwrap().at
}

#[test]
fn a_connection_takes_one_round_trip_and_tls_two() {
    for (over, opened, accepted) in [(TCP, 20, 30), (Transport::Tls, 40, 50)] {
        let (mut driver, a, b) = pair(1, over);
        driver.perform(a, &connect(B, over)).unwrap();
        let seen = all(&mut driver, secs(1));
        assert_eq!(when(&seen, a, "opened"), millis(opened));
        assert_eq!(when(&seen, b, "accepted"), millis(accepted));
    }
}

#[test]
fn messages_keep_their_order_however_they_are_cut() {
    for seed in 0..200 {
        let (driver, a, b) = opened(seed);
        let mut driver = driver.with_cuts(Ratio::from_percent(90));
        driver.perform(a, &say("first|second|third")).unwrap();
        driver.perform(a, &say("fourth")).unwrap();
        let seen = all(&mut driver, secs(5));
        let texts = ["first", "second", "third", "fourth"];
        let heard: Vec<String> = texts.iter().map(|text| format!("heard {text}")).collect();
        let own: Vec<String> = notes(&seen, a).into_iter().filter(|note| note.starts_with("heard")).collect();
        assert_eq!(own, heard, "seed {seed}");
        let echo: Vec<String> =
            notes(&seen, b).into_iter().filter(|note| note.starts_with("heard")).collect();
        assert_eq!(echo, heard, "seed {seed}");
    }
}

#[test]
fn the_same_seed_cuts_alike_and_another_does_not() {
    let run = |seed| {
        let (driver, a, _) = opened(seed);
        let mut driver = driver.with_cuts(Ratio::from_percent(50));
        driver.perform(a, &say(&"some text|".repeat(20))).unwrap();
        let seen = all(&mut driver, secs(5));
        (seen, driver.carried().to_vec())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).1, run(8).1);
}

#[test]
fn an_observation_belongs_to_the_segment_with_the_last_octet_of_the_message() {
    for seed in 0..50 {
        let (driver, a, b) = opened(seed);
        let mut driver = driver.with_cuts(Ratio::from_percent(80));
        driver.perform(a, &say("one|two|three")).unwrap();
        let seen = all(&mut driver, secs(5));
        let carried: Vec<Carried> = driver.carried().to_vec();
        for (kind, node) in [("said", a), ("heard", b)] {
            // Each message is two octets of length and the text: they end at 5, 10 and 17 of the direction.
            let ends: Vec<usize> = seen
                .iter()
                .filter(|seen| seen.node == node && seen.observation.kind == kind)
                .map(|seen| {
                    let upto = usize::try_from(seen.frame.unwrap()).unwrap();
                    let mine =
                        carried[..upto].iter().filter(|carried| carried.frame.from.ip() == IpAddr::from(A));
                    mine.map(|carried| carried.frame.payload.len()).sum()
                })
                .collect();
            let last = |place: usize| {
                let mine = carried.iter().filter(|carried| carried.frame.from.ip() == IpAddr::from(A));
                let mut sum = 0;
                for carried in mine {
                    sum += carried.frame.payload.len();
                    if sum >= place {
                        return sum;
                    }
                }
                sum
            };
            assert_eq!(ends, [last(5), last(10), last(17)], "seed {seed}, {kind}");
        }
    }
}

#[test]
fn loss_makes_a_connection_slower_and_loses_nothing() {
    let (mut driver, a, _) = opened(3);
    let bad = Impairment {
        loss: Ratio::from_percent(30),
        reordering: Ratio::from_percent(30),
        jitter: Duration::from_millis(5),
        ..Impairment::default()
    };
    driver.inject(Fault::Impair { between: Between::Everyone, impairment: bad, until: None }).unwrap();
    for number in 0..50 {
        driver.perform(a, &say(&number.to_string())).unwrap();
    }
    let seen = all(&mut driver, secs(90));
    let heard: Vec<String> = notes(&seen, a).into_iter().filter(|note| note.starts_with("heard")).collect();
    let expected: Vec<String> = (0..50).map(|number| format!("heard {number}")).collect();
    assert_eq!(heard, expected);
    assert!(driver.tally().of(Fate::Lost) > 5 && driver.tally().of(Fate::Repeated) > 5);
}

#[test]
fn nobody_listening_nobody_there_and_a_closed_port_are_three_refusals() {
    let (mut driver, a, b) = pair(1, TCP);
    driver.inject(Fault::Crash { node: b, until: None }).unwrap();
    driver.perform(a, &connect(B, TCP)).unwrap();
    assert_eq!(notes(&all(&mut driver, secs(1)), a), ["refused nobody listens there"]);
    driver.perform(a, &connect([10, 0, 0, 9], TCP)).unwrap();
    assert_eq!(notes(&all(&mut driver, secs(2)), a), ["refused there is no way to that address"]);
    driver.inject(Fault::Restart { node: b }).unwrap();
    driver.perform(a, &connect(B, Transport::Tls)).unwrap();
    assert_eq!(
        notes(&all(&mut driver, secs(3)), a),
        ["refused TLS was not agreed on: TCP is spoken there, and not TLS"]
    );
    driver.perform(a, &connect(B, Transport::Sctp)).unwrap();
    assert_eq!(
        notes(&all(&mut driver, secs(4)), a),
        ["refused there is no SCTP in the virtual network; use TCP or TLS"]
    );
    assert_eq!(driver.connections(), 0);
}

#[test]
fn a_connection_that_gets_no_answer_is_given_up_after_three_minutes() {
    let (mut driver, a, b) = pair(1, TCP);
    driver.inject(Fault::Partition { between: Between::Two(a, b), until: None }).unwrap();
    driver.perform(a, &connect(B, TCP)).unwrap();
    let seen = all(&mut driver, secs(400));
    assert_eq!(notes(&seen, a), ["refused no answer came in time"]);
    assert_eq!(when(&seen, a, "refused"), secs(180));
    assert_eq!(driver.connections(), 0);
}

#[test]
fn an_outage_is_silence_then_a_timeout_and_a_short_one_only_a_delay() {
    let (mut driver, a, b) = opened(1);
    let cut = |until| Fault::Partition { between: Between::Two(a, b), until };
    let start = driver.now();
    driver.inject(cut(Some(start + Duration::from_secs(3)))).unwrap();
    driver.perform(a, &say("late")).unwrap();
    let seen = all(&mut driver, start + Duration::from_secs(20));
    assert_eq!(notes(&seen, a), ["said late", "heard late"]);
    assert!(when(&seen, b, "heard") >= start + Duration::from_secs(3));
    driver.inject(cut(None)).unwrap();
    let start = driver.now();
    // Nothing is noticed while nobody speaks.
    assert!(all(&mut driver, start + Duration::from_secs(500)).is_empty());
    let start = driver.now();
    driver.perform(a, &say("into the void")).unwrap();
    let seen = all(&mut driver, start + Duration::from_secs(300));
    assert_eq!(notes(&seen, a), ["said into the void", "closed timed-out"]);
    assert_eq!(when(&seen, a, "closed"), start + Duration::from_secs(100));
    assert_eq!(notes(&seen, b), Vec::<String>::new());
    // The other end is half open; what it says after the outage meets nobody.
    driver.inject(Fault::Heal).unwrap();
    driver.perform(b, &say("still there?")).unwrap();
    let now = driver.now();
    let seen = all(&mut driver, now + Duration::from_secs(1));
    assert_eq!(notes(&seen, b), ["said still there?", "closed reset"]);
    assert_eq!(driver.connections(), 0);
}

#[test]
fn octets_for_a_crashed_node_are_answered_with_a_reset() {
    let (mut driver, a, b) = opened(1);
    driver.inject(Fault::Crash { node: b, until: None }).unwrap();
    let now = driver.now();
    assert!(all(&mut driver, now + Duration::from_secs(60)).is_empty());
    driver.inject(Fault::Restart { node: b }).unwrap();
    driver.perform(a, &say("are you there?")).unwrap();
    let now = driver.now();
    let seen = all(&mut driver, now + Duration::from_secs(1));
    assert_eq!(notes(&seen, a), ["said are you there?", "closed reset"]);
    assert_eq!(when(&seen, a, "closed"), now + Duration::from_millis(20));
    // It listens again.
    driver.perform(a, &connect(B, TCP)).unwrap();
    let seen = all(&mut driver, now + Duration::from_secs(2));
    assert_eq!(notes(&seen, a), ["opened out-2"]);
    assert_eq!(driver.connections(), 1);
}

#[test]
fn a_close_sends_what_is_left_and_a_reset_does_not() {
    let (mut driver, a, b) = opened(1);
    driver.perform(a, &say("goodbye")).unwrap();
    driver.perform(a, &simply("close")).unwrap();
    let seen = all(&mut driver, secs(5));
    assert_eq!(notes(&seen, b), ["heard goodbye", "echoed goodbye", "closed orderly"]);
    assert_eq!(notes(&seen, a), ["said goodbye"]);
    assert_eq!(driver.connections(), 0);

    let (mut driver, a, b) = opened(1);
    driver.perform(a, &say("lost")).unwrap();
    driver.perform(a, &simply("reset")).unwrap();
    let seen = all(&mut driver, secs(5));
    assert_eq!(notes(&seen, b), ["closed reset"]);
    assert_eq!(driver.connections(), 0);
}

#[test]
fn a_fault_resets_both_ends_and_a_share_of_segments_may() {
    let (mut driver, a, b) = opened(1);
    driver.inject(Fault::Reset { between: Between::Two(b, a) }).unwrap();
    let seen = all(&mut driver, secs(5));
    assert_eq!(
        (notes(&seen, a), notes(&seen, b)),
        (vec!["closed reset".into()], vec!["closed reset".into()])
    );
    let (mut driver, a, b) = opened(1);
    let resets = Impairment { resets: Ratio::ALL, ..Impairment::default() };
    driver.inject(Fault::Impair { between: Between::One(a), impairment: resets, until: None }).unwrap();
    driver.perform(a, &say("x")).unwrap();
    let seen = all(&mut driver, secs(5));
    assert_eq!(notes(&seen, a), ["said x", "closed reset"]);
    assert_eq!(notes(&seen, b), ["closed reset"]);
    assert_eq!(driver.connections(), 0);
}

#[test]
fn a_reader_that_pauses_holds_the_sender_back() {
    let (mut driver, a, b) = opened(1);
    driver.perform(b, &simply("pause")).unwrap();
    // A message of 60,000 octets fits the window; a megabyte of further ones waits at the sender.
    let long = "x".repeat(60_000);
    for _ in 0..18 {
        driver.perform(a, &say(&long)).unwrap();
    }
    let seen = all(&mut driver, secs(5));
    assert!(notes(&seen, b).is_empty());
    // 17 × 60,002 less the window of 65,535 is 954,499; 18 × 60,002 less it is 1,014,501, and 1,048,576 not
    // reached; one more and it is.
    assert!(!notes(&seen, a).contains(&"blocked".to_owned()));
    driver.perform(a, &say(&long)).unwrap();
    let now = driver.now();
    let seen = all(&mut driver, now + Duration::from_secs(1));
    assert_eq!(notes(&seen, a).last().unwrap(), "blocked");
    driver.perform(b, &simply("resume")).unwrap();
    let seen = all(&mut driver, now + Duration::from_secs(60));
    assert_eq!(notes(&seen, b).iter().filter(|note| note.starts_with("heard")).count(), 19);
    assert!(notes(&seen, a).contains(&"drained".to_owned()));
}

#[test]
fn a_node_that_sends_on_and_on_loses_the_connection() {
    let (mut driver, a, b) = opened(1);
    driver.perform(b, &simply("pause")).unwrap();
    for _ in 0..20 {
        driver.perform(a, &Action::new("flood").with("octets", 1_000_000_i64)).unwrap();
    }
    let seen = all(&mut driver, secs(5));
    assert_eq!(notes(&seen, a), ["blocked", "closed reset"]);
    assert_eq!(driver.connections(), 0);
}

proptest! {
    #[test]
    fn whatever_the_network_does_octets_come_in_order_or_the_connection_ends(
        seed: u64,
        (loss, reordering, resets, cuts) in (0..60_u32, 0..60_u32, 0..3_u32, 0..100_u32),
        outage in proptest::option::of((0..3_000_u64, 0..150_000_u64)),
    ) {
        let (driver, a, b) = pair(seed, TCP);
        let mut driver = driver.with_cuts(Ratio::from_percent(cuts));
        let bad = Impairment {
            loss: Ratio::from_percent(loss),
            reordering: Ratio::from_percent(reordering),
            resets: Ratio::from_percent(resets),
            ..Impairment::default()
        };
        driver.inject(Fault::Impair { between: Between::Everyone, impairment: bad, until: None }).unwrap();
        driver.perform(a, &connect(B, TCP)).unwrap();
        let mut seen = Vec::new();
        for number in 0..30 {
            let until = driver.now() + Duration::from_millis(100);
            if let Some((after, long)) = outage && after / 100 == number {
                let until = Some(driver.now() + Duration::from_millis(long));
                driver.inject(Fault::Partition { between: Between::Two(a, b), until }).unwrap();
            }
            driver.perform(a, &say(&number.to_string())).unwrap();
            seen.extend(all(&mut driver, until));
        }
        let until = driver.now() + Duration::from_secs(3_600);
        seen.extend(all(&mut driver, until));
        // The other end may be the one that gave up; this one then waits for ever.
        let (notes, others) = (notes(&seen, a), notes(&seen, b));
        let heard: Vec<&String> = notes.iter().filter(|note| note.starts_with("heard")).collect();
        let expected: Vec<String> = (0..heard.len()).map(|number| format!("heard {number}")).collect();
        prop_assert_eq!(heard, expected.iter().collect::<Vec<_>>());
        let ended = notes.iter().chain(&others).any(|note| note.starts_with("closed") || note.starts_with("refused"));
        prop_assert!(expected.len() == 30 || ended, "{notes:?} {others:?}");
    }
}

#[test]
fn tshark_finds_nothing_wrong_with_connections() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark is not installed");
        return;
    }
    let wide: std::net::Ipv6Addr = "2001:db8::2".parse().unwrap();
    let link = Impairment {
        latency: Duration::from_millis(10),
        jitter: Duration::from_millis(4),
        loss: Ratio::from_percent(10),
        ..Impairment::default()
    };
    let mut driver =
        SimDriver::new(Instant::from_unix_secs(1_000_000_000), 4).keeping_carried().with_usual_link(link);
    let a = driver.add_node(&[A.into(), "2001:db8::1".parse().unwrap()], Speaker::caller(A)).unwrap();
    let _b = driver.add_node(&[B.into()], Speaker::echo(B, TCP)).unwrap();
    let _c = driver.add_node(&[wide.into()], Speaker::echo(wide, TCP)).unwrap();
    for to in [IpAddr::from(B), wide.into()] {
        driver.perform(a, &connect(to, TCP)).unwrap();
        let now = driver.now();
        all(&mut driver, now + Duration::from_secs(10));
        for text in ["one|two|three", &"long ".repeat(10_000), "four"] {
            driver.perform(a, &say(text)).unwrap();
            let now = driver.now();
            all(&mut driver, now + Duration::from_secs(10));
        }
        driver.perform(a, &simply("close")).unwrap();
        let now = driver.now();
        all(&mut driver, now + Duration::from_secs(200));
    }
    assert_eq!(driver.connections(), 0);
    let file = std::env::temp_dir().join(format!("tollgate-streams-{}.pcapng", std::process::id()));
    let count = write_capture(driver.carried(), std::fs::File::create(&file).unwrap()).unwrap();
    let tshark = |filter: &str| {
        let out = Command::new("tshark")
            .args(["-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-r"])
            .arg(&file)
            .args(["-Y", filter])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let wrong = "_ws.malformed || _ws.expert.severity >= 0x600000 || ip.checksum.status == 0 || \
                 tcp.checksum.status == 0 || _ws.short";
    assert_eq!(tshark(wrong), "");
    let good = tshark("tcp.checksum.status == 1");
    assert_eq!(u64::try_from(good.lines().count()).unwrap(), count);
    assert!(tshark("tcp.analysis.retransmission").lines().count() > 3);
    // Each connection is complete: started, used and ended in order (31 is all five of these).
    assert!(!tshark("tcp.flags.fin == 1 && tcp.completeness == 31 && tcp.len == 0").is_empty());
    assert_eq!(
        tshark(&format!("tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.dstport == {PORT}"))
            .lines()
            .filter(|line| !line.contains("Retransmission"))
            .count(),
        2
    );
    std::fs::remove_file(&file).unwrap();
}
