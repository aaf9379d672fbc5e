//! How the network between two nodes behaves at a moment: what it was given at the start, and the faults
//! in force. Knows no frames and no addresses.

use tollgate_time::Instant;

use crate::{Between, FaultError, Impairment, NodeId};

/// So many faults may be in force at once. Far more than a scenario orders; it bounds a loop that does.
pub const FAULTS_MAX: usize = 1_024;

/// Every link of a network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// The link of a pair that nothing else speaks of.
    usual: Impairment,
    /// What single links are like from the start, the later the stronger.
    special: Vec<(Between, Impairment)>,
    /// Faults in the order in which they were ordered; the later are the stronger.
    faults: Vec<InForce>,
}

#[derive(Debug, Clone, Copy)]
struct InForce {
    between: Between,
    /// `None` is a partition.
    impairment: Option<Impairment>,
    until: Option<Instant>,
}

impl Between {
    /// Whether a frame from one to the other is meant. One that leaves the driver's nodes, or comes from
    /// outside, concerns `One` of them and `Everyone` only.
    #[must_use]
    pub fn concerns(self, from: NodeId, to: Option<NodeId>) -> bool {
        match self {
            Self::Everyone => true,
            Self::One(node) => node == from || Some(node) == to,
            Self::Two(one, other) => (from == one && to == Some(other)) || (from == other && to == Some(one)),
        }
    }

    /// The nodes that are named.
    pub(crate) fn nodes(self) -> impl Iterator<Item = NodeId> {
        let (one, other) = match self {
            Self::Everyone => (None, None),
            Self::One(node) => (Some(node), None),
            Self::Two(one, other) => (Some(one), Some(other)),
        };
        one.into_iter().chain(other)
    }
}

impl Links {
    /// What the links are like unless told otherwise.
    pub(crate) fn set_usual(&mut self, impairment: Impairment) {
        self.usual = impairment;
    }

    /// What some links are like from the start.
    pub(crate) fn set_special(&mut self, between: Between, impairment: Impairment) {
        self.special.retain(|(own, _)| *own != between);
        self.special.push((between, impairment));
    }

    pub(crate) fn impair(
        &mut self,
        now: Instant,
        between: Between,
        impairment: Impairment,
        until: Option<Instant>,
    ) -> Result<(), FaultError> {
        self.order(now, InForce { between, impairment: Some(impairment), until })
    }

    pub(crate) fn partition(
        &mut self,
        now: Instant,
        between: Between,
        until: Option<Instant>,
    ) -> Result<(), FaultError> {
        self.order(now, InForce { between, impairment: None, until })
    }

    /// Every fault ends.
    pub(crate) fn heal(&mut self) {
        self.faults.clear();
    }

    /// How the link between two nodes treats a frame that is sent now.
    pub(crate) fn impairment(&self, now: Instant, from: NodeId, to: Option<NodeId>) -> &Impairment {
        self.faults
            .iter()
            .rev()
            .filter(|fault| fault.between.concerns(from, to) && fault.holds(now))
            .find_map(|fault| fault.impairment.as_ref())
            .or_else(|| {
                let mut special = self.special.iter().rev();
                special.find(|(between, _)| between.concerns(from, to)).map(|(_, own)| own)
            })
            .unwrap_or(&self.usual)
    }

    /// Whether nothing gets from one to the other now.
    pub(crate) fn cut(&self, now: Instant, from: NodeId, to: Option<NodeId>) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.impairment.is_none() && fault.between.concerns(from, to) && fault.holds(now))
    }

    fn order(&mut self, now: Instant, fault: InForce) -> Result<(), FaultError> {
        self.faults.retain(|own| own.holds(now));
        if fault.until.is_none() {
            // Nothing can bring back what an unlimited fault on the same links covers, but `heal`, which
            // ends both.
            let kind = fault.impairment.is_none();
            self.faults.retain(|own| own.between != fault.between || own.impairment.is_none() != kind);
        }
        if self.faults.len() >= FAULTS_MAX {
            return Err(FaultError(format!(
                "{FAULTS_MAX} faults are in force already; heal the network, or give them an end"
            )));
        }
        self.faults.push(fault);
        Ok(())
    }
}

impl InForce {
    fn holds(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: NodeId = NodeId(0);
    const B: NodeId = NodeId(1);
    const C: NodeId = NodeId(2);

    fn slow(millis: u64) -> Impairment {
        Impairment { latency: Duration::from_millis(millis), ..Impairment::default() }
    }

    #[test]
    fn the_latest_fault_in_force_wins_and_the_one_before_comes_back() {
        let at = Instant::from_unix_secs;
        let mut links = Links::default();
        links.set_special(Between::Two(A, B), slow(5));
        links.impair(at(10), Between::One(A), slow(50), Some(at(30))).unwrap();
        links.impair(at(10), Between::Everyone, slow(70), Some(at(20))).unwrap();
        assert_eq!(*links.impairment(at(19), A, Some(B)), slow(70));
        assert_eq!(*links.impairment(at(20), B, Some(A)), slow(50));
        assert_eq!(*links.impairment(at(30), A, Some(B)), slow(5));
        assert_eq!(*links.impairment(at(30), A, Some(C)), Impairment::default());
    }

    #[test]
    fn a_cut_holds_both_ways_until_it_ends() {
        let at = Instant::from_unix_secs;
        let mut links = Links::default();
        links.partition(at(1), Between::Two(A, B), Some(at(5))).unwrap();
        assert!(links.cut(at(4), A, Some(B)) && links.cut(at(4), B, Some(A)));
        assert!(!links.cut(at(4), A, Some(C)) && !links.cut(at(5), A, Some(B)));
    }

    #[test]
    fn faults_without_end_do_not_pile_up_and_those_with_an_end_are_bounded() {
        let mut links = Links::default();
        for _ in 0..FAULTS_MAX * 2 {
            links.partition(Instant::EPOCH, Between::Everyone, None).unwrap();
        }
        assert_eq!(links.faults.len(), 1);
        let late = Some(Instant::from_unix_secs(1));
        for _ in 1..FAULTS_MAX {
            links.partition(Instant::EPOCH, Between::One(A), late).unwrap();
        }
        assert!(links.partition(Instant::EPOCH, Between::One(A), late).is_err());
    }
}
