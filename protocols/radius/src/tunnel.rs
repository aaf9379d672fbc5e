//! Tunnel-Password (RFC 2868 section 3.5): hidden with the secret, the authenticator of the request and a salt. In a request
//! whose authenticator is computed over the packet, sixteen zeros stand in its place, as they do in that computation.

use md5::{Digest, Md5};
use tollgate_wire::{Fields, Text, Value};

use crate::{AUTHENTICATOR_LEN, Packet, Secret, attribute, message_fields, value};

/// Octets of the salt.
pub(crate) const SALT_LEN: usize = 2;
/// The largest tag (RFC 2868 section 3.1).
const TAG_MAX: u8 = 0x1f;

/// The salt of the password that begins at this place of a packet: no other one of the packet has it, and its first bit is
/// set, as it must be.
pub(crate) fn salt(at: usize) -> [u8; SALT_LEN] {
    let low = u16::try_from(at & 0x7fff).unwrap_or(0);
    (0x8000 | low).to_be_bytes()
}

/// Hides what stands behind the salt, whole blocks.
pub(crate) fn hide(salted: &mut [u8], secret: &Secret, authenticator: &[u8; AUTHENTICATOR_LEN]) {
    let Some((salt, string)) = salted.split_first_chunk_mut::<SALT_LEN>() else { return };
    let mut before = None;
    for block in string.as_chunks_mut::<16>().0 {
        mask(block, secret, authenticator, salt, before);
        before = Some(*block);
    }
}

/// The tag and the password that a value hides; `None` where it is not of its form. With a wrong secret it is rubbish or
/// nothing.
#[must_use]
pub fn shown(
    hidden: &[u8],
    secret: &Secret,
    authenticator: &[u8; AUTHENTICATOR_LEN],
) -> Option<(u8, Vec<u8>)> {
    let (&tag, salted) = hidden.split_first()?;
    let (salt, string) = salted.split_first_chunk::<SALT_LEN>()?;
    let (blocks, rest) = string.as_chunks::<16>();
    if tag > TAG_MAX || !rest.is_empty() {
        return None;
    }
    let mut plain = Vec::with_capacity(string.len());
    let mut before = None;
    for block in blocks {
        let mut own = *block;
        mask(&mut own, secret, authenticator, salt, before);
        plain.extend_from_slice(&own);
        before = Some(*block);
    }
    let (&len, password) = plain.split_first()?;
    Some((tag, password.get(..usize::from(len))?.to_vec()))
}

fn mask(
    block: &mut [u8; 16],
    secret: &Secret,
    authenticator: &[u8; AUTHENTICATOR_LEN],
    salt: &[u8; SALT_LEN],
    before: Option<[u8; 16]>,
) {
    match before {
        Some(before) => secret.mask(block, &before),
        None => {
            let hash = Md5::new_with_prefix(secret.as_bytes());
            let first: [u8; 16] = hash.chain_update(authenticator).chain_update(salt).finalize().into();
            block.iter_mut().zip(first).for_each(|(octet, mask)| *octet ^= mask);
        }
    }
}

/// The fields of a packet with every Tunnel-Password as text, where it hides some; `None` where the packet has none.
#[must_use]
pub fn fields_shown(
    packet: &Packet<'_>,
    octets: &[u8],
    secret: &Secret,
    authenticator: &[u8; AUTHENTICATOR_LEN],
) -> Option<Fields> {
    packet.get(attribute::TUNNEL_PASSWORD)?;
    let mut out = Fields::new();
    for (name, own) in message_fields(octets).iter() {
        let plain = match own {
            Value::Bytes(hidden) if name == "Tunnel-Password" => shown(hidden, secret, authenticator),
            _ => None,
        };
        match plain {
            Some((0, password)) => out.push(Text::from(name), value::text(&password)),
            Some((tag, password)) => out.push(Text::from(format!("{name}:{tag}")), value::text(&password)),
            None => out.push(Text::from(name), own.clone()),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Code};

    const AUTHENTICATOR: [u8; 16] = [7; 16];

    fn answer(passwords: &[(&str, &str)], secret: &Secret) -> Vec<u8> {
        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 1);
        for (name, password) in passwords {
            builder.field(name, &Value::from(*password)).unwrap();
        }
        builder.finish_response(&AUTHENTICATOR, secret).unwrap()
    }

    #[test]
    fn a_password_travels_hidden_and_is_shown_to_who_knows_the_secret() {
        let secret = Secret::new("geheim");
        // One that fills a block with its length, one that needs a second, and an empty one.
        let passwords = [
            ("Tunnel-Password:1", "fifteen-octets!"),
            ("Tunnel-Password:2", "sixteen-octets!!"),
            ("Tunnel-Password", ""),
        ];
        let octets = answer(&passwords, &secret);
        assert!(!octets.windows(7).any(|own| own == b"fifteen" || own == b"sixteen"));
        let packet = Packet::parse(&octets).unwrap();
        let lengths: Vec<usize> = packet.attributes().map(|own| own.value.len()).collect();
        // Tag and salt, and whole blocks.
        assert_eq!(lengths, [3 + 16, 3 + 32, 3 + 16]);
        let salts: Vec<&[u8]> = packet.attributes().map(|own| &own.value[1..3]).collect();
        assert!(salts.iter().all(|salt| salt[0] & 0x80 != 0) && salts[0] != salts[1] && salts[1] != salts[2]);
        let fields = fields_shown(&packet, &octets, &secret, &AUTHENTICATOR).unwrap();
        let shown: Vec<(String, String)> =
            fields.iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        let expected = passwords.map(|(name, password)| (name.to_owned(), password.to_owned()));
        assert_eq!(shown, expected);
        let other = fields_shown(&packet, &octets, &Secret::new("other"), &AUTHENTICATOR).unwrap();
        assert!(other.get("Tunnel-Password:1").is_none_or(|own| own.to_string() != "fifteen-octets!"));
    }

    #[test]
    fn what_is_not_of_its_form_is_no_password() {
        let secret = Secret::new("geheim");
        for hidden in [&[][..], &[0], &[0, 128, 1], &[0, 128, 1, 9], &[32; 19]] {
            assert_eq!(shown(hidden, &secret, &AUTHENTICATOR), None, "{hidden:?}");
        }
    }
}
