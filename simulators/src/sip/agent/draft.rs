//! A request outside of dialogs as it is written anew for each try: after a challenge, towards another place, or when its
//! time comes again.

use std::borrow::Cow;

use tollgate_network::SetupError;
use tollgate_sip::digest::{self, Login, Protected};
use tollgate_sip::{Auth, BuildError, Builder, Message, Method};

use crate::sip::chance::Chance;
use crate::sip::hop::Hop;

/// Challenges that one request answers: the first, and one more where that was stale.
const TRIES_MAX: u8 = 3;

/// Who an element is to those who challenge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Credentials {
    /// Reads `<user>:<password>`.
    ///
    /// # Errors
    /// There is no colon.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        match text.split_once(':') {
            Some((username, password)) if !username.is_empty() => {
                Ok(Self { username: username.to_owned(), password: password.to_owned() })
            }
            _ => Err(SetupError(format!("'{text}' is no login; write it as user:password"))),
        }
    }
}

/// A request outside of dialogs.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its method.
    pub method: String,
    /// Its Request-URI.
    pub uri: String,
    /// The first hop.
    pub hop: Hop,
    /// Route values, the nearest first.
    pub routes: Vec<String>,
    /// From, with its tag.
    pub from: String,
    /// To.
    pub to: String,
    /// Call-ID.
    pub call_id: String,
    /// The number of CSeq.
    pub cseq: u32,
    /// Further headers.
    pub more: Vec<(String, String)>,
    /// Type and octets of the body; an empty type is none.
    pub body: (String, Vec<u8>),
    /// Who answers challenges; without it they stand.
    pub login: Option<Credentials>,
    /// The challenges that are answered.
    challenges: Vec<String>,
    of_proxy: bool,
    /// How often the nonce was used.
    count: u32,
    tries: u8,
}

impl Draft {
    /// A request; From and To are name-addrs, and a tag and a Call-ID are drawn.
    #[must_use]
    pub fn new(method: Method<'_>, uri: &str, from: &str, to: &str, hop: Hop, chance: &mut Chance) -> Self {
        Self {
            method: method.0.to_owned(),
            uri: uri.to_owned(),
            hop,
            routes: Vec::new(),
            from: format!("{from};tag={}", chance.tag()),
            to: to.to_owned(),
            call_id: chance.call(),
            cseq: 1,
            more: Vec::new(),
            body: (String::new(), Vec::new()),
            login: None,
            challenges: Vec::new(),
            of_proxy: false,
            count: 0,
            tries: 0,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.more.push((name.to_owned(), value.into()));
        self
    }

    /// Its next sending: the next number, and challenges may come again. What was answered before is answered again, with a
    /// higher count, so that a nonce that is still good saves a challenge.
    pub fn renew(&mut self) {
        self.cseq = self.cseq.saturating_add(1);
        self.tries = 0;
    }

    /// Goes to another place, which has other challenges.
    pub fn retarget(&mut self, uri: &str, hop: Hop) {
        self.renew();
        uri.clone_into(&mut self.uri);
        self.hop = hop;
        self.challenges.clear();
    }

    /// Takes a challenge; says whether the request is to be sent again with the answer to it. It is not where the password
    /// was tried already.
    pub fn challenged(&mut self, response: &Message<'_>) -> bool {
        let (of_proxy, header) = match response.code() {
            Some(401) => (false, "WWW-Authenticate"),
            Some(407) => (true, "Proxy-Authenticate"),
            _ => return false,
        };
        if self.login.is_none() || self.tries >= TRIES_MAX {
            return false;
        }
        let stale = response
            .auths(header)
            .filter_map(Result::ok)
            .any(|own| own.get("stale").is_some_and(|word| word.eq_ignore_ascii_case("true")));
        // Answers from an earlier sending may be too old without anybody saying so.
        let answered_before = self.tries > 0 && !self.challenges.is_empty();
        if answered_before && !stale {
            return false;
        }
        self.of_proxy = of_proxy;
        self.challenges = response.all(header).map(|own| own.text.clone().into_owned()).collect();
        self.count = 0;
        self.tries += 1;
        self.cseq = self.cseq.saturating_add(1);
        true
    }

    /// The request without its Via.
    ///
    /// # Errors
    /// A header has a line end, or the URI a blank.
    pub fn build(&mut self, chance: &mut Chance) -> Result<Builder, BuildError> {
        let mut own = Builder::request(Method(&self.method), &self.uri)?;
        for route in &self.routes {
            own.header("Route", route)?;
        }
        own.header("Max-Forwards", 70)?;
        own.header("From", &self.from)?;
        own.header("To", &self.to)?;
        own.header("Call-ID", &self.call_id)?;
        own.header("CSeq", format_args!("{} {}", self.cseq, self.method))?;
        for (name, value) in &self.more {
            own.header(name, value)?;
        }
        if let Some((name, value)) = self.authorization(chance) {
            own.header(name, value)?;
        }
        own.body(&self.body.0, &self.body.1)?;
        Ok(own)
    }

    /// The answer to the challenges, with the next count of their nonce.
    pub fn authorization(&mut self, chance: &mut Chance) -> Option<(&'static str, String)> {
        let login = self.login.as_ref()?;
        let challenges: Vec<Auth<'_>> =
            self.challenges.iter().filter_map(|text| Auth::parse(text).ok()).collect();
        if challenges.is_empty() {
            return None;
        }
        self.count = self.count.saturating_add(1);
        let cnonce: String = chance.octets().iter().map(|octet| format!("{octet:02x}")).collect();
        let login = Login { username: &login.username, password: &login.password };
        let request = Protected { method: &self.method, uri: &self.uri, body: &self.body.1 };
        let value = digest::answer(&challenges, login, request, &cnonce, self.count).ok()?;
        Some((if self.of_proxy { "Proxy-Authorization" } else { "Authorization" }, value))
    }
}

/// A number or name as the user of a URI at this place; a URI stays as it is.
#[must_use]
pub fn uri_to<'a>(whom: &'a str, place: &str) -> Cow<'a, str> {
    if whom.starts_with("sip:") || whom.starts_with("sips:") || whom.starts_with("tel:") {
        return whom.into();
    }
    if whom.contains('@') {
        return format!("sip:{whom}").into();
    }
    format!("sip:{}@{place}", tollgate_sip::escape_user(whom)).into()
}
