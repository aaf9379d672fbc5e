//! The embedded store: the suite of all stores, and what a disk and a crash can do to files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod suite;

use std::fs;
use std::path::{Path, PathBuf};

use suite::{Stored, dump_of, logs, world};
use tempfile::TempDir;
use tollgate_ocs_core::{Effect, Record};
use tollgate_ocs_store::World;
use tollgate_ocs_store::embedded::{Embedded, OpenError, Options, xdrs};

const OPTIONS: Options = Options { segment: 4_096, state_every: 9_000 };

fn own() -> World {
    World::of(b"the world of these tests")
}

fn open(folder: &Path) -> Stored {
    Stored::recovered(Box::new(Embedded::open(folder, own(), OPTIONS).unwrap()))
}

/// Why a folder is refused.
fn refusal(folder: &Path, world: World) -> String {
    let mut store = Embedded::open(folder, world, OPTIONS).unwrap();
    store.recover(&suite::world()).unwrap_err().to_string()
}

struct Folders(Option<TempDir>);

impl suite::Kind for Folders {
    fn begin(&mut self) -> Box<dyn Record> {
        let folder = self.0.insert(tempfile::tempdir().unwrap());
        Box::new(Embedded::open(folder.path(), own(), OPTIONS).unwrap())
    }

    fn again(&mut self, before: Box<dyn Record>) -> Box<dyn Record> {
        drop(before);
        Box::new(Embedded::open(self.0.as_ref().unwrap().path(), own(), OPTIONS).unwrap())
    }
}

/// The files of a folder whose names begin so, in their order.
fn files(folder: &Path, begin: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(begin));
    found.sort();
    found
}

/// The only segment of a store that has stored the commits of a log, one command each, and where each begins.
fn segment_of_commits(folder: &Path, commits: usize) -> (PathBuf, Vec<u8>, Vec<usize>) {
    let options = Options { segment: 1 << 20, ..OPTIONS };
    let log = &logs(1)[0][..commits];
    let mut stored = Stored::recovered(Box::new(Embedded::open(folder, own(), options).unwrap()));
    let path = files(folder, "log-").remove(0);
    for step in log {
        stored.apply(std::slice::from_ref(step));
        stored.commit();
    }
    let octets = fs::read(&path).unwrap();
    let begins = octets.windows(4).enumerate().filter(|(_, four)| *four == b"FRAM").map(|(at, _)| at);
    let begins: Vec<_> = begins.collect();
    assert_eq!(begins.len(), commits);
    (path, octets, begins)
}

#[test]
fn the_embedded_store_holds_what_every_store_must() {
    suite::holds(&mut Folders(None));
    suite::forgets_what_was_not_committed(&mut Folders(None));
}

#[test]
fn a_commit_that_a_crash_tore_is_cut_off_wherever_it_was_torn() {
    let folder = tempfile::tempdir().unwrap();
    let (path, octets, begins) = segment_of_commits(folder.path(), 6);
    let (last, end) = (begins[5], octets.iter().rposition(|octet| *octet != 0).unwrap() + 1);
    let log = &logs(1)[0][..6];
    for torn in last..end {
        for old in files(folder.path(), "") {
            fs::remove_file(old).unwrap();
        }
        let mut some = octets.clone();
        some[torn..].fill(0);
        fs::write(&path, &some).unwrap();
        let mut stored = open(folder.path());
        assert_eq!(stored.ocs.dump(), dump_of(&log[..5]), "torn at {torn} of {last}..{end}");
        // What is stored afterwards stands behind the cut.
        stored.apply(&log[5..]);
        stored.commit();
        drop(stored);
        assert_eq!(open(folder.path()).ocs.dump(), dump_of(log), "torn at {torn}");
    }
}

#[test]
fn damage_to_what_was_stored_is_refused_and_not_taken_for_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, octets, begins) = segment_of_commits(folder.path(), 6);
    for begin in &begins[..5] {
        let mut some = octets.clone();
        some[begin + 30] ^= 1;
        fs::write(&path, &some).unwrap();
        let why = refusal(folder.path(), own());
        assert!(why.contains(&format!("is damaged at octet {begin}")), "{why}");
    }
}

#[test]
fn a_segment_that_is_gone_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { state_every: u64::MAX, ..OPTIONS };
    let mut stored = Stored::recovered(Box::new(Embedded::open(folder.path(), own(), options).unwrap()));
    for step in logs(3).concat() {
        stored.apply(&[step]);
        stored.commit();
    }
    drop(stored);
    let segments = files(folder.path(), "log-");
    assert!(segments.len() > 3, "{segments:?}");
    fs::remove_file(&segments[1]).unwrap();
    let why = refusal(folder.path(), own());
    assert!(why.contains("its end is missing"), "{why}");
}

#[test]
fn another_version_and_another_world_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut octets, _) = segment_of_commits(folder.path(), 2);
    let why = refusal(folder.path(), World::of(b"another"));
    assert!(why.contains("belongs to another world file"), "{why}");
    octets[8] = 0;
    fs::write(&path, &octets).unwrap();
    let why = refusal(folder.path(), own());
    assert!(why.contains("has format 0, and this program reads format 3"), "{why}");
    fs::write(&path, b"a letter to somebody, which has nothing to do with charging, and is long enough")
        .unwrap();
    let why = refusal(folder.path(), own());
    assert!(why.contains("is not a file of a tollgate store"), "{why}");
}

#[test]
fn a_folder_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Embedded::open(folder.path(), own(), OPTIONS).unwrap();
    let second = Embedded::open(folder.path(), own(), OPTIONS);
    assert!(matches!(second, Err(OpenError::InUse(_))));
    drop(first);
    assert!(Embedded::open(folder.path(), own(), OPTIONS).is_ok());
}

#[test]
fn a_state_shortens_the_start_and_a_spoilt_one_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let log = logs(4).concat();
    let mut stored = open(folder.path());
    stored.apply(&log);
    stored.commit();
    let dump = stored.ocs.dump();
    stored.record.close(&stored.ocs).unwrap();
    drop(stored);
    let mut store = Embedded::open(folder.path(), own(), OPTIONS).unwrap();
    let recovered = store.recover(&world()).unwrap();
    assert_eq!((recovered.replayed, recovered.ocs.dump()), (0, dump.clone()));
    drop(store);
    for state in files(folder.path(), "state-") {
        let mut octets = fs::read(&state).unwrap();
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
        fs::write(&state, octets).unwrap();
    }
    let mut store = Embedded::open(folder.path(), own(), OPTIONS).unwrap();
    let recovered = store.recover(&world()).unwrap();
    assert_eq!((recovered.replayed, recovered.ocs.dump()), (log.len() as u64, dump));
}

#[test]
fn every_xdr_is_stored_once_however_often_the_start_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for log in logs(5) {
        let mut stored = open(folder.path());
        let effects = stored.apply(&log);
        stored.commit();
        // Time passes, a crash comes, and the same time passes again.
        let late = common::at(1_000_000);
        let expired = stored.ocs.expire(late);
        stored.record.note(late, &expired).unwrap();
        stored.commit();
        drop(stored);
        let mut stored = open(folder.path());
        let again = stored.ocs.expire(late);
        assert_eq!(again, []);
        stored.record.note(late, &again).unwrap();
        let all = effects.into_iter().chain(expired);
        made.extend(all.filter_map(|effect| match effect {
            Effect::Xdr(xdr) => Some(xdr.as_ref().clone()),
            _ => None,
        }));
        let mut read = Vec::new();
        drop(stored);
        xdrs(folder.path(), own(), |xdr| read.push(xdr)).unwrap();
        assert!(read == made, "{} stored, {} made", read.len(), made.len());
    }
    assert!(made.len() > 20, "{}", made.len());
}
