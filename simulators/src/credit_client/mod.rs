//! What simulators that ask for credit share (RFC 8506): a client that numbers the requests of its sessions, waits for
//! their answers, and does what the standard says when none comes. What a request is about is its owner's business.
//!
//! - [`CreditClient`]: requests and answers over a [`crate::diameter::Station`], Tx, failure handling, stored debits.
//! - [`CreditSession`]: what one session or event needs to know of itself.
//! - [`Asked`] and [`CreditAnswer`]: the services of a request, and what an answer says of each.

mod answer;
mod client;
mod raw;
mod services;
mod session;
mod settings;

pub use answer::{CreditAnswer, FinalUnit, Pool, ServiceAnswer};
pub use client::{CreditClient, Outcome, Verdict};
pub(crate) use raw::{SEND, message_of};
pub use services::{Asked, Units, Used, reason};
pub use session::{CreditSession, Kind};
pub(crate) use settings::SETTINGS;
pub use settings::{CreditSettings, DebitHandling, FailureHandling};
