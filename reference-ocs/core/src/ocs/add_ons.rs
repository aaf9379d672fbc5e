//! Which of an account's products a use is charged by.
//!
//! The add-ons are asked first, in order of precedence, and the account's own product last. Of those that have a rating
//! entry for the service, leg and access code, the first counts whose tariff has a rate for the number or thing; so an
//! add-on for some destinations leaves the others to the rest. Plans of add-ons are used before those of the product.

use super::Ocs;
use super::access::word;
use crate::ids::{AccountId, ProductId, RatingEntryId, TariffId};
use crate::service::{Leg, Service};

/// What a rating entry is looked for by.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) code: Option<&'a str>,
    pub(super) service: Service,
    pub(super) leg: Leg,
    /// As dialled; `None` where nothing is called.
    pub(super) number: Option<&'a str>,
    pub(super) node: Option<&'a str>,
}

impl Ocs {
    /// The products of an account, in order of precedence.
    pub(super) fn products_of(&self, account: AccountId) -> impl Iterator<Item = ProductId> + '_ {
        let own = self.ledger.account(account).product;
        self.catalogue.add_ons.of(account).iter().copied().chain([own])
    }

    /// The rating entry that a use is charged by, with its tariff.
    pub(super) fn entry_for(
        &self,
        account: AccountId,
        wanted: &Wanted<'_>,
    ) -> Option<(RatingEntryId, TariffId)> {
        let products = self.products_of(account).filter_map(|id| self.catalogue.product(id));
        let entries = products.filter_map(|product| product.entry(wanted.code, wanted.service, wanted.leg));
        let mut entries = entries.map(|entry| (entry.id, entry.tariff));
        if self.catalogue.add_ons.of(account).is_empty() {
            return entries.next();
        }
        let dialled = wanted.number.filter(|number| !number.is_empty());
        let number = dialled.map(|number| self.dialing(account, wanted.node).normalize(number));
        let mut last = None;
        for entry in entries {
            let thing = match (&number, word(wanted.service)) {
                (Some(number), _) => self.resource(Some(entry), number, wanted.service),
                (None, Some(word)) => word,
                // Nothing is called yet: a login.
                (None, None) => return Some(entry),
            };
            if self.catalogue.rate_of(entry.1, thing, self.now).is_some() {
                return Some(entry);
            }
            last = Some(entry);
        }
        last
    }

    /// Whether a rating entry is of the account's own product.
    pub(super) fn is_of_product(&self, account: AccountId, entry: RatingEntryId) -> bool {
        if self.catalogue.add_ons.of(account).is_empty() {
            return true;
        }
        let own = self.catalogue.product(self.ledger.account(account).product);
        own.is_some_and(|product| product.entries.iter().any(|own| own.id == entry))
    }
}
