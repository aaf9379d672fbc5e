//! What a proxy changes in a message on its way (RFC 3261 section 16.6 and 16.7): octets in, octets out. Every header
//! that it does not touch keeps its octets and its place. Where the message goes is the caller's business.

use std::net::SocketAddr;
use std::ops::Range;

use crate::derive::stamp;
use crate::header::Wanted;
use crate::scan::list;
use crate::{BuildError, HEAD_LEN_MAX, Header, Message, Start, Via};

/// How a request goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forwarding<'a> {
    /// The Via of the element that sends it on, without the name of the header.
    pub via: &'a str,
    /// Another Request-URI.
    pub uri: Option<&'a str>,
    /// Max-Forwards for the next hop, by [`Message::next_hops`].
    pub hops: u8,
    /// How many Route values are taken off the top: the element's own.
    pub routes_off: usize,
    /// Route values put on top, the nearest first.
    pub routes_on: &'a [String],
    /// A Record-Route put on top.
    pub record_route: Option<&'a str>,
    /// Headers put at the end, each a name and a value.
    pub more: &'a [(&'a str, &'a str)],
}

/// The octets of a request as it goes on.
///
/// # Errors
/// The message is no request, or something that was given has a line end.
pub fn forwarded(request: &Message<'_>, how: &Forwarding<'_>) -> Result<Vec<u8>, BuildError> {
    let Start::Request { method, uri } = request.start() else {
        return Err(BuildError::Source("Request-URI"));
    };
    let uri = how.uri.unwrap_or(uri);
    let mut out = Writer::new(request, how);
    out.given(uri, "Request-URI")?;
    for part in [method.0, " ", uri, " SIP/2.0\r\n"] {
        out.octets.extend_from_slice(part.as_bytes());
    }
    out.line("Via", how.via)?;
    if let Some(own) = how.record_route {
        out.line("Record-Route", own)?;
    }
    for route in how.routes_on {
        out.line("Route", route)?;
    }
    let (mut hops_written, mut off) = (false, how.routes_off);
    for header in request.headers() {
        match header.name {
            "Content-Length" => {}
            "Max-Forwards" => {
                out.line("Max-Forwards", &how.hops.to_string())?;
                hops_written = true;
            }
            "Route" if off > 0 => out.without_first(header, &mut off),
            _ => out.copy(header),
        }
    }
    if !hops_written {
        out.line("Max-Forwards", &how.hops.to_string())?;
    }
    for (name, value) in how.more {
        out.line(name, value)?;
    }
    Ok(out.finish(request))
}

/// The octets of a response on its way back: without the topmost Via. `None` where no other is left, so that there is
/// nobody to send it to.
#[must_use]
pub fn returned(response: &Message<'_>) -> Option<Vec<u8>> {
    response.next_via()?.ok()?;
    let mut out = Writer::new(response, &Forwarding::default());
    let head = response.head();
    let line = head.get(..memchr::memchr2(b'\r', b'\n', head).unwrap_or(head.len())).unwrap_or_default();
    out.octets.extend_from_slice(line);
    out.octets.extend_from_slice(b"\r\n");
    let mut off = 1;
    for header in response.headers() {
        match header.name {
            "Content-Length" => {}
            "Via" if off > 0 => out.without_first(header, &mut off),
            _ => out.copy(header),
        }
    }
    Some(out.finish(response))
}

/// What the receiver of a request notes in its topmost Via, as [`crate::stamped`] writes it, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    via: String,
    /// Octets from the start of the message that it takes the place of.
    place: Range<usize>,
    /// Where it stands in the value of its header.
    at: usize,
}

impl Stamp {
    /// That of a request from this source; `None` says that there is nothing to note.
    ///
    /// # Errors
    /// The topmost Via is missing or broken.
    pub fn of(request: &Message<'_>, source: SocketAddr) -> Result<Option<Self>, BuildError> {
        let header = request.first(Wanted::VIA).ok_or(BuildError::Source("Via"))?;
        let (at, first) = list(&header.text).next().ok_or(BuildError::Source("Via"))?;
        let via = Via::parse(first).map_err(|_| BuildError::Source("Via"))?;
        let plain = via.rport().is_none() && via.received().is_none();
        if plain && via.host.parse() == Ok(source.ip()) {
            return Ok(None);
        }
        let from = header.offset + at;
        Ok(Some(Self { via: stamp(&via, source), place: from..from + first.len(), at }))
    }

    /// The octets of the request with it, every other octet as it was.
    #[must_use]
    pub fn octets(&self, octets: &[u8]) -> Vec<u8> {
        let mut own =
            Vec::with_capacity(octets.len() + self.via.len() - self.place.len().min(self.via.len()));
        own.extend_from_slice(octets.get(..self.place.start).unwrap_or_default());
        own.extend_from_slice(self.via.as_bytes());
        own.extend_from_slice(octets.get(self.place.end..).unwrap_or_default());
        own
    }

    /// The header of the topmost Via with it: to be put into the message, which then reads as [`Self::octets`] would.
    /// `None` where those would be no message, since the head would be too long.
    #[must_use]
    pub fn header<'a>(&self, request: &Message<'a>) -> Option<Header<'a>> {
        let more = self.via.len().saturating_sub(self.place.len());
        if request.head().len() + more > HEAD_LEN_MAX {
            return None;
        }
        let header = request.first(Wanted::VIA)?;
        Some(header.with(self.at..self.at + self.place.len(), &self.via))
    }
}

/// The octets of a request with its [`Stamp`]. `octets` are those that `request` was read from; `None` says that there is
/// nothing to note.
///
/// # Errors
/// The topmost Via is missing or broken.
pub fn stamped_octets(
    request: &Message<'_>,
    octets: &[u8],
    source: SocketAddr,
) -> Result<Option<Vec<u8>>, BuildError> {
    Ok(Stamp::of(request, source)?.map(|stamp| stamp.octets(octets)))
}

struct Writer {
    octets: Vec<u8>,
}

impl Writer {
    fn new(message: &Message<'_>, how: &Forwarding<'_>) -> Self {
        let more: usize = how.more.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let routes: usize = how.routes_on.iter().map(|own| own.len() + 9).sum();
        let own = how.via.len() + how.record_route.map_or(0, str::len) + how.uri.map_or(0, str::len);
        let room = message.head().len() + message.body().len() + more + routes + own + 64;
        Self { octets: Vec::with_capacity(room) }
    }

    fn given(&self, value: &str, name: &str) -> Result<(), BuildError> {
        match value.bytes().any(|octet| matches!(octet, b'\r' | b'\n')) {
            true => Err(BuildError::Value(name.to_owned())),
            false => Ok(()),
        }
    }

    fn line(&mut self, name: &str, value: &str) -> Result<(), BuildError> {
        self.given(value, name)?;
        for part in [name, ": ", value, "\r\n"] {
            self.octets.extend_from_slice(part.as_bytes());
        }
        Ok(())
    }

    fn copy(&mut self, header: &Header<'_>) {
        self.octets.extend_from_slice(header.wire_name.as_bytes());
        self.octets.push(b':');
        self.octets.extend_from_slice(&header.raw);
        self.octets.extend_from_slice(b"\r\n");
    }

    /// A header that lists values, without the first `off` of them.
    fn without_first(&mut self, header: &Header<'_>, off: &mut usize) {
        let mut values = list(&header.text).skip(*off);
        match values.next() {
            Some((at, _)) => {
                *off = 0;
                let rest = header.text.get(at..).unwrap_or_default();
                self.octets.extend_from_slice(header.wire_name.as_bytes());
                self.octets.extend_from_slice(b": ");
                self.octets.extend_from_slice(rest.as_bytes());
                self.octets.extend_from_slice(b"\r\n");
            }
            None => *off = off.saturating_sub(list(&header.text).count()),
        }
    }

    fn finish(mut self, message: &Message<'_>) -> Vec<u8> {
        let body = message.body();
        self.octets.extend_from_slice(b"Content-Length: ");
        self.octets.extend_from_slice(body.len().to_string().as_bytes());
        self.octets.extend_from_slice(b"\r\n\r\n");
        self.octets.extend_from_slice(body);
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamped;

    const INVITE: &[u8] = b"INVITE sip:bob@h SIP/2.0\r\n\
        v: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport, SIP/2.0/UDP b;branch=z9hG4bKb\r\n\
        Max-Forwards: 70\r\nRoute: <sip:p;lr>, <sip:q;lr>\r\nX-Own:  kept \r\n\
        f: <sip:alice@h>;tag=1\r\nt: <sip:bob@h>\r\ni: x@y\r\nCSeq: 7 INVITE\r\nl: 3\r\n\r\nabc";

    #[test]
    fn a_request_goes_on_with_the_elements_own_marks_and_nothing_else_changed() {
        let invite = Message::parse(INVITE).unwrap();
        let how = Forwarding {
            via: "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKn",
            uri: Some("sip:bob@10.0.0.7"),
            hops: invite.next_hops().unwrap(),
            routes_off: 1,
            record_route: Some("<sip:10.0.0.9;lr>"),
            more: &[("X-Mark", "1")],
            ..Forwarding::default()
        };
        let octets = forwarded(&invite, &how).unwrap();
        let text = String::from_utf8(octets).unwrap();
        assert_eq!(
            text,
            "INVITE sip:bob@10.0.0.7 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKn\r\nRecord-Route: <sip:10.0.0.9;lr>\r\n\
             v: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport, SIP/2.0/UDP b;branch=z9hG4bKb\r\n\
             Max-Forwards: 69\r\nRoute: <sip:q;lr>\r\nX-Own:  kept \r\n\
             f: <sip:alice@h>;tag=1\r\nt: <sip:bob@h>\r\ni: x@y\r\nCSeq: 7 INVITE\r\nX-Mark: 1\r\n\
             Content-Length: 3\r\n\r\nabc"
        );
        let broken = Forwarding { via: "a\r\nb", ..how };
        assert!(forwarded(&invite, &broken).is_err());
    }

    #[test]
    fn a_response_loses_its_topmost_via_and_goes_nowhere_without_another() {
        let octets = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a, SIP/2.0/UDP b\r\nVia: SIP/2.0/UDP c\r\n\r\n";
        let once = returned(&Message::parse(octets).unwrap()).unwrap();
        assert!(once.starts_with(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP b\r\nVia: SIP/2.0/UDP c\r\n"));
        let twice = returned(&Message::parse(&once).unwrap()).unwrap();
        assert!(twice.starts_with(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP c\r\n"));
        assert_eq!(returned(&Message::parse(&twice).unwrap()), None);
    }

    #[test]
    fn both_ways_to_stamp_read_the_same() {
        let invite = Message::parse(INVITE).unwrap();
        let source = "192.0.2.9:4711".parse().unwrap();
        let quick = stamped_octets(&invite, INVITE, source).unwrap().unwrap();
        let slow = stamped(&invite, source).unwrap().finish();
        let vias = |octets: &[u8]| -> Vec<String> {
            let own = Message::parse(octets).unwrap();
            own.vias().map(|via| via.unwrap().to_string()).collect()
        };
        assert_eq!(vias(&quick), vias(&slow));
        let (mut noted, stamp) = (invite.clone(), Stamp::of(&invite, source).unwrap().unwrap());
        noted.set_via(stamp.header(&invite).unwrap());
        let read = Message::parse(&quick).unwrap();
        assert_eq!((noted.value("Via"), noted.headers().len()), (read.value("Via"), read.headers().len()));
        assert!(noted.headers().iter().map(|own| &own.raw).eq(read.headers().iter().map(|own| &own.raw)));
        assert!(quick.ends_with(b"abc"));
        let plain = b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKx\r\n\r\n";
        assert_eq!(stamped_octets(&Message::parse(plain).unwrap(), plain, source), Ok(None));
    }
}
