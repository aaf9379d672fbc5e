//! The requests of a call, attribute by attribute as ESI shows them ("successful prepaid card IVR
//! session"), with what the RFCs want besides: Acct-Session-Id (RFC 2866 section 5.5), Acct-Delay-Time
//! once a record is late (section 5.2), Class as it was given (RFC 2865 section 5.25).

use std::net::IpAddr;
use std::time::Duration;

use tollgate_radius::h323::H323Time;
use tollgate_radius::{Builder, Code, EncodeError, attribute, cisco};
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::call::{Attempt, Call, CallId, Leg};
use super::direct::Direct;
use super::errand::{ErrandId, Letter};
use super::settings::{AuthMethod, Settings};
use crate::quirks;
use crate::radius_client::Head;

/// What a request is about.
#[derive(Debug)]
pub(super) enum Query {
    /// One of a call.
    Call(CallId, Message),
    /// One without a call.
    Direct(Box<Direct>),
    /// One of an errand.
    Errand(ErrandId, Box<Letter>),
}

/// A request of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// Access-Request about the card.
    Authenticate,
    /// Access-Request about the destination at this place among the attempts.
    Authorize(usize),
    /// Accounting-Request Start.
    Start(Leg),
    /// Accounting-Request Interim-Update, as of this moment.
    Interim(usize, Instant),
    /// Accounting-Request Stop.
    Stop(Leg),
}

impl Message {
    pub(super) const fn record(self) -> Option<(&'static str, Leg)> {
        match self {
            Self::Authenticate | Self::Authorize(_) => None,
            Self::Start(leg) => Some(("Start", leg)),
            Self::Interim(attempt, _) => Some(("Alive", Leg::Originate(attempt))),
            Self::Stop(leg) => Some(("Stop", leg)),
        }
    }
}

/// NAS-Port-Type Async (RFC 2865 section 5.41).
const NAS_PORT_TYPE_ASYNC: u32 = 0;
/// Service-Type Login (RFC 2865 section 5.6), Login-User in older dictionaries.
const SERVICE_TYPE_LOGIN: u32 = 1;
/// Acct-Status-Type (RFC 2866 section 5.1).
const STATUS_START: u32 = 1;
const STATUS_STOP: u32 = 2;
const STATUS_INTERIM: u32 = 3;
/// Identifier of the CHAP exchange; the challenge is new every time, so this need not change.
const CHAP_ID: u8 = 1;

type Written = Result<(), EncodeError>;

/// The octets of a request of a call.
pub(super) fn write(
    settings: &Settings,
    call: &Call,
    message: Message,
    head: &Head<'_>,
) -> Result<Vec<u8>, EncodeError> {
    match message {
        Message::Authenticate => {
            access(settings, head, |builder| authentication(settings, call, head, builder))
        }
        Message::Authorize(place) => access(settings, head, |builder| match call.attempts.get(place) {
            Some(attempt) => authorization(settings, call, attempt, head, builder),
            None => Ok(()),
        }),
        Message::Start(leg) => record(settings, call, leg, STATUS_START, None, head),
        Message::Interim(place, at) => {
            record(settings, call, Leg::Originate(place), STATUS_INTERIM, Some(at), head)
        }
        Message::Stop(leg) => record(settings, call, leg, STATUS_STOP, None, head),
    }
}

fn access(
    settings: &Settings,
    head: &Head<'_>,
    body: impl FnOnce(&mut Builder) -> Written,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, head.identifier);
    builder.authenticator(&head.authenticator);
    if settings.message_authenticator {
        // In front, so that a chosen prefix cannot take its place (CVE-2024-3596).
        builder.message_authenticator()?;
    }
    nas(settings, &mut builder)?;
    body(&mut builder)?;
    builder.finish_access_request(head.secret)
}

/// NAS-IP-Address and NAS-Identifier: at least one of them (RFC 2865 section 4.1).
pub(super) fn nas(settings: &Settings, builder: &mut Builder) -> Written {
    if let IpAddr::V4(address) = settings.address {
        builder.ipv4(attribute::NAS_IP_ADDRESS, address)?;
    }
    optional(builder, attribute::NAS_IDENTIFIER, settings.identifier.as_deref())
}

fn authentication(settings: &Settings, call: &Call, head: &Head<'_>, builder: &mut Builder) -> Written {
    builder.u32(attribute::NAS_PORT_TYPE, NAS_PORT_TYPE_ASYNC)?;
    builder.text(attribute::USER_NAME, &call.card)?;
    optional(builder, attribute::CALLING_STATION_ID, Some(&call.from))?;
    builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_LOGIN)?;
    builder.cisco(cisco::H323_CONF_ID, &call.conf_id)?;
    credentials(settings, call, head, builder)?;
    builder.ivr_out("PortaBilling_AccessCode", &call.to)?;
    builder.ivr_out("transactionID", &call.transaction)?;
    builder.u32(attribute::NAS_PORT, settings.port)?;
    optional(builder, attribute::NAS_PORT_ID, Some(&settings.port_id))?;
    if settings.session_id_in_access {
        builder.text(attribute::ACCT_SESSION_ID, &call.session_id)?;
    }
    Ok(())
}

fn authorization(
    settings: &Settings,
    call: &Call,
    attempt: &Attempt,
    head: &Head<'_>,
    builder: &mut Builder,
) -> Written {
    builder.text(attribute::USER_NAME, &call.card)?;
    builder.text(attribute::CALLED_STATION_ID, &attempt.dialled)?;
    optional(builder, attribute::CALLING_STATION_ID, Some(&call.from))?;
    builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_LOGIN)?;
    builder.cisco(cisco::H323_CONF_ID, &attempt.conf_id)?;
    if attempt.conf_id != call.conf_id {
        // A further destination of the same session, which the charging system has locked already.
        builder.cisco(cisco::H323_INCOMING_CONF_ID, &call.conf_id)?;
    }
    credentials(settings, call, head, builder)?;
    builder.ivr_out("PortaBilling_Seed", &call.seed)?;
    builder.ivr_out("PortaBilling_Original_CLD", &call.to)?;
    builder.ivr_out("transactionID", &attempt.transaction)?;
    if settings.session_id_in_access {
        builder.text(attribute::ACCT_SESSION_ID, &attempt.session_id)?;
    }
    Ok(())
}

fn credentials(settings: &Settings, call: &Call, head: &Head<'_>, builder: &mut Builder) -> Written {
    match settings.auth_method {
        AuthMethod::Pap => builder.user_password(head.secret, call.pin.as_bytes()),
        AuthMethod::Chap => builder.chap(CHAP_ID, call.pin.as_bytes()),
    }
}

fn record(
    settings: &Settings,
    call: &Call,
    leg: Leg,
    status: u32,
    as_of: Option<Instant>,
    head: &Head<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, head.identifier);
    nas(settings, &mut builder)?;
    match leg {
        Leg::Answer => answer_leg(settings, call, status, &mut builder)?,
        Leg::Originate(place) => {
            if let Some(attempt) = call.attempts.get(place) {
                originate_leg(settings, call, attempt, status, as_of, &mut builder)?;
            }
        }
    }
    if head.delay_secs > 0 {
        builder.u32(attribute::ACCT_DELAY_TIME, head.delay_secs)?;
    }
    builder.finish_accounting_request(head.secret)
}

fn originate_leg(
    settings: &Settings,
    call: &Call,
    attempt: &Attempt,
    status: u32,
    as_of: Option<Instant>,
    builder: &mut Builder,
) -> Written {
    let time = |at: Instant| time(settings, at);
    optional(builder, attribute::USER_NAME, Some(call.accounted_name()))?;
    optional(builder, attribute::CALLED_STATION_ID, Some(&attempt.called))?;
    optional(builder, attribute::CALLING_STATION_ID, Some(&call.from))?;
    builder.u32(attribute::ACCT_STATUS_TYPE, status)?;
    builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_LOGIN)?;
    builder.cisco(cisco::H323_CALL_ORIGIN, "originate")?;
    builder.cisco(cisco::H323_CALL_TYPE, "VoIP")?;
    if let Some(setup) = attempt.setup {
        builder.cisco(cisco::H323_SETUP_TIME, &time(setup))?;
    }
    if let Some(connected) = attempt.connected {
        builder.cisco(cisco::H323_CONNECT_TIME, &time(connected))?;
    }
    if status == STATUS_STOP
        && let Some(end) = &attempt.end
    {
        builder.cisco(cisco::H323_DISCONNECT_TIME, &time(end.at))?;
        builder.cisco(cisco::H323_DISCONNECT_CAUSE, &end.cause)?;
    }
    builder.cisco(cisco::H323_CONF_ID, &attempt.conf_id)?;
    builder.pair("call-id", &attempt.call_id)?;
    builder.cisco(cisco::H323_INCOMING_CONF_ID, &call.conf_id)?;
    builder.ivr_out("PortaBilling_Original_CLD", &call.to)?;
    builder.ivr_out("PortaBilling_Seed", &call.seed)?;
    returned(call, attempt.rate_pattern.as_deref(), builder)?;
    builder.cisco(cisco::H323_REMOTE_ADDRESS, &settings.remote_address)?;
    builder.pair("remote-media-address", &settings.remote_address)?;
    builder.text(attribute::ACCT_SESSION_ID, &attempt.session_id)?;
    if let Some(secs) = originate_secs(settings, attempt, status, as_of) {
        builder.u32(attribute::ACCT_SESSION_TIME, secs)?;
    }
    class(attempt.class.as_deref().or(call.class.as_deref()), builder)
}

/// Acct-Session-Time of the second leg, where it is sent.
fn originate_secs(
    settings: &Settings,
    attempt: &Attempt,
    status: u32,
    as_of: Option<Instant>,
) -> Option<u32> {
    let end = match status {
        STATUS_STOP if settings.quirks.huge_duration && attempt.was_cut => return Some(quirks::HUGE_SECS),
        STATUS_STOP if settings.session_time => attempt.end.as_ref()?.at,
        STATUS_INTERIM => as_of?,
        _ => return None,
    };
    Some(attempt.connected.map_or(0, |connected| whole_secs(end - connected)))
}

fn answer_leg(settings: &Settings, call: &Call, status: u32, builder: &mut Builder) -> Written {
    builder.u32(attribute::NAS_PORT_TYPE, NAS_PORT_TYPE_ASYNC)?;
    optional(builder, attribute::USER_NAME, Some(call.accounted_name()))?;
    optional(builder, attribute::CALLED_STATION_ID, Some(&call.to))?;
    optional(builder, attribute::CALLING_STATION_ID, Some(&call.from))?;
    builder.u32(attribute::ACCT_STATUS_TYPE, status)?;
    builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_LOGIN)?;
    let end = call.end.as_ref().filter(|_| status == STATUS_STOP);
    if let Some(end) = end {
        builder.cisco(cisco::H323_DISCONNECT_TIME, &time(settings, end.at))?;
        builder.cisco(cisco::H323_DISCONNECT_CAUSE, &end.cause)?;
    } else {
        // Without an end there is no other word on the direction of a leg that has just begun.
        builder.cisco(cisco::H323_CALL_ORIGIN, "answer")?;
        builder.cisco(cisco::H323_CONNECT_TIME, &time(settings, call.connected))?;
    }
    builder.cisco(cisco::H323_CONF_ID, &call.conf_id)?;
    builder.cisco(cisco::H323_INCOMING_CONF_ID, &call.conf_id)?;
    if end.is_some() {
        builder.ivr_out("PortaBilling_Session", "unlock")?;
        builder.ivr_out("Tariff", "Unknown")?;
    }
    returned(call, None, builder)?;
    builder.u32(attribute::NAS_PORT, settings.port)?;
    optional(builder, attribute::NAS_PORT_ID, Some(&settings.port_id))?;
    builder.text(attribute::ACCT_SESSION_ID, &call.session_id)?;
    if settings.session_time
        && let Some(end) = end
    {
        builder.u32(attribute::ACCT_SESSION_TIME, whole_secs(end.at - call.connected))?;
    }
    class(call.class.as_deref(), builder)
}

/// What the charging system wants to have back in every record of the call.
fn returned(call: &Call, rate_pattern: Option<&str>, builder: &mut Builder) -> Written {
    if let Some(code) = &call.access_code {
        builder.ivr_out("PortaBilling_AccessCode", code)?;
    }
    if let Some(pattern) = rate_pattern {
        builder.ivr_out("PortaBilling_RatePattern", pattern)?;
    }
    Ok(())
}

fn class(class: Option<&[u8]>, builder: &mut Builder) -> Written {
    class.map_or(Ok(()), |class| builder.bytes(attribute::CLASS, class))
}

/// An attribute of text that is left out where there is none (RFC 2865 section 5).
pub(super) fn optional(builder: &mut Builder, number: u8, text: Option<&str>) -> Written {
    match text {
        Some(text) if !text.is_empty() => builder.text(number, text),
        _ => Ok(()),
    }
}

fn time(settings: &Settings, at: Instant) -> Text {
    use std::fmt::Write as _;
    let mut text = Text::with_capacity(35);
    // Writing to text in memory cannot fail.
    let _ = write!(text, "{}", H323Time::new(at, settings.zone));
    text
}

/// A duration in whole seconds, rounded up.
fn whole_secs(span: Duration) -> u32 {
    let secs = span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0));
    u32::try_from(secs).unwrap_or(u32::MAX)
}
