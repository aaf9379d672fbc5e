//! What stands in front of every file: whose it is, its version, its world, and where in the log it belongs.

use std::path::Path;

use super::error::OpenError;
use crate::encoding::{self, FORMAT_VERSION, World};

/// How long a header is, in octets.
pub(super) const HEADER: usize = 64;
const MAGIC: [u8; 8] = *b"TOLLGATE";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Log = 1,
    State = 2,
}

impl Kind {
    fn shape(self) -> u32 {
        match self {
            Self::Log => encoding::shape(),
            Self::State => encoding::state_shape(),
        }
    }
}

/// The header of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) world: World,
    /// How many commands and xDRs come before.
    pub(super) position: u64,
    /// A state's length and sum; nothing in a log.
    pub(super) body: (u64, u32),
}

impl Header {
    /// 8 magic, 4 version, 4 shape, 4 kind, 4 sum of the body, 8 world, 8 position, 8 length of the body,
    /// 12 nothing, 4 sum of all that.
    pub(super) fn octets(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        let parts: [&[u8]; 8] = [
            &MAGIC,
            &FORMAT_VERSION.to_le_bytes(),
            &self.kind.shape().to_le_bytes(),
            &(self.kind as u32).to_le_bytes(),
            &self.body.1.to_le_bytes(),
            &self.world.sum().to_le_bytes(),
            &self.position.to_le_bytes(),
            &self.body.0.to_le_bytes(),
        ];
        let mut at = 0;
        for part in parts {
            out[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let sum = crc32fast::hash(&out[..HEADER - 4]);
        out[HEADER - 4..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// The header of a file, held against what this store expects.
    pub(super) fn read(path: &Path, octets: &[u8], kind: Kind, world: World) -> Result<Self, OpenError> {
        if octets.len() < HEADER || octets[..8] != MAGIC {
            return Err(OpenError::Foreign(path.to_owned()));
        }
        let found = word(octets, 8);
        if found != FORMAT_VERSION {
            return Err(OpenError::OtherVersion { path: path.to_owned(), found });
        }
        if crc32fast::hash(&octets[..HEADER - 4]) != word(octets, HEADER - 4)
            || word(octets, 16) != kind as u32
        {
            let what = "its header does not agree with its sum";
            return Err(OpenError::Damaged { path: path.to_owned(), at: 0, what });
        }
        if word(octets, 12) != kind.shape() {
            return Err(OpenError::OtherShape(path.to_owned()));
        }
        if long(octets, 24) != world.sum() {
            return Err(OpenError::OtherWorld(path.to_owned()));
        }
        Ok(Self { kind, world, position: long(octets, 32), body: (long(octets, 40), word(octets, 20)) })
    }
}

/// The four octets at a place as a number; 0 beyond the end.
pub(super) fn word(octets: &[u8], at: usize) -> u32 {
    octets.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// The eight octets at a place as a number; 0 beyond the end.
pub(super) fn long(octets: &[u8], at: usize) -> u64 {
    octets.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { kind: Kind::State, world: World::of(b"w"), position: 7, body: (99, 3) }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let read = Header::read(Path::new("f"), &header().octets(), Kind::State, World::of(b"w"));
        assert_eq!(read.unwrap(), header());
    }

    #[test]
    fn what_is_not_ours_is_refused_by_its_reason() {
        let refusal = |change: fn(&mut [u8; HEADER]), world: &[u8]| {
            let mut octets = header().octets();
            change(&mut octets);
            let error = Header::read(Path::new("f"), &octets, Kind::State, World::of(world)).unwrap_err();
            error.to_string()
        };
        assert!(refusal(|octets| octets[0] = 0, b"w").contains("is not a file of a tollgate store"));
        // The version counts before the sum: a later format may place its sum elsewhere.
        let says = format!("has format 0, and this program reads format {FORMAT_VERSION}");
        assert!(refusal(|octets| octets[8] = 0, b"w").contains(&says));
        assert!(refusal(|octets| octets[33] ^= 1, b"w").contains("is damaged"));
        assert!(refusal(|_| {}, b"v").contains("belongs to another world"));
    }
}
