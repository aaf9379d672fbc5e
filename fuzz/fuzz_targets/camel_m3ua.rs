//! Any octets are a DATA of M3UA, or a packet of SCTP, or neither; one that is read is written to octets that read
//! as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_camel::{m3ua, sctp};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(own) = m3ua::Data::parse(bytes) {
        assert_eq!(m3ua::Data::parse(&own.encode()), Ok(own));
    }
    if let Ok(own) = sctp::Packet::parse(bytes) {
        assert_eq!(sctp::Packet::parse(&own.encode()), Ok(own));
    }
    let packet = sctp::Packet {
        from: 1,
        to: 2,
        tag: 3,
        sequence: 4,
        stream: 5,
        stream_sequence: 6,
        protocol: sctp::PPID_M3UA,
        data: bytes,
    };
    assert_eq!(sctp::Packet::parse(&packet.encode()), Ok(packet));
});
