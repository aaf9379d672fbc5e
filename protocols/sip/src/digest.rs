//! Digest authentication with MD5, SHA-256 and SHA-512/256 (RFC 3261 section 22, RFC 7616, RFC 8760): the
//! client answers a challenge, the server makes challenges and judges answers. Nonces are made of the
//! time, of octets that the caller drew, and of the server's key; none has to be kept to be known again.

use std::collections::BTreeMap;
use std::time::Duration;

use md5::Digest as _;
use tollgate_time::Instant;

use crate::Auth;
use crate::scan::quoted;

/// Nonces whose counts a server remembers.
pub const NONCES_MAX: usize = 1 << 16;

/// A hash, with or without a session key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// `MD5`, and what counts where none is named.
    #[default]
    Md5,
    /// `MD5-sess`
    Md5Sess,
    /// `SHA-256`
    Sha256,
    /// `SHA-256-sess`
    Sha256Sess,
    /// `SHA-512-256`
    Sha512Trunc256,
    /// `SHA-512-256-sess`
    Sha512Trunc256Sess,
}

impl Algorithm {
    const ALL: [Self; 6] = [
        Self::Md5,
        Self::Md5Sess,
        Self::Sha256,
        Self::Sha256Sess,
        Self::Sha512Trunc256,
        Self::Sha512Trunc256Sess,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
            Self::Sha512Trunc256 => "SHA-512-256",
            Self::Sha512Trunc256Sess => "SHA-512-256-sess",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name().eq_ignore_ascii_case(name))
    }

    const fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess | Self::Sha512Trunc256Sess)
    }

    /// The hash of the parts with colons between them, in hexadecimal digits.
    fn hash(self, parts: &[&[u8]]) -> String {
        let octets = parts.join(&b':');
        match self {
            Self::Md5 | Self::Md5Sess => hex(&md5::Md5::digest(octets)),
            Self::Sha256 | Self::Sha256Sess => hex(&sha2::Sha256::digest(octets)),
            Self::Sha512Trunc256 | Self::Sha512Trunc256Sess => hex(&sha2::Sha512_256::digest(octets)),
        }
    }
}

/// Why a challenge cannot be answered, or an answer not be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// A parameter is missing.
    #[error("the parameter '{0}' is missing")]
    Missing(&'static str),
    /// None of the challenges can be answered.
    #[error(
        "no challenge is Digest with MD5, SHA-256 or SHA-512-256 and without or with qop auth or auth-int"
    )]
    Unsupported,
    /// The nonce count is not eight hexadecimal digits.
    #[error("the nonce count '{0}' is not eight hexadecimal digits")]
    Count(String),
}

/// What a response is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parameters<'a> {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// `auth`, `auth-int`, or none as in RFC 2069.
    pub qop: Option<&'a str>,
    /// The realm of the challenge.
    pub realm: &'a str,
    /// The nonce of the challenge.
    pub nonce: &'a str,
    /// The user.
    pub username: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The URI that is protected, the Request-URI of the one who answers.
    pub uri: &'a str,
    /// The client's nonce; counts with a qop or a session.
    pub cnonce: &'a str,
    /// How often the nonce was used, from 1; counts with a qop.
    pub count: u32,
    /// The body; counts with `auth-int`.
    pub body: &'a [u8],
}

impl Parameters<'_> {
    /// The response that proves this password, in hexadecimal digits.
    #[must_use]
    pub fn response(&self, password: &str) -> String {
        self.response_to_ha1(&self.algorithm.hash(&[
            self.username.as_bytes(),
            self.realm.as_bytes(),
            password.as_bytes(),
        ]))
    }

    /// The same from `H(username:realm:password)`, where a server stores that.
    #[must_use]
    pub fn response_to_ha1(&self, ha1: &str) -> String {
        let hash = |parts: &[&[u8]]| self.algorithm.hash(parts);
        let (nonce, cnonce) = (self.nonce.as_bytes(), self.cnonce.as_bytes());
        let ha1 = match self.algorithm.is_session() {
            true => hash(&[ha1.as_bytes(), nonce, cnonce]),
            false => ha1.to_owned(),
        };
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let ha2 = match self.qop {
            Some(qop) if qop.eq_ignore_ascii_case("auth-int") => {
                hash(&[method, uri, hash(&[self.body]).as_bytes()])
            }
            _ => hash(&[method, uri]),
        };
        match self.qop {
            None => hash(&[ha1.as_bytes(), nonce, ha2.as_bytes()]),
            Some(qop) => {
                let count = format!("{:08x}", self.count);
                let parts = [ha1.as_bytes(), nonce, count.as_bytes(), cnonce, qop.as_bytes(), ha2.as_bytes()];
                hash(&parts)
            }
        }
    }
}

/// Who a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login<'a> {
    /// The user.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
}

/// The request that a client sends with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protected<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its Request-URI.
    pub uri: &'a str,
    /// Its body.
    pub body: &'a [u8],
}

/// The value of Authorization or Proxy-Authorization: the answer to the topmost challenge that can be
/// answered (RFC 8760 section 2.4). `cnonce` is what the caller drew, `count` how often this nonce was
/// used with this request.
///
/// # Errors
/// None can be answered, or it lacks realm or nonce.
pub fn answer(
    challenges: &[Auth<'_>],
    login: Login<'_>,
    request: Protected<'_>,
    cnonce: &str,
    count: u32,
) -> Result<String, DigestError> {
    let (challenge, algorithm, qop) =
        challenges.iter().find_map(supported).ok_or(DigestError::Unsupported)?;
    let realm = challenge.get("realm").ok_or(DigestError::Missing("realm"))?;
    let nonce = challenge.get("nonce").ok_or(DigestError::Missing("nonce"))?;
    let parameters = Parameters {
        algorithm,
        qop,
        realm: &realm,
        nonce: &nonce,
        username: login.username,
        method: request.method,
        uri: request.uri,
        cnonce,
        count,
        body: request.body,
    };
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\"",
        quoted(login.username),
        quoted(&realm),
        quoted(&nonce),
        quoted(request.uri),
        parameters.response(login.password)
    );
    if challenge.get("algorithm").is_some() {
        value.push_str(&format!(", algorithm={}", algorithm.name()));
    }
    if qop.is_some() || algorithm.is_session() {
        value.push_str(&format!(", cnonce={}", quoted(cnonce)));
    }
    if let Some(qop) = qop {
        value.push_str(&format!(", qop={qop}, nc={count:08x}"));
    }
    if let Some(opaque) = challenge.get("opaque") {
        value.push_str(&format!(", opaque={}", quoted(&opaque)));
    }
    Ok(value)
}

fn supported<'c, 'a>(auth: &'c Auth<'a>) -> Option<(&'c Auth<'a>, Algorithm, Option<&'static str>)> {
    if !auth.is_digest() {
        return None;
    }
    let algorithm = auth.get("algorithm").map_or(Some(Algorithm::Md5), |name| Algorithm::of(&name))?;
    let Some(offered) = auth.get("qop") else { return Some((auth, algorithm, None)) };
    let offers = |name: &str| offered.split(',').any(|own| own.trim().eq_ignore_ascii_case(name));
    let qop = ["auth", "auth-int"].into_iter().find(|name| offers(name))?;
    Some((auth, algorithm, Some(qop)))
}

/// What a server thinks of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right and the nonce is fresh.
    Accepted,
    /// The password is right, the nonce is too old, not ours, or was used with this count before: a
    /// new challenge with `stale=true` (RFC 7616 section 3.3).
    Stale,
    /// The response is wrong.
    Wrong,
}

/// The server's side: makes nonces and judges answers.
#[derive(Debug, Clone)]
pub struct Server {
    key: Vec<u8>,
    lifetime: Duration,
    /// The highest count seen of each nonce.
    counts: BTreeMap<String, u32>,
}

impl Server {
    /// A server whose nonces live for `lifetime`; whoever knows the key can make them.
    #[must_use]
    pub fn new(key: impl Into<Vec<u8>>, lifetime: Duration) -> Self {
        Self { key: key.into(), lifetime, counts: BTreeMap::new() }
    }

    /// A nonce of now and of octets that the caller drew: the second, a colon, 48 hexadecimal digits.
    #[must_use]
    pub fn nonce(&self, now: Instant, random: [u8; 8]) -> String {
        let secs = now.unix_secs();
        let random = hex(&random);
        format!("{secs}:{random}{}", self.mac(secs, &random))
    }

    /// The value of WWW-Authenticate or Proxy-Authenticate, with qop auth.
    #[must_use]
    pub fn challenge(
        &self,
        now: Instant,
        realm: &str,
        random: [u8; 8],
        algorithm: Algorithm,
        stale: bool,
    ) -> String {
        format!(
            "Digest realm={}, nonce=\"{}\", algorithm={}, qop=\"auth\"{}",
            quoted(realm),
            self.nonce(now, random),
            algorithm.name(),
            if stale { ", stale=true" } else { "" }
        )
    }

    /// Judges an answer to a request with this method and body; `password` is that of the user whom the
    /// answer names. That the URI is the request's is left to the caller: elements in between rewrite it.
    ///
    /// # Errors
    /// A parameter is missing, or the algorithm or qop is not known.
    pub fn verify(
        &mut self,
        now: Instant,
        answer: &Auth<'_>,
        method: &str,
        body: &[u8],
        password: &str,
    ) -> Result<Verdict, DigestError> {
        let (_, algorithm, _) = supported(answer).ok_or(DigestError::Unsupported)?;
        let needed = |name: &'static str| answer.get(name).ok_or(DigestError::Missing(name));
        let (username, realm, nonce, uri) =
            (needed("username")?, needed("realm")?, needed("nonce")?, needed("uri")?);
        let given = needed("response")?;
        let qop = answer.get("qop");
        let counted = qop.is_some();
        let cnonce =
            if counted || algorithm.is_session() { needed("cnonce")? } else { std::borrow::Cow::default() };
        let count = if counted { hex_count(&needed("nc")?)? } else { 0 };
        let parameters = Parameters {
            algorithm,
            qop: qop.as_deref(),
            realm: &realm,
            nonce: &nonce,
            username: &username,
            method,
            uri: &uri,
            cnonce: &cnonce,
            count,
            body,
        };
        if !parameters.response(password).eq_ignore_ascii_case(&given) {
            return Ok(Verdict::Wrong);
        }
        if !self.is_fresh(now, &nonce) || (counted && !self.counts_on(now, &nonce, count)) {
            return Ok(Verdict::Stale);
        }
        Ok(Verdict::Accepted)
    }

    /// Whether a nonce is of this server and fresh, and its count one that did not come before: what a server checks itself
    /// whose passwords another one judges.
    pub fn admits(&mut self, now: Instant, nonce: &str, count: Option<u32>) -> bool {
        self.is_fresh(now, nonce) && count.is_none_or(|count| self.counts_on(now, nonce, count))
    }

    fn is_fresh(&self, now: Instant, nonce: &str) -> bool {
        let Some((secs, rest)) = nonce.split_once(':') else { return false };
        let (Ok(secs), Some((random, mac))) = (secs.parse::<u64>(), rest.split_at_checked(16)) else {
            return false;
        };
        let made = Instant::from_unix_secs(secs);
        self.mac(secs, random) == mac && made <= now && now - made <= self.lifetime
    }

    /// Whether the count of a nonce went up, which it does once for each request.
    fn counts_on(&mut self, now: Instant, nonce: &str, count: u32) -> bool {
        let last = self.counts.get(nonce).copied().unwrap_or(0);
        if count <= last {
            return false;
        }
        if self.counts.len() >= NONCES_MAX && last == 0 {
            let old: Vec<String> =
                self.counts.keys().filter(|own| !self.is_fresh(now, own)).cloned().collect();
            for own in old {
                self.counts.remove(&own);
            }
            if self.counts.len() >= NONCES_MAX {
                self.counts.pop_first();
            }
        }
        self.counts.insert(nonce.to_owned(), count);
        true
    }

    fn mac(&self, secs: u64, random: &str) -> String {
        let hash = |parts: &[&[u8]]| Algorithm::Sha256.hash(parts);
        let inner = hash(&[&self.key, secs.to_string().as_bytes(), random.as_bytes()]);
        let mut mac = hash(&[&self.key, inner.as_bytes()]);
        mac.truncate(32);
        mac
    }
}

fn hex_count(text: &str) -> Result<u32, DigestError> {
    let digits = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let count = digits.then(|| u32::from_str_radix(text, 16).ok()).flatten();
    count.ok_or_else(|| DigestError::Count(text.to_owned()))
}

fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0xf)]).collect()
}
