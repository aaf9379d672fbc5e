//! The Diameter examples of ESI (Gy, Ro voice, Ro SMS), by the names that they use.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use tollgate_diameter::{
    Builder, CommandFlags, EncodeError, Header, Message, ProblemKind, ResultCode, avp, check, field_known,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

fn group(fields: Fields) -> Value {
    Value::Group(fields)
}

fn number(number: u32) -> Value {
    Value::from(number)
}

/// What stands in front of every request of the examples.
fn head(session: &str, context: &str, kind: &str, place: u32) -> Fields {
    let subscription = Fields::new()
        .with("Subscription-Id-Data", "380630000001")
        .with("Subscription-Id-Type", "END_USER_E164");
    Fields::new()
        .with("Session-Id", session)
        .with("Origin-Host", "bec-pgw.portaone.com")
        .with("Origin-Realm", "portaone.com")
        .with("Destination-Host", "ocs.portaone.com")
        .with("Destination-Realm", "portaone.com")
        .with("Auth-Application-Id", number(4))
        .with("Service-Context-Id", context)
        .with("CC-Request-Type", kind)
        .with("CC-Request-Number", number(place))
        .with("Subscription-Id", group(subscription))
}

fn gy_update() -> Fields {
    let used = Fields::new()
        .with("CC-Input-Octets", number(524_288))
        .with("CC-Total-Octets", number(1_048_576))
        .with("CC-Output-Octets", number(524_288));
    let service = Fields::new()
        .with("Requested-Service-Unit", group(Fields::new()))
        .with("Used-Service-Unit", group(used))
        .with("Rating-Group", number(100));
    head("ee136d75e131a122f558", "32251@3gpp.org", "UPDATE_REQUEST", 3)
        .with("Origin-State-Id", number(0))
        .with("Multiple-Services-Indicator", "MULTIPLE_SERVICES_SUPPORTED")
        .with("Multiple-Services-Credit-Control", group(service))
        .with("Event-Timestamp", Instant::from_unix_secs(1_551_426_785))
}

fn sms() -> Fields {
    let address = || group(Fields::new().with("Address-Type", "MSISDN").with("Address-Data", "380938508705"));
    let recipient =
        Fields::new().with("Recipient-Received-Address", address()).with("Recipient-Address", address());
    let interface = |kind: &str| group(Fields::new().with("Interface-Type", kind));
    let sms = Fields::new()
        .with("Originator-SCCP-Address", "tel:380630000001")
        .with("Destination-Interface", interface("MOBILE_TERMINATING"))
        .with("Originator-Interface", interface("MOBILE_ORIGINATING"))
        .with("SMS-Node", "SMS_ROUTER")
        .with("SMSC-Address", "afn:13360:333830393338353038373035")
        .with("SM-Message-Type", "SUBMISSION")
        .with("Recipient-Info", group(recipient));
    head("88d257fa04e1e90e07b3", "32274@3gpp.org", "EVENT_REQUEST", 0)
        .with("Requested-Action", "DIRECT_DEBITING")
        .with("Multiple-Services-Indicator", "MULTIPLE_SERVICES_NOT_SUPPORTED")
        .with("Service-Information", group(Fields::new().with("SMS-Information", group(sms))))
        .with("Event-Timestamp", Instant::from_unix_secs(1_552_310_322))
}

fn voice() -> Fields {
    let ims = Fields::new()
        .with("Node-Functionality", "S-CSCF")
        .with("Calling-Party-Address", "380630000001")
        .with("Called-Party-Address", "380938508705")
        .with("Event-Type", group(Fields::new().with("Event", "MO")));
    let service = Fields::new()
        .with("Service-Identifier", number(35))
        .with("Requested-Service-Unit", group(Fields::new().with("CC-Time", number(30))));
    head("4cd227264ec1b227f786", "32251@3qpp.org", "INITIAL_REQUEST", 0)
        .with("Multiple-Services-Credit-Control", group(service))
        .with("Service-Information", group(Fields::new().with("IMS-Information", group(ims))))
}

fn encoded(fields: &Fields) -> Vec<u8> {
    let mut builder = Builder::new(Header::request(272, 4).identified(1, 2));
    builder.fields(fields).unwrap();
    builder.finish().unwrap()
}

#[test]
fn every_example_comes_back_as_it_was_sent_and_breaks_no_rule() {
    for fields in [gy_update(), sms(), voice()] {
        let octets = encoded(&fields);
        let view = Message::parse(&octets).unwrap();
        assert_eq!(check::problems(&view), []);
        assert_eq!(view.fields().to_string(), fields.to_string());
        assert_eq!(view.fields(), fields);
    }
}

#[test]
fn a_gy_update_is_read_without_copying() {
    let octets = encoded(&gy_update());
    let view = Message::parse(&octets).unwrap();
    assert_eq!(view.session_id(), Some("ee136d75e131a122f558"));
    let service = view.get(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).unwrap().group().unwrap();
    assert_eq!(service.get(avp::RATING_GROUP).and_then(|own| own.u32()), Some(100));
    assert!(service.get(avp::REQUESTED_SERVICE_UNIT).unwrap().is_empty());
    let used = service.get(avp::USED_SERVICE_UNIT).unwrap().group().unwrap();
    assert_eq!(used.get(avp::CC_TOTAL_OCTETS).and_then(|own| own.u64()), Some(1_048_576));
    assert_eq!(
        view.get(avp::EVENT_TIMESTAMP).and_then(|own| own.time()),
        Some(Instant::from_unix_secs(1_551_426_785))
    );
}

#[test]
fn octets_are_those_of_the_standard() {
    let mut builder = Builder::new(Header::request(272, 4).identified(0x0102_0304, 0x0506_0708));
    let fields = Fields::new()
        .with("Session-Id", "a;b")
        .with("CC-Request-Type", "TERMINATION_REQUEST")
        .with("Trigger", group(Fields::new().with("Trigger-Type", "CHANGE_IN_RAT")))
        .with("SMSC-Address", "tel:12")
        .with("Event-Timestamp", number(1_551_426_764));
    builder.fields(&fields).unwrap();
    #[rustfmt::skip]
    let by_hand = [
        // 20 + 12 + 12 + 28 + 16 + 12 octets.
        1, 0, 0, 100, 0xc0, 0, 1, 0x10, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8,
        // Session-Id 263, M, 8 + 3 octets, one of padding.
        0, 0, 1, 7, 0x40, 0, 0, 11, b'a', b';', b'b', 0,
        // CC-Request-Type 416, M, 12 octets, TERMINATION_REQUEST is 3.
        0, 0, 1, 0xa0, 0x40, 0, 0, 12, 0, 0, 0, 3,
        // Trigger 1264 of vendor 10415, V and M, 12 + 16 octets; within it Trigger-Type 870: 4.
        0, 0, 4, 0xf0, 0xc0, 0, 0, 28, 0, 0, 0x28, 0xaf,
        0, 0, 3, 0x66, 0xc0, 0, 0, 16, 0, 0, 0x28, 0xaf, 0, 0, 0, 4,
        // SMSC-Address 2017: family 8 (E.164) and two digits, 12 + 4 octets.
        0, 0, 7, 0xe1, 0xc0, 0, 0, 16, 0, 0, 0x28, 0xaf, 0, 8, b'1', b'2',
        // Event-Timestamp 55: 1551426764 + 2208988800 = 3760415564 = 0xe023_634c.
        0, 0, 0, 55, 0x40, 0, 0, 12, 0xe0, 0x23, 0x63, 0x4c,
    ];
    assert_eq!(builder.finish().unwrap(), by_hand);
}

#[test]
fn repeated_avps_are_a_list_when_sent_and_several_fields_when_read() {
    let service = |rating| group(Fields::new().with("Rating-Group", number(rating)));
    let fields = Fields::new()
        .with("Session-Id", "s")
        .with("MSCC", Value::List(vec![service(1), service(2)]))
        .with("AVP-9999:M", "0x0102")
        .with("Vendor-99-AVP-7", group(Fields::new().with("User-Name", "u")));
    let octets = encoded(&fields);
    let view = Message::parse(&octets).unwrap();
    assert_eq!(view.all(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).count(), 2);
    let read = view.fields();
    assert_eq!(read.all("Multiple-Services-Credit-Control").count(), 2);
    assert_eq!(read.get("AVP-9999").unwrap().to_string(), "0x0102");
    assert!(field_known("AVP-9999") && read.get("Vendor-99-AVP-7").is_some());
    let unknown =
        check::problems(&view).into_iter().find(|own| own.kind == ProblemKind::Unsupported).unwrap();
    // The whole AVP, padded: 9999 = 0x270f.
    assert_eq!(unknown.failed_avp(), Some(&[0, 0, 0x27, 0x0f, 0x40, 0, 0, 10, 1, 2, 0, 0][..]));
}

#[test]
fn a_wrong_name_or_value_is_refused() {
    let mut builder = Builder::new(Header::request(272, 4));
    assert!(matches!(builder.field("Rating-Grupp", &number(1)), Err(EncodeError::UnknownField { .. })));
    for (name, value) in [
        ("Rating-Group", Value::from("x")),
        ("CC-Request-Type", Value::from("INITIAL")),
        ("Host-IP-Address", Value::from("127.0.0")),
        ("Subscription-Id", Value::from("380630000001")),
        ("Origin-Host", group(Fields::new())),
    ] {
        assert!(matches!(builder.field(name, &value), Err(EncodeError::WrongType { .. })), "{name}");
    }
    builder.field("Rating-Group", &Value::Bytes(vec![1, 2].into())).unwrap();
}

#[test]
fn a_missing_avp_is_shown_with_its_least_octets_and_its_group_around_it() {
    let subscription = Fields::new().with("Subscription-Id-Data", "380630000001");
    let mut fields = head("s", "32251@3gpp.org", "INITIAL_REQUEST", 0);
    fields = fields
        .iter()
        .filter(|own| own.0 != "Subscription-Id")
        .map(|own| (own.0.into(), own.1.clone()))
        .collect();
    fields.push("Subscription-Id", group(subscription));
    let octets = encoded(&fields);
    let view = Message::parse(&octets).unwrap();
    let problem = check::verify(&view).unwrap_err();
    assert_eq!(problem.result_code(), ResultCode::MISSING_AVP);
    let mut builder = Builder::answer(&view);
    builder.problem(&problem);
    let answer = builder.finish().unwrap();
    let view = Message::parse(&answer).unwrap();
    assert_eq!(view.header.flags, CommandFlags::PROXIABLE, "a permanent failure has no E flag");
    let failed = view.fields().get("Failed-AVP").unwrap().to_string();
    // Subscription-Id-Type of value 0, which is END_USER_E164.
    assert_eq!(failed, "{ Subscription-Id: { Subscription-Id-Type: END_USER_E164 } }");
}

#[test]
fn an_answer_that_refuses_needs_no_more_than_it_has() {
    // ESI: unknown account. The E flag stands for 3xxx alone, and with it only a few AVPs are asked for.
    let fields = Fields::new()
        .with("Origin-Realm", "portaone.com")
        .with("CC-Request-Number", number(0))
        .with("Session-Id", "d538ebc0dedcb587cf88")
        .with("CC-Request-Type", "INITIAL_REQUEST")
        .with("Auth-Application-Id", number(4))
        .with("Origin-Host", "ocs.portaone.com")
        .with("Result-Code", number(5030));
    let mut builder = Builder::new(Header::request(272, 4).answer());
    builder.fields(&fields).unwrap();
    let octets = builder.finish().unwrap();
    let view = Message::parse(&octets).unwrap();
    assert_eq!(check::verify(&view), Ok(()));
    assert_eq!(view.result_code().unwrap().to_string(), "5030 DIAMETER_USER_UNKNOWN");
}
