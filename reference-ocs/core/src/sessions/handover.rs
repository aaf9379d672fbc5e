//! What sites hand over to each other: usages found by their number, taken in with it, or put in place of what is known.

use super::{Session, Sessions, Slot, Usage, place};
use crate::command::SessionKey;
use crate::ids::UsageId;

impl Session {
    /// Whether reports under its key that name no account are its own.
    pub(crate) const fn is_trusted(&self) -> bool {
        self.trusted
    }
}

impl Sessions {
    /// All usages that are not closed, in no order that means anything.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Usage> {
        self.usages.iter().filter_map(|(_, slot)| slot.live())
    }

    /// Usages that begin from now on have greater numbers.
    pub(crate) fn count_usages_from(&mut self, number: u64) {
        self.usages_begun = self.usages_begun.max(number);
    }

    /// The place of the usage of that number.
    pub(crate) fn find_by_id(&self, key: &SessionKey, account: &str, id: UsageId) -> Option<u32> {
        let session = self.session(self.find(key, account)?);
        session.usages.iter().copied().find(|&at| self.known(at).id == id)
    }

    /// A usage that began beside another one for the same call: by its call id, or by its number between those two.
    pub(crate) fn find_twin(
        &self,
        key: &SessionKey,
        account: &str,
        usage: &Usage,
        (after, before): (u64, u64),
    ) -> Option<u32> {
        let session = self.session(self.find(key, account)?);
        let fits = |&at: &u32| {
            let known = self.known(at);
            let number = known.id.number();
            let is_call = match (known.call_id, &usage.call_id) {
                // A grant from before may have become this call meanwhile.
                (Some(own), Some(other)) => own == other,
                _ => number > after,
            };
            is_call && number < before && known.leg == usage.leg && *known.key == usage.key
        };
        session.usages.iter().copied().find(fits)
    }

    /// Takes in a usage with its number.
    pub(crate) fn adopt(&mut self, session: u32, usage: &Usage) -> u32 {
        let own = Usage { session, queued: None, deadline: None, ..usage.clone() };
        let at = place(self.usages.insert(Slot::Live(Box::new(own))));
        self.sessions[session as usize].usages.push(at);
        at
    }

    /// Puts what another site knows of a usage in place of what is known here; number and deadline stay.
    pub(crate) fn replace(&mut self, at: u32, usage: &Usage) {
        let own = self.usage_mut(at);
        let (id, session, deadline, queued) = (own.id, own.session, own.deadline, own.queued);
        *own = Usage { id, session, deadline, queued, ..usage.clone() };
    }
}
