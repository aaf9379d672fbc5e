//! Collects the problems of the files that one check reads.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{Diagnostic, Mark, Report, Severity, Source, Span, place_of};
use crate::scenario::Place;

/// After this many problems of one check no more are kept; nobody reads on.
const PROBLEMS_MAX: usize = 200;

/// A problem whose places are still spans.
#[derive(Debug)]
pub(crate) struct Problem {
    severity: Severity,
    span: Span,
    message: String,
    label: String,
    related: Vec<(Span, String)>,
    help: Vec<String>,
}

impl Problem {
    pub(crate) fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            span,
            message: message.into(),
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    pub(crate) fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a way out, if there is one.
    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help.extend(help.into());
        self
    }

    /// The same for a fixed text.
    pub(crate) fn advice(self, help: &str) -> Self {
        self.help(help.to_owned())
    }

    /// Adds another place that belongs to it.
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

/// The files of one check and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    sources: Vec<Arc<Source>>,
    problems: Vec<Problem>,
    /// A repeated step or a matrix must not report the same line again.
    seen: BTreeSet<(Span, String)>,
    errors: usize,
    /// Problems that were not kept.
    dropped: usize,
    /// How much was written out of parameters.
    written: usize,
}

impl Collector {
    /// Adds a file; its number goes into the spans of its nodes.
    pub(crate) fn add_source(&mut self, path: &Path, text: String) -> (u32, Arc<Source>) {
        let source = Arc::new(Source::new(path, text));
        self.sources.push(Arc::clone(&source));
        (u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX), source)
    }

    /// One that knows the files of an earlier check, whose nodes are read again.
    pub(crate) fn knowing(sources: Vec<Arc<Source>>) -> Self {
        Self { sources, ..Self::default() }
    }

    /// The files so far, in the order of the numbers that spans have.
    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        self.sources.clone()
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.problems.len() >= PROBLEMS_MAX {
            self.errors += usize::from(problem.severity == Severity::Error);
            self.dropped += 1;
            return;
        }
        if self.seen.insert((problem.span, problem.message.clone())) {
            self.errors += usize::from(problem.severity == Severity::Error);
            self.problems.push(problem);
        }
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.push(Problem::error(span, message));
    }

    /// Counts what is written out of parameters; whether it is still within `max`.
    pub(crate) fn spend(&mut self, nodes: usize, max: usize) -> bool {
        self.written = self.written.saturating_add(nodes);
        self.written <= max
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        place_of(&self.sources, span)
    }

    /// Everything found, sorted by place.
    pub(crate) fn into_report(mut self) -> Report {
        self.problems.sort_by_key(|problem| (problem.span.file, problem.span.start));
        let mut report = Report::new();
        for problem in &self.problems {
            report.push(self.resolve(problem));
        }
        if self.dropped > 0 {
            let more = format!("{} more problems are not shown", self.dropped);
            report.extend(Report::of_message(more, Some("correct those above first".to_owned())));
        }
        report
    }

    fn resolve(&self, problem: &Problem) -> Diagnostic {
        let mark = |span: Span| {
            let source = self.sources.get(span.file as usize)?;
            Some(Mark { source: Arc::clone(source), start: span.start as usize, end: span.end as usize })
        };
        Diagnostic {
            severity: problem.severity,
            message: problem.message.clone(),
            at: mark(problem.span),
            label: problem.label.clone(),
            related: (problem.related.iter())
                .filter_map(|(span, label)| Some((mark(*span)?, label.clone())))
                .collect(),
            help: problem.help.clone(),
        }
    }
}
