//! The small world that these tests share, and short ways to speak to it.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod random;

use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};
use tollgate_ocs_core::{
    Accepted, AccessRequest, AccountSpec, Admin, Amount, Answer, Catalogue, CatalogueBuilder, Command,
    Currency, CustomerSpec, Denial, DialingRules, Effect, Event, Grant, Interval, Leg, Lock, NodeSpec, Ocs,
    ProductSpec, RateSpec, RatingEntrySpec, Service, Settings, Stage, TariffSpec, UsageReport, Xdr,
};
use tollgate_time::Instant;

/// The card of the documents' example: 10.00 CAD.
pub(crate) const CARD: &str = "10086610975";
/// The number that card holders call.
pub(crate) const ACCESS: &str = "6045551600";
/// Its number as dialled and as charged, at 0.02 a minute by the second.
pub(crate) const DIALLED: &str = "01182623634515";
pub(crate) const CALLED: &str = "82623634515";

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn cad() -> Currency {
    "CAD".parse().unwrap()
}

/// Seconds after the beginning of all tests.
pub(crate) fn at(secs: u64) -> Instant {
    Instant::from_unix_secs(1_173_428_000 + secs)
}

pub(crate) fn settings() -> Settings {
    Settings { dialing: DialingRules::north_american("604"), ..Settings::new(cad()) }
}

fn rate(pattern: &str, first: (u64, &str), next: (u64, &str)) -> RateSpec {
    let interval = |(units, price): (u64, &str)| Interval { units, price: price.parse().unwrap() };
    RateSpec {
        first: interval(first),
        next: interval(next),
        ..RateSpec::simple(pattern, "0".parse().unwrap())
    }
}

/// Cards, paying customers with and without limits, and a tariff with every kind of rate.
pub(crate) fn catalogue(settings: Settings) -> Catalogue {
    builder(settings).finish().unwrap()
}

/// The tariffs and products, without anybody who has them.
pub(crate) fn dictionary(settings: Settings) -> CatalogueBuilder {
    let mut build = CatalogueBuilder::new(settings).unwrap();
    build
        .node(NodeSpec { name: "nas".to_owned(), address: "164.9.9.100".to_owned(), dialing: None })
        .unwrap();
    let voice = |name: &str| TariffSpec { name: name.to_owned(), currency: cad(), service: Service::Voice };
    let outgoing = build.tariff(voice("PrepaidCard")).unwrap();
    build.rate(outgoing, RateSpec::simple("8262", "0.02".parse().unwrap())).unwrap();
    build.rate(outgoing, rate("1604", (60, "0.10"), (60, "0.10"))).unwrap();
    build.rate(outgoing, rate("44", (30, "0.60"), (6, "0.30"))).unwrap();
    let free =
        RateSpec { free_units: 10, connect_fee: amount("0.05"), ..rate("49", (30, "0.60"), (6, "0.30")) };
    build.rate(outgoing, free).unwrap();
    build.rate(outgoing, RateSpec::simple("1800", "0".parse().unwrap())).unwrap();
    build.rate(outgoing, RateSpec::forbidden("1900")).unwrap();
    let incoming = build.tariff(voice("Incoming")).unwrap();
    build.rate(incoming, rate("1604", (60, "0.06"), (60, "0.06"))).unwrap();

    let product = |name: &str| ProductSpec {
        name: name.to_owned(),
        currency: cad(),
        breakage: Amount::ZERO,
        language: None,
    };
    let entry = |access_code: Option<&str>, leg, tariff| RatingEntrySpec {
        access_code: access_code.map(str::to_owned),
        service: Service::Voice,
        leg,
        tariff,
    };
    let cards = build.product(product("Prepaid Card")).unwrap();
    build.rating_entry(cards, entry(Some(ACCESS), None, outgoing)).unwrap();
    let both_legs = build.product(product("Both Legs")).unwrap();
    build.rating_entry(both_legs, entry(None, None, outgoing)).unwrap();
    build.rating_entry(both_legs, entry(Some(ACCESS), Some(Leg::Answer), incoming)).unwrap();
    let lines = build.product(product("Lines")).unwrap();
    build.rating_entry(lines, entry(None, None, outgoing)).unwrap();
    build
}

/// The same with customers and accounts, to be added to.
pub(crate) fn builder(settings: Settings) -> CatalogueBuilder {
    let mut build = dictionary(settings);
    let [cards, both_legs, lines] =
        ["Prepaid Card", "Both Legs", "Lines"].map(|name| build.product_named(name).unwrap());
    let owner = build.customer(CustomerSpec::new("Card Owners", cad())).unwrap();
    let limited = build
        .customer(CustomerSpec { credit_limit: Some(amount("3.00")), ..CustomerSpec::new("Shop", cad()) });
    let limited = limited.unwrap();
    let open = build.customer(CustomerSpec::new("Office", cad())).unwrap();
    let debit =
        |id: &str, balance: &str, product| AccountSpec::debit(id, cad(), amount(balance), product, owner);
    build.account(debit(CARD, "10.00", cards)).unwrap();
    build
        .account(AccountSpec { password: Some("4711".to_owned()), ..debit("with-password", "5.00", cards) })
        .unwrap();
    build.account(debit("two-dollars", "2.00", lines)).unwrap();
    build.account(debit("empty", "0", cards)).unwrap();
    build.account(debit("both-legs", "1.00", both_legs)).unwrap();
    let credit = |id: &str, limit: Option<&str>, customer| {
        AccountSpec::credit(id, cad(), limit.map(amount), lines, customer)
    };
    build.account(credit("shop-1", Some("2.00"), limited)).unwrap();
    build.account(credit("shop-2", None, limited)).unwrap();
    build.account(credit("office", None, open)).unwrap();
    build
}

/// A system and what it did last.
pub(crate) struct World {
    pub(crate) ocs: Ocs,
    pub(crate) effects: Vec<Effect>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self { ocs: Ocs::new(catalogue(settings)), effects: Vec::new() }
    }

    /// Applies a command and gives its answer, which is its last effect and its only answer.
    pub(crate) fn apply(&mut self, secs: u64, command: Command) -> Answer {
        self.effects = self.ocs.apply(at(secs), command);
        let answers = self.effects.iter().filter(|effect| matches!(effect, Effect::Answer(_))).count();
        assert_eq!(answers, 1);
        match self.effects.last() {
            Some(Effect::Answer(answer)) => answer.clone(),
            other => panic!("the last effect is {other:?}"),
        }
    }

    pub(crate) fn expire(&mut self, secs: u64) {
        self.effects = self.ocs.expire(at(secs));
    }

    pub(crate) fn login(&mut self, secs: u64, request: AccessRequest) -> Result<Accepted, Denial> {
        decided(self.apply(secs, Command::Authenticate(request)))
    }

    pub(crate) fn authorize(&mut self, secs: u64, request: AccessRequest) -> Result<Accepted, Denial> {
        decided(self.apply(secs, Command::Authorize(request)))
    }

    /// What a request for a call to `cld` is granted.
    pub(crate) fn grant(
        &mut self,
        secs: u64,
        account: &str,
        session: &str,
        cld: &str,
    ) -> Result<Grant, Denial> {
        let request = AccessRequest { cld: Some(cld.to_owned()), ..request(account, session) };
        self.authorize(secs, request).map(|accepted| accepted.grant.unwrap())
    }

    pub(crate) fn report(&mut self, secs: u64, report: UsageReport) {
        assert_eq!(self.apply(secs, Command::Account(report)), Answer::Recorded);
    }

    pub(crate) fn admin(&mut self, secs: u64, change: Admin) -> Answer {
        self.apply(secs, Command::Admin(change))
    }

    pub(crate) fn balance(&self, account: &str) -> Amount {
        self.ocs.account(account).unwrap().balance()
    }

    pub(crate) fn reserved(&self, account: &str) -> Amount {
        self.ocs.account(account).unwrap().reserved()
    }

    /// The records that the last command made.
    pub(crate) fn made(&self) -> Vec<Arc<Xdr>> {
        let xdrs = self.effects.iter().filter_map(|effect| match effect {
            Effect::Xdr(xdr) => Some(Arc::clone(xdr)),
            _ => None,
        });
        xdrs.collect()
    }

    /// The names of the events of the last command.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        let events = self.effects.iter().filter_map(|effect| match effect {
            Effect::Event(event) => Some(Event::name(event)),
            _ => None,
        });
        events.collect()
    }

    pub(crate) fn the_xdr(&self) -> Arc<Xdr> {
        match self.made().as_slice() {
            [xdr] => Arc::clone(xdr),
            other => panic!("{} records were made", other.len()),
        }
    }
}

pub(crate) fn decided(answer: Answer) -> Result<Accepted, Denial> {
    match answer {
        Answer::Accepted(accepted) => Ok(*accepted),
        Answer::Denied(denied) => Err(denied.denial),
        other => panic!("no decision: {other:?}"),
    }
}

pub(crate) fn request(account: &str, session: &str) -> AccessRequest {
    AccessRequest {
        node: Some("nas".to_owned()),
        session: session.into(),
        account: account.to_owned(),
        cli: Some("6045550193".to_owned()),
        access_code: Some(ACCESS.to_owned()),
        ..AccessRequest::default()
    }
}

pub(crate) fn locked(account: &str, session: &str, lock: Lock) -> AccessRequest {
    AccessRequest { lock, ..request(account, session) }
}

/// A report of the outgoing leg to the number that was dialled.
pub(crate) fn report(account: &str, session: &str, stage: Stage) -> UsageReport {
    UsageReport {
        node: Some("nas".to_owned()),
        session: session.into(),
        account: account.to_owned(),
        stage,
        call_id: Some(format!("{session}-out")),
        ..UsageReport::default()
    }
}

/// The Stop of a call that was connected at `from` and lasted `secs`.
pub(crate) fn stop(account: &str, session: &str, from: u64, secs: u64) -> UsageReport {
    UsageReport {
        connected_at: Some(at(from)),
        disconnected_at: Some(at(from + secs)),
        duration: Some(secs),
        disconnect_cause: Some(16),
        ..report(account, session, Stage::Stop)
    }
}

pub(crate) fn start(account: &str, session: &str, from: u64) -> UsageReport {
    UsageReport { connected_at: Some(at(from)), ..report(account, session, Stage::Start) }
}

pub(crate) fn interim(account: &str, session: &str, from: u64, secs: u64) -> UsageReport {
    UsageReport {
        duration: Some(secs),
        ..UsageReport { stage: Stage::Interim, ..start(account, session, from) }
    }
}

/// The Stop of the incoming leg, which says nothing of a connection.
pub(crate) fn caller_left(account: &str, session: &str, secs: u64) -> UsageReport {
    UsageReport {
        leg: Leg::Answer,
        cld: Some(ACCESS.to_owned()),
        disconnected_at: Some(at(secs)),
        disconnect_cause: Some(16),
        call_id: None,
        ..report(account, session, Stage::Stop)
    }
}

/// Plays lists of commands at random, a million commands in all; one that fails is shrunk.
pub(crate) fn a_million<A: std::fmt::Debug>(
    lists: &impl Strategy<Value = Vec<(u64, A)>>,
    play: impl Fn(&[(u64, A)]),
) {
    // A list has forty commands in the mean.
    let cases = 26_000;
    let commands = std::cell::Cell::new(0);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(lists, |list| {
        commands.set(commands.get() + list.len());
        play(&list);
        Ok(())
    });
    assert!(played.is_ok(), "{}", played.unwrap_err());
    assert!(commands.get() >= 1_000_000, "{} commands", commands.get());
}
