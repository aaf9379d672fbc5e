//! The conversation of the IVR with the caller: card, PIN, destination, and what the charging system thinks
//! of them. The second leg is in `legs`.

use std::time::Duration;

use tollgate_network::ActionError;
use tollgate_radius::Packet;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::call::{ATTEMPTS_MAX, Alarms, Attempt, Call, Leg, Stage, Why};
use super::grant::{self, Grant, Verdict};
use super::keys::{self, Ending};
use super::legs::NORMAL;
use super::messages::Message;
use super::office::{Alarm, Office};
use super::prompts::{self, Denial, Then};
use super::settings::{Accounting, Authenticate};

/// A call that is being worked on, at one moment.
pub(super) struct Line<'a> {
    pub(super) now: Instant,
    pub(super) call: &'a mut Call,
    pub(super) office: &'a mut Office,
}

impl Line<'_> {
    /// The IVR answers the caller.
    pub(super) fn begin(&mut self) {
        match self.office.settings.authenticate {
            Authenticate::Card => self.ask(Stage::Card),
            Authenticate::Caller if self.call.from.is_empty() => {
                self.refuse_card(prompts::of(Some(1)), None);
            }
            Authenticate::Caller => {
                self.call.card = self.call.from.clone();
                self.authenticate();
            }
        }
    }

    /// The caller presses keys.
    pub(super) fn press(&mut self, digits: &str) -> Result<(), ActionError> {
        if let Some(wrong) = digits.chars().find(|key| !keys::is_key(*key)) {
            return Err(ActionError::Impossible(format!("'{wrong}' is not a key of a telephone")));
        }
        match self.call.stage {
            Stage::Releasing | Stage::Over => {
                Err(ActionError::Impossible("the caller has no call any more".to_owned()))
            }
            // The called party hears them.
            Stage::Ringing | Stage::Talking => Ok(()),
            _ if self.call.keys.press(digits) => {
                self.listen();
                Ok(())
            }
            _ => {
                let most = keys::KEYS_MAX;
                Err(ActionError::Impossible(format!("more than {most} keys are waiting to be understood")))
            }
        }
    }

    /// The caller has stopped in the middle of an entry.
    pub(super) fn entry_timed_out(&mut self) {
        self.call.entry_alarm = None;
        if self.ending().is_some()
            && let Some(entry) = self.call.keys.take_unended()
        {
            self.entered(entry);
        }
    }

    /// An access request was answered.
    pub(super) fn access_answered(&mut self, message: Message, packet: &Packet<'_>) {
        match (message, grant::read(packet)) {
            (Message::Authenticate, Verdict::Accepted(grant)) => self.card_accepted(&grant),
            (Message::Authenticate, Verdict::Refused(code)) => self.refuse_card(prompts::of(code), code),
            (Message::Authorize(place), Verdict::Accepted(grant)) => self.destination_accepted(place, &grant),
            (_, Verdict::Refused(code)) => self.refuse_destination(prompts::of(code), code),
            (_, Verdict::Accepted(_)) => {}
        }
    }

    /// No charging system has answered an access request.
    pub(super) fn access_unanswered(&mut self) {
        if self.call.stage != Stage::Over {
            self.prompt("service-unavailable", |_| {});
            self.goodbye();
        }
    }

    /// Asks for an entry, which may have been pressed already.
    pub(super) fn ask(&mut self, stage: Stage) {
        self.call.stage = stage;
        let prompt = match stage {
            Stage::Pin => "enter-pin",
            Stage::Destination => "enter-destination",
            _ => "enter-card-number",
        };
        self.prompt(prompt, |_| {});
        self.listen();
    }

    /// The IVR hangs up.
    pub(super) fn goodbye(&mut self) {
        self.prompt("goodbye", |_| {});
        self.end_answer(self.now, Text::const_new(NORMAL), Why::Ivr);
    }

    /// Has the caller hear a prompt.
    pub(super) fn prompt(&mut self, prompt: &'static str, more: impl FnOnce(&mut Fields)) {
        let call = &*self.call;
        self.office.out.observe("prompt", || {
            let mut fields = Fields::with_capacity(5)
                .with("is", prompt)
                .with("call", call.name.clone())
                .with("language", call.language.clone());
            more(&mut fields);
            fields
        });
    }

    /// What ends the entry that the IVR waits for; `None` while it waits for none.
    fn ending(&self) -> Option<Ending> {
        let settings = &self.office.settings;
        let (length, star_clears) = match self.call.stage {
            Stage::Card => (settings.card_length, true),
            Stage::Pin => (0, true),
            Stage::Destination => (0, false),
            _ => return None,
        };
        Some(Ending { terminator: settings.terminator, length, star_clears })
    }

    fn listen(&mut self) {
        let Some(ending) = self.ending() else { return };
        self.silence_entry_alarm();
        if let Some(entry) = self.call.keys.take(ending) {
            self.entered(entry);
        } else if self.call.keys.is_begun() && !self.office.settings.digit_timeout.is_zero() {
            let at = self.now + self.office.settings.digit_timeout;
            self.call.entry_alarm = Some(self.office.alarms.set(at, (self.call.id, Alarm::Entry)));
        }
    }

    pub(super) fn silence_entry_alarm(&mut self) {
        if let Some(alarm) = self.call.entry_alarm.take() {
            self.office.alarms.cancel(alarm);
        }
    }

    fn entered(&mut self, entry: Text) {
        match self.call.stage {
            // An attribute of text must not be empty (RFC 2865 section 5): the IVR refuses that itself.
            Stage::Card if entry.is_empty() => self.refuse_card(prompts::of(Some(1)), None),
            Stage::Card => {
                self.call.card = entry;
                if self.office.settings.pin {
                    self.ask(Stage::Pin);
                } else {
                    self.authenticate();
                }
            }
            Stage::Pin => {
                self.call.pin = entry;
                self.authenticate();
            }
            Stage::Destination if entry.is_empty() => self.refuse_destination(prompts::of(Some(111)), None),
            Stage::Destination => self.authorize(entry),
            _ => {}
        }
    }

    fn authenticate(&mut self) {
        self.call.stage = Stage::Authenticating;
        self.call.transaction = self.take_transaction();
        if self.office.send(self.now, self.call, Message::Authenticate, self.now).is_err() {
            self.access_unanswered();
        }
    }

    fn take_transaction(&mut self) -> Text {
        self.call.transaction_given.take().unwrap_or_else(|| self.office.next_transaction())
    }

    fn card_accepted(&mut self, grant: &Grant<'_>) {
        let call = &mut *self.call;
        call.authenticated = true;
        call.user_name = grant::keep(grant.user_name);
        call.access_code = grant::keep(grant.access_code);
        call.class = grant.class.map(bytes::Bytes::copy_from_slice);
        if call.stage != Stage::Authenticating {
            // The caller was quicker than the charging system, which has locked the account by now.
            self.stop(Leg::Answer);
            return;
        }
        if let Some(language) = grant.language {
            self.call.language = Text::from(language);
        }
        if self.office.settings.accounting == Accounting::StartStop {
            self.office.account(self.now, self.call, Message::Start(Leg::Answer), self.now);
        }
        if let Some(amount) = grant.amount {
            self.prompt("balance", |fields| {
                fields.push("amount", amount.parse().map_or_else(|_| amount.into(), Value::Decimal));
                if let Some(currency) = grant.currency {
                    fields.push("currency", currency);
                }
            });
        }
        self.ask(Stage::Destination);
    }

    fn refuse_card(&mut self, denial: &'static Denial, code: Option<u32>) {
        if self.call.stage == Stage::Over {
            return;
        }
        self.call.cards_refused += 1;
        self.refused(denial, code);
        let settings = &self.office.settings;
        let last = self.call.cards_refused >= settings.login_attempts;
        if denial.login == Then::Goodbye || last || settings.authenticate == Authenticate::Caller {
            self.goodbye();
        } else if code == Some(2) && settings.pin {
            self.ask(Stage::Pin);
        } else {
            self.ask(Stage::Card);
        }
    }

    fn authorize(&mut self, dialled: Text) {
        if self.call.attempts.len() >= ATTEMPTS_MAX {
            self.goodbye();
            return;
        }
        let office = &mut *self.office;
        let was_tried = self.call.attempts.iter().any(|attempt| attempt.setup.is_some());
        let conf_id =
            if was_tried { office.draw_next_conf_id(&self.call.conf_id) } else { self.call.conf_id.clone() };
        let call_id = self.call.call_id_given.take().unwrap_or_else(|| office.draw_call_id());
        let session_id = office.next_session_id();
        let transaction = self.take_transaction();
        self.call.attempts.push(Attempt {
            called: dialled.clone(),
            dialled,
            conf_id,
            call_id,
            transaction,
            session_id,
            rate_pattern: None,
            class: None,
            grant: None,
            silent: false,
            interim: None,
            interim_sent: None,
            setup: None,
            connected: None,
            end: None,
            was_cut: false,
            stops_sent: 0,
            alarms: Alarms::default(),
        });
        self.call.stage = Stage::Authorizing;
        let message = Message::Authorize(self.call.last_attempt());
        if self.office.send(self.now, self.call, message, self.now).is_err() {
            self.access_unanswered();
        }
    }

    fn destination_accepted(&mut self, place: usize, grant: &Grant<'_>) {
        let now = self.now;
        let interim = self.office.settings.interim.or(grant.interim);
        let Some(attempt) = self.call.attempts.get_mut(place) else { return };
        if let Some(number) = grant.complete_number {
            attempt.called = Text::from(number);
        }
        attempt.rate_pattern = grant::keep(grant.rate_pattern);
        attempt.class = grant.class.map(bytes::Bytes::copy_from_slice);
        attempt.grant = grant.duration;
        attempt.silent = grant.silent;
        attempt.interim = interim;
        if self.call.stage != Stage::Authorizing {
            self.give_grant_back(place);
            return;
        }
        if grant.duration == Some(Duration::ZERO) {
            self.refuse_destination(&prompts::NO_TIME, None);
            return;
        }
        attempt.setup = Some(now);
        self.prompt("credit-time", |fields| {
            if let Some(announced) = grant.announced.or(grant.duration) {
                fields.push("seconds", announced.as_secs());
            }
        });
        self.ring();
    }

    fn refuse_destination(&mut self, denial: &'static Denial, code: Option<u32>) {
        if self.call.stage == Stage::Over {
            return;
        }
        self.refused(denial, code);
        if denial.destination == Then::Goodbye {
            self.goodbye();
        } else {
            self.another_destination();
        }
    }

    /// Asks for another destination, if the caller has a try left.
    pub(super) fn another_destination(&mut self) {
        self.call.destinations_refused += 1;
        if self.call.destinations_refused >= self.office.settings.destination_attempts {
            self.goodbye();
        } else {
            self.ask(Stage::Destination);
        }
    }

    /// Tells the caller why, and forgets what was pressed ahead.
    fn refused(&mut self, denial: &'static Denial, code: Option<u32>) {
        self.call.keys.flush();
        self.prompt(denial.prompt, |fields| {
            if let Some(code) = code {
                fields.push("return-code", code);
            }
        });
    }
}
