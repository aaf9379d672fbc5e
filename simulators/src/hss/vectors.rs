//! Authentication vectors that are made up: the same subscriber and count always give the same ones.
//!
//! They are not cryptographic. No key is involved, anybody can compute them, and RAND, XRES, AUTN and KASME have nothing to
//! do with one another. They have the lengths of TS 33.401, so that messages look as they do elsewhere.

/// One vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vector {
    pub(super) rand: [u8; 16],
    pub(super) xres: [u8; 8],
    pub(super) autn: [u8; 16],
    pub(super) kasme: [u8; 32],
    pub(super) ck: [u8; 16],
    pub(super) ik: [u8; 16],
}

impl Vector {
    /// The vector of a subscriber with this count.
    pub(super) fn of(imsi: &str, count: u64) -> Self {
        let seed = imsi.bytes().fold(count, |seed, octet| mix(seed ^ u64::from(octet)));
        let mut source = Source(seed);
        Self {
            rand: source.octets(),
            xres: source.octets(),
            autn: source.octets(),
            kasme: source.octets(),
            ck: source.octets(),
            ik: source.octets(),
        }
    }
}

struct Source(u64);

impl Source {
    fn octets<const N: usize>(&mut self) -> [u8; N] {
        let mut all = [0; N];
        for part in all.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let octets = mix(self.0).to_be_bytes();
            for (own, octet) in part.iter_mut().zip(octets) {
                *own = octet;
            }
        }
        all
    }
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
const fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_depends_on_the_subscriber_and_the_count_alone() {
        let own = Vector::of("255070000000001", 1);
        assert_eq!(own, Vector::of("255070000000001", 1));
        assert_ne!(own.rand, Vector::of("255070000000001", 2).rand);
        assert_ne!(own.rand, Vector::of("255070000000002", 1).rand);
        assert_ne!(own.rand, own.autn);
    }
}
