//! One day of the documents' traffic (ARCH, disk space requirements: ten million minutes a month) through telephones,
//! dispatcher, SIP server, vendor's gateway and charging system, in virtual time and one process: how long it takes, how much
//! memory, and whether every call was charged once and for what it lasted.

mod plan;
mod stage;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use tabled::builder::Builder;
use tabled::settings::Style;
use tollgate_network::{Action, Driver};
use tollgate_wire::Value;

use plan::{Attempt, DAY, REGISTER_EVERY, Traffic};
use stage::Stage;

/// The allocator of the tool.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays a day of calls and registrations and judges the money.
#[derive(Debug, Parser)]
#[command(
    name = "tollgate-day",
    after_help = "Examples:\n  tollgate-day                              ten million minutes a month\n  \
                  tollgate-day --phones 1000 --calls 7000   a tenth of it"
)]
struct Arguments {
    /// Telephones that register every five minutes.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    phones: u32,
    /// Calls attempted in the day.
    #[arg(long, default_value_t = 70_000)]
    calls: u32,
    /// How many of a hundred attempts are answered.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100))]
    answered: u32,
    /// What the calls are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What the charging system wrote.
#[derive(Debug, Default, PartialEq, Eq)]
struct Charged {
    records: u64,
    units: i128,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let traffic = Traffic {
        phones: arguments.phones,
        calls: arguments.calls,
        answered_percent: arguments.answered,
        seed: arguments.seed,
    };
    match day(&traffic) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(4),
        Err(error) => {
            tell(&error.to_string());
            ExitCode::from(3)
        }
    }
}

#[allow(clippy::print_stderr, reason = "an error of a command belongs there")]
fn tell(error: &str) {
    eprintln!("error: {error}");
}

/// Plays it; answers whether the money is right.
fn day(traffic: &Traffic) -> Result<bool, Box<dyn Error>> {
    let attempts = plan::attempts(traffic);
    let began = elapsed();
    let mut stage = Stage::set(traffic)?;
    let set = elapsed();
    let mut charged = Charged::default();
    let hours = ProgressBar::new(24).with_style(ProgressStyle::with_template("{bar:24} {pos} of 24 hours")?);
    let registrations = (0..traffic.phones).map(|phone| {
        let spread = REGISTER_EVERY.as_millis() * u128::from(phone) / u128::from(traffic.phones);
        (Duration::from_millis(u64::try_from(spread).unwrap_or_default()), phone)
    });
    let register = Action::new("register");
    for (at, phone) in registrations {
        pass(&mut stage, at, &mut charged);
        stage.perform(phone, &register)?;
    }
    for attempt in &attempts {
        pass(&mut stage, attempt.at, &mut charged);
        hours.set_position(attempt.at.as_secs() / 3_600);
        stage.perform(attempt.phone, &call(attempt))?;
    }
    pass(&mut stage, DAY, &mut charged);
    hours.finish_and_clear();
    let over = elapsed();

    let units: i128 = attempts.iter().map(|attempt| i128::from(attempt.fate.units())).sum();
    let answered = attempts.iter().filter(|attempt| attempt.fate.talk().is_some()).count();
    let wanted = Charged { records: u64::try_from(attempts.len()).unwrap_or(u64::MAX), units };
    let tally = *stage.driver.tally();
    let mut table = Builder::new();
    for (what, figure) in [
        ("telephones", traffic.phones.to_string()),
        ("attempts", attempts.len().to_string()),
        ("of them answered", answered.to_string()),
        ("xDRs, and as many as they must be", format!("{} of {}", charged.records, wanted.records)),
        ("charged, and what it must be", format!("{} of {}", money(charged.units), money(wanted.units))),
        ("messages carried", tally.carried.to_string()),
        ("time to set the stage", format!("{:?}", set.saturating_sub(began))),
        ("time of the day", format!("{:?}", over.saturating_sub(set))),
        ("most memory", peak_memory()),
    ] {
        table.push_record([what.to_owned(), figure]);
    }
    print(&table.build().with(Style::psql()).to_string());
    Ok(charged == wanted)
}

#[allow(clippy::print_stdout, reason = "the report of a command belongs there")]
fn print(text: &str) {
    println!("{text}");
}

/// The action of an attempt.
fn call(attempt: &Attempt) -> Action {
    let action = Action::new("call").with("to", attempt.fate.number());
    match attempt.fate.talk() {
        Some(talk) => action.with("talk", Value::Span(talk)),
        None => action,
    }
}

/// Lets time pass until then, and counts what is charged meanwhile.
fn pass(stage: &mut Stage, until: Duration, charged: &mut Charged) {
    let until = stage.start + until;
    while let Some(seen) = stage.driver.advance(until) {
        if seen.node != stage.ocs || seen.observation.kind != "xdr" {
            continue;
        }
        charged.records += 1;
        if let Some(Value::Money(amount, _)) = seen.observation.fields().get("amount") {
            charged.units += amount.to_scale(5).unwrap_or_default();
        }
    }
}

/// 10⁻⁵ of a unit as units.
fn money(units: i128) -> String {
    format!("{}.{:05} USD", units / 100_000, units % 100_000)
}

/// The largest resident set of this process so far, as Linux counts it (proc(5), VmHWM).
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "not told by this system".to_owned(), |line| line.trim().to_owned())
}

#[allow(clippy::disallowed_methods, reason = "how long the day took is for the person who waits")]
fn elapsed() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
