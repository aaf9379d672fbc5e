//! Which real address stands for which of the scenario. Opens no socket.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// So many real addresses that nobody spoke of are remembered, so that they can be answered. What comes from
/// further ones is still received.
pub const STRANGERS_MAX: usize = 4_096;

/// The scenario's addresses and the real ones.
///
/// A node needs no entry: each of its addresses gets an address of its own on the loopback interface, and
/// each port that it uses a free one. Entries are for what is outside, and for nodes that something
/// outside has to find.
#[derive(Debug, Clone, Default)]
pub struct AddressMap {
    /// Outside: exact addresses, and whole hosts that keep their ports.
    outside: BTreeMap<SocketAddr, SocketAddr>,
    outside_hosts: BTreeMap<IpAddr, IpAddr>,
    /// The same the other way round.
    inside: BTreeMap<SocketAddr, SocketAddr>,
    inside_hosts: BTreeMap<IpAddr, IpAddr>,
    /// Where nodes' sockets are bound.
    bound: BTreeMap<SocketAddr, SocketAddr>,
    bound_hosts: BTreeMap<IpAddr, IpAddr>,
    strangers: BTreeSet<SocketAddr>,
}

/// Where a socket has to stand to reach something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Something on this machine's IPv4 loopback.
    Loopback,
    /// Something beyond it.
    V4,
    /// Something with an IPv6 address.
    V6,
}

impl AddressMap {
    /// No entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Something outside stands for this address of the scenario.
    #[must_use]
    pub fn with_outside(mut self, scenario: SocketAddr, real: SocketAddr) -> Self {
        self.outside.insert(scenario, real);
        self.inside.insert(real, scenario);
        // What it sends from another port still comes from that host. When one real host stands for
        // several of the scenario, other ports are those of the first.
        self.outside_hosts.entry(scenario.ip()).or_insert(real.ip());
        self.inside_hosts.entry(real.ip()).or_insert(scenario.ip());
        self
    }

    /// A host outside stands for this host of the scenario, port for port.
    #[must_use]
    pub fn with_outside_host(mut self, scenario: IpAddr, real: IpAddr) -> Self {
        self.outside_hosts.insert(scenario, real);
        self.inside_hosts.insert(real, scenario);
        self
    }

    /// A node's address is bound to exactly this real one, for peers outside that have to find it.
    #[must_use]
    pub fn with_bound(mut self, scenario: SocketAddr, real: SocketAddr) -> Self {
        self.bound.insert(scenario, real);
        self
    }

    /// The ports of a node's address are bound on this real address, to free ports, for peers outside that
    /// know their clients by address.
    #[must_use]
    pub fn with_bound_host(mut self, scenario: IpAddr, real: IpAddr) -> Self {
        self.bound_hosts.insert(scenario, real);
        self
    }

    /// The real address outside that stands for one of the scenario.
    #[must_use]
    pub fn real(&self, scenario: SocketAddr) -> Option<SocketAddr> {
        if let Some(real) = self.outside.get(&scenario) {
            return Some(*real);
        }
        if let Some(real) = self.outside_hosts.get(&scenario.ip()) {
            return Some(SocketAddr::new(*real, scenario.port()));
        }
        self.strangers.contains(&scenario).then_some(scenario)
    }

    /// What the scenario calls a real address outside. One that nobody spoke of keeps its own, and is
    /// remembered.
    pub(crate) fn scenario(&mut self, real: SocketAddr) -> SocketAddr {
        if let Some(scenario) = self.inside.get(&real) {
            return *scenario;
        }
        if let Some(scenario) = self.inside_hosts.get(&real.ip()) {
            return SocketAddr::new(*scenario, real.port());
        }
        if self.strangers.len() < STRANGERS_MAX {
            self.strangers.insert(real);
        }
        real
    }

    /// Addresses of a node that are to be bound beforehand.
    pub(crate) fn bound_on(&self, host: IpAddr) -> impl Iterator<Item = SocketAddr> {
        self.bound.keys().copied().filter(move |scenario| scenario.ip() == host)
    }

    /// Where to bind a node's address so that it reaches something.
    pub(crate) fn place(&self, scenario: SocketAddr, reach: Reach) -> SocketAddr {
        if let Some(real) = self.bound.get(&scenario) {
            return *real;
        }
        let host = self.bound_hosts.get(&scenario.ip()).copied().unwrap_or_else(|| match reach {
            Reach::Loopback => IpAddr::V4(loopback(scenario.ip())),
            Reach::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Reach::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        });
        SocketAddr::new(host, 0)
    }
}

impl Reach {
    pub(crate) fn of(real: IpAddr) -> Self {
        match real {
            IpAddr::V4(real) if real.is_loopback() => Self::Loopback,
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// A loopback address for a node: 127.64.0.0 to 127.191.255.255, of which none has a meaning of its own.
/// Two nodes may share one, as their ports differ.
fn loopback(scenario: IpAddr) -> Ipv4Addr {
    let (b, c, d) = match scenario {
        IpAddr::V4(address) => {
            let [_, b, c, d] = address.octets();
            (b, c, d)
        }
        IpAddr::V6(address) => {
            let [.., b, c, d] = address.octets();
            (b, c, d)
        }
    };
    Ipv4Addr::new(127, 64 + b % 128, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_outside_is_translated_both_ways() {
        let mut map = AddressMap::new()
            .with_outside(address("10.0.0.1:1812"), address("127.0.0.1:20001"))
            .with_outside(address("10.0.0.1:1813"), address("127.0.0.1:20002"))
            .with_outside_host("10.0.0.9".parse().unwrap(), "192.0.2.9".parse().unwrap());
        assert_eq!(map.real(address("10.0.0.1:1813")), Some(address("127.0.0.1:20002")));
        assert_eq!(map.scenario(address("127.0.0.1:20001")), address("10.0.0.1:1812"));
        // A request that the server starts comes from a port of its own.
        assert_eq!(map.scenario(address("127.0.0.1:33333")), address("10.0.0.1:33333"));
        assert_eq!(map.real(address("10.0.0.9:3799")), Some(address("192.0.2.9:3799")));
        assert_eq!(map.real(address("10.0.0.2:1813")), None);
    }

    #[test]
    fn a_stranger_can_be_answered() {
        let mut map = AddressMap::new();
        let stranger = address("192.0.2.1:5000");
        assert_eq!(map.real(stranger), None);
        assert_eq!(map.scenario(stranger), stranger);
        assert_eq!(map.real(stranger), Some(stranger));
    }

    #[test]
    fn a_node_is_bound_where_it_is_told_or_to_a_loopback_address_of_its_own() {
        let map = AddressMap::new()
            .with_bound(address("10.0.0.2:3799"), address("127.0.0.1:3799"))
            .with_bound_host("10.0.0.3".parse().unwrap(), "127.0.0.3".parse().unwrap());
        let place = |scenario, reach| map.place(address(scenario), reach);
        assert_eq!(place("10.0.0.2:3799", Reach::V4), address("127.0.0.1:3799"));
        assert_eq!(place("10.0.0.3:1645", Reach::V4), address("127.0.0.3:0"));
        assert_eq!(place("10.0.0.2:1645", Reach::Loopback), address("127.64.0.2:0"));
        assert_eq!(place("10.255.255.255:1645", Reach::Loopback), address("127.191.255.255:0"));
        assert_eq!(place("10.0.0.2:1645", Reach::V4), address("0.0.0.0:0"));
        assert_eq!(place("10.0.0.2:1645", Reach::V6), address("[::]:0"));
    }
}
