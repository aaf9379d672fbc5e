//! From a world file to the catalogue of the charging core and the clients of its gateway.

use std::collections::BTreeMap;

use tollgate_conformance::scenario::Place;
use tollgate_conformance::world::{self, AccountType, DynamicAuthorization, PriceUnit, World};
use tollgate_ocs_core::{
    AccountSpec, BillingModel, CallLimits, Catalogue, CatalogueBuilder, CatalogueError, CustomerSpec,
    DestinationSpec, DialingRules, Leg, NodeSpec, ProductSpec, RateSpec, RateTerms, RatingEntrySpec, Service,
    Settings, TariffSpec, Unit, VoucherSpec,
};
use tollgate_ocs_gateway::templates::Templates;
use tollgate_ocs_gateway::{Abilities, Client, Clients, Route, Routes};
use tollgate_wire::Text;

use super::{parties, prices};

/// A part of the world that the reference OCS cannot hold: the place, and the reason.
#[derive(Debug, Clone)]
pub(crate) struct WorldError {
    place: Option<Place>,
    reason: String,
}

impl std::fmt::Display for WorldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Some(place) => {
                write!(f, "{}:{}:{}: {}", place.file.display(), place.line, place.column, self.reason)
            }
            None => f.write_str(&self.reason),
        }
    }
}

pub(super) trait At<T> {
    /// The error with the place of what was being read.
    fn at(self, place: &Place) -> Result<T, WorldError>;
}

impl<T, E: ToString> At<T> for Result<T, E> {
    fn at(self, place: &Place) -> Result<T, WorldError> {
        self.map_err(|error| WorldError { place: Some(place.clone()), reason: error.to_string() })
    }
}

impl From<CatalogueError> for WorldError {
    fn from(error: CatalogueError) -> Self {
        Self { place: None, reason: error.to_string() }
    }
}

/// Several problems as one: each on a line of its own with its place, the first with the error's.
fn several(wrong: Vec<parties::Wrong>) -> WorldError {
    let mut wrong = wrong.into_iter().map(|(place, reason)| WorldError { place, reason });
    let first = wrong.next().unwrap_or_else(|| WorldError { place: None, reason: String::new() });
    let reason = wrong.fold(first.reason, |text, next| format!("{text}\n{next}"));
    WorldError { place: first.place, reason }
}

/// The clients of a world.
pub(crate) fn clients(world: &World) -> Result<Clients, WorldError> {
    let client = |node: &world::Node| -> Result<Client, WorldError> {
        let mut client = Client::new(node.name.clone(), node.address, node.secret.as_str());
        client.require_message_authenticator = node.require_message_authenticator;
        client.trusted = node.trusted;
        client.abilities = match node.dynamic_authorization {
            DynamicAuthorization::None => Abilities::Nothing,
            DynamicAuthorization::Disconnect => Abilities::Disconnect,
            DynamicAuthorization::Coa => Abilities::Change,
        };
        client.dynamic_port = node.dynamic_port;
        client.templates = templates(&node.response_templates)?;
        Ok(client)
    };
    let clients = world.nodes.iter().map(client).collect::<Result<Vec<_>, _>>()?;
    Clients::new(clients).map_err(|error| WorldError { place: None, reason: error.to_string() })
}

fn templates(lines: &[(Text, Place)]) -> Result<Templates, WorldError> {
    let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
    Templates::parse(&texts).map_err(|(line, error)| WorldError {
        place: lines.get(line).map(|(_, place)| place.clone()),
        reason: format!("response template: {error}"),
    })
}

fn call_limits(limits: world::CallLimits) -> Option<CallLimits> {
    let world::CallLimits { calls, kbps } = limits;
    (calls.is_some() || kbps.is_some()).then_some(CallLimits { calls, kbps })
}

/// The catalogue of a world.
pub(crate) fn catalogue(world: &World) -> Result<Catalogue, WorldError> {
    let dialing: Dialing =
        world.dialing_rules.iter().map(|rule| (rule.name.as_str(), dialing(rule))).collect();
    let mut builder = CatalogueBuilder::new(settings(world)?)?;
    if let Some(kbps) = world.settings.call_bandwidth {
        builder.call_bandwidth(kbps);
    }
    for node in &world.nodes {
        let spec = NodeSpec {
            name: node.name.to_string(),
            address: node.address.to_string(),
            dialing: named(&dialing, node.dialing_rule.as_deref()),
        };
        builder.node(spec).at(&node.place)?;
    }
    for tariff in &world.tariffs {
        add_tariff(&mut builder, tariff)?;
    }
    for product in &world.products {
        add_product(&mut builder, product)?;
    }
    for customer in &world.customers {
        add_customer(&mut builder, customer, &dialing)?;
    }
    for account in &world.accounts {
        add_account(&mut builder, world, account)?;
    }
    for voucher in &world.vouchers {
        add_voucher(&mut builder, voucher)?;
    }
    super::plans::add(&mut builder, world)?;
    parties::add(&mut builder, world).map_err(several)?;
    Ok(builder.finish()?)
}

type Dialing<'a> = BTreeMap<&'a str, DialingRules>;

fn named(dialing: &Dialing<'_>, name: Option<&str>) -> Option<DialingRules> {
    name.and_then(|name| dialing.get(name)).cloned()
}

fn settings(world: &World) -> Result<Settings, WorldError> {
    let no_place = |reason: String| WorldError { place: None, reason };
    let written = &world.settings;
    let mut settings = Settings::new(prices::currency(&world.currency).map_err(no_place)?);
    settings.password_attempts_max = u8::try_from(written.password_attempts_max)
        .map_err(|_| no_place("password-attempts-max is at most 255".to_owned()))?;
    settings.lockout = written.lockout;
    settings.login_lock = written.login_lock;
    settings.start_wait = written.session_expiry;
    settings.stop_grace = written.session_expiry;
    settings.grant_secs_max = written.grant_max.map(|longest| longest.as_secs().max(1));
    parties::settings(world, settings).map_err(|(place, reason)| WorldError { place, reason })
}

fn dialing(rule: &world::DialingRule) -> DialingRules {
    DialingRules {
        international_prefixes: rule.international_prefixes.iter().map(ToString::to_string).collect(),
        national_prefix: rule.national_prefix.as_ref().map(ToString::to_string),
        country_code: Some(rule.country_code.to_string()),
        area_code: rule.area_code.as_ref().map(ToString::to_string),
        local_digits: rule.local_length,
        national_digits: rule.national_length,
    }
}

fn add_tariff(builder: &mut CatalogueBuilder, tariff: &world::Tariff) -> Result<(), WorldError> {
    let service = Service::from_name(&tariff.service)
        .ok_or_else(|| format!("the reference OCS has no service '{}'", tariff.service))
        .at(&tariff.place)?;
    let spec = TariffSpec {
        name: tariff.name.to_string(),
        currency: prices::currency(&tariff.currency).at(&tariff.place)?,
        service,
    };
    let id = builder.tariff(spec).at(&tariff.place)?;
    if let Some(peaks) = &tariff.peaks {
        builder.peaks(id, prices::peaks(peaks)).at(&tariff.place)?;
    }
    let tariff_fee = prices::amount(tariff.connect_fee).at(&tariff.place)?;
    for rate in &tariff.rates {
        check_unit(service, rate).at(&rate.place)?;
        let (first, next, price_unit) = prices::intervals(rate.first, rate.next).at(&rate.place)?;
        let fee = rate.connect_fee.map(prices::amount).transpose().at(&rate.place)?;
        // Several tariffs may name one prefix; the first name that it gets stays.
        let known = builder.destination(DestinationSpec {
            pattern: rate.prefix.to_string(),
            group: Some(rate.destination.to_string()).filter(|group| !group.is_empty()),
        });
        if !matches!(known, Ok(_) | Err(CatalogueError::Twice { .. })) {
            known.at(&rate.place)?;
        }
        let spec = RateSpec {
            pattern: rate.prefix.to_string(),
            first,
            next,
            price_unit: Some(price_unit),
            connect_fee: fee.unwrap_or(tariff_fee),
            free_units: u64::from(tariff.free_seconds),
            forbidden: rate.forbidden,
            terms: RateTerms {
                off_peak: prices::level(rate.off_peak, rate.first, price_unit).at(&rate.place)?,
                second_off_peak: prices::level(rate.second_off_peak, rate.first, price_unit)
                    .at(&rate.place)?,
                minimum_units: rate.minimum,
                minimum_amount: prices::amount(rate.minimum_amount).at(&rate.place)?,
                surcharge: rate.surcharge,
                effective_from: rate.effective_from,
                discontinued: rate.discontinued,
            },
        };
        builder.rate(id, spec).at(&rate.place)?;
    }
    Ok(())
}

/// A price is for what its service is counted in.
fn check_unit(service: Service, rate: &world::Rate) -> Result<(), String> {
    let goes = match service.unit() {
        Unit::Second => rate.first.per.is_time(),
        Unit::Octet => rate.first.per.is_volume(),
        Unit::Piece => rate.first.per == PriceUnit::Piece,
    };
    // What cannot be had has no price.
    if goes || rate.forbidden || rate.discontinued {
        return Ok(());
    }
    let write = match service.unit() {
        Unit::Second => "0.02/min",
        Unit::Octet => "0.10/MiB",
        Unit::Piece => "0.99/unit",
    };
    Err(format!("the service '{}' is not priced in this unit; write it as {write}", service.name()))
}

/// The carriers of SIP calls.
pub(crate) fn routes(world: &World) -> Routes {
    let routes = world.routes.iter().map(|route| Route {
        name: route.name.clone(),
        prefix: route.prefix.clone(),
        address: route.address,
        preference: route.preference,
        auth: route.auth.clone(),
        rtpp_level: route.rtpp_level,
    });
    Routes::new(routes.collect())
}

fn add_voucher(builder: &mut CatalogueBuilder, voucher: &world::Voucher) -> Result<(), WorldError> {
    let spec = VoucherSpec {
        id: voucher.id.to_string(),
        amount: prices::amount(voucher.amount).at(&voucher.place)?,
        currency: prices::currency(&voucher.currency).at(&voucher.place)?,
        expires_at: voucher.expires,
    };
    builder.voucher(spec).at(&voucher.place)
}

fn add_product(builder: &mut CatalogueBuilder, product: &world::Product) -> Result<(), WorldError> {
    let spec = ProductSpec {
        name: product.name.to_string(),
        currency: prices::currency(&product.currency).at(&product.place)?,
        breakage: prices::amount(product.breakage).at(&product.place)?,
        language: None,
    };
    let id = builder.product(spec).at(&product.place)?;
    if product.split_by_level {
        builder.split_by_level(id).at(&product.place)?;
    }
    for entry in &product.rating {
        let service = Service::from_name(&entry.service)
            .ok_or_else(|| format!("the reference OCS has no service '{}'", entry.service))
            .at(&entry.place)?;
        let tariff = builder
            .tariff_named(&entry.tariff)
            .ok_or_else(|| format!("there is no tariff '{}'", entry.tariff))
            .at(&entry.place)?;
        let spec = RatingEntrySpec {
            access_code: entry.access_code.as_ref().map(ToString::to_string),
            service,
            leg: Some(match entry.leg {
                world::Leg::Originate => Leg::Originate,
                world::Leg::Answer => Leg::Answer,
            }),
            tariff,
        };
        builder.rating_entry(id, spec).at(&entry.place)?;
    }
    Ok(())
}

fn add_customer(
    builder: &mut CatalogueBuilder,
    customer: &world::Customer,
    dialing: &Dialing<'_>,
) -> Result<(), WorldError> {
    let currency = prices::currency(&customer.currency).at(&customer.place)?;
    let spec = CustomerSpec {
        balance: prices::amount(customer.balance).at(&customer.place)?,
        credit_limit: customer.credit_limit.map(prices::amount).transpose().at(&customer.place)?,
        suspended: customer.suspended,
        dialing: named(dialing, customer.dialing_rule.as_deref()),
        ..CustomerSpec::new(&customer.name, currency)
    };
    let id = builder.customer(spec).at(&customer.place)?;
    if let Some(limits) = call_limits(customer.call_limits) {
        builder.limit_customer(id, limits);
    }
    Ok(())
}

fn add_account(
    builder: &mut CatalogueBuilder,
    world: &World,
    account: &world::Account,
) -> Result<(), WorldError> {
    let place = &account.place;
    let product = world.products.iter().find(|product| product.name == account.product);
    let currency = product.map_or(world.currency.as_str(), |product| product.currency.as_str());
    let missing = |what: &str, name: &str| format!("there is no {what} '{name}'");
    let spec = AccountSpec {
        id: account.id.to_string(),
        billing_model: match account.kind {
            AccountType::Debit => BillingModel::Debit,
            AccountType::Credit => BillingModel::Credit,
        },
        currency: prices::currency(currency).at(place)?,
        balance: prices::amount(account.balance).at(place)?,
        credit_limit: account.credit_limit.map(prices::amount).transpose().at(place)?,
        password: Some(account.password.to_string()).filter(|password| !password.is_empty()),
        product: builder
            .product_named(&account.product)
            .ok_or_else(|| missing("product", &account.product))
            .at(place)?,
        customer: builder
            .customer_named(&account.customer)
            .ok_or_else(|| missing("customer", &account.customer))
            .at(place)?,
        language: Some(account.language.to_string()).filter(|language| !language.is_empty()),
        blocked: account.blocked,
        expires_at: account.expires,
    };
    let id = builder.account(spec).at(place)?;
    if let Some(limits) = call_limits(account.call_limits) {
        builder.limit_account(id, limits);
    }
    Ok(())
}
