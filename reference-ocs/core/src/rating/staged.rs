//! Rating of rates that have more than prices and fees: peak levels, a minimum, a surcharge.
//!
//! Usage is gone through level by level, not interval by interval. How many changes of level are looked at is bounded;
//! what lies beyond stays at the last level that was reached, and no grant goes that far.

use std::time::Duration;

use tollgate_time::Instant;

use super::{Part, Rated};
use crate::catalogue::{Interval, More, PeakLevel, Prices, Rate};
use crate::money::{Amount, Cost};

/// How many stretches of one level a usage is rated through: years of changes every few hours.
const USAGE_STRETCHES_MAX: usize = 10_000;
/// How many stretches of one level a grant goes through: a month with two changes a day.
const GRANT_STRETCHES_MAX: usize = 64;
const NANOS_PER_SEC: u64 = 1_000_000_000;

/// The level at one unit of a usage.
struct Stage {
    level: PeakLevel,
    prices: Prices,
    /// The first unit that may be at another level.
    ends: u64,
}

impl Rate {
    fn stage(&self, more: &More, began: Instant, at: u64) -> Stage {
        let moment = if more.by_time { began + Duration::from_secs(at) } else { began };
        let stretch = more.peaks.as_ref().map(|peaks| peaks.at(moment));
        let level = stretch.map_or(PeakLevel::Peak, |stretch| stretch.level);
        let until = stretch.and_then(|stretch| stretch.until).filter(|_| more.by_time);
        let ends = until.map_or(u64::MAX, |until| {
            let nanos = until.unix_nanos().saturating_sub(began.unix_nanos());
            nanos.div_ceil(NANOS_PER_SEC).max(at.saturating_add(1))
        });
        Stage { level, prices: self.prices(level), ends }
    }

    pub(super) fn staged_usage(&self, more: &More, used: u64, began: Instant) -> Rated {
        let terms = &more.terms;
        let mut cost = Cost::zero(self.price_unit).plus_amount(self.connect_fee);
        let free = used.min(self.free_units);
        let level = more.peaks.as_ref().map(|peaks| peaks.at(began).level);
        let mut rated = Rated { free, first: false, next: 0, units: 0, cost, level, parts: Vec::new() };
        if used > free {
            let end = used.max(free.saturating_add(terms.minimum_units));
            let mut stage = self.stage(more, began, free);
            let mut at = rated.push(stage.level, stage.prices.first, 1, free);
            cost = cost.plus_units(stage.prices.first.price, stage.prices.first.units);
            rated.first = true;
            let mut stretches = 0;
            while at < end {
                if at >= stage.ends {
                    stretches += 1;
                    stage = self.stage(more, began, at);
                    if stretches >= USAGE_STRETCHES_MAX {
                        stage.ends = u64::MAX;
                    }
                }
                let interval = stage.prices.next;
                let count = (end.min(stage.ends) - at).div_ceil(interval.units);
                cost = cost.plus_units(interval.price, count.saturating_mul(interval.units));
                at = rated.push(stage.level, interval, count, at);
                rated.next = rated.next.saturating_add(count);
            }
            cost = cost.at_least(terms.minimum_amount);
        }
        Rated { cost: cost.plus_percent(terms.surcharge), ..rated }
    }

    pub(super) fn staged_affordable(&self, more: &More, funds: Amount, began: Instant) -> Option<u64> {
        let terms = &more.terms;
        let most = Cost::most(self.price_unit, funds, terms.surcharge);
        let connected = Cost::zero(self.price_unit).plus_amount(self.connect_fee);
        if !connected.is_at_most(most) {
            return Some(0);
        }
        // The minimum is due with the first unit that is not free.
        let begun = self.staged_usage(more, self.free_units.saturating_add(1), began);
        if !begun.cost.is_within(funds) {
            return Some(self.free_units);
        }
        let mut stage = self.stage(more, began, self.free_units);
        let mut cost = connected.plus_units(stage.prices.first.price, stage.prices.first.units);
        let mut at = self.free_units.saturating_add(stage.prices.first.units);
        for _ in 0..GRANT_STRETCHES_MAX {
            if at >= stage.ends {
                stage = self.stage(more, began, at);
            }
            let interval = stage.prices.next;
            let in_stage = (stage.ends - at).div_ceil(interval.units);
            let paid = cost.times_to(most, interval.price, interval.units);
            match paid {
                Some(paid) if paid < in_stage => {
                    return Some(at.saturating_add(paid.saturating_mul(interval.units)));
                }
                None if stage.ends == u64::MAX || self.is_free_from_then_on(more) => return None,
                _ => {}
            }
            let units = in_stage.saturating_mul(interval.units);
            cost = cost.plus_units(interval.price, units);
            at = at.saturating_add(units);
        }
        Some(at)
    }

    pub(super) fn staged_next_change(&self, more: &More, from: Instant) -> Option<Instant> {
        let peaks = more.peaks.as_ref()?;
        let now = peaks.at(from);
        let mut until = now.until?;
        for _ in 0..GRANT_STRETCHES_MAX {
            let next = peaks.at(until);
            if self.prices(next.level) != self.prices(now.level) {
                return Some(until);
            }
            until = next.until?;
        }
        None
    }

    fn is_free_from_then_on(&self, more: &More) -> bool {
        more.peaks.is_none() || PeakLevel::ALL.iter().all(|&level| self.prices(level).next.price.nanos() == 0)
    }

    pub(super) fn staged_whole_within(&self, more: &More, units: u64, began: Instant) -> u64 {
        let mut stage = self.stage(more, began, self.free_units);
        let mut at = self.free_units.saturating_add(stage.prices.first.units);
        for _ in 0..GRANT_STRETCHES_MAX {
            if at >= stage.ends {
                stage = self.stage(more, began, at);
            }
            let interval = stage.prices.next.units;
            let count = (stage.ends - at).div_ceil(interval);
            let fits = units.saturating_sub(at) / interval;
            if fits < count {
                return at.saturating_add(fits.saturating_mul(interval));
            }
            at = at.saturating_add(count.saturating_mul(interval));
        }
        at
    }
}

/// What was used at one level without a break.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Units of the usage before it.
    pub(crate) begins: u64,
    /// Units used in it.
    pub(crate) used: u64,
    /// Units charged in it.
    pub(crate) units: u64,
    /// Its level.
    pub(crate) level: PeakLevel,
    /// All up to its end.
    pub(crate) so_far: Rated,
    /// What that costs, rounded; less what it did up to the piece before, so that the pieces make up the whole.
    pub(crate) total: Amount,
    /// What it cost up to the piece before.
    pub(crate) before: Amount,
}

impl Rate {
    /// A usage cut where its level changes; `total` is what all of it was charged.
    pub(crate) fn pieces(&self, rated: &Rated, used: u64, total: Amount) -> Vec<Piece> {
        let Some(more) = &self.more else { return Vec::new() };
        let mut cost = Cost::zero(self.price_unit).plus_amount(self.connect_fee);
        let mut before = Amount::ZERO;
        let mut pieces: Vec<Piece> = Vec::new();
        let groups: Vec<&[Part]> = rated.parts.chunk_by(|one, next| one.level == next.level).collect();
        let mut shown = 0;
        for (place, group) in groups.iter().enumerate() {
            let Some(first) = group.first() else { continue };
            let next = groups.get(place + 1).and_then(|next| next.first()).map(|part| part.begins);
            let begins = if place > 0 { first.begins.min(used) } else { 0 };
            let mut units = 0_u64;
            for part in *group {
                let added = part.count.saturating_mul(part.interval.units);
                cost = cost.plus_units(part.interval.price, added);
                units = units.saturating_add(added);
            }
            shown += group.len();
            let exact = cost.at_least(more.terms.minimum_amount).plus_percent(more.terms.surcharge);
            // The last makes up the whole.
            let so_far = exact.round().filter(|_| next.is_some()).unwrap_or(total).min(total);
            let parts = rated.parts.iter().take(shown).copied().collect();
            pieces.push(Piece {
                begins,
                used: next.unwrap_or(used).min(used) - begins,
                units,
                level: first.level,
                so_far: Rated { cost: exact, parts, ..rated.clone() },
                total: so_far,
                before,
            });
            before = so_far;
        }
        pieces
    }
}

impl Rated {
    /// Adds intervals that begin at that unit, and gives the unit after them.
    fn push(&mut self, level: PeakLevel, interval: Interval, count: u64, begins: u64) -> u64 {
        let units = count.saturating_mul(interval.units);
        self.units = self.units.saturating_add(units);
        match self.parts.last_mut().filter(|last| last.level == level && last.interval == interval) {
            Some(last) => last.count = last.count.saturating_add(count),
            None => self.parts.push(Part { level, interval, count, begins }),
        }
        begins.saturating_add(units)
    }
}
