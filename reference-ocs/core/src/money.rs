//! Money: amounts, prices, currencies, and the one place where a price becomes an amount.
//!
//! - An [`Amount`] is a whole number of 10⁻⁵ of the currency unit, as the documents' five decimals are.
//! - A [`Price`] is a whole number of 10⁻⁹ of the currency unit, for as many units of the service as its rate says.
//! - Between them stands a [`Cost`], exact, in 128 bits. It is rounded once, when an xDR is charged: half away from zero.
//! - Money is shown with five decimals, or with two where the documents do so; the two are rounded down, because
//!   money that a subscriber may spend is never shown larger than it is.
//!
//! Nothing here is a float, and nothing overflows silently: what cannot be held is an `Option` or an error.

use std::fmt;
use std::str::FromStr;

/// Money in 10⁻⁵ of the currency unit.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Amount(i64);

/// A price in 10⁻⁹ of the currency unit, per as many units of the service as the rate's price unit says.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Price(i64);

/// An exact sum of prices times units: a number of 10⁻⁹ of the currency unit, divided by the price unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Price times units, summed.
    numerator: i128,
    /// The units that a price stands for; at least 1.
    price_unit: u64,
}

/// A currency by its ISO 4217 letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Currency([u8; 3]);

/// A text was not money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number, or with too many decimals, or too large.
    #[error("'{text}' is not an amount; write digits and at most {decimals} decimals, such as 9.97633")]
    Number {
        /// What was to be read.
        text: String,
        /// How many decimals there may be.
        decimals: u8,
    },
    /// Not three capital letters.
    #[error("'{text}' is not a currency; write its three letters, such as CAD")]
    Currency {
        /// What was to be read.
        text: String,
    },
}

const AMOUNT_DECIMALS: u8 = 5;
const PRICE_DECIMALS: u8 = 9;
/// 10⁻⁹ in one 10⁻⁵.
const NANOS_PER_AMOUNT: i128 = 10_000;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many 10⁻⁵ of the currency unit.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// How many 10⁻⁵ of the currency unit.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, or `None` where it cannot be held.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` where it cannot be held.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum, held at the largest amount there is.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the smallest or largest amount there is.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The amount with its sign turned, held at the largest amount there is.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// With two decimals, rounded down: 9.97633 is shown as 9.97, −0.001 as −0.01.
    #[must_use]
    pub fn two_decimals(self) -> String {
        let mut out = String::with_capacity(12);
        write_decimal(&mut out, self.0.div_euclid(1_000), 2, 2);
        out
    }
}

impl Price {
    /// Free.
    pub const ZERO: Self = Self(0);

    /// So many 10⁻⁹ of the currency unit.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// How many 10⁻⁹ of the currency unit.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

impl Cost {
    /// Nothing, in prices that stand for `price_unit` units each (0 counts as 1).
    #[must_use]
    pub const fn zero(price_unit: u64) -> Self {
        Self { numerator: 0, price_unit: if price_unit == 0 { 1 } else { price_unit } }
    }

    /// With an amount added.
    #[must_use]
    pub const fn plus_amount(self, amount: Amount) -> Self {
        let nanos = (amount.0 as i128) * NANOS_PER_AMOUNT;
        let numerator = self.numerator.saturating_add(nanos.saturating_mul(self.price_unit as i128));
        Self { numerator, ..self }
    }

    /// With `units` of the service at `price` added.
    #[must_use]
    pub const fn plus_units(self, price: Price, units: u64) -> Self {
        let cost = (price.0 as i128).saturating_mul(units as i128);
        Self { numerator: self.numerator.saturating_add(cost), ..self }
    }

    /// The amount, rounded half away from zero; `None` when it is larger than an amount can be.
    #[must_use]
    pub fn round(self) -> Option<Amount> {
        let divisor = i128::from(self.price_unit) * NANOS_PER_AMOUNT;
        let half = divisor / 2;
        let shifted = if self.numerator < 0 {
            self.numerator.checked_sub(half)?
        } else {
            self.numerator.checked_add(half)?
        };
        i64::try_from(quotient(shifted, divisor)).ok().map(Amount)
    }

    /// The amount of `numerator` / `denominator` times the cost, both rounded together, half away from zero; `None` when it
    /// is larger than an amount can be.
    #[must_use]
    pub fn round_times(self, numerator: i128, denominator: i128) -> Option<Amount> {
        let own = i128::from(self.price_unit).checked_mul(NANOS_PER_AMOUNT)?;
        let divisor = own.checked_mul(denominator).filter(|divisor| *divisor > 0)?;
        let product = self.numerator.checked_mul(numerator)?;
        let half = divisor / 2;
        let shifted = if product < 0 { product.checked_sub(half)? } else { product.checked_add(half)? };
        i64::try_from(shifted / divisor).ok().map(Amount)
    }

    /// How many times `price` for `units` fits between this cost and `funds`: the exact costs count, not the rounded.
    /// `None` when the price is nothing, so that no number is too large.
    #[must_use]
    pub fn times_within(self, funds: Amount, price: Price, units: u64) -> Option<u64> {
        let step = i128::from(price.0).saturating_mul(i128::from(units));
        if step <= 0 {
            return None;
        }
        let all = (i128::from(funds.0) * NANOS_PER_AMOUNT).saturating_mul(i128::from(self.price_unit));
        let left = all.saturating_sub(self.numerator);
        Some(if left < 0 { 0 } else { u64::try_from(quotient(left, step)).unwrap_or(u64::MAX) })
    }

    /// Whether `funds` pay for it, exactly and before any rounding.
    #[must_use]
    pub fn is_within(self, funds: Amount) -> bool {
        let all = (i128::from(funds.0) * NANOS_PER_AMOUNT).saturating_mul(i128::from(self.price_unit));
        self.numerator <= all
    }
}

/// A quotient, rounded towards zero. Nearly always both fit into 64 bits, which the processor divides by itself.
fn quotient(dividend: i128, divisor: i128) -> i128 {
    match (i64::try_from(dividend), i64::try_from(divisor)) {
        (Ok(dividend), Ok(divisor)) if divisor > 0 => i128::from(dividend / divisor),
        _ => dividend / divisor,
    }
}

/// Thousandths of a percent in a whole.
const WHOLE: i128 = 100_000;

impl Cost {
    /// With a percentage of itself added, in thousandths of a percent; still exact.
    #[must_use]
    pub const fn plus_percent(self, thousandths: u32) -> Self {
        if thousandths == 0 {
            return self;
        }
        let numerator = self.numerator.saturating_mul(WHOLE + thousandths as i128);
        Self { numerator, price_unit: self.price_unit.saturating_mul(100_000) }
    }

    /// This, or the amount where that is more.
    #[must_use]
    pub fn at_least(self, amount: Amount) -> Self {
        let least = Self { numerator: 0, ..self }.plus_amount(amount);
        if self.numerator < least.numerator { least } else { self }
    }

    /// The most that something may cost so that `funds` pay for it with a percentage of itself added.
    #[must_use]
    pub fn most(price_unit: u64, funds: Amount, thousandths: u32) -> Self {
        let funds = Self::zero(price_unit).plus_amount(funds);
        let numerator = funds.numerator.saturating_mul(WHOLE).div_euclid(WHOLE + i128::from(thousandths));
        Self { numerator, ..funds }
    }

    /// Whether it is at most another cost in prices of the same price unit.
    #[must_use]
    pub const fn is_at_most(self, most: Self) -> bool {
        self.numerator <= most.numerator
    }

    /// How many times `price` for `units` fits between this cost and another of the same price unit; `None` when the
    /// price is nothing.
    #[must_use]
    pub fn times_to(self, most: Self, price: Price, units: u64) -> Option<u64> {
        let step = i128::from(price.0).saturating_mul(i128::from(units));
        if step <= 0 {
            return None;
        }
        let left = most.numerator.saturating_sub(self.numerator);
        Some(if left < 0 { 0 } else { u64::try_from(quotient(left, step)).unwrap_or(u64::MAX) })
    }
}

impl Amount {
    /// Writes what it shows as, without what formatting costs.
    pub(crate) fn write_to(self, out: &mut String) {
        write_decimal(out, self.0, AMOUNT_DECIMALS, AMOUNT_DECIMALS);
    }
}

impl Price {
    /// Writes what it shows as, without what formatting costs.
    pub(crate) fn write_to(self, out: &mut String) {
        write_decimal(out, self.0, PRICE_DECIMALS, 2);
    }
}

impl Currency {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only three ASCII capitals are ever stored.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

/// Writes `value` of 10^-`decimals`, with at least `least` decimals; `least` = `decimals` keeps them all.
pub(crate) fn write_decimal(out: &mut String, value: i64, decimals: u8, least: u8) {
    out.push_str(decimal_in(&mut [b'0'; 24], value, decimals, least));
}

/// Writes a whole number, without what formatting costs.
pub(crate) fn write_whole(out: &mut String, value: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// The text that [`write_decimal`] writes, made in `digits`.
fn decimal_in(digits: &mut [u8; 24], value: i64, decimals: u8, least: u8) -> &str {
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    let mut written = 0_u8;
    let mut started = decimals <= least;
    while written < decimals {
        let digit = u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        // Trailing zeros beyond the least number of decimals say nothing.
        started = started || digit != 0 || decimals - written <= least;
        if started {
            at -= 1;
            digits[at] = b'0' + digit;
        }
        written += 1;
    }
    if at < digits.len() {
        at -= 1;
        digits[at] = b'.';
    }
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 || at == 1 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    std::str::from_utf8(&digits[at..]).unwrap_or_default()
}

fn parse_decimal(text: &str, decimals: u8) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let dotted = digits.len() != whole.len();
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || (dotted && part.is_empty()) || part.len() > usize::from(decimals) {
        return None;
    }
    if !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let mut value: i64 = 0;
    let padding = std::iter::repeat_n(b'0', usize::from(decimals) - part.len());
    for digit in whole.bytes().chain(part.bytes()).chain(padding) {
        value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if negative { -value } else { value })
}

impl FromStr for Amount {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Number { text: text.to_owned(), decimals: AMOUNT_DECIMALS };
        parse_decimal(text, AMOUNT_DECIMALS).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Price {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Number { text: text.to_owned(), decimals: PRICE_DECIMALS };
        parse_decimal(text, PRICE_DECIMALS).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Currency { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Amount {
    /// With five decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(decimal_in(&mut [b'0'; 24], self.0, AMOUNT_DECIMALS, AMOUNT_DECIMALS))
    }
}

impl fmt::Display for Price {
    /// With two decimals, or more where they are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(decimal_in(&mut [b'0'; 24], self.0, PRICE_DECIMALS, 2))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn an_amount_is_shown_with_five_decimals_and_reads_back() {
        assert_eq!(amount("9.97633").units(), 997_633);
        assert_eq!(amount("9.97633").to_string(), "9.97633");
        assert_eq!(amount("10").to_string(), "10.00000");
        assert_eq!(amount("-0.5").to_string(), "-0.50000");
        assert_eq!(Amount::from_units(i64::MIN).to_string(), "-92233720368547.75808");
    }

    #[test]
    fn two_decimals_never_show_money_that_is_not_there() {
        // 9.97633 holds 9.97 and a rest; −0.00100 is less than nothing and not nothing.
        assert_eq!(amount("9.97633").two_decimals(), "9.97");
        assert_eq!(amount("9.99999").two_decimals(), "9.99");
        assert_eq!(amount("10.00000").two_decimals(), "10.00");
        assert_eq!(amount("-0.00100").two_decimals(), "-0.01");
    }

    #[test]
    fn a_price_shows_the_decimals_it_needs() {
        assert_eq!(price("0.02").to_string(), "0.02");
        assert_eq!(price("0.1").to_string(), "0.10");
        assert_eq!(price("0.023456789").to_string(), "0.023456789");
        assert_eq!(price("0.0230").to_string(), "0.023");
        assert_eq!(price("3").to_string(), "3.00");
    }

    #[test]
    fn what_is_not_a_decimal_number_is_refused() {
        for text in ["", ".", "1.", ".5", "1.000001", "1,5", "+1", "1e3", "--1", "99999999999999999999", "١"]
        {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        assert!("0.0000000001".parse::<Price>().is_err());
        for text in ["", "cad", "CA", "CADX", "C4D", "€"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
        assert_eq!("CAD".parse::<Currency>().unwrap().to_string(), "CAD");
    }

    #[test]
    fn a_cost_is_rounded_once_half_away_from_zero() {
        // 71 s at 0.02 a minute: 71 × 0.02 / 60 = 0.0236666… → 0.02367.
        assert_eq!(Cost::zero(60).plus_units(price("0.02"), 71).round(), Some(amount("0.02367")));
        // 0.000005 lies half way between 0.00000 and 0.00001: away from zero on both sides.
        assert_eq!(Cost::zero(1).plus_units(price("0.000005"), 1).round(), Some(amount("0.00001")));
        assert_eq!(Cost::zero(1).plus_units(price("-0.000005"), 1).round(), Some(amount("-0.00001")));
        assert_eq!(Cost::zero(1).plus_units(price("0.000004999"), 1).round(), Some(Amount::ZERO));
        // Two halves are one whole: rounding each would have made two of it.
        let twice = Cost::zero(1).plus_units(price("0.000005"), 1).plus_units(price("0.000005"), 1);
        assert_eq!(twice.round(), Some(amount("0.00001")));
    }

    #[test]
    fn what_no_amount_can_hold_is_not_rounded_to_one() {
        assert_eq!(Cost::zero(1).plus_units(Price::from_nanos(i64::MAX), u64::MAX).round(), None);
    }

    #[test]
    fn funds_pay_for_whole_times_only() {
        // 10.00 at 0.02 a minute, by the second: 10 / (0.02 / 60) = 30000.
        let nothing = Cost::zero(60);
        assert_eq!(nothing.times_within(amount("10.00"), price("0.02"), 1), Some(30_000));
        assert_eq!(nothing.times_within(amount("9.99999"), price("0.02"), 1), Some(29_999));
        assert_eq!(nothing.times_within(amount("-1"), price("0.02"), 1), Some(0));
        assert_eq!(nothing.times_within(amount("1"), Price::ZERO, 1), None);
    }
}
