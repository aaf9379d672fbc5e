//! What the place that a report is written to can show.

use std::env;

use anstream::AutoStream;
use anstream::ColorChoice;
use anstream::stream::RawStream;
use anstyle::{AnsiColor, Style};
use tabled::Table;
use tabled::settings::Style as Frame;

use tollgate_conformance::run::Verdict;

/// What may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Colours, by escape codes.
    pub colour: bool,
    /// Letters beyond ASCII for marks and table frames; words and plain lines stand for them otherwise.
    pub symbols: bool,
}

impl Look {
    /// For files and pipes: no escape codes, and nothing but ASCII of our own.
    #[must_use]
    pub const fn plain() -> Self {
        Self { colour: false, symbols: false }
    }

    /// What a stream can show: colours as its terminal and the usual variables (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM`)
    /// have it, symbols on a terminal whose locale is UTF-8.
    pub fn of(stream: &impl RawStream) -> Self {
        let colour = AutoStream::choice(stream) != ColorChoice::Never;
        // The first of these that is set and not empty counts (POSIX, environment variables).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| env::var(name).ok());
        let utf8 = locale.into_iter().find(|value| !value.is_empty()).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
        Self { colour, symbols: utf8 && stream.is_terminal() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// The mark in front of a verdict.
    pub(crate) fn mark(self, verdict: &Verdict) -> String {
        let (symbol, word) = match verdict {
            Verdict::Passed => ("✓", "ok     "),
            Verdict::Failed => ("✗", "FAILED "),
            Verdict::Broken(_) => ("!", "BROKEN "),
            Verdict::Skipped(_) => ("-", "skipped"),
        };
        self.paint(verdict_style(verdict), if self.symbols { symbol } else { word })
    }

    /// A verdict in a word.
    pub(crate) fn verdict(self, verdict: &Verdict) -> String {
        self.paint(verdict_style(verdict), verdict_word(verdict))
    }

    pub(crate) fn frame(self, table: &mut Table) {
        if self.symbols {
            table.with(Frame::sharp());
        } else {
            table.with(Frame::psql());
        }
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A verdict in a word.
pub(crate) fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Broken(_) => "broken",
        Verdict::Skipped(_) => "skipped",
    }
}

fn verdict_style(verdict: &Verdict) -> Style {
    match verdict {
        Verdict::Passed => AnsiColor::Green.on_default(),
        Verdict::Failed => AnsiColor::Red.on_default().bold(),
        Verdict::Broken(_) => AnsiColor::Magenta.on_default().bold(),
        Verdict::Skipped(_) => AnsiColor::Yellow.on_default(),
    }
}
