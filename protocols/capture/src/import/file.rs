//! The blocks of pcap and pcapng files: packets with their time and link type. Looks into no packet.

use std::io::Read;

use bytes::Bytes;
use pcap_parser::pcapng::Block;
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{PcapBlockOwned, PcapError, create_reader};
use tollgate_time::Instant;

/// What is read at once at first, and at most, in bytes: a longer block is no packet.
const BUFFER: usize = 256 * 1_024;
const BUFFER_MAX: usize = 16 << 20;
/// More interfaces than this in one section are an error.
const INTERFACES_MAX: usize = 4_096;
const NANOS: u128 = 1_000_000_000;

/// A capture cannot be read further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The beginning is that of no capture.
    #[error("this is neither a pcap nor a pcapng file")]
    NoCapture,
    /// It cannot be read.
    #[error("the capture cannot be read behind packet {after}")]
    Read {
        /// The last packet before.
        after: u64,
    },
    /// It ends in the middle of a block.
    #[error("the capture is cut behind packet {after}")]
    Cut {
        /// The last packet before.
        after: u64,
    },
    /// A block contradicts itself, or is too long.
    #[error("the capture is broken behind packet {after}: {what}")]
    Broken {
        /// The last packet before.
        after: u64,
        /// A lowercase phrase.
        what: &'static str,
    },
}

/// A packet as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPacket {
    /// Its number, counted from 1.
    pub frame: u64,
    /// When it was seen, to the nanosecond.
    pub at: Instant,
    /// What it begins with: a LINKTYPE of the registry at tcpdump.org.
    pub link: i32,
    /// What was captured of it.
    pub data: Bytes,
}

/// The packets of a file.
pub struct CaptureFile<'a> {
    reader: Box<dyn PcapReaderIterator + Send + 'a>,
    interfaces: Vec<Interface>,
    /// Of a pcap file: the link type, and how many nanoseconds the second part of a stamp counts in.
    legacy: (i32, u64),
    frame: u64,
    last: Instant,
    capacity: usize,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: i32,
    /// Stamps count so many parts of a second.
    resolution: u64,
    /// Seconds that are added to every stamp.
    offset: i64,
}

/// What to do after a look at the file.
enum Next {
    Packet(RawPacket),
    Another,
    Refill,
    Grow,
    End,
}

impl<'a> CaptureFile<'a> {
    /// Begins to read.
    ///
    /// # Errors
    /// It is neither pcap nor pcapng, or cannot be read.
    pub fn new<R: Read + Send + 'a>(input: R) -> Result<Self, ImportError> {
        let reader = create_reader(BUFFER, input).map_err(|error| match error {
            PcapError::ReadError => ImportError::Read { after: 0 },
            _ => ImportError::NoCapture,
        })?;
        Ok(Self {
            reader,
            interfaces: Vec::new(),
            legacy: (0, 1_000),
            frame: 0,
            last: Instant::EPOCH,
            capacity: BUFFER,
        })
    }

    /// The next packet; `None` at the end.
    ///
    /// # Errors
    /// The file is broken from here on.
    pub fn next_packet(&mut self) -> Result<Option<RawPacket>, ImportError> {
        loop {
            match self.look()? {
                Next::Packet(packet) => return Ok(Some(packet)),
                Next::Another => {}
                Next::Refill => {
                    let after = self.frame;
                    self.reader.refill().map_err(|_| ImportError::Read { after })?;
                }
                Next::Grow => {
                    let wanted = self.capacity.saturating_mul(2);
                    if wanted > BUFFER_MAX || !self.reader.grow(wanted) {
                        let after = self.frame;
                        return Err(ImportError::Broken { after, what: "a block is too long" });
                    }
                    self.capacity = wanted;
                    let after = self.frame;
                    self.reader.refill().map_err(|_| ImportError::Read { after })?;
                }
                Next::End => return Ok(None),
            }
        }
    }

    fn look(&mut self) -> Result<Next, ImportError> {
        let after = self.frame;
        let (length, next) = match self.reader.next() {
            Ok((length, block)) => {
                let known = Known {
                    interfaces: &mut self.interfaces,
                    legacy: &mut self.legacy,
                    frame: &mut self.frame,
                    last: &mut self.last,
                };
                (length, known.block(block)?)
            }
            Err(PcapError::Eof) => return Ok(Next::End),
            Err(PcapError::Incomplete(_)) => return Ok(Next::Refill),
            Err(PcapError::BufferTooSmall) => return Ok(Next::Grow),
            Err(PcapError::UnexpectedEof) => return Err(ImportError::Cut { after }),
            Err(PcapError::ReadError) => return Err(ImportError::Read { after }),
            Err(_) => return Err(ImportError::Broken { after, what: "a block contradicts itself" }),
        };
        self.reader.consume(length);
        Ok(next)
    }
}

/// What earlier blocks say of later ones.
struct Known<'a> {
    interfaces: &'a mut Vec<Interface>,
    legacy: &'a mut (i32, u64),
    frame: &'a mut u64,
    last: &'a mut Instant,
}

impl Known<'_> {
    fn block(self, block: PcapBlockOwned<'_>) -> Result<Next, ImportError> {
        let broken = |what| ImportError::Broken { after: *self.frame, what };
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let nanos = if header.is_nanosecond_precision() { 1 } else { 1_000 };
                *self.legacy = (header.network.0, nanos);
            }
            PcapBlockOwned::Legacy(packet) => {
                let parts = u64::from(packet.ts_usec).saturating_mul(self.legacy.1);
                let nanos = u64::from(packet.ts_sec) * 1_000_000_000 + parts;
                let data = cut(packet.data, packet.caplen);
                let (link, _) = *self.legacy;
                return Ok(self.packet(link, Some(Instant::from_unix_nanos(nanos)), data));
            }
            // Interfaces count from zero again.
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                if self.interfaces.len() >= INTERFACES_MAX {
                    return Err(broken("there are too many interfaces"));
                }
                let resolution = interface.ts_resolution();
                self.interfaces.push(Interface {
                    link: interface.linktype.0,
                    resolution: resolution.ok_or_else(|| broken("a resolution of time is none"))?.max(1),
                    offset: interface.ts_offset(),
                });
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let place = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                let interface = *self
                    .interfaces
                    .get(place)
                    .ok_or_else(|| broken("a packet names an interface that there is not"))?;
                let stamp = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let data = cut(packet.data, packet.caplen);
                return Ok(self.packet(interface.link, Some(interface.time(stamp)), data));
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let interface = self.interfaces.first();
                let link = interface.ok_or_else(|| broken("a packet has no interface"))?.link;
                let data = cut(packet.data, packet.origlen);
                return Ok(self.packet(link, None, data));
            }
            PcapBlockOwned::NG(_) => {}
        }
        Ok(Next::Another)
    }

    /// A packet without a stamp has that of the one before.
    fn packet(self, link: i32, at: Option<Instant>, data: &[u8]) -> Next {
        *self.frame += 1;
        *self.last = at.unwrap_or(*self.last);
        Next::Packet(RawPacket {
            frame: *self.frame,
            at: *self.last,
            link,
            data: Bytes::copy_from_slice(data),
        })
    }
}

impl Interface {
    fn time(self, stamp: u64) -> Instant {
        let nanos = u128::from(stamp) * NANOS / u128::from(self.resolution);
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let shifted = nanos.saturating_add(i128::from(self.offset) * 1_000_000_000);
        Instant::from_unix_nanos(u64::try_from(shifted.max(0)).unwrap_or(u64::MAX))
    }
}

fn cut(data: &[u8], length: u32) -> &[u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    &data[..data.len().min(length)]
}
