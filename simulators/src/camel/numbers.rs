//! How a switch writes the numbers that a scenario writes as digits.

use tollgate_camel::number::{AddressString, CalledPartyNumber, PartyNumber};
use tollgate_camel::{Digits, Tbcd};

/// The number that a switch speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// International numbers with their country code; shorter ones are what was dialled.
    International,
    /// As in North America: national numbers of ten digits, without the 1.
    NorthAmerican,
}

/// Fewer digits are no subscriber's number, but a service's.
const SHORTEST: usize = 7;

/// What a number is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nature {
    Unknown,
    National,
    International,
}

fn split(number: &str, numbering: Numbering) -> (Nature, &str) {
    let digits = number.strip_prefix('+').unwrap_or(number);
    match (numbering, digits.strip_prefix('1')) {
        _ if digits.len() < SHORTEST => (Nature::Unknown, digits),
        (Numbering::NorthAmerican, Some(national)) if national.len() == 10 => (Nature::National, national),
        (Numbering::NorthAmerican, None) if digits.len() == 10 => (Nature::National, digits),
        _ => (Nature::International, digits),
    }
}

/// A number with its country code, as a charging system knows it, where it has one.
pub(crate) fn bare(digits: &str, national: bool, numbering: Numbering) -> String {
    if national && numbering == Numbering::NorthAmerican { format!("1{digits}") } else { digits.to_owned() }
}

/// A calling, redirecting or original called party.
pub(crate) fn party(number: &str, numbering: Numbering) -> Option<PartyNumber> {
    let (nature, digits) = split(number, numbering);
    Some(PartyNumber::new(isup(nature), digits.parse::<Digits>().ok()?))
}

/// A called party.
pub(crate) fn called(number: &str, numbering: Numbering) -> Option<CalledPartyNumber> {
    let (nature, digits) = split(number, numbering);
    Some(CalledPartyNumber::new(isup(nature), digits.parse::<Digits>().ok()?))
}

/// A number as a phone dialled it, or an address of MAP.
pub(crate) fn address(number: &str, numbering: Numbering) -> Option<AddressString> {
    let (nature, digits) = split(number, numbering);
    let nature = match nature {
        Nature::Unknown => AddressString::UNKNOWN,
        Nature::National => AddressString::NATIONAL,
        Nature::International => AddressString::INTERNATIONAL,
    };
    Some(AddressString::new(nature, digits.parse::<Tbcd>().ok()?))
}

const fn isup(nature: Nature) -> u8 {
    match nature {
        Nature::Unknown => CalledPartyNumber::UNKNOWN,
        Nature::National => CalledPartyNumber::NATIONAL,
        Nature::International => CalledPartyNumber::INTERNATIONAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_north_american_switch_drops_the_country_code_and_a_gateway_puts_it_back() {
        let number = called("12055576061", Numbering::NorthAmerican).unwrap();
        assert_eq!((number.nature, number.digits.as_str()), (CalledPartyNumber::NATIONAL, "2055576061"));
        assert_eq!(bare(number.digits.as_str(), true, Numbering::NorthAmerican), "12055576061");
        let abroad = called("380630000001", Numbering::NorthAmerican).unwrap();
        assert_eq!(abroad.nature, CalledPartyNumber::INTERNATIONAL);
    }

    #[test]
    fn a_service_number_is_what_was_dialled() {
        for numbering in [Numbering::International, Numbering::NorthAmerican] {
            let number = address("411", numbering).unwrap();
            assert_eq!((number.nature, number.digits.as_str()), (AddressString::UNKNOWN, "411"));
        }
    }
}
