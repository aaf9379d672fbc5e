//! A store belongs to its world: to the file that is named, and to those that this one is laid over.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "it waits for a real server")]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{Served, root, tollgate};

/// Serves a world with a store for a moment.
fn served(world: &Path, store: &Path) {
    let (world, store) = (world.display().to_string(), store.display().to_string());
    drop(Served::start_with(&world, &["--show", "nothing", "--store", &store]));
}

#[test]
fn a_change_of_the_world_below_is_another_world() {
    let folder = tempfile::tempdir().unwrap();
    let (base, world) = (folder.path().join("base.yaml"), folder.path().join("world.yaml"));
    let store = folder.path().join("store");
    let text = std::fs::read_to_string(root().join("scenarios/worlds/calling-card.yaml")).unwrap();
    std::fs::write(&base, &text).unwrap();
    std::fs::write(&world, "file: base.yaml\nworld: Laid over another\n").unwrap();
    served(&world, &store);
    // The same again goes on.
    served(&world, &store);
    let dearer = text.replacen("price: 0.02/min", "price: 0.03/min", 1);
    assert_ne!(dearer, text);
    std::fs::write(&base, dearer).unwrap();
    let (world, store) = (world.display().to_string(), store.display().to_string());
    let mut refused = tollgate()
        .args(["serve", &world, "--auth-port", "0", "--acct-port", "0", "--store", &store])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while refused.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    // One that goes on serving has not refused.
    let _ = refused.kill();
    let refused = refused.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("belongs to another world file"), "{said}");
}
