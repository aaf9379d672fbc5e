//! What the NAS reads out of an answer to an access request.

use std::time::Duration;

use tollgate_radius::{Carrier, Code, Packet, attribute, cisco};
use tollgate_wire::Text;

use super::prompts;

/// An answer as far as the IVR cares.
#[derive(Debug)]
pub(super) enum Verdict<'a> {
    /// Go on.
    Accepted(Grant<'a>),
    /// With the return code, if there was one.
    Refused(Option<u32>),
}

/// What an accepted request was granted.
#[derive(Debug, Default)]
pub(super) struct Grant<'a> {
    /// How long the call may take: `DURATION`, else `h323-credit-time`. `None` for no limit.
    pub(super) duration: Option<Duration>,
    /// What the caller is told, which may differ from it (ESI, `DURATION`).
    pub(super) announced: Option<Duration>,
    pub(super) amount: Option<&'a str>,
    pub(super) currency: Option<&'a str>,
    pub(super) language: Option<&'a str>,
    /// `PortaBilling_CompleteNumber`: the destination after the charging system's dialling rules.
    pub(super) complete_number: Option<&'a str>,
    /// `PortaBilling_UserName`: to be the User-Name of the accounting records.
    pub(super) user_name: Option<&'a str>,
    /// `PortaBilling_AccessCode`: to be repeated in the accounting records.
    pub(super) access_code: Option<&'a str>,
    /// `PortaBilling_RatePattern`: to be repeated in the records of the outgoing leg.
    pub(super) rate_pattern: Option<&'a str>,
    /// `PortaBilling_No_Disconnect_Warning:YES`.
    pub(super) silent: bool,
    /// Class, to be repeated in the accounting records (RFC 2865 section 5.25).
    pub(super) class: Option<&'a [u8]>,
    /// Acct-Interim-Interval (RFC 2869 section 5.16).
    pub(super) interim: Option<Duration>,
}

/// The shortest Acct-Interim-Interval that a server may ask for (RFC 2869 section 5.16).
const INTERIM_SECS_MIN: u32 = 60;

/// Reads an answer. A challenge is a refusal to a NAS that cannot ask the caller (RFC 2865 section 4.4).
pub(super) fn read<'a>(packet: &Packet<'a>) -> Verdict<'a> {
    let code = packet.cisco(cisco::H323_RETURN_CODE).and_then(number);
    let accepted = packet.code() == Code::ACCESS_ACCEPT && code.is_none_or(prompts::is_success);
    if accepted { Verdict::Accepted(grant(packet)) } else { Verdict::Refused(code) }
}

fn grant<'a>(packet: &Packet<'a>) -> Grant<'a> {
    let mut grant = Grant::default();
    let mut duration = None;
    for own in packet.vendor(cisco::VENDOR) {
        if own.number == cisco::AV_PAIR {
            continue;
        }
        let Ok(text) = std::str::from_utf8(own.value) else { continue };
        let bare = || text.split_once('=').map_or(text, |(_, value)| value).trim();
        match own.number {
            cisco::H323_CREDIT_TIME => grant.announced = number(bare()).map(secs),
            cisco::H323_CREDIT_AMOUNT => grant.amount = Some(bare()),
            cisco::H323_CURRENCY => grant.currency = Some(bare()),
            cisco::H323_PREFERRED_LANG => grant.language = Some(bare()),
            _ => {}
        }
    }
    for pair in packet.pairs().filter(|pair| pair.carrier == Carrier::IvrIn) {
        match pair.name {
            "DURATION" => duration = number(pair.value).map(secs),
            "h323-credit-time" if grant.announced.is_none() => grant.announced = number(pair.value).map(secs),
            "h323-credit-amount" if grant.amount.is_none() => grant.amount = Some(pair.value),
            "h323-preferred-lang" if grant.language.is_none() => grant.language = Some(pair.value),
            "PortaBilling_CompleteNumber" => grant.complete_number = some(pair.value),
            "PortaBilling_UserName" => grant.user_name = some(pair.value),
            "PortaBilling_AccessCode" => grant.access_code = some(pair.value),
            "PortaBilling_RatePattern" => grant.rate_pattern = some(pair.value),
            "PortaBilling_No_Disconnect_Warning" => grant.silent = pair.value.eq_ignore_ascii_case("YES"),
            _ => {}
        }
    }
    grant.duration = duration.or(grant.announced);
    grant.class = packet.get(attribute::CLASS);
    grant.interim =
        packet.u32(attribute::ACCT_INTERIM_INTERVAL).filter(|secs| *secs >= INTERIM_SECS_MIN).map(secs);
    grant
}

fn some(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(u64::from(secs))
}

/// Text kept from an answer.
pub(super) fn keep(value: Option<&str>) -> Option<Text> {
    value.map(Text::from)
}
