//! What the gateway reads out of an answer to an access request.

use std::net::Ipv4Addr;
use std::time::Duration;

use tollgate_radius::{Carrier, Code, Packet, attribute, cisco};

/// What an accepted request was granted.
#[derive(Debug, Default)]
pub(super) struct Grant<'a> {
    pub(super) address: Option<Ipv4Addr>,
    pub(super) class: Option<&'a [u8]>,
    /// Session-Timeout and Idle-Timeout in seconds, to be repeated in the records.
    pub(super) session_timeout: Option<u32>,
    pub(super) idle_timeout: Option<u32>,
    /// Acct-Interim-Interval (RFC 2869 section 5.16).
    pub(super) interim: Option<Duration>,
    /// The shortest of Session-Timeout, `DURATION`, `h323-credit-time` and the quota of time.
    pub(super) time: Option<Duration>,
    /// Octets both ways.
    pub(super) octets: Option<u64>,
}

/// The shortest Acct-Interim-Interval that a server may ask for (RFC 2869 section 5.16).
pub(super) const INTERIM_SECS_MIN: u32 = 60;

/// Why a request was not accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal<'a> {
    pub(super) code: Option<u32>,
    pub(super) message: Option<&'a str>,
}

/// Reads an answer; `heeds_quota` says whether `PortaBilling_Authorize` means anything to the gateway. A challenge is a refusal to a gateway that cannot ask the user (RFC 2865 section 4.4).
pub(super) fn read<'a>(packet: &Packet<'a>, heeds_quota: bool) -> Result<Grant<'a>, Refusal<'a>> {
    let code = packet.cisco(cisco::H323_RETURN_CODE).and_then(|text| text.trim().parse().ok());
    if packet.code() != Code::ACCESS_ACCEPT {
        return Err(Refusal { code, message: packet.text(attribute::REPLY_MESSAGE) });
    }
    // A timeout of 0 is no timeout, as the worked example of ESI has it.
    let timeout = |number| packet.u32(number);
    let session_timeout = timeout(attribute::SESSION_TIMEOUT);
    let mut grant = Grant {
        address: packet.ipv4(attribute::FRAMED_IP_ADDRESS).filter(|address| is_assigned(*address)),
        class: packet.get(attribute::CLASS),
        session_timeout,
        idle_timeout: timeout(attribute::IDLE_TIMEOUT),
        interim: packet
            .u32(attribute::ACCT_INTERIM_INTERVAL)
            .filter(|secs| *secs >= INTERIM_SECS_MIN)
            .map(secs),
        time: session_timeout.filter(|secs| *secs > 0).map(secs),
        octets: None,
    };
    let credit = packet.cisco(cisco::H323_CREDIT_TIME).and_then(|text| text.trim().parse().ok()).map(secs);
    grant.time = shorter(grant.time, credit);
    for pair in packet.pairs().filter(|pair| pair.carrier == Carrier::IvrIn) {
        match pair.name {
            "DURATION" => grant.time = shorter(grant.time, pair.value.trim().parse().ok().map(secs)),
            "PortaBilling_Authorize" if heeds_quota => quota(&mut grant, pair.value),
            _ => {}
        }
    }
    Ok(grant)
}

/// `base=<base>;avail=<units>;…`; fewer than no units are as many as there are.
fn quota(grant: &mut Grant<'_>, text: &str) {
    let mut base = "";
    let mut avail = None;
    for option in text.split(';') {
        match option.trim().split_once('=') {
            Some(("base", value)) => base = value.trim(),
            Some(("avail", value)) => avail = value.trim().parse::<u64>().ok(),
            _ => {}
        }
    }
    let Some(avail) = avail else { return };
    if is_time(base) {
        grant.time = shorter(grant.time, Some(Duration::from_secs(avail)));
    } else if is_octets(base) {
        grant.octets = Some(grant.octets.map_or(avail, |octets| octets.min(avail)));
    }
}

/// ESI writes the base of time in two ways.
fn is_time(base: &str) -> bool {
    ["sessiontime", "session-time"].iter().any(|own| base.eq_ignore_ascii_case(own))
}

fn is_octets(base: &str) -> bool {
    ["octets", "volume", "data", "bytes"].iter().any(|own| base.eq_ignore_ascii_case(own))
}

/// 255.255.255.255 and 255.255.255.254 leave the choice to the user or to the gateway (RFC 2865 section 5.8).
fn is_assigned(address: Ipv4Addr) -> bool {
    u32::from(address) < u32::MAX - 1
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(u64::from(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_by_its_base_and_less_than_nothing_is_no_limit() {
        let read = |text| {
            let mut grant = Grant::default();
            quota(&mut grant, text);
            (grant.time, grant.octets)
        };
        let ten = Some(Duration::from_secs(10));
        assert_eq!(read("base=sessiontime;avail=10;retained=490;expires=1515660408"), (ten, None));
        assert_eq!(read("avail=7;base=octets"), (None, Some(7)));
        assert_eq!(read("base=octets;avail=-1"), (None, None));
        assert_eq!(read("base=quantity;avail=5"), (None, None));
        assert_eq!(read(";;=;avail"), (None, None));
    }
}
