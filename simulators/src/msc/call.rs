//! One call in the switch: its gsmSSF, and what became of it.

use tollgate_camel::Cause;
use tollgate_camel::cap::{InitialDpArg, Leg, Phase};
use tollgate_camel::ssf::{CallEvent, Output, Side, Ssf, State, Timers};
use tollgate_network::ActionError;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use crate::camel::Talk;
use crate::outbox::Outbox;

/// Subscriber absent (Q.850): there is no way to a phone that is switched off.
const SUBSCRIBER_ABSENT: u8 = 20;

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The gateway has not said yet that it may go on.
    Asking,
    /// The called party's phone rings.
    Ringing,
    /// They speak.
    Answered,
    /// It has failed or ended, and the gateway may still send it elsewhere.
    Ending {
        by: &'static str,
        cause: u8,
    },
    Over,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    ssf: Ssf,
    stage: Stage,
    to: Text,
    goes_on: bool,
    answered: Option<Instant>,
    ended: Option<Instant>,
}

/// What a scenario does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Answer,
    Busy,
    NoAnswer,
    NotReachable,
    HangUp { caller: bool, cause: u8 },
}

impl Call {
    pub(super) fn begin(
        now: Instant,
        side: Side,
        (phase, timers): (Phase, Timers),
        goes_on: bool,
        to: &str,
        argument: InitialDpArg,
    ) -> Self {
        let mut ssf = Ssf::new(side, phase, timers);
        ssf.handle_trigger(now, argument);
        Self { ssf, stage: Stage::Asking, to: to.into(), goes_on, answered: None, ended: None }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn ssf(&mut self) -> &mut Ssf {
        &mut self.ssf
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.ssf.next_deadline()
    }

    /// Has something happen to it.
    ///
    /// # Errors
    /// It does not stand so that this could happen.
    pub(super) fn suffer(
        &mut self,
        now: Instant,
        doing: Doing,
        name: &str,
        out: &mut Outbox,
    ) -> Result<(), ActionError> {
        let impossible = |why: &str| Err(ActionError::Impossible(format!("the call '{name}' {why}")));
        let event = match (doing, &self.stage) {
            (_, Stage::Over | Stage::Ending { .. }) => return impossible("is over"),
            (Doing::HangUp { caller: true, cause }, Stage::Answered) => {
                CallEvent::Disconnect(Leg::ONE, Cause::new(cause))
            }
            (Doing::HangUp { caller: false, cause }, Stage::Answered) => {
                CallEvent::Disconnect(Leg::TWO, Cause::new(cause))
            }
            (_, Stage::Answered) => return impossible("is answered"),
            (Doing::HangUp { caller: true, .. }, _) => CallEvent::Abandon,
            (_, Stage::Asking) => return impossible("does not ring yet"),
            (Doing::HangUp { caller: false, .. }, _) => CallEvent::Busy(Cause::new(Cause::CALL_REJECTED)),
            (Doing::Busy, _) => CallEvent::Busy(Cause::new(Cause::USER_BUSY)),
            (Doing::NoAnswer, _) => CallEvent::NoAnswer,
            (Doing::NotReachable, _) => CallEvent::RouteSelectFailure(Cause::new(SUBSCRIBER_ABSENT)),
            (Doing::Answer, _) => CallEvent::Answer,
        };
        self.happen(now, event, name, out);
        Ok(())
    }

    fn happen(&mut self, now: Instant, event: CallEvent, name: &str, out: &mut Outbox) {
        match &event {
            CallEvent::Answer => {
                self.stage = Stage::Answered;
                self.answered = Some(now);
                let to = self.to.clone();
                out.observe("answered", || Fields::new().with("call", name).with("to", to));
            }
            CallEvent::Disconnect(leg, cause) => {
                let by = if *leg == Leg::ONE { "caller" } else { "called" };
                self.ending(now, by, cause.value);
            }
            CallEvent::Abandon => self.ending(now, "caller", Cause::NORMAL_CLEARING),
            CallEvent::Busy(cause) | CallEvent::RouteSelectFailure(cause) => {
                self.ending(now, "called", cause.value);
            }
            CallEvent::NoAnswer => self.ending(now, "no-answer", Cause::NO_ANSWER),
            CallEvent::AnnouncementOver => {}
        }
        self.ssf.handle_event(now, event);
        self.settle(name, out);
    }

    fn ending(&mut self, now: Instant, by: &'static str, cause: u8) {
        self.stage = Stage::Ending { by, cause };
        self.ended = Some(now);
    }

    /// A call that has ended and that nobody is asked about any more is over.
    fn settle(&mut self, name: &str, out: &mut Outbox) {
        if let Stage::Ending { by, cause } = self.stage
            && self.ssf.state() != State::WaitingForInstructions
        {
            self.over(by, cause, name, out);
        }
    }

    fn over(&mut self, by: &'static str, cause: u8, name: &str, out: &mut Outbox) {
        self.stage = Stage::Over;
        let lasted = self.answered.zip(self.ended).map(|(from, to)| to.saturating_since(from));
        out.observe("released", || {
            Fields::new()
                .with("call", name)
                .with("by", by)
                .with("cause", u32::from(cause))
                .with("lasted", lasted.unwrap_or_default())
        });
    }

    fn release(&mut self, now: Instant, by: &'static str, cause: u8, name: &str, out: &mut Outbox) {
        match self.stage {
            Stage::Over => {}
            // It ended before; the gateway only agrees.
            Stage::Ending { by, cause } => self.over(by, cause, name, out),
            _ => {
                self.ended = Some(now);
                self.over(by, cause, name, out);
            }
        }
    }

    /// Ends the timers that are over.
    pub(super) fn expire(&mut self, now: Instant) {
        self.ssf.expire(now);
    }

    /// Does what the gsmSSF says; `by` is whose doing a release is.
    pub(super) fn obey(
        &mut self,
        now: Instant,
        talk: &mut Talk,
        by: &'static str,
        name: &str,
        out: &mut Outbox,
    ) {
        while let Some(output) = self.ssf.poll_output() {
            match output {
                Output::Invoke(operation) => talk.invoke(now, &operation),
                Output::Answer(id) => talk.answer(id),
                Output::Fail(id, error) => talk.fail(id, &error),
                Output::End => talk.end(),
                Output::Abort => talk.abort(),
                Output::Continue => self.ring(None, name, out),
                Output::Connect(to) => self.ring(Some(to.digits.as_str()), name, out),
                Output::Release(cause) => self.release(now, by, cause.value, name, out),
                Output::StopRinging => self.ending(now, "no-answer", Cause::NO_ANSWER),
                Output::DefaultHandling => self.default_handling(now, name, out),
                Output::Record(record) => {
                    let value = tollgate_camel::Type::show(&record);
                    out.observe("call-record", || Fields::new().with("call", name).with("octets", value));
                }
                // Nobody listens to announcements or reads advice here.
                Output::ConnectResource
                | Output::Announce(_)
                | Output::StopAnnouncement
                | Output::DisconnectResource
                | Output::Advise(_) => {}
            }
        }
        self.settle(name, out);
    }

    fn ring(&mut self, elsewhere: Option<&str>, name: &str, out: &mut Outbox) {
        if self.stage == Stage::Answered || self.stage == Stage::Over {
            return;
        }
        if let Some(to) = elsewhere {
            self.to = to.into();
        }
        self.stage = Stage::Ringing;
        let to = self.to.clone();
        let controlled = self.ssf.state() == State::Monitoring;
        out.observe("ringing", || {
            Fields::new().with("call", name).with("to", to).with("controlled", controlled)
        });
    }

    /// What the subscription says for a gateway that cannot be asked.
    fn default_handling(&mut self, now: Instant, name: &str, out: &mut Outbox) {
        let goes_on = self.goes_on;
        out.observe("default-handling", || {
            Fields::new().with("call", name).with("outcome", if goes_on { "continue" } else { "release" })
        });
        match self.stage {
            Stage::Asking if goes_on => self.ring(None, name, out),
            // What goes on goes on without control.
            Stage::Ringing | Stage::Answered if goes_on => {}
            _ => self.release(now, "default-handling", Cause::NORMAL_UNSPECIFIED, name, out),
        }
    }
}
