//! What a system remembers of the moves of its customers, so that an order that comes again or late is known.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use crate::ids::{AccountId, CustomerId, EnvId};
use crate::migration::{AccountPart, CustomerPart, Late, SessionPart, XdrScope};

/// Of all customers that ever moved to here or away.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::ocs) struct Moves {
    by_customer: BTreeMap<CustomerId, Move>,
}

/// Of one customer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Move {
    /// The number of the last move that was made.
    pub(super) hop: u64,
    /// The number of the last one that will not be made.
    pub(super) abandoned: u64,
    /// While it is exported.
    pub(super) exported: Option<Box<Exported>>,
    /// What the catalogue does not say of it, since it came from elsewhere.
    pub(super) arrived: Option<Box<Arrived>>,
    /// Reports that were kept so far.
    pub(super) late_made: u64,
    /// Reports that were taken from other systems, up to this one.
    pub(super) late_taken: BTreeMap<EnvId, u64>,
}

/// While a customer is exported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Exported {
    pub(super) to: EnvId,
    pub(super) at: Instant,
    /// Whether it is known to be there.
    pub(super) settled: bool,
    /// The most xDRs that were transferred.
    pub(super) sent: XdrScope,
    pub(super) sessions: Vec<SessionPart>,
    pub(super) late: VecDeque<Late>,
}

/// What belongs to a customer that came from elsewhere, to be said of it again after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Arrived {
    pub(super) customer: CustomerPart,
    pub(super) accounts: Vec<AccountPart>,
    pub(super) groups: Vec<Vec<AccountId>>,
}

impl Moves {
    pub(super) fn get(&self, customer: CustomerId) -> Option<&Move> {
        self.by_customer.get(&customer)
    }

    pub(super) fn of(&mut self, customer: CustomerId) -> &mut Move {
        self.by_customer.entry(customer).or_default()
    }

    pub(super) fn hop(&self, customer: CustomerId) -> u64 {
        self.get(customer).map_or(0, |own| own.hop)
    }

    pub(super) fn exported(&self, customer: CustomerId) -> Option<&Exported> {
        self.get(customer)?.exported.as_deref()
    }

    pub(super) fn exported_mut(&mut self, customer: CustomerId) -> Option<&mut Exported> {
        self.by_customer.get_mut(&customer)?.exported.as_deref_mut()
    }

    /// All sessions of those who are exported.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &SessionPart> {
        self.by_customer.values().filter_map(|own| own.exported.as_deref()).flat_map(|own| &own.sessions)
    }

    /// What came from elsewhere.
    pub(super) fn arrived(&self) -> impl Iterator<Item = &Arrived> {
        self.by_customer.values().filter_map(|own| own.arrived.as_deref())
    }

    pub(in crate::ocs) fn iter(&self) -> impl Iterator<Item = (&CustomerId, &dyn std::fmt::Debug)> {
        self.by_customer.iter().map(|(id, own)| (id, own as &dyn std::fmt::Debug))
    }
}
