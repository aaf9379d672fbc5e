//! Commitments of accounts: signing, billing when a month closes, penalties.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use super::Ocs;
use crate::commitments::{CommitmentChange, DiscountEnd, Signed};
use crate::effect::{Effect, Refusal, Why};
use crate::ids::{AccountId, PlanId};
use crate::money::Amount;
use crate::plans::calendar::Day;
use crate::service::Service;
use crate::xdr::Note;

/// All commitments that accounts have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Commitments {
    by_account: BTreeMap<AccountId, Vec<Signed>>,
    /// When a month closes for which something is due.
    closings: BTreeSet<(Instant, AccountId)>,
}

impl Ocs {
    fn day(&self, at: Instant) -> Day {
        Day::of(at, self.catalogue.plans.commitments_offset)
    }

    /// What an account has signed.
    pub(super) fn signed_by(&self, account: AccountId) -> &[Signed] {
        self.signed(account)
    }

    /// Gives an account what it signed elsewhere, in place of what it has here: the months since its last bill close at
    /// once.
    pub(super) fn set_signed(&mut self, account: AccountId, signed: Vec<Signed>) {
        self.hold_closings(account);
        let Some(billed_to) = signed.iter().map(|own| own.billed_to).min() else {
            self.commitments.by_account.remove(&account);
            return;
        };
        let (month, _) = billed_to.month();
        let next = Day::first_of(month + 1).begins(self.catalogue.plans.commitments_offset);
        self.commitments.by_account.insert(account, signed);
        self.commitments.closings.insert((next, account));
    }

    /// Months of an account close no more here, until [`Self::set_signed`].
    pub(super) fn hold_closings(&mut self, account: AccountId) {
        self.commitments.closings.retain(|(_, own)| *own != account);
    }

    fn schedule(&mut self, account: AccountId) {
        let (month, _) = self.day(self.now).month();
        let next = Day::first_of(month + 1).begins(self.catalogue.plans.commitments_offset);
        self.commitments.closings.insert((next, account));
    }

    /// When the next month closes for somebody.
    pub(super) fn next_closing(&self) -> Option<Instant> {
        // A site alone closes no month: the primary does.
        self.commitments.closings.first().map(|(at, _)| *at).filter(|_| self.closes_months())
    }

    /// Charges the months that close at `at`.
    pub(super) fn close_months(&mut self, at: Instant, out: &mut Vec<Effect>) {
        if !self.closes_months() {
            return;
        }
        while let Some(&(due, account)) = self.commitments.closings.first().filter(|(due, _)| *due <= at) {
            self.commitments.closings.pop_first();
            let today = self.day(due);
            let mut signed = self.commitments.by_account.remove(&account).unwrap_or_default();
            // A month closes at its own time, whenever the system is next spoken to: its record must say so after a
            // replay too.
            let now = std::mem::replace(&mut self.now, due);
            for own in &mut signed {
                self.bill(account, own, today, out);
            }
            self.now = now;
            if !signed.is_empty() {
                self.commitments.by_account.insert(account, signed);
                let (month, _) = today.month();
                let next = Day::first_of(month + 1).begins(self.catalogue.plans.commitments_offset);
                self.commitments.closings.insert((next, account));
            }
        }
    }

    /// Charges a commitment's days up to `to`.
    fn bill(&mut self, account: AccountId, own: &mut Signed, to: Day, out: &mut Vec<Effect>) {
        while own.billed_to < to {
            let Some(spec) = self.catalogue.plans.commitments.get(own.commitment) else { return };
            let (month, _) = own.billed_to.month();
            let to = to.min(Day::first_of(month + 1));
            let customer = self.ledger.account(account).customer;
            let closing = match self.catalogue.plans.subscription_discount(customer) {
                Some(off) => own.close_with(spec, to, off),
                None => own.close(spec, to),
            };
            let (days, length) = closing.days;
            let history =
                format!("'{}': {days} of {length} days, {} off = {}", spec.name, closing.given, closing.due);
            self.take_fee(account, closing.due, history, out);
        }
    }

    /// Changes a commitment of an account.
    pub(super) fn change_commitment(
        &mut self,
        account: AccountId,
        name: &str,
        change: &CommitmentChange,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let unknown = |name: &str| Refusal::UnknownCommitment(name.to_owned());
        let place = self.catalogue.plans.commitments.named(name).ok_or_else(|| unknown(name))?;
        let today = self.day(self.now);
        if let CommitmentChange::SignUp { ends } = change {
            return self.sign_up(account, place, ends, out);
        }
        let position = self.signed(account).iter().position(|own| own.commitment == place);
        let position = position.ok_or_else(|| unknown(name))?;
        match change {
            CommitmentChange::SignUp { .. } => {}
            CommitmentChange::Cancel => {
                let Some(mut own) = self.take_signed(account, position) else { return Ok(()) };
                self.bill(account, &mut own, today.plus(1), out);
                if today < own.discount_ends {
                    let history = format!("penalty: '{name}' is cancelled, discounts of {}", own.given);
                    self.take_fee(account, own.given, history, out);
                }
            }
            CommitmentChange::Pause { from, until } => {
                let (from, until) = (self.day(*from), self.day(*until));
                let own = self.signed_mut(account, position).ok_or_else(|| unknown(name))?;
                if from < today || until < from || own.pauses.iter().any(|it| it.0 <= until && from <= it.1) {
                    return Err(Refusal::Pause(name.to_owned()));
                }
                own.pause(from, until);
            }
            CommitmentChange::Transfer { to } => {
                let other = self.ledger.account_id(to).ok_or_else(|| Refusal::UnknownAccount(to.clone()))?;
                let (ours, theirs) = (self.ledger.account(account), self.ledger.account(other));
                let twice = self.signed(other).iter().any(|own| own.commitment == place);
                if ours.currency != theirs.currency || twice {
                    return Err(Refusal::Commitment { name: name.to_owned(), account: to.clone() });
                }
                let Some(mut own) = self.take_signed(account, position) else { return Ok(()) };
                self.bill(account, &mut own, today.plus(1), out);
                let spec = self.catalogue.plans.commitments.get(place);
                let fee = spec.map_or(Amount::ZERO, |spec| spec.transfer_fee);
                self.take_fee(account, fee, format!("'{name}' goes over to {to}"), out);
                own.suspend(today.plus(1), self.is_suspended(other));
                self.commitments.by_account.entry(other).or_default().push(own);
                self.schedule(other);
            }
            CommitmentChange::Upgrade { to, until } => {
                let other = self.catalogue.plans.commitments.named(to).ok_or_else(|| unknown(to))?;
                let until = self.day(*until);
                if until < today {
                    return Err(Refusal::UpgradeEnded(name.to_owned()));
                }
                let own = self.signed_mut(account, position).ok_or_else(|| unknown(name))?;
                own.upgrade = Some((other, until));
            }
        }
        Ok(())
    }

    fn sign_up(
        &mut self,
        account: AccountId,
        place: usize,
        ends: &DiscountEnd,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Some(spec) = self.catalogue.plans.commitments.get(place).cloned() else { return Ok(()) };
        let signed = self.signed(account);
        if signed.iter().any(|own| own.commitment == place) {
            let account = self.ledger.account(account).name.to_string();
            return Err(Refusal::Commitment { name: spec.name, account });
        }
        let today = self.day(self.now);
        let discount_ends = match ends {
            DiscountEnd::Own => today.plus_months(i64::from(spec.periods)),
            DiscountEnd::At(at) => self.day(*at),
            DiscountEnd::With(name) => {
                let other = self.catalogue.plans.commitments.named(name);
                let other = signed.iter().find(|own| Some(own.commitment) == other);
                other.map(|own| own.discount_ends).ok_or_else(|| Refusal::UnknownCommitment(name.clone()))?
            }
        };
        let mut own = Signed {
            commitment: place,
            discount_ends,
            pauses: Vec::new(),
            suspensions: Vec::new(),
            billed_to: today,
            given: Amount::ZERO,
            upgrade: None,
        };
        own.suspend(today, self.is_suspended(account));
        for fee in &spec.one_time {
            let due = fee.fee.saturating_sub(fee.discount);
            let history = format!("'{}': {}, {} off = {due}", spec.name, fee.name, fee.discount);
            own.given = own.given.saturating_add(fee.discount);
            self.take_fee(account, due, history, out);
        }
        self.commitments.by_account.entry(account).or_default().push(own);
        self.schedule(account);
        Ok(())
    }

    fn is_suspended(&self, account: AccountId) -> bool {
        self.ledger.customer(self.ledger.account(account).customer).suspended
    }

    /// The account's customer is suspended from today on, or is so no longer.
    pub(super) fn suspend_commitments(&mut self, account: AccountId, suspended: bool) {
        let today = self.day(self.now);
        let signed = self.commitments.by_account.get_mut(&account);
        signed.into_iter().flatten().for_each(|own| own.suspend(today, suspended));
    }

    fn signed(&self, account: AccountId) -> &[Signed] {
        self.commitments.by_account.get(&account).map_or(&[], Vec::as_slice)
    }

    fn signed_mut(&mut self, account: AccountId, position: usize) -> Option<&mut Signed> {
        self.commitments.by_account.get_mut(&account)?.get_mut(position)
    }

    fn take_signed(&mut self, account: AccountId, position: usize) -> Option<Signed> {
        let signed = self.commitments.by_account.get_mut(&account)?;
        let own = (position < signed.len()).then(|| signed.remove(position));
        if signed.is_empty() {
            self.commitments.by_account.remove(&account);
        }
        own
    }

    /// The plans that come with an account's commitments today.
    pub(super) fn committed_plans(&self, account: AccountId) -> impl Iterator<Item = PlanId> + '_ {
        let today = self.day(self.now);
        let active = self.signed(account).iter().filter(move |own| !own.is_paused(today));
        active.filter_map(move |own| {
            let upgraded = own.upgrade.filter(|(_, until)| today <= *until).map(|(other, _)| other);
            self.catalogue.plans.commitments.get(upgraded.unwrap_or(own.commitment))?.plan
        })
    }

    /// Charges a fee and leaves a record of it. It is taken even beyond the limit.
    fn take_fee(&mut self, account: AccountId, amount: Amount, history: String, out: &mut Vec<Effect>) {
        if amount <= Amount::ZERO {
            return;
        }
        let Some(movement) = self.ledger.charge(account, amount) else { return };
        let overdraft = movement.account.funds.is_some_and(|(_, funds)| funds.is_negative());
        self.tell(account, movement, Why::Fee, out);
        let due = (Service::Subscriptions, amount);
        self.record(account, due, history, overdraft.then_some(Note::Overdraft), out);
    }
}
