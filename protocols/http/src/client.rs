//! One connection at its client: requests go out, and their responses come in the same order.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, StatusCode};

use crate::body::Body;
use crate::error::{Fault, HttpError};
use crate::head::{self, Head, HeadEnd};
use crate::limits::{Limits, PENDING_MAX};
use crate::write;

/// A connection at its client.
#[derive(Debug)]
pub struct ClientConnection {
    limits: Limits,
    buffer: BytesMut,
    passed: u64,
    end: HeadEnd,
    reading: Option<Reading>,
    /// The methods of the requests that wait for their responses.
    pending: VecDeque<Method>,
    outgoing: VecDeque<Bytes>,
    done: bool,
    ended: bool,
}

#[derive(Debug)]
struct Reading {
    head: Head<Response<()>>,
    body: Body,
}

impl ClientConnection {
    /// A connection over which nothing was sent yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            passed: 0,
            end: HeadEnd::default(),
            reading: None,
            pending: VecDeque::new(),
            outgoing: VecDeque::new(),
            done: false,
            ended: false,
        }
    }

    /// Sends a request behind those that were sent; `false`, and nothing is sent, when too many wait or the connection is
    /// done.
    pub fn send(&mut self, request: &Request<Bytes>) -> bool {
        if self.done || self.ended || self.pending.len() >= PENDING_MAX {
            return false;
        }
        self.pending.push_back(request.method().clone());
        self.outgoing.push_back(write::request(request));
        true
    }

    /// Takes octets of the server.
    pub fn handle_octets(&mut self, octets: &[u8]) {
        if !self.done {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// The server sends nothing more.
    pub const fn handle_end(&mut self) {
        self.ended = true;
    }

    /// The next response; an error is the last that comes.
    pub fn poll_response(&mut self) -> Option<Result<Response<Bytes>, HttpError>> {
        if self.done {
            return None;
        }
        match self.next() {
            Ok(Some(response)) => Some(Ok(response)),
            Ok(None) if self.ended => {
                let open = self.reading.is_some() || !self.buffer.is_empty() || !self.pending.is_empty();
                self.done = true;
                open.then(|| Err(self.broken(Fault::CutShort)))
            }
            Ok(None) => None,
            Err(fault) => Some(Err(self.broken(fault))),
        }
    }

    /// What is to be sent next.
    pub fn poll_octets(&mut self) -> Option<Bytes> {
        self.outgoing.pop_front()
    }

    /// How many requests wait for their responses.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether no more requests can be sent; the connection is to be closed.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    fn next(&mut self) -> Result<Option<Response<Bytes>>, Fault> {
        let before = self.buffer.len();
        let read = self.read();
        self.passed += u64::try_from(before - self.buffer.len()).unwrap_or_default();
        read
    }

    fn read(&mut self) -> Result<Option<Response<Bytes>>, Fault> {
        loop {
            if self.reading.is_none() {
                head::skip_empty_lines(&mut self.buffer);
                let Some(length) = self.end.find(&self.buffer, self.limits)? else { return Ok(None) };
                let asked = self.pending.front().ok_or(Fault::Unasked)?;
                let head = head::response(&self.buffer[..length], asked)?;
                let _ = self.buffer.split_to(length);
                // Signs on the way are no answers (RFC 9110 section 15.2); none that was asked for changes the protocol.
                if head.message.status().is_informational() {
                    if head.message.status() == StatusCode::SWITCHING_PROTOCOLS {
                        return Err(Fault::Head);
                    }
                    continue;
                }
                let body = Body::new(head.framing, self.limits)?;
                self.reading = Some(Reading { head, body });
            }
            let Some(reading) = &mut self.reading else { return Ok(None) };
            let whole = reading.body.take(&mut self.buffer, self.limits)?;
            let whole = whole.or_else(|| if self.ended { reading.body.end() } else { None });
            let Some(body) = whole else { return Ok(None) };
            let Some(Reading { head, .. }) = self.reading.take() else { return Ok(None) };
            self.pending.pop_front();
            self.done |= head.closes;
            return Ok(Some(head.message.map(|()| body)));
        }
    }

    fn broken(&mut self, fault: Fault) -> HttpError {
        self.done = true;
        self.buffer.clear();
        self.reading = None;
        HttpError { fault, at: self.passed }
    }
}
