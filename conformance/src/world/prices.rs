//! Tariffs and products of a world file.

use std::collections::BTreeMap;

use tollgate_time::Instant;
use tollgate_wire::{Decimal, Text};

use super::load::{Names, check_currency, currency_of, digits, reference, word};
use super::model::{Interval, Leg, PriceUnit, Product, Rate, RatingEntry, Tariff};
use super::peaks::{LEVEL_KEYS, peaks, percent};
use crate::diagnostics::{Collector, Problem, Span, shown};
use crate::scenario::read;
use crate::scenario::values::{self, ValueError};
use crate::yaml::{Entry, Keys, Kind, Node};

/// Amounts are kept in 10⁻⁵ of the currency unit.
const AMOUNT_DECIMALS: u8 = 5;
/// Prices are kept in 10⁻⁹.
const PRICE_DECIMALS: u8 = 9;

/// One entry of `tariffs:`.
pub(super) fn tariff(entry: &Entry, names: &Names<'_>, collector: &mut Collector) -> Option<Tariff> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a tariff", collector)?;
    let currency = currency_of(keys.value("currency"), &entry.key, "tariff", names, collector);
    let service = keys
        .value("service")
        .map_or_else(|| Some(Text::const_new("voice")), |node| read::text(node, "a service", collector));
    let connect_fee = keys.value("connect-fee").and_then(|node| amount(node, currency.as_ref(), collector));
    let free_seconds = keys
        .value("free-seconds")
        .and_then(|node| read::whole(node, "a number of seconds", (0, i64::from(u32::MAX)), collector));
    let terms = Terms::of(&mut keys, currency.as_ref(), collector);
    let peaks_node = keys.value("peaks");
    let peaks = peaks_node.and_then(|node| peaks(node, collector));
    let context = Context { currency: currency.as_ref(), terms: &terms, peaks: peaks_node.is_some() };
    let mut rates = Vec::new();
    if let Some(node) = keys.need("rates", "a tariff", collector) {
        let mut places: BTreeMap<(Text, Option<Instant>), Span> = BTreeMap::new();
        for item in read::items(node, "`rates:`", collector) {
            let Some((rate, span)) = rate(item, &context, collector) else { continue };
            let key = (rate.prefix.clone(), rate.effective_from);
            if let Some(first) = places.get(&key) {
                let message = format!("the prefix {} stands in this tariff for the second time", rate.prefix);
                collector.push(Problem::error(span, message).label("again here").also(*first, "first here"));
                continue;
            }
            places.insert(key, span);
            rates.push(rate);
        }
    }
    keys.finish("a tariff", collector);
    Some(Tariff {
        name: name?,
        currency: currency?,
        service: service?,
        connect_fee: connect_fee.unwrap_or_default(),
        free_seconds: free_seconds.unwrap_or_default(),
        peaks,
        rates,
        place,
    })
}

/// What a rate takes from its tariff.
struct Context<'a> {
    currency: Option<&'a Text>,
    terms: &'a Terms,
    /// Whether there are peak levels.
    peaks: bool,
}

/// What a tariff or a rate may say besides prices.
struct Terms {
    minimum: Option<u64>,
    minimum_amount: Option<Decimal>,
    surcharge: Option<u32>,
}

impl Terms {
    fn of(keys: &mut Keys<'_>, currency: Option<&Text>, collector: &mut Collector) -> Self {
        let minimum = keys.value("minimum");
        let minimum_amount = keys.value("minimum-amount");
        let surcharge = keys.value("surcharge");
        Self {
            minimum: minimum.and_then(|node| read::with(node, "a minimum", collector, |text, _| used(text))),
            minimum_amount: minimum_amount.and_then(|node| amount(node, currency, collector)),
            surcharge: surcharge
                .and_then(|node| read::with(node, "a surcharge", collector, |text, _| percent(text))),
        }
    }
}

/// `60s`, `10MiB`, `3`
fn used(text: &str) -> Result<u64, ValueError> {
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    let whole = values::span(text).ok().filter(|span| span.subsec_nanos() == 0).map(|span| span.as_secs());
    whole.or_else(|| values::octets(text).ok()).ok_or_else(|| ValueError {
        message: format!("'{}' is not a quantity", shown(text)),
        help: Some("write whole seconds, octets or pieces: 60s, 10MiB, 3".to_owned()),
    })
}

fn rate(node: &Node, context: &Context<'_>, collector: &mut Collector) -> Option<(Rate, Span)> {
    let currency = context.currency;
    let place = collector.place(node.span);
    let mut keys = Keys::of(node, "a rate", collector)?;
    let prefix_node = keys.need("prefix", "a rate", collector);
    let prefix = prefix_node.and_then(|node| pattern(node, collector));
    let destination = keys.value("destination").and_then(|node| read::text(node, "a destination", collector));
    let forbidden =
        keys.value("forbidden").and_then(|node| read::flag(node, "forbidden", collector)).unwrap_or_default();
    let connect_fee = keys.value("connect-fee").and_then(|node| amount(node, currency, collector));
    let base = (keys.value("price"), keys.value("interval"));
    let [first, next] = ["first", "next"].map(|key| keys.value(key));
    let levels = LEVEL_KEYS.map(|key| keys.value(key));
    let terms = Terms::of(&mut keys, currency, collector);
    let effective_from =
        keys.value("from").and_then(|node| read::time(node, "the beginning of a rate", collector));
    let [discontinued, hidden] = ["discontinued", "hidden"]
        .map(|key| keys.value(key).and_then(|node| read::flag(node, key, collector)).unwrap_or_default());
    keys.finish("a rate", collector);
    let first_interval = match (first, base.0) {
        // What cannot be called has no price.
        (None, None) if forbidden || discontinued => {
            Some(Interval { length: 1, price: Decimal::default(), per: PriceUnit::Minute })
        }
        (None, None) => {
            collector.push(
                Problem::error(node.span, "a rate needs `price:`")
                    .advice("write `price: 0.02/min`, or `forbidden: true`"),
            );
            None
        }
        _ => interval(first, base, None, node.span, collector),
    };
    let next_interval = match next {
        Some(_) => interval(next, base, first_interval, node.span, collector),
        None => first_interval,
    };
    let [off_peak, second_off_peak] = levels.map(|level| {
        let level = level?;
        if !context.peaks {
            collector.push(
                Problem::error(level.span, "the tariff does not say when its peak levels hold")
                    .advice("give the tariff `peaks:` with the periods of this level"),
            );
            return None;
        }
        level_prices(level, first_interval, collector)
    });
    let rate = Rate {
        prefix: prefix.clone()?,
        destination: destination.or(prefix)?,
        forbidden,
        first: first_interval?,
        next: next_interval?,
        connect_fee,
        off_peak,
        second_off_peak,
        minimum: terms.minimum.or(context.terms.minimum).unwrap_or_default(),
        minimum_amount: terms.minimum_amount.or(context.terms.minimum_amount).unwrap_or_default(),
        surcharge: terms.surcharge.or(context.terms.surcharge).unwrap_or_default(),
        effective_from,
        discontinued,
        hidden,
        place,
    };
    Some((rate, prefix_node?.span))
}

/// The first and the next interval of a level: its own, else as long as the rate's first.
fn level_prices(node: &Node, peak: Option<Interval>, collector: &mut Collector) -> Option<[Interval; 2]> {
    let mut keys = Keys::of(node, "prices of a level", collector)?;
    let base = (keys.value("price"), keys.value("interval"));
    let [first, next] = ["first", "next"].map(|key| keys.value(key));
    keys.finish("prices of a level", collector);
    if first.is_none() && base.0.is_none() {
        collector.error(node.span, "a level needs `price:`");
        return None;
    }
    let first = interval(first, base, peak, node.span, collector)?;
    let next = match next {
        Some(_) => interval(next, base, Some(first), node.span, collector)?,
        None => first,
    };
    Some([first, next])
}

/// Digits, or a word that begins with a letter.
fn pattern(node: &Node, collector: &mut Collector) -> Option<Text> {
    let is_word = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic());
    match node.scalar() {
        Some(scalar) if is_word(&scalar.text) => read::text(node, "a word", collector),
        _ => digits(node, "a prefix", collector),
    }
}

/// An interval of its own keys, else of the rate's, else of the first interval's; `1s` long if nothing
/// is said.
fn interval(
    own: Option<&Node>,
    base: (Option<&Node>, Option<&Node>),
    first: Option<Interval>,
    span: Span,
    collector: &mut Collector,
) -> Option<Interval> {
    let (mut price_node, mut length_node) = base;
    if let Some(node) = own {
        let mut keys = Keys::of(node, "an interval", collector)?;
        price_node = keys.value("price").or(price_node);
        length_node = keys.value("interval").or(length_node);
        keys.finish("an interval", collector);
    }
    let (price, per) = match (price_node, first) {
        (Some(node), _) => read::with(node, "a price", collector, |text, _| price(text))?,
        (None, Some(first)) => (first.price, first.per),
        (None, None) => {
            collector.error(own.map_or(span, |node| node.span), "an interval needs `price:`");
            return None;
        }
    };
    let length = match length_node {
        Some(node) if per.is_time() => whole_secs(node, collector)?,
        Some(node) => read::with(node, "a number of pieces or octets", collector, |text, _| {
            let units = used(text)?;
            let none = || ValueError { message: "an interval is at least one".to_owned(), help: None };
            Some(units).filter(|&units| units > 0).ok_or_else(none)
        })?,
        None => first.map_or(1, |first| first.length),
    };
    Some(Interval { length, price, per })
}

fn whole_secs(node: &Node, collector: &mut Collector) -> Option<u64> {
    let length = read::span(node, "an interval", collector)?;
    if length.subsec_nanos() != 0 || length.is_zero() {
        collector.push(
            Problem::error(node.span, "an interval is a whole number of seconds, at least one")
                .advice("write 1s, 6s, 30s, 1min"),
        );
        return None;
    }
    Some(length.as_secs())
}

/// `0.02/min`
fn price(text: &str) -> Result<(Decimal, PriceUnit), ValueError> {
    let wrong = |message: String| ValueError {
        message,
        help: Some(
            "write the price and what it is for: 0.02/min, 0.001/s, 1.20/h, 0.99/unit, 0.10/MB".to_owned(),
        ),
    };
    let Some((number, unit)) = text.split_once('/') else {
        return Err(wrong(format!("the price '{}' does not say what it is for", shown(text))));
    };
    let unit = match unit.trim_start() {
        "s" => PriceUnit::Second,
        "min" => PriceUnit::Minute,
        "h" => PriceUnit::Hour,
        "unit" => PriceUnit::Piece,
        "MB" | "MiB" => PriceUnit::Mebibyte,
        "KiB" => PriceUnit::Kibibyte,
        "GiB" => PriceUnit::Gibibyte,
        other => return Err(wrong(format!("'{}' is not a unit of a price", shown(other)))),
    };
    let price: Decimal =
        number.trim_end().parse().map_err(|_| wrong(format!("'{}' is not a price", shown(text))))?;
    if price < Decimal::default() {
        return Err(wrong(format!("the price {} is negative", shown(text))));
    }
    if price.to_scale(PRICE_DECIMALS).is_none() {
        return Err(wrong(format!(
            "a price has at most {PRICE_DECIMALS} decimals, {} has more",
            shown(text)
        )));
    }
    Ok((price, unit))
}

/// One entry of `products:`.
pub(super) fn product(
    entry: &Entry,
    names: &Names<'_>,
    tariffs: &[Tariff],
    collector: &mut Collector,
) -> Option<Product> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a product", collector)?;
    let currency = currency_of(keys.value("currency"), &entry.key, "product", names, collector);
    let breakage = keys.value("breakage").and_then(|node| amount(node, currency.as_ref(), collector));
    let precedence = keys
        .value("precedence")
        .and_then(|node| read::whole::<u32>(node, "a precedence", (0, i64::from(u32::MAX)), collector));
    let split_by_level = keys
        .value("split-by-level")
        .and_then(|node| read::flag(node, "split-by-level", collector))
        .unwrap_or_default();
    let service_features =
        keys.value("service-features").and_then(|node| read::text(node, "service features", collector));
    let mut rating: Vec<RatingEntry> = Vec::new();
    if let Some(node) = keys.need("rating", "a product", collector) {
        for item in read::items(node, "`rating:`", collector) {
            let Some(entry) = rating_entry(item, names, collector) else { continue };
            check_tariff_currency(item, &entry, currency.as_ref(), tariffs, collector);
            let same = |other: &&RatingEntry| {
                (&other.access_code, &other.service, other.leg)
                    == (&entry.access_code, &entry.service, entry.leg)
            };
            if rating.iter().any(|other| same(&other)) {
                collector.push(
                    Problem::error(item.span, "an entry above is for the same access code, service and leg")
                        .advice("only one of the two could ever apply; remove one"),
                );
                continue;
            }
            rating.push(entry);
        }
        if matches!(&node.kind, Kind::Sequence(items) if items.is_empty()) {
            collector.error(node.span, "the product has no rating entry");
        }
    }
    keys.finish("a product", collector);
    Some(Product {
        name: name?,
        currency: currency?,
        precedence: precedence.unwrap_or_default(),
        breakage: breakage.unwrap_or_default(),
        split_by_level,
        service_features,
        rating,
        place,
    })
}

fn rating_entry(node: &Node, names: &Names<'_>, collector: &mut Collector) -> Option<RatingEntry> {
    let place = collector.place(node.span);
    let mut keys = Keys::of(node, "a rating entry", collector)?;
    let access_code =
        keys.value("access-code").and_then(|node| read::text(node, "an access code", collector));
    let service = keys
        .value("service")
        .map_or_else(|| Some(Text::const_new("voice")), |node| read::text(node, "a service", collector));
    let legs = [("originate", Leg::Originate), ("answer", Leg::Answer)];
    let leg = keys.value("leg").and_then(|node| word(node, "a leg", &legs, collector)).unwrap_or_default();
    let tariff = keys
        .need("tariff", "a rating entry", collector)
        .and_then(|node| reference(node, ("tariff", "tariffs"), &names.tariffs, collector));
    keys.finish("a rating entry", collector);
    Some(RatingEntry { access_code, service: service?, leg, tariff: tariff?, place })
}

fn check_tariff_currency(
    item: &Node,
    entry: &RatingEntry,
    currency: Option<&Text>,
    tariffs: &[Tariff],
    collector: &mut Collector,
) {
    let (Some(currency), Some(tariff)) =
        (currency, tariffs.iter().find(|tariff| tariff.name == entry.tariff))
    else {
        return;
    };
    let span = item.get("tariff").map_or(item.span, |node| node.span);
    let tariff_is = format!("tariff '{}'", tariff.name);
    check_currency(span, (&tariff_is, &tariff.currency), ("the product", currency), collector);
}

/// An amount of at least nothing, `0.50` or `0.50 CAD`, in this currency.
pub(super) fn amount(node: &Node, currency: Option<&Text>, collector: &mut Collector) -> Option<Decimal> {
    let amount = signed_amount(node, currency, collector)?;
    if amount < Decimal::default() {
        collector.error(node.span, format!("the amount {amount} is negative"));
        return None;
    }
    Some(amount)
}

/// An amount that may be below nothing.
pub(super) fn signed_amount(
    node: &Node,
    currency: Option<&Text>,
    collector: &mut Collector,
) -> Option<Decimal> {
    let (amount, own) = read::with(node, "an amount", collector, |text, _| match text.parse::<Decimal>() {
        Ok(amount) => Ok((amount, None)),
        Err(_) => values::money(text).map(|(amount, own)| (amount, Some(own))),
    })?;
    if let (Some(own), Some(currency)) = (&own, currency) {
        check_currency(node.span, ("the amount", own), ("what it belongs to", currency), collector);
    }
    if amount.to_scale(AMOUNT_DECIMALS).is_none() {
        let message = format!("an amount has at most {AMOUNT_DECIMALS} decimals, {amount} has more");
        collector.error(node.span, message);
        return None;
    }
    Some(amount)
}
