//! Vouchers: amounts that were paid for in advance and wait for an account.

use tollgate_time::Instant;

use super::{CatalogueBuilder, CatalogueError};
use crate::money::{Amount, Currency};

/// A voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherSpec {
    /// Its number, as it is dialled.
    pub id: String,
    /// What it is worth: more than nothing.
    pub amount: Amount,
    /// The amount's currency. It recharges accounts in this currency only; nothing is converted.
    pub currency: Currency,
    /// The first moment at which it is worth nothing; `None` for never.
    pub expires_at: Option<Instant>,
}

impl CatalogueBuilder {
    /// Adds a voucher.
    ///
    /// # Errors
    /// It has no number, or another's; or it is worth nothing or too much.
    pub fn voucher(&mut self, spec: VoucherSpec) -> Result<(), CatalogueError> {
        let built = self.take_voucher(spec);
        self.noted(built, None)
    }

    fn take_voucher(&mut self, spec: VoucherSpec) -> Result<(), CatalogueError> {
        const WHAT: &str = "voucher";
        if spec.id.is_empty() {
            return Err(CatalogueError::NoName { what: WHAT });
        }
        let (least, most) = (Amount::from_units(1), super::builder::AMOUNT_MAX);
        if !(least..=most).contains(&spec.amount) {
            let (name, value) = (spec.id, spec.amount);
            return Err(CatalogueError::AmountField {
                what: WHAT,
                name,
                field: "amount",
                value,
                least,
                most,
            });
        }
        if self.all.vouchers.contains_key(&spec.id) {
            return Err(CatalogueError::Twice { what: WHAT, name: spec.id });
        }
        self.all.vouchers.insert(spec.id.clone(), spec);
        Ok(())
    }
}
