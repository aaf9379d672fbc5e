//! What a NAS does beside calls through its IVR, each a short dialogue with the charging system: a voucher is redeemed,
//! something is bought by the piece, a subscriber is called back. An errand writes its requests field by field; this
//! file sends them and leads the answers back.

use std::collections::BTreeMap;

use tollgate_network::{Action, ActionError};
use tollgate_radius::h323::H323Time;
use tollgate_radius::{Builder, Code, EncodeError, Packet, attribute};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::callback::Callback;
use super::download::Purchase;
use super::grant::{self, Verdict};
use super::messages::{self, Query};
use super::office::Office;
use super::prompts;
use super::settings::Settings;
use super::voucher::Recharge;
use crate::radius_client::{Head, Request, Service};

/// An errand of one NAS, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ErrandId(u64);

/// What a request of an errand is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Whether the account is good at all.
    Login,
    /// Whether it may have what it wants.
    Ask,
    /// The report of what it had.
    Report,
}

/// A request of an errand.
#[derive(Debug)]
pub(super) struct Letter {
    step: Step,
    fields: Fields,
}

impl Letter {
    /// The octets.
    pub(super) fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        if self.step == Step::Report {
            let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, head.identifier);
            messages::nas(settings, &mut builder)?;
            builder.fields(&self.fields)?;
            if head.delay_secs > 0 {
                builder.u32(attribute::ACCT_DELAY_TIME, head.delay_secs)?;
            }
            return builder.finish_accounting_request(head.secret);
        }
        let mut builder = Builder::new(Code::ACCESS_REQUEST, head.identifier);
        builder.authenticator(&head.authenticator);
        if settings.message_authenticator {
            builder.message_authenticator()?;
        }
        messages::nas(settings, &mut builder)?;
        builder.fields(&self.fields)?;
        builder.finish_access_request(head.secret)
    }
}

#[derive(Debug)]
enum Errand {
    Voucher(Recharge),
    Download(Purchase),
    Callback(Box<Callback>),
}

/// The errands in progress.
#[derive(Debug, Default)]
pub(super) struct Errands {
    all: BTreeMap<ErrandId, Errand>,
    made: u64,
}

/// What an errand acts with.
pub(super) struct Desk<'a> {
    pub(super) now: Instant,
    pub(super) id: ErrandId,
    pub(super) office: &'a mut Office,
}

/// Whether an errand goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Waits,
    Done,
}

impl Desk<'_> {
    /// Sends a request. What cannot be sent is told like one that nobody answers.
    pub(super) fn send(&mut self, name: &Text, step: Step, fields: Fields) -> Next {
        let report = step == Step::Report;
        let request = Request {
            query: Query::Errand(self.id, Box::new(Letter { step, fields })),
            service: if report { Service::Accounting } else { Service::Access },
            code: if report { Code::ACCOUNTING_REQUEST } else { Code::ACCESS_REQUEST },
            since: self.now,
            persistent: true,
        };
        let Office { settings, client, out, .. } = &mut *self.office;
        let sent = client.send(self.now, out, request, &mut |query, head| match query {
            Query::Errand(_, letter) => letter.write(settings, head),
            Query::Call(..) | Query::Direct(_) => Ok(Vec::new()),
        });
        match sent {
            Ok(_) => Next::Waits,
            Err(_) => self.unanswered(name, step),
        }
    }

    /// Nobody has answered a request.
    pub(super) fn unanswered(&mut self, name: &Text, step: Step) -> Next {
        if step == Step::Report {
            self.office.out.observe("accounting-lost", || {
                Fields::new().with("record", "Stop").with("call", name.clone()).with("leg", "originate")
            });
        } else {
            self.prompt(name, "service-unavailable", |_| {});
        }
        Next::Done
    }

    pub(super) fn prompt(&mut self, name: &Text, prompt: &'static str, more: impl FnOnce(&mut Fields)) {
        let language = self.office.settings.language.clone();
        self.office.out.observe("prompt", || {
            let mut fields =
                Fields::new().with("is", prompt).with("call", name.clone()).with("language", language);
            more(&mut fields);
            fields
        });
    }

    /// What was granted, or the refusal told.
    pub(super) fn granted<'p>(&mut self, name: &Text, packet: &Packet<'p>) -> Option<grant::Grant<'p>> {
        match grant::read(packet) {
            Verdict::Accepted(grant) => Some(grant),
            Verdict::Refused(code) => {
                self.prompt(name, prompts::of(code).prompt, |fields| {
                    if let Some(code) = code {
                        fields.push("return-code", code);
                    }
                });
                None
            }
        }
    }

    /// A time as the NAS writes it.
    pub(super) fn time(&self, at: Instant) -> Text {
        Text::from(H323Time::new(at, self.office.settings.zone).to_string())
    }
}

/// A text argument, or what is drawn in its place.
pub(super) fn given(action: &Action, name: &str, draw: impl FnOnce() -> Text) -> Text {
    action.opt_text(name).map_or_else(draw, Text::from)
}

/// The pairs that travel in `h323-ivr-out`, without those that say nothing.
pub(super) fn ivr_out(pairs: &[(&'static str, &str)]) -> Value {
    let mut group = Fields::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        group.push(*name, *value);
    }
    Value::Group(group)
}

impl Errands {
    fn begin(
        &mut self,
        office: &mut Office,
        now: Instant,
        start: impl FnOnce(&mut Desk<'_>, Text) -> (Errand, Next),
    ) {
        self.made += 1;
        let id = ErrandId(self.made);
        let name = Text::from(format!("errand-{}", self.made));
        let (errand, next) = start(&mut Desk { now, id, office }, name);
        if next == Next::Waits {
            self.all.insert(id, errand);
        }
    }

    /// Does the verb of an action, if it is one of errands.
    pub(super) fn perform(
        &mut self,
        office: &mut Office,
        now: Instant,
        action: &Action,
    ) -> Option<Result<(), ActionError>> {
        let done = match action.verb.as_str() {
            "recharge" => Recharge::read(action, office).map(|recharge| {
                self.begin(office, now, |desk, name| {
                    let mut recharge = recharge.named(name);
                    let next = recharge.begin(desk);
                    (Errand::Voucher(recharge), next)
                });
            }),
            "buy" => Purchase::read(action, office).map(|purchase| {
                self.begin(office, now, |desk, name| {
                    let mut purchase = purchase.named(name);
                    let next = purchase.begin(desk);
                    (Errand::Download(purchase), next)
                });
            }),
            "callback" => Callback::read(action, office).map(|callback| {
                self.begin(office, now, |desk, name| {
                    let mut callback = callback.named(name);
                    let next = callback.begin(desk);
                    (Errand::Callback(Box::new(callback)), next)
                });
            }),
            "callback-answer" => self.on_callback(office, now, |callback, desk| callback.answer(desk)),
            "callback-fail" => action
                .text("cause")
                .and_then(|cause| self.on_callback(office, now, |callback, desk| callback.fail(desk, cause))),
            "callback-hangup" => self.on_callback(office, now, |callback, desk| callback.hang_up(desk)),
            _ => return None,
        };
        Some(done)
    }

    /// Has something happen to the latest callback.
    fn on_callback(
        &mut self,
        office: &mut Office,
        now: Instant,
        act: impl FnOnce(&mut Callback, &mut Desk<'_>) -> Result<Next, ActionError>,
    ) -> Result<(), ActionError> {
        let latest = self.all.iter_mut().rev().find_map(|(id, errand)| match errand {
            Errand::Callback(callback) if !callback.is_over() => Some((*id, callback)),
            _ => None,
        });
        let Some((id, callback)) = latest else {
            return Err(ActionError::Impossible("there is no callback".to_owned()));
        };
        if act(callback, &mut Desk { now, id, office })? == Next::Done {
            self.all.remove(&id);
        }
        Ok(())
    }

    /// An answer has come.
    pub(super) fn answered(
        &mut self,
        office: &mut Office,
        now: Instant,
        id: ErrandId,
        letter: &Letter,
        packet: &Packet<'_>,
    ) {
        let Some(errand) = self.all.get_mut(&id) else { return };
        let mut desk = Desk { now, id, office };
        let next = match errand {
            Errand::Voucher(recharge) => recharge.answered(&mut desk, letter.step, packet),
            Errand::Download(purchase) => purchase.answered(&mut desk, letter.step, packet),
            Errand::Callback(callback) => callback.answered(&mut desk, letter.step, packet),
        };
        if next == Next::Done {
            self.all.remove(&id);
        }
    }

    /// No server has answered.
    pub(super) fn given_up(&mut self, office: &mut Office, now: Instant, id: ErrandId, letter: &Letter) {
        let Some(errand) = self.all.get_mut(&id) else { return };
        let mut desk = Desk { now, id, office };
        let next = match errand {
            Errand::Voucher(recharge) => desk.unanswered(recharge.name(), letter.step),
            Errand::Download(purchase) => desk.unanswered(purchase.name(), letter.step),
            Errand::Callback(callback) => callback.given_up(&mut desk, letter.step),
        };
        if next == Next::Done {
            self.all.remove(&id);
        }
    }

    /// Forgets everything, as at a restart.
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}
