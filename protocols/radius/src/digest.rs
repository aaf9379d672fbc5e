//! HTTP and SIP digest authentication over RADIUS: the response to a challenge, for the server that
//! checks it and for the client that makes it (RFC 2617 section 3.2.2, RFC 5090).

use md5::{Digest, Md5};

use crate::vendor::Inner;
use crate::{Builder, EncodeError, Packet, attribute};

/// What a digest response is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parameters<'a> {
    /// Digest-Username.
    pub username: &'a str,
    /// Digest-Realm.
    pub realm: &'a str,
    /// Digest-Nonce, as the server chose it.
    pub nonce: &'a str,
    /// Digest-Method: `INVITE`.
    pub method: &'a str,
    /// Digest-URI.
    pub uri: &'a str,
    /// Digest-Qop: none, `auth` or `auth-int`.
    pub qop: Option<&'a str>,
    /// Digest-Algorithm: none, `MD5` or `MD5-sess`.
    pub algorithm: Option<&'a str>,
    /// Digest-CNonce, as the client chose it; needed with a qop.
    pub cnonce: Option<&'a str>,
    /// Digest-Nonce-Count, eight hexadecimal digits; needed with a qop.
    pub nonce_count: Option<&'a str>,
    /// Digest-Entity-Body-Hash, needed with `auth-int`.
    pub body_hash: Option<&'a str>,
}

/// Which numbers the attributes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbering {
    /// An attribute each (RFC 5090).
    #[default]
    Rfc5090,
    /// Digest-Response 206, and Digest-Attributes 207 with sub-attributes (draft-sterman-aaa-sip-00).
    Sterman,
}

/// Why a digest could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// An attribute is missing, or is not text.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Digest-Attributes is not a sequence of number, length, value.
    #[error("Digest-Attributes cannot be taken apart")]
    Malformed,
    /// Digest-Algorithm is neither MD5 nor MD5-sess.
    #[error("the digest algorithm '{0}' is not known; MD5 and MD5-sess are")]
    UnknownAlgorithm(String),
    /// Digest-Qop is neither auth nor auth-int.
    #[error("the quality of protection '{0}' is not known; auth and auth-int are")]
    UnknownQop(String),
}

/// Sub-attributes of Digest-Attributes, by number.
mod sterman {
    pub(super) const REALM: u8 = 1;
    pub(super) const NONCE: u8 = 2;
    pub(super) const METHOD: u8 = 3;
    pub(super) const URI: u8 = 4;
    pub(super) const QOP: u8 = 5;
    pub(super) const ALGORITHM: u8 = 6;
    pub(super) const BODY_DIGEST: u8 = 7;
    pub(super) const CNONCE: u8 = 8;
    pub(super) const NONCE_COUNT: u8 = 9;
    pub(super) const USER_NAME: u8 = 10;
}

impl<'a> Parameters<'a> {
    /// The parameters and the Digest-Response of an Access-Request, in either numbering. Without
    /// Digest-Username the User-Name is the user.
    ///
    /// # Errors
    /// The response or a parameter that every digest needs is missing.
    pub fn from_packet(packet: &Packet<'a>) -> Result<(Self, &'a str), DigestError> {
        let response = packet
            .text(attribute::DIGEST_RESPONSE)
            .or_else(|| packet.text(attribute::STERMAN_DIGEST_RESPONSE))
            .ok_or(DigestError::Missing("Digest-Response"))?;
        let text = |number, inner| match packet.text(number) {
            Some(text) => Ok(Some(unquoted(text))),
            None => sub_attribute(packet, inner),
        };
        let needed = |number, inner, name| text(number, inner)?.ok_or(DigestError::Missing(name));
        let username = text(attribute::DIGEST_USERNAME, sterman::USER_NAME)?
            .or_else(|| packet.text(attribute::USER_NAME))
            .ok_or(DigestError::Missing("Digest-Username"))?;
        let parameters = Self {
            username,
            realm: needed(attribute::DIGEST_REALM, sterman::REALM, "Digest-Realm")?,
            nonce: needed(attribute::DIGEST_NONCE, sterman::NONCE, "Digest-Nonce")?,
            method: needed(attribute::DIGEST_METHOD, sterman::METHOD, "Digest-Method")?,
            uri: needed(attribute::DIGEST_URI, sterman::URI, "Digest-URI")?,
            qop: text(attribute::DIGEST_QOP, sterman::QOP)?,
            algorithm: text(attribute::DIGEST_ALGORITHM, sterman::ALGORITHM)?,
            cnonce: text(attribute::DIGEST_CNONCE, sterman::CNONCE)?,
            nonce_count: text(attribute::DIGEST_NONCE_COUNT, sterman::NONCE_COUNT)?,
            body_hash: text(attribute::DIGEST_ENTITY_BODY_HASH, sterman::BODY_DIGEST)?,
        };
        Ok((parameters, unquoted(response)))
    }

    /// The response that proves this password: 32 hexadecimal digits.
    ///
    /// # Errors
    /// An algorithm or a qop that is not known, or a parameter that they need is missing.
    pub fn response(&self, password: &[u8]) -> Result<String, DigestError> {
        let user = joined(&[self.username.as_bytes(), self.realm.as_bytes(), password]);
        self.response_to_ha1(&user)
    }

    /// The same from `H(username:realm:password)` in hexadecimal digits, where a server stores that.
    ///
    /// # Errors
    /// An algorithm or a qop that is not known, or a parameter that they need is missing.
    pub fn response_to_ha1(&self, user: &str) -> Result<String, DigestError> {
        let nonce = self.nonce.as_bytes();
        let cnonce = || self.cnonce.map(str::as_bytes).ok_or(DigestError::Missing("Digest-CNonce"));
        let ha1 = match self.algorithm {
            Some(name) if name.eq_ignore_ascii_case("MD5-sess") => {
                joined(&[user.as_bytes(), nonce, cnonce()?])
            }
            Some(name) if !name.eq_ignore_ascii_case("MD5") => {
                return Err(DigestError::UnknownAlgorithm(name.to_owned()));
            }
            _ => user.to_owned(),
        };
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let Some(qop) = self.qop.filter(|qop| !qop.is_empty()) else {
            return Ok(joined(&[ha1.as_bytes(), nonce, joined(&[method, uri]).as_bytes()]));
        };
        let ha2 = if qop.eq_ignore_ascii_case("auth") {
            joined(&[method, uri])
        } else if qop.eq_ignore_ascii_case("auth-int") {
            let body = self.body_hash.ok_or(DigestError::Missing("Digest-Entity-Body-Hash"))?;
            joined(&[method, uri, body.as_bytes()])
        } else {
            return Err(DigestError::UnknownQop(qop.to_owned()));
        };
        let count = self.nonce_count.ok_or(DigestError::Missing("Digest-Nonce-Count"))?;
        Ok(joined(&[ha1.as_bytes(), nonce, count.as_bytes(), cnonce()?, qop.as_bytes(), ha2.as_bytes()]))
    }

    /// Numbers and values of what is there, in the order of the documents' examples.
    fn present(&self) -> impl Iterator<Item = (u8, u8, &'a str)> {
        [
            (attribute::DIGEST_USERNAME, sterman::USER_NAME, Some(self.username)),
            (attribute::DIGEST_REALM, sterman::REALM, Some(self.realm)),
            (attribute::DIGEST_NONCE, sterman::NONCE, Some(self.nonce)),
            (attribute::DIGEST_URI, sterman::URI, Some(self.uri)),
            (attribute::DIGEST_METHOD, sterman::METHOD, Some(self.method)),
            (attribute::DIGEST_ALGORITHM, sterman::ALGORITHM, self.algorithm),
            (attribute::DIGEST_QOP, sterman::QOP, self.qop),
            (attribute::DIGEST_CNONCE, sterman::CNONCE, self.cnonce),
            (attribute::DIGEST_NONCE_COUNT, sterman::NONCE_COUNT, self.nonce_count),
            (attribute::DIGEST_ENTITY_BODY_HASH, sterman::BODY_DIGEST, self.body_hash),
        ]
        .into_iter()
        .filter_map(|(number, inner, value)| Some((number, inner, value?)))
    }
}

impl Builder {
    /// The attributes of a digest with this response; [`Parameters::response`] computes the right one.
    ///
    /// # Errors
    /// A value is too long, or empty.
    pub fn digest(
        &mut self,
        numbering: Numbering,
        parameters: &Parameters<'_>,
        response: &str,
    ) -> Result<(), EncodeError> {
        match numbering {
            Numbering::Rfc5090 => {
                for (number, _, value) in parameters.present() {
                    self.text(number, value)?;
                }
                self.text(attribute::DIGEST_RESPONSE, response)
            }
            Numbering::Sterman => {
                for (_, inner, value) in parameters.present() {
                    let (number, len) = (attribute::STERMAN_DIGEST_ATTRIBUTES, value.len());
                    let octet = u8::try_from(len + 2).map_err(|_| EncodeError::ValueTooLong {
                        number,
                        len,
                        max: crate::VALUE_LEN_MAX - 2,
                    })?;
                    self.bytes(number, &[&[inner, octet], value.as_bytes()].concat())?;
                }
                self.text(attribute::STERMAN_DIGEST_RESPONSE, response)
            }
        }
    }
}

/// The sub-attribute of this number in any Digest-Attributes.
fn sub_attribute<'a>(packet: &Packet<'a>, number: u8) -> Result<Option<&'a str>, DigestError> {
    for own in packet.all(attribute::STERMAN_DIGEST_ATTRIBUTES) {
        let mut inner = Inner::new(own.value, own.offset + 2);
        if !inner.is_well_formed() {
            return Err(DigestError::Malformed);
        }
        if let Some(found) = inner.find(|own| own.number == number) {
            return std::str::from_utf8(found.value)
                .map(|text| Some(unquoted(text)))
                .map_err(|_| DigestError::Malformed);
        }
    }
    Ok(None)
}

/// Some clients leave the quotes of the header in the attribute.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// MD5 of the parts with colons between them, in hexadecimal digits.
fn joined(parts: &[&[u8]]) -> String {
    let mut hash = Md5::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    hash.finalize().iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2617 section 3.5.
    const MUFASA: Parameters<'_> = Parameters {
        username: "Mufasa",
        realm: "testrealm@host.com",
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method: "GET",
        uri: "/dir/index.html",
        qop: Some("auth"),
        algorithm: None,
        cnonce: Some("0a4f113b"),
        nonce_count: Some("00000001"),
        body_hash: None,
    };

    #[test]
    fn the_example_of_rfc_2617_is_answered() {
        let response = MUFASA.response(b"Circle Of Life").unwrap();
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
        assert_ne!(MUFASA.response(b"Circle of Life").unwrap(), response);
    }

    /// The same without qop, as RFC 2069 computes it: MD5(H(A1):nonce:H(A2)), with
    /// H(A1) = 939e7578ed9e3c518a452acee763bce9 and H(A2) = 39aff3a2bab6126f332b942af96d3366.
    #[test]
    fn without_qop_the_client_nonce_does_not_count() {
        let plain = Parameters { qop: None, cnonce: None, nonce_count: None, ..MUFASA };
        assert_eq!(plain.response(b"Circle Of Life").unwrap(), "670fd8c2df070c60b045671b8b24ff02");
        let ha1 = "939e7578ed9e3c518a452acee763bce9";
        assert_eq!(plain.response_to_ha1(ha1), plain.response(b"Circle Of Life"));
    }

    #[test]
    fn what_is_not_known_or_not_there_is_named() {
        let error = |parameters: Parameters<'_>| parameters.response(b"x").unwrap_err().to_string();
        assert_eq!(
            error(Parameters { algorithm: Some("AKAv1-MD5"), ..MUFASA }),
            "the digest algorithm 'AKAv1-MD5' is not known; MD5 and MD5-sess are"
        );
        assert!(error(Parameters { qop: Some("auth-conf"), ..MUFASA }).contains("'auth-conf'"));
        assert_eq!(error(Parameters { cnonce: None, ..MUFASA }), "Digest-CNonce is missing");
        assert_eq!(error(Parameters { nonce_count: None, ..MUFASA }), "Digest-Nonce-Count is missing");
        assert_eq!(
            error(Parameters { qop: Some("auth-int"), ..MUFASA }),
            "Digest-Entity-Body-Hash is missing"
        );
    }
}
