//! Where a SIP message goes next, and what carries it (RFC 3263, without a name server: names are what the settings say).

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use tollgate_network::StreamId;
use tollgate_sip::{Message, NameAddr, Params, Scheme, Uri};
use tollgate_wire::Text;

/// The port of SIP (RFC 3261 section 19.1.2).
pub const PORT: u16 = 5060;

/// What carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Carrier {
    /// Datagrams.
    #[default]
    Udp,
    /// A TCP connection.
    Tcp,
}

impl Carrier {
    /// As Via spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }

    /// The parameter of a URI that asks for it; nothing for UDP, which is the default.
    #[must_use]
    pub const fn param(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
        }
    }

    /// Whether nothing is lost on it, so that transactions send nothing again.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp)
    }

    /// The one of this word, as Via, a URI or a setting spells it.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            _ if word.eq_ignore_ascii_case("udp") => Some(Self::Udp),
            _ if word.eq_ignore_ascii_case("tcp") => Some(Self::Tcp),
            _ => None,
        }
    }
}

/// The next element on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Its address and port.
    pub to: SocketAddr,
    /// What carries messages to it.
    pub over: Carrier,
    /// The port of the sender's own from which datagrams go, and which its Via names; 0 takes its first.
    pub from: u16,
    /// The connection that is to be used while it stands: the one that a request came by.
    pub stream: Option<StreamId>,
}

impl Hop {
    /// By datagrams, from the sender's first port.
    #[must_use]
    pub const fn udp(to: SocketAddr) -> Self {
        Self { to, over: Carrier::Udp, from: 0, stream: None }
    }

    /// By a connection, one that stands or a new one.
    #[must_use]
    pub const fn tcp(to: SocketAddr) -> Self {
        Self { to, over: Carrier::Tcp, from: 0, stream: None }
    }

    /// The same, from another port of the sender's.
    #[must_use]
    pub const fn from_port(mut self, port: u16) -> Self {
        self.from = port;
        self
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.to, self.over.name())
    }
}

/// Why no next hop is known; the phrase ends "no way to …:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHop {
    /// It does not read as a URI.
    #[error("'{0}' is no SIP URI")]
    NoUri(String),
    /// A name that no setting explains.
    #[error("'{0}' is no address; name it in `hosts:`, as {0}=192.0.2.1:5060")]
    Name(String),
    /// A transport that no element here speaks.
    #[error("'{0}' is neither udp nor tcp")]
    Carrier(String),
}

/// Addresses behind names, as a name server would know them.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, SocketAddr>);

impl Names {
    /// Reads one `<name>=<address>[:<port>]`; `None` where it is none.
    pub fn add(&mut self, text: &str) -> Option<()> {
        let (name, place) = text.split_once('=')?;
        if name.is_empty() {
            return None;
        }
        self.0.insert(name.to_ascii_lowercase(), place_of(place)?);
        Some(())
    }

    /// The address of a host as a URI has it, with this port or that of the name.
    #[must_use]
    pub fn find(&self, host: &str, port: Option<u16>) -> Option<SocketAddr> {
        if let Some(ip) = ip_of(host) {
            return Some(SocketAddr::new(ip, port.unwrap_or(PORT)));
        }
        let known = *self.0.get(&host.to_ascii_lowercase())?;
        Some(SocketAddr::new(known.ip(), port.unwrap_or(known.port())))
    }

    /// Where a request to this URI goes.
    ///
    /// # Errors
    /// It is no URI, or its host has no address here.
    pub fn hop(&self, uri: &str) -> Result<Hop, NoHop> {
        let uri = Uri::parse(uri).map_err(|_| NoHop::NoUri(uri.to_owned()))?;
        self.hop_of(&uri)
    }

    /// The same of a URI that was read.
    ///
    /// # Errors
    /// Its host has no address here, or it asks for another transport.
    pub fn hop_of(&self, uri: &Uri<'_>) -> Result<Hop, NoHop> {
        if !matches!(uri.scheme, Scheme::Sip) {
            return Err(NoHop::NoUri(uri.text.to_owned()));
        }
        let host = maddr(uri.params).unwrap_or(uri.host);
        let to = self.find(host, uri.port).ok_or_else(|| NoHop::Name(host.to_owned()))?;
        let over = match uri.params.get("transport") {
            None => Carrier::Udp,
            Some(word) => Carrier::of(word).ok_or_else(|| NoHop::Carrier(word.to_owned()))?,
        };
        Ok(Hop { to, over, from: 0, stream: None })
    }

    /// Where a request goes: by its first Route, else by its Request-URI (RFC 3261 section 8.1.2).
    ///
    /// # Errors
    /// As for [`Self::hop`].
    pub fn hop_of_request(&self, request: &Message<'_>) -> Result<Hop, NoHop> {
        let route: Option<NameAddr<'_>> = request.addresses("Route").next().and_then(Result::ok);
        match route {
            Some(route) => self.hop_of(&route.uri),
            None => self.hop(request.uri_text().unwrap_or_default()),
        }
    }
}

fn maddr(params: Params<'_>) -> Option<&str> {
    params.get("maddr").filter(|host| !host.is_empty())
}

/// The address of a host as a URI or Via writes it, an IPv6 address in brackets.
#[must_use]
pub fn ip_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Reads `<address>[:<port>]`, an IPv6 address with a port in brackets.
#[must_use]
pub fn place_of(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| ip_of(text).map(|ip| SocketAddr::new(ip, PORT)))
}

/// An address as a URI or Via writes it.
#[must_use]
pub fn host_of(ip: IpAddr) -> Text {
    match ip {
        IpAddr::V4(ip) => Text::from(ip.to_string()),
        IpAddr::V6(ip) => Text::from(format!("[{ip}]")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_says_where_a_request_goes() {
        let mut names = Names::default();
        names.add("biloxi.com=10.0.0.2:5070").unwrap();
        let hop = |uri: &str| names.hop(uri).map(|hop| hop.to_string());
        assert_eq!(hop("sip:1@10.0.0.1").unwrap(), "10.0.0.1:5060/UDP");
        assert_eq!(hop("sip:1@10.0.0.1:5062;transport=TCP").unwrap(), "10.0.0.1:5062/TCP");
        assert_eq!(hop("sip:bob@Biloxi.com").unwrap(), "10.0.0.2:5070/UDP");
        assert_eq!(hop("sip:bob@biloxi.com:5062").unwrap(), "10.0.0.2:5062/UDP");
        assert_eq!(hop("sip:1@h;maddr=10.0.0.3").unwrap(), "10.0.0.3:5060/UDP");
        assert_eq!(hop("sip:1@[2001:db8::1]").unwrap(), "[2001:db8::1]:5060/UDP");
        assert_eq!(hop("sip:1@nowhere"), Err(NoHop::Name("nowhere".to_owned())));
        assert!(hop("tel:123").is_err() && hop("sip:1@10.0.0.1;transport=sctp").is_err());
        assert!(names.add("no-place").is_none() && names.add("=10.0.0.1").is_none());
    }
}
