//! Requests within a dialog, ours and the other side's: BYE, re-INVITE and UPDATE, REFER and NOTIFY.

use tollgate_sip::dialog::{Dialog, DialogError, refer_status};
use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Builder, Message, Method, response};
use tollgate_time::Instant;

use super::call::CallState;
use super::{Agent, CallId, Event, Flow, Purpose, SDP, sdp};
use crate::sip::hop::Hop;
use crate::sip::transport::Received;

/// Seconds for which NOTIFY may follow a REFER.
const REFER_SECS: u32 = 180;

impl Agent {
    /// Ends a call, however far it is: with BYE, CANCEL or 480. Says whether it was not over.
    pub fn hang_up(&mut self, now: Instant, call: CallId) -> bool {
        match self.state(call) {
            CallState::Over => false,
            CallState::Calling => self.cancel(now, call),
            CallState::Offered => self.refuse(now, call, 480, &[]),
            CallState::Answered | CallState::Up => {
                // A dialog that the other side has ended takes no BYE.
                let _ended =
                    self.request_within(now, call, Purpose::Other, |dialog| dialog.request(Method::BYE));
                self.over(now, call);
                true
            }
        }
    }

    /// The same with a Reason (RFC 3326) that a BYE carries.
    pub fn hang_up_because(&mut self, now: Instant, call: CallId, reason: &str) -> bool {
        if !matches!(self.state(call), CallState::Answered | CallState::Up) {
            return self.hang_up(now, call);
        }
        let _ended = self.request_within(now, call, Purpose::Other, |dialog| {
            let mut bye = dialog.request(Method::BYE)?;
            bye.header("Reason", reason)?;
            Ok(bye)
        });
        self.over(now, call);
        true
    }

    /// Changes the session, so that our audio goes this way; says whether an INVITE went out.
    pub fn change(&mut self, now: Instant, call: CallId, flow: Flow) -> bool {
        let address = self.station.settings().address;
        let Some(own) = self.calls.get_mut(&call) else { return false };
        if own.state != CallState::Up || own.changing {
            return false;
        }
        own.session.1 += 1;
        let body = sdp(address, own.session.0, own.session.1 + 1, flow);
        own.flow = flow;
        let contact = self.station.uri(&own.user, own.hop.from, own.hop.over);
        let sent = self.request_within(now, call, Purpose::Change, |dialog| {
            let mut invite = dialog.request(Method::INVITE)?;
            invite.header("Contact", format_args!("<{contact}>"))?;
            invite.body(SDP, &body)?;
            Ok(invite)
        });
        if let Some(own) = self.calls.get_mut(&call) {
            own.changing = sent;
        }
        sent
    }

    /// Asks the other side to call somebody; says whether the REFER went out.
    pub fn refer(&mut self, now: Instant, call: CallId, target: &str) -> bool {
        let Some(own) = self.calls.get(&call).filter(|own| own.state == CallState::Up) else { return false };
        let contact = self.station.uri(&own.user, own.hop.from, own.hop.over);
        self.request_within(now, call, Purpose::Refer, |dialog| {
            let mut refer = dialog.refer(target)?;
            refer.header("Contact", format_args!("<{contact}>"))?;
            Ok(refer)
        })
    }

    /// Tells the other side how the call goes that it asked for; says whether the NOTIFY went out.
    pub fn notify(&mut self, now: Instant, call: CallId, code: u16) -> bool {
        let Some(own) = self.calls.get(&call) else { return false };
        let contact = self.station.uri(&own.user, own.hop.from, own.hop.over);
        self.request_within(now, call, Purpose::Other, |dialog| {
            let mut notify = dialog.notify_refer(code, REFER_SECS)?;
            notify.header("Contact", format_args!("<{contact}>"))?;
            Ok(notify)
        })
    }

    fn request_within(
        &mut self,
        now: Instant,
        call: CallId,
        purpose: Purpose,
        write: impl FnOnce(&mut Dialog) -> Result<Builder, DialogError>,
    ) -> bool {
        let hop = self.hop_within(call);
        let dialog = self.calls.get_mut(&call).and_then(|own| own.dialog.as_mut());
        let Some(Ok(request)) = dialog.map(write) else { return false };
        match self.station.request(now, request, &hop) {
            Ok(transaction) => {
                self.clients.insert(transaction, (call, purpose));
                true
            }
            Err(_) => false,
        }
    }

    /// Where requests of a call go.
    pub(super) fn hop_within(&self, call: CallId) -> Hop {
        let nowhere = Hop::udp(([0, 0, 0, 0], 0).into());
        let Some(own) = self.calls.get(&call) else { return nowhere };
        let known = own.dialog.as_ref().and_then(|dialog| self.station.hop(dialog.next_hop()).ok());
        known.map_or(own.hop, |hop| Hop { from: own.hop.from, ..hop })
    }

    pub(super) fn handle_within(&mut self, now: Instant, id: TransactionId, request: Received) {
        let Some(message) = request.message() else { return };
        let Some(call) = self.find(&message) else {
            self.station.reply(now, id, &request, 481);
            return;
        };
        let Some(own) = self.calls.get_mut(&call) else { return };
        let over = own.state == CallState::Over;
        let fits = match own.dialog.as_mut() {
            Some(dialog) => dialog.handle_request(&message).map_err(|error| error.status()),
            None => Err(481),
        };
        // How a transfer goes may be told after its call has ended.
        let late = over && message.is(Method::NOTIFY) && fits == Err(481);
        match fits {
            Err(code) if !late => {
                self.station.reply(now, id, &request, code);
            }
            _ => self.within(now, call, id, &message, &request),
        }
    }

    fn within(
        &mut self,
        now: Instant,
        call: CallId,
        id: TransactionId,
        message: &Message<'_>,
        request: &Received,
    ) {
        match message.method() {
            Some(Method::BYE) => {
                let was = self.state(call);
                self.station.reply(now, id, request, 200);
                // An INVITE that waits for its answer is over with its dialog (RFC 3261 section 15.1.2).
                self.refuse(now, call, 487, &[]);
                if was != CallState::Over {
                    self.over(now, call);
                    self.events.push_back(Event::HungUp(call, request.clone()));
                }
            }
            Some(Method::INVITE) => self.changed(now, call, id, message, request),
            Some(Method::UPDATE) => {
                if let Some(octets) = self.change_answer(call, message, request) {
                    // Nobody waits where it is over.
                    let _over = self.station.respond_octets(now, id, octets);
                    self.events.push_back(Event::Changed(call, Flow::of(message.body()), request.clone()));
                }
            }
            Some(Method::REFER) => match message.address("Refer-To") {
                Ok(target) => {
                    self.station.reply(now, id, request, 202);
                    let target = target.uri.text.to_owned();
                    self.events.push_back(Event::Referred(call, target, request.clone()));
                }
                Err(error) => drop(self.station.reply(now, id, request, error.status())),
            },
            Some(Method::NOTIFY) => {
                self.station.reply(now, id, request, 200);
                if let Some(code) = refer_status(message) {
                    self.events.push_back(Event::Notified(call, code));
                }
            }
            Some(Method::INFO | Method::OPTIONS | Method::MESSAGE) => {
                self.station.reply(now, id, request, 200);
            }
            _ => drop(self.station.reply(now, id, request, 405)),
        }
    }

    /// A re-INVITE: answered at once, unless one of ours is under way or the last answer has no ACK.
    fn changed(
        &mut self,
        now: Instant,
        call: CallId,
        id: TransactionId,
        message: &Message<'_>,
        request: &Received,
    ) {
        let Some(own) = self.calls.get(&call) else { return };
        if own.changing {
            self.station.reply(now, id, request, 491);
            return;
        }
        if own.accepted.is_some() || own.state != CallState::Up {
            self.station.reply(now, id, request, 500);
            return;
        }
        if let Some(octets) = self.change_answer(call, message, request)
            && self.accept(now, call, id, octets)
        {
            self.events.push_back(Event::Changed(call, Flow::of(message.body()), request.clone()));
        }
    }

    fn change_answer(&mut self, call: CallId, message: &Message<'_>, request: &Received) -> Option<Vec<u8>> {
        let address = self.station.settings().address;
        let own = self.calls.get_mut(&call)?;
        own.session.1 += 1;
        if !message.body().is_empty() {
            own.flow = Flow::of(message.body()).answer();
        }
        let body = sdp(address, own.session.0, own.session.1 + 1, own.flow);
        let mut answer = response(message, 200, None, &own.tag).ok()?;
        let contact = self.station.uri(&own.user, request.port, request.over);
        answer.header("Contact", format_args!("<{contact}>")).ok()?;
        answer.body(SDP, &body).ok()?;
        Some(answer.finish())
    }

    pub(super) fn change_answered(&mut self, now: Instant, call: CallId, response: Option<Received>) {
        let message = response.as_ref().and_then(Received::message);
        let code = message.as_ref().and_then(Message::code).unwrap_or(408);
        if code < 200 {
            return;
        }
        let Some(own) = self.calls.get_mut(&call) else { return };
        let first = std::mem::take(&mut own.changing);
        if let (Some(message), Some(dialog)) = (&message, own.dialog.as_mut()) {
            // What belongs to another dialog changes nothing.
            let _other = dialog.handle_response(message);
        }
        if (200..300).contains(&code)
            && let Some(ack) = own.dialog.as_ref().and_then(|dialog| dialog.ack().ok())
        {
            let hop = self.hop_within(call);
            self.acknowledge(call, ack, hop);
        }
        if first {
            self.events.push_back(Event::ChangeAnswered(call, code));
        }
        self.lost_if(now, call, code);
    }

    pub(super) fn refer_answered(&mut self, now: Instant, call: CallId, response: Option<&Received>) {
        let code = response.and_then(Received::message).and_then(|own| own.code()).unwrap_or(408);
        if code >= 200 {
            self.events.push_back(Event::ReferAnswered(call, code));
            self.lost_if(now, call, code);
        }
    }

    pub(super) fn other_answered(&mut self, now: Instant, call: CallId, response: Option<&Received>) {
        let code = response.and_then(Received::message).and_then(|own| own.code()).unwrap_or(408);
        self.lost_if(now, call, code);
    }

    /// Whoever knows nothing of a call, or does not answer within it, has lost it (RFC 3261 section 12.2.1.2).
    fn lost_if(&mut self, now: Instant, call: CallId, code: u16) {
        if matches!(code, 408 | 481) && self.state(call) == CallState::Up {
            self.hang_up(now, call);
            self.events.push_back(Event::Lost(call, code));
        }
    }
}
