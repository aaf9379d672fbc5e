//! What a node has to say until its driver asks for it.

use std::collections::VecDeque;
use std::net::IpAddr;

use bytes::Bytes;
use tollgate_network::{Frame, Observation, Output, StreamId, StreamOrder};
use tollgate_time::Instant;
use tollgate_wire::Fields;

/// Outputs in the order in which they were made. Observations are built only where somebody reads them.
#[derive(Debug)]
pub struct Outbox {
    queue: VecDeque<Output>,
    observing: bool,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new(observing: bool) -> Self {
        Self { queue: VecDeque::new(), observing }
    }

    /// Whether anybody reads observations.
    #[must_use]
    pub const fn is_observing(&self) -> bool {
        self.observing
    }

    /// Sends a frame.
    pub fn transmit(&mut self, frame: Frame) {
        self.queue.push_back(Output::Transmit(frame));
    }

    /// Orders something of a connection.
    pub fn order(&mut self, stream: StreamId, order: StreamOrder) {
        self.queue.push_back(Output::Stream(stream, order));
    }

    /// Takes an address, whoever has it.
    pub fn claim(&mut self, address: IpAddr) {
        self.queue.push_back(Output::Claim(address));
    }

    /// Notes an observation; its fields are asked for only where somebody reads them.
    pub fn observe(&mut self, kind: &'static str, fields: impl FnOnce() -> Fields) {
        if self.observing {
            self.queue.push_back(Output::Observe(Observation::new(kind, fields())));
        }
    }

    /// Notes a message; `read` tells its fields from its octets if anybody looks.
    pub fn observe_message(&mut self, kind: &'static str, octets: &Bytes, read: fn(&[u8]) -> Fields) {
        if self.observing {
            self.queue.push_back(Output::Observe(Observation::message(kind, octets.clone(), read)));
        }
    }

    /// Notes an observation as part of the input that is being handled; its fields are asked for only where somebody reads them.
    pub fn hear(&mut self, kind: &'static str, fields: impl FnOnce() -> Fields) {
        if self.observing {
            self.queue.push_back(Output::Heard(Observation::new(kind, fields())));
        }
    }

    /// Notes a message that came, as part of the input that is being handled.
    pub fn hear_message(&mut self, kind: &'static str, octets: &Bytes, read: fn(&[u8]) -> Fields) {
        if self.observing {
            self.queue.push_back(Output::Heard(Observation::message(kind, octets.clone(), read)));
        }
    }

    /// The oldest output, else to be woken at the first of these times.
    pub fn poll_or_wait(&mut self, deadlines: &[Option<Instant>]) -> Output {
        self.poll().unwrap_or_else(|| Output::Wait(deadlines.iter().flatten().min().copied()))
    }

    /// The oldest output.
    pub fn poll(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    /// Forgets what has not been asked for.
    pub fn clear(&mut self) {
        self.queue.clear();
    }
}
