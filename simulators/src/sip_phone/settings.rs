//! What the settings say of a phone.

use std::net::SocketAddr;
use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_wire::Value;

use crate::settings::{Reader, words, wrong};
use crate::sip::agent::Credentials;
use crate::sip::{self, Hop, host_of};

/// Servers that one phone may know.
const SERVERS_MAX: usize = 16;

/// What a phone does with a call by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Ring,
    Answer,
    Busy,
    Decline,
    Silent,
    Redirect,
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) user: String,
    pub(super) display: Option<String>,
    pub(super) domain: String,
    pub(super) login: Option<Credentials>,
    pub(super) servers: Vec<Hop>,
    pub(super) register: bool,
    pub(super) expires: Duration,
    pub(super) refresh: Duration,
    pub(super) retry: Duration,
    pub(super) manner: Manner,
    pub(super) answer_after: Duration,
    pub(super) redirect_to: Option<String>,
    pub(super) follow_redirects: bool,
    pub(super) lines: usize,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let user = reader.opt_text("user").unwrap_or(&setup.name).to_owned();
        let mut servers = Vec::new();
        for text in words(reader.value("servers")).iter().filter_map(Value::as_text) {
            let (to, over) = sip::settings::place("servers", text)?;
            servers.push(Hop { over, ..Hop::udp(to) });
        }
        if servers.len() > SERVERS_MAX {
            return Err(SetupError(format!("more than {SERVERS_MAX} servers")));
        }
        let domain = reader.opt_text("domain").map(str::to_owned);
        let domain = domain.unwrap_or_else(|| match servers.first() {
            Some(first) => shown(first.to),
            None => host_of(setup.address).to_string(),
        });
        let login = reader.opt_text("password").map(|password| Credentials {
            username: reader.opt_text("username").unwrap_or(&user).to_owned(),
            password: password.to_owned(),
        });
        let redirect_to = reader.opt_text("redirect-to").map(str::to_owned);
        let manner = manner(reader.text("incoming")?).ok_or_else(|| wrong("incoming"))?;
        if manner == Manner::Redirect && redirect_to.is_none() {
            return Err(SetupError("incoming: redirect needs redirect-to".to_owned()));
        }
        let register = reader.flag("register")?;
        if register && servers.is_empty() {
            return Err(SetupError("register: true needs servers".to_owned()));
        }
        Ok(Self {
            display: reader.opt_text("display").map(str::to_owned),
            user,
            domain,
            login,
            servers,
            register,
            expires: reader.span("expires")?,
            refresh: reader.span("refresh")?,
            retry: reader.span("retry")?,
            manner,
            answer_after: reader.span("answer-after")?,
            redirect_to,
            follow_redirects: reader.flag("follow-redirects")?,
            lines: usize::try_from(reader.u32("lines")?).map_err(|_| wrong("lines"))?,
        })
    }

    /// Who the phone is, as a name-addr; another user where a call says so.
    pub(super) fn identity(&self, user: Option<&str>) -> String {
        let user = tollgate_sip::escape_user(user.unwrap_or(&self.user));
        let uri = format!("<sip:{user}@{}>", self.domain);
        match &self.display {
            Some(display) => format!("\"{}\" {uri}", display.replace(['"', '\\', '\r', '\n'], "")),
            None => uri,
        }
    }
}

fn manner(word: &str) -> Option<Manner> {
    Some(match word {
        "ring" => Manner::Ring,
        "answer" => Manner::Answer,
        "busy" => Manner::Busy,
        "decline" => Manner::Decline,
        "silent" => Manner::Silent,
        "redirect" => Manner::Redirect,
        _ => return None,
    })
}

/// A place as the host of a URI: without the port of SIP.
pub(crate) fn shown(place: SocketAddr) -> String {
    if place.port() == sip::PORT { host_of(place.ip()).to_string() } else { place.to_string() }
}
