//! The codec beside the `diameter` crate, which knows well-formed messages of credit control.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use diameter::avp::{AvpValue, Grouped, Identity, UTF8String, Unsigned32, Unsigned64};
use diameter::dictionary::{DEFAULT_DICT_XML, Dictionary};
use diameter::{ApplicationId, CommandCode, DiameterMessage};
use proptest::prelude::*;
use tollgate_diameter::{Builder, CommandFlags, Header, Message, avp};

/// Read once: it is XML.
fn dictionary() -> Arc<Dictionary> {
    static DICTIONARY: LazyLock<Arc<Dictionary>> =
        LazyLock::new(|| Arc::new(Dictionary::new(&[&DEFAULT_DICT_XML])));
    Arc::clone(&DICTIONARY)
}

#[derive(Debug, Clone)]
struct Sample {
    session: String,
    host: String,
    number: u32,
    services: Vec<(u32, u64)>,
}

fn sample() -> impl Strategy<Value = Sample> {
    ("[ -~]{1,40}", "[a-z.]{1,20}", any::<u32>(), proptest::collection::vec(any::<(u32, u64)>(), 0..4))
        .prop_map(|(session, host, number, services)| Sample { session, host, number, services })
}

fn ours(own: &Sample) -> Vec<u8> {
    let mut builder = Builder::new(Header::request(272, 4).identified(own.number, !own.number));
    builder.text(avp::SESSION_ID, &own.session);
    builder.text(avp::ORIGIN_HOST, &own.host);
    builder.u32(avp::CC_REQUEST_NUMBER, own.number);
    for (rating, octets) in &own.services {
        builder.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
            service.group(avp::USED_SERVICE_UNIT, |used| used.u64(avp::CC_TOTAL_OCTETS, *octets));
            service.u32(avp::RATING_GROUP, *rating);
        });
    }
    builder.finish().unwrap()
}

fn theirs(own: &Sample, dictionary: &Arc<Dictionary>) -> Vec<u8> {
    let (command, application) = (CommandCode::CreditControl, ApplicationId::CreditControl);
    let flags = CommandFlags::REQUEST.with(CommandFlags::PROXIABLE).bits();
    let mut message =
        DiameterMessage::new(command, application, flags, own.number, !own.number, Arc::clone(dictionary));
    message.add_avp(263, None, 0x40, UTF8String::new(&own.session).into());
    message.add_avp(264, None, 0x40, Identity::new(&own.host).into());
    message.add_avp(415, None, 0x40, Unsigned32::new(own.number).into());
    for (rating, octets) in &own.services {
        let mut used = Grouped::new(vec![], Arc::clone(dictionary));
        used.add_avp(421, None, 0x40, Unsigned64::new(*octets).into());
        let mut service = Grouped::new(vec![], Arc::clone(dictionary));
        service.add_avp(446, None, 0x40, used.into());
        service.add_avp(432, None, 0x40, Unsigned32::new(*rating).into());
        message.add_avp(456, None, 0x40, service.into());
    }
    let mut octets = Vec::new();
    message.encode_to(&mut octets).unwrap();
    octets
}

proptest! {
    #[test]
    fn both_write_the_same_octets(own in sample()) {
        prop_assert_eq!(ours(&own), theirs(&own, &dictionary()));
    }

    #[test]
    fn each_reads_what_the_other_wrote(own in sample()) {
        let dictionary = dictionary();
        let octets = theirs(&own, &dictionary);
        let view = Message::parse(&octets).unwrap();
        prop_assert_eq!(view.session_id(), Some(own.session.as_str()));
        let read: Vec<_> = view.all(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).map(|service| {
            let inside = service.group().unwrap();
            let used = inside.get(avp::USED_SERVICE_UNIT).unwrap().group().unwrap();
            let octets = used.get(avp::CC_TOTAL_OCTETS).unwrap().u64().unwrap();
            (inside.get(avp::RATING_GROUP).unwrap().u32().unwrap(), octets)
        }).collect();
        prop_assert_eq!(&read, &own.services);

        let octets = ours(&own);
        let message = DiameterMessage::decode_from(&mut Cursor::new(&octets), dictionary).unwrap();
        prop_assert_eq!(message.get_hop_by_hop_id(), own.number);
        let number = message.get_avp(415).and_then(|found| found.get_unsigned32());
        prop_assert_eq!(number, Some(own.number));
        let groups = message.get_avps().iter().filter(|found| matches!(found.get_value(), AvpValue::Grouped(_)));
        prop_assert_eq!(groups.count(), own.services.len());
    }
}
