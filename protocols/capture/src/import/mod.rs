//! Captures read: packets of pcap and pcapng files become datagrams and the ordered octets of connections.
//!
//! Any file gives a result or an error, and memory is bounded whatever it holds. Knows no protocol above UDP, TCP and
//! SCTP; decrypts nothing. What cannot be used is counted ([`ImportTotals`]).

pub mod file;
pub mod fragments;
pub mod packet;
pub mod sctp;
pub mod tcp;

use std::collections::VecDeque;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use tollgate_time::Instant;

pub use file::{CaptureFile, ImportError, RawPacket};
pub use fragments::Fragments;
pub use packet::{Ip, Transport};
pub use sctp::SctpData;
pub use tcp::{Piece, Reassembly, StreamPiece};

/// Something that a capture holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// A UDP datagram.
    Datagram {
        /// The packet, counted from 1 as Wireshark counts; of a fragmented one the last.
        frame: u64,
        /// When.
        at: Instant,
        /// Who sent it.
        from: SocketAddr,
        /// Whom it is for.
        to: SocketAddr,
        /// The message.
        payload: Bytes,
    },
    /// Something of a TCP connection, each direction in order.
    Stream(StreamPiece),
    /// A whole message over SCTP.
    Sctp {
        /// The packet.
        frame: u64,
        /// When.
        at: Instant,
        /// Who sent it.
        from: SocketAddr,
        /// Whom it is for.
        to: SocketAddr,
        /// The message.
        data: SctpData,
    },
}

/// What was read, and what could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportTotals {
    /// Packets in the file.
    pub packets: u64,
    /// Those of a link type, or above it of a protocol, that is not read here.
    pub foreign: u64,
    /// Those that are cut or contradict themselves.
    pub broken: u64,
    /// Fragments of packets that never became whole.
    pub fragments: u64,
    /// Messages over SCTP in several chunks, which are not put together.
    pub sctp_partial: u64,
}

/// Reads a capture from beginning to end.
pub struct Import<'a> {
    file: CaptureFile<'a>,
    fragments: Fragments,
    reassembly: Reassembly,
    ready: VecDeque<Imported>,
    totals: ImportTotals,
    over: bool,
    /// Why nothing follows; said when everything before it was given.
    failure: Option<ImportError>,
}

impl<'a> Import<'a> {
    /// Begins to read.
    ///
    /// # Errors
    /// It is neither pcap nor pcapng, or cannot be read.
    pub fn new<R: Read + Send + 'a>(input: R) -> Result<Self, ImportError> {
        Ok(Self {
            file: CaptureFile::new(input)?,
            fragments: Fragments::default(),
            reassembly: Reassembly::default(),
            ready: VecDeque::new(),
            totals: ImportTotals::default(),
            over: false,
            failure: None,
        })
    }

    /// What was read so far.
    #[must_use]
    pub fn totals(&self) -> ImportTotals {
        ImportTotals { fragments: self.fragments.dropped(), ..self.totals }
    }

    /// The next thing; `None` at the end.
    ///
    /// # Errors
    /// The file is broken from here on. What is whole before it was given.
    pub fn next_item(&mut self) -> Result<Option<Imported>, ImportError> {
        while self.ready.is_empty() && !self.over {
            match self.file.next_packet() {
                Ok(Some(packet)) => self.take(&packet),
                Ok(None) => self.finish(),
                Err(error) => {
                    self.finish();
                    self.failure = Some(error);
                }
            }
        }
        match self.ready.pop_front() {
            Some(imported) => Ok(Some(imported)),
            None => self.failure.take().map_or(Ok(None), Err),
        }
    }

    fn finish(&mut self) {
        self.over = true;
        let mut pieces = Vec::new();
        self.reassembly.finish(&mut pieces);
        self.ready.extend(pieces.into_iter().map(Imported::Stream));
    }

    fn take(&mut self, raw: &RawPacket) {
        self.totals.packets += 1;
        let ip = match packet::ip(raw.link, &raw.data) {
            Ok(Some(ip)) => ip,
            Ok(None) => return self.totals.foreign += 1,
            Err(packet::Broken) => return self.totals.broken += 1,
        };
        let Some(ip) = self.fragments.whole(ip) else { return };
        let (from, to) = (ip.from, ip.to);
        match packet::transport(&ip) {
            Ok(Some(transport)) => self.take_transport(raw, from, to, transport),
            Ok(None) => self.totals.foreign += 1,
            Err(packet::Broken) => self.totals.broken += 1,
        }
    }

    fn take_transport(&mut self, raw: &RawPacket, from: IpAddr, to: IpAddr, transport: Transport) {
        let (frame, at) = (raw.frame, raw.at);
        match transport {
            Transport::Udp { ports, payload } => {
                let (from, to) = (SocketAddr::new(from, ports.0), SocketAddr::new(to, ports.1));
                self.ready.push_back(Imported::Datagram { frame, at, from, to, payload });
            }
            Transport::Tcp { ports, header, payload } => {
                let (from, to) = (SocketAddr::new(from, ports.0), SocketAddr::new(to, ports.1));
                let mut pieces = Vec::new();
                self.reassembly.take(frame, at, (from, to), header, payload, &mut pieces);
                self.ready.extend(pieces.into_iter().map(Imported::Stream));
            }
            Transport::Sctp { payload } => {
                let Some(read) = sctp::read(&payload) else { return self.totals.broken += 1 };
                self.totals.sctp_partial += read.partial;
                let (from, to) = (SocketAddr::new(from, read.ports.0), SocketAddr::new(to, read.ports.1));
                let messages = read.messages.into_iter();
                self.ready.extend(messages.map(|data| Imported::Sctp { frame, at, from, to, data }));
            }
        }
    }
}
