//! A home subscriber server: who the subscribers are, where they are, and what they may use. It answers an MME over S6a
//! (TS 29.272) and a call control over Cx (TS 29.229), and tells an MME when a subscriber has left or changed.
//!
//! A stub: it keeps what charging depends on. Its authentication vectors are made up and prove nothing.

mod cx;
mod digits;
mod kind;
mod node;
mod s6a;
mod subscriber;
mod vectors;

pub(crate) use digits::{plmn_octets, tbcd_digits};
pub use kind::HSS;
pub use node::Hss;
pub(crate) use s6a::{AUTHENTICATION, CANCEL_LOCATION, INSERT_DATA, NOTIFY, PURGE, S6A, UPDATE_LOCATION};
