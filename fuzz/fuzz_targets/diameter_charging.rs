//! Whatever AVPs a Credit-Control-Request has: the server answers it once, or closes the connection, and goes on. No request
//! leaves more reserved than the account has.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use tollgate_diameter::{Builder, CommandFlags, Header, Message, avp};
use tollgate_network::{Input, Node, Output, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Currency, CustomerSpec, ProductSpec, RateSpec,
    RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::diameter::config::{DiameterConfig, Listener, Profile, ServiceRule};
use tollgate_ocs_gateway::{Clients, CommandLogging, GatewayConfig, RadiusGateway};
use tollgate_time::Instant;

const USER: &str = "380630000001";
const NOW: Instant = Instant::from_unix_secs(1_551_426_775);

fn catalogue() -> Arc<Catalogue> {
    static MADE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let usd: Currency = "USD".parse().expect("a currency");
        let mut build = CatalogueBuilder::new(Settings::new(usd)).expect("settings");
        let product =
            ProductSpec { name: "Mobile".to_owned(), currency: usd, breakage: Amount::ZERO, language: None };
        let product = build.product(product).expect("a product");
        for (service, pattern) in [(Service::Data, "DATA"), (Service::Voice, "380"), (Service::Msg, "380")] {
            let tariff = TariffSpec { name: service.to_string(), currency: usd, service };
            let tariff = build.tariff(tariff).expect("a tariff");
            build
                .rate(tariff, RateSpec::simple(pattern, "0.01".parse().expect("a price")))
                .expect("a rate");
            build
                .rating_entry(product, RatingEntrySpec { access_code: None, service, leg: None, tariff })
                .expect("an entry");
        }
        let customer = build.customer(CustomerSpec::new("Users", usd)).expect("a customer");
        let opening = "100.00".parse().expect("an amount");
        build.account(AccountSpec::debit(USER, usd, opening, product, customer)).expect("an account");
        Arc::new(build.finish().expect("a catalogue"))
    });
    Arc::clone(made)
}

fn gateway(profile: Profile) -> RadiusGateway {
    let at = "10.0.0.1:3868".parse().expect("an address");
    let listener = Listener { host: "ocs.portaone.com".into(), at, over: Transport::Tcp };
    let mut diameter = DiameterConfig::new("portaone.com", vec![listener]);
    diameter.profile = profile;
    let rule = |service, service_identifier| ServiceRule {
        context: Some("32251@3gpp.org".into()),
        service_identifier,
        ..ServiceRule::of(service)
    };
    diameter.services =
        vec![rule(Service::Voice, Some(35)), rule(Service::Msg, Some(30)), rule(Service::Data, None)];
    let mut config = GatewayConfig::new(Clients::default());
    config.diameter = Some(diameter);
    config.command_log = CommandLogging::Off;
    RadiusGateway::new(config, catalogue())
}

fn greeting() -> Vec<u8> {
    let mut own = Builder::new(Header::request(257, 0).flagged(CommandFlags::REQUEST));
    own.text(avp::ORIGIN_HOST, "pgw.portaone.com");
    own.text(avp::ORIGIN_REALM, "portaone.com");
    own.address(avp::HOST_IP_ADDRESS, [10, 0, 0, 2].into());
    own.u32(avp::VENDOR_ID, 0);
    own.text(avp::PRODUCT_NAME, "fuzz");
    own.u32(avp::AUTH_APPLICATION_ID, 4);
    own.finish().expect("a short message")
}

/// What every request has, so that what comes behind it is looked at.
fn head(number: u8) -> Builder {
    let mut own = Builder::new(Header::request(272, 4).identified(number.into(), number.into()));
    own.text(avp::SESSION_ID, "pgw.portaone.com;1;1");
    own.text(avp::ORIGIN_HOST, "pgw.portaone.com");
    own.text(avp::ORIGIN_REALM, "portaone.com");
    own.text(avp::DESTINATION_REALM, "portaone.com");
    own.u32(avp::AUTH_APPLICATION_ID, 4);
    own.text(avp::SERVICE_CONTEXT_ID, "32251@3gpp.org");
    own.u32(avp::CC_REQUEST_TYPE, u32::from(number % 4) + 1);
    own.u32(avp::CC_REQUEST_NUMBER, number.into());
    own.group(avp::SUBSCRIPTION_ID, |inside| {
        inside.u32(avp::SUBSCRIPTION_ID_TYPE, 0);
        inside.text(avp::SUBSCRIPTION_ID_DATA, USER);
    });
    own
}

/// Gives octets to the server; the answers, and whether it closed the connection.
fn told(gateway: &mut RadiusGateway, event: &StreamEvent) -> (Vec<Vec<u8>>, bool) {
    gateway.handle_input(NOW, Input::Stream(StreamId::incoming(1), event));
    let (mut answers, mut closed) = (Vec::new(), false);
    loop {
        match gateway.poll_output() {
            Output::Wait(_) => return (answers, closed),
            Output::Stream(_, StreamOrder::Send(octets)) => answers.push(octets.to_vec()),
            Output::Stream(_, StreamOrder::Close | StreamOrder::Reset) => closed = true,
            _ => {}
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let profile = if first & 1 == 0 { Profile::Strict } else { Profile::Lenient };
    let mut gateway = gateway(profile);
    let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
    let (local, remote, over) = (address("10.0.0.1:3868"), address("10.0.0.2:4000"), Transport::Tcp);
    told(&mut gateway, &StreamEvent::Accepted { local, remote, over });
    assert_eq!(told(&mut gateway, &StreamEvent::Received(greeting().into())).0.len(), 1);
    // Up to four requests: the octets of each are its AVPs, behind those that every request has or in their place.
    for (number, part) in (0_u8..4).zip(rest.split(|octet| *octet == 0xfe)) {
        let message = if first & 2 == 0 { head(number) } else { Builder::new(Header::request(272, 4)) };
        let mut octets = message.finish().expect("a short message");
        octets.extend_from_slice(part);
        octets.resize(octets.len().next_multiple_of(4), 0);
        tollgate_diameter::raw::fix_length(&mut octets);
        let (answers, closed) = told(&mut gateway, &StreamEvent::Received(octets.into()));
        assert_eq!(answers.len(), 1, "closed: {closed}");
        let answer = Message::parse(&answers[0]).expect("an answer can be read");
        assert!(answer.result_code().is_some());
        if closed {
            return;
        }
        let account = gateway.ocs().account(USER).expect("the account");
        assert!(account.reserved() >= Amount::ZERO);
    }
});
