//! The record in memory under the suite of all stores. It is what a crash is played with in virtual time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod suite;

use tollgate_ocs_core::{MemoryRecord, Record};

struct Memory;

impl suite::Kind for Memory {
    fn begin(&mut self) -> Box<dyn Record> {
        Box::new(MemoryRecord::new(1_000))
    }

    /// It has nothing that another process could open.
    fn again(&mut self, before: Box<dyn Record>) -> Box<dyn Record> {
        before
    }
}

#[test]
fn memory_holds_what_every_store_must() {
    suite::holds(&mut Memory);
}
