//! Any octets are requests or refused, and however they are cut they are the same ones; any octets are responses or
//! refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollgate_http::{Bytes, ClientConnection, Limits, Request, Response, ServerConnection};

const SMALL: Limits = Limits { head_max: 1_024, body_max: 4_096 };

fn served<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Option<Request<Bytes>>> {
    let mut server = ServerConnection::new(SMALL);
    let mut requests = Vec::new();
    for piece in pieces {
        server.handle_octets(piece);
        while let Some(request) = server.poll_request() {
            server.answer(&Response::new(Bytes::new()));
            requests.push(request.ok());
        }
    }
    requests
}

fuzz_target!(|octets: &[u8]| {
    let whole = served(std::iter::once(octets));
    let cut = served(octets.chunks(3));
    assert_eq!(whole.len(), cut.len());
    for (one, other) in whole.iter().zip(&cut) {
        let shown = |it: &Option<Request<Bytes>>| it.as_ref().map(|it| (it.uri().clone(), it.body().clone()));
        assert_eq!(shown(one), shown(other));
    }
    let mut client = ClientConnection::new(SMALL);
    client.send(&Request::new(Bytes::new()));
    client.handle_octets(octets);
    client.handle_end();
    while client.poll_response().is_some() {}
});
