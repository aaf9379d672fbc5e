//! What a site is told of the others before it starts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_wire::Text;

/// TCP port of the link between sites.
pub const LINK_PORT: u16 = 7_400;

/// A site among the sites of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteConfig {
    /// Its number: 0 begins as the primary, the others as stand-by sites of it.
    pub number: u8,
    /// Its address for the other sites.
    pub address: IpAddr,
    /// Port of the link, the same at every site.
    pub port: u16,
    /// The others.
    pub others: Vec<OtherSite>,
    /// How often a site sees to it that it hears of the other one.
    pub watchdog: Duration,
    /// So many times in a row without a sign of life, and the other one is lost.
    pub misses: u32,
}

/// Another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSite {
    /// Its number.
    pub number: u8,
    /// Its name.
    pub name: Text,
    /// Its address.
    pub address: IpAddr,
}

impl SiteConfig {
    /// A site with a watchdog of ten seconds that loses patience at the third miss; the documents give no times.
    #[must_use]
    pub const fn new(number: u8, address: IpAddr) -> Self {
        Self {
            number,
            address,
            port: LINK_PORT,
            others: Vec::new(),
            watchdog: Duration::from_secs(10),
            misses: 3,
        }
    }

    /// Where it takes the others' connections.
    pub(super) const fn listens_at(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// How long another site may be silent before it is lost.
    pub(super) fn patience(&self) -> Duration {
        self.watchdog.saturating_mul(self.misses.max(1))
    }

    /// The site at an address.
    pub(super) fn at(&self, address: IpAddr) -> Option<&OtherSite> {
        self.others.iter().find(|own| own.address == address)
    }
}
