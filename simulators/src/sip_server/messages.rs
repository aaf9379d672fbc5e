//! The requests to the charging system, attribute by attribute as ESI shows them (failed login, failed outgoing call, SIP
//! routing request, accounting). Each holds all that it is written of, so that it can be written again for another server.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_radius::digest::Parameters;
use tollgate_radius::h323::H323Time;
use tollgate_radius::{Builder, Code, EncodeError, attribute, cisco};
use tollgate_sip::Auth;
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::call::CallId;
use super::settings::Settings;
use crate::apart::Notice;
use crate::radius_client::Head;

/// Acct-Status-Type (RFC 2866 section 5.1).
const START: u32 = 1;
const STOP: u32 = 2;
const INTERIM: u32 = 3;
const ON: u32 = 7;
/// Service-Type of the failed login of ESI.
const SERVICE_TYPE_SIP: u32 = 15;
/// NAS-Port of every request: the port of SIP.
const NAS_PORT: u32 = 5060;
/// What the switch can do (ESI, PortaOne-Service-Features).
const FEATURES: &str = "routing=1;local-lookup=1;incoming-charge=1;sip=1;bill-to=1";

type Written = Result<(), EncodeError>;

/// A request to the charging system.
#[derive(Debug)]
pub(super) enum Query {
    Ask(Box<Ask>),
    Report(Box<Report>),
    /// Accounting begins anew.
    On(Notice),
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A registration, by its number among those that wait.
    Registration(u64),
    /// The caller of a call.
    Caller(CallId),
    /// What comes in for the called account.
    Incoming(CallId),
    /// A call that the called account sends on to another number.
    Onward(CallId),
    /// A call to which a party is transferred.
    Transfer(CallId),
}

/// An access request.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) about: About,
    pub(super) user: Text,
    /// `INVITE`, `REFER` or `REGISTER`.
    pub(super) method: &'static str,
    pub(super) called: Option<Text>,
    pub(super) calling: Text,
    pub(super) conf_id: Text,
    /// The session that it belongs to, where that is another.
    pub(super) parent: Option<Text>,
    pub(super) call_id: Text,
    /// Where the request came from.
    pub(super) remote: IpAddr,
    pub(super) seed: Text,
    /// The caller's name, as he gives it.
    pub(super) name: Option<Text>,
    /// How the user proves himself; `None` where the server vouches for him.
    pub(super) digest: Option<Box<Digest>>,
}

/// The parameters of a digest, to be judged by the charging system (RFC 5090).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) username: String,
    realm: String,
    pub(super) nonce: String,
    uri: String,
    method: &'static str,
    algorithm: Option<String>,
    qop: Option<String>,
    cnonce: Option<String>,
    nonce_count: Option<String>,
    response: String,
}

impl Digest {
    /// The answer to a challenge; `None` where a parameter is missing that every answer has.
    pub(super) fn of(auth: &Auth<'_>, method: &'static str) -> Option<Self> {
        let needed =
            |name: &str| auth.get(name).map(std::borrow::Cow::into_owned).filter(|own| !own.is_empty());
        Some(Self {
            username: needed("username")?,
            realm: needed("realm")?,
            nonce: needed("nonce")?,
            uri: needed("uri")?,
            method,
            algorithm: needed("algorithm"),
            qop: needed("qop"),
            cnonce: needed("cnonce"),
            nonce_count: needed("nc"),
            response: needed("response")?,
        })
    }

    /// How often its nonce was used, where it counts.
    pub(super) fn count(&self) -> Option<u32> {
        self.nonce_count.as_deref().and_then(|digits| u32::from_str_radix(digits, 16).ok())
    }

    fn write(&self, settings: &Settings, builder: &mut Builder) -> Written {
        let parameters = Parameters {
            username: &self.username,
            realm: &self.realm,
            nonce: &self.nonce,
            uri: &self.uri,
            method: self.method,
            algorithm: self.algorithm.as_deref(),
            qop: self.qop.as_deref(),
            cnonce: self.cnonce.as_deref(),
            nonce_count: self.nonce_count.as_deref(),
            ..Parameters::default()
        };
        builder.digest(settings.numbering, &parameters, &self.response)
    }
}

/// Which stage of a leg a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Start,
    Interim,
    Stop,
}

impl Stage {
    /// As accounting calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Interim => "Alive",
            Self::Stop => "Stop",
        }
    }
}

/// Which side of the charging system's account a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The call comes in from, or for, the account.
    Answer,
    /// The call goes out on the account's behalf.
    Originate,
}

impl Origin {
    /// The word of `h323-call-origin`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Originate => "originate",
        }
    }
}

/// What records of one leg have in common.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    /// The account that it is reported for.
    pub(super) user: Text,
    pub(super) origin: Origin,
    pub(super) called: Text,
    pub(super) calling: Text,
    pub(super) conf_id: Text,
    pub(super) parent: Option<Text>,
    pub(super) call_id: Text,
    pub(super) access_code: &'static str,
    pub(super) rate_pattern: Option<Text>,
    pub(super) session_id: Text,
    /// The other side's address.
    pub(super) remote: IpAddr,
    pub(super) setup: Instant,
    pub(super) alerted: Option<Instant>,
    pub(super) connected: Option<Instant>,
}

/// A record.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) stage: Stage,
    pub(super) leg: Leg,
    /// When it ended, or up to when it tells; and why it ended.
    pub(super) until: Instant,
    pub(super) cause: u8,
}

impl Query {
    /// The octets, for whichever server it goes to next.
    pub(super) fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Ask(ask) => ask.write(settings, head),
            Self::Report(report) => report.write(settings, head),
            Self::On(notice) => {
                let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, head.identifier);
                nas(settings, &mut builder)?;
                builder.u32(attribute::ACCT_STATUS_TYPE, ON)?;
                builder.text(attribute::ACCT_SESSION_ID, &notice.session_id)?;
                if head.delay_secs > 0 {
                    builder.u32(attribute::ACCT_DELAY_TIME, head.delay_secs)?;
                }
                builder.finish_accounting_request(head.secret)
            }
        }
    }
}

impl Ask {
    fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        let mut builder = Builder::new(Code::ACCESS_REQUEST, head.identifier);
        builder.authenticator(&head.authenticator);
        if settings.message_authenticator {
            // In front, so that a chosen prefix cannot take its place (CVE-2024-3596).
            builder.message_authenticator()?;
        }
        nas(settings, &mut builder)?;
        builder.text(attribute::USER_NAME, &self.user)?;
        optional(&mut builder, attribute::CALLED_STATION_ID, self.called.as_deref())?;
        optional(&mut builder, attribute::CALLING_STATION_ID, Some(&self.calling))?;
        builder.u32(attribute::SERVICE_TYPE, SERVICE_TYPE_SIP)?;
        builder.cisco(cisco::H323_CONF_ID, &self.conf_id)?;
        if let Some(parent) = &self.parent {
            builder.cisco(cisco::H323_INCOMING_CONF_ID, parent)?;
        }
        builder.pair("call-id", &self.call_id)?;
        if let Some(digest) = &self.digest {
            digest.write(settings, &mut builder)?;
        }
        builder.cisco(cisco::H323_REMOTE_ADDRESS, &self.remote.to_string())?;
        builder.pair("h323-session-protocol", "sipv2")?;
        builder.ivr_out("PortaBilling_AuthMethod", self.method)?;
        if self.digest.is_none() {
            builder.ivr_out("PortaBilling_Ignore_Password", "YES")?;
        }
        match self.about {
            About::Registration(_) => {}
            About::Incoming(_) => {
                builder.pair("PortaOne-Leg-Type", "1")?;
                self.party(&mut builder)?;
            }
            About::Caller(_) | About::Onward(_) | About::Transfer(_) => {
                builder.pair("PortaOne-Service-Features", FEATURES)?;
                self.party(&mut builder)?;
            }
        }
        builder.u32(attribute::NAS_PORT, NAS_PORT)?;
        builder.finish_access_request(head.secret)
    }

    fn party(&self, builder: &mut Builder) -> Written {
        builder.ivr_out("PortaBilling_Seed", &self.seed)?;
        let name = self.name.as_deref().map(|name| format!("; name={name}")).unwrap_or_default();
        builder.pair("PortaOne-Calling-Party", &format!("id={}{name}", self.calling))
    }
}

impl Report {
    fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        let leg = &self.leg;
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, head.identifier);
        nas(settings, &mut builder)?;
        builder.text(attribute::USER_NAME, &leg.user)?;
        optional(&mut builder, attribute::CALLED_STATION_ID, Some(&leg.called))?;
        optional(&mut builder, attribute::CALLING_STATION_ID, Some(&leg.calling))?;
        let status = match self.stage {
            Stage::Start => START,
            Stage::Interim => INTERIM,
            Stage::Stop => STOP,
        };
        builder.u32(attribute::ACCT_STATUS_TYPE, status)?;
        builder.cisco(cisco::H323_CALL_ORIGIN, leg.origin.name())?;
        builder.cisco(cisco::H323_CALL_TYPE, "VoIP")?;
        builder.cisco(cisco::H323_SETUP_TIME, &time(leg.setup))?;
        if let Some(alerted) = leg.alerted {
            builder.pair("alert-timepoint", &time(alerted))?;
        }
        if let Some(connected) = leg.connected {
            builder.cisco(cisco::H323_CONNECT_TIME, &time(connected))?;
        }
        if self.stage == Stage::Stop {
            builder.cisco(cisco::H323_DISCONNECT_TIME, &time(self.until))?;
            builder.cisco(cisco::H323_DISCONNECT_CAUSE, &format!("{:X}", self.cause))?;
        }
        builder.cisco(cisco::H323_CONF_ID, &leg.conf_id)?;
        builder.cisco(cisco::H323_INCOMING_CONF_ID, leg.parent.as_ref().unwrap_or(&leg.conf_id))?;
        builder.pair("call-id", &leg.call_id)?;
        builder.cisco(cisco::H323_REMOTE_ADDRESS, &leg.remote.to_string())?;
        builder.pair("h323-session-protocol", "sipv2")?;
        builder.ivr_out("PortaBilling_AccessCode", leg.access_code)?;
        if let Some(pattern) = &leg.rate_pattern {
            builder.ivr_out("PortaBilling_RatePattern", pattern)?;
        }
        builder.text(attribute::ACCT_SESSION_ID, &leg.session_id)?;
        if self.stage != Stage::Start {
            let talked = leg.connected.map_or(Duration::ZERO, |connected| self.until - connected);
            builder.u32(attribute::ACCT_SESSION_TIME, whole_secs(talked))?;
        }
        builder.u32(attribute::NAS_PORT, NAS_PORT)?;
        if head.delay_secs > 0 {
            builder.u32(attribute::ACCT_DELAY_TIME, head.delay_secs)?;
        }
        builder.finish_accounting_request(head.secret)
    }
}

/// NAS-IP-Address and NAS-Identifier: at least one of them (RFC 2865 section 4.1).
fn nas(settings: &Settings, builder: &mut Builder) -> Written {
    if let IpAddr::V4(address) = settings.address {
        builder.ipv4(attribute::NAS_IP_ADDRESS, address)?;
    }
    optional(builder, attribute::NAS_IDENTIFIER, settings.identifier.as_deref())
}

/// An attribute of text that is left out where there is none (RFC 2865 section 5).
fn optional(builder: &mut Builder, number: u8, text: Option<&str>) -> Written {
    match text {
        Some(text) if !text.is_empty() => builder.text(number, text),
        _ => Ok(()),
    }
}

fn time(at: Instant) -> Text {
    use std::fmt::Write as _;
    let mut text = Text::with_capacity(35);
    // Writing to text in memory cannot fail.
    let _ = write!(text, "{}", H323Time::utc(at));
    text
}

/// A duration in whole seconds, rounded up.
fn whole_secs(span: Duration) -> u32 {
    let secs = span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0));
    u32::try_from(secs).unwrap_or(u32::MAX)
}
