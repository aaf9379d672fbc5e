//! What a simulator whose only language is Diameter is built around: its connections, its way out, and what a scenario has it
//! do by hand.

use tollgate_diameter::{AvpCode, Builder, CommandFlags, Header, Message, ResultCode, avp};
use tollgate_network::{Action, ActionError, DiameterServer, Input, Output, Setup};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::spelt::{self, Hand};
use super::{Happening, Station, StationSettings};
use crate::outbox::Outbox;

/// The vendor of Experimental-Result.
const TGPP: u32 = tollgate_diameter::dictionary::TGPP;

/// The desk of one node.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) station: Station,
    pub(crate) out: Outbox,
    hand: Hand,
    /// Who is connected, in the order of their coming.
    peers: Vec<Text>,
    sessions: u32,
}

/// How a request of a 3GPP application fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Result-Code.
    Base(ResultCode),
    /// Experimental-Result of 3GPP (TS 29.230 section 8).
    Tgpp(u32),
}

impl Outcome {
    pub(crate) const DONE: Self = Self::Base(ResultCode::SUCCESS);

    /// What an answer says; `None` where it says nothing.
    pub(crate) fn of(answer: &Message<'_>) -> Option<Self> {
        if let Some(code) = answer.u32(avp::RESULT_CODE) {
            return Some(Self::Base(ResultCode(code)));
        }
        let group = answer.get(avp::EXPERIMENTAL_RESULT)?.members();
        group.get(avp::EXPERIMENTAL_RESULT_CODE)?.u32().map(Self::Tgpp)
    }

    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Base(code) => code.0,
            Self::Tgpp(code) => code,
        }
    }

    pub(crate) const fn is_success(self) -> bool {
        self.number() / 1000 == 2
    }
}

impl Desk {
    pub(crate) fn new(settings: StationSettings, servers: &[DiameterServer], setup: &Setup) -> Self {
        Self {
            station: Station::new(settings, servers, setup.seed, setup.observe),
            out: Outbox::new(setup.observe),
            hand: Hand::default(),
            peers: Vec::new(),
            sessions: 0,
        }
    }

    /// Takes an input; [`Self::next`] says what came of it.
    pub(crate) fn take(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Stream(id, event) => self.station.take(now, id, event, &mut self.out),
            Input::Timeout => self.station.expire(now, &mut self.out),
            // It has no datagrams.
            Input::Receive(_) => {}
        }
    }

    /// What came of what happened, in order.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Happening> {
        let happening = self.station.poll(now, &mut self.out);
        match &happening {
            Some(Happening::Up(peer)) if !self.peers.iter().any(|own| own == &**peer) => {
                self.peers.push((&**peer).into());
            }
            Some(Happening::Down(peer)) => self.peers.retain(|own| own != &**peer),
            _ => {}
        }
        happening
    }

    pub(crate) fn poll_output(&mut self) -> Output {
        self.out.poll().unwrap_or_else(|| Output::Wait(self.station.next_deadline()))
    }

    /// The power came back.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.station.restart(now);
        self.out.clear();
        self.peers.clear();
    }

    /// Does what a scenario wants done by hand; `None` where the verb is another.
    pub(crate) fn by_hand(&mut self, now: Instant, action: &Action) -> Option<Result<(), ActionError>> {
        self.hand.perform(now, action, &mut self.station, &self.peers)
    }

    /// A Session-Id that no other session has (RFC 6733 section 8.8).
    pub(crate) fn session_id(&mut self, now: Instant) -> String {
        self.sessions = self.sessions.wrapping_add(1);
        let secs = now.unix_secs();
        format!("{};{};{}", self.station.settings().host, secs & 0xffff_ffff, self.sessions)
    }

    /// A request of a 3GPP application: Session-Id, who asks, and that there is no session; the rest is `fields`.
    pub(crate) fn request(
        &mut self,
        now: Instant,
        (command, application): (u32, u32),
        (host, realm): (Option<&str>, &str),
        fields: &Fields,
    ) -> Option<Vec<u8>> {
        let header = Header::request(command, application);
        let header = header.flagged(CommandFlags::REQUEST.with(CommandFlags::PROXIABLE));
        let session = self.session_id(now);
        let own = self.station.settings();
        let mut all = Fields::new()
            .with("Session-Id", Value::text(session))
            .with("Vendor-Specific-Application-Id", spelt::vendor(application))
            .with("Auth-Session-State", NO_STATE)
            .with("Origin-Host", own.host.clone())
            .with("Origin-Realm", own.realm.clone());
        if let Some(host) = host {
            all.push("Destination-Host", host);
        }
        all.push("Destination-Realm", realm);
        for (name, value) in fields.iter() {
            all.push(Text::from(name), value.clone());
        }
        spelt::fielded(header, &all).ok()
    }

    /// Answers a request of a 3GPP application.
    pub(crate) fn reply(&self, request: &Message<'_>, outcome: Outcome, fields: &Fields) -> Option<Vec<u8>> {
        let own = self.station.settings();
        let mut builder = Builder::answer(request);
        let application = request.header.application;
        let mut write = |name: &str, value: Value| builder.field(name, &value).ok();
        write("Vendor-Specific-Application-Id", spelt::vendor(application))?;
        match outcome {
            Outcome::Base(code) => builder.result(code),
            Outcome::Tgpp(code) => builder.group(avp::EXPERIMENTAL_RESULT, |inside| {
                inside.u32(avp::VENDOR_ID, TGPP);
                inside.u32(avp::EXPERIMENTAL_RESULT_CODE, code);
            }),
        }
        builder.u32(avp::AUTH_SESSION_STATE, NO_STATE);
        builder.text(avp::ORIGIN_HOST, &own.host);
        builder.text(avp::ORIGIN_REALM, &own.realm);
        builder.fields(fields).ok()?;
        builder.proxy_infos(request);
        builder.finish().ok()
    }

    /// Answers a request that is not as the dictionaries want it.
    pub(crate) fn refuse(
        &self,
        request: &Message<'_>,
        problem: &tollgate_diameter::Problem,
    ) -> Option<Vec<u8>> {
        let own = self.station.settings();
        let mut builder = Builder::answer(request);
        builder.text(avp::ORIGIN_HOST, &own.host);
        builder.text(avp::ORIGIN_REALM, &own.realm);
        builder.problem(problem);
        builder.proxy_infos(request);
        builder.finish().ok()
    }
}

/// Auth-Session-State NO_STATE_MAINTAINED (RFC 6733 section 8.11).
const NO_STATE: u32 = 1;

/// The text of an AVP within a group, or at the top.
pub(crate) fn text_of(message: &Message<'_>, code: AvpCode) -> Option<Text> {
    message.text(code).map(Text::from)
}
