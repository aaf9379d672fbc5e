//! Changes made by an administrator.

use tollgate_time::Instant;

use super::Ocs;
use crate::catalogue::BillingModel;
use crate::command::{Admin, SessionKey};
use crate::effect::{Answer, ClosedBy, Effect, Refusal, Why};
use crate::event::Fact;
use crate::ids::{AccountId, CustomerId};
use crate::ledger::Presence;
use crate::money::Amount;
use crate::service::Service;

/// The history of a correction.
const CORRECTION: &str = "correction by an administrator";

impl Ocs {
    pub(super) fn admin(&mut self, now: Instant, change: &Admin, out: &mut Vec<Effect>) {
        let allowed = self.check_change(change);
        let answer = match allowed.and_then(|()| self.change(now, change, out)) {
            Ok(()) => Answer::Recorded,
            Err(refusal) => Answer::Refused(refusal),
        };
        out.push(Effect::Answer(answer));
    }

    fn change(&mut self, now: Instant, change: &Admin, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        match change {
            Admin::TopUp { account, amount } => self.top_up(account, *amount, out),
            Admin::Adjust { account, amount } => self.adjust(account, *amount, out),
            Admin::PayCustomer { customer, amount } => self.pay_customer(customer, *amount, out),
            Admin::AdjustCustomer { customer, amount } => self.adjust_customer(customer, *amount, out),
            Admin::Block { account } => self.set_blocked(account, true, out),
            Admin::Unblock { account } => self.set_blocked(account, false, out),
            Admin::SuspendCustomer { customer, suspended } => self.suspend(customer, *suspended, out),
            Admin::SetProduct { account, product } => self.set_product(account, product, out),
            Admin::Refund { account, amount } => self.refund(account, *amount, out),
            Admin::Commitment { account, commitment, change } => {
                let id = self.known(account)?;
                self.change_commitment(id, commitment, change, out)
            }
            Admin::FillWallet { account, plan, units } => {
                let id = self.known(account)?;
                self.fill_wallet(id, plan, *units, out)
            }
            Admin::SetExpiry { account, expires_at } => {
                let id = self.known(account)?;
                let before = std::mem::replace(&mut self.ledger.account_mut(id).expires_at, *expires_at);
                let fact = Fact::ExpirationDateChanged { before, after: *expires_at };
                self.tell_if(before != *expires_at, id, fact, out);
                Ok(())
            }
            Admin::SetPassword { account, password } => {
                let id = self.known(account)?;
                let new = password.as_deref().map(Into::into);
                let before = std::mem::replace(&mut self.ledger.account_mut(id).password, new);
                let before = before.map(String::from);
                let changed = before != *password;
                self.tell_if(
                    changed,
                    id,
                    Fact::ServicePasswordChanged { before, after: password.clone() },
                    out,
                );
                Ok(())
            }
            Admin::SetCreditLimit { account, limit } => self.set_credit_limit(account, *limit, out),
            Admin::CloseSession { account, session } => self.close_session(now, account, session, out),
            Admin::Terminate { account } => self.terminate(now, account, out),
            Admin::Rename { account, to } => self.rename(account, to),
        }
    }

    fn known(&self, account: &str) -> Result<AccountId, Refusal> {
        let id =
            self.ledger.account_id(account).ok_or_else(|| Refusal::UnknownAccount(account.to_owned()))?;
        if self.ledger.is_exported(id) {
            return Err(Refusal::Exported(self.ledger.account(id).customer));
        }
        Ok(id)
    }

    fn known_customer(&self, customer: &str) -> Result<CustomerId, Refusal> {
        let id = self.ledger.customer_id(customer);
        let id = id.ok_or_else(|| Refusal::UnknownCustomer(customer.to_owned()))?;
        if self.ledger.customer(id).presence == Presence::Exported {
            return Err(Refusal::Exported(id));
        }
        Ok(id)
    }

    fn tell_if(&self, changed: bool, id: AccountId, fact: Fact, out: &mut Vec<Effect>) {
        if changed {
            self.event(self.account_subject(id), fact, out);
        }
    }

    fn top_up(&mut self, account: &str, amount: Amount, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known(account)?;
        if amount <= Amount::ZERO {
            return Err(Refusal::NotPositive(amount));
        }
        let movement = self.ledger.credit(id, amount).ok_or_else(|| Refusal::TooLarge(account.to_owned()))?;
        self.tell(id, movement, Why::TopUp, out);
        let paid = (Service::Payments, amount.negated());
        self.record(id, paid, "payment by an administrator".to_owned(), None, out);
        Ok(())
    }

    fn adjust(&mut self, account: &str, amount: Amount, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known(account)?;
        // What sessions have reserved is promised to them: taken away, their use would lead below zero.
        let available = self.ledger.account(id).purse.available().unwrap_or(Amount::ZERO);
        let left = available.saturating_add(amount);
        if self.is_debit(id) && amount.is_negative() && left.is_negative() {
            return Err(Refusal::BelowZero { account: account.to_owned(), left });
        }
        let movement = self.ledger.credit(id, amount).ok_or_else(|| Refusal::TooLarge(account.to_owned()))?;
        self.tell(id, movement, Why::Adjustment, out);
        let given = (Service::Credits, amount.negated());
        self.record(id, given, CORRECTION.to_owned(), None, out);
        Ok(())
    }

    fn refund(&mut self, account: &str, amount: Amount, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known(account)?;
        if amount <= Amount::ZERO {
            return Err(Refusal::NotPositive(amount));
        }
        let movement = self.ledger.credit(id, amount).ok_or_else(|| Refusal::TooLarge(account.to_owned()))?;
        self.tell(id, movement, Why::Refund, out);
        let given = (Service::Credits, amount.negated());
        self.record(id, given, "refund by an administrator".to_owned(), None, out);
        Ok(())
    }

    fn pay_customer(&mut self, customer: &str, amount: Amount, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known_customer(customer)?;
        if amount <= Amount::ZERO {
            return Err(Refusal::NotPositive(amount));
        }
        let change =
            self.ledger.credit_customer(id, amount).ok_or_else(|| Refusal::TooLarge(customer.to_owned()))?;
        let currency = self.ledger.customer(id).currency;
        self.tell_change(self.customer_subject(id), currency, change, Why::TopUp, out);
        let paid = (Service::Payments, amount.negated());
        self.record_of_customer(id, paid, "payment by an administrator".to_owned(), out);
        Ok(())
    }

    fn adjust_customer(
        &mut self,
        customer: &str,
        amount: Amount,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let id = self.known_customer(customer)?;
        let change =
            self.ledger.credit_customer(id, amount).ok_or_else(|| Refusal::TooLarge(customer.to_owned()))?;
        let currency = self.ledger.customer(id).currency;
        self.tell_change(self.customer_subject(id), currency, change, Why::Adjustment, out);
        let given = (Service::Credits, amount.negated());
        self.record_of_customer(id, given, CORRECTION.to_owned(), out);
        Ok(())
    }

    fn set_blocked(&mut self, account: &str, blocked: bool, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known(account)?;
        let before = std::mem::replace(&mut self.ledger.account_mut(id).blocked, blocked);
        self.tell_if(before != blocked, id, if blocked { Fact::Blocked } else { Fact::Unblocked }, out);
        Ok(())
    }

    fn suspend(&mut self, customer: &str, suspended: bool, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known_customer(customer)?;
        let before = std::mem::replace(&mut self.ledger.customer_mut(id).suspended, suspended);
        if before != suspended {
            let fact = if suspended { Fact::Suspend } else { Fact::Unsuspend };
            self.event(self.customer_subject(id), fact.clone(), out);
            for account in self.ledger.accounts_of(id) {
                self.suspend_commitments(account, suspended);
                self.event(self.account_subject(account), fact.clone(), out);
            }
        }
        Ok(())
    }

    fn set_product(&mut self, account: &str, product: &str, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known(account)?;
        let unknown = || Refusal::UnknownProduct(product.to_owned());
        let after = self.catalogue.product_id(product).ok_or_else(unknown)?;
        let theirs = self.catalogue.product(after).ok_or_else(unknown)?.currency;
        let ours = self.ledger.account(id).currency;
        if theirs != ours {
            return Err(Refusal::OtherCurrency {
                product: product.to_owned(),
                theirs,
                account: account.to_owned(),
                ours,
            });
        }
        let before = std::mem::replace(&mut self.ledger.account_mut(id).product, after);
        self.tell_if(before != after, id, Fact::ProductChanged { before, after }, out);
        Ok(())
    }

    fn set_credit_limit(
        &mut self,
        account: &str,
        limit: Option<Amount>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let id = self.known(account)?;
        if self.ledger.account(id).purse.model() == BillingModel::Debit {
            return Err(Refusal::NoCreditAccount(account.to_owned()));
        }
        if let Some(negative) = limit.filter(|limit| limit.is_negative()) {
            return Err(Refusal::NegativeLimit(negative));
        }
        let some = |funds: Option<Amount>| funds.is_none_or(|funds| funds > Amount::ZERO);
        let before = some(self.ledger.funds(id));
        self.ledger.account_mut(id).purse.set_limit(limit);
        match (before, some(self.ledger.funds(id))) {
            (true, false) => self.event(self.account_subject(id), Fact::ZeroAvailableFunds, out),
            (false, true) => self.event(self.account_subject(id), Fact::AvailableFundsAppear, out),
            _ => {}
        }
        Ok(())
    }

    fn close_session(
        &mut self,
        now: Instant,
        account: &str,
        key: &SessionKey,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        self.known(account)?;
        let unknown = || Refusal::UnknownSession { account: account.to_owned(), session: key.clone() };
        let at = self.sessions.find(key, account).ok_or_else(unknown)?;
        let session = self.sessions.session(at);
        let locks = session.lock_until.is_some();
        let open: Vec<u32> =
            session.usages.iter().copied().filter(|&at| self.sessions.known(at).progress.is_open()).collect();
        if open.is_empty() && !locks {
            return Err(unknown());
        }
        for usage in open {
            self.give_up(now, usage, ClosedBy::Administrator, out);
        }
        if locks {
            self.drop_lock(now, at, ClosedBy::Administrator, out);
        }
        Ok(())
    }

    /// Ends an account: what is open is closed with what was reported, its names are free for others, its records stay.
    fn terminate(&mut self, now: Instant, account: &str, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let id = self.known(account)?;
        for at in self.sessions.of(|own| own == id) {
            let key = self.sessions.session(at).key.clone();
            // One in which nothing is open has nothing to close.
            let _ = self.close_session(now, account, &key, out);
        }
        for own in self.signed_by(id).to_vec() {
            let name = self.catalogue.plans.commitments.name(own.commitment).unwrap_or_default().to_owned();
            self.change_commitment(id, &name, &crate::commitments::CommitmentChange::Cancel, out)?;
        }
        self.unconfigure_account(id);
        self.ledger.account_rows().change(id.number(), |row| row.presence = Presence::Terminated);
        Ok(())
    }

    /// Gives an account another id. What is open goes on under the name by which it began.
    fn rename(&mut self, account: &str, to: &str) -> Result<(), Refusal> {
        let id = self.known(account)?;
        if account == to {
            return Ok(());
        }
        let taken = self.ledger.account_id(to).or_else(|| self.catalogue.parties.alias(to));
        if to.is_empty() || taken.is_some() {
            return Err(Refusal::Taken(to.to_owned()));
        }
        self.sessions.forget_nobodys(|name| name == to);
        self.ledger.account_rows().change(id.number(), |row| row.name = to.into());
        Ok(())
    }
}
