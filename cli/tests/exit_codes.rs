//! Whatever a newcomer gets wrong ends with a readable report and its exit code, never with a panic.

#![allow(
    clippy::disallowed_methods,
    reason = "what the command does to real clocks and ports is looked at here"
)]

mod support;

use std::fs;
use std::path::Path;

use support::{root, tollgate};

/// A library of one scenario: the shared worlds and sequences, and this text.
fn library(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for shared in ["worlds", "sequences"] {
        copy(&root().join("scenarios").join(shared), &folder.path().join(shared));
    }
    fs::write(folder.path().join("one.yaml"), text).expect("it can be written");
    folder
}

/// A folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder in it");
    for entry in fs::read_dir(from).expect("the library is there") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("it can be copied");
        }
    }
}

/// Runs the command and returns its exit code and everything that it printed.
fn outcome(arguments: &[&str], path: &Path) -> (i32, String) {
    let output = tollgate().args(arguments).arg(path).output().expect("it runs");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code().expect("it ends by itself"), text)
}

const GOOD: &str = r##"scenario: A card without money is refused
world: worlds/calling-card.yaml
peers:
  ivr: { is: nas, at: 164.9.9.100 }
steps:
  - ivr.call: { from: "6045550193", to: "6045551600" }
  - ivr.dial: "10086610977#"
  - expect: { ivr: Access-Reject }
    where: { h323-return-code: 4 }
"##;

fn run(text: &str) -> (i32, String) {
    outcome(&["run"], library(text).path())
}

#[test]
fn a_scenario_that_holds_passes() {
    let (code, text) = run(GOOD);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn a_scenario_that_does_not_hold_fails_and_says_how_to_run_it_again() {
    let (code, text) = run(&GOOD.replace("h323-return-code: 4", "h323-return-code: 5"));
    assert_eq!(code, 4, "{text}");
    for part in ["h323-return-code: 5", "one.yaml:8", "run it again: tollgate run", "--seed 1"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_shown_with_line_and_suggestion() {
    let cases = [
        ("a misspelt verb", GOOD.replace("ivr.dial", "ivr.dail"), "did you mean 'dial'"),
        ("a misspelt peer", GOOD.replace("ivr.call", "irv.call"), "did you mean 'ivr'"),
        ("a duplicate key", GOOD.replace("world:", "scenario: twice\nworld:"), "one.yaml:2:1"),
        ("a tab", GOOD.replace("  ivr:", "\tivr:"), "tab"),
        ("a missing world", GOOD.replace("calling-card.yaml", "calling-cart.yaml"), "calling-cart.yaml"),
        ("an unquoted card number", GOOD.replace("\"10086610977#\"", "10086610977"), "quote"),
        ("no text at all", String::new(), "error"),
        ("no YAML at all", "scenario: [".to_owned(), "one.yaml:1"),
        ("an unknown requirement", format!("covers: [RC-99]\n{GOOD}"), "RC-99"),
    ];
    for (what, text, part) in cases {
        let folder = library(&text);
        for verb in ["run", "check"] {
            let (code, shown) = outcome(&[verb], &folder.path().join("one.yaml"));
            assert_eq!(code, 2, "{what}, {verb}: {shown}");
            assert!(shown.contains(part), "{what}, {verb}: {part} is not in\n{shown}");
        }
    }
}

#[test]
fn two_mistakes_are_shown_at_once() {
    let (code, text) = run(&GOOD.replace("ivr.dial", "ivr.dail").replace("Access-Reject", "Access-Rejekt"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("'dial'") && text.contains("'Access-Reject'"), "{text}");
}

#[test]
fn a_world_and_a_sequence_are_checked_as_what_they_are() {
    let folder = library(GOOD);
    let (code, text) = outcome(&["check"], &folder.path().join("worlds/calling-card.yaml"));
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("this world is sound: "), "{text}");
    let (code, text) = outcome(&["check"], &folder.path().join("sequences/ivr-login.yaml"));
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("this sequence is sound by itself: "), "{text}");
    let (code, text) = outcome(&["check"], folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("for 1 run; ") && text.contains("sequences among them"), "{text}");
    for (verb, what) in [("run", "this file is a world, not a scenario"), ("serve", "not a world")] {
        let file = if verb == "run" { "worlds/calling-card.yaml" } else { "one.yaml" };
        let (code, text) = outcome(&[verb], &folder.path().join(file));
        assert_eq!(code, 2, "{verb}: {text}");
        assert!(text.contains(what), "{verb}: {text}");
    }
}

/// A world that lacks nothing.
const WORLD: &str = r##"world: small
currency: CAD
ocs: 10.0.0.1
nodes: { nas: { address: 10.0.0.2, secret: s } }
tariffs:
  retail: { rates: [{ prefix: "82", price: 0.02/min }] }
products: { Card: { rating: [{ tariff: retail }] } }
customers: { owner: {} }
accounts:
  "1": { customer: owner, product: Card, balance: 1.00 }
"##;

#[test]
fn what_is_wrong_with_a_world_is_shown_with_its_line_and_once() {
    let folder = library(GOOD);
    let file = folder.path().join("worlds/small.yaml");
    let cases = [
        // Seen by the check of the file.
        (WORLD.replace("product: Card,", "product: Crad,"), "small.yaml:10:36", "did you mean 'Card'?"),
        // Seen by the catalogue alone.
        (WORLD.replace("0.02/min", "0.02/unit"), "small.yaml:6:21", "is not priced in this unit"),
    ];
    fs::write(folder.path().join("two.yaml"), GOOD.replace("calling-card", "small")).expect("written");
    for (text, place, part) in cases {
        fs::write(&file, text).expect("it can be written");
        for path in [file.as_path(), folder.path()] {
            let (code, shown) = outcome(&["check"], path);
            assert_eq!(code, 2, "{shown}");
            assert!(shown.contains(place), "{place} is not in\n{shown}");
            assert_eq!(shown.matches(part).count(), 1, "{shown}");
        }
    }
}

#[test]
fn a_sequence_by_itself_names_verbs_and_sights_that_no_peer_has() {
    let folder = library(GOOD);
    let file = folder.path().join("sequences/new.yaml");
    let text = "sequence: new\nparameters: [card, unused]\nsteps:\n  - ivr.dail: \"${card}#\"\n  - expect: { ivr: Access-Rejekt }\n";
    fs::write(&file, text).expect("it can be written");
    let (code, shown) = outcome(&["check"], &file);
    assert_eq!(code, 2, "{shown}");
    for part in ["did you mean 'dial'?", "did you mean 'Access-Reject'?", "the parameter 'unused'"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[test]
fn a_path_that_is_not_there_is_a_wrong_scenario() {
    let (code, text) = outcome(&["run"], Path::new("no/such/folder"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("no/such/folder"), "{text}");
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for arguments in [&["run", "--sped", "3"][..], &["fly"], &["run", "--tag", "no-such-tag", "scenarios"]] {
        let output = tollgate().args(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(tollgate().arg("--help").output().expect("it runs").status.code(), Some(0));
    assert_eq!(tollgate().args(["explain", "naz"]).output().expect("it runs").status.code(), Some(1));
}

#[test]
fn on_real_sockets_a_long_bound_is_not_waited_out_beyond_the_patience() {
    let text = GOOD.replace("ivr: Access-Reject }", "ivr: Access-Accept, within: 2h }");
    let folder = library(&text);
    let begun = std::time::Instant::now();
    let (code, shown) = outcome(
        &["run", "--target", "reference-sockets", "--speed", "10", "--patience", "1"],
        &folder.path().join("one.yaml"),
    );
    assert_eq!(code, 4, "{shown}");
    assert!(shown.contains("7200s") && shown.contains("--patience"), "{shown}");
    assert!(begun.elapsed().as_secs() < 60, "{shown}");
}

#[test]
fn a_report_that_cannot_be_written_could_not_run() {
    let folder = library(GOOD);
    let blocked = folder.path().join("one.yaml").join("report.xml");
    let (code, text) = outcome(&["run", "--junit", &blocked.to_string_lossy()], folder.path());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("report.xml"), "{text}");
}

#[test]
fn a_port_that_is_taken_could_not_run() {
    let world = root().join("scenarios/worlds/calling-card.yaml");
    let served = support::Served::start("scenarios/worlds/calling-card.yaml");
    let port = served.auth_port.to_string();
    let (code, text) = outcome(&["serve", "--auth-port", &port, "--acct-port", "0"], &world);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&port), "{text}");
    let (code, text) = outcome(&["serve"], Path::new("no/world.yaml"));
    assert_eq!(code, 2, "{text}");
}

#[test]
fn what_diameter_lacks_is_told_before_anything_is_served() {
    let free = ["serve", "--auth-port", "0", "--acct-port", "0", "--diameter-port", "0"];
    let folder = library(GOOD);
    let (code, text) = outcome(&free, &folder.path().join("worlds/calling-card.yaml"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("diameter: { host: "), "{text}");

    let mobile = fs::read_to_string(folder.path().join("worlds/mobile.yaml")).expect("it is there");
    let secured = folder.path().join("worlds/secured.yaml");
    fs::write(&secured, mobile.replacen("  realm:", "  transport: tls\n  realm:", 1)).expect("written");
    let (code, text) = outcome(&free, &secured);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("give --tls-cert and --tls-key"), "{text}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("it has one").port().to_string();
    let arguments = ["serve", "--auth-port", "0", "--acct-port", "0", "--diameter-port", &port];
    let (code, text) = outcome(&arguments, &folder.path().join("worlds/mobile.yaml"));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&port) && text.contains("--diameter-port takes another port"), "{text}");
}
