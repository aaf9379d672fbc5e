//! `fault:` of a scenario, which names peers, as faults of the network, which knows nodes.

use tollgate_network::{Between, Fault, NodeId};

use super::event::StepOutcome;
use super::scene::Scene;
use crate::scenario::{FaultKind, FaultStep, Who};

/// Has the driver cause the fault from now on.
pub(crate) fn inject(scene: &mut Scene<'_>, step: &FaultStep) -> StepOutcome {
    let Some(faults) = translated(scene, step) else {
        return StepOutcome::Broken("the stage lacks a peer of the scenario".to_owned());
    };
    for fault in faults {
        if let Err(error) = scene.driver.inject(fault) {
            return StepOutcome::Skipped(format!("the target cannot cause this fault: {error}"));
        }
    }
    StepOutcome::Passed
}

fn translated(scene: &Scene<'_>, step: &FaultStep) -> Option<Vec<Fault>> {
    let until = step.lasts.map(|lasts| scene.now() + lasts);
    let node = |who: &Who| scene.cast.node(*who);
    Some(match &step.what {
        FaultKind::Impair { between, impairment } => (links(between, node)?.into_iter())
            .map(|between| Fault::Impair { between, impairment: *impairment, until })
            .collect(),
        FaultKind::Partition { between } => {
            links(between, node)?.into_iter().map(|between| Fault::Partition { between, until }).collect()
        }
        FaultKind::Reset { between } => {
            links(between, node)?.into_iter().map(|between| Fault::Reset { between }).collect()
        }
        FaultKind::Heal => vec![Fault::Heal],
        FaultKind::Crash(who) => vec![Fault::Crash { node: node(who)?, until }],
        FaultKind::Restart(who) => vec![Fault::Restart { node: node(who)? }],
    })
}

/// Nobody named means every link, one name all links of that one, several names every link between two of them.
fn links(between: &[Who], node: impl Fn(&Who) -> Option<NodeId>) -> Option<Vec<Between>> {
    let nodes: Vec<NodeId> = between.iter().map(node).collect::<Option<_>>()?;
    Some(match nodes.as_slice() {
        [] => vec![Between::Everyone],
        [one] => vec![Between::One(*one)],
        several => several
            .iter()
            .enumerate()
            .flat_map(|(place, one)| several[place + 1..].iter().map(|other| Between::Two(*one, *other)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_names_mean_every_link_between_two_of_them() {
        let node = |who: &Who| match who {
            Who::System => Some(NodeId(9)),
            Who::Peer(place) => (*place < 2).then_some(NodeId(*place)),
        };
        let named = |between: &[Who]| links(between, node);
        assert_eq!(named(&[]), Some(vec![Between::Everyone]));
        assert_eq!(named(&[Who::System]), Some(vec![Between::One(NodeId(9))]));
        let (a, b, c) = (NodeId(9), NodeId(0), NodeId(1));
        assert_eq!(
            named(&[Who::System, Who::Peer(0), Who::Peer(1)]),
            Some(vec![Between::Two(a, b), Between::Two(a, c), Between::Two(b, c)])
        );
        assert_eq!(named(&[Who::Peer(2)]), None);
    }
}
