//! Quotas, discounts and budgets: what plans give, what is split at a threshold, what sessions share.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{World, amount, cad, interim, report, request, settings, stop};
use tollgate_ocs_core::plans::{
    BudgetSpec, Destinations, DiscountSpec, Period, PlanSpec, StepPrice, StepSpec,
};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, CatalogueBuilder, CustomerSpec, Denial, Effect, Grant,
    Interval, Lock, Ocs, ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, Stage, TariffSpec,
    UsageReport,
};

const USER: &str = "user";
/// 0.06 a minute by the second, so that a second costs 0.001.
const LOCAL: &str = "16045550193";
/// 0.30 a minute by the minute.
const FAR: &str = "441230000";

fn step(up_to: Option<u64>, price: StepPrice) -> StepSpec {
    StepSpec { up_to, price, policy: None }
}

fn discount(pattern: &str, period: Period, steps: Vec<StepSpec>) -> DiscountSpec {
    DiscountSpec {
        service: Service::Voice,
        destinations: vec![Destinations::Pattern(pattern.to_owned())],
        level: None,
        measure: tollgate_ocs_core::plans::Measure::Units,
        period,
        offset: 0,
        rollover_max: 0,
        steps,
    }
}

/// One account with that balance and these plans, the first one first.
fn world(balance: &str, plans: Vec<Vec<DiscountSpec>>, budget: Option<&str>) -> World {
    world_with(settings(), balance, plans, budget)
}

fn world_with(
    settings: Settings,
    balance: &str,
    plans: Vec<Vec<DiscountSpec>>,
    budget: Option<&str>,
) -> World {
    let mut build = CatalogueBuilder::new(settings).unwrap();
    let spec = TariffSpec { name: "Voice".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(spec).unwrap();
    build.rate(tariff, RateSpec::simple("1604", "0.06".parse().unwrap())).unwrap();
    let minute = Interval { units: 60, price: "0.30".parse().unwrap() };
    let far = RateSpec { first: minute, next: minute, ..RateSpec::simple("44", minute.price) };
    build.rate(tariff, far).unwrap();
    let product =
        ProductSpec { name: "Line".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    let account = AccountSpec::debit(USER, cad(), amount(balance), product, customer);
    let account = build.account(account).unwrap();
    for (number, discounts) in plans.into_iter().enumerate() {
        let plan = build.plans().add(PlanSpec { name: format!("plan {number}"), discounts }).unwrap();
        build.plans().give_product(product, plan);
    }
    if let Some(limit) = budget {
        let budget = BudgetSpec { limit: amount(limit), period: Period::Daily, offset: 0 };
        build.plans().set_budget(account, budget);
    }
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

/// A report of a call that was not granted names its number.
fn called(report: UsageReport) -> UsageReport {
    UsageReport { cld: Some(LOCAL.to_owned()), ..report }
}

fn hundred_free(period: Period) -> Vec<Vec<DiscountSpec>> {
    vec![vec![discount("1604", period, vec![step(Some(100), StepPrice::Free)])]]
}

#[test]
fn a_quota_is_used_before_money_and_split_at_its_end() {
    let mut world = world("1.00", hundred_free(Period::Never), None);
    // 100 s for nothing, and 1.00 / 0.001 = 1000 s for money.
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(1_100)));
    assert_eq!(world.reserved(USER), amount("1.00"));
    world.report(0, stop(USER, "c1", 0, 130));
    // 30 s beyond the quota: 0.03.
    let xdr = world.the_xdr();
    assert_eq!((xdr.charged_amount, xdr.charged_quantity), (amount("0.03"), 130));
    assert_eq!(xdr.history, "130s: 100s free by 'plan 0' + 30s @ 0.06/min = 0.03000");
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.97"), Amount::ZERO));
    assert!(world.events().contains(&"Account/Service/QuotaExceeded"));
    // The quota is gone: all costs money.
    assert_eq!(world.grant(1, USER, "c2", LOCAL), Ok(Grant::Units(970)));
}

#[test]
fn reports_in_parts_use_what_one_report_would() {
    let mut world = world("1.00", hundred_free(Period::Never), None);
    world.grant(0, USER, "c1", LOCAL).unwrap();
    for secs in [40, 99, 101] {
        world.report(secs, interim(USER, "c1", 0, secs));
    }
    // One second beyond 100.
    assert_eq!(world.balance(USER), amount("0.999"));
    world.report(130, stop(USER, "c1", 0, 130));
    assert_eq!(world.balance(USER), amount("0.97"));
    assert_eq!(world.the_xdr().history, "130s: 100s free by 'plan 0' + 30s @ 0.06/min = 0.03000");
}

#[test]
fn intervals_are_counted_whole_and_split_at_the_threshold() {
    let plan = vec![vec![discount("44", Period::Never, vec![step(Some(90), StepPrice::Free)])]];
    let mut world = world("10.00", plan, None);
    world.grant(0, USER, "c1", FAR).unwrap();
    world.report(70, stop(USER, "c1", 0, 61));
    // Two minutes are charged; 90 s of them are free, 30 s at 0.30 a minute are 0.15.
    let xdr = world.the_xdr();
    assert_eq!((xdr.charged_quantity, xdr.charged_amount), (120, amount("0.15")));
}

#[test]
fn sessions_share_a_quota_and_return_what_they_do_not_use() {
    let mut world = world("0.05", hundred_free(Period::Never), None);
    // All of the quota and all of the money.
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(150)));
    assert_eq!(world.grant(0, USER, "c2", LOCAL), Err(Denial::FundsLocked));
    world.report(10, stop(USER, "c1", 0, 20));
    // 80 s of the quota are left, and 50 s for money.
    assert_eq!(world.grant(11, USER, "c2", LOCAL), Ok(Grant::Units(130)));
    world.report(200, stop(USER, "c2", 11, 130));
    assert_eq!(world.balance(USER), Amount::ZERO);
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn what_is_used_without_a_grant_leaves_claims_alone() {
    let mut world = world("1.00", hundred_free(Period::Never), None);
    world.grant(0, USER, "c1", LOCAL).unwrap();
    world.report(50, called(stop(USER, "c2", 0, 50)));
    // The whole quota is claimed by the first call: these 50 s cost 0.05.
    assert_eq!(world.balance(USER), amount("0.95"));
    world.report(100, stop(USER, "c1", 0, 100));
    assert_eq!(world.balance(USER), amount("0.95"));
}

#[test]
fn what_is_used_beyond_a_grant_finds_its_own_claim_used() {
    let mut world = world("0.05", hundred_free(Period::Never), None);
    // All of the quota and 50 s for money.
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(150)));
    world.report(10, called(stop(USER, "c2", 0, 10)));
    // 10 s that nobody granted, while all of the quota is claimed: 0.01.
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.04"), amount("0.05")));
    world.report(151, interim(USER, "c1", 0, 151));
    // 100 s free, 50 s granted for money, and one second beyond, which finds no quota left: 0.051.
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("-0.011"), Amount::ZERO));
}

#[test]
fn what_is_used_after_expiry_takes_the_quota_that_is_left_then() {
    let mut world = world("1.00", hundred_free(Period::Never), None);
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(1_100)));
    world.expire(50_000);
    assert_eq!(world.reserved(USER), Amount::ZERO);
    assert_eq!(world.grant(50_000, USER, "c2", LOCAL), Ok(Grant::Units(1_100)));
    world.report(50_070, stop(USER, "c2", 50_000, 70));
    // 30 s of the quota are left for the call that was given up; 10 s of it cost 0.01.
    world.report(50_080, called(stop(USER, "c1", 0, 40)));
    assert_eq!(world.balance(USER), amount("0.99"));
}

#[test]
fn an_account_without_money_uses_its_quota() {
    let mut world = world("0", hundred_free(Period::Never), None);
    assert!(world.login(0, request(USER, "c1")).is_ok());
    // The quota is for local calls: for another there is nothing.
    assert_eq!(world.grant(0, USER, "c1", FAR), Err(Denial::ZeroBalance));
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(100)));
    world.report(100, UsageReport { lock: Lock::Unlock, ..stop(USER, "c1", 0, 100) });
    assert_eq!(world.grant(200, USER, "c3", LOCAL), Err(Denial::ZeroBalance));
}

#[test]
fn a_quota_of_another_service_opens_nothing_to_who_has_no_money() {
    let data = DiscountSpec {
        service: Service::Data,
        destinations: Vec::new(),
        ..discount("", Period::Never, vec![step(None, StepPrice::Free)])
    };
    let mut world = world("0", vec![vec![data]], None);
    assert_eq!(world.login(0, request(USER, "c1")).unwrap_err(), Denial::ZeroBalance);
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Err(Denial::ZeroBalance));
    let data = AccessRequest { service: Service::Data, ..request(USER, "c1") };
    assert!(world.login(0, data).is_ok());
}

#[test]
fn a_quota_behind_a_plan_that_blocks_opens_nothing() {
    let plans = |first| {
        let blocks = vec![discount("1604", Period::Never, vec![step(None, first)])];
        vec![blocks, vec![discount("16", Period::Never, vec![step(Some(100), StepPrice::Free)])]]
    };
    let mut world = world("0", plans(StepPrice::Blocked), None);
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Err(Denial::ZeroBalance));
    let mut world = self::world("0", plans(StepPrice::Full), None);
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(100)));
}

#[test]
fn plans_stand_in_order_and_a_discount_is_exact() {
    let plans = vec![
        vec![discount("1604", Period::Never, vec![step(Some(60), StepPrice::Free)])],
        vec![discount(
            "16",
            Period::Never,
            vec![step(Some(40), StepPrice::Full), step(None, StepPrice::Off(2_500))],
        )],
    ];
    let mut world = world("1.00", plans, None);
    world.grant(0, USER, "c1", LOCAL).unwrap();
    world.report(200, stop(USER, "c1", 0, 200));
    // 60 s free; of the 140 s left the second plan sees 40 s at full price: 0.04, and 100 s less 25 %: 0.075.
    let xdr = world.the_xdr();
    assert_eq!(xdr.charged_amount, amount("0.115"));
    assert_eq!(
        xdr.history,
        "200s: 60s free by 'plan 0' + 40s @ 0.06/min + 100s @ 0.06/min less 25% by 'plan 1' = 0.11500"
    );
}

#[test]
fn a_fixed_price_takes_the_place_of_the_tariffs() {
    let steps = vec![step(Some(60), StepPrice::Fixed("0.01".parse().unwrap()))];
    let mut world = world("1.00", vec![vec![discount("1604", Period::Never, steps)]], None);
    world.grant(0, USER, "c1", LOCAL).unwrap();
    world.report(90, stop(USER, "c1", 0, 90));
    // A minute at 0.01 and 30 s at 0.06 a minute: 0.01 + 0.03.
    assert_eq!(world.the_xdr().charged_amount, amount("0.04"));
}

#[test]
fn a_threshold_that_blocks_ends_the_grant_and_refuses_the_next() {
    let steps = vec![step(Some(100), StepPrice::Full), step(None, StepPrice::Blocked)];
    let mut world = world("10.00", vec![vec![discount("1604", Period::Never, steps)]], None);
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(100)));
    world.report(100, stop(USER, "c1", 0, 100));
    assert_eq!(world.grant(101, USER, "c2", LOCAL), Err(Denial::CldBarred));
    assert!(world.grant(101, USER, "c3", FAR).is_ok());
}

#[test]
fn a_counter_begins_anew_with_its_period_and_the_outside_is_told() {
    let mut world = world("1.00", hundred_free(Period::Daily), None);
    world.grant(0, USER, "c1", LOCAL).unwrap();
    world.report(100, stop(USER, "c1", 0, 100));
    assert!(world.events().contains(&"Account/Service/QuotaExceeded"));
    // The tests begin at 08:13:20 UTC: 56,800 s before midnight.
    assert_eq!(world.ocs.next_deadline(), Some(common::at(56_800)));
    world.expire(56_799);
    assert!(world.events().is_empty());
    world.expire(56_800);
    assert_eq!(world.events(), ["Account/Service/QuotaAvailable"]);
    assert_eq!(world.ocs.next_deadline(), None);
    assert_eq!(world.grant(56_801, USER, "c2", LOCAL), Ok(Grant::Units(1_100)));
}

#[test]
fn a_wallet_adds_to_the_quota() {
    let mut world = world("1.00", hundred_free(Period::Never), None);
    world.report(100, called(stop(USER, "c1", 0, 100)));
    let fill = |plan: &str| Admin::FillWallet { account: USER.to_owned(), plan: plan.to_owned(), units: 50 };
    world.admin(101, fill("plan 0"));
    assert_eq!(world.events(), ["Account/Service/QuotaAvailable"]);
    assert_eq!(world.grant(102, USER, "c2", LOCAL), Ok(Grant::Units(1_050)));
    assert!(matches!(world.admin(103, fill("none")), tollgate_ocs_core::Answer::Refused(_)));
}

#[test]
fn stages_of_fair_use_change_the_access_policy() {
    let policy = |name: &str, step: StepSpec| StepSpec { policy: Some(name.to_owned()), ..step };
    let steps = vec![
        policy("fast", step(Some(60), StepPrice::Full)),
        policy("slow", step(Some(120), StepPrice::Full)),
        policy("crawl", step(None, StepPrice::Full)),
    ];
    let mut world = world("10.00", vec![vec![discount("1604", Period::Daily, steps)]], None);
    let policies = |world: &World| -> Vec<String> {
        let events = world.effects.iter().filter_map(|effect| match effect {
            Effect::Event(event) if event.name() == "Account/AccessPolicy/Changed" => {
                event.variables().into_iter().find(|(name, _)| *name == "i_access_policy")
            }
            _ => None,
        });
        events.map(|(_, policy)| policy).collect()
    };
    world.report(59, called(interim(USER, "c1", 0, 59)));
    assert!(policies(&world).is_empty());
    world.report(60, called(interim(USER, "c1", 0, 60)));
    assert_eq!(policies(&world), ["slow"]);
    world.report(130, called(interim(USER, "c1", 0, 130)));
    assert_eq!(policies(&world), ["crawl"]);
    world.expire(56_800);
    assert_eq!(policies(&world), ["fast"]);
}

#[test]
fn a_budget_binds_before_the_balance_and_is_there_again_the_next_day() {
    let mut world = world("10.00", Vec::new(), Some("0.50"));
    // 0.50 / 0.001.
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(500)));
    assert_eq!(world.grant(0, USER, "c2", LOCAL), Err(Denial::SpendLimitExceeded));
    world.report(300, stop(USER, "c1", 0, 300));
    assert_eq!(world.grant(301, USER, "c3", LOCAL), Ok(Grant::Units(200)));
    world.report(600, stop(USER, "c3", 301, 200));
    assert_eq!(world.login(601, request(USER, "c4")).unwrap_err(), Denial::SpendLimitExceeded);
    assert_eq!(world.grant(56_800, USER, "c5", LOCAL), Ok(Grant::Units(500)));
}

#[test]
fn two_calls_at_once_share_the_last_cent_second_by_second() {
    // 0.01 are ten seconds; three are granted at once.
    let mut world = world_with(Settings { grant_secs_max: Some(3), ..settings() }, "0.01", Vec::new(), None);
    assert_eq!(world.grant(0, USER, "c1", LOCAL), Ok(Grant::Units(3)));
    assert_eq!(world.grant(0, USER, "c2", LOCAL), Ok(Grant::Units(3)));
    for call in ["c1", "c2"] {
        world.report(3, interim(USER, call, 0, 3));
    }
    // 0.006 are charged: four seconds are left. The first call takes three of them, the second the last.
    assert_eq!(world.grant(3, USER, "c1", LOCAL), Ok(Grant::Units(3)));
    assert_eq!(world.grant(3, USER, "c2", LOCAL), Ok(Grant::Units(1)));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.004"), amount("0.004")));
    assert_eq!(world.grant(3, USER, "c3", LOCAL), Err(Denial::FundsLocked));
    world.report(4, stop(USER, "c2", 0, 4));
    world.report(6, stop(USER, "c1", 0, 6));
    assert_eq!((world.balance(USER), world.reserved(USER)), (Amount::ZERO, Amount::ZERO));
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn two_calls_share_the_last_cent() {
    let mut world = world("0.01", Vec::new(), None);
    let ask = |session: &str| AccessRequest { cld: Some(LOCAL.to_owned()), ..request(USER, session) };
    assert_eq!(world.authorize(0, ask("c1")).unwrap().grant, Some(Grant::Units(10)));
    assert_eq!(world.authorize(0, ask("c2")).unwrap_err(), Denial::FundsLocked);
    // Funds are told without what is locked.
    assert_eq!(world.ocs.account(USER).unwrap().funds(), Some(amount("0.01")));
    world.report(4, stop(USER, "c1", 0, 4));
    assert_eq!(world.authorize(5, ask("c2")).unwrap().grant, Some(Grant::Units(6)));
    world.report(11, stop(USER, "c2", 5, 6));
    assert_eq!(world.balance(USER), Amount::ZERO);
    // Something is left, and too little of it is not reserved.
    world.admin(12, Admin::TopUp { account: USER.to_owned(), amount: amount("0.50") });
    world.authorize(13, ask("c3")).unwrap();
    world.report(14, UsageReport { call_id: Some("c3-out".to_owned()), ..report(USER, "c3", Stage::Start) });
    assert_eq!(world.grant(15, USER, "c4", FAR), Err(Denial::FundsLocked));
    world.report(16, interim(USER, "c3", 14, 2));
    assert_eq!(world.grant(17, USER, "c4", FAR), Err(Denial::FundsLocked));
}

#[test]
fn a_claim_over_midnight_takes_from_the_wallet_and_returns_what_it_does_not_use() {
    let hundred = hundred_free(Period::Daily);
    // Granted 60 s before midnight: the day's 100 s and the wallet's 50.
    let late = 56_740;
    let granted = |hundred: Vec<Vec<DiscountSpec>>| {
        let mut world = world("0", hundred, None);
        let plan = "plan 0".to_owned();
        world.admin(0, Admin::FillWallet { account: USER.to_owned(), plan, units: 50 });
        assert_eq!(world.grant(late, USER, "c1", LOCAL), Ok(Grant::Units(150)));
        world
    };
    // All of it is used by the next day: the wallet is empty.
    let mut world = granted(hundred.clone());
    world.report(late + 150, stop(USER, "c1", late, 150));
    assert_eq!(world.grant(late + 200, USER, "c2", LOCAL), Ok(Grant::Units(100)));
    // 120 s are: 30 of the wallet are left, beside the new day's quota.
    let mut world = granted(hundred.clone());
    assert_eq!(world.grant(late + 90, USER, "c2", LOCAL), Ok(Grant::Units(100)));
    world.report(late + 120, stop(USER, "c1", late, 120));
    world.report(late + 121, stop(USER, "c2", late + 121, 0));
    assert_eq!(world.grant(late + 200, USER, "c3", LOCAL), Ok(Grant::Units(130)));
    // The same where it is never heard of again.
    let mut world = granted(hundred);
    world.expire(late + 5_000);
    assert_eq!(world.grant(late + 5_001, USER, "c2", LOCAL), Ok(Grant::Units(150)));
}

#[test]
fn what_a_claim_over_midnight_returns_rolls_over() {
    let rolls = DiscountSpec { rollover_max: 80, ..hundred_free(Period::Daily).remove(0).remove(0) };
    let late = 56_740;
    let mut world = world("0", vec![vec![rolls]], None);
    assert_eq!(world.grant(late, USER, "c1", LOCAL), Ok(Grant::Units(100)));
    // All of the day is claimed: nothing rolls over yet.
    assert_eq!(world.grant(late + 90, USER, "c2", LOCAL), Ok(Grant::Units(100)));
    world.report(late + 91, stop(USER, "c2", late + 91, 0));
    // Of 40 s that were used 60 are returned, and roll over.
    world.report(late + 100, stop(USER, "c1", late, 40));
    assert_eq!(world.grant(late + 200, USER, "c3", LOCAL), Ok(Grant::Units(160)));
}
