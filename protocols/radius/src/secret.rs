//! The secret that a client and a server share.

use std::fmt;

use md5::{Digest, Md5};

/// Octets of one block of MD5 (RFC 1321 section 3).
const BLOCK_LEN: usize = 64;

/// A shared secret with the hash states that depend on nothing else, so that no packet pays for them.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// MD5 after the secret: the start of User-Password hiding.
    prefix: Md5,
    /// MD5 after the inner and the outer pad: HMAC keyed with the secret (RFC 2104 section 2).
    inner: Md5,
    outer: Md5,
}

impl Secret {
    /// The secret of these octets.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        let bytes = secret.as_ref().to_vec();
        let mut key = [0; BLOCK_LEN];
        if bytes.len() > BLOCK_LEN {
            key[..16].copy_from_slice(&Md5::digest(&bytes));
        } else {
            key[..bytes.len()].copy_from_slice(&bytes);
        }
        let keyed = |pad: u8| Md5::new_with_prefix(key.map(|octet| octet ^ pad));
        Self { prefix: Md5::new_with_prefix(&bytes), inner: keyed(0x36), outer: keyed(0x5c), bytes }
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `MD5(secret + salt)`.
    pub(crate) fn salted(&self, salt: &[u8]) -> [u8; 16] {
        let mut hash = self.prefix.clone();
        hash.update(salt);
        hash.finalize().into()
    }

    /// `HMAC-MD5(secret, parts joined)`.
    pub(crate) fn hmac(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        outer.finalize().into()
    }

    /// `MD5(parts joined + secret)`.
    pub(crate) fn sealed(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut hash = Md5::new();
        for part in parts {
            hash.update(part);
        }
        hash.update(&self.bytes);
        hash.finalize().into()
    }
}

impl fmt::Debug for Secret {
    /// Never the octets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 2202 section 2, cases 1, 2, 3 and 6.
    #[test]
    fn hmac_answers_the_test_cases_of_rfc_2202() {
        assert_eq!(hex(&Secret::new([0x0b; 16]).hmac(&[b"Hi There"])), "9294727a3638bb1c13f48ef8158bfc9d");
        let jefe = Secret::new("Jefe").hmac(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(&jefe), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(hex(&Secret::new([0xaa; 16]).hmac(&[&[0xdd; 50]])), "56be34521d144c88dbb8c733f0e8b3f6");
        let long_key =
            Secret::new([0xaa; 80]).hmac(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex(&long_key), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }

    #[test]
    fn the_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("testing123")), "Secret(..)");
    }
}
