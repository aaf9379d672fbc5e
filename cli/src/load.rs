//! Finds and checks the files that a command line names.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tollgate_conformance::diagnostics::{Report, Style};
use tollgate_conformance::scenario::{self, Outline, Scenario, Subject};
use tollgate_conformance::world::World;

use crate::registry::registry;

/// What was found.
#[derive(Default)]
pub(crate) struct Loaded {
    /// The scenarios of the files without errors, in the order of their paths.
    pub(crate) scenarios: Vec<Scenario>,
    /// The worlds without errors that were named or lie in a folder, where those are looked at.
    pub(crate) worlds: Vec<World>,
    /// Likewise the sequences.
    pub(crate) sequences: Vec<Outline>,
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
        Err(report) => return Loaded { report, ..Loaded::default() },
    };
    let mut loaded = Loaded { files: files.len(), ..Loaded::default() };
    for file in &files {
        let (scenarios, report) = scenario::check_file(file, &registry, &options);
        loaded.scenarios.extend(scenarios);
        loaded.report.extend(report);
    }
    loaded.report = distinct(&loaded.report);
    loaded
}

/// The same with worlds and sequences, each file checked as what it is.
pub(crate) fn load_all(paths: &[PathBuf]) -> Loaded {
    let (registry, options) = (registry(), scenario::Options::default());
    let files = match scenario::find_subjects(paths) {
        Ok(files) => files,
        Err(report) => return Loaded { report, ..Loaded::default() },
    };
    let mut loaded = Loaded { files: files.len(), ..Loaded::default() };
    for file in &files {
        let (subject, report) = scenario::check_subject(file, &registry, &options);
        loaded.report.extend(report);
        match subject {
            Some(Subject::Scenarios(scenarios)) => loaded.scenarios.extend(scenarios),
            Some(Subject::World(world)) => loaded.worlds.push(*world),
            Some(Subject::Sequence(outline)) => loaded.sequences.push(outline),
            None => {}
        }
    }
    loaded.report = distinct(&loaded.report);
    loaded
}

/// The same with each problem once: what is wrong with a shared world is found again by all that use it.
pub(crate) fn distinct(report: &Report) -> Report {
    let mut seen = BTreeSet::new();
    let mut told = Report::new();
    for problem in report.diagnostics() {
        let place = problem.at.as_ref().map(|mark| (mark.source.path().to_path_buf(), mark.start));
        if place.is_none() || seen.insert((place, problem.message.clone())) {
            told.push(problem.clone());
        }
    }
    told
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
