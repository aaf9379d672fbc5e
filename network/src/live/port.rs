//! The real sockets of a live driver, one for every address and port that a node uses, bound when it is
//! first used.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::task::Poll;

use bytes::Bytes;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::live::address::{AddressMap, Reach};
#[cfg(target_os = "linux")]
use crate::live::unreachable;
use crate::{FaultError, NodeId};

/// So many sockets may be open. A RADIUS client takes one for every 256 requests in flight.
pub(crate) const PORTS_MAX: usize = 1_024;
/// So many frames between two nodes of the driver are remembered while the machine carries them.
const UNDERWAY_MAX: usize = 8_192;
/// So many addresses outside are remembered for each socket.
const OUTSIDE_MAX: usize = 4_096;
/// So many datagrams that came back are looked at in one go.
const BACK_MAX: usize = 256;
/// What to ask for as a socket's receive buffer, in bytes. The machine may give less.
const RECEIVE_BUFFER: usize = 4 << 20;
/// So many errors in a row are skipped before the caller gets its turn again.
const ERRORS_IN_A_ROW_MAX: u32 = 64;

/// Every socket of a driver.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    ports: Vec<Port>,
    places: BTreeMap<(SocketAddr, SocketAddr), usize>,
    published: BTreeMap<SocketAddr, SocketAddr>,
    /// Errors while receiving.
    pub(crate) errors: u64,
    /// The port that was heard last; the next one is asked first.
    turn: usize,
    buffer: Vec<u8>,
}

/// One socket.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) node: NodeId,
    /// Its address in the scenario.
    pub(crate) scenario: SocketAddr,
    /// Its real address.
    pub(crate) real: SocketAddr,
    socket: UdpSocket,
    /// The last frame that was sent to each address outside, to be remarked when it comes back.
    outside: BTreeMap<SocketAddr, u64>,
    /// Frames that other nodes of the driver sent to it.
    underway: VecDeque<Underway>,
}

/// A frame between two nodes of the driver, while the machine has it.
#[derive(Debug, Clone)]
pub(crate) struct Underway {
    /// The real address of the sender.
    pub(crate) from: SocketAddr,
    /// Its number in the capture.
    pub(crate) number: u64,
    /// Which life of the receiver it was sent to.
    pub(crate) life: u32,
    pub(crate) payload: Bytes,
}

/// Something was received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) port: usize,
    pub(crate) from: SocketAddr,
    pub(crate) payload: Bytes,
}

impl Ports {
    /// The port of a node's address from which something can be reached. To be called inside the runtime.
    pub(crate) fn open(
        &mut self,
        map: &AddressMap,
        node: NodeId,
        scenario: SocketAddr,
        reach: Reach,
    ) -> Result<usize, FaultError> {
        let place = map.place(scenario, reach);
        if let Some(port) = self.places.get(&(scenario, place)) {
            return Ok(*port);
        }
        if self.ports.len() >= PORTS_MAX {
            return Err(FaultError(format!(
                "{scenario} cannot be bound: {PORTS_MAX} sockets are open already"
            )));
        }
        let failed = |error: io::Error| FaultError(format!("{scenario} cannot be bound to {place}: {error}"));
        let socket = bind(place).map_err(failed)?;
        // Without it, what cannot be reached is only silent.
        #[cfg(target_os = "linux")]
        let _silent = unreachable::keep(&socket, place.is_ipv6());
        let socket = UdpSocket::from_std(socket.into()).map_err(failed)?;
        let real = socket.local_addr().map_err(failed)?;
        let index = self.ports.len();
        let (outside, underway) = (BTreeMap::new(), VecDeque::new());
        self.ports.push(Port { node, scenario, real, socket, outside, underway });
        self.places.insert((scenario, place), index);
        self.published.insert(real, scenario);
        Ok(index)
    }

    /// What is under way to the sockets of an address is for another node, in this life.
    pub(crate) fn hand_over(&mut self, address: IpAddr, node: NodeId, life: u32) {
        for port in self.ports.iter_mut().filter(|port| port.scenario.ip() == address) {
            port.node = node;
            port.underway.iter_mut().for_each(|underway| underway.life = life);
        }
    }

    pub(crate) fn get(&self, index: usize) -> &Port {
        &self.ports[index]
    }

    /// The scenario's name of a real address that is one of ours.
    pub(crate) fn published(&self, real: SocketAddr) -> Option<SocketAddr> {
        self.published.get(&real).copied()
    }

    /// Remembers a frame that another port of ours is about to send to this one.
    pub(crate) fn expect(&mut self, index: usize, underway: Underway) {
        let expected = &mut self.ports[index].underway;
        if expected.len() >= UNDERWAY_MAX {
            // The machine must have lost it: its buffer holds fewer.
            expected.pop_front();
        }
        expected.push_back(underway);
    }

    /// What is remembered of a frame that came from a port of ours.
    pub(crate) fn expected(&mut self, received: &Received) -> Option<Underway> {
        let expected = &mut self.ports[received.port].underway;
        let place =
            expected.iter().position(|one| one.from == received.from && one.payload == received.payload)?;
        expected.remove(place)
    }

    /// Hands a datagram to the machine, at once or not at all.
    pub(crate) fn send(&self, index: usize, to: SocketAddr, payload: &[u8]) -> io::Result<()> {
        let socket = SockRef::from(&self.ports[index].socket);
        let send = || socket.send_to(payload, &SockAddr::from(to)).map(|_length| ());
        // The error may be that of an earlier datagram that came back: it is told once.
        send().or_else(|error| if came_back(&error) { send() } else { Err(error) })
    }

    /// Remembers the number of a frame that was sent outside.
    pub(crate) fn left(&mut self, index: usize, to: SocketAddr, number: u64) {
        let outside = &mut self.ports[index].outside;
        if outside.len() < OUTSIDE_MAX || outside.contains_key(&to) {
            outside.insert(to, number);
        }
    }

    /// The numbers of frames that came back from outside as unreachable since this was last asked.
    #[cfg(target_os = "linux")]
    pub(crate) fn unreachable(&mut self) -> Vec<u64> {
        let mut numbers = Vec::new();
        for port in self.ports.iter_mut().filter(|port| !port.outside.is_empty()) {
            let back = std::iter::from_fn(|| unreachable::take(port.socket.as_raw_fd())).take(BACK_MAX);
            for address in back {
                numbers.extend(port.outside.remove(&address));
            }
        }
        numbers
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn unreachable(&mut self) -> Vec<u64> {
        Vec::new()
    }

    /// Waits until any port receives something.
    pub(crate) async fn receive(&mut self) -> Received {
        let count = self.ports.len();
        // One more than any datagram, so that none is cut.
        self.buffer.resize(1 << 16, 0);
        let (ports, buffer, errors, turn) = (&self.ports, &mut self.buffer, &mut self.errors, self.turn);
        let (port, from, length) = poll_fn(|context| {
            let mut failures = 0;
            for index in (0..count).map(|step| (turn + step) % count) {
                loop {
                    let mut read = ReadBuf::new(buffer);
                    match ports[index].socket.poll_recv_from(context, &mut read) {
                        Poll::Ready(Ok(from)) => return Poll::Ready((index, from, read.filled().len())),
                        Poll::Ready(Err(_)) => {
                            *errors += 1;
                            failures += 1;
                            if failures > ERRORS_IN_A_ROW_MAX {
                                context.waker().wake_by_ref();
                                return Poll::Pending;
                            }
                        }
                        Poll::Pending => break,
                    }
                }
            }
            Poll::Pending
        })
        .await;
        self.turn = port + 1;
        Received { port, from, payload: Bytes::copy_from_slice(&self.buffer[..length]) }
    }
}

fn came_back(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable)
}

/// A UDP socket that never blocks, with a large receive buffer.
///
/// # Errors
/// The address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A smaller buffer only means that a burst loses more.
    let _unchanged = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket)
}
