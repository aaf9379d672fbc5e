//! `matrix:` makes one run of every combination of its values.

use tollgate_wire::Text;

use super::load::check_parameter_name;
use super::read;
use super::substitute::Parameters;
use crate::diagnostics::{Collector, Problem};
use crate::yaml::{Kind, Node};

/// At most this many runs of one file.
const COMBINATIONS_MAX: usize = 1_000;

/// One combination.
#[derive(Debug, Default)]
pub(super) struct Combination {
    /// `loss=5%, group=2`; empty without a matrix.
    pub(super) name: Text,
    /// Its values.
    pub(super) parameters: Parameters,
}

/// Every combination, the last parameter changing fastest; one without values when there is no matrix.
pub(super) fn combinations(node: Option<&Node>, collector: &mut Collector) -> Vec<Combination> {
    let Some(node) = node else { return vec![Combination::default()] };
    let mut choices: Vec<Vec<(Text, &Node)>> = vec![Vec::new()];
    for entry in read::entries(node, "`matrix:`", collector) {
        check_parameter_name(&entry.key.text, entry.key.span, collector);
        let values = match &entry.value.kind {
            Kind::Sequence(values) if !values.is_empty() => values,
            Kind::Broken => continue,
            _ => {
                collector.push(
                    Problem::error(entry.value.span, "a parameter of the matrix is a list of its values")
                        .advice("write name: [first, second]"),
                );
                continue;
            }
        };
        if choices.len().saturating_mul(values.len()) > COMBINATIONS_MAX {
            let message = format!("the matrix has more than {COMBINATIONS_MAX} combinations");
            collector.error(node.span, message);
            break;
        }
        let name: Text = entry.key.text.as_str().into();
        choices = (choices.iter())
            .flat_map(|chosen| values.iter().map(move |value| (chosen, value)))
            .map(|(chosen, value)| {
                chosen.iter().cloned().chain(std::iter::once((name.clone(), value))).collect()
            })
            .collect();
    }
    choices.into_iter().map(combination).collect()
}

fn combination(chosen: Vec<(Text, &Node)>) -> Combination {
    let mut parameters = Parameters::default();
    let mut names = Vec::with_capacity(chosen.len());
    for (name, value) in chosen {
        let shown = value.scalar().map_or_else(|| value.line(), |scalar| scalar.text.clone());
        names.push(format!("{name}={shown}"));
        parameters.set(name, value.clone());
    }
    Combination { name: names.join(", ").into(), parameters }
}

/// Says which parameters stand nowhere.
pub(super) fn warn_of_unused(node: &Node, combinations: &[Combination], collector: &mut Collector) {
    let Kind::Map(entries) = &node.kind else { return };
    // Where something is broken, the place that uses it may be what could not be read.
    if collector.errors() > 0 {
        return;
    }
    for entry in entries {
        let name = entry.key.text.as_str();
        let given = combinations.iter().any(|c| c.parameters.contains(name));
        if given && !combinations.iter().any(|c| c.parameters.is_used(name)) {
            let message = format!("the matrix's '{name}' changes nothing");
            collector.push(
                Problem::warning(entry.key.span, message).help(format!("write ${{{name}}} where it belongs")),
            );
        }
    }
}
