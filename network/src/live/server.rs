//! One node on given real addresses, as fast as one core can: what `tollgate serve` runs.
//!
//! Datagrams are received and sent in batches, and nothing is allocated for one. There is no scenario:
//! addresses are the real ones, no fault is done, no frame is kept.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::Socket;
use tollgate_time::Instant;

use crate::cast::OUTPUTS_PER_TURN_MAX;
use crate::live::batch::{BATCH_MAX, Datagram, Inbox, Outbox, wait_readable};
use crate::live::clock::LiveClock;
use crate::live::port::bind;
use crate::live::stream_server::StreamServer;
use crate::{Frame, Input, Node, Observation, Output, Refusal, StreamEvent, StreamOrder};

/// What a datagram may have at most by default, in bytes: the longest RADIUS packet (RFC 2865 section 3).
/// What stands behind it is padding there.
pub const DATAGRAM_MAX: usize = 4_096;
/// How long the stop flag goes unseen at most while nothing happens.
const STOP_CHECK: Duration = Duration::from_millis(50);
/// How many batches of one socket are handed to the node at most before it is asked what it has to say. A node
/// that must store what it promises does so once for all of them.
const BATCHES_PER_TURN_MAX: usize = 8;
/// A socket that reports so many errors in a row, and nothing else, ends the server.
pub const ERRORS_IN_A_ROW_MAX: u32 = 10_000;

/// Sockets for one node.
#[derive(Debug)]
pub struct UdpServer {
    sockets: Vec<Bound>,
    datagram_max: usize,
}

#[derive(Debug)]
struct Bound {
    socket: Socket,
    address: SocketAddr,
}

/// What a server did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Datagrams handed to the node.
    pub received: u64,
    /// Those of them that were longer than the buffers, and lost their end.
    pub cut: u64,
    /// Datagrams that the machine took for sending.
    pub sent: u64,
    /// Datagrams that it refused, or that came from an address that is not the server's.
    pub refused: u64,
    /// Errors while receiving.
    pub errors: u64,
    /// Calls that received something; `received / batches` is the size of a batch.
    pub batches: u64,
}

impl UdpServer {
    /// Binds these addresses; port 0 takes a free one.
    ///
    /// # Errors
    /// One of them cannot be bound; the error names it.
    pub fn bind(addresses: &[SocketAddr]) -> io::Result<Self> {
        let bound = |address: &SocketAddr| {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("{address} cannot be bound: {error}"))
            };
            let socket = bind(*address).map_err(named)?;
            let local = socket.local_addr().map_err(named)?;
            let address = local.as_socket().unwrap_or(*address);
            Ok(Bound { socket, address })
        };
        let sockets = addresses.iter().map(bound).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { sockets, datagram_max: DATAGRAM_MAX })
    }

    /// The same with room for datagrams of so many bytes.
    #[must_use]
    pub fn with_datagram_max(mut self, bytes: u16) -> Self {
        self.datagram_max = usize::from(bytes).max(1);
        self
    }

    /// The addresses, with the ports that were taken.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.sockets.iter().map(|bound| bound.address)
    }

    /// Runs a node until `stop` is set, and hands every observation to `observed`. The node sends from the
    /// addresses that it is asked at.
    ///
    /// # Errors
    /// The machine's network is gone. What single datagrams meet is counted.
    pub fn run<N: Node + ?Sized>(
        &self,
        node: &mut N,
        clock: &LiveClock,
        stop: &AtomicBool,
        observed: impl FnMut(Instant, Observation),
    ) -> io::Result<Totals> {
        self.run_all(None, node, clock, stop, observed)
    }

    /// The same for a node that has connections as well.
    ///
    /// # Errors
    /// The machine's network is gone. What single datagrams and connections meet is counted.
    pub fn run_with<N: Node + ?Sized>(
        &self,
        streams: &mut StreamServer,
        node: &mut N,
        clock: &LiveClock,
        stop: &AtomicBool,
        observed: impl FnMut(Instant, Observation),
    ) -> io::Result<Totals> {
        self.run_all(Some(streams), node, clock, stop, observed)
    }

    fn run_all<N: Node + ?Sized>(
        &self,
        streams: Option<&mut StreamServer>,
        node: &mut N,
        clock: &LiveClock,
        stop: &AtomicBool,
        observed: impl FnMut(Instant, Observation),
    ) -> io::Result<Totals> {
        let outboxes = self.sockets.iter().map(|_| Outbox::new()).collect();
        let sockets = self.sockets.iter().map(|bound| bound.socket.as_raw_fd());
        let descriptors: Vec<RawFd> =
            sockets.chain(streams.as_ref().map(|streams| streams.descriptor())).collect();
        let (totals, deadline) = (Totals::default(), None);
        let mut turn = Turn { server: self, streams, outboxes, observed, totals, deadline };
        let mut inbox = Inbox::new(self.datagram_max);
        let mut errors_in_a_row = 0;
        turn.take(node, clock.now());
        turn.flush();
        while !stop.load(Ordering::Relaxed) {
            let now = clock.now();
            if turn.deadline.is_some_and(|deadline| deadline <= now) {
                node.handle_input(now, Input::Timeout);
                turn.take(node, now);
            }
            let mut idle = true;
            for bound in &self.sockets {
                for _ in 0..BATCHES_PER_TURN_MAX {
                    match inbox.receive(&bound.socket) {
                        Ok(count) => {
                            (idle, errors_in_a_row) = (false, 0);
                            turn.totals.batches += 1;
                            for datagram in (0..count).filter_map(|place| inbox.take(place)) {
                                turn.receive(node, clock.now(), bound.address, datagram);
                            }
                            if count < BATCH_MAX {
                                break;
                            }
                        }
                        Err(error) if nothing_there(&error) => break,
                        Err(error) => {
                            turn.totals.errors += 1;
                            errors_in_a_row += 1;
                            if errors_in_a_row >= ERRORS_IN_A_ROW_MAX {
                                return Err(error);
                            }
                        }
                    }
                }
            }
            if let Some(streams) = &mut turn.streams
                && streams.pump(node, clock)?
            {
                idle = false;
            }
            turn.take(node, clock.now());
            turn.flush();
            if idle {
                let due = turn.deadline.map_or(STOP_CHECK, |deadline| clock.real_wait(deadline));
                wait_readable(&descriptors, due.min(STOP_CHECK))?;
            }
        }
        Ok(turn.totals)
    }
}

/// What a server of datagrams alone answers to an order about a connection.
fn refusal_of(order: &StreamOrder) -> Option<StreamEvent> {
    let asked = matches!(order, StreamOrder::Listen { .. } | StreamOrder::Connect { .. });
    asked.then(|| StreamEvent::Refused(Refusal::Unsupported("only datagrams are carried here".to_owned())))
}

fn nothing_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// What a server has in hand while its node runs.
struct Turn<'a, F> {
    server: &'a UdpServer,
    streams: Option<&'a mut StreamServer>,
    /// One for each socket.
    outboxes: Vec<Outbox>,
    observed: F,
    totals: Totals,
    deadline: Option<Instant>,
}

impl<F: FnMut(Instant, Observation)> Turn<'_, F> {
    fn receive<N: Node + ?Sized>(&mut self, node: &mut N, now: Instant, to: SocketAddr, datagram: Datagram) {
        self.totals.received += 1;
        self.totals.cut += u64::from(datagram.cut);
        let frame = Frame { from: datagram.from, to, payload: datagram.payload };
        node.handle_input(now, Input::Receive(&frame));
    }

    /// Takes what the node has to say.
    fn take<N: Node + ?Sized>(&mut self, node: &mut N, now: Instant) {
        let mut outputs = 0;
        let mut told = Vec::new();
        loop {
            match node.poll_output() {
                Output::Transmit(frame) => self.transmit(frame),
                Output::Stream(stream, order) => {
                    let event = match &mut self.streams {
                        Some(streams) => streams.order(stream, order),
                        None => refusal_of(&order),
                    };
                    told.extend(event.map(|event| (stream, event)));
                }
                Output::Observe(observation) | Output::Heard(observation) => {
                    (self.observed)(now, observation);
                }
                // Addresses of the machine are not this program's to move.
                Output::Claim(_) => {}
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    if told.is_empty() {
                        return;
                    }
                    for (stream, event) in told.drain(..) {
                        node.handle_input(now, Input::Stream(stream, &event));
                    }
                }
            }
            outputs += 1;
            assert!(
                outputs < OUTPUTS_PER_TURN_MAX,
                "the node does not stop: {outputs} outputs without a wait"
            );
        }
    }

    fn transmit(&mut self, frame: Frame) {
        let mine = |bound: &Bound| bound.address == frame.from;
        let Some(place) = self.server.sockets.iter().position(mine) else {
            self.totals.refused += 1;
            return;
        };
        self.outboxes[place].push(frame.to, frame.payload);
        if self.outboxes[place].is_full() {
            self.flush_one(place);
        }
    }

    fn flush(&mut self) {
        for place in 0..self.outboxes.len() {
            self.flush_one(place);
        }
        if let Some(streams) = &mut self.streams {
            streams.flush();
        }
    }

    fn flush_one(&mut self, place: usize) {
        let sent = self.outboxes[place].send(&self.server.sockets[place].socket);
        self.totals.sent += sent.sent;
        self.totals.refused += sent.refused;
    }
}

const _: () = assert!(BATCH_MAX <= 1_024, "the kernel takes no more in one call (UIO_MAXIOV)");
