//! Steps that are drawn: many seeds, and what is left of a run that fails.

#![allow(clippy::disallowed_methods, reason = "files that the command writes are looked at here")]

mod support;

use std::fs;
use std::path::Path;

use support::{root, tollgate};

/// Holds only as long as nobody talks: the first answered call breaks it.
const SILENT: &str = r##"scenario: Nobody ever talks
starts: 2007-03-09T09:00:00-08:00
world: worlds/calling-card.yaml
peers:
  ivr: { is: nas, at: 164.9.9.100, release-delay: 0s }
steps:
  - random:
      times: 60
      gap: { between: [0s, 9s] }
      of:
        - weight: 3
          draw: { line: [one, two] }
          steps:
            - ivr.call: { from: "6045550193", to: "6045551600", call: "${line}" }
              may-refuse: true
            - wait: 1s
            - ivr.dial: { digits: "10086610975#", call: "${line}" }
              may-refuse: true
            - wait: 1s
            - ivr.dial: { digits: "01182623634515#", call: "${line}" }
              may-refuse: true
        - weight: 3
          draw: { line: [one, two], what: [answer, busy, hangup] }
          steps:
            - ivr.${what}: { call: "${line}" }
              may-refuse: true
        - { weight: 1, draw: { long: { between: [1s, 9s] } }, steps: [ { fault: { loss: 20%, for: "${long}" } } ] }
  - wait: 1d
finally:
  balances: { "10086610975": 10.00 CAD }
"##;

fn run(arguments: &[&str]) -> (i32, String) {
    let output = tollgate().arg("run").args(arguments).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().expect("it ends by itself"), text)
}

fn yaml_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(yaml_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_library_s_random_steps_hold_for_many_seeds() {
    let path = root().join("scenarios/random");
    let (code, text) = run(&[path.to_str().expect("a path"), "--seeds", "100", "--quiet"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("100 passed"), "{text}");
}

#[test]
fn a_failing_run_is_printed_and_written_as_a_small_file_that_fails_by_itself() {
    let library = tempfile::tempdir().expect("a folder");
    let scenario = library.path().join("silent.yaml");
    let text = SILENT.replace("worlds/", &format!("{}/scenarios/worlds/", root().display()));
    fs::write(&scenario, text).expect("it can be written");
    let scenario = scenario.to_str().expect("a path");
    let small = library.path().join("small");
    let folder = small.to_str().expect("a path");
    let (code, text) = run(&[scenario, "--seeds", "20", "--shrunk", folder]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("made small: "), "{text}");
    assert!(!text.contains("another way"), "{text}");
    let files = yaml_below(&small);
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let written = fs::read_to_string(file).expect("it was written");
    // A call, its card, its destination, an answer, an end, some waits, and the day at the end.
    let steps = written.lines().filter(|line| line.starts_with("  - ")).count();
    assert!(steps <= 10, "{written}");
    assert!(!written.contains("random:") && written.contains("seed: "), "{written}");
    assert!(text.contains("  - wait: 1d"), "{text}");
    let (code, text) = run(&[file.to_str().expect("a path")]);
    assert_eq!(code, 4, "{text}");

    let (code, text) = run(&[scenario, "--seeds", "20", "--no-shrink", "--shrunk", folder]);
    assert_eq!(code, 4, "{text}");
    assert!(!text.contains("made small: "), "{text}");
}
