//! The requests: what the outgoing leg of a prepaid call reports (ESI, worked example of the prepaid
//! card), and what its caller is authenticated with. Built once; only what differs is written for each.

use std::net::Ipv4Addr;

use bytes::{Bytes, BytesMut};
use tollgate_radius::{AUTHENTICATOR_LEN, Builder, Code, EncodeError, Secret, attribute, cisco, sign};

use crate::plan::{Accounts, Plan, Traffic};

/// Acct-Status-Type (RFC 2866 section 5.1).
const START: u32 = 1;
const STOP: u32 = 2;
/// Service-Type Login (RFC 2865 section 5.6).
const LOGIN: u32 = 1;
/// Seconds of talk of every session.
const TALK_SECS: u32 = 71;
/// The documentation's address block (RFC 5737): the equipment that the requests speak of.
const NAS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

/// Stand for digits to be written: of the account, and of the session.
const ACCOUNT_MARK: char = '#';
const SESSION_MARK: char = '@';
/// Hexadecimal digits that make a session unique.
const SESSION_DIGITS: usize = 16;

/// A request cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be built: {0}")]
pub struct RequestError(#[from] EncodeError);

/// One step of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Start,
    Stop,
    Access,
}

/// Makes requests.
pub(crate) struct Requests {
    secret: Secret,
    accounts: Accounts,
    run: u32,
    start: Template,
    stop: Template,
    access: Template,
    password: String,
    arena: BytesMut,
}

/// A packet with the places where digits are to be written.
struct Template {
    packet: Vec<u8>,
    account_at: Vec<usize>,
    /// Each of these places takes [`SESSION_DIGITS`], a space between the two halves where it says so.
    session_at: Vec<(usize, Spelling)>,
}

#[derive(Clone, Copy)]
enum Spelling {
    /// Sixteen digits in a row.
    Joined,
    /// Two groups of eight, as in an `h323-conf-id`.
    Split,
}

/// A finished request.
pub(crate) struct Request {
    pub(crate) payload: Bytes,
    pub(crate) authenticator: [u8; AUTHENTICATOR_LEN],
}

/// How many bytes are asked of the allocator at once.
const ARENA: usize = 256 * 1024;

impl Requests {
    pub(crate) fn new(plan: &Plan) -> Result<Self, RequestError> {
        let account: String = std::iter::repeat_n(ACCOUNT_MARK, plan.accounts.digits()).collect();
        let password = match &plan.traffic {
            Traffic::Accounting => String::new(),
            Traffic::Access { password } => password.clone(),
        };
        Ok(Self {
            secret: plan.secret.clone(),
            accounts: plan.accounts,
            run: plan.run,
            start: Template::of(accounting(&account, START)?.finish_accounting_request(&plan.secret)?),
            stop: Template::of(accounting(&account, STOP)?.finish_accounting_request(&plan.secret)?),
            access: Template::of(access(&account)?.finish_access_request(&plan.secret)?),
            password,
            arena: BytesMut::with_capacity(ARENA),
        })
    }

    /// The request of a session's step under this identifier.
    pub(crate) fn make(&mut self, session: u64, step: Step, identifier: u8) -> Result<Request, RequestError> {
        let template = match step {
            Step::Start => &self.start,
            Step::Stop => &self.stop,
            Step::Access => &self.access,
        };
        let length = template.packet.len();
        if self.arena.capacity() < length {
            self.arena.reserve(ARENA);
        }
        self.arena.extend_from_slice(&template.packet);
        let key = (u64::from(self.run) << 32) | (session & u64::from(u32::MAX));
        template.write(&mut self.arena, self.accounts, session, key);
        self.arena[1] = identifier;
        if step == Step::Access {
            return self.finish_access(key, identifier);
        }
        let authenticator = sign::request_authenticator(&self.arena, &self.secret);
        self.arena[4..4 + AUTHENTICATOR_LEN].copy_from_slice(&authenticator);
        Ok(Request { payload: self.arena.split().freeze(), authenticator })
    }

    /// The authenticator of an access request is unique, though not secret: it hides no one's password
    /// but those of test accounts.
    fn finish_access(&mut self, key: u64, identifier: u8) -> Result<Request, RequestError> {
        let (high, low) = (scramble(key), scramble(!key));
        let authenticator = ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
        let payload = if self.password.is_empty() {
            self.arena[4..4 + AUTHENTICATOR_LEN].copy_from_slice(&authenticator);
            sign::request(&mut self.arena, &self.secret);
            self.arena.split().freeze()
        } else {
            let filled = self.arena.split();
            let mut builder = Builder::new(Code::ACCESS_REQUEST, identifier);
            builder.authenticator(&authenticator);
            builder.user_password(&self.secret, self.password.as_bytes())?;
            // What the template holds, its Message-Authenticator excepted, which comes anew.
            let template = tollgate_radius::Packet::parse(&filled).map(|packet| packet.attributes());
            for own in template.into_iter().flatten() {
                if own.number != attribute::MESSAGE_AUTHENTICATOR {
                    builder.bytes(own.number, own.value)?;
                }
            }
            builder.message_authenticator()?;
            builder.finish_access_request(&self.secret)?.into()
        };
        Ok(Request { payload, authenticator })
    }
}

impl Template {
    fn of(packet: Vec<u8>) -> Self {
        let (mut account_at, mut session_at) = (Vec::new(), Vec::new());
        let mut at = 20;
        while at < packet.len() {
            let mark = packet[at];
            let run = packet[at..].iter().take_while(|byte| **byte == mark).count();
            // A single mark is a length or a number that happens to look like one.
            if char::from(mark) == ACCOUNT_MARK && run > 1 {
                account_at.push(at);
            } else if char::from(mark) == SESSION_MARK && run == SESSION_DIGITS {
                session_at.push((at, Spelling::Joined));
            } else if char::from(mark) == SESSION_MARK && run == SESSION_DIGITS / 2 {
                session_at.push((at, Spelling::Split));
                // The space, and the other half.
                at += 1 + SESSION_DIGITS / 2;
            }
            at += run;
        }
        Self { packet, account_at, session_at }
    }

    fn write(&self, packet: &mut [u8], accounts: Accounts, session: u64, key: u64) {
        let account = accounts.of(session);
        for at in &self.account_at {
            let mut rest = account;
            for place in packet[*at..at + accounts.digits()].iter_mut().rev() {
                *place = digit(rest % 10);
                rest /= 10;
            }
        }
        for (at, spelling) in &self.session_at {
            for index in 0..SESSION_DIGITS {
                let half = usize::from(matches!(spelling, Spelling::Split) && index >= SESSION_DIGITS / 2);
                packet[at + index + half] = digit((key >> (60 - 4 * index)) & 0xf);
            }
        }
    }
}

/// A digit below sixteen as it is written.
fn digit(value: u64) -> u8 {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    usize::try_from(value).ok().and_then(|value| DIGITS.get(value)).copied().unwrap_or(b'?')
}

/// The finaliser of SplitMix64: different for different keys.
const fn scramble(key: u64) -> u64 {
    let mut mixed = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn session_id(spaced: bool) -> String {
    let half: String = std::iter::repeat_n(SESSION_MARK, SESSION_DIGITS / 2).collect();
    if spaced { format!("39AE126B {half} {half} 1C3F6886") } else { format!("{half}{half}") }
}

/// What every request says of its call.
fn call(builder: &mut Builder, account: &str) -> Result<(), EncodeError> {
    builder.ipv4(attribute::NAS_IP_ADDRESS, NAS)?;
    builder.text(attribute::USER_NAME, account)?;
    builder.text(attribute::CALLED_STATION_ID, "82623634515")?;
    builder.text(attribute::CALLING_STATION_ID, "6045550193")?;
    builder.u32(attribute::SERVICE_TYPE, LOGIN)?;
    builder.cisco(cisco::H323_CONF_ID, &session_id(true))
}

fn accounting(account: &str, status: u32) -> Result<Builder, EncodeError> {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 0);
    call(&mut builder, account)?;
    builder.u32(attribute::ACCT_STATUS_TYPE, status)?;
    builder.text(attribute::ACCT_SESSION_ID, &session_id(false))?;
    builder.cisco(cisco::H323_INCOMING_CONF_ID, &session_id(true))?;
    // The access code, which chooses the rate.
    builder.ivr_out("PortaBilling_Original_CLD", "6045551600")?;
    builder.cisco(cisco::H323_REMOTE_ADDRESS, "192.0.2.101")?;
    builder.cisco(cisco::H323_CALL_ORIGIN, "originate")?;
    builder.cisco(cisco::H323_CALL_TYPE, "VoIP")?;
    builder.cisco(cisco::H323_SETUP_TIME, "00:16:18.192 PST Fri Mar 9 2007")?;
    if status == STOP {
        builder.u32(attribute::ACCT_SESSION_TIME, TALK_SECS)?;
        builder.cisco(cisco::H323_CONNECT_TIME, "00:16:20.893 PST Fri Mar 9 2007")?;
        builder.cisco(cisco::H323_DISCONNECT_TIME, "00:17:31.893 PST Fri Mar 9 2007")?;
        builder.cisco(cisco::H323_DISCONNECT_CAUSE, "10")?;
    }
    Ok(builder)
}

fn access(account: &str) -> Result<Builder, EncodeError> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 0);
    call(&mut builder, account)?;
    builder.message_authenticator()?;
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tollgate_radius::{Packet, Presence, verify};

    use super::*;
    use crate::plan::Pace;

    fn requests(traffic: Traffic) -> Requests {
        let plan = Plan {
            server: ([127, 0, 0, 1], 1813).into(),
            secret: Secret::from("testing123"),
            traffic,
            accounts: "90000000000+10".parse().unwrap(),
            pace: Pace::Window(1),
            requests_max: 1,
            time_max: Duration::ZERO,
            answer_max: Duration::from_secs(1),
            verify_every: 1,
            server_pid: None,
            remote_allowed: false,
            run: 0xcafe_f00d,
        };
        Requests::new(&plan).unwrap()
    }

    #[test]
    fn start_and_stop_are_signed_and_name_the_same_session() {
        let mut requests = requests(Traffic::Accounting);
        for (step, status) in [(Step::Start, START), (Step::Stop, STOP)] {
            let made = requests.make(0x1_0000_002b, step, 7).unwrap();
            let packet = Packet::parse(&made.payload).unwrap();
            assert!(verify::accounting_request(&packet, &Secret::from("testing123")));
            assert_eq!((packet.identifier(), packet.authenticator()), (7, &made.authenticator));
            assert_eq!(packet.u32(attribute::ACCT_STATUS_TYPE), Some(status));
            // 0x1_0000_002b is 4,294,967,339, and the tenth part of it leaves 9.
            assert_eq!(packet.text(attribute::USER_NAME), Some("90000000009"));
            assert_eq!(packet.text(attribute::ACCT_SESSION_ID), Some("CAFEF00D0000002B"));
            assert_eq!(packet.cisco(cisco::H323_CONF_ID), Some("39AE126B CAFEF00D 0000002B 1C3F6886"));
        }
    }

    #[test]
    fn an_access_request_hides_its_password_and_is_authentic() {
        let secret = Secret::from("testing123");
        for password in ["", "wonderland"] {
            let mut requests = requests(Traffic::Access { password: password.to_owned() });
            let (one, other) =
                (requests.make(1, Step::Access, 9).unwrap(), requests.make(2, Step::Access, 9).unwrap());
            assert_ne!(one.authenticator, other.authenticator);
            let packet = Packet::parse(&one.payload).unwrap();
            assert_eq!((packet.identifier(), packet.authenticator()), (9, &one.authenticator));
            assert_eq!(verify::message_authenticator(&packet, &secret, None), Presence::Valid);
            assert_eq!(packet.text(attribute::USER_NAME), Some("90000000001"));
            let sent = verify::user_password(&packet, &secret);
            assert_eq!(sent.unwrap_or_default(), password.as_bytes());
        }
    }
}
