//! Digest authentication at an element that knows the passwords itself (RFC 3261 section 22, RFC 8760). One that asks a
//! charging system does without it.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate_network::SetupError;
use tollgate_sip::Message;
use tollgate_sip::digest::{Algorithm, Server, Verdict};
use tollgate_time::Instant;

use super::agent::Credentials;
use super::chance::Chance;

/// Who may do what is asked.
#[derive(Debug)]
pub(crate) struct Guard {
    server: Server,
    realm: String,
    algorithms: Vec<Algorithm>,
    passwords: BTreeMap<String, String>,
}

/// What a request is worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It comes from this user.
    Accepted(String),
    /// It is to come again with an answer to one of these challenges, in a header each.
    Challenged(Vec<String>),
    /// Its answer is wrong, or of nobody who is known.
    Refused,
}

impl Guard {
    pub(crate) fn new(
        accounts: Vec<Credentials>,
        realm: &str,
        algorithms: &[&str],
        nonce_life: Duration,
        chance: &mut Chance,
    ) -> Result<Self, SetupError> {
        let read = |name: &&str| {
            Algorithm::of(name).ok_or_else(|| {
                SetupError(format!("'{name}' is no algorithm; there are MD5, SHA-256, SHA-512-256, each with -sess or without"))
            })
        };
        Ok(Self {
            server: Server::new(chance.octets(), nonce_life),
            realm: realm.to_owned(),
            algorithms: algorithms.iter().map(read).collect::<Result<_, _>>()?,
            passwords: accounts.into_iter().map(|own| (own.username, own.password)).collect(),
        })
    }

    pub(crate) fn judge(&mut self, now: Instant, request: &Message<'_>, chance: &mut Chance) -> Judgement {
        let answers = request.auths("Authorization").filter_map(Result::ok);
        let answer = answers
            .filter(|own| own.is_digest())
            .find(|own| own.get("realm").is_some_and(|realm| realm == self.realm.as_str()));
        let Some(answer) = answer else { return self.challenge(now, chance, false) };
        let user = answer.get("username").unwrap_or_default().into_owned();
        let Some(password) = self.passwords.get(&user) else { return Judgement::Refused };
        let method = request.method().map_or("", |method| method.0);
        match self.server.verify(now, &answer, method, request.body(), password) {
            Ok(Verdict::Accepted) => Judgement::Accepted(user),
            Ok(Verdict::Stale) => self.challenge(now, chance, true),
            Ok(Verdict::Wrong) | Err(_) => Judgement::Refused,
        }
    }

    fn challenge(&self, now: Instant, chance: &mut Chance, stale: bool) -> Judgement {
        let each = |algorithm: &Algorithm| {
            self.server.challenge(now, &self.realm, chance.octets(), *algorithm, stale)
        };
        Judgement::Challenged(self.algorithms.iter().map(each).collect())
    }
}
