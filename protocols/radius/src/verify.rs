//! Checks what a received packet claims to know: authenticators and passwords. Nothing here decides
//! what to do with a packet that fails.

use crate::{AUTHENTICATOR_LEN, PASSWORD_LEN_MAX, Packet, Secret, attribute, builder, digest, sign};

/// Whether a packet carries a Message-Authenticator, and a right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has none.
    Absent,
    /// It has the right one.
    Valid,
    /// It has a wrong one, one of another length than 16, or several.
    Invalid,
}

/// Whether the Request Authenticator of an accounting, CoA or disconnect request is right
/// (RFC 2866 section 3, RFC 5176 section 2.3).
#[must_use]
pub fn accounting_request(packet: &Packet<'_>, secret: &Secret) -> bool {
    same(&sign::request_authenticator(packet.bytes(), secret), packet.authenticator())
}

/// Whether a response answers the request with this authenticator and comes from one who knows the
/// secret (RFC 2865 section 3).
#[must_use]
pub fn response(
    packet: &Packet<'_>,
    request_authenticator: &[u8; AUTHENTICATOR_LEN],
    secret: &Secret,
) -> bool {
    same(&sign::response_authenticator(packet.bytes(), request_authenticator, secret), packet.authenticator())
}

/// Whether the Message-Authenticator is right (RFC 2869 section 5.14, RFC 3579 section 3.2). A response
/// needs the authenticator of its request; a request needs `None`.
#[must_use]
pub fn message_authenticator(
    packet: &Packet<'_>,
    secret: &Secret,
    request_authenticator: Option<&[u8; AUTHENTICATOR_LEN]>,
) -> Presence {
    let Some(own) = packet.get(attribute::MESSAGE_AUTHENTICATOR) else { return Presence::Absent };
    let (Some(at), Some(own)) = (sign::message_authenticator_at(packet), own.first_chunk()) else {
        return Presence::Invalid;
    };
    let in_place =
        request_authenticator.unwrap_or_else(|| sign::in_request(packet.code(), packet.authenticator()));
    let right = sign::message_authenticator(packet.bytes(), at, in_place, secret);
    if same(&right, own) { Presence::Valid } else { Presence::Invalid }
}

/// The password that User-Password hides, without the zeros that pad it (RFC 2865 section 5.2). `None`
/// where there is none, or its value is not of whole blocks. With a wrong secret it is rubbish.
#[must_use]
pub fn user_password(packet: &Packet<'_>, secret: &Secret) -> Option<Vec<u8>> {
    let hidden = packet.get(attribute::USER_PASSWORD)?;
    let (blocks, rest) = hidden.as_chunks::<AUTHENTICATOR_LEN>();
    if blocks.is_empty() || !rest.is_empty() || hidden.len() > PASSWORD_LEN_MAX {
        return None;
    }
    let mut password = Vec::with_capacity(hidden.len());
    let mut salt = packet.authenticator();
    for block in blocks {
        let mut plain = *block;
        secret.mask(&mut plain, salt);
        password.extend_from_slice(&plain);
        salt = block;
    }
    let len = password.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    password.truncate(len);
    Some(password)
}

/// Whether CHAP-Password was made with this password, over CHAP-Challenge or where it is missing, over
/// the Request Authenticator (RFC 2865 section 5.3). `None` where there is none of 17 octets.
#[must_use]
pub fn chap(packet: &Packet<'_>, password: &[u8]) -> Option<bool> {
    let &[id, ref response @ ..] = packet.get(attribute::CHAP_PASSWORD)? else { return None };
    let response: &[u8; 16] = response.try_into().ok()?;
    let challenge = packet.get(attribute::CHAP_CHALLENGE).unwrap_or(packet.authenticator());
    Some(same(&builder::chap_response(id, password, challenge), response))
}

/// Whether Digest-Response was made with this password (RFC 5090 section 2, RFC 2617 section 3.2.2),
/// in the numbering of RFC 5090 or of draft-sterman-aaa-sip-00.
///
/// # Errors
/// Attributes that the computation needs are missing, or it is of a kind that is not known here.
pub fn digest(packet: &Packet<'_>, password: &[u8]) -> Result<bool, digest::DigestError> {
    let (parameters, response) = digest::Parameters::from_packet(packet)?;
    let right = parameters.response(password)?;
    Ok(response.len() == right.len()
        && response.bytes().zip(right.bytes()).fold(0, |wrong, (a, b)| wrong | (a.to_ascii_lowercase() ^ b))
            == 0)
}

/// Compares in a time that does not tell how much is right.
fn same(a: &[u8; 16], b: &[u8; 16]) -> bool {
    a.iter().zip(b).fold(0, |wrong, (a, b)| wrong | (a ^ b)) == 0
}
