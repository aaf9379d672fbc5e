//! The state beside the catalogue, to be written down and to go on from.
//!
//! What is not written is what can be built again: the tables of names. A field that is added to the state is added
//! here too, or this file does not compile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use super::Ocs;
use super::commitments::Commitments;
use super::migration::Moves;
use super::site::{Branch, Sites, SitesState, StoredSites};
use super::voucher::Redeemed;
use crate::catalogue::Catalogue;
use crate::ids::EnvId;
use crate::ledger::{Account, Customer, Ledger, Purse};
use crate::plans::counter::Counters;
use crate::sessions::{Sessions, StoredSessions};
use crate::xdr::Xdr;

/// A state that was read back, for [`Ocs::restored`].
#[derive(Deserialize)]
pub struct StoredState {
    now: Instant,
    xdrs_made: u64,
    customers: Vec<Customer>,
    accounts: Vec<Account>,
    sessions: StoredSessions,
    xdrs: VecDeque<Arc<Xdr>>,
    vouchers_used: BTreeMap<String, Redeemed>,
    counters: Counters,
    commitments: Commitments,
    vendors: Vec<Purse>,
    moves: Moves,
    others: Vec<(EnvId, Self)>,
    sites: StoredSites,
    branch: Option<Box<Branch>>,
}

/// The state as it is, to be written.
#[derive(Serialize)]
pub(super) struct State<'a> {
    now: Instant,
    xdrs_made: u64,
    customers: &'a [Customer],
    accounts: &'a [Account],
    sessions: &'a Sessions,
    xdrs: &'a VecDeque<Arc<Xdr>>,
    vouchers_used: &'a BTreeMap<String, Redeemed>,
    counters: &'a Counters,
    commitments: &'a Commitments,
    vendors: &'a [Purse],
    moves: &'a Moves,
    others: Vec<(EnvId, State<'a>)>,
    sites: SitesState<'a>,
    branch: &'a Option<Box<Branch>>,
}

/// A stored state does not go with the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored state has {stored} accounts, customers and vendors (or environments) and the world has {world}; start \
     it with the world that it was made with"
)]
pub struct OtherCatalogue {
    stored: usize,
    world: usize,
}

impl Ocs {
    /// The whole state beside the catalogue, in the order of [`StoredState`]; it holds passwords.
    #[must_use]
    pub fn state(&self) -> impl Serialize + '_ {
        self.whole_state()
    }

    pub(super) fn whole_state(&self) -> State<'_> {
        let Self {
            catalogue: _,
            language: _,
            calls: _,
            ledger,
            sessions,
            xdrs,
            xdrs_made,
            vouchers_used,
            counters,
            commitments,
            vendors,
            moves,
            now,
            others,
            sites,
            branch,
        } = self;
        State {
            now: *now,
            xdrs_made: *xdrs_made,
            customers: ledger.customers(),
            accounts: ledger.accounts(),
            sessions,
            xdrs,
            vouchers_used,
            counters,
            commitments,
            vendors,
            moves,
            others: others.iter().map(|(env, other)| (*env, other.whole_state())).collect(),
            sites: sites.state(),
            branch,
        }
    }

    /// A system that goes on from a stored state under the catalogue that it was made with.
    ///
    /// # Errors
    /// The state has another number of accounts, customers or vendors than the catalogue.
    pub fn restored(mut catalogue: Catalogue, state: StoredState) -> Result<Self, OtherCatalogue> {
        let StoredState {
            now,
            xdrs_made,
            customers,
            accounts,
            sessions,
            xdrs,
            vouchers_used,
            counters,
            commitments,
            vendors,
            moves,
            others,
            sites,
            branch,
        } = state;
        let counts = [catalogue.accounts.len(), catalogue.customers.len(), catalogue.parties.vendors.len()];
        let there = [accounts.len(), customers.len(), vendors.len()];
        // Those that came from other systems stand behind those of the catalogue.
        let fits = there[2] == counts[2] && there.iter().zip(&counts).all(|(there, count)| there >= count);
        if !fits {
            let (stored, world) = (there.iter().sum(), counts.iter().sum());
            return Err(OtherCatalogue { stored, world });
        }
        let sites = Sites::restored(sites, &catalogue)?;
        let others = restored_others(std::mem::take(&mut catalogue.others), others)?;
        let fresh = Self::new(catalogue);
        let ledger = Ledger::restored(accounts, customers, fresh.catalogue.settings.numbering);
        let sessions = sessions.restored();
        let mut ocs = Self {
            ledger,
            sessions,
            xdrs,
            xdrs_made,
            vouchers_used,
            counters,
            commitments,
            vendors,
            moves,
            now,
            others,
            sites,
            branch,
            ..fresh
        };
        ocs.configure_again();
        ocs.count_open_calls();
        Ok(ocs)
    }
}

/// The other environments, each from its own state.
fn restored_others(
    catalogues: BTreeMap<EnvId, Catalogue>,
    states: Vec<(EnvId, StoredState)>,
) -> Result<BTreeMap<EnvId, Ocs>, OtherCatalogue> {
    let same = catalogues.keys().eq(states.iter().map(|(env, _)| env));
    if !same {
        return Err(OtherCatalogue { stored: states.len(), world: catalogues.len() });
    }
    let both = catalogues.into_iter().zip(states);
    both.map(|((env, catalogue), (_, state))| Ok((env, Ocs::restored(catalogue, state)?))).collect()
}
