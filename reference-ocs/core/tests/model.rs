//! Random commands against a second ledger that knows nothing of grants: each call costs what all its usage costs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::random::{ACCOUNTS, Act, NUMBERS, Step, command, opening, session_name, steps};
use common::{World, amount, at, settings};
use proptest::prelude::{ProptestConfig, proptest};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tollgate_ocs_core::{Amount, Answer, BillingModel, Effect, Grant, Settings, Stage};

/// A call by account, session and call number.
type Call = (usize, usize, usize);

/// What is known of calls and money by counting alone.
#[derive(Default)]
struct Model {
    paid_in: BTreeMap<usize, i64>,
    /// Seconds of each call, and whether its Stop came.
    calls: BTreeMap<Call, (u64, bool)>,
    /// Calls that a report has named.
    reported: BTreeSet<Call>,
    on_record: BTreeMap<String, i64>,
    /// Money that use without a grant, beyond it or after its expiry may have taken from what is reserved: the one way
    /// for a debit account to go below zero.
    uncovered: BTreeMap<usize, i64>,
}

/// What a call to a session's number costs, in 10⁻⁵, worked out without the core's arithmetic.
///
/// 82623634515: 0.02 a minute by the second. 16045550193: 0.10 each minute begun. 441230000: 0.30 for 30 s, 0.03 for
/// each 6 s after. 49301234: the same after 10 free seconds, and 0.05 at once. 18005550100: nothing.
fn price(session: usize, secs: u64) -> i64 {
    let stepped = |secs: u64| match secs {
        0 => 0,
        1..=30 => 30_000,
        _ => 30_000 + 3_000 * i64::try_from((secs - 30).div_ceil(6)).unwrap(),
    };
    match (NUMBERS[session], secs) {
        (_, 0) => 0,
        // Thirds of 10⁻⁵ per second: 100/3; half a unit is never met.
        ("82623634515", _) => i64::try_from((secs * 200 + 3) / 6).unwrap(),
        ("16045550193", _) => 10_000 * i64::try_from(secs.div_ceil(60)).unwrap(),
        ("441230000", _) => stepped(secs),
        ("49301234", _) => 5_000 + stepped(secs.saturating_sub(10)),
        _ => 0,
    }
}

impl Model {
    fn take(&mut self, act: &Act) {
        match *act {
            Act::TopUp { account, units } => *self.paid_in.entry(account).or_default() += units,
            Act::Report { account, session, call, stage, secs } if stage != Stage::Start => {
                let (used, stopped) = self.calls.entry((account, session, call)).or_default();
                if !*stopped {
                    *used = (*used).max(secs);
                    *stopped = stage == Stage::Stop;
                }
            }
            _ => {}
        }
    }

    /// Takes an act, of which `reserved` was reserved before.
    fn take_covered(&mut self, act: &Act, reserved: i64) {
        let Act::Report { account, .. } = *act else { return self.take(act) };
        let before = self.charged(account);
        self.take(act);
        let due = self.charged(account) - before;
        *self.uncovered.entry(account).or_default() += (due - reserved).max(0);
    }

    fn charged(&self, account: usize) -> i64 {
        let calls = self.calls.iter().filter(|((whose, _, _), _)| *whose == account);
        calls.map(|(&(_, session, _), &(secs, _))| price(session, secs)).sum()
    }

    fn balance(&self, account: usize, model: BillingModel) -> Amount {
        let paid_in = self.paid_in.get(&account).copied().unwrap_or_default();
        let opening = opening(account).units();
        Amount::from_units(match model {
            BillingModel::Debit => opening + paid_in - self.charged(account),
            BillingModel::Credit => opening - paid_in + self.charged(account),
        })
    }

    fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Effect::Xdr(xdr) = effect else { continue };
            *self.on_record.entry(xdr.account_id.to_string()).or_default() += xdr.charged_amount.units();
        }
    }

    fn check(&mut self, world: &World) {
        let mut owed: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for (number, name) in ACCOUNTS.into_iter().enumerate() {
            let account = world.ocs.account(name).unwrap();
            assert_eq!(account.balance(), self.balance(number, account.billing_model()), "balance of {name}");
            let open: Vec<_> = world.ocs.sessions().filter(|usage| usage.account == name).collect();
            let reserved: i64 = open.iter().map(|usage| usage.reserved.units()).sum();
            assert!(reserved >= 0);
            assert_eq!(account.reserved().units(), reserved, "reserved by {name}");
            assert!(open.iter().all(|usage| !usage.reserved.is_negative()));
            if account.billing_model() == BillingModel::Debit {
                let available = account.balance().units() - reserved;
                let uncovered = self.uncovered.entry(number).or_default();
                assert!(available >= -*uncovered, "{name} has reserved what it does not have");
                if available >= 0 {
                    *uncovered = 0;
                }
            }
            if account.billing_model() == BillingModel::Credit {
                let of = owed.entry(account.customer()).or_default();
                of.0 += account.balance().units();
                of.1 += account.reserved().units();
            }
        }
        for (name, (balance, reserved)) in owed {
            let customer = world.ocs.customer(name).unwrap();
            assert_eq!(
                (customer.balance().units(), customer.reserved().units()),
                (balance, reserved),
                "{name}"
            );
        }
    }
}

/// What is reserved for the call that a report speaks of: by its name if it was reported before, else for any call of
/// the session that was not.
fn reserved_for(world: &World, model: &mut Model, act: &Act) -> i64 {
    let Act::Report { account, session, call, .. } = *act else { return 0 };
    let is_new = model.reported.insert((account, session, call));
    let (session, call) = (session_name(session), format!("call-{call}"));
    let of_session: Vec<_> = world
        .ocs
        .sessions()
        .filter(|usage| usage.account == ACCOUNTS[account] && usage.session.as_str() == session)
        .collect();
    let named = of_session.iter().find(|usage| usage.call_id == Some(call.as_str()));
    let found = named.or_else(|| of_session.iter().find(|usage| is_new && usage.call_id.is_none()));
    found.map_or(0, |usage| usage.reserved.units())
}

fn play(steps: &[Step]) {
    // Nothing is forgotten, so that every repetition is known.
    let kept =
        Settings { closed_kept: Duration::from_secs(u64::MAX / 4), grant_secs_max: Some(900), ..settings() };
    let mut world = World::with(kept);
    let mut model = Model::default();
    let mut now = 0;
    for (pause, act) in steps {
        now += pause;
        world.expire(now);
        model.note(&world.effects);
        let reserved = reserved_for(&world, &mut model, act);
        match command(now, act) {
            Some(command) => {
                let answer = world.apply(now, command);
                if let Act::Authorize { account, session } = act
                    && let Answer::Accepted(accepted) = &answer
                    && let Some(Grant::Units(units)) = accepted.grant
                {
                    assert!(units > 0);
                    let name = session_name(*session);
                    let mut open = world.ocs.sessions();
                    assert!(
                        open.any(
                            |usage| usage.account == ACCOUNTS[*account] && usage.session.as_str() == name
                        )
                    );
                }
            }
            None => world.effects.clear(),
        }
        model.take_covered(act, reserved);
        model.note(&world.effects);
        model.check(&world);
    }
    // In the end all is given up: nothing stays reserved, and the records add up to the charges less the payments.
    world.expire(now + 10_000_000);
    model.note(&world.effects);
    model.check(&world);
    assert_eq!(world.ocs.sessions().count(), 0);
    for (number, name) in ACCOUNTS.into_iter().enumerate() {
        assert_eq!(world.reserved(name), Amount::ZERO);
        assert_eq!(
            model.on_record.get(name).copied().unwrap_or_default(),
            model.charged(number) - model.paid_in.get(&number).copied().unwrap_or_default(),
            "records of {name}"
        );
    }
}

#[test]
fn the_models_prices_are_the_tariffs() {
    // 71 × 0.02 / 60 = 0.02367; two minutes at 0.10; 0.30 + 2 × 0.03 for 42 s; 0.05 + 0.30 + 2 × 0.03 for 52 s.
    let shown = [(0, 71), (1, 61), (2, 42), (3, 52), (3, 4), (4, 99)];
    let prices = shown.map(|(session, secs)| Amount::from_units(price(session, secs)));
    assert_eq!(prices, ["0.02367", "0.20", "0.36", "0.41", "0.05", "0"].map(amount));
    assert_eq!(at(1).unix_secs() - at(0).unix_secs(), 1);
}

/// As many as `PROPTEST_CASES` says, else a few hundred; one is about forty commands.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

#[test]
#[ignore = "takes long: cargo test --profile model -p tollgate-ocs-core a_million -- --ignored"]
fn a_million_commands_leave_the_ledgers_equal() {
    common::a_million(&steps(), play);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn balances_are_openings_and_payments_less_charges(steps in steps()) {
        play(&steps);
    }
}
