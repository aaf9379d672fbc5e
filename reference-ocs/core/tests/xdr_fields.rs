//! The fields of the documents' xDR table (ESI, appendix D) over the records of one call: each is there, each says the same
//! of the call, and each says its own of who is charged.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use tollgate_ocs_core::parties::{
    ConnectionSpec, OwnerSpec, PartiesSpec, PartyTariffSpec, ResellerSpec, VendorSpec,
};
use tollgate_ocs_core::{
    AccountSpec, Amount, CatalogueBuilder, Command, CustomerSpec, DestinationSpec, Effect, Leg, Note, Ocs,
    ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, Stage, TariffSpec, UsageReport, Xdr,
};
use tollgate_time::Instant;

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(&format!("2009-03-30T{text}Z")).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// What a minute costs: the account, the reseller above its customer, the reseller above that one, and the vendor.
const PRICES: [(&str, &str); 4] =
    [("Retail", "0.10"), ("Lower", "0.06"), ("Upper", "0.04"), ("Cost", "0.02")];

fn system() -> Ocs {
    let usd = "USD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings::new(usd)).unwrap();
    build
        .destination(DestinationSpec { pattern: "49".to_owned(), group: Some("Europe".to_owned()) })
        .unwrap();
    let mut tariffs = Vec::new();
    for (name, price) in PRICES {
        let spec = TariffSpec { name: name.to_owned(), currency: usd, service: Service::Voice };
        let id = build.tariff(spec).unwrap();
        build.rate(id, RateSpec::simple("49", price.parse().unwrap())).unwrap();
        tariffs.push(id);
    }
    let product =
        ProductSpec { name: "Voice".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff: tariffs[0] };
    build.rating_entry(product, entry).unwrap();
    let home = build.customer(CustomerSpec::new("home", usd)).unwrap();
    build.customer(CustomerSpec::new("lower", usd)).unwrap();
    build.customer(CustomerSpec::new("upper", usd)).unwrap();
    build.account(AccountSpec::debit("alice", usd, amount("10"), product, home)).unwrap();
    let reseller = |name: &str, owner: Option<&str>, tariff: &str| ResellerSpec {
        name: name.to_owned(),
        owner: owner.map(str::to_owned),
        tariffs: vec![PartyTariffSpec { product: None, tariff: tariff.to_owned() }],
    };
    let way = ConnectionSpec {
        name: "by-node".to_owned(),
        remote_address: None,
        route: None,
        node: Some("nas".to_owned()),
        leg: Leg::Originate,
        service: Service::Voice,
        tariff: "Cost".to_owned(),
    };
    let parties = PartiesSpec {
        resellers: vec![reseller("lower", Some("upper"), "Lower"), reseller("upper", None, "Upper")],
        owners: vec![OwnerSpec { customer: "home".to_owned(), reseller: "lower".to_owned() }],
        vendors: vec![VendorSpec {
            name: "carrier".to_owned(),
            currency: usd,
            balance: Amount::ZERO,
            connections: vec![way],
        }],
        ..PartiesSpec::default()
    };
    build.parties(&parties).unwrap();
    Ocs::new(build.finish().unwrap())
}

/// A call that was set up at 10:44:24, rang at 10:44:27.500 and was answered at 10:44:34.
fn report(stage: Stage, secs: u64) -> UsageReport {
    UsageReport {
        node: Some("nas".to_owned()),
        session: "01010101 00000000 00000000 16000023".into(),
        parent: Some("01010101 00000000 00000000 16000022".into()),
        call_id: Some("4A65E46C@164.9.9.100".to_owned()),
        account: "alice".to_owned(),
        stage,
        cli: Some("16045550193".to_owned()),
        cld: Some("49301234".to_owned()),
        setup_at: Some(at("10:44:24")),
        alerted_at: Some(at("10:44:27.5")),
        connected_at: Some(at("10:44:34")),
        disconnected_at: (stage == Stage::Stop)
            .then(|| at("10:44:34") + std::time::Duration::from_secs(secs)),
        duration: Some(secs),
        disconnect_cause: (stage == Stage::Stop).then_some(16),
        voice_quality: Some(4),
        subscriber_ip: Some("192.0.2.7".to_owned()),
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

fn field(xdr: &Xdr, name: &str) -> String {
    let all = xdr.fields();
    let found = all.iter().find(|(own, _)| *own == name).unwrap_or_else(|| panic!("no field {name}"));
    found.1.clone().unwrap_or_else(|| "-".to_owned())
}

/// The field of each record.
fn over(xdrs: &[Arc<Xdr>], name: &str) -> Vec<String> {
    xdrs.iter().map(|xdr| field(xdr, name)).collect()
}

#[test]
fn all_records_of_a_call_say_the_same_of_it_and_their_own_of_who_pays() {
    let mut ocs = system();
    let xdrs = made(&ocs.apply(at("10:45:50"), Command::Account(report(Stage::Stop, 71))));
    assert_eq!(xdrs.len(), 4);
    // Set-up to ringing: 3.5 s. 71 s after 10:44:34 is 10:45:45.
    for (name, value) in [
        ("i_env", "1"),
        ("h323_conf_id", "01010101 00000000 00000000 16000023"),
        ("h323_incoming_conf_id", "01010101 00000000 00000000 16000022"),
        ("call_id", "4A65E46C@164.9.9.100"),
        ("CLI", "16045550193"),
        ("CLD", "49301234"),
        ("setup_time", "3500"),
        ("connect_time", "2009-03-30T10:44:34Z"),
        ("disconnect_time", "2009-03-30T10:45:45Z"),
        ("bill_time", "2009-03-30T10:45:45Z"),
        ("disconnect_cause", "10"),
        ("voice_quality", "4"),
        ("used_quantity", "71"),
        ("account_id", "alice"),
        ("i_account", "1"),
        ("i_dest", "1"),
        ("i_dest_group", "1"),
        ("charged_quantity", "71"),
        ("peak_level", "-"),
        ("i_service", "3"),
        ("rating_pattern", "49"),
        ("subscriber_ip", "192.0.2.7"),
        ("split_order", "-"),
        ("billing_model", "-1"),
        // This system makes no invoices.
        ("i_invoice", "-"),
    ] {
        assert_eq!(over(&xdrs, name), [value; 4], "{name}");
    }
    // 71/60 × 0.10 = 0.118333…; × 0.06 = 0.071; × 0.04 = 0.047333…; × 0.02 = 0.023666…
    for (name, values) in [
        ("id", ["1", "2", "3", "4"]),
        ("charged_amount", ["0.11833", "0.07100", "0.04733", "0.02367"]),
        ("i_tariff", ["1", "2", "3", "4"]),
        ("i_rate", ["1", "2", "3", "4"]),
        // The account's owner, the owner of the record twice, the direct customer.
        ("i_customer", ["1", "2", "3", "3"]),
        ("i_vendor", ["-", "-", "-", "1"]),
        // What the direct customer pays.
        ("revenue", ["-", "-", "-", "0.04733"]),
        ("i_accessibility", ["1", "-", "-", "-"]),
    ] {
        assert_eq!(over(&xdrs, name), values, "{name}");
    }
    let formulas = ["0.10/min = 0.11833", "0.06/min = 0.07100", "0.04/min = 0.04733", "0.02/min = 0.02367"];
    for (xdr, formula) in xdrs.iter().zip(formulas) {
        assert_eq!(field(xdr, "history"), format!("71s: 71 x 1s @ {formula}"));
    }
    // No field of the table is left out of this test.
    assert_eq!(xdrs[0].fields().len(), 25 + 8 + 1);
}

#[test]
fn without_ringing_the_set_up_lasts_to_the_answer() {
    let mut ocs = system();
    let silent = UsageReport { alerted_at: None, ..report(Stage::Stop, 71) };
    let xdrs = made(&ocs.apply(at("10:45:50"), Command::Account(silent)));
    assert_eq!(over(&xdrs, "setup_time"), ["10000"; 4]);
}

#[test]
fn an_attempt_that_failed_is_a_record_for_each_in_the_stores_of_failures() {
    let mut ocs = system();
    let failed = UsageReport {
        connected_at: None,
        disconnected_at: Some(at("10:44:40")),
        disconnect_cause: Some(17),
        ..report(Stage::Stop, 0)
    };
    let xdrs = made(&ocs.apply(at("10:44:41"), Command::Account(failed)));
    let stores: Vec<&str> = xdrs.iter().map(|xdr| xdr.storage()).collect();
    assert_eq!(stores, ["AccountFail", "CustomerFail", "CustomerFail", "VendorFail"]);
    for (name, value) in [
        ("charged_amount", "0.00000"),
        ("charged_quantity", "0"),
        ("used_quantity", "0"),
        ("connect_time", "-"),
        ("disconnect_time", "2009-03-30T10:44:40Z"),
        ("disconnect_cause", "11"),
        ("setup_time", "3500"),
        ("history", "not connected: no charge"),
    ] {
        assert_eq!(over(&xdrs, name), [value; 4], "{name}");
    }
    assert_eq!(ocs.account("alice").unwrap().balance(), amount("10"));
}

#[test]
fn usage_that_is_told_in_two_parts_is_split_for_every_party_and_adds_up() {
    let mut ocs = system();
    ocs.apply(at("10:45:04"), Command::Account(report(Stage::Interim, 30)));
    // No Stop comes: what was last reported is on record, up to the last report.
    let given_up = ocs.next_deadline().unwrap();
    let first = made(&ocs.expire(given_up));
    assert!(first.iter().all(|xdr| xdr.has(Note::NoStop)));
    assert_eq!(over(&first, "disconnect_time"), ["2009-03-30T10:45:04Z"; 4]);
    // 30 s are half a minute of each price.
    assert_eq!(over(&first, "charged_amount"), ["0.05000", "0.03000", "0.02000", "0.01000"]);
    assert_eq!(over(&first, "split_order"), ["-"; 4]);
    // The Stop comes after all: the rest of 71 s.
    let late = given_up + std::time::Duration::from_secs(5);
    let second = made(&ocs.apply(late, Command::Account(report(Stage::Stop, 71))));
    assert_eq!(over(&second, "used_quantity"), ["41"; 4]);
    // 0.11833 − 0.05, 0.071 − 0.03, 0.04733 − 0.02, 0.02367 − 0.01.
    assert_eq!(over(&second, "charged_amount"), ["0.06833", "0.04100", "0.02733", "0.01367"]);
    assert_eq!(over(&second, "split_order"), ["2"; 4]);
    assert_eq!(over(&second, "disconnect_time"), ["2009-03-30T10:45:45Z"; 4]);
    assert_eq!(
        (field(&first[3], "revenue"), field(&second[3], "revenue")),
        ("0.02000".into(), "0.02733".into())
    );
    assert_eq!(ocs.account("alice").unwrap().balance(), amount("9.88167"));
    assert_eq!(ocs.vendor("carrier").unwrap().balance, amount("0.02367"));
}
