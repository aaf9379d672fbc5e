//! The records of money that moved without usage: payments, credits and corrections, fees.
//!
//! Each is an xDR of a service of its own ([`Service::Payments`], [`Service::Credits`], [`Service::Subscriptions`]), so
//! that whoever adds up a subscriber's xDRs finds every change of the balance: the amount is negative where it is in the
//! subscriber's favour. Nothing here moves money.

use std::sync::Arc;

use super::Ocs;
use crate::effect::Effect;
use crate::ids::{AccountId, CustomerId, UsageId, XdrId};
use crate::money::Amount;
use crate::service::{Leg, Service};
use crate::site::Part;
use crate::xdr::{Entity, Note, Xdr};

impl Ocs {
    /// Leaves the record of a change of an account's balance that is no usage.
    pub(super) fn record(
        &mut self,
        id: AccountId,
        (service, amount): (Service, Amount),
        history: String,
        note: Option<Note>,
        out: &mut Vec<Effect>,
    ) {
        let xdr = Xdr { notes: note.into_iter().collect(), ..self.money_xdr(id, service, amount, history) };
        self.number_and_keep(xdr, out);
        self.journal_money(Part::Plain);
    }

    /// The record of a change of an account's balance, to be added to and kept.
    pub(super) fn money_xdr(&self, id: AccountId, service: Service, amount: Amount, history: String) -> Xdr {
        let account = self.ledger.account(id);
        Xdr {
            account_id: Arc::clone(&account.name),
            account: Some(id),
            currency: Some(account.currency),
            customer: Some(account.customer),
            billing_model: Some(account.purse.model().xdr_number()),
            entity: self.entity_of(Some(id)),
            ..self.nobodys(service, amount, history)
        }
    }

    /// Leaves the record of a change of a customer's balance that goes through none of its accounts.
    pub(super) fn record_of_customer(
        &mut self,
        id: CustomerId,
        (service, amount): (Service, Amount),
        history: String,
        out: &mut Vec<Effect>,
    ) {
        let customer = self.ledger.customer(id);
        let xdr = Xdr {
            account_id: Arc::clone(&customer.name),
            currency: Some(customer.currency),
            customer: Some(id),
            billing_model: Some(customer.purse.model().xdr_number()),
            entity: Entity::Customer,
            ..self.nobodys(service, amount, history)
        };
        self.number_and_keep(xdr, out);
        self.journal_money(Part::Plain);
    }

    fn nobodys(&self, service: Service, amount: Amount, history: String) -> Xdr {
        Xdr {
            // It gets its number when it is kept.
            id: XdrId::from_number(0),
            env: self.catalogue.settings.env,
            session_id: "".into(),
            call_id: None,
            cli: None,
            cld: None,
            setup_time: None,
            connect_time: Some(self.now),
            disconnect_time: Some(self.now),
            bill_time: self.now,
            disconnect_cause: None,
            voice_quality: None,
            used_quantity: 0,
            account_id: "".into(),
            account: None,
            destination: None,
            destination_group: None,
            tariff: None,
            rate: None,
            charged_quantity: 0,
            charged_amount: amount,
            currency: None,
            history,
            peak_level: None,
            vendor: None,
            service,
            rating_entry: None,
            customer: None,
            parent_session_id: None,
            rating_pattern: None,
            subscriber_ip: None,
            split_order: None,
            billing_model: None,
            invoice: None,
            revenue: None,
            entity: Entity::Account,
            leg: Leg::Originate,
            // It is the record of no usage; those are counted from 1.
            usage: UsageId::from_number(0),
            failed: false,
            notes: Vec::new(),
        }
    }
}
