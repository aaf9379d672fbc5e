//! What a proxy changes in a packet: identifier, authenticators, the hidden password, and Proxy-State (RFC 2865 sections 2.3 and
//! 5.33). Attributes of an answer that are hidden by the secret, as Tunnel-Password, are passed on as they are.

use tollgate_radius::{Builder, Code, Packet, Secret, attribute, raw, sign, verify};

/// The longest packet (RFC 2865 section 3).
const LEN_MAX: usize = 4_096;

/// Both secrets: of who asks the proxy, and of whom the proxy asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secrets<'a> {
    pub(super) asker: &'a Secret,
    pub(super) asked: &'a Secret,
}

/// A request as it is passed on; `authenticator` is that of an access request. `None` where it would become too long.
pub(super) fn onward(
    packet: &Packet<'_>,
    secrets: Secrets<'_>,
    identifier: u8,
    authenticator: &[u8; 16],
    state: &[u8],
) -> Option<Vec<u8>> {
    let mut octets = packet.bytes().to_vec();
    raw::set_identifier(&mut octets, identifier);
    if packet.code().has_random_authenticator() {
        let chap = packet.get(attribute::CHAP_PASSWORD).is_some();
        if chap && packet.get(attribute::CHAP_CHALLENGE).is_none() {
            // The authenticator was the challenge (RFC 2865 section 2.2).
            add(&mut octets, attribute::CHAP_CHALLENGE, packet.authenticator());
        }
        raw::set_authenticator(&mut octets, authenticator);
        if let Some(password) = verify::user_password(packet, secrets.asker) {
            raw::set_attribute_value(
                &mut octets,
                attribute::USER_PASSWORD,
                &hidden(&password, secrets.asked, authenticator)?,
            );
        }
    }
    add(&mut octets, attribute::PROXY_STATE, state);
    sign::request(&mut octets, secrets.asked);
    (octets.len() <= LEN_MAX).then_some(octets)
}

/// An answer as it goes back to who asked; `None` where it does not bring back the state.
pub(super) fn back(
    packet: &Packet<'_>,
    asker: &Secret,
    (identifier, authenticator): (u8, &[u8; 16]),
    state: &[u8],
) -> Option<Vec<u8>> {
    // It is the last one: servers return them in their order.
    let own = packet.all(attribute::PROXY_STATE).last().filter(|own| own.value == state)?;
    let mut octets = packet.bytes().to_vec();
    octets.drain(own.offset..own.offset + 2 + own.value.len());
    raw::fix_length(&mut octets);
    raw::set_identifier(&mut octets, identifier);
    sign::response(&mut octets, authenticator, asker);
    Some(octets)
}

/// An answer of the proxy itself, to Status-Server (RFC 5997).
pub(super) fn alive(packet: &Packet<'_>, code: Code, secret: &Secret, says: &str) -> Option<Vec<u8>> {
    let mut builder = Builder::new(code, packet.identifier());
    builder.message_authenticator().ok()?;
    builder.text(attribute::REPLY_MESSAGE, says).ok()?;
    for state in packet.all(attribute::PROXY_STATE) {
        builder.bytes(attribute::PROXY_STATE, state.value).ok()?;
    }
    builder.finish_response(packet.authenticator(), secret).ok()
}

/// A Status-Server.
pub(super) fn status(identifier: u8, authenticator: &[u8; 16], secret: &Secret) -> Option<Vec<u8>> {
    let mut builder = Builder::new(Code::STATUS_SERVER, identifier);
    builder.authenticator(authenticator);
    builder.message_authenticator().ok()?;
    builder.finish_request(secret).ok()
}

fn hidden(password: &[u8], secret: &Secret, authenticator: &[u8; 16]) -> Option<Vec<u8>> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 0);
    builder.authenticator(authenticator);
    builder.user_password(secret, password).ok()?;
    let packet = builder.finish_access_request(secret).ok()?;
    Some(Packet::parse(&packet).ok()?.get(attribute::USER_PASSWORD)?.to_vec())
}

/// Adds an attribute at the end.
fn add(octets: &mut Vec<u8>, number: u8, value: &[u8]) {
    let length = u8::try_from(value.len() + 2).unwrap_or(u8::MAX);
    raw::append(octets, &[number, length]);
    raw::append(octets, value);
    raw::fix_length(octets);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    const STATE: &[u8] = b"proxy-1";

    fn secrets() -> (Secret, Secret) {
        (Secret::from("between nas and proxy"), Secret::from("between proxy and system"))
    }

    #[test]
    fn a_password_and_a_challenge_survive_the_change_of_authenticator_and_secret() {
        let (nas, system) = secrets();
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 7);
        builder.authenticator(&[1; 16]);
        builder.message_authenticator().unwrap();
        builder.user_password(&nas, b"a password of more than sixteen").unwrap();
        let request = builder.finish_access_request(&nas).unwrap();
        let packet = Packet::parse(&request).unwrap();
        let passed = onward(&packet, Secrets { asker: &nas, asked: &system }, 9, &[2; 16], STATE).unwrap();
        let passed = Packet::parse(&passed).unwrap();
        assert_eq!(passed.identifier(), 9);
        assert_eq!(verify::user_password(&passed, &system).unwrap(), b"a password of more than sixteen");
        let presence = verify::message_authenticator(&passed, &system, None);
        assert_eq!(presence, tollgate_radius::Presence::Valid);

        let mut builder = Builder::new(Code::ACCESS_REQUEST, 7);
        builder.authenticator(&[1; 16]);
        builder.chap(5, b"secret").unwrap();
        let request = builder.finish_access_request(&nas).unwrap();
        let packet = Packet::parse(&request).unwrap();
        let passed = onward(&packet, Secrets { asker: &nas, asked: &system }, 9, &[2; 16], STATE).unwrap();
        assert_eq!(verify::chap(&Packet::parse(&passed).unwrap(), b"secret"), Some(true));
    }

    #[test]
    fn an_answer_loses_the_proxys_state_and_keeps_that_of_others() {
        let (nas, system) = secrets();
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 7);
        builder.bytes(attribute::PROXY_STATE, b"another proxy").unwrap();
        let request = builder.finish_accounting_request(&nas).unwrap();
        let packet = Packet::parse(&request).unwrap();
        let passed = onward(&packet, Secrets { asker: &nas, asked: &system }, 9, &[0; 16], STATE).unwrap();
        let passed = Packet::parse(&passed).unwrap();
        assert!(verify::accounting_request(&passed, &system));
        let mut builder = Builder::new(Code::ACCOUNTING_RESPONSE, 9);
        for state in passed.all(attribute::PROXY_STATE) {
            builder.bytes(attribute::PROXY_STATE, state.value).unwrap();
        }
        let answer = builder.finish_response(passed.authenticator(), &system).unwrap();
        let answer = Packet::parse(&answer).unwrap();
        let returned = back(&answer, &nas, (7, packet.authenticator()), STATE).unwrap();
        let returned = Packet::parse(&returned).unwrap();
        assert!(verify::response(&returned, packet.authenticator(), &nas));
        let states: Vec<&[u8]> = returned.all(attribute::PROXY_STATE).map(|own| own.value).collect();
        assert_eq!(states, [b"another proxy"]);
        assert!(back(&answer, &nas, (7, packet.authenticator()), b"another").is_none());
    }
}
