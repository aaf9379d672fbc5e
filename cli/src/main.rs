//! The `tollgate` command: reads its arguments, calls the subcommand, turns its end into an exit code.

mod check;
mod exit;
mod explain;
mod load;
mod progress;
mod reference;
mod registry;
mod run;
mod schema;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::Exit;

/// A run makes and forgets many small things on each thread; this allocator takes a fifth off its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ABOUT: &str = "Tests online charging: simulates the network around an OCS and judges it.";

const EXAMPLES: &str = "\
Examples:
  tollgate run scenarios/                         play the whole library against the reference OCS, in virtual time
  tollgate run scenarios/prepaid-ivr --verbose    show every step
  tollgate run my.yaml --seed 4711 --pcap out/    one run, repeatable, with a capture for Wireshark
  tollgate run scenarios/ --target reference-sockets --speed 60
                                                  the same on real UDP sockets, a minute a second
  tollgate check my.yaml                          everything that is wrong with it, without running it
  tollgate explain nas                            what a peer can do and see
  tollgate serve scenarios/worlds/calling-card.yaml --client 127.0.0.1=secret
                                                  the reference OCS for a client of your own
  tollgate serve scenarios/worlds/mobile.yaml     the same with Diameter

Exit codes: 0 passed, 1 usage, 2 a scenario or world is wrong, 3 could not run, 4 failed.";

/// Tests online charging.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about = ABOUT, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::Arguments>),
    Check(check::Arguments),
    Explain(explain::Arguments),
    Schema(schema::Arguments),
    Serve(serve::Arguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Where the terminal is gone there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Passed.into() };
        }
    };
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
    }
    .into()
}
