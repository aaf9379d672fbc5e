//! A stream yields the same messages however it is cut, and a splitter keeps no more than arrived.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_diameter::{FramingError, Splitter};

fn cut(bytes: &[u8], sizes: impl Iterator<Item = usize>) -> (Vec<Vec<u8>>, Option<FramingError>) {
    let (mut splitter, mut found, mut rest) = (Splitter::new(4096), Vec::new(), bytes);
    for size in sizes {
        let (piece, behind) = rest.split_at(size.clamp(1, rest.len().max(1)).min(rest.len()));
        splitter.push(piece);
        rest = behind;
        loop {
            match splitter.next_message() {
                Ok(Some(message)) => found.push(message.to_vec()),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
        assert!(splitter.pending() < 4096 + size.max(1));
        if rest.is_empty() {
            break;
        }
    }
    (found, None)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let whole = cut(bytes, std::iter::repeat(bytes.len()));
    let single = cut(bytes, std::iter::repeat(1));
    let odd = cut(bytes, std::iter::repeat(usize::from(*first)));
    assert_eq!(whole, single);
    assert_eq!(whole, odd);
    assert!(whole.0.iter().all(|message| message.len() >= 20 && message.len() % 4 == 0));
});
