//! From an Accounting-Request to the report of usage that the core understands. A value that cannot be
//! read is left out and counted as an oddity: a record with a broken time is still somebody's money.

use tollgate_ocs_core::{Callback, Denial, Leg, Service, Stage, UsageReport};
use tollgate_radius::h323::{H323Time, Zones};
use tollgate_radius::{Packet, attribute};
use tollgate_time::Instant;

use crate::charge;
use crate::counters::{Discard, Oddity};
use crate::quota::{self, Used};
use crate::shared::{Oddities, Request, malformed_attribute};

/// What an Accounting-Request reports.
#[derive(Debug)]
pub(crate) enum Accounting {
    /// Usage.
    Usage(Box<UsageReport>),
    /// The node starts or stops to report (Accounting-On, Accounting-Off), so many seconds ago. What was in use there has
    /// ended: nobody will report its Stop.
    NodeNotice(u64),
    /// Nothing that this client may report: orders for the charging, of one that is not trusted. Nothing is charged.
    Refused(Denial),
}

/// Acct-Status-Type (RFC 2866 section 5.1).
mod status {
    pub(super) const START: u32 = 1;
    pub(super) const STOP: u32 = 2;
    pub(super) const INTERIM: u32 = 3;
    pub(super) const ON: u32 = 7;
    pub(super) const OFF: u32 = 8;
}

/// Attributes that an accounting request must not have (RFC 2866 section 4.1).
const FORBIDDEN: [u8; 4] =
    [attribute::USER_PASSWORD, attribute::CHAP_PASSWORD, attribute::REPLY_MESSAGE, attribute::STATE];

/// Why the packet as a whole is to be discarded, with what is wrong (RFC 2866 sections 4.1 and 5).
pub(crate) fn fault(packet: &Packet<'_>) -> Option<(Discard, u8)> {
    if let Some(number) = malformed_attribute(packet) {
        return Some((Discard::Malformed, number));
    }
    if let Some(own) = packet.attributes().find(|own| FORBIDDEN.contains(&own.number)) {
        return Some((Discard::ForbiddenAttribute, own.number));
    }
    match packet.u32(attribute::ACCT_STATUS_TYPE) {
        None => Some((Discard::MissingAttribute, attribute::ACCT_STATUS_TYPE)),
        Some(status::START | status::STOP | status::INTERIM | status::ON | status::OFF) => None,
        Some(_) => Some((Discard::UnsupportedStatus, attribute::ACCT_STATUS_TYPE)),
    }
}

/// Reads an Accounting-Request in which [`fault`] found none.
pub(crate) fn read(request: &Request<'_>, zones: &Zones, oddities: &mut Oddities) -> Accounting {
    request.note_missing_nas(oddities);
    let stage = match request.packet.u32(attribute::ACCT_STATUS_TYPE) {
        Some(status::START) => Stage::Start,
        Some(status::INTERIM) => Stage::Interim,
        Some(status::STOP) => Stage::Stop,
        _ => return Accounting::NodeNotice(delay(request.packet)),
    };
    let (packet, custom) = (request.packet, &request.custom);
    let charge = charge::read(custom.service_features, &custom.charge, oddities);
    if charge.is_some() && !request.trusted {
        oddities
            .note(Oddity::UntrustedCharge, || "PortaOne-Charge, charge-report or commit-charge".to_owned());
        return Accounting::Refused(Denial::NotAvailable);
    }
    let mut time = |name: &str, text: Option<&str>| instant(name, text?, zones, oddities);
    let setup_at = time("h323-setup-time", custom.setup_time);
    let alerted_at = time("alert-timepoint", custom.alerted_at);
    let connected_at = time("h323-connect-time", custom.connect_time);
    let disconnected_at = time("h323-disconnect-time", custom.disconnect_time);
    let account = custom.user_name.or_else(|| request.text(attribute::USER_NAME)).unwrap_or_default();
    // A service that there is not must not be charged as calls.
    let service = request.service(oddities).unwrap_or(Service::Session);
    let used = Used::read(&custom.used_resource, oddities);
    Accounting::Usage(Box::new(UsageReport {
        node: Some(request.node.to_owned()),
        session: request.whole_session(oddities),
        parent: request.parent().or_else(|| request.line(service)),
        account: account.to_owned(),
        stage,
        leg: leg(request),
        service,
        cli: request.owned(attribute::CALLING_STATION_ID),
        cld: request.called(),
        access_code: request.access_code().map(str::to_owned),
        select_code: request.custom.select_code.map(str::to_owned),
        setup_at,
        alerted_at,
        connected_at,
        disconnected_at: disconnected_at.or_else(|| stopped_at(packet, stage)),
        duration: packet.u32(attribute::ACCT_SESSION_TIME).map(u64::from).or(used.secs),
        octets_in: octets(packet, attribute::ACCT_INPUT_OCTETS, attribute::ACCT_INPUT_GIGAWORDS),
        octets_out: octets(packet, attribute::ACCT_OUTPUT_OCTETS, attribute::ACCT_OUTPUT_GIGAWORDS)
            .or(used.octets),
        quantity: number("Used-Service-Unit", custom.used_units, 10, oddities).or(used.pieces),
        part: request.part(),
        hold: quota::hold(custom.session, oddities),
        disconnect_cause: cause(custom.disconnect_cause, oddities),
        voice_quality: number("h323-voice-quality", custom.voice_quality, 10, oddities)
            .and_then(|value| u32::try_from(value).ok()),
        remote_address: custom.remote_address.map(str::to_owned),
        subscriber_ip: packet.ipv4(attribute::FRAMED_IP_ADDRESS).map(|address| address.to_string()),
        lock: request.lock(oddities),
        callback: request.custom.callback_history.map(callback),
        call_id: custom.call_id.map(str::to_owned),
        route: request.owned(attribute::NAS_PORT_ID),
        charge,
        delay: delay(packet),
    }))
}

fn delay(packet: &Packet<'_>) -> u64 {
    packet.u32(attribute::ACCT_DELAY_TIME).map_or(0, u64::from)
}

/// Which side of the call: h323-call-origin, else PortaOne-Leg-Type. Records of the incoming leg are
/// seen with neither (ESI, prepaid card session); they unlock the account or come from a telephone line.
fn leg(request: &Request<'_>) -> Leg {
    let custom = &request.custom;
    match (custom.call_origin, custom.leg_type) {
        (Some(origin), _) if origin.eq_ignore_ascii_case("answer") => Leg::Answer,
        (Some(_), _) => Leg::Originate,
        (None, Some("1")) => Leg::Answer,
        (None, Some(_)) => Leg::Originate,
        (None, None) => {
            let unlocks = custom.session.is_some_and(|session| session.starts_with("unlock"));
            let line = custom.call_type.is_some_and(|kind| kind.eq_ignore_ascii_case("Telephony"));
            if unlocks || line { Leg::Answer } else { Leg::Originate }
        }
    }
}

/// ESI, PortaBilling_CallbackHistory: START, ATTEMPT, OK.
fn callback(step: &str) -> Callback {
    if step.eq_ignore_ascii_case("OK") { Callback::Connected } else { Callback::Unconnected }
}

fn instant(name: &str, text: &str, zones: &Zones, oddities: &mut Oddities) -> Option<Instant> {
    match H323Time::parse(text, zones) {
        Ok(time) => Some(time.at),
        Err(error) => {
            oddities.note(Oddity::MalformedTime, || format!("{name}: {error}"));
            None
        }
    }
}

/// Event-Timestamp of a Stop (RFC 2869 section 5.3), where no h323-disconnect-time says when it ended.
fn stopped_at(packet: &Packet<'_>, stage: Stage) -> Option<Instant> {
    let secs = packet.u32(attribute::EVENT_TIMESTAMP).filter(|_| stage == Stage::Stop)?;
    Some(Instant::from_unix_secs(u64::from(secs)))
}

/// Gigawords × 2³² + octets (RFC 2869 sections 5.1 and 5.2).
fn octets(packet: &Packet<'_>, octets: u8, gigawords: u8) -> Option<u64> {
    let low = packet.u32(octets);
    let high = packet.u32(gigawords);
    if low.is_none() && high.is_none() {
        return None;
    }
    Some((u64::from(high.unwrap_or(0)) << 32) + u64::from(low.unwrap_or(0)))
}

/// A Q.850 cause in hexadecimal digits, `0x` in front allowed.
fn cause(text: Option<&str>, oddities: &mut Oddities) -> Option<u8> {
    let digits = text.map(|text| text.strip_prefix("0x").unwrap_or(text));
    let cause = number("h323-disconnect-cause", digits, 16, oddities)?;
    let octet = u8::try_from(cause).ok();
    if octet.is_none() {
        oddities.note(Oddity::MalformedNumber, || format!("h323-disconnect-cause: {cause:x} is above ff"));
    }
    octet
}

fn number(name: &str, text: Option<&str>, radix: u32, oddities: &mut Oddities) -> Option<u64> {
    let text = text?;
    let number = u64::from_str_radix(text, radix).ok();
    if number.is_none() {
        oddities.note(Oddity::MalformedNumber, || format!("{name}: {text}"));
    }
    number
}

#[cfg(test)]
mod tests {
    use tollgate_ocs_core::Lock;
    use tollgate_radius::{Builder, Code, cisco};

    use super::*;
    use crate::custom::Custom;

    fn packet(status: u32, fill: impl FnOnce(&mut Builder)) -> Vec<u8> {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
        builder.u32(attribute::ACCT_STATUS_TYPE, status).unwrap();
        builder.text(attribute::NAS_IDENTIFIER, "ivr").unwrap();
        fill(&mut builder);
        builder.finish_accounting_request(&"x".into()).unwrap()
    }

    fn read_octets(octets: &[u8]) -> (Accounting, Oddities) {
        let packet = Packet::parse(octets).unwrap();
        let request = Request { packet: &packet, custom: Custom::read(&packet), node: "ivr", trusted: false };
        let mut oddities = Oddities::default();
        let accounting = read(&request, &Zones::default(), &mut oddities);
        (accounting, oddities)
    }

    fn report(status: u32, fill: impl FnOnce(&mut Builder)) -> (UsageReport, Oddities) {
        match read_octets(&packet(status, |builder| {
            builder.cisco(cisco::H323_CONF_ID, "39AE126B CD4D11DB 958E0014 1C3F6886").unwrap();
            fill(builder);
        })) {
            (Accounting::Usage(report), oddities) => (*report, oddities),
            other => panic!("{other:?}"),
        }
    }

    fn fault_of(octets: &[u8]) -> Option<(Discard, u8)> {
        fault(&Packet::parse(octets).unwrap())
    }

    /// ESI, prepaid card session, the outgoing leg.
    #[test]
    fn the_outgoing_leg_of_the_example_is_read() {
        let (report, oddities) = report(status::STOP, |builder| {
            builder.text(attribute::USER_NAME, "10086610975").unwrap();
            builder.text(attribute::CALLED_STATION_ID, "82623634515").unwrap();
            builder.cisco(cisco::H323_CALL_ORIGIN, "originate").unwrap();
            builder.cisco(cisco::H323_SETUP_TIME, "00:16:18.192 PST Fri Mar 9 2007").unwrap();
            builder.cisco(cisco::H323_CONNECT_TIME, "00:16:21.164 PST Fri Mar 9 2007").unwrap();
            builder.cisco(cisco::H323_DISCONNECT_TIME, "00:17:31.893 PST Fri Mar 9 2007").unwrap();
            builder.cisco(cisco::H323_DISCONNECT_CAUSE, "10").unwrap();
            builder.ivr_out("PortaBilling_Original_CLD", "6045551600").unwrap();
        });
        assert_eq!(oddities.kinds(), []);
        let at = |text: &str| Some(Instant::parse_rfc3339(text).unwrap());
        assert_eq!(report.connected_at, at("2007-03-09T00:16:21.164-08:00"));
        assert_eq!(report.disconnected_at, at("2007-03-09T00:17:31.893-08:00"));
        // Hexadecimal 10 is Q.850 cause 16, normal clearing.
        assert_eq!(
            (report.disconnect_cause, report.leg, report.stage),
            (Some(16), Leg::Originate, Stage::Stop)
        );
        assert_eq!((report.duration, report.delay), (None, 0));
        assert_eq!(report.access_code.as_deref(), Some("6045551600"));
    }

    #[test]
    fn a_record_without_an_origin_that_unlocks_is_of_the_incoming_leg() {
        let (report, _) =
            report(status::STOP, |builder| builder.ivr_out("PortaBilling_Session", "unlock").unwrap());
        assert_eq!((report.leg, report.lock), (Leg::Answer, Lock::Unlock));
    }

    #[test]
    fn a_malformed_time_is_left_out_and_counted() {
        let (report, oddities) = report(status::STOP, |builder| {
            builder.cisco(cisco::H323_CONNECT_TIME, "around midnight").unwrap();
            builder.cisco(cisco::H323_DISCONNECT_TIME, "00:17:31.893 PST Fri Mar 9 2007").unwrap();
            builder.u32(attribute::ACCT_SESSION_TIME, 71).unwrap();
        });
        assert_eq!((report.connected_at, report.duration), (None, Some(71)));
        assert!(report.disconnected_at.is_some());
        assert_eq!(oddities.kinds(), [Oddity::MalformedTime]);
    }

    #[test]
    fn gigawords_count_two_to_the_32_octets_each() {
        let (report, _) = report(status::INTERIM, |builder| {
            builder.u32(attribute::ACCT_INPUT_OCTETS, 5).unwrap();
            builder.u32(attribute::ACCT_INPUT_GIGAWORDS, 2).unwrap();
            builder.u32(attribute::ACCT_OUTPUT_GIGAWORDS, 1).unwrap();
        });
        // 2 × 4,294,967,296 + 5, and 1 × 4,294,967,296.
        assert_eq!((report.octets_in, report.octets_out), (Some(8_589_934_597), Some(4_294_967_296)));
        assert_eq!(report.stage, Stage::Interim);
    }

    #[test]
    fn a_broken_cause_is_counted() {
        for text in ["xyz", "1FF"] {
            let (report, oddities) =
                report(status::STOP, |builder| builder.cisco(cisco::H323_DISCONNECT_CAUSE, text).unwrap());
            assert_eq!((report.disconnect_cause, oddities.kinds().len()), (None, 1), "{text}");
        }
        let (report, _) =
            report(status::STOP, |builder| builder.cisco(cisco::H323_DISCONNECT_CAUSE, "0x1F").unwrap());
        assert_eq!(report.disconnect_cause, Some(31));
    }

    #[test]
    fn the_name_to_bill_replaces_the_users() {
        let (report, _) = report(status::START, |builder| {
            builder.text(attribute::USER_NAME, "someone").unwrap();
            builder.ivr_out("PortaBilling_UserName", "16051233355").unwrap();
            builder.u32(attribute::ACCT_DELAY_TIME, 9).unwrap();
        });
        assert_eq!((report.account.as_str(), report.delay), ("16051233355", 9));
    }

    #[test]
    fn each_forbidden_attribute_is_a_fault() {
        for number in FORBIDDEN {
            let octets = packet(status::STOP, |builder| builder.bytes(number, &[0; 16]).unwrap());
            assert_eq!(fault_of(&octets), Some((Discard::ForbiddenAttribute, number)), "{number}");
        }
    }

    #[test]
    fn a_status_that_is_missing_unknown_or_misshapen_is_a_fault() {
        let octets = |fill: fn(&mut Builder)| {
            let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
            fill(&mut builder);
            builder.finish_accounting_request(&"x".into()).unwrap()
        };
        let number = attribute::ACCT_STATUS_TYPE;
        assert_eq!(fault_of(&octets(|_| {})), Some((Discard::MissingAttribute, number)));
        assert_eq!(
            fault_of(&octets(|it| it.u32(attribute::ACCT_STATUS_TYPE, 9).unwrap())),
            Some((Discard::UnsupportedStatus, number))
        );
        assert_eq!(
            fault_of(&octets(|it| it.bytes(attribute::ACCT_STATUS_TYPE, &[2]).unwrap())),
            Some((Discard::Malformed, number))
        );
    }

    #[test]
    fn on_and_off_are_notices_of_the_node() {
        for status in [status::ON, status::OFF] {
            let octets = packet(status, |it| it.u32(attribute::ACCT_DELAY_TIME, 7).unwrap());
            assert_eq!(fault_of(&octets), None);
            assert!(matches!(read_octets(&octets).0, Accounting::NodeNotice(7)));
        }
    }
}
