//! Sessions at the dispatcher, each of which stands for one in each system.

use std::collections::BTreeMap;

/// Sessions at most; the oldest makes room.
const SESSIONS_MAX: usize = 10_000;

/// The source or the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Source,
    Target,
}

impl Side {
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Source => 0,
            Self::Target => 1,
        }
    }
}

/// One session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    number: u64,
    /// Those at the systems, where they gave one.
    pub(super) systems: [Option<String>; 2],
    /// Where it turns to for what names no customer.
    pub(super) context: Option<Side>,
    /// The only one that it works with: of a customer's user.
    pub(super) only: Option<Side>,
}

/// All of them, by the identifier of the first session that was begun for them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: BTreeMap<String, Session>,
    begun: u64,
}

impl Sessions {
    pub(super) fn begin(&mut self, id: &str, systems: [Option<String>; 2], only: Option<Side>) {
        self.begun += 1;
        if self.all.len() >= SESSIONS_MAX
            && let Some(oldest) = self.all.iter().min_by_key(|(_, own)| own.number).map(|(id, _)| id.clone())
        {
            self.all.remove(&oldest);
        }
        let session = Session { number: self.begun, systems, context: None, only };
        self.all.insert(id.to_owned(), session);
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.all.get_mut(id)
    }

    pub(super) fn end(&mut self, id: &str) {
        self.all.remove(id);
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}
