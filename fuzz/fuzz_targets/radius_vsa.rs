//! Any body of a Vendor-Specific is taken apart whole or not at all, and every text is a pair.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_radius::{Builder, Code, Packet, Pair, Secret, VALUE_LEN_MAX, attribute, cisco};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Pair::parse(text).to_string();
    }
    // The first octet tells Cisco, another vendor, or whatever four octets stand there.
    let (vendor, rest) = match bytes.split_first() {
        Some((0..=127, rest)) => (&[0, 0, 0, 9][..], rest),
        Some((128..=191, rest)) => (&[0, 0, 1, 55][..], rest),
        Some((_, rest)) => (&[][..], rest),
        None => return,
    };
    let mut value = [vendor, rest].concat();
    value.truncate(VALUE_LEN_MAX);
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
    builder.bytes(attribute::VENDOR_SPECIFIC, &value).expect("it was cut to fit");
    let packet = builder.finish_accounting_request(&Secret::new("fuzz")).expect("one attribute fits");
    let packet = Packet::parse(&packet).expect("what is built reads back");
    assert!(!packet.fields().is_empty());

    let Some(vendor) = value.first_chunk().map(|vendor| u32::from_be_bytes(*vendor)) else { return };
    let found: Vec<_> = packet.vendor(vendor).collect();
    let octets: usize = found.iter().map(|own| own.value.len() + 2).sum();
    assert!(found.is_empty() || octets + 4 == value.len(), "whole or not at all");
    for own in &found {
        assert_eq!(packet.bytes()[own.offset], own.number);
        assert_eq!(packet.vendor(vendor).filter(|other| other.offset == own.offset).count(), 1);
    }
    if vendor == cisco::VENDOR {
        let _ = (packet.pairs().count(), packet.cisco(cisco::H323_CONF_ID));
    }
});
