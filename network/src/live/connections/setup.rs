//! How real connections come about: listeners, those who connect, and those who are connected to.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::{CONNECTIONS_MAX, Connection, Connections, INCOMING, Key, Slot, State, What};
use crate::{Refusal, StreamEvent, StreamId, Transport};

/// So many are accepted in one go.
const ACCEPT_TURN_MAX: usize = 256;
/// TLS has to be agreed on within this.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// When the machine has no room for a connection, the next attempt comes after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const BACKLOG: i32 = 4_096;
/// The number of SCTP among the protocols of IP.
const SCTP: i32 = 132;

impl Connections {
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

    pub(super) fn must_know(&self, over: Transport) -> Result<(), Refusal> {
        if over == Transport::Tls && self.tls.is_none() {
            return Err(Refusal::Unsupported(
                "there are no certificates for TLS; give some, or use TCP".to_owned(),
            ));
        }
        Ok(())
    }

    pub(super) fn add(
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
            closed: false,
            known: false,
            shut: false,
        };
        self.sockets.insert(Slot { serial, name, over, what: What::Connection(Box::new(connection)) });
        Ok(key)
    }

    pub(super) fn accept(&mut self, key: Key) {
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

    pub(super) fn welcome(
        &mut self,
        over: Transport,
        stream: TcpStream,
        remote: SocketAddr,
    ) -> io::Result<()> {
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

    pub(super) fn accepted(&mut self, key: Key) {
        let Some(over) = self.get(key).map(|socket| socket.over) else { return };
        let Some((name, connection)) = self.connection(key) else { return };
        let event = StreamEvent::Accepted { local: connection.local, remote: connection.remote, over };
        self.happened.push_back((key, name, event));
    }

    /// Looks whether a connection has come about.
    pub(super) fn connected(&mut self, key: Key) {
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

    pub(super) fn opened(&mut self, key: Key) {
        let Some((name, connection)) = self.connection(key) else { return };
        let event = StreamEvent::Opened { local: connection.local, remote: connection.remote };
        self.happened.push_back((key, name, event));
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
