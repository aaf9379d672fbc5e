//! Any octets are elements or none; an element that is read reads again from its own octets, and what it holds
//! lies within it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_camel::ber::{Element, Elements, single};

fn walk(element: &Element<'_>, depth: usize) {
    let again = single(element.encoding, "again").expect("what was read is one element");
    assert_eq!((again.tag, again.constructed, again.contents), (element.tag, element.constructed, element.contents));
    assert!(element.contents_offset() + element.contents.len() <= element.offset + element.encoding.len());
    let _ = (element.integer(), element.boolean(), element.octets());
    if let (Ok(elements), true) = (element.elements(), depth < 64) {
        for inner in elements.flatten() {
            assert!(inner.offset >= element.contents_offset());
            walk(&inner, depth + 1);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    for element in Elements::new(bytes, 0).flatten() {
        walk(&element, 0);
    }
});
