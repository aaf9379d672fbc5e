//! A customer is taken back as it was: an emergency. Its configuration is that of before, its xDRs and balances are those of
//! the system that it comes back from (ARCH, reverse transfer of customer xDRs).

use std::sync::Arc;

use crate::effect::Effect;
use crate::ids::AccountId;
use crate::ledger::Presence;
use crate::migration::{Bundle, Migrated, MigrationRefusal, ReturnReport};
use crate::ocs::Ocs;
use crate::xdr::Xdr;

impl Ocs {
    pub(super) fn retake(
        &mut self,
        bundle: &Bundle,
        out: &mut Vec<Effect>,
    ) -> Result<Migrated, MigrationRefusal> {
        let customer = bundle.customer();
        self.present(customer)?;
        if !self.may_arrive(bundle)? {
            return Ok(Migrated::Returned(Box::new(ReturnReport { again: true, ..ReturnReport::default() })));
        }
        let report = self.returned_on_trial(bundle);
        let mut missing = Vec::new();
        self.missing_for_sessions(&bundle.sessions, &mut missing);
        if !missing.is_empty() {
            let own = self.moves.of(customer);
            own.abandoned = own.abandoned.max(bundle.hop);
            return Err(MigrationRefusal::Missing(missing));
        }
        let late = self.moves.of(customer).exported.take().map(|own| own.late);
        self.moves.of(customer).hop = bundle.hop;
        self.ledger.customer_mut(customer).presence = Presence::Here;
        self.ledger.customer_mut(customer).purse = bundle.customer.purse;
        for account in &bundle.accounts {
            if self.returns_to(bundle, account.id) {
                let row = self.ledger.account_mut(account.id);
                row.purse = account.purse;
                (row.first_usage, row.last_usage) = (account.first_usage, account.last_usage);
                self.enter_usage(account);
            }
        }
        for account in self.own_accounts(customer) {
            self.resume_times(account);
        }
        let returned: Vec<Xdr> = report.returned.iter().map(|xdr| Xdr::clone(xdr)).collect();
        self.keep_xdrs_of(&returned, out);
        self.put_in_sessions(bundle.sessions.clone());
        self.take_late(late.unwrap_or_default(), out);
        Ok(Migrated::Returned(Box::new(report)))
    }

    /// What taking a customer back would come to; nothing changes (the analysis before it).
    #[must_use]
    pub fn returned_on_trial(&self, bundle: &Bundle) -> ReturnReport {
        let customer = bundle.customer();
        let known: std::collections::BTreeSet<_> = self.xdrs.iter().map(|xdr| xdr.id).collect();
        let new = bundle.xdrs.iter().filter(|xdr| !known.contains(&xdr.id)).cloned().map(Arc::new);
        let here = |xdr: &Arc<Xdr>| xdr.account.is_none_or(|id| self.returns_to(bundle, id));
        let (returned, left) = new.partition(here);
        let mut report = ReturnReport { returned, left, ..ReturnReport::default() };
        if let Some(row) = self.ledger.known_customer(customer) {
            let (before, after) = (row.purse.balance(), bundle.customer.purse.balance());
            report.customer = (before != after).then_some((before, after));
        }
        for account in &bundle.accounts {
            if !self.returns_to(bundle, account.id) {
                report.missing.push((Arc::clone(&account.name), account.purse.balance()));
                continue;
            }
            let before = self.ledger.account(account.id).purse.balance();
            let after = account.purse.balance();
            if before != after {
                report.adjusted.push((Arc::clone(&account.name), before, after));
            }
        }
        let active = self.own_accounts(customer).into_iter();
        let active = active.filter(|id| bundle.accounts.iter().all(|account| account.id != *id));
        report.active = active.map(|id| Arc::clone(&self.ledger.account(id).name)).collect();
        report
    }

    /// Whether an account of the customer is still here, to be given its balance and its xDRs.
    fn returns_to(&self, bundle: &Bundle, account: AccountId) -> bool {
        let row = self.ledger.known_account(account);
        row.is_some_and(|row| row.customer == bundle.customer() && row.presence == Presence::Here)
    }
}
