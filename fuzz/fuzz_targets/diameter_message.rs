//! Any octets are a message or a problem. What is one can be shown, checked, answered and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_diameter::raw::{AvpPath, Corruption};
use tollgate_diameter::{Builder, Message, check, message_fields, raw};

fuzz_target!(|bytes: &[u8]| {
    let mut octets = bytes.to_vec();
    let _ = message_fields(&octets).to_string();
    // Most inputs get no further without a right version and length.
    if octets.len() >= 20 {
        octets.truncate(octets.len() / 4 * 4);
        octets[0] = 1;
        assert!(raw::fix_length(&mut octets));
    }
    let message = match Message::parse(&octets) {
        Ok(message) => message,
        Err(problem) => {
            let Some(mut answer) = Builder::answer_to_broken(&octets) else { return };
            answer.problem(&problem);
            let answer = answer.finish().expect("an answer is short");
            let view = Message::parse(&answer).expect("an answer can be read");
            assert_eq!(view.result_code(), Some(problem.result_code()));
            return;
        }
    };
    let fields = message.fields();
    assert_eq!(fields.len(), message.avps().count());
    let _ = fields.to_string();

    // Shown, written and shown again it says the same.
    let mut again = Builder::new(message.header);
    again.fields(&fields).expect("what was shown can be written");
    let again = again.finish().expect("it is about as long");
    assert_eq!(Message::parse(&again).expect("what is built can be read").fields(), fields);

    let mut copy = Builder::new(message.header);
    for own in message.avps() {
        let _ =
            (own.u32(), own.u64(), own.text(), own.time(), own.address(), own.group().map(Iterator::count));
        copy.avp(own.code, own.flags, own.data);
    }
    let copy = copy.finish().expect("it is as long");
    let read = Message::parse(&copy).expect("what is built can be read");
    assert!(read.avps().map(|own| (own.code, own.data)).eq(message.avps().map(|own| (own.code, own.data))));

    for problem in check::problems(&message) {
        let mut answer = Builder::answer(&message);
        answer.problem(&problem);
        answer.proxy_infos(&message);
        let answer = answer.finish().expect("an answer is short");
        let view = Message::parse(&answer).expect("an answer can be read");
        assert_eq!(view.result_code(), Some(problem.result_code()));
    }
    assert_eq!(check::verify(&message).is_ok(), check::problems(&message).is_empty());

    if let Some(own) = message.avps().next() {
        let path = || AvpPath::to(own.code);
        for fault in [
            Corruption::AvpLength(path(), 7),
            Corruption::AvpData(path(), vec![1, 2, 3]),
            Corruption::Padding(path()),
            Corruption::Remove(path()),
            Corruption::Repeat(path()),
        ] {
            let mut broken = octets.clone();
            fault.apply(&mut broken);
            let _ = message_fields(&broken);
        }
    }
});
