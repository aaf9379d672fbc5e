//! `tollgate-load`: load on a RADIUS or Diameter server from the command line.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tollgate_load::diameter::{self, DiameterPlan};
use tollgate_load::{Accounts, Pace, Plan, Traffic, run};
use tollgate_radius::Secret;

/// Drives accounting or access requests at a RADIUS server, or sessions of credit control at a Diameter server, and measures
/// how it answers.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The server's address and port.
    #[arg(long, default_value = "127.0.0.1:1813")]
    server: SocketAddr,
    /// The secret that the server shares with this machine; for RADIUS.
    #[arg(long, required_unless_present_any = ["diameter", "world"], conflicts_with = "diameter")]
    secret: Option<String>,
    /// Drive sessions of Diameter credit control over so many connections instead of RADIUS.
    #[arg(long, value_name = "CONNECTIONS")]
    diameter: Option<u32>,
    /// How many Diameter sessions are open at once.
    #[arg(long, default_value_t = 10_000, requires = "diameter")]
    sessions: u32,
    /// How many CCR-U a Diameter session has.
    #[arg(long, default_value_t = 100, requires = "diameter")]
    updates: u32,
    /// Print a world for `tollgate serve` that has the accounts and charges Diameter sessions, and do nothing else.
    #[arg(long)]
    world: bool,
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
    const fn pace(&self) -> Pace {
        match self.rate {
            None => Pace::Window(self.window),
            Some(per_second) => Pace::Rate { per_second, in_flight_max: self.window },
        }
    }

    fn diameter_plan(&self, connections: u32) -> DiameterPlan {
        DiameterPlan {
            server: self.server,
            connections,
            accounts: self.accounts,
            sessions: self.sessions,
            updates: self.updates,
            pace: self.pace(),
            requests_max: self.requests,
            time_max: Duration::from_secs(self.seconds),
            answer_max: Duration::from_millis(self.timeout),
            server_pid: self.server_pid,
            remote_allowed: self.allow_remote,
            run: self.run.unwrap_or_else(std::process::id),
        }
    }

    fn plan(&self) -> Plan {
        let traffic = match &self.access {
            None => Traffic::Accounting,
            Some(password) => Traffic::Access { password: password.clone() },
        };
        Plan {
            server: self.server,
            secret: Secret::new(self.secret.as_deref().unwrap_or_default()),
            traffic,
            accounts: self.accounts,
            pace: self.pace(),
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
    if args.world {
        // Nobody is left to be told when this fails.
        let _closed = std::io::stdout().write_all(diameter::world(args.accounts).as_bytes());
        return ExitCode::SUCCESS;
    }
    let ran = match args.diameter {
        Some(connections) => diameter::run(&args.diameter_plan(connections)),
        None => run(&args.plan()),
    };
    let shown = ran.map_err(|error| error.to_string()).and_then(|report| {
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
