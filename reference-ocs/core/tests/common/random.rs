//! Commands at random, over a few accounts and sessions, so that they meet.

use proptest::prelude::{Just, Strategy, prop_oneof};
use tollgate_ocs_core::{AccessRequest, Admin, Amount, Command, Lock, Proof, Stage, UsageReport};

use super::{ACCESS, CARD, amount, at, report, request};

pub(crate) const ACCOUNTS: [&str; 6] = [CARD, "with-password", "two-dollars", "shop-1", "shop-2", "office"];
/// Numbers by session, so that a session always calls the same.
pub(crate) const NUMBERS: [&str; 5] = ["82623634515", "16045550193", "441230000", "49301234", "18005550100"];
pub(crate) const SESSIONS: usize = 5;

/// What happens, without the time at which it does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Login { account: usize, session: usize, proof: Proof, lock: Lock },
    Authorize { account: usize, session: usize },
    Report { account: usize, session: usize, call: usize, stage: Stage, secs: u64 },
    TopUp { account: usize, units: i64 },
    Close { account: usize, session: usize },
    Expire,
}

/// An act and the seconds that pass before it.
pub(crate) type Step = (u64, Act);

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || (0..ACCOUNTS.len(), 0..SESSIONS);
    let proof = prop_oneof![3 => Just(Proof::Valid), 1 => Just(Proof::Invalid), 1 => Just(Proof::Ignored)];
    let lock = prop_oneof![
        5 => Just(Lock::Default),
        1 => Just(Lock::Lock),
        1 => Just(Lock::NoLock),
        1 => Just(Lock::Unlock),
        1 => Just(Lock::Ignore),
    ];
    let stage = prop_oneof![1 => Just(Stage::Start), 1 => Just(Stage::Interim), 2 => Just(Stage::Stop)];
    let secs = prop_oneof![Just(0_u64), 1..200_u64, 200..40_000_u64];
    let act = prop_oneof![
        2 => (who(), proof, lock).prop_map(|((account, session), proof, lock)| {
            Act::Login { account, session, proof, lock }
        }),
        6 => who().prop_map(|(account, session)| Act::Authorize { account, session }),
        9 => (who(), 0..2_usize, stage, secs).prop_map(|((account, session), call, stage, secs)| {
            Act::Report { account, session, call, stage, secs }
        }),
        1 => (0..ACCOUNTS.len(), 1..300_000_i64).prop_map(|(account, units)| Act::TopUp { account, units }),
        1 => who().prop_map(|(account, session)| Act::Close { account, session }),
        1 => Just(Act::Expire),
    ];
    let pause = prop_oneof![4 => 0..90_u64, 1 => 90..5_000_u64];
    proptest::collection::vec((pause, act), 1..80)
}

pub(crate) fn session_name(session: usize) -> String {
    format!("session-{session}")
}

/// The command of an act; `None` for the passing of time alone.
pub(crate) fn command(now: u64, act: &Act) -> Option<Command> {
    let asking = |account: usize, session: usize| request(ACCOUNTS[account], &session_name(session));
    Some(match *act {
        Act::Login { account, session, proof, lock } => {
            Command::Authenticate(AccessRequest { proof, lock, ..asking(account, session) })
        }
        Act::Authorize { account, session } => Command::Authorize(AccessRequest {
            cld: Some(NUMBERS[session].to_owned()),
            proof: Proof::Ignored,
            ..asking(account, session)
        }),
        Act::Report { account, session, call, stage, secs } => Command::Account(UsageReport {
            cld: Some(NUMBERS[session].to_owned()),
            access_code: Some(ACCESS.to_owned()),
            call_id: Some(format!("call-{call}")),
            connected_at: (stage != Stage::Start && secs > 0).then(|| at(now)),
            duration: (stage != Stage::Start).then_some(secs),
            disconnect_cause: (stage == Stage::Stop).then_some(if secs == 0 { 17 } else { 16 }),
            ..report(ACCOUNTS[account], &session_name(session), stage)
        }),
        Act::TopUp { account, units } => Command::Admin(Admin::TopUp {
            account: ACCOUNTS[account].to_owned(),
            amount: Amount::from_units(units),
        }),
        Act::Close { account, session } => Command::Admin(Admin::CloseSession {
            account: ACCOUNTS[account].to_owned(),
            session: session_name(session).as_str().into(),
        }),
        Act::Expire => return None,
    })
}

/// What the accounts begin with.
pub(crate) fn opening(account: usize) -> Amount {
    amount(["10.00", "5.00", "2.00", "0", "0", "0"][account])
}
