//! Requests and answers of applications: routed, matched, sent again to another peer.

use std::sync::Arc;
use std::time::Duration;

use tollgate_time::Instant;

use super::action::{Action, Failure, Note, RequestId};
use super::endpoint::Endpoint;
use super::identity::same;
use super::link::ConnectionId;
use super::pending::{Waiting, Wanter};
use super::relay::{self, Relay};
use crate::{Builder, CommandFlags, Message, ResultCode, avp, raw};

/// How a request of this node is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sending<'a> {
    /// To this peer, whatever the routes say.
    pub via: Option<&'a str>,
    /// To no other peer, should this one fail (CC-Session-Failover not supported).
    pub pinned: bool,
    /// With the identifiers that it has; else both are written, the End-to-End Identifier where it is 0.
    pub as_is: bool,
    /// How long the answer may take, if not as long as the settings say.
    pub within: Option<Duration>,
}

/// Where a request is to go.
struct Target<'a> {
    host: Option<&'a str>,
    realm: Option<&'a str>,
    application: u32,
    via: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn of(message: &Message<'a>) -> Self {
        Self {
            host: message.text(avp::DESTINATION_HOST),
            realm: message.text(avp::DESTINATION_REALM),
            application: message.header.application,
            via: None,
        }
    }
}

impl Endpoint {
    /// Sends a request of this node. [`Action::Answer`] or [`Action::Failed`] follows under this number.
    pub fn request(&mut self, now: Instant, octets: Vec<u8>, sending: Sending<'_>) -> RequestId {
        let number = self.pending.number();
        let request = RequestId(number);
        if let Err(failure) = self.send_request(now, number, octets, sending) {
            self.act(Action::Failed { request, failure });
        }
        request
    }

    /// Nobody waits for the answer any more; should it come, it is dropped and noted.
    pub fn forget(&mut self, request: RequestId) -> bool {
        self.pending.forget(request)
    }

    /// Answers a request of a peer. Answers `false` where its connection is gone.
    pub fn answer(&mut self, connection: ConnectionId, octets: Vec<u8>) -> bool {
        let open = self.links.contains_key(&connection);
        if open {
            self.act(Action::Send { connection, octets });
        }
        open
    }

    /// Sends octets to a peer as they are. Answers `false` where it has no connection.
    pub fn send_raw(&mut self, host: &str, octets: Vec<u8>) -> bool {
        let connection = self.find(host).and_then(|peer| self.peers[peer].connection());
        self.transmit(connection, Some(octets));
        connection.is_some()
    }

    fn send_request(
        &mut self,
        now: Instant,
        number: u64,
        mut octets: Vec<u8>,
        sending: Sending<'_>,
    ) -> Result<(), Failure> {
        if self.pending.len() >= self.settings.pending_max {
            return Err(Failure::TooBusy);
        }
        let message = Message::parse(&octets).map_err(|_| Failure::Malformed)?;
        let header = message.header;
        if !header.is_request() {
            return Err(Failure::Malformed);
        }
        let peer = self.pick(&Target { via: sending.via, ..Target::of(&message) }, &[])?;
        let connection = self.peers[peer].connection().ok_or(Failure::UnableToDeliver)?;
        let mut hop_by_hop = header.hop_by_hop;
        if !sending.as_is {
            hop_by_hop = self.next_hop(connection);
            if header.end_to_end == 0 {
                raw::set_end_to_end(&mut octets, self.next_end());
            }
            raw::set_hop_by_hop(&mut octets, hop_by_hop);
        }
        self.act(Action::Send { connection, octets: octets.clone() });
        let waiting = Waiting {
            wanter: Wanter::Own(RequestId(number)),
            octets,
            peer,
            connection,
            hop_by_hop,
            tried: Vec::new(),
            failover: !sending.pinned,
            deadline: now + sending.within.unwrap_or(self.settings.answer_within),
        };
        self.pending.insert(number, waiting);
        Ok(())
    }

    /// The peer for a request: the named one, the one of its Destination-Host, else the best of its
    /// route, without those that were tried.
    fn pick(&self, target: &Target<'_>, tried: &[usize]) -> Result<usize, Failure> {
        let usable = |peer: usize| {
            let own = &self.peers[peer];
            let knows = own.remote.as_ref().is_some_and(|remote| remote.applications.has(target.application));
            own.is_up() && knows && !tried.contains(&peer)
        };
        if let Some(via) = target.via {
            return self.find(via).filter(|peer| usable(*peer)).ok_or(Failure::UnableToDeliver);
        }
        let neighbour = target.host.and_then(|host| self.find(host));
        if let Some(peer) = neighbour.filter(|peer| usable(*peer)) {
            return Ok(peer);
        }
        let Some(route) = self.routes.find(target.realm, target.application) else {
            return Err(if neighbour.is_some() { Failure::UnableToDeliver } else { Failure::RealmNotServed });
        };
        let ranked = route.peers.iter().filter_map(|(host, rank)| Some((*rank, self.find(host)?)));
        let mut best: Option<(u16, usize)> = None;
        for (rank, peer) in ranked.filter(|(_, peer)| usable(*peer)) {
            if best.is_none_or(|best| rank < best.0) {
                best = Some((rank, peer));
            }
        }
        best.map(|best| best.1).ok_or(Failure::UnableToDeliver)
    }

    /// What waits for a peer that failed goes to another one, marked as perhaps sent before.
    pub(super) fn fail_over(&mut self, now: Instant, peer: usize) {
        for (number, waiting) in self.pending.of_peer(peer) {
            self.send_again(now, number, waiting, true);
        }
    }

    /// Sends a request to the next peer. One that was refused was not worked on, so it is not marked.
    fn send_again(&mut self, now: Instant, number: u64, mut waiting: Waiting, mark: bool) {
        let failed = waiting.peer;
        waiting.tried.push(failed);
        match self.next_peer(&mut waiting) {
            Ok((peer, connection)) if waiting.deadline > now => {
                let flags = CommandFlags::from_bits(waiting.octets.get(4).copied().unwrap_or_default());
                if mark {
                    raw::set_flags(&mut waiting.octets, flags.with(CommandFlags::RETRANSMITTED).bits());
                }
                waiting.peer = peer;
                waiting.connection = connection;
                waiting.hop_by_hop = self.next_hop(connection);
                raw::set_hop_by_hop(&mut waiting.octets, waiting.hop_by_hop);
                let (from, to) = (Arc::clone(&self.peers[failed].host), Arc::clone(&self.peers[peer].host));
                self.note(Note::FailedOver { from, to });
                self.act(Action::Send { connection, octets: waiting.octets.clone() });
                self.pending.insert(number, waiting);
            }
            Ok(_) => self.give_up(waiting, Failure::Timeout),
            Err(failure) => self.give_up(waiting, failure),
        }
    }

    /// The peer that gets a request after those that were tried. A Destination-Host that named the one
    /// that failed names this one, where the request is this node's own.
    fn next_peer(&self, waiting: &mut Waiting) -> Result<(usize, ConnectionId), Failure> {
        if !waiting.failover {
            return Err(Failure::UnableToDeliver);
        }
        let message = Message::parse(&waiting.octets).map_err(|_| Failure::Malformed)?;
        let target = Target::of(&message);
        let peer = self.pick(&target, &waiting.tried)?;
        let connection = self.peers[peer].connection().ok_or(Failure::UnableToDeliver)?;
        let named = |tried: &usize| target.host.is_some_and(|host| same(host, &self.peers[*tried].host));
        if waiting.tried.iter().any(named) {
            if matches!(waiting.wanter, Wanter::Peer { .. }) {
                return Err(Failure::UnableToDeliver);
            }
            waiting.octets =
                relay::redirected(&message, &self.peers[peer].host).map_err(|_| Failure::Malformed)?;
        }
        Ok((peer, connection))
    }

    fn give_up(&mut self, waiting: Waiting, failure: Failure) {
        match waiting.wanter {
            Wanter::Own(request) => self.act(Action::Failed { request, failure }),
            Wanter::Peer { connection, hop_by_hop } => {
                let mut octets = waiting.octets;
                raw::set_hop_by_hop(&mut octets, hop_by_hop);
                if let Ok(message) = Message::parse(&octets) {
                    self.protocol_error(connection, &message, failure.result_code());
                }
            }
        }
    }

    pub(super) fn expire_requests(&mut self, now: Instant) {
        while let Some(waiting) = self.pending.expired(now) {
            self.give_up(waiting, Failure::Timeout);
        }
    }

    pub(super) fn receive_answer(&mut self, now: Instant, connection: ConnectionId, message: &Message<'_>) {
        let hop_by_hop = message.header.hop_by_hop;
        let Some((number, waiting)) = self.pending.answered(connection, hop_by_hop) else {
            return self.note(Note::UnmatchedAnswer { hop_by_hop });
        };
        let code = message.result_code();
        let refused = message.header.flags.has(CommandFlags::ERROR)
            && matches!(code, Some(ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY));
        // RFC 6733 section 7.1.3: another peer may be able to; where there is none, the answer stands.
        if refused && waiting.failover {
            let mut probe = waiting.clone();
            probe.tried.push(waiting.peer);
            if self.next_peer(&mut probe).is_ok() {
                return self.send_again(now, number, waiting, false);
            }
        }
        let host = Arc::clone(&self.peers[waiting.peer].host);
        match waiting.wanter {
            Wanter::Own(request) => {
                self.act(Action::Answer { request, peer: host, octets: message.bytes().to_vec() });
            }
            Wanter::Peer { connection, hop_by_hop } => {
                let own = &self.settings.identity.host;
                if let Ok(octets) = relay::returned(message, own, hop_by_hop) {
                    self.answer(connection, octets);
                }
            }
        }
    }

    pub(super) fn receive_request(
        &mut self,
        now: Instant,
        peer: usize,
        connection: ConnectionId,
        message: &Message<'_>,
    ) {
        let header = &message.header;
        let own = &self.settings.identity.host;
        let elsewhere = message.text(avp::DESTINATION_HOST).is_some_and(|host| !same(host, own));
        let served = self.settings.applications.serves(header.application);
        if served && !elsewhere || self.settings.steered {
            let host = Arc::clone(&self.peers[peer].host);
            return self.act(Action::Request { peer: host, connection, octets: message.bytes().to_vec() });
        }
        if self.settings.relay == Relay::Off {
            let code =
                if served { ResultCode::UNABLE_TO_DELIVER } else { ResultCode::APPLICATION_UNSUPPORTED };
            return self.protocol_error(connection, message, code);
        }
        if let Err(code) = self.pass_on(now, peer, connection, message) {
            self.protocol_error(connection, message, code);
        }
    }

    /// Passes a request of a peer on, as its owner may have changed it: to its Destination-Host, else by its realm. What cannot
    /// be passed on is answered.
    pub fn forward(&mut self, now: Instant, peer: &str, connection: ConnectionId, octets: &[u8]) {
        let (Some(from), Ok(message)) = (self.find(peer), Message::parse(octets)) else { return };
        if let Err(code) = self.pass_on(now, from, connection, &message) {
            self.protocol_error(connection, &message, code);
        }
    }

    fn pass_on(
        &mut self,
        now: Instant,
        from: usize,
        connection: ConnectionId,
        message: &Message<'_>,
    ) -> Result<(), ResultCode> {
        let own = &self.settings.identity.host;
        if relay::loops(message, own) {
            return Err(ResultCode::LOOP_DETECTED);
        }
        if self.pending.len() >= self.settings.pending_max {
            return Err(ResultCode::TOO_BUSY);
        }
        // It never goes back to where it came from.
        let peer = self.pick(&Target::of(message), &[from]).map_err(Failure::result_code)?;
        let onward = self.peers[peer].connection().ok_or(ResultCode::UNABLE_TO_DELIVER)?;
        let sender = Arc::clone(&self.peers[from].host);
        let mut octets = relay::forwarded(message, &self.settings.relay, &sender, own)
            .map_err(|_| ResultCode::UNABLE_TO_DELIVER)?;
        let hop_by_hop = self.next_hop(onward);
        raw::set_hop_by_hop(&mut octets, hop_by_hop);
        self.act(Action::Send { connection: onward, octets: octets.clone() });
        let number = self.pending.number();
        let waiting = Waiting {
            wanter: Wanter::Peer { connection, hop_by_hop: message.header.hop_by_hop },
            octets,
            peer,
            connection: onward,
            hop_by_hop,
            tried: vec![from],
            failover: true,
            deadline: now + self.settings.answer_within,
        };
        self.pending.insert(number, waiting);
        Ok(())
    }

    /// Answers with the E flag (RFC 6733 section 7.2).
    fn protocol_error(&mut self, connection: ConnectionId, request: &Message<'_>, code: ResultCode) {
        let mut builder = Builder::answer(request);
        self.settings.identity.write(&mut builder);
        builder.result(code);
        builder.proxy_infos(request);
        if let Ok(octets) = builder.finish() {
            self.answer(connection, octets);
        }
    }
}
