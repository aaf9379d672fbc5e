//! `tollgate-load`: load on a RADIUS server from the command line.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tollgate_load::{Accounts, Pace, Plan, Traffic, run};
use tollgate_radius::Secret;

/// Drives accounting or access requests at a RADIUS server and measures how it answers.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The server's address and port.
    #[arg(long, default_value = "127.0.0.1:1813")]
    server: SocketAddr,
    /// The secret that the server shares with this machine.
    #[arg(long)]
    secret: String,
    /// The accounts: the first one's number, and how many.
    #[arg(long, default_value = "90000000000+10000", value_name = "FIRST+COUNT")]
    accounts: Accounts,
    /// Send Access-Requests with this password ("" for none) instead of accounting.
    #[arg(long, value_name = "PASSWORD")]
    access: Option<String>,
    /// How many requests may be in flight.
    #[arg(long, default_value_t = 256)]
    window: u32,
    /// Send so many requests a second (open loop) instead of as many as are answered.
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<u32>,
    /// The most requests.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
    /// The longest time, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long an answer may take, in milliseconds.
    #[arg(long, default_value_t = 2_000, value_name = "MILLIS")]
    timeout: u64,
    /// Check the authenticator of one answer in so many.
    #[arg(long, default_value_t = 1, value_name = "ONE_IN")]
    verify: u32,
    /// Measure the processor time of this process as the server's.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Distinguishes the sessions of this run from those of others; the process by default.
    #[arg(long)]
    run: Option<u32>,
    /// Let the server be another machine: it must be yours to load.
    #[arg(long)]
    allow_remote: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    fn plan(&self) -> Plan {
        let traffic = match &self.access {
            None => Traffic::Accounting,
            Some(password) => Traffic::Access { password: password.clone() },
        };
        let pace = match self.rate {
            None => Pace::Window(self.window),
            Some(per_second) => Pace::Rate { per_second, in_flight_max: self.window },
        };
        Plan {
            server: self.server,
            secret: Secret::new(&self.secret),
            traffic,
            accounts: self.accounts,
            pace,
            requests_max: self.requests,
            time_max: Duration::from_secs(self.seconds),
            answer_max: Duration::from_millis(self.timeout),
            verify_every: self.verify,
            server_pid: self.server_pid,
            remote_allowed: self.allow_remote,
            run: self.run.unwrap_or_else(std::process::id),
        }
    }
}

/// The server was not to be had, or the generator broke.
const COULD_NOT_RUN: u8 = 3;

fn main() -> ExitCode {
    let args = Args::parse();
    let shown = run(&args.plan()).map_err(|error| error.to_string()).and_then(|report| {
        let text = if args.json { serde_json::to_string_pretty(&report) } else { Ok(report.to_string()) };
        text.map_err(|error| error.to_string())
    });
    let (mut out, text, code) = match shown {
        Ok(text) => (Box::new(std::io::stdout()) as Box<dyn Write>, text, ExitCode::SUCCESS),
        Err(error) => (
            Box::new(std::io::stderr()) as Box<dyn Write>,
            format!("tollgate-load: {error}"),
            ExitCode::from(COULD_NOT_RUN),
        ),
    };
    // Nobody is left to be told when this fails.
    let _closed = writeln!(out, "{text}");
    code
}
