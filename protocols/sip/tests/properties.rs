//! What holds for every message: what is built reads back, what is read is written with the same octets,
//! fields and corruptions mean what they say, and no octets make anything panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use tollgate_sip::framing::{Frame, Stream, datagram};
use tollgate_sip::raw::{CATALOGUE, Corruption};
use tollgate_sip::{Auth, Builder, Message, Method, NameAddr, Uri, Via, stamped};
use tollgate_wire::Path;

/// The request of ESI's example of a MESSAGE with its answer to the challenge.
const MESSAGE: &[u8] = b"MESSAGE sip:12065550019@91.212.34.119 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 91.212.34.119:5060;branch=z9hG4bK-524287-1---276a;rport=5060\r\n\
    Via: SIP/2.0/UDP 192.168.246.34:5060; branch=z9hG4bK.Zbp~oz2QT; rport=5060; received=192.168.225.4\r\n\
    Max-Forwards: 70\r\nTo: sip:12065550019@91.212.34.119\r\n\
    From: <sip:12065550021@91.212.34.119>;tag=A7inU09LN\r\nCall-ID: mcRd0jnWqR\r\nCSeq: 21 MESSAGE\r\n\
    Content-Type: text/plain\r\nDate: Fri, 22 Feb 2019 15:56:52 GMT\r\nSupported: replaces, outbound\r\n\
    Authorization: Digest realm=\"sip-18.0mega_MR75\", nonce=\"1550851009:827a\", algorithm=MD5, \
    username=\"12065550021\", uri=\"sip:12065550019@91.212.34.119\", response=\"4e41\"\r\n\
    Content-Length: 12\r\n\r\nhello world!";

/// Octets that are often nearly a message.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "(INVITE|SIP/2.0 200|ACK) (sip:|tel:)?[a-z0-9%@:;?=<>\\[\\] ]{0,20}( SIP/2.0)?",
        "(Via|v|From|To|t|CSeq|Contact|m|Route|Content-Length|l|Max-Forwards|Authorization|Date) ?:[ -~]{0,40}",
        "(Via|v): SIP/2.0/UDP [a-z0-9.:;=\\[\\], ]{0,20}",
        "(From|m): [a-z\"\\\\<>@:;=%, ]{0,30}",
        "[ \\t][ -~]{0,10}",
        "",
    ];
    let text = vec(line, 0..8).prop_map(|lines| (lines.join("\r\n") + "\r\n\r\n").into_bytes());
    prop_oneof![text, vec(any::<u8>(), 0..200)]
}

fn poke(octets: &[u8]) {
    let _ = datagram(octets);
    let Ok(message) = Message::parse(octets) else { return };
    let _ = (message.check(), message.title(), message.fields(), message.date(), message.expires_secs());
    let _ = message.auths("Authorization").count();
    let source = "192.0.2.1:5060".parse().unwrap();
    let _ = stamped(&message, source).map(|own| own.finish());
    let again = Builder::of(&message).finish();
    let again = Message::parse(&again).unwrap();
    assert_eq!((again.start(), again.body()), (message.start(), message.body()));
    let headers = |own: &Message<'_>| -> Vec<(String, Vec<u8>)> {
        let all = own.headers().iter().filter(|own| !own.is("Content-Length"));
        all.map(|own| (own.wire_name.to_owned(), own.raw.to_vec())).collect()
    };
    assert_eq!(headers(&again), headers(&message));
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused_and_what_is_read_is_written_again(octets in nearly()) {
        poke(&octets);
        if let Err(error) = Message::parse(&octets) {
            prop_assert!(error.offset <= octets.len());
        }
    }

    #[test]
    fn any_text_is_a_value_or_none(text in "\\PC{0,60}|[a-z\"\\\\<>@:;=%,?& \\[\\]/.0-9é]{0,60}") {
        for error in [
            Uri::parse(&text).err(), Via::parse(&text).err(), NameAddr::parse(&text).err(),
            Auth::parse(&text).err(),
        ].into_iter().flatten() {
            prop_assert!(error.offset <= text.len(), "{error}");
        }
        if let Ok(own) = NameAddr::parse(&text) {
            let written = own.to_string();
            let again = NameAddr::parse(&written).unwrap();
            prop_assert_eq!(again.uri.text, own.uri.text);
            prop_assert_eq!(again.params, own.params);
        }
        if let Ok(own) = Uri::parse(&text) {
            prop_assert!(own.matches(&own));
        }
    }

    #[test]
    fn what_is_built_reads_back(
        method in "[A-Z]{1,12}",
        headers in vec(("X-[A-Za-z0-9]{1,10}", "[!-~]([ -~é]{0,20}[!-~])?"), 0..10),
        body in vec(any::<u8>(), 0..100),
    ) {
        let mut own = Builder::request(Method(&method), "sip:a@b").unwrap();
        for (name, value) in &headers {
            own.header(name, value).unwrap();
        }
        own.body("application/x", &body).unwrap();
        let octets = own.finish();
        let message = Message::parse(&octets).unwrap();
        prop_assert_eq!((message.method(), message.body()), (Some(Method(&method)), body.as_slice()));
        let read: Vec<_> = message.headers().iter()
            .map(|own| (own.wire_name.to_owned(), own.text.to_string())).take(headers.len()).collect();
        prop_assert_eq!(read, headers);
        let again = Builder::from_fields(&message.fields()).unwrap().finish();
        prop_assert_eq!(Message::parse(&again).unwrap().fields(), message.fields());
    }

    #[test]
    fn any_corruption_of_a_message_leaves_something_that_is_read_or_refused(
        place in 0..CATALOGUE.len(),
        argument in "[0-9]{1,3}|From|Via|To x|CSeq 1|Content-Length 99",
    ) {
        let entry = CATALOGUE[place];
        let text = if entry.arguments.is_empty() { entry.word.to_owned() } else { format!("{} {argument}", entry.word) };
        if let Ok(own) = text.parse::<Corruption>() {
            let mut octets = MESSAGE.to_vec();
            own.apply(&mut octets);
            poke(&octets);
        }
    }

    #[test]
    fn a_stream_gives_messages_or_an_end(parts in vec(nearly(), 0..5)) {
        let mut own = Stream::new();
        for part in parts {
            own.handle_octets(&part);
            while let Ok(Some(frame)) = own.poll_frame() {
                if let Frame::Message(octets) = frame {
                    poke(&octets);
                }
            }
        }
    }
}

#[test]
fn a_journal_reads_the_parts_of_a_message() {
    let message = Message::parse(MESSAGE).unwrap();
    message.check().unwrap();
    let fields = message.fields();
    let shown = |path: &str| -> Vec<String> {
        fields.find(&Path::parse(path).unwrap()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(message.title(), "MESSAGE");
    assert_eq!(
        (shown("Method"), shown("Request-URI.user")),
        (vec!["MESSAGE".into()], vec!["12065550019".into()])
    );
    assert_eq!(shown("Via.branch"), ["z9hG4bK-524287-1---276a", "z9hG4bK.Zbp~oz2QT"]);
    assert_eq!(shown("Via[received=192.168.225.4].host"), ["192.168.246.34"]);
    assert_eq!((shown("From.tag"), shown("CSeq.number")), (vec!["A7inU09LN".into()], vec!["21".into()]));
    assert_eq!(shown("Authorization.nonce"), ["1550851009:827a"]);
    assert_eq!((shown("Max-Forwards"), shown("Body")), (vec!["70".into()], vec!["hello world!".into()]));
    let again = Builder::from_fields(&fields).unwrap().finish();
    assert_eq!(Message::parse(&again).unwrap().fields(), fields);
}

#[test]
fn a_corruption_does_what_its_word_says() {
    let after = |word: &str| {
        let mut octets = MESSAGE.to_vec();
        assert!(word.parse::<Corruption>().unwrap().apply(&mut octets), "{word}");
        octets
    };
    for word in ["compact", "lf-only", "fold From", "fold Via", "append rest"] {
        let octets = after(word);
        assert_ne!(octets, MESSAGE, "{word}");
        let message = Message::parse(&octets).unwrap();
        message.check().unwrap();
        assert_eq!(
            (message.body(), message.from().unwrap().tag()),
            (&b"hello world!"[..], Some("A7inU09LN"))
        );
    }
    let status = |word: &str| {
        let octets = after(word);
        Message::parse(&octets).and_then(|own| own.check()).unwrap_err().status()
    };
    assert_eq!(status("version SIP/3.0"), 505);
    for word in ["remove Call-ID", "repeat To", "header Content-Length 99", "start-line HELLO", "truncate 40"]
    {
        assert_eq!(status(word), 400, "{word}");
    }
    assert!(after("compact").starts_with(b"MESSAGE sip:12065550019@91.212.34.119 SIP/2.0\r\nv: "));
    assert!(!Corruption::Remove("Subject".into()).apply(&mut MESSAGE.to_vec()));
    let error = |text: &str| text.parse::<Corruption>().unwrap_err().to_string();
    assert_eq!(error("flip x"), "'flip' takes <offset> [<mask, 1 if left out>]");
    assert!(error("bend").starts_with("'bend' is no way"));
}

#[test]
fn nothing_is_injected_by_a_value() {
    let mut own = Builder::request(Method::OPTIONS, "sip:a").unwrap();
    assert!(own.header("Subject", "a\r\nX: b").is_err());
    assert!(own.header("Sub ject", "a").is_err());
    assert!(Builder::request(Method::OPTIONS, "sip:a SIP/2.0\r\nX: b").is_err());
    assert!(Builder::response(200, Some("OK\r\nX: b")).is_err());
    assert!(Builder::response(99, None).is_err());
}
