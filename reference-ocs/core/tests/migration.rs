//! A customer that moves between two systems: what travels, what is refused in between, what late reports cost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod common;

use common::{CALLED, CARD, World, amount, at, builder, dictionary, interim, request, settings, start, stop};
use tollgate_ocs_core::ids::{CustomerId, EnvId, Numbering};
use tollgate_ocs_core::migration::{
    Bundle, Migrate, Migrated, MigrationRefusal, Missing, Removed, Want, Whereabouts, XdrScope,
};
use tollgate_ocs_core::{
    Admin, Amount, Answer, CallLimits, Command, CustomerSpec, Delivery, Denial, Ocs, Refusal, Settings,
    Stage, UsageReport,
};

const SOURCE: EnvId = EnvId::from_number(1);
const TARGET: EnvId = EnvId::from_number(2);

fn of(env: EnvId, numbering: Numbering) -> Settings {
    Settings { env, numbering, ..settings() }
}

/// A source with everybody, and a target with the same tariffs and products and one customer of its own.
fn systems() -> (World, World) {
    let mut source = builder(of(SOURCE, Numbering::Odd));
    let office = source.account_named("office").unwrap();
    source.limit_account(office, CallLimits { calls: Some(1), kbps: None });
    source.delivery(office, Delivery::Number("16045559999".into())).unwrap();
    source.did("16045550000", Some(office)).unwrap();
    let mut target = dictionary(of(TARGET, Numbering::Even));
    target.customer(CustomerSpec::new("Newcomer", common::cad())).unwrap();
    let world = |ocs| World { ocs, effects: Vec::new() };
    (world(Ocs::new(source.finish().unwrap())), world(Ocs::new(target.finish().unwrap())))
}

fn card_owners(world: &World) -> CustomerId {
    world.ocs.customer("Card Owners").unwrap().number()
}

fn order(world: &mut World, secs: u64, order: Migrate) -> Result<Migrated, MigrationRefusal> {
    match world.apply(secs, Command::Migrate(Box::new(order))) {
        Answer::Migrated(done) => Ok(*done),
        Answer::Refused(Refusal::Migration(why)) => Err(why),
        other => panic!("no answer to a move: {other:?}"),
    }
}

fn export(world: &mut World, secs: u64, customer: CustomerId, to: EnvId) -> Bundle {
    match order(world, secs, Migrate::Export { customer, to, xdrs: XdrScope::All }) {
        Ok(Migrated::Exported { bundle, .. }) => *bundle,
        other => panic!("not exported: {other:?}"),
    }
}

fn import(world: &mut World, secs: u64, bundle: &Bundle) -> Result<Migrated, MigrationRefusal> {
    order(world, secs, Migrate::Import(Box::new(bundle.clone())))
}

fn called(report: UsageReport) -> UsageReport {
    UsageReport { cld: Some(CALLED.to_owned()), access_code: Some(common::ACCESS.to_owned()), ..report }
}

/// Delivers what was reported in one system to the other, and has the first forget it.
fn deliver(from: &mut World, to: &mut World, secs: u64, customer: CustomerId) {
    let (late, env) = (from.ocs.late_reports(customer, 100), from.ocs.env());
    let taken = order(to, secs, Migrate::Deliver { customer, from: env, late });
    let Ok(Migrated::Taken { up_to }) = taken else { panic!("not taken: {taken:?}") };
    assert_eq!(order(from, secs, Migrate::Delivered { customer, up_to }), Ok(Migrated::Confirmed));
}

#[test]
fn numbers_are_odd_here_and_even_there_and_stay_with_the_customer() {
    let (mut source, mut target) = systems();
    assert_eq!(source.ocs.account(CARD).unwrap().number().number(), 1);
    assert_eq!(source.ocs.account("with-password").unwrap().number().number(), 3);
    assert_eq!(target.ocs.customer("Newcomer").unwrap().number().number(), 2);
    source.report(1, called(stop(CARD, "a", 0, 60)));
    let first = source.the_xdr();
    assert_eq!(first.id.number(), 1);
    let customer = card_owners(&source);
    let bundle = export(&mut source, 10, customer, TARGET);
    assert_eq!(import(&mut target, 11, &bundle), Ok(Migrated::Imported { again: false }));
    let card = target.ocs.account(CARD).unwrap();
    // 60 s at 0.02 a minute.
    assert_eq!((card.number().number(), card.balance()), (1, amount("9.98")));
    target.report(20, called(stop(CARD, "b", 12, 8)));
    let second = target.the_xdr();
    assert_eq!((second.id.number(), second.account), (2, first.account));
    let kept: Vec<_> = target.ocs.xdrs().map(|xdr| xdr.id.number()).collect();
    assert_eq!(kept, [1, 2]);
}

#[test]
fn in_between_both_systems_refuse_and_nothing_moves_money() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    let bundle = export(&mut source, 10, customer, TARGET);
    assert_eq!(source.grant(11, CARD, "s", CALLED), Err(Denial::Exported));
    assert_eq!(target.grant(11, CARD, "s", CALLED), Err(Denial::InvalidAccount));
    assert_eq!(source.login(12, request(CARD, "t")).unwrap_err(), Denial::Exported);
    for change in [
        Admin::TopUp { account: CARD.to_owned(), amount: amount("1") },
        Admin::SetPassword { account: CARD.to_owned(), password: None },
        Admin::PayCustomer { customer: "Card Owners".to_owned(), amount: amount("1") },
    ] {
        assert_eq!(source.admin(13, change), Answer::Refused(Refusal::Exported(customer)));
    }
    assert_eq!(source.balance(CARD), amount("10"));
    // Others go on.
    assert!(source.grant(14, "office", "u", CALLED).is_ok());
    import(&mut target, 15, &bundle).unwrap();
    assert!(target.grant(16, CARD, "s", CALLED).is_ok());
    assert_eq!(source.grant(16, CARD, "s", CALLED), Err(Denial::Exported));
}

#[test]
fn orders_that_come_again_change_nothing() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    source.report(1, called(start(CARD, "a", 0)));
    let bundle = export(&mut source, 10, customer, TARGET);
    let state = source.ocs.dump();
    assert_eq!(export(&mut source, 10, customer, TARGET), bundle);
    assert_eq!(source.ocs.dump(), state);
    let elsewhere = Migrate::Export { customer, to: EnvId::from_number(3), xdrs: XdrScope::All };
    let refused = order(&mut source, 10, elsewhere);
    assert_eq!(refused, Err(MigrationRefusal::Elsewhere { customer, to: TARGET }));
    import(&mut target, 11, &bundle).unwrap();
    let state = target.ocs.dump();
    assert_eq!(import(&mut target, 11, &bundle), Ok(Migrated::Imported { again: true }));
    assert_eq!(target.ocs.dump(), state);
    // Once it has gone on, what came before cannot bring it back.
    export(&mut target, 12, customer, SOURCE);
    let overtaken = MigrationRefusal::Overtaken { customer, hop: 1, known: 2 };
    assert_eq!(import(&mut target, 13, &bundle), Err(overtaken));
}

#[test]
fn a_call_that_is_up_goes_on_where_the_customer_is_and_is_charged_once() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    source.grant(0, CARD, "a", CALLED).unwrap();
    source.report(1, called(start(CARD, "a", 1)));
    source.report(61, called(interim(CARD, "a", 1, 60)));
    // 60 s at 0.02 a minute; the grant reserves the other 9.98.
    assert_eq!((source.balance(CARD), source.reserved(CARD)), (amount("9.98"), amount("9.98")));
    let bundle = export(&mut source, 70, customer, TARGET);
    assert_eq!(bundle.open(), 1);
    assert_eq!(source.reserved(CARD), Amount::ZERO);
    import(&mut target, 71, &bundle).unwrap();
    assert_eq!((target.balance(CARD), target.reserved(CARD)), (amount("9.98"), amount("9.98")));
    target.report(121, called(stop(CARD, "a", 1, 120)));
    // 120 s are 0.04 in all, 0.02 of it new, in one record.
    assert_eq!((target.balance(CARD), target.reserved(CARD)), (amount("9.96"), Amount::ZERO));
    let xdr = target.the_xdr();
    assert_eq!((xdr.charged_amount, xdr.used_quantity), (amount("0.04"), 120));
    assert!(xdr.notes.is_empty(), "{:?}", xdr.notes);
    // The Stop comes again, to either.
    target.report(122, called(stop(CARD, "a", 1, 120)));
    source.report(123, called(stop(CARD, "a", 1, 120)));
    deliver(&mut source, &mut target, 124, customer);
    assert_eq!(target.balance(CARD), amount("9.96"));
    assert_eq!(target.ocs.xdrs().len(), 1);
}

#[test]
fn what_is_reported_where_the_customer_was_is_charged_where_it_is() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    source.grant(0, CARD, "a", CALLED).unwrap();
    source.report(1, called(start(CARD, "a", 1)));
    let bundle = export(&mut source, 30, customer, TARGET);
    // Before it is there, and without a time of its own.
    let late = UsageReport { duration: None, disconnected_at: None, ..called(stop(CARD, "a", 1, 0)) };
    source.report(61, UsageReport { connected_at: Some(at(1)), ..late });
    assert_eq!(source.balance(CARD), amount("10"));
    assert_eq!(source.ocs.xdrs().len(), 0);
    import(&mut target, 70, &bundle).unwrap();
    let unknown = MigrationRefusal::Unsettled { customer, to: TARGET };
    assert_eq!(order(&mut source, 71, Migrate::Remove { customer }), Err(unknown));
    order(&mut source, 72, Migrate::Settle { customer, hop: 1 }).unwrap();
    let waits = MigrationRefusal::Undelivered { customer, to: TARGET, late: 1 };
    assert_eq!(order(&mut source, 73, Migrate::Remove { customer }), Err(waits));
    deliver(&mut source, &mut target, 400, customer);
    // It ended when it was reported: 60 s.
    assert_eq!(target.balance(CARD), amount("9.98"));
    let kept: Vec<_> = target.ocs.xdrs().cloned().collect();
    assert_eq!((kept[0].used_quantity, kept[0].bill_time), (60, at(61)));
    assert_eq!(order(&mut source, 401, Migrate::Remove { customer }).map(drop), Ok(()));
}

#[test]
fn a_grant_that_nobody_uses_is_given_up_in_one_system_only() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    source.grant(0, "two-dollars", "a", CALLED).unwrap();
    let bundle = export(&mut source, 5, customer, TARGET);
    import(&mut target, 6, &bundle).unwrap();
    assert_eq!(target.reserved("two-dollars"), amount("2"));
    // 2.00 pay for 6,000 s; a grant waits 300 s for its Start and 300 s for its Stop.
    source.expire(20_000);
    target.expire(20_000);
    assert_eq!((source.effects.len(), target.reserved("two-dollars")), (0, Amount::ZERO));
    assert_eq!(target.balance("two-dollars"), amount("2"));
}

#[test]
fn service_configuration_travels() {
    let (mut source, mut target) = systems();
    let customer = source.ocs.customer("Office").unwrap().number();
    let bundle = export(&mut source, 1, customer, TARGET);
    let numbers: Vec<&str> = bundle.numbers().collect();
    assert_eq!(numbers, ["office", "16045550000"]);
    import(&mut target, 2, &bundle).unwrap();
    target.grant(3, "office", "a", CALLED).unwrap();
    target.report(4, called(start("office", "a", 4)));
    // One call at once, as at home.
    assert_eq!(target.grant(5, "office", "b", CALLED), Err(Denial::CallLimitExceeded));
    // A state that is read back knows of it too.
    let state = serde_json::to_string(&target.ocs.state()).unwrap();
    let state: tollgate_ocs_core::StoredState = serde_json::from_str(&state).unwrap();
    let world = dictionary(of(TARGET, Numbering::Even));
    let mut world = world;
    world.customer(CustomerSpec::new("Newcomer", common::cad())).unwrap();
    let ocs = Ocs::restored(world.finish().unwrap(), state).unwrap();
    assert_eq!(ocs.dump(), target.ocs.dump());
    let mut again = World { ocs, effects: Vec::new() };
    assert_eq!(again.grant(6, "office", "b", CALLED), Err(Denial::CallLimitExceeded));
}

#[test]
fn what_is_missing_is_told_on_trial_and_refused_for_good() {
    let (mut source, _) = systems();
    let mut target = tollgate_ocs_core::CatalogueBuilder::new(of(TARGET, Numbering::Even)).unwrap();
    target.customer(CustomerSpec::new("Card Owners", common::cad())).unwrap();
    let mut target = World { ocs: Ocs::new(target.finish().unwrap()), effects: Vec::new() };
    let customer = card_owners(&source);
    let trial = source.ocs.exported_on_trial(customer, TARGET, XdrScope::Nothing).unwrap();
    let lacks = |what, name: &str, want| Missing { what, name: name.to_owned(), want };
    let expected = vec![
        lacks("customer", "Card Owners", Want::Taken),
        lacks("product", "Both Legs", Want::Absent),
        lacks("product", "Lines", Want::Absent),
        lacks("product", "Prepaid Card", Want::Absent),
    ];
    let (before, there) = (source.ocs.dump(), target.ocs.dump());
    assert_eq!(target.ocs.missing(&trial), expected);
    assert_eq!((source.ocs.dump(), target.ocs.dump()), (before, there));
    let bundle = export(&mut source, 1, customer, TARGET);
    assert_eq!(import(&mut target, 2, &bundle), Err(MigrationRefusal::Missing(expected)));
    let again = import(&mut target, 3, &bundle);
    assert_eq!(again, Err(MigrationRefusal::Abandoned { customer, hop: 1 }));
    assert_eq!(
        order(&mut source, 4, Migrate::Lift { customer, hop: 1 }),
        Ok(Migrated::Lifted { again: false })
    );
    assert_eq!(
        order(&mut source, 4, Migrate::Lift { customer, hop: 1 }),
        Ok(Migrated::Lifted { again: true })
    );
    assert!(source.grant(5, CARD, "a", CALLED).is_ok());
}

#[test]
fn a_move_that_came_to_nothing_leaves_calls_as_they_were() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    source.grant(0, CARD, "a", CALLED).unwrap();
    source.report(1, called(start(CARD, "a", 1)));
    let bundle = export(&mut source, 10, customer, TARGET);
    // In between the call ends; its Stop is kept.
    source.report(31, called(stop(CARD, "a", 1, 30)));
    assert_eq!(order(&mut target, 40, Migrate::Abandon { customer, hop: 1 }), Ok(Migrated::Abandoned));
    order(&mut source, 41, Migrate::Lift { customer, hop: 1 }).unwrap();
    // 30 s at 0.02 a minute.
    assert_eq!((source.balance(CARD), source.reserved(CARD)), (amount("9.99"), Amount::ZERO));
    assert_eq!(source.the_xdr().used_quantity, 30);
    assert_eq!(import(&mut target, 42, &bundle), Err(MigrationRefusal::Abandoned { customer, hop: 1 }));
    assert_eq!(
        order(&mut target, 43, Migrate::Lift { customer, hop: 1 }),
        Err(MigrationRefusal::Unknown(customer))
    );
}

#[test]
fn xdrs_come_in_a_second_phase_each_once() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    for call in 0..5 {
        source.report(call, called(stop(CARD, &format!("call-{call}"), 0, 60)));
    }
    let bundle =
        match order(&mut source, 10, Migrate::Export { customer, to: TARGET, xdrs: XdrScope::Nothing }) {
            Ok(Migrated::Exported { bundle, .. }) => bundle,
            other => panic!("{other:?}"),
        };
    assert!(bundle.xdrs().is_empty());
    import(&mut target, 11, &bundle).unwrap();
    // 5 calls of 60 s at 0.02 a minute.
    assert_eq!(target.balance(CARD), amount("9.90"));
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        let page = Migrate::ExportXdrs { customer, xdrs: XdrScope::All, after, max: 2 };
        let Ok(Migrated::Xdrs(xdrs)) = order(&mut source, 12, page) else { panic!("no page") };
        after = xdrs.last().map(|xdr| xdr.id);
        pages.push(xdrs.len());
        let xdrs: Vec<_> = xdrs.iter().map(|xdr| (**xdr).clone()).collect();
        let new = u64::try_from(xdrs.len()).unwrap();
        for expected in [new, 0] {
            let order_ = Migrate::ImportXdrs { customer, hop: 1, xdrs: xdrs.clone() };
            assert_eq!(order(&mut target, 13, order_), Ok(Migrated::XdrsImported { new: expected }));
        }
        if xdrs.len() < 2 {
            break;
        }
    }
    assert_eq!((pages, target.ocs.xdrs().len()), (vec![2, 2, 1], 5));
    assert_eq!(target.balance(CARD), amount("9.90"));
}

#[test]
fn only_what_was_transferred_is_removed() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    let not = MigrationRefusal::NotExported(customer);
    assert_eq!(order(&mut source, 1, Migrate::Remove { customer }), Err(not));
    source.report(2, called(stop(CARD, "a", 0, 60)));
    source.report(2, called(stop("office", "b", 0, 60)));
    let bundle = export(&mut source, 3, customer, TARGET);
    import(&mut target, 4, &bundle).unwrap();
    order(&mut source, 4, Migrate::Settle { customer, hop: 1 }).unwrap();
    let settled = MigrationRefusal::Settled { customer, to: TARGET };
    assert_eq!(order(&mut source, 4, Migrate::Lift { customer, hop: 1 }), Err(settled));
    let removed = Removed { accounts: 5, xdrs: 1, xdrs_kept: 0, again: false };
    assert_eq!(order(&mut source, 5, Migrate::Remove { customer }), Ok(Migrated::Removed(removed)));
    let again = Removed { again: true, ..Removed::default() };
    assert_eq!(order(&mut source, 6, Migrate::Remove { customer }), Ok(Migrated::Removed(again)));
    assert_eq!(source.ocs.whereabouts(customer), Some(Whereabouts::Removed));
    assert!(source.ocs.account(CARD).is_none() && source.ocs.account("office").is_some());
    let left: Vec<_> = source.ocs.xdrs().map(|xdr| xdr.account_id.to_string()).collect();
    assert_eq!(left, ["office"]);
    assert_eq!(source.grant(7, CARD, "s", CALLED), Err(Denial::InvalidAccount));
    // It can come back.
    let bundle = export(&mut target, 8, customer, SOURCE);
    import(&mut source, 9, &bundle).unwrap();
    assert_eq!(source.balance(CARD), amount("9.98"));
    assert_eq!(source.ocs.xdrs().len(), 2);
}

#[test]
fn a_customer_is_taken_back_with_its_money_and_without_its_new_configuration() {
    let (mut source, mut target) = systems();
    let customer = card_owners(&source);
    let bundle = export(&mut source, 10, customer, TARGET);
    import(&mut target, 11, &bundle).unwrap();
    target.report(100, called(stop(CARD, "a", 20, 60)));
    target.admin(101, Admin::TopUp { account: CARD.to_owned(), amount: amount("5") });
    target.admin(102, Admin::Block { account: "empty".to_owned() });
    target.admin(103, Admin::Terminate { account: "two-dollars".to_owned() });
    let back = export(&mut target, 110, customer, SOURCE);
    let told = source.ocs.returned_on_trial(&back);
    let taken = order(&mut source, 111, Migrate::Return(Box::new(back.clone())));
    let Ok(Migrated::Returned(report)) = taken else { panic!("{taken:?}") };
    assert_eq!(*report, told);
    // 10.00 less 0.02 and 5.00 more.
    assert_eq!(report.adjusted, [(CARD.into(), amount("10"), amount("14.98"))]);
    let amounts: Vec<_> = report.returned.iter().map(|xdr| xdr.charged_amount).collect();
    assert_eq!(amounts, [amount("0.02"), amount("-5")]);
    assert_eq!((report.left.len(), report.missing.len()), (0, 0));
    let active: Vec<_> = report.active.iter().map(ToString::to_string).collect();
    assert_eq!(active, ["two-dollars"]);
    assert_eq!(source.balance(CARD), amount("14.98"));
    assert!(!source.ocs.account("empty").unwrap().is_blocked());
    assert!(source.grant(112, "two-dollars", "b", CALLED).is_ok());
    assert_eq!(target.grant(112, CARD, "b", CALLED), Err(Denial::Exported));
    let again = order(&mut source, 113, Migrate::Return(Box::new(back)));
    assert!(matches!(again, Ok(Migrated::Returned(report)) if report.again));
    assert_eq!(source.ocs.xdrs().len(), 2);
}

#[test]
fn a_terminated_account_is_served_no_more_and_its_id_is_free() {
    let mut world = World::new();
    world.grant(0, CARD, "a", CALLED).unwrap();
    world.report(1, called(start(CARD, "a", 1)));
    assert_eq!(world.admin(30, Admin::Terminate { account: CARD.to_owned() }), Answer::Recorded);
    assert!(world.ocs.account(CARD).is_none());
    assert_eq!(world.grant(31, CARD, "b", CALLED), Err(Denial::InvalidAccount));
    let renamed = Admin::Rename { account: "two-dollars".to_owned(), to: CARD.to_owned() };
    assert_eq!(world.admin(32, renamed.clone()), Answer::Recorded);
    assert!(world.grant(33, CARD, "c", CALLED).is_ok());
    assert_eq!(world.admin(34, renamed), Answer::Refused(Refusal::UnknownAccount("two-dollars".to_owned())));
    let taken = Admin::Rename { account: CARD.to_owned(), to: "empty".to_owned() };
    assert_eq!(world.admin(35, taken), Answer::Refused(Refusal::Taken("empty".to_owned())));
    // The Stop of what was open at the end is charged all the same: 60 s.
    world.report(61, UsageReport { stage: Stage::Stop, ..called(stop(CARD, "a", 1, 60)) });
    assert_eq!(world.the_xdr().charged_amount, amount("0.02"));
}
