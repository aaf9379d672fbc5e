//! Registrations: a telephone is challenged, the charging system judges its answer, the registrar keeps where it is, and
//! other registrars are told without being waited for (INTEROP, third_party_registrars).

use std::collections::BTreeMap;

use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{BRANCH_COOKIE, BuildError, Builder, Message, Method, response};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::answers::Verdict;
use super::begin::Caller;
use super::messages::{About, Ask};
use super::node::{SWEEP, SipServer};
use super::office::{Alarm, Office};
use super::registrar::{Binding, Registrar, Wish};
use super::settings::Settings;
use crate::sip::{Carrier, Hop, Received, Station};

/// Registrations that wait for the charging system at once.
const WAITING_MAX: usize = 1 << 16;

/// A registration that the charging system is asked about.
#[derive(Debug)]
pub(super) struct Registration {
    transaction: TransactionId,
    request: Received,
    account: Text,
}

/// Those that wait.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    waiting: BTreeMap<u64, Registration>,
    made: u64,
    /// CSeq towards other registrars.
    told: u32,
}

impl Registrations {
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Keeps one; `None` where too many wait.
    pub(super) fn keep(&mut self, registration: Registration) -> Option<u64> {
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        self.made += 1;
        self.waiting.insert(self.made, registration);
        Some(self.made)
    }

    /// Tells other registrars, and waits for nobody.
    fn tell(&mut self, settings: &Settings, station: &mut Station, account: &str, left: u64) {
        for (to, over) in &settings.third_party_registrars {
            self.told = self.told.wrapping_add(1) & 0x7fff_ffff;
            let hop = Hop { over: *over, ..Hop::udp(*to) };
            if let Ok(own) = third_party(settings, station, self.told, (account, left), &hop) {
                // Nobody waits for it: the next registration tells it again.
                let _gone = station.send(own, &hop);
            }
        }
    }
}

/// A registration in the name of an account. Not the telephone speaks, but its server (TS 24.229 section 5.4.1.7 names the
/// parties so).
fn third_party(
    settings: &Settings,
    station: &mut Station,
    told: u32,
    (account, left): (&str, u64),
    hop: &Hop,
) -> Result<Builder, BuildError> {
    let realm = &settings.realm;
    let own = station.uri("", 0, Carrier::Udp);
    let contact = station.uri(account, 0, hop.over);
    let mut register = Builder::request(Method::REGISTER, format_args!("sip:{}", hop.to))?;
    register.header("Max-Forwards", 70)?;
    register.header("From", format_args!("<{own}>;tag={}", station.chance.tag()))?;
    register.header("To", format_args!("<sip:{account}@{realm}>"))?;
    register.header("Call-ID", format_args!("{}@{realm}", station.chance.call()))?;
    register.header("CSeq", format_args!("{told} REGISTER"))?;
    register.header("Contact", format_args!("<{contact}>"))?;
    register.header("Expires", left)?;
    Ok(register)
}

/// A telephone that is known registers again as it did: it is answered at once, without a transaction, for a copy is
/// answered alike (RFC 3261 section 8.2.7). Nearly every message of a day is of this kind. Says whether it was so.
pub(super) fn again(
    now: Instant,
    settings: &Settings,
    (registrar, registrations): (&mut Registrar, &mut Registrations),
    station: &mut Station,
    (received, message): (&Received, &Message<'_>),
) -> bool {
    if !message.is(Method::REGISTER) {
        return false;
    }
    let account = message.to().ok().and_then(|to| to.uri.user).unwrap_or_default();
    let remote = settings.origin(message, received);
    let wish = Wish { message, remote, flow: received.flow(), trusted_until: now };
    let Some(bindings) = registrar.refresh(now, account, &wish, settings.expires_max) else { return false };
    let tag = station.chance.branch_of(message);
    let tag = tag.get(BRANCH_COOKIE.len()..).unwrap_or_default();
    let Ok(own) = written(now, message, bindings, tag) else { return false };
    let left = bindings.iter().map(|binding| (binding.expires_at - now).as_secs()).max().unwrap_or(0);
    let hop = station.way_back(message, received);
    station.send_octets(own.finish(), &hop);
    registrations.tell(settings, station, account, left);
    true
}

/// The answer to a registration that was taken.
fn written(
    now: Instant,
    message: &Message<'_>,
    bindings: &[Binding],
    tag: &str,
) -> Result<Builder, BuildError> {
    let mut own = response(message, 200, None, tag)?;
    for path in message.all("Path") {
        own.header("Path", &path.text)?;
    }
    for binding in bindings {
        let left = (binding.expires_at - now).as_secs();
        own.header("Contact", format_args!("<{}>;expires={left}", binding.contact))?;
    }
    Ok(own)
}

impl SipServer {
    /// A telephone registers.
    pub(super) fn register(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        let remote = self.office.settings.origin(&message, request);
        let named = message.to().ok().and_then(|to| to.uri.user).unwrap_or_default();
        let digest = match self.office.identify(now, &message, remote, "REGISTER") {
            Caller::User(digest) => digest,
            Caller::Stranger { stale } => return self.office.challenge(now, id, request, stale),
            Caller::Gateway(_) => return self.office.turn_down(now, id, request, 403),
        };
        // Nobody registers for somebody else.
        let user = digest.username.split('@').next().unwrap_or_default();
        if user != named {
            return self.office.turn_down(now, id, request, 403);
        }
        let account = Text::from(user);
        let call_id = message.call_id().unwrap_or_default().into();
        let waiting = Registration { transaction: id, request: request.clone(), account: account.clone() };
        let Some(number) = self.keep(waiting) else {
            return self.office.turn_down(now, id, request, 503);
        };
        let ask = Ask {
            about: About::Registration(number),
            user: account.clone(),
            method: "REGISTER",
            called: None,
            calling: account,
            conf_id: self.office.draw_conf_id(),
            parent: None,
            call_id,
            remote,
            seed: Text::default(),
            name: None,
            digest: Some(digest),
        };
        if !self.office.ask(now, ask) {
            self.registration_answered(now, number, None);
        }
    }

    /// The charging system has judged a registration, or has not answered.
    pub(super) fn registration_answered(&mut self, now: Instant, number: u64, verdict: Option<&Verdict>) {
        let Some(own) = self.registrations.waiting.remove(&number) else { return };
        let Registration { transaction, request, account } = own;
        match verdict {
            Some(Verdict::Accepted(_)) => self.registered(now, transaction, &request, &account),
            Some(Verdict::Refused(refused)) => {
                let why = refused.explanation.clone();
                self.office
                    .station
                    .out
                    .observe("refused", || Fields::new().with("why", why).with("status", 403_u32));
                self.office.turn_down(now, transaction, &request, 403);
            }
            None => self.office.turn_down(now, transaction, &request, 503),
        }
    }

    /// A telephone may register: its bindings are kept and told.
    fn registered(&mut self, now: Instant, id: TransactionId, request: &Received, account: &Text) {
        let Some(message) = request.message() else { return };
        let remote = self.office.settings.origin(&message, request);
        let trusted_until = now + self.office.settings.registration_life;
        let wish = Wish { message: &message, remote, flow: request.flow(), trusted_until };
        if self.registrar.len() == 0 {
            self.office.alarms.set(now + SWEEP, Alarm::Sweep);
        }
        if let Err(refusal) = self.registrar.take(now, account, &wish, self.office.settings.expires_max) {
            return self.office.turn_down(now, id, request, refusal.status());
        }
        let tag = self.office.station.chance.tag();
        let bindings = self.registrar.find(now, account);
        if let Ok(own) = written(now, &message, &bindings, &tag) {
            // Where its transaction is over, nobody waits for it.
            let _over = self.office.station.respond(now, id, &own);
        }
        let left = bindings.iter().map(|binding| (binding.expires_at - now).as_secs()).max().unwrap_or(0);
        let Office { settings, station, .. } = &mut self.office;
        self.registrations.tell(settings, station, account, left);
    }
}
