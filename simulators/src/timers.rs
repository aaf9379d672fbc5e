//! Points in time at which a node wants to act, in order. Nothing here reads a clock.

use std::collections::BTreeMap;

use tollgate_time::Instant;

/// What is due when; what is due at the same time comes in the order in which it was set.
#[derive(Debug)]
pub struct Timers<T> {
    due: BTreeMap<(Instant, u64), T>,
    order: u64,
}

/// A timer that was set, to cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerId(Instant, u64);

impl TimerId {
    /// The identifier of no timer.
    pub const NEVER: Self = Self(Instant::EPOCH, 0);
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), order: 0 }
    }
}

impl<T> Timers<T> {
    /// Has `what` come up at this time.
    pub fn set(&mut self, at: Instant, what: T) -> TimerId {
        self.order = self.order.wrapping_add(1);
        self.due.insert((at, self.order), what);
        TimerId(at, self.order)
    }

    /// Forgets a timer; one that has come up already does no harm.
    pub fn cancel(&mut self, timer: TimerId) {
        self.due.remove(&(timer.0, timer.1));
    }

    /// When the next one is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next one that is due at `now` or was before, with its time.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        let next = self.due.first_entry()?;
        if next.key().0 > now {
            return None;
        }
        let ((at, _), what) = next.remove_entry();
        Some((at, what))
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.due.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_at_the_same_time_comes_in_the_order_in_which_it_was_set() {
        let mut timers = Timers::default();
        let at = Instant::from_unix_secs(5);
        timers.set(at, 'a');
        let gone = timers.set(Instant::from_unix_secs(1), 'x');
        timers.set(at, 'b');
        timers.cancel(gone);
        assert_eq!(timers.next_deadline(), Some(at));
        assert_eq!(timers.pop_due(Instant::from_unix_secs(4)), None);
        assert_eq!(timers.pop_due(at), Some((at, 'a')));
        assert_eq!(timers.pop_due(Instant::from_unix_secs(9)), Some((at, 'b')));
        assert_eq!(timers.pop_due(Instant::from_unix_secs(9)), None);
    }
}
