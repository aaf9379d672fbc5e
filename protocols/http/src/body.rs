//! Bodies: of a known length, in chunks, or up to the end of the connection.

use bytes::{Bytes, BytesMut};

use crate::error::Fault;
use crate::head::HeadEnd;
use crate::limits::{CHUNK_LINE_MAX, Limits};

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// After so many octets.
    Length(u64),
    /// After a chunk of no octets.
    Chunked,
    /// With the connection.
    UntilEnd,
}

/// A body that is being read.
#[derive(Debug)]
pub(crate) struct Body {
    stage: Stage,
    taken: BytesMut,
    max: usize,
}

#[derive(Debug)]
enum Stage {
    /// So many octets are to come.
    Length(usize),
    /// The line with a chunk's size is to come.
    Size,
    /// So many octets of a chunk are to come.
    Chunk(usize),
    /// The end of a chunk's line is to come.
    Behind,
    /// The lines behind the last chunk are to come.
    Trailer(HeadEnd),
    /// Everything is.
    UntilEnd,
}

impl Body {
    /// One whose head is read.
    pub(crate) fn new(framing: Framing, limits: Limits) -> Result<Self, Fault> {
        let max = limits.body_max;
        let stage = match framing {
            Framing::None => Stage::Length(0),
            Framing::Length(length) => {
                let length = usize::try_from(length).ok().filter(|length| *length <= max);
                Stage::Length(length.ok_or(Fault::BodyTooLarge)?)
            }
            Framing::Chunked => Stage::Size,
            Framing::UntilEnd => Stage::UntilEnd,
        };
        Ok(Self { stage, taken: BytesMut::new(), max })
    }

    /// Takes what belongs to it off a buffer; the body when it is whole.
    pub(crate) fn take(&mut self, buffer: &mut BytesMut, limits: Limits) -> Result<Option<Bytes>, Fault> {
        loop {
            match &mut self.stage {
                Stage::Length(length) => {
                    if buffer.len() < *length {
                        return Ok(None);
                    }
                    return Ok(Some(buffer.split_to(*length).freeze()));
                }
                Stage::UntilEnd => {
                    if self.taken.len() + buffer.len() > self.max {
                        return Err(Fault::BodyTooLarge);
                    }
                    self.taken.extend_from_slice(&buffer.split());
                    return Ok(None);
                }
                Stage::Size => {
                    let Some(line) = buffer.iter().take(CHUNK_LINE_MAX).position(|&it| it == b'\n') else {
                        return if buffer.len() >= CHUNK_LINE_MAX { Err(Fault::Chunk) } else { Ok(None) };
                    };
                    let size = size(&buffer.split_to(line + 1)).ok_or(Fault::Chunk)?;
                    let size = usize::try_from(size).map_err(|_| Fault::BodyTooLarge)?;
                    if size > self.max.saturating_sub(self.taken.len()) {
                        return Err(Fault::BodyTooLarge);
                    }
                    self.stage =
                        if size == 0 { Stage::Trailer(HeadEnd::default()) } else { Stage::Chunk(size) };
                }
                Stage::Chunk(left) => {
                    let now = buffer.len().min(*left);
                    self.taken.extend_from_slice(&buffer.split_to(now));
                    *left -= now;
                    if *left > 0 {
                        return Ok(None);
                    }
                    self.stage = Stage::Behind;
                }
                Stage::Behind => match buffer.as_ref() {
                    [b'\n', ..] => self.next_chunk(buffer, 1),
                    [b'\r', b'\n', ..] => self.next_chunk(buffer, 2),
                    [] | [b'\r'] => return Ok(None),
                    _ => return Err(Fault::Chunk),
                },
                Stage::Trailer(end) => {
                    // Mostly there are no lines behind the last chunk.
                    let empty = match buffer.as_ref() {
                        [b'\n', ..] => Some(1),
                        [b'\r', b'\n', ..] => Some(2),
                        [] | [b'\r'] => return Ok(None),
                        _ => end.find(buffer, limits)?,
                    };
                    let Some(empty) = empty else { return Ok(None) };
                    let _ = buffer.split_to(empty);
                    return Ok(Some(self.taken.split().freeze()));
                }
            }
        }
    }

    /// The body, where the end of the connection is its end.
    pub(crate) fn end(&mut self) -> Option<Bytes> {
        matches!(self.stage, Stage::UntilEnd).then(|| self.taken.split().freeze())
    }

    fn next_chunk(&mut self, buffer: &mut BytesMut, behind: usize) {
        let _ = buffer.split_to(behind);
        self.stage = Stage::Size;
    }
}

/// The size in a chunk's line; what stands behind a semicolon is for nobody here.
fn size(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let digits = line.split(|&it| it == b';').next()?.trim_ascii_end();
    if digits.is_empty() || digits.len() > 16 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
