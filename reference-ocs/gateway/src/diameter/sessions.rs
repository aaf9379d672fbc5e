//! Which sessions can be reached, and by whom: so that the server can begin a message itself (RAR, ASR).
//!
//! Not durable: after a restart the next request of a session makes its route again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Account, by its name in all environments, and Session-Id.
pub(super) type SessionKey = (Arc<str>, Arc<str>);

/// How to reach a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The Origin-Host of its client, and its realm.
    pub(super) host: Arc<str>,
    pub(super) realm: Arc<str>,
    /// The peer that its requests came through; the client itself, or a relay.
    pub(super) through: Arc<str>,
    /// Something of it was denied, or granted for the last time.
    pub(super) limited: bool,
    /// A RAR or ASR is on its way.
    pub(super) asked: bool,
}

/// The sessions that are open.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// By account, so that one that reports is found without going through those of others.
    routes: HashMap<Arc<str>, BTreeMap<Arc<str>, Route>>,
    count: usize,
}

impl Sessions {
    /// Remembers how a session is reached.
    pub(super) fn learn(&mut self, (account, session): (&str, &str), route: Route) {
        let new = match self.routes.get_mut(account) {
            Some(own) => own.insert(session.into(), route).is_none(),
            None => {
                self.routes.insert(account.into(), BTreeMap::from([(session.into(), route)]));
                true
            }
        };
        self.count += usize::from(new);
    }

    pub(super) fn forget(&mut self, (account, session): (&str, &str)) {
        let Some(own) = self.routes.get_mut(account) else { return };
        self.count -= usize::from(own.remove(session).is_some());
        if own.is_empty() {
            self.routes.remove(account);
        }
    }

    pub(super) fn get_mut(&mut self, (account, session): (&str, &str)) -> Option<&mut Route> {
        self.routes.get_mut(account)?.get_mut(session)
    }

    /// The sessions of one account.
    pub(super) fn of_account(&self, account: &str) -> Vec<SessionKey> {
        let Some((account, own)) = self.routes.get_key_value(account) else { return Vec::new() };
        own.keys().map(|session| (Arc::clone(account), Arc::clone(session))).collect()
    }

    /// All of them, by account and Session-Id.
    pub(super) fn all(&self) -> Vec<SessionKey> {
        let mut accounts: Vec<&Arc<str>> = self.routes.keys().collect();
        accounts.sort_unstable();
        accounts.into_iter().flat_map(|account| self.of_account(account)).collect()
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) fn clear(&mut self) {
        self.routes.clear();
        self.count = 0;
    }
}
