//! The editor's schema accepts what the check accepts, and refuses what a schema can see to be wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod support;

use jsonschema::Validator;
use serde_json::Value;
use support::{folder, registry};
use tollgate_conformance::scenario::{Options, check_octets};
use tollgate_conformance::schema;

/// The YAML as an editor sees it.
fn document(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).unwrap();
    jsonschema::draft202012::new(schema).unwrap()
}

fn scenarios() -> Validator {
    validator(&schema::scenario(&registry()))
}

fn problems(validator: &Validator, text: &str) -> Vec<String> {
    validator.iter_errors(&document(text)).map(|error| error.to_string()).collect()
}

const SCENARIO: &str = r##"
scenario: Everything that a scenario may say
covers: RC-01
tags: [radius, prepaid]
starts: 2007-03-09T00:15:50-08:00
strict: true
seed: 4711
matrix: { loss: [0%, 5%], round: [1, 2] }
network: { loss: "${loss}", latency: 5ms }
world:
  file: worlds/card.yaml
  accounts: { "100": { blocked: false, balance: 10.00 CAD }, "200": { balance: 1.5 } }
  settings: { lockout: 10min }
peers:
  ivr: { is: nas, at: 192.0.2.10, port: 5060, accounting: start-stop }
steps:
  - ivr.call: { from: "6045550193", to: "6045551600" }
  - ivr.dial: "100#"
  - expect: { ivr: Access-Accept, within: 200ms, times: 2 }
    where:
      h323-return-code: 0
      h323-credit-amount: { between: [1, 10.00] }
      h323-ivr-in.Tariff: { one-of: [PrepaidCard, ~^x] }
      h323-ivr-in.funds: ~^\d+
      Reply-Message: absent
    capture: { funds: h323-ivr-in.funds }
  - expect: { ocs: Access-Request, absent: true }
  - ivr.dial: "${funds}"
  - ivr.answer:
  - ivr.hangup: { cause: "10", after: "${funds}" }
  - ivr.send: Access-Request
    with: { User-Name: "100", NAS-Port: 5, Class: [a, b] }
    corrupt: [truncate 5]
  - wait: 2.972s
  - wait: { until: 2007-03-09T00:16:18.192-08:00 }
  - fault: { duplication: 5%, between: [ivr, ocs], for: 5s }
  - fault: { partition: ivr }
  - fault: heal
  - use: { sequence: sequences/login.yaml, card: "100" }
  - repeat: { times: "${round}", steps: [{ ivr.dial: "1" }] }
  - world.change: { top-up: { account: "100", amount: 5 CAD }, block: "200" }
  - ocs.block: "100"
finally:
  balances: { "100": 9.97633 CAD }
  reserved: { "100": 0 }
  xdrs: [{ account: "100", used: 71s }]
  events: [Account/BalanceChanged]
"##;

#[test]
fn everything_that_a_scenario_may_say_is_accepted_by_both() {
    let path = folder("library").join("calls/everything.yaml");
    let (loaded, report) = check_octets(&path, SCENARIO.as_bytes(), &registry(), &Options::default());
    assert_eq!(report.errors(), 0, "{report}");
    assert_eq!(loaded.len(), 4);
    assert_eq!(problems(&scenarios(), SCENARIO), [""; 0]);
}

#[test]
fn worlds_and_sequences_have_schemas_of_their_own() {
    let read = |name: &str| std::fs::read_to_string(folder("library").join(name)).unwrap();
    let worlds = validator(&schema::world());
    assert_eq!(problems(&worlds, &read("worlds/card.yaml")), [""; 0]);
    assert_eq!(problems(&worlds, &read("worlds/richer.yaml")), [""; 0]);
    let sequences = validator(&schema::sequence(&registry()));
    assert_eq!(problems(&sequences, &read("sequences/login.yaml")), [""; 0]);
    assert_eq!(problems(&sequences, &read("sequences/twice.yaml")), [""; 0]);
    assert!(!worlds.is_valid(&document("world: x\ntarifs: {}\n")));
    assert!(!sequences.is_valid(&document("sequence: x\n")));
}

#[test]
fn a_slip_is_seen_by_the_editor_too() {
    let scenarios = scenarios();
    for (right, wrong) in [
        ("scenario: Everything", "scenaro: Everything"),
        ("covers: RC-01", "covers: RC-1"),
        ("strict: true", "strict: sometimes"),
        ("latency: 5ms", "latency: 5"),
        ("is: nas,", "is: nass,"),
        ("port: 5060", "port: 70000"),
        ("from: \"6045550193\"", "from: 6045550193"),
        ("ivr.dial: \"100#\"", "ivr.dail: \"100#\""),
        ("ivr: Access-Accept", "ivr: access-accept"),
        ("within: 200ms", "within: soon"),
        ("between: [1, 10.00]", "between: [1]"),
        ("cause: \"10\"", "couse: \"10\""),
        ("Access-Request\n    with", "Access-Requst\n    with"),
        ("fault: heal", "fault: heel"),
        ("amount: 5 CAD", "amount: 5"),
        ("sequence: sequences", "sequense: sequences"),
        ("world.change: { top-up", "world.change: { topup"),
        ("finally:", "finaly:"),
        ("lockout: 10min", "lockout: 10"),
        ("blocked: false", "blokced: false"),
    ] {
        let text = SCENARIO.replace(right, wrong);
        assert_ne!(text, SCENARIO, "{right}");
        assert!(!scenarios.is_valid(&document(&text)), "{wrong}");
    }
}

#[test]
fn the_schema_names_what_the_tables_name() {
    let schema = schema::scenario(&registry()).to_string();
    for name in ["h323-credit-time", "Accounting-Response", "start-stop", "top-up", "ESI-A-prepaid-ivr"] {
        assert!(schema.contains(name), "{name}");
    }
}
