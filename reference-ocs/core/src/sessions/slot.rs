//! The place of a usage: all of it, or what is still asked of one that was closed. A closed one is kept only to know
//! what comes again, and many are: so they are small.

use std::sync::Arc;

use tollgate_time::Instant;

use super::usage::{Progress, Usage};
use crate::command::SessionKey;
use crate::ids::UsageId;
use crate::part::Parts;
use crate::service::Leg;

/// What stands in a usage's place.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Slot {
    /// Not closed yet.
    Live(Box<Usage>),
    /// Closed.
    Closed(Box<ClosedUsage>),
}

/// What is asked of a closed usage.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct ClosedUsage {
    id: UsageId,
    key: SessionKey,
    call_id: Option<Arc<str>>,
    leg: Leg,
    parts: Parts,
}

/// What can be asked of any usage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownUsage<'a> {
    pub(crate) id: UsageId,
    pub(crate) key: &'a SessionKey,
    pub(crate) call_id: Option<&'a Arc<str>>,
    pub(crate) leg: Leg,
    pub(crate) progress: Progress,
    pub(crate) parts: &'a Parts,
}

impl Slot {
    /// A usage that is not closed.
    pub(super) fn live(&self) -> Option<&Usage> {
        match self {
            Self::Live(usage) => Some(usage),
            Self::Closed(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn live_mut(&mut self) -> Option<&mut Usage> {
        match self {
            Self::Live(usage) => Some(usage),
            Self::Closed(_) => None,
        }
    }

    /// It as it leaves the table.
    pub(super) fn moved(&self) -> Self {
        let mut moved = self.clone();
        if let Self::Live(usage) = &mut moved {
            usage.queued = None;
        }
        moved
    }

    /// Gives it another number, in a session that stands elsewhere.
    pub(super) fn renumber(&mut self, id: UsageId, session: u32) {
        match self {
            Self::Live(usage) => (usage.id, usage.session) = (id, session),
            Self::Closed(closed) => closed.id = id,
        }
    }

    /// Where its deadline stands in the queue.
    pub(super) fn queued(&self) -> Option<(Instant, UsageId)> {
        self.live().and_then(|usage| Some((usage.queued?, usage.id)))
    }

    pub(super) fn known(&self) -> KnownUsage<'_> {
        match self {
            Self::Live(usage) => KnownUsage {
                id: usage.id,
                key: &usage.key,
                call_id: usage.call_id.as_ref(),
                leg: usage.leg,
                progress: usage.progress,
                parts: &usage.parts,
            },
            Self::Closed(closed) => KnownUsage {
                id: closed.id,
                key: &closed.key,
                call_id: closed.call_id.as_ref(),
                leg: closed.leg,
                progress: Progress::Closed,
                parts: &closed.parts,
            },
        }
    }

    /// Leaves of a usage what is asked of a closed one.
    pub(super) fn close(&mut self) {
        let Self::Live(usage) = self else { return };
        let closed = ClosedUsage {
            id: usage.id,
            key: usage.key.clone(),
            call_id: usage.call_id.take(),
            leg: usage.leg,
            parts: std::mem::take(&mut usage.parts),
        };
        *self = Self::Closed(Box::new(closed));
    }
}
