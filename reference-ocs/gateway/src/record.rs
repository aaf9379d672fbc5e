//! The core with its durable record: every command is noted before it is applied, so that nothing is
//! answered that a restart would forget. Applying the record again to the catalogue rebuilds the state,
//! byte for byte.

use std::sync::Arc;

use tollgate_ocs_core::{Catalogue, Command, Effect, Ocs};
use tollgate_time::Instant;

use crate::config::CommandLogging;

/// The core and what it was told.
pub(crate) struct Recorded {
    ocs: Ocs,
    /// What the core began with.
    beginning: Arc<Catalogue>,
    commands: Vec<(Instant, Command)>,
    logging: CommandLogging,
}

/// A command that could not be noted, and so was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the command log is full; raise its bound or switch it off")]
pub(crate) struct RecordFull;

impl Recorded {
    pub(crate) fn new(catalogue: Arc<Catalogue>, logging: CommandLogging) -> Self {
        Self {
            ocs: Ocs::new(Catalogue::clone(&catalogue)),
            beginning: catalogue,
            commands: Vec::new(),
            logging,
        }
    }

    pub(crate) const fn ocs(&self) -> &Ocs {
        &self.ocs
    }

    /// What a restart would apply again, in order.
    pub(crate) fn commands(&self) -> &[(Instant, Command)] {
        &self.commands
    }

    /// Notes a command, then applies it.
    ///
    /// # Errors
    /// The record is full. Nothing was applied.
    pub(crate) fn apply(
        &mut self,
        now: Instant,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<(), RecordFull> {
        let CommandLogging::Keep { max } = self.logging else {
            self.ocs.apply_into(now, &command, effects);
            return Ok(());
        };
        if self.commands.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
            return Err(RecordFull);
        }
        self.commands.push((now, command));
        if let Some((_, command)) = self.commands.last() {
            self.ocs.apply_into(now, command, effects);
        }
        Ok(())
    }

    /// Lets deadlines pass that lie at or before `now`. They need no record: the core lets each pass at
    /// its own time, whenever it is next spoken to.
    pub(crate) fn expire(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        effects.append(&mut self.ocs.expire(now));
    }

    /// The state that a restart at `now` would find, as text: the record applied again to the catalogue.
    pub(crate) fn rebuilt(&self, now: Instant) -> String {
        let mut ocs = Ocs::new(Catalogue::clone(&self.beginning));
        let mut effects = Vec::new();
        for (at, command) in &self.commands {
            ocs.apply_into(*at, command, &mut effects);
            effects.clear();
        }
        ocs.expire(now);
        ocs.dump()
    }

    /// Forgets the state and rebuilds it from the record. Answers how many commands were applied again.
    pub(crate) fn replay(&mut self) -> usize {
        self.ocs = Ocs::new(Catalogue::clone(&self.beginning));
        let mut effects = Vec::new();
        for (at, command) in &self.commands {
            self.ocs.apply_into(*at, command, &mut effects);
            // They were answered and observed when they happened.
            effects.clear();
        }
        self.commands.len()
    }
}
