//! A small world, and a gateway in front of it that is driven by hand: packets in, answers and observations out.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use tollgate_network::{Action, ActionError, FieldNames, Frame, Input, Node, Observation, Output, Peer};
use tollgate_ocs_core::catalogue::Interval;
use tollgate_ocs_core::commitments::CommitmentSpec;
use tollgate_ocs_core::ids::TariffId;
use tollgate_ocs_core::plans::{DiscountSpec, Period, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccountSpec, Amount, Catalogue, CatalogueBuilder, Currency, CustomerSpec, DialingRules, NodeSpec, Price,
    ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, TariffSpec,
};
use tollgate_ocs_gateway::{Client, Clients, GatewayConfig, OCS, RadiusGateway};
use tollgate_radius::{Builder, Code, Packet, Presence, Secret, attribute, cisco, verify};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Path};

/// The gateway of the calling card, and the SIP server, as the documents' examples name them.
pub(crate) const IVR: &str = "164.9.9.100";
pub(crate) const SIP: &str = "193.38.81.226";
pub(crate) const TRUSTED: &str = "193.28.87.217";
pub(crate) const STRICT: &str = "193.28.87.218";
pub(crate) const OCS_ADDRESS: &str = "10.0.0.1";
pub(crate) const SECRET: &str = "s3cr3t";

pub(crate) const CARD: &str = "10086610975";
pub(crate) const CONF_ID: &str = "39AE126B CD4D11DB 958E0014 1C3F6886";
pub(crate) const ACCESS_NUMBER: &str = "6045551600";

pub(crate) fn cad() -> Currency {
    "CAD".parse().unwrap()
}

pub(crate) fn usd() -> Currency {
    "USD".parse().unwrap()
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// 2007-03-09 00:15:50 PST, shortly before the example's call.
pub(crate) fn start() -> Instant {
    Instant::parse_rfc3339("2007-03-09T00:15:50-08:00").unwrap()
}

/// A calling card with 10.00 CAD at 0.02 a minute by the second, and residential subscribers in USD.
pub(crate) fn catalogue() -> Catalogue {
    build().unwrap()
}

fn build() -> Result<Catalogue, Box<dyn std::error::Error>> {
    let mut world = CatalogueBuilder::new(Settings::new(cad()))?;
    world.node(NodeSpec { name: IVR.to_owned(), address: IVR.to_owned(), dialing: None })?;
    let voice =
        |name: &str, currency| TariffSpec { name: name.to_owned(), currency, service: Service::Voice };
    let product = |name: &str, currency| ProductSpec {
        name: name.to_owned(),
        currency,
        breakage: Amount::ZERO,
        language: None,
    };
    let entry = |code: &str, tariff: TariffId| RatingEntrySpec {
        access_code: Some(code.to_owned()),
        service: Service::Voice,
        leg: None,
        tariff,
    };

    let card_tariff = world.tariff(voice("PrepaidCard", cad()))?;
    world.rate(card_tariff, RateSpec::simple("8262", "0.02".parse::<Price>().unwrap()))?;
    let card = world.product(product("Calling Card", cad()))?;
    world.rating_entry(card, entry(ACCESS_NUMBER, card_tariff))?;
    let cards = world.customer(CustomerSpec {
        dialing: Some(DialingRules::north_american("604")),
        ..CustomerSpec::new("Cards", cad())
    })?;
    let id = world.account(AccountSpec::debit(CARD, cad(), amount("10"), card, cards))?;
    // Messages, which no test here sends, so that there are a plan and a commitment to be changed.
    let step = StepSpec { up_to: Some(10), price: StepPrice::Off(100), policy: None };
    let discount = DiscountSpec {
        service: Service::Msg,
        destinations: Vec::new(),
        period: Period::Never,
        offset: 0,
        level: None,
        measure: tollgate_ocs_core::plans::Measure::Units,
        rollover_max: 0,
        steps: vec![step],
    };
    let plan = PlanSpec { name: "Messages".to_owned(), discounts: vec![discount] };
    let plan = world.plans().add(plan).unwrap();
    world.plans().give_account(id, plan);
    let commitment = CommitmentSpec { name: "Turbo".to_owned(), periods: 24, ..CommitmentSpec::default() };
    world.plans().commitments.add(commitment).unwrap();
    world.account(AccountSpec::debit("10000000000", cad(), Amount::ZERO, card, cards))?;
    world.account(AccountSpec {
        expires_at: Some(start()),
        ..AccountSpec::debit("10000000005", cad(), amount("10"), card, cards)
    })?;
    world.account(AccountSpec {
        blocked: true,
        ..AccountSpec::debit("10000000007", cad(), amount("10"), card, cards)
    })?;

    let residential_tariff = world.tariff(voice("EasyCall Residential", usd()))?;
    let minute = Interval { units: 60, price: "0.10".parse::<Price>().unwrap() };
    world.rate(
        residential_tariff,
        RateSpec { first: minute, next: minute, ..RateSpec::simple("1", Price::ZERO) },
    )?;
    world.rate(residential_tariff, RateSpec::forbidden("912"))?;
    let residential = world.product(product("EasyCall Residential", usd()))?;
    world.rating_entry(residential, entry("OUTGOING", residential_tariff))?;
    let homes = world.customer(CustomerSpec::new("Homes", usd()))?;
    world.account(AccountSpec {
        password: Some("geheim".to_owned()),
        ..AccountSpec::credit("380441234567", usd(), Some(amount("5")), residential, homes)
    })?;
    world.account(AccountSpec::credit("12125550100", usd(), None, residential, homes))?;
    Ok(world.finish()?)
}

pub(crate) fn config() -> GatewayConfig {
    let client = |name: &str| Client::new(name, address(name), SECRET);
    let clients = [
        client(IVR),
        client(SIP),
        Client { trusted: true, ..client(TRUSTED) },
        Client { require_message_authenticator: true, ..client(STRICT) },
    ];
    GatewayConfig::new(Clients::new(clients).unwrap())
}

/// A gateway with its clock.
pub(crate) struct Stage {
    pub(crate) gateway: RadiusGateway,
    pub(crate) now: Instant,
    identifier: u8,
}

/// What came out of the gateway at one input.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) frames: Vec<Frame>,
    pub(crate) observations: Vec<Observation>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: GatewayConfig) -> Self {
        Self { gateway: RadiusGateway::new(config, catalogue()), now: start(), identifier: 0 }
    }

    pub(crate) fn wait(&mut self, span: Duration) {
        self.now += span;
    }

    pub(crate) fn dump(&self) -> String {
        self.gateway.ocs().dump()
    }

    /// An identifier that was not used for 255 requests.
    pub(crate) fn next_identifier(&mut self) -> u8 {
        self.identifier = self.identifier.wrapping_add(1);
        self.identifier
    }

    pub(crate) fn deliver(&mut self, from: &str, port: u16, payload: &[u8]) -> Seen {
        self.deliver_from(from, 1645, port, payload)
    }

    pub(crate) fn deliver_from(&mut self, from: &str, from_port: u16, port: u16, payload: &[u8]) -> Seen {
        let frame = Frame {
            from: SocketAddr::new(address(from), from_port),
            to: SocketAddr::new(address(OCS_ADDRESS), port),
            payload: Bytes::copy_from_slice(payload),
        };
        self.gateway.handle_input(self.now, Input::Receive(&frame));
        self.drain()
    }

    pub(crate) fn timeout(&mut self) -> Seen {
        self.gateway.handle_input(self.now, Input::Timeout);
        self.drain()
    }

    pub(crate) fn restart(&mut self) -> Seen {
        self.gateway.restart(self.now);
        self.drain()
    }

    pub(crate) fn perform(&mut self, action: &Action) -> Result<Seen, ActionError> {
        self.gateway.perform(self.now, action)?;
        Ok(self.drain())
    }

    fn drain(&mut self) -> Seen {
        let mut seen = Seen::default();
        loop {
            match self.gateway.poll_output() {
                Output::Transmit(frame) => seen.frames.push(frame),
                Output::Observe(observation) | Output::Heard(observation) => {
                    must_be_published(&observation);
                    seen.observations.push(observation);
                }
                Output::Stream(..) | Output::Claim(_) => {
                    panic!("RADIUS has no connections, and no address moves")
                }
                Output::Wait(_) => return seen,
            }
        }
    }

    /// Sends an Access-Request and returns what came out, its answer verified.
    pub(crate) fn access(&mut self, from: &str, fill: impl FnOnce(&mut Builder)) -> Seen {
        let identifier = self.next_identifier();
        let octets = access_request(identifier, fill);
        let seen = self.deliver(from, 1812, &octets);
        seen.must_answer(&octets);
        seen
    }

    /// Sends an Accounting-Request and returns what came out, its answer verified.
    pub(crate) fn account(&mut self, from: &str, status: u32, fill: impl FnOnce(&mut Builder)) -> Seen {
        let identifier = self.next_identifier();
        let octets = accounting_request(identifier, status, fill);
        let seen = self.deliver(from, 1813, &octets);
        seen.must_answer(&octets);
        seen
    }

    pub(crate) fn balance(&self, account: &str) -> String {
        self.gateway.ocs().account(account).unwrap().balance().to_string()
    }

    pub(crate) fn reserved(&self, account: &str) -> String {
        self.gateway.ocs().account(account).unwrap().reserved().to_string()
    }
}

/// Every observation must be one that the kind's table names, with fields that it names. A message shows
/// pairs that no dictionary knows under their own names.
fn must_be_published(observation: &Observation) {
    let sight =
        OCS.sight(&observation.kind).unwrap_or_else(|| panic!("unpublished sight {}", observation.kind));
    let names = matches!(sight.fields, FieldNames::Fixed(_)).then(|| observation.fields().iter());
    for (name, _) in names.into_iter().flatten() {
        assert!(sight.fields.contains(name), "{} has no published field '{name}'", observation.kind);
    }
}

impl Seen {
    /// The only answer is right: identifier, authenticators, Message-Authenticator where there is one.
    fn must_answer(&self, request: &[u8]) {
        let [frame] = self.frames.as_slice() else { panic!("one answer expected: {self:?}") };
        let (request, answer) = (Packet::parse(request).unwrap(), Packet::parse(&frame.payload).unwrap());
        let secret = Secret::new(SECRET);
        assert_eq!(answer.identifier(), request.identifier());
        assert!(verify::response(&answer, request.authenticator(), &secret));
        let presence = verify::message_authenticator(&answer, &secret, Some(request.authenticator()));
        assert_ne!(presence, Presence::Invalid);
        if request.code() == Code::ACCESS_REQUEST {
            assert_eq!(presence, Presence::Valid);
            let first = answer.attributes().next().unwrap();
            assert_eq!(first.number, attribute::MESSAGE_AUTHENTICATOR);
        }
    }

    /// The code of the only answer.
    pub(crate) fn code(&self) -> Code {
        Packet::parse(&self.frames[0].payload).unwrap().code()
    }

    /// The fields of the only answer.
    pub(crate) fn answer(&self) -> Fields {
        Packet::parse(&self.frames[0].payload).unwrap().fields()
    }

    /// What a field of the only answer shows, by its dotted path.
    pub(crate) fn field(&self, path: &str) -> Option<String> {
        self.answer().find(&Path::parse(path).unwrap()).first().map(|value| value.to_string())
    }

    /// The lines of the only answer without its Message-Authenticator.
    pub(crate) fn lines(&self) -> Vec<String> {
        let fields = self.answer();
        let lines = fields.iter().filter(|(name, _)| *name != "Message-Authenticator");
        lines.map(|(name, value)| format!("{name} = {value}")).collect()
    }

    /// The observations of one kind.
    pub(crate) fn observed(&self, kind: &str) -> Vec<&Fields> {
        self.observations.iter().filter(|own| own.kind == kind).map(|own| own.fields()).collect()
    }

    /// What one field of the only observation of a kind shows.
    pub(crate) fn shown(&self, kind: &str, field: &str) -> Option<String> {
        match self.observed(kind).as_slice() {
            [only] => only.get(field).map(ToString::to_string),
            other => panic!("one {kind} expected: {other:?}"),
        }
    }
}

pub(crate) fn access_request(identifier: u8, fill: impl FnOnce(&mut Builder)) -> Vec<u8> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, identifier);
    builder.authenticator(&[identifier; 16]);
    fill(&mut builder);
    builder.finish_access_request(&Secret::new(SECRET)).unwrap()
}

pub(crate) fn accounting_request(identifier: u8, status: u32, fill: impl FnOnce(&mut Builder)) -> Vec<u8> {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, identifier);
    builder.u32(attribute::ACCT_STATUS_TYPE, status).unwrap();
    fill(&mut builder);
    builder.finish_accounting_request(&Secret::new(SECRET)).unwrap()
}

pub(crate) const ACCT_START: u32 = 1;
pub(crate) const ACCT_STOP: u32 = 2;

/// ESI, prepaid card session, authentication request.
pub(crate) fn login(builder: &mut Builder) {
    card_of(builder, CARD);
    builder.ivr_out("PortaBilling_AccessCode", ACCESS_NUMBER).unwrap();
    builder.ivr_out("transactionID", "526267").unwrap();
    builder.u32(attribute::NAS_PORT, 0).unwrap();
    builder.text(attribute::NAS_PORT_ID, "ISDN 3/0:D:13").unwrap();
}

/// What both requests for a card have in common.
pub(crate) fn card_of(builder: &mut Builder, account: &str) {
    nas(builder, IVR);
    builder.text(attribute::USER_NAME, account).unwrap();
    builder.text(attribute::CALLING_STATION_ID, "6045550193").unwrap();
    builder.u32(attribute::SERVICE_TYPE, 1).unwrap();
    builder.cisco(cisco::H323_CONF_ID, CONF_ID).unwrap();
    builder.user_password(&Secret::new(SECRET), b"").unwrap();
}

/// ESI, prepaid card session, authorization request.
pub(crate) fn call(builder: &mut Builder) {
    card_of(builder, CARD);
    builder.text(attribute::CALLED_STATION_ID, "01182623634515").unwrap();
    builder.ivr_out("PortaBilling_Seed", "18879071672").unwrap();
    builder.ivr_out("PortaBilling_Original_CLD", ACCESS_NUMBER).unwrap();
    builder.ivr_out("transactionID", "526273").unwrap();
}

/// What every record of the outgoing leg has.
pub(crate) fn outgoing_leg(builder: &mut Builder) {
    nas(builder, IVR);
    builder.text(attribute::USER_NAME, CARD).unwrap();
    builder.text(attribute::CALLED_STATION_ID, "82623634515").unwrap();
    builder.text(attribute::CALLING_STATION_ID, "6045550193").unwrap();
    builder.u32(attribute::SERVICE_TYPE, 1).unwrap();
    builder.cisco(cisco::H323_CALL_ORIGIN, "originate").unwrap();
    builder.cisco(cisco::H323_CALL_TYPE, "VoIP").unwrap();
    builder.cisco(cisco::H323_CONF_ID, CONF_ID).unwrap();
    builder.cisco(cisco::H323_INCOMING_CONF_ID, CONF_ID).unwrap();
    builder.cisco(cisco::H323_SETUP_TIME, "00:16:18.192 PST Fri Mar 9 2007").unwrap();
}

/// ESI, prepaid card session, accounting request of the outgoing leg.
pub(crate) fn outgoing_stop(builder: &mut Builder) {
    outgoing_leg(builder);
    builder.cisco(cisco::H323_CONNECT_TIME, "00:16:21.164 PST Fri Mar 9 2007").unwrap();
    builder.cisco(cisco::H323_DISCONNECT_TIME, "00:17:31.893 PST Fri Mar 9 2007").unwrap();
    builder.cisco(cisco::H323_DISCONNECT_CAUSE, "10").unwrap();
    builder.pair("call-id", "4A65E46C-CD4D11DB-886EDEBF-7AF0CBAB@164.9.9.100").unwrap();
    builder.ivr_out("PortaBilling_Original_CLD", ACCESS_NUMBER).unwrap();
    builder.ivr_out("PortaBilling_Seed", "18879071672").unwrap();
    builder.cisco(cisco::H323_REMOTE_ADDRESS, "164.9.9.101").unwrap();
}

/// ESI, prepaid card session, accounting request of the incoming leg.
pub(crate) fn incoming_stop(builder: &mut Builder) {
    nas(builder, IVR);
    builder.u32(attribute::NAS_PORT_TYPE, 0).unwrap();
    builder.text(attribute::USER_NAME, CARD).unwrap();
    builder.text(attribute::CALLED_STATION_ID, ACCESS_NUMBER).unwrap();
    builder.text(attribute::CALLING_STATION_ID, "6045550193").unwrap();
    builder.u32(attribute::SERVICE_TYPE, 1).unwrap();
    builder.cisco(cisco::H323_DISCONNECT_TIME, "00:17:31.889 PST Fri Mar 9 2007").unwrap();
    builder.cisco(cisco::H323_DISCONNECT_CAUSE, "10").unwrap();
    builder.cisco(cisco::H323_CONF_ID, CONF_ID).unwrap();
    builder.cisco(cisco::H323_INCOMING_CONF_ID, CONF_ID).unwrap();
    builder.ivr_out("PortaBilling_Session", "unlock").unwrap();
    builder.ivr_out("Tariff", "Unknown").unwrap();
    builder.u32(attribute::NAS_PORT, 0).unwrap();
    builder.text(attribute::NAS_PORT_ID, "ISDN 3/0:D:13").unwrap();
}

pub(crate) fn nas(builder: &mut Builder, node: &str) {
    builder.ipv4(attribute::NAS_IP_ADDRESS, node.parse().unwrap()).unwrap();
}
