//! What holds for every packet: what is built reads back, ours and the `radius` crate agree, and no
//! octets make anything panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use radius::core::packet::Packet as CratePacket;
use radius::core::rfc2865;
use tollgate_radius::digest::Parameters;
use tollgate_radius::h323::{ConfId, H323Time, Zone, Zones};
use tollgate_radius::raw::Corruption;
use tollgate_radius::{
    Builder, Carrier, Code, Packet, Pair, Secret, attribute, cisco, dictionary, sign, verify,
};
use tollgate_wire::Value;

const SECRET: &str = "testing123";

/// Any number but those that mean something to the ones who build and check packets.
fn plain_number() -> impl Strategy<Value = u8> {
    any::<u8>().prop_filter("has its own builder", |number| {
        !matches!(*number, attribute::USER_PASSWORD | attribute::MESSAGE_AUTHENTICATOR)
    })
}

fn attributes() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    vec((plain_number(), vec(any::<u8>(), 0..=60)), 0..60)
}

fn build(attributes: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 42);
    for (number, value) in attributes {
        builder.bytes(*number, value).unwrap();
    }
    builder.finish_accounting_request(&Secret::new(SECRET)).unwrap()
}

/// Octets that are often nearly a packet, so that the inner layers see something.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let broken = (attributes(), vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(attributes, changes)| {
            let mut bytes = build(&attributes);
            for (index, octet) in changes {
                let at = index.index(bytes.len());
                bytes[at] = octet;
            }
            bytes
        },
    );
    prop_oneof![vec(any::<u8>(), 0..200), broken]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_reads_back(attributes in attributes()) {
        let bytes = build(&attributes);
        let packet = Packet::parse(&bytes).unwrap();
        let read: Vec<_> = packet.attributes().map(|own| (own.number, own.value.to_vec())).collect();
        prop_assert_eq!(&read, &attributes);
        prop_assert!(verify::accounting_request(&packet, &Secret::new(SECRET)));
        for (number, _) in &attributes {
            let first = attributes.iter().find(|(own, _)| own == number).map(|(_, value)| &value[..]);
            prop_assert_eq!(packet.get(*number), first);
            let all: Vec<_> = packet.all(*number).map(|own| own.value).collect();
            let expected: Vec<_> =
                attributes.iter().filter(|(own, _)| own == number).map(|(_, value)| &value[..]).collect();
            prop_assert_eq!(all, expected);
        }
        for own in packet.attributes() {
            prop_assert_eq!(bytes[own.offset], own.number);
        }
    }

    #[test]
    fn the_radius_crate_reads_the_same_attributes(attributes in attributes()) {
        let bytes = build(&attributes);
        let other = CratePacket::decode(&bytes, SECRET.as_bytes()).unwrap();
        prop_assert!(CratePacket::is_authentic_request(&bytes, SECRET.as_bytes()));
        for number in 0..=u8::MAX {
            let theirs: Vec<_> = other.lookup_all(number).iter().map(|own| own.encode_bytes()).collect();
            let ours: Vec<_> =
                attributes.iter().filter(|(own, _)| *own == number).map(|(_, value)| value.clone()).collect();
            prop_assert_eq!(theirs, ours);
        }
    }

    #[test]
    fn the_radius_crate_finds_our_passwords_and_we_find_its(
        password in "[ -~]{1,128}",
        authenticator in any::<[u8; 16]>(),
        secret in "[ -~]{1,90}",
    ) {
        let key = Secret::new(&secret);
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
        builder.authenticator(&authenticator);
        builder.user_password(&key, password.as_bytes()).unwrap();
        let bytes = builder.finish_access_request(&key).unwrap();
        let other = CratePacket::decode(&bytes, secret.as_bytes()).unwrap();
        let hidden = other.lookup(rfc2865::USER_PASSWORD_TYPE).unwrap();
        let found = hidden.encode_user_password(secret.as_bytes(), &authenticator).unwrap();
        prop_assert_eq!(found, password.as_bytes());
        prop_assert_eq!(verify::user_password(&Packet::parse(&bytes).unwrap(), &key).unwrap(), password.as_bytes());

        let mut theirs = CratePacket::new(radius::core::code::Code::AccessRequest, secret.as_bytes());
        rfc2865::add_user_password(&mut theirs, password.as_bytes()).unwrap();
        let bytes = theirs.encode().unwrap();
        prop_assert_eq!(verify::user_password(&Packet::parse(&bytes).unwrap(), &key).unwrap(), password.as_bytes());
    }

    #[test]
    fn the_radius_crate_accepts_our_responses(attributes in attributes(), authenticator in any::<[u8; 16]>()) {
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 5);
        builder.authenticator(&authenticator);
        let request = builder.finish_access_request(&Secret::new(SECRET)).unwrap();
        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 5);
        for (number, value) in &attributes {
            builder.bytes(*number, value).unwrap();
        }
        let response = builder.finish_response(&authenticator, &Secret::new(SECRET)).unwrap();
        prop_assert!(CratePacket::is_authentic_response(&response, &request, SECRET.as_bytes()));
    }

    #[test]
    fn any_octets_are_read_or_refused_as_the_radius_crate_does(bytes in hostile()) {
        let secret = Secret::new(SECRET);
        let parsed = Packet::parse(&bytes);
        prop_assert_eq!(parsed.is_ok(), CratePacket::decode(&bytes, SECRET.as_bytes()).is_ok());
        if let Ok(packet) = parsed {
            prop_assert!(packet.bytes().len() <= bytes.len());
            let length: usize = packet.attributes().map(|own| own.value.len() + 2).sum();
            prop_assert_eq!(length + 20, packet.bytes().len());
            exercise(&packet, &secret);
        }
    }

    #[test]
    fn a_shown_packet_can_be_built_from_what_is_shown(attributes in attributes()) {
        // What the builder writes anew in a canonical form is left out: vendors, pairs and the older
        // digest numbers; and text in tagged attributes that looks like a tag.
        let kept: Vec<_> = attributes
            .into_iter()
            .filter(|(number, value)| {
                !matches!(number, 26 | 206 | 207 | 64..=69 | 81..=83 | 90 | 91 | 97 | 123 | 170) && !value.is_empty()
            })
            .collect();
        let bytes = build(&kept);
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 42);
        builder.fields(&Packet::parse(&bytes).unwrap().fields()).unwrap();
        prop_assert_eq!(builder.finish_accounting_request(&Secret::new(SECRET)).unwrap(), bytes);
    }

    #[test]
    fn vendors_and_pairs_read_back(
        number in prop_oneof![23_u8..=31, Just(33), Just(35), 101_u8..=110],
        text in "[!-~]{0,60}",
        name in "[A-Za-z_]{1,20}",
        value in "[!-&(-~][ -&(-~]{0,60}",
    ) {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 42);
        builder.cisco(number, &text).unwrap();
        builder.pair("call-id", &value).unwrap();
        builder.ivr_out(&name, &value).unwrap();
        builder.ivr_in(&name, &value).unwrap();
        builder.vsa(311, 10, value.as_bytes()).unwrap();
        builder.vsa_group(14_988, &[(8, b"64k/64k"), (9, value.as_bytes())]).unwrap();
        let bytes = builder.finish_accounting_request(&Secret::new(SECRET)).unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(packet.cisco(number), Some(&text[..]));
        let pairs: Vec<_> = packet.pairs().map(|pair| (pair.carrier, pair.name, pair.value)).collect();
        let unquoted = Pair::parse(&format!("x={value}")).value.to_owned();
        prop_assert_eq!(pairs, vec![
            (Carrier::AvPair, "call-id", &unquoted[..]),
            (Carrier::IvrOut, &name[..], &unquoted[..]),
            (Carrier::IvrIn, &name[..], &unquoted[..]),
        ]);
        prop_assert_eq!(packet.vendor(311).map(|own| own.value).collect::<Vec<_>>(), vec![value.as_bytes()]);
        prop_assert_eq!(packet.vendor(14_988).map(|own| own.number).collect::<Vec<_>>(), vec![8, 9]);
        for own in packet.vendor(14_988) {
            prop_assert_eq!(bytes[own.offset], own.number);
        }
    }

    #[test]
    fn any_text_is_a_pair_and_a_pair_is_shown_as_it_reads(text in "\\PC{0,60}") {
        let pair = Pair::parse(&text);
        let shown = pair.to_string();
        let again = Pair::parse(&shown);
        if pair.carrier != Carrier::AvPair {
            prop_assert_eq!(again.carrier, pair.carrier);
        }
    }

    #[test]
    fn a_time_reads_back_to_the_millisecond(millis in 0_u64..4_000_000_000_000, offset in -720_i32..=840) {
        let at = tollgate_time::Instant::from_unix_nanos(millis * 1_000_000);
        let zone = Zone::new("XYZ", offset * 60).unwrap();
        let mut zones = Zones::default();
        zones.insert(zone);
        let time = H323Time::new(at, zone);
        if millis >= 86_400_000 {
            prop_assert_eq!(H323Time::parse(&time.to_string(), &zones), Ok(time));
        }
    }

    #[test]
    fn any_text_is_a_time_or_none(text in "[*. 0-9:A-Za-z+]{0,40}") {
        let _ = text.parse::<H323Time>();
        let _ = text.parse::<ConfId>();
        let _ = text.parse::<Corruption>();
        let _ = dictionary::field_known(&text);
    }

    #[test]
    fn a_packet_of_text_fields_takes_any_value_or_says_why_not(text in "\\PC{0,300}") {
        for name in dictionary::field_names() {
            let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
            let _ = builder.field(name, &Value::text(&text));
            let bytes = builder.finish_access_request(&Secret::new(SECRET)).unwrap();
            prop_assert!(Packet::parse(&bytes).is_ok());
        }
    }
}

/// Everything that reads a packet.
fn exercise(packet: &Packet<'_>, secret: &Secret) {
    let fields = packet.fields();
    assert!(
        fields.iter().all(|(name, _)| !name.is_empty()) || packet.pairs().any(|pair| pair.name.is_empty())
    );
    let _ = (packet.cisco(cisco::H323_CONF_ID), packet.pairs().count(), packet.vendor(9).count());
    let _ = (verify::user_password(packet, secret), verify::chap(packet, b"x"), verify::digest(packet, b"x"));
    let _ = (verify::message_authenticator(packet, secret, None), Parameters::from_packet(packet));
    let mut bytes = packet.bytes().to_vec();
    sign::request(&mut bytes, secret);
    let signed = Packet::parse(&bytes).unwrap();
    assert!(signed.code().has_random_authenticator() || verify::accounting_request(&signed, secret));
}

#[test]
fn a_packet_cut_anywhere_is_refused_and_says_where() {
    let bytes = build(&[(1, b"10086610975".to_vec()), (40, vec![0, 0, 0, 2]), (26, vec![0, 0, 0, 9, 1, 2])]);
    for len in 0..bytes.len() {
        let error = Packet::parse(&bytes[..len]).unwrap_err();
        assert_eq!(error.what, "packet", "{len}");
        let mut shorter = bytes[..len].to_vec();
        if len >= 20 {
            shorter[2..4].copy_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
            // User-Name ends at 33, Acct-Status-Type at 39, Vendor-Specific at 47.
            let whole = matches!(len, 20 | 33 | 39);
            assert_eq!(Packet::parse(&shorter).is_ok(), whole, "{len}");
        }
    }
    assert!(Packet::parse(&[&bytes[..], b"padding"].concat()).is_ok());
}

#[test]
fn attributes_beyond_the_index_are_found() {
    let attributes: Vec<(u8, Vec<u8>)> =
        (0..300_u16).map(|n| (if n < 299 { 25 } else { 1 }, n.to_be_bytes().to_vec())).collect();
    let bytes = build(&attributes);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.attributes().count(), 300);
    assert_eq!(packet.get(1), Some(&299_u16.to_be_bytes()[..]));
    assert_eq!(packet.all(25).count(), 299);
    assert_eq!(packet.get(2), None);
}
