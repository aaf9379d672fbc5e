//! What moving a customer takes, all of it: Porter, both systems and the HTTP between them, from the first request to the last
//! answer, as wall time of one thread. The network is virtual and takes no time of its own.
//!
//! The two customers are those of the documents' table (ARCH, frequently asked questions): 5 accounts with 255 xDRs took
//! their tool 8 s, 19 accounts with 1,375 xDRs 105 s.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::net::IpAddr;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use tollgate_network::{Action, Driver, KnownSystem, NodeId, Setup, SimDriver};
use tollgate_ocs_core::ids::{EnvId, Numbering};
use tollgate_ocs_core::{
    AccountSpec, CatalogueBuilder, Command, CustomerSpec, MemoryRecord, ProductSpec, RateSpec,
    RatingEntrySpec, Service, Settings, Stage, TariffSpec, UsageReport,
};
use tollgate_ocs_gateway::api::config::{ApiConfig, ApiUser};
use tollgate_ocs_gateway::{Clients, GatewayConfig, RadiusGateway};
use tollgate_simulators::porter::PORTER;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START: Instant = Instant::from_unix_secs(1_173_428_150);
const SOURCE: [u8; 4] = [10, 0, 1, 1];
const TARGET: [u8; 4] = [10, 0, 2, 1];
const PORT: u16 = 8080;

fn system(env: u32, numbering: Numbering, address: [u8; 4], accounts: usize, xdrs: usize) -> RadiusGateway {
    let currency = "USD".parse().unwrap();
    let settings = Settings { env: EnvId::from_number(env), numbering, ..Settings::new(currency) };
    let mut build = CatalogueBuilder::new(settings).unwrap();
    let tariff = TariffSpec { name: "Calls".to_owned(), currency, service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    build.rate(tariff, RateSpec::simple("1", "0.06".parse().unwrap())).unwrap();
    let product = ProductSpec {
        name: "Telephony".to_owned(),
        currency,
        breakage: "0".parse().unwrap(),
        language: None,
    };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    if accounts > 0 {
        let customer = build.customer(CustomerSpec::new("Easy Call", currency)).unwrap();
        for number in 0..accounts {
            let id = format!("1205555{number:04}");
            let account = AccountSpec::debit(&id, currency, "100".parse().unwrap(), product, customer);
            build.account(account).unwrap();
        }
    }
    let mut record = MemoryRecord::new(1_000_000);
    for call in 0..xdrs {
        let seconds = u64::try_from(call).unwrap();
        let at = Instant::from_unix_secs(START.unix_secs() - 10_000 + seconds);
        record.push(
            at,
            Command::Account(UsageReport {
                session: format!("{call:08X} 39AE126B CD4D11DB 9A2F0012").into(),
                account: format!("1205555{:04}", call % accounts.max(1)),
                stage: Stage::Stop,
                cli: Some("12055550001".to_owned()),
                cld: Some("12065550002".to_owned()),
                connected_at: Some(at),
                duration: Some(60),
                disconnect_cause: Some(16),
                ..UsageReport::default()
            }),
        );
    }
    let mut config = GatewayConfig::new(Clients::new(Vec::new()).unwrap());
    let users = vec![ApiUser { login: "porter".into(), password: "secret".into() }];
    config.api = Some(ApiConfig { listen: vec![(address, PORT).into()], users });
    config.observe = false;
    RadiusGateway::stored(config, build.finish().unwrap(), Box::new(record)).unwrap().0
}

fn stage(accounts: usize, xdrs: usize) -> (SimDriver, NodeId) {
    let mut driver = SimDriver::new(START, 1);
    let source = system(1, Numbering::Odd, SOURCE, accounts, xdrs);
    let target = system(2, Numbering::Even, TARGET, 0, 0);
    driver.add_node(&[SOURCE.into()], Box::new(source)).unwrap();
    driver.add_node(&[TARGET.into()], Box::new(target)).unwrap();
    let known = |name: &str, environment, address: [u8; 4]| KnownSystem {
        name: name.into(),
        environment: Some(environment),
        addresses: vec![address.into()],
        servers: Vec::new(),
        diameter: Vec::new(),
        numbers: [].into(),
    };
    let address = IpAddr::from([10, 0, 9, 9]);
    let mut settings = Fields::new();
    for (name, value) in
        [("source", "ocs"), ("target", "target"), ("login", "porter"), ("password", "secret")]
    {
        settings.push(name, value);
    }
    for (name, value) in [("api-port", 8080_u32), ("registry-port", 8088), ("threads", 4)] {
        settings.push(name, value);
    }
    for (name, secs) in [("answer-within", 30), ("retry", 1), ("sweep", 10), ("watch", 60)] {
        settings.push(name, Value::Span(Duration::from_secs(secs)));
    }
    let setup = Setup {
        name: "porter".into(),
        address,
        servers: Vec::new(),
        diameter: Vec::new(),
        systems: vec![known("ocs", 1, SOURCE), known("target", 2, TARGET)],
        settings,
        seed: 1,
        observe: true,
    };
    let porter = driver.add_node(&[address], (PORTER.build)(setup).unwrap()).unwrap();
    (driver, porter)
}

fn ported((mut driver, porter): (SimDriver, NodeId), xdrs: u64) {
    let customers = Value::List(vec![Value::text("Easy Call")]);
    let action = Action::new("port").with("customers", customers).with("xdrs", "all").with("dry-run", false);
    driver.perform(porter, &action).unwrap();
    let until = START + Duration::from_secs(60);
    while let Some(seen) = driver.advance(until) {
        if seen.observation.kind == "ported" {
            assert_eq!(seen.observation.fields().get("xdrs"), Some(&Value::from(xdrs)));
            return;
        }
    }
    panic!("the customer did not arrive");
}

fn migration(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("migration");
    group.sample_size(10);
    for (accounts, xdrs) in [(5, 255), (19, 1_375)] {
        let name = BenchmarkId::from_parameter(format!("{accounts} accounts, {xdrs} xDRs"));
        group.bench_function(name, |bench| {
            let xdrs_moved = u64::try_from(xdrs).unwrap();
            bench.iter_batched(
                || stage(accounts, xdrs),
                |stage| ported(stage, xdrs_moved),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, migration);
criterion_main!(benches);
