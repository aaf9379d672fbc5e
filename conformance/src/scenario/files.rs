//! The files that a scenario names, and where they are looked for. Each is read once.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::{Collector, Problem, Span, did_you_mean, shown};
use crate::yaml::{self, Node};

/// Folders of a library that hold what scenarios share, and no scenarios.
pub(crate) const SHARED_FOLDERS: [&str; 2] = ["worlds", "sequences"];

/// The files of one check.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    root: Option<PathBuf>,
    trees: BTreeMap<PathBuf, Option<Arc<Node>>>,
}

impl Files {
    /// For the check of `file`, whose library's root is `root`, else found.
    pub(crate) fn of(file: &Path, root: Option<&Path>) -> Self {
        let root = root.map(Path::to_path_buf).or_else(|| library_root(file));
        Self { root, trees: BTreeMap::new() }
    }

    /// The files that were read so far, by their paths.
    pub(crate) fn read(&self) -> Vec<PathBuf> {
        self.trees.keys().cloned().collect()
    }

    /// The tree of the file that `reference` names in `from`: looked for beside `from`, then from the
    /// library's root. What goes wrong is reported at `at`.
    pub(crate) fn open(
        &mut self,
        reference: &str,
        what: &str,
        at: Span,
        from: &Path,
        collector: &mut Collector,
    ) -> Option<(PathBuf, Arc<Node>)> {
        let beside = tidy(&from.parent().unwrap_or(Path::new("")).join(reference));
        let shared = self.root.as_ref().map(|root| tidy(&root.join(reference)));
        let tried: Vec<PathBuf> = std::iter::once(beside).chain(shared).collect();
        let Some(path) = tried.iter().find(|path| path.is_file()) else {
            collector.push(
                Problem::error(at, format!("there is no {what} '{}'", shown(reference)))
                    .help(nearest_file(reference, &tried))
                    .help(looked_in(&tried)),
            );
            return None;
        };
        if let Some(tree) = self.trees.get(path) {
            return Some((path.clone(), Arc::clone(tree.as_ref()?)));
        }
        let tree = match std::fs::read(path) {
            Ok(octets) => yaml::parse(path, &octets, collector).map(Arc::new),
            Err(error) => {
                collector.error(at, format!("cannot read the {what} '{}': {error}", path.display()));
                None
            }
        };
        self.trees.insert(path.clone(), tree.clone());
        Some((path.clone(), tree?))
    }
}

/// The nearest folder above a file that has one of the shared folders.
fn library_root(file: &Path) -> Option<PathBuf> {
    let holds = |folder: &&Path| SHARED_FOLDERS.iter().any(|name| folder.join(name).is_dir());
    if let Some(found) = file.ancestors().skip(1).find(holds) {
        return Some(found.to_path_buf());
    }
    let absolute = std::path::absolute(file).ok()?;
    absolute.ancestors().skip(1).find(holds).map(Path::to_path_buf)
}

/// The path without `x/..` and `./` in it, so that a message shows the short one.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

fn nearest_file(reference: &str, tried: &[PathBuf]) -> Option<String> {
    let wanted = Path::new(reference).file_name()?.to_str()?;
    let mut names: Vec<String> = Vec::new();
    for folder in tried.iter().filter_map(|path| path.parent()) {
        let Ok(listing) = std::fs::read_dir(folder) else { continue };
        names.extend(listing.flatten().filter_map(|entry| entry.file_name().into_string().ok()));
    }
    names.retain(|name| is_yaml(Path::new(name)));
    names.sort();
    did_you_mean(wanted, names.iter().map(String::as_str))
}

fn looked_in(tried: &[PathBuf]) -> String {
    let mut shown: Vec<String> = tried.iter().map(|path| format!("'{}'", path.display())).collect();
    shown.dedup();
    format!("looked for {}", shown.join(" and "))
}

/// Whether a file's name ends as a YAML file's does.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_without_detours() {
        assert_eq!(tidy(Path::new("a/../worlds/./x.yaml")), Path::new("worlds/x.yaml"));
        assert_eq!(tidy(Path::new("../worlds/x.yaml")), Path::new("../worlds/x.yaml"));
    }
}
