//! Who may speak with the gateway: known by source address alone, never by what a packet says of itself
//! (RFC 2865 section 3; NAS-IP-Address must not choose the secret, section 5.4).

use std::net::IpAddr;

use tollgate_ocs_core::ids::EnvId;
use tollgate_radius::Secret;
use tollgate_wire::Text;

use crate::dynamic::{self, Abilities};
use crate::templates::Templates;

/// One client: a gateway, a session border controller, a broadband server, a proxy.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its node's name in the world; shown to clients as `PortaBilling_NodeId`.
    pub name: Text,
    /// The address from which its packets come.
    pub address: IpAddr,
    /// What it shares with the gateway.
    pub secret: Secret,
    /// Discard its Access-Requests when they have no Message-Authenticator. One that is there is always
    /// verified, whatever this says.
    pub require_message_authenticator: bool,
    /// Heed `PortaBilling_Ignore_Password` from it.
    pub trusted: bool,
    /// The environment that it belongs to; `None` for the first.
    pub environment: Option<EnvId>,
    /// It serves every environment, and says for which a request is (`PortaBilling_SessionEnv`). Of others the attribute
    /// is not heeded.
    pub internal: bool,
    /// What can be done to its sessions from here.
    pub abilities: Abilities,
    /// UDP port at which it listens for that.
    pub dynamic_port: u16,
    /// What its answers and changes carry beside the usual.
    pub templates: Templates,
}

impl Client {
    /// A client that hears no requests, need not send a Message-Authenticator (old gateways cannot) and is not trusted.
    pub fn new(name: impl Into<Text>, address: IpAddr, secret: impl Into<Secret>) -> Self {
        Self {
            name: name.into(),
            address,
            secret: secret.into(),
            require_message_authenticator: false,
            trusted: false,
            environment: None,
            internal: false,
            abilities: Abilities::Nothing,
            dynamic_port: dynamic::PORT,
            templates: Templates::default(),
        }
    }
}

impl Client {
    /// The environment of a request that names `said`. What is no number is that of no environment: 0.
    pub(crate) fn environment_of(&self, said: Option<&str>, first: EnvId) -> EnvId {
        match said.filter(|_| self.internal) {
            Some(said) => EnvId::from_number(said.parse().unwrap_or(0)),
            None => self.environment.unwrap_or(first),
        }
    }
}

/// All clients, in the order of their addresses.
#[derive(Debug, Clone, Default)]
pub struct Clients(Vec<Client>);

/// A set of clients that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientsError {
    /// Two clients with one address cannot be told apart.
    #[error("nodes '{one}' and '{other}' have the same address {address}; give each its own")]
    SameAddress {
        /// The one.
        one: Text,
        /// The other.
        other: Text,
        /// Their address.
        address: IpAddr,
    },
    /// RFC 2865 section 3 forbids an empty secret.
    #[error("node '{0}' has an empty secret; anybody could forge its requests")]
    EmptySecret(Text),
}

impl Clients {
    /// A set of clients.
    ///
    /// # Errors
    /// Two of them have the same address, or one has an empty secret.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Result<Self, ClientsError> {
        let mut clients: Vec<Client> = clients.into_iter().collect();
        clients.sort_by_key(|client| client.address);
        if let Some(open) = clients.iter().find(|client| client.secret.as_bytes().is_empty()) {
            return Err(ClientsError::EmptySecret(open.name.clone()));
        }
        for (one, other) in clients.iter().zip(clients.iter().skip(1)) {
            if one.address != other.address {
                continue;
            }
            return Err(ClientsError::SameAddress {
                one: one.name.clone(),
                other: other.name.clone(),
                address: one.address,
            });
        }
        Ok(Self(clients))
    }

    /// The place of the client that sends from `address`. An IPv4 address that a dual-stack socket shows
    /// as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<usize> {
        let address = address.to_canonical();
        self.0.binary_search_by_key(&address, |client| client.address).ok()
    }

    /// The client at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Client> {
        self.0.get(place)
    }

    /// Every client, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str, last: u8, secret: &str) -> Client {
        Client::new(name, IpAddr::from([10, 0, 0, last]), secret)
    }

    #[test]
    fn a_client_is_known_by_its_source_address() {
        let clients = Clients::new([client("b", 2, "x"), client("a", 1, "x")]).unwrap();
        let name = |last| {
            let place = clients.place(IpAddr::from([10, 0, 0, last]))?;
            clients.get(place).map(|client| client.name.as_str())
        };
        assert_eq!((name(1), name(2), name(3)), (Some("a"), Some("b"), None));
    }

    #[test]
    fn only_an_internal_node_chooses_the_environment() {
        let [first, third] = [1, 3].map(EnvId::from_number);
        let normal = Client { environment: Some(third), ..client("a", 1, "x") };
        assert_eq!(normal.environment_of(Some("1"), first), third);
        assert_eq!(client("a", 1, "x").environment_of(Some("3"), first), first);
        let internal = Client { internal: true, ..client("a", 1, "x") };
        let asked = |said| internal.environment_of(said, first).number();
        assert_eq!((asked(Some("3")), asked(None), asked(Some("three"))), (3, 1, 0));
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address() {
        let clients = Clients::new([client("a", 1, "x")]).unwrap();
        assert_eq!(clients.place("::ffff:10.0.0.1".parse().unwrap()), Some(0));
    }

    #[test]
    fn clients_that_cannot_be_told_apart_are_refused() {
        let error = Clients::new([client("a", 1, "x"), client("b", 1, "y")]).unwrap_err();
        assert_eq!(error.to_string(), "nodes 'a' and 'b' have the same address 10.0.0.1; give each its own");
    }

    #[test]
    fn an_empty_secret_is_refused() {
        assert_eq!(Clients::new([client("a", 1, "")]).unwrap_err(), ClientsError::EmptySecret("a".into()));
    }
}
