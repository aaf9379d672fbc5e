//! Routes in their order: each is rung for its time, one that fails is passed over, and what takes calls that nobody else
//! does comes last. A redirection is followed to trusted addresses alone.

use std::net::IpAddr;

use tollgate_sip::dialog::Dialog;
use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Builder, Message, Method, redirect_targets};
use tollgate_wire::{Fields, Text};

use super::answers::{Accepted, Route, Target, Unreached};
use super::call::{Attempt, Hunt, Party, Purpose, Side, Stage};
use super::node::Line;
use super::office::{Alarm, Role};
use super::records::cause_of;
use crate::sip::{Carrier, Hop, Received, ip_of};

/// One place to which an INVITE goes.
struct Place {
    uri: String,
    hop: Hop,
    routes: Vec<String>,
    account: Option<Text>,
    auth: Option<Text>,
}

impl Line<'_> {
    /// Makes the routes of an answer ready.
    pub(super) fn prepare(&mut self, accepted: Accepted, number: Text, purpose: Purpose) {
        self.call.hunt = Some(Hunt {
            purpose,
            number,
            called: accepted.called,
            routes: accepted.routes.into(),
            patience: accepted.patience,
            expires_at: self.now + accepted.expires,
            timer: None,
            redirects: None,
            rung: false,
            failed: None,
            refused: false,
        });
        if purpose == Purpose::Call {
            self.call.stage = Stage::Hunting;
        }
    }

    /// Takes the next route.
    pub(super) fn hunt(&mut self) {
        while let Some(hunt) = &mut self.call.hunt {
            if let Some(timer) = hunt.timer.take() {
                self.office.alarms.cancel(timer);
            }
            if self.now >= hunt.expires_at {
                break;
            }
            let Some(route) = hunt.routes.pop_front() else { break };
            let fits = match (&route.when, hunt.failed) {
                (None, _) => !hunt.refused,
                (Some(when), Some((how, _))) => when.contains(&how),
                (Some(_), None) => false,
            };
            if fits && self.follow(route) {
                return;
            }
        }
        let failed = self.call.hunt.as_ref().and_then(|hunt| hunt.failed);
        self.hunt_fails(failed.map_or(503, |(_, code)| code));
    }

    /// Sends the call by one route; says whether anything was sent.
    fn follow(&mut self, route: Route) -> bool {
        let Some(hunt) = &mut self.call.hunt else { return false };
        hunt.redirects.clone_from(&route.redirects);
        hunt.rung = false;
        let number = route.cld.clone().unwrap_or_else(|| hunt.number.clone());
        let called = hunt.called.clone();
        let places = match route.to {
            Target::Number(number) => {
                let Some(account) = called else { return false };
                self.send_onward(account, number);
                return true;
            }
            Target::Point(to) => {
                let uri = format!("sip:{number}@{to}");
                vec![Place { uri, hop: Hop::udp(to), routes: Vec::new(), account: None, auth: route.auth }]
            }
            Target::User(account) => self.telephones(&account),
        };
        if places.is_empty() {
            self.note_failure(Unreached::Offline, 480);
            return false;
        }
        let sent = places.into_iter().filter(|place| self.invite(place)).count();
        if sent == 0 {
            self.note_failure(Unreached::Offline, 503);
            return false;
        }
        if let Some(hunt) = &mut self.call.hunt {
            let at = self.now + hunt.patience;
            hunt.timer = Some(self.office.alarms.set(at, Alarm::Patience(self.call.id)));
        }
        true
    }

    /// Where the telephones of an account are.
    fn telephones(&mut self, account: &Text) -> Vec<Place> {
        let bindings = self.registrar.find(self.now, account);
        let place = |binding: super::registrar::Binding| {
            let first = binding.path.first().and_then(|path| tollgate_sip::NameAddr::parse(path).ok());
            let way = first.map_or(binding.contact.as_str(), |path| path.uri.text);
            let hop = self.office.station.hop(way).ok()?;
            // The connection by which it registered is the only way to some telephones.
            let hop = if hop.to == binding.flow.to
                || binding.flow.over == Carrier::Tcp && binding.path.is_empty()
            {
                binding.flow
            } else {
                hop
            };
            Some(Place {
                uri: binding.contact,
                hop,
                routes: binding.path,
                account: Some(account.clone()),
                auth: None,
            })
        };
        bindings.into_iter().filter_map(place).collect()
    }

    /// Sends an INVITE; says whether it could be sent.
    fn invite(&mut self, place: &Place) -> bool {
        self.call.attempts_made += 1;
        let Ok(own) = self.offer_to(place) else { return false };
        let octets = own.finish();
        let Ok(transaction) = self.office.station.request(self.now, own, &place.hop) else { return false };
        self.office.transactions.insert(transaction, (self.call.id, Role::Attempt));
        self.note_remote(place.hop.to.ip());
        self.call.attempts.push(Attempt {
            transaction,
            octets,
            hop: place.hop,
            account: place.account.clone(),
            dropped: false,
        });
        true
    }

    fn offer_to(&mut self, place: &Place) -> Result<Builder, tollgate_sip::BuildError> {
        let call = &*self.call;
        let offer = call.offer.request.message().ok_or(tollgate_sip::BuildError::Source("Request-URI"))?;
        let hops = offer.next_hops().unwrap_or(0);
        let station = &mut self.office.station;
        let own = station.uri(&call.calling, 0, Carrier::Udp);
        let contact = station.uri("", place.hop.from, place.hop.over);
        let number = call.hunt.as_ref().map_or(&call.dialled, |hunt| &hunt.number);
        let mut invite = Builder::request(Method::INVITE, &place.uri)?;
        for route in &place.routes {
            invite.header("Route", route)?;
        }
        invite.header("Max-Forwards", hops)?;
        let name = call.calling_name.as_deref().map(|name| format!("{} ", quoted(name))).unwrap_or_default();
        invite.header("From", format_args!("{name}<{own}>;tag={}", station.chance.tag()))?;
        invite.header("To", format_args!("<sip:{number}@{}>", place.hop.to))?;
        // As the documents show it: the Call-ID of the caller, and which attempt it is.
        invite.header("Call-ID", format_args!("{}~{}", call.sip_call_id, call.attempts_made))?;
        invite.header("CSeq", "1 INVITE")?;
        invite.header("Contact", format_args!("<{contact}>"))?;
        if let Some(auth) = &place.auth {
            invite.header("PortaOne-Route-Auth", auth)?;
        }
        let transfers = call.hunt.as_ref().is_some_and(|hunt| hunt.purpose != Purpose::Call);
        if !transfers && !offer.body().is_empty() {
            invite.body(offer.content_type().unwrap_or_default(), offer.body())?;
        }
        Ok(invite)
    }

    /// What came of an INVITE to the called side.
    pub(super) fn attempt_answered(&mut self, id: TransactionId, answer: Option<&Received>) {
        let Some(at) = self.call.attempts.iter().position(|own| own.transaction == id) else { return };
        let message = answer.and_then(Received::message);
        let code = message.as_ref().and_then(Message::code).unwrap_or(408);
        match code {
            100 => {}
            101..200 => self.rings(at, code, message.as_ref()),
            200..300 => {
                if let Some((message, answer)) = message.as_ref().zip(answer) {
                    self.answers(at, message, answer);
                }
            }
            _ => {
                let attempt = self.call.attempts.remove(at);
                if !attempt.dropped {
                    self.declines(code, message.as_ref(), &attempt);
                }
            }
        }
    }

    fn rings(&mut self, at: usize, code: u16, message: Option<&Message<'_>>) {
        if self.call.attempts.get(at).is_none_or(|own| own.dropped) {
            return;
        }
        if matches!(code, 180 | 183) {
            self.call.alerted.get_or_insert(self.now);
            if let Some(hunt) = &mut self.call.hunt {
                hunt.rung = true;
            }
        }
        match self.call.hunt.as_ref().map(|hunt| hunt.purpose) {
            Some(Purpose::Call) => self.reply(code, message),
            Some(Purpose::Transfer(by)) => self.notify(by, code),
            None => {}
        }
    }

    /// Somebody answers.
    fn answers(&mut self, at: usize, message: &Message<'_>, answer: &Received) {
        let attempt = self.call.attempts.remove(at);
        let Ok(invite) = Message::parse(&attempt.octets) else { return };
        let Ok(dialog) = Dialog::caller(&invite, message) else { return };
        let flow = Hop { to: answer.source, over: answer.over, from: answer.port, stream: answer.stream };
        let mut party = Party { dialog, flow, account: attempt.account, ack: None };
        let hunt = if attempt.dropped { None } else { self.call.hunt.take() };
        let Some(hunt) = hunt else {
            // Nobody waits for it any more: taken and ended at once.
            self.acknowledge(&mut party, None);
            return self.say_bye(&mut party);
        };
        if let Some(timer) = hunt.timer {
            self.office.alarms.cancel(timer);
        }
        self.drop_attempts();
        let remote = attempt.hop.to.ip();
        match hunt.purpose {
            Purpose::Call => self.connect(party, message, remote),
            Purpose::Transfer(by) => self.transferred(by, party, message, remote),
        }
    }

    /// Nobody takes the call there.
    fn declines(&mut self, code: u16, message: Option<&Message<'_>>, attempt: &Attempt) {
        let rung = self.call.hunt.as_ref().is_some_and(|hunt| hunt.rung);
        if let (300..400, Some(message)) = (code, message) {
            match self.redirected(message, attempt) {
                Redirected::Followed => return,
                Redirected::Refused => {
                    self.note_failure(Unreached::Offline, 403);
                    if let Some(hunt) = &mut self.call.hunt {
                        hunt.refused = true;
                    }
                }
                Redirected::NotAllowed => self.note_failure(Unreached::Offline, 480),
            }
        } else {
            let how = match code {
                486 | 600 | 603 => Unreached::Busy,
                _ if rung => Unreached::NoAnswer,
                _ => Unreached::Offline,
            };
            // The called party itself: by another way it would say the same.
            if matches!(code, 486 | 600 | 603)
                && let Some(hunt) = &mut self.call.hunt
            {
                hunt.refused = true;
            }
            self.note_failure(how, if code == 408 { 480 } else { code });
        }
        if self.call.attempts.iter().all(|own| own.dropped) {
            self.hunt();
        }
    }

    /// Follows a redirection, where the route allows any.
    fn redirected(&mut self, message: &Message<'_>, attempt: &Attempt) -> Redirected {
        let Some(hunt) = &self.call.hunt else { return Redirected::NotAllowed };
        let Some(redirects) = hunt.redirects.clone() else { return Redirected::NotAllowed };
        let called = hunt.called.clone();
        let targets: Vec<(String, Option<IpAddr>, Option<Text>)> = redirect_targets(message)
            .iter()
            .map(|own| (own.uri.text.to_owned(), ip_of(own.uri.host), own.uri.user.map(Text::from)))
            .collect();
        for (uri, _, _) in
            targets.iter().filter(|(_, ip, _)| ip.is_some_and(|ip| redirects.trusted.contains(&ip)))
        {
            let Ok(hop) = self.office.station.hop(uri) else { continue };
            let place = Place {
                uri: uri.clone(),
                hop,
                routes: Vec::new(),
                account: attempt.account.clone(),
                auth: None,
            };
            if self.invite(&place) {
                self.office.station.out.observe("redirected", || redirection(uri, "followed"));
                return Redirected::Followed;
            }
        }
        let Some((uri, _, user)) = targets.into_iter().next() else { return Redirected::NotAllowed };
        match (redirects.authorises, called, user) {
            (true, Some(account), Some(number)) => {
                self.office.station.out.observe("redirected", || redirection(&uri, "authorized-anew"));
                if let Some(timer) = self.call.hunt.as_mut().and_then(|hunt| hunt.timer.take()) {
                    self.office.alarms.cancel(timer);
                }
                self.send_onward(account, number);
                Redirected::Followed
            }
            _ => {
                self.office.station.out.observe("redirected", || redirection(&uri, "refused"));
                Redirected::Refused
            }
        }
    }

    fn note_failure(&mut self, how: Unreached, code: u16) {
        if let Some(hunt) = &mut self.call.hunt {
            hunt.failed = Some((how, code));
        }
    }

    /// The present route was rung for long enough.
    pub(super) fn patience_ends(&mut self) {
        let Some(hunt) = &mut self.call.hunt else { return };
        hunt.timer = None;
        let how = if hunt.rung { Unreached::NoAnswer } else { Unreached::Offline };
        self.note_failure(how, 480);
        self.drop_attempts();
        self.hunt();
    }

    /// Takes back every INVITE that is under way.
    pub(super) fn drop_attempts(&mut self) {
        if let Some(timer) = self.call.hunt.as_mut().and_then(|hunt| hunt.timer.take()) {
            self.office.alarms.cancel(timer);
        }
        for attempt in self.call.attempts.iter_mut().filter(|own| !own.dropped) {
            attempt.dropped = true;
            // One that is over has nothing to take back.
            let _over = self.office.station.cancel(self.now, attempt.transaction);
        }
    }

    /// The transaction of an INVITE is over.
    pub(super) fn attempt_ended(&mut self, id: TransactionId) {
        self.call.attempts.retain(|own| own.transaction != id);
    }

    /// No route leads to the called party.
    pub(super) fn hunt_fails(&mut self, code: u16) {
        match self.call.hunt.as_ref().map(|hunt| hunt.purpose) {
            Some(Purpose::Transfer(by)) => {
                self.call.hunt = None;
                self.stop_unconnected(cause_of(code));
                self.transfer_fails(by, code);
            }
            _ if self.call.stage == Stage::Talking => {}
            _ => self.fail(code),
        }
    }

    /// The called side has answered the caller's call.
    fn connect(&mut self, mut party: Party, message: &Message<'_>, remote: IpAddr) {
        let offers = self.call.offer.request.message().is_some_and(|own| !own.body().is_empty());
        if offers {
            self.acknowledge(&mut party, None);
        }
        self.office.dialogs.insert(party.dialog.id().clone(), (self.call.id, Side::Callee));
        self.call.callee = Some(party);
        self.call.stage = Stage::Talking;
        self.reply(200, Some(message));
        self.connect_legs(remote);
    }
}

/// What became of a redirection.
#[derive(Debug, PartialEq, Eq)]
enum Redirected {
    Followed,
    /// It leads to an address that is not trusted.
    Refused,
    /// The route is none that redirects.
    NotAllowed,
}

fn redirection(uri: &str, what: &'static str) -> Fields {
    Fields::with_capacity(2).with("outcome", what).with("target", uri)
}

fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for sign in name.chars() {
        if matches!(sign, '"' | '\\') {
            text.push('\\');
        }
        text.push(sign);
    }
    text.push('"');
    text
}

/// Where a request within a dialog goes: by its URI, by the way that its party's messages came where that is the same place.
pub(super) fn hop_of(station: &crate::sip::Station, party: &Party) -> Hop {
    match station.hop(party.dialog.next_hop()) {
        Ok(hop) if hop.to != party.flow.to => hop,
        _ => party.flow,
    }
}
