//! Quotas: how much of what a client asks for is granted, and how long it is kept for it.

use tollgate_time::Instant;

use super::Ocs;
use super::access::word;
use crate::command::AccessRequest;
use crate::denial::Denial;
use crate::ids::{AccountId, RatingEntryId, TariffId};
use crate::money::Amount;
use crate::quota::{Hold, QuotaGrant, QuotaWish};
use crate::service::{Service, Unit};
use crate::sessions::Progress;

/// The bounds that a client's wish puts on what funds would pay for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) max_funds: Option<Amount>,
}

impl Bounds {
    pub(super) const fn of(wish: &QuotaWish) -> Self {
        Self { min: wish.min, max: wish.max, max_funds: wish.max_funds }
    }

    /// The total to grant after `used`, of `most` that funds pay for; `None` when that is less than is worth granting.
    /// `quantum` is the most that the system grants at once; a client that needs more at once gets it.
    pub(super) fn total(
        &self,
        used: u64,
        most: u64,
        quantum: Option<u64>,
        whole: impl Fn(u64) -> u64,
    ) -> Option<u64> {
        let quantum = quantum.map(|quantum| whole(used.saturating_add(quantum.max(self.min.unwrap_or(0)))));
        let asked = self.max.map(|max| used.saturating_add(max));
        let total = [quantum, asked].into_iter().flatten().fold(most, u64::min);
        let units = total.checked_sub(used)?;
        (units > 0 && self.min.is_none_or(|min| units >= min)).then_some(total)
    }
}

impl Ocs {
    /// The wish that a grant is bound by: the one for the counter that is charged. A client that keeps other counters
    /// only could not keep to what it is granted.
    pub(super) fn wish(request: &AccessRequest, unit: Unit) -> Result<Option<&QuotaWish>, Denial> {
        let wish = request.wishes.quota(unit);
        match wish {
            None if !request.wishes.quotas.is_empty() => Err(Denial::NotAvailable),
            wish => Ok(wish),
        }
    }

    /// What is charged for when that is asked for: itself, or the service where it is just the name that a node gives its
    /// port or service (a PPPoE service, a Wi-Fi network).
    pub(super) fn resource<'a>(
        &self,
        entry: Option<(RatingEntryId, TariffId)>,
        named: &'a str,
        service: Service,
    ) -> &'a str {
        let rated =
            || entry.is_some_and(|(_, tariff)| self.catalogue.rate_of(tariff, named, self.now).is_some());
        match word(service) {
            Some(word) if !rated() => word,
            _ => named,
        }
    }

    /// Until when a grant is kept: as long as the client expects to need it, and the usual grace.
    pub(super) fn quota_deadline(
        &self,
        at: u32,
        now: Instant,
        wish: &QuotaWish,
        units: Option<u64>,
    ) -> Instant {
        let settings = &self.catalogue.settings;
        let begins = match self.sessions.usage(at).progress {
            Progress::Granted => wish.expires.map_or(now + settings.start_wait, |at| at.max(now)),
            _ => now,
        };
        let spent_from = wish.expires.map_or(now, |at| at.max(now));
        match units.and_then(|units| wish.lasting(units, spent_from)) {
            Some(span) => begins + span + settings.stop_grace,
            None => self.waiting_deadline(at, now),
        }
    }

    /// Holds the account's lock as long as a request asks, where this session has it.
    pub(super) fn hold_lock(&mut self, now: Instant, account: AccountId, session: u32, hold: Option<Hold>) {
        if hold.is_some() && self.ledger.account(account).locked_by == Some(session) {
            let usual = now + self.catalogue.settings.login_lock;
            self.sessions.set_lock(session, Some(Hold::bound(hold, now, usual)));
        }
    }

    /// What is told of a quota that was granted.
    pub(super) const fn quota_grant(
        wish: &QuotaWish,
        available: Option<u64>,
        retained: Option<u64>,
        expires: Instant,
    ) -> QuotaGrant {
        QuotaGrant { base: wish.base, available, retained, expires: Some(expires) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(bounds: Bounds, used: u64, most: u64, quantum: Option<u64>) -> Option<u64> {
        bounds.total(used, most, quantum, |units| units)
    }

    #[test]
    fn a_wish_is_granted_as_far_as_funds_go() {
        let asked = |max| Bounds { max: Some(max), ..Bounds::default() };
        assert_eq!(total(asked(10), 0, 500, None), Some(10));
        assert_eq!(total(asked(10), 500, 505, None), Some(505));
        assert_eq!(total(asked(10), 500, 500, None), None);
    }

    #[test]
    fn less_than_the_least_is_not_granted() {
        let bounds = Bounds { min: Some(5), max: Some(10), max_funds: None };
        assert_eq!(total(bounds, 0, 4, None), None);
        assert_eq!(total(bounds, 0, 5, None), Some(5));
        // The system would give 3 at a time, the client needs 5.
        assert_eq!(total(bounds, 0, 100, Some(3)), Some(5));
    }
}
