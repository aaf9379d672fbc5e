//! Any octets are a message of SCCP or none; one that is read is written to octets that read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_camel::sccp::Unitdata;

fuzz_target!(|bytes: &[u8]| {
    let Ok(own) = Unitdata::parse(bytes) else { return };
    let written = own.encode();
    let read = Unitdata::parse(&written).expect("what was written can be read");
    assert_eq!((read.form, read.class, read.data), (own.form, own.class, own.data));
    assert_eq!(read.encode(), written);
});
