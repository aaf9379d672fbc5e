//! The calls of the day, drawn from a seed, and what they cost: worked out here, without anything of the charging system.

use std::time::Duration;

use tollgate_time::Instant;

/// Units of 10⁻⁵ of a dollar that a second costs: who calls, who is called, and what the carrier gets.
pub(crate) const OUT: i64 = 10;
pub(crate) const IN: i64 = 1;
pub(crate) const COST: i64 = 4;

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Phone(u32),
    /// A number of another network.
    Abroad(u32),
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It rings so many seconds, and lasts so many.
    Answered { ring: u64, talk: u64 },
    /// It is refused with this status.
    Fails(u16),
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) from: Party,
    pub(crate) to: Party,
    pub(crate) outcome: Outcome,
}

/// All calls, in the order of time.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) calls: Vec<Call>,
    telephones: u32,
}

/// What is due of them.
#[derive(Debug)]
pub(crate) struct Money {
    /// By account, in units of 10⁻⁵.
    pub(crate) accounts: Vec<i64>,
    pub(crate) vendor: i64,
}

struct Chance(u64);

impl Chance {
    /// One step of splitmix64, below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Plan {
    /// As many calls that are answered as that fail, over the whole time; the first minute is for registrations.
    pub(crate) fn new(start: Instant, length: Duration, answered: u32, telephones: u32, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let span = u64::try_from(length.as_millis()).unwrap_or(u64::MAX).saturating_sub(330_000);
        let phone = |chance: &mut Chance| u32::try_from(chance.below(u64::from(telephones))).unwrap_or(0);
        let mut calls: Vec<Call> = (0..answered * 2)
            .map(|number| {
                // Every telephone has registered by then.
                let at = start + Duration::from_millis(310_000 + chance.below(span.max(1)));
                let caller = phone(&mut chance);
                let (from, to) = match chance.below(10) {
                    0 => (Party::Abroad(number), Party::Phone(caller)),
                    // To somebody else.
                    1 => (Party::Phone(caller), Party::Phone((caller + 1) % telephones)),
                    _ => (Party::Phone(caller), Party::Abroad(number)),
                };
                let outcome = if number % 2 == 0 {
                    // From a second to ten minutes: five on average.
                    Outcome::Answered { ring: 1 + chance.below(10), talk: 1 + chance.below(599) }
                } else {
                    Outcome::Fails([486, 503, 404, 480][usize::try_from(chance.below(4)).unwrap_or(0)])
                };
                Call { at, from, to, outcome }
            })
            .collect();
        calls.sort_by_key(|call| call.at);
        Self { calls, telephones }
    }

    /// What the calls of the plan cost.
    pub(crate) fn money(&self) -> Money {
        let mut money = Money { accounts: vec![0; self.telephones as usize], vendor: 0 };
        for call in &self.calls {
            let Outcome::Answered { talk, .. } = call.outcome else { continue };
            let talk = i64::try_from(talk).unwrap_or(0);
            let mut pays = |party: Party, price: i64| {
                if let Party::Phone(number) = party
                    && let Some(own) = money.accounts.get_mut(number as usize)
                {
                    *own += price * talk;
                }
            };
            pays(call.from, OUT);
            pays(call.to, IN);
            if matches!(call.to, Party::Abroad(_)) {
                money.vendor += COST * talk;
            }
        }
        money
    }
}
