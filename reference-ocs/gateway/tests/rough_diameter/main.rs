//! Credit control over a network that breaks: over a thousand seeds connections are reset, lose segments and are cut, the server
//! crashes and comes back with its record, clients fail over to its other address, and requests come twice, at once or
//! long after. Whatever happens, each unit is charged once and every reservation is returned.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use client::{Client, Shared};
use tollgate_network::{Between, Driver, Fault, Impairment, NodeId, Peer, Ratio, SimDriver, Transport};
use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Currency, CustomerSpec, ProductSpec, RateSpec,
    RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::diameter::config::{DiameterConfig, Listener, ServiceRule};
use tollgate_ocs_gateway::{Clients, GatewayConfig, RadiusGateway};
use tollgate_time::Instant;

const SEEDS: u64 = 1_000;
const CLIENTS: u8 = 3;
/// Faults come within so many seconds; then the network heals.
const ROUGH_SECS: u64 = 40;
/// Whoever has not ended by then never will: the longest is a watchdog, a back-off and a few attempts.
const END_SECS: u64 = 1_200;
const OPENING: &str = "1000000.00";
const START: Instant = Instant::from_unix_secs(1_551_426_775);

/// What happens to a run, all of it drawn from a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    seed: u64,
    clients: u8,
    sessions: u8,
    /// Of a hundred requests so many are sent again though they were answered, or while they wait.
    copies: u32,
    /// Of a hundred segments so many are lost; of a thousand so many reset their connection.
    losses: u32,
    resets: u32,
    /// After so many milliseconds each.
    faults: Vec<(u64, Rough)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rough {
    /// All connections of a client are reset.
    Reset(u8),
    /// Nothing gets through to or from a client for so many milliseconds.
    Cut(u8, u64),
    /// The server is down for so many milliseconds.
    Crash(u64),
}

/// SplitMix64.
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn byte_below(&mut self, bound: u8) -> u8 {
        u8::try_from(self.below(bound.into())).unwrap()
    }
}

impl Plan {
    fn of(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let count = chance.below(6);
        let mut fault = || {
            let at = chance.below(ROUGH_SECS * 1_000);
            let span = 100 + chance.below(8_000);
            let who = chance.byte_below(CLIENTS);
            let what = match chance.below(3) {
                0 => Rough::Reset(who),
                1 => Rough::Cut(who, span),
                _ => Rough::Crash(span),
            };
            (at, what)
        };
        let mut faults: Vec<_> = (0..count).map(|_| fault()).collect();
        faults.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            clients: CLIENTS,
            sessions: 3,
            copies: 15,
            losses: u32::try_from(chance.below(6)).unwrap(),
            resets: u32::try_from(chance.below(20)).unwrap(),
            faults,
        }
    }

    /// The same with one thing less.
    fn smaller(&self) -> Vec<Self> {
        let mut all: Vec<Self> = (0..self.faults.len())
            .map(|place| {
                let mut own = self.clone();
                own.faults.remove(place);
                own
            })
            .collect();
        all.extend((self.clients > 1).then(|| Self { clients: self.clients - 1, ..self.clone() }));
        all.extend((self.sessions > 1).then(|| Self { sessions: self.sessions - 1, ..self.clone() }));
        all.extend((self.copies > 0).then(|| Self { copies: 0, ..self.clone() }));
        all.extend((self.losses > 0).then(|| Self { losses: 0, ..self.clone() }));
        all.extend((self.resets > 0).then(|| Self { resets: 0, ..self.clone() }));
        all
    }
}

fn catalogue() -> Catalogue {
    let usd: Currency = "USD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings::new(usd)).unwrap();
    let product =
        ProductSpec { name: "Mobile".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let service = Service::Data;
    let tariff = build.tariff(TariffSpec { name: "Data".to_owned(), currency: usd, service }).unwrap();
    // 0.01 a MiB, and nothing but whole MiB is used: no charge is rounded.
    build.rate(tariff, RateSpec::simple("DATA", "0.01".parse().unwrap())).unwrap();
    build.rating_entry(product, RatingEntrySpec { access_code: None, service, leg: None, tariff }).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", usd)).unwrap();
    for number in 0..CLIENTS {
        let opening = OPENING.parse().unwrap();
        build.account(AccountSpec::debit(&client::account(number), usd, opening, product, customer)).unwrap();
    }
    build.finish().unwrap()
}

fn server() -> RadiusGateway {
    let listener = |(host, at): &(&str, [u8; 4])| Listener {
        host: (*host).into(),
        at: (*at, client::PORT).into(),
        over: Transport::Tcp,
    };
    let mut diameter = DiameterConfig::new(client::REALM, client::SERVERS.iter().map(listener).collect());
    diameter.services = vec![ServiceRule {
        context: Some("32251@3gpp.org".into()),
        validity: Duration::from_secs(3_600),
        ..ServiceRule::of(Service::Data)
    }];
    let mut config = GatewayConfig::new(Clients::default());
    config.diameter = Some(diameter);
    config.observe = false;
    RadiusGateway::new(config, catalogue())
}

fn shared<N: Peer>(node: N) -> Rc<RefCell<N>> {
    Rc::new(RefCell::new(node))
}

/// Plays a plan; says what is wrong in the end.
fn play(plan: &Plan) -> Result<Rc<RefCell<RadiusGateway>>, String> {
    let impairment = Impairment {
        jitter: Duration::from_millis(30),
        loss: Ratio::from_percent(plan.losses),
        resets: Ratio::from_millionths(plan.resets * 1_000),
        ..Impairment::default()
    };
    let mut driver = SimDriver::new(START, plan.seed).with_usual_link(impairment);
    let gateway = shared(server());
    let addresses = client::SERVERS.map(|(_, at)| at.into());
    let ocs = driver.add_node(&addresses, Box::new(Shared(Rc::clone(&gateway)))).unwrap();
    let mut clients: Vec<(NodeId, Rc<RefCell<Client>>)> = Vec::new();
    for number in 0..plan.clients {
        let own = shared(Client::new(number, plan.seed, plan.sessions, plan.copies));
        let id = driver.add_node(&[client::address(number)], Box::new(Shared(Rc::clone(&own)))).unwrap();
        clients.push((id, own));
    }
    for &(millis, fault) in &plan.faults {
        let at = START + Duration::from_millis(millis);
        while driver.advance(at).is_some() {}
        let until = |span: u64| Some(at + Duration::from_millis(span));
        let of = |who: u8| clients[usize::from(who % plan.clients)].0;
        let fault = match fault {
            Rough::Reset(who) => Fault::Reset { between: Between::One(of(who)) },
            Rough::Cut(who, span) => Fault::Partition { between: Between::One(of(who)), until: until(span) },
            Rough::Crash(span) => Fault::Crash { node: ocs, until: until(span) },
        };
        driver.inject(fault).map_err(|error| error.to_string())?;
    }
    while driver.advance(START + Duration::from_secs(ROUGH_SECS)).is_some() {}
    let everyone = Between::Everyone;
    let good = Impairment::default();
    driver.inject(Fault::Impair { between: everyone, impairment: good, until: None }).unwrap();
    let mut end = START + Duration::from_secs(ROUGH_SECS);
    while end < START + Duration::from_secs(END_SECS)
        && clients.iter().any(|(_, own)| own.borrow().finished().is_err())
    {
        end += Duration::from_secs(5);
        while driver.advance(end).is_some() {}
    }
    // Copies that are still on their way arrive.
    while driver.advance(end + Duration::from_secs(5)).is_some() {}
    let clients: Vec<_> = clients.into_iter().map(|(_, own)| own).collect();
    judge(&gateway.borrow(), &clients)?;
    Ok(gateway)
}

/// Each unit once, in money and on the xDRs; nothing reserved, nothing open.
fn judge(gateway: &RadiusGateway, clients: &[Rc<RefCell<Client>>]) -> Result<(), String> {
    let ocs = gateway.ocs();
    if let Some(open) = ocs.sessions().next() {
        return Err(format!("{open:?} is open"));
    }
    for (number, client) in (0..).zip(clients) {
        let client = client.borrow();
        client.finished()?;
        let name = client::account(number);
        let account = ocs.account(&name).unwrap();
        let used = client.reported();
        // 0.01 for each MiB, in hundred-thousandths.
        let charge = i64::try_from(used / client::MIB).unwrap() * 1_000;
        let opening: Amount = OPENING.parse().unwrap();
        let left = Amount::from_units(opening.units() - charge);
        let on_record: u64 = ocs
            .xdrs()
            .filter(|xdr| *xdr.account_id == *name && xdr.entity == tollgate_ocs_core::Entity::Account)
            .map(|xdr| xdr.used_quantity)
            .sum();
        let reserved = account.reserved();
        if (account.balance(), reserved, on_record) != (left, Amount::ZERO, used) {
            return Err(format!(
                "{name}: {used} reported, {on_record} on record; balance {} instead of {left}, {reserved} reserved",
                account.balance()
            ));
        }
    }
    Ok(())
}

/// A plan as small as can be that fails as well.
fn shrunk(mut plan: Plan, mut why: String) -> String {
    while let Some((less, error)) =
        plan.smaller().into_iter().find_map(|less| play(&less).err().map(|error| (less, error)))
    {
        (plan, why) = (less, error);
    }
    format!("{why}\n{plan:#?}")
}

#[test]
fn each_unit_is_charged_once_and_every_reservation_returned() {
    let (mut copies, mut crashes) = (0, 0);
    for seed in 0..SEEDS {
        let plan = Plan::of(seed);
        match play(&plan) {
            Ok(gateway) => copies += gateway.borrow().diameter_tally().unwrap().get("duplicate-request"),
            Err(why) => panic!("seed {seed}: {}", shrunk(plan, why)),
        }
        crashes += plan.faults.iter().filter(|(_, fault)| matches!(fault, Rough::Crash(_))).count();
    }
    // The network was as rough as it was meant to be: five faults in two seeds, a third of them crashes.
    assert!(copies > SEEDS && crashes > 500, "{copies} copies, {crashes} crashes");
}
