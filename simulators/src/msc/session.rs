//! A dialogue with the gateway, and the call or message that it is about.

use tollgate_time::Instant;
use tollgate_wire::Text;

use super::call::Call;
use super::message::ShortMessage;
use crate::camel::Talk;

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
