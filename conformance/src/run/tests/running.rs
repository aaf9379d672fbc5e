//! Many scenarios: order, threads, seeds, files, and what a defect of ours does to the others.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use tollgate_network::{Impairment, Ratio};

use crate::run::fixture::{CALLER, SYSTEM_KIND, Small, act, expect, play_on, playing, see, send, text};
use crate::run::{Artifacts, Filter, Options, RunEvent, ScenarioId, Totals, Verdict, run_all};
use crate::scenario::{Deed, Scenario};

fn lossy(name: &str) -> Scenario {
    let half = Ratio::from_percent(50);
    let network = Impairment { loss: half, duplication: half, reordering: half, ..Impairment::default() };
    let mut steps: Vec<Deed> = (0..2).map(|number| send(&format!("charge {number}"))).collect();
    steps.push(expect(CALLER, "answer", &[]));
    Scenario { name: name.into(), network, ..playing(steps) }
}

fn named(name: &str, steps: Vec<Deed>) -> Scenario {
    Scenario { name: name.into(), path: format!("scenarios/{name}.yaml").into(), ..playing(steps) }
}

fn run(scenarios: &[Scenario], options: &Options<'_>) -> (Vec<RunEvent>, Totals) {
    let mut events = Vec::new();
    let totals = run_all(scenarios, &Small(&SYSTEM_KIND), options, &mut |event| events.push(event));
    (events, totals)
}

fn verdicts(events: &[RunEvent]) -> Vec<(ScenarioId, Verdict)> {
    let ends = events.iter().filter_map(|event| match event {
        RunEvent::ScenarioFinished { id, end } => Some((*id, end.verdict.clone())),
        _ => None,
    });
    ends.collect()
}

#[test]
fn the_events_are_the_same_on_any_number_of_threads() {
    let scenarios = [lossy("one"), named("two", vec![see("a")]), lossy("three")];
    let told = |threads| {
        let (events, totals) = run(&scenarios, &Options { repeat: 20, threads, ..Options::default() });
        (format!("{events:?}"), totals)
    };
    let alone = told(1);
    assert_eq!(alone.1.passed + alone.1.failed, 60);
    assert!(alone.1.failed > 0 && alone.1.passed > 20, "loss fails some and not all: {:?}", alone.1);
    assert_eq!(told(2), alone);
    assert_eq!(told(7), alone);
}

#[test]
fn the_journal_of_a_seed_is_the_same_byte_for_byte_and_that_of_another_is_not() {
    let scenario = lossy("one");
    let journal = |seed| play_on(&scenario, &Small(&SYSTEM_KIND), seed).journal;
    assert_eq!(text(&journal(3)), text(&journal(3)));
    assert_eq!(journal(3).digest(), journal(3).digest());
    assert_ne!(journal(3).digest(), journal(4).digest());
}

#[test]
fn a_repeated_scenario_takes_the_seeds_that_follow_its_own() {
    let scenarios = [Scenario { seed: Some(40), ..named("a", Vec::new()) }, named("b", Vec::new())];
    let seeds = |options: &Options<'_>| -> Vec<u64> {
        let seeds = run(&scenarios, options).0.into_iter().filter_map(|event| match event {
            RunEvent::ScenarioStarted { seed, .. } => Some(seed),
            _ => None,
        });
        seeds.collect()
    };
    assert_eq!(seeds(&Options { repeat: 2, ..Options::default() }), [40, 41, 1, 2]);
    assert_eq!(seeds(&Options { seed: Some(7), repeat: 2, threads: 3, ..Options::default() }), [7, 8, 7, 8]);
}

#[test]
fn a_defect_of_ours_breaks_its_own_scenario_only() {
    let breaking = || named("breaks", vec![see("a"), act("break", tollgate_wire::Fields::new())]);
    let scenarios =
        [named("a", vec![see("a")]), breaking(), named("nowhere", Vec::new()), named("b", Vec::new())];
    let (events, totals) = run(&scenarios, &Options { threads: 2, ..Options::default() });
    let defect = Verdict::Broken("a defect of tollgate: a caller that breaks".to_owned());
    let broken = Verdict::Broken("there is no stage".to_owned());
    assert_eq!(
        verdicts(&events),
        [
            (ScenarioId(0), Verdict::Passed),
            (ScenarioId(1), defect),
            (ScenarioId(2), broken),
            (ScenarioId(3), Verdict::Passed)
        ]
    );
    // The step before the defect is still told: one of `a`, one of `breaks`.
    assert_eq!(totals, Totals { passed: 2, broken: 2, steps: 2, ..Totals::default() });
}

#[test]
fn the_filter_takes_what_meets_all_of_it() {
    let scenarios = [
        Scenario { tags: vec!["radius".into()], ..named("ivr-success", Vec::new()) },
        Scenario { variant: "loss=5%".into(), tags: vec!["radius".into()], ..named("ivr-loss", Vec::new()) },
        named("voucher", Vec::new()),
    ];
    let names = |filter: Filter| -> Vec<String> {
        let (events, _) = run(&scenarios, &Options { filter, ..Options::default() });
        let names = events.iter().filter_map(|event| match event {
            RunEvent::ScenarioStarted { name, .. } => Some(name.to_string()),
            _ => None,
        });
        names.collect()
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    assert_eq!(names(Filter::default()).len(), 3);
    assert_eq!(
        names(Filter { words: words(&["ivr", "nothing"]), ..Filter::default() }),
        ["ivr-success", "ivr-loss (loss=5%)"]
    );
    let tags = vec!["radius".into()];
    assert_eq!(
        names(Filter { words: words(&["success", "voucher"]), tags, ..Filter::default() }),
        ["ivr-success"]
    );
    let variant = Some("loss=5%".into());
    assert_eq!(names(Filter { variant, ..Filter::default() }), ["ivr-loss (loss=5%)"]);
}

#[test]
fn captures_and_journals_are_written_where_they_are_asked_for() {
    let files = Mutex::new(Vec::new());
    let create = |path: &Path| {
        files.lock().unwrap().push(path.display().to_string());
        Ok(Box::new(std::io::sink()) as Box<dyn std::io::Write>)
    };
    let artifacts =
        Some(Artifacts { create: &create, pcap: Some("p".into()), journal: Some("j".into()), shrunk: None });
    let scenarios = [named("a", vec![send("x")])];
    let (events, totals) = run(&scenarios, &Options { artifacts, ..Options::default() });
    assert_eq!(totals.passed, 1);
    assert_eq!(*files.lock().unwrap(), ["j/scenarios/a.seed-1.journal", "p/scenarios/a.seed-1.pcapng"]);
    let pcap = events.iter().find_map(|event| match event {
        RunEvent::ScenarioFinished { end, .. } => end.pcap.clone(),
        _ => None,
    });
    assert_eq!(pcap.as_deref(), Some(Path::new("p/scenarios/a.seed-1.pcapng")));

    let refuse = |_: &Path| Err(std::io::Error::other("the disk is full"));
    let artifacts = Some(Artifacts { create: &refuse, pcap: Some("p".into()), journal: None, shrunk: None });
    let (events, _) = run(&scenarios, &Options { artifacts, ..Options::default() });
    let why = "could not write p/scenarios/a.seed-1.pcapng: the disk is full";
    assert_eq!(verdicts(&events), [(ScenarioId(0), Verdict::Broken(why.to_owned()))]);
}

#[test]
fn progress_is_told_of_every_run_and_time_comes_from_the_caller() {
    let told = Mutex::new(0);
    let progress = |_: &Verdict| *told.lock().unwrap() += 1;
    let options = Options {
        repeat: 5,
        threads: 2,
        progress: Some(&progress),
        clock: || Duration::from_secs(9),
        ..Options::default()
    };
    let (events, _) = run(&[named("a", Vec::new())], &options);
    assert_eq!(*told.lock().unwrap(), 5);
    assert!(matches!(events.last(), Some(RunEvent::RunFinished { elapsed: Duration::ZERO, .. })));
}

#[test]
fn a_run_that_needs_more_than_the_window_is_told_in_order() {
    let repeat = crate::run::AHEAD_MAX * 2 + 1;
    let (events, totals) =
        run(&[named("a", Vec::new())], &Options { repeat, threads: 3, ..Options::default() });
    assert_eq!(totals.passed, repeat);
    assert!(verdicts(&events).iter().enumerate().all(|(place, (id, _))| id.0 == place));
}
