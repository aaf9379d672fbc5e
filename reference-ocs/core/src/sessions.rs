//! Sessions and what is used in them, with their deadlines.
//!
//! A session is all that happens under one key of one account: a login, the calls made after it, each with its legs. A
//! usage is one of these calls or service sessions, from its grant or first report to its xDR. Closed usages are kept
//! for a while, so that a report that comes again is known and changes nothing.

mod handover;
mod moving;
mod notes;
mod slot;
mod trial;
mod trusted;
mod usage;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use hashbrown::HashTable;
use slab::Slab;
use smallvec::SmallVec;
use tollgate_time::Instant;

use slot::Slot;

pub(crate) use moving::Moved;
pub(crate) use notes::Notes;
pub(crate) use slot::KnownUsage;
pub(crate) use usage::{Billed, Progress, Usage};

use crate::command::{SessionKey, UsageReport};
use crate::credit::CreditState;
use crate::ids::{AccountId, SessionId, UsageId};
use crate::names::hash_of;
use crate::service::Leg;

/// How many closed usages of one session are kept.
const CLOSED_USAGES_MAX: usize = 64;

/// All that happens under one key of one account.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) key: SessionKey,
    /// As it was reported; a copy, so that forgetting a session does not have to look for the account.
    pub(crate) account_name: CompactString,
    /// `None` when there is no such account.
    pub(crate) account: Option<AccountId>,
    /// The access code that a request of the session named last.
    pub(crate) access_code: Option<Arc<str>>,
    /// What credit control knows of it.
    pub(crate) credit: Option<Box<CreditState>>,
    /// Whether reports under its key that name no account are its own.
    trusted: bool,
    /// Until when it keeps the account locked, if it does.
    pub(crate) lock_until: Option<Instant>,
    /// Where its deadline stands in the queue; never after `lock_until`.
    queued: Option<Instant>,
    /// Where its usages stand, in the order of their beginning.
    pub(crate) usages: SmallVec<[u32; 4]>,
    /// Since when nothing is open in it.
    idle_since: Option<Instant>,
    #[serde(skip)]
    hashes: Hashes,
}

/// Under what a session stands in the table of keys.
#[derive(Clone, Copy, Debug, Default)]
struct Hashes {
    /// Its key alone.
    key: u64,
    /// Its key and its account's name.
    named: u64,
}

impl Hashes {
    fn of(key: &SessionKey, account: &str) -> Self {
        let key = hash_of(key.as_str());
        Self { key, named: hash_of((key, account)) }
    }
}

/// What a deadline is for. The order is the order in which deadlines of one moment are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) enum Deadline {
    /// A usage was given up: its place is the last part.
    Usage(UsageId, u32),
    /// A session's lock ends: its place is the last part.
    Lock(SessionId, u32),
}

/// All sessions.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct Sessions {
    /// Boxed, so that growing moves pointers: moving a million sessions takes half a second, in which nothing is
    /// answered.
    sessions: Slab<Box<Session>>,
    usages: Slab<Slot>,
    /// Places of sessions by the hash of key and account; only ever asked for one, never gone through. The hash
    /// stands beside the place, so that growing does not visit every session.
    #[serde(skip)]
    by_key: HashTable<(u64, u32)>,
    deadlines: BTreeSet<(Instant, Deadline)>,
    /// Sessions in which nothing is open, in the order in which they became so, with that time.
    idle: VecDeque<(Instant, SessionId, u32)>,
    sessions_begun: u64,
    usages_begun: u64,
    /// What is to be undone, while a report is on trial.
    #[serde(skip)]
    trial: Option<Box<trial::Trial>>,
}

/// [`Sessions`] as they were stored, field by field without the table of keys.
#[derive(serde::Deserialize)]
pub(crate) struct StoredSessions {
    sessions: Slab<Box<Session>>,
    usages: Slab<Slot>,
    deadlines: BTreeSet<(Instant, Deadline)>,
    idle: VecDeque<(Instant, SessionId, u32)>,
    sessions_begun: u64,
    usages_begun: u64,
}

impl StoredSessions {
    /// The sessions, found by their keys again.
    pub(crate) fn restored(self) -> Sessions {
        let Self { mut sessions, usages, deadlines, idle, sessions_begun, usages_begun } = self;
        let mut by_key = HashTable::with_capacity(sessions.len());
        for (at, session) in &mut sessions {
            session.hashes = Hashes::of(&session.key, &session.account_name);
            let hash = session.hashes.named;
            by_key.insert_unique(hash, (hash, place(at)), |(hash, _)| *hash);
        }
        let trusted: Vec<u32> =
            sessions.iter().filter(|(_, session)| session.trusted).map(|(at, _)| place(at)).collect();
        let mut all =
            Sessions { sessions, usages, by_key, deadlines, idle, sessions_begun, usages_begun, trial: None };
        trusted.into_iter().for_each(|at| all.enter_trusted(at));
        all
    }
}

fn place(at: usize) -> u32 {
    // Two to the 32nd open sessions do not fit into memory.
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Sessions {
    pub(crate) fn session(&self, at: u32) -> &Session {
        &self.sessions[at as usize]
    }

    pub(crate) fn session_mut(&mut self, at: u32) -> &mut Session {
        &mut self.sessions[at as usize]
    }

    pub(crate) fn usage(&self, at: u32) -> &Usage {
        match &self.usages[at as usize] {
            Slot::Live(usage) => usage,
            Slot::Closed(closed) => unreachable!("{closed:?} is closed"),
        }
    }

    pub(crate) fn usage_mut(&mut self, at: u32) -> &mut Usage {
        match &mut self.usages[at as usize] {
            Slot::Live(usage) => usage,
            Slot::Closed(closed) => unreachable!("{closed:?} is closed"),
        }
    }

    /// What can be asked of any usage, a closed one too.
    pub(crate) fn known(&self, at: u32) -> KnownUsage<'_> {
        self.usages[at as usize].known()
    }

    /// All that is kept of any usage, to be shown.
    pub(crate) fn shown(&self, at: u32) -> &dyn fmt::Debug {
        &self.usages[at as usize]
    }

    /// Leaves of a usage that has ended what is needed to know a report of it that comes again.
    pub(crate) fn close_usage(&mut self, at: u32) {
        self.usages[at as usize].close();
    }

    /// All sessions, by number.
    pub(crate) fn by_number(&self) -> Vec<&Session> {
        let mut all: Vec<&Session> = self.sessions.iter().map(|(_, session)| session.as_ref()).collect();
        all.sort_unstable_by_key(|session| session.id);
        all
    }

    /// All open usages, by number, with their sessions.
    pub(crate) fn open(&self) -> Vec<(&Session, &Usage)> {
        let usages = self.usages.iter().filter_map(|(_, slot)| slot.live());
        let usages = usages.filter(|usage| usage.progress.is_open());
        let mut all: Vec<_> = usages.map(|usage| (self.session(usage.session), usage)).collect();
        all.sort_unstable_by_key(|(_, usage)| usage.id);
        all
    }

    /// Whether that usage is still there, and open.
    pub(crate) fn is_open(&self, id: UsageId, at: u32) -> bool {
        self.usages
            .get(at as usize)
            .and_then(Slot::live)
            .is_some_and(|own| own.id == id && own.progress.is_open())
    }

    /// The places of all open usages of known accounts, with these.
    pub(crate) fn open_places(&self) -> Vec<(AccountId, u32)> {
        let live = self.usages.iter().filter_map(|(at, slot)| Some((at, slot.live()?)));
        let open = live.filter(|(_, usage)| usage.progress.is_open());
        open.filter_map(|(at, usage)| Some((self.session(usage.session).account?, place(at)))).collect()
    }

    pub(crate) const fn begun(&self) -> (u64, u64) {
        (self.sessions_begun, self.usages_begun)
    }

    pub(crate) fn find(&self, key: &SessionKey, account: &str) -> Option<u32> {
        let hash = Hashes::of(key, account).named;
        let same = |(own, at): &(u64, u32)| {
            let session = |at: u32| &self.sessions[at as usize];
            *own == hash && session(*at).key == *key && session(*at).account_name == *account
        };
        self.by_key.find(hash, same).map(|(_, at)| *at)
    }

    /// Begins a session that is not there yet.
    pub(crate) fn begin(&mut self, key: &SessionKey, name: &str, account: Option<AccountId>) -> u32 {
        self.sessions_begun += 1;
        let hashes = Hashes::of(key, name);
        let hash = hashes.named;
        let at = place(self.sessions.insert(Box::new(Session {
            id: SessionId::from_number(self.sessions_begun),
            key: key.clone(),
            account_name: name.into(),
            account,
            access_code: None,
            credit: None,
            trusted: false,
            lock_until: None,
            queued: None,
            usages: SmallVec::new(),
            idle_since: None,
            hashes,
        })));
        self.by_key.insert_unique(hash, (hash, at), |(hash, _)| *hash);
        if let Some(trial) = &mut self.trial {
            trial.begun.push(at);
        }
        at
    }

    /// Begins a usage in a session.
    pub(crate) fn begin_usage(&mut self, session: u32, make: impl FnOnce(UsageId) -> Usage) -> u32 {
        self.usages_begun += 1;
        let at =
            place(self.usages.insert(Slot::Live(Box::new(make(UsageId::from_number(self.usages_begun))))));
        let usages = &mut self.sessions[session as usize].usages;
        usages.push(at);
        if usages.len() > CLOSED_USAGES_MAX && self.trial.is_none() {
            let closed = usages.iter().position(|at| !self.usages[*at as usize].known().progress.is_open());
            if let Some(oldest) = closed {
                self.usages.remove(usages.remove(oldest) as usize);
            }
        }
        at
    }

    /// The usage that a report speaks of, in one session.
    ///
    /// A call id that is known decides. Otherwise a usage fits that no report has named yet; and a report without a call
    /// id speaks of what is open, or else of what was last.
    pub(crate) fn find_usage(&self, session: u32, report: &UsageReport) -> Option<u32> {
        let session = self.session(session);
        let latest_first = session.usages.iter().rev().copied();
        let mut mine = latest_first.filter(|&at| {
            let usage = self.known(at);
            usage.leg == report.leg && *usage.key == report.session
        });
        let Some(call_id) = report.call_id.as_deref() else {
            let open = mine.clone().find(|&at| self.known(at).progress.is_open());
            return open.or_else(|| mine.next());
        };
        let named = mine.clone().find(|&at| self.known(at).call_id.is_some_and(|own| **own == *call_id));
        named.or_else(|| {
            mine.find(|&at| self.known(at).call_id.is_none() && self.known(at).progress != Progress::Closed)
        })
    }

    /// The open usage that a new request of the same call would replace or extend.
    pub(crate) fn find_open(&self, session: u32, key: &SessionKey, leg: Leg) -> Option<u32> {
        let mut latest_first = self.session(session).usages.iter().rev().copied();
        latest_first.find(|&at| {
            let usage = self.known(at);
            usage.leg == leg && *usage.key == *key && usage.progress.is_open()
        })
    }

    /// Moves a usage's deadline.
    ///
    /// One that moves back stays where it is in the queue, and is put into its place when it comes up: so a grant that
    /// is extended costs nothing here.
    pub(crate) fn set_deadline(&mut self, at: u32, deadline: Option<Instant>) {
        let Slot::Live(usage) = &mut self.usages[at as usize] else { return };
        usage.deadline = deadline;
        match (usage.queued, deadline) {
            (Some(queued), Some(deadline)) if queued <= deadline => return,
            (Some(queued), _) => {
                self.deadlines.remove(&(queued, Deadline::Usage(usage.id, at)));
            }
            (None, _) => {}
        }
        usage.queued = deadline;
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, Deadline::Usage(usage.id, at)));
        }
    }

    /// Sets until when a session keeps its account locked.
    pub(crate) fn set_lock(&mut self, at: u32, until: Option<Instant>) {
        let session = &mut self.sessions[at as usize];
        session.lock_until = until;
        match (session.queued, until) {
            (Some(queued), Some(until)) if queued <= until => return,
            (Some(queued), _) => {
                self.deadlines.remove(&(queued, Deadline::Lock(session.id, at)));
            }
            (None, _) => {}
        }
        session.queued = until;
        if let Some(until) = until {
            self.deadlines.insert((until, Deadline::Lock(session.id, at)));
        }
    }

    /// When to look next, at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// The next deadline that has come, with its time; those that were moved back are put into their place.
    pub(crate) fn next_due(&mut self, now: Instant) -> Option<(Instant, Deadline)> {
        while let Some(&(due, deadline)) = self.deadlines.first().filter(|(due, _)| *due <= now) {
            self.deadlines.pop_first();
            let (queued, truly) = match deadline {
                Deadline::Usage(_, at) => {
                    let Slot::Live(usage) = &mut self.usages[at as usize] else { continue };
                    (&mut usage.queued, usage.deadline)
                }
                Deadline::Lock(_, at) => {
                    let session = &mut self.sessions[at as usize];
                    (&mut session.queued, session.lock_until)
                }
            };
            *queued = truly.filter(|&truly| truly > due);
            match *queued {
                Some(later) => {
                    self.deadlines.insert((later, deadline));
                }
                None => return Some((due, deadline)),
            }
        }
        None
    }

    pub(crate) fn has_open(&self, session: u32) -> bool {
        self.session(session).usages.iter().any(|&at| self.known(at).progress.is_open())
    }

    /// Notes whether anything is open in the session; `bound` sessions in which nothing is are kept, at least one.
    pub(crate) fn settle_idle(&mut self, at: u32, now: Instant, bound: usize) {
        let idle = self.session(at).lock_until.is_none() && !self.has_open(at);
        let session = &mut self.sessions[at as usize];
        if idle == session.idle_since.is_some() || self.trial.is_some() {
            return;
        }
        session.idle_since = idle.then_some(now);
        if idle {
            self.idle.push_back((now, session.id, at));
            // The one that has just become idle stays: its caller still speaks of it.
            while self.idle.len() > bound.max(1) {
                self.drop_oldest_idle();
            }
        }
    }

    /// Forgets sessions in which nothing was open for `kept`.
    pub(crate) fn forget_idle(&mut self, now: Instant, kept: Duration) {
        while self.idle.front().is_some_and(|(since, _, _)| *since + kept <= now) {
            self.drop_oldest_idle();
        }
    }

    fn drop_oldest_idle(&mut self) {
        let Some((since, id, at)) = self.idle.pop_front() else { return };
        // It may have been used again since then, or be gone and another in its place.
        let still = self.sessions.get(at as usize).filter(|it| it.id == id && it.idle_since == Some(since));
        if still.is_none() {
            return;
        }
        self.distrust(at);
        let hash = self.session(at).hashes.named;
        if let Ok(entry) = self.by_key.find_entry(hash, |(_, place)| *place == at) {
            entry.remove();
        }
        for usage in self.sessions.remove(at as usize).usages {
            self.usages.remove(usage as usize);
        }
    }
}
