//! Products and their rating entries: which tariff charges which service under which access code.

use std::sync::Arc;

use crate::ids::{RatingEntryId, TariffId};
use crate::money::{Amount, Currency};
use crate::service::{Leg, Service};

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSpec {
    /// Its name.
    pub name: String,
    /// Its currency, which its tariffs and its accounts share.
    pub currency: Currency,
    /// A rest too small to be of use, as announced to the node.
    pub breakage: Amount,
    /// The language of its announcements.
    pub language: Option<String>,
}

/// A rating entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingEntrySpec {
    /// The access code, matched exactly and in its case; `None` for any that no other entry names.
    pub access_code: Option<String>,
    /// The service.
    pub service: Service,
    /// The leg; `None` for what the user originates. The incoming leg is charged only by an entry that says so and
    /// names its access code.
    pub leg: Option<Leg>,
    /// The tariff.
    pub tariff: TariffId,
}

/// A product as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) breakage: Amount,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) entries: Vec<RatingEntry>,
}

/// A rating entry as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct RatingEntry {
    pub(crate) id: RatingEntryId,
    pub(crate) access_code: Option<Arc<str>>,
    pub(crate) service: Service,
    pub(crate) leg: Leg,
    pub(crate) tariff: TariffId,
}

impl Product {
    /// The entry for a service on a leg: the one that names the access code, else the one that names none.
    pub(crate) fn entry(
        &self,
        access_code: Option<&str>,
        service: Service,
        leg: Leg,
    ) -> Option<&RatingEntry> {
        let mut fitting = self.entries.iter().filter(|entry| entry.service == service && entry.leg == leg);
        let named =
            access_code.and_then(|code| fitting.clone().find(|it| it.access_code.as_deref() == Some(code)));
        // What came in is paid by whoever called, unless the product names the number that was called.
        let may_fall_back = leg == Leg::Originate;
        named.or_else(|| fitting.find(|it| it.access_code.is_none()).filter(|_| may_fall_back))
    }
}
