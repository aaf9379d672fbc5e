//! Plans, peak levels and surcharges of a call that resellers and a vendor have a part in; whose limits bind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{World, amount, interim, settings, stop};
use tollgate_ocs_core::parties::{
    ConnectionSpec, OwnerSpec, PartiesSpec, PartyTariffSpec, ResellerSpec, VendorSpec,
};
use tollgate_ocs_core::plans::{DiscountSpec, Measure, Period, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccountSpec, Admin, Amount, CatalogueBuilder, CustomerSpec, Denial, Entity, Grant, Interval, Leg, Ocs,
    PeakLevel, PeaksSpec, Prices, ProductSpec, RateSpec, RateTerms, RatingEntrySpec, Service, Settings,
    TariffSpec, UsageReport,
};
use tollgate_time::Zone;

const USER: &str = "user";
const OTHER: &str = "other";
const CALLED: &str = "16045550193";

/// The tests begin 100 s before a quarter that is off-peak.
fn quarters() -> PeaksSpec {
    let periods = (0..7 * 24).map(|hour| tollgate_ocs_core::Period {
        begins: hour * 3_600 + 900,
        secs: 900,
        level: PeakLevel::OffPeak,
    });
    let holiday_level = PeakLevel::Peak;
    PeaksSpec { zone: Zone::utc(), periods: periods.collect(), holidays: Vec::new(), holiday_level }
}

/// By day 0.06 a minute by the second, off-peak 0.03; 0.02 to connect, and 10 % of everything on top.
fn retail() -> RateSpec {
    let half = Interval { units: 1, price: "0.03".parse().unwrap() };
    let off_peak = Some(Prices { first: half, next: half });
    let terms = RateTerms { off_peak, surcharge: 10_000, ..RateTerms::default() };
    RateSpec { terms, connect_fee: amount("0.02"), ..RateSpec::simple("1604", "0.06".parse().unwrap()) }
}

/// A reseller above the account if `resold`, at 0.04 a minute, and a carrier at 0.02 EUR; one EUR is 1.25 USD. The first
/// 50 s are free by a plan.
fn world(resold: bool) -> World {
    let usd = "USD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings { currency: usd, ..settings() }).unwrap();
    let mut tariff = |name: &str, money: &str, rate: RateSpec, peaks: bool| {
        let currency = money.parse().unwrap();
        let spec = TariffSpec { name: name.to_owned(), currency, service: Service::Voice };
        let id = build.tariff(spec).unwrap();
        if peaks {
            build.peaks(id, quarters()).unwrap();
        }
        build.rate(id, rate).unwrap();
        id
    };
    let own = tariff("Retail", "USD", retail(), true);
    tariff("Resold", "USD", RateSpec::simple("1604", "0.04".parse().unwrap()), false);
    tariff("Cost", "EUR", RateSpec::simple("1604", "0.02".parse().unwrap()), false);
    let spec = ProductSpec { name: "Line".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let product = build.product(spec).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff: own };
    build.rating_entry(product, entry).unwrap();
    build.split_by_level(product).unwrap();
    let shop = CustomerSpec { credit_limit: Some(amount("0.60")), ..CustomerSpec::new("shop", usd) };
    let shop = build.customer(shop).unwrap();
    build.customer(CustomerSpec::new("lower", usd)).unwrap();
    build.account(AccountSpec::credit(USER, usd, Some(amount("0.50")), product, shop)).unwrap();
    build.account(AccountSpec::credit(OTHER, usd, None, product, shop)).unwrap();
    let free = StepSpec { up_to: Some(50), price: StepPrice::Free, policy: None };
    let discount = DiscountSpec {
        service: Service::Voice,
        destinations: Vec::new(),
        level: None,
        measure: Measure::Units,
        period: Period::Never,
        offset: 0,
        rollover_max: 0,
        steps: vec![free],
    };
    let plan = build.plans().add(PlanSpec { name: "Plan".to_owned(), discounts: vec![discount] }).unwrap();
    build.plans().give_product(product, plan);
    let tariffs = vec![PartyTariffSpec { product: None, tariff: "Resold".to_owned() }];
    let lower = ResellerSpec { name: "lower".to_owned(), owner: None, tariffs };
    let way = ConnectionSpec {
        name: "way".to_owned(),
        remote_address: None,
        route: None,
        node: Some("nas".to_owned()),
        leg: Leg::Originate,
        service: Service::Voice,
        tariff: "Cost".to_owned(),
    };
    let owner = OwnerSpec { customer: "shop".to_owned(), reseller: "lower".to_owned() };
    let (name, currency) = ("carrier".to_owned(), "EUR".parse().unwrap());
    let parties = PartiesSpec {
        resellers: vec![lower],
        owners: if resold { vec![owner] } else { Vec::new() },
        vendors: vec![VendorSpec { name, currency, balance: Amount::ZERO, connections: vec![way] }],
        aliases: Vec::new(),
        exchange_rates: vec![(currency, 5, 4)],
        charged_to_customer: vec!["Line".to_owned()],
    };
    build
        .node(tollgate_ocs_core::NodeSpec {
            name: "nas".to_owned(),
            address: "164.9.9.100".to_owned(),
            dialing: None,
        })
        .unwrap();
    build.parties(&parties).unwrap();
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

/// Entity, amount, quantity and place of each record.
fn shown(world: &World) -> Vec<(Entity, Amount, u64, Option<u32>)> {
    let made = world.made();
    made.iter().map(|xdr| (xdr.entity, xdr.charged_amount, xdr.charged_quantity, xdr.split_order)).collect()
}

#[test]
fn a_call_over_a_change_is_split_with_its_plan_and_each_party_has_one_record() {
    let mut world = world(true);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(60, interim(USER, "c1", 0, 60));
    world.report(200, interim(USER, "c1", 0, 200));
    world.report(300, stop(USER, "c1", 0, 300));
    // By day 50 s are free and 50 s cost 0.05: with the fee and 10 % 0.077. Off-peak 200 s at 0.0005 are 0.10: with 10 %
    // 0.11. The reseller pays five minutes at 0.04, the carrier gets five at 0.02.
    assert_eq!(
        shown(&world),
        [
            (Entity::Customer, amount("0.077"), 100, Some(1)),
            (Entity::Customer, amount("0.11"), 200, Some(2)),
            (Entity::Reseller(1), amount("0.20"), 300, None),
            (Entity::Vendor, amount("0.10"), 300, None),
        ]
    );
    let made = world.made();
    assert_eq!(
        made[0].history,
        "100s: connect fee 0.02000 + 50s free by 'Plan' + 50s @ 0.06/min, plus 10% = 0.07700"
    );
    assert_eq!(
        made[1].history,
        "300s: connect fee 0.02000 + 50s free by 'Plan' + 50s @ 0.06/min + 200s @ 0.03/min, plus 10% = 0.18700, \
         0.07700 of it charged before"
    );
    // The reseller pays 0.20 USD, which are 0.16 EUR.
    assert_eq!((made[3].revenue, made[3].used_quantity), (Some(amount("0.16")), 300));
    assert_eq!(world.balance(USER), amount("0.187"));
}

#[test]
fn without_a_reseller_the_revenue_is_what_the_plan_leaves() {
    let mut world = world(false);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(300, stop(USER, "c1", 0, 300));
    // 0.187 USD are 0.1496 EUR.
    let made = world.made();
    assert_eq!(made.len(), 3);
    assert_eq!((made[2].entity, made[2].revenue), (Entity::Vendor, Some(amount("0.1496"))));
}

#[test]
fn what_is_reported_after_the_pieces_counts_on() {
    let mut world = world(false);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(150, interim(USER, "c1", 0, 150));
    world.expire(2_000);
    // By day 0.077; 50 s off-peak are 0.025, with 10 % 0.0275.
    let customer = |world: &World| -> Vec<_> {
        shown(world).into_iter().filter(|(entity, ..)| *entity == Entity::Customer).collect()
    };
    let own = Entity::Customer;
    assert_eq!(
        customer(&world),
        [(own, amount("0.077"), 100, Some(1)), (own, amount("0.0275"), 50, Some(2))]
    );
    world.report(2_001, stop(USER, "c1", 0, 160));
    // Ten seconds more: 0.005, with 10 % 0.0055; the third record.
    assert_eq!(customer(&world), [(own, amount("0.0055"), 10, Some(3))]);
    assert_eq!(world.balance(USER), amount("0.11"));
}

#[test]
fn what_is_charged_to_the_customer_is_bound_by_both_limits() {
    let mut world = world(false);
    // Without the quota: 0.60 less the fee 0.022 are 0.578; first use it up.
    for (account, call) in [(USER, "q1"), (OTHER, "q2")] {
        let used = UsageReport { cld: Some(CALLED.to_owned()), ..stop(account, call, 0, 50) };
        world.report(50, used);
    }
    // Each paid the fee: 0.022. The customer owes both.
    let owed = |world: &World| world.ocs.customer("shop").unwrap().balance();
    assert_eq!(owed(&world), amount("0.044"));
    // Its own limit leaves the account 0.478: 0.022 to connect, 0.456 at 0.00055 off-peak are 829 s.
    assert_eq!(world.grant(100, USER, "c1", CALLED), Ok(Grant::Units(829)));
    // 0.022 + 829 x 0.00055 = 0.47795 are reserved; the customer has 0.60 - 0.044 - 0.47795 = 0.07805 left, and the other
    // account no limit but that: 0.022 to connect, 0.05605 are 101 s.
    assert_eq!(world.grant(100, OTHER, "c2", CALLED), Ok(Grant::Units(101)));
    world.report(929, stop(USER, "c1", 100, 829));
    assert_eq!((world.balance(USER), owed(&world)), (amount("0.49995"), amount("0.52195")));
    // 0.00005 of the own limit buy nothing, whatever the customer pays.
    let pays = Admin::PayCustomer { customer: "shop".to_owned(), amount: amount("0.50") };
    world.admin(930, pays);
    assert_eq!(owed(&world), amount("0.02195"));
    assert_eq!(world.grant(931, USER, "c3", CALLED), Err(Denial::CreditLimit));
    // The customer's payment is the other account's: 0.60 - 0.02195 less what its call has reserved, 0.07755.
    world.report(932, stop(OTHER, "c2", 100, 0));
    assert!(world.grant(933, OTHER, "c4", CALLED).is_ok());
}
