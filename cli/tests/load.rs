//! What the load generator reports as used is what the server charges, and is kept on its xDRs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use support::Served;
use tollgate_load::diameter::{DiameterPlan, REPORT, run, world};
use tollgate_load::{Accounts, Pace, Usage};
use tollgate_ocs_store::{World, embedded};

#[test]
fn what_was_reported_under_load_is_charged_to_the_octet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.yaml");
    let store = folder.path().join("store");
    let accounts: Accounts = "90000000000+100".parse().unwrap();
    let world = world(accounts);
    std::fs::write(&file, &world).unwrap();
    let told = ["--show", "nothing", "--store", store.to_str().unwrap()];
    let served = Served::start_diameter_with(file.to_str().unwrap(), &told);
    let plan = DiameterPlan {
        server: ([127, 0, 0, 1], served.diameter_port).into(),
        connections: 3,
        accounts,
        sessions: 150,
        updates: 5,
        pace: Pace::Window(64),
        requests_max: 3_000,
        time_max: Duration::from_secs(60),
        answer_max: Duration::from_secs(30),
        server_pid: Some(served.pid()),
        remote_allowed: false,
        run: 1,
    };
    let report = run(&plan).unwrap();
    let printed = served.stop();
    let Usage { begun, updates, ended, octets } = report.usage.unwrap();
    assert_eq!((report.rejected, report.lost, report.wrong, report.stray), (0, 0, 0, 0), "{report}");
    assert_eq!((begun + updates + ended, begun), (report.answered, ended));
    // Two rating groups in each CCR-U and CCR-T.
    assert_eq!(octets, (updates + ended) * 2 * REPORT);
    assert!(printed.contains(&format!("{updates} CCR-U\n")), "{printed}");

    let (mut on_record, mut charged) = (0, 0);
    embedded::xdrs(&store, World::of(world.as_bytes()), |xdr| {
        on_record += xdr.used_quantity;
        charged += xdr.charged_amount.units();
    })
    .unwrap();
    // 0.01 for each MiB is 1,000 hundred-thousandths.
    assert_eq!((on_record, charged), (octets, i64::try_from(octets / (1 << 20)).unwrap() * 1_000));
}
