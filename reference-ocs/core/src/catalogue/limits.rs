//! How many calls may be in progress at once, and how much bandwidth they may take together.
//!
//! Few accounts and customers have such limits: they stand in tables of their own, so that the others need no room for
//! them. Source: ACTIVE, maximum number of simultaneous calls; ESI, return codes.

use std::collections::BTreeMap;

use super::CatalogueBuilder;
use crate::ids::{AccountId, CustomerId};

/// The limits of one account or customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct CallLimits {
    /// Calls in progress at most.
    pub calls: Option<u32>,
    /// Kilobits a second that calls in progress may take together.
    pub kbps: Option<u32>,
}

/// Who has limits.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) accounts: BTreeMap<AccountId, CallLimits>,
    pub(crate) customers: BTreeMap<CustomerId, CallLimits>,
    /// Kilobits a second that one call takes in one direction.
    pub(crate) call_kbps: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { accounts: BTreeMap::new(), customers: BTreeMap::new(), call_kbps: Self::G711_KBPS }
    }
}

impl CatalogueBuilder {
    /// Limits the calls of an account.
    pub fn limit_account(&mut self, account: AccountId, limits: CallLimits) {
        self.all.limits.accounts.insert(account, limits);
    }

    /// Limits the calls of all accounts of a customer together.
    pub fn limit_customer(&mut self, customer: CustomerId, limits: CallLimits) {
        self.all.limits.customers.insert(customer, limits);
    }

    /// Sets how many kilobits a second one call takes in one direction; it is 80 (G.711) without that.
    pub const fn call_bandwidth(&mut self, kbps: u32) {
        self.all.limits.call_kbps = kbps;
    }
}

impl Limits {
    /// One call of G.711 with 20 ms packets: 64 kbit/s of speech, and 50 packets of 40 octets of RTP, UDP and IP headers.
    pub(crate) const G711_KBPS: u32 = 80;

    /// Whether anybody has a limit.
    pub(crate) fn is_used(&self) -> bool {
        !self.accounts.is_empty() || !self.customers.is_empty()
    }
}
