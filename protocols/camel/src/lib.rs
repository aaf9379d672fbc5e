//! CAMEL on the wire: what an MSC's gsmSSF and a gsmSCF say to each other about calls and short messages.
//!
//! From the inside out: [`ber`] reads and writes elements, [`cap`] the operations of CAP phase 2 and 3,
//! [`tcap`] the messages that carry them, [`sccp`], [`m3ua`] and [`sctp`] what a capture needs around
//! them. [`dialogue`] is TCAP's state machine and [`ssf`] the gsmSSF's, both without clock and socket.
//! [`raw`] breaks a message on purpose. A whole message is shown as [`tollgate_wire::Fields`] by
//! [`message_fields`], under the names of ASN.1.
//!
//! Reading borrows where octets stay octets, keeps what it does not know and never judges whether an
//! operation fits its dialogue. Nothing here does I/O or reads a clock.
//!
//! Sources: 3GPP TS 29.078 and TS 23.078 (CAP and its state models), ITU-T Q.773 to Q.774 (TCAP), Q.763 and
//! Q.850 (numbers, causes), Q.713 (SCCP), X.690, TS 29.002 and TS 24.008 (addresses), RFC 4666, RFC 9260.

mod asn;
pub mod ber;
pub mod cap;
pub mod cause;
pub mod dialogue;
mod fields;
pub mod location;
pub mod m3ua;
pub mod number;
pub mod raw;
pub mod sccp;
pub mod sctp;
pub mod ssf;
mod stamp;
pub mod tcap;

pub use asn::{FieldError, Null, Octets, Type, Unknown};
pub use cap::{Operation, Phase};
pub use cause::Cause;
pub use fields::{message_fields, message_octets};
pub use number::{AddressString, CalledPartyNumber, Digits, PartyNumber, Tbcd};
pub use stamp::{DateAndTime, TimeAndTimezone};
pub use tollgate_wire::{DecodeError, Fault};
