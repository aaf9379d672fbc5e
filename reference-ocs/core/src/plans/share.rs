//! What one call or service session has of its account's plans: parts of its charged units, each at its price.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use super::counter::Counter;
use super::spec::{DiscountSpec, Measure, StepPrice};
use super::{PlanBook, WHOLE};
use crate::catalogue::{PeakLevel, Rate};
use crate::ids::RateId;
use crate::money::{Amount, Cost, Price};
use crate::rating::Rated;
use crate::service::Unit;

/// How many discounts can see one usage.
pub(crate) const PLANS_MAX: usize = 8;
/// In place of a step: the discount does not count this part. Discounts have fewer steps.
const NOT_COUNTED: u8 = u8::MAX;
/// The most units that a grant goes to; what reaches further has no end.
const REACH_MAX: u64 = 1 << 50;
/// The same for a rate with peak levels: forty days of seconds.
const PEAK_REACH_MAX: u64 = 3_456_000;

/// Some units in a row at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) units: u64,
    /// For as many units as the rate's price unit says.
    pub(crate) price: Price,
    /// How much is taken off it, in hundredths of a per cent.
    pub(crate) off: u16,
    /// The place of the discount that decided, if one did.
    pub(crate) discount: Option<usize>,
    /// How many of the usage's discounts are asked for it.
    pub(crate) seen: usize,
    /// In which of their steps; 255 where one of them does not count it.
    pub(crate) steps: [u8; PLANS_MAX],
}

/// What a usage has of the plans.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Shares {
    /// The rate that the parts are of.
    pub(crate) rate: Option<RateId>,
    /// The places of the discounts that see it, in order of precedence.
    pub(crate) discounts: Vec<usize>,
    /// What was used.
    pub(crate) parts: Vec<Part>,
    /// What is granted beyond that.
    pub(crate) claim: Vec<Part>,
    /// The periods in which the claim was made.
    pub(crate) periods: Vec<i64>,
}

/// One discount as it stands for a usage.
#[derive(Clone)]
pub(crate) struct Pot<'a> {
    pub(crate) place: usize,
    /// The number of its plan.
    plan: usize,
    pub(crate) discount: &'a DiscountSpec,
    shift: u64,
    /// What is used and claimed, by step, as counters count.
    taken: Vec<u64>,
}

impl<'a> Pot<'a> {
    pub(crate) fn new((place, plan): (usize, usize), discount: &'a DiscountSpec, counter: &Counter) -> Self {
        let taken = counter.used.iter().zip(&counter.held);
        let taken = taken.map(|(used, held)| used.saturating_add(*held)).collect();
        Self { place, plan, discount, shift: counter.shift(), taken }
    }

    /// The price of the next units, how much of them has it as counters count, and their step.
    fn next(&self) -> (StepPrice, u64, usize) {
        for (step, &taken) in self.taken.iter().enumerate() {
            let width = self.discount.width(step, self.shift);
            if width > taken {
                let price = self.discount.steps.get(step).map_or(StepPrice::Full, |step| step.price);
                return (price, width - taken, step);
            }
        }
        (StepPrice::Full, u64::MAX, self.discount.steps.len())
    }

    fn take(&mut self, step: usize, part: &Part, price_unit: u64) {
        if let Some(taken) = self.taken.get_mut(step) {
            *taken = taken.saturating_add(part.counted(self.discount.measure, price_unit));
        }
    }
}

/// 10⁻¹² of the currency unit in one 10⁻⁹, in which prices are.
const PICOS_PER_NANO: u128 = 1_000;

impl Part {
    /// What one unit costs, as a fraction: in 10⁻¹², and of how many such.
    fn unit_cost(&self, price_unit: u64) -> (u128, u128) {
        let price = u128::try_from(self.price.nanos()).unwrap_or_default();
        let left = u128::from(WHOLE - self.off.min(WHOLE));
        (price * left * PICOS_PER_NANO, u128::from(price_unit.max(1)) * u128::from(WHOLE))
    }

    /// What a discount counts of it.
    fn counted(&self, measure: Measure, price_unit: u64) -> u64 {
        match measure {
            Measure::Units => self.units,
            Measure::Money => {
                let (cost, of) = self.unit_cost(price_unit);
                u64::try_from(cost.saturating_mul(u128::from(self.units)).div_ceil(of)).unwrap_or(u64::MAX)
            }
        }
    }

    /// How many of its units begin before `room` is taken.
    fn units_in(&self, room: u64, measure: Measure, price_unit: u64) -> u64 {
        let (cost, of) = self.unit_cost(price_unit);
        match measure {
            Measure::Money if cost > 0 && room < u64::MAX => {
                u64::try_from(u128::from(room).saturating_mul(of).div_ceil(cost)).unwrap_or(u64::MAX)
            }
            Measure::Money => u64::MAX,
            Measure::Units => room,
        }
    }
}

/// How much of parts each step of one of their discounts counts, and what is behind its steps.
pub(crate) fn by_step(parts: &[Part], number: usize, discount: &DiscountSpec, price_unit: u64) -> Vec<u64> {
    let mut out = vec![0_u64; discount.steps.len() + 1];
    for part in parts.iter().filter(|part| part.seen > number) {
        let step = part.steps.get(number).copied().map_or(0, usize::from);
        if let Some(sum) = out.get_mut(step) {
            *sum = sum.saturating_add(part.counted(discount.measure, price_unit));
        }
    }
    out
}

/// Some units in a row as the tariff has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    units: u64,
    price: Price,
    level: PeakLevel,
}

/// The charged units of some usage by their list price, in their order.
pub(crate) fn listed(rate: &Rate, rated: &Rated) -> Vec<Listed> {
    if rated.parts.is_empty() {
        let first = rate.first.units.min(rated.units);
        let level = PeakLevel::Peak;
        let first_ones = Listed { units: first, price: rate.first.price, level };
        return vec![first_ones, Listed { units: rated.units - first, price: rate.next.price, level }];
    }
    let intervals = rated.parts.iter().map(|it| Listed {
        units: it.count.saturating_mul(it.interval.units),
        price: it.interval.price,
        level: it.level,
    });
    intervals.collect()
}

/// Divides the listed units behind the first `from` among the pots; ends before what is blocked if `stops`.
pub(crate) fn divide(
    list: &[Listed],
    price_unit: u64,
    from: u64,
    pots: &mut [Pot<'_>],
    stops: bool,
) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut skip = from;
    for &Listed { units, price: list, level } in list {
        let skipped = units.min(skip);
        skip -= skipped;
        let mut left = units - skipped;
        while left > 0 {
            let mut part =
                Part { units: 0, price: list, off: 0, discount: None, seen: 0, steps: [0; PLANS_MAX] };
            let mut counted_by = None;
            for (pot, place) in pots.iter().zip(&mut part.steps) {
                part.seen += 1;
                if pot.discount.level.is_some_and(|own| own != level) || counted_by == Some(pot.plan) {
                    *place = NOT_COUNTED;
                    continue;
                }
                counted_by = Some(pot.plan);
                let (price, _, step) = pot.next();
                *place = u8::try_from(step).unwrap_or(NOT_COUNTED);
                let gives = match price {
                    StepPrice::Full => continue,
                    StepPrice::Blocked if stops => return parts,
                    StepPrice::Blocked => (list, 0),
                    StepPrice::Free => (list, WHOLE),
                    StepPrice::Off(off) => (list, off),
                    StepPrice::Fixed(price) => (price, 0),
                };
                (part.price, part.off) = gives;
                part.discount = (price != StepPrice::Blocked).then_some(pot.place);
                break;
            }
            // Counters of money need the price, which the last of them may have decided.
            let counting = |step: u8| step != NOT_COUNTED;
            let asked = pots.iter().zip(&part.steps).take(part.seen).filter(|(_, step)| counting(**step));
            let lengths = asked.map(|(pot, _)| part.units_in(pot.next().1, pot.discount.measure, price_unit));
            part.units = lengths.fold(left, u64::min).max(1);
            for (pot, &step) in pots.iter_mut().zip(&part.steps).take(part.seen) {
                pot.take(usize::from(step), &part, price_unit);
            }
            push(&mut parts, part);
            left -= part.units;
        }
    }
    parts
}

/// Adds a part, to the last one where it is alike.
pub(crate) fn push(parts: &mut Vec<Part>, part: Part) {
    if part.units == 0 {
        return;
    }
    match parts.last_mut() {
        Some(last) if Part { units: part.units, ..*last } == part => {
            last.units = last.units.saturating_add(part.units);
        }
        _ => parts.push(part),
    }
}

/// The first `units` of parts.
pub(crate) fn cut(parts: &[Part], mut units: u64) -> Vec<Part> {
    let mut out = Vec::new();
    for part in parts {
        let taken = part.units.min(units);
        units -= taken;
        push(&mut out, Part { units: taken, ..*part });
    }
    out
}

pub(crate) fn units_of(parts: &[Part]) -> u64 {
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.units))
}

/// What parts cost with the connect fee and what else the rate adds, exactly.
pub(crate) fn cost(rate: &Rate, parts: &[Part]) -> Cost {
    let whole = u64::from(WHOLE);
    let zero = Cost::zero(rate.price_unit.saturating_mul(whole));
    let paid = parts.iter().fold(zero, |sum, part| {
        let share = u64::from(WHOLE - part.off.min(WHOLE));
        sum.plus_units(part.price, part.units.saturating_mul(share))
    });
    let cost = paid.plus_amount(rate.connect_fee);
    match &rate.more {
        // What plans give for nothing has no least price.
        Some(more) if paid != zero => {
            cost.at_least(more.terms.minimum_amount).plus_percent(more.terms.surcharge)
        }
        Some(more) => cost.plus_percent(more.terms.surcharge),
        None => cost,
    }
}

/// How much of a call can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Units from the beginning; `None` without end.
    pub(crate) total: Option<u64>,
    /// Whether a plan blocks what comes next, and not the want of money.
    pub(crate) blocked: bool,
}

/// What all of a usage is, where `used` parts are settled; `None` when a plan blocks some of the rest.
pub(crate) fn whole(
    rate: &Rate,
    began: Instant,
    total: u64,
    used: &[Part],
    pots: &[Pot<'_>],
) -> Option<Vec<Part>> {
    let rated = rate.usage(total, began);
    let mut all = used.to_vec();
    let list = listed(rate, &rated);
    for part in divide(&list, rate.price_unit, units_of(used), &mut pots.to_vec(), true) {
        push(&mut all, part);
    }
    (units_of(&all) >= rated.units).then_some(all)
}

/// How far `funds` (`None`: no limit) reach with what the pots give, where `used` is settled.
pub(crate) fn reach(
    rate: &Rate,
    began: Instant,
    used: &[Part],
    pots: &[Pot<'_>],
    funds: Option<Amount>,
) -> Reach {
    let peaks = rate.more.as_ref().is_some_and(|more| more.peaks.is_some());
    let end = if peaks { PEAK_REACH_MAX } else { REACH_MAX };
    let fits = |total: u64| {
        let all = whole(rate, began, total, used, pots);
        all.is_some_and(|all| funds.is_none_or(|funds| cost(rate, &all).is_within(funds)))
    };
    if fits(end) {
        return Reach { total: Some(end).filter(|_| peaks && funds.is_some()), blocked: false };
    }
    if !fits(0) {
        return Reach { total: Some(0), blocked: false };
    }
    // `least` fits, `most` does not.
    let (mut least, mut most) = (0, end);
    while most - least > 1 {
        let middle = least + (most - least) / 2;
        if fits(middle) {
            least = middle;
        } else {
            most = middle;
        }
    }
    Reach { total: Some(least), blocked: whole(rate, began, most, used, pots).is_none() }
}

/// The formula of an xDR's history with the parts that plans have given.
pub(crate) fn formula(
    book: &PlanBook,
    rate: &Rate,
    unit: Unit,
    (used, free): (u64, u64),
    parts: &[Part],
    (total, before): (Amount, Amount),
) -> String {
    let suffix = unit.suffix();
    let mut shown: Vec<String> = Vec::new();
    if rate.connect_fee > Amount::ZERO {
        shown.push(format!("connect fee {}", rate.connect_fee));
    }
    if free > 0 {
        shown.push(format!("{free}{suffix} free"));
    }
    for part in parts {
        let mut text = format!("{}{suffix}", part.units);
        if part.off < WHOLE {
            let _ = write!(text, " @ {}{}", part.price, per(unit, rate.price_unit));
        }
        if let Some(discount) = part.discount {
            let plan = book.plan_name(discount);
            let _ = match part.off {
                WHOLE => write!(text, " free by '{plan}'"),
                0 => write!(text, " by '{plan}'"),
                off if off % 100 == 0 => write!(text, " less {}% by '{plan}'", off / 100),
                off => write!(text, " less {}.{:02}% by '{plan}'", off / 100, off % 100),
            };
        }
        shown.push(text);
    }
    if shown.is_empty() {
        shown.push("0".to_owned());
    }
    let mut out = format!("{used}{suffix}: {}", shown.join(" + "));
    if let Some(more) = &rate.more {
        let paid = parts.iter().any(|part| part.off < WHOLE && part.price > Price::ZERO);
        crate::history::terms(&mut out, &more.terms, paid, unit);
    }
    let _ = write!(out, " = {total}");
    if before > Amount::ZERO {
        let _ = write!(out, ", {before} of it charged before");
    }
    out
}

fn per(unit: Unit, price_unit: u64) -> String {
    match (unit, price_unit) {
        (Unit::Second, 60) => "/min".to_owned(),
        (Unit::Second, 3_600) => "/h".to_owned(),
        (Unit::Octet, 0x10_0000) => "/MiB".to_owned(),
        (Unit::Octet, 0x4000_0000) => "/GiB".to_owned(),
        (Unit::Piece, 1) => String::new(),
        (_, 1) => format!("/{}", unit.suffix()),
        (_, other) => format!("/{other}{}", unit.suffix()),
    }
}
