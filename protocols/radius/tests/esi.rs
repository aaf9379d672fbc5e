//! The worked examples of ESI as packets: written by name, read by name, shown as the document shows them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use tollgate_radius::h323::{ConfId, H323Time};
use tollgate_radius::{Builder, Carrier, Code, EncodeError, Packet, Secret, attribute, cisco, verify};
use tollgate_wire::{Fields, Path, Value};

fn secret() -> Secret {
    Secret::new("testing123")
}

fn group(name: &str, value: &str) -> Value {
    Value::Group(Fields::new().with(name, value))
}

fn shown(fields: &Fields) -> String {
    fields.iter().map(|(name, value)| format!("{name} = {value}\n")).collect()
}

fn access_request(fields: &Fields) -> Vec<u8> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
    builder.authenticator(b"0123456789abcdef");
    builder.fields(fields).unwrap();
    builder.finish_access_request(&secret()).unwrap()
}

/// "Successful prepaid card IVR session", authentication request.
#[test]
fn the_authentication_of_the_prepaid_session_reads_as_it_was_written() {
    let fields = Fields::new()
        .with("NAS-IP-Address", "164.9.9.100")
        .with("NAS-Port-Type", "Async")
        .with("User-Name", "10086610975")
        .with("Calling-Station-Id", "6045550193")
        .with("Service-Type", "Login-User")
        .with("h323-conf-id", "39AE126B CD4D11DB 958E0014 1C3F6886")
        .with("Password", "")
        .with("h323-ivr-out", group("PortaBilling_AccessCode", "6045551600"))
        .with("h323-ivr-out", group("transactionID", "526267"))
        .with("NAS-Port", "0")
        .with("NAS-Port-Id", "ISDN 3/0:D:13");
    let bytes = access_request(&fields);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(verify::user_password(&packet, &secret()).unwrap(), b"");
    assert_eq!(packet.get(attribute::USER_PASSWORD).unwrap().len(), 16);
    let conf_id: ConfId = packet.cisco(cisco::H323_CONF_ID).unwrap().parse().unwrap();
    assert_eq!(conf_id.0[0], 0x39ae_126b);
    let hidden = packet.get(attribute::USER_PASSWORD).unwrap();
    let password = hidden.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    insta::assert_snapshot!(shown(&packet.fields()).replace(&password, "<hidden>"), @r"
    NAS-IP-Address = 164.9.9.100
    NAS-Port-Type = Async
    User-Name = 10086610975
    Calling-Station-Id = 6045550193
    Service-Type = Login-User
    h323-conf-id = 39AE126B CD4D11DB 958E0014 1C3F6886
    User-Password = 0x<hidden>
    h323-ivr-out = { PortaBilling_AccessCode: 6045551600 }
    h323-ivr-out = { transactionID: 526267 }
    NAS-Port = 0
    NAS-Port-Id = ISDN 3/0:D:13
    ");
}

/// "Failed login", authentication request and reject.
#[test]
fn the_failed_login_reads_as_it_was_written() {
    let fields = Fields::new()
        .with("User-Name", "11380441234567")
        .with("Service-Type", "15")
        .with("h323-conf-id", "BEEF0960 159C48A3 5CA4966B 7536B52C")
        .with("call-id", "94fef899-3f606c5c@192.168.192.59")
        .with("Digest-Username", "11380441234567")
        .with("Digest-Realm", "193.38.81.226")
        .with("Digest-Nonce", "1373028145:4ed5168d6120ae148bc32520fdf6bba2")
        .with("Digest-URI", "sip:193.38.81.226")
        .with("Digest-Method", "REGISTER")
        .with("Digest-Algorithm", "MD5")
        .with("Digest-Response", "1984af4a0e13ceb54ae86e015e934bc5")
        .with("h323-remote-address", "192.168.192.59")
        .with("NAS-Port", 5060_u32);
    let bytes = access_request(&fields);
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(shown(&packet.fields()), shown(&fields));
    assert_eq!(verify::digest(&packet, b"not the password"), Ok(false));
    let pair = packet.pairs().next().unwrap();
    assert_eq!((pair.carrier, pair.name), (Carrier::AvPair, "call-id"));

    let reject = Fields::new()
        .with("Reply-Message", "Failed - Invalid Account number")
        .with("h323-return-code", 1_u32)
        .with("h323-ivr-in", group("ErrorExplanation", "invalid account"));
    let mut builder = Builder::new(Code::ACCESS_REJECT, 1);
    builder.fields(&reject).unwrap();
    let bytes = builder.finish_response(packet.authenticator(), &secret()).unwrap();
    let answer = Packet::parse(&bytes).unwrap();
    let path = Path::parse("h323-ivr-in.ErrorExplanation").unwrap();
    assert_eq!(answer.fields().find(&path), [&Value::text("invalid account")]);
    // The value repeats the name on the wire, as Cisco's gateways expect.
    assert_eq!(answer.vendor(9).next().unwrap().value, b"h323-return-code=1");
    assert_eq!(answer.cisco(cisco::H323_RETURN_CODE), Some("1"));
}

/// "Successful prepaid card IVR session", accounting request of the outgoing leg.
#[test]
fn the_stop_of_the_outgoing_leg_reads_as_it_was_written() {
    let fields = Fields::new()
        .with("NAS-IP-Address", "164.9.9.100")
        .with("User-Name", "10086610975")
        .with("Called-Station-Id", "82623634515")
        .with("Calling-Station-Id", "6045550193")
        .with("Acct-Status-Type", "Stop")
        .with("Service-Type", "Login-User")
        .with("h323-call-origin", "originate")
        .with("h323-call-type", "VoIP")
        .with("h323-setup-time", "00:16:18.192 PST Fri Mar 9 2007")
        .with("h323-connect-time", "00:16:21.164 PST Fri Mar 9 2007")
        .with("h323-disconnect-time", "00:17:31.893 PST Fri Mar 9 2007")
        .with("h323-disconnect-cause", "10")
        .with("h323-conf-id", "39AE126B CD4D11DB 958E0014 1C3F6886")
        .with("call-id", "4A65E46C-CD4D11DB-886EDEBF-7AF0CBAB@164.9.9.100")
        .with("h323-incoming-conf-id", "39AE126B CD4D11DB 958E0014 1C3F6886")
        .with("h323-ivr-out", group("PortaBilling_Original_CLD", "6045551600"))
        .with("h323-ivr-out", group("PortaBilling_Seed", "18879071672"))
        .with("h323-remote-address", "164.9.9.101")
        .with("remote-media-address", "164.9.9.101");
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
    builder.fields(&fields).unwrap();
    let bytes = builder.finish_accounting_request(&secret()).unwrap();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(shown(&packet.fields()), shown(&fields));
    let time = |number| packet.cisco(number).unwrap().parse::<H323Time>().unwrap().at;
    // 00:17:31.893 − 00:16:21.164 = 70.729 s of talk, which is billed as 71.
    let talk = time(cisco::H323_DISCONNECT_TIME) - time(cisco::H323_CONNECT_TIME);
    assert_eq!(talk.as_millis(), 70_729);
}

/// "Internet session": attributes of MikroTik, Ascend and of vendors that no dictionary here knows.
#[test]
fn unknown_attributes_are_kept_and_shown_by_number() {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
    builder.field("Acct-Status-Type", &Value::text("Interim-Update")).unwrap();
    builder.field("Mikrotik-Realm", &Value::text("ibhighspeed.co.za")).unwrap();
    builder.vsa(311, 10, b"\x01ibhighspeed").unwrap();
    builder.bytes(197, &[1, 0x31, 0x2d, 0]).unwrap();
    builder.vsa(529, 255, &20_000_000_u32.to_be_bytes()).unwrap();
    builder.bytes(26, &[0, 0, 1, 55, 9, 99]).unwrap();
    builder.bytes(26, &[0, 0, 1]).unwrap();
    builder.bytes(241, &[5, 0xaa]).unwrap();
    builder.bytes(245, &[26, 0x80, 0xbb]).unwrap();
    builder.bytes(246, &[]).unwrap();
    builder.field("Event-Timestamp", &Value::text("1514301672")).unwrap();
    builder.bytes(attribute::NAS_PORT, &[1, 2, 3]).unwrap();
    let bytes = builder.finish_accounting_request(&secret()).unwrap();
    insta::assert_snapshot!(shown(&Packet::parse(&bytes).unwrap().fields()), @r"
    Acct-Status-Type = Alive
    Mikrotik-Realm = ibhighspeed.co.za
    Vendor-311-Attr-10 = 0x016962686967687370656564
    Attr-197 = 0x01312d00
    Ascend-Xmit-Rate = 20000000
    Vendor-Specific = 0x000001370963
    Vendor-Specific = 0x000001
    Attr-241 = { 5: 0xaa }
    Attr-245 = { 26: 0x80bb }
    Attr-246 = 0x
    Event-Timestamp = 1514301672
    NAS-Port = 0x010203
    ");
}

#[test]
fn tags_are_part_of_the_name() {
    let fields = Fields::new()
        .with("Tunnel-Type:1", "L2TP")
        .with("Tunnel-Type", "VLAN")
        .with("Tunnel-Private-Group-Id:2", "140")
        .with("Tunnel-Private-Group-Id", "141");
    let bytes = access_request(&fields);
    let packet = Packet::parse(&bytes).unwrap();
    let values: Vec<_> = packet.attributes().map(|own| own.value).collect();
    assert_eq!(values, [&[1, 0, 0, 3][..], &[0, 0, 0, 13], b"\x02140", b"141"]);
    assert_eq!(shown(&packet.fields()), shown(&fields));
}

#[test]
fn a_field_that_cannot_be_written_says_why() {
    let error = |name: &str, value: Value| {
        Builder::new(Code::ACCESS_REQUEST, 1).field(name, &value).unwrap_err().to_string()
    };
    assert_eq!(error("Usr-Name", Value::text("x")), "no attribute is named 'Usr-Name'");
    assert_eq!(
        error("NAS-IP-Address", Value::text("164.9.9")),
        "'164.9.9' cannot be written as NAS-IP-Address, which is an IPv4 address"
    );
    assert_eq!(
        error("Acct-Status-Type", Value::text("Stopp")),
        "'Stopp' cannot be written as Acct-Status-Type, which is a number of 32 bits or one of its names"
    );
    assert_eq!(
        error("User-Name", Value::Group(Fields::new())),
        "'{  }' cannot be written as User-Name, which is text"
    );
    assert_eq!(error("NAS-Port", Value::Integer(1 << 32)).split(" cannot").next(), Some("'4294967296'"));
    assert_eq!(error("User-Name", Value::text("")), EncodeError::EmptyText { number: 1 }.to_string());
}

#[test]
fn an_incoming_conference_may_come_as_a_pair() {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
    builder.pair("h323-incoming-conf-id", "1 2 3 4").unwrap();
    let bytes = builder.finish_accounting_request(&secret()).unwrap();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.cisco(cisco::H323_INCOMING_CONF_ID), Some("1 2 3 4"));
    assert_eq!(packet.cisco(cisco::H323_CONF_ID), None);
}
