//! Programs that run beside a test: what they print, line by line, and their end.
#![allow(clippy::print_stderr, reason = "a test that fails says why")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// So long may anything take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What something prints.
pub struct Lines {
    receiver: Receiver<String>,
    /// All that was read so far.
    pub seen: String,
}

impl Lines {
    /// Reads from here on, whether anybody asks or not.
    pub fn of(sources: Vec<Box<dyn Read + Send>>) -> Self {
        let (sender, receiver) = channel();
        for source in sources {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut source = BufReader::new(source);
                let mut octets = Vec::new();
                while source.read_until(b'\n', &mut octets).is_ok_and(|read| read > 0) {
                    let line = String::from_utf8_lossy(&octets).into_owned();
                    if sender.send(line).is_err() {
                        break;
                    }
                    octets.clear();
                }
            });
        }
        Self { receiver, seen: String::new() }
    }

    /// The next line with this in it; panics when none comes.
    pub fn wait_for(&mut self, what: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.receiver.recv_timeout(end.saturating_duration_since(Instant::now()));
            let Ok(line) = line else { panic!("{what:?} never came; what came was:\n{}", self.seen) };
            self.seen.push_str(&line);
            if line.contains(what) {
                return line;
            }
        }
    }

    /// Everything to the end, which has to come soon.
    pub fn rest(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push_str(&line),
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {
                    return std::mem::take(&mut self.seen);
                }
            }
        }
    }
}

/// A program of this test with all that it starts itself; they end with the test.
pub struct Program {
    child: Child,
    /// What it prints, errors too.
    pub lines: Lines,
}

impl Program {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = child.stdout.take().expect("its output is piped");
        let stderr = child.stderr.take().expect("its errors are piped");
        let lines = Lines::of(vec![Box::new(stdout), Box::new(stderr)]);
        Self { child, lines }
    }

    /// Closes its input, asks it to end, and returns all that it printed.
    pub fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end && self.child.try_wait().is_ok_and(|status| status.is_none()) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.end();
        self.lines.rest()
    }

    /// Ends it and whatever it has started, which are a process group of their own.
    fn end(&mut self) {
        let group = format!("-{}", self.child.id());
        for (signal, patience) in [("-TERM", 3_000), ("-KILL", 1_000)] {
            let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
            let end = Instant::now() + Duration::from_millis(patience);
            while Instant::now() < end && self.child.try_wait().is_ok_and(|status| status.is_none()) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
        // A test that has failed shows what the other side had to say about it.
        if std::thread::panicking() {
            eprintln!("what a program printed:\n{}", self.lines.rest());
        }
    }
}
