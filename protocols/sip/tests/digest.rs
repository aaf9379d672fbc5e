//! Digest authentication against the vectors of the RFCs, and both sides against each other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::time::Duration;

use tollgate_sip::Auth;
use tollgate_sip::digest::{Algorithm, DigestError, Login, Parameters, Protected, Server, Verdict, answer};
use tollgate_time::Instant;

const NOW: Instant = Instant::from_unix_secs(1_550_851_009);
const LOGIN: Login<'_> = Login { username: "alice", password: "se\"cret" };
const REQUEST: Protected<'_> = Protected { method: "REGISTER", uri: "sip:example.com", body: b"" };

/// RFC 7616 section 3.9.1, MD5 and SHA-256; RFC 2617 section 3.5.
#[test]
fn the_vectors_of_the_rfcs_come_out() {
    let own = Parameters {
        algorithm: Algorithm::Md5,
        qop: Some("auth"),
        realm: "http-auth@example.org",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        username: "Mufasa",
        method: "GET",
        uri: "/dir/index.html",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        count: 1,
        body: b"",
    };
    assert_eq!(own.response("Circle of Life"), "8ca523f5e9506fed4657c9700eebdbec");
    assert_eq!(
        Parameters { algorithm: Algorithm::Sha256, ..own }.response("Circle of Life"),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
    let old = Parameters {
        realm: "testrealm@host.com",
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        cnonce: "0a4f113b",
        ..own
    };
    assert_eq!(old.response("Circle Of Life"), "6629fae49393a05397450978507c4ef1");
    // Without qop, as RFC 2069: the value is that of the same vector in the RADIUS digest.
    assert_eq!(
        Parameters { qop: None, ..old }.response("Circle Of Life"),
        "670fd8c2df070c60b045671b8b24ff02"
    );
}

/// The challenge of ESI's MESSAGE example has no qop: neither has the answer.
#[test]
fn a_challenge_without_qop_is_answered_without() {
    let text = "Digest nonce=\"1550851009:827a445afee5c7abe5b503bf355489a06ebf8653\",algorithm=MD5,realm=\"sip-18.0mega_MR75\"";
    let challenge = Auth::parse(text).unwrap();
    let value = answer(&[challenge], LOGIN, REQUEST, "c", 1).unwrap();
    let own = Auth::parse(&value).unwrap();
    assert_eq!(
        (own.get("qop"), own.get("cnonce"), own.get("algorithm").as_deref()),
        (None, None, Some("MD5"))
    );
    assert_eq!(own.get("response").unwrap().len(), 32);
}

#[test]
fn both_sides_agree_in_every_algorithm_and_wrong_passwords_do_not() {
    for name in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "sha-512-256-SESS"] {
        let mut server = Server::new("key", Duration::from_secs(60));
        let algorithm = Algorithm::of(name).unwrap();
        let challenge = server.challenge(NOW, "a \"realm\"", [1; 8], algorithm, false);
        let value = answer(&[Auth::parse(&challenge).unwrap()], LOGIN, REQUEST, "cn", 1).unwrap();
        let own = Auth::parse(&value).unwrap();
        let mut verdict = |method, password| server.verify(NOW, &own, method, b"", password).unwrap();
        assert_eq!(verdict("REGISTER", "other"), Verdict::Wrong, "{name}");
        assert_eq!(verdict("INVITE", LOGIN.password), Verdict::Wrong, "{name}");
        assert_eq!(verdict("REGISTER", LOGIN.password), Verdict::Accepted, "{name}");
        // The same count again is a replay.
        assert_eq!(verdict("REGISTER", LOGIN.password), Verdict::Stale, "{name}");
    }
}

#[test]
fn a_nonce_grows_old_and_nobody_else_can_make_one() {
    let verdict_of = |maker: &str, made: Instant, checked: Instant| {
        let life = Duration::from_secs(60);
        let challenge = Server::new(maker, life).challenge(made, "r", [7; 8], Algorithm::Sha256, true);
        let challenge = Auth::parse(&challenge).unwrap();
        assert_eq!(challenge.get("stale").as_deref(), Some("true"));
        let value = answer(&[challenge], LOGIN, REQUEST, "cn", 1).unwrap();
        let own = Auth::parse(&value).unwrap();
        Server::new("key", life).verify(checked, &own, "REGISTER", b"", LOGIN.password).unwrap()
    };
    assert_eq!(verdict_of("key", NOW, NOW + Duration::from_secs(60)), Verdict::Accepted);
    assert_eq!(verdict_of("key", NOW, NOW + Duration::from_secs(61)), Verdict::Stale);
    assert_eq!(verdict_of("key", NOW + Duration::from_secs(2), NOW), Verdict::Stale);
    assert_eq!(verdict_of("other", NOW, NOW), Verdict::Stale);
}

/// RFC 8760 section 2.4: the topmost challenge that the client can answer.
#[test]
fn the_topmost_known_challenge_is_answered() {
    let texts = [
        "NTLM abc",
        "Digest realm=\"r\", nonce=\"1\", algorithm=SHA-3",
        "Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256, qop=\"auth-int,auth\", opaque=\"o\"",
        "Digest realm=\"r\", nonce=\"3\", algorithm=MD5",
    ];
    let challenges: Vec<Auth<'_>> = texts.iter().map(|text| Auth::parse(text).unwrap()).collect();
    let value = answer(&challenges, LOGIN, REQUEST, "cn", 16).unwrap();
    let own = Auth::parse(&value).unwrap();
    let get = |name| own.get(name).unwrap().into_owned();
    assert_eq!((get("nonce"), get("algorithm"), get("qop")), ("2".into(), "SHA-256".into(), "auth".into()));
    assert_eq!((get("opaque"), get("nc")), ("o".to_owned(), "00000010".to_owned()));
    assert_eq!(answer(&challenges[..2], LOGIN, REQUEST, "cn", 1), Err(DigestError::Unsupported));
}

#[test]
fn what_an_answer_lacks_is_named() {
    let mut server = Server::new("key", Duration::from_secs(60));
    let mut error = |text: &str| server.verify(NOW, &Auth::parse(text).unwrap(), "X", b"", "p").unwrap_err();
    assert_eq!(error("Digest realm=r"), DigestError::Missing("username"));
    let base = "Digest username=u, realm=r, nonce=n, uri=u, response=x, qop=auth, cnonce=c";
    assert_eq!(error(base), DigestError::Missing("nc"));
    assert_eq!(error(&format!("{base}, nc=+0000001")), DigestError::Count("+0000001".into()));
}
