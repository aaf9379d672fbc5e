//! The report for build servers: JUnit XML, a suite a folder, a case a run of a scenario.
//!
//! A case's time is real time; the scenario's own time is its property `virtual-seconds`. A scenario that the harness
//! could not run is an error, one that the system failed a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};
use tollgate_conformance::run::{RunEvent, StepOutcome, Verdict};
use tollgate_wire::Text;

use crate::failure::in_full;
use crate::look::Look;
use crate::played::{Gathering, Played};
use crate::report::{Report, ReportError};
use crate::show::{clean, seconds};

/// Writes one document when it is finished.
#[derive(Debug)]
pub struct Junit<W: Write> {
    out: W,
    gathering: Gathering,
    target: Text,
    suites: BTreeMap<String, (TestSuite, Duration)>,
    names: BTreeSet<(String, String)>,
    elapsed: Option<Duration>,
}

impl<W: Write> Junit<W> {
    /// A report into this writer.
    pub fn new(out: W) -> Self {
        Self {
            out,
            gathering: Gathering::default(),
            target: Text::default(),
            suites: BTreeMap::new(),
            names: BTreeSet::new(),
            elapsed: None,
        }
    }

    fn add(&mut self, played: &Played) {
        let class = played.path.with_extension("").to_string_lossy().into_owned();
        let mut name = played.name.to_string();
        if !self.names.insert((class.clone(), name.clone())) {
            // Build servers take cases of one name for one case.
            name = format!("{name} [seed {}]", played.seed);
        }
        let mut case = TestCase::new(name, status(played));
        case.set_classname(class).set_time(played.end.took).set_assertions(played.judged());
        case.add_property(("seed", played.seed.to_string().as_str()));
        case.add_property(("target", self.target.as_str()));
        case.add_property(("virtual-seconds", seconds(played.end.lasted).as_str()));
        case.add_property(("rerun", played.end.rerun.as_str()));
        for own in played.end.versions.iter().flat_map(|versions| &versions.differences) {
            let why = own.why.as_deref().unwrap_or("not declared");
            let told = format!("{} becomes {}, shown {} times: {why}", own.from, own.to, own.times);
            let name = format!("differs: {} {} {}", own.who, own.sight, own.field);
            case.add_property((clean(name.trim_end()).as_ref(), clean(&told).as_ref()));
        }
        if let Some(pcap) = &played.end.pcap {
            case.add_property(("pcap", pcap.to_string_lossy().as_ref()));
        }
        let folder = played.folder();
        let suite = self.suites.entry(folder.clone());
        let (suite, took) = suite.or_insert_with(|| (TestSuite::new(folder), Duration::ZERO));
        suite.add_test_case(case);
        *took = took.saturating_add(played.end.took);
    }
}

impl<W: Write> Report for Junit<W> {
    fn handle(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        match event {
            RunEvent::RunStarted { target, .. } => self.target = target.clone(),
            RunEvent::RunFinished { elapsed, .. } => self.elapsed = Some(*elapsed),
            _ => {}
        }
        if let Some(played) = self.gathering.handle(event) {
            self.add(&played);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        let mut document = Document::new("tollgate");
        if let Some(elapsed) = self.elapsed {
            document.set_time(elapsed);
        }
        for (mut suite, took) in std::mem::take(&mut self.suites).into_values() {
            suite.set_time(took);
            suite.add_property(("target", self.target.as_str()));
            document.add_test_suite(suite);
        }
        document.serialize(&mut self.out)?;
        Ok(self.out.flush()?)
    }
}

fn status(played: &Played) -> TestCaseStatus {
    let kind = match &played.end.verdict {
        Verdict::Passed => return TestCaseStatus::success(),
        Verdict::Skipped(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why.as_str());
            return status;
        }
        Verdict::Failed => NonSuccessKind::Failure,
        Verdict::Broken(_) => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(in_short(played));
    status.set_type(if kind == NonSuccessKind::Failure { "mismatch" } else { "broken" });
    status.set_description(in_full(played, Look::plain()));
    status
}

/// The first thing that went wrong, on one line.
fn in_short(played: &Played) -> String {
    if let Verdict::Broken(why) = &played.end.verdict {
        return why.clone();
    }
    let failed = played.steps.iter().find_map(|step| match &step.outcome {
        StepOutcome::Failed(mismatches) => Some((step, mismatches.first())),
        _ => None,
    });
    match failed {
        Some((step, Some(first))) => {
            format!("step {}: expected {}, seen {}", step.number, first.expected, first.seen)
        }
        Some((step, None)) => format!("step {}: {}", step.number, step.text),
        None => "failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn document(events: &[RunEvent]) -> Document {
        let mut junit = Junit::new(Vec::new());
        events.iter().for_each(|event| junit.handle(event).unwrap());
        junit.finish().unwrap();
        Document::deserialize_from_str(std::str::from_utf8(&junit.out).unwrap()).unwrap()
    }

    fn case<'d>(document: &'d Document, name: &str) -> &'d TestCase {
        let mut cases = document.test_suites.iter().flat_map(|suite| &suite.test_cases);
        cases.find(|case| case.name.as_str() == name).unwrap()
    }

    #[test]
    fn a_folder_is_a_suite_with_its_counts() {
        let document = document(&fixture::run());
        assert_eq!((document.tests, document.failures, document.errors), (6, 1, 1));
        let suites: Vec<_> = (document.test_suites.iter())
            .map(|suite| (suite.name.as_str(), suite.tests, suite.failures, suite.errors, suite.skipped))
            .collect();
        assert_eq!(suites, [("scenarios/prepaid-ivr", 4, 1, 1, 0), ("scenarios/voucher", 2, 0, 0, 1)]);
    }

    #[test]
    fn runs_of_one_scenario_have_names_of_their_own() {
        let document = document(&fixture::run());
        let names: Vec<_> =
            document.test_suites[0].test_cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names[..2], ["One call", "One call [seed 2]"]);
        let mut properties = case(&document, "One call [seed 2]").properties.iter();
        assert!(properties.any(|own| own.name.as_str() == "seed" && own.value.as_str() == "2"));
    }

    #[test]
    fn a_failure_holds_the_mismatches_and_the_way_to_run_it_again() {
        let document = document(&fixture::run());
        let status = &case(&document, "Long call (loss=5%)").status;
        let TestCaseStatus::NonSuccess { kind, message, description, .. } = status else {
            panic!("it did not fail");
        };
        assert_eq!(*kind, NonSuccessKind::Failure);
        let message = message.as_ref().unwrap().as_str();
        assert_eq!(message, "step 2: expected h323-credit-time: 30000, seen 29999");
        let description = description.as_ref().unwrap().as_str();
        for part in ["h323-ivr-in.Tariff: \"PrepaidCard\"", "tollgate run ", "one-call.yaml:17:5"] {
            assert!(description.contains(part), "{part} in {description}");
        }
    }

    #[test]
    fn broken_is_an_error_and_skipped_has_its_reason() {
        let document = document(&fixture::run());
        let TestCaseStatus::NonSuccess { kind, message, .. } = &case(&document, "No stage").status else {
            panic!("it did not fail");
        };
        assert_eq!(*kind, NonSuccessKind::Error);
        assert_eq!(message.as_ref().unwrap().as_str(), "the address 192.0.2.1 is taken");
        let TestCaseStatus::Skipped { message, .. } = &case(&document, "Two vouchers").status else {
            panic!("it was not skipped");
        };
        assert_eq!(message.as_ref().unwrap().as_str(), "the target cannot show xdrs");
    }

    #[test]
    fn what_xml_cannot_hold_does_not_break_the_document() {
        let mut events = fixture::run();
        for event in &mut events {
            if let RunEvent::ScenarioStarted { name, .. } = event {
                *name = "<\u{0}\u{1b}[31m&\"]]>".into();
            }
        }
        assert_eq!(document(&events).tests, 6);
    }
}
