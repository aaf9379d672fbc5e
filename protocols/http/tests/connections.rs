//! Requests and responses over one connection, however their octets are cut.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use tollgate_http::{
    Asked, Bytes, ClientConnection, Fault, HttpError, Limits, Method, Order, Request, Response, Server,
    ServerConnection, StatusCode,
};

const SMALL: Limits = Limits { head_max: 256, body_max: 1_000 };

/// What a server makes of octets that come in such pieces; each request is answered with its own body.
fn served(octets: &[u8], pieces: &[usize]) -> (Vec<Result<Request<Bytes>, HttpError>>, Vec<u8>) {
    let mut server = ServerConnection::new(SMALL);
    let (mut requests, mut answers, mut rest) = (Vec::new(), Vec::new(), octets);
    let mut pieces = pieces.iter().copied().chain(std::iter::repeat(octets.len().max(1)));
    loop {
        let (now, after) = rest.split_at(pieces.next().unwrap().min(rest.len()));
        rest = after;
        server.handle_octets(now);
        while let Some(request) = server.poll_request() {
            let body =
                request.as_ref().map_or_else(|_| Bytes::from_static(b"refused"), |it| it.body().clone());
            let mut answer = Response::new(body);
            *answer.status_mut() = request.as_ref().map_or_else(HttpError::status, |_| StatusCode::OK);
            server.answer(&answer);
            requests.push(request);
        }
        while let Some(octets) = server.poll_octets() {
            answers.extend_from_slice(&octets);
        }
        if rest.is_empty() {
            return (requests, answers);
        }
    }
}

fn refusal(octets: &str) -> (Fault, u16) {
    let (requests, answers) = served(octets.as_bytes(), &[]);
    let error = requests.into_iter().next_back().unwrap().unwrap_err();
    let status = error.status().as_u16();
    assert!(String::from_utf8(answers).unwrap().contains(&format!("HTTP/1.1 {status} ")), "{octets:?}");
    (error.fault, status)
}

#[test]
fn requests_that_come_at_once_are_answered_in_their_order() {
    let octets = b"\r\nPOST /rest/a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc\
        GET /b?c=1 HTTP/1.1\nHost: x\n\n\
        POST /d HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: Chunked\r\n\r\n\
        4;name=value\r\nwiki\r\n00A\npedia more\r\n0\r\nTrailer: t\r\n\r\n\
        GET /e HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\nGET /never HTTP/1.1\r\nhost: x\r\n\r\n";
    let (requests, answers) = served(octets, &[]);
    let seen: Vec<_> = requests
        .iter()
        .map(|own| own.as_ref().unwrap())
        .map(|own| (own.method().as_str(), own.uri().to_string(), own.body().clone()))
        .collect();
    let body = Bytes::from_static;
    assert_eq!(
        seen,
        [
            ("POST", "/rest/a".to_owned(), body(b"abc")),
            ("GET", "/b?c=1".to_owned(), body(b"")),
            ("POST", "/d".to_owned(), body(b"wikipedia more")),
            ("GET", "/e".to_owned(), body(b"")),
        ]
    );
    let answers = String::from_utf8(answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 4);
    assert!(answers.ends_with("connection: close\r\ncontent-length: 0\r\n\r\n"), "{answers}");
}

#[test]
fn what_is_no_request_is_refused_with_the_status_that_says_why() {
    let long = "a".repeat(300);
    for (octets, fault, status) in [
        ("nonsense\r\n\r\n", Fault::Head, 400),
        ("GET / HTTP/2.0\r\nhost: x\r\n\r\n", Fault::Version, 505),
        ("GET / HTTP/1.1\r\n\r\n", Fault::Host, 400),
        ("GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", Fault::Host, 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +3\r\n\r\nabc", Fault::Length, 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n", Fault::Length, 400),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
            Fault::Length,
            400,
        ),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n", Fault::Coding, 501),
        ("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n", Fault::Coding, 501),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n", Fault::BodyTooLarge, 413),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            Fault::BodyTooLarge,
            413,
        ),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", Fault::Chunk, 400),
        ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab", Fault::Chunk, 400),
        (&format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), Fault::TargetTooLong, 414),
        (&format!("GET / HTTP/1.1\r\nhost: x\r\na: {long}\r\n\r\n"), Fault::HeadTooLarge, 431),
    ] {
        assert_eq!(refusal(octets), (fault, status), "{octets:?}");
    }
    let many = "a:1\r\n".repeat(65);
    let mut server = ServerConnection::new(Limits::default());
    server.handle_octets(format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n").as_bytes());
    assert_eq!(server.poll_request().unwrap().unwrap_err().fault, Fault::TooManyHeaders);
}

#[test]
fn an_error_says_where_in_the_connection_it_stands() {
    let (requests, _) = served(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\nwhat\r\n\r\n", &[]);
    // The first request takes 42 octets: 16 + 24 + 2.
    let error = requests.into_iter().nth(1).unwrap().unwrap_err();
    assert_eq!(error, HttpError { fault: Fault::Head, at: 42 });
}

#[test]
fn a_client_that_waits_for_a_sign_gets_one() {
    let mut server = ServerConnection::new(SMALL);
    server.handle_octets(b"PUT / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    assert!(server.poll_request().is_none());
    assert_eq!(server.poll_octets().unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    server.handle_octets(b"ok");
    assert_eq!(server.poll_request().unwrap().unwrap().body(), "ok");
}

#[test]
fn what_waits_behind_a_request_is_bounded() {
    let mut server = ServerConnection::new(SMALL);
    server.handle_octets(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(server.poll_request().unwrap().is_ok());
    server.handle_octets(&[b'a'; 2_000]);
    assert!(server.poll_request().is_none());
    server.answer(&Response::new(Bytes::new()));
    assert!(server.poll_octets().is_some());
    assert!(server.is_done());
}

#[test]
fn a_response_ends_with_its_length_its_last_chunk_or_its_connection() {
    let mut client = ClientConnection::new(SMALL);
    let request = |method: Method| {
        let own = Request::builder().method(method).uri("http://192.0.2.1:443/x?y=1");
        own.body(Bytes::new()).unwrap()
    };
    for method in [Method::GET, Method::HEAD, Method::POST, Method::GET] {
        assert!(client.send(&request(method)));
    }
    let sent: Vec<u8> = std::iter::from_fn(|| client.poll_octets()).flatten().collect();
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.starts_with("GET /x?y=1 HTTP/1.1\r\nhost: 192.0.2.1:443\r\n\r\nHEAD /x"), "{sent}");
    client.handle_octets(
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab\
          HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\n\
          HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
          HTTP/1.1 200 OK\r\n\r\nup to the ",
    );
    let mut next = || client.poll_response().unwrap().unwrap();
    let seen: Vec<_> = (0..3).map(|_| next()).map(|it| (it.status().as_u16(), it.into_body())).collect();
    let body = Bytes::from_static;
    assert_eq!(seen, [(200, body(b"ab")), (404, body(b"")), (500, body(b"abc"))]);
    assert!(client.poll_response().is_none());
    client.handle_octets(b"end");
    assert!(client.poll_response().is_none());
    client.handle_end();
    assert_eq!(client.poll_response().unwrap().unwrap().body(), "up to the end");
    assert!(client.is_done() && !client.send(&request(Method::GET)));
}

#[test]
fn what_nobody_asked_for_and_what_is_cut_short_are_errors() {
    let mut client = ClientConnection::new(SMALL);
    client.handle_octets(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(client.poll_response().unwrap().unwrap_err().fault, Fault::Unasked);
    let mut client = ClientConnection::new(SMALL);
    assert!(client.send(&Request::new(Bytes::new())));
    client.handle_octets(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab");
    client.handle_end();
    assert_eq!(client.poll_response().unwrap().unwrap_err().fault, Fault::CutShort);
    assert!(client.poll_response().is_none());
}

#[test]
fn a_server_of_many_connections_answers_each_by_its_own() {
    let mut server = Server::new(SMALL);
    for connection in [7, 9] {
        server.handle_accepted(connection);
        server.handle_octets(connection, format!("GET /{connection} HTTP/1.0\r\n\r\n").as_bytes());
    }
    let mut asked = Vec::new();
    while let Some(Asked { connection, request }) = server.poll_request() {
        asked.push((connection, request.unwrap().uri().path().to_owned()));
    }
    assert_eq!(asked, [(7, "/7".to_owned()), (9, "/9".to_owned())]);
    server.handle_closed(7);
    for connection in [7, 9] {
        server.answer(connection, &Response::new(Bytes::from_static(b"x")));
    }
    let Some(Order::Send(9, octets)) = server.poll_order() else { panic!("9 is answered") };
    assert!(octets.ends_with(b"\r\n\r\nx"));
    assert_eq!(server.poll_order(), Some(Order::Close(9)));
    assert_eq!(server.poll_order(), None);
}

fn token() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}"
}

proptest! {
    #[test]
    fn what_is_written_reads_back_however_it_is_cut(
        paths in prop::collection::vec(("(/[a-z0-9]{0,5}){1,3}", prop::collection::vec(any::<u8>(), 0..200)), 1..6),
        header in token(),
        value in "[a-z0-9]{0,20}",
        pieces in prop::collection::vec(1_usize..40, 0..80),
    ) {
        let mut client = ClientConnection::new(SMALL);
        let header = format!("x-{header}");
        for (path, body) in &paths {
            let request = Request::builder().method("POST").uri(path).header(&header, &value);
            let request = request.header("host", "x").body(Bytes::from(body.clone())).unwrap();
            prop_assert!(client.send(&request));
        }
        let sent: Vec<u8> = std::iter::from_fn(|| client.poll_octets()).flatten().collect();
        let (requests, answers) = served(&sent, &pieces);
        prop_assert_eq!(requests.len(), paths.len());
        for ((path, body), request) in paths.iter().zip(requests) {
            let request = request.unwrap();
            prop_assert_eq!(request.uri().path(), path);
            prop_assert_eq!(request.body(), body);
            prop_assert_eq!(request.headers()[&header].as_bytes(), value.as_bytes());
        }
        let mut rest = &answers[..];
        for piece in pieces.iter().copied().chain(std::iter::once(answers.len())) {
            let (now, after) = rest.split_at(piece.min(rest.len()));
            client.handle_octets(now);
            rest = after;
        }
        for (_, body) in &paths {
            let response = client.poll_response().unwrap().unwrap();
            prop_assert_eq!(response.body(), body);
        }
        prop_assert_eq!(client.pending(), 0);
    }

    #[test]
    fn any_octets_at_all_are_taken(octets in prop::collection::vec(any::<u8>(), 0..400), pieces in prop::collection::vec(1_usize..40, 0..40)) {
        let (whole, _) = served(&octets, &[]);
        let (cut, _) = served(&octets, &pieces);
        prop_assert_eq!(whole.len(), cut.len());
        let mut client = ClientConnection::new(SMALL);
        client.send(&Request::new(Bytes::new()));
        client.handle_octets(&octets);
        client.handle_end();
        while client.poll_response().is_some() {}
    }

    #[test]
    fn a_request_with_any_octet_changed_is_taken(at in 0_usize..90, octet: u8) {
        let mut octets = b"POST /rest/Session/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec();
        if let Some(own) = octets.get_mut(at) { *own = octet; }
        let _ = served(&octets, &[]);
    }
}
