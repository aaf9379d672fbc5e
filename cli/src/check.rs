//! `tollgate check`: everything that is wrong with scenarios, without running them.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::load::{self, counted};
use crate::reference::Reference;

const EXAMPLES: &str = "\
Examples:
  tollgate check my.yaml
  tollgate check scenarios/

Exit codes: 0 all are good, 2 something is wrong.";

/// Checks scenarios and the worlds and sequences that they use, and tells everything that is wrong with them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Scenario files, or folders to search for them
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let loaded = load::load(&arguments.paths);
    load::print(&loaded.report);
    if loaded.report.errors() > 0 {
        anstream::eprintln!("{}", loaded.complaint());
        return Exit::ScenarioWrong;
    }
    if let Err(error) = Reference::new(&loaded.scenarios) {
        anstream::eprintln!("error: {error}");
        return Exit::ScenarioWrong;
    }
    let runs = loaded.scenarios.len();
    let files = counted(loaded.files, "file");
    let verb = if loaded.files == 1 { "is" } else { "are" };
    anstream::println!("{files} {verb} good, for {}", counted(runs, "run"));
    Exit::Passed
}
