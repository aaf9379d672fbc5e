//! Money on the wire: digits, exponent and the number of a currency.
//!
//! Source: RFC 8506 sections 8.8 to 8.11, 8.22; ISO 4217.

use iso_currency::Currency as Iso;
use tollgate_diameter::{Avps, Builder, avp};
use tollgate_ocs_core::{Amount, Currency};

/// The number of a currency; `None` for letters that stand for none.
pub(super) fn number(currency: Currency) -> Option<u32> {
    Iso::from_code(currency.as_str()).map(|iso| u32::from(iso.numeric()))
}

fn letters(number: u32) -> Option<Currency> {
    Iso::from_numeric(u16::try_from(number).ok()?)?.code().parse().ok()
}

/// The decimals of an [`Amount`].
const DECIMALS: i32 = 5;

/// CC-Money; `None` for an amount that has more decimals or digits than money here, or an unknown currency.
pub(super) fn read(avps: Avps<'_>) -> Option<(Amount, Currency)> {
    let value = avps.get(avp::UNIT_VALUE)?.members();
    let digits = value.get(avp::VALUE_DIGITS)?.i64()?;
    let exponent = value.get(avp::EXPONENT).and_then(|own| own.i32()).unwrap_or(0);
    let currency = letters(avps.get(avp::CURRENCY_CODE)?.u32()?)?;
    let shift = exponent.checked_add(DECIMALS)?;
    let factor = 10_i64.checked_pow(shift.unsigned_abs())?;
    let units = if shift >= 0 {
        digits.checked_mul(factor)?
    } else if digits % factor == 0 {
        digits / factor
    } else {
        return None;
    };
    Some((Amount::from_units(units), currency))
}

/// Unit-Value of digits and an exponent, without zeros that say nothing.
pub(super) fn write_value(builder: &mut Builder, mut digits: i64, mut exponent: i32) {
    while digits != 0 && digits % 10 == 0 && exponent < 0 {
        digits /= 10;
        exponent += 1;
    }
    if digits == 0 {
        exponent = 0;
    }
    builder.group(avp::UNIT_VALUE, |own| {
        own.i64(avp::VALUE_DIGITS, digits);
        if exponent != 0 {
            own.i32(avp::EXPONENT, exponent);
        }
    });
}

/// Cost-Information of an amount.
pub(super) fn write_cost(builder: &mut Builder, amount: Amount, currency: Currency) {
    builder.group(avp::COST_INFORMATION, |own| {
        write_value(own, amount.units(), -DECIMALS);
        own.u32(avp::CURRENCY_CODE, number(currency).unwrap_or(XXX));
    });
}

/// "No currency" (ISO 4217).
const XXX: u32 = 999;

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_diameter::{Header, Message};

    fn money(digits: i64, exponent: Option<i32>, currency: u32) -> Option<(String, String)> {
        let mut builder = Builder::new(Header::request(272, 4));
        builder.group(avp::CC_MONEY, |own| {
            own.group(avp::UNIT_VALUE, |own| {
                own.i64(avp::VALUE_DIGITS, digits);
                if let Some(exponent) = exponent {
                    own.i32(avp::EXPONENT, exponent);
                }
            });
            own.u32(avp::CURRENCY_CODE, currency);
        });
        let octets = builder.finish().unwrap();
        let message = Message::parse(&octets).unwrap();
        let read = read(message.get(avp::CC_MONEY).unwrap().members());
        read.map(|(amount, currency)| (amount.to_string(), currency.to_string()))
    }

    #[test]
    fn digits_and_exponent_make_an_amount() {
        let cad = |amount: &str| Some((amount.to_owned(), "CAD".to_owned()));
        // RFC 8506 section 8.10: 0.05 has the digits 5 and the exponent -2; 124 is CAD.
        assert_eq!(money(5, Some(-2), 124), cad("0.05000"));
        assert_eq!(money(7, None, 124), cad("7.00000"));
        assert_eq!(money(3, Some(2), 124), cad("300.00000"));
        assert_eq!(money(1_234_500, Some(-7), 124), cad("0.12345"));
    }

    #[test]
    fn what_is_finer_or_larger_than_money_is_refused() {
        assert_eq!(money(1, Some(-6), 124), None);
        assert_eq!(money(1, Some(19), 124), None);
        assert_eq!(money(1, Some(i32::MAX), 124), None);
        assert_eq!(money(1, Some(i32::MIN), 124), None);
        assert_eq!(money(i64::MAX, Some(0), 124), None);
        assert_eq!(money(1, None, 70_000), None);
    }
}
