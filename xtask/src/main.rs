//! Repository chores: `cargo xtask layers`, `tidy`, `ci`. Nothing here is shipped.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]

mod ci;
mod layers;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <chore>

  layers   every dependency between our crates is one that ARCHITECTURE.md allows
  tidy     every source file has a header, one noun and a bearable length
  ci       everything that the continuous integration runs, in its order
";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1).unwrap_or_default();
    let result = match chore.as_str() {
        "layers" => layers::run(),
        "tidy" => tidy::run(),
        "ci" => ci::run(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(1);
        }
    };
    match result {
        Ok(summary) => {
            println!("{chore}: {summary}");
            ExitCode::SUCCESS
        }
        Err(complaints) => {
            for complaint in &complaints {
                eprintln!("{chore}: {complaint}");
            }
            eprintln!("{chore}: {} to mend", complaints.len());
            ExitCode::FAILURE
        }
    }
}

/// What a chore found: one line of summary, or every complaint.
type Outcome = Result<String, Vec<String>>;

/// The folder that holds the workspace.
fn root() -> std::path::PathBuf {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}
