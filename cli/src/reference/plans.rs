//! From the discount plans, budgets, warnings and commitments of a world to those of the charging core.

use tollgate_conformance::world::World;
use tollgate_conformance::world::plans as written;
use tollgate_ocs_core::commitments::{CommitmentSpec, FeeSpec};
use tollgate_ocs_core::plans::{
    BudgetSpec, Destinations, DiscountSpec, Measure, Period, PlanSpec, StepPrice, StepSpec,
};
use tollgate_ocs_core::{CatalogueBuilder, Price, Service};

use super::parties::Wrong;
use super::prices;
use super::world::{At as _, WorldError};

/// Adds them all; accounts, products, customers and tariffs are there already, but those that were refused: what names one
/// of these is left out. Answers with everything that is wrong.
pub(super) fn add(builder: &mut CatalogueBuilder, world: &World) -> Vec<Wrong> {
    let plans = &world.plans;
    let mut wrong: Vec<WorldError> =
        plans.plans.iter().filter_map(|plan| add_plan(builder, plan).err()).collect();
    for budget in &plans.budgets {
        let Some(account) = builder.account_named(&budget.account) else { continue };
        match prices::amount(budget.limit).at(&budget.place) {
            Ok(limit) => {
                let spec = BudgetSpec { limit, period: period(budget.period), offset: 0 };
                builder.plans().set_budget(account, spec);
            }
            Err(error) => wrong.push(error),
        }
    }
    for warning in &plans.warnings {
        let Some(customer) = builder.customer_named(&warning.customer) else { continue };
        match prices::amount(warning.owed).at(&warning.place) {
            Ok(owed) => builder.plans().set_warning(customer, owed),
            Err(error) => wrong.push(error),
        }
    }
    for discount in &plans.subscription_discounts {
        if let Some(customer) = builder.customer_named(&discount.customer) {
            builder.plans().set_subscription_discount(customer, discount.off);
        }
    }
    wrong.extend(plans.commitments.iter().filter_map(|own| add_commitment(builder, own).err()));
    wrong.into_iter().flat_map(WorldError::into_each).collect()
}

fn add_commitment(
    builder: &mut CatalogueBuilder,
    commitment: &written::Commitment,
) -> Result<(), WorldError> {
    let place = &commitment.place;
    let fees = |fees: &[written::Fee]| {
        let fee = |fee: &written::Fee| {
            Ok(FeeSpec {
                name: fee.name.to_string(),
                fee: prices::amount(fee.fee).at(place)?,
                discount: prices::amount(fee.discount).at(place)?,
            })
        };
        fees.iter().map(fee).collect::<Result<Vec<_>, WorldError>>()
    };
    let spec = CommitmentSpec {
        name: commitment.name.to_string(),
        periods: commitment.periods,
        recurring: fees(&commitment.recurring)?,
        one_time: fees(&commitment.one_time)?,
        transfer_fee: prices::amount(commitment.transfer_fee).at(place)?,
        plan: commitment.plan.as_ref().and_then(|plan| builder.plans().named(plan)),
    };
    builder.plans().commitments.add(spec).at(place)?;
    Ok(())
}

fn add_plan(builder: &mut CatalogueBuilder, plan: &written::Plan) -> Result<(), WorldError> {
    let discounts = plan.discounts.iter().map(|it| discount(builder, it)).collect::<Result<_, _>>()?;
    let spec = PlanSpec { name: plan.name.to_string(), discounts };
    let id = builder.plans().add(spec).at(&plan.place)?;
    for product in plan.products.iter().filter_map(|name| builder.product_named(name)).collect::<Vec<_>>() {
        builder.plans().give_product(product, id);
    }
    for account in plan.accounts.iter().filter_map(|name| builder.account_named(name)).collect::<Vec<_>>() {
        builder.plans().give_account(account, id);
    }
    Ok(())
}

fn discount(builder: &CatalogueBuilder, own: &written::Discount) -> Result<DiscountSpec, WorldError> {
    let service = Service::from_name(&own.service)
        .ok_or_else(|| format!("the reference OCS has no service '{}'", own.service))
        .at(&own.place)?;
    let destination = |name: &tollgate_wire::Text| {
        if name.bytes().all(|digit| digit.is_ascii_digit()) {
            return Ok(Destinations::Pattern(name.to_string()));
        }
        let group = builder.destination_group_named(name);
        let group = group.ok_or_else(|| format!("no rate calls its destination '{name}'"));
        group.map(Destinations::Group).at(&own.place)
    };
    let step = |step: &written::Step| {
        let price = match step.price {
            written::StepPrice::Full => StepPrice::Full,
            written::StepPrice::Free => StepPrice::Free,
            written::StepPrice::Blocked => StepPrice::Blocked,
            written::StepPrice::Off(off) => StepPrice::Off(off),
            written::StepPrice::Fixed(price) => {
                let nanos = price.to_scale(9).and_then(|nanos| i64::try_from(nanos).ok());
                let nanos = nanos.ok_or_else(|| format!("the price {price} cannot be held")).at(&own.place)?;
                StepPrice::Fixed(Price::from_nanos(nanos))
            }
        };
        Ok(StepSpec { up_to: step.up_to, price, policy: step.policy.as_ref().map(ToString::to_string) })
    };
    Ok(DiscountSpec {
        service,
        destinations: own.destinations.iter().map(destination).collect::<Result<_, WorldError>>()?,
        level: own.level.map(prices::peak_level),
        measure: if own.counts_money { Measure::Money } else { Measure::Units },
        period: period(own.period),
        offset: 0,
        rollover_max: own.rollover,
        steps: own.steps.iter().map(step).collect::<Result<_, WorldError>>()?,
    })
}

const fn period(written: written::Period) -> Period {
    match written {
        written::Period::Never => Period::Never,
        written::Period::Daily => Period::Daily,
        written::Period::Weekly => Period::Weekly,
        written::Period::Monthly => Period::Monthly,
    }
}
