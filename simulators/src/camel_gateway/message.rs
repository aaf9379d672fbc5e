//! The service control of one short message: a unit is reserved and charged when the message was taken, or charged at once and
//! refunded when it was not.

use tollgate_camel::cap::{
    EventTypeSms, InitialDpSmsArg, MonitorMode, Operation, ReleaseSmsArg, RequestReportSmsEventArg, SmsEvent,
};
use tollgate_wire::Fields;

use super::desk::{Desk, Word, word};
use super::information;
use super::parties::{Parties, Role};
use super::settings::Charging;
use crate::credit_client::{Asked, CreditAnswer, Kind, Units, Used, Verdict};

/// RP-Causes (TS 24.011 section 8.2.5.4).
const TRANSFER_REJECTED: u8 = 21;
const TEMPORARY_FAILURE: u8 = 41;
const NOT_SUBSCRIBED: u8 = 50;
/// DIAMETER_USER_UNKNOWN.
const USER_UNKNOWN: u32 = 5030;

/// Requested-Action (RFC 8506 section 8.41).
const DIRECT_DEBITING: u32 = 0;
const REFUND_ACCOUNT: u32 = 1;

/// Where the credit control of a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The charging system has not said yet whether it may go.
    Asking,
    /// The service centre has it.
    Going,
    /// The last request is sent, or none will be.
    Over,
}

/// One short message.
#[derive(Debug)]
pub(super) struct ShortMessage {
    role: Role,
    charging: Charging,
    information: Fields,
    stage: Stage,
    waiting: bool,
    /// Something is reserved or charged.
    opened: bool,
    /// The dialogue broke off while the charging system was asked.
    gone: bool,
}

impl ShortMessage {
    pub(super) fn begin(parties: &Parties, argument: &InitialDpSmsArg, desk: &mut Desk<'_>) -> Self {
        let charging = desk.settings.sms;
        let smsc = argument.smsc_address.as_ref().map(|own| own.digits.as_str());
        let information = match charging {
            Charging::Reservation => information::of_reserved_message(parties),
            Charging::Debiting => information::of_debited_message(parties, smsc),
        };
        let mut own = Self {
            role: parties.role,
            charging,
            information,
            stage: Stage::Asking,
            waiting: true,
            opened: false,
            gone: false,
        };
        match charging {
            Charging::Reservation => own.ask(Kind::Initial, 1, None, desk),
            Charging::Debiting => desk.event(DIRECT_DEBITING, &own.information),
        }
        own
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over && !self.waiting
    }

    fn ask(&mut self, kind: Kind, wanted: u64, used: Option<u64>, desk: &mut Desk<'_>) {
        let units = |count: u64| Units { specific: Some(count), ..Units::default() };
        let asked = Asked {
            service_identifier: Some(desk.settings.sms_service),
            requested: Some(units(wanted)),
            used: used.map(|used| Used { units: units(used), ..Used::default() }).into_iter().collect(),
            ..Asked::default()
        };
        self.waiting = true;
        desk.ask(kind, &asked, &self.information);
    }

    /// Hears an operation of the switch.
    pub(super) fn hear(&mut self, operation: &Operation, desk: &mut Desk<'_>) {
        let Operation::EventReportSms(own) = operation else { return };
        if own.misc_call_info.as_ref().is_none_or(|own| own.message_type == Default::default()) {
            desk.invoke(&Operation::ContinueSms);
            desk.talk.end();
        }
        let taken =
            own.event_type == EventTypeSms::O_SUBMISSION || own.event_type == EventTypeSms::T_DELIVERY;
        self.settle(taken, desk);
    }

    /// The dialogue is over, whoever ended it: a message of which nothing was heard was not taken.
    pub(super) fn lost(&mut self, desk: &mut Desk<'_>) {
        match self.stage {
            Stage::Asking => self.gone = true,
            _ => self.settle(false, desk),
        }
    }

    /// What was reserved or charged is charged or given back.
    fn settle(&mut self, taken: bool, desk: &mut Desk<'_>) {
        if std::mem::replace(&mut self.stage, Stage::Over) == Stage::Over || !self.opened {
            return;
        }
        match (self.charging, taken) {
            (Charging::Reservation, _) if desk.settings.quirks.missing_ccr_t => {}
            (Charging::Reservation, taken) => self.ask(Kind::Terminate, 0, Some(u64::from(taken)), desk),
            (Charging::Debiting, true) => {}
            (Charging::Debiting, false) => {
                // Another event, of its own name.
                let subscriptions = std::mem::take(&mut desk.credit.subscriptions);
                *desk.credit = desk.client.open(desk.now, desk.credit.context.clone(), None);
                desk.credit.subscriptions = subscriptions;
                self.waiting = true;
                desk.event(REFUND_ACCOUNT, &self.information);
            }
        }
    }

    /// Takes the answer to a request.
    pub(super) fn answered(&mut self, answer: &CreditAnswer, desk: &mut Desk<'_>) {
        self.waiting = false;
        if self.stage != Stage::Asking {
            return;
        }
        let service = desk.settings.sms_service;
        let strict = desk.settings.quirks.needs_mscc_result && self.charging == Charging::Reservation;
        let word = word(answer, service, strict);
        self.opened = answer.is_success();
        if self.gone {
            return self.settle(false, desk);
        }
        match word {
            Word::Free => self.go(false, desk),
            Word::Go(own) if own.granted.is_some_and(|own| own.specific.is_some_and(|own| own > 0)) => {
                self.go(true, desk);
            }
            Word::Go(_) => self.refuse(TRANSFER_REJECTED, Some(4012), desk),
            Word::No(USER_UNKNOWN) => self.refuse(NOT_SUBSCRIBED, Some(USER_UNKNOWN), desk),
            Word::No(result) => self.refuse(TRANSFER_REJECTED, Some(result), desk),
        }
    }

    fn go(&mut self, controlled: bool, desk: &mut Desk<'_>) {
        self.stage = Stage::Going;
        if controlled {
            let (failed, taken) = match self.role {
                Role::Terminating => (EventTypeSms::T_FAILURE, EventTypeSms::T_DELIVERY),
                _ => (EventTypeSms::O_FAILURE, EventTypeSms::O_SUBMISSION),
            };
            let event = |event_type| SmsEvent {
                event_type,
                monitor_mode: MonitorMode::INTERRUPTED,
                ..SmsEvent::default()
            };
            desk.invoke(&Operation::RequestReportSmsEvent(RequestReportSmsEventArg {
                events: vec![event(failed), event(taken)],
                ..RequestReportSmsEventArg::default()
            }));
            desk.invoke(&Operation::ContinueSms);
        } else {
            desk.observe("uncontrolled", |own| own);
            desk.invoke(&Operation::ContinueSms);
            desk.talk.end();
            self.settle(true, desk);
        }
    }

    fn refuse(&mut self, cause: u8, result: Option<u32>, desk: &mut Desk<'_>) {
        desk.observe("refused", |own| {
            let own = own.with("cause", u32::from(cause));
            match result {
                Some(result) => own.with("result", result),
                None => own,
            }
        });
        desk.invoke(&Operation::ReleaseSms(ReleaseSmsArg(cause)));
        desk.talk.end();
        self.settle(false, desk);
    }

    /// Nobody answers.
    pub(super) fn unanswered(&mut self, verdict: Verdict, desk: &mut Desk<'_>) {
        self.waiting = false;
        if self.stage != Stage::Asking {
            return;
        }
        match verdict {
            Verdict::Terminate => self.refuse(TEMPORARY_FAILURE, None, desk),
            Verdict::Continue | Verdict::Stored => self.go(false, desk),
        }
    }
}
