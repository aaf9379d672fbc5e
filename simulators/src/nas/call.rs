//! One call through the IVR: the caller's leg and the destinations that were tried.

use std::time::Duration;

use bytes::Bytes;
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::keys::Keys;
use crate::dynamic_authorization::Identity;
use crate::radius_client::ExchangeId;
use crate::timers::TimerId;

/// A call of one NAS, counted from 1 in the order in which they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallId(pub(super) u64);

/// Most destinations of one call, whatever became of them.
pub(super) const ATTEMPTS_MAX: usize = 1_000;

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The caller enters the card number.
    Card,
    /// The caller enters the PIN.
    Pin,
    /// The charging system looks at the card.
    Authenticating,
    /// The caller enters a destination.
    Destination,
    /// The charging system looks at the destination.
    Authorizing,
    /// The second leg is being set up.
    Ringing,
    /// The parties talk.
    Talking,
    /// One leg has ended, the other ends in a moment.
    Releasing,
    /// Both legs have ended; what is left is accounting.
    Over,
}

/// Which leg of a call a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leg {
    /// The caller's.
    Answer,
    /// That of the destination at this place among the attempts.
    Originate(usize),
}

/// Who or what ended a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Caller,
    Called,
    Credit,
    Ivr,
    /// The charging system, with a Disconnect-Request.
    Server,
}

impl Why {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Called => "called",
            Self::Credit => "credit",
            Self::Ivr => "ivr",
            Self::Server => "server",
        }
    }
}

/// How a leg ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) at: Instant,
    pub(super) cause: Text,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) name: Text,
    pub(super) from: Text,
    /// The access number.
    pub(super) to: Text,
    /// `h323-conf-id` of the caller's leg, `h323-incoming-conf-id` of every leg.
    pub(super) conf_id: Text,
    /// Joins the records of a call that the charging system sees in parts.
    pub(super) seed: Text,
    pub(super) stage: Stage,
    pub(super) keys: Keys,
    pub(super) entry_alarm: Option<TimerId>,
    pub(super) card: Text,
    pub(super) pin: Text,
    pub(super) transaction: Text,
    /// `transactionID` and `call-id` to be used next, where the scenario wants certain ones.
    pub(super) transaction_given: Option<Text>,
    pub(super) call_id_given: Option<Text>,
    /// Cards refused.
    pub(super) cards_refused: u32,
    /// Destinations refused, or not reached, since the last conversation.
    pub(super) destinations_refused: u32,
    /// Whether the charging system has accepted the card: from then on there is a session to account.
    pub(super) authenticated: bool,
    /// The User-Name of the accounting records, where it is not the card's number.
    pub(super) user_name: Option<Text>,
    pub(super) access_code: Option<Text>,
    pub(super) class: Option<Bytes>,
    pub(super) language: Text,
    pub(super) session_id: Text,
    pub(super) connected: Instant,
    pub(super) end: Option<End>,
    pub(super) stops_sent: u32,
    pub(super) attempts: Vec<Attempt>,
    /// Requests without an answer and alarms to come, which keep the call in memory when it is over.
    pub(super) open: u32,
}

/// A destination.
#[derive(Debug)]
pub(super) struct Attempt {
    /// As it was dialled.
    pub(super) dialled: Text,
    /// As it is called, after the charging system's dialling rules.
    pub(super) called: Text,
    pub(super) conf_id: Text,
    pub(super) call_id: Text,
    pub(super) transaction: Text,
    pub(super) session_id: Text,
    pub(super) rate_pattern: Option<Text>,
    pub(super) class: Option<Bytes>,
    pub(super) grant: Option<Duration>,
    pub(super) silent: bool,
    pub(super) interim: Option<Duration>,
    pub(super) interim_sent: Option<ExchangeId>,
    /// When the leg was begun; `None` where it never was.
    pub(super) setup: Option<Instant>,
    pub(super) connected: Option<Instant>,
    pub(super) end: Option<End>,
    pub(super) was_cut: bool,
    pub(super) stops_sent: u32,
    pub(super) alarms: Alarms,
}

/// Alarms of a leg, to call them off.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    pub(super) ring: Option<TimerId>,
    pub(super) warning: Option<TimerId>,
    pub(super) cut: Option<TimerId>,
    pub(super) interim: Option<TimerId>,
}

impl Call {
    /// The place of the destination that is being tried or was tried last.
    pub(super) fn last_attempt(&self) -> usize {
        self.attempts.len().saturating_sub(1)
    }

    /// The User-Name of accounting records.
    pub(super) fn accounted_name(&self) -> &str {
        self.user_name.as_ref().unwrap_or(&self.card)
    }

    /// Whether a request names the call, by what either of its legs is known by.
    pub(super) fn is_named(&self, named: &Identity<'_>) -> bool {
        let known = |called: &Text, conf_id: &Text, session_id: &Text| {
            named.names(&Identity {
                user_name: Some(self.accounted_name()),
                called: Some(called),
                calling: Some(&self.from),
                session_id: Some(session_id),
                conf_id: Some(conf_id),
                ..Identity::default()
            })
        };
        let second = self.attempts.last().filter(|attempt| attempt.is_up());
        let first = self.end.is_none() && self.authenticated;
        (first && known(&self.to, &self.conf_id, &self.session_id))
            || second.is_some_and(|it| known(&it.called, &it.conf_id, &it.session_id))
    }

    /// Whether nothing is left to be done about it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.stage == Stage::Over && self.open == 0
    }
}

impl Attempt {
    /// Whether the leg exists and has not ended.
    pub(super) const fn is_up(&self) -> bool {
        self.setup.is_some() && self.end.is_none()
    }
}
