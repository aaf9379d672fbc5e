//! Add-on products: what an account has beside its product, asked before it in order of precedence.
//!
//! Few accounts have any: they stand in a table of their own. What an add-on sells is decided in `ocs::add_ons`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{CatalogueBuilder, CatalogueError};
use crate::ids::{AccountId, ProductId};

/// Who has add-ons.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddOns {
    /// The one of the highest precedence first.
    by_account: BTreeMap<AccountId, Vec<ProductId>>,
    /// 0 of those that are not in it.
    precedence: BTreeMap<ProductId, u32>,
}

impl AddOns {
    /// Those of an account, in order of precedence.
    pub(crate) fn of(&self, account: AccountId) -> &[ProductId] {
        if self.by_account.is_empty() {
            return &[];
        }
        self.by_account.get(&account).map_or(&[], Vec::as_slice)
    }
}

impl AddOns {
    /// Gives an account these, in order of precedence, in place of what it has.
    pub(crate) fn set(&mut self, account: AccountId, own: Vec<ProductId>) {
        if own.is_empty() {
            self.by_account.remove(&account);
        } else {
            self.by_account.insert(account, own);
        }
    }
}

impl CatalogueBuilder {
    /// Sets the precedence of a product among the add-ons of an account: the highest is asked first; 0 without it.
    pub fn precedence(&mut self, product: ProductId, precedence: u32) {
        self.all.add_ons.precedence.insert(product, precedence);
    }

    /// Gives an account an add-on. Of two with one precedence the first that was given is asked first.
    ///
    /// # Errors
    /// There is no such account or product; it is in another currency; the account has it already.
    pub fn add_on(&mut self, account: AccountId, product: ProductId) -> Result<(), CatalogueError> {
        let built = self.take_add_on(account, product);
        self.noted(built, None)
    }

    fn take_add_on(&mut self, account: AccountId, product: ProductId) -> Result<(), CatalogueError> {
        const WHAT: &str = "account";
        let place = self.all.settings.numbering.place(account.number());
        let of = place.and_then(|place| self.all.accounts.get(place));
        let of = of.ok_or(CatalogueError::Missing { what: WHAT, name: String::new(), missing: "account" })?;
        let name = || of.id.clone();
        let own = self.all.products.get(product.place());
        let own =
            own.ok_or_else(|| CatalogueError::Missing { what: WHAT, name: name(), missing: "product" })?;
        if own.currency != of.currency {
            return Err(CatalogueError::OtherCurrency {
                what: WHAT,
                name: name(),
                ours: of.currency,
                other: "add-on",
                other_name: own.name.to_string(),
                theirs: own.currency,
            });
        }
        let add_ons = &mut self.all.add_ons;
        let had = add_ons.by_account.entry(account).or_default();
        if had.contains(&product) || of.product == product {
            let (id, product) = (name(), own.name.to_string());
            return Err(CatalogueError::AddOnTwice { id, product });
        }
        had.push(product);
        let precedence = &add_ons.precedence;
        had.sort_by_key(|own| Reverse(precedence.get(own).copied().unwrap_or(0)));
        Ok(())
    }
}
