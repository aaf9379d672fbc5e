//! The link to the other sites: connections, messages found in them, the watchdog's clock. What is to be done with a message
//! is decided in `serve`; nothing here knows of money.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tollgate_diameter::peer::ConnectionId;
use tollgate_network::{Output, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_ocs_core::Release;
use tollgate_ocs_core::site::PeriodId;
use tollgate_time::Instant;

use super::config::SiteConfig;
use super::message::{Garbage, Message, Reader, Standing};
use super::proxy::AUTHENTICATOR;

/// Streams of the link are counted from here; those of the Diameter face are below.
const FIRST_STREAM: u64 = 1 << 32;
/// Requests of each protocol that wait for the primary at most; the first is given up.
const RELAYS_MAX: usize = 65_536;
/// A connection that broke is made anew after this part of the watchdog's interval.
const RETRY_PART: u32 = 10;

/// What a site has of the others.
pub(crate) struct SiteFace {
    pub(super) config: Arc<SiteConfig>,
    /// Connections of others.
    pub(super) inbound: BTreeMap<StreamId, Inbound>,
    pub(super) outbound: Option<Outbound>,
    streams: u64,
    /// Which of the others is tried next.
    turn: usize,
    /// When the watchdog looks next; nothing before the first look.
    tick: Option<Instant>,
    retry: Option<Instant>,
    /// Looks in a row at which nothing had been heard.
    misses: u32,
    heard: bool,
    /// A primary that has restarted waits so long for what others have spent.
    pub(super) holds_until: Option<Instant>,
    /// Periods that must be locked before the wait is over.
    pub(super) locks_due: u32,
    /// An administrator has ended a time alone that was ordered.
    pub(super) goes_back: bool,
    /// What the primary is known to have of periods that are to be handed over.
    pub(super) known: BTreeMap<PeriodId, u64>,
    relays: BTreeMap<u64, ConnectionId>,
    relays_begun: u64,
    /// RADIUS requests that were passed on, with the authenticators that they have at the primary.
    passed: BTreeMap<(SocketAddr, u8), [u8; AUTHENTICATOR]>,
    /// What was last told of the site.
    pub(super) shown: &'static str,
    outputs: VecDeque<Output>,
}

/// A connection of another site.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    reader: Reader,
    pub(super) standing: Option<Standing>,
    /// How many commands were sent, and how many are there.
    pub(super) sent: u64,
    pub(super) got: u64,
}

/// The connection to another site.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) id: StreamId,
    reader: Reader,
    is_open: bool,
    /// What the other site says of itself.
    pub(super) standing: Option<Standing>,
}

/// What came of the watchdog's look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing to do.
    Quiet,
    /// The other site was not heard of too often.
    Lost,
}

impl SiteFace {
    pub(crate) fn new(config: SiteConfig) -> Self {
        let mut face = Self {
            config: Arc::new(config),
            inbound: BTreeMap::new(),
            outbound: None,
            streams: FIRST_STREAM,
            turn: 0,
            tick: None,
            retry: None,
            misses: 0,
            heard: false,
            holds_until: None,
            locks_due: 0,
            goes_back: false,
            known: BTreeMap::new(),
            relays: BTreeMap::new(),
            relays_begun: 0,
            passed: BTreeMap::new(),
            shown: "",
            outputs: VecDeque::new(),
        };
        face.listen();
        face
    }

    /// The power came back: connections are gone.
    pub(super) fn restart(&mut self) {
        let shown = self.shown;
        *self = Self { streams: self.streams, shown, ..Self::new(SiteConfig::clone(&self.config)) };
    }

    fn listen(&mut self) {
        let order = StreamOrder::Listen { at: self.config.listens_at(), over: Transport::Tcp };
        let id = self.next_stream();
        self.outputs.push_back(Output::Stream(id, order));
    }

    fn next_stream(&mut self) -> StreamId {
        self.streams += 1;
        StreamId::outgoing(self.streams)
    }

    /// Whether an event is about the link.
    pub(crate) fn owns(&self, id: StreamId, event: &StreamEvent) -> bool {
        match event {
            StreamEvent::Accepted { local, .. } => local.port() == self.config.port,
            _ if id.is_incoming() => self.inbound.contains_key(&id),
            _ => id.number() > FIRST_STREAM,
        }
    }

    /// Takes what happened to a connection. True where it is a connection that may have messages now.
    pub(super) fn take(&mut self, now: Instant, id: StreamId, event: &StreamEvent) -> bool {
        match event {
            StreamEvent::Accepted { remote, .. } => {
                if self.config.at(remote.ip()).is_none() {
                    self.outputs.push_back(Output::Stream(id, StreamOrder::Reset));
                    return false;
                }
                self.inbound.insert(id, Inbound::default());
                false
            }
            StreamEvent::Opened { .. } => {
                let own = self.outbound.as_mut().filter(|own| own.id == id);
                own.is_some_and(|own| {
                    own.is_open = true;
                    true
                })
            }
            StreamEvent::Received(octets) => {
                if let Some(own) = self.outbound.as_mut().filter(|own| own.id == id) {
                    own.reader.take(octets);
                } else if let Some(own) = self.inbound.get_mut(&id) {
                    own.reader.take(octets);
                }
                true
            }
            StreamEvent::Closed(_) | StreamEvent::Refused(_) => {
                self.forget(now, id);
                false
            }
            _ => false,
        }
    }

    fn forget(&mut self, now: Instant, id: StreamId) {
        self.inbound.remove(&id);
        if self.outbound.as_ref().is_some_and(|own| own.id == id) {
            self.outbound = None;
            self.turn = self.turn.wrapping_add(1);
            self.retry = Some(now + self.config.watchdog / RETRY_PART);
        }
    }

    /// Ends a connection that makes no sense.
    pub(super) fn reset(&mut self, now: Instant, id: StreamId) {
        self.outputs.push_back(Output::Stream(id, StreamOrder::Reset));
        self.forget(now, id);
    }

    /// The next message of a connection.
    pub(super) fn next_message(&mut self, id: StreamId) -> Result<Option<Message>, Garbage> {
        let reader = match self.outbound.as_mut().filter(|own| own.id == id) {
            Some(own) => Some(&mut own.reader),
            None => self.inbound.get_mut(&id).map(|own| &mut own.reader),
        };
        let message = reader.map_or(Ok(None), Reader::next)?;
        if message.is_some() && self.outbound.as_ref().is_some_and(|own| own.id == id) {
            self.heard = true;
        }
        Ok(message)
    }

    pub(super) fn send(&mut self, id: StreamId, message: &Message) {
        if let Some(octets) = message.octets() {
            self.outputs.push_back(Output::Stream(id, StreamOrder::Send(octets)));
        }
    }

    /// Says something to the primary, if the connection to it stands.
    pub(super) fn say(&mut self, message: &Message) {
        if let Some(id) = self.outbound.as_ref().filter(|own| own.is_open).map(|own| own.id) {
            self.send(id, message);
        }
    }

    /// What the other end of the own connection says of itself.
    pub(super) fn primary(&self) -> Option<&Standing> {
        self.outbound.as_ref()?.standing.as_ref()
    }

    /// The releases of those who follow.
    pub(super) fn follows(own: &Inbound, epoch: u64, release: Release) -> bool {
        own.standing.is_some_and(|standing| {
            standing.role == tollgate_ocs_core::Role::StandBy
                && standing.epoch == epoch
                && standing.release >= release
        })
    }

    /// The watchdog looks, if it is time.
    pub(super) fn look(&mut self, now: Instant, connects: bool) -> Look {
        if self.retry.is_some_and(|at| at <= now) {
            self.retry = None;
            if connects && self.outbound.is_none() {
                self.connect();
            }
        }
        let first = self.tick.is_none();
        if self.tick.is_some_and(|at| at > now) {
            return Look::Quiet;
        }
        self.tick = Some(now + self.config.watchdog);
        if !connects {
            return Look::Quiet;
        }
        self.misses = if self.heard || first { 0 } else { self.misses.saturating_add(1) };
        self.heard = false;
        let lost = self.misses >= self.config.misses.max(1);
        match self.outbound.as_ref().map(|own| (own.id, own.is_open)) {
            None => self.connect(),
            // It may hang for longer than anybody waits.
            Some((id, _)) if lost => self.reset(now, id),
            Some((id, true)) => self.send(id, &Message::Ping),
            Some(_) => {}
        }
        if lost { Look::Lost } else { Look::Quiet }
    }

    /// The other site was heard of, whatever the watchdog counts.
    pub(super) const fn forgive(&mut self) {
        self.misses = 0;
    }

    fn connect(&mut self) {
        let count = self.config.others.len();
        let Some(other) = self.config.others.get(self.turn.checked_rem(count).unwrap_or(0)) else { return };
        let from = SocketAddr::new(self.config.address, 0);
        let to = SocketAddr::new(other.address, self.config.port);
        let id = self.next_stream();
        let order = StreamOrder::Connect { from, to, over: Transport::Tcp };
        self.outputs.push_back(Output::Stream(id, order));
        self.outbound = Some(Outbound { id, reader: Reader::default(), is_open: false, standing: None });
    }

    /// When it has something to do.
    pub(crate) fn next_deadline(&self) -> Instant {
        let tick = self.tick.unwrap_or(Instant::EPOCH);
        self.retry.into_iter().chain(self.holds_until).fold(tick, Instant::min)
    }

    pub(crate) fn flush(&mut self, outputs: &mut VecDeque<Output>) {
        outputs.append(&mut self.outputs);
    }

    /// Remembers who waits for the answer to a Diameter request.
    pub(super) fn relay(&mut self, connection: ConnectionId) -> u64 {
        self.relays_begun += 1;
        self.relays.insert(self.relays_begun, connection);
        if self.relays.len() > RELAYS_MAX {
            self.relays.pop_first();
        }
        self.relays_begun
    }

    pub(super) fn relayed(&mut self, number: u64) -> Option<ConnectionId> {
        self.relays.remove(&number)
    }

    /// Remembers a RADIUS request that is passed on.
    pub(super) fn pass(&mut self, client: SocketAddr, identifier: u8, authenticator: [u8; AUTHENTICATOR]) {
        self.passed.insert((client, identifier), authenticator);
        if self.passed.len() > RELAYS_MAX {
            self.passed.pop_first();
        }
    }

    /// The authenticator that a request had at the primary. It may come again: so may the answer.
    pub(super) fn passed(&self, client: SocketAddr, identifier: u8) -> Option<&[u8; AUTHENTICATOR]> {
        self.passed.get(&(client, identifier))
    }

    /// How long another site may be silent before it is lost.
    pub(super) fn patience(&self) -> Duration {
        self.config.patience()
    }
}
