//! One session of a user: from the access request to the end of its last sub-session.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::policy::Held;
use crate::dynamic_authorization::Identity;
use crate::radius_client::ExchangeId;
use crate::timers::TimerId;
use crate::traffic::{Counters, Traffic};

/// A session of one gateway, counted from 1 in the order in which the users came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionKey(pub(super) u64);

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The charging system is asked.
    Asking,
    /// The user is online.
    Up,
    /// It has ended, or never came up; what is left is accounting.
    Over,
}

/// Who or what ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    User,
    Server,
    Timeout,
    Quota,
}

impl By {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Quota => "quota",
        }
    }
}

/// A part of a session that is accounted for by itself; most sessions have one.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) session_id: Text,
    pub(super) began: Instant,
    /// What the session had carried when it began.
    pub(super) base: Counters,
    pub(super) end: Option<End>,
    pub(super) stops_sent: u32,
}

/// How a part ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at: Instant,
    /// Acct-Terminate-Cause.
    pub(super) cause: u32,
    /// What the session had carried by then.
    pub(super) counters: Counters,
    /// Whether another part of the session follows.
    pub(super) continued: bool,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) key: SessionKey,
    pub(super) name: Text,
    pub(super) user: Text,
    pub(super) password: Text,
    pub(super) chap: bool,
    pub(super) calling: Option<Text>,
    pub(super) called: Option<Text>,
    pub(super) port: u32,
    /// Further fields of every request, and of records that carry counters.
    pub(super) with: Fields,
    pub(super) accounting_with: Fields,
    /// The address that the user asks for.
    pub(super) wanted_address: Option<Ipv4Addr>,
    pub(super) address: Option<Ipv4Addr>,
    /// Acct-Session-Id of the part that is going on.
    pub(super) session_id: Text,
    /// Joins the parts: Acct-Multi-Session-Id, 3GPP2-Correlation-Id.
    pub(super) multi_id: Text,
    pub(super) asked: Instant,
    pub(super) stage: Stage,
    pub(super) parts: Vec<Part>,
    pub(super) traffic: Traffic,
    pub(super) held: Held,
    pub(super) class: Option<Bytes>,
    pub(super) interim: Option<Duration>,
    pub(super) session_timeout: Option<u32>,
    pub(super) idle_timeout: Option<u32>,
    /// How long the session may last since it came up, and how many octets it may carry, by what was granted.
    pub(super) time_quota: Option<Duration>,
    pub(super) octet_quota: Option<u64>,
    /// Whether more was asked for and no answer has come yet.
    pub(super) asking_more: bool,
    pub(super) interim_sent: Option<ExchangeId>,
    pub(super) alarms: Alarms,
    /// Requests without an answer and alarms to come, which keep the session in memory when it is over.
    pub(super) open: u32,
}

/// Alarms of a session, to call them off.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    pub(super) interim: Option<TimerId>,
    pub(super) timeout: Option<TimerId>,
    pub(super) quota: Option<TimerId>,
}

/// Most sub-sessions of one session.
pub(super) const PARTS_MAX: usize = 10_000;

impl Session {
    /// When the user came online.
    pub(super) fn began(&self) -> Option<Instant> {
        self.parts.first().map(|part| part.began)
    }

    /// The place of the part that is going on or was the last.
    pub(super) fn last_part(&self) -> usize {
        self.parts.len().saturating_sub(1)
    }

    /// Whether a request names this session.
    pub(super) fn is_named(&self, named: &Identity<'_>, port_id: &str) -> bool {
        let known = Identity {
            user_name: Some(&self.user),
            nas_port: Some(self.port),
            nas_port_id: Some(port_id),
            framed_address: self.address,
            called: self.called.as_deref(),
            calling: self.calling.as_deref(),
            session_id: Some(&self.session_id),
            multi_session_id: Some(&self.multi_id),
            conf_id: None,
        };
        self.stage == Stage::Up && named.names(&known)
    }

    /// Whether nothing is left to be done about it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.stage == Stage::Over && self.open == 0
    }
}
