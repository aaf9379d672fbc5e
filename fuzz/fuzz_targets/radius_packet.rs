//! Any octets are a packet or none. What is one can be shown, checked, written again and signed anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_radius::verify::{self, Presence};
use tollgate_radius::{Builder, Packet, Secret, attribute, raw, sign};

fuzz_target!(|bytes: &[u8]| {
    let Ok(packet) = Packet::parse(bytes) else { return };
    let secret = Secret::new("fuzz");
    let fields = packet.fields();
    assert!(packet.attributes().count() == 0 || !fields.is_empty());
    assert!(!fields.to_string().is_empty() || fields.is_empty());
    let _ =
        (verify::user_password(&packet, &secret), verify::chap(&packet, b"x"), verify::digest(&packet, b"x"));

    let mut builder = Builder::new(packet.code(), packet.identifier());
    builder.authenticator(packet.authenticator());
    for own in packet.attributes() {
        assert!(packet.get(own.number).is_some());
        builder.bytes(own.number, own.value).expect("a value that was read fits");
    }
    // A response to this authenticator has the same octets but for its own authenticator.
    let mut again =
        builder.finish_response(packet.authenticator(), &secret).expect("a packet that was read fits");
    assert!(raw::set_authenticator(&mut again, packet.authenticator()));
    assert_eq!(again, packet.bytes());

    let mut signed = packet.bytes().to_vec();
    sign::request(&mut signed, &secret);
    let signed = Packet::parse(&signed).expect("signing keeps the structure");
    assert!(signed.code().has_random_authenticator() || verify::accounting_request(&signed, &secret));
    let one = signed.all(attribute::MESSAGE_AUTHENTICATOR).count() == 1;
    if one && signed.get(attribute::MESSAGE_AUTHENTICATOR).is_some_and(|own| own.len() == 16) {
        assert_eq!(verify::message_authenticator(&signed, &secret, None), Presence::Valid);
    }
});
