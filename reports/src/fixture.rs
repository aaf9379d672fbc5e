//! The events of a run in which everything happens, for the tests of the reports.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tollgate_conformance::run::{Mismatch, RunEvent, ScenarioEnd, ScenarioId, StepOutcome, Totals, Verdict};
use tollgate_conformance::scenario::Place;
use tollgate_time::Instant;

const CALL: &str = "scenarios/prepaid-ivr/one-call.yaml";
const LONG: &str = "scenarios/prepaid-ivr/long-call.yaml";
const VOUCHER: &str = "scenarios/voucher/two.yaml";

/// Two seeds of one scenario that pass, one that fails, one skipped, one broken, one that passes.
pub(crate) fn run() -> Vec<RunEvent> {
    let mut events = vec![RunEvent::RunStarted { scenarios: 6, target: "reference".into() }];
    for seed in [1, 2] {
        let steps = vec![step("ivr.call: \"6045551600\"", 12, StepOutcome::Passed)];
        scenario(&mut events, "One call", CALL, seed, steps, Verdict::Passed);
    }
    scenario(&mut events, "Long call (loss=5%)", LONG, 4711, failing(), Verdict::Failed);
    let why = || "the target cannot show xdrs".to_owned();
    let steps = vec![step("exactly 1 xdr", 30, StepOutcome::Skipped(why()))];
    scenario(&mut events, "Two vouchers", VOUCHER, 1, steps, Verdict::Skipped(why()));
    let broken = Verdict::Broken("the address 192.0.2.1 is taken".to_owned());
    scenario(&mut events, "No stage", "scenarios/prepaid-ivr/no-stage.yaml", 1, Vec::new(), broken);
    let steps = vec![step("voucher.dial: \"1\"", 9, StepOutcome::Passed)];
    scenario(&mut events, "One voucher", VOUCHER, 1, steps, Verdict::Passed);
    let totals = Totals { passed: 3, failed: 1, broken: 1, skipped: 1, steps: 5 };
    events.push(RunEvent::RunFinished { totals, elapsed: Duration::from_millis(2) });
    events
}

fn failing() -> Vec<(String, u32, StepOutcome)> {
    let place = |file: &str, line| Some(Place { file: Arc::from(Path::new(file)), line, column: 7 });
    let mismatches = vec![
        Mismatch {
            expected: "h323-credit-time: 30000".to_owned(),
            seen: "29999".to_owned(),
            frame: Some(4),
            place: place(CALL, 18),
        },
        Mismatch {
            expected: "h323-ivr-in.Tariff: \"PrepaidCard\"".to_owned(),
            seen: "Prepaid\u{1b}[31mCard, with so much behind it that no terminal shows it on a single line"
                .to_owned(),
            frame: Some(4),
            place: place("scenarios/sequences/login.yaml", 3),
        },
    ];
    let skipped = || StepOutcome::Skipped("an earlier step failed".to_owned());
    vec![
        step("ivr.dial: \"01182623634515#\"", 16, StepOutcome::Passed),
        step("expect: { ivr: Access-Accept }", 17, StepOutcome::Failed(mismatches)),
        step("wait: 2.972s", 21, skipped()),
        step("ivr.hangup: { cause: \"10\" }", 22, skipped()),
    ]
}

fn step(text: &str, line: u32, outcome: StepOutcome) -> (String, u32, StepOutcome) {
    (text.to_owned(), line, outcome)
}

fn scenario(
    events: &mut Vec<RunEvent>,
    name: &str,
    path: &str,
    seed: u64,
    steps: Vec<(String, u32, StepOutcome)>,
    verdict: Verdict,
) {
    let started = events.iter().filter(|event| matches!(event, RunEvent::ScenarioStarted { .. }));
    let id = ScenarioId(started.count());
    events.push(RunEvent::ScenarioStarted { id, name: name.into(), path: path.into(), seed });
    for (place, (text, line, outcome)) in steps.into_iter().enumerate() {
        events.push(RunEvent::StepFinished {
            id,
            number: place + 1,
            text: text.into(),
            place: Place { file: Arc::from(Path::new(CALL)), line, column: 5 },
            at: Instant::from_unix_secs(1_173_428_150) + Duration::from_millis(3),
            outcome,
        });
    }
    let failed = verdict == Verdict::Failed;
    let prompt = "2007-03-09T08:15:50.003Z ivr prompt is: goodbye".to_owned();
    let long = format!("2007-03-09T08:15:50.004Z ivr Access-Request frame 5 Class: 0x{}", "4f".repeat(80));
    let end = ScenarioEnd {
        lasted: Duration::from_millis(if matches!(verdict, Verdict::Broken(_)) { 0 } else { 74_701 }),
        verdict,
        took: Duration::from_micros(42),
        unexpected: if failed { (vec![prompt, long], 3) } else { (Vec::new(), 0) },
        rerun: format!("tollgate run {path} --seed {seed}"),
        pcap: failed.then(|| "captures/long-call.seed-4711.pcapng".into()),
        shrunk: None,
        versions: None,
    };
    events.push(RunEvent::ScenarioFinished { id, end });
}
