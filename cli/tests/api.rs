//! curl, whose HTTP is its own, moves a customer from one served system to another; the source ends and begins again in between.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::program::Program;
use support::{available, root, tollgate};

/// A system that serves, and where it speaks HTTP.
struct System {
    program: Program,
    at: String,
}

fn served(world: &str, store: &str) -> System {
    let mut command = tollgate();
    let ports = ["--auth-port", "0", "--acct-port", "0", "--diameter-port", "0", "--api-port", "0"];
    command.current_dir(root()).args(["serve", world, "--show", "nothing", "--store", store]).args(ports);
    let mut program = Program::start(&mut command);
    let line = program.lines.wait_for("HTTP at ");
    let at = line.trim_start_matches("HTTP at ").split(": ").next().unwrap().to_owned();
    System { program, at }
}

/// The status and the body of an answer.
fn called(system: &System, method: &str, session: &str, params: &Value) -> (String, Value) {
    let body = json!({ "auth_info": { "session_id": session }, "params": params }).to_string();
    let mut curl = Command::new("curl")
        .args(["-s", "-w", "\n%{http_code}", "-H", "Content-Type: application/json", "--data-binary", "@-"])
        .arg(format!("http://{}/rest/{method}", system.at))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut curl.stdin.take().unwrap(), body.as_bytes()).unwrap();
    let output = String::from_utf8(curl.wait_with_output().unwrap().stdout).unwrap();
    let (body, status) = output.rsplit_once('\n').unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap())
}

fn session(system: &System) -> String {
    let login = json!({ "login": "porter", "password": "porter-secret" });
    let (status, body) = called(system, "Session/login", "", &login);
    assert_eq!(status, "200", "{body}");
    body["session_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_customer_moves_between_two_processes_though_the_source_ends_in_between() {
    if !available("curl", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let store = |name: &str| folder.path().join(name).display().to_string();
    let (source_world, target_world) =
        ("scenarios/worlds/dual/source.yaml", "scenarios/worlds/dual/target.yaml");
    let source = served(source_world, &store("source"));
    let target = served(target_world, &store("target"));
    let paid = json!({ "i_account": 7, "action": "Manual Payment", "amount": "2.50" });
    let (status, body) = called(&source, "Account/make_transaction", &session(&source), &paid);
    // 1.00 and 2.50.
    assert_eq!((status.as_str(), body["balance"].as_str()), ("200", Some("3.50000")));
    let export = json!({ "i_customer": 3, "to": 2, "xdrs": "all" });
    let (status, first) = called(&source, "v1/Migration/export_customer", &session(&source), &export);
    assert_eq!(
        (status.as_str(), &first["again"], &first["xdrs"]),
        ("200", &json!(false), &json!(1)),
        "{first}"
    );
    // It ends and begins again: what it has answered it still knows.
    drop(source.program);
    let source = served(source_world, &store("source"));
    let (status, again) = called(&source, "v1/Migration/export_customer", &session(&source), &export);
    assert_eq!((status.as_str(), &again["again"]), ("200", &json!(true)));
    assert_eq!(again["bundle"], first["bundle"]);
    // What the one answers the other takes as it is, as often as it comes.
    for again in [false, true] {
        let (status, body) = called(&target, "v1/Migration/import_customer", &session(&target), &first);
        assert_eq!((status.as_str(), &body["again"]), ("200", &json!(again)), "{body}");
    }
    let asked = json!({ "i_account": 7 });
    let (_, there) = called(&target, "Account/get_account_info", &session(&target), &asked);
    assert_eq!(there["account_info"]["balance"].as_str(), Some("3.50000"));
    let (status, refused) = called(&source, "Account/make_transaction", &session(&source), &paid);
    assert_eq!((status.as_str(), refused["faultcode"].as_str()), ("409", Some("Server.Exported")));
    let settle = json!({ "i_customer": 3, "hop": 1 });
    assert_eq!(called(&source, "v1/Migration/settle", &session(&source), &settle).0, "200");
    let (status, removed) = called(&source, "v1/Migration/remove_customer", &session(&source), &settle);
    assert_eq!((status.as_str(), &removed["accounts"]), ("200", &json!(1)), "{removed}");
}
