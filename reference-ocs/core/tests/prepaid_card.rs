//! A prepaid card and the calls made with it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ACCESS, CALLED, CARD, DIALLED, World, amount, at, caller_left, interim, report, request, start, stop,
};
use tollgate_ocs_core::{
    AccessRequest, Amount, BillingModel, Denial, Grant, Leg, Note, ReturnCode, Stage, UsageReport,
};
use tollgate_time::Instant;

const CONF: &str = "39AE126B CD4D11DB 958E0014 1C3F6886";

fn time(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

/// The Stop of the documents' outgoing leg.
fn documented_stop() -> UsageReport {
    UsageReport {
        parent: Some(CONF.into()),
        cli: Some("6045550193".to_owned()),
        cld: Some(CALLED.to_owned()),
        setup_at: Some(time("2007-03-09T00:16:18.192-08:00")),
        connected_at: Some(time("2007-03-09T00:16:21.164-08:00")),
        disconnected_at: Some(time("2007-03-09T00:17:31.893-08:00")),
        disconnect_cause: Some(16),
        remote_address: Some("164.9.9.101".to_owned()),
        call_id: Some("4A65E46C-CD4D11DB-886EDEBF-7AF0CBAB@164.9.9.100".to_owned()),
        ..report(CARD, CONF, Stage::Stop)
    }
}

fn documented_call() -> World {
    let mut world = World::new();
    world.login(0, request(CARD, CONF)).unwrap();
    let call = AccessRequest { access_code: None, cld: Some(DIALLED.to_owned()), ..request(CARD, CONF) };
    world.authorize(10, call).unwrap();
    world.report(151, documented_stop());
    world
}

#[test]
fn a_login_tells_what_the_card_holds() {
    let mut world = World::new();
    let accepted = world.login(0, request(CARD, CONF)).unwrap();
    assert_eq!(accepted.balance.to_string(), "10.00000");
    assert_eq!(accepted.funds.unwrap().two_decimals(), "10.00");
    assert_eq!(accepted.context.billing_model, BillingModel::Debit);
    assert_eq!(accepted.context.tariff.as_deref(), Some("PrepaidCard"));
    assert_eq!(accepted.context.currency.as_str(), "CAD");
    assert_eq!(&*accepted.context.language, "en");
    assert_eq!((accepted.breakage, accepted.return_code), (Amount::ZERO, ReturnCode::Success));
    assert_eq!((accepted.grant, accepted.cld), (None, None));
}

#[test]
fn a_call_is_granted_what_the_card_pays_for() {
    let mut world = World::new();
    world.login(0, request(CARD, CONF)).unwrap();
    // The access code was named at the login and holds for the session.
    let call = AccessRequest { access_code: None, cld: Some(DIALLED.to_owned()), ..request(CARD, CONF) };
    let accepted = world.authorize(10, call).unwrap();
    // 10.00 / (0.02 / 60) = 30000 s.
    assert_eq!(accepted.grant, Some(Grant::Units(30_000)));
    assert_eq!(accepted.cld.as_deref(), Some(CALLED));
    assert_eq!(accepted.context.tariff.as_deref(), Some("PrepaidCard"));
    assert_eq!(accepted.return_code, ReturnCode::Success);
}

#[test]
fn the_call_of_the_documents_costs_what_they_show() {
    let world = documented_call();
    // 70.729 s are 71 s; 71 × 0.02 / 60 = 0.0236666… → 0.02367; 10.00 − 0.02367 = 9.97633.
    assert_eq!(world.balance(CARD), amount("9.97633"));
    assert_eq!(world.reserved(CARD), Amount::ZERO);
    let xdr = world.the_xdr();
    assert_eq!((xdr.used_quantity, xdr.charged_quantity, xdr.charged_amount), (71, 71, amount("0.02367")));
    assert_eq!(xdr.history, "71s: 71 x 1s @ 0.02/min = 0.02367");
    assert!(!xdr.failed && xdr.notes.is_empty());
    assert_eq!(world.events(), ["Account/BalanceChanged"]);
}

#[test]
fn a_record_has_every_field_of_the_table() {
    let xdr = documented_call().the_xdr();
    let shown: Vec<String> = xdr
        .fields()
        .into_iter()
        .map(|(name, value)| format!("{name}={}", value.unwrap_or_else(|| "-".to_owned())))
        .collect();
    // The order and names of the documents' table. Set-up 18.192 s to answer 21.164 s: 2972 ms.
    let expected = [
        "id=1",
        "i_env=1",
        "h323_conf_id=39AE126B CD4D11DB 958E0014 1C3F6886",
        "call_id=4A65E46C-CD4D11DB-886EDEBF-7AF0CBAB@164.9.9.100",
        "CLI=6045550193",
        "CLD=82623634515",
        "setup_time=2972",
        "connect_time=2007-03-09T08:16:21.164Z",
        "disconnect_time=2007-03-09T08:17:31.893Z",
        "bill_time=2007-03-09T08:17:31.893Z",
        "disconnect_cause=10",
        "voice_quality=-",
        "used_quantity=71",
        "account_id=10086610975",
        "i_account=1",
        "i_dest=1",
        "i_dest_group=-",
        "i_tariff=1",
        "i_rate=1",
        "charged_quantity=71",
        "charged_amount=0.02367",
        "history=71s: 71 x 1s @ 0.02/min = 0.02367",
        "peak_level=-",
        "i_vendor=-",
        "i_service=3",
        "i_accessibility=1",
        "i_customer=1",
        "h323_incoming_conf_id=39AE126B CD4D11DB 958E0014 1C3F6886",
        "rating_pattern=8262",
        "subscriber_ip=-",
        "split_order=-",
        "billing_model=-1",
        "i_invoice=-",
        "revenue=-",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn the_incoming_leg_ends_the_login_and_costs_nothing() {
    let mut world = documented_call();
    assert!(world.ocs.account(CARD).unwrap().locked_by().is_some());
    world.report(152, caller_left(CARD, CONF, 151));
    assert_eq!(world.ocs.account(CARD).unwrap().locked_by(), None);
    assert!(world.made().is_empty());
    assert_eq!(world.balance(CARD), amount("9.97633"));
}

#[test]
fn the_incoming_leg_is_charged_where_an_entry_names_its_number() {
    let mut world = World::new();
    let leg = |stage, duration| UsageReport {
        leg: Leg::Answer,
        cld: Some(ACCESS.to_owned()),
        connected_at: Some(at(0)),
        duration,
        ..report("both-legs", "c1", stage)
    };
    world.report(0, leg(Stage::Start, None));
    world.report(61, leg(Stage::Stop, Some(61)));
    // Two minutes at 0.06: 0.12.
    let xdr = world.the_xdr();
    assert_eq!((xdr.leg, xdr.charged_amount, xdr.charged_quantity), (Leg::Answer, amount("0.12"), 120));
    assert!(!xdr.has(Note::WithoutGrant));
    assert_eq!(world.balance("both-legs"), amount("0.88"));
}

#[test]
fn a_call_cut_at_its_grant_leaves_exactly_nothing() {
    let mut world = World::new();
    // 2.00 at 0.10 a minute by the minute: 20 minutes.
    assert_eq!(world.grant(0, "two-dollars", "c1", "5550193"), Ok(Grant::Units(1_200)));
    world.report(5, start("two-dollars", "c1", 5));
    world.report(1_205, stop("two-dollars", "c1", 5, 1_200));
    assert_eq!(world.balance("two-dollars"), Amount::ZERO);
    assert_eq!(world.the_xdr().charged_amount, amount("2.00"));
    assert!(world.the_xdr().notes.is_empty());
    assert_eq!(world.events(), ["Account/BalanceChanged", "Account/ZeroAvailableFunds"]);
    assert_eq!(world.login(1_300, request("two-dollars", "c2")).unwrap_err(), Denial::ZeroBalance);
}

#[test]
fn what_is_left_after_a_grant_buys_no_further_interval() {
    let mut world = World::new();
    // The first 30 s cost 0.30 and each 6 s after them 0.03: 2.00 − 0.30 = 1.70 pays for 56 of these and leaves 0.02.
    assert_eq!(world.grant(0, "two-dollars", "c1", "01144123"), Ok(Grant::Units(30 + 56 * 6)));
    world.report(400, stop("two-dollars", "c1", 5, 366));
    assert_eq!(world.balance("two-dollars"), amount("0.02"));
    assert_eq!(world.grant(500, "two-dollars", "c2", "01144123"), Err(Denial::InsufficientBalance));
}

#[test]
fn a_lost_start_changes_no_charge() {
    let run = |with_start: bool| {
        let mut world = World::new();
        world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
        if with_start {
            world.report(5, start("two-dollars", "c1", 5));
        }
        world.report(80, stop("two-dollars", "c1", 5, 71));
        (world.balance("two-dollars"), world.the_xdr())
    };
    assert_eq!(run(true), run(false));
    assert_eq!(run(false).0, amount("1.97633"));
}

#[test]
fn a_call_that_is_not_answered_costs_nothing_and_leaves_a_record() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", "011493012345").unwrap();
    world.report(1, report("two-dollars", "c1", Stage::Start));
    let busy = UsageReport {
        disconnected_at: Some(at(9)),
        disconnect_cause: Some(17),
        ..report("two-dollars", "c1", Stage::Stop)
    };
    world.report(9, busy);
    let xdr = world.the_xdr();
    assert!(xdr.failed);
    assert_eq!((xdr.used_quantity, xdr.charged_quantity, xdr.charged_amount), (0, 0, Amount::ZERO));
    assert_eq!((xdr.connect_time, xdr.disconnect_cause), (None, Some(17)));
    assert_eq!(xdr.history, "not connected: no charge");
    assert_eq!((world.balance("two-dollars"), world.reserved("two-dollars")), (amount("2.00"), Amount::ZERO));
}

#[test]
fn a_connection_of_no_length_with_a_fault_is_a_failed_attempt() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", "011493012345").unwrap();
    let refused = UsageReport { disconnect_cause: Some(0x1C), ..stop("two-dollars", "c1", 9, 0) };
    world.report(9, refused);
    assert!(world.the_xdr().failed);
    assert_eq!(world.balance("two-dollars"), amount("2.00"));
}

#[test]
fn the_connect_fee_is_due_even_within_the_free_seconds() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", "011493012345").unwrap();
    world.report(9, stop("two-dollars", "c1", 5, 4));
    assert_eq!(world.balance("two-dollars"), amount("1.95"));
    assert_eq!(world.the_xdr().history, "4s: connect fee 0.05000 + 4s free = 0.05000");
}

#[test]
fn only_numbers_of_the_tariff_can_be_called() {
    let mut world = World::new();
    assert_eq!(world.grant(0, CARD, "c1", "01133123456"), Err(Denial::CldBlocked));
    assert_eq!(world.grant(0, CARD, "c1", "19005550100"), Err(Denial::CldBlocked));
    let no_number = world.authorize(0, request(CARD, "c1")).unwrap_err();
    assert_eq!(no_number, Denial::InvalidArgument);
    assert_eq!(world.reserved(CARD), Amount::ZERO);
}

#[test]
fn a_free_number_is_granted_without_end() {
    let mut world = World::new();
    let call = AccessRequest { cld: Some("18005550100".to_owned()), ..request(CARD, "c1") };
    let accepted = world.authorize(0, call).unwrap();
    assert_eq!((accepted.grant, accepted.return_code), (Some(Grant::Unlimited), ReturnCode::TollFree));
    assert_eq!(world.reserved(CARD), Amount::ZERO);
}

#[test]
fn a_product_is_used_by_its_access_code_only() {
    let mut world = World::new();
    let through = |code: Option<&str>| AccessRequest {
        access_code: code.map(str::to_owned),
        cld: Some(DIALLED.to_owned()),
        ..request(CARD, "c1")
    };
    assert_eq!(world.authorize(0, through(None)).unwrap_err(), Denial::NotAvailable);
    assert_eq!(world.authorize(0, through(Some("6045551601"))).unwrap_err(), Denial::NotAvailable);
    assert!(world.authorize(0, through(Some(ACCESS))).is_ok());
}

#[test]
fn an_interim_report_charges_what_was_used_so_far() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    world.report(40, interim("two-dollars", "c1", 5, 35));
    // 35 × 0.02 / 60 = 0.0116666… → 0.01167.
    assert_eq!(world.balance("two-dollars"), amount("1.98833"));
    assert_eq!(world.reserved("two-dollars"), amount("1.98833"));
    world.report(80, stop("two-dollars", "c1", 5, 71));
    // 71 s cost 0.02367 however they were reported.
    assert_eq!(world.balance("two-dollars"), amount("1.97633"));
    assert_eq!(world.the_xdr().charged_amount, amount("0.02367"));
}
