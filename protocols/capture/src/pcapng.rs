//! The pcapng file format, as far as it is written here: one section, one interface of raw IP packets with
//! nanosecond stamps, and a block for every packet. Source: draft-ietf-opsawg-pcapng. Reads nothing.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::SocketAddr;

use tollgate_time::Instant;

use crate::chunk::PROTOCOL_SCTP;
use crate::ip::{Sum, emit_header, header_length, one_family};
use crate::{Datagram, SctpData, Segment, TcpHeader};

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// Packets begin with their IPv4 or IPv6 header (LINKTYPE_RAW).
const LINKTYPE_RAW: u16 = 101;

const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
/// Stamps count 10⁻⁹ seconds.
const NANOSECONDS: u8 = 9;

/// A longer comment is cut, in bytes.
pub const COMMENT_MAX: u16 = 4_096;

/// The longest payload of an IP packet that both versions can hold, in bytes.
const IP_PAYLOAD_MAX: u16 = 65_515;

/// A capture could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// What takes the bytes failed.
    #[error("the capture cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes a capture, one packet after the other. Give it something buffered.
#[derive(Debug)]
pub struct PcapngWriter<W: Write> {
    out: W,
    packets: u64,
    /// The block that is being made, kept for its capacity.
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// The writer fails.
    pub fn new(mut out: W) -> Result<Self, CaptureError> {
        let mut block = Vec::with_capacity(2_048);
        let length = block_length(16, &[(SHB_USERAPPL, 8)]);
        begin(&mut block, SECTION_HEADER, length);
        block.extend(BYTE_ORDER.to_le_bytes());
        block.extend(1_u16.to_le_bytes());
        block.extend(0_u16.to_le_bytes());
        // The section's length is not known beforehand.
        block.extend((-1_i64).to_le_bytes());
        option(&mut block, SHB_USERAPPL, 8, b"tollgate");
        end(&mut block, length);

        let length = block_length(8, &[(IF_NAME, 8), (IF_TSRESOL, 1)]);
        begin(&mut block, INTERFACE_DESCRIPTION, length);
        block.extend(LINKTYPE_RAW.to_le_bytes());
        block.extend(0_u16.to_le_bytes());
        // No limit on the length of a packet.
        block.extend(0_u32.to_le_bytes());
        option(&mut block, IF_NAME, 8, b"tollgate");
        option(&mut block, IF_TSRESOL, 1, &[NANOSECONDS]);
        end(&mut block, length);
        out.write_all(&block)?;
        Ok(Self { out, packets: 0, block })
    }

    /// Adds a UDP datagram, sent at that time. A payload too long for one is cut, and the comment says so.
    ///
    /// # Errors
    /// The writer fails.
    pub fn datagram(
        &mut self,
        at: Instant,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
        comment: Option<&str>,
    ) -> Result<(), CaptureError> {
        let datagram = Datagram::new(from, to, payload);
        let comment = with_dropped(comment.unwrap_or_default(), datagram.dropped(), "datagram");
        self.packet(at, datagram.packet_length(), |block| datagram.emit(block), &comment)
    }

    /// Adds a TCP segment, sent at that time. A payload too long for one is cut, and the comment says so.
    ///
    /// # Errors
    /// The writer fails.
    pub fn segment(
        &mut self,
        at: Instant,
        (from, to): (SocketAddr, SocketAddr),
        header: TcpHeader,
        payload: &[u8],
        comment: Option<&str>,
    ) -> Result<(), CaptureError> {
        let segment = Segment::new(from, to, header, payload);
        let comment = with_dropped(comment.unwrap_or_default(), segment.dropped(), "segment");
        self.packet(at, segment.packet_length(), |block| segment.emit(block), &comment)
    }

    /// Adds an IP packet of any protocol, sent at that time, whose payload is whole with its own checksum: SCTP's
    /// number is 132. What lies beyond 65,515 bytes is cut, and the comment says so. The ports are not looked at.
    ///
    /// # Errors
    /// The writer fails.
    pub fn ip_packet(
        &mut self,
        at: Instant,
        (from, to): (SocketAddr, SocketAddr),
        protocol: u8,
        payload: &[u8],
        comment: Option<&str>,
    ) -> Result<(), CaptureError> {
        let (from, to) = one_family(from, to);
        let length = u16::try_from(payload.len()).unwrap_or(IP_PAYLOAD_MAX).min(IP_PAYLOAD_MAX);
        let (payload, dropped) = payload.split_at(usize::from(length));
        let comment = with_dropped(comment.unwrap_or_default(), dropped.len(), "packet");
        let whole = u32::from(header_length(from)) + u32::from(length);
        let emit = |block: &mut Vec<u8>| {
            emit_header(from, to, protocol, length, &mut Sum::default(), block);
            block.extend(payload);
        };
        self.packet(at, whole, emit, &comment)
    }

    /// Adds an SCTP packet with one whole message, sent at that time.
    ///
    /// # Errors
    /// The writer fails.
    pub fn sctp(
        &mut self,
        at: Instant,
        (from, to): (SocketAddr, SocketAddr),
        data: SctpData,
        message: &[u8],
        comment: Option<&str>,
    ) -> Result<(), CaptureError> {
        let packet = data.packet(from, to, message);
        self.ip_packet(at, (from, to), PROTOCOL_SCTP, &packet, comment)
    }

    /// Ends the capture. Answers with the number of packets in it.
    ///
    /// # Errors
    /// What is left cannot be flushed.
    pub fn finish(mut self) -> Result<u64, CaptureError> {
        self.out.flush()?;
        Ok(self.packets)
    }

    fn packet(
        &mut self,
        at: Instant,
        packet: u32,
        emit: impl FnOnce(&mut Vec<u8>),
        comment: &str,
    ) -> Result<(), CaptureError> {
        let (comment, comment_length) = cut(comment);
        let options: &[(u16, u16)] = if comment.is_empty() { &[] } else { &[(OPT_COMMENT, comment_length)] };
        let length = block_length(20 + packet.next_multiple_of(4), options);
        let [a, b, c, d, high @ ..] = at.unix_nanos().to_le_bytes();
        self.block.clear();
        begin(&mut self.block, ENHANCED_PACKET, length);
        self.block.extend(0_u32.to_le_bytes());
        self.block.extend(high);
        self.block.extend([a, b, c, d]);
        // As captured, and as it was on the wire.
        self.block.extend(packet.to_le_bytes());
        self.block.extend(packet.to_le_bytes());
        emit(&mut self.block);
        pad(&mut self.block);
        if !comment.is_empty() {
            option(&mut self.block, OPT_COMMENT, comment_length, comment.as_bytes());
        }
        if options.is_empty() {
            self.block.extend(length.to_le_bytes());
        } else {
            end(&mut self.block, length);
        }
        self.out.write_all(&self.block)?;
        self.packets += 1;
        Ok(())
    }
}

/// The comment, with what was left out of a payload.
fn with_dropped<'a>(comment: &'a str, dropped: usize, kind: &str) -> Cow<'a, str> {
    if dropped == 0 {
        return Cow::Borrowed(comment);
    }
    let semicolon = if comment.is_empty() { "" } else { "; " };
    Cow::Owned(format!(
        "{comment}{semicolon}{dropped} bytes of the payload do not fit a {kind} and are left out"
    ))
}

/// The comment within its bound, with its length.
fn cut(comment: &str) -> (&str, u16) {
    let mut most = comment.len().min(usize::from(COMMENT_MAX));
    while !comment.is_char_boundary(most) {
        most -= 1;
    }
    (&comment[..most], u16::try_from(most).unwrap_or(COMMENT_MAX))
}

/// The length of a block: its frame of 12 bytes, a body, and options with the mark that ends them.
fn block_length(body: u32, options: &[(u16, u16)]) -> u32 {
    let listed: u32 = options.iter().map(|(_, length)| 4 + u32::from(*length).next_multiple_of(4)).sum();
    12 + body + listed + if options.is_empty() { 0 } else { 4 }
}

fn begin(block: &mut Vec<u8>, kind: u32, length: u32) {
    block.extend(kind.to_le_bytes());
    block.extend(length.to_le_bytes());
}

fn end(block: &mut Vec<u8>, length: u32) {
    block.extend(OPT_END.to_le_bytes());
    block.extend(0_u16.to_le_bytes());
    block.extend(length.to_le_bytes());
}

fn option(block: &mut Vec<u8>, code: u16, length: u16, value: &[u8]) {
    block.extend(code.to_le_bytes());
    block.extend(length.to_le_bytes());
    block.extend(value);
    pad(block);
}

/// Everything in a block is padded to 32 bits, and every block begins on such a bound.
fn pad(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
}
