//! `tollgate schema`: JSON Schema for editors.

use std::fs;
use std::path::PathBuf;

use tollgate_conformance::schema;

use crate::exit::Exit;
use crate::registry::registry;

const EXAMPLES: &str = "\
Examples:
  tollgate schema --output scenario.schema.json
  tollgate schema world --output world.schema.json

In a scenario, the first line tells the editor:
  # yaml-language-server: $schema=scenario.schema.json";

/// Writes the JSON Schema with which an editor completes and checks files while they are written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Of which files
    #[arg(value_enum, default_value_t = Of::Scenario)]
    of: Of,
    /// The file to write; without it, standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Of {
    /// Scenarios
    Scenario,
    /// Sequences that scenarios share
    Sequence,
    /// Worlds
    World,
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let schema = match arguments.of {
        Of::Scenario => schema::scenario(&registry()),
        Of::Sequence => schema::sequence(&registry()),
        Of::World => schema::world(),
    };
    let text = format!("{schema:#}\n");
    match &arguments.output {
        None => anstream::print!("{text}"),
        Some(path) => {
            if let Err(error) = fs::write(path, text) {
                anstream::eprintln!("error: {} cannot be written: {error}", path.display());
                return Exit::CouldNotRun;
            }
        }
    }
    Exit::Passed
}
