//! Numbers of parties: those of ISUP (Q.763 sections 3.9 and 3.10) and the address strings of MAP and of
//! the radio interface (TS 29.002, TS 24.008).

mod address;
mod digits;
mod isup;

pub(crate) use address::code as tbcd_code;
pub use address::{AddressString, Tbcd};
pub use digits::{Digits, NumberError};
pub use isup::{CalledPartyNumber, GenericNumber, PartyNumber};
