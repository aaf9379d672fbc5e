//! Requests of Diameter clients: understood, given to the core, answered.

use std::sync::Arc;

use tollgate_diameter::peer::ConnectionId;
use tollgate_diameter::{Builder, Message, Problem, ResultCode, Stage, avp, check};
use tollgate_network::{StreamEvent, StreamId};
use tollgate_ocs_core::{Answer, Command, CreditAnswer, CreditAsk, CreditRequest, ServiceOutcome};
use tollgate_time::Instant;

use super::answer::{self, Answering};
use super::config::{DiameterConfig, Profile};
use super::copies::Copies;
use super::face::Task;
use super::request::{self, Kind, Understood};
use super::sessions::Route;
use super::tally::{DiameterTally, Other};
use crate::node::RadiusGateway;
use crate::site::Duty;

/// Credit-Control (RFC 8506 section 3).
const CREDIT_CONTROL_COMMAND: u32 = 272;

impl RadiusGateway {
    /// What was counted of Diameter since the start or the last restart, where it is spoken.
    #[must_use]
    pub fn diameter_tally(&self) -> Option<&DiameterTally> {
        self.diameter.as_ref().map(|face| &face.tally)
    }

    /// Takes what happened to a connection.
    pub(crate) fn take_stream(&mut self, now: Instant, id: StreamId, event: &StreamEvent) {
        if let Some(face) = &mut self.diameter {
            face.take(now, id, event);
            self.work(now);
        }
    }

    /// Does what connections are due to do.
    pub(crate) fn expire_diameter(&mut self, now: Instant) {
        if let Some(face) = &mut self.diameter {
            face.expire(now);
            self.work(now);
        }
    }

    /// Does whatever the face has to be done, until there is nothing.
    pub(super) fn work(&mut self, now: Instant) {
        while let Some(task) = self.diameter.as_mut().and_then(|face| face.next_task()) {
            self.flush_diameter();
            match task {
                Task::Serve { host, peer, connection, octets } => {
                    self.serve(now, (&host, &peer), connection, &octets);
                }
                Task::Hear { key, errand, answer } => self.heard(now, &key, errand, answer.as_deref()),
            }
        }
        self.flush_diameter();
    }

    /// Does what has come up outside of a connection's news: messages that the server begins itself, listening at the start.
    pub(crate) fn catch_up(&mut self) {
        if let Some(now) = self.diameter.as_ref().map(|face| face.now()) {
            self.work(now);
        }
    }

    fn flush_diameter(&mut self) {
        if let Some(face) = &mut self.diameter {
            face.flush(&mut self.outputs);
        }
    }

    fn serve(
        &mut self,
        now: Instant,
        (host, peer): (&str, &Arc<str>),
        connection: ConnectionId,
        octets: &[u8],
    ) {
        // The endpoint has read it before.
        let Ok(message) = Message::parse(octets) else { return };
        match self.duty() {
            Duty::Serve => {
                if let Some(answer) = self.answer(now, (host, peer), &message) {
                    self.say(connection, answer);
                }
            }
            Duty::Proxy => self.relay_diameter(peer, connection, octets),
            Duty::Silent => {
                // Its client turns to somebody else (RFC 6733 section 7.1.3).
                let realm = self.diameter.as_ref().map(|face| face.config.realm.clone()).unwrap_or_default();
                let busy = refusal((host, &realm), &message, ResultCode::TOO_BUSY).finish();
                if let Ok(octets) = busy {
                    self.say(connection, octets);
                }
            }
        }
    }

    /// The answer to a request of a client of another site.
    pub(crate) fn answer_relayed(&mut self, now: Instant, peer: &str, octets: &[u8]) -> Option<Vec<u8>> {
        let message = Message::parse(octets).ok()?;
        let host = self.diameter.as_ref()?.config.listen.first()?.host.clone();
        if self.duty() != Duty::Serve {
            return None;
        }
        self.answer(now, (&host, &Arc::from(peer)), &message)
    }

    /// Gives a client the answer of another site.
    pub(crate) fn say_relayed(&mut self, connection: ConnectionId, octets: Vec<u8>) {
        self.say(connection, octets);
        self.flush_diameter();
    }

    fn answer(
        &mut self,
        now: Instant,
        (host, peer): (&str, &Arc<str>),
        message: &Message<'_>,
    ) -> Option<Vec<u8>> {
        let face = self.diameter.as_mut()?;
        let config = Arc::clone(&face.config);
        face.tally.request(message.title());
        let origin = message.text(avp::ORIGIN_HOST).unwrap_or(peer);
        let session = message.session_id().unwrap_or_default();
        let key = Copies::key(origin, message.header.end_to_end, session);
        if let Some(answer) = face.copies.find(now, key) {
            face.tally.other(Other::Duplicate);
            let mut again = answer.to_vec();
            tollgate_diameter::raw::set_hop_by_hop(&mut again, message.header.hop_by_hop);
            return Some(again);
        }
        let octets = self.answer_to(now, (&config, host), peer, message)?.finish().ok()?;
        if let Some(face) = &mut self.diameter {
            face.tally.answer(&octets);
            face.copies.keep(now, key, &octets);
        }
        Some(octets)
    }

    fn say(&mut self, connection: ConnectionId, octets: Vec<u8>) {
        if let Some(face) = &mut self.diameter {
            face.answer(connection, octets);
        }
    }

    /// The answer to a request; `None` when what it promises cannot be stored.
    fn answer_to(
        &mut self,
        now: Instant,
        (config, host): (&DiameterConfig, &str),
        peer: &Arc<str>,
        message: &Message<'_>,
    ) -> Option<Builder> {
        let origin = (host, &*config.realm);
        if message.header.command != CREDIT_CONTROL_COMMAND {
            return Some(refusal(origin, message, ResultCode::COMMAND_UNSUPPORTED));
        }
        if let Err(problem) = checked(config.profile, message) {
            return Some(problematic(origin, message, &problem));
        }
        let client = self.diameter.as_ref().and_then(|face| face.client(peer)).cloned();
        let node = client.as_ref().map(|client| client.name.as_str());
        let (command, understood) = match request::read(message, config, node) {
            Ok(read) => read,
            Err(problem) => return Some(problematic(origin, message, &problem)),
        };
        if !is_rated(&command, &understood) {
            return Some(unrated(origin, message));
        }
        let first = self.ocs().env();
        let env = client.as_ref().and_then(|client| client.environment).unwrap_or(first);
        let command = Command::Credit(Box::new(command)).within(env, first);
        let Ok(Some(Answer::Credit(decided))) = self.apply(now, command) else { return None };
        self.follow_session(env, peer, message, &understood, &decided);
        let provision_cld = client.is_some_and(|client| client.provision_cld);
        let answering =
            Answering { now, config, host, request: message, understood: &understood, provision_cld };
        let mut builder = Builder::answer(message);
        answering.write(&mut builder, &decided);
        Some(builder)
    }

    /// Remembers how the session can be reached, or forgets it.
    fn follow_session(
        &mut self,
        env: tollgate_ocs_core::ids::EnvId,
        peer: &Arc<str>,
        message: &Message<'_>,
        understood: &Understood,
        decided: &CreditAnswer,
    ) {
        let ends = matches!(understood.kind, Kind::Terminate | Kind::Event);
        let Some(session) = message.session_id() else { return };
        let account = match decided {
            CreditAnswer::Session(answer) => &answer.account,
            CreditAnswer::Denied { context: Some(context), .. } => &context.account,
            _ => return,
        };
        let first = self.core.ocs().env();
        let qualified;
        let account: &str = if env == first {
            account
        } else {
            qualified = self.core.ocs().qualified(env, account);
            &qualified
        };
        let limited = match decided {
            CreditAnswer::Session(answer) => answer.services.iter().any(|own| match &own.outcome {
                ServiceOutcome::Granted(granted) => granted.last,
                ServiceOutcome::Denied(_) => true,
                ServiceOutcome::Settled => false,
            }),
            _ => true,
        };
        let Some(face) = &mut self.diameter else { return };
        let key = (account, session);
        if ends || !matches!(decided, CreditAnswer::Session(_)) {
            return face.sessions.forget(key);
        }
        let settled = matches!(decided, CreditAnswer::Session(answer)
            if answer.services.iter().all(|own| own.outcome == ServiceOutcome::Settled));
        let host = message.text(avp::ORIGIN_HOST).unwrap_or(peer);
        let realm = message.text(avp::ORIGIN_REALM).unwrap_or_default();
        if let Some(own) = face.sessions.get_mut(key) {
            // A report that asks for nothing says nothing new of what is limited.
            own.limited = if settled { own.limited } else { limited };
            own.asked = false;
            if *own.host == *host && *own.realm == *realm && own.through == *peer {
                return;
            }
            (own.host, own.realm, own.through) = (host.into(), realm.into(), Arc::clone(peer));
            return;
        }
        let through = Arc::clone(peer);
        let limited = limited && !settled;
        let route = Route { host: host.into(), realm: realm.into(), through, limited, asked: false };
        face.sessions.learn(key, route);
    }
}

/// Holds a request against the rules, as strictly as the profile is.
fn checked(profile: Profile, message: &Message<'_>) -> Result<(), Problem> {
    match profile {
        Profile::Strict => check::verify(message),
        Profile::Lenient => {
            let grave = |problem: &Problem| problem.kind.stage() == Stage::Structure;
            check::problems(message).into_iter().find(grave).map_or(Ok(()), Err)
        }
    }
}

/// Whether anything of a request is known to be charged; one that names no service at all needs none.
fn is_rated(command: &CreditRequest, understood: &Understood) -> bool {
    let known = |own: &request::Asked| own.rule.is_some() && !own.other_units;
    match command.ask {
        CreditAsk::Event(_) => understood.services.iter().all(known),
        CreditAsk::Session { .. } => {
            understood.services.is_empty() || understood.services.iter().any(|own| own.rule.is_some())
        }
    }
}

/// Origin-Host and Origin-Realm.
type Origin<'a> = (&'a str, &'a str);

/// An error of the protocol.
fn refusal(origin: Origin<'_>, message: &Message<'_>, code: ResultCode) -> Builder {
    let mut builder = Builder::answer(message);
    builder.text(avp::ORIGIN_HOST, origin.0);
    builder.text(avp::ORIGIN_REALM, origin.1);
    builder.result(code);
    builder.proxy_infos(message);
    builder
}

/// What is wrong with a request, with the AVP that it is about.
fn problematic(origin: Origin<'_>, message: &Message<'_>, problem: &Problem) -> Builder {
    let code = problem.result_code();
    if code.is_protocol_error() {
        return refusal(origin, message, code);
    }
    let mut builder = Builder::answer(message);
    answer::head(&mut builder, origin, message, code);
    builder.text(avp::ERROR_MESSAGE, &problem.to_string());
    if let Some(failed) = problem.failed_avp() {
        builder.octets(avp::FAILED_AVP, failed);
    }
    builder.proxy_infos(message);
    builder
}

/// Nothing that the request names has a price (RFC 8506 section 4.1.3).
fn unrated(origin: Origin<'_>, message: &Message<'_>) -> Builder {
    let mut builder = Builder::answer(message);
    answer::head(&mut builder, origin, message, ResultCode::RATING_FAILED);
    let services = message.get(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).map(|own| own.members());
    let named = services.unwrap_or_else(|| message.avps());
    let codes = [avp::RATING_GROUP, avp::SERVICE_IDENTIFIER];
    let inside = codes.into_iter().filter_map(|code| named.get(code));
    let context = message.get(avp::SERVICE_CONTEXT_ID);
    builder.group(avp::FAILED_AVP, |own| {
        for failed in context.into_iter().chain(inside) {
            own.avp(failed.code, failed.flags, failed.data);
        }
    });
    builder.proxy_infos(message);
    builder
}
