//! Random calls against a second ledger that counts quota and budget by itself, second by second.
//!
//! A second costs 0.001. One account has 500 s for nothing, another may spend 0.60 a day; both are debit accounts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeMap;

use common::{World, amount, at, cad, report, request, settings};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use tollgate_ocs_core::plans::{BudgetSpec, DiscountSpec, Period, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, CatalogueBuilder, CustomerSpec, Effect, Grant, Ocs,
    ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, Stage, TariffSpec, UsageReport,
};

const ACCOUNTS: [&str; 2] = ["quota", "budget"];
const QUOTA: u64 = 500;
const BUDGET: i64 = 60_000;
/// What a second costs, in 10⁻⁵.
const SECOND: i64 = 100;
/// What both begin with: 1.00.
const OPENING: i64 = 100_000;
const CALLED: &str = "16045550193";

#[derive(Clone, Debug)]
enum Act {
    Begin { account: usize },
    Extend { call: usize },
    Report { call: usize, more: u64, stage: Stage },
    TopUp { account: usize, units: i64 },
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let stage = prop_oneof![2 => Just(Stage::Interim), 1 => Just(Stage::Stop)];
    let act = prop_oneof![
        4 => (0..2_usize).prop_map(|account| Act::Begin { account }),
        2 => (0..6_usize).prop_map(|call| Act::Extend { call }),
        8 => (0..6_usize, 0..260_u64, stage).prop_map(|(call, more, stage)| Act::Report { call, more, stage }),
        1 => (0..2_usize, 1..40_000_i64).prop_map(|(account, units)| Act::TopUp { account, units }),
        1 => Just(Act::Wait),
    ];
    let pause = prop_oneof![8 => 0..30_u64, 1 => 3_000..90_000_u64];
    proptest::collection::vec((pause, act), 1..90)
}

#[derive(Clone, Debug)]
struct Call {
    account: usize,
    used: u64,
    /// Seconds of the grant that are left: for nothing, and for money.
    claim: (u64, u64),
    stopped: bool,
}

#[derive(Default)]
struct Model {
    calls: Vec<Call>,
    quota_used: u64,
    charged: [i64; 2],
    paid_in: [i64; 2],
    /// Spent of the budget, by day.
    spent: BTreeMap<u64, i64>,
    /// Whether something was used that was not granted: only then may money be missing for what was.
    beyond: [bool; 2],
}

impl Model {
    fn quota_left(&self, but: Option<usize>) -> u64 {
        let others =
            self.calls.iter().enumerate().filter(|(number, call)| Some(*number) != but && call.account == 0);
        QUOTA.saturating_sub(self.quota_used + others.map(|(_, call)| call.claim.0).sum::<u64>())
    }

    fn money_claimed(&self, account: usize) -> i64 {
        let mine = self.calls.iter().filter(|call| call.account == account);
        mine.map(|call| i64::try_from(call.claim.1).unwrap() * SECOND).sum()
    }

    fn balance(&self, account: usize) -> i64 {
        OPENING + self.paid_in[account] - self.charged[account]
    }

    /// What an account may reserve beside what it has reserved.
    fn spendable(&self, account: usize, day: u64) -> i64 {
        let own = self.balance(account) - self.money_claimed(account);
        let spent = self.spent.get(&day).copied().unwrap_or_default();
        if account == 1 { own.min(BUDGET - spent - self.money_claimed(account)) } else { own }
    }

    /// What is granted to a call: what is free, and what money buys.
    fn expected(&mut self, number: usize, day: u64) -> (u64, u64) {
        let account = self.calls[number].account;
        let free = if account == 0 { self.quota_left(Some(number)) } else { 0 };
        let before = std::mem::take(&mut self.calls[number].claim);
        let money = self.spendable(account, day).max(0) / SECOND;
        self.calls[number].claim = before;
        (free, u64::try_from(money).unwrap())
    }

    fn used(&mut self, number: usize, more: u64, day: u64) {
        let call = &mut self.calls[number];
        call.used += more;
        let free = more.min(call.claim.0);
        let paid = (more - free).min(call.claim.1);
        call.claim = (call.claim.0 - free, call.claim.1 - paid);
        let account = call.account;
        let rest = more - free - paid;
        if rest > 0 {
            self.beyond[account] = true;
        }
        self.quota_used += free;
        // What is used beyond the grant takes what nobody has used or claimed.
        let rest_free = if account == 0 { rest.min(self.quota_left(None)) } else { 0 };
        self.quota_used += rest_free;
        let cost = i64::try_from(paid + rest - rest_free).unwrap() * SECOND;
        self.charged[account] += cost;
        if account == 1 {
            *self.spent.entry(day).or_default() += cost;
        }
    }
}

fn world() -> World {
    // Nothing is forgotten, so that every call is known.
    let kept = std::time::Duration::from_secs(u64::MAX / 4);
    let kept = Settings { closed_kept: kept, xdrs_kept_max: 0, ..settings() };
    let mut build = CatalogueBuilder::new(kept).unwrap();
    let spec = TariffSpec { name: "Voice".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(spec).unwrap();
    build.rate(tariff, RateSpec::simple("1", "0.06".parse().unwrap())).unwrap();
    let product =
        ProductSpec { name: "Line".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    let ids = ACCOUNTS
        .map(|id| build.account(AccountSpec::debit(id, cad(), amount("1.00"), product, customer)).unwrap());
    let discount = DiscountSpec {
        service: Service::Voice,
        destinations: Vec::new(),
        period: Period::Never,
        offset: 0,
        rollover_max: 0,
        steps: vec![StepSpec { up_to: Some(QUOTA), price: StepPrice::Free, policy: None }],
    };
    let plan = PlanSpec { name: "Quota".to_owned(), discounts: vec![discount] };
    let plan = build.plans().add(plan).unwrap();
    build.plans().give_account(ids[0], plan);
    let budget = BudgetSpec { limit: Amount::from_units(BUDGET), period: Period::Daily, offset: 0 };
    build.plans().set_budget(ids[1], budget);
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

fn session(number: usize) -> String {
    format!("c{number}")
}

/// What has expired gives its claim back.
fn note_closed(world: &World, model: &mut Model) {
    for effect in &world.effects {
        if let Effect::Closed(closed) = effect {
            let number: usize = closed.session.as_str().trim_start_matches('c').parse().unwrap();
            model.calls[number].claim = (0, 0);
        }
    }
}

fn ask(world: &mut World, model: &mut Model, now: u64, number: usize) {
    let day = at(now).unix_secs() / 86_400;
    let account = model.calls[number].account;
    let key = session(number);
    let cld = Some(CALLED.to_owned());
    let answer = world.authorize(now, AccessRequest { cld, ..request(ACCOUNTS[account], &key) });
    note_closed(world, model);
    let (free, paid) = model.expected(number, day);
    match answer {
        Ok(accepted) => {
            assert_eq!(accepted.grant, Some(Grant::Units(free + paid)), "call {number}");
            model.calls[number].claim = (free, paid);
        }
        Err(denial) => {
            let broke = model.balance(account) <= 0 && (account == 1 || model.quota_used >= QUOTA);
            assert!(free + paid == 0 || broke, "call {number} is denied: {denial}");
        }
    }
}

fn play(steps: &[(u64, Act)]) {
    let (mut world, mut model, mut now) = (world(), Model::default(), 0);
    for (pause, act) in steps {
        now += pause;
        world.expire(now);
        note_closed(&world, &mut model);
        let open: Vec<usize> =
            (0..model.calls.len()).filter(|&number| !model.calls[number].stopped).collect();
        let chosen = |call: usize| open.get(call % open.len().max(1)).copied();
        match *act {
            Act::Begin { account } => {
                model.calls.push(Call { account, used: 0, claim: (0, 0), stopped: false });
                let number = model.calls.len() - 1;
                ask(&mut world, &mut model, now, number);
            }
            Act::Extend { call } => {
                if let Some(number) = chosen(call)
                    && world.ocs.sessions().any(|usage| usage.session.as_str() == session(number))
                {
                    ask(&mut world, &mut model, now, number);
                }
            }
            Act::Report { call, more, stage } => {
                let Some(number) = chosen(call) else { continue };
                let account = model.calls[number].account;
                model.used(number, more, at(now).unix_secs() / 86_400);
                if stage == Stage::Stop {
                    (model.calls[number].stopped, model.calls[number].claim) = (true, (0, 0));
                }
                let report = UsageReport {
                    cld: Some(CALLED.to_owned()),
                    connected_at: Some(at(0)),
                    duration: Some(model.calls[number].used),
                    disconnect_cause: Some(16),
                    ..report(ACCOUNTS[account], &session(number), stage)
                };
                world.report(now, report);
                note_closed(&world, &mut model);
            }
            Act::TopUp { account, units } => {
                model.paid_in[account] += units;
                let amount = Amount::from_units(units);
                world.admin(now, Admin::TopUp { account: ACCOUNTS[account].to_owned(), amount });
            }
            Act::Wait => {}
        }
        for (number, name) in ACCOUNTS.into_iter().enumerate() {
            let account = world.ocs.account(name).unwrap();
            assert_eq!(account.balance().units(), model.balance(number), "balance of {name}");
            assert_eq!(account.reserved().units(), model.money_claimed(number), "reserved by {name}");
            assert!(model.beyond[number] || !account.balance().is_negative(), "{name} is below zero");
        }
    }
}

/// As many as `PROPTEST_CASES` says, else a few hundred.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn charges_under_quotas_and_budgets_are_those_of_a_second_count(steps in steps()) {
        play(&steps);
    }
}
