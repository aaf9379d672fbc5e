//! The basic encoding rules (X.690) as far as TCAP and CAP use them: a reader that borrows, accepts
//! definite and indefinite lengths and keeps every tag, and a writer of definite lengths.
//!
//! Knows no message. Reading never panics and never nests deeper than [`DEPTH_MAX`].

mod element;
mod encoder;
mod tag;

pub use element::{Element, Elements};
pub use encoder::Encoder;
pub use tag::{Class, Tag};

use tollgate_wire::DecodeError;

/// Elements of indefinite length may stand in one another so deep.
pub const DEPTH_MAX: usize = 32;

/// Reads the one element that fills `bytes`.
///
/// # Errors
/// The bytes are no element, or more than one.
pub fn single<'a>(bytes: &'a [u8], what: &'static str) -> Result<Element<'a>, DecodeError> {
    Elements::new(bytes, 0).only(what)
}
