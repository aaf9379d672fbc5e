//! The server is killed at random moments under load and started again: whatever it has acknowledged is charged once,
//! and nothing else is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "a client of a real server has a socket and a clock")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use support::{Served, root};
use tollgate_ocs_core::Amount;
use tollgate_ocs_store::{World, embedded};
use tollgate_radius::{Builder, Code, Packet, Secret, attribute};

const CARD: &str = "10086610975";
/// Requests on their way at a time.
const WINDOW: usize = 64;

/// Steps of a fixed sequence (Knuth's MMIX constants), so that every run kills at other moments of the work and of the
/// same plan.
struct Steps(u64);

impl Steps {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn conf_id(session: u64) -> String {
    format!("{:08X} {:08X} 958E0014 1C3F6886", session >> 32, session & 0xffff_ffff)
}

/// The Stop of a call of 71 seconds to Korea.
fn stop(session: u64, identifier: u8) -> Vec<u8> {
    let mut packet = Builder::new(Code::ACCOUNTING_REQUEST, identifier);
    packet.text(attribute::USER_NAME, CARD).unwrap();
    packet.ipv4(attribute::NAS_IP_ADDRESS, [127, 0, 0, 1].into()).unwrap();
    packet.u32(attribute::ACCT_STATUS_TYPE, 2).unwrap();
    packet.text(attribute::ACCT_SESSION_ID, &format!("{session:016X}")).unwrap();
    packet.u32(attribute::ACCT_SESSION_TIME, 71).unwrap();
    packet.text(attribute::CALLED_STATION_ID, "82623634515").unwrap();
    packet.cisco(24, &conf_id(session)).unwrap();
    packet.cisco(26, "originate").unwrap();
    packet.ivr_out("PortaBilling_Original_CLD", "6045551600").unwrap();
    packet.finish_accounting_request(&Secret::from("secret")).unwrap()
}

/// What a client knows of its calls.
#[derive(Default)]
struct Client {
    sessions: u64,
    acknowledged: BTreeSet<u64>,
    /// Sent and not acknowledged: to be sent again, as a node would.
    waiting: BTreeMap<u8, u64>,
    again: Vec<u64>,
    identifier: u8,
}

impl Client {
    fn send(&mut self, socket: &UdpSocket) {
        while self.waiting.len() < WINDOW {
            let session = self.again.pop().unwrap_or_else(|| {
                self.sessions += 1;
                self.sessions
            });
            while self.waiting.contains_key(&self.identifier) {
                self.identifier = self.identifier.wrapping_add(1);
            }
            self.waiting.insert(self.identifier, session);
            // The server may be dead by now.
            let _ = socket.send(&stop(session, self.identifier));
            self.identifier = self.identifier.wrapping_add(1);
        }
    }

    /// Takes an answer; whether there was one.
    fn receive(&mut self, socket: &UdpSocket) -> bool {
        let mut octets = [0; 4_096];
        let Ok(length) = socket.recv(&mut octets) else { return false };
        let packet = Packet::parse(&octets[..length]).unwrap();
        assert_eq!(packet.code(), Code::ACCOUNTING_RESPONSE);
        if let Some(session) = self.waiting.remove(&packet.identifier()) {
            self.acknowledged.insert(session);
        }
        true
    }

    /// Everything that is not acknowledged is sent again to the next server.
    fn give_up(&mut self) {
        self.again.extend(std::mem::take(&mut self.waiting).into_values());
    }
}

fn connected(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    socket
}

/// The card's money as the server tells it.
fn credit(port: u16) -> String {
    let mut packet = Builder::new(Code::ACCESS_REQUEST, 1);
    packet.authenticator(&[7; 16]);
    packet.text(attribute::USER_NAME, CARD).unwrap();
    packet.ipv4(attribute::NAS_IP_ADDRESS, [127, 0, 0, 1].into()).unwrap();
    packet.ivr_out("PortaBilling_AccessCode", "6045551600").unwrap();
    let request = packet.finish_access_request(&Secret::from("secret")).unwrap();
    let socket = connected(port);
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send(&request).unwrap();
    let mut octets = [0; 4_096];
    let length = socket.recv(&mut octets).unwrap();
    let packet = Packet::parse(&octets[..length]).unwrap();
    assert_eq!(packet.code(), Code::ACCESS_ACCEPT);
    packet.cisco(101).unwrap().trim_start_matches("h323-credit-amount=").to_owned()
}

fn survives(kills: u32, bound: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.yaml");
    let text = std::fs::read_to_string(root().join("scenarios/worlds/calling-card.yaml")).unwrap();
    let rich = text.replacen("balance: 10.00", "balance: 90000000.00", 1);
    assert_ne!(rich, text);
    std::fs::write(&world, &rich).unwrap();
    let store = folder.path().join("store");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let start = || Served::start_with(&path(&world), &["--show", "nothing", "--store", &path(&store)]);

    let (mut client, mut steps, begun) = (Client::default(), Steps(u64::from(kills)), Instant::now());
    for kill in 0..kills {
        assert!(begun.elapsed() < bound, "only {kill} of {kills} kills in {bound:?}");
        let served = start();
        let socket = connected(served.acct_port);
        let moment = Instant::now() + Duration::from_micros(steps.below(60_000));
        while Instant::now() < moment {
            client.send(&socket);
            client.receive(&socket);
        }
        served.kill();
        // What it had sent by then counts as acknowledged.
        while client.receive(&socket) {}
        client.give_up();
    }
    let served = start();
    let socket = connected(served.acct_port);
    let sessions = client.sessions;
    while client.acknowledged.len() < usize::try_from(sessions).unwrap() {
        assert!(begun.elapsed() < bound, "{} of {sessions} acknowledged", client.acknowledged.len());
        if client.again.is_empty() && client.waiting.is_empty() {
            break;
        }
        for session in client.again.drain(..) {
            let identifier = u8::try_from(session % 256).unwrap();
            client.waiting.insert(identifier, session);
            let _ = socket.send(&stop(session, identifier));
        }
        if !client.receive(&socket) {
            client.give_up();
        }
    }
    assert!(sessions > u64::from(kills), "{sessions} sessions in {kills} lives");

    // 71 s x 0.02 / 60 = 0.023666…, rounded half up to 0.02367: 2,367 of a hundred-thousandth, once for each session.
    let charge = Amount::from_units(2_367);
    let left = 90_000_000 * 100_000 - 2_367 * i64::try_from(sessions).unwrap();
    assert_eq!(credit(served.auth_port), Amount::from_units(left).two_decimals());
    served.stop();

    let mut charged: BTreeMap<String, u32> = BTreeMap::new();
    embedded::xdrs(&store, World::of(rich.as_bytes()), |xdr| {
        assert_eq!(xdr.charged_amount, charge);
        *charged.entry(xdr.session_id.to_string()).or_default() += 1;
    })
    .unwrap();
    let expected: BTreeMap<_, _> = (1..=sessions).map(|session| (conf_id(session), 1)).collect();
    assert_eq!(charged.len(), expected.len());
    let other = charged.iter().zip(&expected).find(|(one, two)| one != two);
    assert_eq!(other, None, "some session was not charged once");
}

#[test]
fn what_was_acknowledged_is_charged_once_over_twelve_kills() {
    survives(12, Duration::from_secs(120));
}

#[test]
#[ignore = "a minute or two; run by the complete check"]
fn what_was_acknowledged_is_charged_once_over_two_hundred_kills() {
    survives(200, Duration::from_secs(600));
}
