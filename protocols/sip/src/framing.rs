//! Messages out of datagrams and streams, and the line ends that keep a connection open (RFC 3261
//! section 18.3, RFC 5626 section 3.5.1).

use crate::message::Head;
use crate::{BODY_LEN_MAX, HEAD_LEN_MAX, Message, ParseError, ParseFault};

/// What a datagram was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// A message.
    Message(Message<'a>),
    /// Nothing but line ends or zeros, which keep a binding of a NAT open.
    KeepAlive,
}

/// Reads a datagram.
///
/// # Errors
/// It is neither a message nor a keep-alive.
pub fn datagram(octets: &[u8]) -> Result<Datagram<'_>, ParseError> {
    if octets.iter().all(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
        return Ok(Datagram::KeepAlive);
    }
    Message::parse(octets).map(Datagram::Message)
}

/// What stood next in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The octets of one message.
    Message(Vec<u8>),
    /// Two line ends: the sender wants one back ([`PONG`]).
    Ping,
    /// One line end: the answer to a ping, or nothing at all.
    Pong,
}

/// The octets of a ping.
pub const PING: &[u8] = b"\r\n\r\n";
/// The octets of its answer.
pub const PONG: &[u8] = b"\r\n";

/// The octets of a stream that are not a whole message yet.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    octets: Vec<u8>,
    /// How far the end of the head was looked for.
    searched: usize,
    broken: Option<ParseError>,
}

impl Stream {
    /// An empty stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes octets that arrived.
    pub fn handle_octets(&mut self, octets: &[u8]) {
        if self.broken.is_none() {
            self.octets.extend_from_slice(octets);
        }
    }

    /// The next message or keep-alive, `None` until more octets arrive.
    ///
    /// # Errors
    /// The stream cannot be read on, because where the next message begins is not known: the head is
    /// broken or longer than [`HEAD_LEN_MAX`], Content-Length is missing, no number, or beyond
    /// [`BODY_LEN_MAX`]. The connection has to be closed; every later call fails too.
    pub fn poll_frame(&mut self) -> Result<Option<Frame>, ParseError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let result = self.next();
        if let Err(error) = &result {
            self.broken = Some(*error);
        }
        result
    }

    /// Takes the octets that are no whole message yet: of a broken stream those at which it broke, which may do to answer
    /// them before the connection is closed.
    pub fn take_rest(&mut self) -> Vec<u8> {
        self.searched = 0;
        std::mem::take(&mut self.octets)
    }

    fn next(&mut self) -> Result<Option<Frame>, ParseError> {
        if self.octets.starts_with(PING) {
            return Ok(Some(self.keep_alive(PING.len(), Frame::Ping)));
        }
        match self.octets.as_slice() {
            [] | [b'\r'] | [b'\r', b'\n', b'\r'] => return Ok(None),
            [b'\r', b'\n', ..] => return Ok(Some(self.keep_alive(2, Frame::Pong))),
            [b'\n', ..] => return Ok(Some(self.keep_alive(1, Frame::Pong))),
            _ => {}
        }
        if !self.has_head() {
            if self.octets.len() > HEAD_LEN_MAX {
                let fault = ParseFault::TooLong(HEAD_LEN_MAX);
                return Err(ParseError { what: "header", offset: HEAD_LEN_MAX, fault });
            }
            return Ok(None);
        }
        let Head { message, len } = Head::parse(&self.octets)?;
        let missing = ParseError { what: "Content-Length", offset: len, fault: ParseFault::Missing };
        let announced = message.content_length()?.ok_or(missing)?;
        let too_long = ParseError { fault: ParseFault::TooLong(BODY_LEN_MAX), ..missing };
        let body = usize::try_from(announced).ok().filter(|body| *body <= BODY_LEN_MAX).ok_or(too_long)?;
        if self.octets.len() < len + body {
            return Ok(None);
        }
        let rest = self.octets.split_off(len + body);
        let whole = std::mem::replace(&mut self.octets, rest);
        self.searched = 0;
        Ok(Some(Frame::Message(whole)))
    }

    fn keep_alive(&mut self, len: usize, frame: Frame) -> Frame {
        self.octets.drain(..len);
        self.searched = 0;
        frame
    }

    /// Whether the empty line behind the headers has arrived.
    fn has_head(&mut self) -> bool {
        let from = self.searched.saturating_sub(3);
        let fresh = self.octets.get(from..).unwrap_or_default();
        let found = (0..fresh.len()).find(|at| {
            let rest = fresh.get(*at..).unwrap_or_default();
            rest.starts_with(b"\n\r\n") || rest.starts_with(b"\n\n")
        });
        match found {
            // Left where it is: the body may take several more arrivals.
            Some(at) => self.searched = from + at,
            None => self.searched = self.octets.len(),
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc";

    #[test]
    fn messages_come_out_whole_however_the_stream_is_cut() {
        let stream = [PING, ONE, PONG, ONE, ONE].concat();
        for step in 1..stream.len() {
            let mut own = Stream::new();
            let (mut messages, mut octets) = (0, 0);
            for part in stream.chunks(step) {
                own.handle_octets(part);
                while let Some(frame) = own.poll_frame().unwrap() {
                    if let Frame::Message(message) = frame {
                        assert_eq!(message, ONE);
                        messages += 1;
                    } else {
                        octets += 1;
                    }
                }
            }
            assert_eq!(messages, 3, "cut by {step}");
            assert!((2..=3).contains(&octets), "cut by {step}");
        }
    }

    #[test]
    fn a_ping_is_told_from_a_pong() {
        let mut own = Stream::new();
        own.handle_octets(PING);
        assert_eq!(own.poll_frame(), Ok(Some(Frame::Ping)));
        own.handle_octets(PONG);
        assert_eq!(own.poll_frame(), Ok(Some(Frame::Pong)));
        assert_eq!(own.poll_frame(), Ok(None));
    }

    #[test]
    fn a_stream_without_a_length_is_given_up_for_good() {
        let mut own = Stream::new();
        own.handle_octets(b"OPTIONS sip:a SIP/2.0\r\n\r\n");
        assert_eq!(own.poll_frame().unwrap_err().fault, ParseFault::Missing);
        own.handle_octets(ONE);
        assert!(own.poll_frame().is_err());
        let mut endless = Stream::new();
        endless.handle_octets(&vec![b'a'; HEAD_LEN_MAX + 1]);
        assert_eq!(endless.poll_frame().unwrap_err().status(), 513);
    }

    #[test]
    fn a_datagram_of_line_ends_keeps_alive() {
        assert_eq!(datagram(PING), Ok(Datagram::KeepAlive));
        assert!(matches!(datagram(ONE), Ok(Datagram::Message(_))));
        assert!(datagram(b"hello").is_err());
    }
}
