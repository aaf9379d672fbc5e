//! A customer leaves: it is exported, is served again when its move came to nothing, and is removed at last.

use std::sync::Arc;

use tollgate_time::Instant;

use super::is_of;
use super::remember::Exported;
use crate::effect::Effect;
use crate::ids::{AccountId, CustomerId, EnvId, XdrId};
use crate::ledger::Presence;
use crate::migration::{Bundle, Migrated, MigrationRefusal, Removed, SessionPart, XdrScope};
use crate::ocs::Ocs;

impl Ocs {
    pub(super) fn export(
        &mut self,
        customer: CustomerId,
        to: EnvId,
        xdrs: XdrScope,
    ) -> Result<Migrated, MigrationRefusal> {
        if to == self.env() {
            return Err(MigrationRefusal::WrongSystem { here: to, to });
        }
        let again = self.present(customer)? == Presence::Exported;
        if let Some(own) = self.moves.exported(customer).filter(|own| own.to != to) {
            return Err(MigrationRefusal::Elsewhere { customer, to: own.to });
        }
        if !again {
            if self.catalogue.parties.is_reseller(customer) {
                return Err(MigrationRefusal::Reseller(customer));
            }
            let sessions = self.take_out_sessions(customer);
            for account in self.own_accounts(customer) {
                self.hold_closings(account);
                self.counters.resets.retain(|(_, own, _)| *own != account);
            }
            self.ledger.customer_mut(customer).presence = Presence::Exported;
            let (at, late) = (self.now, std::collections::VecDeque::new());
            let own = self.moves.of(customer);
            own.hop += 1;
            own.exported =
                Some(Box::new(Exported { to, at, settled: false, sent: XdrScope::Nothing, sessions, late }));
        }
        let hop = self.moves.hop(customer);
        let Some(own) = self.moves.exported_mut(customer) else {
            return Err(MigrationRefusal::NotExported(customer));
        };
        own.sent = own.sent.max(xdrs);
        let (at, sessions) = (own.at, own.sessions.clone());
        let bundle = Box::new(self.bundle(customer, (to, hop), at, &sessions, xdrs));
        Ok(Migrated::Exported { bundle, again })
    }

    pub(super) fn bundle(
        &self,
        customer: CustomerId,
        (to, hop): (EnvId, u64),
        exported_at: Instant,
        sessions: &[SessionPart],
        xdrs: XdrScope,
    ) -> Bundle {
        let accounts = self.own_accounts(customer);
        Bundle {
            format: crate::migration::FORMAT,
            from: self.env(),
            to,
            hop,
            exported_at,
            customer: self.customer_part(customer),
            groups: self.group_parts(&accounts),
            vouchers: self.voucher_parts(&accounts),
            accounts: accounts.into_iter().map(|id| self.account_part(id)).collect(),
            sessions: sessions.to_vec(),
            xdrs: self.xdrs_in(customer, xdrs, None).into_iter().map(Arc::unwrap_or_clone).collect(),
        }
    }

    pub(super) fn export_xdrs(
        &mut self,
        customer: CustomerId,
        scope: XdrScope,
        after: Option<XdrId>,
        max: u32,
    ) -> Result<Migrated, MigrationRefusal> {
        self.present(customer)?;
        let mut xdrs = self.xdrs_in(customer, scope, after);
        let last = xdrs.len() <= max as usize;
        xdrs.truncate(max as usize);
        let Some(own) = self.moves.exported_mut(customer) else {
            return Err(MigrationRefusal::NotExported(customer));
        };
        if last {
            own.sent = own.sent.max(scope);
        }
        Ok(Migrated::Xdrs(xdrs))
    }

    pub(super) fn settle_move(
        &mut self,
        customer: CustomerId,
        hop: u64,
    ) -> Result<Migrated, MigrationRefusal> {
        self.present(customer)?;
        let known = self.moves.hop(customer);
        if hop > known {
            return Err(MigrationRefusal::NotExported(customer));
        }
        // Of a move that is over already there is nothing to note.
        if let Some(own) = self.moves.exported_mut(customer).filter(|_| hop == known) {
            own.settled = true;
        }
        Ok(Migrated::Settled)
    }

    pub(super) fn lift(
        &mut self,
        customer: CustomerId,
        hop: u64,
        out: &mut Vec<Effect>,
    ) -> Result<Migrated, MigrationRefusal> {
        let exported = self.present(customer)? == Presence::Exported;
        let known = self.moves.hop(customer);
        if hop != known {
            return Err(MigrationRefusal::Overtaken { customer, hop, known });
        }
        if let Some(own) = self.moves.exported(customer).filter(|own| own.settled) {
            return Err(MigrationRefusal::Settled { customer, to: own.to });
        }
        if exported {
            self.serve_again(customer, out);
        }
        Ok(Migrated::Lifted { again: !exported })
    }

    /// An exported customer is here again, with the sessions that it left with and whatever was reported since.
    fn serve_again(&mut self, customer: CustomerId, out: &mut Vec<Effect>) {
        let Some(own) = self.moves.of(customer).exported.take() else { return };
        self.ledger.customer_mut(customer).presence = Presence::Here;
        for account in self.own_accounts(customer) {
            self.resume_times(account);
        }
        self.put_in_sessions(own.sessions);
        self.take_late(own.late, out);
    }

    /// What an account has to do with time goes on: months that close, counters that begin anew.
    pub(super) fn resume_times(&mut self, account: AccountId) {
        self.set_signed(account, self.signed_by(account).to_vec());
        let own = self.counters.by_account.range((account, 0)..=(account, usize::MAX));
        let told = own.filter(|(_, counter)| counter.exceeded || counter.stage > 0);
        let ends = told.filter_map(|((_, place), counter)| {
            let discount = self.catalogue.plans.discount(*place)?;
            Some((discount.period.ends(counter.period, discount.offset)?, account, *place))
        });
        let ends: Vec<_> = ends.collect();
        self.counters.resets.extend(ends);
    }

    pub(super) fn remove_customer(&mut self, customer: CustomerId) -> Result<Migrated, MigrationRefusal> {
        let known = self.ledger.known_customer(customer).ok_or(MigrationRefusal::Unknown(customer))?;
        if known.presence == Presence::Removed {
            return Ok(Migrated::Removed(Removed { again: true, ..Removed::default() }));
        }
        let own = self.moves.exported(customer).ok_or(MigrationRefusal::NotExported(customer))?;
        if !own.settled {
            return Err(MigrationRefusal::Unsettled { customer, to: own.to });
        }
        if !own.late.is_empty() {
            return Err(MigrationRefusal::Undelivered { customer, to: own.to, late: own.late.len() });
        }
        let since = self.since_export(own.sent, own.at);
        let before = self.xdrs.len();
        let mut kept = 0;
        self.xdrs.retain(|xdr| {
            let own = is_of(xdr, customer);
            let sent = since.is_some_and(|since| xdr.bill_time >= since);
            kept += u64::from(own && !sent);
            !own || !sent
        });
        let xdrs = u64::try_from(before - self.xdrs.len()).unwrap_or(u64::MAX);
        let accounts = self.own_accounts(customer);
        for &account in &accounts {
            self.remove_account(account);
        }
        self.unconfigure_customer(customer);
        self.ledger.customer_rows().change(customer.number(), |row| row.presence = Presence::Removed);
        let own = self.moves.of(customer);
        (own.exported, own.arrived) = (None, None);
        let accounts = u64::try_from(accounts.len()).unwrap_or(u64::MAX);
        Ok(Migrated::Removed(Removed { accounts, xdrs, xdrs_kept: kept, again: false }))
    }

    /// From when on xDRs were transferred that were meant at the time of the export.
    fn since_export(&self, sent: XdrScope, at: Instant) -> Option<Instant> {
        match sent {
            XdrScope::Period => {
                let offset = self.catalogue.plans.commitments_offset;
                let (month, _) = crate::plans::calendar::Day::of(at, offset).month();
                Some(crate::plans::calendar::Day::first_of(month).begins(offset))
            }
            other => self.since(other),
        }
    }

    /// Takes all that is known of an account away, but for its number.
    pub(super) fn remove_account(&mut self, account: AccountId) {
        self.unconfigure_account(account);
        self.set_signed(account, Vec::new());
        self.counters.resets.retain(|(_, own, _)| *own != account);
        self.counters.by_account.retain(|(own, _), _| *own != account);
        self.counters.spent.remove(&account);
        self.ledger.account_rows().change(account.number(), |row| {
            row.presence = Presence::Removed;
            (row.password, row.language) = (None, None);
        });
    }
}
