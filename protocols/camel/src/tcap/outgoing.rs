//! A component that owns its parts and waits to be sent.

use super::{Code, Component, Part, Problem};

/// One component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Invoke { id: i8, linked: Option<i8>, code: i64, argument: Vec<u8> },
    Result { id: i8, last: bool },
    Error { id: i8, code: i64, parameter: Option<Vec<u8>> },
    Reject { id: Option<i8>, problem: Problem },
}

impl Outgoing {
    pub(crate) fn component(&self) -> Component<'_> {
        match self {
            Self::Invoke { id, linked, code, argument } => Component::Invoke {
                id: *id,
                linked: *linked,
                code: Code::Local(*code),
                argument: Part::of(argument),
            },
            Self::Result { id, last } => Component::Result { id: *id, last: *last, code: None, result: None },
            Self::Error { id, code, parameter } => Component::Error {
                id: *id,
                code: Code::Local(*code),
                parameter: parameter.as_deref().and_then(Part::of),
            },
            Self::Reject { id, problem } => Component::Reject { id: *id, problem: *problem },
        }
    }
}
