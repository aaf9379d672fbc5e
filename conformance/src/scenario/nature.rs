//! What a file is meant as, by its keys.

use crate::yaml::{Kind, Node};

/// The keys that only a world has at its top.
pub(super) const WORLD_KEYS: [&str; 12] = [
    "ocs",
    "nodes",
    "tariffs",
    "products",
    "customers",
    "accounts",
    "currency",
    "settings",
    "diameter",
    "environments",
    "file",
    "dialing-rules",
];
/// The keys that only a scenario has at its top, whatever it calls itself.
pub(super) const SCENARIO_KEYS: [&str; 4] = ["scenario", "steps", "peers", "finally"];

/// What a file is meant as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// A scenario; also whatever cannot be told, for its check says the most.
    Scenario,
    /// Steps that scenarios share.
    Sequence,
    /// What exists before a run.
    World,
}

impl Nature {
    /// That of a whole file.
    pub(crate) fn of(root: &Node) -> Self {
        Self::by(|key| root.get(key).is_some(), root.get("world").is_some_and(is_single))
    }

    /// The same by the keys alone; `named` tells whether `world:` is a single value.
    pub(super) fn by(has: impl Fn(&str) -> bool, named: bool) -> Self {
        let any = |keys: &[&str]| keys.iter().any(|key| has(key));
        if has("scenario") {
            return Self::Scenario;
        }
        if has("sequence") || has("steps") && has("parameters") && !any(&["peers", "world"]) {
            return Self::Sequence;
        }
        if !any(&SCENARIO_KEYS) && (named || any(&WORLD_KEYS)) { Self::World } else { Self::Scenario }
    }

    /// Whether a file says by its keys that it is a scenario or a sequence.
    pub(crate) fn is_said_by(self, root: &Node) -> bool {
        match self {
            Self::World => false,
            Self::Sequence => true,
            Self::Scenario => SCENARIO_KEYS.iter().any(|key| root.get(key).is_some()),
        }
    }

    /// With its article, for a message.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Scenario => "a scenario",
            Self::Sequence => "a sequence",
            Self::World => "a world",
        }
    }
}

const fn is_single(node: &Node) -> bool {
    matches!(node.kind, Kind::Scalar(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(keys: &[&str]) -> Nature {
        Nature::by(|key| keys.contains(&key), keys.contains(&"world"))
    }

    #[test]
    fn what_a_file_is_meant_as_survives_a_misspelt_key() {
        assert_eq!(of(&["scenario", "world", "steps"]), Nature::Scenario);
        assert_eq!(of(&["scenaro", "world", "steps"]), Nature::Scenario);
        assert_eq!(of(&["sequense", "parameters", "steps"]), Nature::Sequence);
        assert_eq!(of(&["wrold", "ocs", "nodes"]), Nature::World);
        assert_eq!(of(&["world", "acounts"]), Nature::World);
        assert_eq!(of(&["nonsense"]), Nature::Scenario);
    }
}
