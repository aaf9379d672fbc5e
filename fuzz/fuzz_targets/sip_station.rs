//! Any octets, in datagrams and in pieces of a connection, at a phone that answers calls: it never panics, comes to rest,
//! and still answers OPTIONS.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tollgate_network::{Frame, Input, Output, StreamEvent, StreamId, Transport};
use tollgate_sip::transaction::Timers;
use tollgate_simulators::sip::agent::{Agent, Event};
use tollgate_simulators::sip::{Names, Station, StationSettings};
use tollgate_time::Instant;

const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));
/// More outputs than any input of this length can lead to.
const OUTPUTS_MAX: usize = 100_000;

const OPTIONS: &[u8] = b"OPTIONS sip:10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK7f3a91c2e5\r\n\
Max-Forwards: 70\r\nFrom: <sip:9@10.0.0.9>;tag=last\r\nTo: <sip:10.0.0.2>\r\nCall-ID: last\r\nCSeq: 1 OPTIONS\r\n\r\n";

fuzz_target!(|octets: &[u8]| {
    let settings = StationSettings {
        address: OWN,
        shown: None,
        ports: vec![5060],
        tcp: true,
        datagram_max: 1_300,
        timers: Timers::default(),
        names: Names::default(),
        stateless: false,
    };
    let mut agent = Agent::new(Station::new(settings, 7, true));
    let mut now = Instant::from_unix_secs(1_790_000_000);
    let (from, to) = (SocketAddr::new(OTHER, 5060), SocketAddr::new(OWN, 5060));
    let stream = StreamId::incoming(1);
    let accepted = StreamEvent::Accepted { local: to, remote: from, over: Transport::Tcp };
    agent.take(now, Input::Stream(stream, &accepted));
    // A line of zeros parts what arrives apart; every other part comes by the connection.
    for (place, part) in octets.split(|octet| *octet == 0).enumerate().filter(|(_, part)| !part.is_empty()) {
        let payload = Bytes::copy_from_slice(part);
        if place % 2 == 0 {
            agent.take(now, Input::Receive(&Frame { from, to, payload }));
        } else {
            agent.take(now, Input::Stream(stream, &StreamEvent::Received(payload)));
        }
        settle(&mut agent, now);
        now = now + Duration::from_millis(700);
        agent.take(now, Input::Timeout);
        settle(&mut agent, now);
    }
    agent.take(now, Input::Receive(&Frame { from, to, payload: Bytes::from_static(OPTIONS) }));
    assert!(settle(&mut agent, now), "OPTIONS is answered");
});

/// Answers what comes; says whether the last OPTIONS was answered.
fn settle(agent: &mut Agent, now: Instant) -> bool {
    let mut answered = false;
    while let Some(event) = agent.poll() {
        match event {
            Event::Offered(call, _) => drop(agent.answer(now, call)),
            Event::Request(id, request) => drop(agent.station.reply(now, id, &request, 200)),
            Event::Referred(call, ..) => drop(agent.notify(now, call, 200)),
            _ => {}
        }
    }
    for _ in 0..OUTPUTS_MAX {
        match agent.poll_output(&[]) {
            Output::Wait(_) => return answered,
            Output::Transmit(frame) => {
                answered |= frame.payload.starts_with(b"SIP/2.0 200") && frame.payload.windows(8).any(|own| own == b"tag=last");
            }
            _ => {}
        }
    }
    panic!("it never comes to rest");
}
