//! Our P-GW charges against a Diameter server that nobody here wrote, and through a relay that nobody here wrote.

mod support;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::process::Command;
use std::time::Duration;

use support::kinds::filled;
use support::program::Program;
use support::{available, free_ports, root};
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver};
use tollgate_network::{Action, DiameterServer, Driver, NodeId, Observation, Setup, Transport};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const GATEWAY: [u8; 4] = [192, 0, 2, 10];
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 3868);
const START: Instant = Instant::from_unix_secs(1_790_000_000);
const MIB: i64 = 1 << 20;

/// The P-GW on real sockets.
struct Gateway {
    driver: LiveDriver,
    node: NodeId,
    /// Whom it is connected to.
    host: String,
}

impl Gateway {
    /// A P-GW whose one server, of this name, is at that port of this machine.
    fn connected_to(host: &str, port: u16) -> Self {
        let (server, real) = (SocketAddr::from(SERVER), SocketAddr::from(([127, 0, 0, 1], port)));
        let clock = LiveClock::starting_at(START, NonZeroU32::MIN);
        let map = AddressMap::new().with_outside(server, real);
        let mut driver = LiveDriver::new(clock, map, 4_711).expect("the machine has a network");
        let kind =
            tollgate_simulators::kinds().iter().find(|kind| kind.name == "pgw").expect("there is a P-GW");
        let own = Fields::new().with("host", "pgw.example.net").with("realm", "example.net");
        let address = IpAddr::from(GATEWAY);
        let setup = Setup {
            name: "pgw".into(),
            address,
            servers: Vec::new(),
            diameter: vec![DiameterServer {
                host: host.into(),
                realm: "example.com".into(),
                address: server.ip(),
                port: server.port(),
                over: Transport::Tcp,
            }],
            systems: Vec::new(),
            settings: filled(kind.settings, own),
            seed: 4_711,
            observe: true,
        };
        let node = (kind.build)(setup).expect("its settings are right");
        let node = driver.add_node(&[address], node).expect("nobody has its address");
        Self { driver, node, host: host.to_owned() }
    }

    /// Has it do something; arguments that are left out are the verb's own.
    fn does(&mut self, verb: &str, args: Fields) {
        let kind =
            tollgate_simulators::kinds().iter().find(|kind| kind.name == "pgw").expect("there is a P-GW");
        let known = kind.verbs.iter().find(|own| own.name == verb).expect("there is such a verb");
        let action = Action { verb: verb.into(), args: filled(known.args, args) };
        self.driver.perform(self.node, &action).expect("it can");
    }

    /// What it sees next of this name.
    fn sees(&mut self, name: &str) -> Observation {
        let until = self.driver.now() + Duration::from_secs(20);
        let mut before = Vec::new();
        while let Some(seen) = self.driver.advance(until) {
            if seen.observation.kind == name {
                return seen.observation;
            }
            before.push(format!("{} {}", seen.observation.kind, seen.observation.fields()));
        }
        panic!("no {name}; what was seen:\n{}", before.join("\n"));
    }

    /// Waits until both ends know of each other: OTP passes over what comes before it has heard of its own answer.
    fn comes_up(&mut self, other: &mut Program) {
        self.sees("peer-up");
        other.lines.wait_for("pgw.example.net");
        let soon = self.driver.now() + Duration::from_millis(200);
        while self.driver.advance(soon).is_some() {}
    }

    /// A session of two rating groups: 12 MiB in the one, more than the 10 that a grant has, and 1 MiB in the other.
    fn charges_a_session(&mut self) {
        let groups = Value::List(vec![Value::from(100_i64), Value::from(200_i64)]);
        self.does("attach", Fields::new().with("msisdn", "380630000001").with("rating-groups", groups));
        let up = self.sees("session-up");
        assert_eq!(text(&up, "server"), self.host);
        let traffic = |group: i64, octets: i64| {
            let span = Value::Span(Duration::from_millis(500));
            Fields::new().with("rating-group", group).with("down", octets).with("for", span)
        };
        self.does("traffic", traffic(200, MIB));
        self.does("traffic", traffic(100, 12 * MIB));
        // The grant of 10 MiB is used up; the server grants anew, and soon asks for one more request.
        self.sees("CCR-U");
        self.sees("CCA-U");
        self.sees("RAR");
        self.sees("RAA");
        self.sees("CCA-U");
        let later = self.driver.now() + Duration::from_millis(1_500);
        while self.driver.advance(later).is_some() {}
        self.does("detach", Fields::new());
        let down = self.sees("session-down");
        assert_eq!(text(&down, "output-octets"), (13 * MIB).to_string());
        self.sees("CCA-T");
        self.does("disconnect-peer", Fields::new());
        self.sees("peer-down");
    }
}

fn text(seen: &Observation, field: &str) -> String {
    seen.fields().get(field).unwrap_or_else(|| panic!("no {field} in {}", seen.fields())).to_string()
}

/// OTP's server, which grants 10 MiB at a time and writes down what it is told.
fn otp(port: u16) -> Program {
    let script = root().join("cli/tests/peers/otp_ro.escript");
    let mut server = Program::start(Command::new("escript").arg(script).arg(port.to_string()));
    server.lines.wait_for("ready");
    server
}

/// What OTP understood: it found nothing wrong, and the octets of each rating group are those that were carried.
fn agrees(printed: &str) {
    assert!(!printed.contains("errors:"), "{printed}");
    let requests: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("CCR ")).collect();
    assert_eq!(requests.first(), Some(&"1 0 100:0/0 200:0/0"), "{printed}");
    assert!(requests.get(1).is_some_and(|second| second.starts_with("2 1 100:")), "{printed}");
    assert!(requests.last().is_some_and(|last| last.starts_with("3 ")), "{printed}");
    let used = |group: &str| -> i64 {
        let own = requests.iter().flat_map(|request| request.split(' ')).filter_map(|service| {
            let (octets, _) = service.strip_prefix(group)?.strip_prefix(':')?.split_once('/')?;
            octets.parse::<i64>().ok()
        });
        own.sum()
    };
    // Real time goes on while a quota ends: a report may have more in it than the quota had, the session has what was carried.
    assert_eq!((used("100"), used("200")), (12 * MIB, MIB), "{printed}");
    // Limited success: a new request follows (RFC 6733 section 7.1.2, RFC 8506 section 5.5).
    assert!(printed.lines().any(|line| line == "RAA 2002"), "{printed}");
    let numbers: Vec<usize> =
        requests.iter().filter_map(|request| request.split(' ').nth(1)?.parse().ok()).collect();
    assert_eq!(numbers, (0..requests.len()).collect::<Vec<usize>>(), "{printed}");
}

fn otp_is_here() -> bool {
    // The dictionary of credit control is in the package of examples.
    let known = "halt(case filelib:is_file(filename:join([code:lib_dir(diameter), \"examples\", \"dict\", \"rfc4006_cc.dia\"])) of true -> 0; false -> 1 end).";
    available("erl", &["-noshell", "-eval", known])
}

#[test]
fn our_gateway_charges_at_a_server_of_erlang_otp() {
    if !otp_is_here() {
        return;
    }
    let [port] = free_ports();
    let mut server = otp(port);
    let mut gateway = Gateway::connected_to("ocs.example.com", port);
    gateway.comes_up(&mut server);
    gateway.charges_a_session();
    server.lines.wait_for("down pgw.example.net");
    agrees(&server.stop());
}

#[test]
fn our_gateway_charges_through_a_relay_of_freediameter() {
    let relay_is_here = available("freeDiameterd", &["--version"]) && available("openssl", &["version"]);
    if !otp_is_here() || !relay_is_here {
        return;
    }
    let [port, relay_port] = free_ports();
    let server = otp(port);
    let folder = tempfile::tempdir().expect("a folder");
    let mut relay = relay(folder.path(), relay_port, port);
    relay.lines.wait_for("STATE_OPEN");
    let mut gateway = Gateway::connected_to("relay.example.com", relay_port);
    gateway.comes_up(&mut relay);
    gateway.charges_a_session();
    agrees(&server.stop());
    relay.stop();
}

/// freeDiameter between us and a server, at one port of 127.0.0.1, without TLS.
fn relay(folder: &std::path::Path, port: u16, server: u16) -> Program {
    // It does not start without a certificate of its own.
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=relay.example.com",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("it is written");
    // Who may connect without TLS.
    write("allowed.conf", "ALLOW_IPSEC *.example.net\n");
    let configuration = format!(
        "Identity = \"relay.example.com\";\nRealm = \"example.com\";\nPort = {port};\nSecPort = 0;\nNo_SCTP;\nNo_IPv6;\n\
         ListenOn = \"127.0.0.1\";\nTcTimer = 1;\nTLS_Cred = \"certificate.pem\", \"key.pem\";\nTLS_CA = \"certificate.pem\";\n\
         LoadExtension = \"acl_wl.fdx\" : \"allowed.conf\";\n\
         ConnectPeer = \"ocs.example.com\" {{ ConnectTo = \"127.0.0.1\"; Port = {server}; No_TLS; Realm = \"example.com\"; }};\n"
    );
    write("relay.conf", &configuration);
    Program::start(Command::new("freeDiameterd").args(["-c", "relay.conf"]).current_dir(folder))
}
