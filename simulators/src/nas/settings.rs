//! The settings of one NAS, read once from what the scenario says.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_radius::h323::Zone;
use tollgate_wire::{Text, Value};

use super::quirks::Quirks;
use crate::radius_client;
use crate::settings::{Reader, wrong};

/// Which accounting records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accounting {
    StartStop,
    StopOnly,
    None,
}

/// What happens to the caller when the called party has hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterCall {
    Release,
    NextCall,
}

/// How the account is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authenticate {
    /// By the card number that the caller enters.
    Card,
    /// By the caller's own number, without asking.
    Caller,
}

/// How the PIN travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthMethod {
    Pap,
    Chap,
}

/// Everything that does not change while a NAS runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) address: IpAddr,
    pub(super) identifier: Option<Text>,
    pub(super) accounting_on: bool,
    pub(super) port: u32,
    pub(super) port_id: Text,
    pub(super) remote_address: Text,
    pub(super) zone: Zone,
    pub(super) accounting: Accounting,
    pub(super) session_time: bool,
    pub(super) session_id_in_access: bool,
    pub(super) interim: Option<Duration>,
    pub(super) release_delay: Duration,
    pub(super) authenticate: Authenticate,
    pub(super) auth_method: AuthMethod,
    pub(super) pin: bool,
    pub(super) card_length: usize,
    pub(super) terminator: char,
    pub(super) digit_timeout: Duration,
    pub(super) login_attempts: u32,
    pub(super) destination_attempts: u32,
    pub(super) ring_timeout: Duration,
    pub(super) warning: Duration,
    pub(super) after_call: AfterCall,
    pub(super) language: Text,
    pub(super) transaction: u64,
    pub(super) message_authenticator: bool,
    pub(super) quirks: Quirks,
    pub(super) client: radius_client::Settings,
}

impl Settings {
    /// Reads the settings; the check before a run has filled the defaults in.
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let client = read.client()?;
        Ok(Self {
            address: setup.address,
            identifier: read.identifier(),
            accounting_on: read.flag("accounting-on")?,
            port: read.u32("port")?,
            port_id: read.text("port-id")?.into(),
            remote_address: Text::from(read.address("remote-address")?.to_string()),
            zone: read.zone("zone")?,
            accounting: match read.text("accounting")? {
                "start-stop" => Accounting::StartStop,
                "none" => Accounting::None,
                _ => Accounting::StopOnly,
            },
            session_time: read.flag("session-time")?,
            session_id_in_access: read.flag("session-id-in-access")?,
            interim: read.interim("interim-interval")?,
            release_delay: read.span("release-delay")?,
            authenticate: match read.text("authenticate")? {
                "caller" => Authenticate::Caller,
                _ => Authenticate::Card,
            },
            auth_method: match read.text("auth-method")? {
                "chap" => AuthMethod::Chap,
                _ => AuthMethod::Pap,
            },
            pin: read.flag("pin")?,
            card_length: usize::try_from(read.u32("card-length")?).unwrap_or(usize::MAX),
            terminator: read.key("terminator")?,
            digit_timeout: read.span("digit-timeout")?,
            login_attempts: read.u32("login-attempts")?,
            destination_attempts: read.u32("destination-attempts")?,
            ring_timeout: read.span("ring-timeout")?,
            warning: read.span("warning")?,
            after_call: match read.text("after-call")? {
                "next-call" => AfterCall::NextCall,
                _ => AfterCall::Release,
            },
            language: read.text("language")?.into(),
            transaction: u64::from(read.u32("transaction-id")?),
            message_authenticator: read.flag("message-authenticator")?,
            quirks: Quirks::read(setup.settings.get("quirks"))?,
            client,
        })
    }
}

/// What only a NAS has.
impl Reader<'_> {
    fn address(&self, name: &str) -> Result<IpAddr, SetupError> {
        match self.value(name) {
            Some(Value::Address(address)) => Ok(*address),
            _ => Err(wrong(name)),
        }
    }

    fn key(&self, name: &str) -> Result<char, SetupError> {
        let text = self.text(name)?;
        let mut keys = text.chars();
        match (keys.next(), keys.next()) {
            (Some(key @ ('#' | '*' | 'A'..='D')), None) => Ok(key),
            _ => Err(SetupError(format!("'{text}' is no {name}; write one of # * A B C D"))),
        }
    }

    fn zone(&self, name: &str) -> Result<Zone, SetupError> {
        let text = self.text(name)?;
        let parsed = match text.split_once(' ') {
            None => text.parse(),
            Some((abbreviation, offset)) => {
                let offset = offset_secs(offset).ok_or_else(|| {
                    SetupError(format!("'{offset}' is no offset from UTC; write it as -08:00 or +05:30"))
                })?;
                Zone::new(abbreviation, offset)
            }
        };
        parsed.map_err(|error| SetupError(error.to_string()))
    }
}

/// Seconds east of UTC: `-08:00`.
fn offset_secs(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str, max: i32| -> Option<i32> {
        let right = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| right && *number <= max)
    };
    Some(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_written_with_its_sign_and_two_digits_each() {
        assert_eq!(offset_secs("-08:00"), Some(-28_800));
        assert_eq!(offset_secs("+05:30"), Some(19_800));
        for text in ["", "08:00", "+8:00", "-08", "-08:60", "+24:00", "-0a:00", "-08:+1"] {
            assert_eq!(offset_secs(text), None, "{text}");
        }
    }
}
