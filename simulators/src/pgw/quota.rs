//! What was granted to a rating group, and what ends it.

use std::time::Duration;

use tollgate_time::Instant;

use crate::credit_client::{FinalUnit, Pool, ServiceAnswer};
use crate::traffic::Counters;

/// A quota.
#[derive(Debug, Clone)]
pub(super) struct Quota {
    /// Octets both ways, from the user, to the user; each on its own where it was granted.
    pub(super) total: Option<u64>,
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) seconds: Option<u64>,
    pub(super) valid_until: Option<Instant>,
    pub(super) holding: Option<Duration>,
    pub(super) volume_threshold: Option<u64>,
    pub(super) time_threshold: Option<u64>,
    pub(super) final_unit: Option<FinalUnit>,
    pub(super) tariff_change: Option<Instant>,
    /// Trigger-Types that have the client ask anew; `None` leaves them to it.
    pub(super) triggers: Option<Vec<u32>>,
    pub(super) pool: Option<Pool>,
    /// The threshold was passed and reported.
    pub(super) is_low: bool,
}

/// What was consumed of a quota.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Consumed {
    pub(super) octets: Counters,
    pub(super) time: Duration,
}

impl Quota {
    /// Reads what was granted; `None` where nothing was, or no unit of anything. A validity of 0 s is none.
    pub(super) fn read(now: Instant, answer: &ServiceAnswer) -> Option<Self> {
        let units = answer.granted.filter(|units| units.octets() != Some(0) && units.time != Some(0))?;
        Some(Self {
            total: units.total,
            input: units.input,
            output: units.output,
            seconds: units.time.map(u64::from),
            valid_until: answer
                .validity
                .filter(|span| !span.is_zero())
                .and_then(|span| now.checked_add(span)),
            // A holding time of 0 is none (TS 32.299, Quota-Holding-Time).
            holding: answer.holding_time.filter(|span| !span.is_zero()),
            volume_threshold: answer.volume_threshold,
            time_threshold: answer.time_threshold,
            final_unit: answer.final_unit.clone(),
            tariff_change: answer.tariff_change,
            triggers: answer.triggers.clone(),
            pool: answer.pool,
            is_low: false,
        })
    }

    /// Octets both ways that are granted, in whichever way.
    pub(super) fn octets(&self) -> Option<u64> {
        self.total.or_else(|| {
            let parts = [self.input, self.output];
            parts
                .iter()
                .any(Option::is_some)
                .then(|| parts.into_iter().flatten().fold(0, u64::saturating_add))
        })
    }

    /// Whether it is used up; a pool's is not its own.
    pub(super) fn is_exhausted(&self, used: &Consumed) -> bool {
        let reached = |limit: Option<u64>, count: u64| limit.is_some_and(|limit| count >= limit);
        self.pool.is_none()
            && (reached(self.total, used.octets.octets())
                || reached(self.input, used.octets.up.octets)
                || reached(self.output, used.octets.down.octets)
                || reached(self.seconds, used.time.as_secs()))
    }

    /// Whether so little is left that more is to be asked for (TS 32.299 section 5.3.2). A quota below its threshold is low
    /// from the start.
    pub(super) fn is_below_threshold(&self, used: &Consumed) -> bool {
        let low = |limit: Option<u64>, count: u64, threshold: Option<u64>| {
            let left = limit.map(|limit| limit.saturating_sub(count));
            left.zip(threshold).is_some_and(|(left, threshold)| left <= threshold)
        };
        self.pool.is_none()
            && (low(self.total, used.octets.octets(), self.volume_threshold)
                || low(self.seconds, used.time.as_secs(), self.time_threshold))
    }
}
