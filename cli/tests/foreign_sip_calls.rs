//! sipp, which nobody here wrote, calls itself through our dispatcher and our SIP server on loopback: the charging system is asked, the
//! call is delivered to a static contact, and every call is charged once.

#![allow(clippy::disallowed_methods, reason = "it waits for a program")]

mod support;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use support::kinds::filled;
use support::{available, free_ports, run_within};
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver};
use tollgate_network::{Action, ActionError, Driver, Input, KnownSystem, Node, Output, Peer, Server, Setup};
use tollgate_ocs_core::{
    AccountSpec, Amount, CatalogueBuilder, Currency, CustomerSpec, Leg, NodeSpec, Price, ProductSpec,
    RateSpec, RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::{Client, Clients, Contact, GatewayConfig, LocalDelivery, RadiusGateway, Routes};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

const START: Instant = Instant::from_unix_secs(1_790_000_000);
/// Where sipp is, both of it.
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DISPATCHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
/// On a loopback address that the driver chooses.
const OCS: IpAddr = IpAddr::V4(Ipv4Addr::new(193, 28, 87, 193));
const CALLED: &str = "16045550100";
const SECRET: &str = "sipp-secret";
const CALLS: u32 = 50;

/// The charging system, looked into as well.
struct Shared(Rc<RefCell<RadiusGateway>>);

impl Node for Shared {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.0.borrow_mut().handle_input(now, input);
    }

    fn poll_output(&mut self) -> Output {
        self.0.borrow_mut().poll_output()
    }

    fn restart(&mut self, now: Instant) {
        self.0.borrow_mut().restart(now);
    }
}

impl Peer for Shared {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        Err(ActionError::UnknownVerb(action.verb.to_string()))
    }
}

/// A charging system in which whoever is called pays a cent a second; its telephone is sipp at this port.
fn charging_system(port: u16) -> RadiusGateway {
    let currency: Currency = "USD".parse().expect("a currency");
    // So that no call reserves all that there is.
    let settings = Settings { grant_secs_max: Some(60), ..Settings::new(currency) };
    let mut build = CatalogueBuilder::new(settings).expect("right settings");
    let node = "sip".to_owned();
    build.node(NodeSpec { name: node.clone(), address: SERVER.to_string(), dialing: None }).expect("a node");
    let tariff = TariffSpec { name: "Received".to_owned(), currency, service: Service::Voice };
    let tariff = build.tariff(tariff).expect("a tariff");
    // 0.60 a minute.
    build.rate(tariff, RateSpec::simple("1", Price::from_nanos(600_000_000))).expect("a rate");
    let product = ProductSpec { name: "Calls".to_owned(), currency, breakage: Amount::ZERO, language: None };
    let product = build.product(product).expect("a product");
    let access_code = Some("INCOMING".to_owned());
    let entry = RatingEntrySpec { access_code, service: Service::Voice, leg: Some(Leg::Answer), tariff };
    build.rating_entry(product, entry).expect("an entry");
    let customer = build.customer(CustomerSpec::new("home", currency)).expect("a customer");
    // 10,000.00
    let balance = Amount::from_units(1_000_000_000);
    build.account(AccountSpec::debit(CALLED, currency, balance, product, customer)).expect("an account");
    build.interconnection(OUTSIDE);
    let client = Client { trusted: true, ..Client::new(node, SERVER, SECRET) };
    let mut config = GatewayConfig::new(Clients::new([client]).expect("one client"));
    let contact = Contact { address: OUTSIDE, port: Some(port), cld: None, redirects: None };
    let delivery = LocalDelivery { contact: Some(contact), ..LocalDelivery::default() };
    config.routes = Routes::default().with_deliveries([(Text::from(CALLED), delivery)]);
    RadiusGateway::new(config, build.finish().expect("a catalogue"))
}

fn element(kind: &str, address: IpAddr, settings: Fields) -> Box<dyn Peer> {
    let kind =
        tollgate_simulators::kinds().iter().find(|own| own.name == kind).expect("there is such a kind");
    let server = Server { address: OCS, auth_port: 1_812, acct_port: 1_813, secret: SECRET.into() };
    let system = KnownSystem {
        name: "ocs".into(),
        environment: None,
        addresses: vec![OCS],
        servers: vec![server.clone()],
        diameter: Vec::new(),
        numbers: [Text::from(CALLED)].into_iter().collect(),
    };
    let setup = Setup {
        name: kind.name.into(),
        address,
        servers: vec![server],
        diameter: Vec::new(),
        systems: vec![system],
        settings: filled(kind.settings, settings),
        seed: 4_711,
        observe: false,
    };
    (kind.build)(setup).expect("its settings are right")
}

fn sipp(arguments: &[&str]) -> Command {
    let mut command = Command::new("sipp");
    command.args(arguments).args(["-i", "127.0.0.1", "-nostdin", "-timeout", "40s", "-timeout_error"]);
    command.current_dir(std::env::temp_dir());
    command
}

#[test]
fn sipp_calls_itself_through_our_dispatcher_and_our_sip_server() {
    // It ends with 99 after its version.
    if Command::new("sipp").arg("-v").output().is_err() && !available("sipp", &["-v"]) {
        return;
    }
    let [dispatching, serving, calling, taking] = free_ports();
    let at = |ip, port| SocketAddr::new(ip, port);
    let map = AddressMap::new()
        .with_outside_host(OUTSIDE, OUTSIDE)
        .with_bound(at(DISPATCHER, dispatching), at(DISPATCHER, dispatching))
        .with_bound(at(SERVER, serving), at(SERVER, serving));
    let clock = LiveClock::starting_at(START, NonZeroU32::MIN);
    let mut driver = LiveDriver::new(clock, map, 4_711).expect("the machine has a network");
    let gateway = Rc::new(RefCell::new(charging_system(taking)));
    let address = |ip| Value::List(vec![Value::Address(ip)]);
    let server = Fields::new()
        .with("port", i64::from(serving))
        .with("dispatchers", address(DISPATCHER))
        .with("gateways", address(OUTSIDE));
    let servers = Value::List(vec![Value::text(format!("ocs={SERVER}:{serving}"))]);
    let dispatcher = Fields::new()
        .with("port", i64::from(dispatching))
        .with("servers", servers)
        .with("partners", address(OUTSIDE));
    driver.add_node(&[OCS], Box::new(Shared(Rc::clone(&gateway)))).expect("a free address");
    driver.add_node(&[SERVER], element("sip-server", SERVER, server)).expect("a free address");
    driver
        .add_node(&[DISPATCHER], element("sip-dispatcher", DISPATCHER, dispatcher))
        .expect("a free address");

    let count = CALLS.to_string();
    let (taken, placed) = (taking.to_string(), calling.to_string());
    let mut take = sipp(&["-sn", "uas", "-m", &count, "-p", &taken]);
    let to = at(DISPATCHER, dispatching).to_string();
    let mut call =
        sipp(&["-sn", "uac", "-s", CALLED, "-m", &count, "-r", "25", "-d", "900", "-p", &placed, &to]);
    let programs = std::thread::spawn(move || {
        let taker = std::thread::spawn(move || run_within(60, &mut take));
        std::thread::sleep(Duration::from_millis(500));
        (run_within(60, &mut call), taker.join().expect("it was waited for"))
    });
    let mut quiet = 0;
    // Half a second more for what comes after its end.
    while quiet < 5 {
        let until = driver.now() + Duration::from_millis(100);
        while driver.advance(until).is_some() {}
        quiet += usize::from(programs.is_finished());
    }
    let ((called, told), (took, heard)) = programs.join().expect("it was waited for");
    assert!(called && took, "{told}\n{heard}");

    let gateway = gateway.borrow();
    let account = gateway.ocs().account(CALLED).expect("it is there");
    let records: Vec<_> = gateway.ocs().xdrs().collect();
    let calls = records.iter().filter(|xdr| !xdr.failed && &*xdr.account_id == CALLED).count();
    assert_eq!(calls, CALLS as usize, "every call has one record");
    // Each lasted 0.9 s and what its messages took, which a busy machine makes longer: a second at least.
    let paid = records.iter().fold(Amount::ZERO, |sum, xdr| sum.saturating_add(xdr.charged_amount));
    assert!(paid >= Amount::from_units(1_000 * i64::from(CALLS)), "{paid}");
    assert_eq!(account.balance(), Amount::from_units(1_000_000_000).saturating_sub(paid));
    assert_eq!(account.reserved(), Amount::ZERO);
}
