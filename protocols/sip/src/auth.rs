//! Authorization, WWW-Authenticate and their proxy kin, taken apart (RFC 3261 section 25.1, RFC 7616).

use std::borrow::Cow;

use crate::scan::{Scan, unquoted};
use crate::{Message, ParseError};

/// Parameters that one challenge or one answer may have.
const PARAMS_MAX: usize = 64;

/// A challenge or the answer to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The scheme: `Digest`.
    pub scheme: &'a str,
    /// What follows the scheme, as it stands.
    pub text: &'a str,
    params: Vec<(&'a str, &'a str)>,
}

impl<'a> Auth<'a> {
    /// Reads the value of the header. Of a scheme that is not Digest only the name is read.
    ///
    /// # Errors
    /// A parameter without name or value, or a quotation mark without its partner.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut scan = Scan::new(text, "authentication");
        let scheme = scan.token("a scheme")?;
        scan.blanks();
        let mut own = Self { scheme, text: scan.rest(), params: Vec::new() };
        if !own.is_digest() {
            return Ok(own);
        }
        loop {
            let name = scan.token("the name of a parameter")?;
            if !scan.mark(b'=') {
                return Err(scan.expected("an equals sign"));
            }
            let value = if scan.peek() == Some(b'"') {
                scan.quoted()?
            } else {
                scan.some("the value of a parameter", |octet| octet.is_ascii_graphic() && octet != b',')?
            };
            own.params.push((name, value));
            if own.params.len() > PARAMS_MAX {
                return Err(scan.expected("fewer parameters"));
            }
            if !scan.mark(b',') {
                break;
            }
        }
        scan.end("a comma or the end of the header")?;
        Ok(own)
    }

    /// Whether the scheme is Digest.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    /// The value of a parameter, without quotes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| unquoted(value))
    }

    /// Names and values in their order, with quotes.
    pub fn params(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.params.iter().copied()
    }
}

impl Message<'_> {
    /// Every value of a header of this kind, in order: `Authorization`, `WWW-Authenticate`,
    /// `Proxy-Authorization`, `Proxy-Authenticate`. Each stands on a line of its own (RFC 3261
    /// section 7.3.1).
    pub fn auths<'m>(&'m self, name: &'m str) -> impl Iterator<Item = Result<Auth<'m>, ParseError>> {
        self.all(name).map(|own| Auth::parse(&own.text).map_err(|error| error.moved(own.offset)))
    }
}
