//! Discount plans, quotas and spending budgets: what usage costs by how much was used before.
//!
//! - Plans stand in order of precedence. Each sees the units that the plans before it have left at full price, and
//!   counts all that it sees; the first that gives something decides the price of a unit. Quotas are consumed before
//!   money.
//! - A discount may count the usage of one peak level alone; so a plan has other thresholds by day than in the evening. A
//!   unit belongs to the level in which its interval begins, and of each plan the first discount that fits its
//!   destination and level counts it.
//! - A discount may count the money that is spent in place of units: what they cost with all plans. A unit belongs to the
//!   step in which it begins, so that a step ends with the unit by which its sum is reached. It is counted in 10⁻¹² of
//!   the currency unit, rounded up once a report.
//! - Units are charged units: after the rate's intervals, without its free units. They are split at a threshold exactly.
//! - What is claimed takes its room in its own step of a plan, so that what is given back is there for others.
//! - A grant claims what it is granted: the parts and their prices are its own until they are used or given back, so
//!   that sessions share a counter and none of them costs more than its reservation. What is used beyond a grant takes
//!   what the counter has then.
//! - A counter begins anew with its period. What is left of a quota may roll over; a service wallet, filled by an
//!   administrator, is used after the quota and does not end with the period. What is claimed when a period ends stays the
//!   claim of its session: it neither rolls over nor is in the wallet until it is given back.

pub(crate) mod calendar;
pub(crate) mod counter;
pub(crate) mod share;
mod spec;

use std::collections::BTreeMap;

pub use calendar::Period;
pub use spec::{Destinations, DiscountSpec, Measure, PlanError, PlanSpec, StepPrice, StepSpec};

use crate::commitments::CommitmentBook;
use crate::ids::{AccountId, CustomerId, PlanId, ProductId};
use crate::money::Amount;

/// The most that is taken off, in hundredths of a per cent.
pub(crate) const WHOLE: u16 = 10_000;

/// How much an account may spend in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BudgetSpec {
    /// The most.
    pub limit: Amount,
    /// How often it begins anew.
    pub period: Period,
    /// Seconds east of UTC by which periods are reckoned.
    pub offset: i32,
}

/// The plans, budgets, warnings and commitments of a catalogue, and whose they are.
#[derive(Clone, Debug, Default)]
pub struct PlanBook {
    plans: Vec<Plan>,
    discounts: Vec<DiscountSpec>,
    by_product: BTreeMap<ProductId, Vec<PlanId>>,
    by_account: BTreeMap<AccountId, Vec<PlanId>>,
    budgets: BTreeMap<AccountId, BudgetSpec>,
    warnings: BTreeMap<CustomerId, Amount>,
    subscription_discounts: BTreeMap<CustomerId, u16>,
    /// The commitments that accounts can sign up for.
    pub commitments: CommitmentBook,
    /// Seconds east of UTC by which the months of commitments are reckoned.
    pub commitments_offset: i32,
}

#[derive(Clone, Debug)]
struct Plan {
    name: String,
    /// Where its discounts stand.
    discounts: std::ops::Range<usize>,
}

impl PlanBook {
    /// Adds a plan.
    ///
    /// # Errors
    /// It has no name, or another's; thresholds do not rise; a price is below zero.
    pub fn add(&mut self, spec: PlanSpec) -> Result<PlanId, PlanError> {
        const WHAT: &str = "discount plan";
        if spec.name.is_empty() {
            return Err(PlanError::NoName { what: WHAT });
        }
        let id = PlanId::at(self.plans.len());
        let Some(id) = id.filter(|_| self.named(&spec.name).is_none()) else {
            return Err(PlanError::Twice { what: WHAT, name: spec.name });
        };
        for (place, discount) in spec.discounts.iter().enumerate() {
            check(&spec.name, place + 1, discount)?;
        }
        let first = self.discounts.len();
        self.discounts.extend(spec.discounts);
        self.plans.push(Plan { name: spec.name, discounts: first..self.discounts.len() });
        Ok(id)
    }

    /// The plan of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<PlanId> {
        self.plans.iter().position(|plan| plan.name == name).and_then(PlanId::at)
    }

    /// Gives a plan to all accounts of a product, behind those that it has.
    pub fn give_product(&mut self, product: ProductId, plan: PlanId) {
        self.by_product.entry(product).or_default().push(plan);
    }

    /// Gives a plan to one account, behind those that it has and before its product's.
    pub fn give_account(&mut self, account: AccountId, plan: PlanId) {
        self.by_account.entry(account).or_default().push(plan);
    }

    /// Limits what an account may spend.
    pub fn set_budget(&mut self, account: AccountId, budget: BudgetSpec) {
        self.budgets.insert(account, budget);
    }

    /// Sets the money owed from which on a customer is warned.
    pub fn set_warning(&mut self, customer: CustomerId, owed: Amount) {
        self.warnings.insert(customer, owed);
    }

    /// Sets what a customer has off every monthly fee, in hundredths of a per cent; it counts in place of what its accounts'
    /// commitments give.
    pub fn set_subscription_discount(&mut self, customer: CustomerId, off: u16) {
        self.subscription_discounts.insert(customer, off);
    }

    pub(crate) fn subscription_discount(&self, customer: CustomerId) -> Option<u16> {
        self.subscription_discounts.get(&customer).copied()
    }

    /// Whether nobody has a plan.
    pub(crate) fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    pub(crate) fn budget(&self, account: AccountId) -> Option<&BudgetSpec> {
        if self.budgets.is_empty() { None } else { self.budgets.get(&account) }
    }

    pub(crate) fn warning(&self, customer: CustomerId) -> Option<Amount> {
        self.warnings.get(&customer).copied()
    }

    /// The plans of an account with these products, in order of precedence.
    pub(crate) fn of<'a>(
        &'a self,
        account: AccountId,
        products: impl Iterator<Item = ProductId> + 'a,
    ) -> impl Iterator<Item = PlanId> + 'a {
        let own = self.by_account.get(&account).into_iter().flatten();
        let theirs = products.filter_map(|product| self.by_product.get(&product)).flatten();
        own.chain(theirs).copied()
    }

    /// The plans that an account has by itself, by name, in order of precedence.
    pub(crate) fn own_plans(&self, account: AccountId) -> impl Iterator<Item = &str> {
        let own = self.by_account.get(&account).into_iter().flatten();
        own.filter_map(|plan| self.plans.get(plan.place()).map(|plan| plan.name.as_str()))
    }

    /// Gives an account these plans and this budget, in place of what it has.
    pub(crate) fn set_account(&mut self, account: AccountId, own: Vec<PlanId>, budget: Option<BudgetSpec>) {
        set(&mut self.by_account, account, Some(own).filter(|own| !own.is_empty()));
        set(&mut self.budgets, account, budget);
    }

    /// Gives a customer this warning and this discount, in place of what it has.
    pub(crate) fn set_customer(&mut self, customer: CustomerId, warning: Option<Amount>, off: Option<u16>) {
        set(&mut self.warnings, customer, warning);
        set(&mut self.subscription_discounts, customer, off);
    }

    /// Where a discount stands: the name of its plan, and its place there.
    pub(crate) fn place_name(&self, discount: usize) -> Option<(&str, usize)> {
        let plan = self.plans.get(self.plan_of(discount))?;
        Some((&plan.name, discount.checked_sub(plan.discounts.start)?))
    }

    /// The place of the discount that stands there.
    pub(crate) fn place_of(&self, plan: &str, index: usize) -> Option<usize> {
        let plan = self.plans.iter().find(|own| own.name == plan)?;
        plan.discounts.clone().nth(index)
    }

    /// The places of a plan's discounts.
    pub(crate) fn discounts_of(&self, plan: PlanId) -> impl Iterator<Item = usize> + '_ {
        self.plans.get(plan.place()).into_iter().flat_map(|plan| plan.discounts.clone())
    }

    pub(crate) fn discount(&self, place: usize) -> Option<&DiscountSpec> {
        self.discounts.get(place)
    }

    /// The number of the plan that a discount belongs to.
    pub(crate) fn plan_of(&self, discount: usize) -> usize {
        self.plans.partition_point(|plan| plan.discounts.end <= discount)
    }

    /// The name of the plan that a discount belongs to.
    pub(crate) fn plan_name(&self, discount: usize) -> &str {
        self.plans.get(self.plan_of(discount)).map_or("", |plan| &plan.name)
    }
}

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}

fn check(plan: &str, number: usize, discount: &DiscountSpec) -> Result<(), PlanError> {
    if discount.steps.is_empty() || discount.steps.len() >= usize::from(u8::MAX) {
        return Err(PlanError::NoStep { plan: plan.to_owned(), number });
    }
    let mut last = Some(0);
    for (place, step) in discount.steps.iter().enumerate() {
        let at = place + 1;
        let rises = match (last, step.up_to) {
            (None, _) => false,
            (Some(last), Some(up_to)) => up_to > last,
            (Some(_), None) => true,
        };
        if !rises {
            return Err(PlanError::Thresholds { plan: plan.to_owned(), number, step: at });
        }
        last = step.up_to;
        let below = match step.price {
            StepPrice::Off(off) => off > WHOLE,
            StepPrice::Fixed(price) => price.nanos() < 0,
            StepPrice::Full | StepPrice::Free | StepPrice::Blocked => false,
        };
        if below {
            return Err(PlanError::BelowZero { plan: plan.to_owned(), number, step: at });
        }
        let costs_nothing = match step.price {
            StepPrice::Off(off) => off == WHOLE,
            StepPrice::Fixed(price) => price.nanos() == 0,
            StepPrice::Free => true,
            StepPrice::Full | StepPrice::Blocked => false,
        };
        if discount.measure == Measure::Money && costs_nothing && step.up_to.is_some() {
            return Err(PlanError::NeverSpent { plan: plan.to_owned(), number, step: at });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;

    fn spec(steps: &[(Option<u64>, StepPrice)]) -> PlanSpec {
        let steps = steps.iter().map(|&(up_to, price)| StepSpec { up_to, price, policy: None });
        PlanSpec {
            name: "Hour".to_owned(),
            discounts: vec![DiscountSpec {
                service: Service::Voice,
                destinations: Vec::new(),
                level: None,
                measure: Measure::Units,
                period: Period::Never,
                offset: 0,
                rollover_max: 0,
                steps: steps.collect(),
            }],
        }
    }

    #[test]
    fn a_plan_that_cannot_be_followed_is_refused() {
        let mut book = PlanBook::default();
        let free = StepPrice::Free;
        for steps in [
            &[][..],
            &[(Some(0), free)],
            &[(Some(60), free), (Some(60), StepPrice::Full)],
            &[(None, free), (Some(60), StepPrice::Full)],
            &[(None, StepPrice::Off(10_001))],
        ] {
            assert!(book.add(spec(steps)).is_err(), "{steps:?}");
        }
        assert!(book.is_empty());
        assert!(book.add(spec(&[(Some(60), free), (None, StepPrice::Full)])).is_ok());
        assert_eq!(
            book.add(spec(&[(None, free)])),
            Err(PlanError::Twice { what: "discount plan", name: "Hour".to_owned() })
        );
    }
}
