//! The stand-by site as a RADIUS proxy of the primary (RFC 2865 section 2.3, ARCH: the servers of a stand-by site process no
//! requests themselves).
//!
//! Whom an answer is for stands in the Proxy-State that it adds, which comes back as it was. The authenticator that the
//! request had at the primary is remembered, so that nobody can forge an answer who does not know the client's secret.
//! Both sites know the clients with their secrets, and the primary finds the client of a request in the Proxy-State too.

use std::net::{IpAddr, SocketAddr};

use tollgate_radius::{Builder, Code, EncodeError, Packet, attribute, verify};

use crate::clients::Client;

/// What its Proxy-States begin with.
const MARK: &[u8; 4] = b"tgs1";
pub(super) const AUTHENTICATOR: usize = 16;

/// What is remembered of a request, in its Proxy-State.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    /// The client's address and port.
    pub(super) client: SocketAddr,
    /// The request's own authenticator.
    authenticator: [u8; AUTHENTICATOR],
}

impl Passed {
    fn octets(&self) -> Vec<u8> {
        let ip = match self.client.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        [&MARK[..], &ip.octets(), &self.client.port().to_be_bytes(), &self.authenticator].concat()
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let rest = octets.strip_prefix(&MARK[..])?;
        let (ip, rest) = rest.split_first_chunk::<16>()?;
        let (port, rest) = rest.split_first_chunk::<2>()?;
        let ip = IpAddr::from(*ip).to_canonical();
        let authenticator = rest.try_into().ok()?;
        Some(Self { client: SocketAddr::new(ip, u16::from_be_bytes(*port)), authenticator })
    }

    /// What the last Proxy-State says: the nearest proxy adds its own behind all others.
    pub(super) fn of(packet: &Packet<'_>) -> Option<Self> {
        packet.all(attribute::PROXY_STATE).last().and_then(|own| Self::read(own.value))
    }
}

fn copied(builder: &mut Builder, packet: &Packet<'_>, leave_out: Option<&[u8]>) -> Result<(), EncodeError> {
    for own in packet.attributes() {
        match own.number {
            attribute::MESSAGE_AUTHENTICATOR => builder.message_authenticator()?,
            attribute::PROXY_STATE if Some(own.value) == leave_out => {}
            number => builder.bytes(number, own.value)?,
        }
    }
    Ok(())
}

/// A client's request as it is passed on: the authenticator stays where passwords are hidden with it.
pub(super) fn forwarded(
    packet: &Packet<'_>,
    client: SocketAddr,
    known: &Client,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(packet.code(), packet.identifier());
    builder.authenticator(packet.authenticator());
    copied(&mut builder, packet, None)?;
    let passed = Passed { client, authenticator: *packet.authenticator() };
    builder.bytes(attribute::PROXY_STATE, &passed.octets())?;
    builder.finish_request(&known.secret)
}

/// The primary's answer as the client gets it, without the Proxy-State; `None` of one that nobody who knows the secret
/// can have made.
pub(super) fn returned(
    answer: &Packet<'_>,
    passed: &Passed,
    signed: &[u8; AUTHENTICATOR],
    known: &Client,
) -> Option<Vec<u8>> {
    if !verify::response(answer, signed, &known.secret) {
        return None;
    }
    let own = passed.octets();
    let mut builder = Builder::new(answer.code(), answer.identifier());
    copied(&mut builder, answer, Some(&own)).ok()?;
    builder.finish_response(&passed.authenticator, &known.secret).ok()
}

/// Whether a packet answers an access request or an accounting request.
pub(super) fn is_answer(code: Code) -> bool {
    matches!(
        code,
        Code::ACCESS_ACCEPT | Code::ACCESS_REJECT | Code::ACCESS_CHALLENGE | Code::ACCOUNTING_RESPONSE
    )
}

#[cfg(test)]
mod tests {
    use tollgate_radius::Secret;

    use super::*;

    fn nas() -> Client {
        Client::new("nas", [10, 0, 0, 2].into(), "s3cret")
    }

    #[test]
    fn an_answer_goes_back_as_the_client_expects_it() {
        let secret = Secret::from("s3cret");
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 7);
        builder.authenticator(&[3; 16]);
        builder.message_authenticator().unwrap();
        builder.text(attribute::USER_NAME, "12345").unwrap();
        builder.user_password(&secret, b"secret").unwrap();
        builder.bytes(attribute::PROXY_STATE, b"of another").unwrap();
        let request = builder.finish_access_request(&secret).unwrap();
        let client = SocketAddr::from(([10, 0, 0, 2], 49_152));
        let forwarded = forwarded(&Packet::parse(&request).unwrap(), client, &nas()).unwrap();
        let at_primary = Packet::parse(&forwarded).unwrap();
        assert_eq!(verify::user_password(&at_primary, &secret).unwrap(), b"secret");
        assert_eq!(
            verify::message_authenticator(&at_primary, &secret, None),
            tollgate_radius::Presence::Valid
        );
        let passed = Passed::of(&at_primary).unwrap();
        assert_eq!(passed.client, client);

        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 7);
        builder.message_authenticator().unwrap();
        for own in at_primary.all(attribute::PROXY_STATE) {
            builder.bytes(attribute::PROXY_STATE, own.value).unwrap();
        }
        let answer = builder.finish_response(at_primary.authenticator(), &secret).unwrap();
        let answer = Packet::parse(&answer).unwrap();
        let back = returned(&answer, &passed, at_primary.authenticator(), &nas()).unwrap();
        let back = Packet::parse(&back).unwrap();
        assert!(verify::response(&back, &[3; 16], &secret));
        let states: Vec<&[u8]> = back.all(attribute::PROXY_STATE).map(|own| own.value).collect();
        assert_eq!(states, [b"of another"]);
        // Whoever does not know the secret is not believed.
        let forged = Builder::new(Code::ACCESS_ACCEPT, 7).finish_response(&[3; 16], &"other".into()).unwrap();
        assert!(returned(&Packet::parse(&forged).unwrap(), &passed, &[3; 16], &nas()).is_none());
    }
}
