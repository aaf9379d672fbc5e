//! The two legs of a call: ringing, talking, the warning, the cut, and how they end.

use tollgate_network::ActionError;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::call::{Attempt, End, Leg, Stage, Why};
use super::ivr::Line;
use super::messages::Message;
use super::office::Alarm;
use super::settings::{Accounting, AfterCall};
use crate::quirks;

/// Causes of Q.850 as `h323-disconnect-cause` writes them, in hexadecimal.
pub(super) const NORMAL: &str = "10";
pub(super) const USER_BUSY: &str = "11";
pub(super) const NO_ANSWER: &str = "13";

type Performed = Result<(), ActionError>;

impl Line<'_> {
    /// The second leg is begun.
    pub(super) fn ring(&mut self) {
        self.call.stage = Stage::Ringing;
        let ring_timeout = self.office.settings.ring_timeout;
        let alarm = (!ring_timeout.is_zero())
            .then(|| self.office.alarms.set(self.now + ring_timeout, (self.call.id, Alarm::Ring)));
        let name = &self.call.name;
        let Some(attempt) = self.call.attempts.last_mut() else { return };
        attempt.alarms.ring = alarm;
        self.office.out.observe("ringing", || {
            Fields::with_capacity(3)
                .with("call", name.clone())
                .with("called", attempt.called.clone())
                .with("conf-id", attempt.conf_id.clone())
        });
    }

    /// The charging system has granted a call whose caller has gone: the second leg ends as it begins, so that
    /// what was reserved for it is free again.
    pub(super) fn give_grant_back(&mut self, place: usize) {
        let cause = self.call.end.as_ref().map_or(Text::const_new(NORMAL), |end| end.cause.clone());
        let Some(attempt) = self.call.attempts.get_mut(place) else { return };
        attempt.setup = Some(self.now);
        attempt.end = Some(End { at: self.now, cause });
        self.stop(Leg::Originate(place));
    }

    /// The called party answers.
    pub(super) fn answer(&mut self) -> Performed {
        if self.call.stage != Stage::Ringing {
            return impossible("nobody is being rung");
        }
        self.call.stage = Stage::Talking;
        self.call.destinations_refused = 0;
        let (now, id) = (self.now, self.call.id);
        let name = &self.call.name;
        let office = &mut *self.office;
        let Some(attempt) = self.call.attempts.last_mut() else { return Ok(()) };
        attempt.connected = Some(now);
        if let Some(ring) = attempt.alarms.ring.take() {
            office.alarms.cancel(ring);
        }
        if let Some(grant) = attempt.grant {
            attempt.alarms.cut = Some(office.alarms.set(now + grant, (id, Alarm::Cut)));
            let warning = office.settings.warning;
            if !warning.is_zero() && grant > warning && !attempt.silent {
                let at = now + (grant - warning);
                attempt.alarms.warning = Some(office.alarms.set(at, (id, Alarm::Warning)));
            }
        }
        office.out.observe("connected", || {
            let mut fields =
                Fields::with_capacity(3).with("call", name.clone()).with("called", attempt.called.clone());
            if let Some(grant) = attempt.grant {
                fields.push("granted", grant);
            }
            fields
        });
        if office.settings.accounting == Accounting::StartStop {
            if let Some(interval) = attempt.interim {
                attempt.alarms.interim = Some(office.alarms.set(now + interval, (id, Alarm::Interim)));
            }
            let message = Message::Start(Leg::Originate(self.call.last_attempt()));
            office.account(now, self.call, message, now);
        }
        Ok(())
    }

    /// The second leg cannot be connected.
    pub(super) fn fail(&mut self, prompt: &'static str, cause: &str) -> Performed {
        if self.call.stage != Stage::Ringing {
            return impossible("nobody is being rung");
        }
        self.end_originate(self.now, Text::from(cause), Why::Called);
        self.prompt(prompt, |_| {});
        self.another_destination();
        Ok(())
    }

    /// The called party has not answered in time.
    pub(super) fn ring_timed_out(&mut self) {
        // Only a leg that rings has this alarm, so that there is nothing to refuse.
        let _ = self.fail("no-answer", NO_ANSWER);
    }

    /// The caller hangs up. The second leg follows a moment later.
    pub(super) fn caller_hangs_up(&mut self, cause: &str) -> Performed {
        if self.call.end.is_some() {
            return impossible("the caller has hung up already");
        }
        self.end_answer(self.now, Text::from(cause), Why::Caller);
        if self.call.stage == Stage::Releasing {
            self.hush();
            let at = self.now + self.office.settings.release_delay;
            self.office.alarms.set(at, (self.call.id, Alarm::ReleaseOriginate));
        }
        Ok(())
    }

    /// The called party hangs up. The caller's leg follows, or the caller dials on.
    pub(super) fn called_hangs_up(&mut self, cause: &str) -> Performed {
        if self.call.stage != Stage::Talking {
            return impossible("the called party is not connected");
        }
        self.end_originate(self.now, Text::from(cause), Why::Called);
        match self.office.settings.after_call {
            AfterCall::NextCall => self.ask(Stage::Destination),
            AfterCall::Release => self.release_answer_after(self.now, Why::Called),
        }
        Ok(())
    }

    /// The caller leaves the called party and dials on.
    pub(super) fn next_call(&mut self) -> Performed {
        if !matches!(self.call.stage, Stage::Ringing | Stage::Talking) {
            return impossible("there is no second leg to leave");
        }
        self.end_originate(self.now, Text::const_new(NORMAL), Why::Caller);
        self.ask(Stage::Destination);
        Ok(())
    }

    /// The credit is nearly used up.
    pub(super) fn warn(&mut self) {
        let name = &self.call.name;
        let warning = self.office.settings.warning;
        self.office
            .out
            .observe("warning", || Fields::with_capacity(2).with("call", name.clone()).with("left", warning));
    }

    /// The granted time is over, at this moment.
    pub(super) fn cut(&mut self, at: Instant) {
        let Some(attempt) = self.call.attempts.last_mut().filter(|attempt| attempt.is_up()) else { return };
        if self.call.end.is_some() {
            // The caller has hung up, and the leg would have ended within the release delay.
            self.end_originate(at, Text::const_new(NORMAL), Why::Caller);
            return;
        }
        attempt.was_cut = true;
        let granted = attempt.grant;
        let name = &self.call.name;
        self.office.out.observe("cut", || {
            let mut fields = Fields::with_capacity(2).with("call", name.clone());
            if let Some(granted) = granted {
                fields.push("granted", granted);
            }
            fields
        });
        self.end_originate(at, Text::const_new(NORMAL), Why::Credit);
        self.prompt("credit-used-up", |_| {});
        self.release_answer_after(at, Why::Credit);
    }

    /// The charging system ends the call: the second leg now, the caller's a moment later, as at a cut.
    pub(super) fn server_disconnects(&mut self) {
        if self.call.end.is_none() && self.call.attempts.last().is_some_and(Attempt::is_up) {
            self.end_originate(self.now, Text::const_new(NORMAL), Why::Server);
            self.release_answer_after(self.now, Why::Server);
        } else {
            // One of the two is up, or none.
            self.end_originate(self.now, Text::const_new(NORMAL), Why::Server);
            self.end_answer(self.now, Text::const_new(NORMAL), Why::Server);
        }
    }

    /// The second leg follows the caller's.
    pub(super) fn release_originate(&mut self, at: Instant) {
        let cause = self.call.end.as_ref().map_or(Text::const_new(NORMAL), |end| end.cause.clone());
        self.end_originate(at, cause, Why::Caller);
    }

    /// The caller's leg follows the second one.
    pub(super) fn release_answer(&mut self, at: Instant, why: Why) {
        let ended = self.call.attempts.last().and_then(|attempt| attempt.end.as_ref());
        let cause = ended.map_or(Text::const_new(NORMAL), |end| end.cause.clone());
        self.end_answer(at, cause, why);
    }

    fn release_answer_after(&mut self, since: Instant, why: Why) {
        self.call.stage = Stage::Releasing;
        let at = since + self.office.settings.release_delay;
        self.office.alarms.set(at, (self.call.id, Alarm::ReleaseAnswer(why)));
    }

    /// An Interim-Update is due. It takes the place of one that is still waiting for its answer: only one
    /// generation is in the queue (RFC 2869 section 2.1).
    pub(super) fn interim(&mut self, at: Instant) {
        let place = self.call.last_attempt();
        let Some(attempt) = self.call.attempts.get_mut(place) else { return };
        let Some(interval) = attempt.interim.filter(|_| attempt.is_up()) else { return };
        attempt.alarms.interim = Some(self.office.alarms.set(at + interval, (self.call.id, Alarm::Interim)));
        if self.office.settings.quirks.interim_lost {
            return;
        }
        self.cancel_interim(place);
        let sent = self.office.account(self.now, self.call, Message::Interim(place, at), at);
        if let Some(attempt) = self.call.attempts.get_mut(place) {
            attempt.interim_sent = sent;
        }
    }

    /// Ends the caller's leg.
    pub(super) fn end_answer(&mut self, at: Instant, cause: Text, why: Why) {
        if self.call.end.is_some() {
            return;
        }
        self.silence_entry_alarm();
        let second_leg_is_up = self.call.attempts.last().is_some_and(Attempt::is_up);
        self.call.stage = if second_leg_is_up { Stage::Releasing } else { Stage::Over };
        let call = &mut *self.call;
        self.office.out.observe("released", || ended(&call.name, why, &cause, at, call.connected));
        call.end = Some(End { at, cause });
        if call.authenticated {
            self.stop(Leg::Answer);
        }
    }

    /// Ends the second leg.
    fn end_originate(&mut self, at: Instant, cause: Text, why: Why) {
        let place = self.call.last_attempt();
        let Some(attempt) = self.call.attempts.get_mut(place).filter(|attempt| attempt.is_up()) else {
            return;
        };
        let alarms = &attempt.alarms;
        for alarm in [alarms.ring, alarms.warning, alarms.cut, alarms.interim].into_iter().flatten() {
            self.office.alarms.cancel(alarm);
        }
        if let Some(connected) = attempt.connected {
            let name = &self.call.name;
            self.office.out.observe("disconnected", || ended(name, why, &cause, at, connected));
        }
        attempt.end = Some(End { at, cause });
        self.cancel_interim(place);
        self.stop(Leg::Originate(place));
        if self.call.end.is_some() {
            self.call.stage = Stage::Over;
        }
    }

    /// Reports the end of a leg.
    pub(super) fn stop(&mut self, leg: Leg) {
        if self.office.settings.accounting == Accounting::None {
            return;
        }
        let (sent, end) = match leg {
            Leg::Answer => (&mut self.call.stops_sent, &self.call.end),
            Leg::Originate(place) => match self.call.attempts.get_mut(place) {
                Some(attempt) => (&mut attempt.stops_sent, &attempt.end),
                None => return,
            },
        };
        *sent += 1;
        let since = end.as_ref().map_or(self.now, |end| end.at);
        self.office.account(self.now, self.call, Message::Stop(leg), since);
    }

    /// A Stop was answered; with the quirk it goes out again.
    pub(super) fn stop_answered(&mut self, leg: Leg) {
        let sent = match leg {
            Leg::Answer => self.call.stops_sent,
            Leg::Originate(place) => self.call.attempts.get(place).map_or(0, |attempt| attempt.stops_sent),
        };
        if self.office.settings.quirks.repeated_stop && sent < quirks::STOPS_MAX {
            self.call.open += 1;
            self.office.alarms.set(self.now + quirks::STOP_PAUSE, (self.call.id, Alarm::RepeatStop(leg)));
        }
    }

    /// An Interim-Update that has no answer yet is not sent again.
    fn cancel_interim(&mut self, place: usize) {
        let Some(attempt) = self.call.attempts.get_mut(place) else { return };
        if let Some(sent) = attempt.interim_sent.take()
            && self.office.client.cancel(sent).is_some()
        {
            self.call.open = self.call.open.saturating_sub(1);
        }
    }

    /// Nobody is there any more to be warned or rung for.
    fn hush(&mut self) {
        let Some(attempt) = self.call.attempts.last_mut() else { return };
        for alarm in
            [attempt.alarms.ring.take(), attempt.alarms.warning.take(), attempt.alarms.interim.take()]
                .into_iter()
                .flatten()
        {
            self.office.alarms.cancel(alarm);
        }
    }
}

fn ended(name: &Text, why: Why, cause: &Text, at: Instant, connected: Instant) -> Fields {
    Fields::with_capacity(4)
        .with("call", name.clone())
        .with("why", why.word())
        .with("cause", cause.clone())
        .with("lasted", at - connected)
}

fn impossible(why: &str) -> Performed {
    Err(ActionError::Impossible(why.to_owned()))
}
