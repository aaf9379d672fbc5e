//! A dialogue with the gateway, and the call or message that it is about.

use tollgate_camel::cap::{CapError, Operation};
use tollgate_camel::dialogue::Dialogue;
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::call::Call;
use super::message::ShortMessage;

/// What the dialogue is about.
#[derive(Debug)]
pub(super) enum Subject {
    Call(Box<Call>),
    Message(Box<ShortMessage>),
}

/// One call or message.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) name: Text,
    pub(super) talk: Talk,
    pub(super) subject: Subject,
    /// When it is to be looked at, as the list of times has it.
    pub(super) due: Option<Instant>,
}

impl Session {
    pub(super) fn is_over(&self) -> bool {
        match &self.subject {
            Subject::Call(call) => call.is_over(),
            Subject::Message(message) => message.is_over(),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let own = match &self.subject {
            Subject::Call(call) => call.next_deadline(),
            Subject::Message(message) => message.next_deadline(),
        };
        [own, self.talk.dialogue.next_deadline()].into_iter().flatten().min()
    }
}

/// How the dialogue ends, if it is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Abort,
}

/// A dialogue, and how it is to end when what waits is sent.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) dialogue: Dialogue,
    ending: Option<Ending>,
}

impl Talk {
    pub(super) const fn new(dialogue: Dialogue) -> Self {
        Self { dialogue, ending: None }
    }

    pub(super) fn invoke(&mut self, now: Instant, operation: &Operation) {
        // With 127 operations under way there is no room for more; none of ours comes near.
        let _ = self.dialogue.invoke(now, operation);
    }

    pub(super) fn answer(&mut self, id: i8) {
        self.dialogue.answer(id);
    }

    pub(super) fn fail(&mut self, id: i8, error: &CapError) {
        self.dialogue.fail(id, error);
    }

    pub(super) fn end(&mut self) {
        self.ending = Some(Ending::End);
    }

    pub(super) fn abort(&mut self) {
        self.ending = Some(Ending::Abort);
    }

    /// The message that is to be sent now, if one is.
    pub(super) fn flush(&mut self) -> Option<Vec<u8>> {
        match self.ending.take() {
            Some(Ending::End) => self.dialogue.end(),
            Some(Ending::Abort) => self.dialogue.abort(),
            None if self.dialogue.has_waiting() => self.dialogue.send(),
            None => None,
        }
    }
}
