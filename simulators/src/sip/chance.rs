//! What SIP elements draw: branches, tags, Call-IDs and nonces, all from the node's seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tollgate_sip::{BRANCH_COOKIE, Message};

/// The source of one node.
#[derive(Debug)]
pub struct Chance {
    random: ChaCha8Rng,
    key: u64,
}

impl Chance {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let key = random.next_u64();
        Self { random, key }
    }

    /// A branch that no other request has (RFC 3261 section 8.1.1.7).
    #[must_use]
    pub fn branch(&mut self) -> String {
        branch(self.random.next_u64())
    }

    /// A tag (RFC 3261 section 19.3).
    #[must_use]
    pub fn tag(&mut self) -> String {
        format!("{:08x}", self.random.next_u32())
    }

    /// The part of a Call-ID before the at sign.
    #[must_use]
    pub fn call(&mut self) -> String {
        format!("{:016x}", self.random.next_u64())
    }

    /// Eight octets.
    #[must_use]
    pub fn octets(&mut self) -> [u8; 8] {
        self.random.next_u64().to_be_bytes()
    }

    /// A number below `bound`; 0 for none.
    #[must_use]
    pub fn below(&mut self, bound: u32) -> u32 {
        self.random.next_u32().checked_rem(bound).unwrap_or(0)
    }

    /// The branch that this element gives a request that it sends on without remembering it: the same for every copy of
    /// the request, its CANCEL and its ACK (RFC 3261 section 16.11).
    #[must_use]
    pub fn branch_of(&self, request: &Message<'_>) -> String {
        let mut hash = Fnv::new(self.key);
        let unique = request.via().ok().and_then(|via| via.branch_unique());
        match unique {
            Some(branch) => hash.take(branch.as_bytes()),
            None => {
                for name in ["Via", "From", "Call-ID"] {
                    hash.take(request.value(name).unwrap_or_default().as_bytes());
                }
                let number = request.cseq().map_or(0, |own| own.number);
                hash.take(&number.to_be_bytes());
                hash.take(request.uri_text().unwrap_or_default().as_bytes());
            }
        }
        branch(hash.0)
    }
}

/// The cookie with the sixteen digits of a number behind it.
fn branch(number: u64) -> String {
    let mut text = String::with_capacity(BRANCH_COOKIE.len() + 16);
    text.push_str(BRANCH_COOKIE);
    let digits = number.to_be_bytes().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    text
}

/// FNV-1a with 64 bits.
struct Fnv(u64);

impl Fnv {
    const fn new(key: u64) -> Self {
        Self(0xcbf2_9ce4_8422_2325 ^ key)
    }

    fn take(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        // Parts must not run into each other.
        self.0 = self.0.rotate_left(17);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch_of(octets: &[u8]) -> String {
        Chance::new(7).branch_of(&Message::parse(octets).unwrap())
    }

    #[test]
    fn copies_and_the_cancel_of_a_request_get_the_same_branch_and_others_another() {
        let invite = b"INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\r\n";
        let cancel = b"CANCEL sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\r\n";
        let other = b"INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKy\r\n\r\n";
        assert_eq!(branch_of(invite), branch_of(cancel));
        assert_ne!(branch_of(invite), branch_of(other));
        let old = b"INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n";
        let next = b"INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCall-ID: 1\r\nCSeq: 2 INVITE\r\n\r\n";
        assert_eq!(branch_of(old), branch_of(old));
        assert_ne!(branch_of(old), branch_of(next));
    }

    #[test]
    fn a_branch_has_sixteen_digits_behind_the_cookie() {
        assert_eq!(branch(0), "z9hG4bK0000000000000000");
        assert_eq!(branch(0x0123_4567_89ab_cdef), "z9hG4bK0123456789abcdef");
    }
}
