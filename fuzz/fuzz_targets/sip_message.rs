//! Any octets are a SIP message or refused; what is read can be shown, checked and written again with the
//! same headers, and a stream gives the same message as a datagram.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_sip::framing::{Frame, Stream};
use tollgate_sip::raw::Corruption;
use tollgate_sip::{Builder, Message, NameAddr, Uri, Via};

fuzz_target!(|octets: &[u8]| {
    let mut stream = Stream::new();
    stream.handle_octets(octets);
    while let Ok(Some(frame)) = stream.poll_frame() {
        if let Frame::Message(whole) = frame {
            assert!(Message::parse(&whole).is_ok());
        }
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        let _ = (Uri::parse(text), Via::parse(text), NameAddr::parse(text), text.parse::<Corruption>());
    }
    let Ok(message) = Message::parse(octets) else { return };
    let _ = (message.check(), message.title(), message.fields());
    let written = Builder::of(&message).finish();
    let again = Message::parse(&written).expect("what is written reads back");
    assert_eq!((again.start(), again.body()), (message.start(), message.body()));
    let raw = |own: &Message<'_>| -> Vec<Vec<u8>> {
        own.headers().iter().filter(|own| !own.is("Content-Length")).map(|own| own.raw.to_vec()).collect()
    };
    assert_eq!(raw(&again), raw(&message));
});
