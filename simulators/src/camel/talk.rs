//! A dialogue with what is to be said in it next.

use tollgate_camel::cap::{CapError, Operation};
use tollgate_camel::dialogue::Dialogue;
use tollgate_time::Instant;

/// How the dialogue ends, if it is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Abort,
}

/// A dialogue, and how it is to end when what waits is sent.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) dialogue: Dialogue,
    ending: Option<Ending>,
}

impl Talk {
    pub(crate) const fn new(dialogue: Dialogue) -> Self {
        Self { dialogue, ending: None }
    }

    pub(crate) fn invoke(&mut self, now: Instant, operation: &Operation) {
        // Operations whose timers are over have succeeded, and their identifiers are free again. With 127 of them under way
        // there would be no room for more; none of ours comes near.
        self.dialogue.expire(now);
        let _ = self.dialogue.invoke(now, operation);
    }

    pub(crate) fn answer(&mut self, id: i8) {
        self.dialogue.answer(id);
    }

    pub(crate) fn fail(&mut self, id: i8, error: &CapError) {
        self.dialogue.fail(id, error);
    }

    pub(crate) fn end(&mut self) {
        self.ending = Some(Ending::End);
    }

    pub(crate) fn abort(&mut self) {
        self.ending = Some(Ending::Abort);
    }

    /// The message that is to be sent now, if one is.
    pub(crate) fn flush(&mut self) -> Option<Vec<u8>> {
        match self.ending.take() {
            Some(Ending::End) => self.dialogue.end(),
            Some(Ending::Abort) => self.dialogue.abort(),
            None if self.dialogue.has_waiting() => self.dialogue.send(),
            None => None,
        }
    }
}
