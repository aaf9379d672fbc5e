//! The store in PostgreSQL under the suite of all stores, in a cluster of its own on a Unix socket.
#![cfg(feature = "postgres")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod suite;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use suite::{Stored, logs};
use tempfile::TempDir;
use tollgate_ocs_core::{Effect, Record};
use tollgate_ocs_store::{Postgres, World};

/// A cluster that ends with the test.
struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    databases: u32,
}

/// Where the server's programs are; distributions keep them off the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<_> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.sort();
    found.extend(std::env::split_paths(&path));
    found.into_iter().rev().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

impl Cluster {
    /// A running one; `None`, with a note, where there is no PostgreSQL and none is required.
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let required = std::env::var_os("TOLLGATE_REQUIRE_PEERS").is_some();
            assert!(!required, "PostgreSQL is required here and not installed");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let cluster = Self { folder: tempfile::tempdir().unwrap(), programs, databases: 0 };
        let folder = cluster.folder.path();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        cluster.run(
            "initdb",
            &["-D", &cluster.data(), "-A", "trust", "-U", "tollgate", "--no-sync", "-E", "UTF8"],
        );
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{}'", folder.display());
        let log = folder.join("log").display().to_string();
        cluster.run("pg_ctl", &["-D", &cluster.data(), "-l", &log, "-w", "-o", &options, "start"]);
        Some(cluster)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs one of the server's programs, which refuse to be run as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let output =
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).current_dir("/").status();
        assert!(output.unwrap().success(), "{} {arguments:?}", program.display());
    }

    fn url(&self, database: &str) -> String {
        format!("host={} user=tollgate dbname={database}", self.folder.path().display())
    }

    /// Asks a database with psql.
    fn ask(&self, database: &str, sql: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let output = Command::new("psql")
            .args(["-h", &folder, "-U", "tollgate", "-d", database, "-AtX", "-c", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn new_database(&mut self) -> String {
        self.databases += 1;
        let name = format!("store{}", self.databases);
        self.ask("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    fn open(&self, database: &str) -> Box<dyn Record> {
        Box::new(Postgres::open(&self.url(database), own()).unwrap())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }
}

fn own() -> World {
    World::of(b"the world of these tests")
}

impl suite::Kind for Cluster {
    fn begin(&mut self) -> Box<dyn Record> {
        let name = self.new_database();
        self.open(&name)
    }

    fn again(&mut self, before: Box<dyn Record>) -> Box<dyn Record> {
        drop(before);
        self.open(&format!("store{}", self.databases))
    }
}

/// One test, because a cluster takes its time to begin.
#[test]
fn postgres_holds_what_every_store_must_and_can_be_asked() {
    let Some(mut cluster) = Cluster::start() else { return };
    suite::holds(&mut cluster);
    suite::forgets_what_was_not_committed(&mut cluster);
    xdrs_balances_and_events_are_told_by_plain_sql(&mut cluster);
    a_second_writer_is_refused(&mut cluster);
    other_databases_are_refused_by_name(&mut cluster);
}

fn xdrs_balances_and_events_are_told_by_plain_sql(cluster: &mut Cluster) {
    let name = cluster.new_database();
    let mut stored = Stored::recovered(cluster.open(&name));
    let mut effects = Vec::new();
    for log in logs(8) {
        effects.extend(stored.apply(&log));
        stored.commit();
    }
    let charged: i64 = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Xdr(xdr) => Some(xdr.charged_amount.units()),
            _ => None,
        })
        .sum();
    assert!(charged > 0);
    assert_eq!(cluster.ask(&name, "SELECT sum(charged_amount) FROM xdr"), charged.to_string());
    let same = "SELECT count(*) FROM xdr WHERE fields->>'account_id' = account_id AND fields->>'h323_conf_id' = session_id";
    assert_eq!(cluster.ask(&name, same), cluster.ask(&name, "SELECT count(*) FROM xdr"));
    let balance = stored.ocs.account(common::CARD).unwrap().balance().units();
    let asked = format!(
        "SELECT amount FROM balance WHERE i_env = 1 AND subject = 'account' AND name = '{}'",
        common::CARD
    );
    assert_eq!(cluster.ask(&name, &asked), balance.to_string());
    let events = effects.iter().filter(|effect| matches!(effect, Effect::Event(_))).count();
    assert_eq!(cluster.ask(&name, "SELECT count(*) FROM event"), events.to_string());
    let changed =
        "SELECT count(*) > 0 FROM event WHERE name = 'Account/BalanceChanged' AND variables ? 'prev_balance'";
    assert_eq!(cluster.ask(&name, changed), "t");
}

fn a_second_writer_is_refused(cluster: &mut Cluster) {
    let name = cluster.new_database();
    let log = logs(1).remove(0);
    let mut one = Stored::recovered(cluster.open(&name));
    let mut two = Stored::recovered(cluster.open(&name));
    one.apply(&log[..1]);
    one.commit();
    two.apply(&log[..1]);
    let why = two.record.commit().unwrap_err().to_string();
    assert!(why.contains("duplicate key"), "{why}");
    assert!(two.record.append(log[0].0, &log[0].1).is_err());
    assert_eq!(cluster.ask(&name, "SELECT count(*) FROM entry"), "1");
}

fn other_databases_are_refused_by_name(cluster: &mut Cluster) {
    let name = cluster.new_database();
    drop(Stored::recovered(cluster.open(&name)));
    let refusal = || cluster.open(&name).recover(&suite::world()).unwrap_err().to_string();
    cluster.ask(&name, "UPDATE store SET format = 0");
    assert!(refusal().contains("have format 0, and this program reads format 2"), "{}", refusal());
    cluster.ask(&name, "UPDATE store SET format = 2, world = 0");
    assert!(refusal().contains("belongs to another world file"), "{}", refusal());
    cluster.ask(&name, "INSERT INTO migration VALUES (3)");
    let newer = Postgres::open(&cluster.url(&name), own()).map(drop).unwrap_err().to_string();
    assert!(newer.contains("has 3 migrations, and this program knows 2"), "{newer}");
}
