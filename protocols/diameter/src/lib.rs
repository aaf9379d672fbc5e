//! Diameter on the wire: messages, AVPs, dictionaries, stream framing, peers and routes.
//!
//! Three layers. [`Message`] is a view over received octets that copies nothing and keeps what it does
//! not know. [`Builder`] writes messages with right lengths, padding and flags. [`raw`] breaks a message
//! on purpose. The [`dictionary`] is data, one file a source, and turns a message into
//! [`tollgate_wire::Fields`] and back; [`check`] holds a message against it and knows the answer to
//! each problem.
//!
//! Nothing here does I/O, reads a clock or draws a random number.
//!
//! Sources: RFC 6733, RFC 3539, RFC 8506 (and RFC 4006), 3GPP TS 32.299, 29.272, 29.229, 29.061, ESI.

mod attribute;
pub mod avp;
mod builder;
pub mod check;
mod code;
pub mod dictionary;
mod encode_error;
mod field;
mod fields;
mod header;
mod message;
mod naming;
pub mod ntp;
pub mod peer;
mod problem;
pub mod raw;
mod result_code;
mod splitter;
mod title;
mod value;

pub use attribute::{AVP_HEAD_LEN, AVP_HEAD_VENDOR_LEN, Avp, AvpFlags, Avps, DEPTH_MAX};
pub use builder::Builder;
pub use code::AvpCode;
pub use dictionary::{field_known, field_names};
pub use encode_error::EncodeError;
pub use fields::message_fields;
pub use header::{CommandFlags, HEADER_LEN, Header, MESSAGE_LEN_MAX, VERSION};
pub use message::Message;
pub use naming::{names, naming};
pub use problem::{Problem, ProblemKind, Stage};
pub use result_code::ResultCode;
pub use splitter::{FramingError, Splitter};
