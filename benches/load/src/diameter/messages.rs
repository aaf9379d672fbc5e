//! The messages of a session: made once, then only their digits and numbers are changed.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use tollgate_diameter::{Builder, CommandFlags, EncodeError, HEADER_LEN, Header, Message, avp, raw};
use tollgate_time::Instant;

use crate::Accounts;

/// What every CCR-U reports as used of each of its two rating groups, in octets: 1 MiB.
pub const REPORT: u64 = 1 << 20;
/// What is asked for at once, in octets: 4 MiB.
const ASK: u64 = 4 << 20;
/// The two rating groups.
const RATING_GROUPS: [u32; 2] = [100, 200];
/// The application of credit control (RFC 8506), and its command.
const CREDIT_CONTROL: u32 = 4;
const CREDIT_CONTROL_COMMAND: u32 = 272;
/// The octet that stands in a pattern for a digit of the session, in hexadecimal.
const SESSION_MARK: u8 = b'#';
const SESSION_DIGITS: usize = 16;
/// The octet that stands in a pattern for a digit of the account.
const ACCOUNT_MARK: u8 = b'*';
const REALM: &str = "load.example";
/// DIAMETER_SUCCESS (RFC 6733 section 7.1.2).
const SUCCESS: u32 = 2001;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Initial,
    Update(u32),
    Terminate(u32),
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// All that was asked for.
    Granted,
    /// It is refused, or less is granted.
    Refused,
    /// It is no answer to that.
    Wrong,
}

impl Step {
    const fn number(self) -> u32 {
        match self {
            Self::Initial => 0,
            Self::Update(number) | Self::Terminate(number) => number,
        }
    }

    /// Octets that it reports.
    pub(super) const fn reports(self) -> u64 {
        match self {
            Self::Initial => 0,
            Self::Update(_) | Self::Terminate(_) => 2 * REPORT,
        }
    }
}

/// Patterns of the requests.
#[derive(Debug)]
pub(super) struct Messages {
    accounts: Accounts,
    run: u32,
    initial: Pattern,
    update: Pattern,
    terminate: Pattern,
}

#[derive(Debug)]
struct Pattern {
    octets: Vec<u8>,
    session_at: usize,
    account_at: usize,
    number_at: usize,
}

impl Messages {
    pub(super) fn new(accounts: Accounts, run: u32) -> Result<Self, EncodeError> {
        let pattern =
            |kind| Pattern::new(request(kind, accounts.digits())?).ok_or(EncodeError::TooLong { len: 0 });
        Ok(Self { accounts, run, initial: pattern(1)?, update: pattern(2)?, terminate: pattern(3)? })
    }

    /// Writes a request behind what the buffer holds.
    pub(super) fn write(&self, out: &mut Vec<u8>, session: u32, step: Step, (hop, end): (u32, u32)) {
        let pattern = match step {
            Step::Initial => &self.initial,
            Step::Update(_) => &self.update,
            Step::Terminate(_) => &self.terminate,
        };
        let start = out.len();
        out.extend_from_slice(&pattern.octets);
        let octets = &mut out[start..];
        raw::set_hop_by_hop(octets, hop);
        raw::set_end_to_end(octets, end);
        self.name(&mut octets[pattern.session_at..], session);
        let mut rest = self.accounts.of(session.into());
        for place in octets[pattern.account_at..][..self.accounts.digits()].iter_mut().rev() {
            *place = digit(rest % 10);
            rest /= 10;
        }
        octets[pattern.number_at..][..4].copy_from_slice(&step.number().to_be_bytes());
    }

    fn name(&self, octets: &mut [u8], session: u32) {
        let key = u64::from(self.run) << 32 | u64::from(session);
        for (place, octet) in octets[..SESSION_DIGITS].iter_mut().enumerate() {
            *octet = digit(key >> (60 - 4 * place) & 0xf);
        }
    }

    /// Holds an answer against its request.
    pub(super) fn judge(&self, answer: &Message<'_>, session: u32, step: Step) -> Told {
        let mut named = [0; SESSION_DIGITS];
        self.name(&mut named, session);
        let (mut right, mut result, mut granted) = (0, None, 0);
        for own in answer.avps() {
            match own.code {
                avp::SESSION_ID => right += u32::from(own.data.ends_with(&named)),
                avp::RESULT_CODE => result = own.u32(),
                avp::CC_REQUEST_NUMBER => right += u32::from(own.u32() == Some(step.number())),
                avp::MULTIPLE_SERVICES_CREDIT_CONTROL => granted += u32::from(grants(own.members())),
                _ => {}
            }
        }
        let wanted = if matches!(step, Step::Terminate(_)) { 0 } else { 2 };
        match (right, result) {
            (2, Some(SUCCESS)) if granted >= wanted => Told::Granted,
            (2, Some(_)) => Told::Refused,
            // A protocol error repeats no number (RFC 6733 section 7.2).
            (_, Some(3000..4000)) => Told::Refused,
            _ => Told::Wrong,
        }
    }
}

/// Whether a service is granted all that was asked for.
fn grants(service: tollgate_diameter::Avps<'_>) -> bool {
    let (mut success, mut units) = (false, None);
    for own in service {
        match own.code {
            avp::RESULT_CODE => success = own.u32() == Some(SUCCESS),
            avp::GRANTED_SERVICE_UNIT => {
                units = own.members().get(avp::CC_TOTAL_OCTETS).and_then(|own| own.u64());
            }
            _ => {}
        }
    }
    success && units == Some(ASK)
}

impl Pattern {
    fn new(octets: Vec<u8>) -> Option<Self> {
        let run_of = |mark| octets.iter().position(|octet| *octet == mark);
        let message = Message::parse(&octets).ok()?;
        let number_at = message.get(avp::CC_REQUEST_NUMBER)?.offset + tollgate_diameter::AVP_HEAD_LEN;
        let (session_at, account_at) = (run_of(SESSION_MARK)?, run_of(ACCOUNT_MARK)?);
        Some(Self { octets, session_at, account_at, number_at })
    }
}

fn digit(value: u64) -> u8 {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    usize::try_from(value).ok().and_then(|value| DIGITS.get(value)).copied().unwrap_or(b'?')
}

fn marks(mark: u8, count: usize) -> String {
    std::iter::repeat_n(char::from(mark), count).collect()
}

/// A CER; each connection is a node of its own.
pub(super) fn capabilities(connection: u32) -> Result<Vec<u8>, EncodeError> {
    let mut own =
        Builder::new(Header::request(257, 0).flagged(CommandFlags::REQUEST).identified(0, connection));
    own.text(avp::ORIGIN_HOST, &host(connection));
    own.text(avp::ORIGIN_REALM, REALM);
    own.address(avp::HOST_IP_ADDRESS, Ipv4Addr::LOCALHOST.into());
    own.u32(avp::VENDOR_ID, 0);
    own.text(avp::PRODUCT_NAME, "tollgate-load");
    own.u32(avp::AUTH_APPLICATION_ID, CREDIT_CONTROL);
    own.finish()
}

/// The answer to a DWR.
pub(super) fn alive(connection: u32, request: &Message<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut own = Builder::new(request.header.answer());
    own.u32(avp::RESULT_CODE, SUCCESS);
    own.text(avp::ORIGIN_HOST, &host(connection));
    own.text(avp::ORIGIN_REALM, REALM);
    own.finish()
}

fn host(connection: u32) -> String {
    format!("pgw-{connection}.{REALM}")
}

/// A request of a P-GW with two rating groups; one in the middle of a session has 680 octets.
fn request(kind: u32, account_digits: usize) -> Result<Vec<u8>, EncodeError> {
    let mut own = Builder::new(Header::request(CREDIT_CONTROL_COMMAND, CREDIT_CONTROL));
    own.text(avp::SESSION_ID, &format!("pgw.{REALM};3541;1873;gy;{}", marks(SESSION_MARK, SESSION_DIGITS)));
    own.text(avp::ORIGIN_HOST, &format!("pgw.{REALM}"));
    own.text(avp::ORIGIN_REALM, REALM);
    own.text(avp::DESTINATION_HOST, "ocs.load.example");
    own.text(avp::DESTINATION_REALM, REALM);
    own.u32(avp::AUTH_APPLICATION_ID, CREDIT_CONTROL);
    own.text(avp::SERVICE_CONTEXT_ID, "8.32251@3gpp.org");
    own.u32(avp::CC_REQUEST_TYPE, kind);
    own.u32(avp::CC_REQUEST_NUMBER, 0);
    own.u32(avp::ORIGIN_STATE_ID, 0);
    own.text(avp::USER_NAME, "0255011234567890@nai.epc.net");
    for (kind, data) in [(0, &*marks(ACCOUNT_MARK, account_digits)), (1, "255011234567890")] {
        own.group(avp::SUBSCRIPTION_ID, |inside| {
            inside.u32(avp::SUBSCRIPTION_ID_TYPE, kind);
            inside.text(avp::SUBSCRIPTION_ID_DATA, data);
        });
    }
    own.u32(avp::MULTIPLE_SERVICES_INDICATOR, 1);
    for rating in RATING_GROUPS {
        own.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
            if kind != 3 {
                service.group(avp::REQUESTED_SERVICE_UNIT, |asked| asked.u64(avp::CC_TOTAL_OCTETS, ASK));
            }
            if kind != 1 {
                service.group(avp::USED_SERVICE_UNIT, |used| {
                    used.u64(avp::CC_TOTAL_OCTETS, REPORT);
                    used.u64(avp::CC_INPUT_OCTETS, REPORT / 2);
                    used.u64(avp::CC_OUTPUT_OCTETS, REPORT / 2);
                });
            }
            service.u32(avp::SERVICE_IDENTIFIER, 1);
            service.u32(avp::RATING_GROUP, rating);
            if kind != 1 {
                service.u32(avp::REPORTING_REASON, if kind == 2 { 3 } else { 2 });
            }
        });
    }
    own.time(avp::EVENT_TIMESTAMP, Instant::from_unix_secs(1_551_426_785));
    own.group(avp::USER_EQUIPMENT_INFO, |inside| {
        inside.u32(avp::USER_EQUIPMENT_INFO_TYPE, 0);
        inside.octets(avp::USER_EQUIPMENT_INFO_VALUE, b"3516020012345601");
    });
    own.finish()
}

/// A world for `tollgate serve` that has these accounts, each with a million, and charges the sessions of this load:
/// 0.01 for a MiB of each rating group.
#[must_use]
pub fn world(accounts: Accounts) -> String {
    let mut text = String::from(
        "world: A load of sessions\n\
         currency: USD\n\
         ocs: 127.0.0.1\n\
         diameter:\n  host: ocs.load.example\n  realm: load.example\n  services:\n    \
         - { context: 32251@3gpp.org, service: data, grant: 4 MiB, validity: 2h }\n\
         tariffs:\n  Data:\n    currency: USD\n    service: data\n    rates:\n      \
         - { prefix: DATA, price: 0.01/MiB }\n\
         products:\n  Mobile:\n    currency: USD\n    rating:\n      \
         - { service: data, tariff: Data }\n\
         customers:\n  Subscribers: { currency: USD }\n\
         accounts:\n",
    );
    for session in 0..accounts.count() {
        let (name, digits) = (accounts.of(session), accounts.digits());
        // A text takes everything.
        let _written = writeln!(
            text,
            "  \"{name:0digits$}\": {{ type: debit, product: Mobile, customer: Subscribers, balance: 1000000.00 USD }}"
        );
    }
    text
}

const _: () = assert!(HEADER_LEN == 20, "the header's identifiers stand where they are set");

#[cfg(test)]
mod tests {
    use tollgate_diameter::check;

    use super::*;

    fn messages() -> Messages {
        Messages::new("90000000000+10".parse().unwrap(), 0xcafe_f00d).unwrap()
    }

    #[test]
    fn requests_are_what_the_rules_want_and_an_update_has_680_octets() {
        for (step, number) in [(Step::Initial, 0), (Step::Update(7), 7), (Step::Terminate(9), 9)] {
            let mut octets = b"before".to_vec();
            messages().write(&mut octets, 43, step, (5, 6));
            let octets = &octets[6..];
            let message = Message::parse(octets).unwrap();
            assert_eq!(check::problems(&message), []);
            assert_eq!((message.header.hop_by_hop, message.header.end_to_end), (5, 6));
            assert_eq!(message.session_id(), Some("pgw.load.example;3541;1873;gy;CAFEF00D0000002B"));
            assert_eq!(message.u32(avp::CC_REQUEST_NUMBER), Some(number));
            let named = message.get(avp::SUBSCRIPTION_ID).unwrap().members();
            assert_eq!(named.get(avp::SUBSCRIPTION_ID_DATA).unwrap().text(), Some("90000000003"));
            if step == Step::Update(7) {
                assert_eq!(octets.len(), 680);
            }
        }
    }

    fn answer(result: u32, services: &[(u32, u64)], number: u32) -> Vec<u8> {
        let mut octets = Vec::new();
        messages().write(&mut octets, 1, Step::Update(3), (0, 0));
        let mut own = Builder::answer(&Message::parse(&octets).unwrap());
        own.u32(avp::RESULT_CODE, result);
        own.u32(avp::CC_REQUEST_NUMBER, number);
        for (code, units) in services {
            own.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
                service.group(avp::GRANTED_SERVICE_UNIT, |granted| granted.u64(avp::CC_TOTAL_OCTETS, *units));
                service.u32(avp::RESULT_CODE, *code);
            });
        }
        own.finish().unwrap()
    }

    #[test]
    fn an_answer_is_right_when_both_groups_have_what_was_asked_for() {
        let judge =
            |octets: &[u8], session, step| messages().judge(&Message::parse(octets).unwrap(), session, step);
        let full = [(2001, ASK), (2001, ASK)];
        assert_eq!(judge(&answer(2001, &full, 3), 1, Step::Update(3)), Told::Granted);
        assert_eq!(judge(&answer(2001, &full[..1], 3), 1, Step::Update(3)), Told::Refused);
        assert_eq!(judge(&answer(2001, &full[..1], 3), 1, Step::Terminate(3)), Told::Granted);
        for less in [(2001, ASK - 1), (4012, ASK)] {
            assert_eq!(judge(&answer(2001, &[full[0], less], 3), 1, Step::Update(3)), Told::Refused);
        }
        assert_eq!(judge(&answer(5030, &[], 3), 1, Step::Update(3)), Told::Refused);
        assert_eq!(judge(&answer(3004, &[], 9), 1, Step::Update(3)), Told::Refused);
        // Of another number, or another session.
        assert_eq!(judge(&answer(2001, &full, 4), 1, Step::Update(3)), Told::Wrong);
        assert_eq!(judge(&answer(2001, &full, 3), 2, Step::Update(3)), Told::Wrong);
    }
}
