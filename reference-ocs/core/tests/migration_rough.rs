//! Whatever arrives as a customer that travels is taken in or refused: nothing of it stops the system.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod common;

use common::{CALLED, CARD, World, builder, dictionary, interim, settings, start, stop};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use serde_json::Value as Json;
use tollgate_ocs_core::ids::{EnvId, Numbering};
use tollgate_ocs_core::migration::{Bundle, Migrate, Migrated, XdrScope};
use tollgate_ocs_core::{Answer, Command, Ocs, Settings, UsageReport};

fn world(env: u32, numbering: Numbering, with_customers: bool) -> World {
    let settings = Settings { env: EnvId::from_number(env), numbering, ..settings() };
    let build = if with_customers { builder(settings) } else { dictionary(settings) };
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

fn called(report: UsageReport) -> UsageReport {
    UsageReport { cld: Some(CALLED.to_owned()), access_code: Some(common::ACCESS.to_owned()), ..report }
}

/// A customer with a call that is up, one that has ended, and one that was granted, as JSON.
fn bundle() -> Json {
    let mut source = world(1, Numbering::Odd, true);
    let customer = source.ocs.customer("Card Owners").unwrap().number();
    source.report(1, called(stop(CARD, "ended", 0, 60)));
    source.grant(2, CARD, "up", CALLED).unwrap();
    source.report(3, called(start(CARD, "up", 3)));
    source.report(63, called(interim(CARD, "up", 3, 60)));
    source.grant(64, "two-dollars", "granted", CALLED).unwrap();
    let order = Migrate::Export { customer, to: EnvId::from_number(2), xdrs: XdrScope::All };
    match source.apply(70, Command::Migrate(Box::new(order))) {
        Answer::Migrated(done) => match *done {
            Migrated::Exported { bundle, .. } => serde_json::to_value(&*bundle).unwrap(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Puts something else in the place of the n-th leaf.
fn spoilt(json: &mut Json, left: &mut usize, other: &Json) -> bool {
    match json {
        Json::Array(all) => all.iter_mut().any(|own| spoilt(own, left, other)),
        Json::Object(all) => all.values_mut().any(|own| spoilt(own, left, other)),
        leaf => {
            let here = *left == 0;
            *left = left.saturating_sub(1);
            if here {
                *leaf = other.clone();
            }
            here
        }
    }
}

fn leaves(json: &Json) -> usize {
    match json {
        Json::Array(all) => all.iter().map(leaves).sum(),
        Json::Object(all) => all.values().map(leaves).sum(),
        _ => 1,
    }
}

fn others() -> impl Strategy<Value = Json> {
    prop_oneof![
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-3_i64..300).prop_map(Json::from),
        proptest::sample::select(vec![
            Json::from(i64::MAX),
            Json::from(i64::MIN),
            Json::from(u64::MAX),
            Json::Null,
            Json::from(true),
            Json::from(""),
            Json::from("shop-1"),
            Json::from("Closed"),
            Json::from("Expired"),
            Json::from("Credit"),
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_spoilt_on_its_way_stops_nothing(
        changes in proptest::collection::vec((any::<usize>(), others()), 1..4),
        retakes: bool,
    ) {
        let mut json = bundle();
        for (place, other) in changes {
            let mut left = place % leaves(&json);
            spoilt(&mut json, &mut left, &other);
        }
        let Ok(bundle) = serde_json::from_value::<Bundle>(json) else { return Ok(()) };
        let mut target = world(2, Numbering::Even, false);
        let customer = bundle.customer();
        let order = if retakes { Migrate::Return(Box::new(bundle)) } else { Migrate::Import(Box::new(bundle)) };
        target.apply(100, Command::Migrate(Box::new(order)));
        // Whatever came in is used, ends, and goes on.
        target.report(120, called(interim(CARD, "up", 3, 100)));
        target.report(130, called(stop(CARD, "up", 3, 120)));
        let _ = target.grant(140, CARD, "new", CALLED);
        target.expire(200_000);
        let order = Migrate::Export { customer, to: EnvId::from_number(1), xdrs: XdrScope::All };
        target.apply(200_001, Command::Migrate(Box::new(order)));
    }
}
