//! An address that moves from one node to another, on the virtual network and on real sockets.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use tollgate_network::live::{AddressMap, LiveClock, LiveDriver};
use tollgate_network::{
    Action, ActionError, Driver, Fault, Frame, Impairment, Input, Node, NodeId, Observation, Output, Peer,
    SimDriver, StreamEvent, StreamId, StreamOrder, Transport,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const CALLER: [u8; 4] = [10, 98, 0, 1];
const FIRST: [u8; 4] = [10, 98, 0, 2];
const SECOND: [u8; 4] = [10, 98, 0, 3];
const VIRTUAL: [u8; 4] = [10, 98, 0, 9];
const PORT: u16 = 3868;

/// Claims the virtual address when it is told to, listens there, and answers every datagram with its own name. A caller
/// sends to the virtual address.
struct Twin {
    name: &'static str,
    own: IpAddr,
    out: VecDeque<Output>,
}

impl Twin {
    fn new(name: &'static str, own: [u8; 4]) -> Box<Self> {
        Box::new(Self { name, own: own.into(), out: VecDeque::new() })
    }

    fn note(&mut self, kind: &'static str, text: &str) {
        self.out.push_back(Output::Observe(Observation::new(kind, Fields::new().with("text", text))));
    }
}

impl Node for Twin {
    fn handle_input(&mut self, _: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => {
                let text = String::from_utf8_lossy(&frame.payload).into_owned();
                self.note("got", &text);
                if frame.to.ip() == IpAddr::from(VIRTUAL) {
                    self.out.push_back(Output::Transmit(frame.answer(self.name.as_bytes())));
                }
            }
            Input::Stream(stream, event) => match event {
                StreamEvent::Received(octets) => {
                    let text = String::from_utf8_lossy(octets).into_owned();
                    self.note("heard", &text);
                    if stream != StreamId::outgoing(1) {
                        let order = StreamOrder::Send(self.name.as_bytes().to_vec().into());
                        self.out.push_back(Output::Stream(stream, order));
                    }
                }
                StreamEvent::Closed(ending) => self.note("closed", ending.name()),
                StreamEvent::Refused(why) => self.note("refused", &why.to_string()),
                StreamEvent::Opened { .. } => self.note("opened", ""),
                _ => {}
            },
            Input::Timeout => {}
        }
    }

    fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _: Instant) {
        self.out.clear();
    }
}

impl Peer for Twin {
    fn perform(&mut self, _: Instant, action: &Action) -> Result<(), ActionError> {
        let at = SocketAddr::from((VIRTUAL, PORT));
        match action.verb.as_str() {
            "claim" => {
                self.out.push_back(Output::Claim(VIRTUAL.into()));
                let listen = StreamOrder::Listen { at, over: Transport::Tcp };
                self.out.push_back(Output::Stream(StreamId::outgoing(1 << 40), listen));
            }
            "send" => self.out.push_back(Output::Transmit(Frame {
                from: SocketAddr::new(self.own, 2_000),
                to: at,
                payload: "hello".into(),
            })),
            "connect" => {
                let from = SocketAddr::new(self.own, 0);
                let order = StreamOrder::Connect { from, to: at, over: Transport::Tcp };
                self.out.push_back(Output::Stream(StreamId::outgoing(1), order));
            }
            "say" => {
                let order = StreamOrder::Send("hello".into());
                self.out.push_back(Output::Stream(StreamId::outgoing(1), order));
            }
            other => return Err(ActionError::UnknownVerb(other.to_owned())),
        }
        Ok(())
    }
}

struct Play<'d> {
    driver: &'d mut dyn Driver,
    nodes: [NodeId; 3],
}

impl<'d> Play<'d> {
    fn on(driver: &'d mut dyn Driver) -> Self {
        let nodes = [("caller", CALLER), ("first", FIRST), ("second", SECOND)]
            .map(|(name, own)| driver.add_node(&[own.into()], Twin::new(name, own)).unwrap());
        Self { driver, nodes }
    }

    /// What everyone sees for a moment after one does something.
    fn after(&mut self, node: usize, verb: &'static str) -> Vec<String> {
        self.driver.perform(self.nodes[node], &Action::new(verb)).unwrap();
        self.moment()
    }

    fn moment(&mut self) -> Vec<String> {
        let until = self.driver.now() + Duration::from_millis(300);
        let mut notes = Vec::new();
        while let Some(seen) = self.driver.advance(until) {
            let who = self.nodes.iter().position(|node| *node == seen.node).unwrap();
            let fields = seen.observation.fields();
            let text = match (fields.get("text"), fields.get("taken")) {
                (Some(Value::Text(text)), _) => text.to_string(),
                (_, Some(taken)) => format!("{} {taken}", fields.get("address").unwrap()),
                _ => String::new(),
            };
            notes.push(format!("{who} {} {text}", seen.observation.kind).trim_end().to_owned());
        }
        notes.sort_unstable();
        notes
    }
}

fn datagrams_follow_the_address(driver: &mut dyn Driver) {
    let mut play = Play::on(driver);
    assert!(play.after(0, "send").is_empty(), "nobody has the address");
    assert_eq!(play.after(1, "claim"), ["1 claimed 10.98.0.9 false"]);
    assert_eq!(play.after(0, "send"), ["0 got first", "1 got hello"]);
    // It has it already, and listens there already.
    assert_eq!(play.after(1, "claim"), ["1 refused 10.98.0.9:3868 is listened at already"]);
    assert_eq!(play.after(2, "claim"), ["2 claimed 10.98.0.9 true"]);
    assert_eq!(play.after(0, "send"), ["0 got second", "2 got hello"]);
    // A holder that is down keeps its address until another one claims it.
    let second = play.nodes[2];
    play.driver.inject(Fault::Crash { node: second, until: None }).unwrap();
    assert!(play.after(0, "send").is_empty());
    play.after(1, "claim");
    assert_eq!(play.after(0, "send"), ["0 got first", "1 got hello"]);
    // Coming back does not take it back.
    play.driver.inject(Fault::Restart { node: second }).unwrap();
    assert_eq!(play.after(0, "send"), ["0 got first", "1 got hello"]);
}

fn connections_die_and_new_ones_reach_the_holder(driver: &mut dyn Driver) {
    let mut play = Play::on(driver);
    play.after(1, "claim");
    assert_eq!(play.after(0, "connect"), ["0 opened"]);
    assert_eq!(play.after(0, "say"), ["0 heard first", "1 heard hello"]);
    let moved = play.after(2, "claim");
    assert!(moved.contains(&"1 closed reset".to_owned()), "{moved:?}");
    let said = play.after(0, "say");
    let told = |notes: &[String]| notes.contains(&"0 closed reset".to_owned());
    assert!(told(&moved) || told(&said), "{moved:?} {said:?}");
    assert_eq!(play.after(0, "connect"), ["0 opened"]);
    assert_eq!(play.after(0, "say"), ["0 heard second", "2 heard hello"]);
}

fn virtual_network() -> SimDriver {
    let link = Impairment { latency: Duration::from_millis(10), ..Impairment::default() };
    SimDriver::new(Instant::EPOCH, 7).with_usual_link(link)
}

fn real_network() -> LiveDriver {
    let clock = LiveClock::starting_at(Instant::from_unix_secs(1_000_000_000), NonZeroU32::MIN);
    LiveDriver::new(clock, AddressMap::new(), 7).unwrap()
}

#[test]
fn datagrams_follow_a_claimed_address_in_virtual_time() {
    datagrams_follow_the_address(&mut virtual_network());
}

#[test]
fn datagrams_follow_a_claimed_address_on_real_sockets() {
    datagrams_follow_the_address(&mut real_network());
}

#[test]
fn connections_of_the_former_holder_die_in_virtual_time() {
    connections_die_and_new_ones_reach_the_holder(&mut virtual_network());
}

#[test]
fn connections_of_the_former_holder_die_on_real_sockets() {
    connections_die_and_new_ones_reach_the_holder(&mut real_network());
}

#[test]
fn what_is_under_way_arrives_at_the_new_holder() {
    let mut driver = virtual_network();
    let mut play = Play::on(&mut driver);
    play.after(1, "claim");
    // 10 ms from the caller; the address moves after 5.
    play.driver.perform(play.nodes[0], &Action::new("send")).unwrap();
    let until = play.driver.now() + Duration::from_millis(5);
    assert!(play.driver.advance(until).is_none());
    assert_eq!(play.after(2, "claim"), ["0 got second", "2 claimed 10.98.0.9 true", "2 got hello"]);
}
