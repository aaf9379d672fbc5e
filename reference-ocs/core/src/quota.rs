//! What a request asks for beside access itself, and what it is granted of that: quotas with several counters, and how
//! long a reservation is held.
//!
//! Source: ESI, PortaBilling_Authorize, PortaBilling_Session.

use std::time::Duration;

use tollgate_time::Instant;

use crate::money::Amount;
use crate::service::Unit;

/// What a request asks for beside access itself.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Wishes {
    /// The counters that the client can keep, in its order; none where it asks for no quota.
    pub quotas: Vec<QuotaWish>,
    /// How long the lock and the reservation are to be held.
    pub hold: Option<Hold>,
}

impl Wishes {
    /// The wish for the counter of that unit.
    pub(crate) fn quota(&self, base: Unit) -> Option<&QuotaWish> {
        self.quotas.iter().find(|wish| wish.base == base)
    }
}

/// A quota that is asked for: one counter that the client can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct QuotaWish {
    /// What it counts.
    pub base: Unit,
    /// The fewest units worth granting. A client that says so asks again before they are used up.
    pub min: Option<u64>,
    /// The most units asked for.
    pub max: Option<u64>,
    /// The most money to reserve.
    pub max_funds: Option<Amount>,
    /// When the usage is expected to begin; without it, now.
    pub expires: Option<Instant>,
    /// When `max` would be used up: it tells the speed of what is not counted in seconds.
    pub max_expires: Option<Instant>,
}

impl QuotaWish {
    /// A wish for as much as there is.
    #[must_use]
    pub const fn of(base: Unit) -> Self {
        Self { base, min: None, max: None, max_funds: None, expires: None, max_expires: None }
    }

    /// How long so many units last: at one a second, or at `max / (max_expires − expires)`. `None` when nobody knows.
    pub(crate) fn lasting(&self, units: u64, begins: Instant) -> Option<Duration> {
        if let Some((max, until)) = self.max.filter(|max| *max > 0).zip(self.max_expires) {
            let nanos = (until - begins).as_nanos().saturating_mul(u128::from(units)) / u128::from(max);
            return Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)));
        }
        (self.base == Unit::Second).then(|| Duration::from_secs(units))
    }
}

/// How long a lock and a reservation are held when nothing more is heard of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Hold {
    /// From now on.
    pub expires: Option<Duration>,
    /// At most; it binds what the system would hold by itself too.
    pub max_expires: Option<Duration>,
}

impl Hold {
    /// Until when: the system's own `until`, unless this says otherwise.
    pub(crate) fn bound(hold: Option<Self>, now: Instant, until: Instant) -> Instant {
        let Some(Self { expires, max_expires }) = hold else { return until };
        let until = expires.map_or(until, |span| now + span);
        max_expires.map_or(until, |span| until.min(now + span))
    }
}

/// A quota as it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaGrant {
    /// The counter to limit the session by.
    pub base: Unit,
    /// So many units from what was last reported on; `None` without any limit.
    pub available: Option<u64>,
    /// Units that funds would have paid for and that were not granted because fewer were asked for.
    pub retained: Option<u64>,
    /// When the reservation is given up.
    pub expires: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::from_unix_secs(secs)
    }

    #[test]
    fn units_are_spent_at_the_speed_that_the_client_expects() {
        // 1,000 octets from 100 s to 150 s are 20 a second: 300 of them last 15 s.
        let wish = QuotaWish { max: Some(1_000), max_expires: Some(at(150)), ..QuotaWish::of(Unit::Octet) };
        assert_eq!(wish.lasting(300, at(100)), Some(Duration::from_secs(15)));
        assert_eq!(QuotaWish::of(Unit::Octet).lasting(300, at(100)), None);
        assert_eq!(QuotaWish::of(Unit::Second).lasting(300, at(100)), Some(Duration::from_secs(300)));
    }

    #[test]
    fn a_hold_replaces_the_usual_time_and_its_bound_binds_both() {
        let secs = |secs| Some(Duration::from_secs(secs));
        let bound = |hold| Hold::bound(hold, at(100), at(400));
        assert_eq!(bound(None), at(400));
        assert_eq!(bound(Some(Hold { expires: secs(50), max_expires: None })), at(150));
        assert_eq!(bound(Some(Hold { expires: secs(50), max_expires: secs(20) })), at(120));
        assert_eq!(bound(Some(Hold { expires: None, max_expires: secs(20) })), at(120));
    }
}
