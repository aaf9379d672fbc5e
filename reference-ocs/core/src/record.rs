//! Where commands are kept, so that what was answered outlives the process.
//!
//! Whoever answers for the core holds an answer back until [`Record::commit`] has returned: then the command and all
//! that came of it is stored. Many commands may share one commit. Nothing here opens anything; the stores do.

use tollgate_time::Instant;

use crate::catalogue::Catalogue;
use crate::command::Command;
use crate::effect::Effect;
use crate::ocs::Ocs;

/// What a record gave back.
#[derive(Debug)]
pub struct Recovered {
    /// The state that every stored command has led to.
    pub ocs: Ocs,
    /// How many of them were applied again; those under a stored state were not.
    pub replayed: u64,
}

/// Something could not be recorded or read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The record has its bound; nothing was noted, and nothing must be applied.
    #[error("the command log is full; raise its bound or switch it off")]
    Full,
    /// The store failed. What was not committed before is not stored, nothing more is taken, and a restart begins with
    /// what is stored.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// A durable record of commands and of what came of them.
pub trait Record: Send {
    /// Rebuilds the state from the catalogue and everything that is stored. Called before anything else, and again
    /// after a crash of its user: what was appended and not committed is forgotten.
    ///
    /// # Errors
    /// The store cannot be read, or goes with another catalogue.
    fn recover(&mut self, catalogue: &Catalogue) -> Result<Recovered, RecordError>;

    /// Notes a command before it is applied.
    ///
    /// # Errors
    /// It was not noted, and must not be applied.
    fn append(&mut self, now: Instant, command: &Command) -> Result<(), RecordError>;

    /// Notes what came of the command that was appended just now; or, when that was noted, of time alone passing up to
    /// `now`, which a recovery then lets pass again at this place.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    fn note(&mut self, now: Instant, effects: &[Effect]) -> Result<(), RecordError>;

    /// Whether something waits for a commit.
    fn is_pending(&self) -> bool;

    /// Stores all that waits: when it returns, nothing of it is lost when the machine loses its power.
    ///
    /// # Errors
    /// Nothing of what waited may be confirmed, and nothing more is taken.
    fn commit(&mut self) -> Result<(), RecordError>;

    /// Called after a commit with the state as it is, to keep it when that shortens the next recovery enough.
    ///
    /// # Errors
    /// The store failed; what is committed is stored all the same.
    fn maintain(&mut self, ocs: &Ocs) -> Result<(), RecordError>;

    /// Keeps the state for the next start, before an orderly end.
    ///
    /// # Errors
    /// As for [`Self::maintain`].
    fn close(&mut self, ocs: &Ocs) -> Result<(), RecordError>;
}

/// A record in memory: it survives a crash of its user that is played, and not one of the process.
#[derive(Debug)]
pub struct MemoryRecord {
    commands: Vec<(Instant, Command)>,
    max: usize,
}

impl MemoryRecord {
    /// A record of at most so many commands.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { commands: Vec::new(), max }
    }

    /// Whether nothing more is taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.commands.len() >= self.max
    }

    /// Takes a command over, whether it is full or not.
    pub fn push(&mut self, now: Instant, command: Command) {
        self.commands.push((now, command));
    }

    /// What was recorded, in its order.
    #[must_use]
    pub fn commands(&self) -> &[(Instant, Command)] {
        &self.commands
    }
}

impl Record for MemoryRecord {
    fn recover(&mut self, catalogue: &Catalogue) -> Result<Recovered, RecordError> {
        let mut ocs = Ocs::new(catalogue.clone());
        let mut effects = Vec::new();
        for (at, command) in &self.commands {
            ocs.apply_into(*at, command, &mut effects);
            // They were answered and observed when they happened.
            effects.clear();
        }
        Ok(Recovered { ocs, replayed: u64::try_from(self.commands.len()).unwrap_or(u64::MAX) })
    }

    fn append(&mut self, now: Instant, command: &Command) -> Result<(), RecordError> {
        if self.is_full() {
            return Err(RecordError::Full);
        }
        self.push(now, command.clone());
        Ok(())
    }

    fn note(&mut self, _: Instant, _: &[Effect]) -> Result<(), RecordError> {
        Ok(())
    }

    fn is_pending(&self) -> bool {
        false
    }

    fn commit(&mut self) -> Result<(), RecordError> {
        Ok(())
    }

    fn maintain(&mut self, _: &Ocs) -> Result<(), RecordError> {
        Ok(())
    }

    fn close(&mut self, _: &Ocs) -> Result<(), RecordError> {
        Ok(())
    }
}
