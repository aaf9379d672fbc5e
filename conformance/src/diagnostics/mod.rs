//! What is wrong with a tester's files: every problem with its place, the reason and a way out, and how
//! all of them are shown at once. It reads no files and knows nothing of what they mean.

mod collect;
mod render;
mod source;
mod suggest;

use std::sync::Arc;

pub(crate) use collect::{Collector, Problem};
pub use render::Style;
pub use source::{Source, word_at};
pub(crate) use source::{Span, place_of};
pub use suggest::nearest;
pub(crate) use suggest::{did_you_mean, known_names, shown};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but probably does not say what was meant.
    Warning,
}

/// A stretch of a source.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The source.
    pub source: Arc<Source>,
    /// Octets from its start to the first one of the stretch.
    pub start: usize,
    /// Octets from its start to behind the last one.
    pub end: usize,
}

/// One problem.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, a lowercase phrase.
    pub message: String,
    /// Where; `None` when it belongs to no line (a folder without scenarios).
    pub at: Option<Mark>,
    /// What stands under the marked text; may be empty.
    pub label: String,
    /// Other places that belong to it, each with its label.
    pub related: Vec<(Mark, String)>,
    /// Ways out.
    pub help: Vec<String>,
}

/// All problems found, of one file or of several.
#[derive(Debug, Clone, Default)]
pub struct Report {
    found: Vec<Diagnostic>,
}

impl Report {
    /// Nothing found.
    #[must_use]
    pub const fn new() -> Self {
        Self { found: Vec::new() }
    }

    /// A report of one problem that belongs to no line.
    #[must_use]
    pub fn of_message(message: impl Into<String>, help: impl IntoIterator<Item = String>) -> Self {
        let mut report = Self::new();
        report.push(Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            at: None,
            label: String::new(),
            related: Vec::new(),
            help: help.into_iter().collect(),
        });
        report
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds everything that another report found.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
    }

    /// The problems: those of a file stand together in the order of its lines, files in the order in
    /// which they were read.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.found
    }

    /// How many of them are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Whether nothing was found, not even a warning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All problems as text to be printed; ends with a line break unless it is empty.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        render::render(&self.found, style)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}

impl std::error::Error for Report {}
