//! What one usage costs the parties beside the account.

use super::charge::ChargeOrder;
use crate::ids::{CustomerId, RateId, TariffId, VendorId};
use crate::money::Amount;
use crate::xdr::Entity;

/// Whose money a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Payer {
    /// A reseller owes it.
    Reseller(CustomerId),
    /// It is owed to a vendor.
    Vendor(VendorId),
}

/// What one party is charged for a usage.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Share {
    pub(crate) entity: Entity,
    pub(crate) payer: Payer,
    pub(crate) tariff: Option<TariffId>,
    pub(crate) rate: Option<RateId>,
    /// For all usage so far, in the party's currency.
    pub(crate) charged: Amount,
    /// What xDRs carry of it already, and of the units and the revenue.
    pub(crate) billed: Amount,
    pub(crate) billed_units: u64,
    pub(crate) billed_revenue: Amount,
    pub(crate) too_large: bool,
}

/// What one usage costs whom, and what its report ordered.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct PartyBill {
    /// Resellers, the nearest first, then the vendor.
    pub(crate) shares: Vec<Share>,
    /// The account is not charged by its tariff.
    pub(crate) account_is_free: bool,
    /// Additional charges, until the record is made.
    pub(crate) orders: Vec<ChargeOrder>,
}

impl Share {
    pub(crate) const fn new(entity: Entity, payer: Payer) -> Self {
        Self {
            entity,
            payer,
            tariff: None,
            rate: None,
            charged: Amount::ZERO,
            billed: Amount::ZERO,
            billed_units: 0,
            billed_revenue: Amount::ZERO,
            too_large: false,
        }
    }
}
