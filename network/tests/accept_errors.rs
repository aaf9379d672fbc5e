//! A server in a process that runs out of descriptors; alone in its program, as the limit concerns all of it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

mod peers;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use peers::{PORT, Speaker};
use tollgate_network::live::{LiveClock, StreamServer, UdpServer};
use tollgate_network::{Input, Node, Output, Transport};
use tollgate_time::Instant;

/// Answers datagrams as well.
struct Both {
    speaker: Box<Speaker>,
    answers: Vec<Output>,
}

impl Node for Both {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        if let Input::Receive(frame) = input {
            self.answers.push(Output::Transmit(frame.answer(frame.payload.clone())));
        }
        self.speaker.handle_input(now, input);
    }

    fn poll_output(&mut self) -> Output {
        self.answers.pop().unwrap_or_else(|| self.speaker.poll_output())
    }

    fn restart(&mut self, _now: Instant) {}
}

fn limit(descriptors: &str) -> bool {
    let id = std::process::id().to_string();
    let done = Command::new("prlimit").args(["--pid", &id, &format!("--nofile={descriptors}:")]).status();
    done.is_ok_and(|status| status.success())
}

fn answers(client: &mut TcpStream) {
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.write_all(b"\0\x05hello").unwrap();
    let mut answer = [0; 7];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\0\x05hello");
}

#[test]
fn a_server_without_descriptors_serves_on_and_takes_who_waits_when_there_is_room() {
    let host = "127.77.2.1".parse().unwrap();
    let udp = UdpServer::bind(&[SocketAddr::new(host, 0)]).unwrap();
    let datagrams = udp.addresses().next().unwrap();
    let mut streams = StreamServer::new().unwrap();
    let address = streams.bind(SocketAddr::new(host, PORT), Transport::Tcp).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let server = thread::spawn(move || {
        let mut node = Both { speaker: Speaker::echo(host, Transport::Tcp), answers: Vec::new() };
        let ran = udp.run_with(&mut streams, &mut node, &LiveClock::time_of_day(), &flag, |_, _| {});
        (ran.unwrap(), streams.totals())
    });
    let mut early = TcpStream::connect(address).unwrap();
    answers(&mut early);
    if !limit("64") {
        // Without the tool there is no way to run out.
        stop.store(true, Ordering::Relaxed);
        server.join().unwrap();
        return;
    }
    // Both ends of each are in this process: clients take what is left, and those that are connected but not
    // accepted wait.
    let mut clients: Vec<TcpStream> =
        std::iter::from_fn(|| TcpStream::connect(address).ok()).take(64).collect();
    thread::sleep(Duration::from_millis(200));
    // One that is connected is served, and so are datagrams.
    answers(&mut early);
    // The limit concerns new descriptors only; the test needs one for itself.
    assert!(limit("80"));
    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
    own.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    own.send_to(b"ping", datagrams).unwrap();
    let mut answer = [0; 8];
    let (length, _) = own.recv_from(&mut answer).unwrap();
    assert_eq!(&answer[..length], b"ping");
    // When there is room again, everybody is.
    assert!(limit("1000"));
    for client in &mut clients {
        answers(client);
    }
    stop.store(true, Ordering::Relaxed);
    let (datagrams, totals) = server.join().unwrap();
    assert_eq!((datagrams.received, datagrams.sent), (1, 1));
    assert!(totals.accept_errors > 0, "{totals:?}");
    assert_eq!(totals.accepted, 1 + u64::try_from(clients.len()).unwrap());
}
