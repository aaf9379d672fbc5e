//! What access requests and accounting requests have in common: session keys, services, access codes,
//! locks, and attributes whose length is against their type.

use tollgate_ocs_core::{CallWishes, Lock, Part, Service, SessionKey};
use tollgate_radius::{Code, Packet, attribute};

use crate::counters::Oddity;
use crate::custom::Custom;

/// A request with what was read from it so far.
pub(crate) struct Request<'a> {
    pub(crate) packet: &'a Packet<'a>,
    pub(crate) custom: Custom<'a>,
    /// The client's name: the node, as the core knows it.
    pub(crate) node: &'a str,
    pub(crate) trusted: bool,
}

/// Oddities of one request, to be counted, with what was odd, to be observed.
#[derive(Debug, Default)]
pub(crate) struct Oddities {
    seen: Vec<(Oddity, String)>,
    /// Whether anybody reads what was odd; no text is made otherwise.
    detailed: bool,
}

impl Oddities {
    pub(crate) const fn new(detailed: bool) -> Self {
        Self { seen: Vec::new(), detailed }
    }

    pub(crate) fn note(&mut self, what: Oddity, detail: impl FnOnce() -> String) {
        self.seen.push((what, if self.detailed { detail() } else { String::new() }));
    }

    /// Takes them out and keeps the room.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Oddity, String)> + '_ {
        self.seen.drain(..)
    }

    #[cfg(test)]
    pub(crate) fn kinds(&self) -> Vec<Oddity> {
        self.seen.iter().map(|(what, _)| *what).collect()
    }
}

/// Service-Type of a framed user (RFC 2865 section 5.6).
const FRAMED_USER: u32 = 2;

/// Attributes of 3GPP2 (X.S0011-005-D): what a packet data serving node tells of a mobile user's sessions.
mod gpp2 {
    pub(super) const VENDOR: u32 = 5535;
    pub(super) const CORRELATION_ID: u8 = 44;
    pub(super) const SESSION_CONTINUE: u8 = 48;
}

/// Whether a service is access to the internet, which is authorized by line.
pub(crate) const fn is_internet(service: Service) -> bool {
    matches!(service, Service::NetAccess | Service::Data | Service::Wifi | Service::Dialup)
}

/// Attributes of four octets (RFC 2865, 2866, 2869): integers, addresses, times.
const FOUR_OCTETS: [u8; 31] = [
    attribute::NAS_IP_ADDRESS,
    attribute::NAS_PORT,
    attribute::SERVICE_TYPE,
    attribute::FRAMED_PROTOCOL,
    attribute::FRAMED_IP_ADDRESS,
    attribute::FRAMED_IP_NETMASK,
    attribute::FRAMED_ROUTING,
    attribute::FRAMED_MTU,
    attribute::FRAMED_COMPRESSION,
    attribute::LOGIN_IP_HOST,
    attribute::LOGIN_SERVICE,
    attribute::LOGIN_TCP_PORT,
    attribute::SESSION_TIMEOUT,
    attribute::IDLE_TIMEOUT,
    attribute::TERMINATION_ACTION,
    attribute::ACCT_STATUS_TYPE,
    attribute::ACCT_DELAY_TIME,
    attribute::ACCT_INPUT_OCTETS,
    attribute::ACCT_OUTPUT_OCTETS,
    attribute::ACCT_AUTHENTIC,
    attribute::ACCT_SESSION_TIME,
    attribute::ACCT_INPUT_PACKETS,
    attribute::ACCT_OUTPUT_PACKETS,
    attribute::ACCT_TERMINATE_CAUSE,
    attribute::ACCT_LINK_COUNT,
    attribute::ACCT_INPUT_GIGAWORDS,
    attribute::ACCT_OUTPUT_GIGAWORDS,
    attribute::EVENT_TIMESTAMP,
    attribute::NAS_PORT_TYPE,
    attribute::PORT_LIMIT,
    attribute::ACCT_INTERIM_INTERVAL,
];

/// One bit for each attribute number that has four octets.
const FOUR_OCTETS_BITS: [u64; 4] = {
    let mut bits = [0; 4];
    let mut place = 0;
    while place < FOUR_OCTETS.len() {
        let number = FOUR_OCTETS[place];
        bits[(number >> 6) as usize] |= 1 << (number & 63);
        place += 1;
    }
    bits
};

/// The first attribute whose length is against its type. RFC 2865 section 5 has an Access-Request with
/// one rejected, RFC 2866 section 5 an Accounting-Request discarded.
pub(crate) fn malformed_attribute(packet: &Packet<'_>) -> Option<u8> {
    let wrong = |number: u8, len: usize| {
        FOUR_OCTETS_BITS[usize::from(number >> 6)] >> (number & 63) & 1 == 1 && len != 4
    };
    packet.attributes().find(|own| wrong(own.number, own.value.len())).map(|own| own.number)
}

/// The value of a parameter in `<name>=<value>;…`, without spaces around it.
pub(crate) fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut parameters = text.split(';').filter_map(|part| part.split_once('='));
    parameters.find(|(own, _)| own.trim() == name).map(|(_, value)| value.trim())
}

impl Request<'_> {
    pub(crate) fn text(&self, number: u8) -> Option<&str> {
        self.packet.text(number).filter(|text| !text.is_empty())
    }

    pub(crate) fn owned(&self, number: u8) -> Option<String> {
        self.text(number).map(str::to_owned)
    }

    /// What holds the requests of a session together: h323-conf-id; without it Acct-Session-Id, which is
    /// the node's own and so is joined with its name (ESI, accounting requests); without both the user
    /// at a port, for a port carries one session at a time (RFC 2865 section 5.5).
    pub(crate) fn session(&self, oddities: &mut Oddities) -> SessionKey {
        if let Some(conf_id) = self.custom.conf_id {
            return SessionKey::new(conf_id);
        }
        if let Some(id) = self.text(attribute::ACCT_SESSION_ID) {
            return SessionKey::new(format!("{}/{id}", self.node));
        }
        oddities.note(Oddity::NoSessionId, || "neither h323-conf-id nor Acct-Session-Id".to_owned());
        self.line_key()
    }

    /// The key of the session as a whole: of one that is reported in parts, what the parts have in common.
    pub(crate) fn whole_session(&self, oddities: &mut Oddities) -> SessionKey {
        match self.common_id().filter(|_| self.part().is_some()) {
            Some(common) => SessionKey::new(format!("{}/{common}", self.node)),
            None => self.session(oddities),
        }
    }

    /// The part of a session that the request speaks of: the node has an identifier for all parts in common, and one for
    /// each (RFC 2866 section 5.11; 3GPP2 X.S0011-005-D, Correlation ID and Session Continue).
    pub(crate) fn part(&self) -> Option<Part> {
        if self.custom.conf_id.is_some() || self.common_id().is_none() {
            return None;
        }
        let id = self.text(attribute::ACCT_SESSION_ID)?.to_owned();
        Some(Part { id, continues: self.gpp2(gpp2::SESSION_CONTINUE) == Some(&[0, 0, 0, 1]) })
    }

    fn common_id(&self) -> Option<&str> {
        let correlation = self.gpp2(gpp2::CORRELATION_ID).and_then(|value| std::str::from_utf8(value).ok());
        correlation.filter(|id| !id.is_empty()).or_else(|| self.text(attribute::ACCT_MULTI_SESSION_ID))
    }

    fn gpp2(&self, number: u8) -> Option<&[u8]> {
        self.packet.vendor(gpp2::VENDOR).find(|own| own.number == number).map(|own| own.value)
    }

    /// The line that an internet session was authorized for, before the node gave it an identifier: user and port.
    pub(crate) fn line(&self, service: Service) -> Option<SessionKey> {
        let named = self.custom.conf_id.is_none() && self.text(attribute::ACCT_SESSION_ID).is_some();
        (named && is_internet(service)).then(|| self.line_key())
    }

    fn line_key(&self) -> SessionKey {
        let port = self.packet.u32(attribute::NAS_PORT).unwrap_or_default();
        let user = self.text(attribute::USER_NAME).unwrap_or("");
        SessionKey::new(format!("{}/port {port}/{user}", self.node))
    }

    /// The session that this one belongs to, where that has a key of its own.
    pub(crate) fn parent(&self) -> Option<SessionKey> {
        let parent = self.custom.incoming_conf_id?;
        (self.custom.conf_id != Some(parent)).then(|| SessionKey::new(parent))
    }

    /// The service: PortaOne-Service-Type; without it internet access for a framed user, voice for others.
    /// `None` when it names a service that there is not.
    pub(crate) fn service(&self, oddities: &mut Oddities) -> Option<Service> {
        let Some(name) = self.custom.service_type else {
            let framed = self.packet.u32(attribute::SERVICE_TYPE) == Some(FRAMED_USER);
            return Some(if framed { Service::NetAccess } else { Service::Voice });
        };
        let known = Service::ALL.into_iter().find(|service| service.name().eq_ignore_ascii_case(name));
        if known.is_none() {
            oddities.note(Oddity::UnknownWord, || format!("PortaOne-Service-Type {name}"));
        }
        known
    }

    /// `PortaBilling_AccessCode`, else the access number that was called.
    pub(crate) fn access_code(&self) -> Option<&str> {
        self.custom.access_code.or(self.custom.original_cld)
    }

    /// The called number: `PortaBilling_Original_DNIS` in place of Called-Station-Id.
    pub(crate) fn called(&self) -> Option<String> {
        self.custom.original_dnis.map(str::to_owned).or_else(|| self.owned(attribute::CALLED_STATION_ID))
    }

    /// The lock action of `PortaBilling_Session:<action>[;option=value]…`.
    pub(crate) fn lock(&self, oddities: &mut Oddities) -> Lock {
        let Some(session) = self.custom.session else {
            // Somebody else's call does not take a login away, nor does a telephone that only says where it is.
            let harmless = self.is_incoming() || self.has_method(&["REGISTER"]);
            return if harmless && self.packet.code() == Code::ACCESS_REQUEST {
                Lock::Ignore
            } else {
                Lock::Default
            };
        };
        let action = session.split(';').next().unwrap_or_default().trim();
        match action {
            "lock" => Lock::Lock,
            "nolock" => Lock::NoLock,
            "unlock" => Lock::Unlock,
            "ignore" => Lock::Ignore,
            _ => {
                oddities.note(Oddity::UnknownWord, || format!("PortaBilling_Session {action}"));
                Lock::Default
            }
        }
    }

    /// A parameter of `PortaBilling_Mod_ivrutil:<name>=<value>;…`.
    pub(crate) fn ivrutil(&self, name: &str) -> Option<&str> {
        parameter(self.custom.ivrutil?, name).filter(|value| !value.is_empty())
    }

    /// `routing=1` of PortaOne-Service-Features.
    pub(crate) fn wants_routes(&self) -> bool {
        self.has_feature("routing")
    }

    fn has_feature(&self, name: &str) -> bool {
        self.feature(name) == Some("1")
    }

    fn feature(&self, name: &str) -> Option<&str> {
        self.custom.service_features.and_then(|features| parameter(features, name))
    }

    /// The IVR application that asks (`app-type` of PortaOne-Service-Features).
    pub(crate) fn application(&self) -> Option<&str> {
        self.feature("app-type")
    }

    /// What the request says of the call itself.
    pub(crate) fn call_wishes(&self) -> CallWishes {
        let action = self.custom.service_action.and_then(|action| parameter(action, "action"));
        CallWishes {
            local_lookup: self.has_feature("local-lookup"),
            pickup: action == Some("call-pickup"),
            select_code: self.custom.select_code.map(str::to_owned),
            continues: !self.custom.used_resource.is_empty(),
            call_id: self.custom.call_id.map(str::to_owned),
            incoming: self.is_incoming(),
            registers: self.has_method(&["REGISTER"]),
            remote_address: self.custom.remote_address.map(str::to_owned),
        }
    }

    /// Whether it is about what comes in for its user: `PortaOne-Leg-Type` 1.
    pub(crate) fn is_incoming(&self) -> bool {
        self.custom.leg_type == Some("1")
    }

    /// Whether `PortaBilling_AuthMethod` is one of these.
    pub(crate) fn has_method(&self, methods: &[&str]) -> bool {
        let named = self.custom.auth_method;
        named.is_some_and(|named| methods.iter().any(|own| named.eq_ignore_ascii_case(own)))
    }

    pub(crate) fn note_missing_nas(&self, oddities: &mut Oddities) {
        let named = [attribute::NAS_IP_ADDRESS, attribute::NAS_IDENTIFIER, attribute::NAS_IPV6_ADDRESS];
        if named.iter().all(|number| self.packet.get(*number).is_none()) {
            oddities.note(Oddity::NoNasIdentity, || "neither NAS-IP-Address nor NAS-Identifier".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_radius::Builder;

    use super::*;

    fn packet(fill: impl FnOnce(&mut Builder)) -> Vec<u8> {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
        fill(&mut builder);
        builder.finish_accounting_request(&"x".into()).unwrap()
    }

    fn with_request<T>(octets: &[u8], check: impl FnOnce(&Request<'_>) -> T) -> T {
        let packet = Packet::parse(octets).unwrap();
        check(&Request { packet: &packet, custom: Custom::read(&packet), node: "nas", trusted: false })
    }

    #[test]
    fn every_four_octet_attribute_of_another_length_is_found() {
        for number in 0..=u8::MAX {
            let five = packet(|builder| builder.bytes(number, &[0; 5]).unwrap());
            let found = malformed_attribute(&Packet::parse(&five).unwrap());
            assert_eq!(found.is_some(), FOUR_OCTETS.contains(&number), "{number}");
            let four = packet(|builder| builder.bytes(number, &[0; 4]).unwrap());
            assert_eq!(malformed_attribute(&Packet::parse(&four).unwrap()), None, "{number}");
        }
    }

    #[test]
    fn a_session_is_named_after_what_there_is() {
        let key = |octets: &[u8]| {
            let mut oddities = Oddities::default();
            let key = with_request(octets, |request| request.session(&mut oddities));
            (key.as_str().to_owned(), oddities.kinds().len())
        };
        let by_conf_id = packet(|builder| {
            builder.cisco(tollgate_radius::cisco::H323_CONF_ID, "39AE126B CD4D11DB").unwrap();
            builder.text(attribute::ACCT_SESSION_ID, "7").unwrap();
        });
        assert_eq!(key(&by_conf_id), ("39AE126B CD4D11DB".to_owned(), 0));
        let by_session_id = packet(|builder| builder.text(attribute::ACCT_SESSION_ID, "7").unwrap());
        assert_eq!(key(&by_session_id), ("nas/7".to_owned(), 0));
        let by_port = packet(|builder| {
            builder.text(attribute::USER_NAME, "anna").unwrap();
            builder.u32(attribute::NAS_PORT, 5).unwrap();
        });
        assert_eq!(key(&by_port), ("nas/port 5/anna".to_owned(), 1));
    }

    #[test]
    fn the_lock_action_stands_in_front_of_its_options() {
        for (text, lock, odd) in [
            ("lock", Lock::Lock, 0),
            ("nolock", Lock::NoLock, 0),
            ("unlock;expires=30", Lock::Unlock, 0),
            ("ignore", Lock::Ignore, 0),
            ("open", Lock::Default, 1),
        ] {
            let octets = packet(|builder| builder.ivr_out("PortaBilling_Session", text).unwrap());
            let mut oddities = Oddities::default();
            assert_eq!(with_request(&octets, |request| request.lock(&mut oddities)), lock, "{text}");
            assert_eq!(oddities.kinds().len(), odd, "{text}");
        }
    }

    #[test]
    fn a_service_is_named_or_follows_from_the_service_type() {
        let service =
            |octets: &[u8]| with_request(octets, |request| request.service(&mut Oddities::default()));
        assert_eq!(service(&packet(|_| {})), Some(Service::Voice));
        let framed = packet(|builder| builder.u32(attribute::SERVICE_TYPE, FRAMED_USER).unwrap());
        assert_eq!(service(&framed), Some(Service::NetAccess));
        let named = packet(|builder| builder.pair("PortaOne-Service-Type", "Conference").unwrap());
        assert_eq!(service(&named), Some(Service::Conference));
        let unknown = packet(|builder| builder.pair("PortaOne-Service-Type", "Teleport").unwrap());
        assert_eq!(service(&unknown), None);
    }

    #[test]
    fn the_parent_is_another_session() {
        let conf_ids = |own: &str, incoming: &str| {
            packet(|builder| {
                builder.cisco(tollgate_radius::cisco::H323_CONF_ID, own).unwrap();
                builder.cisco(tollgate_radius::cisco::H323_INCOMING_CONF_ID, incoming).unwrap();
            })
        };
        assert_eq!(with_request(&conf_ids("A", "A"), |request| request.parent()), None);
        assert_eq!(with_request(&conf_ids("A", "B"), |request| request.parent()), Some("B".into()));
    }
}
