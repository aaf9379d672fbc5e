//! Start lines and header lines, read from octets.

use bytes::BytesMut;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use crate::body::Framing;
use crate::error::Fault;
use crate::limits::{HEADERS_MAX, Limits};

/// Where a head ends in a buffer that grows; what was looked at is not looked at again.
#[derive(Debug, Default)]
pub(crate) struct HeadEnd {
    looked: usize,
}

impl HeadEnd {
    /// The length of the head, with the empty line; `None` as long as it is not whole.
    pub(crate) fn find(&mut self, octets: &[u8], limits: Limits) -> Result<Option<usize>, Fault> {
        // A line may end with a bare LF (RFC 9112 section 2.2).
        let mut from = self.looked;
        while let Some(line) = octets.get(from..).and_then(|rest| rest.iter().position(|&it| it == b'\n')) {
            let end = from + line + 1;
            if end > limits.head_max {
                break;
            }
            match octets.get(end..) {
                Some([b'\n', ..]) => return Ok(Some(self.found(end + 1))),
                Some([b'\r', b'\n', ..]) => return Ok(Some(self.found(end + 2))),
                _ => {}
            }
            from = end;
        }
        if octets.len() > limits.head_max {
            let first_line = octets.iter().take(limits.head_max).any(|&it| it == b'\n');
            return Err(if first_line { Fault::HeadTooLarge } else { Fault::TargetTooLong });
        }
        // The end of the last line may need an octet more to be told.
        self.looked = from.saturating_sub(2).max(self.looked);
        Ok(None)
    }

    fn found(&mut self, end: usize) -> usize {
        self.looked = 0;
        end
    }
}

/// Takes empty lines off in front of a start line (RFC 9112 section 2.2); answers how many octets.
pub(crate) fn skip_empty_lines(buffer: &mut BytesMut) -> usize {
    let empty = buffer.iter().take_while(|it| matches!(it, b'\r' | b'\n')).count();
    let _ = buffer.split_to(empty);
    empty
}

/// A head with what follows from it for the body and the connection.
#[derive(Debug)]
pub(crate) struct Head<T> {
    pub(crate) message: T,
    pub(crate) framing: Framing,
    /// The connection ends behind this message.
    pub(crate) closes: bool,
    /// The client waits for a sign before it sends the body.
    pub(crate) expects_continue: bool,
}

pub(crate) fn request(octets: &[u8]) -> Result<Head<Request<()>>, Fault> {
    let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut lines);
    read(head.parse(octets))?;
    let (Some(method), Some(path), Some(minor)) = (head.method, head.path, head.version) else {
        return Err(Fault::Head);
    };
    let headers = headers(head.headers)?;
    if minor == 1 && headers.get_all(HOST).iter().count() != 1 {
        return Err(Fault::Host);
    }
    let framing = match (framing(&headers)?, minor) {
        // HTTP/1.0 knows no transfer codings.
        (Some(Framing::Chunked), 0) => return Err(Fault::Coding),
        (framing, _) => framing.unwrap_or(Framing::None),
    };
    let mut message = Request::new(());
    *message.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| Fault::Head)?;
    *message.uri_mut() = path.parse::<Uri>().map_err(|_| Fault::Target)?;
    *message.version_mut() = version(minor);
    let expects_continue = minor == 1
        && headers.get(EXPECT).is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let closes = closes(&headers, minor);
    *message.headers_mut() = headers;
    Ok(Head { message, framing, closes, expects_continue })
}

/// The head of the response to a request of that method.
pub(crate) fn response(octets: &[u8], asked: &Method) -> Result<Head<Response<()>>, Fault> {
    let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut lines);
    read(head.parse(octets))?;
    let (Some(code), Some(minor)) = (head.code, head.version) else { return Err(Fault::Head) };
    let status = StatusCode::from_u16(code).map_err(|_| Fault::Head)?;
    let headers = headers(head.headers)?;
    // RFC 9112 section 6.3, rules 1 and 2.
    let bodiless = *asked == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let framing = match framing(&headers)? {
        _ if bodiless => Framing::None,
        Some(framing) => framing,
        None => Framing::UntilEnd,
    };
    let closes = framing == Framing::UntilEnd || closes(&headers, minor);
    let mut message = Response::new(());
    *message.status_mut() = status;
    *message.version_mut() = version(minor);
    *message.headers_mut() = headers;
    Ok(Head { message, framing, closes, expects_continue: false })
}

fn read(parsed: httparse::Result<usize>) -> Result<(), Fault> {
    match parsed {
        Ok(httparse::Status::Complete(_)) => Ok(()),
        Ok(httparse::Status::Partial) => Err(Fault::Head),
        Err(httparse::Error::TooManyHeaders) => Err(Fault::TooManyHeaders),
        Err(httparse::Error::Version) => Err(Fault::Version),
        Err(_) => Err(Fault::Head),
    }
}

const fn version(minor: u8) -> Version {
    if minor == 0 { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn headers(lines: &[httparse::Header<'_>]) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Fault::Head)?;
        headers.append(name, HeaderValue::from_bytes(line.value).map_err(|_| Fault::Head)?);
    }
    Ok(headers)
}

/// What the header lines say of the body; `None` where they say nothing.
fn framing(headers: &HeaderMap) -> Result<Option<Framing>, Fault> {
    let codings: Vec<&[u8]> = headers.get_all(TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes).collect();
    let lengths: Vec<&[u8]> = headers.get_all(CONTENT_LENGTH).iter().map(HeaderValue::as_bytes).collect();
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(None),
        // Whoever says both may be smuggling a request past somebody (RFC 9112 section 6.3).
        ([_, ..], [_, ..]) => Err(Fault::Length),
        ([coding], []) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Some(Framing::Chunked)),
        ([_, ..], []) => Err(Fault::Coding),
        ([], [length]) => {
            let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(length).ok().filter(|_| digits);
            length.and_then(|own| own.parse().ok()).map(|own| Some(Framing::Length(own))).ok_or(Fault::Length)
        }
        ([], [_, _, ..]) => Err(Fault::Length),
    }
}

fn closes(headers: &HeaderMap, minor: u8) -> bool {
    let says = |word: &str| {
        let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|own| own.trim().eq_ignore_ascii_case(word))
    };
    if minor == 0 { !says("keep-alive") } else { says("close") }
}
