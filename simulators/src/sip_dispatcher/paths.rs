//! The SIP servers of each system: which takes what begins now, and which are passed over because they are silent.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_time::Instant;

use crate::forwarding_registry::SystemPlace;

/// SIP servers of one system.
pub(super) const SERVERS_MAX: usize = 16;
/// Calls whose server is remembered; the oldest is forgotten first.
const CALLS_MAX: usize = 1 << 16;

/// One SIP server.
#[derive(Debug, Clone, Copy)]
struct Server {
    at: SocketAddr,
    /// Since when a request waits for an answer of its.
    waiting_since: Option<Instant>,
    /// Until when it is passed over.
    silent_until: Option<Instant>,
}

/// The servers of all systems.
#[derive(Debug)]
pub(super) struct Paths {
    /// By system, in the order in which they are tried.
    servers: BTreeMap<SystemPlace, Vec<Server>>,
    patience: Duration,
    rest: Duration,
    /// Where the INVITE of each Call-ID went.
    calls: BTreeMap<String, SocketAddr>,
    order: VecDeque<String>,
}

impl Paths {
    pub(super) const fn new(patience: Duration, rest: Duration) -> Self {
        Self { servers: BTreeMap::new(), patience, rest, calls: BTreeMap::new(), order: VecDeque::new() }
    }

    /// Adds a server behind the others of a system; says whether there was room.
    pub(super) fn add(&mut self, system: SystemPlace, at: SocketAddr) -> bool {
        let own = self.servers.entry(system).or_default();
        let room = own.len() < SERVERS_MAX;
        if room {
            own.push(Server { at, waiting_since: None, silent_until: None });
        }
        room
    }

    /// Whether a message comes from one of the servers.
    pub(super) fn is_server(&self, ip: IpAddr) -> bool {
        self.servers.values().flatten().any(|server| server.at.ip() == ip)
    }

    /// Has what begins from now on go to this server of a system; says whether it is one.
    pub(super) fn prefer(&mut self, system: SystemPlace, ip: IpAddr) -> bool {
        let Some(own) = self.servers.get_mut(&system) else { return false };
        let Some(at) = own.iter().position(|server| server.at.ip() == ip) else { return false };
        let server = own.remove(at);
        own.insert(0, server);
        true
    }

    /// The server that takes what begins now: the first that is not silent, or the first if all are. Says with it whether
    /// another one has just been found silent.
    pub(super) fn pick(
        &mut self,
        now: Instant,
        system: SystemPlace,
    ) -> Option<(SocketAddr, Option<SocketAddr>)> {
        let (patience, rest) = (self.patience, self.rest);
        let own = self.servers.get_mut(&system)?;
        let mut fell_silent = None;
        for server in own.iter_mut() {
            if server.waiting_since.is_some_and(|since| since + patience <= now) {
                server.silent_until = Some(now + rest);
                server.waiting_since = None;
                fell_silent = Some(server.at);
            }
        }
        let awake = |server: &&Server| server.silent_until.is_none_or(|until| until <= now);
        let picked = own.iter().find(awake).or_else(|| own.first())?;
        Some((picked.at, fell_silent))
    }

    /// A request went to a server that wants an answer.
    pub(super) fn sent(&mut self, now: Instant, to: SocketAddr) {
        if let Some(server) = self.server(to.ip()) {
            server.waiting_since.get_or_insert(now);
        }
    }

    /// Something came from a server.
    pub(super) fn heard(&mut self, from: IpAddr) {
        if let Some(server) = self.server(from) {
            (server.waiting_since, server.silent_until) = (None, None);
        }
    }

    fn server(&mut self, ip: IpAddr) -> Option<&mut Server> {
        self.servers.values_mut().flatten().find(|server| server.at.ip() == ip)
    }

    /// Remembers where an INVITE went.
    pub(super) fn note_call(&mut self, call_id: &str, to: SocketAddr) {
        if self.calls.insert(call_id.to_owned(), to).is_none() {
            self.order.push_back(call_id.to_owned());
            if self.order.len() > CALLS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.calls.remove(&oldest);
            }
        }
    }

    /// Where the INVITE of a Call-ID went.
    pub(super) fn call(&self, call_id: &str) -> Option<SocketAddr> {
        self.calls.get(call_id).copied()
    }

    /// Forgets what was only in memory.
    pub(super) fn restart(&mut self) {
        self.calls.clear();
        self.order.clear();
        for server in self.servers.values_mut().flatten() {
            (server.waiting_since, server.silent_until) = (None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: SystemPlace = SystemPlace(0);

    fn at(secs: u64) -> Instant {
        Instant::from_unix_secs(secs)
    }

    fn two() -> (Paths, SocketAddr, SocketAddr) {
        let mut paths = Paths::new(Duration::from_secs(2), Duration::from_secs(60));
        let [one, two] = ["10.0.0.1:5060", "10.0.0.2:5060"].map(|at| at.parse().unwrap());
        assert!(paths.add(SYSTEM, one) && paths.add(SYSTEM, two));
        (paths, one, two)
    }

    #[test]
    fn a_silent_server_is_passed_over_until_it_is_heard_or_has_rested() {
        let (mut paths, one, two) = two();
        paths.sent(at(0), one);
        paths.sent(at(1), one);
        assert_eq!(paths.pick(at(1), SYSTEM), Some((one, None)));
        assert_eq!(paths.pick(at(2), SYSTEM), Some((two, Some(one))));
        assert_eq!(paths.pick(at(61), SYSTEM), Some((two, None)));
        assert_eq!(paths.pick(at(62), SYSTEM), Some((one, None)));
        paths.sent(at(62), one);
        paths.pick(at(64), SYSTEM);
        paths.heard(one.ip());
        assert_eq!(paths.pick(at(64), SYSTEM), Some((one, None)));
    }

    #[test]
    fn where_all_are_silent_the_first_is_tried() {
        let (mut paths, one, two) = two();
        paths.sent(at(0), one);
        paths.sent(at(0), two);
        assert_eq!(paths.pick(at(5), SYSTEM).map(|(to, _)| to), Some(one));
    }

    #[test]
    fn new_calls_go_where_they_were_ordered_to_go() {
        let (mut paths, one, two) = two();
        assert!(paths.prefer(SYSTEM, two.ip()));
        assert_eq!(paths.pick(at(0), SYSTEM), Some((two, None)));
        assert!(!paths.prefer(SYSTEM, [10, 0, 0, 3].into()) && !paths.prefer(SystemPlace(1), one.ip()));
    }

    #[test]
    fn the_oldest_call_is_forgotten_first() {
        let (mut paths, one, _) = two();
        for number in 0..=CALLS_MAX {
            paths.note_call(&number.to_string(), one);
        }
        assert_eq!((paths.call("0"), paths.call("1")), (None, Some(one)));
    }
}
