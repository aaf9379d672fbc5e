//! What becomes of sessions at a node that restarts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CARD, DIALLED, World, amount, interim, request, start, stop};
use tollgate_ocs_core::{AccessRequest, Answer, ClosedBy, Command, Denial, Effect, Grant, Note};

/// Dialled, at 0.10 a minute by the minute.
const LOCAL: &str = "5550193";

fn restarted(world: &mut World, secs: u64, node: &str, delay: u64) {
    let command = Command::NodeRestarted { node: node.to_owned(), delay };
    assert_eq!(world.apply(secs, command), Answer::Recorded);
}

fn closed(world: &World) -> Vec<ClosedBy> {
    let closed = world.effects.iter().filter_map(|effect| match effect {
        Effect::Closed(closed) => Some(closed.by),
        _ => None,
    });
    closed.collect()
}

#[test]
fn what_was_charged_stays_and_the_rest_is_returned() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(5, start("two-dollars", "c1", 5));
    world.report(125, interim("two-dollars", "c1", 5, 120));
    restarted(&mut world, 200, "nas", 0);
    let xdr = world.the_xdr();
    // Two minutes at 0.10.
    assert_eq!((xdr.charged_amount, xdr.used_quantity), (amount("0.20"), 120));
    assert_eq!(xdr.notes, [Note::NodeRestarted]);
    assert_eq!(closed(&world), [ClosedBy::NodeRestarted]);
    assert_eq!((world.balance("two-dollars"), world.reserved("two-dollars")), (amount("1.80"), amount("0")));
    // The money is there at once for another call: 1.80 pay for 18 minutes.
    assert_eq!(world.grant(201, "two-dollars", "c2", LOCAL), Ok(Grant::Units(1_080)));
}

#[test]
fn a_stop_that_was_on_its_way_is_charged_for_the_difference() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(125, interim("two-dollars", "c1", 5, 120));
    restarted(&mut world, 200, "nas", 0);
    world.report(201, stop("two-dollars", "c1", 5, 180));
    // The third minute.
    assert_eq!(world.the_xdr().charged_amount, amount("0.10"));
    assert_eq!(world.balance("two-dollars"), amount("1.70"));
}

#[test]
fn only_sessions_of_that_node_end_and_only_those_from_before() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    restarted(&mut world, 40, "other", 0);
    assert_eq!(closed(&world), []);
    // It restarted 60 s ago, and has spoken of the call since.
    world.report(50, start("two-dollars", "c1", 50));
    restarted(&mut world, 100, "nas", 60);
    assert_eq!(closed(&world), []);
    restarted(&mut world, 100, "nas", 50);
    assert_eq!(closed(&world), [ClosedBy::NodeRestarted]);
}

#[test]
fn the_card_of_a_caller_who_was_cut_off_is_not_in_use() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    world.grant(1, CARD, "c1", DIALLED).unwrap();
    let again = || AccessRequest { ..request(CARD, "c2") };
    assert_eq!(world.login(2, again()), Err(Denial::AccountInUse));
    restarted(&mut world, 3, "nas", 0);
    assert_eq!(closed(&world), [ClosedBy::NodeRestarted, ClosedBy::NodeRestarted]);
    assert!(world.made().is_empty());
    assert!(world.login(4, again()).is_ok());
}
