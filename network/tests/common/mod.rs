//! A peer for tests of drivers: says what it is told to, answers when it is an echo, notes what it hears.
#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_network::{
    Action, ActionError, Driver, Frame, Input, Node, NodeId, Observation, Output, Peer, Seen,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

/// The port that every test peer speaks from and listens on.
pub const PORT: u16 = 1813;

pub struct Chatter {
    address: IpAddr,
    echo: bool,
    outbox: VecDeque<Output>,
    deadline: Option<Instant>,
    /// Survives a restart, as a durable record does.
    restarts: i64,
}

impl Chatter {
    pub fn talker(address: [u8; 4]) -> Box<Self> {
        Box::new(Self {
            address: address.into(),
            echo: false,
            outbox: VecDeque::new(),
            deadline: None,
            restarts: 0,
        })
    }

    pub fn echo(address: [u8; 4]) -> Box<Self> {
        let mut chatter = Self::talker(address);
        chatter.echo = true;
        chatter
    }

    fn note(&mut self, kind: &'static str, fields: Fields) {
        self.outbox.push_back(Output::Observe(Observation::new(kind, fields)));
    }
}

impl Node for Chatter {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => {
                let text = String::from_utf8_lossy(&frame.payload).into_owned();
                self.note(
                    "heard",
                    Fields::new().with("text", text.as_str()).with("from", frame.from.to_string().as_str()),
                );
                if self.echo {
                    self.outbox.push_back(Output::Transmit(frame.answer(frame.payload.clone())));
                }
            }
            Input::Stream(..) => {}
            Input::Timeout => {
                let deadline = self.deadline.take().expect("a timeout that was asked for");
                assert!(deadline <= now, "called before its time");
                self.note("rang", Fields::new());
            }
        }
    }

    fn poll_output(&mut self) -> Output {
        self.outbox.pop_front().unwrap_or(Output::Wait(self.deadline))
    }

    fn restart(&mut self, _now: Instant) {
        self.outbox.clear();
        self.deadline = None;
        self.restarts += 1;
        let restarts = self.restarts;
        self.note("restarted", Fields::new().with("times", restarts));
    }
}

impl Peer for Chatter {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "say" => {
                let to = SocketAddr::new(
                    action.opt_address("to").ok_or_else(|| ActionError::BadArgument("to".into()))?,
                    PORT,
                );
                let payload = action.text("text")?.as_bytes().to_vec();
                let from = SocketAddr::new(self.address, PORT);
                self.outbox.push_back(Output::Transmit(Frame { from, to, payload: payload.into() }));
                self.note("said", Fields::new().with("text", action.text("text")?));
                Ok(())
            }
            "alarm" => {
                self.deadline = action.opt_span("in").map(|span| now + span);
                Ok(())
            }
            "hang" => Err(ActionError::Impossible("there is no call to hang up".into())),
            verb => Err(ActionError::UnknownVerb(verb.into())),
        }
    }
}

pub fn say(to: [u8; 4], text: &str) -> Action {
    Action::new("say").with("to", Value::Address(to.into())).with("text", text)
}

pub fn alarm(after: Duration) -> Action {
    Action::new("alarm").with("in", Value::Span(after))
}

/// Everything that is observed up to a moment.
pub fn all(driver: &mut impl Driver, until: Instant) -> Vec<Seen> {
    std::iter::from_fn(|| driver.advance(until)).collect()
}

/// What a node heard up to a moment, in order.
pub fn heard(driver: &mut impl Driver, node: NodeId, until: Instant) -> Vec<String> {
    let seen = all(driver, until);
    let mine = seen.iter().filter(|seen| seen.node == node && seen.observation.kind == "heard");
    mine.map(text).collect()
}

pub fn text(seen: &Seen) -> String {
    seen.observation.fields().get("text").map(ToString::to_string).unwrap_or_default()
}
