//! The formula of an xDR's history: `71s: 71 x 1s @ 0.02/min = 0.02367`.

use std::fmt::Write as _;

use crate::catalogue::{Interval, Rate, RateTerms};
use crate::money::{Amount, write_decimal, write_whole};
use crate::rating::{Part, Rated};
use crate::service::Unit;

/// What a call that never connected is charged.
pub(crate) const NOT_CONNECTED: &str = "not connected: no charge";
/// What is written when there is no rate.
pub(crate) const UNRATED: &str = "no rate: no charge";

/// How many changes of the peak level are shown one by one.
const PARTS_MAX: usize = 16;

/// The formula of `used` units that cost `total`, of which earlier xDRs carry `before`.
pub(crate) fn formula(
    rate: &Rate,
    unit: Unit,
    used: u64,
    rated: &Rated,
    total: Amount,
    before: Amount,
) -> String {
    let mut out = String::with_capacity(64);
    let suffix = unit.suffix();
    write_whole(&mut out, used);
    out.push_str(suffix);
    out.push_str(": ");
    let mut part = Joined { out: &mut out, some: false };
    if rate.connect_fee > Amount::ZERO {
        let out = part.next();
        out.push_str("connect fee ");
        rate.connect_fee.write_to(out);
    }
    if rated.free > 0 {
        // Writing into a string cannot fail.
        let _ = write!(part.next(), "{}{suffix} free", rated.free);
    }
    let more = rate.more.as_deref();
    if let Some(more) = more {
        for it in in_short(&rated.parts) {
            let out = part.next();
            intervals(out, rate, unit, it.count, it.interval);
            if more.peaks.is_some() {
                let _ = write!(out, " {}", it.level);
            }
        }
    } else if rated.first && rate.first == rate.next {
        intervals(part.next(), rate, unit, rated.next.saturating_add(1), rate.first);
    } else if rated.first {
        intervals(part.next(), rate, unit, 1, rate.first);
        if rated.next > 0 {
            intervals(part.next(), rate, unit, rated.next, rate.next);
        }
    }
    if !part.some {
        out.push('0');
    }
    if let Some(more) = more {
        terms(&mut out, &more.terms, rated.first, unit);
    }
    out.push_str(" = ");
    total.write_to(&mut out);
    if before > Amount::ZERO {
        let _ = write!(out, ", {before} of it charged before");
    }
    out
}

/// What else a rate adds; `begun` is whether there is something that minimums are of.
pub(crate) fn terms(out: &mut String, terms: &RateTerms, begun: bool, unit: Unit) {
    if begun && terms.minimum_units > 0 {
        let _ = write!(out, ", for at least {}{}", terms.minimum_units, unit.suffix());
    }
    if begun && terms.minimum_amount > Amount::ZERO {
        let _ = write!(out, ", at least {}", terms.minimum_amount);
    }
    if terms.surcharge > 0 {
        let mut percent = String::with_capacity(8);
        write_decimal(&mut percent, i64::from(terms.surcharge), 3, 0);
        let _ = write!(out, ", plus {percent}%");
    }
}

/// A long list of parts with those of one kind put together, in the order of their first.
fn in_short(parts: &[Part]) -> Vec<Part> {
    let mut short: Vec<Part> = Vec::with_capacity(parts.len().min(PARTS_MAX));
    for part in parts {
        let same = |it: &&mut Part| (it.level, it.interval) == (part.level, part.interval);
        match short.iter_mut().find(same).filter(|_| parts.len() > PARTS_MAX) {
            Some(same) => same.count = same.count.saturating_add(part.count),
            None => short.push(*part),
        }
    }
    short
}

/// A text made of parts with a plus sign between them.
struct Joined<'a> {
    out: &'a mut String,
    some: bool,
}

impl Joined<'_> {
    fn next(&mut self) -> &mut String {
        if self.some {
            self.out.push_str(" + ");
        }
        self.some = true;
        self.out
    }
}

fn intervals(out: &mut String, rate: &Rate, unit: Unit, count: u64, interval: Interval) {
    write_whole(out, count);
    out.push_str(" x ");
    write_whole(out, interval.units);
    out.push_str(unit.suffix());
    out.push_str(" @ ");
    interval.price.write_to(out);
    let per = match (unit, rate.price_unit) {
        (Unit::Second, 1) => "/s",
        (Unit::Second, 60) => "/min",
        (Unit::Second, 3_600) => "/h",
        (Unit::Octet, 1) => "/B",
        (Unit::Octet, 0x400) => "/KiB",
        (Unit::Octet, 0x10_0000) => "/MiB",
        (Unit::Octet, 0x4000_0000) => "/GiB",
        (Unit::Piece, 1) => "",
        (_, other) => {
            let _ = write!(out, "/{other}{}", unit.suffix());
            ""
        }
    };
    out.push_str(per);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Shown;
    use crate::ids::DestinationId;
    use tollgate_time::Instant;

    fn rate(first: (u64, &str), next: (u64, &str), price_unit: u64) -> Rate {
        let interval = |(units, price): (u64, &str)| Interval { units, price: price.parse().unwrap() };
        Rate {
            destination: DestinationId::at(0).unwrap(),
            shown: Shown::default(),
            first: interval(first),
            next: interval(next),
            price_unit,
            connect_fee: Amount::ZERO,
            free_units: 0,
            forbidden: false,
            more: None,
        }
    }

    fn shown(rate: &Rate, unit: Unit, used: u64) -> String {
        let rated = rate.usage(used, Instant::EPOCH);
        formula(rate, unit, used, &rated, rated.cost.round().unwrap(), Amount::ZERO)
    }

    #[test]
    fn it_shows_how_the_amount_comes_about() {
        let by_second = rate((1, "0.02"), (1, "0.02"), 60);
        assert_eq!(shown(&by_second, Unit::Second, 71), "71s: 71 x 1s @ 0.02/min = 0.02367");
        let stepped = Rate {
            connect_fee: "0.05".parse().unwrap(),
            free_units: 10,
            ..rate((30, "0.60"), (6, "0.30"), 60)
        };
        assert_eq!(
            shown(&stepped, Unit::Second, 52),
            "52s: connect fee 0.05000 + 10s free + 1 x 30s @ 0.60/min + 2 x 6s @ 0.30/min = 0.41000"
        );
        assert_eq!(shown(&stepped, Unit::Second, 5), "5s: connect fee 0.05000 + 5s free = 0.05000");
        assert_eq!(shown(&by_second, Unit::Second, 0), "0s: 0 = 0.00000");
        let data = rate((1024, "0.10"), (1024, "0.10"), 1 << 20);
        assert_eq!(shown(&data, Unit::Octet, 1_048_576), "1048576B: 1024 x 1024B @ 0.10/MiB = 0.10000");
        assert_eq!(shown(&rate((1, "0.10"), (1, "0.10"), 1), Unit::Piece, 3), "3: 3 x 1 @ 0.10 = 0.30000");
        assert_eq!(
            shown(&rate((1, "0.10"), (1, "0.10"), 30), Unit::Second, 30),
            "30s: 30 x 1s @ 0.10/30s = 0.10000"
        );
    }

    #[test]
    fn it_tells_what_earlier_records_carry() {
        let rate = rate((1, "0.02"), (1, "0.02"), 60);
        let rated = rate.usage(71, Instant::EPOCH);
        let text =
            formula(&rate, Unit::Second, 71, &rated, rated.cost.round().unwrap(), Amount::from_units(2_000));
        assert_eq!(text, "71s: 71 x 1s @ 0.02/min = 0.02367, 0.02000 of it charged before");
    }
}
