//! A report on trial: what it does to the sessions is undone, by the sessions that it touches and no others.
//!
//! While a trial is on, nothing is forgotten to make room, so that undoing it brings back all there was.

use super::slot::Slot;
use super::{Deadline, Session, Sessions};

/// A session that may change, with its usages, by their places.
#[derive(Clone, Debug)]
struct Known {
    at: u32,
    session: Session,
    usages: Vec<(u32, Slot)>,
}

/// What was there before a trial.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trial {
    known: Vec<Known>,
    /// Where sessions were begun since.
    pub(super) begun: Vec<u32>,
    counts: (u64, u64),
}

impl Sessions {
    /// Begins a trial in which these sessions may change, and new ones begin.
    pub(crate) fn begin_trial(&mut self, places: &[u32]) {
        let with_usages = |&at: &u32| {
            let session = self.session(at).clone();
            let usages = session.usages.iter().map(|&at| (at, self.usages[at as usize].clone())).collect();
            Known { at, session, usages }
        };
        let known = places.iter().map(with_usages).collect();
        self.trial = Some(Box::new(Trial { known, begun: Vec::new(), counts: self.begun() }));
    }

    /// Whether what happens now is to be undone.
    pub(crate) const fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Undoes all that has happened since the trial began.
    pub(crate) fn undo_trial(&mut self) {
        let Some(trial) = self.trial.take() else { return };
        let Trial { known, begun, counts } = *trial;
        for at in begun {
            let hash = self.session(at).hashes.named;
            if let Ok(entry) = self.by_key.find_entry(hash, |(_, place)| *place == at) {
                entry.remove();
            }
            self.take_out(at, &[]);
            self.sessions.remove(at as usize);
        }
        for Known { at, session, usages } in known {
            let kept: Vec<u32> = usages.iter().map(|(at, _)| *at).collect();
            self.take_out(at, &kept);
            if let Some(queued) = session.queued {
                self.deadlines.insert((queued, Deadline::Lock(session.id, at)));
            }
            *self.sessions[at as usize] = session;
            for (at, usage) in usages {
                if let Some((queued, id)) = usage.queued() {
                    self.deadlines.insert((queued, Deadline::Usage(id, at)));
                }
                self.usages[at as usize] = usage;
            }
        }
        (self.sessions_begun, self.usages_begun) = counts;
    }

    /// Takes a session's deadlines away, and its usages but those that are kept.
    fn take_out(&mut self, at: u32, kept: &[u32]) {
        let session = &self.sessions[at as usize];
        if let Some(queued) = session.queued {
            self.deadlines.remove(&(queued, Deadline::Lock(session.id, at)));
        }
        // The latest first, so that places are free again in the order in which they were.
        for at in session.usages.clone().into_iter().rev() {
            if let Some((queued, id)) = self.usages[at as usize].queued() {
                self.deadlines.remove(&(queued, Deadline::Usage(id, at)));
            }
            if !kept.contains(&at) {
                self.usages.remove(at as usize);
            }
        }
    }
}
