//! A time, conference identifier or corruption that is read is written as a text that reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_radius::h323::{ConfId, H323Time};
use tollgate_radius::raw::Corruption;

fuzz_target!(|text: &str| {
    if let Ok(time) = text.parse::<H323Time>() {
        let again: H323Time = time.to_string().parse().expect("what is written reads back");
        assert_eq!(again.zone, time.zone);
        assert_eq!(again.clock, time.clock);
        // Milliseconds are written, rounded down.
        assert_eq!(again.at.unix_nanos() / 1_000_000, time.at.unix_nanos() / 1_000_000);
    }
    if let Ok(id) = text.parse::<ConfId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(corruption) = text.parse::<Corruption>() {
        let mut packet = b"\x04\x01\x00\x1a0123456789abcdef\x28\x06\x00\x00\x00\x02".to_vec();
        corruption.apply(&mut packet);
    }
});
