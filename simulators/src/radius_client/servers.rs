//! The charging systems that a client knows, and which of them it turns to.

use std::net::SocketAddr;
use std::time::Duration;

use tollgate_network::Server;
use tollgate_radius::Secret;
use tollgate_time::Instant;

use super::Service;

/// Most servers of one client.
pub const SERVERS_MAX: usize = 16;

/// Servers in order of preference.
#[derive(Debug)]
pub(super) struct Servers {
    known: Vec<Known>,
    /// How long a server that did not answer is passed over.
    rest: Duration,
}

#[derive(Debug)]
struct Known {
    access: SocketAddr,
    accounting: SocketAddr,
    secret: Secret,
    /// Passed over until then, because it did not answer.
    silent_until: Option<Instant>,
}

/// Servers that one request has been sent to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tried(u16);

impl Tried {
    pub(super) const fn with(self, server: usize) -> Self {
        Self(self.0 | 1 << server)
    }

    const fn contains(self, server: usize) -> bool {
        self.0 & 1 << server != 0
    }
}

impl Servers {
    /// The first [`SERVERS_MAX`] of these.
    pub(super) fn new(servers: &[Server], rest: Duration) -> Self {
        let known = servers.iter().take(SERVERS_MAX).map(|server| Known {
            access: SocketAddr::new(server.address, server.auth_port),
            accounting: SocketAddr::new(server.address, server.acct_port),
            secret: Secret::from(server.secret.as_str()),
            silent_until: None,
        });
        Self { known: known.collect(), rest }
    }

    /// The server that a request goes to next: the first one that was not tried and is not known to be
    /// silent, else the first that was not tried, else none.
    pub(super) fn pick(&self, now: Instant, tried: Tried) -> Option<usize> {
        let untried = || (0..self.known.len()).filter(|&server| !tried.contains(server));
        let talks = |server: &usize| self.known[*server].silent_until.is_none_or(|until| until <= now);
        untried().find(talks).or_else(|| untried().next())
    }

    pub(super) fn address(&self, server: usize, service: Service) -> SocketAddr {
        match service {
            Service::Access => self.known[server].access,
            Service::Accounting => self.known[server].accounting,
        }
    }

    pub(super) fn secret(&self, server: usize) -> &Secret {
        &self.known[server].secret
    }

    /// Notes that a server did not answer. It is passed over for a while, and tried again afterwards.
    pub(super) fn fell_silent(&mut self, server: usize, now: Instant) {
        self.known[server].silent_until = Some(now + self.rest);
    }

    /// Notes that a server answered.
    pub(super) fn answered(&mut self, server: usize) {
        self.known[server].silent_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(count: u8) -> Servers {
        let known: Vec<Server> = (1..=count)
            .map(|last| Server {
                address: [192, 0, 2, last].into(),
                auth_port: 1812,
                acct_port: 1813,
                secret: "s".into(),
            })
            .collect();
        Servers::new(&known, Duration::from_secs(60))
    }

    #[test]
    fn a_silent_server_is_passed_over_for_a_while_and_comes_back() {
        let mut servers = servers(2);
        let start = Instant::from_unix_secs(100);
        assert_eq!(servers.pick(start, Tried::default()), Some(0));
        servers.fell_silent(0, start);
        assert_eq!(servers.pick(start + Duration::from_secs(59), Tried::default()), Some(1));
        assert_eq!(servers.pick(start + Duration::from_secs(60), Tried::default()), Some(0));
        servers.fell_silent(0, start);
        servers.answered(0);
        assert_eq!(servers.pick(start, Tried::default()), Some(0));
    }

    #[test]
    fn a_silent_server_is_better_than_none() {
        let mut servers = servers(2);
        let start = Instant::from_unix_secs(100);
        servers.fell_silent(0, start);
        servers.fell_silent(1, start);
        assert_eq!(servers.pick(start, Tried::default()), Some(0));
        assert_eq!(servers.pick(start, Tried::default().with(0)), Some(1));
        assert_eq!(servers.pick(start, Tried::default().with(0).with(1)), None);
    }
}
