//! Digits in half octets: telephone numbers (TS 29.002, TBCD-STRING) and networks (TS 24.301 section 9.9.3.32).

use std::iter;

/// What fills an odd half.
const FILLER: u8 = 0xf;

/// A number's digits, two an octet, the first one in the lower half. What is no digit is left out.
#[must_use]
pub(crate) fn tbcd_octets(number: &str) -> Vec<u8> {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    digits.chunks(2).map(|pair| pair.get(1).copied().unwrap_or(FILLER) << 4 | pair[0]).collect()
}

/// The digits again, up to the first that is none.
#[must_use]
pub(crate) fn tbcd_digits(octets: &[u8]) -> String {
    let halves = octets.iter().flat_map(|octet| [octet & 0xf, octet >> 4]);
    halves.take_while(|half| *half < 10).map(|half| char::from(b'0' + half)).collect()
}

/// A network: country code of three digits and network code of two or three.
#[must_use]
pub(crate) fn plmn_octets(network: &str) -> Option<[u8; 3]> {
    if !network.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits: Vec<u8> = network.bytes().map(|digit| digit - b'0').collect();
    let [a, b, c, d, e, rest @ ..] = digits.as_slice() else { return None };
    let third = match rest {
        [] => FILLER,
        [third] => *third,
        _ => return None,
    };
    Some([b << 4 | a, third << 4 | c, e << 4 | d])
}

/// The digits of a network.
#[must_use]
pub(crate) fn plmn_of(octets: &[u8]) -> Option<String> {
    let [one, two, three] = *octets else { return None };
    let all = [one & 0xf, one >> 4, two & 0xf, three & 0xf, three >> 4];
    let third = iter::once(two >> 4).filter(|half| *half != FILLER);
    all.into_iter().chain(third).map(|half| (half < 10).then(|| char::from(b'0' + half))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_networks_are_read_back() {
        // TS 23.003's way of writing: 380630000001 is 83 60 03 00 00 10.
        assert_eq!(tbcd_octets("380630000001"), [0x83, 0x60, 0x03, 0x00, 0x00, 0x10]);
        assert_eq!(tbcd_octets("+123"), [0x21, 0xf3]);
        assert_eq!(tbcd_digits(&tbcd_octets("12345")), "12345");
        // 255 06: 52 f5 60; 310 410: 13 00 14.
        assert_eq!(plmn_octets("25506"), Some([0x52, 0xf5, 0x60]));
        assert_eq!(plmn_octets("310410"), Some([0x13, 0x00, 0x14]));
        for network in ["25506", "310410"] {
            assert_eq!(plmn_of(&plmn_octets(network).unwrap_or_default()).as_deref(), Some(network));
        }
        assert_eq!((plmn_octets("2550"), plmn_octets("2550601"), plmn_octets("25x06")), (None, None, None));
        assert_eq!((plmn_of(&[0xfa, 1, 2]), plmn_of(&[1, 2])), (None, None));
    }
}
