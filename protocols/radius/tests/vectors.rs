//! Packets whose octets the RFCs print, and authenticators made and checked by the two ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use tollgate_radius::digest::{Numbering, Parameters};
use tollgate_radius::verify::{self, Presence};
use tollgate_radius::{Builder, Code, EncodeError, Packet, Secret, attribute, raw, sign};

fn octets(hex: &str) -> Vec<u8> {
    hex.split_ascii_whitespace().map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
}

fn secret() -> Secret {
    Secret::new("xyzzy5461")
}

/// RFC 2865 section 7.1: nemo logs in with the password arctangent.
mod nemo {
    pub(super) const REQUEST: &str = "01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a
        01 06 6e 65 6d 6f 02 12 0d be 70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee
        04 06 c0 a8 01 10 05 06 00 00 00 03";
    pub(super) const RESPONSE: &str = "02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2
        06 06 00 00 00 01 0f 06 00 00 00 00 0e 06 c0 a8 01 03";
}

#[test]
fn the_telnet_example_of_rfc_2865_is_read() {
    let bytes = octets(nemo::REQUEST);
    let request = Packet::parse(&bytes).unwrap();
    assert_eq!(request.code(), Code::ACCESS_REQUEST);
    assert_eq!(request.text(attribute::USER_NAME), Some("nemo"));
    assert_eq!(request.ipv4(attribute::NAS_IP_ADDRESS).unwrap().to_string(), "192.168.1.16");
    assert_eq!(request.u32(attribute::NAS_PORT), Some(3));
    assert_eq!(verify::user_password(&request, &secret()).unwrap(), b"arctangent");
    assert_ne!(verify::user_password(&request, &Secret::new("other")).unwrap(), b"arctangent");
    let bytes = octets(nemo::RESPONSE);
    let response = Packet::parse(&bytes).unwrap();
    assert!(verify::response(&response, request.authenticator(), &secret()));
    assert!(!verify::response(&response, request.authenticator(), &Secret::new("other")));
    assert!(!verify::response(&response, &[0; 16], &secret()));
}

#[test]
fn the_telnet_example_of_rfc_2865_is_built() {
    let bytes = octets(nemo::REQUEST);
    let request = Packet::parse(&bytes).unwrap();
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 0);
    builder.authenticator(request.authenticator());
    builder.text(attribute::USER_NAME, "nemo").unwrap();
    builder.user_password(&secret(), b"arctangent").unwrap();
    builder.ipv4(attribute::NAS_IP_ADDRESS, [192, 168, 1, 16].into()).unwrap();
    builder.u32(attribute::NAS_PORT, 3).unwrap();
    assert_eq!(builder.finish_access_request(&secret()).unwrap(), bytes);
    let mut builder = Builder::new(Code::ACCESS_ACCEPT, 0);
    builder.u32(attribute::SERVICE_TYPE, 1).unwrap();
    builder.u32(attribute::LOGIN_SERVICE, 0).unwrap();
    builder.ipv4(attribute::LOGIN_IP_HOST, [192, 168, 1, 3].into()).unwrap();
    assert_eq!(builder.finish_response(request.authenticator(), &secret()).unwrap(), octets(nemo::RESPONSE));
}

/// RFC 2865 section 7.2: flopsy logs in with CHAP. The RFC does not print the password.
#[test]
fn the_chap_example_of_rfc_2865_is_read() {
    let bytes = octets(
        "01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2 01 08 66 6c 6f 70 73 79
         03 13 16 e9 75 57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75 04 06 c0 a8 01 10
         05 06 00 00 00 14 06 06 00 00 00 02 07 06 00 00 00 01",
    );
    let request = Packet::parse(&bytes).unwrap();
    assert_eq!(request.get(attribute::CHAP_PASSWORD).unwrap()[0], 0x16);
    assert_eq!(verify::chap(&request, b"not the password"), Some(false));
    assert_eq!(
        request.fields().to_string(),
        "User-Name: flopsy, CHAP-Password: 0x16e97557c316185895f293ff6344077275, \
         NAS-IP-Address: 192.168.1.16, NAS-Port: 20, Service-Type: Framed-User, Framed-Protocol: PPP"
    );
    let bytes = octets(
        "02 01 00 38 15 ef bc 7d ab 26 cf a3 dc 34 d9 c0 3c 86 01 a4 06 06 00 00 00 02
         07 06 00 00 00 01 08 06 ff ff ff fe 0a 06 00 00 00 02 0d 06 00 00 00 01 0c 06 00 00 05 dc",
    );
    // The RFC's words say Framed-Routing None; its octets say 2, and its authenticator was computed so.
    let response = Packet::parse(&bytes).unwrap();
    assert!(verify::response(&response, request.authenticator(), &secret()));
    assert_eq!(response.u32(attribute::FRAMED_ROUTING), Some(2));
}

/// RFC 5997 sections 6.1 and 6.2: Status-Server to either port, with Message-Authenticator.
#[test]
fn the_status_server_examples_of_rfc_5997_are_verified() {
    let queries = [
        "0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23
         50 12 5a 66 5e 2e 1e 84 11 f3 e2 43 82 20 97 c8 4f a3",
        "0c b3 00 26 92 5f 6b 66 dd 5f ed 57 1f cb 1d b7 ad 38 82 60
         50 12 e8 d6 ea bd a9 10 87 5c d9 1f da de 26 36 78 58",
    ];
    for query in queries {
        let mut bytes = octets(query);
        let request = Packet::parse(&bytes).unwrap();
        assert_eq!(verify::message_authenticator(&request, &secret(), None), Presence::Valid);
        let mut builder = Builder::new(Code::STATUS_SERVER, request.identifier());
        builder.authenticator(request.authenticator());
        builder.message_authenticator().unwrap();
        assert_eq!(builder.finish_access_request(&secret()).unwrap(), bytes);
        assert!(raw::flip(&mut bytes, 1, 1));
        let changed = Packet::parse(&bytes).unwrap();
        assert_eq!(verify::message_authenticator(&changed, &secret(), None), Presence::Invalid);
    }
    let answer = octets("02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66");
    let asked = octets(queries[0]);
    let authenticator = Packet::parse(&asked).unwrap().authenticator();
    assert!(verify::response(&Packet::parse(&answer).unwrap(), authenticator, &secret()));
}

#[test]
fn a_message_authenticator_protects_requests_and_responses() {
    for code in [Code::ACCESS_REQUEST, Code::ACCOUNTING_REQUEST, Code::COA_REQUEST, Code::DISCONNECT_REQUEST]
    {
        let mut builder = Builder::new(code, 9);
        if code == Code::ACCESS_REQUEST {
            builder.authenticator(b"0123456789abcdef");
        }
        builder.message_authenticator().unwrap();
        builder.text(attribute::USER_NAME, "1").unwrap();
        assert_eq!(builder.message_authenticator(), Err(EncodeError::SecondMessageAuthenticator));
        let bytes = builder.finish_request(&secret()).unwrap();
        let request = Packet::parse(&bytes).unwrap();
        assert_eq!(verify::message_authenticator(&request, &secret(), None), Presence::Valid, "{code}");
        assert_eq!(verify::message_authenticator(&request, &Secret::new("x"), None), Presence::Invalid);
        assert_eq!(verify::accounting_request(&request, &secret()), code != Code::ACCESS_REQUEST, "{code}");

        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 9);
        builder.text(attribute::REPLY_MESSAGE, "welcome").unwrap();
        builder.message_authenticator().unwrap();
        let answer = builder.finish_response(request.authenticator(), &secret()).unwrap();
        let answer = Packet::parse(&answer).unwrap();
        let of = |authenticator| verify::message_authenticator(&answer, &secret(), Some(authenticator));
        assert_eq!(of(request.authenticator()), Presence::Valid);
        assert_eq!(of(&[9; 16]), Presence::Invalid);
        assert!(verify::response(&answer, request.authenticator(), &secret()));
    }
}

#[test]
fn two_message_authenticators_or_a_short_one_are_invalid() {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 9);
    builder.message_authenticator().unwrap();
    let bytes = builder.finish_access_request(&secret()).unwrap();
    let mut twice = bytes.clone();
    assert!(raw::repeat_attribute(&mut twice, attribute::MESSAGE_AUTHENTICATOR));
    let mut short = bytes;
    assert!(raw::set_attribute_value(&mut short, attribute::MESSAGE_AUTHENTICATOR, &[0; 15]));
    for bytes in [twice, short] {
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(verify::message_authenticator(&packet, &secret(), None), Presence::Invalid);
    }
    let none = Builder::new(Code::ACCESS_REQUEST, 9).finish_access_request(&secret()).unwrap();
    let packet = Packet::parse(&none).unwrap();
    assert_eq!(verify::message_authenticator(&packet, &secret(), None), Presence::Absent);
}

#[test]
fn a_broken_packet_can_be_signed_anew() {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 9);
    builder.text(attribute::USER_NAME, "1").unwrap();
    builder.u32(attribute::ACCT_STATUS_TYPE, 1).unwrap();
    builder.message_authenticator().unwrap();
    let mut bytes = builder.finish_accounting_request(&secret()).unwrap();
    assert!(raw::remove_attribute(&mut bytes, attribute::ACCT_STATUS_TYPE));
    assert!(!verify::accounting_request(&Packet::parse(&bytes).unwrap(), &secret()));
    assert!(raw::append(&mut bytes, b"padding"));
    sign::request(&mut bytes, &secret());
    let request = Packet::parse(&bytes).unwrap();
    assert!(verify::accounting_request(&request, &secret()));
    assert_eq!(verify::message_authenticator(&request, &secret(), None), Presence::Valid);

    let mut builder = Builder::new(Code::ACCOUNTING_RESPONSE, 9);
    builder.message_authenticator().unwrap();
    let mut answer = builder.finish_response(request.authenticator(), &secret()).unwrap();
    assert!(raw::set_identifier(&mut answer, 10));
    sign::response(&mut answer, request.authenticator(), &secret());
    let view = Packet::parse(&answer).unwrap();
    assert!(verify::response(&view, request.authenticator(), &secret()));
    assert_eq!(
        verify::message_authenticator(&view, &secret(), Some(request.authenticator())),
        Presence::Valid
    );
}

#[test]
fn chap_answers_the_challenge_or_the_authenticator() {
    for challenge in [None, Some(&b"a challenge of another length"[..])] {
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
        builder.authenticator(&[7; 16]);
        if let Some(challenge) = challenge {
            builder.bytes(attribute::CHAP_CHALLENGE, challenge).unwrap();
        }
        builder.chap(22, b"secret").unwrap();
        let bytes = builder.finish_access_request(&secret()).unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(verify::chap(&packet, b"secret"), Some(true));
        assert_eq!(verify::chap(&packet, b"Secret"), Some(false));
    }
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
    builder.bytes(attribute::CHAP_PASSWORD, &[0; 16]).unwrap();
    let bytes = builder.finish_access_request(&secret()).unwrap();
    assert_eq!(verify::chap(&Packet::parse(&bytes).unwrap(), b"secret"), None);
}

#[test]
fn a_digest_is_verified_in_either_numbering() {
    let parameters = Parameters {
        username: "11380441234567",
        realm: "193.38.81.226",
        nonce: "1373028145:4ed5168d6120ae148bc32520fdf6bba2",
        method: "REGISTER",
        uri: "sip:193.38.81.226",
        algorithm: Some("MD5"),
        ..Parameters::default()
    };
    let with_qop = Parameters {
        qop: Some("auth"),
        cnonce: Some("0a4f113b"),
        nonce_count: Some("0000000a"),
        algorithm: Some("MD5-sess"),
        ..parameters
    };
    for parameters in [parameters, with_qop] {
        for numbering in [Numbering::Rfc5090, Numbering::Sterman] {
            let response = parameters.response(b"secret").unwrap();
            let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
            builder.text(attribute::USER_NAME, "11380441234567").unwrap();
            builder.digest(numbering, &parameters, &response.to_uppercase()).unwrap();
            let bytes = builder.finish_access_request(&secret()).unwrap();
            let packet = Packet::parse(&bytes).unwrap();
            assert_eq!(Parameters::from_packet(&packet).unwrap().0, parameters);
            assert_eq!(verify::digest(&packet, b"secret"), Ok(true));
            assert_eq!(verify::digest(&packet, b"guess"), Ok(false));
            let fields = packet.fields();
            assert_eq!(fields.get("Digest-Method").unwrap().to_string(), "REGISTER");
            assert_eq!(fields.get("Digest-Username").unwrap().to_string(), "11380441234567");
        }
    }
}

#[test]
fn what_a_builder_cannot_write_it_refuses() {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
    assert!(builder.bytes(attribute::CLASS, &[0; 253]).is_ok());
    let error = builder.bytes(attribute::CLASS, &[0; 254]).unwrap_err();
    assert_eq!(error.to_string(), "the value of attribute 25 has 254 octets, at most 253 fit");
    assert!(builder.vsa(311, 10, &[0; 247]).is_ok());
    assert_eq!(
        builder.vsa(311, 10, &[0; 248]),
        Err(EncodeError::ValueTooLong { number: 10, len: 248, max: 247 })
    );
    // "h323-ivr-out=" and the colon take 14 of the 247.
    assert!(builder.ivr_out("a", &"x".repeat(232)).is_ok());
    assert!(builder.ivr_out("a", &"x".repeat(233)).is_err());
    assert_eq!(builder.text(attribute::USER_NAME, ""), Err(EncodeError::EmptyText { number: 1 }));
    assert_eq!(
        builder.user_password(&secret(), &[b'x'; 129]),
        Err(EncodeError::PasswordTooLong { len: 129 })
    );
    builder.user_password(&secret(), b"x").unwrap();
    builder.authenticator(&[1; 16]);
    assert_eq!(builder.finish_access_request(&secret()), Err(EncodeError::AuthenticatorChanged));
    let wrong = Builder::new(Code::ACCESS_ACCEPT, 1).finish_accounting_request(&secret()).unwrap_err();
    assert_eq!(wrong.to_string(), "Access-Accept cannot be finished as an accounting request");
}

#[test]
fn a_packet_ends_at_4096_octets() {
    let build = |last: usize| {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
        // 20 octets of head, 15 attributes of 255: 3845 octets.
        (0..15).for_each(|_| builder.bytes(attribute::CLASS, &[0; 253]).unwrap());
        builder.bytes(attribute::CLASS, &vec![0; last]).unwrap();
        builder.finish_accounting_request(&secret())
    };
    let whole = build(249).unwrap();
    assert_eq!(whole.len(), 4096);
    assert!(verify::accounting_request(&Packet::parse(&whole).unwrap(), &secret()));
    assert_eq!(build(250), Err(EncodeError::PacketTooLong { len: 4097 }));
}
