//! The headers that every element reads: Via, name-addr, CSeq, and the plain numbers.

use std::borrow::Cow;
use std::fmt;

use crate::scan::{Scan, is_token, unquoted};
use crate::uri::host_port;
use crate::{Method, Params, ParseError, Uri};

/// The cookie with which a branch of RFC 3261 begins (section 8.1.1.7).
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// One Via (RFC 3261 section 20.42, RFC 3581).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, or any other.
    pub transport: &'a str,
    /// The host of sent-by.
    pub host: &'a str,
    /// The port of sent-by.
    pub port: Option<u16>,
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one Via that fills the text.
    ///
    /// # Errors
    /// What is not a Via, with its place in the text.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut scan = Scan::new(text, "Via");
        if text.starts_with("SIP/2.0/") {
            // As nearly everybody writes it.
            scan.jump("SIP/2.0/".len());
            scan.blanks();
        } else {
            Self::protocol(&mut scan)?;
        }
        let transport = scan.token("a transport")?;
        if !matches!(scan.peek(), Some(b' ' | b'\t')) {
            return Err(scan.expected("a blank behind the transport"));
        }
        scan.blanks();
        let (host, mut port) = host_port(&mut scan)?;
        if port.is_none() && scan.mark(b':') {
            port = u16::try_from(scan.number(u64::from(u16::MAX))?).ok();
        }
        let params = Params::of_header(&mut scan)?;
        scan.end("a semicolon or the end of the Via")?;
        Ok(Self { transport, host, port, params })
    }

    /// Takes `SIP/2.0/`, which may have blanks around its slashes.
    fn protocol(scan: &mut Scan<'a>) -> Result<(), ParseError> {
        if !scan.token("SIP/2.0")?.eq_ignore_ascii_case("SIP") {
            return Err(ParseError::expected("Via", 0, "SIP/2.0"));
        }
        let slash = |scan: &mut Scan<'a>| match scan.mark(b'/') {
            true => Ok(()),
            false => Err(scan.expected("a slash")),
        };
        slash(scan)?;
        let at = scan.at();
        if scan.token("the version 2.0")? != "2.0" {
            return Err(ParseError::expected("Via", at, "the version 2.0"));
        }
        slash(scan)
    }

    /// The branch, also one of RFC 2543.
    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        self.params.get("branch")
    }

    /// The branch, when it names a transaction by itself: it begins with the cookie and goes on.
    #[must_use]
    pub fn branch_unique(&self) -> Option<&'a str> {
        self.branch().filter(|branch| {
            branch.len() > BRANCH_COOKIE.len()
                && branch.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(BRANCH_COOKIE))
        })
    }

    /// Where the request came from, as the receiver noted it.
    #[must_use]
    pub fn received(&self) -> Option<&'a str> {
        self.params.get("received")
    }

    /// The port that the receiver noted; `Some(None)` is the wish that it does (RFC 3581 section 3).
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.get("rport").map(|port| port.parse().ok())
    }

    /// Whether messages on this transport are never lost, so that nothing is sent again (section 17).
    #[must_use]
    pub fn is_reliable(&self) -> bool {
        !self.transport.eq_ignore_ascii_case("UDP")
    }

    /// Host and port to which a response over UDP goes (RFC 3261 section 18.2.2, RFC 3581 section 4):
    /// maddr, else received, else sent-by; the port of rport where received counts.
    #[must_use]
    pub fn response_target(&self) -> (&'a str, u16) {
        let default = if self.transport.eq_ignore_ascii_case("TLS") { 5061 } else { 5060 };
        let sent = self.port.unwrap_or(default);
        if let Some(maddr) = self.params.get("maddr").filter(|host| !host.is_empty()) {
            return (maddr, sent);
        }
        let port = self.rport().flatten().unwrap_or(sent);
        (self.received().filter(|host| !host.is_empty()).unwrap_or(self.host), port)
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}

/// A name-addr or addr-spec with the parameters of its header: From, To, Contact, Route, Refer-To.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as it stands, with its quotes.
    pub display: Option<&'a str>,
    /// The URI.
    pub uri: Uri<'a>,
    /// The parameters of the header (not those of the URI).
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one that fills the text. Without angle brackets every parameter is the header's (RFC 3261
    /// section 20), and a question mark or comma may not stand.
    ///
    /// # Errors
    /// What is not a name-addr, with its place in the text.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        Self::parse_as(text, "name-addr")
    }

    pub(crate) fn parse_as(text: &'a str, what: &'static str) -> Result<Self, ParseError> {
        let mut scan = Scan::new(text, what);
        let named = |error: ParseError, base: usize| ParseError { what, ..error.moved(base) };
        let display = if scan.peek() == Some(b'"') {
            let display = scan.quoted()?;
            scan.blanks();
            Some(display)
        } else if text.contains('<') {
            // Names beyond ASCII should be quoted; enough phones do not.
            let display = scan.run(|octet| is_token(octet) || octet >= 0x80 || matches!(octet, b' ' | b'\t'));
            Some(display.trim_end()).filter(|display| !display.is_empty())
        } else {
            None
        };
        let (at, uri) = if scan.octet(b'<') {
            let at = scan.at();
            let uri = scan.run(|octet| octet != b'>');
            if !scan.octet(b'>') {
                return Err(scan.expected("the closing angle bracket"));
            }
            (at, uri)
        } else if display.is_some() || text.contains('<') {
            return Err(scan.expected("an opening angle bracket"));
        } else {
            let uri = scan.run(|octet| !matches!(octet, b';' | b' ' | b'\t' | b'?' | b','));
            (0, uri)
        };
        let uri = Uri::parse(uri).map_err(|error| named(error, at))?;
        let params = Params::of_header(&mut scan)?;
        scan.end("a semicolon or the end of the header")?;
        Ok(Self { display, uri, params })
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The display name without quotes and escapes.
    #[must_use]
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        self.display.map(unquoted)
    }

    /// The order of preference in thousandths, 1000 where it does not stand (RFC 3261 section 20.10).
    #[must_use]
    pub fn q_millis(&self) -> u16 {
        let Some(text) = self.params.get("q") else { return 1000 };
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let millis = format!("{part:0<3}").get(..3).and_then(|digits| digits.parse::<u16>().ok());
        match (whole, millis) {
            ("1", _) => 1000,
            (_, millis) => millis.unwrap_or(0),
        }
    }
}

impl fmt::Display for NameAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = self.display {
            write!(f, "{display} ")?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// CSeq (RFC 3261 section 20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The number, below 2³¹.
    pub number: u32,
    /// The method.
    pub method: Method<'a>,
}

impl<'a> CSeq<'a> {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// No number below 2³¹, or no method behind it.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut scan = Scan::new(text, "CSeq");
        let number = scan.number(0x7fff_ffff)?;
        if !matches!(scan.peek(), Some(b' ' | b'\t')) {
            return Err(scan.expected("a blank behind the number"));
        }
        scan.blanks();
        let method = Method(scan.token("a method")?);
        scan.end("the end of the header")?;
        Ok(Self { number: u32::try_from(number).unwrap_or(u32::MAX), method })
    }
}

impl fmt::Display for CSeq<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}
