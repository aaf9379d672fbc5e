//! Credit control: quotas of several services in one session, repeated and late requests, changes of tariff, events.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod common;

use std::time::Duration;

use common::{World, amount, cad, settings};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use tollgate_ocs_core::PeakLevel;
use tollgate_ocs_core::{
    AccountSpec, Admin, Amount, Answer, CatalogueBuilder, Command, CreditAnswer, CreditAsk, CreditRequest,
    CreditStage, CustomerSpec, Denial, EventAction, EventAnswer, EventRequest, Granted, Interval, Ocs,
    PeaksSpec, Period, Prices, ProductSpec, RateSpec, RateTerms, RatingEntrySpec, Service, ServiceOutcome,
    ServiceRequest, TariffSpec, Used, Wanted,
};
use tollgate_time::Zone;

const MIB: u64 = 1 << 20;
const USER: &str = "380630000001";
const IMSI: &str = "255070000000001";
/// Validity of all grants here, and how late the client may be.
const VALIDITY: u64 = 7_200;
const GRACE: u64 = 60;

fn prices(units: u64, price: &str) -> Prices {
    let interval = Interval { units, price: price.parse().unwrap() };
    Prices { first: interval, next: interval }
}

/// Data of rating group 100 at 0.10 per MiB begun, of 200 at 0.01, of 300 for nothing; of 400 at 0.10 and off-peak, in the
/// second half of each hour, at 0.30; calls at 0.06 a minute by the second; messages at 0.05.
fn world(balance: &str) -> World {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let product =
        ProductSpec { name: "Mobile".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let off_peak = RateTerms { off_peak: Some(prices(MIB, "0.30")), ..RateTerms::default() };
    let none = RateTerms::default();
    let tariffs = [
        (Some("100"), Service::Data, "DATA", prices(MIB, "0.10"), none.clone()),
        (Some("200"), Service::Data, "DATA", prices(MIB, "0.01"), none.clone()),
        (Some("300"), Service::Data, "DATA", prices(MIB, "0"), none.clone()),
        (Some("400"), Service::Data, "DATA", prices(MIB, "0.10"), off_peak),
        (None, Service::Voice, "380", prices(1, "0.06"), none.clone()),
        (None, Service::Msg, "380", prices(1, "0.05"), none),
    ];
    for (code, service, pattern, of, terms) in tariffs {
        let name = format!("{service} {code:?}");
        let peaks = terms.off_peak.is_some();
        let tariff = build.tariff(TariffSpec { name, currency: cad(), service }).unwrap();
        if peaks {
            let periods = (0..7 * 24).map(|hour| Period {
                begins: hour * 3_600 + 1_800,
                secs: 1_800,
                level: PeakLevel::OffPeak,
            });
            let spec = PeaksSpec {
                zone: Zone::utc(),
                periods: periods.collect(),
                holidays: Vec::new(),
                holiday_level: PeakLevel::Peak,
            };
            build.peaks(tariff, spec).unwrap();
        }
        let rate =
            RateSpec { first: of.first, next: of.next, terms, ..RateSpec::simple(pattern, of.first.price) };
        build.rate(tariff, rate).unwrap();
        let access_code = code.map(str::to_owned);
        build.rating_entry(product, RatingEntrySpec { access_code, service, leg: None, tariff }).unwrap();
    }
    let customer = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    build.account(AccountSpec::debit(USER, cad(), amount(balance), product, customer)).unwrap();
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

fn wanted(max: u64) -> Option<Wanted> {
    Some(Wanted {
        min: None,
        max,
        validity: Duration::from_secs(VALIDITY),
        grace: Duration::from_secs(GRACE),
    })
}

fn group(number: u32) -> ServiceRequest {
    ServiceRequest {
        key: number.to_string(),
        service: Service::Data,
        access_code: Some(number.to_string()),
        ..ServiceRequest::default()
    }
}

fn used(units: u64) -> Option<Used> {
    Some(Used { before: units, after: 0 })
}

fn request(session: &str, number: u32, ask: CreditAsk) -> CreditRequest {
    CreditRequest {
        node: None,
        session: session.into(),
        number,
        accounts: vec![IMSI.to_owned(), USER.to_owned()],
        at: None,
        ask,
    }
}

fn ask(stage: CreditStage, services: Vec<ServiceRequest>) -> CreditAsk {
    CreditAsk::Session { stage, services, begins_unknown: false }
}

fn credit(world: &mut World, secs: u64, request: CreditRequest) -> CreditAnswer {
    match world.apply(secs, Command::Credit(Box::new(request))) {
        Answer::Credit(answer) => *answer,
        other => panic!("no answer of credit control: {other:?}"),
    }
}

fn outcomes(answer: CreditAnswer) -> Vec<ServiceOutcome> {
    match answer {
        CreditAnswer::Session(answer) => answer.services.into_iter().map(|own| own.outcome).collect(),
        other => panic!("no session: {other:?}"),
    }
}

fn granted(answer: CreditAnswer) -> Granted {
    match outcomes(answer).as_slice() {
        [ServiceOutcome::Granted(granted)] => granted.clone(),
        other => panic!("not one grant: {other:?}"),
    }
}

fn step(
    world: &mut World,
    secs: u64,
    number: u32,
    stage: CreditStage,
    services: Vec<ServiceRequest>,
) -> CreditAnswer {
    credit(world, secs, request("s", number, ask(stage, services)))
}

#[test]
fn what_was_used_is_charged_before_more_is_reserved_and_the_rest_returned_at_the_end() {
    let mut world = world("1.00");
    let first = ServiceRequest { wanted: wanted(4 * MIB), ..group(100) };
    let grant = granted(step(&mut world, 0, 0, CreditStage::Initial, vec![first]));
    // 4 MiB at 0.10 reserve 0.40; 1.00 pays for more than that.
    assert_eq!((grant.units, grant.last, grant.free), (4 * MIB, false, false));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("1.00"), amount("0.40")));

    // 3 MiB used: 0.30 charged. 0.70 is left for 8 more MiB: 7 of them, and they are the last.
    let more = ServiceRequest { used: used(3 * MIB), wanted: wanted(8 * MIB), ..group(100) };
    let grant = granted(step(&mut world, 60, 1, CreditStage::Update, vec![more]));
    assert_eq!((grant.units, grant.last), (7 * MIB, true));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.70"), amount("0.70")));

    // 1.5 MiB more make 4.5, of which 5 are charged: 0.50 in all.
    let end = ServiceRequest { used: used(MIB + MIB / 2), ..group(100) };
    step(&mut world, 120, 2, CreditStage::Terminate, vec![end]);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.50"), amount("0")));
    let xdr = world.the_xdr();
    assert_eq!((xdr.used_quantity, xdr.charged_amount), (4 * MIB + MIB / 2, amount("0.50")));
    assert_eq!((xdr.session_id.as_str(), xdr.parent_session_id.as_ref().unwrap().as_str()), ("s;100", "s"));
}

#[test]
fn each_rating_group_is_granted_and_recorded_for_itself() {
    let mut world = world("0.10");
    let both = [100, 200].map(|own| ServiceRequest { wanted: wanted(MIB), ..group(own) });
    let answer = outcomes(step(&mut world, 0, 0, CreditStage::Initial, both.to_vec()));
    // The first takes all 0.10; nothing is left for the second.
    assert!(matches!(&answer[0], ServiceOutcome::Granted(granted) if granted.units == MIB && granted.last));
    assert_eq!(answer[1], ServiceOutcome::Denied(Denial::FundsLocked));

    // Half a MiB and no more is wanted: a whole MiB is charged, and the first group ends.
    let ended = ServiceRequest { used: used(MIB / 2), last: true, ..group(100) };
    let other = ServiceRequest { wanted: wanted(MIB), ..group(200) };
    let answer = outcomes(step(&mut world, 5, 1, CreditStage::Update, vec![ended, other]));
    assert_eq!(answer[0], ServiceOutcome::Settled);
    assert_eq!(answer[1], ServiceOutcome::Denied(Denial::ZeroBalance));
    assert_eq!(world.the_xdr().charged_amount, amount("0.10"));

    // The free group goes on without money? It is granted nothing either: an account without funds has no service.
    let free = ServiceRequest { wanted: wanted(MIB), ..group(300) };
    let answer = outcomes(step(&mut world, 6, 2, CreditStage::Update, vec![free]));
    assert_eq!(answer, [ServiceOutcome::Denied(Denial::ZeroBalance)]);
}

#[test]
fn a_report_that_wants_no_more_returns_what_is_left_and_leaves_the_service_open() {
    let mut world = world("1.00");
    let first = ServiceRequest { wanted: wanted(5 * MIB), ..group(100) };
    step(&mut world, 0, 0, CreditStage::Initial, vec![first]);
    let idle = ServiceRequest { used: used(2 * MIB), ..group(100) };
    let answer = step(&mut world, 10, 1, CreditStage::Update, vec![idle]);
    assert_eq!(outcomes(answer), [ServiceOutcome::Settled]);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.80"), amount("0")));
    assert!(world.made().is_empty());
    let again = ServiceRequest { wanted: wanted(MIB), ..group(100) };
    assert_eq!(granted(step(&mut world, 20, 2, CreditStage::Update, vec![again])).units, MIB);
    let end = ServiceRequest { used: used(MIB), ..group(100) };
    step(&mut world, 30, 3, CreditStage::Terminate, vec![end]);
    // One record of 3 MiB.
    assert_eq!(world.the_xdr().charged_amount, amount("0.30"));
}

#[test]
fn what_costs_nothing_is_told_to_be_free() {
    let mut world = world("1.00");
    let free = ServiceRequest { wanted: wanted(MIB), ..group(300) };
    let grant = granted(step(&mut world, 0, 0, CreditStage::Initial, vec![free]));
    assert_eq!((grant.units, grant.free, grant.last), (MIB, true, false));
    assert_eq!(world.reserved(USER), amount("0"));
}

#[test]
fn a_request_that_comes_again_gets_its_first_answer_and_changes_nothing() {
    let mut world = world("1.00");
    let first = ServiceRequest { wanted: wanted(2 * MIB), ..group(100) };
    step(&mut world, 0, 0, CreditStage::Initial, vec![first]);
    let more = ServiceRequest { used: used(2 * MIB), wanted: wanted(5 * MIB), ..group(100) };
    let answer = step(&mut world, 10, 1, CreditStage::Update, vec![more.clone()]);
    let again = step(&mut world, 11, 1, CreditStage::Update, vec![more.clone()]);
    let CreditAnswer::Session(again) = again else { panic!("{again:?}") };
    assert!(again.repeated);
    assert_eq!(again.services.into_iter().map(|own| own.outcome).collect::<Vec<_>>(), outcomes(answer));
    // 2 MiB were charged once: 0.20; 5 MiB are reserved.
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.80"), amount("0.50")));

    let end = ServiceRequest { used: used(MIB), ..group(100) };
    step(&mut world, 20, 2, CreditStage::Terminate, vec![end.clone()]);
    step(&mut world, 21, 2, CreditStage::Terminate, vec![end]);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.70"), amount("0")));
    // The update arrives a third time, after the end.
    step(&mut world, 22, 1, CreditStage::Update, vec![more]);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.70"), amount("0")));
}

#[test]
fn an_update_overtaken_by_the_end_is_charged_by_a_record_of_its_own() {
    let mut world = world("1.00");
    let first = ServiceRequest { wanted: wanted(4 * MIB), ..group(100) };
    step(&mut world, 0, 0, CreditStage::Initial, vec![first]);
    let end = ServiceRequest { used: used(MIB), ..group(100) };
    step(&mut world, 20, 2, CreditStage::Terminate, vec![end]);
    assert_eq!(world.the_xdr().charged_amount, amount("0.10"));
    let late = ServiceRequest { used: used(2 * MIB), wanted: wanted(MIB), ..group(100) };
    let answer = step(&mut world, 21, 1, CreditStage::Update, vec![late]);
    assert_eq!(answer, CreditAnswer::UnknownSession);
    let xdr = world.the_xdr();
    assert_eq!((xdr.session_id.as_str(), xdr.charged_amount), ("s;100;2", amount("0.20")));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.70"), amount("0")));
}

#[test]
fn a_session_that_is_not_known_is_refused_and_its_usage_charged() {
    let mut world = world("1.00");
    let more = ServiceRequest { used: used(MIB), wanted: wanted(MIB), ..group(100) };
    let answer = step(&mut world, 0, 7, CreditStage::Update, vec![more.clone()]);
    assert_eq!(answer, CreditAnswer::UnknownSession);
    assert_eq!(world.balance(USER), amount("0.90"));
    let begins =
        CreditAsk::Session { stage: CreditStage::Update, services: vec![more], begins_unknown: true };
    let grant = granted(credit(&mut world, 1, request("other", 7, begins)));
    assert_eq!(grant.units, MIB);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.80"), amount("0.10")));
}

#[test]
fn a_grant_whose_time_has_passed_is_returned_and_the_session_is_no_more() {
    let mut world = world("1.00");
    let first = ServiceRequest { wanted: wanted(4 * MIB), ..group(100) };
    step(&mut world, 0, 0, CreditStage::Initial, vec![first]);
    world.expire(VALIDITY + GRACE - 1);
    assert_eq!(world.reserved(USER), amount("0.40"));
    world.expire(VALIDITY + GRACE);
    assert_eq!(world.reserved(USER), amount("0"));
    let more = ServiceRequest { used: used(MIB), wanted: wanted(MIB), ..group(100) };
    let answer = step(&mut world, VALIDITY + GRACE + 1, 1, CreditStage::Update, vec![more]);
    assert_eq!(answer, CreditAnswer::UnknownSession);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.90"), amount("0")));
}

#[test]
fn the_account_is_judged_as_a_whole_and_a_refused_request_still_pays() {
    let mut world = world("1.00");
    let first = ServiceRequest { wanted: wanted(2 * MIB), ..group(100) };
    step(&mut world, 0, 0, CreditStage::Initial, vec![first]);
    world.admin(1, Admin::Block { account: USER.to_owned() });
    let more = ServiceRequest { used: used(MIB), wanted: wanted(MIB), ..group(100) };
    let answer = step(&mut world, 2, 1, CreditStage::Update, vec![more]);
    assert!(matches!(answer, CreditAnswer::Denied { denial: Denial::UserDenied, context: Some(_) }));
    assert_eq!(world.balance(USER), amount("0.90"));
    let nobody = CreditRequest {
        accounts: vec!["1".to_owned()],
        ..request("t", 0, ask(CreditStage::Initial, vec![group(100)]))
    };
    let answer = credit(&mut world, 3, nobody);
    assert_eq!(answer, CreditAnswer::Denied { denial: Denial::InvalidAccount, context: None });
}

#[test]
fn octets_on_either_side_of_a_change_of_tariff_cost_what_they_cost_there() {
    let mut world = world("3.00");
    // Ten minutes before the half hour.
    let begin = 3_600 - common::at(0).unix_secs() % 3_600 + 1_200;
    let first = ServiceRequest { wanted: wanted(20 * MIB), ..group(400) };
    let grant = granted(step(&mut world, begin, 0, CreditStage::Initial, vec![first]));
    // 3.00 pay for 30 MiB at 0.10, but for 10 at 0.30: so many may be used on either side, and 3.00 are reserved.
    assert_eq!((grant.units, grant.last), (10 * MIB, true));
    assert_eq!(grant.tariff_change, Some(common::at(begin + 600)));
    assert_eq!(world.reserved(USER), amount("3.00"));

    // 2 MiB before the change cost 0.20, 3 after it 0.90; 1.90 are left, for 6 MiB at 0.30.
    let more = ServiceRequest {
        used: Some(Used { before: 2 * MIB, after: 3 * MIB }),
        wanted: wanted(20 * MIB),
        ..group(400)
    };
    let grant = granted(step(&mut world, begin + 900, 1, CreditStage::Update, vec![more]));
    let ended = world.the_xdr();
    assert_eq!((ended.used_quantity, ended.charged_amount), (2 * MIB, amount("0.20")));
    assert_eq!(ended.disconnect_time, Some(common::at(begin + 600)));
    assert_eq!(world.balance(USER), amount("1.90"));
    assert_eq!((grant.units, world.reserved(USER)), (6 * MIB, amount("1.80")));

    let end = ServiceRequest { used: used(MIB), ..group(400) };
    step(&mut world, begin + 1_000, 2, CreditStage::Terminate, vec![end]);
    let xdr = world.the_xdr();
    // 3 + 1 MiB at 0.30.
    assert_eq!((xdr.used_quantity, xdr.charged_amount), (4 * MIB, amount("1.20")));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("1.60"), amount("0")));
}

fn call(units: Option<u64>, more: Option<u64>) -> ServiceRequest {
    ServiceRequest {
        key: "35".to_owned(),
        service: Service::Voice,
        cli: Some(USER.to_owned()),
        cld: Some("380938508705".to_owned()),
        used: units.and_then(used),
        wanted: more.and_then(wanted),
        ..ServiceRequest::default()
    }
}

#[test]
fn a_call_in_slices_costs_what_it_lasted() {
    let mut world = world("0.10");
    let grant = granted(step(&mut world, 0, 0, CreditStage::Initial, vec![call(None, Some(30))]));
    assert_eq!((grant.units, grant.last, grant.cld.as_deref()), (30, false, Some("380938508705")));
    // 30 s at 0.06 a minute: 0.03 reserved.
    assert_eq!(world.reserved(USER), amount("0.03"));
    let mut last = false;
    for (number, at) in (1..).zip([35, 65, 95]) {
        assert!(!last);
        last =
            granted(step(&mut world, at, number, CreditStage::Update, vec![call(Some(30), Some(30))])).last;
    }
    // 90 s cost 0.09; the last 0.01 pay for 10 s.
    assert!(last);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.01"), amount("0.01")));
    step(&mut world, 105, 4, CreditStage::Terminate, vec![call(Some(10), None)]);
    let xdr = world.the_xdr();
    assert_eq!((xdr.used_quantity, xdr.charged_amount), (100, amount("0.10")));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0"), amount("0")));
}

#[test]
fn a_call_that_nobody_answered_costs_nothing_and_is_a_failed_attempt() {
    let mut world = world("0.10");
    step(&mut world, 0, 0, CreditStage::Initial, vec![call(None, Some(30))]);
    step(&mut world, 20, 1, CreditStage::Terminate, vec![]);
    assert!(world.the_xdr().failed);
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.10"), amount("0")));
}

fn message(action: EventAction) -> EventRequest {
    EventRequest {
        action,
        service: Service::Msg,
        cli: Some(USER.to_owned()),
        cld: Some("380938508705".to_owned()),
        units: Some(1),
        ..EventRequest::default()
    }
}

fn event(world: &mut World, session: &str, event: EventRequest) -> CreditAnswer {
    credit(world, 0, request(session, 0, CreditAsk::Event(event)))
}

#[test]
fn an_event_is_debited_once_and_given_back_once() {
    let mut world = world("0.08");
    let debited = EventAnswer::Debited { units: Some(1), amount: amount("0.05"), currency: cad() };
    let send = message(EventAction::DirectDebiting);
    assert_eq!(event(&mut world, "e1", send.clone()), CreditAnswer::Event(debited));
    assert_eq!(world.the_xdr().charged_amount, amount("0.05"));
    assert_eq!(event(&mut world, "e1", send.clone()), CreditAnswer::Event(debited));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.03"), amount("0")));
    // 0.03 do not pay for another one.
    let poor = event(&mut world, "e2", send);
    assert!(matches!(poor, CreditAnswer::Denied { denial: Denial::InsufficientBalance, .. }), "{poor:?}");
    let enough = event(&mut world, "e3", message(EventAction::CheckBalance));
    assert_eq!(enough, CreditAnswer::Event(EventAnswer::Enough(false)));

    let refund = event(&mut world, "e4", message(EventAction::Refund));
    let back = EventAnswer::Refunded { amount: amount("0.05"), currency: cad() };
    assert_eq!(refund, CreditAnswer::Event(back));
    assert_eq!(world.the_xdr().charged_amount, amount("-0.05"));
    event(&mut world, "e4", message(EventAction::Refund));
    assert_eq!(world.balance(USER), amount("0.08"));
    let enough = event(&mut world, "e3", message(EventAction::CheckBalance));
    assert_eq!(enough, CreditAnswer::Event(EventAnswer::Enough(true)));
    let price =
        event(&mut world, "e5", EventRequest { units: Some(3), ..message(EventAction::PriceEnquiry) });
    let costs = EventAnswer::Price { amount: amount("0.15"), currency: cad() };
    assert_eq!(price, CreditAnswer::Event(costs));
    assert_eq!((world.balance(USER), world.reserved(USER)), (amount("0.08"), amount("0")));
}

#[test]
fn an_event_in_money_is_debited_by_exactly_that() {
    let mut world = world("1.00");
    let exactly = |text: &str| EventRequest {
        money: Some((amount(text), cad())),
        ..message(EventAction::DirectDebiting)
    };
    let debited = EventAnswer::Debited { units: None, amount: amount("0.12345"), currency: cad() };
    assert_eq!(event(&mut world, "e1", exactly("0.12345")), CreditAnswer::Event(debited));
    assert_eq!(world.balance(USER), amount("0.87655"));
    let poor = event(&mut world, "e2", exactly("0.87656"));
    assert!(matches!(poor, CreditAnswer::Denied { denial: Denial::InsufficientBalance, .. }));
    let foreign = EventRequest {
        money: Some((amount("0.10"), "USD".parse().unwrap())),
        ..message(EventAction::DirectDebiting)
    };
    let refused = event(&mut world, "e3", foreign);
    assert!(matches!(refused, CreditAnswer::Denied { denial: Denial::InvalidArgument, .. }));
    assert_eq!(world.balance(USER), amount("0.87655"));
}

/// One request of a client that keeps to what it was granted, and what the network does with it.
#[derive(Clone, Copy, Debug)]
struct Sent {
    group: u32,
    used: u64,
    wants: bool,
    ends: bool,
    /// How often it arrives: not at all means that it comes at the very end.
    copies: u8,
}

fn sent() -> impl Strategy<Value = Sent> {
    (
        proptest::sample::select(vec![100, 200, 400]),
        0..3 * MIB,
        proptest::bool::ANY,
        proptest::bool::weighted(0.1),
        0..3_u8,
    )
        .prop_map(|(group, used, wants, ends, copies)| Sent { group, used, wants, ends, copies })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is repeated or overtaken, each unit is charged once, and nothing stays reserved when the session is over.
    #[test]
    fn each_unit_is_charged_once(
        script in proptest::collection::vec(sent(), 1..30),
        balance in Just("1000.00"),
    ) {
        let mut world = world(balance);
        let first = [100, 200, 400].map(|own| ServiceRequest { wanted: wanted(3 * MIB), ..group(own) });
        step(&mut world, 0, 0, CreditStage::Initial, first.to_vec());
        let mut late = Vec::new();
        let mut recorded = 0;
        let mut charged = Amount::ZERO;
        let take = |world: &World, recorded: &mut u64, charged: &mut Amount| {
            for xdr in world.made() {
                *recorded += xdr.used_quantity;
                *charged = charged.saturating_add(xdr.charged_amount);
            }
        };
        for (number, sent) in (1..).zip(&script) {
            let service = ServiceRequest {
                used: used(sent.used),
                wanted: if sent.wants { wanted(3 * MIB) } else { None },
                last: sent.ends,
                ..group(sent.group)
            };
            let own = request("s", number, ask(CreditStage::Update, vec![service]));
            for _ in 0..sent.copies {
                credit(&mut world, u64::from(number), own.clone());
                take(&world, &mut recorded, &mut charged);
                prop_assert!(!world.reserved(USER).is_negative());
            }
            if sent.copies == 0 {
                late.push(own);
            }
        }
        let end = u32::try_from(script.len()).unwrap() + 1;
        step(&mut world, u64::from(end), end, CreditStage::Terminate, vec![]);
        take(&world, &mut recorded, &mut charged);
        prop_assert_eq!(world.reserved(USER), Amount::ZERO);
        for own in late {
            credit(&mut world, u64::from(end), own);
            take(&world, &mut recorded, &mut charged);
        }
        prop_assert_eq!(recorded, script.iter().map(|sent| sent.used).sum::<u64>());
        prop_assert_eq!(world.balance(USER), amount(balance).saturating_sub(charged));
        prop_assert_eq!(world.reserved(USER), Amount::ZERO);
    }
}
