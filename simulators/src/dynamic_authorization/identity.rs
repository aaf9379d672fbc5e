//! By what a request names a session, and a session is known (RFC 5176 section 3).

use std::net::{IpAddr, Ipv4Addr};

use tollgate_radius::{Attribute, Packet, attribute, cisco};

/// What identifies a session. In a request, what is there must be the session's; in a session, what is there is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// User-Name.
    pub user_name: Option<&'a str>,
    /// NAS-Port.
    pub nas_port: Option<u32>,
    /// NAS-Port-Id.
    pub nas_port_id: Option<&'a str>,
    /// Framed-IP-Address.
    pub framed_address: Option<Ipv4Addr>,
    /// Called-Station-Id.
    pub called: Option<&'a str>,
    /// Calling-Station-Id.
    pub calling: Option<&'a str>,
    /// Acct-Session-Id.
    pub session_id: Option<&'a str>,
    /// Acct-Multi-Session-Id.
    pub multi_session_id: Option<&'a str>,
    /// `h323-conf-id`.
    pub conf_id: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// What a request names; `None` where one of these attributes cannot be read.
    #[must_use]
    pub fn read(packet: &Packet<'a>) -> Option<Self> {
        let has = |number: u8| packet.get(number).is_some();
        let text = |number: u8| match packet.text(number) {
            None if has(number) => Err(()),
            text => Ok(text),
        };
        let number = |own: u8| match packet.u32(own) {
            None if has(own) => Err(()),
            number => Ok(number),
        };
        let address = match packet.ipv4(attribute::FRAMED_IP_ADDRESS) {
            None if has(attribute::FRAMED_IP_ADDRESS) => return None,
            address => address,
        };
        let read = || -> Result<Self, ()> {
            Ok(Self {
                user_name: text(attribute::USER_NAME)?,
                nas_port: number(attribute::NAS_PORT)?,
                nas_port_id: text(attribute::NAS_PORT_ID)?,
                framed_address: address,
                called: text(attribute::CALLED_STATION_ID)?,
                calling: text(attribute::CALLING_STATION_ID)?,
                session_id: text(attribute::ACCT_SESSION_ID)?,
                multi_session_id: text(attribute::ACCT_MULTI_SESSION_ID)?,
                conf_id: packet.cisco(cisco::H323_CONF_ID),
            })
        };
        read().ok()
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everything that it says is so of this session.
    #[must_use]
    pub fn names(&self, session: &Identity<'_>) -> bool {
        fn fits<T: PartialEq>(named: Option<T>, known: Option<T>) -> bool {
            named.is_none() || named == known
        }
        fits(self.user_name, session.user_name)
            && fits(self.nas_port, session.nas_port)
            && fits(self.nas_port_id, session.nas_port_id)
            && fits(self.framed_address, session.framed_address)
            && fits(self.called, session.called)
            && fits(self.calling, session.calling)
            && fits(self.session_id, session.session_id)
            && fits(self.multi_session_id, session.multi_session_id)
            && fits(self.conf_id, session.conf_id)
    }
}

/// Whether an attribute of this number only says which session or which NAS is meant.
pub(crate) const fn is_identity(number: u8) -> bool {
    matches!(
        number,
        attribute::USER_NAME
            | attribute::NAS_PORT
            | attribute::NAS_PORT_ID
            | attribute::NAS_PORT_TYPE
            | attribute::FRAMED_IP_ADDRESS
            | attribute::CALLED_STATION_ID
            | attribute::CALLING_STATION_ID
            | attribute::ACCT_SESSION_ID
            | attribute::ACCT_MULTI_SESSION_ID
            | attribute::NAS_IP_ADDRESS
            | attribute::NAS_IPV6_ADDRESS
            | attribute::NAS_IDENTIFIER
    )
}

/// Whether a vendor's attribute is `h323-conf-id`, under its own number or as a Cisco-AVPair.
pub(crate) fn is_conf_id(own: &Attribute<'_>) -> bool {
    let [0, 0, 0, 9, number, _, value @ ..] = own.value else { return false };
    *number == cisco::H323_CONF_ID || *number == cisco::AV_PAIR && value.starts_with(b"h323-conf-id=")
}

/// Whether a request is for another NAS than the one of this address and identifier.
pub(super) fn is_for_another(packet: &Packet<'_>, address: IpAddr, identifier: Option<&str>) -> bool {
    let addressed = match (packet.get(attribute::NAS_IP_ADDRESS), address) {
        (None, _) => true,
        (Some(octets), IpAddr::V4(own)) => octets == own.octets(),
        (Some(_), IpAddr::V6(_)) => false,
    };
    let addressed_v6 = match (packet.get(attribute::NAS_IPV6_ADDRESS), address) {
        (None, _) => true,
        (Some(octets), IpAddr::V6(own)) => octets == own.octets(),
        (Some(_), IpAddr::V4(_)) => false,
    };
    // A NAS that never told an identifier does not mind which one it is given.
    let named = match (packet.text(attribute::NAS_IDENTIFIER), identifier) {
        (Some(name), Some(own)) => name == own,
        _ => true,
    };
    !(addressed && addressed_v6 && named)
}
