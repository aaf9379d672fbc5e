//! Discount plans as the catalogue describes them.

use crate::catalogue::PeakLevel;
use crate::ids::{DestinationGroupId, DestinationId};
use crate::money::Price;
use crate::service::Service;

use super::calendar::Period;

/// A volume discount plan: discounts by destination and peak level, of which the first that fits counts.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanSpec {
    /// Its name.
    pub name: String,
    /// Its discounts.
    pub discounts: Vec<DiscountSpec>,
}

/// What a plan grants on some destinations, by how much was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscountSpec {
    /// The service whose usage is counted.
    pub service: Service,
    /// What is counted; nothing means everything.
    pub destinations: Vec<Destinations>,
    /// The peak level whose usage is counted; `None` for all. Usage of a rate without levels is peak usage.
    pub level: Option<PeakLevel>,
    /// What thresholds are in.
    pub measure: Measure,
    /// How often the counter begins anew.
    pub period: Period,
    /// Seconds east of UTC by which periods are reckoned.
    pub offset: i32,
    /// The most of a quota that is left at the end of a period and is there in the next, in its measure; 0 for none.
    pub rollover_max: u64,
    /// Its steps by rising threshold. Past the last threshold usage costs what it costs without the plan.
    pub steps: Vec<StepSpec>,
}

/// What is counted towards thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Measure {
    /// Charged units of the service.
    #[default]
    Units,
    /// What units cost with all plans, without fees, minimums and surcharges; thresholds and what rolls over are in 10⁻⁵
    /// of the currency unit. A unit belongs to the step in which it begins.
    Money,
}

/// How much of a counter of money is 10⁻⁵: it counts in 10⁻¹².
const COUNTED_PER_AMOUNT: u64 = 10_000_000;

/// Which destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destinations {
    /// Those of a group.
    Group(DestinationGroupId),
    /// Those whose pattern begins so.
    Pattern(String),
}

/// What usage costs up to a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSpec {
    /// The threshold, from the period's beginning, in what the discount measures; `None`, for the last, without end.
    pub up_to: Option<u64>,
    /// What it costs.
    pub price: StepPrice,
    /// The name of the access policy that holds meanwhile.
    pub policy: Option<String>,
}

/// What usage costs in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPrice {
    /// What the tariff says, or the next plan.
    Full,
    /// What the tariff says less so many hundredths of a per cent.
    Off(u16),
    /// A price in place of the tariff's, for the rate's price unit.
    Fixed(Price),
    /// Nothing: a quota.
    Free,
    /// It is refused.
    Blocked,
}

impl DiscountSpec {
    pub(crate) fn fits(
        &self,
        service: Service,
        (_, pattern, group): (DestinationId, &str, Option<DestinationGroupId>),
    ) -> bool {
        let mut all = self.destinations.iter();
        self.service == service
            && (self.destinations.is_empty()
                || all.any(|it| match it {
                    Destinations::Group(own) => group == Some(*own),
                    Destinations::Pattern(own) => pattern.starts_with(own.as_str()),
                }))
    }

    /// How much a step has room for, as counters count, the first one moved by `shift`; what is behind the last has no end.
    pub(crate) fn width(&self, step: usize, shift: u64) -> u64 {
        let end = |step: usize| self.steps.get(step).and_then(|step| step.up_to).map(|end| self.counted(end));
        let Some(end_of) = end(step) else { return u64::MAX };
        match step.checked_sub(1).and_then(end) {
            Some(before) => end_of.saturating_sub(before),
            None => end_of.saturating_add(shift),
        }
    }

    /// What the first step gives, while it gives something: the quota, or the volume before another discount.
    pub(crate) fn quota(&self) -> Option<u64> {
        let given = self.steps.first().filter(|step| step.price != StepPrice::Full);
        given.and_then(|step| step.up_to).map(|end| self.counted(end))
    }

    /// A threshold as counters count.
    pub(crate) const fn counted(&self, threshold: u64) -> u64 {
        match self.measure {
            Measure::Units => threshold,
            Measure::Money => threshold.saturating_mul(COUNTED_PER_AMOUNT),
        }
    }
}

/// A plan, budget, warning or commitment cannot be taken into the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The name is empty.
    #[error("a {what} has no name")]
    NoName {
        /// What kind of thing.
        what: &'static str,
    },
    /// The name is taken.
    #[error("there are two of {what} '{name}'; names must differ")]
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A commitment with discounts and no periods.
    #[error(
        "commitment '{name}' has discounts and no periods, so that no penalty could be reckoned; say `periods`"
    )]
    NoPeriods {
        /// Its name.
        name: String,
    },
    /// A discount has no step, or too many.
    #[error("discount {number} of plan '{plan}' has no step, or more than 254")]
    NoStep {
        /// The plan.
        plan: String,
        /// The discount, from 1.
        number: usize,
    },
    /// Thresholds do not rise, or one stands behind a step without end.
    #[error("discount {number} of plan '{plan}': threshold {step} is not above the one before it")]
    Thresholds {
        /// The plan.
        plan: String,
        /// The discount, from 1.
        number: usize,
        /// The step, from 1.
        step: usize,
    },
    /// More than the whole is taken off, or a price is below zero.
    #[error("discount {number} of plan '{plan}': the price of step {step} is below zero")]
    BelowZero {
        /// The plan.
        plan: String,
        /// The discount, from 1.
        number: usize,
        /// The step, from 1.
        step: usize,
    },
    /// Nothing is spent in a step that ends where a sum is spent.
    #[error("discount {number} of plan '{plan}': step {step} costs nothing, so that its sum is never spent")]
    NeverSpent {
        /// The plan.
        plan: String,
        /// The discount, from 1.
        number: usize,
        /// The step, from 1.
        step: usize,
    },
    /// An amount is below zero, or takes more off than there is.
    #[error("{what} '{name}': {field} is out of its range")]
    Amount {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// Which figure.
        field: &'static str,
    },
    /// There is no such thing.
    #[error("there is no {what} '{name}'")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
}
