//! One session of credit control, or one event: its name, its numbers, and what its server has said about failures.

use std::sync::Arc;

use tollgate_wire::{Fields, Text};

use super::answer::CreditAnswer;
use super::settings::{CreditSettings, DebitHandling, FailureHandling};

/// CC-Request-Type (RFC 8506 section 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The first of a session.
    Initial,
    /// While it lasts.
    Update,
    /// The last.
    Terminate,
    /// There is no session.
    Event,
}

impl Kind {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Initial => 1,
            Self::Update => 2,
            Self::Terminate => 3,
            Self::Event => 4,
        }
    }

    /// What such a request is called in a journal.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Initial => "CCR-I",
            Self::Update => "CCR-U",
            Self::Terminate => "CCR-T",
            Self::Event => "CCR-E",
        }
    }
}

/// A session as its client knows it.
#[derive(Debug, Clone)]
pub struct CreditSession {
    /// Session-Id.
    pub id: Text,
    /// Service-Context-Id.
    pub context: Text,
    /// Who pays: Subscription-Id-Type (0 E.164, 1 IMSI, 2 SIP URI, 3 NAI, 4 private) and -Data, in their order.
    pub subscriptions: Vec<(u32, Text)>,
    /// Further AVPs of each request, behind those that the client writes.
    pub with: Fields,
    /// CC-Request-Number of the next request; it grows by one with each.
    pub next_number: u32,
    /// The server that answered last; it may be a relay.
    pub server: Option<Arc<str>>,
    /// Who answered, behind whatever relay.
    pub(super) origin: Option<Text>,
    pub(super) failure_handling: FailureHandling,
    pub(super) debit_handling: DebitHandling,
    pub(super) failover: bool,
}

impl CreditSession {
    pub(super) fn new(settings: &CreditSettings, id: Text, context: Text) -> Self {
        Self {
            id,
            context,
            subscriptions: Vec::new(),
            with: Fields::new(),
            next_number: 0,
            server: None,
            origin: None,
            failure_handling: settings.failure_handling,
            debit_handling: settings.debit_handling,
            failover: settings.session_failover,
        }
    }

    /// Takes what an answer says about failures: it goes before what the client has of its own (RFC 8506 section 5.7).
    pub fn learn(&mut self, answer: &CreditAnswer, server: &Arc<str>) {
        self.server = Some(Arc::clone(server));
        self.origin = answer.origin.clone().or_else(|| self.origin.take());
        self.failure_handling = answer.failure_handling.unwrap_or(self.failure_handling);
        self.debit_handling = answer.debit_handling.unwrap_or(self.debit_handling);
        self.failover = answer.failover.unwrap_or(self.failover);
    }
}
