//! The core with its durable record: every command is noted before it is applied, and stored before it is
//! answered, so that nothing is answered that a restart would forget. Applying the record again to the
//! catalogue rebuilds the state, byte for byte.

use std::sync::Arc;

use tollgate_ocs_core::{
    Catalogue, Command, Effect, MemoryRecord, Ocs, Record, RecordError, Recovered, SiteCommand,
};
use tollgate_time::Instant;

use crate::config::CommandLogging;

/// The core and what it was told.
pub(crate) struct Recorded {
    ocs: Ocs,
    /// What the core began with.
    beginning: Arc<Catalogue>,
    kept: Kept,
    /// Why nothing more is taken.
    failed: Option<RecordError>,
    /// Whether it is noted when something came of time alone, for those who follow the record.
    notes_time: bool,
}

enum Kept {
    Nowhere,
    Memory(MemoryRecord),
    Store(Box<dyn Record>),
}

impl Kept {
    fn record(&mut self) -> Option<&mut dyn Record> {
        match self {
            Self::Nowhere => None,
            Self::Memory(record) => Some(record),
            Self::Store(record) => Some(record.as_mut()),
        }
    }
}

impl Recorded {
    pub(crate) fn new(catalogue: Arc<Catalogue>, logging: CommandLogging) -> Self {
        let kept = match logging {
            CommandLogging::Off => Kept::Nowhere,
            CommandLogging::Keep { max } => {
                Kept::Memory(MemoryRecord::new(usize::try_from(max).unwrap_or(usize::MAX)))
            }
        };
        Self {
            ocs: Ocs::new(Catalogue::clone(&catalogue)),
            beginning: catalogue,
            kept,
            failed: None,
            notes_time: false,
        }
    }

    /// Goes on from what a store holds.
    pub(crate) fn stored(
        catalogue: Arc<Catalogue>,
        mut record: Box<dyn Record>,
    ) -> Result<(Self, u64), RecordError> {
        let Recovered { ocs, replayed } = record.recover(&catalogue)?;
        Ok((
            Self { ocs, beginning: catalogue, kept: Kept::Store(record), failed: None, notes_time: false },
            replayed,
        ))
    }

    /// Whether it is noted when something came of time alone.
    pub(crate) const fn notes_time(&mut self, notes: bool) {
        self.notes_time = notes;
    }

    pub(crate) const fn ocs(&self) -> &Ocs {
        &self.ocs
    }

    /// What a restart would apply again, in order; nothing when a store holds it.
    pub(crate) fn commands(&self) -> &[(Instant, Command)] {
        match &self.kept {
            Kept::Memory(record) => record.commands(),
            Kept::Nowhere | Kept::Store(_) => &[],
        }
    }

    /// Notes a command, then applies it.
    ///
    /// # Errors
    /// The record is full, or has failed. Nothing was applied.
    pub(crate) fn apply(
        &mut self,
        now: Instant,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<(), RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match &mut self.kept {
            Kept::Nowhere => self.ocs.apply_into(now, &command, effects),
            Kept::Memory(record) if record.is_full() => return Err(RecordError::Full),
            Kept::Memory(record) => {
                self.ocs.apply_into(now, &command, effects);
                record.push(now, command);
            }
            Kept::Store(record) => {
                record.append(now, &command)?;
                self.ocs.apply_into(now, &command, effects);
                return self.note(now, effects);
            }
        }
        Ok(())
    }

    /// Lets deadlines pass that lie at or before `now`. They need no record: the core lets each pass at
    /// its own time, whenever it is next spoken to.
    pub(crate) fn expire(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.failed.is_none() {
            effects.append(&mut self.ocs.expire(now));
            if let Kept::Memory(record) = &mut self.kept
                && self.notes_time
                && !effects.is_empty()
                && !record.is_full()
            {
                record.push(now, Command::Site(Box::new(SiteCommand::Passed { at: now })));
            }
            // A failure is kept, and met by the next commit.
            let _ = self.note(now, effects);
        }
    }

    fn note(&mut self, now: Instant, effects: &[Effect]) -> Result<(), RecordError> {
        let noted = self.kept.record().map_or(Ok(()), |record| record.note(now, effects));
        if let Err(error) = &noted {
            self.failed = Some(error.clone());
        }
        noted
    }

    /// Whether something must be stored before anything is said.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(&self.kept, Kept::Store(record) if record.is_pending())
    }

    /// Stores all that waits.
    ///
    /// # Errors
    /// The store failed: what waits must not be said, and nothing more is taken.
    pub(crate) fn commit(&mut self) -> Result<(), RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some(record) = self.kept.record() else { return Ok(()) };
        let stored = record.commit().and_then(|()| record.maintain(&self.ocs));
        if let Err(error) = &stored {
            self.failed = Some(error.clone());
        }
        stored
    }

    /// Keeps the state for the next start.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) fn close(&mut self) -> Result<(), RecordError> {
        self.commit()?;
        self.kept.record().map_or(Ok(()), |record| record.close(&self.ocs))
    }

    /// The state that a restart at `now` would find, as text: the record applied again to the catalogue.
    pub(crate) fn rebuilt(&self, now: Instant) -> String {
        let mut ocs = Ocs::new(Catalogue::clone(&self.beginning));
        let mut effects = Vec::new();
        for (at, command) in self.commands() {
            ocs.apply_into(*at, command, &mut effects);
            effects.clear();
        }
        ocs.expire(now);
        ocs.dump()
    }

    /// Forgets the state and rebuilds it from the record. Answers how many commands were applied again.
    ///
    /// # Errors
    /// The store cannot be read; nothing is taken until it can.
    pub(crate) fn replay(&mut self) -> Result<u64, RecordError> {
        let recovered = match self.kept.record() {
            Some(record) => record.recover(&self.beginning),
            None => Ok(Recovered { ocs: Ocs::new(Catalogue::clone(&self.beginning)), replayed: 0 }),
        };
        match recovered {
            Ok(Recovered { ocs, replayed }) => {
                (self.ocs, self.failed) = (ocs, None);
                Ok(replayed)
            }
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }
}
