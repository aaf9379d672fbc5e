//! What a packet must prove before anybody reads what it says: that this port serves its kind, and that its client made it.

use tollgate_radius::{Code, Packet, Presence, attribute, verify};

use crate::accounting;
use crate::clients::Client;
use crate::config::GatewayConfig;
use crate::counters::Discard;

/// Whether a packet is a request that this port serves and that nobody but the client can have made.
pub(crate) fn verified(
    config: &GatewayConfig,
    port: u16,
    client: &Client,
    packet: &Packet<'_>,
) -> Result<(), (Discard, Detail)> {
    let (auth, acct) = (port == config.auth_port, port == config.acct_port);
    if !auth && !acct {
        return Err((Discard::UnknownPort, Detail::Port(port)));
    }
    let presence = || verify::message_authenticator(packet, &client.secret, None);
    let plain = |why| Err((why, Detail::Nothing));
    match packet.code() {
        Code::ACCESS_REQUEST if auth => match presence() {
            Presence::Invalid => plain(Discard::WrongMessageAuthenticator),
            // RFC 3579 section 3.2: EAP-Message never comes without one.
            Presence::Absent
                if client.require_message_authenticator || packet.get(attribute::EAP_MESSAGE).is_some() =>
            {
                plain(Discard::NoMessageAuthenticator)
            }
            Presence::Absent | Presence::Valid => Ok(()),
        },
        Code::ACCOUNTING_REQUEST if acct => {
            if !verify::accounting_request(packet, &client.secret) {
                return plain(Discard::WrongAuthenticator);
            }
            if presence() == Presence::Invalid {
                return plain(Discard::WrongMessageAuthenticator);
            }
            accounting::fault(packet).map_or(Ok(()), |(why, number)| Err((why, Detail::Attribute(number))))
        }
        Code::STATUS_SERVER => match presence() {
            Presence::Valid => Ok(()),
            Presence::Invalid => plain(Discard::WrongMessageAuthenticator),
            Presence::Absent => plain(Discard::NoMessageAuthenticator),
        },
        code => Err((Discard::UnexpectedCode, Detail::Code(code))),
    }
}

/// What is to be said of a discard beside its reason.
pub(crate) enum Detail {
    Nothing,
    Port(u16),
    Code(Code),
    Attribute(u8),
}

impl std::fmt::Display for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Port(port) => write!(f, "port {port}"),
            Self::Code(code) => write!(f, "{code}"),
            Self::Attribute(number) => match tollgate_radius::dictionary::attribute(*number) {
                Some(known) => f.write_str(known.name),
                None => write!(f, "attribute {number}"),
            },
        }
    }
}
