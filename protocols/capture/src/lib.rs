//! Capture files: what a run carried, written as pcapng so that Wireshark and tshark show it.
//!
//! The messages of a run have no link, IP or UDP headers; they are made here, correct in every length and
//! checksum. Writes to whatever takes bytes; opens no file, reads no clock.

pub mod datagram;
pub mod pcapng;

pub use datagram::{Datagram, PAYLOAD_V4_MAX, PAYLOAD_V6_MAX};
pub use pcapng::{CaptureError, PcapngWriter};
