//! Every return code of the documents' table is shown by a scenario of the library: one that claims to, and that expects the
//! code and its explanation on the wire.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::root;
use tollgate_conformance::requirements;
use tollgate_ocs_gateway::return_codes::{self, ReturnCode};

/// Codes by which access is given: their explanation is not on the wire.
const GRANTED: [u8; 6] = [0, 13, 50, 51, 52, 53];

fn id(row: &ReturnCode) -> String {
    format!("ESI-RC-{}-{}", row.number, row.explanation.replace('_', "-"))
}

/// The explanation as it is sent: of the first one as its example writes it.
fn sent(row: &ReturnCode) -> String {
    if row.number == 1 { row.explanation.replace('_', " ") } else { row.explanation.to_owned() }
}

fn scenarios(folder: &Path, found: &mut Vec<(PathBuf, Value)>) {
    for entry in std::fs::read_dir(folder).expect("the library is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            scenarios(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let file: Value = serde_yaml::from_str(&text).expect("it is YAML");
            if file.get("scenario").is_some() {
                found.push((path, file));
            }
        }
    }
}

/// Whether an expectation of the scenario has the code and, of a refusal, its explanation.
fn shows(scenario: &Value, row: &ReturnCode) -> bool {
    let steps = scenario["steps"].as_array().into_iter().flatten();
    let mut wanted = steps.filter_map(|step| step.get("where"));
    let says = |wanted: &Value, field: &str, value: &str| {
        let found = &wanted[field];
        found.as_str() == Some(value) || found.as_u64().is_some_and(|number| number.to_string() == value)
    };
    wanted.any(|wanted| {
        says(wanted, "h323-return-code", &row.number.to_string())
            && (GRANTED.contains(&row.number) || says(wanted, "h323-ivr-in.ErrorExplanation", &sent(row)))
    })
}

#[test]
fn every_return_code_and_explanation_has_a_scenario_that_expects_it() {
    let mut library = Vec::new();
    scenarios(&root().join("scenarios"), &mut library);
    let mut claims: BTreeMap<String, Vec<(&Path, &Value)>> = BTreeMap::new();
    for (path, scenario) in &library {
        for covered in scenario["covers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            claims.entry(covered.to_owned()).or_default().push((path, scenario));
        }
    }
    // ESI, RADIUS return codes: 32 explanations.
    assert_eq!(return_codes::all().len(), 32);
    let mut wrong = Vec::new();
    for row in return_codes::all() {
        let id = id(row);
        if requirements::get(&id).is_none() {
            wrong.push(format!("there is no requirement {id}"));
        }
        match claims.get(&id) {
            None => wrong.push(format!("no scenario covers {id}")),
            Some(claiming) => {
                for (path, scenario) in claiming {
                    if !shows(scenario, row) {
                        wrong.push(format!("{} covers {id} and never expects it", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_requirement_of_a_return_code_is_a_row_of_the_table() {
    let rows: Vec<String> = return_codes::all().iter().map(id).collect();
    let named = requirements::all().iter().filter(|own| own.id.starts_with("ESI-RC-"));
    let strange: Vec<&str> = named.map(|own| own.id).filter(|id| !rows.contains(&(*id).to_owned())).collect();
    assert!(strange.is_empty(), "{strange:?}");
}
