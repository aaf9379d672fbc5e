//! What can be seen of a system's sites from outside.

use std::fmt::Write as _;

use tollgate_time::Instant;

use super::Sites;
use crate::ids::EnvId;
use crate::money::{Amount, Currency};
use crate::ocs::Ocs;
use crate::site::{Delta, PeriodId, Release, Role};

/// What a site is and has.
#[derive(Clone, Copy, Debug)]
pub struct SiteView<'a> {
    ocs: &'a Ocs,
}

/// What an account has spent while a site stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment<'a> {
    /// In which environment.
    pub env: EnvId,
    /// The account's id.
    pub account: &'a str,
    /// Charges less payments since then.
    pub amount: Amount,
    /// In this currency.
    pub currency: Currency,
}

impl Ocs {
    /// What it is among the sites of its system.
    #[must_use]
    pub const fn site(&self) -> SiteView<'_> {
        SiteView { ocs: self }
    }
}

impl<'a> SiteView<'a> {
    /// What it does.
    #[must_use]
    pub fn role(&self) -> Role {
        self.ocs.sites.role()
    }

    /// The number of the rule under which somebody is the primary.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.ocs.sites.local.as_ref().map_or(0, |local| local.epoch)
    }

    /// The release that it behaves as.
    #[must_use]
    pub const fn release(&self) -> Release {
        self.ocs.sites.release
    }

    /// The release of its software, which a copy behaves as when it stands alone.
    #[must_use]
    pub fn software(&self) -> Release {
        self.ocs.sites.local.as_ref().map_or(self.ocs.sites.release, |local| local.software)
    }

    /// Whether it stands alone because an administrator wants it so.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.ocs.sites.local.as_ref().is_some_and(|local| local.role == Role::StandAlone && local.ordered)
    }

    /// How many of the primary's commands it has.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.ocs.sites.local.as_ref().map_or(0, |local| local.position)
    }

    /// What is to be handed over still, the oldest first.
    pub fn outstanding(&self) -> impl Iterator<Item = &'a Delta> {
        self.ocs.sites.local.iter().flat_map(|local| &local.outstanding)
    }

    /// Which record of a period comes next; `None` where nothing is locked for it yet.
    #[must_use]
    pub fn next_of(&self, period: PeriodId) -> Option<u64> {
        self.ocs.sites.received.get(&period).map(|received| received.next)
    }

    /// What accounts have spent since it stands alone, by environment and number.
    #[must_use]
    pub fn adjustments(&self) -> Vec<Adjustment<'a>> {
        let all = self.ocs.environments();
        all.flat_map(|own| {
            let before = own.branch.iter().flat_map(|branch| branch.purses());
            before.filter_map(|(id, before)| {
                let account = own.ledger.known_account(*id)?;
                let amount = account.purse.spent().saturating_sub(before.spent());
                (amount != Amount::ZERO).then(|| Adjustment {
                    env: own.env(),
                    account: &account.name,
                    amount,
                    currency: account.currency,
                })
            })
        })
        .collect()
    }

    /// How many records it has made since it stands alone.
    #[must_use]
    pub fn records(&self) -> u64 {
        let all = self.ocs.environments().filter_map(|own| own.branch.as_deref());
        all.map(|branch| branch.records()).sum()
    }

    /// The state that a primary and its copies share, at `now`, as text: what one site alone knows is left out.
    #[must_use]
    pub fn shared(&self, now: Instant) -> String {
        let mut copy = self.ocs.clone();
        copy.sites.local = None;
        copy.expire_into(now, &mut Vec::new());
        copy.dump()
    }
}

impl Sites {
    /// Adds it to a dump of the state; nothing of a system with one site.
    pub(in crate::ocs) fn write_to(&self, out: &mut String) {
        if self.received.is_empty() && self.local.is_none() && self.release == Release::default() {
            return;
        }
        // Writing into a string cannot fail.
        let _ = writeln!(out, "sites {} {:?}", self.release, self.received);
        if let Some(local) = &self.local {
            let _ = writeln!(
                out,
                "site {:?} {} epoch {} software {} position {} periods {} ordered {} outstanding {:?}",
                local.role,
                local.site,
                local.epoch,
                local.software,
                local.position,
                local.periods,
                local.ordered,
                local.outstanding
            );
            if let Some(base) = &local.base {
                let _ = writeln!(out, "copy");
                out.push_str(&base.dump());
            }
        }
    }
}
