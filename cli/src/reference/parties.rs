//! Resellers, vendors, aliases, exchange rates and options of a world, for the charging core.

use tollgate_conformance::scenario::Place;
use tollgate_conformance::world::World;
use tollgate_conformance::world::resale::{self, OptionLevel};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::parties::options::{Level, Opt, OptionTree, OptionValue};
use tollgate_ocs_core::parties::{
    ConnectionSpec, OwnerSpec, PartiesSpec, PartyTariffSpec, ResellerSpec, VendorSpec,
};
use tollgate_ocs_core::{Amount, CatalogueBuilder, Currency, CustomerSpec, Leg, Service, Settings};
use tollgate_wire::Decimal;

use super::prices;

/// What is wrong, and where it stands.
pub(super) type Wrong = (Option<Place>, String);

/// Adds the parties of a world to a catalogue in which all else stands. What the catalogue refuses it notes by itself; what
/// it could not be asked is answered.
pub(super) fn add(builder: &mut CatalogueBuilder, world: &World) -> Vec<Wrong> {
    let resale = &world.resale;
    let mut wrong = Vec::new();
    let mut spec = PartiesSpec {
        aliases: resale.aliases.iter().map(|own| (own.name.to_string(), own.account.to_string())).collect(),
        charged_to_customer: resale.charged_to_customer.iter().map(ToString::to_string).collect(),
        ..PartiesSpec::default()
    };
    for own in &resale.resellers {
        let limit = own.credit_limit.map(prices::amount).transpose();
        match money(&own.currency, own.balance).and_then(|money| Ok((money, limit?))) {
            Ok(((currency, balance), credit_limit)) => {
                let customer = CustomerSpec {
                    balance,
                    credit_limit,
                    suspended: own.suspended,
                    ..CustomerSpec::new(&own.name, currency)
                };
                drop(builder.customer(customer));
            }
            Err(reason) => wrong.push((Some(own.place.clone()), reason)),
        }
        let tariff = |(product, tariff): &(Option<_>, _)| PartyTariffSpec {
            product: product.as_ref().map(ToString::to_string),
            tariff: ToString::to_string(tariff),
        };
        spec.resellers.push(ResellerSpec {
            name: own.name.to_string(),
            owner: own.owner.as_ref().map(ToString::to_string),
            tariffs: own.tariffs.iter().map(tariff).collect(),
        });
        spec.owners.extend(
            own.customers
                .iter()
                .map(|customer| OwnerSpec { customer: customer.to_string(), reseller: own.name.to_string() }),
        );
    }
    for own in &resale.vendors {
        match money(&own.currency, own.balance) {
            Ok((currency, balance)) => spec.vendors.push(VendorSpec {
                name: own.name.to_string(),
                currency,
                balance,
                connections: own.connections.iter().map(|way| connection(world, way)).collect(),
            }),
            Err(reason) => wrong.push((Some(own.place.clone()), reason)),
        }
    }
    for own in &resale.exchange_rates {
        match exchange(own) {
            Ok(rate) => spec.exchange_rates.push(rate),
            Err(reason) => wrong.push((Some(own.place.clone()), reason)),
        }
    }
    drop(builder.parties(&spec));
    wrong
}

fn money(currency: &str, balance: Decimal) -> Result<(Currency, Amount), String> {
    Ok((prices::currency(currency)?, prices::amount(balance)?))
}

fn connection(world: &World, own: &resale::Connection) -> ConnectionSpec {
    let tariff = world.tariffs.iter().find(|tariff| tariff.name == own.tariff);
    ConnectionSpec {
        name: own.name.to_string(),
        remote_address: own.remote_address.map(|address| address.to_string()),
        route: own.route.as_ref().map(ToString::to_string),
        node: own.node.as_ref().map(ToString::to_string),
        leg: match own.leg {
            tollgate_conformance::world::Leg::Originate => Leg::Originate,
            tollgate_conformance::world::Leg::Answer => Leg::Answer,
        },
        service: tariff.and_then(|tariff| Service::from_name(&tariff.service)).unwrap_or_default(),
        tariff: own.tariff.to_string(),
    }
}

/// A decimal as a fraction in its lowest terms: 1.35 is 27/20.
fn exchange(own: &resale::ExchangeRate) -> Result<(Currency, u64, u64), String> {
    let currency = prices::currency(&own.currency)?;
    let wrong = || format!("the exchange rate {} has too many decimals or is too large", own.rate);
    let billionths = own.rate.to_scale(9).and_then(|units| u64::try_from(units).ok()).ok_or_else(wrong)?;
    let (mut common, mut rest) = (1_000_000_000, billionths);
    while rest != 0 {
        (common, rest) = (rest, common % rest);
    }
    Ok((currency, billionths / common, 1_000_000_000 / common))
}

/// The settings that the world's options make of those that it says.
pub(super) fn settings(world: &World, mut settings: Settings) -> Result<Settings, Wrong> {
    let resale = &world.resale;
    if let Some(number) = resale.environment {
        settings.env = EnvId::from_number(number);
    }
    let mut tree = OptionTree::default();
    for said in &resale.options {
        let level = match &said.level {
            OptionLevel::Global => Level::Global,
            OptionLevel::Environment(number) => Level::Environment(EnvId::from_number(*number)),
            OptionLevel::Instance(name) => Level::Instance(name.to_string()),
        };
        let value = match said.value {
            resale::OptionValue::Count(count) => OptionValue::Count(count),
            resale::OptionValue::Span(span) => OptionValue::Span(span),
        };
        Opt::from_name(&said.name)
            .and_then(|option| tree.set(level, option, value))
            .map_err(|error| (Some(said.place.clone()), error.to_string()))?;
    }
    Ok(tree.settings(settings, &resale.instance))
}
