//! What is reported of a customer that was exported: kept, delivered to where it is, and charged there.

use std::collections::VecDeque;
use std::sync::Arc;

use tollgate_time::Instant;

use crate::command::{Stage, UsageReport};
use crate::credit::{CreditAnswer, CreditAsk, CreditRequest, CreditStage, ServiceRequest};
use crate::denial::Denial;
use crate::effect::{Answer, Effect};
use crate::ids::{AccountId, CustomerId, EnvId};
use crate::ledger::Presence;
use crate::migration::{Late, LateWhat, Migrated, MigrationRefusal};
use crate::ocs::Ocs;
use crate::parties::charge::Commit;

/// Reports of one customer that are kept at most; what comes beyond them becomes a record to be resolved by hand.
const LATE_MAX: usize = 100_000;
const NANOS_PER_SEC: u64 = 1_000_000_000;

impl Ocs {
    /// Keeps a report of an account whose customer was exported; `false` where it was not, or there is no room.
    pub(in crate::ocs) fn keep_late_report(&mut self, report: &UsageReport, out: &mut Vec<Effect>) -> bool {
        let Some(account) = self.exported_account(report) else { return false };
        let stored = report.charge.as_ref().is_none_or(|charge| charge.commit != Commit::Never);
        let name = Arc::clone(&self.ledger.account(account).name);
        let report = UsageReport { account: name.to_string(), ..report.clone() };
        if stored && !self.keep_late(account, LateWhat::Report(Box::new(report))) {
            return false;
        }
        out.push(Effect::Answer(Answer::Recorded));
        true
    }

    /// The exported account that a report is about: by its name, or by the session of one that names nobody.
    fn exported_account(&self, report: &UsageReport) -> Option<AccountId> {
        if !report.account.is_empty() {
            let id = self.ledger.account_id(&report.account)?;
            return self.ledger.is_exported(id).then_some(id);
        }
        let keys = [report.parent.as_ref(), Some(&report.session)];
        let mut own = self.moves.sessions().filter(|part| part.moved.is_trusted());
        own.find(|part| keys.contains(&Some(part.moved.key()))).map(|part| part.account)
    }

    /// Answers a request for credit control of an exported customer, and keeps what was used.
    pub(in crate::ocs) fn keep_late_credit(
        &mut self,
        account: AccountId,
        request: &CreditRequest,
    ) -> CreditAnswer {
        let has_used = |service: &ServiceRequest| {
            service.last || service.used.is_some_and(|used| used.before > 0 || used.after > 0)
        };
        if let CreditAsk::Session { stage, services, .. } = &request.ask
            && (*stage == CreditStage::Terminate || services.iter().any(has_used))
        {
            // What is wanted is not granted: its client has gone on without it.
            let services =
                services.iter().map(|own| ServiceRequest { wanted: None, ..own.clone() }).collect();
            let ask = CreditAsk::Session { stage: *stage, services, begins_unknown: false };
            let at = request.at.or(Some(self.now));
            let accounts = vec![self.ledger.account(account).name.to_string()];
            let late = CreditRequest { at, ask, accounts, ..request.clone() };
            self.keep_late(account, LateWhat::Credit(Box::new(late)));
        }
        let context = self.context(account, None, None);
        CreditAnswer::Denied { denial: Denial::Exported, context: Some(Box::new(context)) }
    }

    fn keep_late(&mut self, account: AccountId, what: LateWhat) -> bool {
        let (customer, at) = (self.ledger.account(account).customer, self.now);
        let own = self.moves.of(customer);
        let Some(exported) = own.exported.as_deref_mut().filter(|own| own.late.len() < LATE_MAX) else {
            return false;
        };
        own.late_made += 1;
        exported.late.push_back(Late { number: own.late_made, at, what });
        true
    }

    /// Takes over what was reported in another system.
    pub(super) fn deliver(
        &mut self,
        customer: CustomerId,
        from: EnvId,
        late: &[Late],
        out: &mut Vec<Effect>,
    ) -> Result<Migrated, MigrationRefusal> {
        let exported = self.present(customer)? == Presence::Exported;
        let mut up_to = self.late_taken(customer, from);
        for own in late {
            if own.number <= up_to {
                continue;
            }
            up_to = own.number;
            self.moves.of(customer).late_taken.insert(from, up_to);
            if exported {
                // It has moved on meanwhile, and so does this.
                if let Some(account) = self.late_account(own) {
                    self.keep_late(account, own.what.clone());
                }
            } else {
                self.take_late(VecDeque::from([own.clone()]), out);
            }
        }
        Ok(Migrated::Taken { up_to })
    }

    fn late_account(&self, late: &Late) -> Option<AccountId> {
        match &late.what {
            LateWhat::Report(report) => self.ledger.account_id(&report.account),
            LateWhat::Credit(request) => {
                request.accounts.iter().find_map(|name| self.ledger.account_id(name))
            }
        }
    }

    /// Charges what was reported late, as what it is: a report that waited.
    pub(super) fn take_late(&mut self, late: VecDeque<Late>, out: &mut Vec<Effect>) {
        let now = self.now;
        for Late { at, what, .. } in late {
            let waited = now.unix_nanos().saturating_sub(at.unix_nanos());
            match what {
                LateWhat::Report(report) => self.report_unaliased(now, &waiting(*report, at, waited), out),
                LateWhat::Credit(request) => self.credit(now, &request, out),
            }
            // Whoever reported it was answered then.
            if matches!(out.last(), Some(Effect::Answer(_))) {
                out.pop();
            }
        }
    }

    pub(super) fn delivered(
        &mut self,
        customer: CustomerId,
        up_to: u64,
    ) -> Result<Migrated, MigrationRefusal> {
        self.present(customer)?;
        if let Some(own) = self.moves.exported_mut(customer) {
            own.late.retain(|late| late.number > up_to);
        }
        Ok(Migrated::Confirmed)
    }
}

/// A report that waited: it speaks of the time at which it came.
fn waiting(mut report: UsageReport, at: Instant, waited: u64) -> UsageReport {
    if report.duration.is_none() && report.disconnected_at.is_none() && report.stage != Stage::Start {
        let delay = report.delay.saturating_mul(NANOS_PER_SEC);
        report.disconnected_at = Some(Instant::from_unix_nanos(at.unix_nanos().saturating_sub(delay)));
    }
    report.delay = report.delay.saturating_add(waited / NANOS_PER_SEC);
    report
}
