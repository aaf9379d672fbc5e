//! What the Diameter face is told before it starts: who it is, who may speak with it, and what the services mean that
//! clients name.

use std::net::SocketAddr;
use std::time::Duration;

use tollgate_network::Transport;
use tollgate_ocs_core::Service;
use tollgate_ocs_core::ids::EnvId;
use tollgate_wire::Text;

/// TCP and SCTP port of Diameter (RFC 6733 section 2.1).
pub const DIAMETER_PORT: u16 = 3868;

/// Settings of the Diameter face.
#[derive(Debug, Clone)]
pub struct DiameterConfig {
    /// Its Origin-Realm.
    pub realm: Text,
    /// Where connections are taken.
    pub listen: Vec<Listener>,
    /// Product-Name of its CEA.
    pub product: Text,
    /// What becomes of requests that are not quite what the standards ask for.
    pub profile: Profile,
    /// Who may connect; with none, everybody may.
    pub peers: Vec<DiameterClient>,
    /// How long a connection may be silent before it is watched (RFC 3539, Tw).
    pub watchdog: Duration,
    /// What longer messages are, the connection is closed for.
    pub message_max: usize,
    /// What the services are that clients name; the first that fits counts.
    pub services: Vec<ServiceRule>,
    /// How long after the end of its validity a grant is still kept for a client that is late (RFC 8506, Tcc).
    pub supervision: Duration,
    /// Told in CC-Session-Failover, where it is told.
    pub session_failover: Option<bool>,
    /// Told in Credit-Control-Failure-Handling, where it is told.
    pub failure_handling: Option<FailureHandling>,
    /// What is done to the sessions of an account that is blocked.
    pub on_block: OnBlock,
    /// Requests that are remembered at most to recognise copies.
    pub duplicates_max: usize,
}

/// Where connections are taken. A system at several addresses is several Diameter nodes with one charging core: a client
/// that loses one of them goes on with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The Origin-Host of the node there.
    pub host: Text,
    /// The address.
    pub at: SocketAddr,
    /// What carries connections.
    pub over: Transport,
}

/// A Diameter node that may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiameterClient {
    /// The node's name in the world: its dialling rules hold for customers without any.
    pub name: Text,
    /// Its Origin-Host; compared without regard to case (RFC 6733 section 4.3.1).
    pub host: Text,
    /// Whether it is told the called number as it was translated (`ro.ProvisionCld`).
    pub provision_cld: bool,
    /// The environment that it belongs to; `None` for the first.
    pub environment: Option<EnvId>,
}

/// What becomes of requests that are not quite what the standards ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// They are refused, as the RFCs say.
    #[default]
    Strict,
    /// What can be understood is served: unknown mandatory AVPs are passed over, an update of an unknown session begins
    /// it, and a session without Multiple-Services-Credit-Control is served by what its command level says.
    Lenient,
}

/// What a client does when no answer comes (RFC 8506 section 8.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureHandling {
    /// It ends the service.
    Terminate,
    /// It goes on.
    Continue,
    /// It asks another server, and ends the service when that does not answer.
    RetryAndTerminate,
}

/// What is done to the sessions of an account that is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBlock {
    /// Their clients are asked to ask again (RAR), and hear then that the service is denied.
    #[default]
    Reauthorize,
    /// They are ended (ASR).
    Abort,
}

/// The side of a call or message that a client charges (TS 32.299, Role-Of-Node).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Role {
    /// The subscriber calls or sends.
    #[default]
    Originating,
    /// The subscriber is called, or receives.
    Terminating,
    /// The subscriber has forwarded a call.
    Forwarding,
}

/// What a service is that clients name, and how it is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRule {
    /// The end of the Service-Context-Id that it is for: `32251@3gpp.org` also fits a release in front of it.
    pub context: Option<Text>,
    /// The Rating-Group that it is for.
    pub rating_group: Option<u32>,
    /// The Service-Identifier that it is for.
    pub service_identifier: Option<u32>,
    /// The role of the subscriber that it is for.
    pub role: Option<Role>,
    /// What it is charged as.
    pub service: Service,
    /// The access code that the rating entry is found by.
    pub access_code: Option<Text>,
    /// What it is called where nobody is called; without it, the service's own word.
    pub resource: Option<Text>,
    /// Units that are granted to who does not say how many.
    pub grant: u64,
    /// The most units that are granted at once, whatever is asked for.
    pub grant_max: Option<u64>,
    /// How long a grant is valid.
    pub validity: Duration,
    /// How long a client keeps a quota that is not used (Quota-Holding-Time).
    pub holding_time: Option<Duration>,
    /// How many units before its end a client asks for more (Time-, Volume- or Unit-Quota-Threshold).
    pub threshold: Option<u32>,
    /// Trigger-Types upon which a client asks anew.
    pub triggers: Vec<u32>,
    /// What a client does when the last units are used.
    pub final_unit: FinalUnit,
    /// The credit pool that its units are drawn from.
    pub pool: Option<u32>,
    /// Whether what is free is told to need no credit control (4011), and not granted.
    pub free_is_not_controlled: bool,
}

/// What a client does when the last units are used (RFC 8506 section 8.34).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FinalUnit {
    /// It ends the service.
    #[default]
    Terminate,
    /// It sends the subscriber elsewhere: a hotline.
    Redirect(RedirectServer),
    /// It lets through what these rules allow.
    Restrict {
        /// IPFilterRules.
        rules: Vec<Text>,
        /// Names of filters that the client knows.
        filter_ids: Vec<Text>,
    },
}

/// Where a subscriber is sent (RFC 8506 section 8.37).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectServer {
    /// Redirect-Address-Type: 0 IPv4, 1 IPv6, 2 URL, 3 SIP URI.
    pub kind: u32,
    /// The address.
    pub address: Text,
}

impl RedirectServer {
    /// The server at an address; its kind is seen by it.
    #[must_use]
    pub fn at(address: impl Into<Text>) -> Self {
        let address = address.into();
        let kind = match address.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(_)) => 0,
            Ok(std::net::IpAddr::V6(_)) => 1,
            Err(_) if address.starts_with("sip:") || address.starts_with("sips:") => 3,
            Err(_) => 2,
        };
        Self { kind, address }
    }
}

impl ServiceRule {
    /// Anything that is charged as this service: units of its kind for two hours.
    #[must_use]
    pub fn of(service: Service) -> Self {
        Self {
            context: None,
            rating_group: None,
            service_identifier: None,
            role: None,
            service,
            access_code: None,
            resource: None,
            grant: match service.unit() {
                tollgate_ocs_core::Unit::Octet => 1 << 30,
                tollgate_ocs_core::Unit::Second => 60,
                tollgate_ocs_core::Unit::Piece => 1,
            },
            grant_max: None,
            validity: Duration::from_secs(7_200),
            holding_time: None,
            threshold: None,
            triggers: Vec::new(),
            final_unit: FinalUnit::Terminate,
            pool: None,
            free_is_not_controlled: false,
        }
    }

    /// Whether it is for what a client names so.
    pub(crate) fn fits(&self, context: &str, named: &Named) -> bool {
        let same = |own: Option<u32>, said: Option<u32>| own.is_none_or(|own| said == Some(own));
        self.context.as_deref().is_none_or(|own| ends_at_label(context, own))
            && same(self.rating_group, named.rating_group)
            && named_by(self.service_identifier, &named.service_identifiers)
            && self.role.is_none_or(|own| own == named.role)
    }
}

fn named_by(own: Option<u32>, said: &[u32]) -> bool {
    own.is_none_or(|own| said.contains(&own))
}

/// Whether a Service-Context-Id is this one, or one of its releases: `8.32251@3gpp.org` is of `32251@3gpp.org`.
fn ends_at_label(context: &str, end: &str) -> bool {
    context.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// By what a client names a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Named {
    pub(crate) rating_group: Option<u32>,
    pub(crate) service_identifiers: Vec<u32>,
    pub(crate) role: Role,
}

impl DiameterConfig {
    /// A server in a realm: strict, open to everybody, with the watchdog of RFC 3539 and without services.
    pub fn new(realm: impl Into<Text>, listen: Vec<Listener>) -> Self {
        Self {
            realm: realm.into(),
            listen,
            product: "tollgate".into(),
            profile: Profile::Strict,
            peers: Vec::new(),
            watchdog: Duration::from_secs(30),
            message_max: 65_536,
            services: Vec::new(),
            supervision: Duration::from_secs(60),
            session_failover: None,
            failure_handling: None,
            on_block: OnBlock::Reauthorize,
            duplicates_max: 131_072,
        }
    }

    /// The rule of what a client names so; `None` when nobody knows what it is.
    pub(crate) fn service(&self, context: &str, named: &Named) -> Option<(usize, &ServiceRule)> {
        self.services.iter().enumerate().find(|(_, rule)| rule.fits(context, named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_counts() {
        let mut config = DiameterConfig::new("realm", Vec::new());
        let rule = |context: &str, rating_group, service| ServiceRule {
            context: Some(context.into()),
            rating_group,
            ..ServiceRule::of(service)
        };
        config.services = vec![
            rule("32251@3gpp.org", Some(100), Service::Data),
            rule("32251@3gpp.org", None, Service::NetAccess),
            rule("32274@3gpp.org", None, Service::Msg),
        ];
        let find = |context: &str, rating_group| {
            let named = Named { rating_group, ..Named::default() };
            config.service(context, &named).map(|(_, rule)| rule.service)
        };
        assert_eq!(find("32251@3gpp.org", Some(100)), Some(Service::Data));
        assert_eq!(find("12.32251@3gpp.org", Some(100)), Some(Service::Data));
        assert_eq!(find("32251@3gpp.org", Some(200)), Some(Service::NetAccess));
        assert_eq!(find("32274@3gpp.org", None), Some(Service::Msg));
        assert_eq!(find("132274@3gpp.org", None), None);
        assert_eq!(find("32260@3gpp.org", None), None);
    }

    #[test]
    fn a_redirect_server_is_of_the_kind_that_its_address_shows() {
        let kind = |address: &str| RedirectServer::at(address).kind;
        assert_eq!(
            [kind("10.0.0.1"), kind("2001:db8::1"), kind("http://pay.example/"), kind("sip:pay@example")],
            [0, 1, 2, 3]
        );
    }
}
