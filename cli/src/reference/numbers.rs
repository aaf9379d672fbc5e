//! Routing plans, numbers of the inventory, deliveries, pick-up groups, customer service and hairpins of a world, for the
//! charging core.

use tollgate_conformance::scenario::Place;
use tollgate_conformance::world::World;
use tollgate_conformance::world::numbers::{RoutingPlan, Target};
use tollgate_ocs_core::{CatalogueBuilder, Delivery, RoutingPlanSpec};

use super::parties::Wrong;

/// Adds them to a catalogue in which all else stands.
pub(super) fn add(builder: &mut CatalogueBuilder, world: &World) -> Result<(), Vec<Wrong>> {
    let numbers = &world.numbers;
    let mut wrong: Vec<Wrong> = Vec::new();
    let mut check = |place: &Place, result: Result<(), String>| {
        wrong.extend(result.err().map(|reason| (Some(place.clone()), reason)));
    };
    for own in &numbers.routing_plans {
        check(&own.place, routing_plan(builder, own));
    }
    for own in &numbers.dids {
        let account = own.account.as_deref().map(|account| account_of(builder, account)).transpose();
        let added =
            account.and_then(|account| builder.did(&own.number, account).map_err(|error| error.to_string()));
        check(&own.place, added);
    }
    for own in &numbers.deliveries {
        let to = match &own.to {
            Target::Number(number) => Delivery::Number(number.as_str().into()),
            Target::Server(address) => Delivery::Server(*address),
        };
        let added = account_of(builder, &own.account)
            .and_then(|account| builder.delivery(account, to).map_err(|error| error.to_string()));
        check(&own.place, added);
    }
    for group in &numbers.pickup_groups {
        let members: Vec<_> = group.iter().filter_map(|name| builder.account_named(name)).collect();
        builder.pickup_group(&members);
    }
    for own in &numbers.customer_service {
        let product =
            builder.product_named(&own.of).ok_or_else(|| format!("there is no product '{}'", own.of));
        let added = product.and_then(|product| {
            builder.customer_service(product, &own.number).map_err(|error| error.to_string())
        });
        check(&own.place, added);
    }
    for own in &numbers.hairpins {
        let prefixes: Vec<String> = own.prefixes.iter().map(ToString::to_string).collect();
        check(&own.place, builder.hairpin(&own.node, &prefixes).map_err(|error| error.to_string()));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn account_of(builder: &CatalogueBuilder, name: &str) -> Result<tollgate_ocs_core::ids::AccountId, String> {
    builder.account_named(name).ok_or_else(|| format!("there is no account '{name}'"))
}

fn routing_plan(builder: &mut CatalogueBuilder, own: &RoutingPlan) -> Result<(), String> {
    let product =
        |name: &str| builder.product_named(name).ok_or_else(|| format!("there is no product '{name}'"));
    let tariff =
        |name: &str| builder.tariff_named(name).ok_or_else(|| format!("there is no tariff '{name}'"));
    let tariffs = own.tariffs.iter().map(|(of, by)| Ok((product(of)?, tariff(by)?)));
    let spec = RoutingPlanSpec {
        name: own.name.to_string(),
        select_code: own.select_code.to_string(),
        tariffs: tariffs.collect::<Result<_, String>>()?,
        default_for: own.default_for.iter().map(|of| product(of)).collect::<Result<_, _>>()?,
    };
    builder.routing_plan(&spec).map_err(|error| error.to_string())
}
