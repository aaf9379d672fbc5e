//! Writes messages: the given headers in the given order, Content-Length last and always right.

use std::fmt::{Display, Write};

use crate::header::same_name;
use crate::scan::is_token;
use crate::{Message, Method, Start, reason};

/// What may not be written, because it would not read back as what was meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A name that is not a token.
    #[error("'{0}' is not the name of a header; letters, digits and -.!%*_+`'~ may stand")]
    Name(String),
    /// A value with a line end inside.
    #[error("the value of {0} has a line end inside; leave it out")]
    Value(String),
    /// A method, Request-URI or phrase with what the start line does not allow.
    #[error("'{0}' cannot stand in a start line; leave blanks and line ends out")]
    Start(String),
    /// A status outside 100 to 699.
    #[error("{0} is not a status; write one from 100 to 699")]
    Status(u16),
    /// A message lacks what the new one takes from it.
    #[error("the message lacks a right {0}, which the new one takes from it")]
    Source(&'static str),
    /// A field of a scenario has a value of the wrong kind.
    #[error("{field} takes {wanted}")]
    Field {
        /// The name of the field.
        field: String,
        /// What it takes.
        wanted: &'static str,
    },
}

/// A message that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    start: String,
    /// Names, and what stands behind the colon.
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Builder {
    /// A request.
    ///
    /// # Errors
    /// The method is no token, or the URI has blanks or line ends.
    pub fn request(method: Method<'_>, uri: impl Display) -> Result<Self, BuildError> {
        let uri = uri.to_string();
        if method.0.is_empty() || !method.0.bytes().all(is_token) {
            return Err(BuildError::Start(method.0.to_owned()));
        }
        if uri.is_empty() || uri.bytes().any(|octet| octet.is_ascii_whitespace()) {
            return Err(BuildError::Start(uri));
        }
        Ok(Self::with_start(format!("{method} {uri} SIP/2.0")))
    }

    /// A response; without a phrase it has that of its status.
    ///
    /// # Errors
    /// No status from 100 to 699, or a line end in the phrase.
    pub fn response(code: u16, phrase: Option<&str>) -> Result<Self, BuildError> {
        if !(100..=699).contains(&code) {
            return Err(BuildError::Status(code));
        }
        let phrase = phrase.unwrap_or_else(|| reason(code));
        if phrase.contains(['\r', '\n']) {
            return Err(BuildError::Start(phrase.to_owned()));
        }
        Ok(Self::with_start(format!("SIP/2.0 {code} {phrase}")))
    }

    /// The same message, every header with its octets and in its order, to be changed and sent on.
    #[must_use]
    pub fn of(message: &Message<'_>) -> Self {
        let start = match message.start() {
            Start::Request { method, uri } => format!("{method} {uri} SIP/2.0"),
            Start::Response { code, reason } => format!("SIP/2.0 {code} {reason}"),
        };
        let headers = message.headers().iter().filter(|own| !own.is("Content-Length"));
        let headers = headers.map(|own| (own.wire_name.to_owned(), own.raw.to_vec())).collect();
        Self { start, headers, body: message.body().to_vec() }
    }

    fn with_start(start: String) -> Self {
        Self { start, headers: Vec::with_capacity(12), body: Vec::new() }
    }

    /// Writes another Request-URI into a request; a response stays as it is.
    ///
    /// # Errors
    /// The URI has blanks or line ends.
    pub fn set_uri(&mut self, uri: impl Display) -> Result<(), BuildError> {
        let mut words = self.start.split(' ');
        if let (Some(method), Some(_), Some("SIP/2.0"), None) =
            (words.next(), words.next(), words.next(), words.next())
        {
            self.start = Self::request(Method(method), uri)?.start;
        }
        Ok(())
    }

    /// Appends a header. Content-Length is the builder's own and is left out.
    ///
    /// # Errors
    /// The name is no token, or the value has a line end.
    pub fn header(&mut self, name: &str, value: impl Display) -> Result<&mut Self, BuildError> {
        if let Some(header) = checked(name, value)? {
            self.headers.push(header);
        }
        Ok(self)
    }

    /// Writes a header before the first of its name, so that it is the topmost; before all others
    /// where there is none: a Via or Record-Route that an element adds.
    ///
    /// # Errors
    /// The name is no token, or the value has a line end.
    pub fn push_front(&mut self, name: &str, value: impl Display) -> Result<&mut Self, BuildError> {
        if let Some(header) = checked(name, value)? {
            let at = self.place(name).unwrap_or(0);
            self.headers.insert(at, header);
        }
        Ok(self)
    }

    /// Writes a header in the place of the first of its name, others of the name are removed; at the end
    /// where there is none.
    ///
    /// # Errors
    /// The name is no token, or the value has a line end.
    pub fn set(&mut self, name: &str, value: impl Display) -> Result<&mut Self, BuildError> {
        if let Some(header) = checked(name, value)? {
            let at = self.place(name).unwrap_or(self.headers.len());
            self.remove(name);
            self.headers.insert(at, header);
        }
        Ok(self)
    }

    /// Removes every header of this name.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.headers.retain(|(own, _)| !same_name(own, name));
        self
    }

    /// Removes the topmost value of a header that lists values, also where several stand on one line:
    /// the Via or Route of the element itself. Says whether there was one.
    pub fn pop_front(&mut self, name: &str) -> bool {
        let Some(at) = self.place(name) else { return false };
        let Some((_, raw)) = self.headers.get_mut(at) else { return false };
        let text = crate::header::text(raw).into_owned();
        match crate::scan::list(&text).nth(1) {
            Some((rest, _)) => *raw = [b" ", text.get(rest..).unwrap_or_default().as_bytes()].concat(),
            None => {
                self.headers.remove(at);
            }
        }
        true
    }

    /// The body with its type; an empty type writes no Content-Type.
    ///
    /// # Errors
    /// The type has a line end.
    pub fn body(&mut self, content_type: &str, body: &[u8]) -> Result<&mut Self, BuildError> {
        if !content_type.is_empty() {
            self.set("Content-Type", content_type)?;
        }
        body.clone_into(&mut self.body);
        Ok(self)
    }

    /// The octets of the message.
    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        let room: usize = self.headers.iter().map(|(name, raw)| name.len() + raw.len() + 3).sum();
        let mut octets = Vec::with_capacity(self.start.len() + room + self.body.len() + 40);
        octets.extend_from_slice(self.start.as_bytes());
        octets.extend_from_slice(b"\r\n");
        for (name, raw) in &self.headers {
            octets.extend_from_slice(name.as_bytes());
            octets.push(b':');
            octets.extend_from_slice(raw);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b"Content-Length: ");
        octets.extend_from_slice(self.body.len().to_string().as_bytes());
        octets.extend_from_slice(b"\r\n\r\n");
        octets.extend_from_slice(&self.body);
        octets
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.headers.iter().position(|(own, _)| same_name(own, name))
    }
}

fn checked(name: &str, value: impl Display) -> Result<Option<(String, Vec<u8>)>, BuildError> {
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(BuildError::Name(name.to_owned()));
    }
    let mut text = String::with_capacity(64);
    // Writing into a string cannot fail.
    write!(text, " {value}").unwrap_or(());
    if memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_some() {
        return Err(BuildError::Value(name.to_owned()));
    }
    Ok((!same_name(name, "Content-Length")).then(|| (name.to_owned(), text.into_bytes())))
}
