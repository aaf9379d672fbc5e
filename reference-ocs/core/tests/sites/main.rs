//! Two sites of one system: what the second gathers while it stands alone is locked and taken over once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod example;
mod pair;
mod random;
mod restrictions;
mod shared_calls;
