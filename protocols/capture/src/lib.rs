//! Capture files: what a run carried, written as pcapng so that Wireshark and tshark show it; and, with the feature
//! `import`, what others captured.
//!
//! The messages of a run have no link, IP, UDP or TCP headers; they are made here, correct in every length and
//! checksum. Writes to whatever takes bytes; opens no file, reads no clock.

pub mod chunk;
mod datagram;
#[cfg(feature = "import")]
pub mod import;
mod ip;
pub mod pcapng;
pub mod segment;

pub use chunk::SctpData;
pub use datagram::{Datagram, PAYLOAD_V4_MAX, PAYLOAD_V6_MAX};
pub use pcapng::{CaptureError, PcapngWriter};
pub use segment::{SEGMENT_V4_MAX, SEGMENT_V6_MAX, Segment, TcpFlags, TcpHeader};
