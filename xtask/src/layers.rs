//! Who may depend on whom: the table of ARCHITECTURE.md, held against `cargo metadata`.

use std::process::Command;

use serde_json::Value;

use crate::{Outcome, root};

/// A crate, and those of ours that it may depend on. A crate that is not named here is refused.
const ALLOWED: &[(&str, &[&str])] = &[
    ("tollgate-time", &[]),
    ("tollgate-wire", &["tollgate-time"]),
    ("tollgate-radius", &["tollgate-time", "tollgate-wire"]),
    ("tollgate-diameter", &["tollgate-time", "tollgate-wire"]),
    ("tollgate-camel", &["tollgate-time", "tollgate-wire"]),
    ("tollgate-sip", &["tollgate-time", "tollgate-wire"]),
    ("tollgate-http", &[]),
    ("tollgate-capture", &["tollgate-time", "tollgate-wire"]),
    ("tollgate-network", &["tollgate-time", "tollgate-wire", "tollgate-capture"]),
    ("tollgate-ocs-core", &["tollgate-time"]),
    (
        "tollgate-ocs-gateway",
        &[
            "tollgate-time",
            "tollgate-wire",
            "tollgate-radius",
            "tollgate-diameter",
            "tollgate-http",
            "tollgate-network",
            "tollgate-ocs-core",
        ],
    ),
    ("tollgate-ocs-store", &["tollgate-time", "tollgate-ocs-core"]),
    (
        "tollgate-simulators",
        &[
            "tollgate-time",
            "tollgate-wire",
            "tollgate-radius",
            "tollgate-diameter",
            "tollgate-camel",
            "tollgate-sip",
            "tollgate-http",
            "tollgate-network",
        ],
    ),
    (
        "tollgate-conformance",
        &[
            "tollgate-time",
            "tollgate-wire",
            "tollgate-radius",
            "tollgate-diameter",
            "tollgate-camel",
            "tollgate-capture",
            "tollgate-network",
        ],
    ),
    ("tollgate-reports", &["tollgate-time", "tollgate-wire", "tollgate-conformance"]),
    (
        "tollgate-load",
        &[
            "tollgate-time",
            "tollgate-wire",
            "tollgate-radius",
            "tollgate-diameter",
            "tollgate-network",
            "tollgate-simulators",
            "tollgate-reports",
        ],
    ),
    ("tollgate-micro", EVERYTHING),
    ("tollgate", EVERYTHING),
    ("xtask", EVERYTHING),
];

/// Stands for every crate of ours.
const EVERYTHING: &[&str] = &["*"];

/// Only these may see the live driver; everyone else has the contract and virtual time alone.
const LIVE: &[&str] = &["tollgate", "tollgate-load"];

/// Crates from outside that only some of ours may use, with the reason.
const GUARDED: &[(&str, &[&str], &str)] = &[
    ("tokio", &["tollgate-network", "tollgate-ocs-store"], "async lives in network::live and in stores"),
    ("socket2", &["tollgate-network", "tollgate-load"], "sockets live in network::live"),
    ("mio", &["tollgate-network"], "sockets live in network::live"),
    (
        "rustls",
        &["tollgate-network", "tollgate-ocs-store"],
        "TLS lives in network::live and towards PostgreSQL",
    ),
    ("clap", &["tollgate", "tollgate-load"], "only a command has a command line"),
    ("tabled", &["tollgate-reports", "tollgate"], "tables are made by reports"),
];

pub(crate) fn run() -> Outcome {
    let metadata = metadata().map_err(|error| vec![error])?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut complaints = Vec::new();
    let mut edges = 0_usize;
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(own, _)| *own == name) else {
            complaints.push(format!(
                "{name} has no row in the table of xtask/src/layers.rs; add it there and in ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Tests may use what they need; what is shipped may not.
            if dependency["kind"].as_str() == Some("dev") {
                continue;
            }
            edges += 1;
            let on = dependency["name"].as_str().unwrap_or_default();
            complaints.extend(complaint(name, on, dependency, &ours, allowed));
        }
    }
    if complaints.is_empty() {
        Ok(format!("{} crates, {edges} dependencies, all allowed", packages.len()))
    } else {
        Err(complaints)
    }
}

fn complaint(name: &str, on: &str, dependency: &Value, ours: &[&str], allowed: &[&str]) -> Option<String> {
    if ours.contains(&on) && allowed != EVERYTHING && !allowed.contains(&on) {
        return Some(format!("{name} may not depend on {on} (see the table in ARCHITECTURE.md)"));
    }
    let live = dependency["features"].as_array().is_some_and(|features| features.iter().any(|f| f == "live"));
    if on == "tollgate-network" && live && !LIVE.contains(&name) {
        return Some(format!(
            "{name} may not see the live driver: leave the feature `live` of tollgate-network off"
        ));
    }
    GUARDED.iter().find(|(crate_name, users, _)| *crate_name == on && !users.contains(&name)).map(
        |(_, users, reason)| format!("{name} may not use {on}: {reason} (allowed: {})", users.join(", ")),
    )
}

fn metadata() -> Result<Value, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint_about(name: &str, on: &str, features: &[&str]) -> Option<String> {
        let allowed = ALLOWED.iter().find(|(own, _)| *own == name).map(|(_, allowed)| *allowed).unwrap();
        let ours: Vec<&str> = ALLOWED.iter().map(|(own, _)| *own).collect();
        complaint(name, on, &serde_json::json!({ "features": features }), &ours, allowed)
    }

    #[test]
    fn the_judge_never_sees_the_reference_system() {
        assert!(complaint_about("tollgate-conformance", "tollgate-ocs-core", &[]).is_some());
        assert!(complaint_about("tollgate-simulators", "tollgate-ocs-gateway", &[]).is_some());
        assert!(complaint_about("tollgate-ocs-core", "tollgate-radius", &[]).is_some());
        assert!(complaint_about("tollgate-ocs-gateway", "tollgate-ocs-core", &[]).is_none());
    }

    #[test]
    fn only_commands_see_real_sockets() {
        assert!(complaint_about("tollgate-simulators", "tollgate-network", &["live"]).is_some());
        assert!(complaint_about("tollgate", "tollgate-network", &["live"]).is_none());
        assert!(complaint_about("tollgate-ocs-gateway", "tokio", &[]).is_some());
    }
}
