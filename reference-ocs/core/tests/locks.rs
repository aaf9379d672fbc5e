//! The lock of a login: who holds it, who is kept out, how it ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CARD, DIALLED, World, caller_left, locked, report, request, settings, start, stop};
use std::time::Duration;
use tollgate_ocs_core::{Admin, Answer, ClosedBy, Denial, Effect, Lock, Settings, Stage, UsageReport};

fn holder(world: &World) -> Option<String> {
    world.ocs.account(CARD).unwrap().locked_by().map(ToString::to_string)
}

#[test]
fn a_second_login_is_refused_while_the_first_lasts() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    assert_eq!(world.login(5, request(CARD, "c2")).unwrap_err(), Denial::AccountInUse);
    assert_eq!(world.grant(5, CARD, "c2", DIALLED), Err(Denial::AccountInUse));
    // The session that holds the lock goes on.
    assert!(world.login(6, request(CARD, "c1")).is_ok());
    assert!(world.grant(7, CARD, "c1", DIALLED).is_ok());
}

#[test]
fn the_end_of_the_incoming_leg_unlocks() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.report(60, caller_left(CARD, "c1", 60));
    assert!(world.login(61, request(CARD, "c2")).is_ok());
}

#[test]
fn the_end_of_another_sessions_incoming_leg_does_not() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.report(60, caller_left(CARD, "c9", 60));
    assert_eq!(holder(&world).as_deref(), Some("c1"));
}

#[test]
fn the_end_of_the_outgoing_leg_keeps_the_lock_for_the_next_call() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.grant(5, CARD, "c1", DIALLED).unwrap();
    world.report(90, stop(CARD, "c1", 10, 71));
    assert_eq!(holder(&world).as_deref(), Some("c1"));
    // Unless it says otherwise.
    world.report(95, UsageReport { lock: Lock::Unlock, ..report(CARD, "c2", Stage::Stop) });
    assert_eq!(holder(&world), None);
}

#[test]
fn a_call_of_its_own_key_belongs_to_the_login_that_it_names() {
    let mut world = World::new();
    world.login(0, request(CARD, "login")).unwrap();
    let call = tollgate_ocs_core::AccessRequest {
        parent: Some("login".into()),
        access_code: None,
        cld: Some(DIALLED.to_owned()),
        ..request(CARD, "call-1")
    };
    assert!(world.authorize(5, call).is_ok());
    let report = UsageReport { parent: Some("login".into()), ..stop(CARD, "call-1", 10, 71) };
    world.report(90, report);
    assert!(world.the_xdr().notes.is_empty());
    assert_eq!(world.the_xdr().parent_session_id, Some("login".into()));
}

#[test]
fn lock_takes_the_account_over() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.login(1, locked(CARD, "c2", Lock::Lock)).unwrap();
    assert_eq!(holder(&world).as_deref(), Some("c2"));
    assert_eq!(world.grant(2, CARD, "c1", DIALLED), Err(Denial::AccountInUse));
}

#[test]
fn nolock_checks_and_leaves_the_account_open() {
    let mut world = World::new();
    world.login(0, locked(CARD, "c1", Lock::NoLock)).unwrap();
    assert_eq!(holder(&world), None);
    world.login(1, request(CARD, "c2")).unwrap();
    assert_eq!(world.login(2, locked(CARD, "c1", Lock::NoLock)).unwrap_err(), Denial::AccountInUse);
    world.login(3, locked(CARD, "c2", Lock::NoLock)).unwrap();
    assert_eq!(holder(&world), None);
}

#[test]
fn unlock_removes_any_lock() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.login(1, locked(CARD, "c2", Lock::Unlock)).unwrap();
    assert_eq!(holder(&world), None);
}

#[test]
fn ignore_neither_sees_nor_touches_a_lock() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.login(1, locked(CARD, "c2", Lock::Ignore)).unwrap();
    assert_eq!(holder(&world).as_deref(), Some("c1"));
}

#[test]
fn credit_accounts_are_not_locked() {
    let mut world = World::new();
    world.login(0, request("office", "c1")).unwrap();
    assert!(world.login(1, request("office", "c2")).is_ok());
}

#[test]
fn a_lock_ends_when_nothing_more_is_heard() {
    let mut world = World::with(Settings { login_lock: Duration::from_secs(100), ..settings() });
    world.login(0, request(CARD, "c1")).unwrap();
    world.login(50, request(CARD, "c1")).unwrap();
    world.expire(149);
    assert_eq!(holder(&world).as_deref(), Some("c1"));
    world.expire(150);
    assert_eq!(holder(&world), None);
    let closed = world.effects.iter().find_map(|effect| match effect {
        Effect::Closed(closed) => Some(closed.by),
        _ => None,
    });
    assert_eq!(closed, Some(ClosedBy::LockExpired));
    assert_eq!(world.ocs.next_deadline(), None);
}

#[test]
fn a_long_call_keeps_the_lock_of_its_login() {
    let mut world = World::with(Settings { login_lock: Duration::from_secs(100), ..settings() });
    world.login(0, request(CARD, "c1")).unwrap();
    world.grant(5, CARD, "c1", DIALLED).unwrap();
    world.report(10, start(CARD, "c1", 10));
    world.expire(5_000);
    assert_eq!(holder(&world).as_deref(), Some("c1"));
}

#[test]
fn an_administrator_closes_a_session() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.grant(5, CARD, "c1", DIALLED).unwrap();
    let close = || Admin::CloseSession { account: CARD.to_owned(), session: "c1".into() };
    assert_eq!(world.admin(6, close()), Answer::Recorded);
    assert_eq!(holder(&world), None);
    assert_eq!(world.reserved(CARD).to_string(), "0.00000");
    assert!(matches!(world.admin(7, close()), Answer::Refused(_)));
}
