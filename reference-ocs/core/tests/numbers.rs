//! What a called number stands for: routing plans, local accounts, deliveries, the lines of a node; picking up calls, and calls
//! that have ended. The scenarios of return codes show the answers; here stand the edges.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{World, amount, cad, request, settings, stop};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Amount, CallWishes, CatalogueBuilder, CatalogueError, CustomerSpec, Delivery,
    Denial, Grant, ProductSpec, RateSpec, RatingEntrySpec, ReturnCode, RoutingPlanSpec, Service, TariffSpec,
};

const ANNA: &str = "16045550101";
const OTTO: &str = "16045550102";
const ABROAD: &str = "16045550103";

/// Two lines at 0.06 and 0.12 a minute by the second, a product that goes by plans, three accounts with 6.00 each.
fn builder() -> CatalogueBuilder {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let product = build
        .product(ProductSpec {
            name: "Lines".to_owned(),
            currency: cad(),
            breakage: Amount::ZERO,
            language: None,
        })
        .unwrap();
    for (name, price) in [("Standard", "0.06"), ("Clear", "0.12")] {
        let spec = TariffSpec { name: name.to_owned(), currency: cad(), service: Service::Voice };
        let tariff = build.tariff(spec).unwrap();
        for pattern in ["1", "44"] {
            build.rate(tariff, RateSpec::simple(pattern, price.parse().unwrap())).unwrap();
        }
        build.rate(tariff, RateSpec::forbidden("1900")).unwrap();
    }
    let tariff = build.tariff_named("Standard").unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("town", cad())).unwrap();
    for id in [ANNA, OTTO, ABROAD, "19005550199"] {
        build.account(AccountSpec::debit(id, cad(), amount("6.00"), product, customer)).unwrap();
    }
    build
}

fn plan(build: &CatalogueBuilder, name: &str, code: &str, tariff: &str, default: bool) -> RoutingPlanSpec {
    let product = build.product_named("Lines").unwrap();
    RoutingPlanSpec {
        name: name.to_owned(),
        select_code: code.to_owned(),
        tariffs: vec![(product, build.tariff_named(tariff).unwrap())],
        default_for: if default { vec![product] } else { Vec::new() },
    }
}

fn world(build: CatalogueBuilder) -> World {
    World { ocs: tollgate_ocs_core::Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

fn ask(account: &str, session: &str, cld: &str, call: CallWishes) -> AccessRequest {
    AccessRequest { cld: Some(cld.to_owned()), call, ..request(account, session) }
}

fn local() -> CallWishes {
    CallWishes { local_lookup: true, ..CallWishes::default() }
}

#[test]
fn the_longest_code_that_a_number_begins_with_chooses_the_plan() {
    let mut build = builder();
    for (name, code, tariff) in [("short", "10", "Standard"), ("long", "1011", "Clear")] {
        let spec = plan(&build, name, code, tariff, false);
        build.routing_plan(&spec).unwrap();
    }
    let mut world = world(build);
    // 6.00 at 0.12 a minute: 3000 s; at 0.06: 6000 s.
    for (account, dialled, secs) in [(ANNA, "101112015550100", 3000), (OTTO, "1012015550100", 6000)] {
        let accepted = world.authorize(0, ask(account, "a", dialled, CallWishes::default())).unwrap();
        assert_eq!(accepted.cld.as_deref(), Some("12015550100"));
        assert_eq!(accepted.grant, Some(Grant::Units(secs)));
    }
    let none = world.authorize(0, ask(ABROAD, "a", "12015550100", CallWishes::default()));
    assert_eq!(none, Err(Denial::PreselectNotSet));
}

#[test]
fn a_code_alone_is_a_number_like_any_other() {
    let mut build = builder();
    let spec = plan(&build, "clear", "1011", "Clear", true);
    build.routing_plan(&spec).unwrap();
    let accepted = world(build).authorize(0, ask(ANNA, "a", "1011", CallWishes::default())).unwrap();
    assert_eq!(accepted.cld.as_deref(), Some("1011"));
}

#[test]
fn a_call_that_nobody_asked_for_is_charged_by_the_plan_that_was_dialled() {
    let mut build = builder();
    let spec = plan(&build, "clear", "1011", "Clear", false);
    build.routing_plan(&spec).unwrap();
    let mut world = world(build);
    let dialled = tollgate_ocs_core::UsageReport {
        cld: Some("1011012015550100".to_owned()),
        ..stop(ANNA, "a", 0, 600)
    };
    // Behind the code: 012015550100, in no country code of these rates.
    world.report(600, dialled);
    assert_eq!(world.the_xdr().charged_amount, Amount::ZERO);
    world.report(
        1300,
        tollgate_ocs_core::UsageReport {
            cld: Some("101112015550100".to_owned()),
            session: "b".into(),
            ..stop(ANNA, "b", 700, 600)
        },
    );
    let xdr = world.the_xdr();
    // 600 s x 0.12 / 60 = 1.20.
    assert_eq!((xdr.charged_amount, xdr.cld.as_deref()), (amount("1.20"), Some("12015550100")));
}

#[test]
fn plans_that_contradict_each_other_are_refused() {
    let mut build = builder();
    let spec = plan(&build, "clear", "1011", "Clear", true);
    build.routing_plan(&spec).unwrap();
    let mut refusal = |change: &dyn Fn(&mut RoutingPlanSpec)| {
        let mut spec = plan(&build, "other", "1012", "Standard", false);
        change(&mut spec);
        build.routing_plan(&spec).unwrap_err().to_string()
    };
    assert!(refusal(&|spec| spec.name = "clear".to_owned()).contains("routing plan 'clear'"));
    assert!(
        refusal(&|spec| spec.select_code = "1011".to_owned())
            .contains("'other' and 'clear' have the same select code 1011")
    );
    assert!(refusal(&|spec| spec.select_code = "#11".to_owned()).contains("made of digits"));
    assert!(refusal(&|spec| spec.default_for = vec![spec.tariffs[0].0]).contains("another plan does"));
    let elsewhere = refusal(&|spec| {
        spec.default_for = vec![spec.tariffs[0].0];
        spec.tariffs.clear();
    });
    assert!(elsewhere.contains("no tariff there"), "{elsewhere}");
    let tariff = TariffSpec { name: "Data".to_owned(), currency: cad(), service: Service::Data };
    let data = build.tariff(tariff).unwrap();
    let mut spec = plan(&build, "other", "1012", "Standard", false);
    spec.tariffs[0].1 = data;
    assert!(matches!(build.routing_plan(&spec), Err(CatalogueError::OtherService { .. })));
}

#[test]
fn a_number_stands_in_the_inventory_once() {
    let mut build = builder();
    build.did("16045550900", None).unwrap();
    assert!(matches!(build.did("16045550900", None), Err(CatalogueError::Twice { .. })));
    assert!(matches!(build.did("+1604", None), Err(CatalogueError::NotDigits { .. })));
}

#[test]
fn a_delivered_call_is_paid_by_the_number_that_was_called_and_a_forbidden_one_is_not_delivered() {
    let mut build = builder();
    for account in [ABROAD, "19005550199"] {
        let id = build.account_named(account).unwrap();
        build.delivery(id, Delivery::Number("447700900123".into())).unwrap();
    }
    let mut world = world(build);
    let accepted = world.authorize(0, ask(ANNA, "a", ABROAD, local())).unwrap();
    assert_eq!(accepted.return_code, ReturnCode::Redirect("447700900123".into()));
    // 6.00 / 0.001 = 6000 s, all of it reserved.
    assert_eq!((accepted.cld.as_deref(), accepted.grant), (Some(ABROAD), Some(Grant::Units(6000))));
    assert_eq!(world.reserved(ANNA), amount("6.00"));
    assert_eq!(world.authorize(0, ask(OTTO, "b", "19005550199", local())), Err(Denial::CldBlocked));
}

#[test]
fn a_call_is_picked_up_by_others_of_the_group_even_without_money() {
    let mut build = builder();
    let [anna, otto] = [ANNA, OTTO].map(|id| build.account_named(id).unwrap());
    build.pickup_group(&[anna, otto]);
    let mut world = world(build);
    let pickup = || CallWishes { pickup: true, ..CallWishes::default() };
    // All of Anna's money is reserved by another call.
    world.authorize(0, ask(ANNA, "a", "12015550100", CallWishes::default())).unwrap();
    let accepted = world.authorize(0, ask(ANNA, "b", OTTO, pickup())).unwrap();
    assert_eq!((accepted.grant, accepted.return_code), (None, ReturnCode::Success));
    assert_eq!(world.reserved(ANNA), amount("6.00"));
    for called in [ANNA, ABROAD, "12015550100"] {
        let denied = world.authorize(0, ask(ANNA, "b", called, pickup()));
        assert_eq!(denied, Err(Denial::PickupInvalidCld), "{called}");
    }
}

#[test]
fn what_goes_on_after_the_stop_is_refused_and_what_begins_is_not() {
    let mut world = world(builder());
    let more = |continues, id: Option<&str>| {
        let call_id = id.map(str::to_owned);
        ask(ANNA, "a", "12015550100", CallWishes { continues, call_id, ..CallWishes::default() })
    };
    // Nothing is known of it yet: a system that has lost its memory grants.
    world.authorize(0, more(true, None)).unwrap();
    let mut end = stop(ANNA, "a", 0, 60);
    end.call_id = Some("first".to_owned());
    world.report(60, end);
    assert_eq!(world.authorize(61, more(true, None)), Err(Denial::RejectAuthorization));
    assert_eq!(world.authorize(61, more(false, Some("first"))), Err(Denial::RejectAuthorization));
    world.authorize(61, more(false, None)).unwrap();
    world.authorize(61, more(true, Some("second"))).unwrap();
    // The second call is open now: more for it is granted, and none for the first.
    world.authorize(62, more(true, None)).unwrap();
    assert_eq!(world.authorize(62, more(true, Some("first"))), Err(Denial::RejectAuthorization));
}
