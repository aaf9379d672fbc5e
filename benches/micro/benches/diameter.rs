//! The Diameter codec beside the `diameter` crate, in one run and over the same message: a Gy CCR-U of 660
//! octets with two rating groups, and the CCA that grants both.
//!
//! "Read" is everything that an OCS needs of the CCR-U: names, session, subscriber, place in the session,
//! and of each rating group what is asked, what was used and why it is reported.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use diameter::DiameterMessage;
use diameter::avp::AvpType;
use diameter::dictionary::{AvpDefinition, DEFAULT_DICT_XML, Dictionary};
use tollgate_diameter::{Builder, EncodeError, Header, Message, ResultCode, avp, check};
use tollgate_time::Instant;

const SESSION: &str = "bec-pgw.portaone.com;3541;1873;gy;ee136d75e131a122f558";
const GRANT: u64 = 1_073_741_824;

fn request() -> Result<Vec<u8>, EncodeError> {
    let mut own = Builder::new(Header::request(272, 4).identified(1, 2));
    own.text(avp::SESSION_ID, SESSION);
    own.text(avp::ORIGIN_HOST, "bec-pgw.portaone.com");
    own.text(avp::ORIGIN_REALM, "portaone.com");
    own.text(avp::DESTINATION_HOST, "ocs.portaone.com");
    own.text(avp::DESTINATION_REALM, "portaone.com");
    own.u32(avp::AUTH_APPLICATION_ID, 4);
    own.text(avp::SERVICE_CONTEXT_ID, "8.32251@3gpp.org");
    own.u32(avp::CC_REQUEST_TYPE, 2);
    own.u32(avp::CC_REQUEST_NUMBER, 3);
    own.u32(avp::ORIGIN_STATE_ID, 0);
    own.text(avp::USER_NAME, "0255011234567890@nai.epc.net");
    for (kind, data) in [(0, "380630000001"), (1, "255011234567890")] {
        own.group(avp::SUBSCRIPTION_ID, |inside| {
            inside.u32(avp::SUBSCRIPTION_ID_TYPE, kind);
            inside.text(avp::SUBSCRIPTION_ID_DATA, data);
        });
    }
    own.u32(avp::MULTIPLE_SERVICES_INDICATOR, 1);
    for rating in [100, 200] {
        own.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
            service.group(avp::REQUESTED_SERVICE_UNIT, |_| ());
            service.group(avp::USED_SERVICE_UNIT, |used| {
                used.u64(avp::CC_TOTAL_OCTETS, 1_048_576);
                used.u64(avp::CC_INPUT_OCTETS, 524_288);
                used.u64(avp::CC_OUTPUT_OCTETS, 524_288);
            });
            service.u32(avp::SERVICE_IDENTIFIER, 1);
            service.u32(avp::RATING_GROUP, rating);
            service.u32(avp::REPORTING_REASON, 3);
        });
    }
    own.time(avp::EVENT_TIMESTAMP, Instant::from_unix_secs(1_551_426_785));
    own.group(avp::USER_EQUIPMENT_INFO, |inside| {
        inside.u32(avp::USER_EQUIPMENT_INFO_TYPE, 0);
        inside.octets(avp::USER_EQUIPMENT_INFO_VALUE, b"3516020012345601");
    });
    own.finish()
}

/// The grant of both groups, into a buffer that is used again.
fn answer(buffer: Vec<u8>, request: &Message<'_>) -> Vec<u8> {
    let mut own = Builder::append(buffer, request.header.answer());
    own.text(avp::SESSION_ID, SESSION);
    own.result(ResultCode::SUCCESS);
    own.text(avp::ORIGIN_HOST, "ocs.portaone.com");
    own.text(avp::ORIGIN_REALM, "portaone.com");
    own.u32(avp::AUTH_APPLICATION_ID, 4);
    own.u32(avp::CC_REQUEST_TYPE, 2);
    own.u32(avp::CC_REQUEST_NUMBER, 3);
    for rating in [100, 200] {
        own.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
            service.group(avp::GRANTED_SERVICE_UNIT, |granted| granted.u64(avp::CC_TOTAL_OCTETS, GRANT));
            service.u32(avp::RATING_GROUP, rating);
            service.u32(avp::VALIDITY_TIME, 7185);
            service.u32(avp::RESULT_CODE, 2001);
        });
    }
    own.finish().unwrap_or_default()
}

/// What was used in one rating group, and what is asked.
#[derive(Default)]
struct Service {
    rating: u32,
    asked: bool,
    used: [u64; 3],
    reason: u32,
}

fn service(own: tollgate_diameter::Avp<'_>) -> Service {
    let mut found = Service::default();
    for inside in own.members() {
        match inside.code {
            avp::RATING_GROUP => found.rating = inside.u32().unwrap_or(0),
            avp::REQUESTED_SERVICE_UNIT => found.asked = true,
            avp::REPORTING_REASON => found.reason = inside.u32().unwrap_or(0),
            avp::USED_SERVICE_UNIT => {
                for unit in inside.members() {
                    let place = match unit.code {
                        avp::CC_TOTAL_OCTETS => 0,
                        avp::CC_INPUT_OCTETS => 1,
                        avp::CC_OUTPUT_OCTETS => 2,
                        _ => continue,
                    };
                    found.used[place] = unit.u64().unwrap_or(0);
                }
            }
            _ => {}
        }
    }
    found
}

/// Reads the message once from front to back.
fn read(message: &Message<'_>) -> u64 {
    let (mut letters, mut numbers) = (0, 0_u64);
    for own in message.avps() {
        match own.code {
            avp::SESSION_ID
            | avp::ORIGIN_HOST
            | avp::ORIGIN_REALM
            | avp::DESTINATION_HOST
            | avp::SERVICE_CONTEXT_ID => letters += own.text().map_or(0, str::len),
            avp::CC_REQUEST_TYPE | avp::CC_REQUEST_NUMBER | avp::AUTH_APPLICATION_ID => {
                numbers += u64::from(own.u32().unwrap_or(0));
            }
            avp::SUBSCRIPTION_ID => {
                for inside in own.members() {
                    match inside.code {
                        avp::SUBSCRIPTION_ID_TYPE => numbers += u64::from(inside.u32().unwrap_or(0)),
                        avp::SUBSCRIPTION_ID_DATA => letters += inside.text().map_or(0, str::len),
                        _ => {}
                    }
                }
            }
            avp::MULTIPLE_SERVICES_CREDIT_CONTROL => {
                let found = black_box(service(own));
                numbers += found.used.iter().sum::<u64>() + u64::from(found.rating + found.reason);
                numbers += u64::from(found.asked);
            }
            avp::EVENT_TIMESTAMP => numbers += own.time().map_or(0, Instant::unix_secs),
            _ => {}
        }
    }
    numbers + letters as u64
}

/// The dictionary of the crate lacks Reporting-Reason, and it rejects what it does not know.
fn crate_dictionary() -> Arc<Dictionary> {
    let mut own = Dictionary::new(&[&DEFAULT_DICT_XML]);
    own.add_avp(AvpDefinition {
        code: 872,
        vendor_id: Some(10_415),
        name: "Reporting-Reason".into(),
        avp_type: AvpType::Enumerated,
        m_flag: true,
    });
    Arc::new(own)
}

fn decode(criterion: &mut Criterion) {
    let Ok(bytes) = request() else { return };
    assert_eq!(bytes.len(), 660, "the message that the figures are for");
    let dictionary = crate_dictionary();
    let theirs =
        |bytes: &[u8]| DiameterMessage::decode_from(&mut Cursor::new(bytes), Arc::clone(&dictionary));
    assert!(theirs(&bytes).is_ok(), "the crate reads it");
    let checked = Message::parse(&bytes).is_ok_and(|own| check::verify(&own).is_ok());
    assert!(checked, "it breaks no rule");
    let mut group = criterion.benchmark_group("diameter/decode-ccr-u-660");
    group.bench_function("tollgate-read", |b| {
        b.iter(|| Message::parse(black_box(&bytes)).map(|own| read(&own)));
    });
    group.bench_function("tollgate-read-and-check", |b| {
        b.iter(|| Message::parse(black_box(&bytes)).map(|own| (check::verify(&own).is_ok(), read(&own))));
    });
    group.bench_function("tollgate-fields", |b| {
        b.iter(|| Message::parse(black_box(&bytes)).map(|own| own.fields()));
    });
    group.bench_function("diameter-crate", |b| b.iter(|| theirs(black_box(&bytes)).is_ok()));
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let Ok(bytes) = request() else { return };
    let Ok(request) = Message::parse(&bytes) else { return };
    let mut buffer = answer(Vec::new(), &request);
    let dictionary = crate_dictionary();
    let Ok(theirs) = DiameterMessage::decode_from(&mut Cursor::new(&buffer), dictionary) else { return };
    let mut group = criterion.benchmark_group("diameter/encode-cca-two-grants");
    group.bench_function("tollgate-build-and-encode", |b| {
        b.iter(|| {
            buffer.clear();
            buffer = answer(std::mem::take(&mut buffer), black_box(&request));
            buffer.len()
        });
    });
    let mut octets = Vec::new();
    // The message is built already; the crate writes its AVPs alone.
    group.bench_function("diameter-crate-encode-alone", |b| {
        b.iter(|| {
            octets.clear();
            theirs.encode_to(black_box(&mut octets)).is_ok()
        });
    });
    group.finish();
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
