//! Settings that every client of credit control has.

use std::time::Duration;

use tollgate_network::{Arg, ArgKind, Setup, SetupError};
use tollgate_wire::Value;

use crate::diameter;
use crate::settings::wrong;
use crate::table::{integer, join, preset};

/// What to do when the charging system cannot be asked (Credit-Control-Failure-Handling, RFC 8506 section 8.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailureHandling {
    /// No service without an answer.
    #[default]
    Terminate,
    /// Another server is asked; where there is none, the service goes on uncontrolled.
    Continue,
    /// Another server is asked; where there is none, the service ends.
    RetryAndTerminate,
}

impl FailureHandling {
    /// What a number in an answer means.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Terminate,
            1 => Self::Continue,
            2 => Self::RetryAndTerminate,
            _ => return None,
        })
    }
}

/// What to do when an event cannot be charged (Direct-Debiting-Failure-Handling, RFC 8506 section 8.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DebitHandling {
    /// What was surely not charged is not served; what may have been is served, and its request stored and sent again.
    #[default]
    TerminateOrBuffer,
    /// It is served.
    Continue,
}

impl DebitHandling {
    /// What a number in an answer means.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::TerminateOrBuffer,
            1 => Self::Continue,
            _ => return None,
        })
    }
}

/// What a client is told once.
#[derive(Debug, Clone)]
pub struct CreditSettings {
    /// How long an answer may take (RFC 8506 section 13, Tx).
    pub tx: Duration,
    /// Without a word of the server.
    pub failure_handling: FailureHandling,
    /// Without a word of the server.
    pub debit_handling: DebitHandling,
    /// Whether a session may move to another server; without a word of the server (CC-Session-Failover).
    pub session_failover: bool,
    /// Origin-State-Id; it grows by one with each loss of power.
    pub origin_state: u32,
}

const OWN: [Arg; 5] = [
    preset(
        "tx",
        ArgKind::Span,
        "10s",
        "how long an answer to a credit control request may take (RFC 8506, Tx)",
    ),
    preset(
        "failure-handling",
        ArgKind::Choice(&["terminate", "continue", "retry-and-terminate"]),
        "terminate",
        "what becomes of a service when nobody answers, where the server does not say (Credit-Control-Failure-Handling)",
    ),
    preset(
        "debit-handling",
        ArgKind::Choice(&["terminate-or-buffer", "continue"]),
        "terminate-or-buffer",
        "what becomes of an event when nobody answers, where the server does not say (Direct-Debiting-Failure-Handling)",
    ),
    preset(
        "session-failover",
        ArgKind::Flag,
        "false",
        "whether sessions move to another server when theirs is lost, where the server does not say (CC-Session-Failover)",
    ),
    preset(
        "origin-state-id",
        integer(0, 4_000_000_000),
        "0",
        "Origin-State-Id; it grows by one with each loss of power",
    ),
];

/// The settings, with those of connections, to be joined with those of a kind.
pub(crate) const SETTINGS: [Arg; 10] = join(diameter::SETTINGS, OWN);

impl CreditSettings {
    /// Reads them; defaults are filled in by who checked them.
    ///
    /// # Errors
    /// One is missing or of the wrong type.
    pub fn read(setup: &Setup) -> Result<Self, SetupError> {
        let value = |name: &'static str| setup.settings.get(name).ok_or_else(|| wrong(name));
        let word = |name| value(name)?.as_text().ok_or_else(|| wrong(name));
        let Value::Span(tx) = value("tx")? else { return Err(wrong("tx")) };
        let Value::Flag(session_failover) = value("session-failover")? else {
            return Err(wrong("session-failover"));
        };
        let origin_state = value("origin-state-id")?.as_integer().and_then(|own| u32::try_from(own).ok());
        Ok(Self {
            tx: *tx,
            failure_handling: match word("failure-handling")? {
                "continue" => FailureHandling::Continue,
                "retry-and-terminate" => FailureHandling::RetryAndTerminate,
                _ => FailureHandling::Terminate,
            },
            debit_handling: match word("debit-handling")? {
                "continue" => DebitHandling::Continue,
                _ => DebitHandling::TerminateOrBuffer,
            },
            session_failover: *session_failover,
            origin_state: origin_state.ok_or_else(|| wrong("origin-state-id"))?,
        })
    }
}
