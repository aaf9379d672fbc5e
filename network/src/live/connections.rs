//! Real connections: sockets that never block, watched together, for one thread.
//!
//! Octets are read in large pieces and written in one go for each connection. What a connection has to send is
//! bounded by [`UNSENT_MAX`]; what it is sent, by what the machine keeps for a socket, as nothing is read before
//! it can be handed over. Knows no node and no scenario.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::live::receive::receive;
use crate::live::tls::TlsSettings;
use crate::stream::{UNSENT_HIGH, UNSENT_MAX};
use crate::{Ending, Refusal, StreamEvent, StreamId, Transport};

/// So many connections may stand at once; whoever comes then is turned away.
pub const CONNECTIONS_MAX: usize = 65_536;
/// What one connection gives in one go, in octets, before the next has its turn.
const READ_TURN_MAX: usize = 256 * 1_024;
/// So many are accepted in one go.
const ACCEPT_TURN_MAX: usize = 256;
/// TLS has to be agreed on within this.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long what is left may take to be sent, and the other end to close as well, after a close.
const LINGER_MAX: Duration = Duration::from_secs(10);
/// When the machine has no room for a connection, the next attempt comes after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const EVENTS_MAX: usize = 1_024;
/// More unused room than this is given back, in octets.
const SPARE_MAX: usize = 1 << 20;
const BACKLOG: i32 = 4_096;
const SCTP: i32 = 132;

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

    /// Takes connections at a real address.
    pub(crate) fn listen(
        &mut self,
        name: StreamId,
        at: SocketAddr,
        over: Transport,
    ) -> Result<(Key, SocketAddr), Refusal> {
        self.must_know(over)?;
        let failed = |error: io::Error| Refusal::Local(format!("{at} cannot be listened at: {error}"));
        let socket = socket(at, over)?;
        socket.set_reuse_address(true).map_err(failed)?;
        socket.bind(&at.into()).map_err(failed)?;
        socket.listen(BACKLOG).map_err(failed)?;
        let mut listener = TcpListener::from_std(socket.into());
        let local = listener.local_addr().map_err(failed)?;
        let (place, serial) = (self.sockets.vacant_key(), self.next_serial());
        let registry = self.poll.registry();
        registry.register(&mut listener, Token(place), Interest::READABLE).map_err(failed)?;
        self.sockets.insert(Slot { serial, name, over, what: What::Listener(listener) });
        Ok((Key { place, serial }, local))
    }

    /// Connects two real addresses.
    pub(crate) fn connect(
        &mut self,
        name: StreamId,
        from: Option<SocketAddr>,
        to: SocketAddr,
        over: Transport,
    ) -> Result<Key, Refusal> {
        self.must_know(over)?;
        let failed = |error: io::Error| refusal_of(&error);
        if self.sockets.len() >= CONNECTIONS_MAX {
            return Err(Refusal::Local(format!("{CONNECTIONS_MAX} connections stand already")));
        }
        let socket = socket(to, over)?;
        if let Some(from) = from {
            socket.set_reuse_address(from.port() != 0).map_err(failed)?;
            socket.bind(&from.into()).map_err(failed)?;
        }
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(failed(error)),
        }
        let tls = match (&self.tls, over) {
            (Some(tls), Transport::Tls) => {
                Some(tls.client(to.ip()).map_err(|error| Refusal::Insecure(error.to_string()))?)
            }
            _ => None,
        };
        self.add(name, over, TcpStream::from_std(socket.into()), State::Connecting, tls, to).map_err(failed)
    }

    fn must_know(&self, over: Transport) -> Result<(), Refusal> {
        if over == Transport::Tls && self.tls.is_none() {
            return Err(Refusal::Unsupported(
                "there are no certificates for TLS; give some, or use TCP".to_owned(),
            ));
        }
        Ok(())
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn add(
        &mut self,
        name: StreamId,
        over: Transport,
        mut stream: TcpStream,
        state: State,
        tls: Option<rustls::Connection>,
        remote: SocketAddr,
    ) -> io::Result<Key> {
        // Without it, an answer waits for the acknowledgement of the one before.
        let _unchanged = stream.set_nodelay(true);
        let local = stream.local_addr()?;
        let (place, serial) = (self.sockets.vacant_key(), self.next_serial());
        self.poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)?;
        let key = Key { place, serial };
        let name = if name == INCOMING { key.incoming() } else { name };
        let connection = Connection {
            stream,
            tls,
            state,
            local,
            remote,
            out: Vec::new(),
            written: 0,
            paused: false,
            blocked: false,
            readable: false,
            last: false,
            ended: false,
            shut: false,
        };
        self.sockets.insert(Slot { serial, name, over, what: What::Connection(Box::new(connection)) });
        Ok(key)
    }

    /// Has octets sent; [`Self::flush`] writes them.
    pub(crate) fn send(&mut self, key: Key, octets: &[u8]) {
        let Some((_, connection)) = self.connection(key) else { return };
        if connection.state == State::Closing {
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
            State::Closing => {}
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
        self.happened.pop_front()
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

    fn accept(&mut self, key: Key) {
        for _ in 0..ACCEPT_TURN_MAX {
            let Some(Slot { over, what: What::Listener(listener), .. }) = self.get(key) else { return };
            let over = *over;
            match listener.accept() {
                Ok((stream, remote)) => {
                    if self.sockets.len() >= CONNECTIONS_MAX {
                        self.totals.turned_away += 1;
                    } else if self.welcome(over, stream, remote).is_err() {
                        self.totals.accept_errors += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if passes(&error) => {}
                // Descriptors or memory are short: those who wait are taken when there is room again.
                Err(_) => {
                    self.totals.accept_errors += 1;
                    self.resting.push((Instant::now() + ACCEPT_PAUSE, key));
                    return;
                }
            }
        }
        self.ready.push_back(key);
    }

    fn welcome(&mut self, over: Transport, stream: TcpStream, remote: SocketAddr) -> io::Result<()> {
        let tls = match (&self.tls, over) {
            (Some(tls), Transport::Tls) => Some(tls.server()?),
            _ => None,
        };
        let state = if tls.is_some() { State::Greeting { incoming: true } } else { State::Open };
        let key = self.add(INCOMING, over, stream, state, tls, remote)?;
        self.totals.accepted += 1;
        if state == State::Open {
            self.accepted(key);
        } else {
            self.deadlines.push_back((Instant::now() + HANDSHAKE_MAX, key));
        }
        Ok(())
    }

    fn accepted(&mut self, key: Key) {
        let Some(over) = self.get(key).map(|socket| socket.over) else { return };
        let Some((name, connection)) = self.connection(key) else { return };
        let event = StreamEvent::Accepted { local: connection.local, remote: connection.remote, over };
        self.happened.push_back((key, name, event));
    }

    /// Looks whether a connection has come about.
    fn connected(&mut self, key: Key) {
        let Some((name, connection)) = self.connection(key) else { return };
        match connection.stream.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => {
                self.happened.push_back((key, name, StreamEvent::Refused(refusal_of(&error))));
                return self.remove(key);
            }
        }
        if connection.stream.peer_addr().is_err() {
            return;
        }
        connection.local = connection.stream.local_addr().unwrap_or(connection.local);
        if connection.tls.is_some() {
            connection.state = State::Greeting { incoming: false };
            self.deadlines.push_back((Instant::now() + HANDSHAKE_MAX, key));
        } else {
            connection.state = State::Open;
            self.opened(key);
        }
        self.write(key);
    }

    fn opened(&mut self, key: Key) {
        let Some((name, connection)) = self.connection(key) else { return };
        let event = StreamEvent::Opened { local: connection.local, remote: connection.remote };
        self.happened.push_back((key, name, event));
    }

    fn write(&mut self, key: Key) {
        let (mut sent, mut writes) = (0, 0);
        let Some((name, connection)) = self.connection(key) else { return };
        if connection.state == State::Connecting {
            return;
        }
        connection.encrypt();
        let mut failed = None;
        while connection.unsent() > 0 {
            match connection.stream.write(&connection.out[connection.written..]) {
                Ok(0) => break,
                Ok(length) => {
                    connection.written += length;
                    sent += length;
                    writes += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    failed = Some(ending_of(&error));
                    break;
                }
            }
        }
        if connection.unsent() == 0 {
            connection.written = 0;
            if connection.out.capacity() > SPARE_MAX {
                connection.out = Vec::new();
            }
            connection.out.clear();
        }
        let mut told = None;
        if !connection.blocked && connection.unsent() >= UNSENT_HIGH {
            connection.blocked = true;
            told = Some(StreamEvent::Blocked);
        } else if connection.blocked && connection.unsent() <= UNSENT_HIGH / 4 {
            connection.blocked = false;
            told = Some(StreamEvent::Drained);
        }
        let (state, readable) = (connection.state, connection.readable);
        let mut over = false;
        if state == State::Closing && connection.unsent() == 0 {
            if !connection.shut {
                connection.shut = true;
                let _gone = connection.stream.shutdown(Shutdown::Write);
            }
            over = connection.ended;
        }
        self.totals.sent += u64::try_from(sent).unwrap_or(0);
        self.totals.writes += writes;
        if let Some(ending) = failed {
            // What the other end said before is still read where it is known to have.
            return self.end(key, ending);
        }
        if over {
            return self.remove(key);
        }
        if let Some(told) = told {
            if told == StreamEvent::Drained && readable {
                self.ready.push_back(key);
            }
            if state == State::Open {
                self.happened.push_back((key, name, told));
            }
        }
    }

    fn read(&mut self, key: Key) {
        let mut total = 0;
        while total < READ_TURN_MAX {
            let holding = self.holding;
            let (Self { sockets, buffer, .. }, place) = (&mut *self, key.place);
            let Some(Slot { serial, what: What::Connection(connection), .. }) = sockets.get_mut(place) else {
                return;
            };
            let held = connection.paused || (holding && connection.blocked);
            if *serial != key.serial || held || connection.state == State::Connecting || !connection.readable
            {
                return;
            }
            match receive(&connection.stream, buffer) {
                Ok((octets, _)) if octets.is_empty() => {
                    connection.readable = false;
                    return self.ended(key);
                }
                Ok((octets, more)) => {
                    connection.readable = more || connection.last;
                    total += octets.len();
                    self.totals.received += u64::try_from(octets.len()).unwrap_or(0);
                    self.totals.reads += 1;
                    self.received(key, octets);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.readable = false;
                    return;
                }
                Err(error) => return self.end(key, ending_of(&error)),
            }
        }
        self.ready.push_back(key);
    }

    fn received(&mut self, key: Key, octets: Bytes) {
        let Some((name, connection)) = self.connection(key) else { return };
        if connection.tls.is_some() {
            return self.decrypt(key, &octets);
        }
        if connection.state == State::Open {
            self.happened.push_back((key, name, StreamEvent::Received(octets)));
        }
    }

    fn decrypt(&mut self, key: Key, mut octets: &[u8]) {
        while !octets.is_empty() {
            let Some((name, connection)) = self.connection(key) else { return };
            let Some(tls) = &mut connection.tls else { return };
            let taken = tls.read_tls(&mut octets).and_then(|length| {
                let processed = tls.process_new_packets();
                processed.map(|_| length).map_err(io::Error::other)
            });
            let mut plain = BytesMut::new();
            let mut chunk = [0; 16 * 1_024];
            while let Ok(length) = tls.reader().read(&mut chunk)
                && length > 0
            {
                plain.extend_from_slice(&chunk[..length]);
            }
            let greeted = match connection.state {
                State::Greeting { incoming } if taken.is_ok() && !tls.is_handshaking() => Some(incoming),
                _ => None,
            };
            if greeted.is_some() {
                connection.state = State::Open;
            }
            let open = connection.state == State::Open;
            match greeted {
                Some(true) => self.accepted(key),
                Some(false) => self.opened(key),
                None => {}
            }
            if open && !plain.is_empty() {
                self.happened.push_back((key, name, StreamEvent::Received(plain.freeze())));
            }
            match taken {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => return self.insecure(key, &error.to_string()),
            }
        }
        // What TLS has to say by itself.
        self.dirty.push(key);
    }

    /// The other end sends nothing more.
    fn ended(&mut self, key: Key) {
        let Some((name, connection)) = self.connection(key) else { return };
        connection.ended = true;
        let cut = connection.tls.as_mut().is_some_and(|tls| {
            let mut none: &[u8] = &[];
            let _end = tls.read_tls(&mut none);
            let _known = tls.process_new_packets();
            // Without the mark that ends TLS, somebody in between may have cut it.
            matches!(tls.reader().read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::UnexpectedEof)
        });
        match connection.state {
            State::Open if cut => self.end(key, Ending::Reset),
            State::Open => {
                connection.state = State::Closing;
                if let Some(tls) = &mut connection.tls {
                    tls.send_close_notify();
                }
                self.happened.push_back((key, name, StreamEvent::Closed(Ending::Orderly)));
                self.deadlines.push_back((Instant::now() + LINGER_MAX, key));
                self.write(key);
            }
            State::Closing => self.write(key),
            State::Connecting | State::Greeting { .. } => self.insecure(key, "the other end closed"),
        }
    }

    fn insecure(&mut self, key: Key, why: &str) {
        self.totals.insecure += 1;
        let Some((name, connection)) = self.connection(key) else { return };
        // The other end is told why, if it still listens.
        connection.encrypt();
        let _rest = connection.stream.write(&connection.out[connection.written..]);
        match connection.state {
            State::Open => {
                self.happened.push_back((key, name, StreamEvent::Closed(Ending::Insecure)));
            }
            State::Connecting | State::Greeting { incoming: false } => {
                let refusal = Refusal::Insecure(why.to_owned());
                self.happened.push_back((key, name, StreamEvent::Refused(refusal)));
            }
            // Nobody has heard of it.
            State::Greeting { incoming: true } | State::Closing => {}
        }
        self.remove(key);
    }

    /// It is over, and not in order.
    fn end(&mut self, key: Key, ending: Ending) {
        let Some((name, connection)) = self.connection(key) else { return };
        let state = connection.state;
        self.totals.reset += u64::from(ending == Ending::Reset);
        match state {
            State::Open => self.happened.push_back((key, name, StreamEvent::Closed(ending))),
            State::Connecting | State::Greeting { incoming: false } => {
                let refusal = Refusal::Insecure(format!("the connection ended: {}", ending.name()));
                self.happened.push_back((key, name, StreamEvent::Refused(refusal)));
            }
            State::Greeting { incoming: true } | State::Closing => {}
        }
        self.reset(key);
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

fn socket(near: SocketAddr, over: Transport) -> Result<Socket, Refusal> {
    let protocol = if over == Transport::Sctp { Protocol::from(SCTP) } else { Protocol::TCP };
    let made = Socket::new(Domain::for_address(near), Type::STREAM, Some(protocol));
    let socket = made.map_err(|error| match over {
        Transport::Sctp => {
            Refusal::Unsupported(format!("this machine offers no SCTP ({error}); use TCP or TLS"))
        }
        Transport::Tcp | Transport::Tls => Refusal::Local(format!("there is no socket to be had: {error}")),
    })?;
    let made = socket.set_nonblocking(true);
    made.map_err(|error| Refusal::Local(format!("the socket cannot be used: {error}")))?;
    Ok(socket)
}

/// Whether an error while accepting speaks of the one connection alone.
fn passes(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

fn refusal_of(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Refusal::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Refusal::Unreachable,
        io::ErrorKind::TimedOut => Refusal::TimedOut,
        _ => Refusal::Local(format!("the machine refuses: {error}")),
    }
}

fn ending_of(error: &io::Error) -> Ending {
    if error.kind() == io::ErrorKind::TimedOut { Ending::TimedOut } else { Ending::Reset }
}
