//! What the server of one node promises, on this machine's loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::{Chatter, alarm, say};
use tollgate_network::live::{LiveClock, Totals, UdpServer};
use tollgate_network::{Node, Observation, Peer};
use tollgate_time::Instant;

const LOOPBACK: &str = "127.0.0.1:0";
const ANY: [u8; 4] = [10, 0, 0, 1];

/// Runs a server beside a client; answers with what the server counted and observed.
fn serve(
    server: UdpServer,
    prepare: impl FnOnce(&LiveClock) -> Box<Chatter> + Send,
    client: impl FnOnce(&[SocketAddr], &UdpSocket),
) -> (Totals, Vec<(Instant, Observation)>) {
    let addresses: Vec<SocketAddr> = server.addresses().collect();
    let stop = AtomicBool::new(false);
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            let clock = LiveClock::time_of_day();
            let mut node = prepare(&clock);
            let mut observed = Vec::new();
            let totals = server.run(&mut *node, &clock, &stop, |at, seen| observed.push((at, seen))).unwrap();
            (totals, observed)
        });
        // The server must stop even when the client finds something wrong.
        let client = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client(&addresses, &socket)));
        stop.store(true, Ordering::Relaxed);
        let served = running.join().unwrap();
        client.unwrap();
        served
    })
}

fn bound(count: usize) -> UdpServer {
    UdpServer::bind(&vec![LOOPBACK.parse().unwrap(); count]).unwrap()
}

#[test]
fn every_request_is_answered_from_the_address_that_it_was_sent_to() {
    let (totals, observed) = serve(
        bound(2),
        |_| Chatter::echo(ANY),
        |addresses, client| {
            assert_ne!(addresses[0], addresses[1]);
            // More than a batch at once on either socket, and no more than the client's buffer holds.
            for number in 0..200_u32 {
                client.send_to(&number.to_be_bytes(), addresses[usize::from(number >= 100)]).unwrap();
            }
            let mut answers: Vec<(SocketAddr, u32)> = (0..200)
                .map(|_| {
                    let mut answer = [0; 4];
                    let (length, from) = client.recv_from(&mut answer).unwrap();
                    assert_eq!(length, 4);
                    (from, u32::from_be_bytes(answer))
                })
                .collect();
            answers.sort_by_key(|(_, number)| *number);
            let expected: Vec<(SocketAddr, u32)> =
                (0..200).map(|number| (addresses[usize::from(number >= 100)], number)).collect();
            assert_eq!(answers, expected);
        },
    );
    assert_eq!((totals.received, totals.sent, totals.refused, totals.cut), (200, 200, 0, 0));
    assert_eq!(observed.len(), 200);
    assert!(totals.batches <= 200);
}

#[test]
fn a_datagram_as_long_as_the_buffer_is_whole_and_a_longer_one_is_cut_and_counted() {
    let (totals, _) = serve(
        bound(1).with_datagram_max(100),
        |_| Chatter::echo(ANY),
        |addresses, client| {
            for length in [100, 101, 0, 60] {
                client.send_to(&vec![7; length], addresses[0]).unwrap();
                let mut answer = [0; 200];
                let (received, _) = client.recv_from(&mut answer).unwrap();
                assert_eq!(&answer[..received], &vec![7; length.min(100)]);
            }
        },
    );
    assert_eq!((totals.received, totals.cut), (4, 1));
}

#[test]
fn the_node_is_called_when_it_asked_to_be() {
    let begun = Instant::EPOCH + std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let (_, observed) = serve(
        bound(1),
        |clock| {
            let mut node = Chatter::echo(ANY);
            node.perform(clock.now(), &alarm(Duration::from_millis(30))).unwrap();
            node
        },
        |_, _| thread::sleep(Duration::from_millis(300)),
    );
    assert_eq!(observed.len(), 1);
    assert_eq!(observed[0].1.kind, "rang");
    assert!(observed[0].0 >= begun + Duration::from_millis(30));
}

#[test]
fn what_a_node_sends_from_elsewhere_is_refused_and_counted() {
    let (totals, observed) = serve(
        bound(1),
        |clock| {
            let mut node = Chatter::echo(ANY);
            node.perform(clock.now(), &say(ANY, "from 10.0.0.1, which is not the server's")).unwrap();
            node
        },
        |addresses, client| {
            client.send_to(b"still there?", addresses[0]).unwrap();
            assert_eq!(client.recv_from(&mut [0; 20]).unwrap().0, 12);
        },
    );
    assert_eq!((totals.refused, totals.sent), (1, 1));
    assert_eq!(observed.len(), 2);
}

#[test]
fn an_address_that_is_taken_is_named_in_the_error() {
    let taken = UdpSocket::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let _holder = UdpSocket::bind(taken).unwrap();
    let error = UdpServer::bind(&[taken]).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{taken} cannot be bound:")), "{error}");
}

#[test]
fn payloads_that_a_node_keeps_do_not_change_under_it() {
    /// Keeps what it hears, and answers with the first of it.
    #[derive(Default)]
    struct Keeper(Vec<tollgate_network::Frame>, Option<tollgate_network::Output>);

    impl Node for Keeper {
        fn handle_input(&mut self, _now: Instant, input: tollgate_network::Input<'_>) {
            if let tollgate_network::Input::Receive(frame) = input {
                self.0.push(frame.clone());
                let first = self.0[0].payload.clone();
                self.1 = Some(tollgate_network::Output::Transmit(frame.answer(first)));
            }
        }

        fn poll_output(&mut self) -> tollgate_network::Output {
            self.1.take().unwrap_or(tollgate_network::Output::Wait(None))
        }

        fn restart(&mut self, _now: Instant) {}
    }

    let server = bound(1);
    let address = server.addresses().next().unwrap();
    let stop = AtomicBool::new(false);
    let client = UdpSocket::bind(LOOPBACK).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut node = Keeper::default();
    let answers: Vec<[u8; 1]> = thread::scope(|scope| {
        scope.spawn(|| server.run(&mut node, &LiveClock::time_of_day(), &stop, |_, _| {}).unwrap());
        let answers = (0..200_u8).map(|number| {
            client.send_to(&[number], address).unwrap();
            let mut answer = [0xff; 1];
            // A failure must reach the assertion below, not leave the server running.
            let _length = client.recv_from(&mut answer);
            answer
        });
        let answers = answers.collect();
        stop.store(true, Ordering::Relaxed);
        answers
    });
    assert_eq!(answers, vec![[0]; 200]);
    assert!(node.0.iter().map(|frame| frame.payload[0]).eq(0..200));
}
