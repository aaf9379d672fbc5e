//! Customers that move between systems; see [`crate::migration`] for what holds.

mod arrive;
mod belongings;
mod late;
mod leave;
mod remember;
mod retake;
mod sessions;

use tollgate_time::Instant;

pub(super) use remember::Moves;

use super::Ocs;
use crate::effect::{Answer, Effect, Refusal};
use crate::ids::{AccountId, CustomerId, EnvId, XdrId};
use crate::ledger::Presence;
use crate::migration::{Bundle, Late, Migrate, MigrationRefusal, Missing, Whereabouts, XdrScope};

impl Ocs {
    pub(super) fn migrate(&mut self, order: &Migrate, out: &mut Vec<Effect>) {
        if self.branch.is_some() {
            return out.push(Effect::Answer(Answer::Refused(Refusal::StandsAlone)));
        }
        let done = match order {
            Migrate::Export { customer, to, xdrs } => self.export(*customer, *to, *xdrs),
            Migrate::ExportXdrs { customer, xdrs, after, max } => {
                self.export_xdrs(*customer, *xdrs, *after, *max)
            }
            Migrate::Import(bundle) => self.import_customer(bundle, out),
            Migrate::ImportXdrs { customer, hop, xdrs } => self.import_xdrs(*customer, *hop, xdrs, out),
            Migrate::Return(bundle) => self.retake(bundle, out),
            Migrate::Abandon { customer, hop } => self.abandon(*customer, *hop),
            Migrate::Settle { customer, hop } => self.settle_move(*customer, *hop),
            Migrate::Lift { customer, hop } => self.lift(*customer, *hop, out),
            Migrate::Deliver { customer, from, late } => self.deliver(*customer, *from, late, out),
            Migrate::Delivered { customer, up_to } => self.delivered(*customer, *up_to),
            Migrate::Remove { customer } => self.remove_customer(*customer),
        };
        out.push(Effect::Answer(match done {
            Ok(migrated) => Answer::Migrated(Box::new(migrated)),
            Err(refusal) => Answer::Refused(Refusal::Migration(refusal)),
        }));
    }

    /// What would travel if the customer were exported now; nothing changes (a dry run). `None` where there is none here.
    #[must_use]
    pub fn exported_on_trial(&self, customer: CustomerId, to: EnvId, xdrs: XdrScope) -> Option<Bundle> {
        let here = self.ledger.known_customer(customer)?.presence == Presence::Here;
        let hop = self.moves.hop(customer) + 1;
        here.then(|| self.bundle(customer, (to, hop), self.now, &self.sessions_on_trial(customer), xdrs))
    }

    /// What a customer that travels needs and this system does not have; nothing changes (a dry run).
    #[must_use]
    pub fn missing(&self, bundle: &Bundle) -> Vec<Missing> {
        self.missing_for(bundle)
    }

    /// The system to which an account's customer was exported.
    pub(super) fn exported_to(&self, account: AccountId) -> Option<EnvId> {
        if !self.ledger.is_exported(account) {
            return None;
        }
        self.moves.exported(self.ledger.account(account).customer).map(|own| own.to)
    }

    /// How a customer stands here; `None` where there never was one of that number.
    #[must_use]
    pub fn whereabouts(&self, customer: CustomerId) -> Option<Whereabouts> {
        Some(match self.ledger.known_customer(customer)?.presence {
            Presence::Removed => Whereabouts::Removed,
            Presence::Exported => match self.moves.exported(customer) {
                Some(own) => Whereabouts::Exported {
                    to: own.to,
                    hop: self.moves.hop(customer),
                    at: own.at,
                    late: own.late.len(),
                    settled: own.settled,
                    open: own.sessions.iter().map(|part| part.moved.open()).sum(),
                },
                None => Whereabouts::Here,
            },
            Presence::Here | Presence::Terminated => Whereabouts::Here,
        })
    }

    /// The first reports of an exported customer that wait to be delivered, so many at most.
    #[must_use]
    pub fn late_reports(&self, customer: CustomerId, max: usize) -> Vec<Late> {
        let own = self.moves.exported(customer);
        own.into_iter().flat_map(|own| own.late.iter().take(max).cloned()).collect()
    }

    /// The xDRs of a customer that are kept, behind one in the order of their numbers.
    fn xdrs_in(
        &self,
        customer: CustomerId,
        scope: XdrScope,
        after: Option<XdrId>,
    ) -> Vec<std::sync::Arc<crate::xdr::Xdr>> {
        let since = self.since(scope);
        let own = self.xdrs.iter().filter(|xdr| is_of(xdr, customer));
        let own = own.filter(|xdr| since.is_some_and(|since| xdr.bill_time >= since) && Some(xdr.id) > after);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_unstable_by_key(|xdr| xdr.id);
        own
    }

    /// From when on xDRs are meant; `None` where none are.
    fn since(&self, scope: XdrScope) -> Option<Instant> {
        match scope {
            XdrScope::Nothing => None,
            XdrScope::Period => {
                let offset = self.catalogue.plans.commitments_offset;
                let (month, _) = crate::plans::calendar::Day::of(self.now, offset).month();
                Some(crate::plans::calendar::Day::first_of(month).begins(offset))
            }
            XdrScope::All => Some(Instant::EPOCH),
        }
    }

    /// A customer that is here, or was exported from here.
    fn present(&self, customer: CustomerId) -> Result<Presence, MigrationRefusal> {
        let known = self.ledger.known_customer(customer).map(|row| row.presence);
        known.filter(|own| *own != Presence::Removed).ok_or(MigrationRefusal::Unknown(customer))
    }
}

/// Whether a record is a customer's own: what resellers and vendors were charged is theirs, and stays.
fn is_of(xdr: &crate::xdr::Xdr, customer: CustomerId) -> bool {
    use crate::xdr::Entity;
    xdr.customer == Some(customer) && matches!(xdr.entity, Entity::Account | Entity::Customer)
}
