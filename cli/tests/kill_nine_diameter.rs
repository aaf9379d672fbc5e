//! The server is killed at random moments while sessions of credit control run, and started again: whatever it has
//! acknowledged is charged once, and sessions that had begun go on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "a client of a real server has sockets and a clock")]

mod support;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use support::Served;
use support::diameter::{Ccr, Client};
use tollgate_diameter::Message;
use tollgate_load::Accounts;
use tollgate_load::diameter::world;
use tollgate_ocs_core::Amount;
use tollgate_ocs_store::{World, embedded};

/// Sessions that are open at a time; each has one request on its way.
const WINDOW: usize = 32;
/// CCR-U of a session. The number of the CCR-T is one more.
const UPDATES: u32 = 6;
const MIB: u64 = 1 << 20;
/// How often the server is killed, and how long it may take in all.
const KILLS: u32 = 12;
const BOUND: Duration = Duration::from_secs(180);

/// A session: the number of the request that is to be answered next.
#[derive(Debug, Clone, Copy)]
struct Session {
    name: u64,
    number: u32,
    /// It was sent before, and nobody knows whether it arrived.
    again: bool,
}

/// What a client knows of its sessions.
struct Sessions {
    begun: u64,
    /// Nothing of them is on its way.
    ready: VecDeque<Session>,
    /// By End-to-End Identifier.
    waiting: BTreeMap<u32, Session>,
    end_to_end: u32,
    ended: u64,
    /// Reports of a session that was begun with one server and that were answered by the next.
    gone_on: u64,
}

fn name(session: u64) -> String {
    format!("pgw.load.example;{session}")
}

/// Each session has its account, one after the other.
fn account(session: u64) -> String {
    format!("{}", 90_000_000_000 + session % 10)
}

/// MiB of a request: none of the first.
const fn used(number: u32) -> Option<u64> {
    if number == 0 { None } else { Some(MIB * number as u64) }
}

impl Sessions {
    /// Sends as much as may be on its way; `false` when the connection is gone.
    fn send(&mut self, client: &mut Client, more: bool) -> bool {
        while self.waiting.len() < WINDOW {
            let Some(session) = self.ready.pop_front().or_else(|| {
                more.then(|| {
                    self.begun += 1;
                    Session { name: self.begun, number: 0, again: false }
                })
            }) else {
                break;
            };
            self.end_to_end += 1;
            let kind = match session.number {
                0 => 1,
                number if number > UPDATES => 3,
                _ => 2,
            };
            let request = Ccr {
                session: &name(session.name),
                account: &account(session.name),
                kind,
                number: session.number,
                end_to_end: self.end_to_end,
                used: used(session.number),
                again: session.again,
            };
            self.waiting.insert(self.end_to_end, session);
            if client.send(&request.octets()).is_err() {
                return false;
            }
        }
        true
    }

    /// Takes an answer; `false` when there is none.
    fn receive(&mut self, client: &mut Client) -> bool {
        let Ok(answer) = client.receive() else { return false };
        let message = Message::parse(&answer).unwrap();
        let Some(mut session) = self.waiting.remove(&message.header.end_to_end) else { return true };
        let result = message.result_code().map(|code| code.0);
        assert_eq!(result, Some(2001), "{session:?}: {}", message.fields());
        self.gone_on += u64::from(session.again && session.number > 0);
        session.number += 1;
        session.again = false;
        if session.number > UPDATES + 1 {
            self.ended += 1;
        } else {
            self.ready.push_back(session);
        }
        true
    }

    /// Whatever is on its way is sent again to the next server, marked as sent before.
    fn give_up(&mut self) {
        let lost = std::mem::take(&mut self.waiting).into_values();
        self.ready.extend(lost.map(|session| Session { again: true, ..session }));
    }
}

#[test]
fn sessions_go_on_over_twelve_kills_and_each_report_is_charged_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    let accounts: Accounts = "90000000000+10".parse().unwrap();
    let world = world(accounts);
    std::fs::write(&file, &world).unwrap();
    let store = folder.path().join("store");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let start =
        || Served::start_diameter_with(&path(&file), &["--show", "nothing", "--store", &path(&store)]);
    let mut sessions = Sessions {
        begun: 0,
        ready: VecDeque::new(),
        waiting: BTreeMap::new(),
        end_to_end: 0,
        ended: 0,
        gone_on: 0,
    };
    // Knuth's MMIX constants: other moments of the work with every run, of the same plan.
    let mut state = 1_u64;
    let mut micros = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let begun = Instant::now();
    for kill in 0..KILLS {
        assert!(begun.elapsed() < BOUND, "only {kill} of {KILLS} kills in {BOUND:?}");
        let served = start();
        let server = ([127, 0, 0, 1], served.diameter_port).into();
        let mut client = Client::greeted(server, "pgw.load.example").unwrap();
        let moment = Instant::now() + Duration::from_micros(5_000 + micros(60_000));
        while Instant::now() < moment && sessions.send(&mut client, true) {
            if !sessions.receive(&mut client) {
                break;
            }
        }
        served.kill();
        // What it had said by then counts.
        while sessions.receive(&mut client) {}
        sessions.give_up();
    }
    let served = start();
    let server = ([127, 0, 0, 1], served.diameter_port).into();
    let mut client = Client::greeted(server, "pgw.load.example").unwrap();
    while sessions.ended < sessions.begun {
        assert!(begun.elapsed() < BOUND, "{} of {} ended", sessions.ended, sessions.begun);
        assert!(sessions.send(&mut client, false) && sessions.receive(&mut client));
    }
    served.stop();
    assert!(
        sessions.begun > KILLS.into() && sessions.gone_on > 0,
        "{} begun, {} went on",
        sessions.begun,
        sessions.gone_on
    );

    // 1 + 2 + … + 7 MiB of each session at 0.01: 0.28, that is 28,000 hundred-thousandths, on one xDR.
    let mut charged: BTreeMap<String, u32> = BTreeMap::new();
    embedded::xdrs(&store, World::of(world.as_bytes()), |xdr| {
        assert_eq!((xdr.used_quantity, xdr.charged_amount), (28 * MIB, Amount::from_units(28_000)));
        let session = xdr.parent_session_id.as_ref().map_or("", |key| key.as_str());
        *charged.entry(session.to_owned()).or_default() += 1;
    })
    .unwrap();
    let expected: BTreeMap<_, _> = (1..=sessions.begun).map(|session| (name(session), 1)).collect();
    assert_eq!(charged.len(), expected.len());
    let other = charged.iter().zip(&expected).find(|(one, two)| one != two);
    assert_eq!(other, None, "some session was not charged once");
}
