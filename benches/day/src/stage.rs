//! The network of the day: telephones, the dispatcher, the SIP server, the vendor's gateway and the charging system, as the
//! same nodes that scenarios steer, in one driver on a virtual clock.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tollgate_conformance::scenario::values;
use tollgate_network::{
    Action, ActionError, Driver, KnownSystem, Need, NodeId, PeerKind, Ratio, Server, Setup, SimDriver,
};
use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Currency, CustomerSpec, Interval, Price, ProductSpec,
    RateSpec, RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::{Client, Clients, CommandLogging, GatewayConfig, RadiusGateway, Route, Routes};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use crate::plan::{MINUTE_UNITS, REGISTER_EVERY, Traffic};

/// 2026-11-02T00:00:00Z, a Monday.
const START: Instant = Instant::from_unix_secs(1_793_577_600);
const OCS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DISPATCHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3));
const VENDOR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 4));
const SECRET: &str = "the-day";
const PASSWORD: &str = "ring-ring";
/// How long a telephone wants to be registered, so that it registers again after [`REGISTER_EVERY`].
const EXPIRES_SECS: u64 = REGISTER_EVERY.as_secs() + 30;

/// Who is on the stage.
pub(crate) struct Stage {
    pub(crate) driver: SimDriver,
    pub(crate) start: Instant,
    pub(crate) ocs: NodeId,
    phones: Vec<NodeId>,
}

/// A telephone's number, which is its account too.
pub(crate) fn number(phone: u32) -> String {
    format!("1604{:07}", 1_000_000 + phone)
}

impl Stage {
    /// Everybody in place, nobody registered yet.
    pub(crate) fn set(traffic: &Traffic) -> Result<Self, Box<dyn Error>> {
        // No loss and no cuts: the day is about load.
        let mut driver = SimDriver::new(START, traffic.seed).with_cuts(Ratio::NONE);
        let numbers: Arc<[Text]> = (0..traffic.phones).map(|phone| number(phone).into()).collect();
        let systems = [KnownSystem {
            name: "ocs".into(),
            environment: Some(1),
            addresses: vec![OCS],
            servers: vec![server()],
            diameter: Vec::new(),
            numbers: Arc::clone(&numbers),
        }];
        let ocs = driver.add_node(&[OCS], Box::new(gateway(traffic)?))?;
        let mut crew = Crew { driver: &mut driver, systems: &systems, seed: traffic.seed };
        let address = |own: IpAddr| Value::List(vec![Value::Address(own)]);
        crew.add(
            "sip-server",
            SERVER,
            vec![
                ("dispatchers", address(DISPATCHER)),
                ("gateways", address(VENDOR)),
                ("accounting", Value::text("charged-legs")),
            ],
        )?;
        crew.add(
            "sip-dispatcher",
            DISPATCHER,
            vec![("servers", Value::List(vec![Value::text(format!("ocs={SERVER}"))]))],
        )?;
        crew.add(
            "sip-gateway",
            VENDOR,
            vec![(
                "rules",
                Value::List(vec![
                    Value::text("442079460000: ring 2s, answer"),
                    Value::text("442079460001: fail 486"),
                    Value::text("442079460002: fail 404"),
                ]),
            )],
        )?;
        let mut phones = Vec::new();
        for phone in 0..traffic.phones {
            let user = number(phone);
            phones.push(crew.add(
                "sip-phone",
                address_of(phone),
                vec![
                    ("user", Value::text(user)),
                    ("password", Value::text(PASSWORD)),
                    ("servers", Value::List(vec![Value::text(DISPATCHER.to_string())])),
                    ("expires", Value::Span(std::time::Duration::from_secs(EXPIRES_SECS))),
                ],
            )?);
        }
        Ok(Self { driver, start: START, ocs, phones })
    }

    /// Has a telephone do something.
    pub(crate) fn perform(&mut self, phone: u32, action: &Action) -> Result<(), ActionError> {
        let node = usize::try_from(phone).ok().and_then(|place| self.phones.get(place)).copied();
        let node = node.ok_or_else(|| ActionError::Impossible(format!("there is no telephone {phone}")))?;
        self.driver.perform(node, action)
    }
}

/// Every telephone has an address of its own.
fn address_of(phone: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(Ipv4Addr::new(10, 1, 0, 0).to_bits() + phone))
}

fn server() -> Server {
    Server { address: OCS, auth_port: 1812, acct_port: 1813, secret: SECRET.into() }
}

/// Adds peers by the name of their kind.
struct Crew<'a> {
    driver: &'a mut SimDriver,
    systems: &'a [KnownSystem],
    seed: u64,
}

impl Crew<'_> {
    fn add(
        &mut self,
        kind: &str,
        address: IpAddr,
        given: Vec<(&'static str, Value)>,
    ) -> Result<NodeId, Box<dyn Error>> {
        let kind = tollgate_simulators::kinds().iter().find(|own| own.name == kind);
        let kind = kind.ok_or("a kind of peer is missing")?;
        self.seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let setup = Setup {
            name: kind.name.into(),
            address,
            servers: vec![server()],
            diameter: Vec::new(),
            systems: if kind.name == "sip-phone" { Vec::new() } else { self.systems.to_vec() },
            settings: settings(kind, given)?,
            seed: self.seed,
            observe: false,
        };
        Ok(self.driver.add_node(&[address], (kind.build)(setup)?)?)
    }
}

/// The settings of a peer: those that are given, and the defaults of its kind.
fn settings(kind: &PeerKind, given: Vec<(&'static str, Value)>) -> Result<Fields, Box<dyn Error>> {
    let mut fields = Fields::new();
    for (name, value) in given {
        if !kind.settings.iter().any(|arg| arg.name == name) {
            return Err(format!("a {} has no setting '{name}'", kind.name).into());
        }
        fields.push(name, value);
    }
    for arg in kind.settings {
        if let (Need::Default(text), None) = (arg.need, fields.get(arg.name)) {
            fields.push(arg.name, values::read(&arg.kind, text, false).map_err(|error| error.message)?);
        }
    }
    Ok(fields)
}

fn gateway(traffic: &Traffic) -> Result<RadiusGateway, Box<dyn Error>> {
    let mut client = Client::new("sip-server", SERVER, SECRET);
    client.trusted = true;
    let mut config = GatewayConfig::new(Clients::new([client])?);
    // Nothing is replayed here, and a day's commands are many.
    config.command_log = CommandLogging::Off;
    config.seed = traffic.seed;
    config.routes = Routes::new(vec![Route {
        name: "vendor".into(),
        prefix: "44".into(),
        address: VENDOR,
        preference: 10,
        auth: None,
        rtpp_level: None,
        plans: Vec::new(),
    }]);
    Ok(RadiusGateway::new(config, catalogue(traffic)?))
}

/// An account for each telephone, which pays 0.01 a begun minute.
fn catalogue(traffic: &Traffic) -> Result<Catalogue, Box<dyn Error>> {
    let currency: Currency = "USD".parse()?;
    let settings = Settings {
        xdrs_kept_max: 0,
        // Who talks leaves money for a second call.
        grant_secs_max: Some(3_600),
        ..Settings::new(currency)
    };
    let mut build = CatalogueBuilder::new(settings)?;
    let tariff =
        build.tariff(TariffSpec { name: "Minutes".to_owned(), currency, service: Service::Voice })?;
    // 10⁻⁹ of a unit are 10⁻⁴ of 10⁻⁵ of it.
    let price = Price::from_nanos(MINUTE_UNITS * 10_000);
    let minute = Interval { units: 60, price };
    build.rate(tariff, RateSpec { first: minute, next: minute, ..RateSpec::simple("44", price) })?;
    let product = ProductSpec { name: "Calls".to_owned(), currency, breakage: Amount::ZERO, language: None };
    let product = build.product(product)?;
    build.rating_entry(
        product,
        RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff },
    )?;
    let customer = build.customer(CustomerSpec::new("Everybody", currency))?;
    for phone in 0..traffic.phones {
        let balance = Amount::from_units(1_000_000_000);
        let mut account = AccountSpec::debit(&number(phone), currency, balance, product, customer);
        account.password = Some(PASSWORD.to_owned());
        build.account(account)?;
    }
    Ok(build
        .finish()
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?)
}
