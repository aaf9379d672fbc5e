//! One session of a subscriber.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::Text;

use super::group::Group;
use super::information::Information;
use super::settings::Settings;
use crate::credit_client::{CreditClient, CreditSession, Kind};
use crate::outbox::Outbox;
use crate::timers::{TimerId, Timers};

/// A session or an event of one P-GW, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) u64);

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The first answer is awaited.
    Asking,
    /// It is up.
    Up,
    /// It is over; what is left is its last report.
    Over,
}

/// What a rating group has to say with the next report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) reason: Option<u32>,
    pub(super) trigger: Option<u32>,
    /// Whether it asks for quota.
    pub(super) wants: bool,
}

/// Who or what ended a session, and what its last report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The subscriber.
    User,
    /// ASR, or a refusal.
    Server,
    /// There is no more quota.
    Quota,
    /// Nobody answers.
    Silence,
    /// An answer could not be understood.
    BadAnswer,
}

impl By {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Server => "server",
            Self::Quota => "quota",
            Self::Silence => "silence",
            Self::BadAnswer => "bad-answer",
        }
    }

    /// Termination-Cause (RFC 6733 section 8.15).
    pub(super) const fn cause(self) -> u32 {
        match self {
            Self::User => 1,
            Self::BadAnswer => 3,
            Self::Server | Self::Quota => 4,
            Self::Silence => 5,
        }
    }
}

/// A session.
#[derive(Debug)]
pub(super) struct Bearer {
    pub(super) key: Key,
    pub(super) name: Text,
    pub(super) credit: CreditSession,
    pub(super) information: Information,
    pub(super) stage: Stage,
    pub(super) asked_at: Instant,
    pub(super) groups: BTreeMap<u32, Group>,
    /// Nobody counts: what a lost server leaves, or 4011.
    pub(super) uncontrolled: bool,
    /// The request whose answer is awaited, and the groups that asked for quota in it.
    pub(super) waiting: Option<Kind>,
    pub(super) asking: BTreeSet<u32>,
    /// What the next report says.
    pub(super) queue: BTreeMap<u32, Need>,
    /// The next report goes out although no group has anything to say.
    pub(super) must_report: bool,
    /// A RAR is being followed.
    pub(super) reauthorising: bool,
    /// It ends once the answer is there.
    pub(super) ending: Option<By>,
    /// The last report goes out twice.
    pub(super) twice: bool,
    pub(super) alarm: Option<TimerId>,
}

impl Bearer {
    /// The rating group that traffic is of.
    pub(super) fn group_of(&self, named: Option<u32>, single: bool) -> Option<u32> {
        let first = self.groups.keys().next().copied();
        if single { first } else { named.or(first) }
    }

    /// Whether nothing gets through any more.
    pub(super) fn is_dead(&self) -> bool {
        self.groups.values().all(Group::is_dead)
    }

    pub(super) fn lasted(&self, now: Instant) -> Duration {
        now - self.asked_at
    }
}

/// What the sessions of one P-GW share.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) settings: Settings,
    pub(super) client: CreditClient<Key>,
    pub(super) out: Outbox,
    pub(super) alarms: Timers<Key>,
}
