//! Any octets are a message of TCAP or none; one that is read is written to octets that read as the same, can be
//! shown and broken in every way, and neither end of a dialogue says anything unreadable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_camel::cap::ApplicationContext;
use tollgate_camel::dialogue::{Dialogue, Refused, unknown_transaction};
use tollgate_camel::raw::Corruption;
use tollgate_camel::tcap::{Message, TransactionId};
use tollgate_camel::{Operation, message_fields, message_octets};
use tollgate_time::Instant;

const CONTEXTS: [ApplicationContext; 3] = [
    ApplicationContext::CallsPhaseTwo,
    ApplicationContext::CallsPhaseThree,
    ApplicationContext::SmsPhaseThree,
];

fuzz_target!(|bytes: &[u8]| {
    assert!(!message_fields(bytes).to_string().is_empty());
    let _ = message_octets(&message_fields(bytes));
    let Ok(message) = Message::parse(bytes) else { return };
    let written = message.encode();
    let read = Message::parse(&written).expect("what was written can be read");
    assert_eq!(read.encode(), written);
    for how in ["operation 99", "argument none", "invoke-id -1", "repeat-component", "no-dialogue", "indefinite", "flip 9"] {
        let mut broken = bytes.to_vec();
        let _ = how.parse::<Corruption>().expect("it is in the catalogue").apply(&mut broken);
        assert!(!message_fields(&broken).is_empty());
    }
    let now = Instant::from_unix_secs(1_800_000_000);
    let mut theirs = Dialogue::open(TransactionId::new(1), ApplicationContext::CallsPhaseTwo);
    theirs.invoke(now, &Operation::ActivityTest);
    assert!(theirs.send().is_some_and(|begin| Message::parse(&begin).is_ok()));
    let _ = theirs.handle(bytes);
    let _ = theirs.expire(Instant::from_unix_secs(1_900_000_000));
    for own in [theirs.end(), unknown_transaction(bytes)].into_iter().flatten() {
        assert!(Message::parse(&own).is_ok());
    }
    match Dialogue::accept(TransactionId::new(2), bytes, &CONTEXTS) {
        Ok((mut own, _)) => assert!(own.send().is_some_and(|answer| Message::parse(&answer).is_ok())),
        Err(Refused::Context { answer, .. } | Refused::NoContext { answer }) => assert!(Message::parse(&answer).is_ok()),
        Err(_) => {}
    }
});
