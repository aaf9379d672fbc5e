//! The requests of a session, attribute by attribute as ESI shows them ("Internet session"), with what the RFCs
//! want besides: Class as it was given (RFC 2865 section 5.25), gigawords (RFC 2869 sections 5.1 and 5.2).

use std::net::IpAddr;

use tollgate_radius::{Builder, Code, EncodeError, attribute};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::session::{Part, Session, SessionKey};
use super::settings::{Profile, QuotaBase, Settings};
use crate::apart::Apart;
use crate::radius_client::Head;
use crate::traffic::{Counted, Counters};

/// A request of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// Access-Request: may the user come online?
    Access,
    /// Access-Request: may the user have more, after so many octets and seconds?
    More(Counters, Instant),
    /// Accounting-Request Start of the part at this place.
    Start(usize),
    /// Accounting-Request Interim-Update, as of this moment.
    Interim(usize, Counters, Instant),
    /// Accounting-Request Stop.
    Stop(usize),
}

/// What a request is about.
#[derive(Debug)]
pub(super) enum Query {
    /// A session.
    Session(SessionKey, Message),
    /// No user.
    Apart(Apart),
}

impl Message {
    /// The record as Acct-Status-Type shows it.
    pub(super) const fn record(self) -> Option<&'static str> {
        match self {
            Self::Access | Self::More(..) => None,
            Self::Start(_) => Some("Start"),
            Self::Interim(..) => Some("Alive"),
            Self::Stop(_) => Some("Stop"),
        }
    }
}

/// Service-Type Framed (RFC 2865 section 5.6), Framed-User in older dictionaries.
const SERVICE_TYPE_FRAMED: u32 = 2;
/// Framed-Protocol (RFC 2865 section 5.7 and the IANA registry).
const PROTOCOL_PPP: u32 = 1;
const PROTOCOL_PDP_CONTEXT: u32 = 7;
/// Acct-Status-Type (RFC 2866 section 5.1).
const STATUS_START: u32 = 1;
const STATUS_STOP: u32 = 2;
const STATUS_INTERIM: u32 = 3;
/// Acct-Authentic RADIUS (RFC 2866 section 5.6).
const AUTHENTIC_RADIUS: u32 = 1;
/// Identifier of the CHAP exchange; the challenge is new every time, so this need not change.
const CHAP_ID: u8 = 1;

type Written = Result<(), EncodeError>;

/// The octets of a request of a session.
pub(super) fn write(
    settings: &Settings,
    session: &Session,
    message: Message,
    head: &Head<'_>,
) -> Result<Vec<u8>, EncodeError> {
    match message {
        Message::Access => access(settings, session, head, session.asked, None),
        Message::More(counters, at) => access(settings, session, head, at, Some(counters)),
        Message::Start(place) => record(settings, session, place, head, STATUS_START, None),
        Message::Interim(place, counters, at) => {
            record(settings, session, place, head, STATUS_INTERIM, Some((counters, at)))
        }
        Message::Stop(place) => {
            let end = session.parts.get(place).and_then(|part| part.end.as_ref());
            let seen = end.map(|end| (end.counters, end.at));
            record(settings, session, place, head, STATUS_STOP, seen)
        }
    }
}

fn access(
    settings: &Settings,
    session: &Session,
    head: &Head<'_>,
    at: Instant,
    used: Option<Counters>,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, head.identifier);
    builder.authenticator(&head.authenticator);
    if settings.message_authenticator {
        // In front, so that a chosen prefix cannot take its place (CVE-2024-3596).
        builder.message_authenticator()?;
    }
    nas(settings, &mut builder)?;
    user(session, &mut builder)?;
    builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_FRAMED)?;
    builder.fields(&session.with)?;
    builder.u32(attribute::FRAMED_PROTOCOL, protocol(settings))?;
    builder.u32(attribute::EVENT_TIMESTAMP, stamp(at))?;
    if let Some(address) = session.address.or(session.wanted_address) {
        builder.ipv4(attribute::FRAMED_IP_ADDRESS, address)?;
    }
    if session.chap {
        builder.chap(CHAP_ID, session.password.as_bytes())?;
    } else {
        builder.user_password(head.secret, session.password.as_bytes())?;
    }
    builder.u32(attribute::NAS_PORT, session.port)?;
    optional(&mut builder, attribute::NAS_PORT_ID, Some(&settings.port_id))?;
    if settings.session_id_in_access {
        builder.text(attribute::ACCT_SESSION_ID, &session.session_id)?;
    }
    if let Some(base) = settings.quota {
        builder.ivr_out("PortaBilling_Authorize", &quota(settings, base))?;
        if let Some(counters) = used {
            let amount = match base {
                QuotaBase::Octets => counters.octets(),
                QuotaBase::Time => session.began().map_or(0, |began| (at - began).as_secs()),
            };
            builder.pair("PortaOne-Used-Resource", &format!("base={};amount={amount}", base.word()))?;
        }
    }
    builder.finish_access_request(head.secret)
}

fn quota(settings: &Settings, base: QuotaBase) -> String {
    let base = base.word();
    match settings.quota_max {
        // With a least amount the gateway says that it can ask again (ESI, PortaBilling_Authorize).
        Some(max) => format!("base={base};max={max};min=1"),
        None => format!("base={base};min=1"),
    }
}

fn record(
    settings: &Settings,
    session: &Session,
    place: usize,
    head: &Head<'_>,
    status: u32,
    seen: Option<(Counters, Instant)>,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, head.identifier);
    nas(settings, &mut builder)?;
    user(session, &mut builder)?;
    builder.u32(attribute::ACCT_STATUS_TYPE, status)?;
    builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_FRAMED)?;
    if let Some(part) = session.parts.get(place) {
        builder.text(attribute::ACCT_SESSION_ID, &part.session_id)?;
        if let Some((counters, at)) = seen {
            carried(settings, &counters.since(&part.base), &mut builder)?;
            let secs = u32::try_from((at - part.began).as_secs()).unwrap_or(u32::MAX);
            builder.u32(attribute::ACCT_SESSION_TIME, secs)?;
        }
        if settings.profile == Profile::Pdsn {
            joined(session, place, part, status, &mut builder)?;
        }
        let at = seen.map_or(part.began, |(_, at)| at);
        builder.u32(attribute::EVENT_TIMESTAMP, stamp(at))?;
        if let Some(end) = part.end.as_ref().filter(|_| status == STATUS_STOP) {
            builder.u32(attribute::ACCT_TERMINATE_CAUSE, end.cause)?;
        }
    }
    builder.u32(attribute::ACCT_DELAY_TIME, head.delay_secs)?;
    builder.fields(&session.with)?;
    if seen.is_some() {
        builder.fields(&session.accounting_with)?;
        for (number, timeout) in [
            (attribute::IDLE_TIMEOUT, session.idle_timeout),
            (attribute::SESSION_TIMEOUT, session.session_timeout),
        ] {
            if let Some(secs) = timeout {
                builder.u32(number, secs)?;
            }
        }
    }
    builder.u32(attribute::ACCT_AUTHENTIC, AUTHENTIC_RADIUS)?;
    optional(&mut builder, attribute::NAS_PORT_ID, Some(&settings.port_id))?;
    builder.u32(attribute::FRAMED_PROTOCOL, protocol(settings))?;
    if let Some(address) = session.address {
        builder.ipv4(attribute::FRAMED_IP_ADDRESS, address)?;
    }
    builder.u32(attribute::NAS_PORT, session.port)?;
    if let Some(class) = &session.class {
        builder.bytes(attribute::CLASS, class)?;
    }
    builder.finish_accounting_request(head.secret)
}

/// NAS-IP-Address, NAS-Identifier (at least one of them, RFC 2865 section 4.1) and NAS-Port-Type.
fn nas(settings: &Settings, builder: &mut Builder) -> Written {
    if let IpAddr::V4(address) = settings.address {
        builder.ipv4(attribute::NAS_IP_ADDRESS, address)?;
    }
    optional(builder, attribute::NAS_IDENTIFIER, settings.identifier.as_deref())?;
    builder.u32(attribute::NAS_PORT_TYPE, settings.port_type)
}

fn user(session: &Session, builder: &mut Builder) -> Written {
    builder.text(attribute::USER_NAME, &session.user)?;
    optional(builder, attribute::CALLED_STATION_ID, session.called.as_deref())?;
    optional(builder, attribute::CALLING_STATION_ID, session.calling.as_deref())
}

/// Octets wrap at 2³², and gigawords count how often.
fn carried(settings: &Settings, counters: &Counters, builder: &mut Builder) -> Written {
    let Counters { up, down } = counters;
    let gigawords = !settings.quirks.no_gigawords;
    let mut direction = |counted: &Counted, octets, words, packets| -> Written {
        let high = counted.octets >> 32;
        builder.u32(octets, low(counted.octets))?;
        if gigawords {
            builder.u32(words, low(high))?;
        }
        builder.u32(packets, low(counted.packets))
    };
    direction(
        up,
        attribute::ACCT_INPUT_OCTETS,
        attribute::ACCT_INPUT_GIGAWORDS,
        attribute::ACCT_INPUT_PACKETS,
    )?;
    direction(
        down,
        attribute::ACCT_OUTPUT_OCTETS,
        attribute::ACCT_OUTPUT_GIGAWORDS,
        attribute::ACCT_OUTPUT_PACKETS,
    )
}

/// How the parts of a session that roams are joined (RFC 2866 section 5.11; 3GPP2 X.S0011-005).
fn joined(session: &Session, place: usize, part: &Part, status: u32, builder: &mut Builder) -> Written {
    builder.text(attribute::ACCT_MULTI_SESSION_ID, &session.multi_id)?;
    builder.field("3GPP2-Correlation-Id", &Value::Text(session.multi_id.clone()))?;
    match (status, &part.end) {
        (STATUS_START, _) => builder.field("3GPP2-Begin-Session", &Value::from(u32::from(place == 0))),
        (STATUS_STOP, Some(end)) => {
            builder.field("3GPP2-Session-Continue", &Value::from(u32::from(end.continued)))
        }
        _ => Ok(()),
    }
}

const fn protocol(settings: &Settings) -> u32 {
    match settings.profile {
        Profile::Ggsn => PROTOCOL_PDP_CONTEXT,
        Profile::Bng | Profile::Pdsn => PROTOCOL_PPP,
    }
}

fn stamp(at: Instant) -> u32 {
    u32::try_from(at.unix_secs()).unwrap_or(u32::MAX)
}

/// The lower 32 bits.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// An attribute of text that is left out where there is none (RFC 2865 section 5).
fn optional(builder: &mut Builder, number: u8, text: Option<&str>) -> Written {
    match text {
        Some(text) if !text.is_empty() => builder.text(number, text),
        _ => Ok(()),
    }
}

/// Whether fields can be written, before they are part of requests.
pub(super) fn check(fields: &Fields) -> Written {
    Builder::new(Code::ACCOUNTING_REQUEST, 0).fields(fields)
}
