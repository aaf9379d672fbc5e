//! Requests in flight: which socket and identifier each has, and which answer belongs to which.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::Socket;
use tollgate_network::live::batch::Outbox;
use tollgate_network::live::bind;
use tollgate_radius::AUTHENTICATOR_LEN;

use crate::request::Step;

/// How many identifiers a socket has (RFC 2865 section 3).
const IDENTIFIERS: usize = 256;

/// A request that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) session: u64,
    pub(crate) step: Step,
    pub(crate) authenticator: [u8; AUTHENTICATOR_LEN],
    /// When it was to be sent; latency counts from here.
    pub(crate) due: Instant,
    /// When it was sent.
    pub(crate) sent: Instant,
}

/// One socket with its identifiers.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) socket: Socket,
    pub(crate) outbox: Outbox,
    /// The one that has been free longest comes first, so that a late answer finds nobody to be taken for.
    free: VecDeque<u8>,
    waiting: Vec<Option<Waiting>>,
}

/// Every socket.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) lanes: Vec<Lane>,
    in_flight: u32,
    /// Filled until its batch is full.
    turn: usize,
}

impl Lane {
    fn open(server: SocketAddr) -> io::Result<Self> {
        let host = match server.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Ok(Self {
            socket: bind(SocketAddr::new(host, 0))?,
            outbox: Outbox::new(),
            free: (0..=u8::MAX).collect(),
            waiting: vec![None; IDENTIFIERS],
        })
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.free.len() == IDENTIFIERS
    }
}

impl Flight {
    /// Sockets enough for so many requests in flight.
    pub(crate) fn open(server: SocketAddr, in_flight_max: u32) -> io::Result<Self> {
        let count = usize::try_from(in_flight_max).unwrap_or(usize::MAX).div_ceil(IDENTIFIERS);
        let lanes = (0..count).map(|_| Lane::open(server)).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { lanes, in_flight: 0, turn: 0 })
    }

    pub(crate) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// A free identifier, on the socket whose batch is being filled if it has one.
    pub(crate) fn reserve(&mut self) -> Option<(usize, u8)> {
        let count = self.lanes.len();
        if self.lanes[self.turn].outbox.is_full() {
            self.turn = (self.turn + 1) % count;
        }
        let turn = self.turn;
        let lane = (0..count).map(|step| (turn + step) % count).find(|lane| {
            let lane = &self.lanes[*lane];
            !lane.free.is_empty() && !lane.outbox.is_full()
        })?;
        self.turn = lane;
        Some((lane, self.lanes[lane].free.pop_front()?))
    }

    pub(crate) fn depart(&mut self, lane: usize, identifier: u8, waiting: Waiting) {
        self.lanes[lane].waiting[usize::from(identifier)] = Some(waiting);
        self.in_flight += 1;
    }

    /// The request that has this identifier, still in flight.
    pub(crate) fn waiting(&self, lane: usize, identifier: u8) -> Option<&Waiting> {
        self.lanes[lane].waiting[usize::from(identifier)].as_ref()
    }

    /// A request is in flight no more.
    pub(crate) fn land(&mut self, lane: usize, identifier: u8) {
        if self.lanes[lane].waiting[usize::from(identifier)].take().is_some() {
            self.lanes[lane].free.push_back(identifier);
            self.in_flight -= 1;
        }
    }

    /// Takes out every request that has waited too long; answers with their number.
    pub(crate) fn expire(&mut self, now: Instant, most: Duration) -> u64 {
        let mut lost = 0;
        for lane in 0..self.lanes.len() {
            if self.lanes[lane].is_idle() {
                continue;
            }
            for identifier in 0..=u8::MAX {
                let late = |waiting: &Waiting| now.saturating_duration_since(waiting.sent) >= most;
                if self.waiting(lane, identifier).is_some_and(late) {
                    self.land(lane, identifier);
                    lost += 1;
                }
            }
        }
        lost
    }
}
