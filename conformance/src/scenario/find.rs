//! Finds scenario files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::{SHARED_FOLDERS, is_yaml};
use super::nature::{Nature, SCENARIO_KEYS};
use crate::diagnostics::{Report, did_you_mean};

/// How deep folders are searched.
const DEPTH_MAX: usize = 32;

/// The scenario files of these paths, each once: a file as it is named, a folder with everything below
/// it in the order of names. In a folder those YAML files count that have a key of a scenario; the
/// folders `worlds` and `sequences` hold none.
///
/// # Errors
/// A path that is not there, or a folder without any scenario.
pub fn find_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Report> {
    find(paths, Wanted::Scenarios)
}

/// The same with the worlds and sequences of the folders.
///
/// # Errors
/// A path that is not there, or a folder without any of them.
pub fn find_subjects(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Report> {
    find(paths, Wanted::All)
}

/// Which files of a folder count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Scenarios,
    All,
}

fn find(paths: &[PathBuf], wanted: Wanted) -> Result<Vec<PathBuf>, Report> {
    let mut report = Report::new();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let mut files = Vec::new();
        if path.is_dir() {
            if let Err(error) = search(path, 0, wanted, &mut files) {
                report.extend(Report::of_message(error, None));
                continue;
            }
            if files.is_empty() {
                let what = match wanted {
                    Wanted::Scenarios => "scenario",
                    Wanted::All => "scenario, world or sequence",
                };
                let message = format!("there is no {what} in '{}'", path.display());
                let help = "a scenario is a .yaml file that has a `scenario:` key".to_owned();
                report.extend(Report::of_message(message, Some(help)));
            }
        } else if path.exists() {
            files.push(path.clone());
        } else {
            let message = format!("there is no file or folder '{}'", path.display());
            report.extend(Report::of_message(message, neighbour(path)));
        }
        found.extend(files.into_iter().filter(|file| seen.insert(file.clone())));
    }
    if report.is_empty() { Ok(found) } else { Err(report) }
}

fn search(folder: &Path, depth: usize, wanted: Wanted, found: &mut Vec<PathBuf>) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("'{}' lies more than {DEPTH_MAX} folders deep", folder.display()));
    }
    let unreadable =
        |error: std::io::Error| format!("cannot read the folder '{}': {error}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        entries.push((entry.file_name(), entry.file_type().map_err(unreadable)?));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, kind) in entries {
        let path = folder.join(&name);
        // A link to a folder could lead round in a circle, so links to folders are not followed.
        if kind.is_dir() {
            let shared = |name: &str| wanted == Wanted::Scenarios && SHARED_FOLDERS.contains(&name);
            let hidden = name.to_str().is_none_or(|name| name.starts_with('.') || shared(name));
            if !hidden {
                search(&path, depth + 1, wanted, found)?;
            }
        } else if is_yaml(&path) && path.is_file() && counts(&path, wanted) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file is meant as what is wanted. One that cannot be read, or whose `scenario:` is misspelt,
/// counts too: its check says what is wrong, while leaving it out would say nothing.
fn counts(path: &Path, wanted: Wanted) -> bool {
    let Ok(octets) = std::fs::read(path) else { return true };
    let Ok(text) = std::str::from_utf8(&octets) else { return true };
    let keys: BTreeSet<&str> = text.lines().filter_map(top_key).collect();
    let has = |names: &[&str]| names.iter().any(|name| keys.contains(name));
    let flow = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    let flow =
        flow.filter(|line| !line.is_empty() && !line.starts_with('#')).any(|line| line.starts_with('{'));
    match Nature::by(|key| keys.contains(key), keys.contains("world")) {
        Nature::Scenario => has(&SCENARIO_KEYS) || flow && keys.is_empty(),
        // Many a YAML file of another tool has nodes or settings.
        Nature::World => wanted == Wanted::All && has(&["world", "ocs", "tariffs", "accounts", "products"]),
        Nature::Sequence => wanted == Wanted::All,
    }
}

/// The key at the margin of a line.
fn top_key(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}');
    if line.starts_with([' ', '\t', '#', '-', '{', '[']) {
        return None;
    }
    let (key, _) = line.split_once(':')?;
    Some(key.trim().trim_matches(['"', '\'']))
}

fn neighbour(path: &Path) -> Option<String> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(parent)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    did_you_mean(path.file_name()?.to_str()?, names.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_gives_its_scenarios_in_the_order_of_names() {
        let folder = library(&[
            ("b.yaml", "scenario: b\n"),
            ("a/z.yml", "# hello\n\"scenario\": z\n"),
            ("a/misspelt.yaml", "scenaro: m\nsteps: []\n"),
            ("worlds/w.yaml", "world: w\n"),
            ("sequences/s.yaml", "sequence: s\nsteps: []\n"),
            ("elsewhere.yaml", "sequence: s\nsteps: []\n"),
            ("notes.txt", "scenario: no\n"),
            (".hidden/x.yaml", "scenario: x\n"),
        ]);
        let found = find_files(&[folder.path().to_path_buf()]).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a/misspelt.yaml"), Path::new("a/z.yml"), Path::new("b.yaml")]);
    }

    #[test]
    fn worlds_and_sequences_are_found_where_they_are_wanted() {
        let folder = library(&[
            ("b.yaml", "scenario: b\n"),
            ("worlds/w.yaml", "wrold: w\nocs: 10.0.0.1\n"),
            ("sequences/s.yaml", "sequence: s\nsteps: []\n"),
            ("compose.yaml", "services:\n  db: {}\nsettings: {}\n"),
        ]);
        let found = find_subjects(&[folder.path().to_path_buf()]).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("b.yaml"), Path::new("sequences/s.yaml"), Path::new("worlds/w.yaml")]);
    }

    #[test]
    fn a_missing_path_and_an_empty_folder_are_both_reported() {
        let folder = library(&[("calls/a.yaml", "scenario: a\n"), ("empty/readme.md", "")]);
        let paths = [folder.path().join("cals"), folder.path().join("empty"), folder.path().join("calls")];
        let text =
            find_files(&paths).unwrap_err().to_string().replace(&folder.path().display().to_string(), "/l");
        assert_eq!(
            text,
            "error: there is no file or folder '/l/cals'\n |\n = help: did you mean 'calls'?\n\n\
             error: there is no scenario in '/l/empty'\n |\n \
             = help: a scenario is a .yaml file that has a `scenario:` key\n"
        );
    }

    #[test]
    fn a_file_named_twice_is_found_once() {
        let folder = library(&[("a.yaml", "scenario: a\n")]);
        let file = folder.path().join("a.yaml");
        assert_eq!(find_files(&[file.clone(), file.clone()]).unwrap(), [file]);
    }
}
