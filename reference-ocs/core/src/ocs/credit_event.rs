//! Single events of credit control: charged, given back, or only asked about.

use tollgate_time::Instant;

use super::Ocs;
use super::access::Kind;
use super::credit::Asked;
use crate::command::{AccessRequest, Lock, Proof, Reuse, SessionKey, Stage, UsageReport};
use crate::credit::{Answered, CreditAnswer, EventAction, EventAnswer, EventRequest};
use crate::denial::Denial;
use crate::effect::{Effect, Why};
use crate::money::Amount;
use crate::quota::{QuotaWish, Wishes};
use crate::service::Unit;

impl Ocs {
    pub(super) fn credit_event(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        event: &EventRequest,
        out: &mut Vec<Effect>,
    ) -> CreditAnswer {
        let done = self.check_event(now, asked, event).and_then(|()| match event.action {
            EventAction::DirectDebiting => self.debit(now, asked, event, out),
            EventAction::Refund => self.give_back(now, asked, event, out),
            EventAction::CheckBalance => Ok(EventAnswer::Enough(self.is_paid_for(now, asked, event))),
            EventAction::PriceEnquiry => self.price(asked, event).map(|amount| EventAnswer::Price {
                amount,
                currency: self.ledger.account(asked.account).currency,
            }),
        });
        match done {
            Ok(answer) => {
                // What changes nothing may be asked again and answered anew.
                if matches!(event.action, EventAction::DirectDebiting | EventAction::Refund) {
                    self.credit_answered(now, asked, Answered::Event(answer), true);
                }
                CreditAnswer::Event(answer)
            }
            Err(denial) => {
                let context = self.context(asked.account, None, event.access_code.as_deref());
                CreditAnswer::Denied { denial, context: Some(Box::new(context)) }
            }
        }
    }

    fn check_event(&self, now: Instant, asked: &Asked<'_>, event: &EventRequest) -> Result<(), Denial> {
        let currency = self.ledger.account(asked.account).currency;
        if event.money.is_some_and(|(amount, own)| own != currency || amount <= Amount::ZERO) {
            return Err(Denial::InvalidArgument);
        }
        // A blocked account gets its money back all the same, and may be asked about.
        match event.action {
            EventAction::DirectDebiting => self.check_standing(now, asked.account),
            _ => Ok(()),
        }
    }

    fn debit(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        event: &EventRequest,
        out: &mut Vec<Effect>,
    ) -> Result<EventAnswer, Denial> {
        let currency = self.ledger.account(asked.account).currency;
        if let Some((amount, _)) = event.money {
            if self.spendable(asked.account).is_some_and(|funds| funds < amount) {
                return Err(self.too_poor(asked));
            }
            let movement = self.ledger.charge(asked.account, amount).ok_or(Denial::InvalidArgument)?;
            self.count_spent(asked.account, amount);
            self.tell(asked.account, movement, Why::Charge, out);
            let history = format!("{amount} by direct debiting of {}", asked.request.session);
            self.record(asked.account, (event.service, amount), history, None, out);
            self.journal_event(&asked.request.session, &asked.name, asked.request.number);
            return Ok(EventAnswer::Debited { units: None, amount, currency });
        }
        let units = event.units.unwrap_or(1);
        let access = self.event_access(asked, event, units);
        let key = access.session.clone();
        self.decide(now, &access, Kind::Use).map_err(|denied| denied.denial)?;
        let before = self.ledger.account(asked.account).purse.balance();
        let unit = event.service.unit();
        let report = UsageReport {
            node: asked.request.node.clone(),
            session: key,
            parent: Some(asked.request.session.clone()),
            account: asked.name.to_string(),
            stage: Stage::Stop,
            service: event.service,
            cli: event.cli.clone(),
            cld: event.cld.clone(),
            access_code: event.access_code.clone(),
            disconnected_at: Some(asked.at),
            duration: (unit == Unit::Second).then_some(units),
            octets_out: (unit == Unit::Octet).then_some(units),
            quantity: (unit == Unit::Piece).then_some(units),
            lock: Lock::Ignore,
            ..UsageReport::default()
        };
        self.report(now, &report, out);
        if matches!(out.last(), Some(Effect::Answer(_))) {
            out.pop();
        }
        let after = self.ledger.account(asked.account).purse.balance();
        // A debit account's balance falls by what a credit account's rises.
        let amount = if self.is_debit(asked.account) {
            before.saturating_sub(after)
        } else {
            after.saturating_sub(before)
        };
        Ok(EventAnswer::Debited { units: Some(units), amount, currency })
    }

    fn give_back(
        &mut self,
        _now: Instant,
        asked: &Asked<'_>,
        event: &EventRequest,
        out: &mut Vec<Effect>,
    ) -> Result<EventAnswer, Denial> {
        let currency = self.ledger.account(asked.account).currency;
        let amount = match event.money {
            Some((amount, _)) => amount,
            None => self.price(asked, event)?,
        };
        if amount > Amount::ZERO {
            let movement = self.ledger.credit(asked.account, amount).ok_or(Denial::InvalidArgument)?;
            self.tell(asked.account, movement, Why::Refund, out);
        }
        let history = format!("{amount} given back of {}", asked.request.session);
        self.record(asked.account, (event.service, amount.negated()), history, None, out);
        self.journal_event(&asked.request.session, &asked.name, asked.request.number);
        Ok(EventAnswer::Refunded { amount, currency })
    }

    /// What the event costs by its rate, whatever the account has left of its plans.
    fn price(&self, asked: &Asked<'_>, event: &EventRequest) -> Result<Amount, Denial> {
        if let Some((amount, _)) = event.money {
            return Ok(amount);
        }
        let access = self.event_access(asked, event, 0);
        let rate = self.rate_asked_for(asked.account, &access)?;
        let units = event.units.unwrap_or(1);
        rate.usage(units, asked.at).cost.round().ok_or(Denial::InvalidArgument)
    }

    fn is_paid_for(&mut self, now: Instant, asked: &Asked<'_>, event: &EventRequest) -> bool {
        if self.check_standing(now, asked.account).is_err() {
            return false;
        }
        if let Some((amount, _)) = event.money {
            return self.spendable(asked.account).is_none_or(|funds| funds >= amount);
        }
        let access = self.event_access(asked, event, event.units.unwrap_or(1));
        self.can_be_granted(asked.account, &access)
    }

    fn event_access(&self, asked: &Asked<'_>, event: &EventRequest, units: u64) -> AccessRequest {
        let wish = QuotaWish { min: Some(units), max: Some(units), ..QuotaWish::of(event.service.unit()) };
        AccessRequest {
            node: asked.request.node.clone(),
            session: SessionKey::new(format!("{};event {}", asked.request.session, asked.request.number)),
            parent: Some(asked.request.session.clone()),
            account: asked.name.to_string(),
            proof: Proof::Ignored,
            cli: event.cli.clone(),
            cld: event.cld.clone(),
            access_code: event.access_code.clone(),
            service: event.service,
            lock: Lock::Ignore,
            reuse: Reuse::Account,
            call: Default::default(),
            wishes: Wishes { quotas: vec![wish], hold: None },
        }
    }

    fn too_poor(&self, asked: &Asked<'_>) -> Denial {
        if self.is_debit(asked.account) { Denial::InsufficientBalance } else { Denial::CreditLimit }
    }
}
