//! A party that is to be connected with somebody else (REFER, RFC 3515): the one who transfers pays for the new call. The
//! other one goes on talking, with the new party's description of the session.

use std::net::IpAddr;

use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Message, Method, response};
use tollgate_wire::Text;

use super::answers::Verdict;
use super::call::{Party, Purpose, Side, Stage};
use super::hunt::hop_of;
use super::messages::{About, Ask};
use super::node::Line;
use super::office::Role;
use super::records::NORMAL;
use crate::sip::Received;

/// How long the one who transfers is told how it fares, in seconds.
const NOTIFY_SECS: u32 = 60;

impl Line<'_> {
    /// A party asks that the other one be connected with somebody else.
    pub(super) fn transfer(&mut self, id: TransactionId, side: Side, request: &Received) {
        let Some(message) = request.message() else { return };
        let target = message.address("Refer-To").ok().and_then(|own| own.uri.user.map(Text::from));
        let account = self.call.party(side).and_then(|party| party.account.clone());
        let code = match (&target, &account) {
            _ if self.call.stage != Stage::Talking || self.call.hunt.is_some() || self.call.asked > 0 => 491,
            (None, _) => 400,
            // Whoever has no account here has nothing to pay with.
            (Some(_), None) => 403,
            (Some(_), Some(_)) => 202,
        };
        let (Some(target), Some(account), 202) = (target, account, code) else {
            return self.office.turn_down(self.now, id, request, code);
        };
        let contact = self.office.station.uri("", request.port, request.over);
        let written = response(&message, 202, None, "").and_then(|mut own| {
            own.header("Contact", format_args!("<{contact}>"))?;
            Ok(own)
        });
        if let Ok(own) = written {
            // Whoever asked may be gone; the transfer goes on.
            let _gone = self.office.station.respond(self.now, id, &own);
        }
        self.call.left = None;
        self.prepare(super::answers::Accepted::default(), target.clone(), Purpose::Transfer(side));
        self.notify(side, 100);
        let conf = self.office.draw_conf_id();
        self.ask(About::Transfer(self.call.id), account, "REFER", target, None, Some(conf));
    }

    /// The charging system has judged a transfer.
    pub(super) fn transfer_answered(&mut self, ask: &Ask, verdict: Verdict) {
        let Some((accepted, number)) = self.further_leg(ask, verdict) else { return };
        let Some(Purpose::Transfer(by)) = self.call.hunt.as_ref().map(|hunt| hunt.purpose) else {
            return self.stop_unconnected(NORMAL);
        };
        self.go_on(*accepted, number, Purpose::Transfer(by));
    }

    /// Nobody judged a transfer.
    pub(super) fn transfer_unanswered(&mut self) {
        self.call.asked = self.call.asked.saturating_sub(1);
        self.hunt_fails(503);
    }

    /// Whether somebody is to take this side's place.
    pub(super) fn is_being_replaced(&self, side: Side) -> bool {
        self.call.hunt.as_ref().is_some_and(|hunt| hunt.purpose == Purpose::Transfer(side))
    }

    /// Tells the one who transfers how it fares.
    pub(super) fn notify(&mut self, side: Side, code: u16) {
        if self.call.left == Some(side) {
            return;
        }
        let Some(party) = self.call.party_mut(side) else { return };
        let hop = hop_of(&self.office.station, party);
        if let Ok(own) = party.dialog.notify_refer(code, NOTIFY_SECS) {
            // Whether he hears it changes nothing.
            let _gone = self.office.station.request(self.now, own, &hop);
        }
    }

    /// The new party has answered: it takes the place of the one who transfers.
    pub(super) fn transferred(&mut self, by: Side, mut party: Party, message: &Message<'_>, remote: IpAddr) {
        self.acknowledge(&mut party, None);
        self.notify(by, 200);
        if let Some(mut old) = self.call.slot(by).take() {
            if self.call.left != Some(by) {
                self.say_bye(&mut old);
            }
            self.office.dialogs.remove(old.dialog.id());
        }
        self.call.left = None;
        self.office.dialogs.insert(party.dialog.id().clone(), (self.call.id, by));
        *self.call.slot(by) = Some(party);
        self.connect_legs(remote);
        self.offer_anew(by.other(), message);
    }

    /// Tells a party whom it talks to now, by an INVITE within its dialog.
    fn offer_anew(&mut self, side: Side, from: &Message<'_>) {
        let Some(party) = self.call.party_mut(side) else { return };
        let hop = hop_of(&self.office.station, party);
        let Ok(mut own) = party.dialog.request(Method::INVITE) else { return };
        let contact = self.office.station.uri("", hop.from, hop.over);
        let body = from.content_type().unwrap_or_default();
        if own.header("Contact", format_args!("<{contact}>")).is_err() {
            return;
        }
        if !from.body().is_empty() && own.body(body, from.body()).is_err() {
            return;
        }
        if let Ok(id) = self.office.station.request(self.now, own, &hop) {
            self.office.transactions.insert(id, (self.call.id, Role::Change(side)));
        }
    }

    /// A party has answered the INVITE that told it of its new partner.
    pub(super) fn changed(&mut self, side: Side, answer: Option<&Received>) {
        let Some(message) = answer.and_then(Received::message) else { return };
        if !(200..300).contains(&message.code().unwrap_or_default()) {
            return;
        }
        if let Some(mut party) = self.call.slot(side).take() {
            // What belongs to another dialog changes nothing of this one.
            let _other = party.dialog.handle_response(&message);
            self.acknowledge(&mut party, None);
            *self.call.slot(side) = Some(party);
        }
    }

    /// The transfer comes to nothing: the call goes on, unless the one who wanted it has left already.
    pub(super) fn transfer_fails(&mut self, by: Side, code: u16) {
        if self.call.left == Some(by) {
            self.end(Some(by), self.now, NORMAL, by.name());
        } else {
            self.notify(by, code);
        }
    }
}
