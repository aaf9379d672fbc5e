//! What `tollgate explain` says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod support;

use support::registry;
use tollgate_conformance::explain::{catalogue, explain, topics};

#[test]
fn a_kind_is_explained_by_its_tables() {
    insta::assert_snapshot!("kind", explain("nas", &registry()).unwrap());
}

#[test]
fn a_verb_is_explained_with_its_arguments_and_an_example() {
    insta::assert_snapshot!("verb", explain("nas.send", &registry()).unwrap());
    let dial = explain("nas.dial", &registry()).unwrap();
    assert_eq!(dial.example.as_deref(), Some("- nas.dial: \"…\""));
}

#[test]
fn an_observation_is_explained_with_its_fields() {
    insta::assert_snapshot!("sight", explain("ocs.xdr", &registry()).unwrap());
}

#[test]
fn a_requirement_is_explained_with_its_source() {
    insta::assert_snapshot!("requirement", explain("RC-01", &registry()).unwrap());
}

#[test]
fn every_topic_can_be_explained_and_nothing_else() {
    let topics = topics(&registry());
    assert!(topics.len() > 100);
    for topic in &topics {
        let explained = explain(topic, &registry()).unwrap();
        assert_eq!(&explained.title, topic);
        assert!(!explained.about.is_empty(), "{topic}");
        for line in explained.to_string().lines() {
            assert!(line.chars().count() <= 140 && line.trim_end() == line, "{topic}: {line}");
        }
    }
    for unknown in ["", "nass", "nas.", "nas.teleport", "RC-99", "."] {
        assert!(explain(unknown, &registry()).is_none(), "{unknown}");
    }
}

#[test]
fn the_catalogue_lists_each_standard() {
    let headings: Vec<String> = catalogue().sections.into_iter().map(|section| section.heading).collect();
    let standards = [
        "diameter",
        "credit-control",
        "3gpp",
        "radius",
        "esi",
        "interop",
        "ro",
        "sip",
        "sip-calls",
        "sites",
        "dual-version",
    ];
    assert_eq!(headings, standards);
}
