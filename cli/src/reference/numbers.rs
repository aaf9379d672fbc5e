//! Routing plans, numbers of the inventory, deliveries, pick-up groups, customer service and hairpins of a world, for the
//! charging core.

use std::net::IpAddr;

use tollgate_conformance::scenario::Place;
use tollgate_conformance::world::World;
use tollgate_conformance::world::local::{self, Target};
use tollgate_conformance::world::numbers::RoutingPlan;
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{CatalogueBuilder, Delivery, RoutingPlanSpec};
use tollgate_ocs_gateway::{Contact, LocalDelivery, Redirects, Unreached, Untrusted, Voicemail};
use tollgate_wire::Text;

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
            Some(Target::Number(number)) => Delivery::Number(number.as_str().into()),
            Some(Target::Server(contact, _)) => Delivery::Server(contact.address),
            // How telephones are reached is no business of the core.
            Some(Target::Contact(_)) | None => continue,
        };
        let added = account_of(builder, &own.account)
            .and_then(|account| builder.delivery(account, to).map_err(|error| error.to_string()));
        check(&own.place, added);
    }
    for own in &numbers.interconnections {
        own.addresses.iter().for_each(|address| builder.interconnection(*address));
        for name in &own.moved {
            let system = EnvId::from_number(own.environment);
            check(&own.place, account_of(builder, name).map(|account| builder.moved(account, system)));
        }
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

/// How calls to accounts are delivered, for whoever tells SIP servers their routes.
pub(super) fn deliveries(world: &World) -> impl Iterator<Item = (Text, LocalDelivery)> {
    world.numbers.deliveries.iter().map(|own| {
        let contact = match &own.to {
            Some(Target::Contact(at)) => Some(contact(at, None)),
            Some(Target::Server(at, redirects)) => Some(contact(at, Some(redirects))),
            Some(Target::Number(_)) | None => None,
        };
        let voicemail = own.voicemail.as_ref().map(|own| Voicemail {
            address: own.at.address,
            port: own.at.port,
            cld: own.at.cld.clone(),
            when: Unreached::ALL.into_iter().filter(|reason| own.when.contains(&reason.name())).collect(),
        });
        (own.account.clone(), LocalDelivery { contact, voicemail, ring: own.ring })
    })
}

fn contact(at: &local::Contact, redirects: Option<&local::Redirects>) -> Contact {
    let redirects = redirects.map(|own| Redirects {
        trusted: own.trusted.clone(),
        untrusted: if own.new_call_authorization {
            Untrusted::NewCallAuthorization
        } else {
            Untrusted::Reject
        },
    });
    Contact { address: at.address, port: at.port, cld: at.cld.clone(), redirects }
}

/// Where other systems take calls.
pub(super) fn systems(world: &World) -> impl Iterator<Item = (EnvId, IpAddr)> {
    let first =
        |own: &local::Interconnection| Some((EnvId::from_number(own.environment), *own.addresses.first()?));
    world.numbers.interconnections.iter().filter_map(first)
}
