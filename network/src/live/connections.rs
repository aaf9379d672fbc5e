//! Real connections: sockets that never block, watched together, for one thread.
//!
//! Octets are read in large pieces and written in one go for each connection. What a connection has to send is
//! bounded by [`UNSENT_MAX`]; what it is sent, by what the machine keeps for a socket, as nothing is read before
//! it can be handed over. Knows no node and no scenario.

mod setup;
mod transfer;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Poll};
use slab::Slab;
use socket2::SockRef;

use crate::live::tls::TlsSettings;
use crate::stream::UNSENT_MAX;
use crate::{Ending, StreamEvent, StreamId, Transport};

/// So many connections may stand at once; whoever comes then is turned away.
pub const CONNECTIONS_MAX: usize = 65_536;
/// How long what is left may take to be sent, and the other end to close as well, after a close.
const LINGER_MAX: Duration = Duration::from_secs(10);
const EVENTS_MAX: usize = 1_024;

/// A socket, for as long as it is open: its place, and which of those that have been there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    place: usize,
    serial: u64,
}

/// What connections did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamTotals {
    /// Connections that others started.
    pub accepted: u64,
    /// Connections that came when there were [`CONNECTIONS_MAX`] already.
    pub turned_away: u64,
    /// Times that the machine had no room for a connection.
    pub accept_errors: u64,
    /// Connections on which TLS was not agreed, or was broken.
    pub insecure: u64,
    /// Connections that were reset, by either side.
    pub reset: u64,
    /// Octets that were read.
    pub received: u64,
    /// Octets that the machine took for sending.
    pub sent: u64,
    /// Reads that brought octets; `received / reads` is the size of a piece.
    pub reads: u64,
    /// Writes that took octets.
    pub writes: u64,
}

/// Every socket of a driver or server.
#[derive(Debug)]
pub(crate) struct Connections {
    poll: Poll,
    events: Events,
    sockets: Slab<Slot>,
    serial: u64,
    tls: Option<TlsSettings>,
    /// What has more for us without saying so again.
    ready: VecDeque<Key>,
    /// What has something to be written.
    dirty: Vec<Key>,
    happened: VecDeque<(Key, StreamId, StreamEvent)>,
    /// What has to be done by then, in order, as all of a kind wait equally long.
    deadlines: VecDeque<(Instant, Key)>,
    /// Listeners that the machine had no room for.
    resting: Vec<(Instant, Key)>,
    buffer: BytesMut,
    /// Stops reading what does not take its answers.
    holding: bool,
    pub(crate) totals: StreamTotals,
}

#[derive(Debug)]
struct Slot {
    serial: u64,
    name: StreamId,
    over: Transport,
    what: What,
}

#[derive(Debug)]
enum What {
    Listener(TcpListener),
    Connection(Box<Connection>),
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    tls: Option<rustls::Connection>,
    state: State,
    local: SocketAddr,
    remote: SocketAddr,
    /// What is to be written, and how much of it is.
    out: Vec<u8>,
    written: usize,
    paused: bool,
    blocked: bool,
    /// There is more to read, as far as is known.
    readable: bool,
    /// The machine has said that nothing comes after what there is: no further word of it will come.
    last: bool,
    /// The other end has said everything.
    ended: bool,
    /// The node has closed it.
    closed: bool,
    /// The node knows that it is over: when everything is written, our direction ends as well.
    known: bool,
    shut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    /// TLS is being agreed on.
    Greeting {
        incoming: bool,
    },
    Open,
    /// What is left is sent; nobody listens any more.
    Closing,
}

impl Connection {
    fn unsent(&self) -> usize {
        self.out.len() - self.written
    }

    /// What TLS has to say goes behind what is to be written.
    fn encrypt(&mut self) {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                // A vector takes everything.
                let Ok(_length) = tls.write_tls(&mut self.out) else { break };
            }
        }
    }
}

impl Connections {
    pub(crate) fn new(tls: Option<TlsSettings>, holding: bool) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_MAX),
            sockets: Slab::new(),
            serial: 0,
            tls,
            ready: VecDeque::new(),
            dirty: Vec::new(),
            happened: VecDeque::new(),
            deadlines: VecDeque::new(),
            resting: Vec::new(),
            buffer: BytesMut::new(),
            holding,
            totals: StreamTotals::default(),
        })
    }

    pub(crate) fn set_tls(&mut self, tls: TlsSettings) {
        self.tls = Some(tls);
    }

    /// The same to be kept by whoever waits for it.
    pub(crate) fn set(&self) -> io::Result<OwnedFd> {
        self.poll.registry().as_fd().try_clone_to_owned()
    }

    /// What becomes readable when something has happened.
    pub(crate) fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.sockets.get_mut(key.place).filter(|socket| socket.serial == key.serial)
    }

    fn connection(&mut self, key: Key) -> Option<(StreamId, &mut Connection)> {
        match self.get(key)? {
            Slot { name, what: What::Connection(connection), .. } => Some((*name, connection)),
            Slot { .. } => None,
        }
    }

    /// The key that an incoming stream was given its name from.
    pub(crate) fn key_of(&self, name: StreamId) -> Option<Key> {
        let place = usize::try_from(name.number() & PLACE_MASK).ok()?;
        Some(Key { place, serial: name.number() >> PLACE_BITS })
    }

    /// The local and the remote address.
    pub(crate) fn addresses(&mut self, key: Key) -> Option<(SocketAddr, SocketAddr)> {
        self.connection(key).map(|(_, connection)| (connection.local, connection.remote))
    }

    /// Whether there is more to be done at once.
    pub(crate) fn is_busy(&self) -> bool {
        !self.ready.is_empty() || !self.happened.is_empty()
    }

    /// How long one may wait at most before [`Self::wait`] has something to do by itself.
    pub(crate) fn patience(&self) -> Duration {
        if self.is_busy() {
            return Duration::ZERO;
        }
        let rests = self.resting.iter().map(|(at, _)| *at);
        let next = rests.chain(self.deadlines.front().map(|(at, _)| *at)).min();
        next.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Has octets sent; [`Self::flush`] writes them.
    pub(crate) fn send(&mut self, key: Key, octets: &[u8]) {
        let Some((_, connection)) = self.connection(key) else { return };
        // Answers to what came before the end are still sent.
        if connection.closed || connection.shut {
            return;
        }
        if connection.unsent() + octets.len() > UNSENT_MAX {
            return self.end(key, Ending::Reset);
        }
        match &mut connection.tls {
            // It keeps what comes before it is agreed on.
            Some(tls) => {
                let _everything = tls.writer().write_all(octets);
            }
            None => connection.out.extend_from_slice(octets),
        }
        if self.dirty.last() != Some(&key) {
            self.dirty.push(key);
        }
    }

    /// Writes what was sent, one write for a connection.
    pub(crate) fn flush(&mut self) {
        for place in 0..self.dirty.len() {
            self.write(self.dirty[place]);
        }
        self.dirty.clear();
    }

    pub(crate) fn pause(&mut self, key: Key, paused: bool) {
        let Some((_, connection)) = self.connection(key) else { return };
        connection.paused = paused;
        if !paused && connection.readable {
            self.ready.push_back(key);
        }
    }

    /// Sends what is left, then ends it in order. A listener stops.
    pub(crate) fn close(&mut self, key: Key) {
        let Some((_, connection)) = self.connection(key) else { return self.remove(key) };
        (connection.closed, connection.known) = (true, true);
        match connection.state {
            State::Open => {
                connection.state = State::Closing;
                connection.paused = false;
                if let Some(tls) = &mut connection.tls {
                    tls.send_close_notify();
                }
                let readable = connection.readable;
                self.deadlines.push_back((Instant::now() + LINGER_MAX, key));
                self.dirty.push(key);
                if readable {
                    self.ready.push_back(key);
                }
            }
            State::Closing => self.dirty.push(key),
            State::Connecting | State::Greeting { .. } => self.remove(key),
        }
    }

    /// Ends it at once.
    pub(crate) fn reset(&mut self, key: Key) {
        if let Some((_, connection)) = self.connection(key) {
            let _unchanged = SockRef::from(&connection.stream).set_linger(Some(Duration::ZERO));
        }
        self.remove(key);
    }

    fn remove(&mut self, key: Key) {
        if self.get(key).is_none() {
            return;
        }
        let removed = self.sockets.remove(key.place);
        // Closing it takes it out of the watch as well.
        drop(removed);
    }

    /// What happened, the oldest first.
    pub(crate) fn next(&mut self) -> Option<(Key, StreamId, StreamEvent)> {
        let (key, name, event) = self.happened.pop_front()?;
        if event == StreamEvent::Closed(Ending::Orderly)
            && let Some((_, connection)) = self.connection(key)
        {
            connection.known = true;
            self.dirty.push(key);
        }
        Some((key, name, event))
    }

    /// Waits until something happens, no longer than that, and does what is to be done.
    pub(crate) fn wait(&mut self, most: Duration) -> io::Result<()> {
        let most = most.min(self.patience());
        match self.poll.poll(&mut self.events, Some(most)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            self.look(event);
        }
        self.events = events;
        self.overdue();
        for _ in 0..self.ready.len() {
            if let Some(key) = self.ready.pop_front() {
                self.serve(key);
            }
        }
        Ok(())
    }

    fn look(&mut self, event: &Event) {
        let place = event.token().0;
        let Some(socket) = self.sockets.get_mut(place) else { return };
        let key = Key { place, serial: socket.serial };
        match &mut socket.what {
            What::Listener(_) => self.ready.push_back(key),
            What::Connection(connection) => {
                let connecting = connection.state == State::Connecting;
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    connection.readable = true;
                    connection.last |= event.is_read_closed() || event.is_error();
                    self.ready.push_back(key);
                }
                if connecting {
                    self.connected(key);
                } else if event.is_writable() {
                    self.write(key);
                }
            }
        }
    }

    fn overdue(&mut self) {
        if self.deadlines.is_empty() && self.resting.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some((at, key)) = self.deadlines.front().copied()
            && at <= now
        {
            self.deadlines.pop_front();
            match self.connection(key).map(|(_, connection)| connection.state) {
                Some(State::Greeting { .. }) => {
                    self.insecure(key, "the other end took too long");
                }
                Some(State::Closing) => self.reset(key),
                _ => {}
            }
        }
        let awake = self.resting.extract_if(.., |(at, _)| *at <= now);
        self.ready.extend(awake.map(|(_, key)| key));
    }

    /// Takes what a socket has for us.
    fn serve(&mut self, key: Key) {
        match self.get(key).map(|socket| &socket.what) {
            Some(What::Listener(_)) => self.accept(key),
            Some(What::Connection(_)) => self.read(key),
            None => {}
        }
    }
}

/// Stands for a name that is made from the key.
const INCOMING: StreamId = StreamId::incoming(u64::MAX);
/// So many bits of an incoming stream's number are its place.
const PLACE_BITS: u32 = 20;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;
const _: () = assert!(CONNECTIONS_MAX < 1 << PLACE_BITS, "a place has to fit");

impl Key {
    fn incoming(self) -> StreamId {
        StreamId::incoming(self.serial << PLACE_BITS | u64::try_from(self.place).unwrap_or(PLACE_MASK))
    }
}
