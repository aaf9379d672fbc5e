//! TCAP: transactions, dialogues and components (Q.773). Reading borrows from the message; a component that
//! cannot be read does not hide the others.

mod component;
mod message;
mod portion;

pub use component::{Code, Component, Part, Problem, ProblemKind};
pub use message::{Kind, Message, PAbort, TransactionId};
pub use portion::{AbortSource, DialoguePortion, Refusal};
