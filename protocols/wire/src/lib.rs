//! What every protocol crate builds on: a cursor that knows its offset, a writer with length fields
//! filled in afterwards, decode errors that say where, and the field tree ([`Value`], [`Fields`]) in
//! which a decoded message is shown to people, expectations and reports.
//!
//! No protocol is known here, and nothing here does I/O.

pub mod corruption;
mod decimal;
mod error;
mod fields;
mod hex;
mod naming;
mod reader;
mod value;
mod writer;

pub use compact_str::CompactString as Text;
pub use decimal::{Decimal, DecimalError};
pub use error::{DecodeError, Fault};
pub use fields::{Fields, Path, PathError};
pub use hex::unhex;
pub use naming::Naming;
pub use reader::Reader;
pub use value::Value;
pub use writer::{Mark, Writer};
