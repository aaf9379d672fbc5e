//! The RADIUS codec beside the `radius` crate, in one run and over the same packet: the authorization
//! request of ESI's prepaid card IVR session, extended to 15 attributes.
//!
//! The crate draws its authenticator when a packet is made; ours is given one. Everything else is equal
//! work: the same attributes, the same User-Password to hide.

use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{Criterion, criterion_group, criterion_main};
use radius::core::avp::AVP;
use radius::core::code::Code as CrateCode;
use radius::core::packet::Packet as CratePacket;
use radius::core::{rfc2865, rfc2866, rfc2869};
use tollgate_radius::h323::H323Time;
use tollgate_radius::{Builder, Code, Packet, Secret, attribute, cisco, verify};

const SECRET: &str = "testing123-long";
const AUTHENTICATOR: [u8; 16] = *b"0123456789abcdef";
const PASSWORD: &[u8] = b"secret";
const CONF_ID: &str = "39AE126B CD4D11DB 958E0014 1C3F6886";
const TIME: &str = "00:16:18.192 PST Fri Mar 9 2007";

fn authorization(buffer: Vec<u8>, secret: &Secret) -> Vec<u8> {
    let build = || {
        let mut builder = Builder::over(buffer, Code::ACCESS_REQUEST, 42);
        builder.authenticator(&AUTHENTICATOR);
        builder.ipv4(attribute::NAS_IP_ADDRESS, Ipv4Addr::new(164, 9, 9, 100))?;
        builder.text(attribute::NAS_IDENTIFIER, "ivr.example.net")?;
        builder.u32(attribute::NAS_PORT, 0)?;
        builder.u32(attribute::NAS_PORT_TYPE, 0)?;
        builder.text(attribute::NAS_PORT_ID, "ISDN 3/0:D:13")?;
        builder.text(attribute::USER_NAME, "10086610975")?;
        builder.text(attribute::CALLED_STATION_ID, "01182623634515")?;
        builder.text(attribute::CALLING_STATION_ID, "6045550193")?;
        builder.u32(attribute::SERVICE_TYPE, 1)?;
        builder.text(attribute::ACCT_SESSION_ID, "4A65E46C")?;
        builder.cisco(cisco::H323_CONF_ID, CONF_ID)?;
        builder.user_password(secret, PASSWORD)?;
        builder.ivr_out("PortaBilling_Seed", "18879071672")?;
        builder.ivr_out("PortaBilling_Original_CLD", "6045551600")?;
        builder.ivr_out("transactionID", "526273")?;
        builder.finish_access_request(secret)
    };
    build().unwrap_or_default()
}

/// A Vendor-Specific value, as a user of the crate has to write it.
fn vendor_value(number: u8, text: &str) -> Vec<u8> {
    let mut value = cisco::VENDOR.to_be_bytes().to_vec();
    value.push(number);
    value.push(u8::try_from(text.len() + 2).unwrap_or(u8::MAX));
    value.extend_from_slice(text.as_bytes());
    value
}

fn authorization_of_crate() -> Vec<u8> {
    let mut packet = CratePacket::new_with_identifier(CrateCode::AccessRequest, SECRET.as_bytes(), 42);
    let vendor =
        |number, text: &str| AVP::from_bytes(rfc2865::VENDOR_SPECIFIC_TYPE, &vendor_value(number, text));
    rfc2865::add_nas_ip_address(&mut packet, &Ipv4Addr::new(164, 9, 9, 100));
    rfc2865::add_nas_identifier(&mut packet, "ivr.example.net");
    rfc2865::add_nas_port(&mut packet, 0);
    rfc2865::add_nas_port_type(&mut packet, 0);
    rfc2869::add_nas_port_id(&mut packet, "ISDN 3/0:D:13");
    rfc2865::add_user_name(&mut packet, "10086610975");
    rfc2865::add_called_station_id(&mut packet, "01182623634515");
    rfc2865::add_calling_station_id(&mut packet, "6045550193");
    rfc2865::add_service_type(&mut packet, 1);
    rfc2866::add_acct_session_id(&mut packet, "4A65E46C");
    packet.add(vendor(24, "h323-conf-id=39AE126B CD4D11DB 958E0014 1C3F6886"));
    if rfc2865::add_user_password(&mut packet, PASSWORD).is_err() {
        return Vec::new();
    }
    packet.add(vendor(1, "h323-ivr-out=PortaBilling_Seed:18879071672"));
    packet.add(vendor(1, "h323-ivr-out=PortaBilling_Original_CLD:6045551600"));
    packet.add(vendor(1, "h323-ivr-out=transactionID:526273"));
    packet.encode().unwrap_or_default()
}

/// What a gateway reads from the request.
fn read(packet: &Packet<'_>) -> usize {
    let texts = [
        packet.text(attribute::USER_NAME),
        packet.text(attribute::CALLED_STATION_ID),
        packet.text(attribute::CALLING_STATION_ID),
        packet.text(attribute::ACCT_SESSION_ID),
        packet.cisco(cisco::H323_CONF_ID),
    ];
    let pairs: usize = packet.pairs().map(|pair| pair.value.len()).sum();
    texts.into_iter().flatten().map(str::len).sum::<usize>() + pairs
}

fn decode(criterion: &mut Criterion) {
    let secret = Secret::new(SECRET);
    let bytes = authorization(Vec::new(), &secret);
    assert_eq!(bytes.len(), authorization_of_crate().len(), "the two build the same packet");
    let mut group = criterion.benchmark_group("radius/decode-15-attributes");
    group.bench_function("tollgate", |b| b.iter(|| Packet::parse(black_box(&bytes)).map(black_box).is_ok()));
    group.bench_function("tollgate-read", |b| {
        b.iter(|| Packet::parse(black_box(&bytes)).map(|own| read(&own)));
    });
    group.bench_function("tollgate-fields", |b| {
        b.iter(|| Packet::parse(black_box(&bytes)).map(|own| own.fields()));
    });
    group.bench_function("radius-crate", |b| {
        b.iter(|| CratePacket::decode(black_box(&bytes), SECRET.as_bytes()).map(black_box).is_ok());
    });
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let secret = Secret::new(SECRET);
    let mut buffer = Vec::new();
    let mut group = criterion.benchmark_group("radius/build-15-attributes-with-pap");
    group.bench_function("tollgate", |b| {
        b.iter(|| {
            buffer = authorization(std::mem::take(&mut buffer), black_box(&secret));
            buffer.len()
        });
    });
    group.bench_function("tollgate-new-buffer", |b| b.iter(|| authorization(Vec::new(), black_box(&secret))));
    group.bench_function("radius-crate", |b| b.iter(authorization_of_crate));
    group.finish();
}

fn authenticators(criterion: &mut Criterion) {
    let secret = Secret::new(SECRET);
    let mut group = criterion.benchmark_group("radius/authenticators");
    let accounting = || {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 42);
        let parsed = authorization(Vec::new(), &secret);
        let view = Packet::parse(&parsed).ok()?;
        view.attributes().try_for_each(|own| builder.bytes(own.number, own.value)).ok()?;
        builder.message_authenticator().ok()?;
        builder.finish_accounting_request(&secret).ok()
    };
    let bytes = accounting().unwrap_or_default();
    let Ok(packet) = Packet::parse(&bytes) else { return };
    assert!(verify::accounting_request(&packet, &secret), "the packet to verify is right");
    group.bench_function("verify-accounting-request", |b| {
        b.iter(|| verify::accounting_request(black_box(&packet), &secret));
    });
    group.bench_function("verify-message-authenticator", |b| {
        b.iter(|| verify::message_authenticator(black_box(&packet), &secret, None));
    });
    group.bench_function("accounting-response", |b| {
        b.iter(|| {
            let builder = Builder::new(Code::ACCOUNTING_RESPONSE, 42);
            builder.finish_response(black_box(packet.authenticator()), &secret)
        });
    });
    group.finish();
}

fn h323_time(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("radius/h323-time");
    group.bench_function("parse", |b| b.iter(|| black_box(TIME).parse::<H323Time>()));
    let time = TIME.parse::<H323Time>();
    group.bench_function("emit", |b| b.iter(|| black_box(&time).as_ref().map(ToString::to_string)));
    group.finish();
}

criterion_group!(benches, decode, encode, authenticators, h323_time);
criterion_main!(benches);
