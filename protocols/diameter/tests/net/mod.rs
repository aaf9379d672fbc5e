//! A network of endpoints in memory: connections by name, octets in odd cuts, time that jumps.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tollgate_diameter::peer::{
    Action, Applications, ConnectionId, Endpoint, Failure, Identity, Note, RequestId, Routes, Sending,
    Settings,
};
use tollgate_diameter::{Builder, Header, Message, ResultCode, avp};
use tollgate_time::Instant;

/// Octets that travel together: no message is whole in one of them.
const CUT: usize = 13;

type End = (usize, ConnectionId);

pub(crate) struct Net {
    pub(crate) nodes: Vec<Endpoint>,
    pub(crate) now: Instant,
    pub(crate) notes: Vec<Vec<Note>>,
    /// Nodes that get no octets.
    pub(crate) deaf: Vec<usize>,
    /// Connections that were asked for.
    pub(crate) attempts: usize,
    links: BTreeMap<End, End>,
    inbox: Vec<VecDeque<Action>>,
    log: Vec<(usize, Vec<u8>)>,
    shut: Vec<End>,
    incoming: u64,
}

pub(crate) fn start() -> Instant {
    Instant::parse_rfc3339("2019-03-01T07:52:44Z").expect("a time")
}

pub(crate) fn identity(host: &str) -> Identity {
    Identity::new(host, "example.net", [127, 0, 0, 1].into())
}

pub(crate) fn applications() -> Applications {
    Applications::credit_control()
}

pub(crate) fn settings(host: &str) -> Settings {
    Settings::new(identity(host), applications())
}

pub(crate) fn endpoint(settings: Settings, routes: Routes) -> Endpoint {
    Endpoint::new(settings, routes, 4711, start())
}

pub(crate) fn ccr(session: &str, host: Option<&str>) -> Vec<u8> {
    let mut own = Builder::new(Header::request(272, 4));
    own.text(avp::SESSION_ID, session);
    own.text(avp::ORIGIN_HOST, "pgw");
    own.text(avp::ORIGIN_REALM, "example.net");
    own.text(avp::DESTINATION_REALM, "example.net");
    host.into_iter().for_each(|host| own.text(avp::DESTINATION_HOST, host));
    own.finish().expect("a short message")
}

impl Net {
    pub(crate) fn new(nodes: Vec<Endpoint>) -> Self {
        let count = nodes.len();
        Self {
            nodes,
            now: start(),
            notes: vec![Vec::new(); count],
            deaf: Vec::new(),
            attempts: 0,
            links: BTreeMap::new(),
            inbox: vec![VecDeque::new(); count],
            log: Vec::new(),
            shut: Vec::new(),
            incoming: 1 << 20,
        }
    }

    pub(crate) fn add(&mut self, node: Endpoint) {
        self.nodes.push(node);
        self.notes.push(Vec::new());
        self.inbox.push(VecDeque::new());
    }

    pub(crate) fn start(&mut self, node: usize) {
        self.nodes[node].start(self.now);
        self.settle();
    }

    /// Carries everything until nobody has more to do.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for node in 0..self.nodes.len() {
                while let Some(action) = self.nodes[node].poll_action() {
                    quiet = false;
                    self.carry(node, action);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn carry(&mut self, node: usize, action: Action) {
        let now = self.now;
        match action {
            Action::Connect { connection, peer } => {
                self.attempts += 1;
                let named = |own: &Endpoint| own.settings().identity.host == *peer;
                let Some(other) = self.nodes.iter().position(named).filter(|own| !self.deaf.contains(own))
                else {
                    return self.nodes[node].closed(now, connection);
                };
                self.incoming += 1;
                let theirs = ConnectionId::incoming(self.incoming);
                self.links.insert((node, connection), (other, theirs));
                self.links.insert((other, theirs), (node, connection));
                self.nodes[other].accepted(now, theirs);
                self.nodes[node].opened(now, connection);
            }
            Action::Send { connection, octets } => {
                self.log.push((node, octets.clone()));
                let Some((other, theirs)) = self.links.get(&(node, connection)).copied() else { return };
                if self.deaf.contains(&other) {
                    return;
                }
                for piece in octets.chunks(CUT) {
                    self.nodes[other].received(now, theirs, piece);
                }
            }
            Action::Close { connection } => {
                self.shut.push((node, connection));
                if let Some((other, theirs)) = self.links.remove(&(node, connection)) {
                    self.links.remove(&(other, theirs));
                    self.nodes[other].closed(now, theirs);
                }
            }
            Action::Noted(note) => self.notes[node].push(note),
            other => self.inbox[node].push_back(other),
        }
    }

    /// Lets time pass, from deadline to deadline.
    pub(crate) fn advance(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let next = self.nodes.iter().filter_map(Endpoint::next_deadline).min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            assert!(next >= self.now, "time does not go back");
            self.now = next;
            for node in &mut self.nodes {
                if node.next_deadline().is_some_and(|at| at <= next) {
                    node.expire(next);
                }
            }
            self.settle();
        }
        self.now = end;
    }

    /// Breaks every connection between two nodes; both hear of it.
    pub(crate) fn cut(&mut self, one: usize, two: usize) {
        let between =
            |end: &End, other: &End| end.0 == one && other.0 == two || end.0 == two && other.0 == one;
        let ends: Vec<End> =
            self.links.iter().filter(|(end, other)| between(end, other)).map(|(end, _)| *end).collect();
        for (node, connection) in ends {
            self.links.remove(&(node, connection));
            self.nodes[node].closed(self.now, connection);
        }
        self.settle();
    }

    pub(crate) fn request(&mut self, node: usize, octets: Vec<u8>, sending: Sending<'_>) -> RequestId {
        let request = self.nodes[node].request(self.now, octets, sending);
        self.settle();
        request
    }

    fn take<T>(&mut self, node: usize, wanted: impl Fn(&Action) -> Option<T>) -> Option<T> {
        let at = self.inbox[node].iter().position(|action| wanted(action).is_some())?;
        wanted(&self.inbox[node].remove(at)?)
    }

    /// The oldest request that has come to a node, with who sent it and where the answer goes.
    pub(crate) fn request_at(&mut self, node: usize) -> Option<((String, ConnectionId), Vec<u8>)> {
        self.take(node, |action| match action {
            Action::Request { peer, connection, octets } => {
                Some(((peer.to_string(), *connection), octets.clone()))
            }
            _ => None,
        })
    }

    pub(crate) fn answer_at(&mut self, node: usize) -> Option<(RequestId, String, Vec<u8>)> {
        self.take(node, |action| match action {
            Action::Answer { request, peer, octets } => Some((*request, peer.to_string(), octets.clone())),
            _ => None,
        })
    }

    pub(crate) fn failed_at(&mut self, node: usize) -> Option<(RequestId, Failure)> {
        self.take(node, |action| match action {
            Action::Failed { request, failure } => Some((*request, *failure)),
            _ => None,
        })
    }

    pub(crate) fn answer(&mut self, node: usize, connection: ConnectionId, request: &[u8], code: ResultCode) {
        let request = Message::parse(request).expect("what was sent can be read");
        let mut own = Builder::answer(&request);
        own.result(code);
        self.nodes[node].settings().identity.write(&mut own);
        own.proxy_infos(&request);
        self.nodes[node].answer(connection, own.finish().expect("a short message"));
        self.settle();
    }

    /// The peers that are up, by what was told.
    pub(crate) fn ups(&self, node: usize) -> Vec<String> {
        let mut ups: Vec<String> = Vec::new();
        for action in &self.inbox[node] {
            match action {
                Action::Up { peer } => {
                    assert!(!ups.contains(&peer.to_string()), "{peer} is up twice");
                    ups.push(peer.to_string());
                }
                Action::Down { peer } => {
                    let before = ups.len();
                    ups.retain(|own| **own != **peer);
                    assert_eq!(ups.len() + 1, before, "{peer} was not up");
                }
                _ => {}
            }
        }
        ups.sort();
        ups
    }

    pub(crate) fn is_up(&self, node: usize, host: &str) -> bool {
        self.nodes[node].is_up(host)
    }

    pub(crate) fn noted(&self, node: usize, note: &Note) -> bool {
        self.notes[node].contains(note)
    }

    /// Connections that there are.
    pub(crate) fn connections(&self) -> usize {
        self.links.len() / 2
    }

    pub(crate) fn closed(&self, node: usize, connection: ConnectionId) -> bool {
        self.shut.contains(&(node, connection))
    }

    pub(crate) fn octets_of(&self, node: usize, name: &str) -> Vec<Vec<u8>> {
        let named = |octets: &Vec<u8>| Header::read(octets).and_then(|own| own.name()) == Some(name);
        self.log
            .iter()
            .filter(|(own, octets)| *own == node && named(octets))
            .map(|own| own.1.clone())
            .collect()
    }

    /// How many messages of this name a node sent.
    pub(crate) fn sent(&self, node: usize, name: &str) -> usize {
        self.octets_of(node, name).len()
    }
}
