//! Any file is a capture or an error; what it gives of a connection is never more than the file holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_capture::import::{Import, Imported, Piece};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut import) = Import::new(bytes) else { return };
    let mut octets = 0;
    while let Ok(Some(found)) = import.next_item() {
        octets += match found {
            Imported::Stream(piece) => match piece.piece {
                Piece::Octets(octets) => octets.len(),
                Piece::Opaque(length) => usize::try_from(length).unwrap_or(usize::MAX),
                _ => 0,
            },
            Imported::Datagram { .. } | Imported::Sctp { .. } => 0,
        };
    }
    assert!(octets <= bytes.len(), "no octet is given twice");
    assert!(import.totals().packets <= bytes.len() as u64);
});
