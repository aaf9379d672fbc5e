//! Copies of requests, repeated reports, and a restart in the middle of a call.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert_eq, prop_oneof, proptest};
use support::{
    ACCT_START, ACCT_STOP, CARD, IVR, Seen, Stage, access_request, accounting_request, call, config,
    incoming_stop, login, outgoing_leg, outgoing_stop,
};
use tollgate_ocs_gateway::{CommandLogging, Count, GatewayConfig};
use tollgate_radius::{Code, attribute};
use tollgate_wire::Fields;

#[test]
fn a_copy_of_an_authorization_gets_the_first_answer_and_reserves_nothing_more() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    let octets = access_request(200, call);
    let first = stage.deliver(IVR, 1812, &octets);
    let state = stage.dump();
    for _ in 0..3 {
        stage.wait(Duration::from_secs(3));
        let copy = stage.deliver(IVR, 1812, &octets);
        assert_eq!(copy.frames, first.frames);
        assert_eq!(copy.shown("duplicate", "message").as_deref(), Some("Access-Request"));
        assert_eq!(stage.dump(), state);
    }
    assert_eq!(stage.gateway.counters().total().count(Count::Duplicate), 3);
    assert_eq!(stage.gateway.counters().total().count(Count::AccessAccept), 2);
}

#[test]
fn another_authenticator_under_the_same_identifier_is_a_new_request() {
    let mut stage = Stage::new();
    let login_octets = access_request(7, login);
    stage.deliver(IVR, 1812, &login_octets);
    let mut builder = tollgate_radius::Builder::new(Code::ACCESS_REQUEST, 7);
    builder.authenticator(&[0xaa; 16]);
    call(&mut builder);
    let octets = builder.finish_access_request(&tollgate_radius::Secret::new(support::SECRET)).unwrap();
    // The empty password of `call` is hidden with the authenticator, so that this one is its own.
    let seen = stage.deliver(IVR, 1812, &octets);
    assert_eq!(seen.field("h323-credit-time").as_deref(), Some("30000"));
    assert_eq!(stage.gateway.counters().total().count(Count::Duplicate), 0);
}

#[test]
fn a_copy_that_comes_after_the_caches_life_reaches_the_core_which_knows_it() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    let octets = accounting_request(200, ACCT_STOP, outgoing_stop);
    stage.deliver(IVR, 1813, &octets);
    stage.wait(Duration::from_secs(31));
    let late = stage.deliver(IVR, 1813, &octets);
    assert_eq!(late.code(), Code::ACCOUNTING_RESPONSE);
    assert!(late.observed("duplicate").is_empty() && late.observed("xdr").is_empty(), "{late:?}");
    // 10.00000 − 0.02367, once.
    assert_eq!(stage.balance(CARD), "9.97633");
}

#[test]
fn a_report_sent_again_with_more_delay_is_confirmed_and_not_charged_again() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    stage.wait(Duration::from_secs(110));
    for delay in [0, 5, 11] {
        stage.wait(Duration::from_secs(5));
        let seen = stage.account(IVR, ACCT_STOP, |builder| {
            outgoing_stop(builder);
            builder.u32(attribute::ACCT_DELAY_TIME, delay).unwrap();
        });
        assert_eq!(seen.code(), Code::ACCOUNTING_RESPONSE);
        assert_eq!(seen.observed("xdr").len(), usize::from(delay == 0));
    }
    assert_eq!(stage.balance(CARD), "9.97633");
    assert_eq!(stage.gateway.counters().total().count(Count::Duplicate), 0);
}

/// The whole call, with a restart before each packet or before none.
fn play(restart_before: Option<usize>, config: GatewayConfig) -> (String, String) {
    let mut stage = Stage::with(config);
    let steps: [&dyn Fn(&mut Stage); 5] = [
        &|stage| drop(stage.access(IVR, login)),
        &|stage| drop(stage.access(IVR, call)),
        &|stage| drop(stage.account(IVR, ACCT_START, outgoing_leg)),
        &|stage| drop(stage.account(IVR, ACCT_STOP, outgoing_stop)),
        &|stage| drop(stage.account(IVR, ACCT_STOP, incoming_stop)),
    ];
    for (place, step) in steps.into_iter().enumerate() {
        stage.wait(Duration::from_secs(20));
        if restart_before == Some(place) {
            // What was due by now is settled on both sides.
            stage.timeout();
            let state = stage.dump();
            let seen = stage.restart();
            assert_eq!(stage.dump(), state, "before step {place}");
            assert_eq!(seen.observed("replayed").len(), 1);
        }
        step(&mut stage);
    }
    (stage.dump(), stage.balance(CARD))
}

#[test]
fn a_restart_anywhere_in_a_call_changes_nothing() {
    let (state, balance) = play(None, config());
    assert_eq!(balance, "9.97633");
    for place in 0..5 {
        assert_eq!(play(Some(place), config()), (state.clone(), balance.clone()), "before step {place}");
    }
}

#[test]
fn what_cannot_be_recorded_is_neither_applied_nor_confirmed() {
    let mut stage = Stage::with(GatewayConfig { command_log: CommandLogging::Keep { max: 2 }, ..config() });
    stage.access(IVR, login);
    stage.access(IVR, call);
    let state = stage.dump();
    let seen = stage.deliver(IVR, 1813, &accounting_request(200, ACCT_STOP, outgoing_stop));
    assert!(seen.frames.is_empty());
    assert_eq!(seen.shown("discard", "reason").as_deref(), Some("record-full"));
    let copy = stage.deliver(IVR, 1813, &accounting_request(200, ACCT_STOP, outgoing_stop));
    assert!(copy.frames.is_empty());
    assert_eq!(copy.shown("discard", "reason").as_deref(), Some("unanswered"));
    assert_eq!(stage.dump(), state);
}

#[test]
fn without_a_record_a_restart_begins_anew() {
    let mut stage = Stage::with(GatewayConfig { command_log: CommandLogging::Off, ..config() });
    stage.timeout();
    let beginning = stage.dump();
    stage.access(IVR, login);
    assert_ne!(stage.dump(), beginning);
    stage.restart();
    assert_eq!(stage.dump(), beginning);
}

#[test]
fn a_restart_forgets_copies_and_the_core_still_charges_once() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    let octets = accounting_request(200, ACCT_STOP, outgoing_stop);
    let first = stage.deliver(IVR, 1813, &octets);
    stage.restart();
    let again = stage.deliver(IVR, 1813, &octets);
    assert_eq!(again.frames, first.frames);
    assert!(again.observed("duplicate").is_empty());
    assert_eq!(stage.balance(CARD), "9.97633");
}

#[test]
fn what_expired_while_it_was_down_expires_at_the_restart() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    assert_eq!(stage.reserved(CARD), "10.00000");
    stage.wait(Duration::from_secs(100_000));
    let seen = stage.restart();
    assert!(!seen.observed("closed").is_empty(), "{seen:?}");
    assert_eq!((stage.balance(CARD), stage.reserved(CARD)), ("10.00000".to_owned(), "0.00000".to_owned()));
}

#[test]
fn a_node_that_starts_or_stops_reporting_is_confirmed_and_holds_nothing_any_more() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    assert_eq!(stage.reserved(CARD), "10.00000");
    // Accounting-On and Accounting-Off (RFC 2866 section 5.1): the grant and the login's lock go with the first.
    for (status, closed) in [(7, 2), (8, 0)] {
        let seen = stage.account(IVR, status, |builder| support::nas(builder, IVR));
        assert_eq!(seen.code(), Code::ACCOUNTING_RESPONSE);
        assert_eq!(seen.observed("closed").len(), closed);
    }
    assert_eq!((stage.balance(CARD), stage.reserved(CARD)), ("10.00000".to_owned(), "0.00000".to_owned()));
    assert_eq!(stage.gateway.recorded().len(), 4);
}

#[test]
fn nothing_is_observed_while_nobody_looks() {
    let mut stage = Stage::with(GatewayConfig { observe: false, ..config() });
    for seen in
        [stage.access(IVR, login), stage.access(IVR, call), stage.account(IVR, ACCT_STOP, outgoing_stop)]
    {
        assert!(seen.observations.is_empty(), "{seen:?}");
    }
    assert_eq!(stage.balance(CARD), "9.97633");
}

/// The packets of one call after its authorization, as the network may deliver them.
#[derive(Debug, Clone, Copy)]
enum Delivery {
    Authorization,
    Start,
    Stop,
    IncomingStop,
    /// The Stop once more, written anew with a later Acct-Delay-Time.
    LateStop(u32),
    Restart,
    Pause(u64),
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let one = prop_oneof![
        Just(Delivery::Authorization),
        Just(Delivery::Start),
        Just(Delivery::Stop),
        Just(Delivery::IncomingStop),
        (1..60_u32).prop_map(Delivery::LateStop),
        Just(Delivery::Restart),
        (0..50_u64).prop_map(Delivery::Pause),
    ];
    prop::collection::vec(one, 0..12)
}

/// xDRs that cost something. Copies of the authorization and of the Start that come after a restart look like
/// another attempt at the call, which leaves a record of its own and costs nothing.
fn charges(seen: &Seen) -> usize {
    let free =
        |xdr: &&&Fields| xdr.get("charged-amount").map(ToString::to_string).as_deref() == Some("0.00000");
    seen.observed("xdr").iter().filter(|xdr| !free(xdr)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes again, late, in another order, or around a restart: one charge, and nothing stays reserved.
    #[test]
    fn one_call_is_charged_once_however_its_packets_arrive(mut deliveries in deliveries(), place in 0..12_usize) {
        let mut stage = Stage::new();
        stage.access(IVR, login);
        let authorization = access_request(100, call);
        let packets = [
            (1812, authorization),
            (1813, accounting_request(101, ACCT_START, outgoing_leg)),
            (1813, accounting_request(102, ACCT_STOP, outgoing_stop)),
            (1813, accounting_request(103, ACCT_STOP, incoming_stop)),
        ];
        stage.deliver(IVR, 1812, &packets[0].1);
        // At least one Stop arrives.
        deliveries.insert(place.min(deliveries.len()), Delivery::Stop);
        let mut xdrs = 0;
        for delivery in deliveries {
            let seen = match delivery {
                Delivery::Authorization => stage.deliver(IVR, packets[0].0, &packets[0].1),
                Delivery::Start => stage.deliver(IVR, packets[1].0, &packets[1].1),
                Delivery::Stop => stage.deliver(IVR, packets[2].0, &packets[2].1),
                Delivery::IncomingStop => stage.deliver(IVR, packets[3].0, &packets[3].1),
                Delivery::LateStop(delay) => stage.account(IVR, ACCT_STOP, |builder| {
                    outgoing_stop(builder);
                    builder.u32(attribute::ACCT_DELAY_TIME, delay).unwrap();
                }),
                Delivery::Restart => stage.restart(),
                Delivery::Pause(secs) => {
                    stage.wait(Duration::from_secs(secs));
                    stage.timeout()
                }
            };
            xdrs += charges(&seen);
        }
        // What a late copy of the authorization has reserved is given up.
        stage.wait(Duration::from_secs(200_000));
        xdrs += charges(&stage.timeout());
        // 10.00000 - 0.02367, once.
        prop_assert_eq!((stage.balance(CARD), stage.reserved(CARD)), ("9.97633".to_owned(), "0.00000".to_owned()));
        prop_assert_eq!(xdrs, 1);
    }
}
