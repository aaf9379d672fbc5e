//! sipp, which nobody here wrote, places calls to our phone and our gateway, takes calls from them, registers with them and
//! is registered with, over UDP and TCP on loopback.

#![allow(clippy::disallowed_methods, reason = "it waits for a program")]

mod support;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::process::Command;
use std::time::Duration;

use support::kinds::filled;
use support::{available, free_ports, root, run_within};
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver};
use tollgate_network::{Action, Driver, NodeId, Setup};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const START: Instant = Instant::from_unix_secs(1_790_000_000);
/// Where sipp is.
const OUTSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
/// Where the element is, here and in its messages.
const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 3));

/// One of our elements on real sockets.
struct Element {
    driver: LiveDriver,
    node: NodeId,
    kind: &'static tollgate_network::PeerKind,
    at: SocketAddr,
}

impl Element {
    fn new(kind: &str, port: u16, settings: Fields) -> Self {
        let at = SocketAddr::new(OWN, port);
        let map = AddressMap::new().with_outside_host(OUTSIDE, OUTSIDE).with_bound(at, at);
        let clock = LiveClock::starting_at(START, NonZeroU32::MIN);
        let mut driver = LiveDriver::new(clock, map, 4_711).expect("the machine has a network");
        let kind =
            tollgate_simulators::kinds().iter().find(|own| own.name == kind).expect("there is such a kind");
        let setup = Setup {
            name: "element".into(),
            address: OWN,
            servers: Vec::new(),
            diameter: Vec::new(),
            systems: Vec::new(),
            settings: filled(kind.settings, settings.with("port", i64::from(port))),
            seed: 4_711,
            observe: true,
        };
        let node = (kind.build)(setup).expect("its settings are right");
        let node = driver.add_node(&[OWN], node).expect("nobody has its address");
        Self { driver, node, kind, at }
    }

    fn does(&mut self, verb: &str, args: Fields) {
        let known = self.kind.verbs.iter().find(|own| own.name == verb).expect("there is such a verb");
        let action = Action { verb: verb.into(), args: filled(known.args, args) };
        self.driver.perform(self.node, &action).expect("it can");
    }

    /// Runs until the program has ended: what it said, and how often each sight with this subject was seen.
    fn runs_beside(
        &mut self,
        mut program: Command,
        subjects: &[(&str, &str, &str)],
    ) -> (bool, String, Vec<usize>) {
        let beside = std::thread::spawn(move || run_within(40, &mut program));
        let mut counts = vec![0; subjects.len()];
        let mut quiet = 0;
        // Half a second more for what comes after its end.
        while quiet < 5 {
            let until = self.driver.now() + Duration::from_millis(100);
            while let Some(seen) = self.driver.advance(until) {
                for (count, (sight, field, value)) in counts.iter_mut().zip(subjects) {
                    let own = seen.observation.fields().get(field).map(ToString::to_string);
                    *count += usize::from(seen.observation.kind == *sight && own.as_deref() == Some(*value));
                }
            }
            quiet += usize::from(beside.is_finished());
        }
        let (done, text) = beside.join().expect("it was waited for");
        (done, text, counts)
    }
}

fn sipp(arguments: &[&str], to: Option<SocketAddr>) -> Command {
    let mut command = Command::new("sipp");
    command.args(arguments).args(["-i", "127.0.0.1", "-nostdin", "-timeout", "30s", "-timeout_error"]);
    if let Some(to) = to {
        command.arg(to.to_string());
    }
    command.current_dir(std::env::temp_dir());
    command
}

/// Waits until sipp has its port: what it has not bound can be bound here.
fn wait_for_listener(port: u16, tcp: bool) {
    let free = || match tcp {
        true => std::net::TcpListener::bind(("127.0.0.1", port)).is_ok(),
        false => std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok(),
    };
    for _ in 0..500 {
        if !free() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("sipp does not listen");
}

fn sipp_is_here() -> bool {
    // It ends with 99 after its version.
    let known = Command::new("sipp").arg("-v").output().is_ok();
    known || available("sipp", &["-v"])
}

/// sipp's way to carry each of them.
const CARRIERS: [(&str, &str); 2] = [("u1", ""), ("t1", "/tcp")];

#[test]
fn sipp_calls_our_phone() {
    if !sipp_is_here() {
        return;
    }
    for (mode, _) in CARRIERS {
        let [port] = free_ports();
        let own = Fields::new().with("incoming", "answer").with("lines", 1_000_i64);
        let mut phone = Element::new("sip-phone", port, own);
        let call = sipp(&["-sn", "uac", "-t", mode, "-m", "100", "-r", "50", "-d", "500"], Some(phone.at));
        let seen = [("connected", "way", "in"), ("ended", "cause", "released"), ("ended", "cause", "lost")];
        let (done, text, counts) = phone.runs_beside(call, &seen);
        assert!(done, "{mode}: {text}");
        assert_eq!(counts, [100, 100, 0], "{mode}");
    }
}

#[test]
fn our_gateway_calls_sipp() {
    if !sipp_is_here() {
        return;
    }
    for (mode, over) in CARRIERS {
        let [port, theirs] = free_ports();
        let server = Value::List(vec![Value::text(format!("127.0.0.1:{theirs}{over}"))]);
        let mut gateway = Element::new("sip-gateway", port, Fields::new().with("servers", server));
        let port = theirs.to_string();
        let mut take = sipp(&["-sn", "uas", "-t", mode, "-m", "50", "-p", &port], None);
        let started = std::thread::spawn(move || run_within(40, &mut take));
        wait_for_listener(theirs, mode == "t1");
        for number in 0..50 {
            let call = Fields::new()
                .with("to", format!("38050{number:07}").as_str())
                .with("from", "44201234567")
                .with("talk", Value::Span(Duration::from_millis(300)));
            gateway.does("call", call);
        }
        let seen = [("connected", "way", "out"), ("ended", "cause", "hung-up"), ("ended", "cause", "failed")];
        let mut counts = [0; 3];
        while !started.is_finished() {
            let (_, _, more) = gateway.runs_beside(Command::new("true"), &seen);
            counts.iter_mut().zip(more).for_each(|(own, more)| *own += more);
        }
        let (done, text) = started.join().expect("it was waited for");
        assert!(done, "{mode}: {text}");
        assert_eq!(counts, [50, 50, 0], "{mode}");
    }
}

#[test]
fn sipp_registers_with_our_gateway_by_digest() {
    if !sipp_is_here() {
        return;
    }
    let script = root().join("cli/tests/peers/sipp_register.xml");
    for (mode, _) in CARRIERS {
        let [port] = free_ports();
        let list = |text: &str| Value::List(vec![Value::text(text)]);
        let own = Fields::new().with("accounts", list("1001:s3cret")).with("algorithms", list("MD5"));
        let mut gateway = Element::new("sip-gateway", port, own);
        let script = script.to_string_lossy().into_owned();
        let register = sipp(&["-sf", &script, "-t", mode, "-m", "20", "-r", "20"], Some(gateway.at));
        let (done, text, counts) = gateway.runs_beside(register, &[("bound", "user", "1001")]);
        assert!(done, "{mode}: {text}");
        assert_eq!(counts, [20], "{mode}");
    }
}

#[test]
fn our_phone_registers_with_sipp_by_digest() {
    if !sipp_is_here() {
        return;
    }
    let script = root().join("cli/tests/peers/sipp_registrar.xml").to_string_lossy().into_owned();
    for (mode, over) in CARRIERS {
        let [port, theirs] = free_ports();
        let own = Fields::new()
            .with("user", "1001")
            .with("password", "s3cret")
            .with("servers", Value::List(vec![Value::text(format!("127.0.0.1:{theirs}{over}"))]));
        let mut phone = Element::new("sip-phone", port, own);
        let port = theirs.to_string();
        let mut take = sipp(&["-sf", &script, "-t", mode, "-m", "1", "-p", &port], None);
        let server = std::thread::spawn(move || run_within(40, &mut take));
        wait_for_listener(theirs, mode == "t1");
        phone.does("register", Fields::new());
        let server_name = format!("127.0.0.1:{theirs}");
        let seen = [("registered", "server", server_name.as_str())];
        let (_, _, counts) = phone.runs_beside(Command::new("true"), &seen);
        let (done, text) = server.join().expect("it was waited for");
        assert!(done, "{mode}: {text}");
        assert_eq!(counts, [1], "{mode}");
    }
}
