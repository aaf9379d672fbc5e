//! The secret that a client and a server share.

use std::fmt;

use md5::block_api::compress;
use md5::{Digest, Md5};

use crate::AUTHENTICATOR_LEN;

/// Octets of one block of MD5 (RFC 1321 section 3).
const BLOCK_LEN: usize = 64;
/// Octets of a message that fits one block with its padding (RFC 1321 section 3.1).
const ONE_BLOCK_LEN_MAX: usize = 55;
/// Where MD5 starts (RFC 1321 section 3.3).
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// A shared secret with the hash states that depend on nothing else, so that no packet pays for them.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// The one block of MD5 over secret and salt, padded, with room for the salt; of a usual secret
    /// User-Password hiding hashes nothing more.
    salted: Option<[[u8; BLOCK_LEN]; 1]>,
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
        Self { salted: padded(&bytes), inner: keyed(0x36), outer: keyed(0x5c), bytes }
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `MD5(secret + salt)`, as the four words of its octets.
    #[inline]
    pub(crate) fn salted(&self, salt: &[u8; AUTHENTICATOR_LEN]) -> [u32; 4] {
        let Some(mut block) = self.salted else {
            let digest: [u8; 16] = Md5::new_with_prefix(&self.bytes).chain_update(salt).finalize().into();
            return words(&digest);
        };
        block[0][self.bytes.len()..self.bytes.len() + AUTHENTICATOR_LEN].copy_from_slice(salt);
        let mut state = START;
        compress(&mut state, &block);
        state
    }

    /// Hides a block of a password, or shows a hidden one: XOR with [`Self::salted`] (RFC 2865 section 5.2).
    #[inline]
    pub(crate) fn mask(&self, block: &mut [u8; 16], salt: &[u8; AUTHENTICATOR_LEN]) {
        let mask = self.salted(salt);
        for (octets, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(mask) {
            *octets = (u32::from_le_bytes(*octets) ^ word).to_le_bytes();
        }
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

/// The padded block of a message of `secret` and a salt, where one block is enough.
fn padded(secret: &[u8]) -> Option<[[u8; BLOCK_LEN]; 1]> {
    let len = secret.len() + AUTHENTICATOR_LEN;
    if len > ONE_BLOCK_LEN_MAX {
        return None;
    }
    let mut block = [0; BLOCK_LEN];
    block[..secret.len()].copy_from_slice(secret);
    block[len] = 0x80;
    let bits = u64::try_from(len * 8).ok()?;
    block[BLOCK_LEN - 8..].copy_from_slice(&bits.to_le_bytes());
    Some([block])
}

/// MD5 counts its octets as words, the lowest octet first (RFC 1321 section 2).
fn words(digest: &[u8; 16]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, octets) in words.iter_mut().zip(digest.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*octets);
    }
    words
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
    fn a_salted_digest_is_that_of_secret_and_salt_at_every_length() {
        let salt = *b"0123456789abcdef";
        for len in 0..=80 {
            let secret = vec![b's'; len];
            let whole: [u8; 16] = Md5::digest([&secret[..], &salt].concat()).into();
            assert_eq!(Secret::new(&secret).salted(&salt), words(&whole), "{len}");
        }
    }

    #[test]
    fn the_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("testing123")), "Secret(..)");
    }
}
