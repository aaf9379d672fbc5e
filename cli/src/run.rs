//! `tollgate run`: plays scenarios and reports.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tollgate_conformance::run::{self, Artifacts, Filter, RunEvent, Target, Totals};
use tollgate_conformance::scenario::Scenario;
use tollgate_reports::{Console, Json, Junit, Level, Look, Report, ReportError};

use crate::exit::Exit;
use crate::load;
use crate::progress::Progress;
use crate::reference::{Reference, ReferenceSockets, WorldError};

const EXAMPLES: &str = "\
Examples:
  tollgate run scenarios/
  tollgate run scenarios/prepaid-ivr/one-call.yaml --verbose
  tollgate run scenarios/ --tag prepaid --seeds 1000          a thousand seeds of each
  tollgate run scenarios/random --seeds 2000 --shrunk small/  random steps; what fails is made small
  tollgate run scenarios/ --junit report.xml --json report.json
  tollgate run my.yaml --pcap captures/ --journal journals/
  tollgate run scenarios/ --target reference-sockets --speed 60";

/// Plays scenarios against a target and judges every message, balance and xDR.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Scenario files, or folders to search for them
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
    /// What to run against
    #[arg(long, value_enum, default_value_t = TargetName::Reference)]
    target: TargetName,
    /// How much faster than real time the clock runs on real sockets; waiting shrinks, what bounds give the machine does not
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,
    /// On real sockets, skip scenarios whose waits take longer than this, and wait for no observation longer; real seconds
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    patience: u64,
    /// The seed of everything drawn by chance; without it, each scenario's own or 1
    #[arg(long)]
    seed: Option<u64>,
    /// Run each scenario with this many seeds, counting up from the first
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Only the scenarios with this tag; several: any of them
    #[arg(long)]
    tag: Vec<String>,
    /// Only the scenarios whose name or path contains this text; several: any of them
    #[arg(long)]
    only: Vec<String>,
    /// Only this variant of a matrix, as a report names it
    #[arg(long)]
    variant: Option<String>,
    /// End each run with the OCS rebuilding its state from its command log and comparing the two
    #[arg(long)]
    verify_replay: bool,
    /// Scenarios at a time; without it, one for each processor
    #[arg(long, short)]
    jobs: Option<usize>,
    /// Write a capture of each scenario (pcapng) into this folder
    #[arg(long, value_name = "FOLDER")]
    pcap: Option<PathBuf>,
    /// Write the journal of each scenario into this folder
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
    /// Leave a failing run of random steps as it is, instead of making it small
    #[arg(long)]
    no_shrink: bool,
    /// Write failing runs of random steps that were made small into this folder; without it, beside captures or journals
    #[arg(long, value_name = "FOLDER")]
    shrunk: Option<PathBuf>,
    /// Write a JUnit XML report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Say only what failed, and the totals
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Say every step
    #[arg(long, short)]
    verbose: bool,
}

/// The targets of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TargetName {
    /// The reference OCS in process, in virtual time
    Reference,
    /// The reference OCS on real UDP sockets of this machine
    ReferenceSockets,
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let loaded = load::load(&arguments.paths);
    load::print(&loaded.report);
    if loaded.report.errors() > 0 {
        anstream::eprintln!("{}; nothing was run", loaded.complaint());
        return Exit::ScenarioWrong;
    }
    let filter = arguments.filter();
    if !loaded.scenarios.iter().any(|scenario| filter.admits(scenario)) {
        anstream::eprintln!(
            "error: no scenario fits --tag, --only and --variant; {} were found",
            loaded.scenarios.len()
        );
        return Exit::Usage;
    }
    let target = match arguments.target(&loaded.scenarios) {
        Ok(target) => target,
        Err(error) => {
            load::print(&error.report());
            return Exit::ScenarioWrong;
        }
    };
    match arguments.play(&loaded.scenarios, target.as_ref(), filter) {
        Ok(totals) if totals.failed > 0 => Exit::Failed,
        Ok(totals) if totals.broken > 0 => Exit::CouldNotRun,
        Ok(_) => Exit::Passed,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            Exit::CouldNotRun
        }
    }
}

impl Arguments {
    fn filter(&self) -> Filter {
        Filter {
            words: self.only.clone(),
            tags: self.tag.iter().map(|tag| tag.as_str().into()).collect(),
            variant: self.variant.as_deref().map(Into::into),
        }
    }

    fn target(&self, scenarios: &[Scenario]) -> Result<Box<dyn Target>, WorldError> {
        Ok(match self.target {
            TargetName::Reference => Box::new(Reference::new(scenarios)?),
            TargetName::ReferenceSockets => {
                let speed = NonZeroU32::new(self.speed).unwrap_or(NonZeroU32::MIN);
                Box::new(ReferenceSockets::new(scenarios, speed, Duration::from_secs(self.patience))?)
            }
        })
    }

    fn threads(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.unwrap_or_else(processors).max(1)
    }

    fn play(
        &self,
        scenarios: &[Scenario],
        target: &dyn Target,
        filter: Filter,
    ) -> Result<Totals, ReportError> {
        let runs =
            scenarios.iter().filter(|scenario| filter.admits(scenario)).count().saturating_mul(self.repeat());
        let progress = Rc::new(Progress::of(runs));
        let mut reports = self.reports(&progress)?;
        let wanted = [&self.pcap, &self.journal, &self.shrunk].into_iter().any(Option::is_some);
        let artifacts = wanted.then(|| Artifacts {
            create: &create,
            pcap: self.pcap.clone(),
            journal: self.journal.clone(),
            shrunk: self.shrunk.clone(),
        });
        let ticks = progress.ticks();
        let tick = |_: &run::Verdict| ticks.tick();
        let shrinking = |at: run::Shrinking| ticks.shrinking(at);
        let options = run::Options {
            seed: self.seed,
            repeat: self.repeat(),
            threads: self.threads(),
            verify_replay: self.verify_replay,
            filter,
            artifacts,
            clock: elapsed,
            progress: Some(&tick),
            shrink: !self.no_shrink,
            shrinking: Some(&shrinking),
        };
        let mut failed: Option<ReportError> = None;
        let totals = run::run_all(scenarios, target, &options, &mut |event: RunEvent| {
            for report in &mut reports {
                if let Err(error) = report.handle(&event) {
                    failed.get_or_insert(error);
                }
            }
        });
        progress.finish();
        for report in &mut reports {
            report.finish()?;
        }
        failed.map_or(Ok(totals), Err)
    }

    fn repeat(&self) -> usize {
        usize::try_from(self.seeds).unwrap_or(usize::MAX)
    }

    fn reports(&self, progress: &Rc<Progress>) -> Result<Vec<Box<dyn Report>>, ReportError> {
        let level = match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        let look = Look::of(&io::stdout());
        let console = Console::new(progress.terminal(), level, look).repeated(self.seeds > 1);
        let mut reports: Vec<Box<dyn Report>> = vec![Box::new(console)];
        if let Some(path) = &self.junit {
            reports.push(Box::new(Junit::new(create(path)?)));
        }
        if let Some(path) = &self.json {
            reports.push(Box::new(Json::new(create(path)?)));
        }
        Ok(reports)
    }
}

/// Opens a file for writing, with the folders on its way; an error names it.
fn create(path: &Path) -> io::Result<Box<dyn Write>> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(named)?;
    }
    let file = File::create(path).map_err(named)?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Real time since some fixed moment.
#[allow(clippy::disallowed_methods, reason = "how long a run took is for the person who waits")]
fn elapsed() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
