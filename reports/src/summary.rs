//! The last words of a run: a table of scenarios by folder, and the totals.

use std::collections::BTreeMap;
use std::time::Duration;

use tabled::builder::Builder;
use tabled::settings::Alignment;
use tabled::settings::object::Columns;
use tollgate_conformance::run::{Totals, Verdict};
use tollgate_wire::Text;

use crate::look::{Look, verdict_word};
use crate::played::Played;
use crate::show::{clean, count, span};

/// Counts by folder and scenario, in the order of the folders' names; scenarios in the order in which they ran.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    folders: BTreeMap<String, Vec<Row>>,
    lasted: Duration,
}

/// One scenario, all of its seeds.
#[derive(Debug)]
struct Row {
    name: Text,
    steps: usize,
    lasted: Duration,
    totals: Totals,
}

impl Summary {
    pub(crate) fn add(&mut self, played: &Played) {
        self.lasted = self.lasted.saturating_add(played.end.lasted);
        let rows = self.folders.entry(played.folder()).or_default();
        // Runs of one scenario follow each other.
        let row = match rows.last_mut() {
            Some(row) if row.name == played.name => row,
            _ => {
                let name = played.name.clone();
                rows.push(Row { name, steps: 0, lasted: Duration::ZERO, totals: Totals::default() });
                let last = rows.len() - 1;
                &mut rows[last]
            }
        };
        row.steps += played.judged();
        row.lasted = row.lasted.saturating_add(played.end.lasted);
        match &played.end.verdict {
            Verdict::Passed => row.totals.passed += 1,
            Verdict::Failed => row.totals.failed += 1,
            Verdict::Broken(_) => row.totals.broken += 1,
            Verdict::Skipped(_) => row.totals.skipped += 1,
        }
    }

    /// The table; empty when nothing ran.
    pub(crate) fn table(&self, look: Look) -> String {
        if self.folders.is_empty() {
            return String::new();
        }
        let mut table = Builder::default();
        table.push_record(["folder", "scenario", "steps", "virtual time", "verdict"].map(str::to_owned));
        for (folder, rows) in &self.folders {
            for (place, row) in rows.iter().enumerate() {
                table.push_record([
                    if place == 0 { clean(folder).into_owned() } else { String::new() },
                    clean(&row.name).into_owned(),
                    row.steps.to_string(),
                    span(row.lasted),
                    verdicts(&row.totals),
                ]);
            }
        }
        let mut table = table.build();
        look.frame(&mut table);
        table.modify(Columns::new(2..=3), Alignment::right());
        let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// `42 scenarios: 40 passed, 2 failed; 512 steps; 1h 12min of virtual time in 0.8s, 52 scenarios/s`
    pub(crate) fn totals(&self, totals: &Totals, elapsed: Duration, look: Look) -> String {
        let runs = totals.passed + totals.failed + totals.broken + totals.skipped;
        let mut text = count(runs, "scenario");
        let mut parts = Vec::new();
        for (verdict, number) in counts(totals) {
            if number > 0 {
                parts.push(format!("{number} {}", look.verdict(&verdict)));
            }
        }
        if !parts.is_empty() {
            text.push_str(&format!(": {}", parts.join(", ")));
        }
        text.push_str(&format!("; {}; {} of virtual time", count(totals.steps, "step"), span(self.lasted)));
        if !elapsed.is_zero() {
            text.push_str(&format!(" in {}", span(elapsed)));
            let rate = u128::try_from(runs).ok().and_then(|runs| runs.checked_mul(1_000_000_000));
            if let Some(rate) = rate.map(|scaled| scaled / elapsed.as_nanos()).filter(|rate| *rate > 0) {
                text.push_str(&format!(", {rate} scenarios/s"));
            }
        }
        text
    }
}

fn counts(totals: &Totals) -> [(Verdict, usize); 4] {
    [
        (Verdict::Passed, totals.passed),
        (Verdict::Failed, totals.failed),
        (Verdict::Broken(String::new()), totals.broken),
        (Verdict::Skipped(String::new()), totals.skipped),
    ]
}

/// `passed` for a single run, `998 passed, 2 failed` for several.
fn verdicts(totals: &Totals) -> String {
    let seen: Vec<_> = counts(totals).into_iter().filter(|(_, number)| *number > 0).collect();
    match seen.as_slice() {
        [(verdict, 1)] => verdict_word(verdict).to_owned(),
        several => {
            let parts: Vec<String> = several
                .iter()
                .map(|(verdict, number)| format!("{number} {}", verdict_word(verdict)))
                .collect();
            parts.join(", ")
        }
    }
}
