//! A message as views into its octets: every header kept, in its order (RFC 3261 sections 7 and 25).

use std::borrow::Cow;

use crate::header::{self, Header, Wanted, is_blank};
use crate::scan::{Scan, is_token};
use crate::{Method, ParseError, ParseFault};

/// Octets of the longest head (start line and headers) that is read.
pub const HEAD_LEN_MAX: usize = 64 * 1024;
/// Headers that a message may have.
pub const HEADERS_MAX: usize = 512;
/// Octets of the longest body that is read from a stream.
pub const BODY_LEN_MAX: usize = 1024 * 1024;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start<'a> {
    /// `INVITE sip:bob@biloxi.com SIP/2.0`
    Request {
        /// The method.
        method: Method<'a>,
        /// The Request-URI as it stands; [`Message::uri`] reads it.
        uri: &'a str,
    },
    /// `SIP/2.0 200 OK`
    Response {
        /// The status, 100 to 699.
        code: u16,
        /// The phrase.
        reason: Cow<'a, str>,
    },
}

/// A request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    start: Start<'a>,
    headers: Vec<Header<'a>>,
    head: &'a [u8],
    body: &'a [u8],
    /// Octets from the start of what was read to the Request-URI.
    uri_at: usize,
}

/// The head of a message, before its body is cut off.
pub(crate) struct Head<'a> {
    pub(crate) message: Message<'a>,
    /// Octets up to and with the empty line.
    pub(crate) len: usize,
}

impl<'a> Message<'a> {
    /// Reads one message; octets behind its body, by Content-Length, are left out. Without that header
    /// all the rest is the body, as in a datagram (RFC 3261 section 18.3).
    ///
    /// Only the structure is held to the RFC here: [`Message::check`] judges the headers.
    ///
    /// # Errors
    /// What is no message, with its place.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let Head { mut message, len } = Head::parse(octets)?;
        let rest = octets.get(len..).unwrap_or_default();
        message.body = match message.content_length()? {
            None => rest,
            Some(announced) => {
                let short = ParseError {
                    what: "Content-Length",
                    offset: message.header("Content-Length").map_or(0, |own| own.offset),
                    fault: ParseFault::ShortBody { announced, left: rest.len() },
                };
                usize::try_from(announced).ok().and_then(|len| rest.get(..len)).ok_or(short)?
            }
        };
        Ok(message)
    }

    /// The first line.
    #[must_use]
    pub const fn start(&self) -> &Start<'a> {
        &self.start
    }

    /// The method of a request.
    #[must_use]
    pub const fn method(&self) -> Option<Method<'a>> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// Whether it is a request of this method.
    #[must_use]
    pub fn is(&self, method: Method<'_>) -> bool {
        self.method().is_some_and(|own| own.0 == method.0)
    }

    /// The status of a response.
    #[must_use]
    pub const fn code(&self) -> Option<u16> {
        match self.start {
            Start::Response { code, .. } => Some(code),
            Start::Request { .. } => None,
        }
    }

    /// The Request-URI of a request as it stands.
    #[must_use]
    pub const fn uri_text(&self) -> Option<&'a str> {
        match self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    pub(crate) const fn uri_at(&self) -> usize {
        self.uri_at
    }

    /// Every header, in its order.
    #[must_use]
    pub fn headers(&self) -> &[Header<'a>] {
        &self.headers
    }

    /// The first header of this (long) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Header<'a>> {
        self.first(Wanted::new(name))
    }

    /// The value of the first header of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.header(name).map(|own| own.text.as_ref())
    }

    /// Every header of this name, in order.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Header<'a>> {
        self.every(Wanted::new(name))
    }

    pub(crate) fn first(&self, wanted: Wanted<'_>) -> Option<&Header<'a>> {
        self.headers.iter().find(|own| wanted.is(own))
    }

    pub(crate) fn every<'m>(&'m self, wanted: Wanted<'m>) -> impl Iterator<Item = &'m Header<'a>> {
        self.headers.iter().filter(move |own| wanted.is(own))
    }

    /// Puts another header in the place of the first Via, and hands back that; a message without Via stays as it is.
    pub fn set_via(&mut self, header: Header<'a>) -> Option<Header<'a>> {
        let own = self.headers.iter_mut().find(|own| Wanted::VIA.is(own))?;
        Some(std::mem::replace(own, header))
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The octets of start line and headers, with the empty line.
    #[must_use]
    pub const fn head(&self) -> &'a [u8] {
        self.head
    }

    /// What a journal calls it: `INVITE`, or `200 INVITE` with the method of CSeq, or `200` without one.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.start {
            Start::Request { method, .. } => method.0.to_owned(),
            Start::Response { code, .. } => match self.cseq() {
                Ok(cseq) => format!("{code} {}", cseq.method),
                Err(_) => code.to_string(),
            },
        }
    }
}

impl<'a> Head<'a> {
    /// Reads start line and headers; line ends before them are skipped (RFC 3261 section 7.5), and a
    /// line may end with LF alone.
    pub(crate) fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let lead = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        let mut lines = Lines { octets, text: utf8(octets), at: lead };
        let start = lines.next_line("start line")?;
        let (start, uri_at) = start_line(start.at, start.octets)?;
        let mut headers: Vec<Header<'a>> = Vec::with_capacity(16);
        loop {
            let line = lines.next_header()?;
            if line.octets.is_empty() {
                break;
            }
            if headers.len() == HEADERS_MAX {
                return Err(ParseError {
                    what: "header",
                    offset: line.at,
                    fault: ParseFault::TooLong(HEAD_LEN_MAX),
                });
            }
            headers.push(lines.header(line)?);
        }
        let head = octets.get(lead..lines.at).unwrap_or_default();
        let message = Message { start, headers, head, body: &[], uri_at };
        Ok(Self { message, len: lines.at })
    }
}

/// As much of a head as is UTF-8: judged once, so that what is cut out of it need not be judged again.
fn utf8(octets: &[u8]) -> &str {
    let octets = octets.get(..HEAD_LEN_MAX).unwrap_or(octets);
    std::str::from_utf8(octets).unwrap_or_else(|error| {
        let valid = octets.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(valid).unwrap_or_default()
    })
}

/// The lines of a head.
struct Lines<'a> {
    octets: &'a [u8],
    /// The octets from the start that are UTF-8.
    text: &'a str,
    at: usize,
}

/// A line without its end; that of a header with the lines that continue it.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// Octets from the start of the message.
    at: usize,
    octets: &'a [u8],
    /// Whether no line end stands inside, not even a lone CR.
    plain: bool,
}

impl<'a> Lines<'a> {
    /// The next line without its end.
    fn next_line(&mut self, what: &'static str) -> Result<Line<'a>, ParseError> {
        let at = self.at;
        let rest = self.octets.get(at..).unwrap_or_default();
        let first = memchr::memchr2(b'\r', b'\n', rest);
        let (len, end, plain) = match first.and_then(|len| Some((len, rest.get(len..)?))) {
            Some((len, [b'\r', b'\n', ..])) => (len, len + 2, true),
            Some((len, [b'\n', ..])) => (len, len + 1, true),
            _ => {
                // A CR within the line, or no end.
                let Some(len) = memchr::memchr(b'\n', rest) else {
                    return Err(ParseError::expected(what, self.octets.len(), "the end of the line"));
                };
                let line = rest.get(..len).unwrap_or_default();
                (line.strip_suffix(b"\r").unwrap_or(line).len(), len + 1, false)
            }
        };
        self.at = at + end;
        if self.at > HEAD_LEN_MAX {
            return Err(ParseError { what, offset: at, fault: ParseFault::TooLong(HEAD_LEN_MAX) });
        }
        Ok(Line { at, octets: rest.get(..len).unwrap_or_default(), plain })
    }

    /// The next line with the lines that continue it; empty at the end of the head.
    fn next_header(&mut self) -> Result<Line<'a>, ParseError> {
        let mut line = self.next_line("header")?;
        if line.octets.is_empty() {
            return Ok(line);
        }
        let mut to = line.at + line.octets.len();
        while matches!(self.octets.get(self.at), Some(b' ' | b'\t')) {
            let more = self.next_line("header")?;
            to = more.at + more.octets.len();
            line.plain = false;
        }
        line.octets = self.octets.get(line.at..to).unwrap_or_default();
        Ok(line)
    }

    /// The header of a line.
    fn header(&self, line: Line<'a>) -> Result<Header<'a>, ParseError> {
        let Line { at, octets, plain } = line;
        let len = octets.iter().position(|octet| !is_token(*octet)).unwrap_or(octets.len());
        let name = octets.get(..len).unwrap_or_default();
        // Tokens are ASCII, but the text may have ended before them.
        let wire_name = match self.text.get(at..at + len).map_or_else(|| std::str::from_utf8(name), Ok) {
            Ok(name) if !name.is_empty() => name,
            _ => return Err(ParseError::expected("header", at, "the name of a header")),
        };
        let gap = blanks(octets.get(len..).unwrap_or_default());
        if octets.get(len + gap) != Some(&b':') {
            return Err(ParseError::expected("header", at + len + gap, "a colon behind the name"));
        }
        let raw = octets.get(len + gap + 1..).unwrap_or_default();
        let lead = blanks(raw);
        let value = raw.get(lead..).unwrap_or_default();
        let trail = value.iter().rev().take_while(|octet| is_blank(**octet)).count();
        let value = value.get(..value.len() - trail).unwrap_or_default();
        let offset = at + len + gap + 1 + lead;
        let text = match self.text.get(offset..offset + value.len()) {
            Some(text) if plain => text.into(),
            _ => header::text(value),
        };
        Ok(Header::new(wire_name, raw, text, offset))
    }
}

/// How many blanks stand first.
fn blanks(octets: &[u8]) -> usize {
    octets.iter().take_while(|octet| is_blank(**octet)).count()
}

fn start_line(at: usize, line: &[u8]) -> Result<(Start<'_>, usize), ParseError> {
    if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(at, line).map(|start| (start, at));
    }
    let line = std::str::from_utf8(line)
        .map_err(|error| ParseError::expected("start line", at + error.valid_up_to(), "text in UTF-8"))?;
    let mut scan = Scan::new(line, "start line");
    let method = scan.token("a method").map_err(|error| error.moved(at))?;
    if !scan.octet(b' ') {
        return Err(scan.expected("one blank behind the method").moved(at));
    }
    let uri_at = scan.at();
    let uri = scan
        .some("a Request-URI", |octet| !matches!(octet, b' ' | b'\t'))
        .map_err(|error| error.moved(at))?;
    if !scan.octet(b' ') {
        return Err(scan.expected("one blank behind the Request-URI").moved(at));
    }
    version(scan.rest()).map_err(|error| error.moved(at + scan.at()))?;
    Ok((Start::Request { method: Method(method), uri }, at + uri_at))
}

fn status_line(at: usize, line: &[u8]) -> Result<Start<'_>, ParseError> {
    let end = line.iter().position(|octet| *octet == b' ').unwrap_or(line.len());
    let (first, rest) = line.split_at(end);
    let name = std::str::from_utf8(first).map_err(|_| ParseError::expected("start line", at, "SIP/2.0"))?;
    version(name).map_err(|error| error.moved(at))?;
    let digits = rest.get(1..).unwrap_or_default();
    let len = digits.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let wrong = ParseError::expected("start line", at + end + 1, "a status of three digits from 100 to 699");
    let code = std::str::from_utf8(digits.get(..len).unwrap_or_default())
        .ok()
        .filter(|code| code.len() == 3)
        .and_then(|code| code.parse().ok())
        .filter(|code| (100..=699).contains(code))
        .ok_or(wrong)?;
    let reason = match digits.get(len..).unwrap_or_default() {
        [] => &[],
        [b' ', reason @ ..] => reason,
        _ => return Err(ParseError::expected("start line", at + end + 4, "one blank behind the status")),
    };
    Ok(Start::Response { code, reason: header::text(reason) })
}

fn version(text: &str) -> Result<(), ParseError> {
    if text.eq_ignore_ascii_case("SIP/2.0") {
        return Ok(());
    }
    let mut scan = Scan::new(text, "start line");
    scan.jump(4);
    let digit = |octet: u8| octet.is_ascii_digit();
    let numbers = text.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("SIP/"))
        && !scan.run(digit).is_empty()
        && scan.octet(b'.')
        && !scan.run(digit).is_empty()
        && scan.rest().is_empty();
    if numbers {
        return Err(ParseError { what: "start line", offset: 0, fault: ParseFault::Version });
    }
    Err(ParseError::expected("start line", 0, "SIP/2.0 at the end of the line"))
}
