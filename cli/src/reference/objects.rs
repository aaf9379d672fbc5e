//! The objects of one environment of a world, brought to the catalogue one by one. What cannot be taken is noted by the
//! builder under its path, and what hangs on it is left out without another word; [`place`] finds the path in the file.

use std::collections::BTreeMap;

use tollgate_conformance::scenario::Place;
use tollgate_conformance::world::{self, AccountType, PriceUnit, World};
use tollgate_ocs_core::{
    AccountSpec, BillingModel, CallLimits, CatalogueBuilder, CataloguePath, CustomerSpec, DestinationSpec,
    DialingRules, Leg, NodeSpec, ProductSpec, RateSpec, RateTerms, RatingEntrySpec, Service, TariffSpec,
    Unit, VoucherSpec,
};

use super::prices;

/// Brings nodes, tariffs, products, customers, accounts and vouchers.
pub(super) fn add(builder: &mut CatalogueBuilder, world: &World) {
    let dialing: Dialing =
        world.dialing_rules.iter().map(|rule| (rule.name.as_str(), dialing(rule))).collect();
    for node in &world.nodes {
        let spec = NodeSpec {
            name: node.name.to_string(),
            address: node.address.to_string(),
            dialing: named(&dialing, node.dialing_rule.as_deref()),
        };
        // Noted, and nothing hangs on it.
        drop(builder.node(spec));
    }
    world.tariffs.iter().for_each(|tariff| add_tariff(builder, tariff));
    world.products.iter().for_each(|product| add_product(builder, world, product));
    for customer in &world.customers {
        let id = customer_spec(customer, &dialing)
            .map_err(|why| builder.refuse(CataloguePath::new("customers", &customer.name), why))
            .and_then(|spec| builder.customer(spec).map_err(drop));
        if let (Ok(id), Some(limits)) = (id, call_limits(customer.call_limits)) {
            builder.limit_customer(id, limits);
        }
    }
    world.accounts.iter().for_each(|account| add_account(builder, world, account));
    for voucher in &world.vouchers {
        match voucher_spec(voucher) {
            Ok(spec) => drop(builder.voucher(spec)),
            Err(why) => builder.refuse(CataloguePath::new("vouchers", &voucher.id), why),
        }
    }
}

/// Where the object of a path stands in the file.
pub(super) fn place<'w>(world: &'w World, path: &CataloguePath) -> Option<&'w Place> {
    let world = match path.env() {
        None => world,
        Some(env) => world.environments.iter().find(|own| own.resale.environment == Some(env.number()))?,
    };
    let (name, resale) = (path.name(), &world.resale);
    let part = path.place();
    Some(match path.section() {
        "nodes" => &world.nodes.iter().find(|own| own.name == name)?.place,
        "tariffs" => {
            let tariff = world.tariffs.iter().find(|own| own.name == name)?;
            part.and_then(|(_, at)| tariff.rates.get(at)).map_or(&tariff.place, |rate| &rate.place)
        }
        "products" => {
            let product = world.products.iter().find(|own| own.name == name)?;
            part.and_then(|(_, at)| product.rating.get(at)).map_or(&product.place, |entry| &entry.place)
        }
        "customers" => &world.customers.iter().find(|own| own.name == name)?.place,
        "accounts" => &world.accounts.iter().find(|own| own.id == name)?.place,
        "vouchers" => &world.vouchers.iter().find(|own| own.id == name)?.place,
        "resellers" => &resale.resellers.iter().find(|own| own.name == name)?.place,
        "vendors" => &resale.vendors.iter().find(|own| own.name == name)?.place,
        "connections" => {
            let mut all = resale.vendors.iter().flat_map(|own| &own.connections);
            &all.find(|own| own.name == name)?.place
        }
        "exchange-rates" => &resale.exchange_rates.iter().find(|own| own.currency == name)?.place,
        "aliases" => &resale.aliases.iter().find(|own| own.name == name)?.place,
        _ => return None,
    })
}

type Dialing<'a> = BTreeMap<&'a str, DialingRules>;

fn named(dialing: &Dialing<'_>, name: Option<&str>) -> Option<DialingRules> {
    name.and_then(|name| dialing.get(name)).cloned()
}

fn dialing(rule: &world::DialingRule) -> DialingRules {
    DialingRules {
        international_prefixes: rule.international_prefixes.iter().map(ToString::to_string).collect(),
        national_prefix: rule.national_prefix.as_ref().map(ToString::to_string),
        country_code: Some(rule.country_code.to_string()),
        area_code: rule.area_code.as_ref().map(ToString::to_string),
        local_digits: rule.local_length,
        national_digits: rule.national_length,
        translations: rule.translations.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect(),
    }
}

fn call_limits(limits: world::CallLimits) -> Option<CallLimits> {
    let world::CallLimits { calls, kbps } = limits;
    (calls.is_some() || kbps.is_some()).then_some(CallLimits { calls, kbps })
}

fn service_named(name: &str) -> Result<Service, String> {
    Service::from_name(name).ok_or_else(|| format!("the reference OCS has no service '{name}'"))
}

fn add_tariff(builder: &mut CatalogueBuilder, tariff: &world::Tariff) {
    let at = || CataloguePath::new("tariffs", &tariff.name);
    let read =
        service_named(&tariff.service).and_then(|service| Ok((service, prices::currency(&tariff.currency)?)));
    let (service, currency) = match read {
        Ok(read) => read,
        Err(why) => return builder.refuse(at(), why),
    };
    let Ok(id) = builder.tariff(TariffSpec { name: tariff.name.to_string(), currency, service }) else {
        return;
    };
    let peaks = tariff.peaks.as_ref().map(prices::peaks);
    if peaks.is_some_and(|peaks| builder.peaks(id, peaks).is_err()) {
        // Every rate with off-peak prices would be wrong for that reason alone.
        return;
    }
    for rate in &tariff.rates {
        let spec = match rate_spec(service, tariff, rate) {
            Ok(spec) => spec,
            Err(why) => {
                builder.refuse_rate(id, why);
                continue;
            }
        };
        let group = Some(rate.destination.to_string()).filter(|group| !group.is_empty());
        if builder.rate(id, spec).is_ok() {
            drop(builder.destination(DestinationSpec { pattern: rate.prefix.to_string(), group }));
        }
    }
}

fn rate_spec(service: Service, tariff: &world::Tariff, rate: &world::Rate) -> Result<RateSpec, String> {
    check_unit(service, rate)?;
    let (first, next, price_unit) = prices::intervals(rate.first, rate.next)?;
    Ok(RateSpec {
        pattern: rate.prefix.to_string(),
        first,
        next,
        price_unit: Some(price_unit),
        connect_fee: prices::amount(rate.connect_fee.unwrap_or(tariff.connect_fee))?,
        free_units: u64::from(tariff.free_seconds),
        forbidden: rate.forbidden,
        terms: RateTerms {
            off_peak: prices::level(rate.off_peak, rate.first, price_unit)?,
            second_off_peak: prices::level(rate.second_off_peak, rate.first, price_unit)?,
            minimum_units: rate.minimum,
            minimum_amount: prices::amount(rate.minimum_amount)?,
            surcharge: rate.surcharge,
            effective_from: rate.effective_from,
            discontinued: rate.discontinued,
        },
    })
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

fn add_product(builder: &mut CatalogueBuilder, world: &World, product: &world::Product) {
    let read = prices::currency(&product.currency)
        .and_then(|currency| Ok((currency, prices::amount(product.breakage)?)));
    let (currency, breakage) = match read {
        Ok(read) => read,
        Err(why) => return builder.refuse(CataloguePath::new("products", &product.name), why),
    };
    let spec = ProductSpec { name: product.name.to_string(), currency, breakage, language: None };
    let Ok(id) = builder.product(spec) else { return };
    builder.precedence(id, product.precedence);
    if product.split_by_level {
        drop(builder.split_by_level(id));
    }
    for entry in &product.rating {
        let service = match service_named(&entry.service) {
            Ok(service) => service,
            Err(why) => {
                builder.refuse_rating_entry(id, Some(why));
                continue;
            }
        };
        let Some(tariff) = builder.tariff_named(&entry.tariff) else {
            // A tariff that was refused is told of already.
            let refused = world.tariffs.iter().any(|tariff| tariff.name == entry.tariff);
            let why = (!refused).then(|| format!("there is no tariff '{}'", entry.tariff));
            builder.refuse_rating_entry(id, why);
            continue;
        };
        let leg = match entry.leg {
            world::Leg::Originate => Leg::Originate,
            world::Leg::Answer => Leg::Answer,
        };
        let access_code = entry.access_code.as_ref().map(ToString::to_string);
        drop(builder.rating_entry(id, RatingEntrySpec { access_code, service, leg: Some(leg), tariff }));
    }
}

fn customer_spec(customer: &world::Customer, dialing: &Dialing<'_>) -> Result<CustomerSpec, String> {
    let currency = prices::currency(&customer.currency)?;
    Ok(CustomerSpec {
        balance: prices::amount(customer.balance)?,
        credit_limit: customer.credit_limit.map(prices::amount).transpose()?,
        suspended: customer.suspended,
        dialing: named(dialing, customer.dialing_rule.as_deref()),
        ..CustomerSpec::new(&customer.name, currency)
    })
}

fn add_account(builder: &mut CatalogueBuilder, world: &World, account: &world::Account) {
    let known = builder.product_named(&account.product).zip(builder.customer_named(&account.customer));
    let written = world.products.iter().find(|product| product.name == account.product);
    let Some((product, customer)) = known else {
        // One that was refused is told of already.
        let missing = if written.is_none() {
            Some(("product", &account.product))
        } else {
            let own = world.customers.iter().any(|customer| customer.name == account.customer);
            (!own).then_some(("customer", &account.customer))
        };
        if let Some((what, name)) = missing {
            let at = CataloguePath::new("accounts", &account.id);
            builder.refuse(at, format!("there is no {what} '{name}'"));
        }
        return;
    };
    let currency = written.map_or(world.currency.as_str(), |product| product.currency.as_str());
    let spec = || -> Result<AccountSpec, String> {
        Ok(AccountSpec {
            id: account.id.to_string(),
            billing_model: match account.kind {
                AccountType::Debit => BillingModel::Debit,
                AccountType::Credit => BillingModel::Credit,
            },
            currency: prices::currency(currency)?,
            balance: prices::amount(account.balance)?,
            credit_limit: account.credit_limit.map(prices::amount).transpose()?,
            password: Some(account.password.to_string()).filter(|password| !password.is_empty()),
            product,
            customer,
            language: Some(account.language.to_string()).filter(|language| !language.is_empty()),
            blocked: account.blocked,
            expires_at: account.expires,
        })
    };
    let id = match spec() {
        Ok(spec) => builder.account(spec),
        Err(why) => return builder.refuse(CataloguePath::new("accounts", &account.id), why),
    };
    let Ok(id) = id else { return };
    for add_on in account.add_ons.iter().filter_map(|name| builder.product_named(name)).collect::<Vec<_>>() {
        drop(builder.add_on(id, add_on));
    }
    if let Some(limits) = call_limits(account.call_limits) {
        builder.limit_account(id, limits);
    }
}

fn voucher_spec(voucher: &world::Voucher) -> Result<VoucherSpec, String> {
    Ok(VoucherSpec {
        id: voucher.id.to_string(),
        amount: prices::amount(voucher.amount)?,
        currency: prices::currency(&voucher.currency)?,
        expires_at: voucher.expires,
    })
}
