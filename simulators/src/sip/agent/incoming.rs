//! The callee's side: an INVITE is rung, answered or refused, taken back, and its answer acknowledged.

use tollgate_sip::dialog::Dialog;
use tollgate_sip::transaction::{Retransmission, TransactionId};
use tollgate_sip::{Builder, Message, response};
use tollgate_time::Instant;

use super::call::{Accepted, Call, CallState};
use super::{Agent, Alarm, CALLS_MAX, CallId, Event, Flow, SDP, sdp};
use crate::sip::transport::Received;

impl Agent {
    pub(super) fn handle_invite(&mut self, now: Instant, id: TransactionId, request: Received) {
        if self.calls.len() >= CALLS_MAX {
            self.station.reply(now, id, &request, 486);
            return;
        }
        let Some(message) = request.message() else { return };
        let user = message.uri().ok().and_then(|uri| uri.user.map(str::to_owned)).unwrap_or_default();
        let number = self.draw();
        let call = CallId(number);
        let tag = self.station.chance.tag();
        let flow = Flow::of(message.body()).answer();
        let mut own = Call::callee(request.clone(), &user, tag, id, number);
        own.flow = flow;
        if let Some(id) = own.id() {
            self.dialogs.insert(id, call);
        }
        self.calls.insert(call, own);
        self.servers.insert(id, call);
        self.events.push_back(Event::Offered(call, request));
    }

    /// Gives a provisional answer to a call that is offered: 180, 183. Says whether it was open.
    pub fn ring(&mut self, now: Instant, call: CallId, code: u16) -> bool {
        let Some((id, answer)) = self.answer_to(call, code) else { return false };
        self.set_dialog(call, &answer.finish());
        self.station.respond(now, id, &answer).is_ok()
    }

    /// Answers a call that is offered; says whether it was open.
    pub fn answer(&mut self, now: Instant, call: CallId) -> bool {
        let Some((id, mut answer)) = self.answer_to(call, 200) else { return false };
        let address = self.station.settings().address;
        let Some(own) = self.calls.get_mut(&call) else { return false };
        own.session.1 += 1;
        let body = sdp(address, own.session.0, own.session.1, own.flow);
        if answer.body(SDP, &body).is_err() {
            return false;
        }
        let octets = answer.finish();
        self.set_dialog(call, &octets);
        self.accept(now, call, id, octets)
    }

    /// Sends the 2xx of an INVITE, and again until its ACK comes.
    pub(super) fn accept(&mut self, now: Instant, call: CallId, id: TransactionId, octets: Vec<u8>) -> bool {
        if self.station.respond_octets(now, id, octets.clone()).is_err() {
            return false;
        }
        self.servers.remove(&id);
        let again = Retransmission::new(now, &self.station.settings().timers);
        let alarm = self.alarms.set(again.deadline(), Alarm::Again(call));
        if let Some(own) = self.calls.get_mut(&call) {
            own.accepted = Some(Accepted { transaction: id, octets, again, alarm });
            if own.state == CallState::Offered {
                own.state = CallState::Answered;
            }
        }
        true
    }

    /// Refuses a call that is offered, with these headers besides; says whether it was open.
    pub fn refuse(&mut self, now: Instant, call: CallId, code: u16, more: &[(&str, String)]) -> bool {
        let Some((id, mut answer)) = self.answer_to(call, code) else { return false };
        for (name, value) in more {
            if answer.header(name, value).is_err() {
                return false;
            }
        }
        let sent = self.station.respond(now, id, &answer).is_ok();
        self.servers.remove(&id);
        self.over(now, call);
        sent
    }

    /// A response to the INVITE of a call that is offered, with Contact where it makes a dialog.
    fn answer_to(&mut self, call: CallId, code: u16) -> Option<(TransactionId, Builder)> {
        let own = self.calls.get(&call).filter(|own| own.state == CallState::Offered)?;
        let offer = own.offer.as_ref()?;
        let message = offer.message()?;
        let mut answer = response(&message, code, None, &own.tag).ok()?;
        if code < 300 {
            let contact = self.station.uri(&own.user, offer.port, offer.over);
            answer.header("Contact", format_args!("<{contact}>")).ok()?;
        }
        Some((own.invite, answer))
    }

    fn set_dialog(&mut self, call: CallId, answer: &[u8]) {
        let Some(own) = self.calls.get_mut(&call) else { return };
        let Some(answer) = Message::parse(answer).ok() else { return };
        let is_final = answer.code().is_some_and(|code| code >= 200);
        match own.dialog.as_mut() {
            Some(dialog) if is_final => dialog.confirm(),
            Some(_) => {}
            None => {
                let invite = own.offer.as_ref().and_then(Received::message);
                own.dialog = invite.and_then(|invite| Dialog::callee(&invite, &answer).ok());
            }
        }
    }

    pub(super) fn handle_cancel(&mut self, now: Instant, invite: TransactionId) {
        let Some(call) = self.servers.get(&invite).copied() else { return };
        if self.refuse(now, call, 487, &[]) {
            self.events.push_back(Event::Cancelled(call));
        }
    }

    pub(super) fn handle_ack(&mut self, ack: &Received) {
        let Some(message) = ack.message() else { return };
        let Some(call) = self.find(&message) else { return };
        let Some(own) = self.calls.get_mut(&call) else { return };
        if let Some(accepted) = own.accepted.take() {
            self.alarms.cancel(accepted.alarm);
            if own.state == CallState::Answered {
                own.state = CallState::Up;
                self.events.push_back(Event::Acknowledged(call));
            }
        }
    }
}
