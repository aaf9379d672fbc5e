//! Reports on a run: each is a fold over the stream of [`RunEvent`]s, and nothing else is known here.
//!
//! [`Console`] is for people, [`Junit`] for build servers, [`Json`] for programs. None of them reads a clock or
//! opens a file; they write to whatever the caller gives them.

mod console;
mod failure;
mod json;
mod junit;
mod look;
mod played;
mod report;
mod show;
mod summary;
mod versions;

#[cfg(test)]
mod fixture;

pub use console::{Console, Level};
pub use json::{FORMAT, Json, model};
pub use junit::Junit;
pub use look::Look;
pub use report::{Report, ReportError};
pub use tollgate_conformance::run::RunEvent;
