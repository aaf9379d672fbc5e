//! Stores that earlier versions wrote: they are refused by their version, and left as they are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod suite;

use std::fs;
use std::path::{Path, PathBuf};

use tollgate_ocs_core::Record;
use tollgate_ocs_store::embedded::{Embedded, OpenError, Options, xdrs};
use tollgate_ocs_store::{FORMAT_VERSION, World};

/// What its stores were begun with.
fn world() -> World {
    World::of(b"the world of these tests")
}

/// A copy of the store that was written in that format: six commands, a state behind them, an orderly end.
fn store_of(format: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{format}"));
    for path in files(&kept) {
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let named = files(folder).into_iter().filter(|path| !path.ends_with("lock"));
    let mut all: Vec<_> = named.map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
    all.sort();
    all
}

#[test]
fn every_earlier_format_is_refused_by_its_number_and_left_as_it_is() {
    for format in 1..FORMAT_VERSION {
        let folder = store_of(format);
        let before = contents(folder.path());
        assert!(before.len() >= 2, "{before:?}");
        let mut store = Embedded::open(folder.path(), world(), Options::default()).unwrap();
        let why = store.recover(&suite::world()).unwrap_err().to_string();
        let says = format!(
            "has format {format}, and this program reads format {FORMAT_VERSION}; open it with the version"
        );
        assert!(why.contains(&says), "{why}");
        drop(store);
        let read = xdrs(folder.path(), world(), |_| {});
        assert!(matches!(read, Err(OpenError::OtherVersion { found, .. }) if found == format), "{read:?}");
        assert_eq!(contents(folder.path()), before);
    }
}
