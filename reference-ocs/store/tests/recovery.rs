//! How long a start takes and how much an xDR takes: figures, run by hand on a quiet machine with
//! `cargo test --release -p tollgate-ocs-store --test recovery -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "it measures the machine")]

use std::time::{Duration, Instant as Clock};

use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Command, CustomerSpec, Ocs, ProductSpec, RateSpec,
    RatingEntrySpec, Record, Service, Settings, Stage, TariffSpec, UsageReport,
};
use tollgate_ocs_store::embedded::{Options, xdrs};
use tollgate_ocs_store::{Embedded, World};
use tollgate_time::Instant;

const ACCOUNTS: u64 = 1_000_000;
const CALLS: u64 = 500_000;

fn catalogue(accounts: u64) -> Catalogue {
    let currency = "CAD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings::new(currency)).unwrap();
    let tariff = TariffSpec { name: "t".to_owned(), currency, service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    build.rate(tariff, RateSpec::simple("82", "0.02".parse().unwrap())).unwrap();
    let product = ProductSpec { name: "p".to_owned(), currency, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let owner = build.customer(CustomerSpec::new("c", currency)).unwrap();
    for account in 0..accounts {
        let funds = Amount::from_units(1_000_000_000);
        build.account(AccountSpec::debit(&name(account), currency, funds, product, owner)).unwrap();
    }
    build.finish().unwrap()
}

fn name(account: u64) -> String {
    format!("9{account:010}")
}

fn stop(call: u64) -> (Instant, Command) {
    let report = UsageReport {
        node: Some("gw-vancouver".to_owned()),
        session: format!("{call:08X} CD4D11DB 958E0014 1C3F6886").into(),
        account: name(call % ACCOUNTS),
        stage: Stage::Stop,
        cli: Some("16045550193".to_owned()),
        cld: Some("82623634515".to_owned()),
        duration: Some(71),
        call_id: Some(format!("{call:08X}-CD4D-11DB-958E-1C3F6886@164.9.9.100")),
        ..UsageReport::default()
    };
    (Instant::from_unix_secs(1_173_428_000 + call / 1_000), Command::Account(report))
}

fn world() -> World {
    World::of(b"figures")
}

/// Stores calls, 256 to a commit.
fn charge(store: &mut Embedded, ocs: &mut Ocs, calls: u64) {
    let mut effects = Vec::new();
    for call in 0..calls {
        let (at, command) = stop(call);
        store.append(at, &command).unwrap();
        ocs.apply_into(at, &command, &mut effects);
        store.note(at, &effects).unwrap();
        effects.clear();
        if call % 256 == 255 {
            store.commit().unwrap();
        }
    }
    store.commit().unwrap();
}

#[test]
fn an_xdr_takes_less_than_four_hundred_octets_with_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Embedded::open(folder.path(), world(), Options::default()).unwrap();
    let mut ocs = store.recover(&catalogue(10)).unwrap().ocs;
    let mut sizes = Vec::new();
    charge(&mut store, &mut ocs, 10_000);
    // Ends its file behind the last commit.
    store.close(&ocs).unwrap();
    xdrs(folder.path(), world(), |xdr| sizes.push(postcard::to_stdvec(&xdr).unwrap().len())).unwrap();
    assert_eq!(sizes.len(), 10_000);
    let largest = sizes.iter().max().unwrap();
    let all: u64 = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_str().unwrap().starts_with("log-"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    println!("an xDR takes {largest} octets, with its report {}", all / 10_000);
    assert!(*largest < 400 && all / 10_000 < 400, "{largest}, {}", all / 10_000);
}

#[test]
#[ignore = "figures of a quiet machine"]
fn a_million_accounts_are_there_again_within_five_seconds() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let catalogue = catalogue(ACCOUNTS);
    let mut store = Embedded::open(folder.path(), world(), Options::default()).unwrap();
    let mut ocs = store.recover(&catalogue).unwrap().ocs;
    let begun = Clock::now();
    charge(&mut store, &mut ocs, CALLS);
    println!("{CALLS} calls charged and stored in {:?}", begun.elapsed());
    for end in ["a crash", "an orderly end"] {
        if end == "an orderly end" {
            store.close(&ocs).unwrap();
        }
        drop(store);
        store = Embedded::open(folder.path(), world(), Options::default()).unwrap();
        let begun = Clock::now();
        let recovered = store.recover(&catalogue).unwrap();
        let took = begun.elapsed();
        println!("after {end}: {took:?}, {} commands applied again", recovered.replayed);
        assert!(took < Duration::from_secs(5), "{took:?} after {end}");
        ocs = recovered.ocs;
    }
}
