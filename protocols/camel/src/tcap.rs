//! TCAP: transactions, dialogues and components (Q.773). Reading borrows from the message; a component that
//! cannot be read does not hide the others.

mod component;
mod message;
mod outgoing;
mod portion;

pub use component::{Code, Component, Part, Problem, ProblemKind};
pub use message::{Kind, Message, PAbort, TransactionId};
pub(crate) use outgoing::Outgoing;
pub use portion::{AbortSource, DialoguePortion, Refusal};
