//! How many requests and answers of 300 octets pass through the server of connections in a second, with a client of the
//! same kind in a second thread: `cargo run --release -p tollgate-network --features live --example streams -- 64 4`
//! for 64 requests in flight on each of 4 connections.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant as Clock};

use bytes::{Buf, Bytes, BytesMut};
use tollgate_network::live::{LiveClock, StreamServer};
use tollgate_network::{Input, Node, Output, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_time::Instant;

const LENGTH: usize = 300;
const SECONDS: u64 = 5;

/// Answers every message with the same; or, as a client, every answer with a further request.
struct Echo {
    outbox: VecDeque<Output>,
    rest: BTreeMap<StreamId, BytesMut>,
    messages: Arc<AtomicU64>,
    in_flight: usize,
}

impl Echo {
    fn receive(&mut self, stream: StreamId, octets: &Bytes) {
        let mut octets = octets.clone();
        let rest = self.rest.entry(stream).or_default();
        let mut count = 0;
        if !rest.is_empty() {
            let missing = (LENGTH - rest.len()).min(octets.len());
            rest.extend_from_slice(&octets[..missing]);
            octets.advance(missing);
            if rest.len() < LENGTH {
                return;
            }
            self.outbox.push_back(Output::Stream(stream, StreamOrder::Send(rest.split().freeze())));
            count += 1;
        }
        while octets.len() >= LENGTH {
            let message = octets.split_to(LENGTH);
            self.outbox.push_back(Output::Stream(stream, StreamOrder::Send(message)));
            count += 1;
        }
        rest.extend_from_slice(&octets);
        self.messages.fetch_add(count, Ordering::Relaxed);
    }
}

impl Node for Echo {
    fn handle_input(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Stream(stream, StreamEvent::Received(octets)) => self.receive(stream, octets),
            Input::Stream(stream, StreamEvent::Opened { .. }) => {
                for _ in 0..self.in_flight {
                    let request = Bytes::from_static(&[7; LENGTH]);
                    self.outbox.push_back(Output::Stream(stream, StreamOrder::Send(request)));
                }
            }
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Output {
        self.outbox.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _now: Instant) {}
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let in_flight = arguments.next().unwrap_or(64);
    let connections: u64 = arguments.next().unwrap_or(1).try_into().unwrap_or(1);
    let stop = Arc::new(AtomicBool::new(false));
    let mut server = StreamServer::new().unwrap();
    let address = server.bind(SocketAddr::from(([127, 0, 0, 1], 0)), Transport::Tcp).unwrap();
    let run = |mut own: StreamServer, outbox: VecDeque<Output>| {
        let (messages, stop) = (Arc::new(AtomicU64::new(0)), Arc::clone(&stop));
        let mut node = Echo { outbox, rest: BTreeMap::new(), messages: Arc::clone(&messages), in_flight };
        let thread = thread::spawn(move || {
            let totals = own.run(&mut node, &LiveClock::time_of_day(), &stop, |_, _| {}).unwrap();
            (totals, std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default())
        });
        (messages, thread)
    };
    let (_, server) = run(server, VecDeque::new());
    let from = SocketAddr::from(([127, 0, 0, 1], 0));
    let connect = |number| {
        let order = StreamOrder::Connect { from, to: address, over: Transport::Tcp };
        Output::Stream(StreamId::outgoing(number), order)
    };
    let (answers, client) = run(StreamServer::new().unwrap(), (0..connections).map(connect).collect());
    thread::sleep(Duration::from_millis(500));
    let (start, before) = (Clock::now(), answers.load(Ordering::Relaxed));
    thread::sleep(Duration::from_secs(SECONDS));
    let done = u128::from(answers.load(Ordering::Relaxed) - before);
    let millis = start.elapsed().as_millis();
    stop.store(true, Ordering::Relaxed);
    println!("{} requests and answers a second", done * 1_000 / millis);
    for (who, thread) in [("server", server), ("client", client)] {
        let (totals, stat) = thread.join().unwrap();
        let ticks: u64 =
            stat.split_whitespace().skip(13).take(2).filter_map(|own| own.parse::<u64>().ok()).sum();
        println!(
            "{who}: {} octets a read, {} a write, {}0 ms of CPU in {} ms",
            totals.received / totals.reads.max(1),
            totals.sent / totals.writes.max(1),
            ticks,
            millis + 500
        );
    }
}
