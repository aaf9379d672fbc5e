//! The gsmSSF of one call as a state machine (TS 29.078 section 11, TS 23.078 section 4.5): it asks the gsmSCF when
//! a trigger is met, obeys it, watches events and measures time. The call itself and the dialogue are its owner's:
//! what happens there comes in by `handle_*`, what is to happen comes out of [`Ssf::poll_output`].
//!
//! One call with two legs; no call party handling (phase 4).

mod charging;
mod state;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tollgate_time::Instant;

use crate::Cause;
use crate::cap::{
    ApplyChargingReportArg, BusyInfo, CallInformationReportArg, CapError, EventReportBcsmArg, EventTypeBcsm,
    FailureInfo, InitialDpArg, Leg, MessageType, MiscCallInfo, MonitorMode, Operation, Phase, PlainInfo,
    PlayAnnouncementArg, ReceivingSide, ReleaseInfo, RequestedInformation, RequestedInformationType,
    RequestedInformationValue, SpecificInformation, TerminatingBusyInfo,
};
use crate::number::CalledPartyNumber;
use charging::Charging;
pub use state::{CallEvent, Output, Side, State, Timers};

#[derive(Debug, Clone, Copy)]
struct Armed {
    mode: MonitorMode,
    no_answer: Option<Duration>,
}

#[derive(Debug, Clone)]
struct Cleared {
    cause: Cause,
    caller_is_there: bool,
}

/// Events that are of no use any more once the call is answered.
const BEFORE_ANSWER: &[EventTypeBcsm] = &[
    EventTypeBcsm::ROUTE_SELECT_FAILURE,
    EventTypeBcsm::O_CALLED_PARTY_BUSY,
    EventTypeBcsm::O_NO_ANSWER,
    EventTypeBcsm::O_ANSWER,
    EventTypeBcsm::O_ABANDON,
    EventTypeBcsm::T_BUSY,
    EventTypeBcsm::T_NO_ANSWER,
    EventTypeBcsm::T_ANSWER,
    EventTypeBcsm::T_ABANDON,
];

/// The gsmSSF of one call.
#[derive(Debug, Clone)]
pub struct Ssf {
    side: Side,
    phase: Phase,
    timers: Timers,
    state: State,
    armed: BTreeMap<(EventTypeBcsm, Leg), Armed>,
    charging: Charging,
    /// Facts that are to be reported at the end, and of which leg.
    requested: Option<(Vec<RequestedInformationType>, Leg)>,
    triggered: Option<Instant>,
    /// When the state timer ends.
    tssf: Option<Instant>,
    /// When the called party has not answered.
    no_answer: Option<Instant>,
    /// The call is over, and only instructions for its end are awaited, or for another destination where the
    /// caller is still there.
    cleared: Option<Cleared>,
    /// A report of the end of an announcement is wanted; the announcer hangs up after it.
    announcement: Option<(bool, bool)>,
    outputs: VecDeque<Output>,
}

impl Ssf {
    /// The gsmSSF of a call that has met no trigger yet.
    #[must_use]
    pub const fn new(side: Side, phase: Phase, timers: Timers) -> Self {
        Self {
            side,
            phase,
            timers,
            state: State::Idle,
            armed: BTreeMap::new(),
            charging: Charging::new(),
            requested: None,
            triggered: None,
            tssf: None,
            no_answer: None,
            cleared: None,
            announcement: None,
            outputs: VecDeque::new(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// A trigger is met: the gsmSCF is asked, and the call waits.
    pub fn handle_trigger(&mut self, now: Instant, argument: InitialDpArg) {
        if self.state == State::Idle && self.triggered.is_none() {
            self.triggered = Some(now);
            self.outputs.push_back(Output::Invoke(Operation::InitialDp(Box::new(argument))));
            self.wait(now);
        }
    }

    /// The call waits for instructions; the state timer runs.
    fn wait(&mut self, now: Instant) {
        self.state = State::WaitingForInstructions;
        self.tssf = now.checked_add(self.timers.instructions);
    }

    /// The dialogue is no longer wanted when nothing is watched and nothing is to be reported.
    fn watch_or_end(&mut self) {
        self.tssf = None;
        let watched = !self.armed.is_empty() || self.charging.is_pending() || self.requested.is_some();
        if watched && self.cleared.is_none() {
            self.state = State::Monitoring;
        } else {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.clear();
        self.outputs.push_back(Output::End);
    }

    fn abort(&mut self) {
        self.clear();
        self.outputs.push_back(Output::Abort);
    }

    fn clear(&mut self) {
        self.state = State::Idle;
        self.armed.clear();
        self.charging = Charging::new();
        self.requested = None;
        self.announcement = None;
        (self.tssf, self.no_answer) = (None, None);
    }

    /// Obeys an operation of the gsmSCF. What does not fit is answered with an error.
    pub fn handle_operation(&mut self, now: Instant, id: i8, operation: &Operation) {
        let result = match self.state {
            State::Idle => Err(CapError::UnexpectedComponentSequence),
            _ => self.obey(now, id, operation),
        };
        if let Err(error) = result {
            // Nothing is the answer to an operation that has none.
            if operation.class() == crate::cap::Class::ErrorOnly {
                self.outputs.push_back(Output::Fail(id, error));
            }
        } else if self.state == State::WaitingForInstructions {
            self.tssf = now.checked_add(self.timers.instructions);
        }
    }

    fn obey(&mut self, now: Instant, id: i8, operation: &Operation) -> Result<(), CapError> {
        let waiting = self.state == State::WaitingForInstructions;
        let announcing = self.state == State::WaitingForEndOfUserInteraction;
        match operation {
            Operation::RequestReportBcsmEvent(own) => self.arm(&own.bcsm_events)?,
            Operation::ApplyCharging(own) => {
                let leg = own.party_to_charge.unwrap_or(crate::cap::SendingSide(Leg::ONE)).0;
                self.charging.apply(now, &own.charging, leg)?;
            }
            Operation::CallInformationRequest(own) => {
                let leg = own.leg_id.unwrap_or(crate::cap::SendingSide(Leg::TWO)).0;
                self.requested = Some((own.kinds.clone(), leg));
            }
            Operation::Cancel(own) => match own.0 {
                crate::cap::CancelArg::AllRequests(_) => {
                    self.armed.clear();
                    self.charging.cancel();
                    self.requested = None;
                    if self.state == State::Monitoring {
                        self.finish();
                    }
                }
                _ if announcing => self.outputs.push_back(Output::StopAnnouncement),
                _ => return Err(CapError::TaskRefused(crate::cap::TaskRefusal::GENERIC)),
            },
            Operation::ActivityTest => self.outputs.push_back(Output::Answer(id)),
            Operation::ResetTimer(own) if waiting || announcing => {
                self.tssf = now.checked_add(Duration::from_secs(u64::from(own.seconds)));
                // The general restart of the timer must not shorten this.
                self.timers.instructions = Duration::from_secs(u64::from(own.seconds));
            }
            Operation::FurnishChargingInformation(own) => self.outputs.push_back(Output::Record(own.clone())),
            Operation::SendChargingInformation(own) => self.outputs.push_back(Output::Advise(own.clone())),
            Operation::Continue | Operation::ContinueWithArgument(_) if waiting => self.go_on(now, None),
            Operation::Connect(own) if waiting => {
                let to = own.destination_routing_address.first().ok_or(CapError::MissingParameter)?;
                match self.cleared.take() {
                    Some(cleared) if !cleared.caller_is_there => {
                        self.cleared = Some(cleared);
                        return Err(CapError::UnexpectedComponentSequence);
                    }
                    // A call to somebody else is another one to measure.
                    Some(_) if !self.charging.is_pending() => self.charging = Charging::new(),
                    _ => {}
                }
                self.go_on(now, Some(to.clone()));
            }
            Operation::ReleaseCall(own) => self.release(now, own.0.clone()),
            Operation::ConnectToResource(_) if waiting => {
                self.state = State::WaitingForEndOfUserInteraction;
                self.tssf = now.checked_add(self.timers.user_interaction);
                self.outputs.push_back(Output::ConnectResource);
            }
            Operation::PlayAnnouncement(own) if announcing => self.announce(now, own),
            Operation::DisconnectForwardConnection if announcing => {
                self.outputs.push_back(Output::DisconnectResource);
                self.announcement = None;
                self.wait(now);
            }
            _ => return Err(CapError::UnexpectedComponentSequence),
        }
        Ok(())
    }

    fn announce(&mut self, now: Instant, own: &PlayAnnouncementArg) {
        let report = own.request_complete.unwrap_or(true);
        let hang_up = !own.disconnect_forbidden.unwrap_or(true);
        self.announcement = Some((report, hang_up));
        self.tssf = now.checked_add(self.timers.user_interaction);
        self.outputs.push_back(Output::Announce(Box::new(own.clone())));
    }

    fn arm(&mut self, events: &[crate::cap::BcsmEvent]) -> Result<(), CapError> {
        for event in events {
            let leg = match &event.leg_id {
                Some(crate::cap::LegId::Sending(leg) | crate::cap::LegId::Receiving(leg)) => *leg,
                Some(crate::cap::LegId::Unknown(_)) => return Err(CapError::UnknownLegId),
                None => self.side.usual_leg(event.event_type),
            };
            if event.monitor_mode == MonitorMode::TRANSPARENT {
                self.armed.remove(&(event.event_type, leg));
                continue;
            }
            let no_answer = match &event.criteria {
                Some(crate::cap::DpSpecificCriteria::ApplicationTimer(seconds)) => {
                    Some(Duration::from_secs(u64::from(*seconds)))
                }
                _ => None,
            };
            self.armed.insert((event.event_type, leg), Armed { mode: event.monitor_mode, no_answer });
        }
        Ok(())
    }

    fn go_on(&mut self, now: Instant, to: Option<CalledPartyNumber>) {
        if let Some(cleared) = self.cleared.take() {
            // The call is over; going on lets its end take its course.
            self.outputs.push_back(Output::Release(cleared.cause));
            return self.finish();
        }
        if !self.charging.answered() {
            let timer = self.armed.iter().find(|((event, _), _)| *event == self.side.no_answer());
            let wait = timer.and_then(|(_, own)| own.no_answer);
            self.no_answer = wait.and_then(|wait| now.checked_add(wait));
        }
        self.outputs.push_back(match to {
            Some(to) => Output::Connect(to),
            None => Output::Continue,
        });
        self.watch_or_end();
    }

    fn release(&mut self, now: Instant, cause: Cause) {
        self.report_charging(now, false, false);
        self.report_facts(now, &cause);
        self.outputs.push_back(Output::Release(cause));
        self.finish();
    }

    /// Something has happened to the call.
    pub fn handle_event(&mut self, now: Instant, event: CallEvent) {
        if self.state == State::Idle {
            return;
        }
        if let CallEvent::AnnouncementOver = event {
            return self.announcement_over(now);
        }
        let (kind, leg) = self.side.detection_point(&event);
        let armed = self.armed.remove(&(kind, leg));
        let ends = event.cause();
        if matches!(event, CallEvent::Answer) {
            self.no_answer = None;
            self.charging.answer(now);
            self.armed.retain(|(own, _), _| !BEFORE_ANSWER.contains(own));
        }
        if let Some(cause) = &ends {
            self.no_answer = None;
            self.report_charging(now, false, false);
            self.report_facts(now, cause);
            self.cleared = Some(Cleared { cause: cause.clone(), caller_is_there: event.leaves_caller() });
        }
        let Some(armed) = armed else {
            if ends.is_some() && self.state != State::Monitoring {
                // The gsmSCF is about to send instructions for a call that is no more.
                self.abort();
            } else if ends.is_some() {
                self.finish();
            } else if self.state == State::Monitoring {
                self.watch_or_end();
            }
            return;
        };
        let interrupted = armed.mode == MonitorMode::INTERRUPTED;
        self.report_event(kind, leg, &event, interrupted);
        if interrupted {
            self.wait(now);
        } else if ends.is_some() {
            self.finish();
        } else if self.state == State::Monitoring {
            self.watch_or_end();
        }
    }

    fn announcement_over(&mut self, now: Instant) {
        let Some((report, hang_up)) = self.announcement.take() else { return };
        if report {
            let over = Operation::SpecializedResourceReport(Some(Default::default()));
            self.outputs.push_back(Output::Invoke(over));
        }
        if hang_up {
            self.outputs.push_back(Output::DisconnectResource);
            self.wait(now);
        }
    }

    fn report_event(&mut self, kind: EventTypeBcsm, leg: Leg, event: &CallEvent, interrupted: bool) {
        let message_type = if interrupted { MessageType::REQUEST } else { MessageType::NOTIFICATION };
        let report = EventReportBcsmArg {
            event_type: kind,
            specific: self.side.specific(event),
            leg_id: Some(ReceivingSide(leg)),
            misc_call_info: Some(MiscCallInfo { message_type, ..MiscCallInfo::default() }),
            ..EventReportBcsmArg::default()
        };
        self.outputs.push_back(Output::Invoke(Operation::EventReportBcsm(Box::new(report))));
    }

    fn report_charging(&mut self, now: Instant, active: bool, expired: bool) {
        let Some((leg, time)) = self.charging.report(now) else { return };
        let mut report = ApplyChargingReportArg::used(0, active);
        report.0.party_to_charge = ReceivingSide(leg);
        report.0.time_information = time;
        if expired && self.phase == Phase::Three {
            report.0.call_released_at_tcp_expiry = Some(crate::Null);
        }
        self.outputs.push_back(Output::Invoke(Operation::ApplyChargingReport(report)));
    }

    fn report_facts(&mut self, now: Instant, cause: &Cause) {
        let Some((kinds, leg)) = self.requested.take() else { return };
        let tenths = |span: Duration| u32::try_from(span.as_millis() / 100).unwrap_or(u32::MAX);
        let answered = self.charging.answered_at();
        let fact = |kind: RequestedInformationType| {
            let value = match kind {
                RequestedInformationType::CALL_ATTEMPT_ELAPSED_TIME => {
                    let began = self.triggered.unwrap_or(now);
                    let span = answered.unwrap_or(now).saturating_since(began);
                    RequestedInformationValue::CallAttemptElapsedTime(
                        u32::try_from(span.as_secs()).unwrap_or(255).min(255),
                    )
                }
                RequestedInformationType::CALL_STOP_TIME => {
                    RequestedInformationValue::CallStopTime(state::local_time(now))
                }
                RequestedInformationType::CALL_CONNECTED_ELAPSED_TIME => {
                    let span = answered.map_or(Duration::ZERO, |answered| now.saturating_since(answered));
                    RequestedInformationValue::CallConnectedElapsedTime(tenths(span))
                }
                RequestedInformationType::RELEASE_CAUSE => {
                    RequestedInformationValue::ReleaseCause(cause.clone())
                }
                _ => return None,
            };
            Some(RequestedInformation { kind, value, unknown: Vec::new() })
        };
        let report = CallInformationReportArg {
            list: kinds.into_iter().filter_map(fact).collect(),
            leg_id: Some(ReceivingSide(leg)),
            ..CallInformationReportArg::default()
        };
        self.outputs.push_back(Output::Invoke(Operation::CallInformationReport(report)));
    }

    /// The dialogue has failed or the gsmSCF has ended it: nothing more is watched. Where the call waits, it is
    /// treated as the subscription says.
    pub fn handle_dialogue_lost(&mut self) {
        let waits =
            matches!(self.state, State::WaitingForInstructions | State::WaitingForEndOfUserInteraction);
        if waits {
            self.outputs.push_back(Output::DefaultHandling);
        }
        self.clear();
    }

    /// When the next timer ends.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        [self.tssf, self.no_answer, self.charging.deadline()].into_iter().flatten().min()
    }

    /// Ends the timers that are over.
    pub fn expire(&mut self, now: Instant) {
        let over = |timer: Option<Instant>| timer.is_some_and(|timer| timer <= now);
        self.charging.pass(now);
        if over(self.charging.deadline()) {
            let released = self.charging.releases();
            self.report_charging(now, !released, released);
            if released {
                let cause = Cause::new(Cause::NORMAL_UNSPECIFIED);
                self.report_facts(now, &cause);
                self.outputs.push_back(Output::Release(cause));
                self.finish();
            }
        }
        if over(self.no_answer) {
            self.no_answer = None;
            self.outputs.push_back(Output::StopRinging);
            self.handle_event(now, CallEvent::NoAnswer);
        }
        if over(self.tssf) {
            self.abort();
            self.outputs.push_back(Output::DefaultHandling);
        }
    }
}

impl Side {
    fn specific(self, event: &CallEvent) -> Option<SpecificInformation> {
        let busy = |cause: &Cause| TerminatingBusyInfo {
            busy_cause: Some(cause.clone()),
            ..TerminatingBusyInfo::default()
        };
        let released =
            |cause: &Cause| ReleaseInfo { release_cause: Some(cause.clone()), unknown: Vec::new() };
        Some(match (self, event) {
            (Self::Originating, CallEvent::RouteSelectFailure(cause)) => {
                let info = FailureInfo { failure_cause: Some(cause.clone()), unknown: Vec::new() };
                SpecificInformation::RouteSelectFailure(info)
            }
            (Self::Originating, CallEvent::Busy(cause)) => {
                let info = BusyInfo { busy_cause: Some(cause.clone()), unknown: Vec::new() };
                SpecificInformation::OCalledPartyBusy(info)
            }
            (Self::Terminating, CallEvent::RouteSelectFailure(cause) | CallEvent::Busy(cause)) => {
                SpecificInformation::TBusy(busy(cause))
            }
            (Self::Originating, CallEvent::NoAnswer) => SpecificInformation::ONoAnswer(PlainInfo::default()),
            (Self::Terminating, CallEvent::NoAnswer) => SpecificInformation::TNoAnswer(Default::default()),
            (Self::Originating, CallEvent::Answer) => SpecificInformation::OAnswer(Default::default()),
            (Self::Terminating, CallEvent::Answer) => SpecificInformation::TAnswer(Default::default()),
            (Self::Originating, CallEvent::Disconnect(_, cause)) => {
                SpecificInformation::ODisconnect(released(cause))
            }
            (Self::Terminating, CallEvent::Disconnect(_, cause)) => {
                SpecificInformation::TDisconnect(released(cause))
            }
            (_, CallEvent::Abandon | CallEvent::AnnouncementOver) => return None,
        })
    }
}
