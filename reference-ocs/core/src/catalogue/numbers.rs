//! What numbers stand for at home: routing plans with their selection codes, the inventory of DID numbers, where the calls
//! of an account are delivered, who may pick up whose calls, and which node reaches which numbers by itself.
//!
//! Few accounts and products have any of this: it stands in tables of its own. Decisions are taken in `ocs::numbers`.
//! Source: ESI, PortaBilling_SelectCode, PortaOne-Service-Features and -Action, RADIUS return codes; NEW, redirect servers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::{CatalogueBuilder, CatalogueError};
use crate::ids::{AccountId, EnvId, ProductId, TariffId};
use crate::service::Service;

/// A routing plan: by its code callers choose another tariff of their product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingPlanSpec {
    /// Its name.
    pub name: String,
    /// What is dialled before a number to choose it, or named by the node (digits).
    pub select_code: String,
    /// The tariff that it means in each product that has it.
    pub tariffs: Vec<(ProductId, TariffId)>,
    /// Products in which it holds where nothing is chosen.
    pub default_for: Vec<ProductId>,
}

/// Where calls to an account are delivered.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Delivery {
    /// To another number (follow-me).
    Number(Arc<str>),
    /// To the redirect server of the called party's own network.
    Server(IpAddr),
}

/// A routing plan as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct RoutingPlan {
    pub(crate) name: Arc<str>,
    pub(crate) code: Arc<str>,
    pub(crate) tariffs: BTreeMap<ProductId, TariffId>,
}

/// A routing plan that was chosen, and the tariff that it means.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) plan: Arc<str>,
    pub(crate) tariff: TariffId,
}

/// The tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// The longest code first.
    pub(crate) plans: Vec<RoutingPlan>,
    defaults: BTreeMap<ProductId, Chosen>,
    /// The products that have a routing plan.
    selective: BTreeSet<ProductId>,
    /// Each number of the inventory, with the account that it is assigned to.
    pub(crate) dids: BTreeMap<Arc<str>, Option<AccountId>>,
    pub(crate) deliveries: BTreeMap<AccountId, Delivery>,
    /// The pick-up groups of an account, by number.
    groups: BTreeMap<AccountId, BTreeSet<usize>>,
    groups_made: usize,
    pub(crate) customer_service: BTreeMap<ProductId, Arc<str>>,
    /// By a node's name: what the numbers begin with that it reaches by its own telephone lines.
    hairpins: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Accounts that were moved to another system before the run.
    pub(crate) moved: BTreeMap<AccountId, EnvId>,
    /// The addresses from which other systems hand calls in.
    pub(crate) interconnections: BTreeSet<Arc<str>>,
}

impl Numbers {
    /// Whether calls of a product go by a routing plan.
    pub(crate) fn is_selective(&self, product: ProductId) -> bool {
        !self.selective.is_empty() && self.selective.contains(&product)
    }

    /// The tariff of the plan that holds where nothing is chosen.
    pub(crate) fn default_tariff(&self, product: ProductId) -> Option<Chosen> {
        self.defaults.get(&product).cloned()
    }

    /// What a code chooses.
    pub(crate) fn chosen(&self, product: ProductId, code: &str) -> Option<Chosen> {
        let (plan, tariff) = self.plans_of(product).find(|(plan, _)| &*plan.code == code)?;
        Some(Chosen { plan: Arc::clone(&plan.name), tariff })
    }

    /// What the beginning of a number chooses, and the rest of the number.
    pub(crate) fn chosen_by_number<'n>(
        &self,
        product: ProductId,
        dialled: &'n str,
    ) -> Option<(Chosen, &'n str)> {
        let rest = |plan: &RoutingPlan| dialled.strip_prefix(&*plan.code).filter(|rest| !rest.is_empty());
        let (plan, tariff, rest) =
            self.plans_of(product).find_map(|(plan, tariff)| Some((plan, tariff, rest(plan)?)))?;
        Some((Chosen { plan: Arc::clone(&plan.name), tariff }, rest))
    }

    fn plans_of(&self, product: ProductId) -> impl Iterator<Item = (&RoutingPlan, TariffId)> {
        self.plans.iter().filter_map(move |plan| Some((plan, *plan.tariffs.get(&product)?)))
    }

    /// The pick-up groups of an account, by number.
    pub(crate) fn groups_of(&self, account: AccountId) -> impl Iterator<Item = usize> + '_ {
        self.groups.get(&account).into_iter().flatten().copied()
    }

    /// Lets accounts pick up each other's calls.
    pub(crate) fn join(&mut self, members: &[AccountId]) {
        self.groups_made += 1;
        for account in members {
            self.groups.entry(*account).or_default().insert(self.groups_made);
        }
    }

    /// Forgets what numbers and calls an account has; its numbers stay in the inventory.
    pub(crate) fn forget(&mut self, account: AccountId) {
        self.deliveries.remove(&account);
        self.groups.remove(&account);
        self.dids.values_mut().filter(|own| **own == Some(account)).for_each(|own| *own = None);
    }

    /// Whether one account may pick up the calls of another.
    pub(crate) fn picks_up(&self, account: AccountId, called: AccountId) -> bool {
        let groups = |of| self.groups.get(&of).into_iter().flatten().copied();
        account != called && groups(account).any(|own| groups(called).any(|theirs| own == theirs))
    }

    /// Whether a node reaches a number by its own telephone lines.
    pub(crate) fn is_hairpin(&self, node: Option<&str>, number: &str) -> bool {
        let own = node.and_then(|node| self.hairpins.get(node)).into_iter().flatten();
        own.into_iter().any(|prefix| number.starts_with(&**prefix))
    }
}

fn digits_are(
    what: &'static str,
    name: &str,
    field: &'static str,
    value: &str,
) -> Result<(), CatalogueError> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(CatalogueError::NotDigits { what, name: name.to_owned(), field, value: value.to_owned() })
}

impl CatalogueBuilder {
    /// Adds a routing plan.
    ///
    /// # Errors
    /// Its name or its code is another's; the code is not made of digits; a tariff is in another currency than its product,
    /// or not for calls; it is to hold by default where it has no tariff, or another plan does.
    pub fn routing_plan(&mut self, spec: &RoutingPlanSpec) -> Result<(), CatalogueError> {
        let name = spec.name.as_str();
        let twice = |what, name: &str| CatalogueError::Twice { what, name: name.to_owned() };
        let missing =
            |missing| CatalogueError::Missing { what: "routing plan", name: name.to_owned(), missing };
        digits_are("routing plan", name, "the select code", &spec.select_code)?;
        let known = &self.all.numbers.plans;
        if known.iter().any(|plan| &*plan.name == name) {
            return Err(twice("routing plan", name));
        }
        if let Some(other) = known.iter().find(|plan| *plan.code == *spec.select_code) {
            let (plan, other, code) = (name.to_owned(), other.name.to_string(), spec.select_code.clone());
            return Err(CatalogueError::SelectCode { plan, other, code });
        }
        for (product, tariff) in &spec.tariffs {
            let product = self.all.product(*product).ok_or_else(|| missing("product"))?;
            let tariff = self.all.tariff(*tariff).ok_or_else(|| missing("tariff"))?;
            if product.currency != tariff.currency {
                return Err(CatalogueError::OtherCurrency {
                    what: "product",
                    name: product.name.to_string(),
                    ours: product.currency,
                    other: "tariff",
                    other_name: tariff.name.to_string(),
                    theirs: tariff.currency,
                });
            }
            if tariff.service != Service::Voice {
                return Err(CatalogueError::OtherService {
                    product: product.name.to_string(),
                    entry: Service::Voice,
                    tariff: tariff.name.to_string(),
                    theirs: tariff.service,
                });
            }
        }
        let tariffs: BTreeMap<ProductId, TariffId> = spec.tariffs.iter().copied().collect();
        for product in &spec.default_for {
            let of = || self.all.product(*product).map(|it| it.name.to_string()).unwrap_or_default();
            let refused = |why| CatalogueError::DefaultPlan { plan: name.to_owned(), product: of(), why };
            let tariff = *tariffs.get(product).ok_or_else(|| refused("it has no tariff there"))?;
            if self.all.numbers.defaults.contains_key(product) {
                return Err(refused("another plan does"));
            }
            self.all.numbers.defaults.insert(*product, Chosen { plan: name.into(), tariff });
        }
        let numbers = &mut self.all.numbers;
        numbers.selective.extend(tariffs.keys().copied());
        let code: Arc<str> = spec.select_code.as_str().into();
        numbers.plans.push(RoutingPlan { name: name.into(), code, tariffs });
        numbers.plans.sort_by_key(|plan| std::cmp::Reverse(plan.code.len()));
        Ok(())
    }

    /// Puts a number into the inventory, assigned to an account or to nobody.
    ///
    /// # Errors
    /// It is not made of digits, or is there already.
    pub fn did(&mut self, number: &str, account: Option<AccountId>) -> Result<(), CatalogueError> {
        digits_are("DID number", number, "it", number)?;
        if self.all.numbers.dids.insert(number.into(), account).is_some() {
            return Err(CatalogueError::Twice { what: "DID number", name: number.to_owned() });
        }
        Ok(())
    }

    /// Says where the calls of an account are delivered.
    ///
    /// # Errors
    /// The number to which they go is not made of digits.
    pub fn delivery(&mut self, account: AccountId, to: Delivery) -> Result<(), CatalogueError> {
        if let Delivery::Number(number) = &to {
            let name = self.all.account_spec(account).map(|it| it.id.clone()).unwrap_or_default();
            digits_are("account", &name, "its redirect number", number)?;
        }
        self.all.numbers.deliveries.insert(account, to);
        Ok(())
    }

    /// Lets accounts pick up each other's calls.
    pub fn pickup_group(&mut self, members: &[AccountId]) {
        self.all.numbers.join(members);
    }

    /// Sends users of a product whose login is refused for their account's standing to customer service.
    ///
    /// # Errors
    /// The number is not made of digits.
    pub fn customer_service(&mut self, product: ProductId, number: &str) -> Result<(), CatalogueError> {
        let name = self.all.product(product).map(|it| it.name.to_string()).unwrap_or_default();
        digits_are("product", &name, "its customer service", number)?;
        self.all.numbers.customer_service.insert(product, number.into());
        Ok(())
    }

    /// Says that an account was moved to another system: calls to it go there.
    pub fn moved(&mut self, account: AccountId, to: EnvId) {
        self.all.numbers.moved.insert(account, to);
    }

    /// Takes calls that come from this address as another system's: no account of ours makes them.
    pub fn interconnection(&mut self, address: IpAddr) {
        self.all.numbers.interconnections.insert(address.to_string().into());
    }

    /// Says which numbers a node reaches by its own telephone lines, by what they begin with.
    ///
    /// # Errors
    /// A prefix is not made of digits.
    pub fn hairpin(&mut self, node: &str, prefixes: &[String]) -> Result<(), CatalogueError> {
        for prefix in prefixes {
            digits_are("node", node, "a hairpin prefix", prefix)?;
        }
        let prefixes = prefixes.iter().map(|prefix| prefix.as_str().into()).collect();
        self.all.numbers.hairpins.insert(node.into(), prefixes);
        Ok(())
    }
}
