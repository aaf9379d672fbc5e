//! The service control of one call: time is asked for slice by slice, and the switch is told how long the call may last.

use std::time::Duration;

use tollgate_camel::Cause;
use tollgate_camel::cap::{
    ApplyChargingArg, BcsmEvent, ConnectArg, DpSpecificCriteria, EventTypeBcsm, Leg, LegId, MonitorMode,
    Operation, ReleaseCallArg, ReleaseIfExceeded, RequestReportBcsmEventArg, SendingSide,
    TimeDurationCharging, TimeInformation,
};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::desk::{Desk, Word, word};
use super::information;
use super::parties::{Parties, Role};
use crate::camel::called;
use crate::credit_client::{Asked, CreditAnswer, Kind, Units, Used, Verdict};
use crate::quirks::HUGE_SECS;

/// Temporary failure (Q.850): the charging system cannot be asked.
const TEMPORARY_FAILURE: u8 = 41;
/// The longest period of CAP, in tenths of a second (TS 29.078 section 5.1).
const PERIOD_MAX: u32 = 864_000;
/// Results of RFC 8506 section 9.2 and RFC 6733 section 7.1.5 that mean that there is no such subscriber.
const USER_UNKNOWN: u32 = 5030;
/// DIAMETER_UNKNOWN_SESSION_ID: there is nothing left to be ended.
const UNKNOWN_SESSION: u32 = 5002;

/// Where the credit control of a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The first answer is awaited.
    Asking,
    /// The call is controlled.
    Controlled,
    /// The call has ended, and the last answer before its CCR-T is awaited.
    Ending,
    /// CCR-T is sent, or none will be.
    Over,
}

/// What was spoken, in tenths of a second as the switch counts, in seconds as they are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Spoken {
    /// Seconds told since the answer, or since the tariff changed.
    told: u32,
    /// Seconds that are still to be told, before and after the last change of tariff.
    before: u32,
    after: Option<u32>,
}

impl Spoken {
    fn count(&mut self, time: &TimeInformation) {
        // A second that has begun counts.
        let seconds = |tenths: u32| tenths.div_ceil(10);
        let add = |total: u32, told: u32| total.saturating_sub(told);
        match time {
            TimeInformation::NoSwitch(tenths) => {
                let total = seconds(*tenths);
                self.add_latest(add(total, self.told));
                self.told = self.told.max(total);
            }
            TimeInformation::Switch(own) => {
                let since = seconds(own.time_since_tariff_switch);
                match own.tariff_switch_interval {
                    Some(interval) => {
                        // What was after the last change is before this one.
                        self.before += self.after.take().unwrap_or_default();
                        self.before += add(seconds(interval), self.told);
                        self.after = Some(since);
                    }
                    None => self.add_latest(add(since, self.told)),
                }
                self.told = since;
            }
            TimeInformation::Unknown(_) => {}
        }
    }

    fn add_latest(&mut self, seconds: u32) {
        match &mut self.after {
            Some(after) => *after += seconds,
            None => self.before += seconds,
        }
    }

    /// What is still to be told; it counts as told then.
    fn take(&mut self) -> Vec<Used> {
        let units = |time: u32| Units { time: Some(time), ..Units::default() };
        let before = std::mem::take(&mut self.before);
        match self.after.take() {
            None => vec![Used { units: units(before), ..Used::default() }],
            Some(after) => vec![
                Used { units: units(before), tariff_change: Some(0), ..Used::default() },
                Used { units: units(after), tariff_change: Some(1), ..Used::default() },
            ],
        }
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    parties: Parties,
    information: Fields,
    stage: Stage,
    /// A request is on its way.
    waiting: bool,
    armed: bool,
    /// The switch ends the call when the period is over that it was told last.
    last: bool,
    /// The call was cut for want of credit.
    cut: bool,
    spoken: Spoken,
    /// The charging system has a session of this call.
    opened: bool,
    /// The switch measures a period.
    measuring: bool,
    /// What was granted before that period was over.
    ahead: Option<Grant>,
    /// When the last request was made, and what was to be told then.
    asked: (Instant, Spoken),
}

/// What the switch is to be told next.
#[derive(Debug, Clone, Copy)]
struct Grant {
    seconds: u32,
    change: Option<u32>,
    last: bool,
}

impl Call {
    pub(super) fn begin(parties: Parties, desk: &mut Desk<'_>) -> Self {
        let information = information::of_call(&parties);
        let mut own = Self {
            parties,
            information,
            stage: Stage::Asking,
            waiting: false,
            armed: false,
            last: false,
            cut: false,
            spoken: Spoken::default(),
            opened: true,
            measuring: false,
            ahead: None,
            asked: (desk.now, Spoken::default()),
        };
        if desk.settings.quirks.early_ccr_t {
            own.arm(desk);
        }
        own.ask(Kind::Initial, desk);
        own
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over && !self.waiting
    }

    fn ask(&mut self, kind: Kind, desk: &mut Desk<'_>) {
        let units = |time: u32| Some(Units { time: Some(time), ..Units::default() });
        let mut asked = Asked { service_identifier: Some(desk.settings.service), ..Asked::default() };
        asked.requested = units(if kind == Kind::Terminate { 0 } else { desk.settings.slice });
        self.asked = (desk.now, self.spoken);
        if kind != Kind::Initial {
            asked.used = self.spoken.take();
        }
        if kind == Kind::Terminate && self.cut && desk.settings.quirks.huge_duration {
            asked.used = vec![Used { units: units(HUGE_SECS).unwrap_or_default(), ..Used::default() }];
        }
        self.waiting = true;
        desk.ask(kind, &asked, &self.information);
    }

    /// Asks the switch to report what happens to the call.
    fn arm(&mut self, desk: &mut Desk<'_>) {
        if std::mem::replace(&mut self.armed, true) {
            return;
        }
        let originating = self.parties.role != Role::Terminating;
        let pick = |o: EventTypeBcsm, t: EventTypeBcsm| if originating { o } else { t };
        let event = |event_type, monitor_mode, leg| BcsmEvent {
            event_type,
            monitor_mode,
            leg_id: Some(LegId::Sending(leg)),
            ..BcsmEvent::default()
        };
        let (stop, tell) = (MonitorMode::INTERRUPTED, MonitorMode::NOTIFY_AND_CONTINUE);
        let mut events = Vec::with_capacity(7);
        if originating {
            events.push(event(EventTypeBcsm::ROUTE_SELECT_FAILURE, stop, Leg::TWO));
        }
        events.push(event(pick(EventTypeBcsm::O_CALLED_PARTY_BUSY, EventTypeBcsm::T_BUSY), stop, Leg::TWO));
        let mut silent = event(pick(EventTypeBcsm::O_NO_ANSWER, EventTypeBcsm::T_NO_ANSWER), stop, Leg::TWO);
        silent.criteria = desk
            .settings
            .no_answer
            .and_then(|own| u32::try_from(own.as_secs()).ok())
            .map(DpSpecificCriteria::ApplicationTimer);
        events.push(silent);
        events.push(event(pick(EventTypeBcsm::O_ANSWER, EventTypeBcsm::T_ANSWER), tell, Leg::TWO));
        let disconnect = pick(EventTypeBcsm::O_DISCONNECT, EventTypeBcsm::T_DISCONNECT);
        events.push(event(disconnect, stop, Leg::ONE));
        events.push(event(disconnect, stop, Leg::TWO));
        events.push(event(pick(EventTypeBcsm::O_ABANDON, EventTypeBcsm::T_ABANDON), tell, Leg::ONE));
        desk.invoke(&Operation::RequestReportBcsmEvent(RequestReportBcsmEventArg {
            bcsm_events: events,
            ..RequestReportBcsmEventArg::default()
        }));
    }

    /// Hears an operation of the switch.
    pub(super) fn hear(&mut self, operation: &Operation, desk: &mut Desk<'_>) {
        match operation {
            Operation::ApplyChargingReport(own) => {
                self.spoken.count(&own.0.time_information);
                self.measuring = false;
                if own.0.call_active.unwrap_or(true) {
                    if self.stage != Stage::Controlled || self.waiting {
                        return;
                    }
                    match self.ahead.take() {
                        Some(grant) => self.grant(grant, desk),
                        None => self.ask(Kind::Update, desk),
                    }
                } else if self.last && own.0.call_released_at_tcp_expiry.is_some() {
                    self.cut = true;
                }
            }
            Operation::EventReportBcsm(own) => {
                let over = |own: EventTypeBcsm| {
                    own == EventTypeBcsm::O_DISCONNECT || own == EventTypeBcsm::T_DISCONNECT
                };
                if own.event_type == EventTypeBcsm::O_ANSWER || own.event_type == EventTypeBcsm::T_ANSWER {
                    return;
                }
                if own.waits() {
                    // The other party hears no more either.
                    let reply = if over(own.event_type) {
                        Operation::ReleaseCall(ReleaseCallArg(Cause::new(Cause::NORMAL_CLEARING)))
                    } else {
                        Operation::Continue
                    };
                    desk.invoke(&reply);
                    desk.talk.end();
                }
                self.end(desk);
            }
            _ => {}
        }
    }

    /// The dialogue is over, whoever ended it.
    pub(super) fn lost(&mut self, desk: &mut Desk<'_>) {
        // Phase 2 does not say why a call ended: its time was over if nothing else was heard.
        self.cut |= self.last && self.stage == Stage::Controlled;
        self.end(desk);
    }

    /// The call has ended: the charging system is told when the answer that is awaited has come.
    fn end(&mut self, desk: &mut Desk<'_>) {
        if matches!(self.stage, Stage::Ending | Stage::Over) {
            return;
        }
        let early = desk.settings.quirks.early_ccr_t && self.stage == Stage::Asking;
        self.stage = Stage::Ending;
        if !self.waiting || early {
            self.settle(desk);
        }
    }

    fn settle(&mut self, desk: &mut Desk<'_>) {
        self.stage = Stage::Over;
        self.waiting = false;
        if !self.opened || desk.settings.quirks.missing_ccr_t {
            return;
        }
        self.ask(Kind::Terminate, desk);
    }

    /// Ends the call.
    fn release(&mut self, cause: u8, result: Option<u32>, desk: &mut Desk<'_>) {
        let asking = self.stage == Stage::Asking;
        desk.observe("refused", |own| {
            let own = own.with("cause", u32::from(cause));
            match result {
                Some(result) => own.with("result", result),
                None => own,
            }
        });
        desk.invoke(&Operation::ReleaseCall(ReleaseCallArg(Cause::new(cause))));
        if asking {
            desk.talk.end();
            self.end(desk);
        } else {
            // The switch reports how long the call lasted, and ends the dialogue.
            self.last = true;
        }
    }

    /// Takes the answer to a request.
    pub(super) fn answered(&mut self, kind: Kind, answer: &CreditAnswer, desk: &mut Desk<'_>) {
        if kind == Kind::Terminate {
            self.waiting = false;
            return;
        }
        if self.stage == Stage::Over {
            return;
        }
        self.waiting = false;
        let service = desk.settings.service;
        let word = word(answer, service, desk.settings.quirks.needs_mscc_result);
        self.opened &= kind != Kind::Initial || answer.is_success();
        self.opened &= answer.result.is_none_or(|own| own.0 != UNKNOWN_SESSION);
        if self.stage == Stage::Ending {
            return self.settle(desk);
        }
        match word {
            Word::Free => {
                self.go(answer, desk);
                self.uncontrolled(desk);
            }
            Word::Go(own) => match own.granted.and_then(|own| own.time).filter(|time| *time > 0) {
                Some(time) => {
                    let bound = own.validity.map_or(time, |own| seconds(own).min(time)).max(1);
                    let change = own.tariff_change.map(|at| seconds(at.saturating_since(desk.now)));
                    let last = own.final_unit.is_some() && bound == time;
                    let grant = Grant { seconds: bound, change: change.filter(|own| *own > 0), last };
                    // A period can only follow one that is over.
                    if self.measuring {
                        self.ahead = Some(grant);
                    } else {
                        self.grant(grant, desk);
                    }
                    self.go(answer, desk);
                }
                None => self.refuse(4012, desk),
            },
            Word::No(result) => self.refuse(result, desk),
        }
    }

    fn refuse(&mut self, result: u32, desk: &mut Desk<'_>) {
        self.cut = self.stage == Stage::Controlled;
        let cause = if result == USER_UNKNOWN { Cause::NOT_SUBSCRIBED } else { Cause::CALL_REJECTED };
        self.release(cause, Some(result), desk);
    }

    /// Tells the switch how long the call may last.
    fn grant(&mut self, grant: Grant, desk: &mut Desk<'_>) {
        if self.stage == Stage::Asking {
            self.arm(desk);
        }
        (self.measuring, self.last) = (true, grant.last);
        let charging = TimeDurationCharging {
            max_call_period_duration: grant.seconds.saturating_mul(10).min(PERIOD_MAX),
            release_if_exceeded: grant.last.then_some(ReleaseIfExceeded::YES),
            tariff_switch_interval: grant.change.filter(|own| *own <= 86_400),
            ..TimeDurationCharging::default()
        };
        let party_to_charge = Some(SendingSide(Leg::ONE));
        desk.invoke(&Operation::ApplyCharging(ApplyChargingArg {
            charging,
            party_to_charge,
            ..ApplyChargingArg::default()
        }));
    }

    /// The call may begin, to another number where the charging system has one.
    fn go(&mut self, answer: &CreditAnswer, desk: &mut Desk<'_>) {
        if std::mem::replace(&mut self.stage, Stage::Controlled) != Stage::Asking {
            return;
        }
        let number = answer.called.as_deref().map(|own| own.strip_prefix('+').unwrap_or(own));
        let elsewhere = number.filter(|own| *own != self.parties.called);
        match elsewhere.and_then(|own| called(own, desk.settings.numbering)) {
            Some(number) => desk.invoke(&Operation::Connect(Box::new(ConnectArg {
                destination_routing_address: vec![number],
                ..ConnectArg::default()
            }))),
            None => desk.invoke(&Operation::Continue),
        }
    }

    /// The call goes on, and nobody controls it any more.
    fn uncontrolled(&mut self, desk: &mut Desk<'_>) {
        desk.observe("uncontrolled", |own| own);
        desk.talk.end();
        self.end(desk);
    }

    /// Nobody answers.
    pub(super) fn unanswered(&mut self, kind: Kind, verdict: Verdict, desk: &mut Desk<'_>) {
        self.waiting = false;
        if kind == Kind::Terminate || matches!(self.stage, Stage::Ending | Stage::Over) {
            self.stage = Stage::Over;
            return;
        }
        if let (at, spoken) = self.asked
            && at == desk.now
        {
            // The request never left: what it told is still to be told.
            self.spoken = spoken;
        }
        // Nobody knows of a session that nobody has answered.
        self.opened &= kind != Kind::Initial;
        match verdict {
            Verdict::Terminate => self.release(TEMPORARY_FAILURE, None, desk),
            Verdict::Continue | Verdict::Stored => {
                if self.stage == Stage::Asking {
                    self.stage = Stage::Controlled;
                    desk.invoke(&Operation::Continue);
                }
                self.opened = false;
                self.uncontrolled(desk);
            }
        }
    }

    /// The charging system wants to be asked anew. What the switch is measuring is reported when its period is over.
    pub(super) fn reauthorize(&mut self, desk: &mut Desk<'_>) {
        if self.stage == Stage::Controlled && !self.waiting {
            self.ask(Kind::Update, desk);
        }
    }

    /// The charging system has the call end.
    pub(super) fn abort(&mut self, desk: &mut Desk<'_>) {
        if self.stage == Stage::Controlled {
            self.release(Cause::NORMAL_UNSPECIFIED, None, desk);
        }
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use tollgate_camel::cap::TimeIfTariffSwitch;

    use super::*;

    fn times(own: Vec<Used>) -> Vec<(u32, Option<u32>)> {
        own.iter().map(|own| (own.units.time.unwrap_or_default(), own.tariff_change)).collect()
    }

    #[test]
    fn reports_count_from_the_answer_and_each_second_is_told_once() {
        let mut own = Spoken::default();
        own.count(&TimeInformation::NoSwitch(300));
        assert_eq!(times(own.take()), [(30, None)]);
        // 42.1 s in all: 43 seconds have begun, 30 are told.
        own.count(&TimeInformation::NoSwitch(421));
        assert_eq!(times(own.take()), [(13, None)]);
        assert_eq!(times(own.take()), [(0, None)]);
    }

    #[test]
    fn a_change_of_tariff_parts_what_was_spoken() {
        let switch = |since, interval| {
            TimeInformation::Switch(TimeIfTariffSwitch {
                time_since_tariff_switch: since,
                tariff_switch_interval: interval,
                unknown: Vec::new(),
            })
        };
        let mut own = Spoken::default();
        own.count(&TimeInformation::NoSwitch(300));
        own.take();
        // The tariff changed 50 s after the answer, 10 s ago: 20 s before that are not told yet.
        own.count(&switch(100, Some(500)));
        assert_eq!(times(own.take()), [(20, Some(0)), (10, Some(1))]);
        // 40 s since the change, 10 of them told.
        own.count(&switch(400, None));
        assert_eq!(times(own.take()), [(30, None)]);
    }
}
