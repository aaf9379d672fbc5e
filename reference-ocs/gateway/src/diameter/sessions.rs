//! Which sessions can be reached, and by whom: so that the server can begin a message itself (RAR, ASR).
//!
//! Not durable: after a restart the next request of a session makes its route again.

use std::collections::BTreeMap;
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
    routes: BTreeMap<SessionKey, Route>,
}

impl Sessions {
    /// Remembers how a session is reached.
    pub(super) fn learn(&mut self, key: SessionKey, route: Route) {
        self.routes.insert(key, route);
    }

    pub(super) fn forget(&mut self, key: &SessionKey) {
        self.routes.remove(key);
    }

    pub(super) fn get_mut(&mut self, key: &SessionKey) -> Option<&mut Route> {
        self.routes.get_mut(key)
    }

    /// The sessions of one account.
    pub(super) fn of_account(&self, account: &str) -> Vec<SessionKey> {
        let from: SessionKey = (account.into(), "".into());
        let own = self.routes.range(from..).map(|(key, _)| key);
        own.take_while(|key| &*key.0 == account).cloned().collect()
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (&SessionKey, &Route)> {
        self.routes.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.routes.len()
    }

    pub(super) fn clear(&mut self) {
        self.routes.clear();
    }
}
