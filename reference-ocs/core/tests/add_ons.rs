//! Add-on products: which of an account's products a use is charged by.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{World, amount, builder, cad, request, settings, start, stop};
use tollgate_ocs_core::plans::{Destinations, DiscountSpec, Period, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccessRequest, Amount, CatalogueBuilder, Denial, Ocs, ProductSpec, RateSpec, RatingEntrySpec, Service,
    TariffSpec,
};

/// An account of the product Lines (8262 at 0.02 a minute, 1900 forbidden), without a limit but 2.00.
const LINE: &str = "two-dollars";

/// A product with a tariff of these prices a minute by prefix.
fn product(
    build: &mut CatalogueBuilder,
    name: &str,
    prices: &[(&str, &str)],
) -> tollgate_ocs_core::ids::ProductId {
    let tariff = TariffSpec { name: name.to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    for (prefix, price) in prices {
        build.rate(tariff, RateSpec::simple(prefix, price.parse().unwrap())).unwrap();
    }
    let spec = ProductSpec { name: name.to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(spec).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    product
}

/// The account with the add-ons Korea (precedence 10) and World (20), which were given in the other order.
fn world() -> World {
    let mut build = builder(settings());
    let line = build.account_named(LINE).unwrap();
    let korea = product(&mut build, "Korea", &[("82", "0.01")]);
    let world = product(&mut build, "World", &[("8210", "0.005"), ("49", "0.40")]);
    build.precedence(korea, 10);
    build.precedence(world, 20);
    build.add_on(line, korea).unwrap();
    build.add_on(line, world).unwrap();
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

fn tariff(world: &mut World, cld: &str) -> Result<String, Denial> {
    let ask = AccessRequest { cld: Some(cld.to_owned()), access_code: None, ..request(LINE, cld) };
    world.authorize(0, ask).map(|accepted| accepted.context.tariff.unwrap().to_string())
}

#[test]
fn the_add_on_of_the_highest_precedence_that_has_a_rate_is_charged_by() {
    let told = |cld: &str| tariff(&mut world(), cld);
    assert_eq!(told("821012345678").as_deref(), Ok("World"));
    assert_eq!(told("82262361451").as_deref(), Ok("Korea"));
    assert_eq!(told("494012345678").as_deref(), Ok("World"));
    // No add-on has a rate for Britain: the product has.
    assert_eq!(told("442079460000").as_deref(), Ok("PrepaidCard"));
    assert_eq!(told("190055501991"), Err(Denial::CldBlocked));
    assert_eq!(told("33142685300"), Err(Denial::CldBlocked));
}

#[test]
fn a_record_without_a_grant_is_charged_by_the_same_product() {
    let mut world = world();
    let report =
        |cld: &str| tollgate_ocs_core::UsageReport { cld: Some(cld.to_owned()), ..stop(LINE, cld, 0, 120) };
    world.report(120, report("82262361451"));
    // Two minutes at 0.01.
    assert_eq!(world.balance(LINE), amount("1.98"));
    world.report(240, report("442079460000"));
    // By the product: 30 s at 0.60 a minute, then 90 s at 0.30: 0.30 + 0.45.
    assert_eq!(world.balance(LINE), amount("1.23"));
}

#[test]
fn the_plans_of_add_ons_are_used_before_those_of_the_product() {
    let mut build = builder(settings());
    let line = build.account_named(LINE).unwrap();
    let lines = build.product_named("Lines").unwrap();
    let minutes = product(&mut build, "Minutes", &[("49", "1.00")]);
    build.add_on(line, minutes).unwrap();
    let plan = |name: &str, up_to| PlanSpec {
        name: name.to_owned(),
        discounts: vec![DiscountSpec {
            service: Service::Voice,
            destinations: vec![Destinations::Pattern("8262".to_owned())],
            level: None,
            measure: tollgate_ocs_core::plans::Measure::Units,
            period: Period::Never,
            offset: 0,
            rollover_max: 0,
            steps: vec![
                StepSpec { up_to: Some(up_to), price: StepPrice::Free, policy: None },
                StepSpec { up_to: None, price: StepPrice::Full, policy: None },
            ],
        }],
    };
    let [of_product, of_add_on] = [("Of the product", 60), ("Of the add-on", 120)]
        .map(|(name, up_to)| build.plans().add(plan(name, up_to)).unwrap());
    build.plans().give_product(lines, of_product);
    build.plans().give_product(minutes, of_add_on);
    let mut world = World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() };
    let number = "82623634515";
    let called = |report: tollgate_ocs_core::UsageReport| tollgate_ocs_core::UsageReport {
        cld: Some(number.to_owned()),
        ..report
    };
    world.report(0, called(start(LINE, "a", 0)));
    world.report(240, called(stop(LINE, "a", 0, 240)));
    // 120 s of the add-on's and 60 s of the product's quota are free, 60 s at 0.02 a minute are not.
    assert_eq!(world.balance(LINE), amount("1.98"));
}

#[test]
fn an_add_on_is_had_once_and_in_the_accounts_currency() {
    let mut build = builder(settings());
    let line = build.account_named(LINE).unwrap();
    let korea = product(&mut build, "Korea", &[("82", "0.01")]);
    build.add_on(line, korea).unwrap();
    let said = |result: Result<(), tollgate_ocs_core::CatalogueError>| result.unwrap_err().to_string();
    assert_eq!(said(build.add_on(line, korea)), "account 'two-dollars' has the product 'Korea' already");
    let own = build.product_named("Lines").unwrap();
    assert_eq!(said(build.add_on(line, own)), "account 'two-dollars' has the product 'Lines' already");
    let usd = "USD".parse().unwrap();
    let spec =
        ProductSpec { name: "Dollars".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let dollars = build.product(spec).unwrap();
    assert_eq!(
        said(build.add_on(line, dollars)),
        "account 'two-dollars' is in CAD, but its add-on 'Dollars' is in USD; use one currency for both"
    );
}
