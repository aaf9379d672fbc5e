//! A stage while a scenario is played on it: who is who, what was observed, and time, which passes only here.

use std::time::Duration;

use tollgate_network::{Driver, NodeId, PeerKind, Seen};
use tollgate_time::Instant;
use tollgate_wire::{Text, Value};

use super::journal::Journal;
use crate::scenario::{Expectation, Scenario, Who};

/// The name of the system under test in every scenario.
pub(crate) const SYSTEM: &str = "ocs";

/// Which node plays whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) system: NodeId,
    pub(crate) system_kind: &'static PeerKind,
    pub(crate) peers: &'a [NodeId],
}

impl<'a> Cast<'a> {
    /// The node, or `None` when the stage has fewer peers than the scenario.
    pub(crate) fn node(&self, who: Who) -> Option<NodeId> {
        match who {
            Who::System => Some(self.system),
            Who::Peer(place) => self.peers.get(place).copied(),
        }
    }

    pub(crate) fn who(&self, node: NodeId) -> Option<Who> {
        if node == self.system {
            return Some(Who::System);
        }
        self.peers.iter().position(|own| *own == node).map(Who::Peer)
    }

    pub(crate) fn name(&self, who: Who) -> &'a str {
        match who {
            Who::System => SYSTEM,
            Who::Peer(place) => self.scenario.peers.get(place).map_or("?", |peer| peer.name.as_str()),
        }
    }

    pub(crate) fn kind(&self, who: Who) -> Option<&'static PeerKind> {
        match who {
            Who::System => Some(self.system_kind),
            Who::Peer(place) => self.scenario.peers.get(place).map(|peer| peer.kind),
        }
    }

    /// An empty journal that knows the names.
    pub(crate) fn journal(&self) -> Journal {
        let peers =
            self.peers.iter().zip(&self.scenario.peers).map(|(node, peer)| (*node, peer.name.clone()));
        Journal::new(std::iter::once((self.system, Text::from(SYSTEM))).chain(peers).collect())
    }

    /// An observation in a few words: its kind and subject, `prompt enter-card-number`, and its frame.
    pub(crate) fn brief(&self, seen: &Seen) -> String {
        let sight = self.who(seen.node).and_then(|who| self.kind(who)?.sight(&seen.observation.kind));
        let subject = sight.and_then(|sight| seen.observation.fields().get(sight.subject?));
        let mut brief = seen.observation.kind.to_string();
        if let Some(subject) = subject {
            brief.push_str(&format!(" {subject}"));
        }
        if let Some(frame) = seen.frame {
            brief.push_str(&format!(" (frame {frame})"));
        }
        brief
    }
}

/// Moves time and keeps what is observed meanwhile.
pub(crate) struct Scene<'a> {
    pub(crate) cast: Cast<'a>,
    pub(crate) driver: &'a mut dyn Driver,
    pub(crate) journal: &'a mut Journal,
    /// How long an expectation waits that names no bound.
    pub(crate) within: Duration,
    /// How many seconds of the scenario pass in a real one.
    pub(crate) haste: u32,
    /// How much real time an expectation may take; virtual time costs none.
    pub(crate) patience: Option<Duration>,
}

impl Scene<'_> {
    pub(crate) fn now(&self) -> Instant {
        self.driver.now()
    }

    /// How long an expectation waits: a bound is about the machine, so it is stretched where the scenario's clock runs faster,
    /// but by no more than the machine is given anyway. A long one is about the scenario's time, of which it has enough.
    pub(crate) fn bound(&self, expectation: &Expectation) -> Duration {
        let stretched = |written: Duration| {
            written.saturating_mul(self.haste).min(written.saturating_add(self.within)).max(written)
        };
        expectation.within.map_or(self.within, stretched)
    }

    /// The same in real time, where patience ends before it does: how much that is, and in the scenario's time.
    pub(crate) fn cut(&self, expectation: &Expectation) -> Option<(Duration, Duration)> {
        let patience = self.patience?;
        let most = patience.saturating_mul(self.haste);
        (most < self.bound(expectation)).then_some((patience, most))
    }

    /// Lets time pass until then.
    pub(crate) fn pass(&mut self, until: Instant) {
        while let Some(seen) = self.driver.advance(until) {
            self.journal.push(seen);
        }
    }

    /// The place of the oldest unused entry at or after `from` that is wanted; where there is none yet, of the
    /// first that comes until then.
    pub(crate) fn find(
        &mut self,
        from: usize,
        until: Instant,
        wanted: impl Fn(&Seen) -> bool,
    ) -> Option<usize> {
        let known = self.journal.unused().find(|(place, seen)| *place >= from && wanted(seen));
        if let Some((place, _)) = known {
            return Some(place);
        }
        while let Some(seen) = self.driver.advance(until) {
            let found = wanted(&seen);
            let place = self.journal.push(seen);
            if found {
                return Some(place);
            }
        }
        None
    }
}

/// A span as the scenario language writes it.
pub(crate) fn span(span: Duration) -> String {
    Value::Span(span).to_string()
}
