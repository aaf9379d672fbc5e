//! Source ports and the identifiers in use on each: no identifier stands for two requests of one port at a
//! time (RFC 2865 section 5), so a port is added where 256 requests are in flight.

/// Source ports of one client, from a first one upwards.
#[derive(Debug)]
pub(super) struct Ports {
    first: u16,
    ports: Vec<Port>,
}

/// A source port and identifier on loan to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot {
    /// UDP source port.
    pub(super) port: u16,
    /// Identifier.
    pub(super) identifier: u8,
}

#[derive(Debug, Default)]
struct Port {
    used: [u64; 4],
    used_count: u16,
    /// Where the search begins, so that an identifier rests as long as possible before it is used again
    /// and a late answer finds nobody.
    next: u8,
}

/// Most source ports of one client: 128 × 256 requests in flight.
pub const PORTS_MAX: u16 = 128;
const IDENTIFIERS: u16 = 256;

impl Ports {
    /// Ports from `first` upwards, at most [`PORTS_MAX`], taken one after the other as they are needed.
    #[must_use]
    pub(super) const fn new(first: u16) -> Self {
        Self { first, ports: Vec::new() }
    }

    /// A port and identifier that no request holds, or `None` where every one is held.
    pub(super) fn take(&mut self) -> Option<Slot> {
        let place = match self.ports.iter().position(|port| port.used_count < IDENTIFIERS) {
            Some(place) => place,
            None => {
                let count = u16::try_from(self.ports.len()).ok()?;
                if count >= PORTS_MAX || self.first.checked_add(count).is_none() {
                    return None;
                }
                self.ports.push(Port::default());
                usize::from(count)
            }
        };
        let identifier = self.ports[place].take()?;
        Some(Slot { port: self.first.checked_add(u16::try_from(place).ok()?)?, identifier })
    }

    /// Gives a slot back.
    pub(super) fn give_back(&mut self, slot: Slot) {
        if let Some(place) = slot.port.checked_sub(self.first)
            && let Some(port) = self.ports.get_mut(usize::from(place))
        {
            port.give_back(slot.identifier);
        }
    }
}

impl Port {
    fn take(&mut self) -> Option<u8> {
        let mut identifier = self.next;
        for _ in 0..IDENTIFIERS {
            let (word, bit) = place(identifier);
            if self.used[word] & bit == 0 {
                self.used[word] |= bit;
                self.used_count += 1;
                self.next = identifier.wrapping_add(1);
                return Some(identifier);
            }
            identifier = identifier.wrapping_add(1);
        }
        None
    }

    fn give_back(&mut self, identifier: u8) {
        let (word, bit) = place(identifier);
        if self.used[word] & bit != 0 {
            self.used[word] &= !bit;
            self.used_count -= 1;
        }
    }
}

const fn place(identifier: u8) -> (usize, u64) {
    ((identifier >> 6) as usize, 1 << (identifier & 63))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_slot_is_lent_twice_and_a_full_port_is_followed_by_the_next() {
        let mut ports = Ports::new(21_645);
        let taken: BTreeSet<Slot> = (0..600).map(|_| ports.take().unwrap()).collect();
        assert_eq!(taken.len(), 600);
        assert_eq!(taken.iter().filter(|slot| slot.port == 21_645).count(), 256);
        assert_eq!(taken.last().unwrap().port, 21_647);
    }

    #[test]
    fn an_identifier_rests_before_it_is_used_again() {
        let mut ports = Ports::new(1_645);
        let first = ports.take().unwrap();
        ports.give_back(first);
        for expected in 1..=255 {
            let slot = ports.take().unwrap();
            assert_eq!(slot.identifier, expected);
            ports.give_back(slot);
        }
        assert_eq!(ports.take(), Some(first));
    }

    #[test]
    fn ports_run_out_at_the_bound_and_at_the_end_of_the_number_range() {
        let mut ports = Ports::new(20_000);
        assert_eq!(std::iter::from_fn(|| ports.take()).count(), 128 * 256);
        let mut last = Ports::new(u16::MAX);
        assert_eq!(std::iter::from_fn(|| last.take()).count(), 256);
        last.give_back(Slot { port: 1, identifier: 0 });
        last.give_back(Slot { port: u16::MAX, identifier: 9 });
        assert_eq!(last.take(), Some(Slot { port: u16::MAX, identifier: 9 }));
    }
}
