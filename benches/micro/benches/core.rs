//! One call through the charging core: authorised, started, stopped, among many accounts and prefixes.
//!
//! `TOLLGATE_BENCH_ACCOUNTS` sets the number of accounts (100000 without it). The commands are made before the clock
//! starts; applying them, with all their effects, is what is measured, in processor time.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tollgate_micro::ProcessorTime;
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Amount, Catalogue, CatalogueBuilder, CatalogueError, Command, Currency,
    CustomerSpec, Effect, Ocs, Price, ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, Stage,
    TariffSpec, UsageReport,
};
use tollgate_time::Instant;

/// The allocator of the tool.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNTS: u64 = 100_000;
const PREFIXES: u64 = 100_000;
/// Few enough that their commands are as near to the processor as those that a gateway has just decoded.
const CALLS_A_BATCH: u64 = 100;

/// Spreads numbers as customers' calls are spread: not in order, and always the same.
const fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

fn account_name(number: u64) -> String {
    format!("1604{number:07}")
}

fn prefix(number: u64) -> String {
    format!("{}", 1_000_000 + number * 71)
}

fn catalogue(accounts: u64) -> Result<Catalogue, Box<dyn std::error::Error>> {
    let currency: Currency = "CAD".parse()?;
    let settings = Settings {
        closed_kept: Duration::from_secs(60),
        closed_kept_max: 100_000,
        xdrs_kept_max: 1_000,
        ..Settings::new(currency)
    };
    let mut build = CatalogueBuilder::new(settings)?;
    let tariff =
        build.tariff(TariffSpec { name: "Everywhere".to_owned(), currency, service: Service::Voice })?;
    for number in 0..PREFIXES {
        let price = Price::from_nanos(20_000_000 + i64::try_from(number % 1_000)? * 100_000);
        build.rate(tariff, RateSpec::simple(&prefix(number), price))?;
    }
    let product = ProductSpec { name: "Calls".to_owned(), currency, breakage: Amount::ZERO, language: None };
    let product = build.product(product)?;
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry)?;
    let customer = build.customer(CustomerSpec::new("Everybody", currency))?;
    let add = |build: &mut CatalogueBuilder, number| -> Result<(), CatalogueError> {
        let balance = Amount::from_units(i64::MAX / 1_000_000);
        build
            .account(AccountSpec::debit(&account_name(number), currency, balance, product, customer))
            .map(|_| ())
    };
    for number in 0..accounts {
        add(&mut build, number)?;
    }
    Ok(build.finish()?)
}

/// The three commands of the call of that number, which begins that many milliseconds after the first.
fn call(number: u64, accounts: u64) -> [(Instant, Command); 3] {
    let begins = Instant::from_unix_secs(1_700_000_000) + Duration::from_millis(number);
    let connected = begins + Duration::from_millis(1);
    let session = format!("{:08X} CD4D11DB 958E0014 {number:08X}", scattered(number) & 0xFFFF_FFFF);
    let account = account_name(scattered(number) % accounts);
    let cld = format!("{}5550100", prefix(scattered(number + 1) % PREFIXES));
    let request = AccessRequest {
        session: session.as_str().into(),
        account: account.clone(),
        cli: Some("6045550193".to_owned()),
        cld: Some(cld.clone()),
        ..AccessRequest::default()
    };
    let report = UsageReport {
        session: session.as_str().into(),
        account,
        cli: Some("6045550193".to_owned()),
        cld: Some(cld),
        connected_at: Some(connected),
        call_id: Some(format!("{number:08x}-{session}")),
        ..UsageReport::default()
    };
    let start = UsageReport { stage: Stage::Start, ..report.clone() };
    let stop = UsageReport { stage: Stage::Stop, duration: Some(71), disconnect_cause: Some(16), ..report };
    [
        (begins, Command::Authorize(request)),
        (connected, Command::Account(start)),
        (connected + Duration::from_millis(1), Command::Account(stop)),
    ]
}

/// Applies calls, batch by batch, each with those of its commands that `of` keeps.
fn measure(
    c: &mut Criterion<ProcessorTime>,
    name: &str,
    accounts: u64,
    catalogue: &Catalogue,
    of: fn(&Command) -> bool,
) {
    let mut ocs = Ocs::new(catalogue.clone());
    let mut effects: Vec<Effect> = Vec::with_capacity(64);
    let mut number = 0;
    let mut group = c.benchmark_group("core");
    group.throughput(Throughput::Elements(CALLS_A_BATCH));
    group.bench_function(format!("{name}, {CALLS_A_BATCH} calls, {accounts} accounts"), |b| {
        b.iter_batched(
            || {
                let first = number;
                number += CALLS_A_BATCH;
                let commands = (first..number).flat_map(|number| call(number, accounts));
                commands.filter(|(_, command)| of(command)).collect::<Vec<_>>()
            },
            |commands| {
                for (now, command) in &commands {
                    effects.clear();
                    ocs.apply_into(*now, command, &mut effects);
                    black_box(&effects);
                }
                commands
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    let charged = ocs.xdrs().filter(|xdr| xdr.charged_amount > Amount::ZERO && xdr.notes.is_empty()).count();
    assert_eq!(charged, ocs.xdrs().len());
}

fn calls(c: &mut Criterion<ProcessorTime>) {
    let accounts =
        std::env::var("TOLLGATE_BENCH_ACCOUNTS").ok().and_then(|text| text.parse().ok()).unwrap_or(ACCOUNTS);
    let Ok(catalogue) = catalogue(accounts) else { unreachable!("the catalogue is a sound one") };
    measure(c, "authorise, start and stop", accounts, &catalogue, |_| true);
    let settles = |command: &Command| !matches!(command, Command::Account(own) if own.stage == Stage::Start);
    measure(c, "authorise and stop", accounts, &catalogue, settles);
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = calls
}
criterion_main!(benches);
