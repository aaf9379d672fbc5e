//! Two sites of one system: what the second gathers while it stands alone is locked and taken over once.

#[path = "../common/mod.rs"]
mod common;
mod example;
mod pair;
mod random;
mod restrictions;
mod shared_calls;
