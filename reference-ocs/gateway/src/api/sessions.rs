//! Who is logged in. Sessions are in memory: a restart ends them, and whoever had one logs in again.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate_ocs_core::ids::AccountId;
use tollgate_time::Instant;
use tollgate_wire::Text;

/// Sessions at most; the one that was silent longest makes room.
const SESSIONS_MAX: usize = 10_000;
/// How long a session lasts after its last request.
const SILENCE_MAX: Duration = Duration::from_secs(3_600);

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// An administrator's user.
    Administrator,
    /// The user of an account.
    Account(AccountId),
}

#[derive(Debug)]
struct Session {
    who: Who,
    login: Text,
    last: Instant,
}

/// The sessions.
#[derive(Debug, Default)]
pub(super) struct ApiSessions {
    all: BTreeMap<String, Session>,
    begun: u64,
}

impl ApiSessions {
    /// Begins a session; `seed` makes its identifier another in each run.
    pub(super) fn begin(&mut self, now: Instant, seed: u64, who: Who, login: Text) -> String {
        self.begun += 1;
        if self.all.len() >= SESSIONS_MAX
            && let Some(silent) = self.all.iter().min_by_key(|(_, own)| own.last).map(|(id, _)| id.clone())
        {
            self.all.remove(&silent);
        }
        let id = identifier(seed, self.begun, now);
        self.all.insert(id.clone(), Session { who, login, last: now });
        id
    }

    /// Who has a session, which lasts longer for the question.
    pub(super) fn who(&mut self, now: Instant, id: &str) -> Option<Who> {
        let session = self.all.get_mut(id)?;
        if now.saturating_since(session.last) > SILENCE_MAX {
            self.all.remove(id);
            return None;
        }
        session.last = now;
        Some(session.who.clone())
    }

    /// The login of a session.
    pub(super) fn login(&self, id: &str) -> Option<&str> {
        self.all.get(id).map(|own| own.login.as_str())
    }

    pub(super) fn end(&mut self, id: &str) -> bool {
        self.all.remove(id).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}

/// 32 hexadecimal digits that differ for each session of a run. They are no secret of cryptography: what is tested is the
/// interface, and a run must give the same ones again.
fn identifier(seed: u64, number: u64, now: Instant) -> String {
    // SplitMix64 (Steele, Lea, Flood 2014).
    let mix = |mut word: u64| {
        word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    let first = mix(seed ^ number.rotate_left(32));
    format!("{first:016x}{:016x}", mix(first ^ now.unix_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_logout_or_an_hour_after_its_last_request() {
        let mut sessions = ApiSessions::default();
        let at = |secs: u64| Instant::from_unix_secs(1_000_000 + secs);
        let one = sessions.begin(at(0), 7, Who::Administrator, "root".into());
        let two = sessions.begin(at(0), 7, Who::Administrator, "root".into());
        assert!(one != two && one.len() == 32);
        assert_eq!(sessions.who(at(3_600), &one), Some(Who::Administrator));
        assert_eq!(sessions.who(at(3_601), &two), None);
        assert_eq!(sessions.who(at(7_200), &one), Some(Who::Administrator));
        assert!(sessions.end(&one) && !sessions.end(&one));
        assert_eq!(sessions.who(at(7_200), &one), None);
    }
}
