//! The store in PostgreSQL under the suite of all stores, in a cluster of its own on a Unix socket.
#![cfg(feature = "postgres")]
#![allow(clippy::disallowed_methods, reason = "it looks for a free port")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod suite;

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
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
        self.run_program(&self.programs.join(program), arguments);
    }

    fn run_program(&self, program: &Path, arguments: &[&str]) {
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let output = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .status();
        assert!(output.unwrap().success(), "{} {arguments:?}", program.display());
    }

    /// Starts it anew on a TCP port, with a certificate for `localhost` by an authority of its own, and a password for user
    /// `guarded`.
    fn listen_with_tls(&self) -> u16 {
        let folder = self.folder.path().display().to_string();
        let file = |name: &str| format!("{folder}/{name}");
        let subject = file("subject");
        std::fs::write(&subject, "subjectAltName=DNS:localhost").unwrap();
        let openssl = |arguments: &str| {
            let arguments: Vec<&str> = arguments.split(' ').collect();
            self.run_program(Path::new("openssl"), &arguments);
        };
        for authority in ["ca", "other"] {
            let (key, pem) = (file(&format!("{authority}.key")), file(&format!("{authority}.pem")));
            openssl(&format!(
                "req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {pem} -days 2 -subj /CN=authority"
            ));
        }
        let (key, asked, pem) = (file("server.key"), file("server.csr"), file("server.pem"));
        openssl(&format!("req -newkey rsa:2048 -nodes -keyout {key} -out {asked} -subj /CN=localhost"));
        openssl(&format!(
            "x509 -req -in {asked} -CA {folder}/ca.pem -CAkey {folder}/ca.key -CAcreateserial -out {pem} -days 2 -extfile \
             {subject}"
        ));
        self.ask("postgres", "CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE ROLE visitor LOGIN");
        let rules = format!("{}/pg_hba.conf", self.data());
        let others = std::fs::read_to_string(&rules).unwrap();
        std::fs::write(&rules, format!("host all guarded all scram-sha-256\n{others}")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = format!(
            "-c listen_addresses=localhost -c port={port} -c unix_socket_directories='{folder}' -c ssl=on -c \
             ssl_cert_file='{pem}' -c ssl_key_file='{key}'"
        );
        let log = file("log");
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "-w", "-m", "fast", "-o", &options, "restart"]);
        std::fs::rename(file(&format!(".s.PGSQL.{port}")), file(".s.PGSQL.5432")).unwrap();
        port
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
    let port = cluster.listen_with_tls();
    servers_are_trusted_as_far_as_the_address_says(&mut cluster, port);
    whoever_is_not_let_in_is_told_why(&mut cluster, port);
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
    every_field_is_as_the_core_says(cluster, &name, &effects);
    let payments = effects.iter().filter(
        |effect| matches!(effect, Effect::Xdr(xdr) if xdr.service == tollgate_ocs_core::Service::Payments),
    );
    let payments = payments.count();
    assert!(payments > 0);
    assert_eq!(cluster.ask(&name, "SELECT count(*) FROM xdr WHERE i_service = 11"), payments.to_string());
    the_questions_of_the_readme_are_answered(cluster, &name);
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

/// Every field of every xDR, as the view of the documents' names shows it.
fn every_field_is_as_the_core_says(cluster: &Cluster, name: &str, effects: &[Effect]) {
    let xdrs = effects.iter().filter_map(|effect| match effect {
        Effect::Xdr(xdr) => Some(xdr),
        _ => None,
    });
    let xdrs: Vec<_> = xdrs.collect();
    for xdr in [xdrs[0], xdrs[xdrs.len() / 2], xdrs[xdrs.len() - 1]] {
        let of = format!("FROM xdr_record WHERE id = {} AND i_env = {}", xdr.id, xdr.env);
        for (field, value) in xdr.fields() {
            let value = value.unwrap_or_default();
            let is_time = field.ends_with("_time") && field != "setup_time";
            let column = if is_time {
                format!("to_char(\"{field}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')")
            } else {
                format!("\"{field}\"")
            };
            let shown = cluster.ask(name, &format!("SELECT {column} {of}"));
            let value = if is_time { value.get(..19).unwrap_or_default() } else { &value };
            assert_eq!(shown.to_uppercase(), value.to_uppercase(), "{field} of {xdr:?}");
        }
    }
}

fn the_questions_of_the_readme_are_answered(cluster: &Cluster, name: &str) {
    let questions = include_str!("../README.md").split("```sql\n").skip(1);
    let questions: Vec<&str> = questions.map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(questions.len(), 7);
    for question in questions {
        let answer = cluster.ask(name, question);
        // No account fails a call by a cause in every log, but each of the other questions has an answer.
        assert!(!answer.is_empty(), "{question}");
    }
    let octets = cluster.ask(name, "SELECT round(avg(pg_column_size(xdr.*))) FROM xdr");
    let octets: u32 = octets.parse().unwrap();
    eprintln!("an xDR takes {octets} octets in its table");
    assert!(octets < 400, "{octets}");
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
    // Nothing is changed in it, not even by a migration.
    cluster.ask(&name, "DELETE FROM migration WHERE number = 3");
    let refusal_of_format = || Postgres::open(&cluster.url(&name), own()).map(drop).unwrap_err().to_string();
    assert!(
        refusal_of_format().contains("have format 0, and this program reads format 3"),
        "{}",
        refusal_of_format()
    );
    cluster.ask(&name, "INSERT INTO migration VALUES (3)");
    cluster.ask(&name, "UPDATE store SET format = 3, world = 0");
    assert!(refusal().contains("belongs to another world file"), "{}", refusal());
    cluster.ask(&name, "INSERT INTO migration VALUES (4)");
    let newer = Postgres::open(&cluster.url(&name), own()).map(drop).unwrap_err().to_string();
    assert!(newer.contains("has 4 migrations, and this program knows 3"), "{newer}");
}

fn servers_are_trusted_as_far_as_the_address_says(cluster: &mut Cluster, port: u16) {
    let name = cluster.new_database();
    let folder = cluster.folder.path().display().to_string();
    let open = |host: &str, query: &str| {
        let url = format!("postgres://tollgate@{host}:{port}/{name}?{query}");
        Postgres::open(&url, own()).map_err(|error| error.to_string())
    };
    let speaks_tls = || {
        let sql = format!(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = '{name}' AND client_addr \
             IS NOT NULL"
        );
        cluster.ask("postgres", &sql)
    };
    let (ca, other) = (format!("sslrootcert={folder}/ca.pem"), format!("sslrootcert={folder}/other.pem"));
    for (host, query) in [
        ("localhost", format!("sslmode=verify-full&{ca}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{ca}")),
        ("localhost", "sslmode=require".to_owned()),
        ("localhost", String::new()),
    ] {
        let store = open(host, &query).map(Some).unwrap_or_else(|why| panic!("{query}: {why}"));
        assert_eq!(speaks_tls(), "t", "{query}");
        drop(store);
    }
    let plain = open("localhost", "sslmode=disable").map(Some).unwrap();
    assert_eq!(speaks_tls(), "f");
    drop(plain);
    for (host, query) in [
        // The certificate is for another name.
        ("127.0.0.1", format!("sslmode=verify-full&{ca}")),
        // Another authority.
        ("localhost", format!("sslmode=verify-full&{other}")),
        ("localhost", format!("sslmode=verify-ca&{other}")),
        ("localhost", format!("sslmode=require&{other}")),
    ] {
        let why = open(host, &query).map(drop).unwrap_err();
        assert!(why.contains("is not reached by TLS: ") && why.contains("certificate"), "{query}: {why}");
    }
    let why = open("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem").map(drop).unwrap_err();
    assert!(why.contains("the certificates in /nowhere.pem cannot be used"), "{why}");
}

fn whoever_is_not_let_in_is_told_why(cluster: &mut Cluster, port: u16) {
    let name = cluster.new_database();
    let why = |address: &str| Postgres::open(address, own()).map(drop).unwrap_err().to_string();
    let said = why(&format!("postgres://guarded:wrong@localhost:{port}/{name}"));
    assert!(said.contains("does not let user 'guarded' in"), "{said}");
    assert!(!said.contains("wrong"), "{said}");
    let said = why(&format!("postgres://guarded@localhost:{port}/{name}"));
    assert!(said.contains("does not let user 'guarded' in: ") && said.contains("password missing"), "{said}");
    let said = why(&format!("postgres://nobody-here@localhost:{port}/{name}"));
    assert!(said.contains("does not let user 'nobody-here' in"), "{said}");
    let said = why(&format!("postgres://tollgate@localhost:{port}/elsewhere"));
    assert!(said.contains("has no database 'elsewhere'; make it with: createdb elsewhere"), "{said}");
    let said = why(&format!("postgres://visitor@localhost:{port}/{name}"));
    assert!(
        said.contains("user 'visitor' may not make the tables") && said.contains("GRANT CREATE"),
        "{said}"
    );
    // Port 1 is nobody's.
    let said = why("postgres://tollgate@127.0.0.1:1/elsewhere");
    assert!(said.contains("no server of PostgreSQL answers at 127.0.0.1:1: "), "{said}");
    let said = why("postgres://tollgate@localhost:many/elsewhere");
    assert!(said.contains("this is no address of a database"), "{said}");
}
