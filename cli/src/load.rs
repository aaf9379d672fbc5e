//! Finds and checks the scenarios that a command line names.

use std::path::PathBuf;

use tollgate_conformance::diagnostics::{Report, Style};
use tollgate_conformance::scenario::{self, Scenario};

use crate::registry::registry;

/// What was found.
pub(crate) struct Loaded {
    /// The scenarios of the files without errors, in the order of their paths.
    pub(crate) scenarios: Vec<Scenario>,
    /// How many files were read.
    pub(crate) files: usize,
    /// Everything that is wrong with any of them.
    pub(crate) report: Report,
}

impl Loaded {
    /// How much is wrong, in words.
    pub(crate) fn complaint(&self) -> String {
        let errors = counted(self.report.errors(), "error");
        match self.files {
            0 => errors,
            files => format!("{errors} in {}", counted(files, "file")),
        }
    }
}

/// Finds scenario files under these paths and checks every one of them.
pub(crate) fn load(paths: &[PathBuf]) -> Loaded {
    let (registry, options) = (registry(), scenario::Options::default());
    let files = match scenario::find_files(paths) {
        Ok(files) => files,
        Err(report) => return Loaded { scenarios: Vec::new(), files: 0, report },
    };
    let mut loaded = Loaded { scenarios: Vec::new(), files: files.len(), report: Report::new() };
    for file in &files {
        let (scenarios, report) = scenario::check_file(file, &registry, &options);
        loaded.scenarios.extend(scenarios);
        loaded.report.extend(report);
    }
    loaded
}

/// Prints a report where errors go, in colour on a terminal.
pub(crate) fn print(report: &Report) {
    if !report.is_empty() {
        // The stream takes the colours away again where nobody can see them.
        anstream::eprint!("{}", report.render(Style::Colour));
    }
}

/// So many of a thing, in words.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
