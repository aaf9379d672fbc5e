//! What a tester reads who has made a mistake: each broken file of `mistakes/` and the report that it gets
//! beside it, which is reviewed as text. Every report names all problems of its file at once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod support;

use std::path::{Path, PathBuf};

use support::{folder, registry};
use tollgate_conformance::diagnostics::{Severity, Style};
use tollgate_conformance::scenario::{Options, check_octets};

fn broken_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder("mistakes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

fn options() -> Options {
    Options { root: Some(folder("library")) }
}

#[test]
fn every_mistake_gets_its_report() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("mistakes");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let files = broken_files();
    assert!(files.len() > 20);
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let octets = std::fs::read(&file).unwrap();
        let (scenarios, report) = check_octets(&file, &octets, &registry(), &options());
        assert!(scenarios.is_empty(), "{name}");
        assert!(report.errors() > 0, "{name}");
        settings.bind(|| insta::assert_snapshot!(name, report.render(Style::Plain)));
    }
}

#[test]
fn problems_stand_in_the_order_of_their_lines_and_point_into_their_file() {
    for file in broken_files() {
        let octets = std::fs::read(&file).unwrap();
        let (_, report) = check_octets(&file, &octets, &registry(), &options());
        let mut last: Option<(&Path, usize)> = None;
        for diagnostic in report.diagnostics() {
            // Names that are free can be no more than doubtful.
            let doubtful = diagnostic.message.starts_with("nothing that is known is named");
            let severity = if doubtful { Severity::Warning } else { Severity::Error };
            assert_eq!(diagnostic.severity, severity, "{}", diagnostic.message);
            let at = diagnostic.at.as_ref().unwrap();
            assert!(at.start <= at.end && at.end <= at.source.text().len(), "{}", diagnostic.message);
            if let Some((path, start)) = last
                && path == at.source.path()
            {
                assert!(start <= at.start, "{}: {}", path.display(), diagnostic.message);
            }
            last = Some((at.source.path(), at.start));
        }
    }
}

#[test]
fn a_coloured_report_says_the_same_as_a_plain_one() {
    let file = folder("mistakes").join("misspelt-names.yaml");
    let (_, report) = check_octets(&file, &std::fs::read(&file).unwrap(), &registry(), &options());
    let coloured = report.render(Style::Colour);
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    for (place, part) in coloured.split("\u{1b}[").enumerate() {
        plain.push_str(if place == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(plain, report.render(Style::Plain));
}
