//! Recharging an account with a voucher (ESI, voucher recharge session).
//!
//! - A voucher is redeemed whole and once. The same request again, which is the same voucher by the same account in the
//!   same session, gets the first answer and moves nothing; any other one finds the voucher used.
//! - An account without money may recharge, of course; one that is blocked, expired or locked by another session may
//!   not.
//! - The money moves like a payment of the account. The record is an xDR of its own with a negative amount, as of a
//!   refund: nothing was used, and money came in.

use tollgate_time::Instant;

use super::Ocs;
use super::add_ons::Wanted;
use crate::catalogue::VoucherSpec;
use crate::command::{AccessRequest, Recharge, SessionKey};
use crate::denial::Denial;
use crate::effect::{Answer, Denied, Effect, Recharged, Why};
use crate::ids::AccountId;
use crate::money::Amount;
use crate::service::Leg;
use crate::service::Service;
use crate::site::Part;
use crate::xdr::Xdr;

/// What became of a voucher.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Redeemed {
    pub(super) account: AccountId,
    pub(super) session: SessionKey,
    pub(super) at: Instant,
}

impl Redeemed {
    pub(crate) const fn account(&self) -> AccountId {
        self.account
    }
}

impl Ocs {
    pub(super) fn recharge(&mut self, now: Instant, request: &Recharge, out: &mut Vec<Effect>) {
        // Under the id of the account, whatever alias it was asked by.
        let unaliased = self.unaliased(&request.access.account).map(|account| {
            let access = AccessRequest { account: account.to_string(), ..request.access.clone() };
            Recharge { access, voucher: request.voucher.clone() }
        });
        let request = unaliased.as_ref().unwrap_or(request);
        let answer = match self.redeem(now, request, out) {
            Ok(recharged) => Answer::Recharged(Box::new(recharged)),
            Err(denied) => Answer::Denied(Box::new(denied)),
        };
        out.push(Effect::Answer(answer));
    }

    fn redeem(
        &mut self,
        now: Instant,
        recharge: &Recharge,
        out: &mut Vec<Effect>,
    ) -> Result<Recharged, Denied> {
        let request = &recharge.access;
        let unknown = |denial| Denied { denial, context: None };
        let account =
            self.ledger.account_id(&request.account).ok_or_else(|| unknown(Denial::InvalidAccount))?;
        if self.ledger.is_exported(account) {
            return Err(unknown(Denial::Exported));
        }
        self.check_password(now, account, request.proof).map_err(unknown)?;
        let root = request.parent.as_ref().unwrap_or(&request.session);
        let session = self.sessions.find(root, &request.account);
        let remembered = session.and_then(|at| self.sessions.session(at).access_code.clone());
        let code = request.access_code.as_deref().or(remembered.as_deref());
        let (service, leg) = (request.service, Leg::Originate);
        let entry = self.entry_for(account, &Wanted { code, service, leg, number: None, node: None });
        let context = self.context(account, entry, code);
        let checked = self
            .check_standing(now, account)
            .and_then(|()| self.check_lock(account, root, request.lock))
            .and_then(|()| self.check_voucher(now, account, root, &recharge.voucher));
        let due = match checked {
            Ok(due) => due,
            Err(denial) => return Err(Denied { denial, context: Some(context) }),
        };
        let amount = match due {
            Due::Again(amount) => amount,
            Due::Now(voucher) => {
                let Some(movement) = self.ledger.credit(account, voucher.amount) else {
                    return Err(Denied { denial: Denial::InvalidArgument, context: Some(context) });
                };
                let redeemed = Redeemed { account, session: root.clone(), at: now };
                self.vouchers_used.insert(voucher.id.clone(), redeemed);
                self.tell(account, movement, Why::TopUp, out);
                self.record_recharge(account, recharge, &voucher, out);
                voucher.amount
            }
        };
        self.set_lock(now, account, session, request.lock, false);
        Ok(Recharged { accepted: self.accepted(account, context, None, None), amount })
    }

    /// What a voucher does for an account. A voucher that was used is worth nothing, as a card without money.
    fn check_voucher(
        &self,
        now: Instant,
        account: AccountId,
        session: &SessionKey,
        id: &str,
    ) -> Result<Due, Denial> {
        let voucher = self.catalogue.vouchers.get(id).ok_or(Denial::InvalidVoucher)?;
        if let Some(used) = self.vouchers_used.get(id) {
            let again = used.account == account && used.session == *session;
            return if again { Ok(Due::Again(voucher.amount)) } else { Err(Denial::ZeroBalance) };
        }
        if voucher.expires_at.is_some_and(|at| at <= now) {
            return Err(Denial::CardExpired);
        }
        if voucher.currency != self.ledger.account(account).currency {
            return Err(Denial::NotAvailable);
        }
        Ok(Due::Now(voucher.clone()))
    }

    fn record_recharge(
        &mut self,
        id: AccountId,
        recharge: &Recharge,
        voucher: &VoucherSpec,
        out: &mut Vec<Effect>,
    ) {
        let request = &recharge.access;
        let paid = voucher.amount.negated();
        let history = format!("Voucher {}: {} paid in", voucher.id, voucher.amount);
        let xdr = Xdr {
            session_id: request.session.clone(),
            parent_session_id: request.parent.clone(),
            cli: request.cli.as_deref().map(Into::into),
            cld: Some(voucher.id.as_str().into()),
            ..self.money_xdr(id, Service::Payments, paid, history)
        };
        self.number_and_keep(xdr, out);
        let session = request.parent.as_ref().unwrap_or(&request.session).clone();
        self.journal_money(Part::Voucher { id: voucher.id.clone(), account: id, session, at: self.now });
    }
}

/// What is to be done with a voucher.
enum Due {
    /// Pay it in.
    Now(VoucherSpec),
    /// It was paid in by this very request; nothing.
    Again(Amount),
}
