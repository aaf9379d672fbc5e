//! The command that plays one run of a scenario again, and the name of the files that a run leaves.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use crate::scenario::Scenario;

/// The target that the command takes when none is named.
pub const DEFAULT_TARGET: &str = "reference";

/// `tollgate run scenarios/a.yaml --variant 'loss=5%' --seed 4711 --target reference-sockets`, ready for a POSIX
/// shell.
#[must_use]
pub fn command(scenario: &Scenario, seed: u64, target: &str) -> String {
    let mut command = format!("tollgate run {}", quoted(&scenario.path.to_string_lossy()));
    if !scenario.variant.is_empty() {
        command.push_str(&format!(" --variant {}", quoted(&scenario.variant)));
    }
    command.push_str(&format!(" --seed {seed}"));
    if target != DEFAULT_TARGET {
        command.push_str(&format!(" --target {}", quoted(target)));
    }
    command
}

/// The same for a file that says its seed itself.
#[must_use]
pub fn command_of(path: &Path, target: &str) -> String {
    let mut command = format!("tollgate run {}", quoted(&path.to_string_lossy()));
    if target != DEFAULT_TARGET {
        command.push_str(&format!(" --target {}", quoted(target)));
    }
    command
}

/// The path of a file about one run below some folder, without its extension: the scenario's own path with its
/// variant and seed. Different runs have different names.
#[must_use]
pub fn file_name(scenario: &Scenario, seed: u64) -> PathBuf {
    let mut path: PathBuf = (scenario.path.with_extension("").components())
        .filter_map(|component| match component {
            Component::Normal(name) => Some(Path::new(name).to_owned()),
            _ => None,
        })
        .collect();
    let mut name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !scenario.variant.is_empty() {
        name.push('.');
        plain_into(&scenario.variant, &mut name);
    }
    if !scenario.version.is_empty() {
        name.push('.');
        plain_into(&scenario.version, &mut name);
    }
    name.push_str(&format!(".seed-{seed}"));
    path.set_file_name(name);
    path
}

/// Letters that a file system may not like are written as `~` and their code point.
fn plain_into(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            ' ' => out.push('_'),
            letter if letter.is_ascii_alphanumeric() || "=.,%-".contains(letter) => out.push(letter),
            // Writing to a `String` cannot fail.
            other => _ = write!(out, "~{:x}", u32::from(other)),
        }
    }
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:,%@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixture;

    fn scenario(path: &str, variant: &str) -> Scenario {
        Scenario { path: path.into(), variant: variant.into(), ..fixture::scenario() }
    }

    #[test]
    fn the_command_names_only_what_is_needed() {
        let plain = scenario("scenarios/prepaid-ivr/success.yaml", "");
        assert_eq!(
            command(&plain, 7, "reference"),
            "tollgate run scenarios/prepaid-ivr/success.yaml --seed 7"
        );
        let odd = scenario("my calls/it's.yaml", "loss=5%, group=2");
        assert_eq!(
            command(&odd, 7, "reference-sockets"),
            r"tollgate run 'my calls/it'\''s.yaml' --variant 'loss=5%, group=2' --seed 7 --target reference-sockets"
        );
    }

    #[test]
    fn files_of_different_runs_have_different_names_below_the_folder() {
        let name = |path, variant, seed| file_name(&scenario(path, variant), seed).display().to_string();
        assert_eq!(name("../lib/a.yaml", "", 1), "lib/a.seed-1");
        assert_eq!(name("/lib/a.yaml", "loss=5%, of=x/y", 2), "lib/a.loss=5%,_of=x~2fy.seed-2");
        assert_ne!(name("a.yaml", "b c", 1), name("a.yaml", "b_c", 1));
    }
}
