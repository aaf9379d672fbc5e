//! The tools that move customers between two charging systems: Porter moves them from the source to the target, Retrop
//! takes them back with their xDRs and balances, Cleaner removes what has been transferred (ARCH, Dual Version).
//!
//! - A customer is exported by the one and imported by the other at once, then the dispatchers are told, then the source.
//!   Several customers are moved side by side.
//! - What is under way is stored: after a crash it goes on where it was. Every order may be given twice, so that whatever
//!   has no answer is asked again.
//! - What is reported where a customer was is delivered to where it is, for as long as calls may last that were up when it
//!   moved.
//!
//! Everything is asked over HTTP; nothing here computes money.

mod calls;
mod job;
mod kind;
mod node;
mod steps;

pub use kind::PORTER;
pub use node::Porter;
