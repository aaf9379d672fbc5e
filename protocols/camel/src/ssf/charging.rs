//! The time that a call may last, and did (TS 23.078 section 4.5.7, the timers Tcp, Tsw and Delta).

use std::time::Duration;

use tollgate_time::Instant;

use crate::cap::{CapError, Leg, TimeDurationCharging, TimeIfTariffSwitch, TimeInformation};

/// A period that the gsmSCF has granted.
#[derive(Debug, Clone, Copy)]
struct Period {
    length: Duration,
    release: bool,
    leg: Leg,
    /// When it ends; none before the answer.
    ends: Option<Instant>,
}

/// The measuring of one call.
#[derive(Debug, Clone)]
pub(super) struct Charging {
    answered: Option<Instant>,
    period: Option<Period>,
    /// When the last period ended while the call went on: from then on the next one counts.
    ended: Option<Instant>,
    /// When the tariff changes.
    switch: Option<Instant>,
    /// When it changed, and how long the one before had lasted since the answer or the change before; nothing
    /// where that was reported already.
    switched: Option<(Instant, Option<Duration>)>,
}

fn tenths(number: u32) -> Duration {
    Duration::from_millis(100 * u64::from(number))
}

fn in_tenths(span: Duration) -> u32 {
    u32::try_from(span.as_millis() / 100).unwrap_or(u32::MAX)
}

impl Charging {
    pub(super) const fn new() -> Self {
        Self { answered: None, period: None, ended: None, switch: None, switched: None }
    }

    pub(super) const fn answered(&self) -> bool {
        self.answered.is_some()
    }

    pub(super) const fn answered_at(&self) -> Option<Instant> {
        self.answered
    }

    /// Whether a report is owed.
    pub(super) const fn is_pending(&self) -> bool {
        self.period.is_some()
    }

    pub(super) const fn cancel(&mut self) {
        self.period = None;
    }

    /// Another period. One that comes while the last is not reported is out of sequence.
    pub(super) fn apply(
        &mut self,
        now: Instant,
        own: &TimeDurationCharging,
        leg: Leg,
    ) -> Result<(), CapError> {
        if self.period.is_some() {
            return Err(CapError::UnexpectedComponentSequence);
        }
        if !(1..=864_000).contains(&own.max_call_period_duration) {
            return Err(CapError::ParameterOutOfRange);
        }
        if let Some(seconds) = own.tariff_switch_interval {
            if !(1..=86_400).contains(&seconds) {
                return Err(CapError::ParameterOutOfRange);
            }
            self.switch = now.checked_add(Duration::from_secs(u64::from(seconds)));
        }
        let length = tenths(own.max_call_period_duration);
        let release = own.release_if_exceeded.is_some_and(|own| own.release);
        // What was spoken between two periods counts for the second (Delta).
        let from = self.answered.map(|answered| self.ended.take().unwrap_or(answered));
        let ends = from.and_then(|from| from.checked_add(length));
        self.period = Some(Period { length, release, leg, ends });
        Ok(())
    }

    pub(super) fn answer(&mut self, now: Instant) {
        self.pass(now);
        // A tariff that changed while it rang has no part in the call.
        self.switched = None;
        self.answered = Some(now);
        if let Some(period) = &mut self.period {
            period.ends = now.checked_add(period.length);
        }
    }

    /// Lets the tariff change where its time has come.
    pub(super) fn pass(&mut self, now: Instant) {
        let Some(switch) = self.switch.filter(|switch| *switch <= now) else { return };
        self.switch = None;
        let since = self.switched.map(|(before, _)| before).or(self.answered);
        let lasted = since.map_or(Duration::ZERO, |since| switch.saturating_since(since));
        self.switched = Some((switch, Some(lasted)));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.period.and_then(|period| period.ends)
    }

    pub(super) fn releases(&self) -> bool {
        self.period.is_some_and(|period| period.release)
    }

    /// What is reported about the period, which is over then: the leg, and the time since the answer.
    pub(super) fn report(&mut self, now: Instant) -> Option<(Leg, TimeInformation)> {
        let period = self.period.take()?;
        self.pass(now);
        self.ended = Some(period.ends.map_or(now, |ends| ends.min(now)));
        let since = |from: Option<Instant>| from.map_or(Duration::ZERO, |from| now.saturating_since(from));
        let time = match &mut self.switched {
            None => TimeInformation::NoSwitch(in_tenths(since(self.answered))),
            Some((at, lasted)) => TimeInformation::Switch(TimeIfTariffSwitch {
                time_since_tariff_switch: in_tenths(since(Some(*at))),
                tariff_switch_interval: lasted.take().map(in_tenths),
                unknown: Vec::new(),
            }),
        };
        Some((period.leg, time))
    }
}
