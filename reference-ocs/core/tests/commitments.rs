//! Commitments: monthly fees with discounts, penalties, pauses, transfers, upgrades; and records of refunds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use tollgate_ocs_core::commitments::{CommitmentChange, CommitmentSpec, DiscountEnd, FeeSpec};
use tollgate_ocs_core::plans::{DiscountSpec, Period, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, Answer, CatalogueBuilder, Command, CustomerSpec, Effect,
    Grant, Ocs, ProductSpec, Proof, RateSpec, RatingEntrySpec, Service, Settings, TariffSpec, Xdr,
};
use tollgate_time::Instant;

const TURBO: &str = "Turbo 1GB";
const JOHN: &str = "12012555215";

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn fee(fee: &str, discount: &str) -> FeeSpec {
    FeeSpec { name: "Service".to_owned(), fee: amount(fee), discount: amount(discount) }
}

/// John has a credit account without a limit; a second of access beyond the plans of his commitments costs 0.001.
fn world() -> Ocs {
    let usd = "USD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings::new(usd)).unwrap();
    let spec = TariffSpec { name: "Internet".to_owned(), currency: usd, service: Service::NetAccess };
    let tariff = build.tariff(spec).unwrap();
    build.rate(tariff, RateSpec::simple("NETACCESS", "0.06".parse().unwrap())).unwrap();
    let product =
        ProductSpec { name: "Internet".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::NetAccess, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let john = build.customer(CustomerSpec::new("John Doe", usd)).unwrap();
    build.account(AccountSpec::credit(JOHN, usd, None, product, john)).unwrap();
    build.account(AccountSpec::credit("other", usd, None, product, john)).unwrap();
    build.account(AccountSpec::debit("card", usd, Amount::ZERO, product, john)).unwrap();
    let mut plan = |name: &str, secs: u64| {
        let discount = DiscountSpec {
            service: Service::NetAccess,
            destinations: Vec::new(),
            period: Period::Monthly,
            offset: 0,
            level: None,
            measure: tollgate_ocs_core::plans::Measure::Units,
            rollover_max: 0,
            steps: vec![StepSpec { up_to: Some(secs), price: StepPrice::Free, policy: None }],
        };
        build.plans().add(PlanSpec { name: name.to_owned(), discounts: vec![discount] }).unwrap()
    };
    let (small, large) = (plan("hour", 3_600), plan("day", 86_400));
    let turbo = CommitmentSpec {
        name: TURBO.to_owned(),
        periods: 24,
        recurring: vec![fee("20", "5")],
        transfer_fee: amount("3"),
        plan: Some(small),
        ..CommitmentSpec::default()
    };
    let maxi = CommitmentSpec {
        name: "IPTV Maxi".to_owned(),
        periods: 24,
        one_time: vec![fee("400", "399.99")],
        plan: Some(large),
        ..CommitmentSpec::default()
    };
    build.plans().commitments.add(turbo).unwrap();
    build.plans().commitments.add(maxi).unwrap();
    Ocs::new(build.finish().unwrap())
}

fn change(ocs: &mut Ocs, now: &str, account: &str, name: &str, change: CommitmentChange) -> Vec<Effect> {
    let (account, commitment) = (account.to_owned(), name.to_owned());
    ocs.apply(at(now), Command::Admin(Admin::Commitment { account, commitment, change }))
}

fn sign(ocs: &mut Ocs, now: &str, account: &str, name: &str) -> Vec<Effect> {
    change(ocs, now, account, name, CommitmentChange::SignUp { ends: DiscountEnd::Own })
}

fn fees(effects: &[Effect]) -> Vec<Amount> {
    let xdrs = effects.iter().filter_map(|effect| match effect {
        Effect::Xdr(xdr) => Some(Arc::clone(xdr)),
        _ => None,
    });
    xdrs.map(|xdr: Arc<Xdr>| xdr.charged_amount).collect()
}

fn owed(ocs: &Ocs, account: &str) -> Amount {
    ocs.account(account).unwrap().balance()
}

#[test]
fn a_commitment_of_24_months_cancelled_after_20_costs_its_discounts_and_the_last_month() {
    let mut ocs = world();
    sign(&mut ocs, "2020-03-01T09:00:00Z", JOHN, TURBO);
    ocs.expire(at("2021-10-31T00:00:00Z"));
    // Nineteen months have closed: 19 × 15.
    assert_eq!(owed(&ocs, JOHN), amount("285"));
    let effects = change(&mut ocs, "2021-10-31T12:00:00Z", JOHN, TURBO, CommitmentChange::Cancel);
    // October's fee of 15, and 20 discounts of 5.
    assert_eq!(fees(&effects), [amount("15"), amount("100")]);
    assert_eq!(owed(&ocs, JOHN), amount("400"));
    ocs.expire(at("2022-06-01T00:00:00Z"));
    assert_eq!(owed(&ocs, JOHN), amount("400"));
    assert_eq!(ocs.next_deadline(), None);
}

#[test]
fn after_the_discount_period_the_full_fee_is_due_and_no_penalty() {
    let mut ocs = world();
    sign(&mut ocs, "2020-03-01T09:00:00Z", JOHN, TURBO);
    ocs.expire(at("2022-04-01T00:00:00Z"));
    // 24 × 15 and March 2022 at 20.
    assert_eq!(owed(&ocs, JOHN), amount("380"));
    let effects = change(&mut ocs, "2022-04-30T12:00:00Z", JOHN, TURBO, CommitmentChange::Cancel);
    assert_eq!(fees(&effects), [amount("20")]);
}

#[test]
fn a_one_time_fee_comes_at_once_and_its_discount_with_the_penalty() {
    let mut ocs = world();
    assert_eq!(fees(&sign(&mut ocs, "2020-03-01T09:00:00Z", JOHN, "IPTV Maxi")), [amount("0.01")]);
    let effects = change(&mut ocs, "2020-05-31T12:00:00Z", JOHN, "IPTV Maxi", CommitmentChange::Cancel);
    assert_eq!(fees(&effects), [amount("399.99")]);
}

#[test]
fn a_pause_costs_nothing_and_is_no_part_of_the_penalty() {
    let mut ocs = world();
    sign(&mut ocs, "2020-07-01T09:00:00Z", JOHN, TURBO);
    let pause =
        CommitmentChange::Pause { from: at("2020-08-01T00:00:00Z"), until: at("2020-09-30T00:00:00Z") };
    change(&mut ocs, "2020-07-15T09:00:00Z", JOHN, TURBO, pause.clone());
    assert!(matches!(
        change(&mut ocs, "2020-07-16T09:00:00Z", JOHN, TURBO, pause).last(),
        Some(Effect::Answer(Answer::Refused(_)))
    ));
    ocs.expire(at("2020-11-01T00:00:00Z"));
    // July and October.
    assert_eq!(owed(&ocs, JOHN), amount("30"));
    let effects = change(&mut ocs, "2020-11-30T09:00:00Z", JOHN, TURBO, CommitmentChange::Cancel);
    // November, and three discounts.
    assert_eq!(fees(&effects), [amount("15"), amount("15")]);
}

#[test]
fn a_transfer_costs_its_fee_and_takes_the_discounts_along() {
    let mut ocs = world();
    sign(&mut ocs, "2020-06-01T09:00:00Z", JOHN, TURBO);
    let to = CommitmentChange::Transfer { to: "other".to_owned() };
    // All of June, and the fee of 3.
    assert_eq!(fees(&change(&mut ocs, "2020-06-30T09:00:00Z", JOHN, TURBO, to)), [amount("15"), amount("3")]);
    let effects = change(&mut ocs, "2020-07-31T09:00:00Z", "other", TURBO, CommitmentChange::Cancel);
    // July, and the discounts of June and July.
    assert_eq!(fees(&effects), [amount("15"), amount("10")]);
    assert_eq!((owed(&ocs, JOHN), owed(&ocs, "other")), (amount("18"), amount("25")));
}

fn granted(ocs: &mut Ocs, now: &str) -> Option<Grant> {
    let request = AccessRequest {
        session: now.into(),
        account: "card".to_owned(),
        proof: Proof::Ignored,
        service: Service::NetAccess,
        ..AccessRequest::default()
    };
    let effects = ocs.apply(at(now), Command::Authorize(request));
    match effects.last() {
        Some(Effect::Answer(Answer::Accepted(accepted))) => accepted.grant,
        _ => None,
    }
}

#[test]
fn what_comes_with_a_commitment_is_there_while_it_runs_and_is_upgraded_for_a_time() {
    let mut ocs = world();
    assert_eq!(granted(&mut ocs, "2020-03-01T08:00:00Z"), None);
    sign(&mut ocs, "2020-03-01T09:00:00Z", "card", TURBO);
    assert_eq!(granted(&mut ocs, "2020-03-01T10:00:00Z"), Some(Grant::Units(3_600)));
    let upgrade = CommitmentChange::Upgrade { to: "IPTV Maxi".to_owned(), until: at("2020-03-10T00:00:00Z") };
    change(&mut ocs, "2020-03-02T09:00:00Z", "card", TURBO, upgrade);
    assert_eq!(granted(&mut ocs, "2020-03-10T20:00:00Z"), Some(Grant::Units(86_400)));
    assert_eq!(granted(&mut ocs, "2020-03-12T00:00:00Z"), Some(Grant::Units(3_600)));
    // The price stays the commitment's own.
    ocs.expire(at("2020-04-01T00:00:00Z"));
    assert_eq!(owed(&ocs, "card"), amount("-15"));
    let pause =
        CommitmentChange::Pause { from: at("2020-04-02T00:00:00Z"), until: at("2020-04-03T00:00:00Z") };
    change(&mut ocs, "2020-04-01T09:00:00Z", "card", TURBO, pause);
    assert_eq!(granted(&mut ocs, "2020-04-02T10:00:00Z"), None);
    assert_eq!(granted(&mut ocs, "2020-04-04T10:00:00Z"), Some(Grant::Units(3_600)));
}

#[test]
fn discounts_end_together_when_it_is_agreed_so() {
    let mut ocs = world();
    sign(&mut ocs, "2020-03-01T09:00:00Z", JOHN, "IPTV Maxi");
    let together = CommitmentChange::SignUp { ends: DiscountEnd::With("IPTV Maxi".to_owned()) };
    change(&mut ocs, "2020-06-01T09:00:00Z", JOHN, TURBO, together);
    ocs.expire(at("2022-04-01T00:00:00Z"));
    // June 2020 to February 2022 are 21 months at 15; March 2022 costs 20; and the one-time fee was 0.01.
    assert_eq!(owed(&ocs, JOHN), amount("335.01"));
}

#[test]
fn refunds_and_corrections_leave_records_of_their_own() {
    let mut ocs = world();
    sign(&mut ocs, "2020-03-31T09:00:00Z", JOHN, "IPTV Maxi");
    let account = || JOHN.to_owned();
    let now = at("2020-03-31T10:00:00Z");
    let refund = ocs.apply(now, Command::Admin(Admin::Refund { account: account(), amount: amount("0.01") }));
    assert_eq!(fees(&refund), [amount("-0.01")]);
    assert_eq!(owed(&ocs, JOHN), Amount::ZERO);
    let adjust = Admin::Adjust { account: account(), amount: amount("-2") };
    assert_eq!(fees(&ocs.apply(now, Command::Admin(adjust))), [amount("2")]);
    assert_eq!(owed(&ocs, JOHN), amount("2"));
    let nothing = Admin::Refund { account: account(), amount: Amount::ZERO };
    assert!(matches!(
        ocs.apply(now, Command::Admin(nothing)).last(),
        Some(Effect::Answer(Answer::Refused(_)))
    ));
}

#[test]
fn an_upgrade_that_is_over_and_discounts_without_periods_are_refused() {
    let mut ocs = world();
    sign(&mut ocs, "2022-08-15T12:00:00Z", JOHN, TURBO);
    let over = CommitmentChange::Upgrade { to: "IPTV Maxi".to_owned(), until: at("2022-08-14T23:00:00Z") };
    let effects = change(&mut ocs, "2022-08-15T12:00:00Z", JOHN, TURBO, over);
    assert!(matches!(
        effects.last(),
        Some(Effect::Answer(Answer::Refused(tollgate_ocs_core::Refusal::UpgradeEnded(_))))
    ));
    let mut build = CatalogueBuilder::new(Settings::new("USD".parse().unwrap())).unwrap();
    let endless = CommitmentSpec {
        name: "Endless".to_owned(),
        recurring: vec![fee("20", "5")],
        ..CommitmentSpec::default()
    };
    let why = build.plans().commitments.add(endless).unwrap_err().to_string();
    assert!(why.contains("say `periods`"), "{why}");
}
