//! House rules that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, root};

/// A file longer than this is asking to be two.
const LINES_MAX: usize = 600;

/// Names that say nothing of what is inside.
const DRAWERS: &[&str] =
    &["utils.rs", "util.rs", "helpers.rs", "misc.rs", "common.rs", "consts.rs", "constants.rs"];

pub(crate) fn run() -> Outcome {
    let mut sources = Vec::new();
    collect(&root(), &mut sources);
    sources.sort();
    let mut complaints = Vec::new();
    for path in &sources {
        match fs::read_to_string(path) {
            Ok(text) => complaints.extend(complaints_about(&shown(path), &text)),
            Err(error) => complaints.push(format!("{}: {error}", shown(path))),
        }
    }
    if complaints.is_empty() { Ok(format!("{} files", sources.len())) } else { Err(complaints) }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn complaints_about(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path);
    if DRAWERS.contains(&name) && !path.contains("/tests/") {
        complaints.push(format!("{path}: a drawer; name the file after its one noun"));
    }
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    if !first.is_some_and(|line| line.starts_with("//!")) {
        complaints.push(format!("{path}: begins without a `//!` line that says what it is for"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        complaints.push(format!("{path}: {lines} lines, more than {LINES_MAX}; perhaps two nouns in one"));
    }
    for (number, line) in text.lines().enumerate() {
        if line.contains('\t') && !line.contains("\\t") {
            complaints.push(format!("{path}:{}: a tab", number + 1));
        }
    }
    complaints
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "corpus" && name != "artifacts" {
                collect(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_header_or_with_a_drawer_name_is_named() {
        assert!(complaints_about("a/b.rs", "//! For this.\nfn x() {}\n").is_empty());
        assert_eq!(complaints_about("a/b.rs", "fn x() {}\n").len(), 1);
        assert_eq!(complaints_about("a/utils.rs", "//! For this.\n").len(), 1);
        assert_eq!(complaints_about("a/b.rs", &"//! x\n".repeat(LINES_MAX + 1)).len(), 1);
    }
}
