//! The charging system, the SIP server and the dispatcher of the day.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use tollgate_network::{Arg, ArgKind, KnownSystem, Need, Peer, PeerKind, Server, Setup};
use tollgate_ocs_core::parties::{ConnectionSpec, PartiesSpec, VendorSpec};
use tollgate_ocs_core::{
    AccountSpec, Amount, CatalogueBuilder, Currency, CustomerSpec, Leg, NodeSpec, Price, ProductSpec,
    RateSpec, RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::{Client, Clients, CommandLogging, GatewayConfig, RadiusGateway, Route, Routes};
use tollgate_simulators::sip_dispatcher::SIP_DISPATCHER;
use tollgate_simulators::sip_server::SIP_SERVER;
use tollgate_wire::{Fields, Text, Value};

use crate::plan::{COST, IN, OUT};

pub(crate) const OCS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 1, 1));
pub(crate) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 1, 10));
pub(crate) const DISPATCHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5));
pub(crate) const PHONES: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 9, 0, 1), 5060));
pub(crate) const CARRIER: SocketAddr =
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), 5060));
pub(crate) const REALM: &str = "example.net";
pub(crate) const PASSWORD: &str = "telephone";
pub(crate) const VENDOR: &str = "carrier";
const SECRET: &str = "day-secret";

/// What every account begins with: enough for days.
pub(crate) const BALANCE: Amount = Amount::from_units(10_000_000_000);

/// The number of an account.
pub(crate) fn account(number: u32) -> String {
    format!("1604{number:07}")
}

/// A minute's price, of a second's in units of 10⁻⁵.
fn price(units: i64) -> Price {
    Price::from_nanos(units * 10_000 * 60)
}

/// The charging system with its accounts; nobody observes it, and it keeps no log.
pub(crate) fn gateway(telephones: u32) -> RadiusGateway {
    let currency: Currency = "USD".parse().unwrap();
    let settings = Settings { xdrs_kept_max: 1_000, grant_secs_max: Some(3_600), ..Settings::new(currency) };
    let mut build = CatalogueBuilder::new(settings).unwrap();
    let node = "sip".to_owned();
    build.node(NodeSpec { name: node.clone(), address: SERVER.to_string(), dialing: None }).unwrap();
    let mut tariff = |name: &str, units| {
        let spec = TariffSpec { name: name.to_owned(), currency, service: Service::Voice };
        let tariff = build.tariff(spec).unwrap();
        for prefix in ["1", "4"] {
            build.rate(tariff, RateSpec::simple(prefix, price(units))).unwrap();
        }
        tariff
    };
    let [out, incoming, _] =
        [("Out", OUT), ("In", IN), ("Cost", COST)].map(|(name, units)| tariff(name, units));
    let product = ProductSpec { name: "Calls".to_owned(), currency, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    for (code, leg, tariff) in [("OUTGOING", Leg::Originate, out), ("INCOMING", Leg::Answer, incoming)] {
        let access_code = Some(code.to_owned());
        let entry = RatingEntrySpec { access_code, service: Service::Voice, leg: Some(leg), tariff };
        build.rating_entry(product, entry).unwrap();
    }
    let customer = build.customer(CustomerSpec::new("Everybody", currency)).unwrap();
    for number in 0..telephones {
        let spec = AccountSpec::debit(&account(number), currency, BALANCE, product, customer);
        build.account(AccountSpec { password: Some(PASSWORD.to_owned()), ..spec }).unwrap();
    }
    let connection = ConnectionSpec {
        name: "out".to_owned(),
        remote_address: Some(CARRIER.ip().to_string()),
        route: None,
        node: None,
        leg: Leg::Originate,
        service: Service::Voice,
        tariff: "Cost".to_owned(),
    };
    let vendor = VendorSpec {
        name: VENDOR.to_owned(),
        currency,
        balance: Amount::ZERO,
        connections: vec![connection],
    };
    build.parties(&PartiesSpec { vendors: vec![vendor], ..PartiesSpec::default() }).unwrap();
    // It hands calls in, too.
    build.interconnection(CARRIER.ip());
    let client = Client { trusted: true, ..Client::new(node, SERVER, SECRET) };
    let route = Route {
        name: Text::const_new("carrier"),
        prefix: Text::default(),
        address: CARRIER.ip(),
        preference: 1,
        auth: None,
        rtpp_level: None,
        plans: Vec::new(),
    };
    let config = GatewayConfig {
        command_log: CommandLogging::Off,
        observe: false,
        routes: Routes::new(vec![route]),
        ..GatewayConfig::new(Clients::new([client]).unwrap())
    };
    RadiusGateway::new(config, build.finish().unwrap())
}

/// The SIP server.
pub(crate) fn server() -> Box<dyn Peer> {
    let given = Fields::new()
        .with("realm", REALM)
        .with("dispatchers", Value::List(vec![Value::Address(DISPATCHER)]))
        .with("gateways", Value::List(vec![Value::Address(CARRIER.ip())]));
    made(&SIP_SERVER, SERVER, given, Vec::new())
}

/// The dispatcher.
pub(crate) fn dispatcher(telephones: u32) -> Box<dyn Peer> {
    let servers = Value::List(vec![Value::from(format!("ocs={SERVER}").as_str())]);
    let given = Fields::new()
        .with("servers", servers)
        .with("partners", Value::List(vec![Value::Address(CARRIER.ip())]));
    let system = KnownSystem {
        name: Text::const_new("ocs"),
        environment: Some(1),
        addresses: vec![OCS],
        servers: Vec::new(),
        diameter: Vec::new(),
        numbers: (0..telephones).map(|number| Text::from(account(number))).collect(),
    };
    made(&SIP_DISPATCHER, DISPATCHER, given, vec![system])
}

fn made(kind: &PeerKind, address: IpAddr, given: Fields, systems: Vec<KnownSystem>) -> Box<dyn Peer> {
    let mut settings = given;
    for arg in kind.settings {
        if let (Need::Default(text), None) = (arg.need, settings.get(arg.name)) {
            settings.push(arg.name, preset(arg, text));
        }
    }
    let secret = Text::const_new(SECRET);
    let setup = Setup {
        name: Text::const_new(kind.name),
        address,
        servers: vec![Server { address: OCS, auth_port: 1_812, acct_port: 1_813, secret }],
        diameter: Vec::new(),
        systems,
        settings,
        seed: 4_711,
        observe: false,
    };
    (kind.build)(setup).unwrap()
}

/// The value of a default.
fn preset(arg: &Arg, text: &str) -> Value {
    match arg.kind {
        ArgKind::Flag => Value::Flag(text == "true"),
        ArgKind::Integer { .. } => Value::Integer(text.parse().unwrap()),
        ArgKind::Span => Value::Span(span(text)),
        _ => Value::from(text),
    }
}

fn span(text: &str) -> Duration {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let number: u64 = digits.parse().unwrap();
    match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "min" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3_600),
        unit => panic!("'{unit}' is no unit of a default"),
    }
}

/// The most memory that the process has had, in KiB.
pub(crate) fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
