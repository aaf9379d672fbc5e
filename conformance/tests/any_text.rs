//! Whatever stands in a file, its check ends with scenarios or with a report that can be shown.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod support;

use proptest::prelude::*;
use support::{folder, registry};
use tollgate_conformance::diagnostics::Style;
use tollgate_conformance::scenario::{Options, check_octets};
use tollgate_conformance::world;

const SEED: &str = r##"scenario: A call
covers: [RC-01]
starts: 2007-03-09T00:15:50-08:00
matrix: { loss: [0%, 5%] }
network: { loss: "${loss}" }
world:
  file: worlds/card.yaml
  accounts: { "100": { balance: 5.00 } }
  tariffs: { Card: { rates: [{ prefix: "82", first: { interval: 30s, price: 0.02/min }, next: { interval: 6s } }] } }
peers:
  ivr: { is: nas, at: 192.0.2.10 }
steps:
  - ivr.call: { from: "6045550193", to: "6045551600" }
  - expect: { ivr: Access-Accept, within: 200ms }
    where: { h323-return-code: 0, h323-ivr-in.a: { between: [1, 2] }, h323-ivr-in.b: ~^\d+, h323-ivr-in.c: { near: 5, by: 1 } }
    capture: { funds: h323-ivr-in.available-funds }
  - ivr.dial: "${funds}#"
  - ivr.send: Access-Request
    with: { User-Name: "100", Class: [a, b] }
  - wait: { until: 2007-03-09T00:16:18.192-08:00 }
  - fault: { partition: [ivr, ocs], for: 5s }
  - use: { sequence: sequences/twice.yaml, card: "100" }
  - repeat: { times: 3, as: round, steps: [{ ivr.dial: "${round}" }] }
  - world.change: { top-up: { account: "100", amount: 5 CAD } }
finally:
  balances: { "100": 9.97633 CAD }
  xdrs: [{ account: "100", used: 71s }]
"##;

/// Checks the octets and shows what was found.
fn check(octets: &[u8]) -> (usize, usize) {
    let path = folder("library").join("calls/any.yaml");
    let (scenarios, report) = check_octets(&path, octets, &registry(), &Options::default());
    let shown = report.render(Style::Plain);
    assert_eq!(shown.is_empty(), report.is_empty());
    assert!(!report.render(Style::Colour).contains('\0'));
    assert!(report.errors() == 0 || scenarios.is_empty());
    (scenarios.len(), report.errors())
}

#[test]
fn the_seed_of_the_mutations_is_right() {
    assert_eq!(check(SEED.as_bytes()), (2, 0));
}

/// A right scenario with some stretches of it replaced, repeated or cut out.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(String::new()),
        "[ \\t\\n:{}\\[\\],\"'#&*!|>%@`~$-]{1,4}",
        "\\PC{1,12}",
        Just("${loss}".to_owned()),
        Just("${".to_owned()),
        Just(": ".to_owned()),
        Just("99999999999999999999999999999999999999s".to_owned()),
        Just("\n  - ".to_owned()),
        Just("\u{0}\u{7f}\u{202e}ä\u{1f600}".to_owned()),
        (0..SEED.len(), 0..40_usize)
            .prop_map(|(start, length)| { SEED.bytes().skip(start).take(length).map(char::from).collect() }),
    ];
    prop::collection::vec((0..SEED.len(), 0..12_usize, piece), 1..5).prop_map(|changes| {
        let mut octets = SEED.as_bytes().to_vec();
        for (start, length, piece) in changes {
            let start = start.min(octets.len());
            let end = (start + length).min(octets.len());
            octets.splice(start..end, piece.bytes());
        }
        octets
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_with_slips_is_reported_and_never_panics(octets in mutated()) {
        check(&octets);
    }

    #[test]
    fn any_octets_are_reported_and_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&octets);
    }

    #[test]
    fn any_text_of_yaml_letters_is_reported_and_never_panics(text in "[a-c:{}\\[\\],\"'#&*!|>%~$ \n\t-]{0,80}") {
        check(text.as_bytes());
        let _ = world::load_text(&folder("library").join("worlds/any.yaml"), &text).map_err(|report| report.to_string());
    }
}
