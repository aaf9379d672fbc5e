//! One connection at its server: requests come out one after the other, each after the one before was answered, so that
//! answers go out in the order of their requests (RFC 9112 section 9.3.2).

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};

use crate::body::Body;
use crate::error::{Fault, HttpError};
use crate::head::{self, Head, HeadEnd};
use crate::limits::Limits;
use crate::write;

/// A connection at its server.
#[derive(Debug)]
pub struct ServerConnection {
    limits: Limits,
    buffer: BytesMut,
    /// Octets of the connection that stand in no buffer any more.
    passed: u64,
    end: HeadEnd,
    reading: Option<Reading>,
    /// The method of the request that waits for its answer, and whether the connection ends with that.
    answering: Option<(Method, bool)>,
    outgoing: VecDeque<Bytes>,
    /// No more requests are taken.
    done: bool,
    /// The client sends nothing more.
    ended: bool,
}

#[derive(Debug)]
struct Reading {
    head: Head<Request<()>>,
    body: Body,
}

impl ServerConnection {
    /// A connection that was taken just now.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            passed: 0,
            end: HeadEnd::default(),
            reading: None,
            answering: None,
            outgoing: VecDeque::new(),
            done: false,
            ended: false,
        }
    }

    /// Takes octets of the client.
    pub fn handle_octets(&mut self, octets: &[u8]) {
        if !self.done {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// The client sends nothing more.
    pub const fn handle_end(&mut self) {
        self.ended = true;
    }

    /// The next request; `None` while one waits for its answer. What cannot be read comes as its error: it is to be
    /// answered like a request, and the connection ends with the answer.
    pub fn poll_request(&mut self) -> Option<Result<Request<Bytes>, HttpError>> {
        if self.done || self.answering.is_some() {
            return self.refused_for_waiting();
        }
        match self.next() {
            Ok(Some(request)) => Some(Ok(request)),
            Ok(None) if self.ended && (self.reading.is_some() || !self.buffer.is_empty()) => {
                Some(Err(self.refuse(Fault::CutShort)))
            }
            Ok(None) => {
                self.done |= self.ended;
                None
            }
            Err(fault) => Some(Err(self.refuse(fault))),
        }
    }

    /// Answers the request that was polled last, or its error.
    pub fn answer(&mut self, answer: &Response<Bytes>) {
        if let Some((method, closes)) = self.answering.take() {
            self.done |= closes;
            self.outgoing.push_back(write::response(answer, &method, closes));
        }
    }

    /// What is to be sent next.
    pub fn poll_octets(&mut self) -> Option<Bytes> {
        self.outgoing.pop_front()
    }

    /// Whether nothing more comes of it: the connection is to be closed once all octets are sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done && self.answering.is_none() && self.outgoing.is_empty()
    }

    /// Whether a request waits for its answer.
    #[must_use]
    pub const fn is_answering(&self) -> bool {
        self.answering.is_some()
    }

    fn refused_for_waiting(&mut self) -> Option<Result<Request<Bytes>, HttpError>> {
        // The one that is being answered is answered still; what waits behind it is lost with the connection.
        if !self.done && self.buffer.len() > self.limits.waiting_max() {
            self.done = true;
            self.buffer.clear();
        }
        None
    }

    fn next(&mut self) -> Result<Option<Request<Bytes>>, Fault> {
        let before = self.buffer.len();
        let read = self.read();
        self.passed += u64::try_from(before - self.buffer.len()).unwrap_or_default();
        read
    }

    fn read(&mut self) -> Result<Option<Request<Bytes>>, Fault> {
        if self.reading.is_none() {
            head::skip_empty_lines(&mut self.buffer);
            let Some(length) = self.end.find(&self.buffer, self.limits)? else { return Ok(None) };
            let head = head::request(&self.buffer[..length])?;
            let _ = self.buffer.split_to(length);
            let body = Body::new(head.framing, self.limits)?;
            if head.expects_continue && self.buffer.is_empty() {
                self.outgoing.push_back(Bytes::from_static(write::CONTINUE));
            }
            self.reading = Some(Reading { head, body });
        }
        let Some(reading) = &mut self.reading else { return Ok(None) };
        let Some(body) = reading.body.take(&mut self.buffer, self.limits)? else { return Ok(None) };
        let Some(Reading { head, .. }) = self.reading.take() else { return Ok(None) };
        self.answering = Some((head.message.method().clone(), head.closes));
        Ok(Some(head.message.map(|()| body)))
    }

    fn refuse(&mut self, fault: Fault) -> HttpError {
        self.buffer.clear();
        self.reading = None;
        // Answered as a GET would be: with its body.
        self.answering = Some((Method::GET, true));
        HttpError { fault, at: self.passed }
    }
}
