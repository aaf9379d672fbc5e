//! What is to happen when: ordered by time, and at one time by the order in which it was entered, so that
//! the order is total.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use tollgate_time::Instant;

/// Events to come.
#[derive(Debug)]
pub(crate) struct Timeline<T> {
    /// Events entered so far; breaks ties of time.
    sequence: u64,
    heap: BinaryHeap<Event<T>>,
}

#[derive(Debug)]
struct Event<T> {
    at: Instant,
    sequence: u64,
    what: T,
}

impl<T> Timeline<T> {
    pub(crate) const fn new() -> Self {
        Self { sequence: 0, heap: BinaryHeap::new() }
    }

    pub(crate) fn enter(&mut self, at: Instant, what: T) {
        self.sequence += 1;
        self.heap.push(Event { at, sequence: self.sequence, what });
    }

    /// The next event with its time, when it comes no later than that.
    pub(crate) fn next_until(&mut self, until: Instant) -> Option<(Instant, T)> {
        let next = self.heap.peek_mut()?;
        if next.at > until {
            return None;
        }
        let event = PeekMut::pop(next);
        Some((event.at, event.what))
    }

    /// When the next event comes.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only the live driver has to wait"))]
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|event| event.at)
    }

    /// How many events are to come.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only the live driver has a bound"))]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl<T> Ord for Event<T> {
    /// The heap gives the greatest: the earliest, and of these the one entered first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl<T> PartialOrd for Event<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Event<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Event<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_the_order_of_entry() {
        let at = Instant::from_unix_secs;
        let mut timeline = Timeline::new();
        for (secs, what) in [(2, "c"), (1, "a"), (2, "d"), (1, "b"), (3, "e")] {
            timeline.enter(at(secs), what);
        }
        let order: String = std::iter::from_fn(|| timeline.next_until(at(2)))
            .map(|(_, what)| what)
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(order, "abcd");
        assert_eq!((timeline.next_at(), timeline.len()), (Some(at(3)), 1));
    }
}
