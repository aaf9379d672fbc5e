//! One rating group of a session: its traffic, its quota, and whether traffic gets through.

use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::Text;

use super::quota::{Consumed, Quota};
use crate::credit_client::{Units, Used, reason};
use crate::traffic::{Bursts, Caps, Counters, Traffic, Wish};

/// What becomes of the traffic of a rating group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    /// It waits for quota.
    Waiting,
    /// It gets through on its quota.
    Open,
    /// It gets through, and nobody counts (4011, or a charging system that is not there).
    Uncontrolled,
    /// It is led to this address.
    Redirected(Text),
    /// What these rules allow gets through.
    Restricted(Vec<Text>),
    /// It is dropped.
    Blocked,
    /// It is dropped, and nothing like it is asked for again (5031).
    Unrated,
}

impl Gate {
    const fn lets_through(&self) -> bool {
        matches!(self, Self::Open | Self::Uncontrolled)
    }

    /// Whether the user gets less than was paid for.
    pub(super) const fn is_limited(&self) -> bool {
        matches!(self, Self::Redirected(_) | Self::Restricted(_) | Self::Blocked)
    }
}

/// A rating group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: u32,
    traffic: Traffic,
    gate: Gate,
    pub(super) quota: Option<Quota>,
    /// What had been carried when it was last reported.
    reported: Counters,
    /// Time of service so far, and since when more of it runs.
    served: Duration,
    serving: Option<Instant>,
    served_reported: Duration,
    /// What had been carried when the tariff changed.
    at_change: Option<(Counters, Duration)>,
    /// Until when traffic before the one that goes on now was carried.
    last_active: Instant,
    flow_began: Instant,
    granted_at: Instant,
    was_granted: bool,
    /// When to ask again although there is no quota.
    pub(super) ask_at: Option<Instant>,
}

const CLOSED: Caps = Caps { up: Some(0), down: Some(0) };
/// TARIFF_CHANGE_USAGE: UNIT_BEFORE_TARIFF_CHANGE, UNIT_AFTER_TARIFF_CHANGE.
const BEFORE: u32 = 0;
const AFTER: u32 = 1;

impl Group {
    /// One that waits for its first quota.
    pub(super) fn new(now: Instant, id: u32, packet_len: u32) -> Self {
        let mut traffic = Traffic::new(packet_len);
        traffic.limit(now, CLOSED);
        Self {
            id,
            traffic,
            gate: Gate::Waiting,
            quota: None,
            reported: Counters::default(),
            served: Duration::ZERO,
            serving: None,
            served_reported: Duration::ZERO,
            at_change: None,
            last_active: now,
            flow_began: now,
            granted_at: now,
            was_granted: false,
            ask_at: None,
        }
    }

    pub(super) const fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn set_gate(&mut self, now: Instant, gate: Gate) {
        let (was, is) = (self.gate.lets_through(), gate.lets_through());
        if was != is {
            self.traffic.limit(now, if is { Caps::default() } else { CLOSED });
        }
        if was && let Some(since) = self.serving.take() {
            self.served += now - since;
        }
        if is {
            self.serving = Some(now);
        }
        self.gate = gate;
    }

    /// The user does something else from now on.
    pub(super) fn carry(
        &mut self,
        now: Instant,
        (up, down): (Wish, Wish),
        span: Option<Duration>,
        bursts: Option<Bursts>,
    ) {
        self.last_active = self.quiet_since(now);
        self.flow_began = now;
        self.traffic.begin(now, up, down, span, bursts);
    }

    pub(super) fn counters(&self, at: Instant) -> Counters {
        self.traffic.counters(at)
    }

    fn time(&self, at: Instant) -> Duration {
        self.served + self.serving.map_or(Duration::ZERO, |since| at - since)
    }

    /// What was used since the last report: all that counts against the quota.
    pub(super) fn consumed(&self, at: Instant) -> Consumed {
        Consumed {
            octets: self.counters(at).since(&self.reported),
            time: self.time(at).saturating_sub(self.served_reported),
        }
    }

    /// Notes what was used when the tariff changes.
    pub(super) fn note_tariff_change(&mut self, now: Instant) {
        if let Some(change) = self.quota.as_ref().and_then(|quota| quota.tariff_change)
            && change <= now
            && self.at_change.is_none()
        {
            self.at_change = Some((self.counters(change), self.time(change)));
        }
    }

    /// What is to be reported, and counts as reported from now on. Nothing used is reported as 0 octets.
    pub(super) fn report(&mut self, now: Instant, reason: Option<u32>) -> Vec<Used> {
        let (octets, time) = (self.counters(now), self.time(now));
        let timed = self.quota.as_ref().is_some_and(|quota| quota.seconds.is_some());
        let used = |from: (&Counters, Duration), to: (&Counters, Duration), tariff_change| {
            let part = to.0.since(from.0);
            let secs = (to.1.as_secs()).saturating_sub(from.1.as_secs());
            let units = Units {
                time: timed.then(|| u32::try_from(secs).unwrap_or(u32::MAX)),
                total: Some(part.octets()),
                input: Some(part.up.octets),
                output: Some(part.down.octets),
                specific: None,
            };
            Used { units, tariff_change, reason }
        };
        let from = (&self.reported, self.served_reported);
        let parts = match self.at_change.take() {
            None => vec![used(from, (&octets, time), None)],
            Some((then, until)) => {
                let before = used(from, (&then, until), Some(BEFORE));
                vec![before, used((&then, until), (&octets, time), Some(AFTER))]
            }
        };
        self.reported = octets;
        // What is left of a begun second is reported with the next ones.
        self.served_reported = Duration::from_secs(time.as_secs());
        parts
    }

    /// Since when nothing is carried; now where something is.
    fn quiet_since(&self, now: Instant) -> Instant {
        let carried = self.counters(now).octets();
        if carried == self.counters(self.flow_began).octets() {
            return self.last_active;
        }
        let (mut low, mut high) = (self.flow_began.unix_nanos(), now.unix_nanos());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.counters(Instant::from_unix_nanos(middle)).octets() == carried {
                high = middle;
            } else {
                low = middle;
            }
        }
        Instant::from_unix_nanos(high)
    }

    /// Since when the quota is not used.
    fn idle_since(&self, now: Instant) -> Instant {
        self.quiet_since(now).max(self.granted_at)
    }

    /// Takes a new quota.
    pub(super) fn grant(&mut self, now: Instant, quota: Quota) {
        self.quota = Some(quota);
        self.granted_at = now;
        self.was_granted = true;
        self.ask_at = None;
    }

    /// Whether it ever had a quota, and so something to report.
    pub(super) const fn was_granted(&self) -> bool {
        self.was_granted
    }

    /// Whether nothing of it gets through, and nothing will without a word of the server.
    pub(super) fn is_dead(&self) -> bool {
        self.gate == Gate::Unrated || (self.gate == Gate::Blocked && self.ask_at.is_none())
    }

    /// Why it has to ask now, if it has: a Reporting-Reason, or none where a quota that was given back is wanted again.
    pub(super) fn due(&self, now: Instant) -> Option<Option<u32>> {
        if self.gate != Gate::Open {
            return self.ask_at.filter(|at| *at <= now).map(|_| Some(reason::VALIDITY_TIME));
        }
        let used = self.consumed(now);
        let Some(quota) = self.quota.as_ref() else {
            return (used.octets.octets() > 0).then_some(None);
        };
        if quota.is_exhausted(&used) {
            return Some(Some(reason::QUOTA_EXHAUSTED));
        }
        if quota.valid_until.is_some_and(|until| until <= now) {
            return Some(Some(reason::VALIDITY_TIME));
        }
        if !quota.is_low && quota.final_unit.is_none() && quota.is_below_threshold(&used) {
            return Some(Some(reason::THRESHOLD));
        }
        quota
            .holding
            .and_then(|span| self.idle_since(now).checked_add(span))
            .filter(|until| *until <= now)
            .map(|_| Some(reason::HOLDING_TIME))
    }

    /// When [`Self::due`] may have something to say; never before it has.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.gate != Gate::Open {
            return self.ask_at;
        }
        let base = self.reported.octets();
        let volume = |units: u64| self.traffic.reaches(base.saturating_add(units), now);
        let Some(quota) = self.quota.as_ref() else { return volume(1) };
        let left = |limit: Option<u64>, threshold: Option<u64>| {
            limit.zip(threshold).map(|(limit, threshold)| limit.saturating_sub(threshold))
        };
        let time = |secs: u64| {
            let used = self.consumed(now).time;
            now.checked_add(Duration::from_secs(secs).saturating_sub(used))
        };
        let watches = quota.pool.is_none();
        let low = watches && !quota.is_low && quota.final_unit.is_none();
        let candidates = [
            quota.total.filter(|_| watches).and_then(volume),
            // One way alone is looked at whenever both ways have carried as much.
            quota.input.filter(|_| watches).and_then(|units| self.one_way(now, units, |own| own.up.octets)),
            quota
                .output
                .filter(|_| watches)
                .and_then(|units| self.one_way(now, units, |own| own.down.octets)),
            quota.seconds.filter(|_| watches).and_then(time),
            left(quota.total, quota.volume_threshold).filter(|_| low).and_then(volume),
            left(quota.seconds, quota.time_threshold).filter(|_| low).and_then(time),
            quota.valid_until,
            quota.holding.and_then(|span| self.idle_since(now).checked_add(span)),
            quota.tariff_change.filter(|_| self.at_change.is_none()),
        ];
        candidates.into_iter().flatten().min()
    }

    /// When one direction has carried so much since the last report.
    fn one_way(&self, now: Instant, units: u64, of: fn(&Counters) -> u64) -> Option<Instant> {
        let wanted = of(&self.reported).saturating_add(units);
        let mut at = now;
        // Both ways together carry at least as much as one: each step comes nearer.
        for _ in 0..64 {
            let counted = self.counters(at);
            let missing = wanted.saturating_sub(of(&counted));
            if missing == 0 {
                return Some(at);
            }
            at = self.traffic.reaches(counted.octets().saturating_add(missing), at)?;
        }
        Some(at)
    }
}
