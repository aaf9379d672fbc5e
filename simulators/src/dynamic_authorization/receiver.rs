//! What is common to every CoA-Request and Disconnect-Request: who may send them, which are discarded, and
//! how they are answered.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use tollgate_network::{Frame, Server};
use tollgate_radius::{
    Builder, Code, EncodeError, Packet, Presence, Secret, attribute, message_fields, verify,
};
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::identity::{self, Identity};
use crate::outbox::Outbox;
use crate::radius_client::discard;

/// UDP port of a dynamic authorization server (RFC 5176 section 2.3).
pub const PORT: u16 = 3799;
/// How far Event-Timestamp may be from now (RFC 5176 section 6.3).
pub const TIMESTAMP_WINDOW: Duration = Duration::from_secs(300);
/// Answers that are kept before old ones are looked for.
const ANSWERS_KEPT: usize = 64;

/// Why a request is refused: Error-Cause (RFC 5176 section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It carries an attribute that is not supported.
    UnsupportedAttribute,
    /// It lacks what is needed.
    MissingAttribute,
    /// It is for another NAS.
    NasIdentificationMismatch,
    /// It makes no sense for this session.
    InvalidRequest,
    /// Its Service-Type is not supported.
    UnsupportedService,
    /// It has a value that is not known.
    InvalidAttributeValue,
    /// There is no such session.
    SessionContextNotFound,
}

impl Cause {
    /// The number of the Error-Cause.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::UnsupportedAttribute => 401,
            Self::MissingAttribute => 402,
            Self::NasIdentificationMismatch => 403,
            Self::InvalidRequest => 404,
            Self::UnsupportedService => 405,
            Self::InvalidAttributeValue => 407,
            Self::SessionContextNotFound => 503,
        }
    }
}

/// A request that is proved, new, and for this NAS.
#[derive(Debug)]
pub struct Request<'f> {
    /// The packet.
    pub packet: Packet<'f>,
    /// The session or sessions that it names.
    pub identity: Identity<'f>,
    frame: &'f Frame,
}

impl Request<'_> {
    /// Whether sessions are to be ended; else they are to be changed.
    #[must_use]
    pub fn is_disconnect(&self) -> bool {
        self.packet.code() == Code::DISCONNECT_REQUEST
    }

    /// Whether every attribute only says which session and which NAS are meant, or belongs to the exchange: all
    /// that a Disconnect-Request may carry (RFC 5176 sections 3 and 3.6).
    ///
    /// # Errors
    /// There is another one.
    pub fn carries_only_identity(&self) -> Result<(), Cause> {
        let right = self.packet.attributes().all(|own| {
            if own.number == attribute::VENDOR_SPECIFIC {
                identity::is_conf_id(&own)
            } else {
                identity::is_identity(own.number) || is_of_exchange(own.number)
            }
        });
        if right { Ok(()) } else { Err(Cause::UnsupportedAttribute) }
    }
}

#[derive(Debug)]
struct Answered {
    authenticator: [u8; 16],
    at: Instant,
    payload: Bytes,
}

/// Takes requests and writes their answers.
#[derive(Debug)]
pub struct Receiver {
    address: IpAddr,
    identifier: Option<Text>,
    trusted: Vec<(IpAddr, Secret)>,
    /// Answers by source and identifier (RFC 5176 section 2.3).
    answered: BTreeMap<(SocketAddr, u8), Answered>,
}

impl Receiver {
    /// One for the NAS of this address and identifier, that these servers may send requests to.
    #[must_use]
    pub fn new(address: IpAddr, identifier: Option<Text>, servers: &[Server]) -> Self {
        let trusted =
            servers.iter().map(|server| (server.address, Secret::from(server.secret.as_str()))).collect();
        Self { address, identifier, trusted, answered: BTreeMap::new() }
    }

    /// Forgets its answers, as a loss of power does.
    pub fn clear(&mut self) {
        self.answered.clear();
    }

    /// Takes a frame. What does not prove that it comes from a server, or is too old, is discarded without
    /// an answer and observed (RFC 5176 sections 2.3, 6.1 and 6.3); a repetition gets the answer of the first;
    /// what names no session, or another NAS, is refused. A request that is returned is still to be answered.
    pub fn receive<'f>(&mut self, now: Instant, frame: &'f Frame, out: &mut Outbox) -> Option<Request<'f>> {
        let Some(secret) = self.secret(frame.from.ip()) else {
            discard(out, frame, None, || Text::const_new("its sender is not trusted"));
            return None;
        };
        let packet = match Packet::parse(&frame.payload) {
            Ok(packet) => packet,
            Err(error) => {
                discard(out, frame, None, || Text::from(error.to_string()));
                return None;
            }
        };
        if let Err(reason) = examine(now, &packet, secret) {
            discard(out, frame, Some(&packet), || reason.into());
            return None;
        }
        let name = packet.code().name().unwrap_or("request");
        if let Some(first) = self.answered.get(&(frame.from, packet.identifier()))
            && first.authenticator == *packet.authenticator()
        {
            let payload = first.payload.clone();
            out.observe_message(name, &frame.payload, message_fields);
            transmit(out, frame, payload);
            return None;
        }
        out.observe_message(name, &frame.payload, message_fields);
        let refusal = if identity::is_for_another(&packet, self.address, self.identifier.as_deref()) {
            Err(Cause::NasIdentificationMismatch)
        } else {
            match Identity::read(&packet) {
                None => Err(Cause::InvalidAttributeValue),
                Some(identity) if identity.is_empty() => Err(Cause::MissingAttribute),
                Some(identity) => Ok(identity),
            }
        };
        match refusal {
            Ok(identity) => Some(Request { packet, identity, frame }),
            Err(cause) => {
                let identity = Identity::default();
                self.answer(now, out, &Request { packet, identity, frame }, Err(cause));
                None
            }
        }
    }

    /// Answers a request: done, or why not. Tells the name of the answer.
    pub fn answer(
        &mut self,
        now: Instant,
        out: &mut Outbox,
        request: &Request<'_>,
        outcome: Result<(), Cause>,
    ) -> &'static str {
        let code = match (request.is_disconnect(), outcome.is_ok()) {
            (true, true) => Code::DISCONNECT_ACK,
            (true, false) => Code::DISCONNECT_NAK,
            (false, true) => Code::COA_ACK,
            (false, false) => Code::COA_NAK,
        };
        let name = code.name().unwrap_or("answer");
        let written = self.secret(request.frame.from.ip()).and_then(|secret| {
            // Only a request full of Proxy-State would make an answer that is too long; it gets none.
            write(code, request, outcome.err(), secret).ok()
        });
        let Some(payload) = written.map(Bytes::from) else { return name };
        if self.answered.len() >= ANSWERS_KEPT {
            // A repetition that is older than this is stale anyway.
            self.answered.retain(|_, answered| now - answered.at <= TIMESTAMP_WINDOW * 2);
        }
        let authenticator = *request.packet.authenticator();
        let answered = Answered { authenticator, at: now, payload: payload.clone() };
        self.answered.insert((request.frame.from, request.packet.identifier()), answered);
        transmit(out, request.frame, payload);
        name
    }

    fn secret(&self, address: IpAddr) -> Option<&Secret> {
        self.trusted.iter().find(|(own, _)| *own == address).map(|(_, secret)| secret)
    }
}

/// Whether an attribute says nothing of the session, nor of what is to become of it.
pub(crate) const fn is_of_exchange(number: u8) -> bool {
    matches!(
        number,
        attribute::EVENT_TIMESTAMP
            | attribute::MESSAGE_AUTHENTICATOR
            | attribute::PROXY_STATE
            | attribute::REPLY_MESSAGE
            | attribute::CLASS
            | attribute::ACCT_TERMINATE_CAUSE
    )
}

fn examine(now: Instant, packet: &Packet<'_>, secret: &Secret) -> Result<(), &'static str> {
    if !matches!(packet.code(), Code::DISCONNECT_REQUEST | Code::COA_REQUEST) {
        return Err("it is no request to change or end a session");
    }
    if !verify::accounting_request(packet, secret) {
        return Err("its authenticator is wrong");
    }
    if verify::message_authenticator(packet, secret, None) == Presence::Invalid {
        return Err("its Message-Authenticator is wrong");
    }
    let Some(stamp) = packet.u32(attribute::EVENT_TIMESTAMP) else { return Ok(()) };
    let apart = now.unix_secs().abs_diff(u64::from(stamp));
    if apart > TIMESTAMP_WINDOW.as_secs() { Err("its Event-Timestamp is not of this time") } else { Ok(()) }
}

/// An answer. Proxy-State goes back as it came (RFC 5176 section 3.1).
fn write(
    code: Code,
    request: &Request<'_>,
    cause: Option<Cause>,
    secret: &Secret,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(code, request.packet.identifier());
    if request.packet.get(attribute::MESSAGE_AUTHENTICATOR).is_some() {
        builder.message_authenticator()?;
    }
    if let Some(cause) = cause {
        builder.u32(attribute::ERROR_CAUSE, cause.number())?;
    }
    for own in request.packet.all(attribute::PROXY_STATE) {
        builder.bytes(attribute::PROXY_STATE, own.value)?;
    }
    builder.finish_response(request.packet.authenticator(), secret)
}

fn transmit(out: &mut Outbox, request: &Frame, payload: Bytes) {
    let code = Packet::parse(&payload).ok().and_then(|packet| packet.code().name()).unwrap_or("answer");
    out.transmit(request.answer(payload.clone()));
    out.observe_message(code, &payload, message_fields);
}
