//! What one commit adds to a log: its commands and xDRs under one sum, all of them or none.
//!
//! A frame is written only after the one before it was stored. So one that does not agree with its sum is the end of
//! the log, torn by a crash, when nothing follows; and it is damage, of something that was stored once, when a good
//! frame does.

use super::header::{long, word};

/// In front of a frame: 4 magic, 4 length of what follows, 4 sum, 4 things in it, 8 position of its first.
pub(super) const FRONT: usize = 24;
/// Frames begin at places that are a multiple of this.
pub(super) const ALIGN: usize = 8;
const MAGIC: u32 = 0x4d41_5246;

/// A frame of a log that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) position: u64,
    pub(super) items: u32,
    pub(super) body: &'a [u8],
    /// Where the next begins.
    pub(super) end: usize,
}

/// Fills the front of a frame that has room for it, and rounds its end.
pub(super) fn seal(frame: &mut Vec<u8>, position: u64, items: u32) {
    let length = u32::try_from(frame.len().saturating_sub(FRONT)).unwrap_or(u32::MAX);
    frame[0..4].copy_from_slice(&MAGIC.to_le_bytes());
    frame[4..8].copy_from_slice(&length.to_le_bytes());
    frame[12..16].copy_from_slice(&items.to_le_bytes());
    frame[16..24].copy_from_slice(&position.to_le_bytes());
    let sum = crc32fast::hash(&frame[12..]);
    frame[8..12].copy_from_slice(&sum.to_le_bytes());
    frame.resize(frame.len().next_multiple_of(ALIGN), 0);
}

/// The frame at a place, if a good one begins there.
pub(super) fn at(octets: &[u8], at: usize) -> Option<Frame<'_>> {
    let frame = octets.get(at..)?;
    if frame.len() < FRONT || word(frame, 0) != MAGIC {
        return None;
    }
    let end = FRONT.checked_add(usize::try_from(word(frame, 4)).ok()?)?;
    let summed = frame.get(12..end)?;
    (crc32fast::hash(summed) == word(frame, 8)).then(|| Frame {
        position: long(frame, 16),
        items: word(frame, 12),
        body: &frame[FRONT..end],
        end: at + end.next_multiple_of(ALIGN),
    })
}

/// Whether a good frame that comes after `position` begins anywhere behind a place.
pub(super) fn any_after(octets: &[u8], from: usize, position: u64) -> bool {
    // A torn frame may hold anything but a good frame with a later position.
    let mut places = (from.next_multiple_of(ALIGN)..octets.len()).step_by(ALIGN).skip(1);
    places.any(|place| at(octets, place).is_some_and(|frame| frame.position >= position))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(position: u64, body: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; FRONT];
        frame.extend(body);
        seal(&mut frame, position, 1);
        frame
    }

    #[test]
    fn a_frame_is_read_as_it_was_sealed() {
        let octets = frame(9, b"body!");
        let read = at(&octets, 0).unwrap();
        assert_eq!((read.position, read.items, read.body), (9, 1, &b"body!"[..]));
        // 24 + 5 = 29, rounded to 32.
        assert_eq!((read.end, octets.len()), (32, 32));
    }

    #[test]
    fn any_octet_that_changes_unmakes_it() {
        let whole = frame(9, b"body!");
        for place in 0..29 {
            let mut octets = whole.clone();
            octets[place] ^= 0x10;
            assert_eq!(at(&octets, 0), None, "octet {place}");
        }
        assert_eq!(at(&whole[..28], 0), None);
    }

    #[test]
    fn damage_is_told_from_a_torn_end() {
        let mut octets = frame(9, b"one");
        octets[26] ^= 1;
        assert!(!any_after(&octets, 0, 10));
        octets.extend(frame(10, b"two"));
        assert!(any_after(&octets, 0, 10));
    }
}
