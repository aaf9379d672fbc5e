//! All connections of a node that takes requests. Whoever carries them names each by a key of its own.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{Request, Response};

use crate::error::HttpError;
use crate::limits::{CONNECTIONS_MAX, Limits};
use crate::server::ServerConnection;

/// What a client asks, to be answered with [`Server::answer`].
#[derive(Debug)]
pub struct Asked<K> {
    /// The connection that it came by.
    pub connection: K,
    /// The request, or why what came is none.
    pub request: Result<Request<Bytes>, HttpError>,
}

/// What is to be done with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order<K> {
    /// Send these octets.
    Send(K, Bytes),
    /// Close it once everything is sent.
    Close(K),
}

/// The connections of a node that takes requests.
#[derive(Debug)]
pub struct Server<K> {
    limits: Limits,
    connections: BTreeMap<K, ServerConnection>,
    /// Those in which something may have changed.
    ready: VecDeque<K>,
    orders: VecDeque<Order<K>>,
}

impl<K: Copy + Ord> Server<K> {
    /// One without connections.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, connections: BTreeMap::new(), ready: VecDeque::new(), orders: VecDeque::new() }
    }

    /// A client has connected; beyond 1,024 connections it is closed again.
    pub fn handle_accepted(&mut self, connection: K) {
        if self.connections.len() >= CONNECTIONS_MAX {
            self.orders.push_back(Order::Close(connection));
            return;
        }
        self.connections.insert(connection, ServerConnection::new(self.limits));
    }

    /// Octets of a client.
    pub fn handle_octets(&mut self, connection: K, octets: &[u8]) {
        if let Some(own) = self.connections.get_mut(&connection) {
            own.handle_octets(octets);
            self.ready.push_back(connection);
        }
    }

    /// A connection is over: what was not answered never will be.
    pub fn handle_closed(&mut self, connection: K) {
        self.connections.remove(&connection);
    }

    /// The next request of any connection.
    pub fn poll_request(&mut self) -> Option<Asked<K>> {
        while let Some(&connection) = self.ready.front() {
            let asked = self.connections.get_mut(&connection).and_then(ServerConnection::poll_request);
            self.flush(connection);
            match asked {
                Some(request) => return Some(Asked { connection, request }),
                None => drop(self.ready.pop_front()),
            }
        }
        None
    }

    /// Answers the request that the connection waits with; a connection that is gone hears nothing.
    pub fn answer(&mut self, connection: K, response: &Response<Bytes>) {
        if let Some(own) = self.connections.get_mut(&connection) {
            own.answer(response);
            self.ready.push_back(connection);
            self.flush(connection);
        }
    }

    /// What is to be done next with a connection.
    pub fn poll_order(&mut self) -> Option<Order<K>> {
        self.orders.pop_front()
    }

    /// The power failed: every connection is gone.
    pub fn clear(&mut self) {
        self.connections.clear();
        self.ready.clear();
        self.orders.clear();
    }

    fn flush(&mut self, connection: K) {
        let Some(own) = self.connections.get_mut(&connection) else { return };
        while let Some(octets) = own.poll_octets() {
            self.orders.push_back(Order::Send(connection, octets));
        }
        if own.is_done() {
            self.connections.remove(&connection);
            self.orders.push_back(Order::Close(connection));
        }
    }
}
