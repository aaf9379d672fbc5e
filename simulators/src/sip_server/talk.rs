//! A call that is connected: what one side asks of the other, and how it ends.

use tollgate_sip::dialog::{Dialog, DialogId};
use tollgate_sip::transaction::{Due, Retransmission, TransactionId};
use tollgate_sip::{Builder, Message, Method, response};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::call::{Party, RELAYS_MAX, Relay, Side, Stage};
use super::hunt::hop_of;
use super::node::Line;
use super::office::{Alarm, Role};
use super::records::NORMAL;
use crate::sip::Received;

/// Headers of a request within a call that are the other side's business too.
const PASSED_ON: [&str; 6] =
    ["Accept", "Event", "Info-Package", "Subject", "Subscription-State", "Supported"];

impl Line<'_> {
    /// The caller was told that the call is answered: the dialog with him stands.
    pub(super) fn caller_connected(&mut self, octets: Vec<u8>) {
        let offer = &mut self.call.offer;
        let Some(invite) = offer.request.message() else { return };
        let Ok(answer) = Message::parse(&octets) else { return };
        let Ok(dialog) = Dialog::callee(&invite, &answer) else { return };
        self.office.dialogs.insert(dialog.id().clone(), (self.call.id, Side::Caller));
        let flow = offer.request.flow();
        let again = Retransmission::new(self.now, &self.office.settings.timers);
        self.office.alarms.set(again.deadline(), Alarm::Again(self.call.id));
        offer.answer = Some((octets, again));
        self.call.caller = Some(Party { dialog, flow, account: self.call.account.clone(), ack: None });
    }

    /// The caller's ACK has not come: the answer goes out again, or the call is ended.
    pub(super) fn answer_again(&mut self) {
        let Some((octets, again)) = &mut self.call.offer.answer else { return };
        match again.handle_timeout(self.now) {
            Due::Nothing => {}
            Due::Again => {
                let octets = octets.clone();
                // Once its transaction is over there is nobody to send it to.
                let _over = self.office.station.respond_octets(self.now, self.call.offer.transaction, octets);
            }
            Due::GivenUp => {
                self.call.offer.answer = None;
                return self.end_by_server(self.now, "no-ack");
            }
        }
        if let Some((_, again)) = &self.call.offer.answer {
            self.office.alarms.set(again.deadline(), Alarm::Again(self.call.id));
        }
    }

    /// An ACK has come.
    pub(super) fn acknowledged(&mut self, side: Side, ack: &Received) {
        if side == Side::Caller {
            self.call.offer.answer = None;
        }
        let message = ack.message();
        // Where the INVITE offered nothing, the ACK answers what the other side has offered.
        let waits = self.call.party(side.other()).is_some_and(|party| party.ack.is_none());
        if waits && let Some(mut party) = self.call.slot(side.other()).take() {
            self.acknowledge(&mut party, message.as_ref());
            *self.call.slot(side.other()) = Some(party);
        }
    }

    /// Sends the ACK of a 2xx.
    pub(super) fn acknowledge(&mut self, party: &mut Party, from: Option<&Message<'_>>) {
        let hop = hop_of(&self.office.station, party);
        let Ok(mut ack) = party.dialog.ack() else { return };
        if let Some(from) = from.filter(|from| !from.body().is_empty())
            && ack.body(from.content_type().unwrap_or_default(), from.body()).is_err()
        {
            return;
        }
        let branch = self.office.station.chance.branch();
        if ack.push_front("Via", self.office.station.via(&hop, &branch)).is_ok() {
            let octets = ack.finish();
            self.office.station.send_octets(octets.clone(), &hop);
            party.ack = Some((octets, hop));
        }
    }

    /// A final answer came to a transaction of which nobody waits for one: a 2xx that its sender repeats until it hears the ACK
    /// (RFC 3261 section 13.2.2.4).
    fn came_again(&mut self, answer: Option<&Received>) {
        let Some(message) = answer.and_then(Received::message) else { return };
        let is_success = message.code().is_some_and(|code| (200..300).contains(&code));
        if !is_success || !message.cseq().is_ok_and(|cseq| cseq.method == Method::INVITE) {
            return;
        }
        let Ok(dialog) = DialogId::of_received(&message) else { return };
        let of = |side: &Side| self.call.party(*side).is_some_and(|party| *party.dialog.id() == dialog);
        if let Some(side) = [Side::Callee, Side::Caller].into_iter().find(of) {
            self.acknowledge_again(side);
        }
    }

    /// A 2xx came again, so its ACK was lost.
    pub(super) fn acknowledge_again(&mut self, side: Side) {
        if let Some((octets, hop)) = self.call.party(side).and_then(|party| party.ack.clone()) {
            self.office.station.send_octets(octets, &hop);
        }
    }

    /// A request of one side within the call.
    pub(super) fn within(&mut self, id: TransactionId, side: Side, request: &Received) {
        let Some(message) = request.message() else { return };
        let Some(party) = self.call.party_mut(side) else {
            return self.office.turn_down(self.now, id, request, 481);
        };
        if let Err(error) = party.dialog.handle_request(&message) {
            return self.office.turn_down(self.now, id, request, error.status());
        }
        match message.method() {
            Some(Method::BYE) => {
                self.office.turn_down(self.now, id, request, 200);
                self.leaves(side);
            }
            Some(Method::REFER) => self.transfer(id, side, request),
            // How a call that the server has made on somebody's behalf fares is known here.
            Some(Method::OPTIONS) => self.office.turn_down(self.now, id, request, 200),
            Some(method) => self.send_across(id, side, request, method),
            None => {}
        }
    }

    /// Sends a request on to the other side.
    fn send_across(&mut self, id: TransactionId, side: Side, request: &Received, method: Method<'_>) {
        let full = self.call.relays.len() >= RELAYS_MAX;
        let sent = if full { None } else { self.request_across(side, request, method) };
        match sent {
            Some(client) => {
                self.office.transactions.insert(client, (self.call.id, Role::Relayed));
                self.call.relays.push(Relay { server: id, client, request: request.clone(), from: side });
            }
            None => self.office.turn_down(self.now, id, request, 500),
        }
    }

    fn request_across(
        &mut self,
        side: Side,
        request: &Received,
        method: Method<'_>,
    ) -> Option<TransactionId> {
        let message = request.message()?;
        let other = self.call.party_mut(side.other())?;
        let hop = hop_of(&self.office.station, other);
        let mut own = other.dialog.request(method).ok()?;
        if method == Method::INVITE {
            other.ack = None;
        }
        copy(&message, &mut own)?;
        if matches!(method, Method::INVITE | Method::UPDATE) {
            let contact = self.office.station.uri("", hop.from, hop.over);
            own.header("Contact", format_args!("<{contact}>")).ok()?;
        }
        self.office.station.request(self.now, own, &hop).ok()
    }

    /// The answer to a request that was sent on, to the one who made it.
    fn across_answered(&mut self, client: TransactionId, answer: Option<&Received>) {
        let Some(at) = self.call.relays.iter().position(|own| own.client == client) else { return };
        let message = answer.and_then(Received::message);
        let code = message.as_ref().and_then(Message::code).unwrap_or(408);
        if code == 100 {
            return;
        }
        let other = self.call.relays.get(at).map_or(Side::Callee, |own| own.from.other());
        if let (Some(message), Some(party)) = (&message, self.call.party_mut(other)) {
            // What belongs to another dialog changes nothing of this one.
            let _other = party.dialog.handle_response(message);
        }
        let relay = if code < 200 { None } else { Some(self.call.relays.remove(at)) };
        let Some(relay) = relay.as_ref().or_else(|| self.call.relays.get(at)) else { return };
        let Some(request) = relay.request.message() else { return };
        let contact = self.office.station.uri("", relay.request.port, relay.request.over);
        let is_invite = request.is(Method::INVITE);
        let written = response(&request, code, None, "").and_then(|mut own| {
            if let Some(message) = &message {
                copy_into(message, &mut own)?;
            }
            if is_invite && (101..300).contains(&code) {
                own.header("Contact", format_args!("<{contact}>"))?;
            }
            Ok(own)
        });
        if let Ok(own) = written {
            // Whoever asked may be gone.
            let _gone = self.office.station.respond(self.now, relay.server, &own);
        }
    }

    /// What came of a transaction of this call.
    pub(super) fn answered(&mut self, id: TransactionId, role: Role, answer: Option<&Received>) {
        match role {
            Role::Attempt if !self.call.attempts.iter().any(|own| own.transaction == id) => {
                self.came_again(answer);
            }
            Role::Relayed if !self.call.relays.iter().any(|own| own.client == id) => self.came_again(answer),
            Role::Attempt => self.attempt_answered(id, answer),
            Role::Relayed => self.across_answered(id, answer),
            Role::Change(side) => self.changed(side, answer),
            // A final answer got no ACK: the other end has the call's end all the same.
            Role::Offer | Role::Within(_) => {}
        }
    }

    /// One side hangs up.
    fn leaves(&mut self, side: Side) {
        if self.is_being_replaced(side) {
            self.call.left = Some(side);
            return;
        }
        self.end(Some(side), self.now, NORMAL, side.name());
    }

    /// The server itself ends the call, as of this moment.
    pub(super) fn end_by_server(&mut self, at: Instant, why: &'static str) {
        match self.call.stage {
            Stage::Talking => self.end(None, at, NORMAL, why),
            Stage::Over => {}
            Stage::Asking | Stage::Hunting => {
                self.observe_end(why);
                self.fail(480);
            }
        }
    }

    /// Ends the call: a BYE to whoever has not left.
    pub(super) fn end(&mut self, left: Option<Side>, at: Instant, cause: u8, why: &'static str) {
        self.call.stage = Stage::Over;
        self.call.offer.answer = None;
        self.drop_attempts();
        self.call.hunt = None;
        for side in [Side::Caller, Side::Callee] {
            if Some(side) == left || Some(side) == self.call.left {
                continue;
            }
            if let Some(mut party) = self.call.slot(side).take() {
                self.say_bye(&mut party);
                *self.call.slot(side) = Some(party);
            }
        }
        self.observe_end(why);
        self.stop_legs(at, cause);
    }

    fn observe_end(&mut self, why: &'static str) {
        let call = &*self.call;
        let (user, called) = (call.account.clone(), call.dialled.clone());
        self.office.station.out.observe("call-ended", || {
            let mut fields = Fields::with_capacity(3).with("by", why).with("called", called);
            if let Some(user) = user {
                fields.push("user", user);
            }
            fields
        });
    }

    pub(super) fn say_bye(&mut self, party: &mut Party) {
        let hop = hop_of(&self.office.station, party);
        if let Ok(bye) = party.dialog.request(Method::BYE) {
            // Whoever cannot be told finds out by the next request.
            let _gone = self.office.station.request(self.now, bye, &hop);
        }
    }
}

/// What one side's message says to the other beside its own headers.
fn copy(from: &Message<'_>, to: &mut Builder) -> Option<()> {
    copy_into(from, to).ok()
}

fn copy_into(from: &Message<'_>, to: &mut Builder) -> Result<(), tollgate_sip::BuildError> {
    for name in PASSED_ON {
        if let Some(value) = from.value(name) {
            to.header(name, value)?;
        }
    }
    if !from.body().is_empty() {
        to.body(from.content_type().unwrap_or_default(), from.body())?;
    }
    Ok(())
}
