//! Same file, same seed: the same journal, byte for byte, on any number of threads; and what is charged does not
//! depend on the network.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use support::tollgate;

fn journals(jobs: &str, seed: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = tollgate()
        .args(["run", "scenarios", "--quiet", "--seeds", "3", "--seed", seed, "--jobs", jobs, "--journal"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let mut found = BTreeMap::new();
    collect(folder.path(), folder.path(), &mut found);
    assert!(found.len() > 60, "{} journals", found.len());
    found
}

fn collect(top: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(top, &path, found);
        } else {
            let name = path.strip_prefix(top).expect("it is inside").to_path_buf();
            found.insert(name, fs::read(&path).expect("it can be read"));
        }
    }
}

#[test]
fn a_seed_gives_the_same_journals_on_any_number_of_threads() {
    let (one, several) = (journals("1", "7"), journals("5", "7"));
    assert_eq!(one.keys().collect::<Vec<_>>(), several.keys().collect::<Vec<_>>());
    for (name, journal) in &one {
        assert!(!journal.is_empty(), "{} is empty", name.display());
        assert_eq!(Some(journal), several.get(name), "{}", name.display());
    }
}

#[test]
fn another_seed_gives_another_journal() {
    let rough = |journals: BTreeMap<PathBuf, Vec<u8>>| {
        let named = |name: &PathBuf| name.to_string_lossy().contains("rough-network");
        journals.into_iter().filter(|(name, _)| named(name)).map(|(_, text)| text).collect::<Vec<_>>()
    };
    assert_ne!(rough(journals("2", "7")), rough(journals("2", "100")));
}

#[test]
fn a_thousand_seeds_of_a_rough_network_charge_what_a_good_one_does() {
    let output = tollgate()
        .args(["run", "scenarios/prepaid-ivr/rough-network.yaml", "--quiet", "--seeds", "1000"])
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1000 passed"), "{text}");
}

#[test]
fn the_command_log_rebuilds_the_state_of_every_scenario() {
    let output =
        tollgate().args(["run", "scenarios", "--verify-replay", "--verbose"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("the command log rebuilds the same state"), "{text}");
}
