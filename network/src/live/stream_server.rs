//! One node with many connections on given real addresses, as fast as one core can: what `tollgate serve` runs for
//! protocols over TCP and TLS, alone or beside the datagrams of [`UdpServer`].
//!
//! Everything that has arrived is handed to the node, then everything that it has to say is taken, then each
//! connection is written once. A connection that does not take its answers is not read until it does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tollgate_time::Instant;

use crate::live::clock::LiveClock;
use crate::live::connections::{Connections, Key, StreamTotals};
use crate::live::server::UdpServer;
use crate::live::tls::TlsSettings;
use crate::{Input, Node, Observation, Refusal, StreamEvent, StreamId, StreamOrder, Transport};

/// Listeners and connections for one node.
#[derive(Debug)]
pub struct StreamServer {
    connections: Connections,
    /// Listeners and connections that have a name of the node's choice.
    names: HashMap<StreamId, Key>,
    /// Bound before the node runs.
    bound: Vec<Bound>,
}

#[derive(Debug)]
struct Bound {
    asked: SocketAddr,
    local: SocketAddr,
    over: Transport,
    key: Key,
}

impl StreamServer {
    /// A server without addresses; its node may still connect, and listen where it likes.
    ///
    /// # Errors
    /// The machine refuses what it needs.
    pub fn new() -> io::Result<Self> {
        let connections = Connections::new(None, true)?;
        Ok(Self { connections, names: HashMap::new(), bound: Vec::new() })
    }

    /// The same with certificates. Without them TLS is refused.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsSettings) -> Self {
        self.connections.set_tls(tls);
        self
    }

    /// Takes connections at an address from now on, before the node says so: whoever starts a server learns here
    /// that an address is taken. Port 0 takes a free one. Answers with the address.
    ///
    /// # Errors
    /// It cannot be listened at; the text names it.
    pub fn bind(&mut self, asked: SocketAddr, over: Transport) -> Result<SocketAddr, Refusal> {
        let name = StreamId::outgoing(u64::MAX);
        let (key, local) = self.connections.listen(name, asked, over)?;
        self.bound.push(Bound { asked, local, over, key });
        Ok(local)
    }

    /// What was done so far.
    #[must_use]
    pub fn totals(&self) -> StreamTotals {
        self.connections.totals
    }

    /// Runs a node until `stop` is set, and hands every observation to `observed`.
    ///
    /// # Errors
    /// The machine's network is gone. What single connections meet is counted, and told to the node.
    pub fn run<N: Node + ?Sized>(
        &mut self,
        node: &mut N,
        clock: &LiveClock,
        stop: &AtomicBool,
        observed: impl FnMut(Instant, Observation),
    ) -> io::Result<StreamTotals> {
        UdpServer::bind(&[])?.run_with(self, node, clock, stop, observed)?;
        Ok(self.totals())
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.connections.descriptor()
    }

    /// Tells the node what has happened. Answers whether anything has.
    pub(super) fn pump<N: Node + ?Sized>(&mut self, node: &mut N, clock: &LiveClock) -> io::Result<bool> {
        self.connections.wait(Duration::ZERO)?;
        let mut any = false;
        while let Some((_, name, event)) = self.connections.next() {
            any = true;
            if matches!(event, StreamEvent::Closed(_) | StreamEvent::Refused(_)) {
                self.names.remove(&name);
            }
            node.handle_input(clock.now(), Input::Stream(name, &event));
        }
        Ok(any || self.connections.is_busy())
    }

    pub(super) fn flush(&mut self) {
        self.connections.flush();
    }

    /// Does what the node orders. Answers with what it is to be told afterwards.
    pub(super) fn order(&mut self, stream: StreamId, order: StreamOrder) -> Option<StreamEvent> {
        match order {
            StreamOrder::Listen { at, over } => Some(self.listen(stream, at, over)),
            StreamOrder::Connect { from, to, over } => {
                if self.names.contains_key(&stream) {
                    let text = format!("the stream {stream} is in use");
                    return Some(StreamEvent::Refused(Refusal::Local(text)));
                }
                match self.connections.connect(stream, Some(from), to, over) {
                    Ok(key) => {
                        self.names.insert(stream, key);
                        None
                    }
                    Err(refusal) => Some(StreamEvent::Refused(refusal)),
                }
            }
            StreamOrder::Send(octets) => {
                let key = self.key(stream)?;
                self.connections.send(key, &octets);
                None
            }
            StreamOrder::Pause | StreamOrder::Resume => {
                let key = self.key(stream)?;
                self.connections.pause(key, order == StreamOrder::Pause);
                None
            }
            StreamOrder::Close | StreamOrder::Reset => {
                let key = self.key(stream)?;
                self.names.remove(&stream);
                if order == StreamOrder::Close {
                    self.connections.close(key);
                } else {
                    self.connections.reset(key);
                }
                None
            }
        }
    }

    fn key(&self, stream: StreamId) -> Option<Key> {
        if stream.is_incoming() { self.connections.key_of(stream) } else { self.names.get(&stream).copied() }
    }

    fn listen(&mut self, stream: StreamId, at: SocketAddr, over: Transport) -> StreamEvent {
        let mut bound = self.bound.iter();
        if let Some(bound) =
            bound.find(|bound| (bound.asked == at || bound.local == at) && bound.over == over)
        {
            self.names.insert(stream, bound.key);
            return StreamEvent::Listening { local: bound.local };
        }
        match self.connections.listen(stream, at, over) {
            Ok((key, local)) => {
                self.names.insert(stream, key);
                StreamEvent::Listening { local }
            }
            Err(refusal) => StreamEvent::Refused(refusal),
        }
    }
}
