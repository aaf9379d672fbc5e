//! From what is said of the parties to what is looked up, with everything that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::ExchangeRates;
use super::spec::{PartiesSpec, VendorSpec};
use super::{Connection, Parties, PartyError, Vendor};
use crate::catalogue::{BillingModel, Catalogue};
use crate::ids::{AccountId, CustomerId, ProductId, TariffId, VendorId};
use crate::money::Currency;

/// The parties of a catalogue in which all else stands already.
pub(crate) fn checked(
    catalogue: &Catalogue,
    tariffs: &BTreeMap<String, TariffId>,
    spec: &PartiesSpec,
) -> Result<Parties, Vec<PartyError>> {
    let own = catalogue.settings.currency;
    let parties = Parties { exchange: ExchangeRates::new(own), ..Parties::default() };
    let mut check = Check { catalogue, tariffs, parties, errors: Vec::new() };
    for &(currency, numerator, denominator) in &spec.exchange_rates {
        if !check.parties.exchange.set(currency, numerator, denominator) {
            check.errors.push(PartyError::Rate { currency, numerator, denominator });
        }
    }
    check.owners(spec);
    check.cycles();
    check.reseller_tariffs(spec);
    check.products(spec);
    check.used_tariffs();
    check.vendors(&spec.vendors);
    check.aliases(spec);
    if check.errors.is_empty() { Ok(check.parties) } else { Err(check.errors) }
}

struct Check<'a> {
    catalogue: &'a Catalogue,
    tariffs: &'a BTreeMap<String, TariffId>,
    parties: Parties,
    errors: Vec<PartyError>,
}

impl Check<'_> {
    fn unknown(&mut self, what: &'static str, name: &str, other: &'static str, missing: &str) {
        let (name, missing) = (name.to_owned(), missing.to_owned());
        self.errors.push(PartyError::Unknown { what, name, other, missing });
    }

    fn twice(&mut self, what: &'static str, name: &str) {
        self.errors.push(PartyError::Twice { what, name: name.to_owned() });
    }

    fn customer(&self, name: &str) -> Option<CustomerId> {
        self.catalogue.customer_id(name)
    }

    fn customer_name(&self, id: CustomerId) -> String {
        self.catalogue.customer_spec(id).map(|it| it.name.clone()).unwrap_or_default()
    }

    fn account(&self, id: &str) -> Option<AccountId> {
        self.catalogue.account_id(id)
    }

    fn owners(&mut self, spec: &PartiesSpec) {
        let resellers: BTreeSet<&str> = spec.resellers.iter().map(|own| own.name.as_str()).collect();
        let above =
            spec.resellers.iter().filter_map(|own| Some(("reseller", &own.name, own.owner.as_ref()?)));
        let below = spec.owners.iter().map(|own| ("customer", &own.customer, &own.reseller));
        for (what, name, owner) in above.chain(below) {
            match (self.customer(name), self.customer(owner).filter(|_| resellers.contains(owner.as_str()))) {
                (Some(id), Some(owner)) => {
                    if self.parties.owners.insert(id, owner).is_some() {
                        self.twice(what, name);
                    }
                }
                (None, _) => self.unknown(what, name, "customer", name),
                (_, None) => self.unknown(what, name, "reseller", owner),
            }
        }
    }

    /// Each circle once, from its reseller with the lowest number.
    fn cycles(&mut self) {
        let owners = self.parties.owners.clone();
        for &start in owners.keys() {
            let mut round = vec![start];
            while let Some(next) = round.last().and_then(|last| owners.get(last)).copied() {
                if next == start {
                    let names = round.iter().map(|&id| self.customer_name(id)).collect();
                    self.errors.push(PartyError::Cycle { names });
                    break;
                }
                if next < start || round.contains(&next) {
                    break;
                }
                round.push(next);
            }
        }
    }

    fn reseller_tariffs(&mut self, spec: &PartiesSpec) {
        let mut names = BTreeSet::new();
        for reseller in &spec.resellers {
            if !names.insert(&reseller.name) {
                self.twice("reseller", &reseller.name);
                continue;
            }
            let Some(id) = self.customer(&reseller.name) else {
                self.unknown("reseller", &reseller.name, "customer", &reseller.name);
                continue;
            };
            let ours = self.catalogue.customer_spec(id).map(|it| it.currency);
            for wanted in &reseller.tariffs {
                let product = match &wanted.product {
                    None => None,
                    Some(product) => match self.catalogue.product_id(product) {
                        Some(id) => Some(id),
                        None => {
                            self.unknown("reseller", &reseller.name, "product", product);
                            continue;
                        }
                    },
                };
                let found = self.tariff("reseller", &reseller.name, &wanted.tariff, ours);
                let Some((tariff, service)) = found else { continue };
                if self.parties.tariffs.insert((id, product, service), tariff).is_some() {
                    let product = wanted
                        .product
                        .as_ref()
                        .map_or_else(|| "any product".to_owned(), |it| format!("product '{it}'"));
                    let reseller = reseller.name.clone();
                    self.errors.push(PartyError::TariffTwice { reseller, service, product });
                }
            }
        }
    }

    /// A tariff of a party, whose currency can be exchanged for the party's.
    fn tariff(
        &mut self,
        what: &'static str,
        name: &str,
        tariff: &str,
        ours: Option<Currency>,
    ) -> Option<(TariffId, crate::service::Service)> {
        let id = self.tariffs.get(tariff).copied();
        let Some((id, found)) = id.and_then(|id| Some((id, self.catalogue.tariff(id)?))) else {
            self.unknown(what, name, "tariff", tariff);
            return None;
        };
        if let Some(ours) = ours.filter(|ours| self.parties.exchange.between(found.currency, *ours).is_none())
        {
            self.errors.push(PartyError::NoExchange {
                what,
                name: name.to_owned(),
                ours,
                tariff: tariff.to_owned(),
                theirs: found.currency,
            });
        }
        Some((id, found.service))
    }

    fn products(&mut self, spec: &PartiesSpec) {
        for product in &spec.charged_to_customer {
            match self.catalogue.product_id(product) {
                Some(id) => self.parties.to_customer.push(id),
                None => self.unknown("product", product, "product", product),
            }
        }
        if self.parties.to_customer.is_empty() {
            return;
        }
        for account in &self.catalogue.accounts {
            if account.billing_model == BillingModel::Debit
                && self.parties.is_charged_to_customer(account.product)
            {
                let product = self.catalogue.product(account.product);
                self.errors.push(PartyError::DebitToCustomer {
                    account: account.id.clone(),
                    product: product.map(|it| it.name.to_string()).unwrap_or_default(),
                });
            }
        }
    }

    /// Every reseller has a tariff for whatever accounts below it use.
    fn used_tariffs(&mut self) {
        if self.parties.owners.is_empty() {
            return;
        }
        let used: BTreeSet<(CustomerId, ProductId)> =
            self.catalogue.accounts.iter().map(|account| (account.customer, account.product)).collect();
        let mut missing = BTreeSet::new();
        for (customer, product) in used {
            let Some(sold) = self.catalogue.product(product) else { continue };
            for reseller in self.parties.chain(customer) {
                let lacking = |entry: &&crate::catalogue::RatingEntry| {
                    self.parties.tariff(reseller, product, entry.service).is_none()
                };
                missing.extend(
                    sold.entries.iter().filter(lacking).map(|entry| (reseller, product, entry.service)),
                );
            }
        }
        for (reseller, product, service) in missing {
            let product = self.catalogue.product(product).map(|it| it.name.to_string()).unwrap_or_default();
            self.errors.push(PartyError::NoTariff {
                reseller: self.customer_name(reseller),
                product,
                service,
            });
        }
    }

    fn vendors(&mut self, vendors: &[VendorSpec]) {
        let theirs = self.catalogue.settings.currency;
        let mut names = BTreeSet::new();
        let mut found: Vec<(Connection, &str)> = Vec::new();
        for spec in vendors {
            if !names.insert(&spec.name) {
                self.twice("vendor", &spec.name);
            }
            let Some(vendor) = VendorId::at(self.parties.vendors.len()) else {
                self.errors.push(PartyError::TooMany { what: "vendor" });
                return;
            };
            if self.parties.exchange.between(theirs, spec.currency).is_none() {
                let (name, ours) = (spec.name.clone(), spec.currency);
                self.errors.push(PartyError::NoRevenue { name, ours, theirs });
            }
            self.parties.vendors.push(Vendor {
                name: spec.name.as_str().into(),
                currency: spec.currency,
                balance: spec.balance,
            });
            for way in &spec.connections {
                let Some((tariff, service)) =
                    self.tariff("connection", &way.name, &way.tariff, Some(spec.currency))
                else {
                    continue;
                };
                if service != way.service {
                    self.errors.push(PartyError::OtherService {
                        name: way.name.clone(),
                        ours: way.service,
                        tariff: way.tariff.clone(),
                        theirs: service,
                    });
                }
                let boxed = |text: &Option<String>| text.as_deref().map(Into::into);
                let connection = Connection {
                    vendor,
                    remote_address: boxed(&way.remote_address),
                    route: boxed(&way.route),
                    node: boxed(&way.node),
                    service: way.service,
                    leg: way.leg,
                    tariff,
                };
                let same = |other: &Connection| {
                    (&other.remote_address, &other.route, &other.node, other.service, other.leg)
                        == (
                            &connection.remote_address,
                            &connection.route,
                            &connection.node,
                            connection.service,
                            connection.leg,
                        )
                };
                if let Some((_, one)) = found.iter().find(|(other, _)| same(other)) {
                    let (one, other) = ((*one).to_owned(), way.name.clone());
                    self.errors.push(PartyError::Overlap { one, other });
                    continue;
                }
                found.push((connection, &way.name));
            }
        }
        // The most exact first; equals in their order. Two of one weight that both fit are one and the same.
        found.sort_by_key(|(connection, _)| std::cmp::Reverse(connection.weight()));
        self.parties.connections = found.into_iter().map(|(connection, _)| connection).collect();
    }

    fn aliases(&mut self, spec: &PartiesSpec) {
        for (alias, id) in &spec.aliases {
            let Some(account) = self.account(id) else {
                self.unknown("alias", alias, "account", id);
                continue;
            };
            if self.account(alias).is_some() {
                let (alias, account) = (alias.clone(), id.clone());
                self.errors.push(PartyError::AliasIsAccount { alias, account });
            } else if self.parties.aliases.insert(alias.as_str().into(), account).is_some() {
                self.twice("alias", alias);
            }
        }
    }
}
