//! What the tests of the command share: where things are, the server that they start, the programs that they need.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(unreachable_pub, reason = "each test has it as a module")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::disallowed_methods, reason = "it waits for programs")]

pub mod diameter;
pub mod kinds;
pub mod program;

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use program::Lines;

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

/// Runs a program to its end, but for no longer than that many seconds: whether it succeeded, and all that it printed.
pub fn run_within(seconds: u64, command: &mut Command) -> (bool, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut stdout, mut stderr) = (
        child.stdout.take().expect("its output is piped"),
        child.stderr.take().expect("its errors are piped"),
    );
    let errors = std::thread::spawn(move || text_of(&mut stderr));
    let output = std::thread::spawn(move || text_of(&mut stdout));
    let end = Instant::now() + Duration::from_secs(seconds);
    let status = loop {
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break Some(status),
            None if Instant::now() >= end => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let mut text = output.join().expect("its output is read") + &errors.join().expect("its errors are read");
    if status.is_none() {
        text.push_str(&format!("\n{command:?} did not end within {seconds} s"));
    }
    (status.is_some_and(|status| status.success()), text)
}

fn text_of(source: &mut impl Read) -> String {
    let mut octets = Vec::new();
    let _ = source.read_to_end(&mut octets);
    String::from_utf8_lossy(&octets).into_owned()
}

/// Free ports of 127.0.0.1 for programs that cannot be told to take one, TCP and UDP alike.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let taken: [(TcpListener, UdpSocket); N] = std::array::from_fn(|_| {
        std::iter::repeat_with(|| {
            let stream = TcpListener::bind(("127.0.0.1", 0)).ok()?;
            let datagrams = UdpSocket::bind(stream.local_addr().ok()?).ok()?;
            Some((stream, datagrams))
        })
        .take(100)
        .flatten()
        .next()
        .expect("the machine has free ports")
    });
    taken.map(|(stream, _)| stream.local_addr().expect("it is bound").port())
}

/// What an account was charged, from what `serve` printed: called number and amount of each xDR.
pub fn charges(printed: &str, account: &str) -> Vec<String> {
    let own = format!(" xdr account: {account}, ");
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(name)?;
        Some(rest.split([',', ' ']).next().unwrap_or(rest).to_owned())
    };
    let charge = |line: &str| {
        let called = field(line, " cld: ").unwrap_or_else(|| "-".to_owned());
        format!("{called} {}", field(line, " amount: ").expect("an xDR has an amount"))
    };
    printed.lines().filter(|line| line.contains(&own)).map(charge).collect()
}

/// A `tollgate serve` of this test, ended with it.
pub struct Served {
    child: Child,
    lines: Lines,
    /// UDP port of access requests.
    pub auth_port: u16,
    /// UDP port of accounting requests.
    pub acct_port: u16,
    /// TCP port of Diameter; 0 where the world does not speak it.
    pub diameter_port: u16,
}

impl Served {
    /// Serves a world on free ports of 127.0.0.1 to a client there whose secret is `secret`.
    pub fn start(world: &str) -> Self {
        Self::start_with(world, &[])
    }

    /// The same with more arguments.
    pub fn start_with(world: &str, more: &[&str]) -> Self {
        let mut child = tollgate()
            .args(["serve", world, "--auth-port", "0", "--acct-port", "0", "--client", "127.0.0.1=secret"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut lines = Lines::of(vec![Box::new(stdout)]);
        let line = lines.wait_for("serving ");
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
        Self { child, lines, auth_port, acct_port, diameter_port: 0 }
    }

    /// Serves a world that speaks Diameter, at a free port too, and prints all that happens.
    pub fn start_diameter(world: &str) -> Self {
        Self::start_diameter_with(world, &["--show", "all"])
    }

    /// The same with other arguments.
    pub fn start_diameter_with(world: &str, more: &[&str]) -> Self {
        let mut served = Self::start_with(world, &[&["--diameter-port", "0"], more].concat());
        let line = served.lines.wait_for("Diameter as ");
        let port = line.rsplit_once(" over TCP").and_then(|(before, _)| before.rsplit(':').next());
        served.diameter_port =
            port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {line:?}"));
        served
    }

    /// Waits until it prints a line with this in it.
    pub fn wait_for(&mut self, what: &str) -> String {
        self.lines.wait_for(what)
    }

    /// The most memory that it has had so far, in KiB.
    pub fn memory_peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("Linux shows a process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|own| own.trim().split(' ').next()?.parse().ok()).expect("a number of kB")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power failure would, with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Interrupts it and returns what it printed.
    pub fn stop(mut self) -> String {
        let interrupted = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(interrupted.expect("kill is there").success());
        let printed = self.lines.rest();
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
