//! Messages as octets. Bodies are written with their length, which is known: nothing is sent in chunks.

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response, StatusCode};

/// The sign that a client's body may come (RFC 9110 section 10.1.1).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A request; what says where its body ends is not taken from the caller's headers.
pub(crate) fn request(request: &Request<Bytes>) -> Bytes {
    let body = request.body();
    let mut out = BytesMut::with_capacity(256 + body.len());
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    for part in [request.method().as_str(), " ", target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    if !request.headers().contains_key(HOST) {
        let host = request.uri().authority().map_or("", |authority| authority.as_str());
        for part in ["host: ", host, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    let has_body =
        !body.is_empty() || matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    finish(out, request.headers(), has_body.then_some(body), false)
}

/// The response to a request of that method.
pub(crate) fn response(response: &Response<Bytes>, asked: &Method, closes: bool) -> Bytes {
    let status = response.status();
    let body = response.body();
    let mut out = BytesMut::with_capacity(256 + body.len());
    let reason = status.canonical_reason().unwrap_or("");
    out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let mut out = finish(out, response.headers(), (!bodiless).then_some(body), closes);
    if *asked == Method::HEAD {
        out.truncate(out.len() - if bodiless { 0 } else { body.len() });
    }
    out
}

fn finish(mut out: BytesMut, headers: &HeaderMap, body: Option<&Bytes>, closes: bool) -> Bytes {
    for (name, value) in headers {
        if matches!(*name, CONTENT_LENGTH | TRANSFER_ENCODING) || (closes && *name == CONNECTION) {
            continue;
        }
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if closes {
        out.extend_from_slice(b"connection: close\r\n");
    }
    if let Some(body) = body {
        out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.map_or(&[][..], |body| body));
    out.freeze()
}
