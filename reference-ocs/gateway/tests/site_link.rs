//! The link between two sites, with octets changed on their way: a site is told from garbage, and goes on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tollgate_network::{Action, Input, Node, Output, Peer, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Currency, CustomerSpec, Interval, ProductSpec,
    RateSpec, RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::{Client, Clients, GatewayConfig, LINK_PORT, OtherSite, RadiusGateway, SiteConfig};
use tollgate_time::Instant;

const SITES: [[u8; 4]; 2] = [[10, 0, 1, 1], [10, 0, 3, 1]];

fn address(site: usize) -> IpAddr {
    SITES[site].into()
}

fn catalogue() -> Catalogue {
    let usd: Currency = "USD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings::new(usd)).unwrap();
    let tariff = TariffSpec { name: "t".to_owned(), currency: usd, service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    let minute = Interval { units: 60, price: "0.10".parse().unwrap() };
    let rate = RateSpec { first: minute, next: minute, ..RateSpec::simple("1", "0".parse().unwrap()) };
    build.rate(tariff, rate).unwrap();
    let product = ProductSpec { name: "p".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("c", usd)).unwrap();
    build.account(AccountSpec::debit("1001", usd, "2".parse().unwrap(), product, customer)).unwrap();
    build.finish().unwrap()
}

/// Two sites with a wire between them.
struct Wire {
    sites: [RadiusGateway; 2],
    /// The connection as the secondary knows it.
    open: Option<StreamId>,
    connections: u64,
    /// Octets that were carried, and which of them is changed into what.
    carried: usize,
    change: Option<(usize, u8)>,
}

impl Wire {
    fn new(change: Option<(usize, u8)>) -> Self {
        let site = |own: usize| {
            let nas = Client::new("nas", [10, 0, 9, 1].into(), "s");
            let mut config = GatewayConfig::new(Clients::new([nas]).unwrap());
            let mut site = SiteConfig::new(u8::try_from(own).unwrap(), address(own));
            let other = 1 - own;
            let number = u8::try_from(other).unwrap();
            site.others = vec![OtherSite { number, name: "other".into(), address: address(other) }];
            site.watchdog = Duration::from_secs(1);
            config.site = Some(site);
            RadiusGateway::new(config, catalogue())
        };
        Self { sites: [site(0), site(1)], open: None, connections: 0, carried: 0, change }
    }

    fn incoming(&self) -> StreamId {
        StreamId::incoming(self.connections)
    }

    fn carry(&mut self, octets: &Bytes) -> Bytes {
        let mut octets = octets.to_vec();
        if let Some((place, mask)) = self.change
            && let Some(octet) = place.checked_sub(self.carried).and_then(|at| octets.get_mut(at))
        {
            *octet ^= mask;
        }
        self.carried += octets.len();
        octets.into()
    }

    /// Hands over whatever the sites have to say, until they are silent.
    fn settle(&mut self, now: Instant) {
        for _ in 0..10_000 {
            let mut orders = Vec::new();
            for (own, site) in self.sites.iter_mut().enumerate() {
                loop {
                    match site.poll_output() {
                        Output::Wait(_) => break,
                        Output::Stream(id, order) => orders.push((own, id, order)),
                        _ => {}
                    }
                }
            }
            if orders.is_empty() {
                return;
            }
            for (own, id, order) in orders {
                self.order(now, own, id, &order);
            }
        }
        panic!("the sites do not come to rest");
    }

    fn order(&mut self, now: Instant, own: usize, id: StreamId, order: &StreamOrder) {
        let far = match (own, self.open) {
            (1, _) => self.incoming(),
            (_, Some(open)) => open,
            _ => return,
        };
        let event = match order {
            StreamOrder::Connect { from, to, .. } => {
                self.connections += 1;
                self.open = Some(id);
                let accepted = StreamEvent::Accepted { local: *to, remote: *from, over: Transport::Tcp };
                let incoming = self.incoming();
                self.sites[0].handle_input(now, Input::Stream(incoming, &accepted));
                let (local, remote) =
                    (SocketAddr::new(address(1), 40_000), SocketAddr::new(address(0), LINK_PORT));
                self.sites[1].handle_input(now, Input::Stream(id, &StreamEvent::Opened { local, remote }));
                return;
            }
            StreamOrder::Send(octets) => StreamEvent::Received(self.carry(octets)),
            StreamOrder::Reset | StreamOrder::Close => {
                self.open = None;
                StreamEvent::Closed(tollgate_network::Ending::Reset)
            }
            _ => return,
        };
        self.sites[1 - own].handle_input(now, Input::Stream(far, &event));
    }

    fn pass(&mut self, from: u64, secs: u64) {
        for second in from..from + secs {
            let now = Instant::from_unix_secs(second);
            for site in &mut self.sites {
                site.handle_input(now, Input::Timeout);
            }
            self.settle(now);
        }
    }

    fn switch(&mut self, second: u64, to: &'static str) {
        // What a broken order makes of the site is not judged.
        let _ = self.sites[1]
            .perform(Instant::from_unix_secs(second), &Action::new("switch-site").with("to", to));
        self.settle(Instant::from_unix_secs(second));
    }

    /// A time alone, and the return.
    fn play(&mut self) {
        self.pass(1_000, 3);
        self.switch(1_003, "stand-alone");
        self.pass(1_003, 2);
        self.switch(1_005, "stand-by");
        self.pass(1_005, 10);
    }
}

#[test]
fn two_sites_find_each_other_and_say_the_same() {
    let mut wire = Wire::new(None);
    let top_up = Action::new("top-up").with("account", "1001");
    let money = tollgate_wire::Value::Money("1".parse().unwrap(), "USD".into());
    wire.pass(999, 1);
    wire.sites[0].perform(Instant::from_unix_secs(999), &top_up.with("amount", money)).unwrap();
    wire.settle(Instant::from_unix_secs(999));
    wire.play();
    let now = Instant::from_unix_secs(1_100);
    let [one, other] = [0, 1].map(|site| wire.sites[site].ocs().site().shared(now));
    assert_eq!(one, other);
    assert_eq!(wire.sites[1].ocs().account("1001").unwrap().balance(), "3".parse().unwrap());
    assert!(wire.carried > 200, "{}", wire.carried);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_octet_that_is_changed_on_its_way_stops_nobody(place in 0..400_usize, mask in 1..=255_u8) {
        let mut wire = Wire::new(Some((place, mask)));
        wire.play();
    }

    #[test]
    fn any_octets_of_a_site_stop_nobody(octets in prop::collection::vec(any::<u8>(), 0..300), framed in any::<bool>()) {
        let mut wire = Wire::new(None);
        wire.pass(1_000, 2);
        let mut all = Vec::new();
        if framed {
            all.extend_from_slice(b"tg\0\x01");
            all.extend_from_slice(&u32::try_from(octets.len()).unwrap().to_be_bytes());
        }
        all.extend_from_slice(&octets);
        let now = Instant::from_unix_secs(1_002);
        let event = StreamEvent::Received(all.into());
        let (incoming, open) = (wire.incoming(), wire.open.unwrap());
        wire.sites[0].handle_input(now, Input::Stream(incoming, &event));
        wire.sites[1].handle_input(now, Input::Stream(open, &event));
        wire.settle(now);
        wire.pass(1_002, 3);
    }
}
