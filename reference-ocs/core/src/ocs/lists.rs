//! Customers, accounts, products and records as lists, and by their numbers, as an interface for people and programs asks for
//! them.

use std::sync::Arc;

use super::{AccountView, CustomerView, Ocs};
use crate::ids::{AccountId, CustomerId, ProductId};
use crate::ledger::Presence;
use crate::money::Currency;
use crate::xdr::Xdr;

/// What is known of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductView<'a> {
    /// Its number.
    pub number: ProductId,
    /// Its name.
    pub name: &'a str,
    /// Its currency.
    pub currency: Currency,
}

impl Ocs {
    /// All customers whose records are here, by number.
    #[must_use]
    pub fn customers(&self) -> Vec<CustomerView<'_>> {
        let here = self.ledger.customers().iter().filter(|own| own.presence != Presence::Removed);
        let mut ids: Vec<CustomerId> = here.map(|own| own.id).collect();
        ids.sort_unstable();
        ids.into_iter().map(|id| CustomerView::new(self, id)).collect()
    }

    /// The customer of that number, if its records are here.
    #[must_use]
    pub fn customer_numbered(&self, id: CustomerId) -> Option<CustomerView<'_>> {
        let known = self.ledger.known_customer(id)?;
        (known.presence != Presence::Removed).then(|| CustomerView::new(self, id))
    }

    /// The accounts of a customer, by number.
    #[must_use]
    pub fn accounts_of(&self, customer: CustomerId) -> Vec<AccountView<'_>> {
        let mut ids = self.ledger.accounts_of(customer);
        ids.sort_unstable();
        ids.into_iter().map(|id| AccountView::new(self, id)).collect()
    }

    /// The account of that number, if its records are here; one that was terminated too.
    #[must_use]
    pub fn account_numbered(&self, id: AccountId) -> Option<AccountView<'_>> {
        let known = self.ledger.known_account(id)?;
        (known.presence != Presence::Removed).then(|| AccountView::new(self, id))
    }

    /// The records of an account that are kept, in the order in which they count.
    #[must_use]
    pub fn xdrs_of(&self, account: AccountId) -> Vec<&Arc<Xdr>> {
        let mut own: Vec<&Arc<Xdr>> = self.xdrs.iter().filter(|xdr| xdr.account == Some(account)).collect();
        own.sort_by_key(|xdr| (xdr.bill_time, xdr.id));
        own
    }

    /// All products, by number.
    pub fn products(&self) -> impl Iterator<Item = ProductView<'_>> {
        self.catalogue.products.iter().enumerate().filter_map(|(place, own)| {
            Some(ProductView { number: ProductId::at(place)?, name: &own.name, currency: own.currency })
        })
    }
}
