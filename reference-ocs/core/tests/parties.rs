//! Resellers, vendors, aliases and foreign currencies: who is charged for a call, how much, in which order.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use tollgate_ocs_core::parties::charge::{Apply, ChargeOrder, ChargeReport, ChargeRequest, Commit};
use tollgate_ocs_core::parties::{
    ConnectionSpec, OwnerSpec, PartiesSpec, PartyError, PartyTariffSpec, ResellerSpec, VendorSpec,
};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Amount, Answer, Catalogue, CatalogueBuilder, Command, Currency, CustomerSpec,
    Denial, Effect, Entity, Leg, Note, Ocs, ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, Stage,
    TariffSpec, UsageReport, Xdr,
};
use tollgate_time::Instant;

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn currency(text: &str) -> Currency {
    text.parse().unwrap()
}

fn at(secs: u64) -> Instant {
    Instant::from_unix_secs(1_173_428_000 + secs)
}

/// What a minute costs whom: the account and the lower reseller in USD; the upper, whose balance is in EUR, by a tariff in
/// USD; the carrier in EUR. One EUR is 1.25 USD.
const PRICES: [(&str, &str, &str); 4] =
    [("Retail", "USD", "0.10"), ("Lower", "USD", "0.06"), ("Upper", "USD", "0.04"), ("Cost", "EUR", "0.02")];

fn way(name: &str, node: Option<&str>, tariff: &str) -> ConnectionSpec {
    ConnectionSpec {
        name: name.to_owned(),
        remote_address: None,
        route: None,
        node: node.map(str::to_owned),
        leg: Leg::Originate,
        service: Service::Voice,
        tariff: tariff.to_owned(),
    }
}

fn reseller(name: &str, owner: Option<&str>, tariff: &str) -> ResellerSpec {
    ResellerSpec {
        name: name.to_owned(),
        owner: owner.map(str::to_owned),
        tariffs: vec![PartyTariffSpec { product: None, tariff: tariff.to_owned() }],
    }
}

fn spec() -> PartiesSpec {
    PartiesSpec {
        resellers: vec![reseller("lower", Some("upper"), "Lower"), reseller("upper", None, "Upper")],
        owners: vec![OwnerSpec { customer: "home".to_owned(), reseller: "lower".to_owned() }],
        vendors: vec![VendorSpec {
            name: "carrier".to_owned(),
            currency: currency("EUR"),
            balance: amount("5.00"),
            connections: vec![way("by-node", Some("nas"), "Cost")],
        }],
        aliases: vec![("16045550193".to_owned(), "alice".to_owned())],
        exchange_rates: vec![(currency("EUR"), 5, 4)],
        charged_to_customer: Vec::new(),
    }
}

fn builder() -> CatalogueBuilder {
    builder_with(CustomerSpec::new("upper", currency("EUR")))
}

fn builder_with(upper: CustomerSpec) -> CatalogueBuilder {
    let mut build = CatalogueBuilder::new(Settings::new(currency("USD"))).unwrap();
    let mut ids = Vec::new();
    for (name, money, price) in PRICES {
        let spec = TariffSpec { name: name.to_owned(), currency: currency(money), service: Service::Voice };
        let id = build.tariff(spec).unwrap();
        build.rate(id, RateSpec::simple("49", price.parse().unwrap())).unwrap();
        ids.push(id);
    }
    // Only the account's tariff knows this destination.
    build.rate(ids[0], RateSpec::simple("44", "0.10".parse().unwrap())).unwrap();
    let product = ProductSpec {
        name: "Voice".to_owned(),
        currency: currency("USD"),
        breakage: Amount::ZERO,
        language: None,
    };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff: ids[0] };
    build.rating_entry(product, entry).unwrap();
    let home = build.customer(CustomerSpec::new("home", currency("USD"))).unwrap();
    build.customer(CustomerSpec::new("lower", currency("USD"))).unwrap();
    build.customer(upper).unwrap();
    build.account(AccountSpec::credit("alice", currency("USD"), None, product, home)).unwrap();
    build
}

fn catalogue(spec: &PartiesSpec) -> Catalogue {
    let mut build = builder();
    build.parties(spec).unwrap();
    build.finish().unwrap()
}

fn system() -> Ocs {
    Ocs::new(catalogue(&spec()))
}

fn report(session: &str, stage: Stage, secs: u64) -> UsageReport {
    UsageReport {
        node: Some("nas".to_owned()),
        session: session.into(),
        account: "alice".to_owned(),
        stage,
        cld: Some("49301234".to_owned()),
        connected_at: (stage != Stage::Start && secs > 0).then(|| at(0)),
        duration: (stage != Stage::Start).then_some(secs),
        disconnect_cause: (stage == Stage::Stop).then_some(if secs == 0 { 17 } else { 16 }),
        ..UsageReport::default()
    }
}

fn made(effects: &[Effect]) -> Vec<Arc<Xdr>> {
    let xdrs = effects.iter().filter_map(|effect| match effect {
        Effect::Xdr(xdr) => Some(Arc::clone(xdr)),
        _ => None,
    });
    xdrs.collect()
}

fn take(ocs: &mut Ocs, report: UsageReport) -> Vec<Arc<Xdr>> {
    made(&ocs.apply(at(100), Command::Account(report)))
}

/// Entity, amount and currency of each record.
fn amounts(xdrs: &[Arc<Xdr>]) -> Vec<(String, String)> {
    let shown =
        |xdr: &Arc<Xdr>| (xdr.entity.name(), format!("{} {}", xdr.charged_amount, xdr.currency.unwrap()));
    xdrs.iter().map(shown).collect()
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
}

/// Balances of the account, both resellers and the carrier.
fn balances(ocs: &Ocs) -> [Amount; 4] {
    [
        ocs.account("alice").unwrap().balance(),
        ocs.customer("lower").unwrap().balance(),
        ocs.customer("upper").unwrap().balance(),
        ocs.vendor("carrier").unwrap().balance,
    ]
}

#[test]
fn a_call_charges_account_resellers_and_vendor_in_this_order() {
    let mut ocs = system();
    let xdrs = take(&mut ocs, report("s", Stage::Stop, 71));
    // 71/60 × 0.10 = 0.118333…; × 0.06 = 0.071; × 0.04 = 0.047333… USD = 0.0378666… EUR; × 0.02 = 0.0236666… EUR.
    let expected = [
        ("account", "0.11833 USD"),
        ("reseller", "0.07100 USD"),
        ("reseller[2]", "0.03787 EUR"),
        ("vendor", "0.02367 EUR"),
    ];
    assert_eq!(amounts(&xdrs), texts(&expected));
    let stores: Vec<&str> = xdrs.iter().map(|xdr| xdr.storage()).collect();
    assert_eq!(stores, ["Account", "Customer", "Customer", "Vendor"]);
    // What the direct customer, the upper reseller, pays.
    assert_eq!(xdrs[3].revenue, Some(amount("0.03787")));
    assert_eq!(xdrs[0].revenue, None);
    // home is 1, lower 2, upper 3; the vendor's record names the direct customer.
    let owners: Vec<u32> = xdrs.iter().map(|xdr| xdr.customer.unwrap().number()).collect();
    assert_eq!(owners, [1, 2, 3, 3]);
    assert_eq!(xdrs.iter().map(|xdr| xdr.id.number()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(balances(&ocs), ["0.11833", "0.07100", "0.03787", "5.02367"].map(amount));
    assert_eq!(xdrs[2].history, "71s: 71 x 1s @ 0.04/min = 0.04733 USD, exchanged for 0.03787 EUR");
}

#[test]
fn a_call_by_an_alias_is_the_accounts() {
    let mut ocs = system();
    let by_alias = UsageReport { account: "16045550193".to_owned(), ..report("s", Stage::Start, 0) };
    take(&mut ocs, by_alias);
    // The Stop names the account itself: it is the same call.
    let xdrs = take(&mut ocs, report("s", Stage::Stop, 60));
    assert_eq!((xdrs.len(), &*xdrs[0].account_id), (4, "alice"));
    assert_eq!(ocs.account("16045550193").unwrap().balance(), amount("0.10"));
    assert_eq!(ocs.sessions().count(), 0);
}

#[test]
fn a_failed_attempt_is_stored_for_each_and_costs_nobody() {
    let mut ocs = system();
    let xdrs = take(&mut ocs, report("s", Stage::Stop, 0));
    let stores: Vec<&str> = xdrs.iter().map(|xdr| xdr.storage()).collect();
    assert_eq!(stores, ["AccountFail", "CustomerFail", "CustomerFail", "VendorFail"]);
    assert!(xdrs.iter().all(|xdr| xdr.charged_amount == Amount::ZERO));
    assert_eq!(balances(&ocs), ["0", "0", "0", "5.00"].map(amount));
}

#[test]
fn a_call_that_no_connection_fits_has_no_vendor() {
    let mut ocs = system();
    let elsewhere = UsageReport { node: Some("other".to_owned()), ..report("s", Stage::Stop, 60) };
    let entities: Vec<Entity> = take(&mut ocs, elsewhere).iter().map(|xdr| xdr.entity).collect();
    assert_eq!(entities, [Entity::Account, Entity::Reseller(1), Entity::Reseller(2)]);
}

#[test]
fn a_remote_address_counts_before_a_route_and_a_route_before_a_node() {
    let mut parties = spec();
    let connections = &mut parties.vendors[0].connections;
    let route = || Some("trunk-1".to_owned());
    connections.push(ConnectionSpec { route: route(), ..way("by-route", None, "Upper") });
    connections.push(ConnectionSpec {
        remote_address: Some("10.0.0.9".to_owned()),
        ..way("by-address", None, "Retail")
    });
    let cost = |remote: Option<&str>, trunk: Option<String>| {
        let mut ocs = Ocs::new(catalogue(&parties));
        let there = UsageReport {
            remote_address: remote.map(str::to_owned),
            route: trunk,
            ..report("s", Stage::Stop, 60)
        };
        take(&mut ocs, there)[3].charged_amount
    };
    // By the node 0.02 EUR; by the route 0.04 USD = 0.032 EUR; by the address 0.10 USD = 0.08 EUR.
    assert_eq!(cost(None, None), amount("0.02"));
    assert_eq!(cost(None, route()), amount("0.032"));
    assert_eq!(cost(Some("10.0.0.9"), route()), amount("0.08"));
}

#[test]
fn a_product_may_be_charged_to_the_customer() {
    let parties = PartiesSpec { charged_to_customer: vec!["Voice".to_owned()], ..spec() };
    let mut ocs = Ocs::new(catalogue(&parties));
    let xdrs = take(&mut ocs, report("s", Stage::Stop, 60));
    assert_eq!((xdrs[0].entity, xdrs[0].storage()), (Entity::Customer, "Customer"));
    assert_eq!(ocs.customer("home").unwrap().balance(), amount("0.10"));
}

#[test]
fn a_reseller_without_a_rate_is_not_charged_and_its_record_says_so() {
    let mut ocs = system();
    let xdrs = take(&mut ocs, UsageReport { cld: Some("44123".to_owned()), ..report("s", Stage::Stop, 60) });
    assert_eq!(xdrs[0].charged_amount, amount("0.10"));
    assert!(!xdrs[0].has(Note::Unrated));
    assert!(xdrs[1..].iter().all(|xdr| xdr.has(Note::Unrated) && xdr.charged_amount == Amount::ZERO));
}

fn ordered(commit: Commit, orders: Vec<ChargeOrder>) -> UsageReport {
    let charge = Some(Box::new(ChargeRequest { report: true, commit, orders }));
    UsageReport { charge, ..report("s", Stage::Stop, 71) }
}

fn charged(ocs: &mut Ocs, report: UsageReport) -> (ChargeReport, Vec<Arc<Xdr>>) {
    let effects = ocs.apply(at(100), Command::Account(report));
    match effects.last() {
        Some(Effect::Answer(Answer::Charged(report))) => ((**report).clone(), made(&effects)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reseller_that_may_owe_no_more_stops_its_customers_calls() {
    let limit = Some(amount("0.03"));
    let upper = CustomerSpec { credit_limit: limit, ..CustomerSpec::new("upper", currency("EUR")) };
    let mut build = builder_with(upper);
    build.parties(&spec()).unwrap();
    let mut ocs = Ocs::new(build.finish().unwrap());
    let ask = |ocs: &mut Ocs, session: &str| {
        let request = AccessRequest {
            session: session.into(),
            account: "alice".to_owned(),
            cld: Some("49301234".to_owned()),
            ..AccessRequest::default()
        };
        match ocs.apply(at(100), Command::Authorize(request)).pop() {
            Some(Effect::Answer(Answer::Denied(denied))) => Some(denied.denial),
            Some(Effect::Answer(Answer::Accepted(_))) => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(&mut ocs, "s"), None);
    // A minute costs the upper reseller 0.032 EUR, past its 0.03: the call that was granted is charged, the next refused.
    take(&mut ocs, report("s", Stage::Stop, 60));
    assert_eq!(ocs.customer("upper").unwrap().balance(), amount("0.032"));
    assert_eq!(ask(&mut ocs, "t"), Some(Denial::CreditLimit));
}

#[test]
fn a_dry_run_reports_what_would_be_and_changes_nothing() {
    let (mut dry, mut real) = (system(), system());
    dry.expire(at(100));
    let state = dry.dump();
    let (would, xdrs) = charged(&mut dry, ordered(Commit::Never, Vec::new()));
    assert_eq!((xdrs.len(), would.stored), (0, false));
    assert_eq!(dry.dump(), state);
    let (did, xdrs) = charged(&mut real, ordered(Commit::Always, Vec::new()));
    assert_eq!((xdrs.len(), did.stored), (4, true));
    assert_eq!(would.lines, did.lines);
    let shown: Vec<_> = did.lines.iter().map(|line| (line.storage, line.amount, line.quantity)).collect();
    assert_eq!(shown[1], ("Customer", amount("0.07100"), 71));
}

#[test]
fn a_repeated_import_charges_once() {
    let mut ocs = system();
    charged(&mut ocs, ordered(Commit::Always, Vec::new()));
    let after = balances(&ocs);
    let (again, xdrs) = charged(&mut ocs, ordered(Commit::Always, Vec::new()));
    assert_eq!((again.lines.len(), xdrs.len(), balances(&ocs)), (0, 0, after));
}

#[test]
fn a_charge_that_is_not_complete_is_not_stored() {
    let unrated = |commit| UsageReport { cld: Some("44123".to_owned()), ..ordered(commit, Vec::new()) };
    let mut ocs = system();
    let (told, xdrs) = charged(&mut ocs, unrated(Commit::Complete));
    assert_eq!((told.stored, xdrs.len(), balances(&ocs)[0]), (false, 0, Amount::ZERO));
    // The same call stands for nothing yet: it can be imported again.
    let (told, xdrs) = charged(&mut ocs, ordered(Commit::Complete, Vec::new()));
    assert_eq!((told.stored, xdrs.len()), (true, 4));
}

#[test]
fn orders_say_who_is_charged() {
    let order = |entity, apply| ChargeOrder { entity, apply, ..ChargeOrder::default() };
    let mut ocs = system();
    let orders = vec![order(Entity::Account, Apply::Never), order(Entity::Reseller(2), Apply::Never)];
    let (_, xdrs) = charged(&mut ocs, ordered(Commit::Always, orders));
    let entities: Vec<Entity> = xdrs.iter().map(|xdr| xdr.entity).collect();
    assert_eq!(entities, [Entity::Reseller(1), Entity::Vendor]);
    assert_eq!(balances(&ocs), ["0", "0.07100", "0", "5.02367"].map(amount));

    // By a node that no connection names, what waits for one is not charged.
    let mut ocs = system();
    let elsewhere = UsageReport {
        node: Some("other".to_owned()),
        ..ordered(Commit::Always, vec![order(Entity::Reseller(0), Apply::Connection)])
    };
    let (_, xdrs) = charged(&mut ocs, elsewhere);
    assert_eq!(xdrs.iter().map(|xdr| xdr.entity).collect::<Vec<_>>(), [Entity::Account]);
}

#[test]
fn an_additional_charge_is_a_record_of_its_own() {
    let mut ocs = system();
    let order = ChargeOrder {
        entity: Entity::Account,
        amount: Some(amount("3.2")),
        currency: Some(currency("EUR")),
        history: Some("prerated".to_owned()),
        prerated: true,
        ..ChargeOrder::default()
    };
    let (_, xdrs) = charged(&mut ocs, ordered(Commit::Complete, vec![order]));
    let own = &xdrs[1];
    // 3.20 EUR × 1.25 = 4.00 USD, beside the tariff's 0.11833.
    assert_eq!(
        (own.charged_amount, own.entity, &*own.history),
        (amount("4.00"), Entity::Account, "prerated")
    );
    assert_eq!((xdrs[0].split_order, own.split_order, own.has(Note::Prerated)), (Some(1), Some(2), true));
    assert_eq!(ocs.account("alice").unwrap().balance(), amount("4.11833"));
    // The auxiliary record keeps what was said, and charges nothing.
    let aux = &xdrs[2];
    assert_eq!((aux.storage(), aux.charged_amount, aux.split_order), ("Aux", Amount::ZERO, Some(2)));
    assert!(aux.history.starts_with("rated elsewhere: "), "{}", aux.history);
    assert_eq!(xdrs.len(), 6);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let mut wrong = spec();
    wrong.resellers[1].owner = Some("lower".to_owned());
    wrong.resellers[0].tariffs.clear();
    wrong.exchange_rates.clear();
    wrong.vendors[0].connections.push(way("again", Some("nas"), "Cost"));
    wrong.vendors[0].connections.push(way("nowhere", None, "No such tariff"));
    wrong.aliases.push(("alice".to_owned(), "alice".to_owned()));
    let errors = builder().parties(&wrong).unwrap_err();
    let texts: Vec<String> = errors.iter().map(PartyError::to_string).collect();
    let expected = [
        "the resellers lower, upper own each other in a circle; one of them must have no owner",
        "reseller 'upper' is in EUR and its tariff 'Upper' in USD, and there is no exchange rate between them",
        "reseller 'lower' has no tariff for voice of product 'Voice', which accounts below it have",
        "vendor 'carrier' is in EUR; there is no exchange rate to the environment's USD",
        "connections 'by-node' and 'again' fit the same calls; let them differ in remote address, route, node or leg",
        "connection 'nowhere' names the tariff 'No such tariff', which there is not",
        "the alias 'alice' of account 'alice' is the id of an account",
    ];
    assert_eq!(texts, expected);
}

/// What so many seconds cost each party, in 10⁻⁵ of its currency, without the core's arithmetic.
fn price(secs: u64) -> [i64; 4] {
    let secs = i64::try_from(secs).unwrap();
    let rounded = |up: i64, down: i64| (2 * up + down) / (2 * down);
    // 0.10, 0.06 a minute; 0.04 × 4/5 a minute; 0.02 a minute.
    [
        rounded(secs * 10_000, 60),
        rounded(secs * 6_000, 60),
        rounded(secs * 4_000 * 4, 60 * 5),
        rounded(secs * 2_000, 60),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(usize, Stage, u64, bool)>> {
    let stage = prop_oneof![1 => Just(Stage::Start), 3 => Just(Stage::Interim), 1 => Just(Stage::Stop)];
    proptest::collection::vec((0..4_usize, stage, 0..4_000_u64, proptest::bool::ANY), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_each_party_owes_is_what_all_usage_costs_and_what_its_records_say(steps in steps()) {
        let (mut ocs, mut twin) = (system(), system());
        let mut calls: BTreeMap<usize, (u64, bool)> = BTreeMap::new();
        let mut records: BTreeMap<Entity, i64> = BTreeMap::new();
        for (session, stage, secs, by_alias) in steps {
            let account = if by_alias { "16045550193" } else { "alice" };
            let own = report(&format!("session-{session}"), stage, secs);
            let command = Command::Account(UsageReport { account: account.to_owned(), ..own });
            let effects = ocs.apply(at(100), command.clone());
            prop_assert_eq!(&effects, &twin.apply(at(100), command));
            for xdr in made(&effects) {
                *records.entry(xdr.entity).or_default() += xdr.charged_amount.units();
            }
            if stage != Stage::Start {
                let (used, stopped) = calls.entry(session).or_default();
                if !*stopped {
                    *used = (*used).max(secs);
                    *stopped = stage == Stage::Stop;
                }
            }
            let all: Vec<[i64; 4]> = calls.values().map(|(secs, _)| price(*secs)).collect();
            let sum = |which: usize| all.iter().map(|prices| prices[which]).sum::<i64>();
            let opening = [0, 0, 0, 500_000];
            let owed = balances(&ocs).map(Amount::units);
            prop_assert_eq!(owed, [0, 1, 2, 3].map(|which| opening[which] + sum(which)));
        }
        for xdr in made(&ocs.expire(at(10_000_000))) {
            *records.entry(xdr.entity).or_default() += xdr.charged_amount.units();
        }
        twin.expire(at(10_000_000));
        prop_assert_eq!(ocs.dump(), twin.dump());
        let entities = [Entity::Account, Entity::Reseller(1), Entity::Reseller(2), Entity::Vendor];
        let on_record = entities.map(|entity| records.get(&entity).copied().unwrap_or_default());
        let [account, lower, upper, carrier] = balances(&ocs).map(Amount::units);
        prop_assert_eq!(on_record, [account, lower, upper, carrier - 500_000]);
    }
}
