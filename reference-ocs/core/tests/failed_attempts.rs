//! Requests that are denied: wrong passwords, accounts that may not be used, and which reason comes first.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CARD, DIALLED, World, amount, at, catalogue, decided, request, settings};
use tollgate_ocs_core::{
    AccessRequest, Admin, Answer, Command, Denial, Ocs, Proof, Settings, Stage, UsageReport,
};

const ACCOUNT: &str = "with-password";

fn login(proof: Proof) -> AccessRequest {
    AccessRequest { proof, ..request(ACCOUNT, "c1") }
}

#[test]
fn the_third_wrong_password_in_a_row_locks_out() {
    let mut world = World::new();
    assert_eq!(world.login(0, login(Proof::Invalid)).unwrap_err(), Denial::InvalidPassword);
    assert_eq!(world.login(1, login(Proof::Absent)).unwrap_err(), Denial::InvalidPassword);
    assert_eq!(world.login(2, login(Proof::Invalid)).unwrap_err(), Denial::RetriesExceeded);
    // Even the right one is not looked at, until ten minutes after the third.
    assert_eq!(world.login(3, login(Proof::Valid)).unwrap_err(), Denial::RetriesExceeded);
    assert_eq!(world.login(601, login(Proof::Valid)).unwrap_err(), Denial::RetriesExceeded);
    assert!(world.login(602, login(Proof::Valid)).is_ok());
}

#[test]
fn after_a_lockout_the_count_begins_anew() {
    let mut world = World::new();
    for secs in 0..3 {
        assert!(world.login(secs, login(Proof::Invalid)).is_err());
    }
    assert_eq!(world.login(700, login(Proof::Invalid)).unwrap_err(), Denial::InvalidPassword);
    assert!(world.login(701, login(Proof::Valid)).is_ok());
}

#[test]
fn a_good_password_forgets_the_wrong_ones() {
    let mut world = World::new();
    for round in 0..4 {
        assert_eq!(world.login(round * 10, login(Proof::Invalid)).unwrap_err(), Denial::InvalidPassword);
        assert_eq!(world.login(round * 10 + 1, login(Proof::Invalid)).unwrap_err(), Denial::InvalidPassword);
        assert!(world.login(round * 10 + 2, login(Proof::Valid)).is_ok());
    }
}

#[test]
fn without_a_bound_nobody_is_locked_out() {
    let mut world = World::with(Settings { password_attempts_max: 0, ..settings() });
    for secs in 0..300 {
        assert_eq!(world.login(secs, login(Proof::Invalid)).unwrap_err(), Denial::InvalidPassword);
    }
    assert!(world.login(301, login(Proof::Valid)).is_ok());
}

#[test]
fn a_trusted_node_needs_no_password() {
    let mut world = World::new();
    assert!(world.login(0, login(Proof::Ignored)).is_ok());
    assert!(world.login(0, AccessRequest { proof: Proof::Absent, ..request(CARD, "c1") }).is_ok());
}

#[test]
fn a_changed_password_is_the_one_that_counts() {
    let mut world = World::new();
    assert_eq!(world.ocs.password(ACCOUNT), Some("4711"));
    let change = Admin::SetPassword { account: ACCOUNT.to_owned(), password: None };
    assert_eq!(world.admin(0, change), Answer::Recorded);
    assert_eq!(world.events(), ["Account/ServicePassword/Changed"]);
    assert_eq!(world.ocs.password(ACCOUNT), None);
    assert!(world.login(1, login(Proof::Absent)).is_ok());
}

#[test]
fn an_unknown_account_is_told_nothing() {
    let mut world = World::new();
    let answer = world.apply(0, Command::Authenticate(request("11380441234567", "c1")));
    let Answer::Denied(denied) = answer else { panic!("{answer:?}") };
    assert_eq!((denied.denial, denied.context), (Denial::InvalidAccount, None));
    assert_eq!(denied.denial.explanation(), "invalid_account");
}

#[test]
fn a_denial_names_product_and_tariff() {
    let mut world = World::new();
    let call = AccessRequest { cld: Some("91245684289".to_owned()), ..request(CARD, "c1") };
    let answer = world.apply(0, Command::Authorize(call));
    let Answer::Denied(denied) = answer else { panic!("{answer:?}") };
    assert_eq!(denied.denial.explanation(), "cld_blocked");
    let context = denied.context.unwrap();
    assert_eq!((&*context.product, context.tariff.as_deref()), ("Prepaid Card", Some("PrepaidCard")));
    assert_eq!(context.access_code.as_deref(), Some("6045551600"));
}

#[test]
fn the_first_reason_in_order_of_precedence_is_answered() {
    let mut world = World::new();
    // Everything is wrong at once; each change takes one reason away.
    let admin = |world: &mut World, change| assert_eq!(world.admin(10, change), Answer::Recorded);
    let account = || ACCOUNT.to_owned();
    world.login(0, AccessRequest { proof: Proof::Valid, ..request(ACCOUNT, "other") }).unwrap();
    admin(&mut world, Admin::Adjust { account: account(), amount: amount("-5.00") });
    admin(&mut world, Admin::Block { account: account() });
    admin(&mut world, Admin::SuspendCustomer { customer: "Card Owners".to_owned(), suspended: true });
    admin(&mut world, Admin::SetExpiry { account: account(), expires_at: Some(at(10)) });
    let call = |account: &str, cld: &str, proof: Proof, code: &str| {
        Command::Authorize(AccessRequest {
            proof,
            cld: Some(cld.to_owned()),
            access_code: Some(code.to_owned()),
            ..request(account, "c1")
        })
    };
    let ask = |world: &mut World, command| decided(world.apply(10, command)).unwrap_err();
    let everything = || call(ACCOUNT, "01133", Proof::Valid, "nowhere");

    assert_eq!(ask(&mut world, call("nobody", "", Proof::Invalid, "nowhere")), Denial::InvalidArgument);
    assert_eq!(ask(&mut world, call("nobody", "01133", Proof::Invalid, "nowhere")), Denial::InvalidAccount);
    assert_eq!(ask(&mut world, call(ACCOUNT, "01133", Proof::Invalid, "nowhere")), Denial::InvalidPassword);
    assert_eq!(ask(&mut world, everything()), Denial::UserDenied);
    admin(&mut world, Admin::Unblock { account: account() });
    assert_eq!(ask(&mut world, everything()), Denial::UserSuspended);
    admin(&mut world, Admin::SuspendCustomer { customer: "Card Owners".to_owned(), suspended: false });
    assert_eq!(ask(&mut world, everything()), Denial::CardExpired);
    admin(&mut world, Admin::SetExpiry { account: account(), expires_at: Some(at(11)) });
    assert_eq!(ask(&mut world, everything()), Denial::AccountInUse);
    admin(&mut world, Admin::CloseSession { account: account(), session: "other".into() });
    assert_eq!(ask(&mut world, everything()), Denial::ZeroBalance);
    // 0.05 is more than nothing and less than the first interval to 44, which costs 0.30.
    admin(&mut world, Admin::TopUp { account: account(), amount: amount("0.05") });
    assert_eq!(ask(&mut world, everything()), Denial::NotAvailable);
    assert_eq!(ask(&mut world, call(ACCOUNT, "01133", Proof::Valid, common::ACCESS)), Denial::CldBlocked);
    assert_eq!(
        ask(&mut world, call(ACCOUNT, "01144", Proof::Valid, common::ACCESS)),
        Denial::InsufficientBalance
    );
    assert!(decided(world.apply(10, call(ACCOUNT, DIALLED, Proof::Valid, common::ACCESS))).is_ok());
}

#[test]
fn blocking_and_suspending_are_told_once() {
    let mut world = World::new();
    world.admin(0, Admin::Block { account: CARD.to_owned() });
    assert_eq!(world.events(), ["Account/Blocked"]);
    world.admin(0, Admin::Block { account: CARD.to_owned() });
    assert!(world.events().is_empty());
    world.admin(0, Admin::Unblock { account: CARD.to_owned() });
    assert_eq!(world.events(), ["Account/Unblocked"]);
    world.admin(0, Admin::SuspendCustomer { customer: "Shop".to_owned(), suspended: true });
    assert_eq!(
        world.events(),
        ["Customer/Status/Suspend", "Account/Status/Suspend", "Account/Status/Suspend"]
    );
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let before = world.ocs.dump();
    let card = || CARD.to_owned();
    let refused = [
        Admin::TopUp { account: "nobody".to_owned(), amount: amount("1") },
        Admin::TopUp { account: card(), amount: amount("0") },
        Admin::TopUp { account: card(), amount: amount("-1") },
        Admin::TopUp { account: card(), amount: tollgate_ocs_core::Amount::from_units(i64::MAX) },
        Admin::Adjust { account: card(), amount: amount("-10.00001") },
        Admin::PayCustomer { customer: "nobody".to_owned(), amount: amount("1") },
        Admin::SetProduct { account: card(), product: "nothing".to_owned() },
        Admin::SetCreditLimit { account: "shop-1".to_owned(), limit: Some(amount("-1")) },
        Admin::CloseSession { account: card(), session: "c1".into() },
    ];
    for change in refused {
        let answer = world.admin(0, change.clone());
        assert!(matches!(answer, Answer::Refused(_)), "{change:?}");
        assert_eq!(world.effects.len(), 1, "{change:?}");
    }
    let mut untouched = Ocs::new(catalogue(settings()));
    untouched.expire(at(0));
    assert_ne!(before, untouched.dump());
    assert_eq!(world.ocs.dump(), untouched.dump());
}

#[test]
fn nothing_that_a_client_reports_stops_the_system() {
    let mut world = World::new();
    let extremes = [0, 1, u64::MAX / 2, u64::MAX];
    for (number, (duration, delay)) in extremes.into_iter().flat_map(|a| extremes.map(|b| (a, b))).enumerate()
    {
        for stage in [Stage::Start, Stage::Interim, Stage::Stop] {
            world.report(
                10,
                UsageReport {
                    duration: Some(duration),
                    delay,
                    octets_in: Some(duration),
                    octets_out: Some(delay),
                    connected_at: Some(tollgate_time::Instant::from_unix_nanos(delay)),
                    disconnected_at: Some(tollgate_time::Instant::from_unix_nanos(duration)),
                    cld: Some("+82\u{0}é 1(2)".repeat(50)),
                    ..common::report(CARD, &format!("c{number}"), stage)
                },
            );
        }
        world.report(
            10,
            UsageReport {
                duration: Some(duration),
                cld: Some(DIALLED.to_owned()),
                access_code: Some(common::ACCESS.to_owned()),
                ..common::report(CARD, &format!("d{number}"), Stage::Stop)
            },
        );
    }
    world.expire(u64::MAX / 4_000_000_000);
    assert_eq!(world.reserved(CARD).to_string(), "0.00000");
}
