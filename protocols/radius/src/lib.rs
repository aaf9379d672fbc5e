//! RADIUS on the wire: packets, dictionary, vendor-specific attributes and authenticators.
//!
//! Three layers. [`Packet`] is a view over received octets that copies nothing and keeps what it does
//! not know. [`Builder`] writes packets that are legal by construction and signs them. [`raw`] breaks a
//! packet on purpose. The [`dictionary`] is data, one file a source, and turns a packet into
//! [`tollgate_wire::Fields`] and back.
//!
//! Nothing here does I/O, reads a clock or draws a random number: a random Request Authenticator is the
//! caller's, and so is the next identifier.
//!
//! Sources: RFC 2865, 2866, 2868, 2869, 3579, 5080, 5090, 5176, 6929, Cisco's voice VSAs, and the
//! attribute-value pairs of ESI.

pub mod attribute;
mod builder;
pub mod cisco;
mod code;
pub mod dictionary;
pub mod digest;
mod encode_error;
mod field;
mod fields;
pub mod h323;
mod naming;
mod packet;
mod pair;
pub mod raw;
mod secret;
pub mod sign;
pub mod tunnel;
mod value;
mod vendor;
pub mod verify;

pub use builder::Builder;
pub use code::Code;
pub use dictionary::{field_known, field_names};
pub use encode_error::EncodeError;
pub use fields::message_fields;
pub use naming::{names, naming, pair_in};
pub use packet::{Attribute, Packet};
pub use pair::{Carrier, Pair};
pub use secret::Secret;
pub use tollgate_wire::{DecodeError, Fault};
pub use vendor::VendorAttribute;
pub use verify::Presence;

/// Octets of a packet without attributes (RFC 2865 section 3).
pub const PACKET_LEN_MIN: usize = 20;
/// Octets of the longest packet (RFC 2865 section 3).
pub const PACKET_LEN_MAX: usize = 4096;
/// Octets of the longest value of an attribute (RFC 2865 section 5).
pub const VALUE_LEN_MAX: usize = 253;
/// Octets of the longest value of a vendor's attribute (RFC 2865 section 5.26).
pub const VENDOR_VALUE_LEN_MAX: usize = 247;
/// Octets of the longest User-Password (RFC 2865 section 5.2).
pub const PASSWORD_LEN_MAX: usize = 128;
/// Octets of an authenticator (RFC 2865 section 3).
pub const AUTHENTICATOR_LEN: usize = 16;
