//! The node of the element for text messages.

use std::collections::BTreeMap;

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_radius::Code;
use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Message, Method, response};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::radius::{Query, write};
use super::settings::{Recipient, Settings};
use crate::radius_client::{Answer, Client, Request, Service};
use crate::sip::agent::{Agent, AskId, Draft, Event};
use crate::sip::{self, Hop, Received, Station};

/// Nonces that are remembered; the oldest is forgotten for a new one.
const NONCES_MAX: usize = 1 << 16;

/// The element for text messages.
#[derive(Debug)]
pub struct ImGate {
    agent: Agent,
    client: Client<Query>,
    settings: Settings,
    /// Nonces, each until when it is good.
    nonces: BTreeMap<String, Instant>,
    /// Messages on their way to whom they are for: sender and recipient.
    deliveries: BTreeMap<AskId, (String, String)>,
}

impl ImGate {
    /// One with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or there is no charging system.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let settings = Settings::read(setup)?;
        let servers = crate::settings::servers(setup, "im-gate")?;
        let own = sip::settings::station(setup, &[settings.delivery_port])?;
        Ok(Self {
            agent: Agent::new(Station::new(own, setup.seed, setup.observe)),
            // Another stream of chance than the station's.
            client: Client::new(settings.client.clone(), &servers, setup.seed.rotate_left(32)),
            settings,
            nonces: BTreeMap::new(),
            deliveries: BTreeMap::new(),
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.agent.poll() {
            match event {
                Event::Request(id, request) => self.request(now, id, request),
                // It takes no calls.
                Event::Offered(call, _) => drop(self.agent.refuse(now, call, 405, &[])),
                Event::Answer(ask, _, response) => self.delivered(ask, response.as_ref()),
                _ => {}
            }
        }
    }

    fn request(&mut self, now: Instant, id: TransactionId, request: Received) {
        let Some(message) = request.message() else { return };
        match message.method() {
            Some(Method::MESSAGE) => {
                if self.is_answered(now, &message) {
                    self.ask(now, id, request);
                } else {
                    self.challenge(now, id, &message);
                }
            }
            Some(Method::OPTIONS | Method::NOTIFY) => drop(self.agent.station.reply(now, id, &request, 200)),
            _ => drop(self.agent.station.reply(now, id, &request, 405)),
        }
    }

    /// Whether a challenge of ours that is still good was answered; whether rightly is the charging system's business.
    fn is_answered(&self, now: Instant, message: &Message<'_>) -> bool {
        message.auths("Authorization").filter_map(Result::ok).any(|own| {
            let nonce = own.get("nonce").and_then(|nonce| self.nonces.get(nonce.as_ref()));
            own.is_digest()
                && own.get("realm").is_some_and(|realm| realm == self.settings.realm.as_str())
                && nonce.is_some_and(|until| *until > now)
        })
    }

    /// A nonce as ESI shows it: the second, a colon, 40 hexadecimal digits; neither qop nor a stale flag.
    fn challenge(&mut self, now: Instant, id: TransactionId, message: &Message<'_>) {
        let chance = &mut self.agent.station.chance;
        let mut digits = String::with_capacity(48);
        for _ in 0..3 {
            digits.extend(chance.octets().iter().map(|octet| format!("{octet:02x}")));
        }
        digits.truncate(40);
        let nonce = format!("{}:{digits}", now.unix_secs());
        let value = format!(
            "Digest nonce=\"{nonce}\",algorithm=MD5,realm=\"{}\"",
            self.settings.realm.replace('"', "")
        );
        if self.nonces.len() >= NONCES_MAX {
            // They begin with their time.
            self.nonces.pop_first();
        }
        self.nonces.insert(nonce, now + self.settings.nonce_life);
        let tag = chance.tag();
        if let Ok(mut answer) = response(message, 401, None, &tag)
            && answer.header("WWW-Authenticate", value).is_ok()
        {
            // Where the request is over, nobody waits.
            let _over = self.agent.station.respond(now, id, &answer);
        }
    }

    fn ask(&mut self, now: Instant, transaction: TransactionId, request: Received) {
        let again = request.clone();
        let sent = Request {
            query: Query { transaction, request },
            service: Service::Access,
            code: Code::ACCESS_REQUEST,
            since: now,
            persistent: true,
        };
        let Self { client, agent, settings, .. } = self;
        let out = &mut agent.station.out;
        if client.send(now, out, sent, &mut |query, head| write(settings, query, head)).is_err() {
            self.agent.station.reply(now, transaction, &again, 503);
        }
    }

    fn judged(&mut self, now: Instant, query: &Query, accepted: bool) {
        let Query { transaction, request } = query;
        if !accepted {
            self.agent.station.reply(now, *transaction, request, 403);
            return;
        }
        self.agent.station.reply(now, *transaction, request, 202);
        let Some(message) = request.message() else { return };
        let user =
            |uri: Option<std::borrow::Cow<'_, str>>| uri.map_or_else(String::new, |own| own.into_owned());
        let from = user(message.from().ok().and_then(|own| own.uri.user_plain()));
        let to = user(message.to().ok().and_then(|own| own.uri.user_plain()));
        self.see("accepted", &from, &to, None);
        let Some(recipient) = self.settings.recipients.iter().find(|own| own.user == to).cloned() else {
            return self.see("undelivered", &from, &to, Some(480));
        };
        match self.deliver(now, &message, &recipient, &from) {
            Some(ask) => drop(self.deliveries.insert(ask, (from, to))),
            None => self.see("undelivered", &from, &to, Some(503)),
        }
    }

    /// The message goes out anew, in the name of the sender, by way of the recipient's server.
    fn deliver(&mut self, now: Instant, message: &Message<'_>, to: &Recipient, from: &str) -> Option<AskId> {
        let server = to.server;
        let contact = format!("sip:{}@{}", tollgate_sip::escape_user(&to.user), to.contact);
        let sender = format!("<sip:{}@{}>", tollgate_sip::escape_user(from), server.ip());
        let whom = format!("<sip:{}@{server};transport=UDP;lr>", tollgate_sip::escape_user(&to.user));
        let hop = Hop::udp(server).from_port(self.settings.delivery_port);
        let chance = &mut self.agent.station.chance;
        let mut draft = Draft::new(Method::MESSAGE, &contact, &sender, &whom, hop, chance);
        draft.routes.push(match to.pinhole {
            Some(pinhole) => format!("<sip:{server};lr;pinhole=UDP:{pinhole};ep>"),
            None => format!("<sip:{server};lr>"),
        });
        // As ESI shows it: the call of the sender, with a mark of the outgoing leg.
        draft.call_id = format!("{}~1o", message.call_id().ok()?);
        draft.cseq = 2;
        draft.more.push(("Allow".to_owned(), "OPTIONS, MESSAGE, NOTIFY".to_owned()));
        draft.body = (message.content_type().unwrap_or_default().to_owned(), message.body().to_vec());
        self.agent.ask(now, draft).ok()
    }

    fn delivered(&mut self, ask: AskId, response: Option<&Received>) {
        let Some((from, to)) = self.deliveries.remove(&ask) else { return };
        match response.and_then(Received::message).and_then(|own| own.code()) {
            Some(200..300) => self.see("delivered", &from, &to, None),
            code => self.see("undelivered", &from, &to, Some(code.unwrap_or(408))),
        }
    }

    fn see(&mut self, sight: &'static str, from: &str, to: &str, code: Option<u16>) {
        self.agent.station.out.observe(sight, || {
            let mut fields = Fields::new().with("from", from).with("to", to);
            if let Some(code) = code {
                fields.push("code", u32::from(code));
            }
            fields
        });
    }

    fn expire(&mut self, now: Instant) {
        let Self { client, agent, settings, .. } = self;
        let mut lost = Vec::new();
        while let Some(query) =
            client.expire(now, &mut agent.station.out, &mut |query, head| write(settings, query, head))
        {
            lost.push(query);
        }
        for query in lost {
            self.agent.station.reply(now, query.transaction, &query.request, 503);
        }
    }
}

impl Node for ImGate {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) if !self.agent.station.settings().ports.contains(&frame.to.port()) => {
                if let Some(Answer { query, packet }) =
                    self.client.receive(frame, &mut self.agent.station.out)
                {
                    self.judged(now, &query, packet.code() == Code::ACCESS_ACCEPT);
                }
            }
            input => self.agent.take(now, input),
        }
        self.expire(now);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.agent.poll_output(&[self.client.next_deadline()])
    }

    fn restart(&mut self, _now: Instant) {
        self.agent.restart();
        self.client.clear();
        self.nonces.clear();
        self.deliveries.clear();
    }
}

impl Peer for ImGate {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        if action.verb.as_str() == "recipients" {
            self.settings.recipients = super::settings::recipients(&action.args)
                .map_err(|error| ActionError::Impossible(error.0))?;
            return Ok(());
        }
        sip::spelt::perform(&mut self.agent.station, action, "", None)
            .unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())))
    }
}
