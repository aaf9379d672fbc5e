//! A call queue beside an IP PBX: calls come in by one connection and wait, and go out to the lines of agents by another; the
//! two are joined when a line answers (INTEROP, Mida queue manager).

mod kind;
mod node;
mod settings;

pub use kind::QUEUE_MANAGER;
pub use node::QueueManager;
