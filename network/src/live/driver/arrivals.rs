//! What arrives on a scenario's real connections, and how its nodes hear of it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use super::LiveDriver;
use super::talk::Talk;
use super::waiting::Waiting;
use crate::live::connections::Key;
use crate::numbering::Side;
use crate::{Ending, StreamEvent, StreamId, Transport};

impl LiveDriver {
    /// Takes what the sockets have to say.
    pub(super) fn hear_streams(&mut self) {
        // What fails here fails for every connection, and shows as their silence.
        let _failed = self.streams.connections.wait(Duration::ZERO);
        while let Some((key, _, event)) = self.streams.connections.next() {
            if let StreamEvent::Accepted { local, remote, over } = event {
                self.accepted(key, local, remote, over);
                continue;
            }
            let Some(id) = self.streams.keys.get(&key).copied() else { continue };
            let now = self.clock.now();
            let Some(link) = self.streams.links.get(&id) else { continue };
            let (node, peer) = (link.node, link.peer);
            // Between two nodes the sender's side has seen to it.
            let delay =
                if peer.is_none() && matches!(event, StreamEvent::Received(_) | StreamEvent::Closed(_)) {
                    self.delay(now, node, None)
                } else {
                    Duration::ZERO
                };
            if let Some(link) = self.streams.links.get_mut(&id) {
                link.arriving.push_back(Waiting { due: now + delay, since: now, what: event });
            }
            self.stream_due(id);
        }
        self.streams.connections.flush();
    }

    pub(super) fn accepted(&mut self, key: Key, local: SocketAddr, remote: SocketAddr, over: Transport) {
        let now = self.clock.now();
        let mut listeners = self.streams.listeners.iter();
        let here = |real: SocketAddr| {
            real.port() == local.port() && (real.ip() == local.ip() || real.ip().is_unspecified())
        };
        let Some((scenario, node)) =
            listeners.find(|(_, listener)| here(listener.real)).map(|(at, listener)| (*at, listener.node))
        else {
            return self.streams.connections.reset(key);
        };
        let (talk, peer) = match self.streams.callers.remove(&remote) {
            Some((talk, peer)) => (talk, Some(peer)),
            None => {
                if self.cast.links.cut(now, node, None) {
                    return self.streams.connections.reset(key);
                }
                let number = self.streams.count;
                self.streams.count += 1;
                let talk = Talk::new(number, [self.map.scenario(remote), scenario]);
                talk.call(&mut self.cast.record, now, None);
                self.streams.talks.insert(number, talk);
                (number, None)
            }
        };
        let Some(shown) = self.streams.talks.get_mut(&talk) else {
            return self.streams.connections.reset(key);
        };
        shown.ends += u8::from(peer.is_some());
        shown.stand(&mut self.cast.record, now);
        let (name, life) = (StreamId::incoming(talk), self.cast.slots[node.0].life);
        let from = shown.address(Side::Caller);
        let frame = Some(self.cast.record.tally.carried);
        self.add_link(node, life, name, Side::Callee, peer, talk, Some(key));
        let event = StreamEvent::Accepted { local: scenario, remote: from, over };
        self.tell(node, life, name, &event, frame);
    }

    pub(super) fn arrive_stream(&mut self, id: u64, event: StreamEvent) {
        let now = self.clock.now();
        let Some(link) = self.streams.links.get(&id) else { return };
        let (node, life, name, side, talk) = (link.node, link.life, link.name, link.side, link.talk);
        let (outside, dead, key) = (link.peer.is_none(), link.dead, link.key);
        match event {
            StreamEvent::Received(octets) => {
                if dead {
                    // Octets for one who is gone; one who has closed lets them pass.
                    if !link.closing {
                        self.cut_off(id);
                    }
                    return;
                }
                if outside && let Some(talk) = self.streams.talks.get_mut(&talk) {
                    talk.send(&mut self.cast.record, now, side.other(), &octets, None);
                }
                self.hand_over(id, octets);
            }
            StreamEvent::Closed(Ending::Orderly) => {
                let mut frame = None;
                if let Some(talk) = self.streams.talks.get_mut(&talk) {
                    frame = talk.finish(&mut self.cast.record, now, side.other());
                    talk.finish(&mut self.cast.record, now, side);
                }
                if let Some(key) = key {
                    self.streams.connections.close(key);
                }
                self.conclude(id, &event, frame);
            }
            StreamEvent::Closed(_) => {
                let mut frame = None;
                if let Some(talk) = self.streams.talks.get_mut(&talk) {
                    frame = talk.reset(&mut self.cast.record, now, side.other());
                }
                self.conclude(id, &event, frame);
            }
            StreamEvent::Refused(refusal) => self.refused(id, refusal),
            StreamEvent::Opened { .. } => {
                let Some(talk) = self.streams.talks.get_mut(&talk) else { return };
                talk.stand(&mut self.cast.record, now);
                let (local, remote) = (talk.address(side), talk.address(side.other()));
                let frame = Some(self.cast.record.tally.carried);
                self.tell(node, life, name, &StreamEvent::Opened { local, remote }, frame);
            }
            StreamEvent::Blocked | StreamEvent::Drained if dead => {}
            event => self.tell(node, life, name, &event, None),
        }
    }

    /// Gives a node its octets, segment by segment.
    pub(super) fn hand_over(&mut self, id: u64, mut octets: Bytes) {
        while !octets.is_empty()
            && let Some(link) = self.streams.links.get(&id)
            && !link.dead
        {
            let (node, life, name, side, talk) = (link.node, link.life, link.name, link.side, link.talk);
            let Some(shown) = self.streams.talks.get_mut(&talk) else { return };
            let (length, frame) = shown.take(side.other(), octets.len());
            let piece = octets.split_to(length.max(1).min(octets.len()));
            self.cast.record.tally.delivered += 1;
            self.tell(node, life, name, &StreamEvent::Received(piece), frame);
            let now = self.clock.now();
            if let Some(talk) = self.streams.talks.get_mut(&talk) {
                talk.confirm(&mut self.cast.record, now, side);
            }
        }
    }
}
