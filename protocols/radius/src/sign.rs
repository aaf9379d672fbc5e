//! Authenticators computed over finished octets: what [`crate::Builder`] does last, and what a packet
//! that was broken on purpose needs to be discarded for its fault and not for its authenticator.

use crate::{AUTHENTICATOR_LEN, Code, Packet, Secret, attribute};

/// Octets in front of the authenticator: code, identifier, length.
const HEAD_LEN: usize = 4;
/// Where the attributes start.
const BODY_AT: usize = HEAD_LEN + AUTHENTICATOR_LEN;
const ZEROS: [u8; AUTHENTICATOR_LEN] = [0; AUTHENTICATOR_LEN];

/// The Request Authenticator of an accounting, CoA or disconnect request: MD5 over the packet with
/// zeros in its place, then the secret (RFC 2866 section 3, RFC 5176 section 2.3).
#[must_use]
pub fn request_authenticator(packet: &[u8], secret: &Secret) -> [u8; AUTHENTICATOR_LEN] {
    response_authenticator(packet, &ZEROS, secret)
}

/// The Response Authenticator: MD5 over the packet with the Request Authenticator in its place, then
/// the secret (RFC 2865 section 3).
#[must_use]
pub fn response_authenticator(
    packet: &[u8],
    request_authenticator: &[u8; AUTHENTICATOR_LEN],
    secret: &Secret,
) -> [u8; AUTHENTICATOR_LEN] {
    let (head, body) = around_authenticator(packet);
    secret.sealed(&[head, request_authenticator, body])
}

/// The Message-Authenticator: HMAC-MD5 over the packet with `authenticator` in place of its own and
/// zeros in place of the Message-Authenticator, whose value starts at `value_at`
/// (RFC 2869 section 5.14, RFC 3579 section 3.2).
#[must_use]
pub fn message_authenticator(
    packet: &[u8],
    value_at: usize,
    authenticator: &[u8; AUTHENTICATOR_LEN],
    secret: &Secret,
) -> [u8; AUTHENTICATOR_LEN] {
    let (head, _) = around_authenticator(packet);
    let before = packet.get(BODY_AT..value_at).unwrap_or(&[]);
    let after = packet.get(value_at + AUTHENTICATOR_LEN..).unwrap_or(&[]);
    secret.hmac(&[head, authenticator, before, &ZEROS, after])
}

/// Signs a finished request anew: its Message-Authenticator where it has one, then its Request
/// Authenticator where that is a digest. A packet that cannot be read is left as it is.
pub fn request(packet: &mut [u8], secret: &Secret) {
    let Ok(view) = Packet::parse(packet) else { return };
    let (random, own) = (view.code().has_random_authenticator(), *view.authenticator());
    fill_message_authenticator(packet, if random { &own } else { &ZEROS }, secret);
    if !random {
        let authenticator = request_authenticator(announced(packet), secret);
        fill(packet, HEAD_LEN, &authenticator);
    }
}

/// Signs a finished response anew: its Message-Authenticator where it has one, then its Response
/// Authenticator. A packet that cannot be read is left as it is.
pub fn response(packet: &mut [u8], request_authenticator: &[u8; AUTHENTICATOR_LEN], secret: &Secret) {
    if Packet::parse(packet).is_err() {
        return;
    }
    fill_message_authenticator(packet, request_authenticator, secret);
    let authenticator = response_authenticator(announced(packet), request_authenticator, secret);
    fill(packet, HEAD_LEN, &authenticator);
}

fn fill_message_authenticator(packet: &mut [u8], authenticator: &[u8; AUTHENTICATOR_LEN], secret: &Secret) {
    let Some(at) = Packet::parse(packet).ok().and_then(|view| message_authenticator_at(&view)) else {
        return;
    };
    let digest = message_authenticator(announced(packet), at, authenticator, secret);
    fill(packet, at, &digest);
}

/// Where the value of the only well-formed Message-Authenticator starts.
pub(crate) fn message_authenticator_at(packet: &Packet<'_>) -> Option<usize> {
    let mut all = packet.all(attribute::MESSAGE_AUTHENTICATOR);
    let only = all.next().filter(|own| own.value.len() == AUTHENTICATOR_LEN)?;
    if all.next().is_some() { None } else { Some(only.offset + 2) }
}

/// What stands in the place of the authenticator while a request's Message-Authenticator is computed:
/// its own where it is random, zeros where it is computed afterwards (RFC 5176 section 3.4).
pub(crate) const fn in_request(code: Code, own: &[u8; AUTHENTICATOR_LEN]) -> &[u8; AUTHENTICATOR_LEN] {
    if code.has_random_authenticator() { own } else { &ZEROS }
}

/// The octets that the Length announces.
fn announced(packet: &[u8]) -> &[u8] {
    Packet::parse(packet).map_or(packet, |view| &packet[..view.bytes().len()])
}

fn fill(packet: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(place) = packet.get_mut(at..at + octets.len()) {
        place.copy_from_slice(octets);
    }
}

/// What stands before and behind the authenticator.
fn around_authenticator(packet: &[u8]) -> (&[u8], &[u8]) {
    (packet.get(..HEAD_LEN).unwrap_or(packet), packet.get(BODY_AT..).unwrap_or(&[]))
}
