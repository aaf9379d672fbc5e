//! Whose a report is that names nobody: the account that a request of its session was accepted for, where that request
//! let it be used again (ESI, `PortaBilling_RestoreCacheLevel`).
//!
//! Such a session stands in the table of keys a second time, under its key alone.

use super::{Session, Sessions};
use crate::command::SessionKey;
use crate::names::hash_of;

impl Sessions {
    /// Lets reports under the session's key that name nobody be this session's; another's that they were is that no more.
    pub(crate) fn trust(&mut self, at: u32) {
        if self.session(at).trusted {
            return;
        }
        let own = self.session(at);
        if let Some(before) = self.trusted_at(own.hashes.key, &own.key) {
            self.distrust(before);
        }
        self.session_mut(at).trusted = true;
        self.enter_trusted(at);
    }

    /// The session of those who name nobody under a key.
    pub(crate) fn find_trusted(&self, key: &SessionKey) -> Option<u32> {
        self.trusted_at(hash_of(key.as_str()), key)
    }

    fn trusted_at(&self, hash: u64, key: &SessionKey) -> Option<u32> {
        let same = |(own, at): &(u64, u32)| {
            let session = |at: u32| &self.sessions[at as usize];
            *own == hash && session(*at).trusted && session(*at).key == *key
        };
        self.by_key.find(hash, same).map(|(_, at)| *at)
    }

    pub(super) fn enter_trusted(&mut self, at: u32) {
        let hash = self.session(at).hashes.key;
        self.by_key.insert_unique(hash, (hash, at), |(hash, _)| *hash);
    }

    pub(super) fn distrust(&mut self, at: u32) {
        let Session { trusted, hashes, .. } = self.session_mut(at);
        if !std::mem::take(trusted) {
            return;
        }
        let hash = hashes.key;
        if let Ok(entry) = self.by_key.find_entry(hash, |(own, place)| *own == hash && *place == at) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_sessions_under_one_key_the_latest_that_was_trusted_counts() {
        let mut sessions = Sessions::default();
        let key = SessionKey::new("c1");
        let [anna, otto, nobody] = ["anna", "otto", ""].map(|name| sessions.begin(&key, name, None));
        assert_eq!(sessions.find_trusted(&key), None);
        sessions.trust(anna);
        assert_eq!(sessions.find_trusted(&key), Some(anna));
        sessions.trust(otto);
        sessions.trust(otto);
        assert_eq!(sessions.find_trusted(&key), Some(otto));
        assert_eq!(sessions.find_trusted(&SessionKey::new("c2")), None);
        // Found by their names all the while.
        let found = ["anna", "otto", ""].map(|name| sessions.find(&key, name));
        assert_eq!(found, [Some(anna), Some(otto), Some(nobody)]);
        sessions.distrust(otto);
        assert_eq!(sessions.find_trusted(&key), None);
        assert_eq!(sessions.find(&key, "otto"), Some(otto));
    }
}
