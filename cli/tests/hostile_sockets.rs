//! Whatever somebody does to the Diameter port, the others are served all the while, and it is counted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "clients of a real server have sockets, threads and clocks")]

mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use support::Served;
use support::diameter::{Ccr, Client, capabilities};
use tollgate_diameter::raw;
use tollgate_load::diameter::{DiameterPlan, run, world};
use tollgate_load::{Accounts, Pace, Report, Usage};

const ACCOUNTS: &str = "90000000000+100";
/// How long the attacks last, and the sessions of those who are served meanwhile.
const LASTS: Duration = Duration::from_secs(4);
/// Who waits for longer was not served. A debug build on a busy machine is slow by itself.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// What the server may take in the worst case, in KiB: what slow readers leave unsent is bounded, and a connection that
/// says nothing takes next to nothing.
const MEMORY_MAX: u64 = 400 * 1_024;

/// A server, and the figures of clients that it serves while somebody does something to it.
fn served_during(attack: impl FnOnce(SocketAddr)) -> (Report, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    let accounts: Accounts = ACCOUNTS.parse().unwrap();
    std::fs::write(&file, world(accounts)).unwrap();
    let served = Served::start_diameter_with(file.to_str().unwrap(), &["--show", "nothing"]);
    let server = SocketAddr::from(([127, 0, 0, 1], served.diameter_port));
    let plan = DiameterPlan {
        server,
        connections: 2,
        accounts,
        sessions: 100,
        updates: 5,
        pace: Pace::Rate { per_second: 500, in_flight_max: 100 },
        requests_max: 1_000_000,
        time_max: LASTS,
        answer_max: ANSWER_MAX,
        server_pid: None,
        remote_allowed: false,
        run: 7,
    };
    let report = thread::scope(|scope| {
        let clients = scope.spawn(|| run(&plan).unwrap());
        attack(server);
        clients.join().unwrap()
    });
    assert!(served.memory_peak() < MEMORY_MAX, "{} KiB", served.memory_peak());
    (report, served.stop())
}

/// Everybody was served: whoever asked was answered, with all that was asked for, and every session has ended.
fn assert_served(report: &Report) {
    let Usage { begun, ended, .. } = report.usage.unwrap();
    assert_eq!(
        (report.sent, report.rejected, report.lost, report.wrong, report.stray),
        (report.answered, 0, 0, 0, 0)
    );
    assert!(begun > 0 && begun == ended, "{begun} begun, {ended} ended");
}

/// The number that the server printed for something.
fn counted(printed: &str, name: &str) -> u64 {
    let line = printed.lines().find_map(|line| line.trim().strip_suffix(name)?.trim().parse().ok());
    line.unwrap_or_else(|| panic!("no {name} in:\n{printed}"))
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        // Knuth's MMIX constants; the upper bits are good enough for noise.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn what_is_no_diameter_closes_its_connection_and_no_other() {
    let (report, printed) = served_during(|server| {
        for seed in 0..200 {
            let mut noisy = noise(seed, 512);
            // Its first octet alone would give away that it is none: let half of it look like a start.
            if seed % 2 == 0 {
                noisy[..4].copy_from_slice(&[1, 0, 0, 200]);
            }
            let mut client = Client::silent(server).unwrap();
            let _gone = client.send(&noisy);
            assert!(client.is_closed(), "seed {seed}");
        }
        // A length of 16 MiB, a version 2, a length below a header, one that is no multiple of four.
        for start in [[1, 0xff, 0xff, 0xfc], [2, 0, 0, 20], [1, 0, 0, 16], [1, 0, 0, 22]] {
            let mut client = Client::greeted(server, "attacker.load.example").unwrap();
            client.send(&start).unwrap();
            assert!(client.is_closed(), "{start:?}");
        }
    });
    assert_served(&report);
    // The hundred with a first octet that is not 1, but for chance, and the four above.
    assert!(counted(&printed, "broken-stream") >= 104, "{printed}");
    // What looked like a start was none of CER.
    assert!(counted(&printed, "unexpected-message") >= 90, "{printed}");
}

#[test]
fn messages_that_are_cut_or_changed_are_answered_or_end_their_connection() {
    let request = Ccr {
        session: "attacker.load.example;1;1",
        account: "90000000007",
        kind: 1,
        number: 0,
        end_to_end: 1,
        used: None,
        again: false,
    };
    let request = request.octets();
    let (report, printed) = served_during(|server| {
        for cut in 1..request.len() {
            let mut client = Client::greeted(server, "attacker.load.example").unwrap();
            client.send(&request[..cut]).unwrap();
            assert!(client.is_closed(), "cut after {cut}");
        }
        // Cut, with a length that says so: the stream goes on behind it.
        let mut client = Client::greeted(server, "attacker.load.example").unwrap();
        for cut in (20..request.len()).step_by(4) {
            let mut cut = request[..cut].to_vec();
            assert!(raw::fix_length(&mut cut));
            client.send(&cut).unwrap();
            client.receive().unwrap();
        }
        // Every octet behind the header turned over, one at a time.
        for at in 20..request.len() {
            let mut changed = request.clone();
            assert!(raw::flip(&mut changed, at, 0xff));
            client.send(&changed).unwrap();
            client.receive().unwrap();
        }
    });
    assert_served(&report);
    assert!(counted(&printed, "malformed-message") > 50, "{printed}");
    assert!(counted(&printed, "answer-5xxx (permanent failure)") > 0, "{printed}");
}

#[test]
fn who_never_reads_is_not_read_until_it_does() {
    let (report, _) = served_during(|server| {
        let mut slow: Vec<Client> = (0..2)
            .map(|number| Client::greeted(server, &format!("slow-{number}.load.example")).unwrap())
            .collect();
        let begun = Instant::now();
        let mut number = 0;
        for client in &slow {
            client.stream.set_nonblocking(true).unwrap();
        }
        // As much as they can be told without reading a single answer.
        while begun.elapsed() < LASTS {
            for client in &mut slow {
                let session = format!("slow.load.example;{number}");
                let end_to_end = u32::try_from(number).unwrap();
                let request = Ccr {
                    session: &session,
                    account: "90000000011",
                    kind: 1,
                    number: 0,
                    end_to_end,
                    used: None,
                    again: false,
                };
                // A part of it may go out: the connection is of no further use then, but for more of that.
                if client.stream.write(&request.octets()).is_err() {
                    thread::sleep(Duration::from_millis(5));
                }
                number += 1;
            }
        }
    });
    assert_served(&report);
}

#[test]
fn ten_thousand_connections_that_say_nothing_or_next_to_nothing_cost_the_others_nothing() {
    let (report, printed) = served_during(|server| {
        let begun = Instant::now();
        let mut held = Vec::new();
        // The bound of open files of the machine may be lower.
        while held.len() < 10_000
            && let Ok(client) = Client::silent(server)
        {
            held.push(client);
        }
        assert!(held.len() > 900, "only {} connections", held.len());
        // Half of those that say who they are, and then nothing; and those that say it octet by octet.
        for (number, client) in held.iter_mut().enumerate().take(400) {
            let message = capabilities(&format!("idle-{number}.load.example"));
            if number % 2 == 0 {
                client.send(&message).unwrap();
                client.receive().unwrap();
            }
        }
        let slowly = capabilities("octet.load.example");
        for octet in slowly.iter().take(5) {
            for client in held.iter_mut().skip(400).take(200) {
                client.send(&[*octet]).unwrap();
            }
            thread::sleep(Duration::from_millis(500).min(LASTS.saturating_sub(begun.elapsed())));
        }
        thread::sleep(LASTS.saturating_sub(begun.elapsed()));
        // Whoever has greeted is still a peer.
        let session = "idle.load.example;1";
        let (account, end_to_end) = ("90000000013", 1);
        let request = Ccr { session, account, kind: 1, number: 0, end_to_end, used: None, again: false };
        assert_eq!(held[0].ask(&request).unwrap(), 2001);
    });
    assert_served(&report);
    assert!(counted(&printed, "answer-2xxx (success)") > report.answered, "{printed}");
}

#[test]
fn a_flood_of_capabilities_is_refused_or_takes_the_place_of_the_one_before() {
    let (report, printed) = served_during(|server| {
        let message = capabilities("flood.load.example");
        // A second CER on a connection ends it.
        for _ in 0..100 {
            let mut client = Client::greeted(server, "flood.load.example").unwrap();
            let _gone = client.send(&message.repeat(50));
            assert!(client.is_closed());
        }
        // One name on many connections, and many names.
        let mut held = Vec::new();
        for number in 0..200 {
            let mut client = Client::silent(server).unwrap();
            let other = capabilities(&format!("flood-{number}.load.example"));
            client.send(if number % 2 == 0 { &message } else { &other }).unwrap();
            held.push(client);
        }
        // Its own name, which is stolen.
        let mut thief = Client::silent(server).unwrap();
        thief.send(&capabilities("ocs.load.example")).unwrap();
        assert!(thief.is_closed());
    });
    assert_served(&report);
    assert!(counted(&printed, "unexpected-message") >= 100, "{printed}");
    assert!(counted(&printed, "refused-peer") >= 1, "{printed}");
}
