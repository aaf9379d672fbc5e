//! Sessions that leave the table and come into it, with their usages: for a customer that moves.

use serde::{Deserialize, Serialize};

use super::slot::Slot;
use super::{Deadline, Hashes, Session, Sessions, Usage, place};
use crate::ids::{AccountId, SessionId, UsageId};

/// A session out of its table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Moved {
    session: Box<Session>,
    slots: Vec<Slot>,
}

impl PartialEq for Moved {
    /// Two that show the same: what stands in a usage has no other likeness.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl Eq for Moved {}

impl Moved {
    pub(crate) fn key(&self) -> &crate::command::SessionKey {
        &self.session.key
    }

    pub(crate) const fn is_trusted(&self) -> bool {
        self.session.trusted
    }

    /// Its usages that are not closed.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Usage> {
        self.slots.iter().filter_map(Slot::live)
    }

    /// The same, to be changed.
    pub(crate) fn live_mut(&mut self) -> impl Iterator<Item = &mut Usage> {
        self.slots.iter_mut().filter_map(Slot::live_mut)
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.live().filter(|usage| usage.progress.is_open()).count()
    }
}

impl Sessions {
    /// The places of an account's sessions, by number.
    pub(crate) fn of(&self, is_own: impl Fn(AccountId) -> bool) -> Vec<u32> {
        let own = self.sessions.iter().filter(|(_, session)| session.account.is_some_and(&is_own));
        let mut own: Vec<(SessionId, u32)> = own.map(|(at, session)| (session.id, place(at))).collect();
        own.sort_unstable();
        own.into_iter().map(|(_, at)| at).collect()
    }

    /// A session as it would leave the table.
    pub(crate) fn copied(&self, at: u32) -> Moved {
        let mut session = self.sessions[at as usize].clone();
        session.queued = None;
        let own = std::mem::take(&mut session.usages);
        let slots = own.into_iter().map(|own| self.usages[own as usize].moved()).collect();
        Moved { session, slots }
    }

    /// Takes a session out of the table.
    pub(crate) fn move_out(&mut self, at: u32) -> Moved {
        self.distrust_kept(at);
        let hash = self.session(at).hashes.named;
        if let Ok(entry) = self.by_key.find_entry(hash, |(own, place)| *own == hash && *place == at) {
            entry.remove();
        }
        let mut session = self.sessions.remove(at as usize);
        if let Some(queued) = session.queued.take() {
            self.deadlines.remove(&(queued, Deadline::Lock(session.id, at)));
        }
        let mut slots = Vec::with_capacity(session.usages.len());
        for own in std::mem::take(&mut session.usages) {
            let mut slot = self.usages.remove(own as usize);
            if let Some((queued, id)) = slot.queued() {
                self.deadlines.remove(&(queued, Deadline::Usage(id, own)));
            }
            if let Some(usage) = slot.live_mut() {
                usage.queued = None;
            }
            slots.push(slot);
        }
        Moved { session, slots }
    }

    /// Forgets sessions of a name that was nobody's, now that it is somebody's: nothing was charged in them.
    pub(crate) fn forget_nobodys(&mut self, is_somebodys: impl Fn(&str) -> bool) {
        let nobodys = self.sessions.iter().filter(|(_, session)| session.account.is_none());
        let own = nobodys.filter(|(_, session)| is_somebodys(&session.account_name));
        let own: Vec<u32> = own.map(|(at, _)| place(at)).collect();
        own.into_iter().for_each(|at| drop(self.move_out(at)));
    }

    /// Puts a session into the table, under the number that is next; answers where it stands, and where its usages do that
    /// are open. Deadlines are those that it left with.
    pub(crate) fn put_in(&mut self, moved: Moved, account: AccountId) -> (u32, Vec<u32>) {
        let Moved { mut session, slots } = moved;
        self.sessions_begun += 1;
        session.id = SessionId::from_number(self.sessions_begun);
        session.account = Some(account);
        session.hashes = Hashes::of(&session.key, &session.account_name);
        let hash = session.hashes.named;
        let trusted = std::mem::take(&mut session.trusted);
        let lock_until = session.lock_until.take();
        session.idle_since = None;
        let at = place(self.sessions.insert(session));
        self.by_key.insert_unique(hash, (hash, at), |(hash, _)| *hash);
        if trusted {
            self.trust(at);
        }
        let mut open = Vec::new();
        for mut slot in slots {
            self.usages_begun += 1;
            let id = UsageId::from_number(self.usages_begun);
            slot.renumber(id, at);
            let deadline = slot.live().and_then(|usage| usage.deadline);
            let is_open = slot.known().progress.is_open();
            let own = place(self.usages.insert(slot));
            self.session_mut(at).usages.push(own);
            if deadline.is_some() {
                self.set_deadline(own, deadline);
            }
            if is_open {
                open.push(own);
            }
        }
        if lock_until.is_some() {
            self.set_lock(at, lock_until);
        }
        (at, open)
    }

    /// Takes a session off the table of those who name nobody, and lets it stay trusted.
    fn distrust_kept(&mut self, at: u32) {
        let trusted = self.session(at).trusted;
        self.distrust(at);
        self.session_mut(at).trusted = trusted;
    }
}
