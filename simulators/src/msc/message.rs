//! One short message in the switch: its smsSSF (TS 29.078 section 11, TS 23.078 section 7), and what became of it.
//!
//! CAP of phase 3 asks about messages that a subscriber sends; the detection points of those that come for one are those of
//! phase 4, in the same operations.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate_camel::Octets;
use tollgate_camel::cap::{
    CapError, Class, EventReportSmsArg, EventTypeSms, InitialDpSmsArg, MessageType, MiscCallInfo, MoSmsCause,
    MoSmsFailure, MonitorMode, MtSmsFailure, Operation, PlainInfo, SmsSpecificInformation,
};
use tollgate_network::ActionError;
use tollgate_time::Instant;
use tollgate_wire::Fields;

use crate::camel::Talk;
use crate::outbox::Outbox;

/// RP-Cause temporary failure (TS 24.011 section 8.2.5.4).
const TEMPORARY_FAILURE: u8 = 41;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The gateway has not said yet that it may go on.
    Asking,
    /// The service centre has it, and has not said yet whether it takes it.
    Submitted,
    /// Its end is reported, and the gateway is to agree.
    Reported,
    Over,
}

/// One short message.
#[derive(Debug)]
pub(super) struct ShortMessage {
    sends: bool,
    stage: Stage,
    armed: BTreeMap<EventTypeSms, MonitorMode>,
    patience: Duration,
    /// When the smsSSF waits no longer (Tssf).
    tssf: Option<Instant>,
    goes_on: bool,
    /// What the smsSSF says next time.
    saying: Vec<Say>,
}

#[derive(Debug)]
enum Say {
    Invoke(Box<Operation>),
    Answer(i8),
    Fail(i8, CapError),
    End,
    Abort,
}

impl ShortMessage {
    pub(super) fn begin(
        now: Instant,
        sends: bool,
        patience: Duration,
        goes_on: bool,
        argument: InitialDpSmsArg,
    ) -> Self {
        let begin = Say::Invoke(Box::new(Operation::InitialDpSms(Box::new(argument))));
        Self {
            sends,
            stage: Stage::Asking,
            armed: BTreeMap::new(),
            patience,
            tssf: now.checked_add(patience),
            goes_on,
            saying: vec![begin],
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        self.tssf
    }

    fn waits(&self) -> bool {
        matches!(self.stage, Stage::Asking | Stage::Reported)
    }

    /// Obeys an operation of the gateway.
    pub(super) fn handle_operation(
        &mut self,
        now: Instant,
        id: i8,
        operation: &Operation,
        name: &str,
        out: &mut Outbox,
    ) {
        match operation {
            Operation::RequestReportSmsEvent(own) if self.stage != Stage::Over => {
                for event in &own.events {
                    if event.monitor_mode == MonitorMode::TRANSPARENT {
                        self.armed.remove(&event.event_type);
                    } else {
                        self.armed.insert(event.event_type, event.monitor_mode);
                    }
                }
            }
            Operation::ContinueSms | Operation::ConnectSms(_) if self.waits() => {
                return self.go_on(operation, name, out);
            }
            Operation::ReleaseSms(own) if self.waits() => {
                if self.stage == Stage::Asking {
                    let cause = own.0;
                    refused(name, "gateway", cause, out);
                }
                self.stage = Stage::Over;
                self.tssf = None;
                self.saying.push(Say::End);
                return;
            }
            Operation::ActivityTest => self.saying.push(Say::Answer(id)),
            Operation::ResetTimerSms(own) if self.waits() => {
                self.patience = Duration::from_secs(u64::from(own.seconds));
            }
            Operation::FurnishChargingInformationSms(own) if self.waits() => {
                let value = tollgate_camel::Type::show(own);
                out.observe("call-record", || Fields::new().with("call", name).with("octets", value));
            }
            other => {
                if other.class() == Class::ErrorOnly {
                    self.saying.push(Say::Fail(id, CapError::UnexpectedComponentSequence));
                }
                return;
            }
        }
        if self.waits() {
            self.tssf = now.checked_add(self.patience);
        }
    }

    fn go_on(&mut self, operation: &Operation, name: &str, out: &mut Outbox) {
        self.tssf = None;
        if self.stage == Stage::Reported {
            self.stage = Stage::Over;
            self.saying.push(Say::End);
            return;
        }
        let to = match operation {
            Operation::ConnectSms(own) => own.destination.as_ref().map(|own| own.digits.to_string()),
            _ => None,
        };
        let controlled = !self.armed.is_empty();
        self.submit(to.as_deref(), controlled, name, out);
        if !controlled {
            self.saying.push(Say::End);
        }
    }

    fn submit(&mut self, to: Option<&str>, controlled: bool, name: &str, out: &mut Outbox) {
        self.stage = Stage::Submitted;
        out.observe("submitted", || {
            let mut fields = Fields::new().with("call", name).with("controlled", controlled);
            if let Some(to) = to {
                fields.push("to", to);
            }
            fields
        });
    }

    /// The service centre, or the phone, has taken the message or not.
    ///
    /// # Errors
    /// It has not got it, or has said so already.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        refusal: Option<u8>,
        name: &str,
        out: &mut Outbox,
    ) -> Result<(), ActionError> {
        if self.stage != Stage::Submitted {
            let why = if self.is_over() { "is over" } else { "is not submitted" };
            return Err(ActionError::Impossible(format!("the message '{name}' {why}")));
        }
        let (event, specific) = match (self.sends, refusal) {
            (true, None) => {
                (EventTypeSms::O_SUBMISSION, SmsSpecificInformation::OSubmission(PlainInfo::default()))
            }
            (false, None) => {
                (EventTypeSms::T_DELIVERY, SmsSpecificInformation::TDelivery(PlainInfo::default()))
            }
            (true, Some(_)) => {
                let info = MoSmsFailure { cause: Some(MoSmsCause::DELIVERY_FAILURE), unknown: Vec::new() };
                (EventTypeSms::O_FAILURE, SmsSpecificInformation::OFailure(info))
            }
            (false, Some(cause)) => {
                let info = MtSmsFailure { cause: Some(Octets(vec![cause])), unknown: Vec::new() };
                (EventTypeSms::T_FAILURE, SmsSpecificInformation::TFailure(info))
            }
        };
        match refusal {
            None => out.observe("delivered", || Fields::new().with("call", name)),
            Some(cause) => refused(name, "service-centre", cause, out),
        }
        let mode = self.armed.remove(&event);
        self.stage = Stage::Over;
        let Some(mode) = mode else {
            // Nothing that is watched can happen any more.
            if !self.armed.is_empty() {
                self.saying.push(Say::End);
            }
            return Ok(());
        };
        let interrupted = mode == MonitorMode::INTERRUPTED;
        let message_type = if interrupted { MessageType::REQUEST } else { MessageType::NOTIFICATION };
        let report = EventReportSmsArg {
            event_type: event,
            specific: Some(specific),
            misc_call_info: Some(MiscCallInfo { message_type, ..MiscCallInfo::default() }),
            ..EventReportSmsArg::default()
        };
        self.saying.push(Say::Invoke(Box::new(Operation::EventReportSms(Box::new(report)))));
        if interrupted {
            self.stage = Stage::Reported;
            self.tssf = now.checked_add(self.patience);
        } else {
            self.saying.push(Say::End);
        }
        Ok(())
    }

    /// The dialogue is gone.
    pub(super) fn lost(&mut self, name: &str, out: &mut Outbox) {
        self.armed.clear();
        self.tssf = None;
        match self.stage {
            Stage::Asking => self.default_handling(name, out),
            Stage::Reported => self.stage = Stage::Over,
            Stage::Submitted | Stage::Over => {}
        }
    }

    fn default_handling(&mut self, name: &str, out: &mut Outbox) {
        let goes_on = self.goes_on;
        out.observe("default-handling", || {
            Fields::new().with("call", name).with("outcome", if goes_on { "continue" } else { "release" })
        });
        if goes_on {
            self.submit(None, false, name, out);
        } else {
            self.stage = Stage::Over;
            refused(name, "default-handling", TEMPORARY_FAILURE, out);
        }
    }

    /// Ends the timer that is over.
    pub(super) fn expire(&mut self, now: Instant, name: &str, out: &mut Outbox) {
        if self.tssf.is_some_and(|tssf| tssf <= now) {
            self.saying.push(Say::Abort);
            self.lost(name, out);
        }
    }

    /// Says what the smsSSF has to say.
    pub(super) fn speak(&mut self, now: Instant, talk: &mut Talk) {
        for say in std::mem::take(&mut self.saying) {
            match say {
                Say::Invoke(operation) => talk.invoke(now, &operation),
                Say::Answer(id) => talk.answer(id),
                Say::Fail(id, error) => talk.fail(id, &error),
                Say::End => talk.end(),
                Say::Abort => talk.abort(),
            }
        }
    }
}

fn refused(name: &str, by: &'static str, cause: u8, out: &mut Outbox) {
    out.observe("message-refused", || {
        Fields::new().with("call", name).with("by", by).with("cause", u32::from(cause))
    });
}
