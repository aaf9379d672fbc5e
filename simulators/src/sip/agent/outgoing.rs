//! The caller's side: INVITE, the answers to it, their ACK, and CANCEL.

use tollgate_sip::Message;
use tollgate_sip::dialog::Dialog;
use tollgate_sip::transaction::TransactionId;
use tollgate_time::Instant;

use super::call::{Call, CallState};
use super::{Agent, CALLS_MAX, CallId, Draft, Event, Flow, Purpose, SDP, sdp};
use crate::sip::hop::Hop;
use crate::sip::station::SendError;
use crate::sip::transport::Received;

impl Agent {
    /// Calls. The draft is an INVITE without Contact; a body is offered where it has none. `user` is that of Contact.
    ///
    /// # Errors
    /// It could not be written or sent, or too many calls are up.
    pub fn invite(&mut self, now: Instant, mut draft: Draft, user: &str) -> Result<CallId, SendError> {
        if self.calls.len() >= CALLS_MAX {
            return Err(tollgate_sip::transaction::TransactionError::Full.into());
        }
        let number = self.draw();
        let call = CallId(number);
        if draft.body.0.is_empty() {
            let body = sdp(self.station.settings().address, number, 1, Flow::Both);
            draft.body = (SDP.to_owned(), body);
        }
        let invite = self.send_invite(now, call, &mut draft, user)?;
        let own = Call::caller(draft, user, invite, number);
        if let Some(id) = own.id() {
            self.dialogs.insert(id, call);
        }
        self.calls.insert(call, own);
        Ok(call)
    }

    fn send_invite(
        &mut self,
        now: Instant,
        call: CallId,
        draft: &mut Draft,
        user: &str,
    ) -> Result<TransactionId, SendError> {
        let mut request = draft.build(&mut self.station.chance)?;
        let contact = self.station.uri(user, draft.hop.from, draft.hop.over);
        request.set("Contact", format_args!("<{contact}>"))?;
        let invite = self.station.request(now, request, &draft.hop)?;
        self.clients.insert(invite, (call, Purpose::Invite));
        Ok(invite)
    }

    /// Takes a call that has just failed to another place, with the same Call-ID and the next number (RFC 3261
    /// section 8.1.3.4). Says whether it went out.
    pub fn retarget(&mut self, now: Instant, call: CallId, uri: &str, hop: Hop) -> bool {
        let Some(own) = self.calls.get_mut(&call) else { return false };
        let Some(mut draft) = own.draft.take() else { return false };
        draft.retarget(uri, hop);
        own.hop = hop;
        self.try_again(now, call, draft)
    }

    fn try_again(&mut self, now: Instant, call: CallId, mut draft: Draft) -> bool {
        let Some(user) = self.calls.get(&call).map(|own| own.user.clone()) else { return false };
        let sent = self.send_invite(now, call, &mut draft, &user);
        let Some(own) = self.calls.get_mut(&call) else { return false };
        own.draft = Some(draft);
        match sent {
            Ok(invite) => {
                own.invite = invite;
                own.dialog = None;
                own.state = CallState::Calling;
                true
            }
            Err(_) => false,
        }
    }

    /// Takes a call of ours back before it is answered; says whether it was not answered yet. It ends by its own final
    /// answer; one that is answered all the same is hung up.
    pub fn cancel(&mut self, now: Instant, call: CallId) -> bool {
        let Some(own) = self.calls.get_mut(&call) else { return false };
        if own.state != CallState::Calling {
            return false;
        }
        own.cancelled = true;
        // Where the final answer is on its way already, there is nothing to take back.
        let _over = self.station.cancel(now, own.invite);
        true
    }

    pub(super) fn invite_answered(
        &mut self,
        now: Instant,
        call: CallId,
        transaction: TransactionId,
        response: Option<Received>,
    ) {
        let Some(message) = response.as_ref().and_then(Received::message) else {
            return self.failed(now, call, transaction, 408, None);
        };
        match message.code().unwrap_or_default() {
            100 => {}
            code @ ..200 => {
                let Some(own) = self.calls.get_mut(&call) else { return };
                if own.dialog.is_none() {
                    let invite = own.draft.as_ref().and_then(sent);
                    own.dialog = invite.and_then(|invite| caller(&invite, &message));
                }
                if let Some(response) = response.filter(|_| own.state == CallState::Calling) {
                    self.events.push_back(Event::Progress(call, code, response));
                }
            }
            200..300 => self.accepted(now, call, &message, response.clone()),
            code => {
                let Some(own) = self.calls.get_mut(&call) else { return };
                let again = !own.cancelled && own.state == CallState::Calling;
                let challenged = own.draft.as_mut().is_some_and(|draft| again && draft.challenged(&message));
                if challenged
                    && let Some(draft) = own.draft.take()
                    && self.try_again(now, call, draft)
                {
                    return;
                }
                self.failed(now, call, transaction, code, response.clone());
            }
        }
    }

    fn failed(
        &mut self,
        now: Instant,
        call: CallId,
        transaction: TransactionId,
        code: u16,
        response: Option<Received>,
    ) {
        let waits = self
            .calls
            .get(&call)
            .is_some_and(|own| own.state == CallState::Calling && own.invite == transaction);
        if waits {
            self.over(now, call);
            self.events.push_back(Event::Failed(call, code, response));
        }
    }

    fn accepted(&mut self, now: Instant, call: CallId, message: &Message<'_>, response: Option<Received>) {
        let Some(own) = self.calls.get_mut(&call) else { return };
        let tag = message.to().ok().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
        let known = own.dialog.as_ref().is_some_and(|dialog| dialog.id().remote_tag == tag);
        if own.state != CallState::Calling {
            if known {
                self.acknowledge_again(call);
            } else {
                self.end_branch(now, call, message);
            }
            return;
        }
        let confirmed = known && own.dialog.as_mut().is_some_and(|own| own.handle_response(message).is_ok());
        if !confirmed {
            let invite = own.draft.as_ref().and_then(sent);
            own.dialog = invite.and_then(|invite| caller(&invite, message));
        }
        let Some(ack) = own.dialog.as_ref().and_then(|dialog| dialog.ack().ok()) else {
            // Nobody could reach who answered like that.
            self.over(now, call);
            self.events.push_back(Event::Failed(call, 500, response));
            return;
        };
        own.state = CallState::Up;
        let hop = self.hop_within(call);
        self.acknowledge(call, ack, hop);
        if self.calls.get(&call).is_some_and(|own| own.cancelled) {
            self.hang_up(now, call);
            self.events.push_back(Event::Failed(call, 487, None));
        } else if let Some(response) = response {
            self.events.push_back(Event::Answered(call, response));
        }
    }

    pub(super) fn acknowledge(&mut self, call: CallId, ack: tollgate_sip::Builder, hop: Hop) {
        // What cannot be sent is sent again when the 2xx comes again.
        let _unsent = self.station.send(ack.clone(), &hop);
        if let Some(own) = self.calls.get_mut(&call) {
            own.ack = Some((ack, hop));
        }
    }

    fn acknowledge_again(&mut self, call: CallId) {
        if let Some((ack, hop)) = self.calls.get(&call).and_then(|own| own.ack.clone()) {
            let _unsent = self.station.send(ack, &hop);
        }
    }

    /// A second one has answered: it is acknowledged and hung up (RFC 3261 section 13.2.2.4).
    fn end_branch(&mut self, now: Instant, call: CallId, message: &Message<'_>) {
        let Some(own) = self.calls.get(&call) else { return };
        let invite = own.draft.as_ref().and_then(sent);
        let Some(mut dialog) = invite.and_then(|invite| caller(&invite, message)) else { return };
        let hop = self.station.hop(dialog.next_hop()).unwrap_or(own.hop);
        if let Ok(ack) = dialog.ack() {
            let _unsent = self.station.send(ack, &hop);
        }
        if let Ok(bye) = dialog.request(tollgate_sip::Method::BYE)
            && let Ok(transaction) = self.station.request(now, bye, &hop)
        {
            self.clients.insert(transaction, (call, Purpose::Other));
        }
    }

    /// A 2xx whose transaction is over: its ACK was lost, and goes again.
    pub(super) fn handle_stray(&mut self, response: &Received) {
        let Some(message) = response.message() else { return };
        if message.code().is_some_and(|code| (200..300).contains(&code))
            && let Some(call) = self.find(&message)
        {
            self.acknowledge_again(call);
        }
    }
}

/// What a dialog takes from the INVITE that was sent.
fn sent(draft: &Draft) -> Option<Vec<u8>> {
    let mut own = tollgate_sip::Builder::request(tollgate_sip::Method::INVITE, &draft.uri).ok()?;
    own.header("From", &draft.from).ok()?;
    own.header("To", &draft.to).ok()?;
    own.header("Call-ID", &draft.call_id).ok()?;
    own.header("CSeq", format_args!("{} INVITE", draft.cseq)).ok()?;
    Some(own.finish())
}

fn caller(invite: &[u8], response: &Message<'_>) -> Option<Dialog> {
    Dialog::caller(&Message::parse(invite).ok()?, response).ok()
}
