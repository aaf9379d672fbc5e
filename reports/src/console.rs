//! The report for people: a line a scenario as it is over, failures in full, a summary.

use std::io::Write;

use tollgate_conformance::run::{RunEvent, StepOutcome, Verdict};

use crate::failure::in_full;
use crate::look::Look;
use crate::played::{Gathering, Played};
use crate::report::{Report, ReportError};
use crate::show::{clean, count, span};
use crate::summary::Summary;
use crate::versions::beside;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// What did not pass, and the totals.
    Quiet,
    /// A line for every scenario as well, one for all seeds of it that pass in a row, and the summary.
    #[default]
    Normal,
    /// A line for every run and every step as well.
    Verbose,
}

/// Writes to a terminal, a file, anything.
#[derive(Debug)]
pub struct Console<W: Write> {
    out: W,
    look: Look,
    level: Level,
    /// Whether scenarios run with several seeds.
    repeated: bool,
    gathering: Gathering,
    summary: Summary,
    row: Option<InARow>,
}

/// Runs of one scenario that passed one after the other, not told yet.
#[derive(Debug)]
struct InARow {
    last: Played,
    first_seed: u64,
    runs: usize,
}

impl<W: Write> Console<W> {
    /// A report of this much, for a place that looks like that.
    pub fn new(out: W, level: Level, look: Look) -> Self {
        Self {
            out,
            look,
            level,
            repeated: false,
            gathering: Gathering::default(),
            summary: Summary::default(),
            row: None,
        }
    }

    /// The same for scenarios that run with several seeds each: those that pass in a row share a line, unless the
    /// level is verbose.
    #[must_use]
    pub fn repeated(mut self, repeated: bool) -> Self {
        self.repeated = repeated;
        self
    }

    fn scenario(&mut self, played: Played) -> Result<(), ReportError> {
        self.summary.add(&played);
        let quiet = self.level == Level::Quiet;
        match &played.end.verdict {
            Verdict::Passed | Verdict::Skipped(_) if quiet => Ok(()),
            Verdict::Passed if self.repeated && self.level == Level::Normal => self.in_a_row(played),
            _ => {
                self.tell_row()?;
                self.line(&played)
            }
        }
    }

    fn in_a_row(&mut self, played: Played) -> Result<(), ReportError> {
        let same = |row: &InARow| row.last.name == played.name && row.last.path == played.path;
        if !self.row.as_ref().is_some_and(same) {
            self.tell_row()?;
        }
        let (first_seed, runs) = self.row.as_ref().map_or((played.seed, 0), |row| (row.first_seed, row.runs));
        self.row = Some(InARow { last: played, first_seed, runs: runs + 1 });
        Ok(())
    }

    fn tell_row(&mut self) -> Result<(), ReportError> {
        let Some(InARow { last, first_seed, runs }) = self.row.take() else { return Ok(()) };
        if runs == 1 {
            return self.line(&last);
        }
        let seeds = format!("seeds {first_seed} to {}", last.seed);
        self.head(&last, &format!("{runs} runs, {seeds}"))
    }

    fn line(&mut self, played: &Played) -> Result<(), ReportError> {
        let verbose = self.level == Level::Verbose;
        match &played.end.verdict {
            Verdict::Skipped(why) => self.head(played, &clean(why))?,
            Verdict::Broken(_) if played.steps.is_empty() => self.head(played, "could not be run")?,
            _ => {
                let seed = if verbose { format!(", seed {}", played.seed) } else { String::new() };
                let steps = count(played.judged(), "step");
                self.head(played, &format!("{steps}, {}{seed}", span(played.end.lasted)))?;
            }
        }
        if verbose {
            self.steps(played)?;
        }
        if let Some(versions) = played.end.versions.as_ref().filter(|own| !own.differences.is_empty()) {
            write!(self.out, "{}", beside(versions, self.look))?;
        }
        if matches!(played.end.verdict, Verdict::Failed | Verdict::Broken(_)) {
            writeln!(self.out, "{}", in_full(played, self.look))?;
        }
        Ok(())
    }

    /// Mark, name, file, and what else there is to say.
    fn head(&mut self, played: &Played, rest: &str) -> Result<(), ReportError> {
        let mark = self.look.mark(&played.end.verdict);
        let path = played.path.to_string_lossy();
        let path = self.look.dim(&clean(&path));
        writeln!(self.out, "{mark} {}  {path}  {rest}", clean(&played.name))?;
        Ok(())
    }

    fn steps(&mut self, played: &Played) -> Result<(), ReportError> {
        for step in &played.steps {
            let (verdict, why) = match &step.outcome {
                StepOutcome::Passed => (Verdict::Passed, String::new()),
                StepOutcome::Refused(why) => (Verdict::Passed, format!(" (refused: {})", clean(why))),
                StepOutcome::Failed(_) => (Verdict::Failed, String::new()),
                StepOutcome::Broken(why) => (Verdict::Broken(String::new()), format!(" ({})", clean(why))),
                StepOutcome::Skipped(why) => (Verdict::Skipped(String::new()), format!(" ({})", clean(why))),
            };
            let mark = self.look.mark(&verdict);
            let at = self.look.dim(&step.at.to_string());
            writeln!(self.out, "    {mark} {:>3} {}{why}  {at}", step.number, clean(&step.text))?;
        }
        let (told, unexpected) = (!played.end.unexpected.0.is_empty(), played.end.unexpected.1);
        if unexpected > 0 && !told {
            writeln!(self.out, "    {} that no step expected", count(unexpected, "observation"))?;
        }
        Ok(())
    }
}

impl<W: Write> Report for Console<W> {
    fn handle(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        if let Some(played) = self.gathering.handle(event) {
            return self.scenario(played);
        }
        if let RunEvent::RunFinished { totals, elapsed } = event {
            self.tell_row()?;
            let table = self.summary.table(self.look);
            if self.level != Level::Quiet && !table.is_empty() {
                writeln!(self.out, "\n{table}")?;
            }
            writeln!(self.out, "{}", self.summary.totals(totals, *elapsed, self.look))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        self.tell_row()?;
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn written(level: Level, look: Look, events: &[RunEvent]) -> String {
        let mut console = Console::new(Vec::new(), level, look).repeated(true);
        events.iter().for_each(|event| console.handle(event).unwrap());
        console.finish().unwrap();
        String::from_utf8(console.out).unwrap()
    }

    #[test]
    fn a_run_in_a_pipe() {
        insta::assert_snapshot!(written(Level::Normal, Look::plain(), &fixture::run()));
    }

    #[test]
    fn a_run_on_a_terminal() {
        let look = Look { colour: false, symbols: true };
        insta::assert_snapshot!(written(Level::Normal, look, &fixture::run()));
    }

    #[test]
    fn a_quiet_run() {
        insta::assert_snapshot!(written(Level::Quiet, Look::plain(), &fixture::run()));
    }

    #[test]
    fn a_verbose_run() {
        insta::assert_snapshot!(written(Level::Verbose, Look::plain(), &fixture::run()));
    }

    #[test]
    fn without_a_terminal_there_is_no_escape_code_and_nothing_beyond_ascii() {
        for level in [Level::Quiet, Level::Normal, Level::Verbose] {
            let text = written(level, Look::plain(), &fixture::run());
            assert!(text.chars().all(|letter| letter == '\n' || (letter.is_ascii() && !letter.is_control())));
        }
    }

    #[test]
    fn colours_change_nothing_but_the_escape_codes() {
        let coloured = written(Level::Verbose, Look { colour: true, symbols: false }, &fixture::run());
        assert!(coloured.contains("\x1b["));
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, written(Level::Verbose, Look::plain(), &fixture::run()));
    }

    #[test]
    fn a_file_is_not_taken_for_a_terminal() {
        assert_eq!(Look::of(&tempfile::tempfile().unwrap()), Look::plain());
    }
}
