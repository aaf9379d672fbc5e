//! What the tests of the command share: where things are, the server that they start, the programs that they need.
#![allow(dead_code, unreachable_pub, clippy::print_stderr, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The command that is tested.
pub fn tollgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.current_dir(root());
    command
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("the command's folder lies in the workspace").to_path_buf()
}

/// Whether a foreign program can be used. Where `TOLLGATE_REQUIRE_PEERS` is set, a missing one fails the test.
pub fn available(program: &str, probe: &[&str]) -> bool {
    let found = Command::new(program).args(probe).stdin(Stdio::null()).output();
    let usable = found.is_ok_and(|output| output.status.success());
    if !usable {
        assert!(
            std::env::var_os("TOLLGATE_REQUIRE_PEERS").is_none(),
            "{program} is required here and not installed"
        );
        eprintln!("skipped: {program} is not installed");
    }
    usable
}

/// A `tollgate serve` of this test, ended with it.
pub struct Served {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// UDP port of access requests.
    pub auth_port: u16,
    /// UDP port of accounting requests.
    pub acct_port: u16,
}

impl Served {
    /// Serves a world on free ports of 127.0.0.1 to a client there whose secret is `secret`.
    pub fn start(world: &str) -> Self {
        let mut child = tollgate()
            .args(["serve", world, "--auth-port", "0", "--acct-port", "0", "--client", "127.0.0.1=secret"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it says where it listens");
        let port = |what: &str| -> u16 {
            let before = line.split(what).next().expect("a part before").trim_end();
            before
                .rsplit(':')
                .next()
                .expect("a port")
                .parse()
                .unwrap_or_else(|_| panic!("no port in {line:?}"))
        };
        let (auth_port, acct_port) = (port("(access)"), port("(accounting)"));
        Self { child, stdout, auth_port, acct_port }
    }

    /// Interrupts it and returns what it printed.
    pub fn stop(mut self) -> String {
        let interrupted = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(interrupted.expect("kill is there").success());
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).expect("what it printed is text");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        printed
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
