//! Everything that the continuous integration runs, in its order; the same on any machine.

use std::process::Command;
use std::time::Duration;

use crate::{Outcome, root};

/// One check: its name, and the command. A check whose tool is missing is named as skipped.
struct Check {
    name: &'static str,
    command: &'static [&'static str],
    /// Skipped, and said so, where `cargo <tool>` is not installed.
    needs: Option<&'static str>,
}

const CHECKS: &[Check] = &[
    Check { name: "format", command: &["cargo", "fmt", "--all", "--check"], needs: None },
    Check {
        name: "clippy",
        command: &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ],
        needs: None,
    },
    Check { name: "layers", command: &["cargo", "run", "-q", "-p", "xtask", "--", "layers"], needs: None },
    Check { name: "tidy", command: &["cargo", "run", "-q", "-p", "xtask", "--", "tidy"], needs: None },
    Check { name: "tests", command: &["cargo", "test", "--workspace", "--all-features"], needs: None },
    Check {
        name: "two hundred kills",
        command: &["cargo", "test", "-p", "tollgate", "--test", "kill_nine", "--", "--ignored"],
        needs: None,
    },
    Check {
        name: "a million commands",
        command: &[
            "cargo",
            "test",
            "--profile",
            "model",
            "-p",
            "tollgate-ocs-core",
            "--test",
            "model",
            "--test",
            "money_model",
            "--",
            "--ignored",
        ],
        needs: None,
    },
    Check { name: "docs", command: &["cargo", "doc", "--workspace", "--no-deps", "--quiet"], needs: None },
    Check {
        name: "scenario library",
        command: &["cargo", "run", "--release", "--", "run", "scenarios/", "--verify-replay"],
        needs: None,
    },
    Check {
        name: "two thousand outages of sites",
        command: &[
            "cargo",
            "run",
            "--release",
            "--",
            "run",
            "scenarios/stand-alone/random-outages.yaml",
            "scenarios/random",
            "--seeds",
            "2000",
            "--quiet",
        ],
        needs: None,
    },
    Check {
        name: "scenario library on real sockets",
        // Five times real time leaves a busy machine room to be late: a second of the scenario is 200 ms. What waits longer than
        // the patience is skipped with that reason; all of it takes a little over three minutes.
        command: &[
            "cargo",
            "run",
            "--release",
            "--",
            "run",
            "scenarios/",
            "--target",
            "reference-sockets",
            "--speed",
            "5",
            "--patience",
            "150",
            "--jobs",
            "12",
        ],
        needs: None,
    },
    Check {
        name: "licences, bans, sources",
        command: &["cargo", "deny", "check", "licenses", "bans", "sources"],
        needs: Some("deny"),
    },
];

pub(crate) fn run() -> Outcome {
    let mut failed = Vec::new();
    let mut skipped = 0_usize;
    for check in CHECKS {
        if check.needs.is_some_and(|tool| !installed(tool)) {
            println!(
                "== {}: skipped, cargo {} is not installed",
                check.name,
                check.needs.unwrap_or_default()
            );
            skipped += 1;
            continue;
        }
        println!("== {}: {}", check.name, check.command.join(" "));
        let started = elapsed();
        match one(check) {
            Ok(()) => {
                let took = elapsed().saturating_sub(started);
                println!("== {}: ok after {} s", check.name, took.as_secs());
            }
            Err(error) => failed.push(format!("{}: {error}", check.name)),
        }
    }
    if failed.is_empty() {
        Ok(format!("{} checks passed, {skipped} skipped", CHECKS.len() - skipped))
    } else {
        Err(failed)
    }
}

fn one(check: &Check) -> Result<(), String> {
    let (program, args) = check.command.split_first().ok_or("no command")?;
    let status = Command::new(program)
        .args(args)
        .current_dir(root())
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .map_err(|error| format!("{program} did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{} ({status})", check.command.join(" "))) }
}

fn installed(tool: &str) -> bool {
    Command::new("cargo").args([tool, "--version"]).output().is_ok_and(|output| output.status.success())
}

#[allow(clippy::disallowed_methods, reason = "how long a check took is for the person who waits")]
fn elapsed() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
