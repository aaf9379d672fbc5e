//! Whatever stands in a scenario or world file, its check ends with something to run or with a report that
//! can be shown.
#![no_main]

// The small kinds of peer that the tests of the check use.
#[path = "../../conformance/tests/support/mod.rs"]
mod support;

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tollgate_conformance::diagnostics::Style;
use tollgate_conformance::scenario::{Options, check_octets};
use tollgate_conformance::world;

fuzz_target!(|octets: &[u8]| {
    // A folder that is not there: files that the text names are looked for, and nothing is read.
    let path = Path::new("/nowhere/calls/fuzzed.yaml");
    let options = Options { root: Some("/nowhere".into()) };
    let (scenarios, report) = check_octets(path, octets, &support::registry(), &options);
    assert!(report.errors() == 0 || scenarios.is_empty());
    let shown = report.render(Style::Plain);
    assert_eq!(shown.is_empty(), report.is_empty());
    if let Ok(text) = std::str::from_utf8(octets)
        && let Err(report) = world::load_text(path, text)
    {
        assert!(!report.is_empty());
        let _ = report.render(Style::Colour);
    }
});
