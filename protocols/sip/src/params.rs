//! Parameters behind a semicolon: `;tag=a73kszlfl;lr` (RFC 3261 section 25.1, generic-param).

use std::borrow::Cow;
use std::fmt;

use crate::ParseError;
use crate::scan::{Scan, is_token, unquoted};

/// Parameters that one URI or header may have; comparing two chains takes the product of their lengths.
const PARAMS_MAX: usize = 128;

/// A chain of parameters as it stands in the message, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a>(&'a str);

impl<'a> Params<'a> {
    /// Takes `*( SEMI name [ EQUAL value ] )`, where names and values are made of such octets, and
    /// values also of quoted strings.
    pub(crate) fn scan(
        scan: &mut Scan<'a>,
        is: impl Fn(u8) -> bool,
        quotes: bool,
    ) -> Result<Self, ParseError> {
        let from = scan.at();
        let mut count = 0;
        while scan.mark(b';') {
            count += 1;
            if count > PARAMS_MAX {
                return Err(scan.expected("no more than 128 parameters"));
            }
            scan.some("the name of a parameter", &is)?;
            if !scan.mark(b'=') {
                continue;
            }
            if quotes && scan.peek() == Some(b'"') {
                scan.quoted()?;
            } else {
                scan.some("the value of a parameter", |octet| {
                    is(octet) || matches!(octet, b'[' | b']' | b':')
                })?;
            }
        }
        Ok(Self(scan.slice(from, scan.at())))
    }

    pub(crate) fn of_header(scan: &mut Scan<'a>) -> Result<Self, ParseError> {
        Self::scan(scan, is_token, true)
    }

    /// Name and value of each, in order; quotes stay, a parameter without value has none.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let mut scan = Scan::new(self.0, "parameter");
        let mut plain = self.plain();
        std::iter::from_fn(move || {
            if let Some(rest) = plain {
                let own = rest.strip_prefix(';')?;
                let end = memchr::memchr(b';', own.as_bytes()).unwrap_or(own.len());
                let (own, rest) = own.split_at_checked(end)?;
                plain = Some(rest);
                return Some(match memchr::memchr(b'=', own.as_bytes()) {
                    None => (own, None),
                    Some(at) => (own.get(..at)?, Some(own.get(at + 1..)?)),
                });
            }
            if !scan.mark(b';') {
                return None;
            }
            let name = scan.run(|octet| !matches!(octet, b'=' | b';' | b' ' | b'\t'));
            if !scan.mark(b'=') {
                return Some((name, None));
            }
            let value = if scan.peek() == Some(b'"') {
                scan.quoted().unwrap_or_default()
            } else {
                scan.run(|octet| !matches!(octet, b';' | b' ' | b'\t'))
            };
            Some((name, Some(value)))
        })
    }

    /// The chain where it has neither quotes nor blanks, as nearly every chain: then each semicolon begins a parameter.
    fn plain(self) -> Option<&'a str> {
        memchr::memchr3(b'"', b' ', b'\t', self.0.as_bytes()).is_none().then_some(self.0)
    }

    /// The value of the first parameter of this name, empty when it has none; names are compared
    /// without case.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// The same, without quotes and escapes.
    #[must_use]
    pub fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).map(unquoted)
    }

    /// Whether a parameter of this name stands, with or without value.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The parameters as they stand, with the leading semicolon.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
