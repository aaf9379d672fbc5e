//! The Diameter face: connections, credit control, messages that the server begins.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tollgate_diameter::{Builder, CommandFlags, Header, Message, avp};
use tollgate_network::{Action, Input, Node, Output, Peer, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Currency, CustomerSpec, ProductSpec, RateSpec,
    RatingEntrySpec, Service, Settings, TariffSpec, Unit,
};
use tollgate_ocs_gateway::diameter::config::{
    DiameterConfig, FinalUnit, Listener, Profile, RedirectServer, ServiceRule,
};
use tollgate_ocs_gateway::{Clients, GatewayConfig, RadiusGateway};
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Fields, Value};

const USER: &str = "380630000001";
const GIB: u64 = 1 << 30;
const CC: u32 = 4;

fn at(secs: u64) -> Instant {
    Instant::from_unix_secs(1_551_426_775 + secs)
}

fn catalogue(balance: &str) -> Catalogue {
    let usd: Currency = "USD".parse().unwrap();
    let mut build = CatalogueBuilder::new(Settings::new(usd)).unwrap();
    let product =
        ProductSpec { name: "Mobile".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    // Data at 0.01 a MiB, by the octet; calls at 0.06 a minute; messages at 0.05.
    for (service, pattern, price) in
        [(Service::Data, "DATA", "0.01"), (Service::Voice, "380", "0.06"), (Service::Msg, "380", "0.05")]
    {
        let tariff = TariffSpec { name: service.to_string(), currency: usd, service };
        let tariff = build.tariff(tariff).unwrap();
        build.rate(tariff, RateSpec::simple(pattern, price.parse().unwrap())).unwrap();
        build
            .rating_entry(product, RatingEntrySpec { access_code: None, service, leg: None, tariff })
            .unwrap();
    }
    let customer = build.customer(CustomerSpec::new("Users", usd)).unwrap();
    let account = AccountSpec::debit(USER, usd, balance.parse().unwrap(), product, customer);
    build.account(account).unwrap();
    build.finish().unwrap()
}

fn config() -> DiameterConfig {
    let listener = Listener {
        host: "ocs.portaone.com".into(),
        at: "10.0.0.1:3868".parse().unwrap(),
        over: Transport::Tcp,
    };
    let mut config = DiameterConfig::new("portaone.com", vec![listener]);
    let rule = |context: &str, service, service_identifier, validity| ServiceRule {
        context: Some(context.into()),
        service_identifier,
        validity: Duration::from_secs(validity),
        ..ServiceRule::of(service)
    };
    config.services = vec![
        rule("32251@3gpp.org", Service::Voice, Some(35), 10_800),
        rule("32251@3gpp.org", Service::Msg, Some(30), 259_200),
        rule("32251@3gpp.org", Service::Data, None, 7_200),
        rule("32274@3gpp.org", Service::Msg, None, 259_200),
    ];
    config
}

/// The server with one client connected to it.
struct World {
    gateway: RadiusGateway,
    stream: StreamId,
    now: Instant,
    number: u32,
}

impl World {
    fn new(config: DiameterConfig, balance: &str) -> Self {
        let mut own = GatewayConfig::new(Clients::default());
        own.diameter = Some(config);
        let gateway = RadiusGateway::new(own, catalogue(balance));
        let mut world = Self { gateway, stream: StreamId::incoming(1), now: at(0), number: 0 };
        let orders = world.outputs();
        assert!(
            matches!(&orders[..], [(_, StreamOrder::Listen { at, .. })] if at.port() == 3868),
            "{orders:?}"
        );
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let accepted = StreamEvent::Accepted {
            local: address("10.0.0.1:3868"),
            remote: address("10.0.0.2:40000"),
            over: Transport::Tcp,
        };
        world.gateway.handle_input(world.now, Input::Stream(world.stream, &accepted));
        let mut cer = Builder::new(Header::request(257, 0).flagged(CommandFlags::REQUEST));
        cer.text(avp::ORIGIN_HOST, "bec-pgw.portaone.com");
        cer.text(avp::ORIGIN_REALM, "portaone.com");
        cer.address(avp::HOST_IP_ADDRESS, "10.0.0.2".parse().unwrap());
        cer.u32(avp::VENDOR_ID, 0);
        cer.text(avp::PRODUCT_NAME, "test");
        cer.u32(avp::AUTH_APPLICATION_ID, CC);
        let answer = world.exchange(&cer.finish().unwrap());
        assert_eq!((answer.0, number(&answer.1, "Result-Code")), ("CEA".to_owned(), 2_001));
        world
    }

    /// What the server orders of its connections.
    fn outputs(&mut self) -> Vec<(StreamId, StreamOrder)> {
        let mut orders = Vec::new();
        loop {
            match self.gateway.poll_output() {
                Output::Stream(id, order) => orders.push((id, order)),
                Output::Wait(_) => return orders,
                _ => {}
            }
        }
    }

    /// What the server sends next, in the order of sending.
    fn sent(&mut self) -> Vec<Bytes> {
        let orders = self.outputs().into_iter();
        let sent = orders.filter_map(|(_, order)| match order {
            StreamOrder::Send(octets) => Some(octets),
            _ => None,
        });
        sent.collect()
    }

    fn give(&mut self, octets: &[u8]) -> Vec<Bytes> {
        let event = StreamEvent::Received(Bytes::copy_from_slice(octets));
        self.gateway.handle_input(self.now, Input::Stream(self.stream, &event));
        self.sent()
    }

    /// Sends a request and reads the one answer.
    fn exchange(&mut self, octets: &[u8]) -> (String, Fields) {
        let sent = self.give(octets);
        assert_eq!(sent.len(), 1, "{sent:?}");
        let message = Message::parse(&sent[0]).unwrap();
        let own = Message::parse(octets).unwrap();
        assert_eq!(message.header.hop_by_hop, own.header.hop_by_hop);
        assert_eq!(message.header.end_to_end, own.header.end_to_end);
        (message.title().to_owned(), message.fields())
    }

    fn request(&mut self, session: &str, kind: u32, number: u32, fields: Fields) -> Vec<u8> {
        self.number += 1;
        let flags = CommandFlags::REQUEST.with(CommandFlags::PROXIABLE);
        let header = Header::request(272, CC).flagged(flags).identified(self.number, self.number);
        let mut ccr = Builder::new(header);
        ccr.text(avp::SESSION_ID, session);
        ccr.text(avp::ORIGIN_HOST, "bec-pgw.portaone.com");
        ccr.text(avp::ORIGIN_REALM, "portaone.com");
        ccr.text(avp::DESTINATION_REALM, "portaone.com");
        ccr.u32(avp::AUTH_APPLICATION_ID, CC);
        if fields.get("Service-Context-Id").is_none() {
            ccr.text(avp::SERVICE_CONTEXT_ID, "32251@3gpp.org");
        }
        ccr.u32(avp::CC_REQUEST_TYPE, kind);
        ccr.u32(avp::CC_REQUEST_NUMBER, number);
        if fields.get("Subscription-Id").is_none() {
            ccr.fields(&Fields::new().with("Subscription-Id", subscriber(USER))).unwrap();
        }
        ccr.fields(&fields).unwrap();
        ccr.finish().unwrap()
    }

    /// A request of credit control, with what the tests do not speak of filled in.
    fn credit(&mut self, session: &str, kind: u32, number: u32, fields: Fields) -> Fields {
        let octets = self.request(session, kind, number, fields);
        self.exchange(&octets).1
    }

    fn balance(&self) -> String {
        self.gateway.ocs().account(USER).unwrap().balance().to_string()
    }

    fn reserved(&self) -> String {
        self.gateway.ocs().account(USER).unwrap().reserved().to_string()
    }
}

fn subscriber(number: &str) -> Value {
    let group =
        Fields::new().with("Subscription-Id-Type", "END_USER_E164").with("Subscription-Id-Data", number);
    Value::Group(group)
}

fn group(fields: Fields) -> Value {
    Value::Group(fields)
}

fn services(fields: Fields) -> Fields {
    Fields::new().with("Multiple-Services-Credit-Control", group(fields))
}

fn asking() -> Value {
    group(Fields::new())
}

fn find<'a>(fields: &'a Fields, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (fields.get(first)?, rest) {
        (Value::Group(inside), Some(rest)) => find(inside, rest),
        (value, None) => Some(value),
        _ => None,
    }
}

fn number(fields: &Fields, path: &str) -> i128 {
    find(fields, path).and_then(Value::as_integer).unwrap_or_else(|| panic!("no {path} in {fields:?}"))
}

fn mscc(name: &str) -> String {
    format!("Multiple-Services-Credit-Control.{name}")
}

#[test]
fn a_client_that_tells_whole_seconds_is_not_late_within_one() {
    // 0.4 s after the second that the client names nothing is missing of 7,200 s; 11.4 s after it, 11 s are.
    for (late, valid) in [(0, 7_200), (11, 7_189)] {
        let mut world = World::new(config(), "100.00");
        let said = Instant::from_unix_secs(world.now.unix_secs() - late);
        world.now += Duration::from_millis(400);
        let asked =
            services(Fields::new().with("Requested-Service-Unit", asking()).with("Rating-Group", 100_u32))
                .with("Event-Timestamp", Value::Time(said));
        let answer = world.credit("whole-seconds", 1, 0, asked);
        assert_eq!(number(&answer, &mscc("Validity-Time")), valid);
    }
}

#[test]
fn a_data_session_as_the_document_shows_it() {
    let mut world = World::new(config(), "100.00");
    let initial =
        services(Fields::new().with("Requested-Service-Unit", asking()).with("Rating-Group", 100_u32))
            .with("Event-Timestamp", Value::Time(Instant::from_unix_secs(at(0).unix_secs() - 11)));
    let answer = world.credit("ee136d75e131a122f558", 1, 0, initial);
    assert_eq!(number(&answer, "Result-Code"), 2_001);
    assert_eq!(number(&answer, &mscc("Granted-Service-Unit.CC-Total-Octets")), i128::from(GIB));
    assert_eq!(number(&answer, &mscc("Rating-Group")), 100);
    assert_eq!(number(&answer, &mscc("Result-Code")), 2_001);
    // Two hours, of which eleven seconds have passed since the event.
    assert_eq!(number(&answer, &mscc("Validity-Time")), 7_189);
    // 1,024 MiB at 0.01.
    assert_eq!(world.reserved(), "10.24000");

    let used = Fields::new()
        .with("CC-Total-Octets", 1_048_576_u64)
        .with("CC-Input-Octets", 524_288_u64)
        .with("CC-Output-Octets", 524_288_u64);
    let report = |wants: bool| {
        let mut inside = Fields::new();
        if wants {
            inside.push("Requested-Service-Unit", asking());
        }
        services(inside.with("Used-Service-Unit", group(used.clone())).with("Rating-Group", 100_u32))
    };
    let answer = world.credit("ee136d75e131a122f558", 2, 3, report(true));
    assert_eq!(number(&answer, "CC-Request-Number"), 3);
    assert_eq!(number(&answer, &mscc("Granted-Service-Unit.CC-Total-Octets")), i128::from(GIB));
    assert_eq!(world.balance(), "99.99000");
    let answer = world.credit("ee136d75e131a122f558", 3, 5, report(false));
    assert_eq!(number(&answer, "Result-Code"), 2_001);
    assert!(find(&answer, "Multiple-Services-Credit-Control").is_none());
    // 2 MiB.
    assert_eq!((world.balance(), world.reserved()), ("99.98000".to_owned(), "0.00000".to_owned()));
}

#[test]
fn the_three_failures_stand_at_their_levels() {
    let ask =
        || services(Fields::new().with("Requested-Service-Unit", asking()).with("Rating-Group", 100_u32));
    let mut world = World::new(config(), "0");
    let poor = world.credit("s1", 1, 0, ask());
    assert_eq!(number(&poor, "Result-Code"), 2_001);
    assert_eq!(number(&poor, &mscc("Result-Code")), 4_012);
    assert_eq!(number(&poor, &mscc("Validity-Time")), 7_200);
    let action = find(&poor, &mscc("Final-Unit-Indication.Final-Unit-Action")).unwrap();
    assert_eq!(action.as_text(), Some("TERMINATE"));

    let stranger = ask().with("Subscription-Id", subscriber("1"));
    let unknown = world.credit("s2", 1, 0, stranger);
    assert_eq!(number(&unknown, "Result-Code"), 5_030);
    assert!(find(&unknown, "Final-Unit-Indication").is_none());

    let now = world.now;
    world.gateway.perform(now, &Action::new("block").with("account", USER)).unwrap();
    // The first session, which got nothing, is told of.
    let told = world.sent();
    assert_eq!(Message::parse(&told[0]).unwrap().title(), "RAR");
    let blocked = world.credit("s3", 1, 0, ask());
    assert_eq!(number(&blocked, "Result-Code"), 4_010);
    assert_eq!(
        find(&blocked, "Final-Unit-Indication.Final-Unit-Action").unwrap().as_text(),
        Some("TERMINATE")
    );
    let call = Fields::new()
        .with("Service-Identifier", 35_u32)
        .with("Requested-Service-Unit", group(Fields::new().with("CC-Time", 30_u32)));
    let blocked = world.credit("s4", 1, 0, services(call));
    assert_eq!(number(&blocked, "Result-Code"), 4_010);
    assert!(find(&blocked, "Final-Unit-Indication").is_none());
}

fn call(fields: Fields) -> Fields {
    let parties = Fields::new()
        .with("Calling-Party-Address", "tel:+380630000001")
        .with("Called-Party-Address", "380938508705");
    services(fields.with("Service-Identifier", 35_u32))
        .with("Service-Information", group(Fields::new().with("IMS-Information", group(parties))))
}

#[test]
fn a_call_is_granted_in_slices_and_a_request_that_comes_again_changes_nothing() {
    let mut world = World::new(config(), "1.00");
    let slice = || group(Fields::new().with("CC-Time", 30_u32));
    let answer = world.credit("c", 1, 0, call(Fields::new().with("Requested-Service-Unit", slice())));
    assert_eq!(number(&answer, &mscc("Granted-Service-Unit.CC-Time")), 30);
    assert_eq!(number(&answer, &mscc("Validity-Time")), 10_800);
    let update = world.request(
        "c",
        2,
        1,
        call(Fields::new().with("Requested-Service-Unit", slice()).with("Used-Service-Unit", slice())),
    );
    let first = world.give(&update);
    // The same octets, with the T flag and another Hop-by-Hop Identifier, as a client sends them again.
    let mut again = update.clone();
    again[4] |= CommandFlags::RETRANSMITTED.bits();
    again[15] ^= 0x80;
    let second = world.give(&again);
    assert_eq!(first[0][20..], second[0][20..]);
    // 30 s at 0.06 a minute.
    assert_eq!((world.balance(), world.reserved()), ("0.97000".to_owned(), "0.03000".to_owned()));
    // Sent anew after a restart of the client, so that only its number in the session is the same.
    let anew = world.request(
        "c",
        2,
        1,
        call(Fields::new().with("Requested-Service-Unit", slice()).with("Used-Service-Unit", slice())),
    );
    world.give(&anew);
    assert_eq!(world.balance(), "0.97000");
    world.credit("c", 3, 2, call(Fields::new().with("Used-Service-Unit", slice())));
    assert_eq!((world.balance(), world.reserved()), ("0.94000".to_owned(), "0.00000".to_owned()));
}

#[test]
fn a_message_is_debited_at_once_and_what_has_no_price_is_refused() {
    let mut world = World::new(config(), "0.07");
    let recipient =
        Fields::new().with("Recipient-Address", group(Fields::new().with("Address-Data", "380938508705")));
    let message = || {
        let sms = Fields::new().with("Recipient-Info", group(recipient.clone()));
        Fields::new()
            .with("Service-Context-Id", "32274@3gpp.org")
            .with("Requested-Action", "DIRECT_DEBITING")
            .with("Service-Information", group(Fields::new().with("SMS-Information", group(sms))))
    };
    let answer = world.credit("m", 4, 0, message());
    assert_eq!(number(&answer, "Result-Code"), 2_001);
    assert_eq!(number(&answer, "Granted-Service-Unit.CC-Service-Specific-Units"), 1);
    assert_eq!(number(&answer, "Validity-Time"), 259_200);
    assert_eq!(world.balance(), "0.02000");
    let poor = world.credit("n", 4, 0, message());
    assert_eq!(number(&poor, "Result-Code"), 4_012);
    assert_eq!(number(&poor, "Validity-Time"), 259_200);
    assert!(find(&poor, "Final-Unit-Indication").is_some());
    let other = Fields::new().with("Service-Context-Id", "32276@3gpp.org");
    let unrated = world.credit("o", 1, 0, other.with("Requested-Service-Unit", asking()));
    assert_eq!(number(&unrated, "Result-Code"), 5_031);
    assert!(find(&unrated, "Failed-AVP.Service-Context-Id").is_some());
    assert_eq!(world.balance(), "0.02000");
}

#[test]
fn an_event_may_be_about_an_amount_of_money() {
    let mut world = World::new(config(), "1.00");
    // 25 with the exponent -2 are 0.25; 840 is USD.
    let amount = |action: &'static str| {
        let value = Fields::new().with("Value-Digits", 25_i64).with("Exponent", -2_i64);
        let money = Fields::new().with("Unit-Value", group(value)).with("Currency-Code", 840_u32);
        Fields::new()
            .with("Service-Context-Id", "32274@3gpp.org")
            .with("Requested-Action", action)
            .with("Requested-Service-Unit", group(Fields::new().with("CC-Money", group(money))))
    };
    let debited = world.credit("d", 4, 0, amount("DIRECT_DEBITING"));
    assert_eq!(number(&debited, "Result-Code"), 2_001);
    assert_eq!(world.balance(), "0.75000");
    let refunded = world.credit("r", 4, 0, amount("REFUND_ACCOUNT"));
    assert_eq!(number(&refunded, "Result-Code"), 2_001);
    assert_eq!(world.balance(), "1.00000");
}

#[test]
fn a_top_up_has_the_client_ask_again_and_lifts_the_redirection() {
    let mut own = config();
    for rule in &mut own.services {
        rule.final_unit = FinalUnit::Redirect(RedirectServer::at("http://pay.example/"));
    }
    // 5.00 pay for 500 MiB.
    let mut world = World::new(own, "5.00");
    let ask =
        || services(Fields::new().with("Requested-Service-Unit", asking()).with("Rating-Group", 100_u32));
    let answer = world.credit("s", 1, 0, ask());
    assert_eq!(number(&answer, &mscc("Granted-Service-Unit.CC-Total-Octets")), 500 << 20);
    let redirect = mscc("Final-Unit-Indication.Redirect-Server.Redirect-Server-Address");
    assert_eq!(find(&answer, &redirect).unwrap().as_text(), Some("http://pay.example/"));

    // It was told of its last units: money that is paid in is worth asking again.
    let paid = Value::Money(Decimal::new(10, 0), "USD".into());
    let top_up = Action::new("top-up").with("account", USER).with("amount", paid);
    let now = world.now;
    world.gateway.perform(now, &top_up).unwrap();
    let sent = world.sent();
    let message = Message::parse(&sent[0]).unwrap();
    assert_eq!((sent.len(), message.title(), message.session_id()), (1, "RAR", Some("s")));
    assert_eq!(message.fields().get("Re-Auth-Request-Type").and_then(Value::as_text), Some("AUTHORIZE_ONLY"));
    let mut answered = Builder::answer(&message);
    answered.text(avp::ORIGIN_HOST, "bec-pgw.portaone.com");
    answered.text(avp::ORIGIN_REALM, "portaone.com");
    answered.result(tollgate_diameter::ResultCode::LIMITED_SUCCESS);
    assert!(world.give(&answered.finish().unwrap()).is_empty());
    let used = Fields::new().with("CC-Total-Octets", 100_u64 << 20);
    let report = services(
        Fields::new()
            .with("Requested-Service-Unit", asking())
            .with("Used-Service-Unit", group(used))
            .with("Rating-Group", 100_u32),
    );
    let answer = world.credit("s", 2, 1, report);
    assert!(find(&answer, &mscc("Final-Unit-Indication")).is_none());
    // 15.00 less 1.00 for 100 MiB.
    assert_eq!((world.balance(), world.reserved()), ("14.00000".to_owned(), "10.24000".to_owned()));
    // Whoever has a quota asks by himself.
    world.gateway.perform(now, &top_up).unwrap();
    assert!(world.sent().is_empty());
    world.gateway.perform(now, &Action::new("block").with("account", USER)).unwrap();
    assert_eq!(Message::parse(&world.sent()[0]).unwrap().title(), "RAR");
}

#[test]
fn a_strict_server_refuses_what_a_lenient_one_serves() {
    let odd = || {
        services(Fields::new().with("Requested-Service-Unit", asking()).with("Rating-Group", 100_u32))
            .with("AVP-9999:M", 1_u32)
    };
    let mut strict = World::new(config(), "1.00");
    let answer = strict.credit("s", 1, 0, odd());
    assert_eq!(number(&answer, "Result-Code"), 5_001);
    assert!(find(&answer, "Failed-AVP").is_some());
    let lenient = DiameterConfig { profile: Profile::Lenient, ..config() };
    let mut lenient = World::new(lenient, "1.00");
    assert_eq!(number(&lenient.credit("s", 1, 0, odd()), "Result-Code"), 2_001);
    // An update of a session that nobody knows.
    let update =
        || services(Fields::new().with("Requested-Service-Unit", asking()).with("Rating-Group", 100_u32));
    assert_eq!(number(&strict.credit("t", 2, 1, update()), "Result-Code"), 5_002);
    assert_eq!(number(&lenient.credit("t", 2, 1, update()), "Result-Code"), 2_001);
    assert_eq!(Service::Data.unit(), Unit::Octet);
}
