//! How a call begins: the caller is challenged or known, the charging system is asked about him, about the called account,
//! and about where that one sends its calls.

use std::net::IpAddr;

use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Auth, Message, response};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::answers::{Accepted, Verdict};
use super::call::{CALLS_MAX, Call, CallId, Offer, Purpose, Remote, Stage};
use super::messages::{About, Ask, Digest, Origin};
use super::node::{Line, SipServer};
use super::office::{Office, Role};
use super::records::{NORMAL, Opening, cause_of};
use crate::sip::Received;

/// The access codes of what goes out for an account and of what comes in for it.
pub(super) const OUTGOING: &str = "OUTGOING";
pub(super) const INCOMING: &str = "INCOMING";
/// How often a call is sent on to another number.
const ONWARD_MAX: u32 = 5;

/// Who asks for something.
pub(super) enum Caller {
    /// Known by its address: the name is that.
    Gateway(Text),
    /// He has answered a challenge.
    User(Box<Digest>),
    /// He is to be challenged; his last answer is too old.
    Stranger { stale: bool },
}

impl Office {
    /// Who sends a request.
    pub(super) fn identify(
        &mut self,
        now: Instant,
        message: &Message<'_>,
        origin: IpAddr,
        method: &'static str,
    ) -> Caller {
        if method != "REGISTER" && self.settings.gateways.contains(&origin) {
            return Caller::Gateway(Text::from(origin.to_string()));
        }
        let realm = self.settings.realm.as_str();
        let own =
            |auth: &Auth<'_>| auth.is_digest() && auth.get("realm").is_some_and(|named| *named == *realm);
        let given = message.auths("Authorization").filter_map(Result::ok).find(own);
        let Some(digest) = given.and_then(|auth| Digest::of(&auth, method)) else {
            return Caller::Stranger { stale: false };
        };
        if !self.nonces.admits(now, &digest.nonce, digest.count()) {
            return Caller::Stranger { stale: true };
        }
        Caller::User(Box::new(digest))
    }

    /// Answers a request with a challenge. The charging system judges the answer, and knows MD5 alone.
    pub(super) fn challenge(&mut self, now: Instant, id: TransactionId, request: &Received, stale: bool) {
        let Some(message) = request.message() else { return };
        let random = self.station.chance.octets();
        let algorithm = tollgate_sip::digest::Algorithm::Md5;
        let challenge = self.nonces.challenge(now, &self.settings.realm, random, algorithm, stale);
        let tag = self.station.chance.tag();
        let written = response(&message, 401, None, &tag).and_then(|mut own| {
            own.header("WWW-Authenticate", challenge)?;
            Ok(own)
        });
        if let Ok(own) = written {
            // Where its transaction is over, nobody waits for it.
            let _over = self.station.respond(now, id, &own);
        }
    }
}

impl SipServer {
    /// A call comes in.
    pub(super) fn begin(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        if self.calls.len() >= CALLS_MAX {
            return self.office.turn_down(now, id, request, 503);
        }
        let dialled =
            message.uri().ok().and_then(|uri| uri.user.map(Text::from)).filter(|user| !user.is_empty());
        let Some(dialled) = dialled else {
            return self.office.turn_down(now, id, request, 484);
        };
        let remote = self.office.settings.origin(&message, request);
        let caller = self.office.identify(now, &message, remote, "INVITE");
        let from = message.from().ok();
        let number = from.and_then(|own| own.uri.user).unwrap_or_default();
        let name = from.and_then(|own| own.display_name()).map(Text::from).filter(|name| !name.is_empty());
        let (user, digest, account) = match caller {
            Caller::Stranger { stale } => return self.office.challenge(now, id, request, stale),
            Caller::Gateway(name) => (name.clone(), None, Some(name)),
            Caller::User(digest) => {
                let user = Text::from(digest.username.as_str());
                (user.clone(), Some(digest), Some(user))
            }
        };
        self.calls_made += 1;
        let number = if number.is_empty() { user.as_str() } else { number };
        let call = Call {
            id: CallId(self.calls_made),
            stage: Stage::Asking,
            offer: Offer {
                transaction: id,
                request: request.clone(),
                tag: self.office.station.chance.tag(),
                answer: None,
                answered: false,
            },
            caller: None,
            callee: None,
            account,
            remote,
            calling: number.into(),
            calling_name: name,
            dialled,
            conf_id: self.office.draw_conf_id(),
            seed: self.office.draw_seed(),
            sip_call_id: message.call_id().unwrap_or_default().into(),
            setup: now,
            alerted: None,
            hunt: None,
            attempts: Vec::new(),
            attempts_made: 0,
            charges: Vec::new(),
            relays: Vec::new(),
            asked: 0,
            onward: 0,
            cut: None,
            interim: None,
            left: None,
        };
        let call_id = call.id;
        self.office.transactions.insert(id, (call_id, Role::Offer));
        self.calls.insert(call_id, call);
        self.with_line(now, call_id, |line| {
            let called = line.call.dialled.clone();
            line.ask(About::Caller(call_id), user, "INVITE", called, digest, None);
        });
    }
}

impl Line<'_> {
    /// Asks the charging system about this call; `conf` is the session of a part of it that is a call of its own.
    pub(super) fn ask(
        &mut self,
        about: About,
        user: Text,
        method: &'static str,
        called: Text,
        digest: Option<Box<Digest>>,
        conf: Option<Text>,
    ) {
        let call = &*self.call;
        let (conf_id, parent) = match conf {
            Some(own) => (own, Some(call.conf_id.clone())),
            None => (call.conf_id.clone(), None),
        };
        let ask = Ask {
            about,
            user,
            method,
            called: Some(called),
            calling: call.calling.clone(),
            conf_id,
            parent,
            call_id: call.sip_call_id.clone(),
            remote: call.remote,
            seed: call.seed.clone(),
            name: call.calling_name.clone(),
            digest,
        };
        if self.office.ask(self.now, ask) {
            self.call.asked += 1;
        } else {
            self.hunt_fails(503);
        }
    }

    /// The charging system has judged the caller.
    pub(super) fn caller_answered(&mut self, ask: &Ask, verdict: Verdict) {
        self.call.asked = self.call.asked.saturating_sub(1);
        let accepted = match verdict {
            Verdict::Refused(refused) => return self.refuse(refused.status(), &refused.explanation),
            Verdict::Accepted(accepted) => accepted,
        };
        let number = accepted.number.clone().unwrap_or_else(|| self.call.dialled.clone());
        // What a gateway hands in for an account of ours is nobody's call here: the called account is asked about it.
        if ask.digest.is_none() && !accepted.has_product {
            self.call.account = None;
        } else {
            let user = ask.user.clone();
            for (origin, remote) in [(Origin::Answer, Remote::Caller), (Origin::Originate, Remote::Callee)] {
                self.open_leg(Opening {
                    user: user.clone(),
                    origin,
                    called: number.clone(),
                    conf_id: ask.conf_id.clone(),
                    parent: None,
                    access_code: OUTGOING,
                    rate_pattern: accepted.rate_pattern.clone().filter(|_| origin == Origin::Originate),
                    remote,
                    grant: accepted.grant.filter(|_| origin == Origin::Originate),
                });
            }
        }
        self.go_on(*accepted, number, Purpose::Call);
    }

    /// Follows the routes of an answer, after the called account was asked about what comes in.
    pub(super) fn go_on(&mut self, accepted: Accepted, number: Text, purpose: Purpose) {
        if self.call.stage == Stage::Over {
            // He has hung up meanwhile: what was granted is given back.
            return self.stop_legs(self.now, NORMAL);
        }
        let called = accepted.called.clone();
        let elsewhere = accepted.elsewhere.clone();
        self.prepare(accepted, number.clone(), purpose);
        match called {
            Some(account) => {
                if let Some(hunt) = &mut self.call.hunt {
                    hunt.routes.extend(elsewhere.map(super::answers::Route::elsewhere));
                }
                self.ask(About::Incoming(self.call.id), account, "INVITE", number, None, None);
            }
            None => self.hunt(),
        }
    }

    /// The charging system has judged what comes in for the called account.
    pub(super) fn incoming_answered(&mut self, ask: &Ask, verdict: Verdict) {
        self.call.asked = self.call.asked.saturating_sub(1);
        let accepted = match verdict {
            // That the called account may not be called is none of the caller's business.
            Verdict::Refused(_) => return self.hunt_fails(480),
            Verdict::Accepted(accepted) => accepted,
        };
        self.open_leg(Opening {
            user: ask.user.clone(),
            origin: Origin::Answer,
            called: ask.called.clone().unwrap_or_default(),
            conf_id: ask.conf_id.clone(),
            parent: ask.parent.clone(),
            access_code: INCOMING,
            rate_pattern: None,
            remote: Remote::Caller,
            grant: accepted.grant,
        });
        if self.call.stage == Stage::Over {
            return self.stop_legs(self.now, NORMAL);
        }
        self.hunt();
    }

    /// Sends the call on to another number, on this account's behalf: a call of its own for the charging system.
    pub(super) fn send_onward(&mut self, account: Text, number: Text) {
        self.call.onward += 1;
        if self.call.onward > ONWARD_MAX {
            return self.hunt_fails(482);
        }
        let conf = self.office.draw_conf_id();
        // The way on is the next leg's.
        for charge in self.call.charges.iter_mut().filter(|charge| charge.leg.connected.is_none()) {
            if charge.remote == Remote::Callee {
                charge.remote = Remote::Own;
            }
        }
        self.ask(About::Onward(self.call.id), account, "INVITE", number, None, Some(conf));
    }

    /// Opens the leg of a call that goes on to another party, where the charging system permits it; answers with what it granted
    /// and the number in full. A refusal ends the hunt.
    pub(super) fn further_leg(&mut self, ask: &Ask, verdict: Verdict) -> Option<(Box<Accepted>, Text)> {
        self.call.asked = self.call.asked.saturating_sub(1);
        let accepted = match verdict {
            Verdict::Refused(refused) => {
                self.hunt_fails(refused.status());
                return None;
            }
            Verdict::Accepted(accepted) => accepted,
        };
        let number = accepted.number.clone().or_else(|| ask.called.clone()).unwrap_or_default();
        self.open_leg(Opening {
            user: ask.user.clone(),
            origin: Origin::Originate,
            called: number.clone(),
            conf_id: ask.conf_id.clone(),
            parent: ask.parent.clone(),
            access_code: OUTGOING,
            rate_pattern: accepted.rate_pattern.clone(),
            remote: Remote::Callee,
            grant: accepted.grant,
        });
        Some((accepted, number))
    }

    /// The charging system has judged a call that is sent on.
    pub(super) fn onward_answered(&mut self, ask: &Ask, verdict: Verdict) {
        let Some((accepted, number)) = self.further_leg(ask, verdict) else { return };
        let purpose = self.call.hunt.as_ref().map_or(Purpose::Call, |hunt| hunt.purpose);
        self.go_on(*accepted, number, purpose);
    }

    /// The charging system refuses the call.
    fn refuse(&mut self, code: u16, why: &Text) {
        let why = why.clone();
        self.office
            .station
            .out
            .observe("refused", || Fields::with_capacity(2).with("why", why).with("status", u32::from(code)));
        self.fail(code);
    }

    /// Nobody judged: the call is not made.
    pub(super) fn unanswered(&mut self) {
        self.call.asked = self.call.asked.saturating_sub(1);
        self.fail(503);
    }

    /// The call comes to nothing.
    pub(super) fn fail(&mut self, code: u16) {
        self.reply(code, None);
        self.drop_attempts();
        self.call.stage = Stage::Over;
        self.call.hunt = None;
        self.stop_legs(self.now, cause_of(code));
    }

    /// The caller takes his call back.
    pub(super) fn caller_gives_up(&mut self) {
        if self.call.offer.answered {
            return;
        }
        self.fail(487);
    }

    /// Answers the caller's INVITE, with the description of a session that the other side gave.
    pub(super) fn reply(&mut self, code: u16, from: Option<&Message<'_>>) {
        if self.call.offer.answered {
            return;
        }
        let offer = &self.call.offer;
        let Some(invite) = offer.request.message() else { return };
        let contact = self.office.station.uri("", offer.request.port, offer.request.over);
        let written = response(&invite, code, None, &offer.tag).and_then(|mut own| {
            if (101..300).contains(&code) {
                own.header("Contact", format_args!("<{contact}>"))?;
            }
            if let Some(from) = from.filter(|from| !from.body().is_empty()) {
                own.body(from.content_type().unwrap_or_default(), from.body())?;
            }
            Ok(own)
        });
        let Ok(own) = written else { return };
        let octets = own.finish();
        // A caller that is gone is told nothing.
        let _gone = self.office.station.respond_octets(self.now, offer.transaction, octets.clone());
        if code >= 200 {
            self.call.offer.answered = true;
        }
        if (200..300).contains(&code) {
            self.caller_connected(octets);
        }
    }
}
