//! What happens at random: calls and their reports, logins and locks, every way that money comes in or is taken back.

use proptest::prelude::{Just, Strategy, prop_oneof};
use tollgate_ocs_core::{Lock, Stage};

use super::ledger::ACCOUNTS;

/// How many vouchers there are, each of the same worth.
pub(crate) const VOUCHERS: usize = 6;

/// One command, or the passing of time. A call is one of those that were begun, counted around.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Begin { account: usize, lock: Lock },
    Login { call: usize, lock: Lock },
    Extend { call: usize },
    Report { call: usize, more: u64, stage: Stage },
    TopUp { account: usize, units: i64 },
    Refund { account: usize, units: i64 },
    Adjust { account: usize, units: i64 },
    Voucher { account: usize, voucher: usize, session: usize },
    PayCustomer { units: i64 },
    SetLimit { units: i64 },
    Bar { account: usize, barred: bool },
    Close { call: usize },
    Wait,
}

/// Acts with the seconds that pass before each.
pub(crate) fn steps() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let account = || 0..ACCOUNTS.len();
    let call = || 0..8_usize;
    let stage = prop_oneof![2 => Just(Stage::Interim), 1 => Just(Stage::Stop)];
    let lock = || prop_oneof![2 => Just(Lock::Ignore), 1 => Just(Lock::Default)];
    let login = prop_oneof![
        2 => Just(Lock::Default),
        1 => Just(Lock::Lock),
        1 => Just(Lock::NoLock),
        3 => Just(Lock::Unlock),
    ];
    let act = prop_oneof![
        12 => (account(), lock()).prop_map(|(account, lock)| Act::Begin { account, lock }),
        2 => (call(), login).prop_map(|(call, lock)| Act::Login { call, lock }),
        6 => call().prop_map(|call| Act::Extend { call }),
        24 => (call(), 0..260_u64, stage).prop_map(|(call, more, stage)| Act::Report { call, more, stage }),
        2 => (account(), 1..40_000_i64).prop_map(|(account, units)| Act::TopUp { account, units }),
        1 => (account(), 1..20_000_i64).prop_map(|(account, units)| Act::Refund { account, units }),
        2 => (account(), -60_000..20_000_i64).prop_map(|(account, units)| Act::Adjust { account, units }),
        2 => (account(), 0..VOUCHERS, 0..2_usize)
            .prop_map(|(account, voucher, session)| Act::Voucher { account, voucher, session }),
        1 => (1..40_000_i64).prop_map(|units| Act::PayCustomer { units }),
        1 => (20_000..200_000_i64).prop_map(|units| Act::SetLimit { units }),
        1 => (account(), proptest::bool::weighted(0.3))
            .prop_map(|(account, barred)| Act::Bar { account, barred }),
        1 => call().prop_map(|call| Act::Close { call }),
        3 => Just(Act::Wait),
    ];
    let pause = prop_oneof![8 => 0..30_u64, 1 => 3_000..90_000_u64];
    proptest::collection::vec((pause, act), 1..80)
}
