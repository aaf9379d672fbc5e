//! What the gsmSSF stands in, takes in and gives out.

use std::time::Duration;

use tollgate_time::Instant;

use crate::cap::{
    CapError, EventTypeBcsm, FurnishChargingInformationArg, Leg, Operation, PlayAnnouncementArg,
    SendChargingInformationArg,
};
use crate::number::CalledPartyNumber;
use crate::{Cause, DateAndTime};

/// Where a gsmSSF stands (TS 29.078 section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No dialogue.
    Idle,
    /// The call waits for the gsmSCF.
    WaitingForInstructions,
    /// The caller hears an announcement.
    WaitingForEndOfUserInteraction,
    /// The call goes on; events are watched.
    Monitoring,
}

/// Which half of a call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The subscriber calls, or forwards a call (O-BCSM).
    Originating,
    /// The subscriber is called (T-BCSM).
    Terminating,
}

/// How long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timers {
    /// For instructions: 1 to 20 s.
    pub instructions: Duration,
    /// During an announcement: 1 to 30 min.
    pub user_interaction: Duration,
}

impl Default for Timers {
    /// 10 s and 2 min.
    fn default() -> Self {
        Self { instructions: Duration::from_secs(10), user_interaction: Duration::from_secs(120) }
    }
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// There is no route.
    RouteSelectFailure(Cause),
    /// The called party is busy.
    Busy(Cause),
    /// The called party does not answer.
    NoAnswer,
    /// The called party has answered.
    Answer,
    /// This leg has hung up after the answer.
    Disconnect(Leg, Cause),
    /// The caller gave up before the answer.
    Abandon,
    /// The announcement is over.
    AnnouncementOver,
}

impl CallEvent {
    /// Why the call ends by it, if it does.
    pub(super) fn cause(&self) -> Option<Cause> {
        match self {
            Self::RouteSelectFailure(cause) | Self::Busy(cause) | Self::Disconnect(_, cause) => {
                Some(cause.clone())
            }
            Self::NoAnswer => Some(Cause::new(Cause::NO_ANSWER)),
            Self::Abandon => Some(Cause::new(Cause::NORMAL_CLEARING)),
            Self::Answer | Self::AnnouncementOver => None,
        }
    }

    /// Whether the caller is still there afterwards.
    pub(super) fn leaves_caller(&self) -> bool {
        match self {
            Self::Abandon => false,
            Self::Disconnect(leg, _) => *leg != Leg::ONE,
            _ => true,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The dialogue: this operation is invoked.
    Invoke(Operation),
    /// The dialogue: an empty result for this identifier.
    Answer(i8),
    /// The dialogue: an error for this identifier.
    Fail(i8, CapError),
    /// The dialogue ends: what waits to be sent goes with its End.
    End,
    /// The dialogue is aborted.
    Abort,
    /// The call goes on.
    Continue,
    /// The call goes to this destination.
    Connect(CalledPartyNumber),
    /// The call ends.
    Release(Cause),
    /// The called party is no longer alerted.
    StopRinging,
    /// What the subscription says for a gsmSCF that cannot be asked: the call goes on or ends.
    DefaultHandling,
    /// An announcer is connected.
    ConnectResource,
    /// It plays this.
    Announce(Box<PlayAnnouncementArg>),
    /// It stops.
    StopAnnouncement,
    /// It is disconnected.
    DisconnectResource,
    /// The call record takes these octets.
    Record(FurnishChargingInformationArg),
    /// The subscriber's display takes this advice.
    Advise(Box<SendChargingInformationArg>),
}

impl Side {
    /// The leg that an event belongs to where the gsmSCF does not say (TS 29.078 section 11.36).
    pub(super) fn usual_leg(self, event: EventTypeBcsm) -> Leg {
        match event {
            EventTypeBcsm::O_ABANDON
            | EventTypeBcsm::T_ABANDON
            | EventTypeBcsm::COLLECTED_INFO
            | EventTypeBcsm::ANALYZED_INFORMATION
            | EventTypeBcsm::TERM_ATTEMPT_AUTHORIZED => Leg::ONE,
            _ => Leg::TWO,
        }
    }

    pub(super) const fn no_answer(self) -> EventTypeBcsm {
        match self {
            Self::Originating => EventTypeBcsm::O_NO_ANSWER,
            Self::Terminating => EventTypeBcsm::T_NO_ANSWER,
        }
    }

    /// The detection point of an event, and its leg. A terminating call without a route is busy.
    pub(super) const fn detection_point(self, event: &CallEvent) -> (EventTypeBcsm, Leg) {
        match (self, event) {
            (Self::Originating, CallEvent::RouteSelectFailure(_)) => {
                (EventTypeBcsm::ROUTE_SELECT_FAILURE, Leg::TWO)
            }
            (Self::Originating, CallEvent::Busy(_)) => (EventTypeBcsm::O_CALLED_PARTY_BUSY, Leg::TWO),
            (Self::Originating, CallEvent::NoAnswer) => (EventTypeBcsm::O_NO_ANSWER, Leg::TWO),
            (Self::Originating, CallEvent::Answer) => (EventTypeBcsm::O_ANSWER, Leg::TWO),
            (Self::Originating, CallEvent::Disconnect(leg, _)) => (EventTypeBcsm::O_DISCONNECT, *leg),
            (Self::Originating, CallEvent::Abandon | CallEvent::AnnouncementOver) => {
                (EventTypeBcsm::O_ABANDON, Leg::ONE)
            }
            (Self::Terminating, CallEvent::RouteSelectFailure(_) | CallEvent::Busy(_)) => {
                (EventTypeBcsm::T_BUSY, Leg::TWO)
            }
            (Self::Terminating, CallEvent::NoAnswer) => (EventTypeBcsm::T_NO_ANSWER, Leg::TWO),
            (Self::Terminating, CallEvent::Answer) => (EventTypeBcsm::T_ANSWER, Leg::TWO),
            (Self::Terminating, CallEvent::Disconnect(leg, _)) => (EventTypeBcsm::T_DISCONNECT, *leg),
            (Self::Terminating, CallEvent::Abandon | CallEvent::AnnouncementOver) => {
                (EventTypeBcsm::T_ABANDON, Leg::ONE)
            }
        }
    }
}

/// The date and time of an instant in UTC, by the calendar of days since 1970.
pub(super) fn local_time(now: Instant) -> DateAndTime {
    let (mut days, second) = (now.unix_secs() / 86_400, now.unix_secs() % 86_400);
    let leap = |year: u16| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970_u16;
    while days >= if leap(year) { 366 } else { 365 } {
        days -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let small = |number: u64| u8::try_from(number).unwrap_or(0);
    DateAndTime {
        year,
        month,
        day: small(days + 1),
        hour: small(second / 3_600),
        minute: small(second / 60 % 60),
        second: small(second % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_through_leap_years() {
        for text in
            ["2024-02-29T23:59:59", "2025-03-01T00:00:00", "2100-03-01T12:00:00", "1970-01-01T00:00:00"]
        {
            let at = Instant::parse_rfc3339(&format!("{text}Z")).unwrap();
            assert_eq!(local_time(at).to_string(), text);
        }
    }
}
