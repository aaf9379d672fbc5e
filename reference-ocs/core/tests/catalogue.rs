//! What a catalogue refuses, and how it says so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{amount, cad, settings};
use tollgate_ocs_core::ids::{CustomerId, EnvId, ProductId, TariffId};
use tollgate_ocs_core::parties::{PartiesSpec, ResellerSpec};
use tollgate_ocs_core::{
    AccountSpec, Amount, BillingModel, CatalogueBuilder, CatalogueError, CataloguePath, Currency,
    CustomerSpec, DialingRules, Interval, Leg, NodeSpec, ProductSpec, RateSpec, RatingEntrySpec, Service,
    Settings, TariffSpec,
};

struct Base {
    build: CatalogueBuilder,
    tariff: TariffId,
    product: ProductId,
    customer: CustomerId,
}

fn usd() -> Currency {
    "USD".parse().unwrap()
}

fn tariff(name: &str, currency: Currency, service: Service) -> TariffSpec {
    TariffSpec { name: name.to_owned(), currency, service }
}

fn product(name: &str, currency: Currency) -> ProductSpec {
    ProductSpec { name: name.to_owned(), currency, breakage: Amount::ZERO, language: None }
}

fn entry(access_code: Option<&str>, leg: Option<Leg>, tariff: TariffId) -> RatingEntrySpec {
    RatingEntrySpec { access_code: access_code.map(str::to_owned), service: Service::Voice, leg, tariff }
}

fn base() -> Base {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let tariff = build.tariff(tariff("PrepaidCard", cad(), Service::Voice)).unwrap();
    let product = build.product(product("Card", cad())).unwrap();
    let customer = build.customer(CustomerSpec::new("Owner", cad())).unwrap();
    Base { build, tariff, product, customer }
}

/// All that is wrong, a line each.
fn all_of(build: CatalogueBuilder) -> Vec<String> {
    build.finish().unwrap_err().iter().map(ToString::to_string).collect()
}

fn said<T: std::fmt::Debug>(result: Result<T, CatalogueError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_product_and_its_tariff_are_in_one_currency() {
    let mut base = base();
    let dollars = base.build.tariff(tariff("Dollars", usd(), Service::Voice)).unwrap();
    assert_eq!(
        said(base.build.rating_entry(base.product, entry(None, None, dollars))),
        "product 'Card' is in CAD, but its tariff 'Dollars' is in USD; use one currency for both"
    );
}

#[test]
fn an_account_is_in_the_currency_of_its_product_and_customer() {
    let mut base = base();
    let dollars = AccountSpec::debit("1", usd(), amount("1"), base.product, base.customer);
    assert_eq!(
        said(base.build.account(dollars)),
        "account '1' is in USD, but its product 'Card' is in CAD; use one currency for both"
    );
    let abroad = base.build.customer(CustomerSpec::new("Abroad", usd())).unwrap();
    assert_eq!(
        said(base.build.account(AccountSpec::debit("1", cad(), amount("1"), base.product, abroad))),
        "account '1' is in CAD, but its customer 'Abroad' is in USD; use one currency for both"
    );
}

#[test]
fn an_entry_and_its_tariff_are_for_one_service() {
    let mut base = base();
    let data = base.build.tariff(tariff("Data", cad(), Service::Data)).unwrap();
    assert_eq!(
        said(base.build.rating_entry(base.product, entry(None, None, data))),
        "product 'Card' charges voice by tariff 'Data', which is for data"
    );
}

#[test]
fn no_two_entries_fit_the_same_request() {
    let mut base = base();
    base.build.rating_entry(base.product, entry(Some("1800"), None, base.tariff)).unwrap();
    base.build.rating_entry(base.product, entry(None, None, base.tariff)).unwrap();
    base.build.rating_entry(base.product, entry(Some("1800"), Some(Leg::Answer), base.tariff)).unwrap();
    // Without a leg is the originate leg.
    assert_eq!(
        said(base.build.rating_entry(base.product, entry(Some("1800"), Some(Leg::Originate), base.tariff))),
        "product 'Card' has two rating entries for voice on the originate leg under code '1800'"
    );
    assert_eq!(
        said(base.build.rating_entry(base.product, entry(None, None, base.tariff))),
        "product 'Card' has two rating entries for voice on the originate leg under any access code"
    );
    assert_eq!(
        said(base.build.rating_entry(base.product, entry(None, Some(Leg::Answer), base.tariff))),
        "product 'Card' charges the answer leg without an access code; name the number that is called"
    );
}

#[test]
fn names_differ_and_are_not_empty() {
    let mut base = base();
    let build = &mut base.build;
    let account = || AccountSpec::debit("1", cad(), amount("1"), base.product, base.customer);
    let node = |name: &str| NodeSpec { name: name.to_owned(), ..NodeSpec::default() };
    build.account(account()).unwrap();
    build.node(node("nas")).unwrap();
    assert_eq!(said(build.account(account())), "there are two of account '1'; names must differ");
    assert_eq!(said(build.node(node("nas"))), "there are two of node 'nas'; names must differ");
    assert_eq!(
        said(build.product(product("Card", cad()))),
        "there are two of product 'Card'; names must differ"
    );
    assert_eq!(
        said(build.customer(CustomerSpec::new("Owner", cad()))),
        "there are two of customer 'Owner'; names must differ"
    );
    assert_eq!(
        said(build.tariff(tariff("PrepaidCard", cad(), Service::Voice))),
        "there are two of tariff 'PrepaidCard'; names must differ"
    );
    assert_eq!(said(build.node(node(""))), "a node has no name");
}

#[test]
fn a_tariff_has_one_rate_for_a_prefix_or_word() {
    let mut base = base();
    base.build.rating_entry(base.product, entry(None, None, base.tariff)).unwrap();
    let rate = |pattern: &str| RateSpec::simple(pattern, "0.02".parse().unwrap());
    base.build.rate(base.tariff, rate("VOICEONNET")).unwrap();
    assert_eq!(
        said(base.build.rate(base.tariff, rate("VOICEONNET"))),
        "tariff 'PrepaidCard' has two rates for 'VOICEONNET'"
    );
    base.build.rate(base.tariff, rate("8262")).unwrap();
    base.build.rate(base.tariff, rate("82")).unwrap();
    base.build.rate(base.tariff, rate("8262")).unwrap();
    // The word that came twice, and the prefix that is found only now: the second and the fifth rate.
    assert_eq!(
        all_of(base.build),
        [
            "tariffs/PrepaidCard/rates[1]: tariff 'PrepaidCard' has two rates for 'VOICEONNET'",
            "tariffs/PrepaidCard/rates[4]: tariff 'PrepaidCard' has two rates for '8262'"
        ]
    );
}

#[test]
fn a_pattern_is_a_prefix_or_a_word() {
    let mut base = base();
    for pattern in ["", "+82", "12345678901234567", "82a", "_"] {
        let rate = RateSpec::simple(pattern, "0.02".parse().unwrap());
        assert!(
            matches!(base.build.rate(base.tariff, rate), Err(CatalogueError::Pattern { .. })),
            "{pattern}"
        );
    }
}

#[test]
fn figures_that_cannot_be_charged_are_refused() {
    let mut base = base();
    let simple = || RateSpec::simple("82", "0.02".parse().unwrap());
    let wrong = [
        RateSpec { first: Interval { units: 0, ..simple().first }, ..simple() },
        RateSpec { next: Interval { units: 0, ..simple().next }, ..simple() },
        RateSpec { next: Interval { price: "-0.01".parse().unwrap(), ..simple().next }, ..simple() },
        RateSpec { first: Interval { price: "1000000.1".parse().unwrap(), ..simple().first }, ..simple() },
        RateSpec { price_unit: Some(0), ..simple() },
        RateSpec { price_unit: Some(u64::MAX), ..simple() },
        RateSpec { connect_fee: amount("-0.01"), ..simple() },
    ];
    for rate in wrong {
        let refused = base.build.rate(base.tariff, rate.clone());
        assert!(matches!(refused, Err(CatalogueError::RateField { .. })), "{rate:?}");
    }
    let rate = RateSpec { first: Interval { units: 0, ..simple().first }, ..simple() };
    assert_eq!(
        said(base.build.rate(base.tariff, rate)),
        "tariff 'PrepaidCard', rate '82': first interval is 0; it must be from 1 to 1099511627776"
    );
}

#[test]
fn a_debit_account_begins_with_money_and_without_a_limit() {
    let mut base = base();
    let debit = |balance| AccountSpec::debit("1", cad(), amount(balance), base.product, base.customer);
    assert_eq!(
        said(base.build.account(debit("-0.01"))),
        "account '1': balance is -0.01000; it must be from 0.00000 to 10000000000.00000"
    );
    let limited = AccountSpec { credit_limit: Some(amount("1")), ..debit("1") };
    assert_eq!(limited.billing_model, BillingModel::Debit);
    assert!(matches!(base.build.account(limited), Err(CatalogueError::DebitWithLimit { .. })));
    let negative = AccountSpec::credit("1", cad(), Some(amount("-1")), base.product, base.customer);
    assert!(matches!(base.build.account(negative), Err(CatalogueError::AmountField { .. })));
}

#[test]
fn identifiers_of_another_catalogue_are_refused() {
    let mut base = base();
    let stranger = ProductId::from_number(99);
    let account = AccountSpec::debit("1", cad(), amount("1"), stranger, base.customer);
    assert_eq!(
        said(base.build.account(account)),
        "account '1' refers to a product that is not in this catalogue"
    );
    assert!(base.build.rating_entry(stranger, entry(None, None, base.tariff)).is_err());
    assert!(base.build.rate(TariffId::from_number(99), RateSpec::forbidden("82")).is_err());
}

#[test]
fn rules_of_dialling_are_made_of_digits() {
    let mut base = base();
    let rules = DialingRules { international_prefixes: vec!["0O".to_owned()], ..DialingRules::default() };
    let node = NodeSpec { name: "nas".to_owned(), dialing: Some(rules), ..NodeSpec::default() };
    assert_eq!(said(base.build.node(node)), "node 'nas': the dialling rule '0O' is not made of digits");
}

#[test]
fn names_lead_to_what_they_name() {
    let base = base();
    assert_eq!(base.build.tariff_named("PrepaidCard"), Some(base.tariff));
    assert_eq!(base.build.product_named("Card"), Some(base.product));
    assert_eq!(base.build.customer_named("Owner"), Some(base.customer));
    assert_eq!(base.build.tariff_named("nothing"), None);
}

/// Overlapping rates, a product without a tariff, a circle of resellers, an unknown currency and too many decimals, all in
/// one catalogue: each is told with its place, and none hides another.
#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut base = base();
    let build = &mut base.build;
    let rate = |pattern: &str| RateSpec::simple(pattern, "0.02".parse().unwrap());
    build.rate(base.tariff, rate("82")).unwrap();
    build.rate(base.tariff, rate("+82")).unwrap_err();
    // What whoever reads a file could not make a rate of.
    build.refuse_rate(base.tariff, "price 0.0000000001 cannot be held: nine decimals at most");
    build.rate(base.tariff, rate("82")).unwrap();
    build.refuse(CataloguePath::new("customers", "Elsewhere"), "'XXXX' is not a currency");
    build.account(AccountSpec::debit("1", cad(), amount("1"), base.product, base.customer)).unwrap();
    build.account(AccountSpec::debit("2", cad(), amount("-1"), base.product, base.customer)).unwrap_err();
    for name in ["North", "South"] {
        build.customer(CustomerSpec::new(name, cad())).unwrap();
    }
    let reseller = |name: &str, owner: &str| ResellerSpec {
        name: name.to_owned(),
        owner: Some(owner.to_owned()),
        tariffs: Vec::new(),
    };
    let parties = PartiesSpec {
        resellers: vec![reseller("North", "South"), reseller("South", "North")],
        aliases: vec![("one".to_owned(), "nobody".to_owned())],
        ..PartiesSpec::default()
    };
    build.parties(&parties).unwrap_err();
    let found = all_of(base.build);
    let places: Vec<&str> = found.iter().filter_map(|line| line.split(": ").next()).collect();
    let mut expected = vec![
        "tariffs/PrepaidCard/rates[1]",
        "tariffs/PrepaidCard/rates[2]",
        "customers/Elsewhere",
        "accounts/2",
        "resellers/North",
        "aliases/one",
        // Seen at the end alone.
        "tariffs/PrepaidCard/rates[3]",
        "products/Card",
    ];
    let mut sorted = places.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected, "{found:#?}");
    assert!(
        found.iter().any(|line| line.ends_with("own each other in a circle; one of them must have no owner"))
    );
    assert!(
        found.contains(
            &"tariffs/PrepaidCard/rates[3]: tariff 'PrepaidCard' has two rates for '82'".to_owned()
        )
    );
    assert!(found.contains(
        &"products/Card: product 'Card' has no tariff: give it a rating entry, or nothing can be used by it"
            .to_owned()
    ));
}

#[test]
fn what_is_wrong_in_another_environment_is_told_with_its_number() {
    let Base { build: mut first, product, tariff: card, .. } = base();
    first.rating_entry(product, entry(None, None, card)).unwrap();
    let third = Settings { env: EnvId::from_number(3), ..settings() };
    let mut other = CatalogueBuilder::new(third.clone()).unwrap();
    other.tariff(tariff("", cad(), Service::Voice)).unwrap_err();
    first.environment(other).unwrap();
    // The same number again, and that of the first.
    assert!(first.environment(CatalogueBuilder::new(third.clone()).unwrap()).is_ok());
    assert!(first.environment(CatalogueBuilder::new(third).unwrap()).is_err());
    assert!(first.environment(CatalogueBuilder::new(settings()).unwrap()).is_err());
    assert_eq!(
        all_of(first),
        [
            "environments/3/tariffs/: a tariff has no name",
            "environments/3: there are two of environment '3'; names must differ",
            "environments/1: there are two of environment '1'; names must differ"
        ]
    );
}
