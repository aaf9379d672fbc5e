//! Where the reference OCS keeps what it has promised: records of commands that outlive the process.
//!
//! - [`embedded`]: the default, a write-ahead log and snapshots in a folder of its own. One write and one `fdatasync` for
//!   each commit, however many commands it holds.
//! - `postgres`: a database, with xDRs, balances and events in tables; behind the feature `postgres`.
//!
//! Every store is a [`tollgate_ocs_core::Record`], and one suite of tests holds for all of them. Nothing here listens,
//! reads a clock or decides about money: what is stored was decided by the core, which decides the same again when the
//! stored commands are applied once more.

pub mod embedded;
mod encoding;
#[cfg(feature = "postgres")]
pub mod postgres;

pub use embedded::{Embedded, OpenError};
pub use encoding::{FORMAT_VERSION, World};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresError};
