//! The editor's schema accepts every file of the library, and refuses what `check` refuses.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{root, tollgate};

fn schema(of: &str) -> serde_json::Value {
    let output = tollgate().args(["schema", of]).output().expect("it runs");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the library is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
}

fn as_json(path: &Path) -> serde_json::Value {
    let text = fs::read_to_string(path).expect("it can be read");
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_file_of_the_library_fits_its_schema() {
    let validators = ["scenario", "sequence", "world"]
        .map(|of| (of, jsonschema::validator_for(&schema(of)).expect("the schema is one")));
    let mut found = Vec::new();
    files(&root().join("scenarios"), &mut found);
    assert!(found.len() > 20, "{found:?}");
    for path in found {
        let file = as_json(&path);
        let kind = validators
            .iter()
            .find(|(of, _)| file.get(of).is_some() && (*of != "world" || file.get("scenario").is_none()));
        let (_, validator) = kind.unwrap_or_else(|| panic!("{} is nothing that is known", path.display()));
        let wrong: Vec<String> = validator
            .iter_errors(&file)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    }
}

#[test]
fn a_misspelt_verb_does_not_fit() {
    let validator = jsonschema::validator_for(&schema("scenario")).expect("the schema is one");
    let mut file = as_json(&root().join("scenarios/prepaid-ivr/one-call.yaml"));
    assert!(validator.is_valid(&file));
    file["steps"] = serde_json::json!([{ "ivr.dail": "1#" }]);
    assert!(!validator.is_valid(&file));
}
