//! `tollgate check`: everything that is wrong with scenarios, worlds and sequences, without running anything.

use std::path::PathBuf;
use std::sync::Arc;

use tollgate_conformance::diagnostics::Report;
use tollgate_conformance::scenario::{Outline, Scenario};
use tollgate_conformance::world::World;

use crate::exit::Exit;
use crate::load::{self, Loaded, counted};
use crate::reference::System;

const EXAMPLES: &str = "\
Examples:
  tollgate check my.yaml
  tollgate check my-world.yaml        a world is checked as that: every amount, name and place
  tollgate check scenarios/           with the worlds and sequences in it

Exit codes: 0 all are good, 2 something is wrong.";

/// Checks scenarios, worlds and sequences, and tells everything that is wrong with them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files, or folders to search for them
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let mut loaded = load::load_all(&arguments.paths);
    let refused = refusals(&loaded);
    if refused.errors() > 0 {
        loaded.report.extend(refused);
        loaded.report = load::distinct(&loaded.report);
    }
    load::print(&loaded.report);
    if loaded.report.errors() > 0 {
        anstream::eprintln!("{}", loaded.complaint());
        return Exit::ScenarioWrong;
    }
    anstream::println!("{}", praise(&loaded));
    Exit::Passed
}

/// What only the catalogue of the reference OCS sees, of every sound world: what its names make together.
fn refusals(loaded: &Loaded) -> Report {
    let mut worlds: Vec<&World> =
        loaded.scenarios.iter().flat_map(Scenario::both).map(|one| Arc::as_ref(&one.world)).collect();
    worlds.dedup_by(|one, other| std::ptr::eq(*one, *other));
    let mut report = Report::new();
    for world in worlds.into_iter().chain(&loaded.worlds) {
        if let Err(error) = System::of(world) {
            report.extend(error.report());
        }
    }
    report
}

fn praise(loaded: &Loaded) -> String {
    match (loaded.scenarios.as_slice(), loaded.worlds.as_slice(), loaded.sequences.as_slice()) {
        ([], [world], []) => return format!("this world is sound: {}", contents(world)),
        ([], [], [sequence]) => return outline(sequence),
        _ => {}
    }
    let verb = if loaded.files == 1 { "is" } else { "are" };
    let mut text = format!("{} {verb} good", counted(loaded.files, "file"));
    if !loaded.scenarios.is_empty() {
        text.push_str(&format!(", for {}", counted(loaded.scenarios.len(), "run")));
    }
    let shared = [(loaded.worlds.len(), "world"), (loaded.sequences.len(), "sequence")];
    let shared: Vec<String> =
        shared.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
    if !shared.is_empty() {
        text.push_str(&format!("; {} among them", shared.join(" and ")));
    }
    text
}

fn outline(sequence: &Outline) -> String {
    format!(
        "this sequence is sound by itself: {}, {}; the rest is checked where it is used",
        counted(sequence.steps, "step"),
        counted(sequence.parameters, "parameter"),
    )
}

/// `3 nodes, 4 tariffs, 2 products, 1 customer, 5 accounts`
fn contents(world: &World) -> String {
    let sum = |of: fn(&World) -> usize| world.everywhere().map(of).sum::<usize>();
    let parts = [
        (sum(|own| own.nodes.len()), "node"),
        (sum(|own| own.tariffs.len()), "tariff"),
        (sum(|own| own.products.len()), "product"),
        (sum(|own| own.customers.len()), "customer"),
        (sum(|own| own.accounts.len()), "account"),
        (sum(|own| own.vouchers.len()), "voucher"),
        (sum(|own| own.routes.len()), "route"),
        (sum(|own| own.resale.resellers.len()), "reseller"),
        (world.environments.len(), "further environment"),
    ];
    // The first five are what a world is made of, be there none of them.
    let told = parts.iter().enumerate().filter(|(place, (count, _))| *place < 5 || *count > 0);
    told.map(|(_, (count, noun))| counted(*count, noun)).collect::<Vec<_>>().join(", ")
}
