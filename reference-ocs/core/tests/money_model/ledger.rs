//! The second ledger: money and quotas counted second by second, without any of the core's code.
//!
//! A second costs 0.001, which is 100 of the 10⁻⁵ that all sums here are in. What is granted is claimed: seconds by the
//! steps of the account's plan, and the money that they cost. Use takes the own claim first; what goes beyond takes what
//! nobody has used or claimed.
//!
//! The one way for a debit account to go below zero is use that no grant stands for: without a grant, beyond it, or
//! after it has expired. What that costs beyond the money that is left is `uncovered`; nothing else may be missing.

use std::collections::{BTreeMap, BTreeSet};

/// Three debit accounts, of which the second has its plan anew each day and the third a daily budget; two credit
/// accounts of one customer, the first with a limit of its own; one without any limit; and a debit account whose
/// thresholds are in money spent, which comes to the same seconds.
pub(crate) const ACCOUNTS: [&str; 7] = ["quota", "daily", "budget", "shop-1", "shop-2", "office", "spender"];
pub(crate) const BUDGET: i64 = 60_000;
/// What the debit accounts begin with: 1.00.
pub(crate) const OPENING: i64 = 100_000;
/// The own limit of `shop-1` in the beginning, and that of its customer.
pub(crate) const OWN_LIMIT: i64 = 100_000;
pub(crate) const CUSTOMER_LIMIT: i64 = 150_000;
pub(crate) const VOUCHER: i64 = 30_000;
pub(crate) const SECOND: i64 = 100;

/// Where a step of a plan has no end.
const END: u64 = u64::MAX / 2;
/// Seconds and what each costs, step by step.
const STEPS: [&[(u64, i64)]; 7] = [
    &[(500, 0), (END, SECOND)],
    &[(120, 0), (120, SECOND / 2), (END, SECOND)],
    &[(END, SECOND)],
    &[(END, SECOND)],
    &[(END, SECOND)],
    &[(500, 0), (END, SECOND)],
    &[(200, SECOND), (200, SECOND / 2), (END, SECOND)],
];
const DAILY: usize = 1;
const BUDGETED: usize = 2;
const SHOPS: [usize; 2] = [3, 4];
const OFFICE: usize = 5;

/// Seconds by step.
pub(crate) type Seconds = [u64; 3];

#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) account: usize,
    pub(crate) used: u64,
    /// What is left of its grant.
    pub(crate) claim: Seconds,
    /// The period in which that was claimed.
    pub(crate) period: u64,
    /// Whether it is granted or in use.
    pub(crate) open: bool,
    pub(crate) stopped: bool,
}

pub(crate) struct Ledger {
    pub(crate) calls: Vec<Call>,
    /// Seconds used by account and period.
    used: BTreeMap<(usize, u64), Seconds>,
    pub(crate) charged: [i64; 7],
    pub(crate) paid_in: [i64; 7],
    pub(crate) customer_paid: i64,
    pub(crate) own_limit: i64,
    pub(crate) barred: [bool; 7],
    /// Calls whose login may hold their account's lock.
    pub(crate) lockers: [BTreeSet<usize>; 7],
    /// By voucher, the account and session that redeemed it.
    pub(crate) vouchers: BTreeMap<usize, (usize, usize)>,
    /// Spent of the budget, by day.
    spent: BTreeMap<u64, i64>,
    /// Money that use without a grant may have taken from what is reserved.
    uncovered: [i64; 7],
}

pub(crate) fn is_debit(account: usize) -> bool {
    account < 3 || account == 6
}

fn cost(account: usize, seconds: &Seconds) -> i64 {
    let priced = seconds.iter().zip(STEPS[account]);
    priced.map(|(&seconds, &(_, price))| i64::try_from(seconds).unwrap() * price).sum()
}

fn period(account: usize, day: u64) -> u64 {
    if account == DAILY { day } else { 0 }
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            calls: Vec::new(),
            used: BTreeMap::new(),
            charged: [0; 7],
            paid_in: [0; 7],
            customer_paid: 0,
            own_limit: OWN_LIMIT,
            barred: [false; 7],
            lockers: std::array::from_fn(|_| BTreeSet::new()),
            vouchers: BTreeMap::new(),
            spent: BTreeMap::new(),
            uncovered: [0; 7],
        }
    }

    /// Money left, or money owed.
    pub(crate) fn balance(&self, account: usize) -> i64 {
        if is_debit(account) {
            OPENING + self.paid_in[account] - self.charged[account]
        } else {
            self.charged[account] - self.paid_in[account]
        }
    }

    pub(crate) fn owed_by_customer(&self) -> i64 {
        SHOPS.map(|account| self.balance(account)).iter().sum::<i64>() - self.customer_paid
    }

    pub(crate) fn reserved(&self, account: usize) -> i64 {
        let mine = self.calls.iter().filter(|call| call.account == account);
        mine.map(|call| cost(account, &call.claim)).sum()
    }

    pub(crate) fn reserved_of_customer(&self) -> i64 {
        SHOPS.map(|account| self.reserved(account)).iter().sum()
    }

    /// What may be spent, reservations not considered; `None` without any limit.
    fn funds(&self, account: usize) -> Option<i64> {
        let customer = CUSTOMER_LIMIT - self.owed_by_customer();
        match account {
            OFFICE => None,
            3 => Some(customer.min(self.own_limit - self.balance(account))),
            4 => Some(customer),
            _ => Some(self.balance(account)),
        }
    }

    fn budget_left(&self, account: usize, day: u64) -> i64 {
        let spent = self.spent.get(&day).copied().unwrap_or_default();
        if account == BUDGETED { BUDGET - spent } else { i64::MAX }
    }

    /// What may be reserved; `None` without any limit.
    fn spendable(&self, account: usize, day: u64) -> Option<i64> {
        let reserved = self.reserved(account);
        let customer = CUSTOMER_LIMIT - self.owed_by_customer() - self.reserved_of_customer();
        match account {
            OFFICE => None,
            3 => Some(customer.min(self.own_limit - self.balance(account) - reserved)),
            4 => Some(customer),
            _ => Some((self.balance(account).min(self.budget_left(account, day))) - reserved),
        }
    }

    fn room(&self, account: usize, period: u64, step: usize) -> u64 {
        let used = self.used.get(&(account, period)).map_or(0, |used| used[step]);
        let mine = self.calls.iter().filter(|call| call.account == account && call.period == period);
        STEPS[account][step].0.saturating_sub(used + mine.map(|call| call.claim[step]).sum::<u64>())
    }

    /// Whether an account has neither money nor something that is free.
    pub(crate) fn is_broke(&self, account: usize, day: u64) -> bool {
        let used = self.used.get(&(account, period(account, day)));
        let (width, price) = STEPS[account][0];
        let free = price == 0 && used.is_none_or(|used| used[0] < width);
        let none = self.funds(account).is_some_and(|funds| funds <= 0);
        !free && (none || self.budget_left(account, day) <= 0)
    }

    /// The seconds that a call is granted beside those that it has used; `None` without end.
    pub(crate) fn offer(&mut self, number: usize, day: u64) -> Option<Seconds> {
        let account = self.calls[number].account;
        let before = std::mem::take(&mut self.calls[number].claim);
        let money = self.spendable(account, day);
        let mut offered = [0; 3];
        if let Some(mut money) = money.map(|money| money.max(0)) {
            for (step, &(_, price)) in STEPS[account].iter().enumerate() {
                let room = self.room(account, period(account, day), step);
                let paid = if price == 0 { room } else { u64::try_from(money / price).unwrap() };
                offered[step] = room.min(paid);
                money -= i64::try_from(offered[step]).unwrap() * price;
                if paid < room {
                    break;
                }
            }
        }
        self.calls[number].claim = before;
        money.map(|_| offered)
    }

    pub(crate) fn grant(&mut self, number: usize, claim: Seconds, day: u64) {
        let call = &mut self.calls[number];
        (call.claim, call.open, call.period) = (claim, true, period(call.account, day));
    }

    /// Counts and charges more use of a call.
    pub(crate) fn report(&mut self, number: usize, more: u64, day: u64) {
        let call = &mut self.calls[number];
        let (account, claimed_in) = (call.account, call.period);
        call.used += more;
        let mut left = more;
        let mut taken = [0; 3];
        for (step, claim) in call.claim.iter_mut().enumerate() {
            taken[step] = left.min(*claim);
            *claim -= taken[step];
            left -= taken[step];
        }
        self.count(account, claimed_in, &taken);
        let now = period(account, day);
        let mut beyond = [0; 3];
        for (step, seconds) in beyond.iter_mut().enumerate().take(STEPS[account].len()) {
            *seconds = left.min(self.room(account, now, step));
            left -= *seconds;
        }
        self.count(account, now, &beyond);
        let due = cost(account, &taken) + cost(account, &beyond);
        self.charged[account] += due;
        self.uncovered[account] += cost(account, &beyond);
        if account == BUDGETED {
            *self.spent.entry(day).or_default() += due;
        }
    }

    fn count(&mut self, account: usize, period: u64, seconds: &Seconds) {
        let used = self.used.entry((account, period)).or_default();
        for (sum, seconds) in used.iter_mut().zip(seconds) {
            *sum += seconds;
        }
    }

    /// A call is no longer heard of: what it claimed is there for others.
    pub(crate) fn close(&mut self, number: usize) {
        let call = &mut self.calls[number];
        (call.claim, call.open) = ([0; 3], false);
    }

    /// No reservation without money behind it, but for what was used without a grant.
    pub(crate) fn check(&mut self) {
        for (account, name) in ACCOUNTS.iter().enumerate().filter(|(account, _)| is_debit(*account)) {
            let available = self.balance(account) - self.reserved(account);
            assert!(available >= -self.uncovered[account], "{name} has reserved what it does not have");
            if available >= 0 {
                self.uncovered[account] = 0;
            }
        }
    }
}
