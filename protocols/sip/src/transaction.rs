//! Transactions (RFC 3261 section 17, RFC 6026): messages and the time go in, octets to send and events
//! come out. Nothing is sent here, and no clock is read.
//!
//! [`Transactions`] finds the transaction of each message, runs the four machines and their timers, and
//! forgets what is over. What it does not know (the ACK of a 2xx, a stray response) it hands to the user.

mod key;
mod machine;
mod table;
mod timers;

pub use table::{Handled, Output, TRANSACTIONS_MAX, TransactionError, Transactions};
pub use timers::{Due, Retransmission, Timers};

/// Names a transaction, within its [`Transactions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);
