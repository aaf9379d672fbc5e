//! A progress line for people: on a terminal, and only when a run is long.

use std::io::{self, IsTerminal, Write};
use std::rc::Rc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tollgate_conformance::run::Shrinking;

/// Fewer runs than this are over before anybody could read a line.
const RUNS_MIN: usize = 200;

/// After so many runs of what is made small a line is told, where there is no bar.
const SHRINKING_TOLD_EVERY: usize = 100;

/// The progress of a run.
#[derive(Debug)]
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// The line for so many runs; none where nobody would see it.
    pub(crate) fn of(runs: usize) -> Self {
        if runs < RUNS_MIN || !io::stderr().is_terminal() {
            return Self(None);
        }
        let length = u64::try_from(runs).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(5));
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len} scenarios, {per_sec}, {eta} left {msg}");
        Self(Some(style.map_or(bar.clone(), |style| bar.with_style(style))))
    }

    /// What counts runs, from any thread.
    pub(crate) fn ticks(&self) -> Ticks {
        Ticks(self.0.clone())
    }

    /// Standard output, for reports: the line is out of their way while they print.
    pub(crate) fn terminal(self: &Rc<Self>) -> Terminal {
        Terminal { progress: Rc::clone(self), pending: Vec::new() }
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Counts runs.
#[derive(Debug)]
pub(crate) struct Ticks(Option<ProgressBar>);

impl Ticks {
    /// One run is over.
    pub(crate) fn tick(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// A failing run is being made small.
    pub(crate) fn shrinking(&self, at: Shrinking) {
        let Shrinking { seed, runs, steps, of } = at;
        let message = format!("(seed {seed} fails; {steps} of its {of} steps after {runs} runs)");
        match &self.0 {
            Some(bar) => bar.set_message(message),
            // Where nobody sees a bar, a line now and then shows that something is going on.
            None if runs % SHRINKING_TOLD_EVERY == 0 => anstream::eprintln!("making it small: {message}"),
            None => {}
        }
    }
}

/// Standard output beside a progress line. Whole lines go out; a line that is begun waits for its end.
#[derive(Debug)]
pub(crate) struct Terminal {
    progress: Rc<Progress>,
    pending: Vec<u8>,
}

impl Write for Terminal {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(octets);
        if octets.ends_with(b"\n") {
            self.flush()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let print = || io::stdout().write_all(&self.pending);
        let printed = match &self.progress.0 {
            Some(bar) if !self.pending.is_empty() => bar.suspend(print),
            _ => print(),
        };
        self.pending.clear();
        printed?;
        io::stdout().flush()
    }
}
