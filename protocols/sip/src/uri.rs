//! SIP, SIPS and tel URIs: reading, escaping, comparison (RFC 3261 section 19.1, RFC 3966).

use std::borrow::Cow;
use std::fmt;

use crate::scan::{Octets, Scan, alphanumeric_and};
use crate::{Params, ParseError};

/// The scheme of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Any other, as it stands.
    Other(&'a str),
}

/// A URI, as views into its text; escapes stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The URI as it stands.
    pub text: &'a str,
    /// Its scheme.
    pub scheme: Scheme<'a>,
    /// The user; the number of a tel URI.
    pub user: Option<&'a str>,
    /// The password, which nobody should send.
    pub password: Option<&'a str>,
    /// The host, an IPv6 address in its brackets; what follows the scheme where that is another; empty
    /// in a tel URI.
    pub host: &'a str,
    /// The port.
    pub port: Option<u16>,
    /// The parameters of the URI.
    pub params: Params<'a>,
    /// Headers behind the question mark, without it.
    pub headers: Option<&'a str>,
}

// Beside letters and digits: `unreserved` everywhere, and what each part allows further.
static USER: Octets = alphanumeric_and(b"-_.!~*'()%&=+$,;?/#[]");
static PASSWORD: Octets = alphanumeric_and(b"-_.!~*'()%&=+$,:");
static PARAM: Octets = alphanumeric_and(b"-_.!~*'()%[]/:&+$");
static HEADER: Octets = alphanumeric_and(b"-_.!~*'()%[]/:&+$?=");
static HOST: Octets = alphanumeric_and(b"-._");

fn is_user(octet: u8) -> bool {
    USER[usize::from(octet)]
}

fn is_password(octet: u8) -> bool {
    PASSWORD[usize::from(octet)]
}

fn is_param(octet: u8) -> bool {
    PARAM[usize::from(octet)]
}

fn is_header(octet: u8) -> bool {
    HEADER[usize::from(octet)]
}

fn is_host(octet: u8) -> bool {
    HOST[usize::from(octet)]
}

impl<'a> Uri<'a> {
    /// Reads a URI that fills the text.
    ///
    /// # Errors
    /// What is not a URI, with its place in the text.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut scan = Scan::new(text, "URI");
        let scheme = scan
            .some("a scheme", |octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'))?;
        if !scan.octet(b':') {
            return Err(scan.expected("a colon behind the scheme"));
        }
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("sip") => Scheme::Sip,
            _ if scheme.eq_ignore_ascii_case("sips") => Scheme::Sips,
            _ if scheme.eq_ignore_ascii_case("tel") => Scheme::Tel,
            _ => Scheme::Other(scheme),
        };
        let mut uri = Self {
            text,
            scheme,
            user: None,
            password: None,
            host: "",
            port: None,
            params: Params::default(),
            headers: None,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => uri.sip(&mut scan)?,
            Scheme::Tel => {
                uri.user = Some(scan.some("a telephone number", |octet| {
                    octet.is_ascii_hexdigit()
                        || matches!(octet, b'+' | b'-' | b'.' | b'(' | b')' | b'*' | b'#')
                })?);
                uri.params = params(&mut scan)?;
            }
            Scheme::Other(_) => {
                uri.host = scan.some("something behind the scheme", |octet| octet.is_ascii_graphic())?;
            }
        }
        escapes(text)?;
        if scan.rest().is_empty() { Ok(uri) } else { Err(scan.expected("the end of the URI")) }
    }

    fn sip(&mut self, scan: &mut Scan<'a>) -> Result<(), ParseError> {
        let start = scan.at();
        // The last part before an at sign is the user; without one everything is the host.
        if scan.rest().contains('@') {
            let user = scan.some("a user", is_user)?;
            self.user = Some(user);
            if scan.octet(b':') {
                self.password = Some(scan.run(is_password));
            }
            if !scan.octet(b'@') {
                // An at sign may stand in a header of the URI: then there is no user.
                let here = *scan;
                scan.jump(start);
                (self.user, self.password) = (None, None);
                if self.host_and_rest(scan).is_ok() && scan.rest().is_empty() {
                    return Ok(());
                }
                return Err(here.expected("an at sign behind the user"));
            }
        }
        self.host_and_rest(scan)
    }

    fn host_and_rest(&mut self, scan: &mut Scan<'a>) -> Result<(), ParseError> {
        (self.host, self.port) = host_port(scan)?;
        self.params = params(scan)?;
        if scan.octet(b'?') {
            self.headers = Some(scan.some("the headers of the URI", is_header)?);
        }
        Ok(())
    }

    /// The user without escapes.
    #[must_use]
    pub fn user_plain(&self) -> Option<Cow<'a, str>> {
        self.user.map(unescape)
    }

    /// The port, or the default of the scheme and transport (RFC 3261 section 19.1.2): 5061 for sips
    /// and TLS, else 5060.
    #[must_use]
    pub fn port_or_default(&self) -> u16 {
        let tls = self.params.get("transport").is_some_and(|name| name.eq_ignore_ascii_case("tls"));
        self.port.unwrap_or(if tls || self.scheme == Scheme::Sips { 5061 } else { 5060 })
    }

    /// Whether the two are equivalent (RFC 3261 section 19.1.4, RFC 3966 section 4).
    #[must_use]
    pub fn matches(&self, other: &Uri<'_>) -> bool {
        match (self.scheme, other.scheme) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => {}
            (Scheme::Tel, Scheme::Tel) => {
                let digits = |uri: &Uri<'_>| {
                    let number = uri.user.unwrap_or_default().to_ascii_lowercase();
                    number.replace(['-', '.', '(', ')'], "")
                };
                let within = |left: Params<'_>, right: Params<'_>| {
                    left.iter().all(|(name, value)| {
                        right.get(name).is_some_and(|own| own.eq_ignore_ascii_case(value.unwrap_or_default()))
                    })
                };
                return digits(self) == digits(other)
                    && within(self.params, other.params)
                    && within(other.params, self.params);
            }
            _ => return self.text == other.text,
        }
        let same = |left: Option<&str>, right: Option<&str>| left.map(unescape) == right.map(unescape);
        same(self.user, other.user)
            && same(self.password, other.password)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
            && params_match(self.params, other.params)
            && params_match(other.params, self.params)
            && headers_match(self.headers, other.headers)
    }
}

/// Parameters that both have must be equal; these four must be in both or neither.
fn params_match(left: Params<'_>, right: Params<'_>) -> bool {
    left.iter().all(|(name, value)| match right.get(name) {
        Some(own) => unescape(own).eq_ignore_ascii_case(&unescape(value.unwrap_or_default())),
        None => !["user", "ttl", "method", "maddr"].iter().any(|special| name.eq_ignore_ascii_case(special)),
    })
}

/// Headers must be the same, in any order.
fn headers_match(left: Option<&str>, right: Option<&str>) -> bool {
    let sorted = |headers: Option<&str>| {
        let mut pairs: Vec<(String, String)> = headers
            .unwrap_or_default()
            .split('&')
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (unescape(name).to_ascii_lowercase(), unescape(value).into_owned())
            })
            .collect();
        pairs.sort();
        pairs
    };
    sorted(left) == sorted(right)
}

fn params<'a>(scan: &mut Scan<'a>) -> Result<Params<'a>, ParseError> {
    Params::scan(scan, is_param, false)
}

/// Takes a host and, behind a colon, a port.
pub(crate) fn host_port<'a>(scan: &mut Scan<'a>) -> Result<(&'a str, Option<u16>), ParseError> {
    let from = scan.at();
    if scan.octet(b'[') {
        let inside = scan.run(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.'));
        if inside.parse::<std::net::Ipv6Addr>().is_err() {
            scan.jump(from);
            return Err(scan.expected("an IPv6 address in brackets"));
        }
        if !scan.octet(b']') {
            return Err(scan.expected("the closing bracket of the address"));
        }
    } else {
        scan.some("a host", is_host)?;
    }
    let host = scan.slice(from, scan.at());
    if !scan.octet(b':') {
        return Ok((host, None));
    }
    let port = scan.number(u64::from(u16::MAX))?;
    Ok((host, u16::try_from(port).ok()))
}

/// Every percent sign has two hexadecimal digits behind it.
fn escapes(text: &str) -> Result<(), ParseError> {
    let octets = text.as_bytes();
    let broken = memchr::memchr_iter(b'%', octets)
        .find(|at| !octets.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)));
    broken.map_or(Ok(()), |at| Err(ParseError::expected("URI", at, "two hexadecimal digits behind %")))
}

/// A text without its percent escapes; what they give beyond UTF-8 is shown as the replacement character.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| tail.get(..2).and_then(|two| std::str::from_utf8(two).ok()))
            .flatten()
            .filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        octets.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&octets).into_owned().into()
}

/// A text as the user of a URI, with what may not stand there escaped.
#[must_use]
pub fn escape_user(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet != b'%' && octet != b'#' && octet != b'[' && octet != b']' && is_user(octet) {
            escaped.push(char::from(octet));
        } else {
            escaped.push_str(&format!("%{octet:02X}"));
        }
    }
    escaped
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text).unwrap()
    }

    #[test]
    fn the_parts_of_a_uri_are_told_apart() {
        let own = uri("sip:al%69ce;x=1:pw@[2001:db8::1]:5070;transport=tcp;lr?Subject=a%20b&Priority=urgent");
        assert_eq!((own.user, own.password), (Some("al%69ce;x=1"), Some("pw")));
        assert_eq!(own.user_plain().as_deref(), Some("alice;x=1"));
        assert_eq!((own.host, own.port), ("[2001:db8::1]", Some(5070)));
        assert_eq!((own.params.get("transport"), own.params.get("lr")), (Some("tcp"), Some("")));
        assert_eq!(own.headers, Some("Subject=a%20b&Priority=urgent"));
        assert_eq!(uri("sips:h").port_or_default(), 5061);
        assert_eq!(uri("tel:+1-212-555;phone-context=x").user, Some("+1-212-555"));
        assert_eq!(uri("sip:h?To=a%40b").user, None);
    }

    /// The pairs of RFC 3261 section 19.1.4.
    #[test]
    fn uris_are_compared_as_the_rfc_does() {
        let same = [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("tel:+1-212-555", "tel:+1(212)555"),
        ];
        for (left, right) in same {
            assert!(uri(left).matches(&uri(right)), "{left} = {right}");
        }
        let different = [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=phone"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:bob@h", "sips:bob@h"),
        ];
        for (left, right) in different {
            assert!(!uri(left).matches(&uri(right)), "{left} ≠ {right}");
        }
    }

    #[test]
    fn what_is_no_uri_is_refused_where_it_breaks() {
        let at = |text: &str| Uri::parse(text).unwrap_err().offset;
        assert_eq!(at("sip"), 3);
        assert_eq!(at("sip:"), 4);
        assert_eq!(at("sip:a@h:70000"), 8);
        assert_eq!(at("sip:a%4@h"), 5);
        assert_eq!(at("sip:a@[::g]"), 9);
        assert_eq!(at("sip:a@[:]"), 6);
        assert_eq!(at("sip:a@h;x y"), 9);
        assert!(Uri::parse(&format!("sip:h{}", ";a".repeat(128))).is_ok());
        assert_eq!(at(&format!("sip:h{}", ";a".repeat(129))), 5 + 2 * 128 + 1);
    }

    #[test]
    fn an_escaped_user_reads_as_the_text_it_was() {
        for text in ["alice", "a b@c", "50%", "é#[]"] {
            let written = format!("sip:{}@h", escape_user(text));
            assert_eq!(uri(&written).user_plain().as_deref(), Some(text));
        }
    }
}
