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
    /// The access code, in its case; `None` for any that no other entry names. A request's may be a pattern: split at dots
    /// it stands for its beginnings as well, the longest first, and `|` separates alternatives.
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
    /// Whether a usage over a change of peak level makes a record for each.
    pub(crate) split_by_level: bool,
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
        let named = access_code.and_then(|code| {
            patterns(code).find_map(|code| fitting.clone().find(|it| it.access_code.as_deref() == Some(code)))
        });
        // What came in is paid by whoever called, unless the product names the number that was called.
        let may_fall_back = leg == Leg::Originate;
        named.or_else(|| fitting.find(|it| it.access_code.is_none()).filter(|_| may_fall_back))
    }
}

/// The codes that a request's access code stands for, the best first: alternatives between `|` from left to right, each
/// whole and then without its last parts behind dots (ESI, `PortaBilling_AccessCode`).
fn patterns(code: &str) -> impl Iterator<Item = &str> {
    code.split('|').flat_map(|alternative| {
        let whole = Some(alternative.trim()).filter(|code| !code.is_empty());
        std::iter::successors(whole, |code| {
            code.rsplit_once('.').map(|(before, _)| before).filter(|code| !code.is_empty())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(codes: &[Option<&str>]) -> Product {
        let entry = |(place, code): (usize, &Option<&str>)| RatingEntry {
            id: RatingEntryId::at(place).unwrap(),
            access_code: code.map(Into::into),
            service: Service::Voice,
            leg: Leg::Originate,
            tariff: TariffId::at(0).unwrap(),
        };
        Product {
            name: "Calls".into(),
            currency: "CAD".parse().unwrap(),
            breakage: Amount::ZERO,
            language: None,
            split_by_level: false,
            entries: codes.iter().enumerate().map(entry).collect(),
        }
    }

    #[test]
    fn a_request_asks_for_its_alternatives_from_the_left_each_by_the_longest_split() {
        // The documents' two examples.
        let tried: Vec<&str> = patterns("ivr.branding.4565").collect();
        assert_eq!(tried, ["ivr.branding.4565", "ivr.branding", "ivr"]);
        let tried: Vec<&str> = patterns("top.321 | ivr.branding").collect();
        assert_eq!(tried, ["top.321", "top", "ivr.branding", "ivr"]);
    }

    #[test]
    fn the_entry_of_the_first_code_that_fits_is_taken_in_its_case() {
        let all = product(&[None, Some("ivr"), Some("ivr.branding"), Some("INCOMING"), Some("top")]);
        let found = |code: Option<&str>| {
            let entry = all.entry(code, Service::Voice, Leg::Originate).unwrap();
            entry.access_code.as_deref()
        };
        assert_eq!(found(Some("INCOMING")), Some("INCOMING"));
        assert_eq!(found(Some("Incoming")), None);
        assert_eq!(found(Some("ivr.branding.4565")), Some("ivr.branding"));
        assert_eq!(found(Some("ivr.other")), Some("ivr"));
        assert_eq!(found(Some("nothing | top.321 | ivr")), Some("top"));
        assert_eq!(found(Some("ivr.branding|top")), Some("ivr.branding"));
        for nothing in [Some(""), Some("|"), Some(" . | .x"), Some("ivrx"), None] {
            assert_eq!(found(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn the_incoming_leg_is_never_charged_by_an_entry_without_a_code() {
        let all = product(&[None]);
        assert!(all.entry(Some("6045551600"), Service::Voice, Leg::Answer).is_none());
    }
}
