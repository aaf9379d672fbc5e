//! The second step of a return: the primary takes over record by record what a site has made alone, by what the lock has
//! found out of each call, so that whatever both sites were told is charged once.

use crate::effect::{Effect, Refusal, Why};
use crate::ids::{AccountId, CustomerId};
use crate::money::Amount;
use crate::ocs::Ocs;
use crate::ocs::voucher::Redeemed;
use crate::parties::{Payer, Share};
use crate::sessions::{Progress, Usage};
use crate::site::{Call, Known, Part, Received, Record, SiteFact, Transfer, Transferred};
use crate::xdr::{Entity, Note, Xdr};

impl Ocs {
    /// Charges an account what another site has charged for a call beyond what was charged here.
    pub(super) fn charge_up(
        &mut self,
        account: Option<AccountId>,
        here: Amount,
        there: Amount,
        out: &mut Vec<Effect>,
    ) -> bool {
        let due = there.saturating_sub(here);
        let Some(account) = account.filter(|_| due > Amount::ZERO) else { return false };
        self.charge_account(account, due, out)
    }

    /// Charges the parties of a call likewise, and notes in `shares` what they are charged now.
    pub(super) fn charge_shares(&mut self, shares: &mut Vec<Share>, usage: &Usage, out: &mut Vec<Effect>) {
        let theirs = usage.parties.iter().flat_map(|bill| &bill.shares);
        for other in theirs {
            match shares.iter_mut().find(|own| own.payer == other.payer) {
                None => {
                    if other.charged > Amount::ZERO {
                        self.charge_payer(other.payer, other.charged, out);
                    }
                    shares.push(other.clone());
                }
                Some(own) => {
                    let due = other.charged.saturating_sub(own.charged);
                    if due > Amount::ZERO && self.charge_payer(other.payer, due, out) {
                        own.charged = other.charged;
                    }
                }
            }
        }
    }

    /// Takes a charge, or gives it back; true where that took the account past its limit.
    fn charge_account(&mut self, account: AccountId, amount: Amount, out: &mut Vec<Effect>) -> bool {
        let (movement, why) = if amount.is_negative() {
            (self.ledger.credit(account, amount.negated()), Why::Adjustment)
        } else {
            (self.ledger.charge(account, amount), Why::Charge)
        };
        let Some(movement) = movement else { return false };
        self.tell(account, movement, why, out);
        movement.account.funds.is_some_and(|(_, funds)| funds.is_negative())
    }

    /// Moves what a record says, once, and gives back its part of the lock.
    pub(super) fn take_transfer(
        &mut self,
        transfer: &Transfer,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let period = transfer.period;
        let Some(mut received) = self.sites.received.remove(&period) else {
            return Err(Refusal::NoSuchTurn("nothing is locked for that period; the lock comes first"));
        };
        if transfer.sequence != received.next || received.is_complete() {
            // It came again, or before its turn.
            let early = transfer.sequence > received.next;
            self.sites.received.insert(period, received);
            let refused = Refusal::NoSuchTurn("a record before it has not come yet");
            return if early { Err(refused) } else { Ok(()) };
        }
        if let Some(ocs) = self.environment_mut(transfer.record.env)
            && ocs.can_move(&transfer.record)
        {
            ocs.take_record(&transfer.record, &mut received, out);
        }
        received.next = received.next.saturating_add(1);
        let complete = received.is_complete();
        if complete {
            self.give_back_locks(&mut received);
        }
        out.push(Effect::Site(SiteFact::Transferred(Transferred {
            period,
            next: received.next,
            complete,
            moved: received.moved,
            known: received.known,
            sums: received.sums.iter().map(|(currency, amount)| (*currency, *amount)).collect(),
        })));
        self.sites.received.insert(period, received);
        Ok(())
    }

    fn can_move(&self, record: &Record) -> bool {
        let account = |id: AccountId| self.ledger.known_account(id).is_some();
        let customer = |id: CustomerId| self.ledger.known_customer(id).is_some();
        record.xdrs.iter().all(|xdr| xdr.account.is_none_or(account) && xdr.customer.is_none_or(customer))
            && record
                .call
                .as_ref()
                .is_none_or(|call| call.account.is_none_or(account) && self.knows_payers(&call.usage))
    }

    fn give_back_locks(&mut self, received: &mut Received) {
        for ((env, account), left) in std::mem::take(&mut received.locked) {
            if let Some(ocs) = self.environment_mut(env) {
                ocs.ledger.reserve(account, left, Amount::ZERO);
            }
        }
        received.calls.clear();
        received.twice.clear();
    }

    fn take_record(&mut self, record: &Record, received: &mut Received, out: &mut Vec<Effect>) {
        let env = self.env();
        for xdr in &record.xdrs {
            self.unlock_for(xdr, received);
        }
        let known = match (&record.call, &record.part) {
            (Some(call), _) => received.calls.get(&(env, call.usage.id)).copied().unwrap_or(Known::New),
            (None, Part::Plain) => Known::New,
            (None, Part::Event { key, account_name, number }) => {
                let request = (env, key.clone(), account_name.clone(), *number);
                if received.twice.contains(&request) { Known::Ended } else { Known::New }
            }
            (None, Part::Voucher { id, account, session, at }) => {
                if self.vouchers_used.contains_key(id) {
                    Known::Ended
                } else {
                    let used = Redeemed { account: *account, session: session.clone(), at: *at };
                    self.vouchers_used.insert(id.clone(), used);
                    Known::New
                }
            }
        };
        let mut xdrs: Vec<Xdr> = record.xdrs.iter().map(|xdr| Xdr::clone(xdr)).collect();
        let moved = match (known, &record.call) {
            (Known::Ended, _) => false,
            (Known::New, _) | (_, None) => {
                xdrs.iter_mut().for_each(|xdr| self.move_by(xdr, out));
                true
            }
            (Known::Adopted, Some(_)) => true,
            (Known::Same(id), Some(call)) => {
                let at = self.sessions.find_by_id(&call.root, &call.account_name, id);
                match at.filter(|&at| self.sessions.known(at).progress != Progress::Closed) {
                    Some(at) => self.close_by(at, call, &mut xdrs, out),
                    // Its end was told here between the lock and this record.
                    None => false,
                }
            }
            (Known::Forgotten, Some(call)) => {
                self.move_forgotten(call, &mut xdrs, out);
                true
            }
        };
        let count = xdrs.len() as u64;
        if !moved {
            received.known = received.known.saturating_add(count);
            return;
        }
        received.moved = received.moved.saturating_add(count);
        for xdr in xdrs {
            if let Some(currency) = xdr.currency.filter(|_| is_own(&xdr)) {
                let sum = received.sums.entry(currency).or_insert(Amount::ZERO);
                *sum = sum.saturating_add(xdr.charged_amount);
            }
            self.note_usage(&xdr);
            self.number_and_keep(xdr, out);
        }
    }

    /// The part of the lock that stands for a record is given back.
    fn unlock_for(&mut self, xdr: &Xdr, received: &mut Received) {
        let Some(account) = xdr.account.filter(|_| is_own(xdr)) else { return };
        let Some(left) = received.locked.get_mut(&(self.env(), account)) else { return };
        let part = xdr.charged_amount.max(Amount::ZERO).min(*left);
        self.ledger.reserve(account, part, Amount::ZERO);
        *left = left.saturating_sub(part);
    }

    fn note_usage(&mut self, xdr: &Xdr) {
        let Some((id, ended)) = xdr.account.zip(xdr.disconnect_time.filter(|_| !xdr.failed && is_own(xdr)))
        else {
            return;
        };
        let account = self.ledger.account_mut(id);
        account.first_usage = Some(account.first_usage.map_or(ended, |first| first.min(ended)));
        account.last_usage = account.last_usage.max(Some(ended));
    }

    /// Moves the money of one xDR.
    fn move_by(&mut self, xdr: &mut Xdr, out: &mut Vec<Effect>) {
        let amount = xdr.charged_amount;
        if amount == Amount::ZERO || xdr.has(Note::Auxiliary) || xdr.has(Note::AmountTooLarge) {
            return;
        }
        match (payer_of(xdr), xdr.account) {
            (Some(payer), _) if self.knows_payer(payer) => {
                self.charge_payer(payer, amount, out);
            }
            (None, Some(account)) if self.charge_account(account, amount, out) && !amount.is_negative() => {
                mark_overdraft(xdr);
            }
            _ => {}
        }
    }

    /// A call that is open here ends by its record: what was not charged here yet is, and its records say so. False where
    /// it brings nothing new.
    fn close_by(&mut self, at: u32, call: &Call, xdrs: &mut [Xdr], out: &mut Vec<Effect>) -> bool {
        let own = self.sessions.usage(at);
        let place = own.session;
        let account = self.sessions.session(place).account;
        let (charged, billed) = (own.charged, own.billed);
        let mut shares = own.parties.as_deref().map(|bill| bill.shares.clone()).unwrap_or_default();
        let before = call.before.as_ref();
        // Records that were made here since say a part of it already.
        let records_here = billed.records.saturating_sub(before.map_or(0, |before| before.billed.records));
        let overdrawn = self.charge_up(account, charged, call.usage.charged, out);
        let due = charged.max(call.usage.charged);
        let is_known = records_here > 0 && call.usage.used <= billed.used && due <= billed.amount;
        set_sum(xdrs, None, due.saturating_sub(billed.amount));
        if overdrawn && let Some(xdr) = xdrs.iter_mut().find(|xdr| is_own(xdr)) {
            mark_overdraft(xdr);
        }
        for share in call.usage.parties.iter().flat_map(|bill| &bill.shares) {
            let here = shares.iter().find(|own| own.payer == share.payer);
            let (charged, billed) =
                here.map_or((Amount::ZERO, Amount::ZERO), |own| (own.charged, own.billed));
            set_sum(xdrs, Some(share.payer), charged.max(share.charged).saturating_sub(billed));
        }
        self.charge_shares(&mut shares, &call.usage, out);
        for xdr in xdrs.iter_mut().filter(|xdr| is_additional(xdr)) {
            self.move_by(xdr, out);
        }
        if records_here > 0 {
            let mut order = billed.records;
            for xdr in xdrs.iter_mut().filter(|xdr| is_own(xdr)) {
                order = order.saturating_add(1);
                xdr.split_order = Some(order);
            }
        }
        self.return_reserved(at);
        let used = self.sessions.usage(at).used.max(call.usage.used);
        // Whatever names it there names it here.
        self.sessions.replace(at, &call.usage);
        let usage = self.sessions.usage_mut(at);
        (usage.charged, usage.reserved, usage.used) = (due, Amount::ZERO, used);
        let made = u32::try_from(xdrs.iter().filter(|xdr| is_own(xdr)).count()).unwrap_or(u32::MAX);
        usage.billed.records = billed.records.saturating_add(made);
        (usage.billed.amount, usage.billed.used, usage.billed.units) = (due, used, call.usage.billed.units);
        for share in &mut shares {
            share.billed = share.charged;
        }
        if let Some(bill) = &mut usage.parties {
            bill.shares = shares;
        }
        self.sessions.set_deadline(at, None);
        if call.closes {
            self.sessions.close_usage(at);
        } else {
            self.sessions.usage_mut(at).progress = Progress::Expired;
        }
        self.sessions.settle_idle(place, self.now, self.catalogue.settings.closed_kept_max);
        !is_known
    }

    /// Of a call that is forgotten here, what was charged before both sites went their ways was charged.
    fn move_forgotten(&mut self, call: &Call, xdrs: &mut [Xdr], out: &mut Vec<Effect>) {
        let before = call.before.as_ref();
        let charged = before.map_or(Amount::ZERO, |before| before.charged);
        let overdrawn = self.charge_up(call.account, charged, call.usage.charged, out);
        if overdrawn && let Some(xdr) = xdrs.iter_mut().find(|xdr| is_own(xdr)) {
            mark_overdraft(xdr);
        }
        for share in call.usage.parties.iter().flat_map(|bill| &bill.shares) {
            let shares = before.map(|before| before.shares.as_slice()).unwrap_or_default();
            let known = shares.iter().find(|own| own.0 == share.payer).map_or(Amount::ZERO, |own| own.1);
            let due = share.charged.saturating_sub(known);
            if due > Amount::ZERO {
                self.charge_payer(share.payer, due, out);
            }
        }
        for xdr in xdrs.iter_mut().filter(|xdr| is_additional(xdr)) {
            self.move_by(xdr, out);
        }
    }
}

/// Whether an xDR is the account's own, as its tariff made it or by order.
fn is_own(xdr: &Xdr) -> bool {
    matches!(xdr.entity, Entity::Account | Entity::Customer) && !xdr.has(Note::Auxiliary)
}

/// Whether it is a charge beside what a tariff gives.
fn is_additional(xdr: &Xdr) -> bool {
    xdr.has(Note::Additional) || xdr.has(Note::Prerated)
}

/// Who beside the account pays it.
fn payer_of(xdr: &Xdr) -> Option<Payer> {
    match xdr.entity {
        Entity::Account | Entity::Customer => None,
        Entity::Reseller(_) => xdr.customer.map(Payer::Reseller),
        Entity::Vendor => xdr.vendor.map(Payer::Vendor),
    }
}

/// Sees to it that the records that a tariff made for a payer add up to `sum`, by the last of them.
fn set_sum(xdrs: &mut [Xdr], payer: Option<Payer>, sum: Amount) {
    let theirs = |xdr: &Xdr| payer_of(xdr) == payer && !is_additional(xdr) && !xdr.has(Note::Auxiliary);
    let total = xdrs
        .iter()
        .filter(|xdr| theirs(xdr))
        .fold(Amount::ZERO, |total, xdr| total.saturating_add(xdr.charged_amount));
    if let Some(last) = xdrs.iter_mut().rev().find(|xdr| theirs(xdr)) {
        last.charged_amount = last.charged_amount.saturating_add(sum.saturating_sub(total));
    }
}

fn mark_overdraft(xdr: &mut Xdr) {
    if !xdr.has(Note::Overdraft) {
        xdr.notes.push(Note::Overdraft);
        xdr.notes.sort_unstable();
    }
}
