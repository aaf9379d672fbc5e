//! One node with many connections on real sockets.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

mod peers;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use peers::{PORT, Speaker, connect, say};
use tollgate_network::live::{LiveClock, StreamServer, StreamTotals, TlsSettings};
use tollgate_network::{Peer, Refusal, Transport};

/// An echo in a thread of its own.
struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(StreamTotals, Vec<String>)>,
}

impl Running {
    fn start(own: u8, over: Transport, tls: Option<TlsSettings>) -> Self {
        let host = IpAddr::V4(Ipv4Addr::new(127, 77, 0, own));
        let mut server = StreamServer::new().unwrap();
        if let Some(tls) = tls {
            server = server.with_tls(tls);
        }
        let address = server.bind(SocketAddr::new(host, PORT), over).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut notes = Vec::new();
            let mut node = Speaker::echo(host, over);
            let clock = LiveClock::time_of_day();
            let totals = server.run(&mut *node, &clock, &flag, |_, seen| {
                if matches!(seen.kind.as_str(), "accepted" | "closed" | "blocked" | "drained") {
                    notes.push(format!("{} {:?}", seen.kind, seen.fields().get("text")));
                }
            });
            (totals.unwrap(), notes)
        });
        Self { address, stop, thread }
    }

    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client
    }

    fn stop(self) -> (StreamTotals, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn message(text: &[u8]) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes(), text].concat()
}

fn answers(client: &mut TcpStream, text: &[u8]) {
    client.write_all(&message(text)).unwrap();
    let mut answer = vec![0; text.len() + 2];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, message(text));
}

#[test]
fn messages_are_answered_however_they_are_cut() {
    let server = Running::start(1, Transport::Tcp, None);
    let mut client = server.client();
    client.set_nodelay(true).unwrap();
    for octet in message(b"byte by byte") {
        client.write_all(&[octet]).unwrap();
        thread::sleep(Duration::from_millis(1));
    }
    // Many in one write come back in one read or several, in order.
    let many: Vec<u8> = (0..1_000_u32).flat_map(|number| message(&number.to_be_bytes())).collect();
    client.write_all(&many).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut back = Vec::new();
    client.read_to_end(&mut back).unwrap();
    assert!(back == [message(b"byte by byte"), many].concat());
    let (totals, _) = server.stop();
    // 14 octets and 1,000 messages of 6, both ways.
    assert_eq!((totals.accepted, totals.received, totals.sent), (1, 6_014, 6_014));
    assert!(totals.writes < 200, "{totals:?}");
}

#[test]
fn whoever_does_not_read_is_not_read_and_hurts_nobody() {
    let server = Running::start(2, Transport::Tcp, None);
    let mut slow = server.client();
    slow.set_nonblocking(true).unwrap();
    let long = message(&vec![b'x'; 60_000]);
    let (mut stuck, mut sent) = (0, 0_u64);
    // Far more than every buffer on the way: it goes no further when the server stops reading.
    while stuck < 100 && sent < 1 << 30 {
        match slow.write(&long) {
            Ok(length) => (stuck, sent) = (0, sent + u64::try_from(length).unwrap()),
            Err(_) => {
                stuck += 1;
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
    assert!(sent < 100 << 20, "{sent} octets were taken of one that reads nothing");
    let mut other = server.client();
    for _ in 0..100 {
        answers(&mut other, b"quick");
    }
    drop(slow);
    answers(&mut other, b"still there");
    let (totals, notes) = server.stop();
    assert!(notes.iter().any(|note| note.starts_with("blocked")), "{notes:?}");
    assert_eq!(totals.accepted, 2);
}

#[test]
fn ten_thousand_idle_connections_hurt_nobody() {
    // Both ends of each are in this process.
    let most = descriptors();
    let count = usize::try_from((most.saturating_sub(200) / 2).min(10_000)).unwrap();
    assert!(count >= 400, "only {most} descriptors are to be had");
    let server = Running::start(3, Transport::Tcp, None);
    let idle: Vec<TcpStream> = (0..count).map(|_| server.client()).collect();
    let mut client = server.client();
    let start = std::time::Instant::now();
    for _ in 0..1_000 {
        answers(&mut client, b"hello");
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?} for 1,000 answers beside {count}");
    drop(idle);
    answers(&mut client, b"hello");
    let (totals, _) = server.stop();
    assert_eq!(totals.accepted, u64::try_from(count).unwrap() + 1);
}

/// How many descriptors this process may have.
fn descriptors() -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

#[test]
fn what_is_no_tls_is_turned_away_and_counted() {
    let tls = TlsSettings::self_signed(&["tollgate.test"]).unwrap();
    let server = Running::start(4, Transport::Tls, Some(tls));
    let mut client = server.client();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let _either = client.read_to_end(&mut rest);
    // An alert of TLS at most (RFC 8446 section 6), nothing of ours.
    assert!(rest.is_empty() || rest[0] == 21, "{rest:?}");
    let (totals, notes) = server.stop();
    assert_eq!((totals.accepted, totals.insecure), (1, 1));
    assert!(notes.is_empty(), "{notes:?}");
}

/// Runs a caller until it has heard or was refused; answers with what it noted.
fn call(server: &Running, tls: TlsSettings) -> Vec<String> {
    let mut caller = Speaker::caller([127, 77, 1, 1]);
    caller.perform(tollgate_time::Instant::EPOCH, &connect(server.address.ip(), Transport::Tls)).unwrap();
    caller.perform(tollgate_time::Instant::EPOCH, &say("in secret|and more")).unwrap();
    let (stop, mut notes) = (AtomicBool::new(false), Vec::new());
    let mut own = StreamServer::new().unwrap().with_tls(tls);
    let clock = LiveClock::time_of_day();
    let ran = own.run(&mut *caller, &clock, &stop, |_, seen| {
        let text = seen.fields().get("text").map(ToString::to_string).unwrap_or_default();
        notes.push(format!("{} {text}", seen.kind));
        if matches!(notes.last().unwrap().as_str(), "heard and more") || seen.kind == "refused" {
            stop.store(true, Ordering::Relaxed);
        }
    });
    ran.unwrap();
    notes
}

#[test]
fn tls_is_agreed_on_with_whom_we_trust_and_with_nobody_else() {
    let tls = TlsSettings::self_signed(&["tollgate.test"]).unwrap();
    let server = Running::start(5, Transport::Tls, Some(tls.clone()));
    let notes = call(&server, tls.clone());
    let expected = ["said in secret", "said and more", "opened out-1", "heard in secret", "heard and more"];
    assert_eq!(notes, expected);
    let notes = call(&server, TlsSettings::self_signed(&["tollgate.test"]).unwrap());
    assert!(notes[2].starts_with("refused TLS was not agreed on: invalid peer certificate"), "{notes:?}");
    let notes = call(&server, tls.clone().expecting("somebody.else").unwrap());
    assert!(notes[2].contains("certificate"), "{notes:?}");
    // Everybody else is served on.
    assert_eq!(call(&server, tls), expected);
    let (totals, _) = server.stop();
    assert_eq!((totals.accepted, totals.insecure), (4, 2));
}

#[test]
fn a_machine_without_sctp_says_what_to_do_instead() {
    let mut server = StreamServer::new().unwrap();
    match server.bind("127.0.0.1:0".parse().unwrap(), Transport::Sctp) {
        Ok(_) => println!("this machine has SCTP"),
        Err(refusal) => {
            let text = refusal.to_string();
            assert!(matches!(refusal, Refusal::Unsupported(_)), "{text}");
            assert!(
                text.starts_with("this machine offers no SCTP (") && text.ends_with("use TCP or TLS"),
                "{text}"
            );
        }
    }
    let refusal = server.bind("127.0.0.1:0".parse().unwrap(), Transport::Tls).unwrap_err();
    assert_eq!(refusal.to_string(), "there are no certificates for TLS; give some, or use TCP");
    let taken = server.bind("127.0.0.1:0".parse().unwrap(), Transport::Tcp).unwrap();
    let refusal = server.bind(taken, Transport::Tcp).unwrap_err().to_string();
    assert!(refusal.starts_with(&format!("{taken} cannot be listened at: ")), "{refusal}");
}
