//! Credit pools: rating groups that draw on one amount (RFC 8506 section 5.1.2).
//!
//! The pool holds the sum of what its groups were granted, each unit times its price. It is used up when what its groups
//! consumed, at the same prices, comes to as much; no group's own quota counts then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tollgate_time::Instant;

use super::group::{Gate, Group};
use super::quota::{Consumed, Quota};
use crate::credit_client::Pool;

/// How far a pool's end is foreseen: a year.
const FORESEEN_NANOS: u64 = 366 * 86_400 * 1_000_000_000;
/// Amounts are counted in 10^-18.
const DECIMALS: i32 = 18;

/// The groups of each pool that are used up now.
pub(super) fn exhausted(groups: &BTreeMap<u32, Group>, now: Instant) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for pool in pools(groups) {
        if left(groups, pool, now) <= 0 {
            found.extend(members(groups, pool).map(|(group, ..)| group.id));
        }
    }
    found
}

/// When the first pool is used up, if nothing changes.
pub(super) fn deadline(groups: &BTreeMap<u32, Group>, now: Instant) -> Option<Instant> {
    pools(groups).into_iter().filter_map(|pool| end(groups, pool, now)).min()
}

fn end(groups: &BTreeMap<u32, Group>, pool: u32, now: Instant) -> Option<Instant> {
    let over = |nanos: u64| {
        now.checked_add(Duration::from_nanos(nanos)).is_some_and(|at| left(groups, pool, at) <= 0)
    };
    if over(0) {
        return Some(now);
    }
    let (mut low, mut high) = (0, FORESEEN_NANOS);
    if !over(high) {
        return None;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if over(middle) { high = middle } else { low = middle }
    }
    now.checked_add(Duration::from_nanos(high))
}

fn pools(groups: &BTreeMap<u32, Group>) -> BTreeSet<u32> {
    groups.values().filter_map(|group| group.quota.as_ref()?.pool.map(|pool| pool.id)).collect()
}

fn members(groups: &BTreeMap<u32, Group>, id: u32) -> impl Iterator<Item = (&Group, &Quota, Pool)> {
    groups.values().filter(|group| *group.gate() == Gate::Open).filter_map(move |group| {
        let quota = group.quota.as_ref()?;
        let pool = quota.pool.filter(|pool| pool.id == id)?;
        Some((group, quota, pool))
    })
}

/// What the pool still holds; nothing where it is overdrawn. A pool nobody draws from is never empty.
fn left(groups: &BTreeMap<u32, Group>, id: u32, at: Instant) -> i128 {
    let mut sum: Option<i128> = None;
    for (group, quota, pool) in members(groups, id) {
        let part = worth(pool, granted(quota)) - worth(pool, consumed(quota, &group.consumed(at)));
        sum = Some(sum.unwrap_or_default().saturating_add(part));
    }
    sum.unwrap_or(1)
}

fn granted(quota: &Quota) -> u64 {
    quota.octets().or(quota.seconds).unwrap_or_default()
}

fn consumed(quota: &Quota, used: &Consumed) -> u64 {
    if quota.octets().is_some() { used.octets.octets() } else { used.time.as_secs() }
}

/// So many units at the pool's price for one.
fn worth(pool: Pool, units: u64) -> i128 {
    let places = pool.exponent.saturating_add(DECIMALS);
    let power = |count: i32| 10_i128.pow(count.unsigned_abs().min(36));
    let digits = i128::from(pool.digits);
    let all = digits.saturating_mul(i128::from(units));
    // Half of what an amount can hold, so that a difference of two always fits.
    let most = i128::MAX / 4;
    if places >= 0 { all.saturating_mul(power(places)).clamp(-most, most) } else { all / power(places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_worth_its_digits_and_exponent() {
        // 5 × 10^-2 are 0.05; three of them 0.15, in 10^-18.
        assert_eq!(worth(Pool { id: 1, digits: 5, exponent: -2 }, 3), 150_000_000_000_000_000);
        // Without an exponent the price is a whole number.
        assert_eq!(worth(Pool { id: 1, digits: 2, exponent: 0 }, 4), 8_000_000_000_000_000_000);
        // Less than 10^-18 is nothing alone, and something a thousand times.
        let tiny = Pool { id: 1, digits: 1, exponent: -20 };
        assert_eq!((worth(tiny, 1), worth(tiny, 1_000)), (0, 10));
    }
}
