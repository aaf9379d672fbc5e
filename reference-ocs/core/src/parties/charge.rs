//! What a report may order of its own charging (`PortaOne-Charge`, `PortaOne-Service-Features`), and the report of
//! what was charged.

use crate::ids::{AccountId, CustomerId, EnvId, VendorId};
use crate::money::{Amount, Currency};
use crate::service::Service;
use crate::xdr::{Entity, Xdr};

/// How a report is to be charged.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct ChargeRequest {
    /// The answer tells what was charged.
    pub report: bool,
    /// Whether it is stored.
    pub commit: Commit,
    /// Orders for one entity each.
    pub orders: Vec<ChargeOrder>,
}

/// Whether charges are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Commit {
    /// They are.
    #[default]
    Always,
    /// Only if each that is due could be made; else none.
    Complete,
    /// They are not: a dry run.
    Never,
}

/// When an entity is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Apply {
    /// Whatever else there is.
    #[default]
    Always,
    /// Only when a vendor's connection fits the call.
    Connection,
    /// Not at all.
    Never,
}

/// An order for one entity. With an amount, it is an additional charge: one beside what the entity's tariff gives.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct ChargeOrder {
    /// Whom. Level 0 of a reseller stands for all of them.
    pub entity: Entity,
    /// When.
    pub apply: Apply,
    /// How much, if it is not for the tariff to say.
    pub amount: Option<Amount>,
    /// In this currency; without one in the entity's.
    pub currency: Option<Currency>,
    /// The quantity that the record shows.
    pub quantity: Option<u64>,
    /// What the record shows as its history.
    pub history: Option<String>,
    /// It was rated elsewhere: the record says so, and an auxiliary one keeps what was said.
    pub prerated: bool,
    /// What it indicates (`flag.*`), for the auxiliary record.
    pub flags: Vec<(String, String)>,
}

impl ChargeOrder {
    /// Whether it speaks of that entity.
    pub(crate) fn is_for(&self, entity: Entity) -> bool {
        match (self.entity, entity) {
            // The account's charge, wherever its product has it stored.
            (Entity::Account | Entity::Customer, Entity::Account | Entity::Customer)
            | (Entity::Reseller(0), Entity::Reseller(_)) => true,
            (one, other) => one == other,
        }
    }
}

/// What was charged, or would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeReport {
    /// `i_env`.
    pub env: EnvId,
    /// The service.
    pub service: Service,
    /// Whether it is stored.
    pub stored: bool,
    /// One line an xDR, in their order.
    pub lines: Vec<ChargeLine>,
}

/// One xDR of a [`ChargeReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeLine {
    /// Whom it charges.
    pub entity: Entity,
    /// Its store.
    pub storage: &'static str,
    /// `charged_amount`.
    pub amount: Amount,
    /// `charged_quantity`.
    pub quantity: u64,
    /// `i_account`.
    pub account: Option<AccountId>,
    /// `i_customer`: of a customer or reseller.
    pub customer: Option<CustomerId>,
    /// `i_vendor`.
    pub vendor: Option<VendorId>,
    /// `flag.block`: the threshold past which a plan of the account blocks what was used, where it has come to that.
    pub blocked_at: Option<u64>,
}

impl From<&Xdr> for ChargeLine {
    fn from(xdr: &Xdr) -> Self {
        Self {
            entity: xdr.entity,
            storage: xdr.storage(),
            amount: xdr.charged_amount,
            quantity: xdr.charged_quantity,
            account: xdr.account,
            customer: xdr.customer,
            vendor: xdr.vendor,
            blocked_at: None,
        }
    }
}
