//! A digest that is made verifies, in both numberings; any Digest-Attributes are read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_radius::digest::{Numbering, Parameters};
use tollgate_radius::{Builder, Code, Packet, Secret, VALUE_LEN_MAX, attribute, verify};

const PASSWORD: &[u8] = b"secret";

fuzz_target!(|bytes: &[u8]| {
    let secret = Secret::new("fuzz");
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
    for value in bytes.chunks(VALUE_LEN_MAX).take(10) {
        builder.bytes(attribute::STERMAN_DIGEST_ATTRIBUTES, value).expect("a chunk fits");
    }
    let _ = builder.text(attribute::STERMAN_DIGEST_RESPONSE, "0");
    let octets = builder.finish_access_request(&secret).expect("ten attributes fit");
    let packet = Packet::parse(&octets).expect("what is built reads back");
    let _ = (verify::digest(&packet, PASSWORD), packet.fields());

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default();
    let mut parameters = Parameters {
        username: line(),
        realm: line(),
        nonce: line(),
        method: line(),
        uri: line(),
        ..Parameters::default()
    };
    let mut option = || Some(line()).filter(|text| !text.is_empty());
    parameters.qop = option();
    parameters.algorithm = option();
    parameters.cnonce = option();
    parameters.nonce_count = option();
    parameters.body_hash = option();
    let Ok(response) = parameters.response(PASSWORD) else { return };
    for numbering in [Numbering::Rfc5090, Numbering::Sterman] {
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
        if builder.digest(numbering, &parameters, &response).is_err() {
            continue;
        }
        let octets = builder.finish_access_request(&secret).expect("eleven attributes fit");
        let packet = Packet::parse(&octets).expect("what is built reads back");
        let Ok((read, _)) = Parameters::from_packet(&packet) else { continue };
        // Quotes around a value are taken off when it is read.
        if read == parameters {
            assert_eq!(verify::digest(&packet, PASSWORD), Ok(true));
        }
    }
});
