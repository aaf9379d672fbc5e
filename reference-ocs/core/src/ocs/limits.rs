//! Concurrent calls and their bandwidth: who may begin another one.
//!
//! Only calls of accounts and customers with a limit are counted. The count is a shortcut into what the sessions know:
//! a call in it that has ended meanwhile is passed over, and a system that was rebuilt counts anew.

use std::collections::{BTreeMap, BTreeSet};

use super::Ocs;
use crate::catalogue::CallLimits;
use crate::command::SessionKey;
use crate::denial::Denial;
use crate::ids::{AccountId, CustomerId, UsageId};
use crate::service::Service;
use crate::sessions::Sessions;

/// Who is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Account(AccountId),
    Customer(CustomerId),
}

/// The calls of limited parties, ended ones among them until somebody looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    of: BTreeMap<Party, BTreeSet<(UsageId, u32)>>,
}

impl Calls {
    fn in_progress(&self, party: Party, sessions: &Sessions, except: &SessionKey) -> u32 {
        let calls = self.of.get(&party).into_iter().flatten();
        let open = calls.filter(|(id, at)| sessions.is_open(*id, *at) && sessions.usage(*at).key != *except);
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }
}

impl Ocs {
    /// Whether another call fits. A call that asks again does not count against itself.
    pub(super) fn check_call_limits(
        &self,
        account: AccountId,
        service: Service,
        key: &SessionKey,
    ) -> Result<(), Denial> {
        if service != Service::Voice {
            return Ok(());
        }
        let limited = self.limited(account);
        let call_kbps = u64::from(self.catalogue.limits.call_kbps);
        let exceeded = |what: fn(CallLimits, u64, u64) -> bool| {
            limited.into_iter().flatten().any(|(party, limits)| {
                let calls = u64::from(self.calls.in_progress(party, &self.sessions, key)) + 1;
                what(limits, calls, call_kbps)
            })
        };
        if exceeded(|limits, calls, kbps| limits.kbps.is_some_and(|max| calls * kbps > u64::from(max))) {
            return Err(Denial::BandwidthLimitExceeded);
        }
        if exceeded(|limits, calls, _| limits.calls.is_some_and(|max| calls > u64::from(max))) {
            return Err(Denial::CallLimitExceeded);
        }
        Ok(())
    }

    /// Counts a call that begins.
    pub(super) fn count_call(&mut self, account: AccountId, service: Service, at: u32) {
        if service != Service::Voice {
            return;
        }
        self.count(account, at);
    }

    /// Counts the calls in progress of a system that goes on from a stored state.
    pub(super) fn count_open_calls(&mut self) {
        if !self.catalogue.limits.is_used() {
            return;
        }
        for (own, at) in self.sessions.open_places() {
            if self.sessions.usage(at).service == Service::Voice {
                self.count(own, at);
            }
        }
    }

    fn count(&mut self, account: AccountId, at: u32) {
        let id = self.sessions.usage(at).id;
        for (party, _) in self.limited(account).into_iter().flatten() {
            let calls = self.calls.of.entry(party).or_default();
            calls.retain(|(id, at)| self.sessions.is_open(*id, *at));
            calls.insert((id, at));
        }
    }

    fn limited(&self, account: AccountId) -> [Option<(Party, CallLimits)>; 2] {
        let limits = &self.catalogue.limits;
        if !limits.is_used() {
            return [None, None];
        }
        let customer = self.ledger.account(account).customer;
        [
            limits.accounts.get(&account).map(|own| (Party::Account(account), *own)),
            limits.customers.get(&customer).map(|own| (Party::Customer(customer), *own)),
        ]
    }
}
