//! Running many scenarios on one target: in parallel, told in order.
//!
//! Every run of a scenario has a stage and a driver of its own. Events are handed out one run after the other
//! in the order of their ids, each as soon as it and all before it are over: a report is the same on
//! any number of threads. No clock is read and no file opened here; the caller lends both.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tollgate_wire::{Text, Value};

use super::event::{RunEvent, ScenarioEnd, ScenarioId, Totals, Verdict, Versions};
use super::player::{Terms, play};
use super::record::{Record, StepRecord};
use super::rerun;
use super::shrink::{Failure, Shrinker, Shrinking, Shrunk};
use super::target::{Stage, Target};
use super::versions;
use crate::scenario::{Draft, Scenario, Twin};

/// The seed of a scenario that has none, when none is asked for.
pub const DEFAULT_SEED: u64 = 1;
/// A worker may be so many runs ahead of the one whose events are awaited; it bounds what is kept meanwhile.
pub const AHEAD_MAX: usize = 1_024;

/// Opens a file for writing, with the folders on its way.
pub type CreateFile<'a> = &'a (dyn Fn(&Path) -> io::Result<Box<dyn Write>> + Sync);

/// How scenarios are run.
#[derive(Clone)]
pub struct Options<'a> {
    /// The first seed of every scenario, in place of its own and of [`DEFAULT_SEED`].
    pub seed: Option<u64>,
    /// How often each scenario runs, each time with the next seed. At least 1.
    pub repeat: usize,
    /// How many threads run scenarios. At least 1.
    pub threads: usize,
    /// Whether each run ends with the system rebuilding its state from its command log and comparing the two.
    pub verify_replay: bool,
    /// Which scenarios run.
    pub filter: Filter,
    /// What is written beside the reports.
    pub artifacts: Option<Artifacts<'a>>,
    /// Real time since some fixed moment, for how long things took.
    pub clock: fn() -> Duration,
    /// Told of every run that is over, at once and in no particular order, for a progress line.
    pub progress: Option<&'a (dyn Fn(&Verdict) + Sync)>,
    /// Whether the first failing run of a scenario that draws its steps is made small.
    pub shrink: bool,
    /// Told after each run that this takes.
    pub shrinking: Option<&'a (dyn Fn(Shrinking) + Sync)>,
}

impl Default for Options<'_> {
    /// Everything once, on one thread, with nothing written; whatever it takes counts as no time.
    fn default() -> Self {
        Self {
            seed: None,
            repeat: 1,
            threads: 1,
            verify_replay: false,
            filter: Filter::default(),
            artifacts: None,
            clock: || Duration::ZERO,
            progress: None,
            shrink: true,
            shrinking: None,
        }
    }
}

/// Files about each run.
#[derive(Clone)]
pub struct Artifacts<'a> {
    /// Opens them.
    pub create: CreateFile<'a>,
    /// The folder for captures (pcapng).
    pub pcap: Option<PathBuf>,
    /// The folder for journals (text).
    pub journal: Option<PathBuf>,
    /// The folder for failing runs that were made small (YAML); without it, that of captures or journals.
    pub shrunk: Option<PathBuf>,
}

/// Which scenarios run. Everything that is given must hold; what is empty lets all pass.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// At least one of these is part of its name or path.
    pub words: Vec<String>,
    /// At least one of these is one of its tags.
    pub tags: Vec<Text>,
    /// This is its variant.
    pub variant: Option<Text>,
}

impl Filter {
    /// Whether the scenario runs.
    #[must_use]
    pub fn admits(&self, scenario: &Scenario) -> bool {
        let path = scenario.path.to_string_lossy();
        let mut words = self.words.iter();
        (self.words.is_empty() || words.any(|word| scenario.name.contains(word) || path.contains(word)))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| scenario.tags.contains(tag)))
            && self.variant.as_ref().is_none_or(|variant| *variant == scenario.variant)
    }
}

/// Runs the scenarios and tells what happens. Answers with the counts that the last event has too.
pub fn run_all(
    scenarios: &[Scenario],
    target: &dyn Target,
    options: &Options<'_>,
    events: &mut dyn FnMut(RunEvent),
) -> Totals {
    let began = (options.clock)();
    let chosen: Vec<&Scenario> = scenarios.iter().filter(|one| options.filter.admits(one)).collect();
    let batch = Batch {
        chosen,
        target,
        terms: Terms { verify_replay: options.verify_replay, ..Terms::of(target) },
        options,
    };
    let mut totals = Totals::default();
    events(RunEvent::RunStarted { scenarios: batch.runs(), target: target.name().into() });
    let mut shrunk: BTreeSet<usize> = BTreeSet::new();
    let mut tell = |id: usize, mut played: Played| {
        // Here runs come in the order of their ids, so that it is the same one on any number of threads.
        if options.shrink && played.failure.is_some() && shrunk.insert(id / options.repeat.max(1)) {
            batch.shrink(id, &mut played);
        }
        for event in played.told {
            totals.count(&event);
            events(event);
        }
    };
    if options.threads <= 1 || batch.runs() <= 1 {
        (0..batch.runs()).for_each(|id| tell(id, batch.run(id)));
    } else {
        batch.run_in_parallel(&mut tell);
    }
    let elapsed = (options.clock)().saturating_sub(began);
    events(RunEvent::RunFinished { totals, elapsed });
    totals
}

/// One run that is over.
struct Played {
    told: Vec<RunEvent>,
    /// What failed, if the scenario draws its steps.
    failure: Option<Failure>,
}

/// A scenario played once.
struct Once<'s> {
    scenario: Cow<'s, Scenario>,
    record: Record,
    stage: Option<Stage>,
    verdict: Verdict,
    pcap: Option<PathBuf>,
}

/// Everything that is to be run.
struct Batch<'a> {
    chosen: Vec<&'a Scenario>,
    target: &'a dyn Target,
    terms: Terms,
    options: &'a Options<'a>,
}

impl Batch<'_> {
    fn runs(&self) -> usize {
        self.chosen.len().saturating_mul(self.options.repeat.max(1))
    }

    /// Why the target cannot play a scenario.
    fn unable(&self, scenario: &Scenario) -> Option<String> {
        if scenario.exact_times && !self.target.keeps_exact_times() {
            return Some("it asserts exact times, which only a virtual clock keeps".to_owned());
        }
        let patience = self.target.patience()?;
        let waits = scenario.waits() / self.target.haste().max(1);
        (waits > patience).then(|| {
            let (waits, patience) = (Value::Span(waits), Value::Span(patience));
            format!("its waits would take {waits} of real time, more than {patience}; a higher --speed or --patience plays it")
        })
    }

    /// Which scenario a run is of, and with which seed.
    fn whose(&self, id: usize) -> (&Scenario, u64) {
        let repeat = self.options.repeat.max(1);
        let scenario = self.chosen[id / repeat];
        let first = self.options.seed.or(scenario.seed).unwrap_or(DEFAULT_SEED);
        // A usize has at most 64 bits everywhere that this builds.
        (scenario, first.wrapping_add(u64::try_from(id % repeat).unwrap_or(u64::MAX)))
    }

    /// One run of one scenario, with its events. Whatever goes wrong is in them.
    fn run(&self, id: usize) -> Played {
        let (whole, seed) = self.whose(id);
        let began = (self.options.clock)();
        let mut one = self.once(whole, seed);
        let versions = whole.twin.as_ref().map(|twin| self.on_the_other(whole, twin, &mut one, seed));
        let Once { scenario, record, verdict, pcap, .. } = one;
        let unexpected = match verdict {
            Verdict::Passed | Verdict::Skipped(_) => Vec::new(),
            Verdict::Failed | Verdict::Broken(_) => record.unexpected_lines(),
        };
        if let Some(progress) = self.options.progress {
            progress(&verdict);
        }
        // What differs between two versions is about both runs, and steps of one alone would not show it.
        let draws = whole.origin.is_some() && whole.twin.is_none();
        let failure = Failure::first(&verdict, &record).filter(|_| draws);
        let end = ScenarioEnd {
            verdict,
            lasted: record.lasted,
            took: (self.options.clock)().saturating_sub(began),
            unexpected: (unexpected, record.unexpected.len()),
            rerun: rerun::command(&scenario, seed, self.target.name()),
            pcap,
            shrunk: None,
            versions,
        };
        Played { told: told(ScenarioId(id), &scenario, seed, record, end), failure }
    }

    /// Draws and plays a scenario, and writes its files.
    fn once<'s>(&self, whole: &'s Scenario, seed: u64) -> Once<'s> {
        let mut record = Record::default();
        let mut stage = None;
        let drawn = whole.drawn(seed);
        let mut verdict = match &drawn {
            Ok(scenario) => match self.unable(scenario) {
                Some(why) => Verdict::Skipped(why),
                None => self.play(scenario, seed, &mut stage, &mut record),
            },
            Err(report) => Verdict::Broken(format!("what seed {seed} draws is no scenario: {report}")),
        };
        let scenario = drawn.unwrap_or(Cow::Borrowed(whole));
        let (pcap, errors) = self.write_artifacts(&scenario, seed, stage.as_ref(), &record);
        if let (Some(error), Verdict::Passed | Verdict::Failed | Verdict::Skipped(_)) = (errors, &verdict) {
            verdict = Verdict::Broken(error);
        }
        Once { scenario, record, stage, verdict, pcap }
    }

    /// Plays the other version too. Its steps, and what both differ in, are added to the record of the first.
    fn on_the_other(&self, whole: &Scenario, twin: &Twin, one: &mut Once<'_>, seed: u64) -> Versions {
        let other = self.once(&twin.other, seed);
        let names = [whole.version.clone(), twin.other.version.clone()];
        let at = whole.starts + one.record.lasted.max(other.record.lasted);
        let compared = match (&one.stage, &other.stage) {
            (Some(first), Some(second))
                if one.verdict == Verdict::Passed && other.verdict == Verdict::Passed =>
            {
                let first = versions::Run { scenario: &one.scenario, stage: first, record: &one.record };
                let second =
                    versions::Run { scenario: &other.scenario, stage: second, record: &other.record };
                versions::compare(&first, &second, &twin.differ, at)
            }
            _ => Default::default(),
        };
        let own = std::mem::take(&mut one.record.steps);
        one.record.steps.extend(own.into_iter().map(|step| on(&names[0], step)));
        one.record.steps.extend(other.record.steps.into_iter().map(|step| on(&names[1], step)));
        one.record.steps.extend(compared.0);
        one.record.lasted += other.record.lasted;
        one.verdict = match (std::mem::replace(&mut one.verdict, Verdict::Passed), other.verdict) {
            (Verdict::Passed, Verdict::Passed) => one.record.verdict(),
            (broken @ Verdict::Broken(_), _) | (_, broken @ Verdict::Broken(_)) => broken,
            (Verdict::Failed, _) | (_, Verdict::Failed) => Verdict::Failed,
            (skipped @ Verdict::Skipped(_), _) | (_, skipped) => skipped,
        };
        Versions { names, differences: compared.1 }
    }

    /// Plays it, whatever happens.
    fn play(
        &self,
        scenario: &Scenario,
        seed: u64,
        stage: &mut Option<Stage>,
        record: &mut Record,
    ) -> Verdict {
        let played = catch_unwind(AssertUnwindSafe(|| self.play_through(scenario, seed, stage, record)));
        match played {
            Ok(Ok(())) => record.verdict(),
            Ok(Err(error)) => Verdict::Broken(error),
            Err(panic) => Verdict::Broken(format!("a defect of tollgate: {}", panic_text(panic.as_ref()))),
        }
    }

    /// Makes a failing run of drawn steps small, and writes it down in its last event. Only virtual time does the same
    /// again, so elsewhere it is left as it is.
    fn shrink(&self, id: usize, played: &mut Played) {
        let (whole, seed) = self.whose(id);
        let (Some(failure), Some(draft)) = (played.failure.take(), whole.draft(seed)) else { return };
        if !self.target.keeps_exact_times() {
            return;
        }
        let once = |scenario: &Scenario| {
            let mut record = Record::default();
            let verdict = self.play(scenario, seed, &mut None, &mut record);
            (verdict, record)
        };
        let of = draft.steps().len();
        let tell = |runs, steps| {
            if let Some(shrinking) = self.options.shrinking {
                shrinking(Shrinking { seed, runs, steps, of });
            }
        };
        let mut in_the_end = failure.clone();
        let mut fails = |scenario: &Scenario| {
            let (verdict, record) = once(scenario);
            let fails = failure.is_of(&verdict, &record);
            if fails {
                in_the_end = failure.in_run(&record);
            }
            fails
        };
        let mut shrinker = Shrinker { whole, draft: &draft, fails: &mut fails, progress: &tell, runs: 0 };
        let steps = shrinker.shrink();
        let runs = shrinker.runs;
        let small = draft.with(steps);
        let mut shrunk = self.written_down(whole, seed, &small, in_the_end.described());
        (shrunk.of, shrunk.runs) = (of, runs);
        let path = shrunk.path.clone().unwrap_or_else(|| rerun::file_name(whole, seed));
        shrunk.doubt = match small.reread(whole, &path, &shrunk.yaml) {
            Ok(own) => {
                let (verdict, record) = once(&own);
                (!in_the_end.reads_as(&verdict, &record))
                    .then(|| "run by itself, it fails in another way".to_owned())
            }
            Err(report) => Some(report.to_string()),
        }
        .or(shrunk.doubt);
        if let Some(RunEvent::ScenarioFinished { end, .. }) = played.told.last_mut() {
            end.shrunk = Some(Box::new(shrunk));
        }
    }

    /// The file of a run that was made small.
    fn written_down(&self, whole: &Scenario, seed: u64, small: &Draft, failure: &str) -> Shrunk {
        let steps = small.steps().len();
        let origin = rerun::command(whole, seed, self.target.name());
        let yaml =
            format!("# Made from `{origin}`, which fails:\n#   {}\n{}", one_line(failure), small.yaml(seed));
        let name = with_extension(Path::new(""), &rerun::file_name(whole, seed), "shrunk.yaml");
        let folder = self.options.artifacts.as_ref().and_then(|artifacts| {
            let folders = [&artifacts.shrunk, &artifacts.pcap, &artifacts.journal];
            Some((artifacts.create, folders.into_iter().flatten().next()?))
        });
        let mut doubt = None;
        let path = folder.and_then(|(create, folder)| {
            let path = folder.join(&name);
            let written = create(&path).and_then(|mut file| {
                file.write_all(yaml.as_bytes())?;
                file.flush()
            });
            doubt = written.err().map(|why| format!("could not write {}: {why}", path.display()));
            doubt.is_none().then_some(path)
        });
        let command = rerun::command_of(path.as_deref().unwrap_or(&name), self.target.name());
        Shrunk { yaml, path, command, steps, of: 0, runs: 0, doubt }
    }

    fn play_through(
        &self,
        scenario: &Scenario,
        seed: u64,
        stage: &mut Option<Stage>,
        record: &mut Record,
    ) -> Result<(), String> {
        let keep = self.options.artifacts.as_ref().is_some_and(|artifacts| artifacts.pcap.is_some());
        let set = self.target.set_stage(scenario, seed, keep).map_err(|error| error.to_string())?;
        if set.peers.len() != scenario.peers.len() {
            return Err("the target put other peers on the stage than the scenario has".to_owned());
        }
        play(scenario, stage.insert(set), &self.terms, record);
        Ok(())
    }

    /// Writes what is asked for. Answers with the capture, and with what could not be written.
    fn write_artifacts(
        &self,
        scenario: &Scenario,
        seed: u64,
        stage: Option<&Stage>,
        record: &Record,
    ) -> (Option<PathBuf>, Option<String>) {
        let (Some(artifacts), Some(stage)) = (&self.options.artifacts, stage) else { return (None, None) };
        let name = rerun::file_name(scenario, seed);
        let mut error = None;
        if let Some(folder) = &artifacts.journal {
            let path = with_extension(folder, &name, "journal");
            let written = (artifacts.create)(&path).and_then(|file| {
                let mut out = io::BufWriter::new(file);
                record.journal.write_to(&mut out)?;
                out.flush()
            });
            if let Err(why) = written {
                error = Some(format!("could not write {}: {why}", path.display()));
            }
        }
        let pcap = artifacts.pcap.as_ref().and_then(|folder| {
            let path = with_extension(folder, &name, "pcapng");
            let written = (artifacts.create)(&path).map_err(|why| why.to_string()).and_then(|file| {
                tollgate_network::write_capture(stage.driver.carried(), io::BufWriter::new(file))
                    .map_err(|why| why.to_string())
            });
            match written {
                Ok(_) => Some(path),
                Err(why) => {
                    error = Some(format!("could not write {}: {why}", path.display()));
                    None
                }
            }
        });
        (pcap, error)
    }

    /// Workers take runs in the order of their ids; this thread hands their events out in the same order.
    fn run_in_parallel(&self, tell: &mut dyn FnMut(usize, Played)) {
        let runs = self.runs();
        let queue = Queue::default();
        std::thread::scope(|scope| {
            for _ in 0..self.options.threads.min(runs) {
                scope.spawn(|| {
                    let _close = CloseOnPanic(&queue);
                    while let Some(id) = queue.take(runs) {
                        queue.finish(id, self.run(id));
                    }
                });
            }
            let _close = CloseOnPanic(&queue);
            for id in 0..runs {
                let Some(played) = queue.await_run(id) else { break };
                tell(id, played);
            }
        });
    }
}

/// A step of a version.
fn on(version: &Text, step: StepRecord) -> StepRecord {
    StepRecord { text: format!("{version}: {}", step.text).into(), ..step }
}

/// What an extension replaces would be the end of the seed's dotted name; it is appended.
fn with_extension(folder: &Path, name: &Path, extension: &str) -> PathBuf {
    let mut path = folder.join(name).into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
}

fn told(id: ScenarioId, scenario: &Scenario, seed: u64, record: Record, end: ScenarioEnd) -> Vec<RunEvent> {
    let mut told = Vec::with_capacity(record.steps.len() + 2);
    let name = match scenario.variant.as_str() {
        "" => scenario.name.clone(),
        variant => format!("{} ({variant})", scenario.name).into(),
    };
    told.push(RunEvent::ScenarioStarted { id, name, path: scenario.path.clone(), seed });
    told.extend(record.steps.into_iter().enumerate().map(|(place, step)| RunEvent::StepFinished {
        id,
        number: place + 1,
        text: step.text,
        place: step.place,
        at: step.at,
        outcome: step.outcome,
    }));
    told.push(RunEvent::ScenarioFinished { id, end });
    told
}

/// What a comment may hold.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).collect()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it gave no reason")
}

impl Totals {
    fn count(&mut self, event: &RunEvent) {
        match event {
            RunEvent::StepFinished { outcome, .. } if outcome.is_judged() => {
                self.steps += 1;
            }
            RunEvent::ScenarioFinished { end, .. } => match end.verdict {
                Verdict::Passed => self.passed += 1,
                Verdict::Failed => self.failed += 1,
                Verdict::Broken(_) => self.broken += 1,
                Verdict::Skipped(_) => self.skipped += 1,
            },
            _ => {}
        }
    }
}

/// Runs to be taken and events to be told.
#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    /// The next run to be taken.
    next: usize,
    /// The run whose events are awaited.
    awaited: usize,
    finished: BTreeMap<usize, Played>,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next run, once it is not too far ahead; `None` when there is none left.
    fn take(&self, runs: usize) -> Option<usize> {
        let mut state = self.lock();
        while !state.closed && state.next < runs && state.next >= state.awaited + AHEAD_MAX {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed || state.next >= runs {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    fn finish(&self, id: usize, played: Played) {
        let mut state = self.lock();
        state.finished.insert(id, played);
        if state.awaited == id {
            self.changed.notify_all();
        }
    }

    /// The events of a run, once it is over; `None` when it will never be.
    fn await_run(&self, id: usize) -> Option<Played> {
        let mut state = self.lock();
        state.awaited = id;
        self.changed.notify_all();
        loop {
            if let Some(played) = state.finished.remove(&id) {
                return Some(played);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Neither side waits for ever for one that has panicked (in what the caller lent: a play that panics is told as
/// broken).
struct CloseOnPanic<'a>(&'a Queue);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().closed = true;
            self.0.changed.notify_all();
        }
    }
}
