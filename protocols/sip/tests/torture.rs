//! The torture messages of RFC 4475, rebuilt from what it says of each: what is valid is read, what is
//! invalid gives the right error in the right place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use tollgate_sip::{Builder, Message, Method, ParseError, ParseFault, Scheme};

/// A request with what every one has, and these lines besides (`\n` for each line end).
fn with(start: &str, lines: &str) -> Vec<u8> {
    let own = |name: &str| lines.lines().any(|line| line.starts_with(&format!("{name}:")));
    let method = start.split(' ').next().unwrap_or_default();
    let cseq = format!("CSeq: 8 {method}");
    let mut text = format!("{start}\n");
    for line in [
        "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw",
        "Max-Forwards: 70",
        "From: <sip:caller@example.net>;tag=242etr",
        "To: <sip:j.user@example.com>",
        "Call-ID: torture.0ha0isndaksdj",
        &cseq,
    ] {
        if !own(line.split(':').next().unwrap_or_default()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.push_str(lines);
    text.push('\n');
    text.replace('\n', "\r\n").into_bytes()
}

fn error(octets: &[u8]) -> ParseError {
    match Message::parse(octets) {
        Ok(message) => message.check().unwrap_err(),
        Err(error) => error,
    }
}

fn valid(octets: &[u8]) -> Message<'_> {
    let message = Message::parse(octets).unwrap();
    message.check().unwrap();
    message
}

const OPTIONS: &str = "OPTIONS sip:user@example.com SIP/2.0";
const INVITE: &str = "INVITE sip:user@example.com SIP/2.0";

/// 3.1.1.1 wsinv: odd white space, folds, compact forms, escapes, unknown headers and parameters.
#[test]
fn a_short_tortuous_invite_is_read() {
    let octets = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\n\
        TO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\n\
        MaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\nContent-Length   : 150\n\
        cseq: 0009\n  INVITE\n\
        Via  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skdjuw\ns :\n\
        NewFangledHeader:   newfangled value\n continued newfangled value\n\
        UnknownHeaderWithUnusualValue: ;;,,;;,;\nContent-Type: application/sdp\n\
        Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n\
        v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n\
        \x20SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      newvalue ;\n  secondparam ; q = 0.33\n\n";
    let mut octets = octets.replace('\n', "\r\n").into_bytes();
    octets.extend_from_slice(&[b'v'; 150]);
    let own = valid(&octets);
    assert_eq!(own.to().unwrap().tag(), Some("1918181833n"));
    assert_eq!(own.from().unwrap().display_name().as_deref(), Some("J Rosenberg \\\""));
    assert_eq!((own.max_forwards(), own.cseq().unwrap().number), (Ok(Some(68)), 9));
    assert_eq!(own.value("Subject"), Some(""));
    assert_eq!(own.value("newfangledheader"), Some("newfangled value   continued newfangled value"));
    let vias: Vec<_> = own.vias().map(|via| (via.unwrap().transport, via.unwrap().branch())).collect();
    let branches = [Some("390skdjuw"), Some("z9hG4bK9ikj8"), Some("z9hG4bK30239")];
    assert_eq!(vias, [("UDP", branches[0]), ("TCP", branches[1]), ("UDP", branches[2])]);
    assert_eq!(own.via().unwrap().branch_unique(), None);
    assert_eq!(own.contacts().next().unwrap().unwrap().q_millis(), 330);
    assert_eq!(own.body().len(), 150);
}

/// 3.1.1.2 intmeth: every octet of a token as the method, a quoted null, Unicode in a display name.
#[test]
fn unusual_characters_stand_where_they_may() {
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    let start = format!(
        "{method} sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0"
    );
    let lines = "To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n\
        From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\n\
        Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\nextensionHeader-!.%*+_`'~:\u{fe}\u{d1}\n";
    let octets = with(&start, lines);
    let own = valid(&octets);
    assert_eq!(own.method(), Some(Method(method)));
    assert_eq!(own.uri().unwrap().password, Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    assert_eq!(own.to().unwrap().display_name().as_deref(), Some("BEL:\x07 NUL:\0 DEL:\x7f"));
    assert_eq!(own.from().unwrap().tag(), Some("_token~1'+`*%!-."));
}

/// 3.1.1.3 esc01, 3.1.1.4 escnull, 3.1.1.5 esc02: escapes in URIs, percent signs elsewhere.
#[test]
fn escapes_are_undone_in_uris_alone() {
    let octets = with(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
        "To: sip:%75se%72@example.com\nContact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\n",
    );
    let own = valid(&octets);
    assert_eq!(own.uri().unwrap().user_plain().as_deref(), Some("sips:user@example.com"));
    assert_eq!(own.to().unwrap().uri.user_plain().as_deref(), Some("user"));
    let octets = with(
        "REGISTER sip:example.com SIP/2.0",
        "To: sip:null-%00-null@example.com\nContact: <sip:%00@host5.example.com>, <sip:%00%00@host5.example.com>\n",
    );
    let own = valid(&octets);
    assert_eq!(own.to().unwrap().uri.user_plain().as_deref(), Some("null-\0-null"));
    let users: Vec<_> = own.contacts().map(|own| own.unwrap().uri.user).collect();
    assert_eq!(users, [Some("%00"), Some("%00%00")]);
    let octets = with(
        "RE%47IST%45R sip:registrar.example.com SIP/2.0",
        "To: \"%Z%45\" <sip:resource@example.com>\nFrom: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\nContact: <sip:alias1@host1.example.com>\n",
    );
    let own = valid(&octets);
    // Not REGISTER: an escape in a method is no escape.
    assert_eq!(own.method(), Some(Method("RE%47IST%45R")));
    assert_eq!(own.to().unwrap().display_name().as_deref(), Some("%Z%45"));
}

/// 3.1.1.6 lwsdisp, 3.1.1.7 longreq, 3.1.1.9 semiuri, 3.1.1.10 transports.
#[test]
fn names_lengths_semicolons_and_transports_are_taken_as_they_come() {
    let octets = with(OPTIONS, "From: caller<sip:caller@example.com>;tag=323\n");
    assert_eq!(valid(&octets).from().unwrap().display, Some("caller"));
    let long = "longvalue".repeat(200);
    let octets = with(
        &format!("INVITE sip:user@example.com;{long}={long} SIP/2.0"),
        &format!("To: \"{long}\" <sip:{long}@example.com>\nUnknown-{long}: {long}\n"),
    );
    assert_eq!(valid(&octets).to().unwrap().uri.user.map(str::len), Some(1800));
    let octets = with(
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
        "To: sip:j_user@example.com\nFrom: sip:caller@example.org;tag=33242\nAccept: application/sdp\n",
    );
    let own = valid(&octets);
    assert_eq!(own.uri().unwrap().user_plain().as_deref(), Some("user;par=u@example.net"));
    assert_eq!(own.from().unwrap().tag(), Some("33242"));
    let octets = with(
        OPTIONS,
        "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\nVia: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\n",
    );
    assert_eq!(valid(&octets).vias().last().unwrap().unwrap().transport, "UNKNOWN");
}

/// 3.1.1.8 dblreq: what stands behind the body of a datagram is no part of it.
#[test]
fn octets_behind_the_body_are_left_out() {
    let mut octets = with("REGISTER sip:example.com SIP/2.0", "Content-Length: 0\n");
    octets.extend(with(INVITE, "Content-Length: 150\n"));
    let own = valid(&octets);
    assert!(own.is(Method::REGISTER) && own.body().is_empty());
}

/// 3.1.1.11 mpart01, 3.1.1.12 unreason, 3.1.1.13 noreason.
#[test]
fn binary_bodies_and_odd_phrases_are_kept() {
    let mut octets = with(
        "MESSAGE sip:kumiko@example.org SIP/2.0",
        "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\nContent-Length: 6\n",
    );
    octets.extend_from_slice(b"\x00\xff\r\n\r\n");
    assert_eq!(valid(&octets).body(), b"\x00\xff\r\n\r\n");
    let phrase = "= 2**3 * 5**2 но сто девяносто девять - простое";
    let octets = with(&format!("SIP/2.0 200 {phrase}"), "CSeq: 35 INVITE\n");
    let own = valid(&octets);
    assert_eq!((own.title().as_str(), own.code()), ("200 INVITE", Some(200)));
    let again = Builder::of(&own).finish();
    assert!(again.starts_with(format!("SIP/2.0 200 {phrase}\r\n").as_bytes()));
    let octets = with("SIP/2.0 100 ", "CSeq: 35 INVITE\n");
    assert_eq!(valid(&octets).code(), Some(100));
}

/// What section 3.1.2 holds to be invalid: the start line and lines, the part, the place, the answer.
#[test]
fn what_is_invalid_is_refused_where_it_breaks() {
    let cases: &[(&str, &str, &str, &str, &str, u16)] = &[
        ("badinv01", INVITE, "Contact: \"Joe\" <sip:joe@example.org>;;;;\n", "Contact", ";;;\r", 400),
        ("badinv01", INVITE, "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\n", "Via", ";,;", 400),
        ("clerr", INVITE, "Content-Length: 9999\n", "Content-Length", "9999", 400),
        ("ncl", INVITE, "Content-Length: -999\n", "Content-Length", "-999", 400),
        ("scalar02", OPTIONS, "CSeq: 36893488147419103232 OPTIONS\n", "CSeq", "36893", 400),
        ("scalar02", OPTIONS, "Max-Forwards: 300\n", "Max-Forwards", "300", 400),
        ("quotbal", INVITE, "To: \"Mr. J. User <sip:j.user@example.com>\n", "To", "\r\nContent", 400),
        ("ltgtruri", "INVITE <sip:user@example.com> SIP/2.0", "", "Request-URI", "<sip:user", 400),
        ("lwsruri", "INVITE sip:user@example.com; lr SIP/2.0", "", "start line", "lr SIP", 400),
        ("lwsstart", "INVITE  sip:user@example.com  SIP/2.0", "", "start line", " sip:user", 400),
        ("trws", "OPTIONS sip:remote-target@example.com SIP/2.0  ", "", "start line", "SIP/2.0  ", 400),
        (
            "escruri",
            "INVITE sip:user@example.com?Route=%3Csip:e.com%3E SIP/2.0",
            "",
            "Request-URI",
            "?Route",
            400,
        ),
        (
            "regbadct",
            OPTIONS,
            "Contact: sip:user@example.com?Route=%3Csip:s.e.com%3E\n",
            "Contact",
            "?Route",
            400,
        ),
        ("badaspec", OPTIONS, "To: \"Watson, Thomas\" < t.watson@example.org >\n", "To", " t.watson", 400),
        (
            "baddn",
            OPTIONS,
            "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\n",
            "From",
            ", Alexander",
            400,
        ),
        ("badvers", "OPTIONS sip:t.watson@example.org SIP/7.0", "", "start line", "SIP/7.0", 505),
        ("mismatch01", OPTIONS, "CSeq: 8 INVITE\n", "CSeq", "8 INVITE", 400),
        ("mismatch02", "NEWMETHOD sip:u@e.com SIP/2.0", "CSeq: 8 INVITE\n", "CSeq", "8 INVITE", 400),
        ("bigcode", "SIP/2.0 4294967301 better not break the receiver", "", "start line", "42949", 400),
        (
            "scalarlg",
            "SIP/2.0 503 Unavailable",
            "CSeq: 9292394834772304023312 OPTIONS\n",
            "CSeq",
            "929239",
            400,
        ),
        ("insuf", INVITE, "Call-ID:\n", "Call-ID", "\r\nContent", 400),
        (
            "unkscm",
            "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0",
            "",
            "Request-URI",
            "nobody",
            416,
        ),
        ("novelsc", "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", "", "Request-URI", "soap", 416),
        ("multi01", INVITE, "CSeq: 5 INVITE\nCSeq: 59 INVITE\n", "CSeq", "59 INVITE", 400),
        ("mcl01", OPTIONS, "Content-Length: 0\nContent-Length: 5\n", "Content-Length", "5\r\n\r", 400),
    ];
    for (name, start, lines, what, at, status) in cases {
        let ending = if lines.contains("Content-Length") { "" } else { "Content-Length: 0\n" };
        let octets = with(start, &format!("{lines}{ending}"));
        let error = error(&octets);
        let shown = String::from_utf8_lossy(&octets[error.offset..]).into_owned();
        assert_eq!((error.what, error.status()), (*what, *status), "{name}: {error}");
        assert!(shown.starts_with(at), "{name}: {error}, at {shown:?}");
    }
}

/// 3.1.2.4 scalar02: what need not be refused saturates. 3.1.2.12 baddate: told where it is asked for.
#[test]
fn large_times_saturate_and_wrong_dates_are_told() {
    let octets = with(OPTIONS, "Expires: 10000000000000000000\nDate: Fri, 01 Jan 2010 16:00:00 EST\n");
    let own = valid(&octets);
    assert_eq!(own.expires_secs(), Ok(Some(u32::MAX)));
    assert_eq!(own.date().unwrap_err().what, "Date");
    let octets = with(OPTIONS, "Date: Fri, 01 Jan 2010 16:00:00 GMT\n");
    // 40 years with 10 leap days after 1970: 14,610 days, and 16 hours.
    assert_eq!(valid(&octets).date().unwrap().unwrap().unix_secs(), 14_610 * 86_400 + 57_600);
}

/// 3.2.1 badbranch, 3.3.9 zeromf, 3.3.4 unksm2, 3.3.7 regaut01, 3.3.10 and 11 cparam, 3.3.12 regescrt,
/// 3.4.1 inv2543: messages that are read, and judged by whom they concern.
#[test]
fn what_only_looks_wrong_is_read() {
    let octets = with(OPTIONS, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\n");
    assert_eq!(valid(&octets).via().unwrap().branch_unique(), None);
    let octets = with(OPTIONS, "Max-Forwards: 0\n");
    let error = valid(&octets).next_hops().unwrap_err();
    assert_eq!((error.fault, error.status()), (ParseFault::TooManyHops, 483));
    let octets = with(
        "REGISTER sip:example.com SIP/2.0",
        "To: isbn:2983792873\nFrom: <http://www.example.com>;tag=3234233\nContact: <name:John_Smith>\nAuthorization: NoOneKnowsThisScheme opaque-data=here\n",
    );
    assert_eq!(valid(&octets).to().unwrap().uri.scheme, Scheme::Other("isbn"));
    let octets = with(
        "REGISTER sip:example.com SIP/2.0",
        "Contact: sip:+19725552222@gw1.example.net;unknownparam\nContact: <sip:+19725552222@gw1.example.net;unknownparam>\nContact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\n",
    );
    let own = valid(&octets);
    let params: Vec<_> = own
        .contacts()
        .map(|own| (own.unwrap().params.is_empty(), own.unwrap().uri.params.is_empty()))
        .collect();
    assert_eq!(params, [(false, true), (true, false), (true, true)]);
    let octets = b"INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\r\nTo: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\n\r\nv=0";
    assert_eq!(valid(octets).body(), b"v=0");
}
