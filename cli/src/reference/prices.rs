//! Amounts and prices of a world file in the units of the charging core. What cannot be held exactly is
//! refused, never rounded.

use tollgate_conformance::world::{self, Interval, PriceUnit};
use tollgate_ocs_core::{Amount, Currency, Price, catalogue};
use tollgate_wire::Decimal;

/// The decimals of an amount: 10⁻⁵ of the currency unit.
const AMOUNT_SCALE: u8 = 5;
/// The decimals of a price: 10⁻⁹ of the currency unit.
const PRICE_SCALE: u8 = 9;

/// An amount, or what is wrong with it.
pub(super) fn amount(decimal: Decimal) -> Result<Amount, String> {
    let units = decimal.to_scale(AMOUNT_SCALE).and_then(|units| i64::try_from(units).ok());
    units
        .map(Amount::from_units)
        .ok_or_else(|| format!("{decimal} is not an amount: five decimals at most, and less than 9 x 10^13"))
}

/// A currency, or what is wrong with it.
pub(super) fn currency(code: &str) -> Result<Currency, String> {
    code.parse()
        .map_err(|_| format!("'{code}' is not a currency: three capital letters of ISO 4217, such as CAD"))
}

/// The first and the next interval with the number of seconds that both prices are for: the unit that both
/// are written in, else a minute.
pub(super) fn intervals(
    first: Interval,
    next: Interval,
) -> Result<(catalogue::Interval, catalogue::Interval, u64), String> {
    if first.per != next.per && !(first.per.is_time() && next.per.is_time()) {
        return Err("the first and the next interval are priced in units that do not go together".to_owned());
    }
    let unit = if first.per == next.per { first.per } else { PriceUnit::Minute };
    Ok((interval(first, unit)?, interval(next, unit)?, u64::from(unit.units())))
}

/// The prices of the other levels, for as many units as those of the peak.
pub(super) fn level(
    prices: Option<[Interval; 2]>,
    peak: Interval,
    price_unit: u64,
) -> Result<Option<catalogue::Prices>, String> {
    let Some([first, next]) = prices else { return Ok(None) };
    for other in [first, next] {
        if other.per != peak.per && !(other.per.is_time() && peak.per.is_time()) {
            return Err("the levels are priced in units that do not go together".to_owned());
        }
    }
    let own = [peak.per, PriceUnit::Minute].into_iter().find(|unit| u64::from(unit.units()) == price_unit);
    let unit = own.ok_or("the levels are priced in units that do not go together")?;
    Ok(Some(catalogue::Prices { first: interval(first, unit)?, next: interval(next, unit)? }))
}

/// A peak level.
pub(super) const fn peak_level(written: world::PeakLevel) -> catalogue::PeakLevel {
    match written {
        world::PeakLevel::Peak => catalogue::PeakLevel::Peak,
        world::PeakLevel::OffPeak => catalogue::PeakLevel::OffPeak,
        world::PeakLevel::SecondOffPeak => catalogue::PeakLevel::SecondOffPeak,
    }
}

/// When the levels of a tariff hold.
pub(super) fn peaks(written: &world::Peaks) -> catalogue::PeaksSpec {
    let periods = written.periods.iter().map(|period| catalogue::Period {
        begins: period.begins,
        secs: period.secs,
        level: peak_level(period.level),
    });
    catalogue::PeaksSpec {
        zone: written.zone.clone(),
        periods: periods.collect(),
        holidays: written.holidays.clone(),
        holiday_level: peak_level(written.holiday_level),
    }
}

fn interval(written: Interval, unit: PriceUnit) -> Result<catalogue::Interval, String> {
    let wrong = || {
        format!(
            "price {} cannot be held: nine decimals at most, also when it is told for the same time as the other",
            written.price
        )
    };
    let nanos = written.price.to_scale(PRICE_SCALE).ok_or_else(wrong)?;
    let scaled = nanos.checked_mul(i128::from(unit.units())).ok_or_else(wrong)?;
    let per = i128::from(written.per.units());
    if scaled % per != 0 {
        return Err(wrong());
    }
    let nanos = i64::try_from(scaled / per).map_err(|_| wrong())?;
    Ok(catalogue::Interval { units: written.length, price: Price::from_nanos(nanos) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(price: &str, per: PriceUnit) -> Interval {
        Interval { length: 6, price: price.parse().unwrap(), per }
    }

    #[test]
    fn prices_in_one_unit_stay_in_it() {
        let (first, next, unit) =
            intervals(written("1.20", PriceUnit::Hour), written("0.6", PriceUnit::Hour)).unwrap();
        assert_eq!((first.price.nanos(), next.price.nanos(), unit), (1_200_000_000, 600_000_000, 3_600));
        assert_eq!(first.units, 6);
    }

    #[test]
    fn prices_in_two_units_are_told_by_the_minute() {
        // 0.001/s is 0.06/min; 1.20/h is 0.02/min.
        let (first, next, unit) =
            intervals(written("0.001", PriceUnit::Second), written("1.20", PriceUnit::Hour)).unwrap();
        assert_eq!((first.price.nanos(), next.price.nanos(), unit), (60_000_000, 20_000_000, 60));
    }

    #[test]
    fn what_cannot_be_held_exactly_is_refused() {
        assert!(amount("0.000001".parse().unwrap()).is_err());
        // 0.01/h is 0.000166…/min.
        assert!(intervals(written("0.01", PriceUnit::Hour), written("0.01", PriceUnit::Minute)).is_err());
        assert_eq!(amount("10.00".parse().unwrap()).unwrap().units(), 1_000_000);
    }
}
