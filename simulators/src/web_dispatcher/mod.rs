//! The single entry for programs in front of a source and a target system (ARCH, WebDispatcher).
//!
//! - A request that names a customer or an account goes to the system that has it: as the forwarding registry says, and for
//!   numbers that never moved by their being odd (source) or even (target).
//! - A list of customers is asked of both and merged, each with the limit that was asked for.
//! - Whatever names neither goes where the session's context says, which is the identifier of a billing environment; without
//!   one to the target.
//! - A customer's user works with the one system that has the account.
//! - A session stands for one in each system, begun with the same credentials. Where the source gives none, everything works
//!   as if there were no source.

mod kind;
mod node;
mod session;

pub use kind::WEB_DISPATCHER;
pub use node::WebDispatcher;
