//! Discount plans, budgets, warnings and commitments of a world file.

use std::collections::BTreeSet;

use tollgate_wire::{Decimal, Text};

use super::load::{Names, each, reference, word};
use super::peaks::{LEVELS, PeakLevel};
use super::prices::amount;
use crate::diagnostics::{Collector, shown};
use crate::scenario::values::{self, ValueError};
use crate::scenario::{Place, read};
use crate::yaml::{Entry, Keys, Node};

/// Everything that makes usage cheaper, or bounds it.
#[derive(Debug, Clone, Default)]
pub struct Plans {
    /// `discount-plans:` in order of precedence.
    pub plans: Vec<Plan>,
    /// `budgets:` of accounts.
    pub budgets: Vec<Budget>,
    /// `balance-warnings:` of customers.
    pub warnings: Vec<Warning>,
    /// `subscription-discounts:` of customers.
    pub subscription_discounts: Vec<SubscriptionDiscount>,
    /// `commitments:`
    pub commitments: Vec<Commitment>,
}

/// A discount plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: Text,
    /// `products:` whose accounts have it.
    pub products: Vec<Text>,
    /// `accounts:` that have it.
    pub accounts: Vec<Text>,
    /// `discounts:` the first that fits a destination and peak level counts.
    pub discounts: Vec<Discount>,
    /// Where it stands.
    pub place: Place,
}

/// What a plan gives on some destinations.
#[derive(Debug, Clone)]
pub struct Discount {
    /// `service:` voice without it.
    pub service: Text,
    /// `destinations:` names as rates call them, or digits that numbers begin with; all without it.
    pub destinations: Vec<Text>,
    /// `level:` the peak level whose usage is counted; all without it.
    pub level: Option<PeakLevel>,
    /// `counts: money` thresholds are in money spent, in 10⁻⁵, and not in units.
    pub counts_money: bool,
    /// `period:`
    pub period: Period,
    /// `rollover:` how much of what is left goes over to the next period at most.
    pub rollover: u64,
    /// `steps:`
    pub steps: Vec<Step>,
    /// Where it stands.
    pub place: Place,
}

/// How often something begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// `never`
    #[default]
    Never,
    /// `daily`, at midnight UTC.
    Daily,
    /// `weekly`, on Monday.
    Weekly,
    /// `monthly`, on the first.
    Monthly,
}

/// What usage costs up to a threshold.
#[derive(Debug, Clone)]
pub struct Step {
    /// `up-to:` a span, a size or a number, as the service counts, or an amount; without end without it.
    pub up_to: Option<u64>,
    /// `free`, `off`, `price`, `blocked`; as without the plan where nothing is said.
    pub price: StepPrice,
    /// `policy:` the access policy that holds meanwhile.
    pub policy: Option<Text>,
}

/// The price of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepPrice {
    /// What it costs without the plan.
    Full,
    /// `free: true`
    Free,
    /// `blocked: true`
    Blocked,
    /// `off:` a percentage, in hundredths.
    Off(u16),
    /// `price:` for the unit that the rate's own price is for.
    Fixed(Decimal),
}

/// How much an account may spend.
#[derive(Debug, Clone)]
pub struct Budget {
    /// The account.
    pub account: Text,
    /// `limit:`
    pub limit: Decimal,
    /// `period:` daily without it.
    pub period: Period,
    /// Where it stands.
    pub place: Place,
}

/// What a customer has off every monthly fee of its accounts' commitments.
#[derive(Debug, Clone)]
pub struct SubscriptionDiscount {
    /// The customer.
    pub customer: Text,
    /// The percentage, in hundredths.
    pub off: u16,
}

/// From how much money owed on a customer is warned.
#[derive(Debug, Clone)]
pub struct Warning {
    /// The customer.
    pub customer: Text,
    /// The money owed.
    pub owed: Decimal,
    /// Where it stands.
    pub place: Place,
}

/// A subscription with discounts for a time.
#[derive(Debug, Clone)]
pub struct Commitment {
    /// Its name.
    pub name: Text,
    /// `periods:` billing periods with discounts.
    pub periods: u32,
    /// `recurring:` fees of each month.
    pub recurring: Vec<Fee>,
    /// `one-time:` fees of signing.
    pub one_time: Vec<Fee>,
    /// `transfer-fee:`
    pub transfer_fee: Decimal,
    /// `plan:` the discount plan that comes with it.
    pub plan: Option<Text>,
    /// Where it stands.
    pub place: Place,
}

/// A fee with its discount.
#[derive(Debug, Clone)]
pub struct Fee {
    /// `name:`
    pub name: Text,
    /// `fee:` the full one.
    pub fee: Decimal,
    /// `discount:` what is taken off.
    pub discount: Decimal,
}

/// The sections as they stand in the file.
pub(super) struct Sections<'n> {
    plans: Option<&'n Node>,
    budgets: Option<&'n Node>,
    warnings: Option<&'n Node>,
    subscription_discounts: Option<&'n Node>,
    commitments: Option<&'n Node>,
}

const PERIODS: [(&str, Period); 4] = [
    ("never", Period::Never),
    ("daily", Period::Daily),
    ("weekly", Period::Weekly),
    ("monthly", Period::Monthly),
];

/// What thresholds are in; whether that is money.
const COUNTED: [(&str, bool); 2] = [("units", false), ("money", true)];

impl<'n> Sections<'n> {
    pub(super) fn of(keys: &mut Keys<'n>) -> Self {
        let [plans, budgets, warnings, subscription_discounts, commitments] =
            ["discount-plans", "budgets", "balance-warnings", "subscription-discounts", "commitments"]
                .map(|key| keys.value(key));
        Self { plans, budgets, warnings, subscription_discounts, commitments }
    }

    pub(super) fn read(
        &self,
        names: &Names<'_>,
        accounts: &BTreeSet<&str>,
        collector: &mut Collector,
    ) -> Plans {
        let known = super::load::keys_of(self.plans);
        Plans {
            plans: each(self.plans, "`discount-plans:`", collector, |entry, c| {
                plan(entry, names, accounts, c)
            }),
            budgets: each(self.budgets, "`budgets:`", collector, |entry, c| {
                budget(entry, names, accounts, c)
            }),
            warnings: each(self.warnings, "`balance-warnings:`", collector, |entry, c| {
                warning(entry, names, c)
            }),
            subscription_discounts: each(
                self.subscription_discounts,
                "`subscription-discounts:`",
                collector,
                |entry, c| subscription_discount(entry, names, c),
            ),
            commitments: each(self.commitments, "`commitments:`", collector, |entry, c| {
                commitment(entry, names, &known, c)
            }),
        }
    }
}

fn list(
    node: Option<&Node>,
    what: (&'static str, &'static str),
    known: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Vec<Text> {
    let Some(node) = node else { return Vec::new() };
    let items = read::items(node, what.1, collector);
    items.iter().filter_map(|item| reference(item, what, known, collector)).collect()
}

fn plan(
    entry: &Entry,
    names: &Names<'_>,
    accounts: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Plan> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let what = "a discount plan";
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let products = list(keys.value("products"), ("product", "products"), &names.products, collector);
    let accounts = list(keys.value("accounts"), ("account", "accounts"), accounts, collector);
    let mut discounts = Vec::new();
    if let Some(node) = keys.need("discounts", what, collector) {
        for item in read::items(node, "`discounts:`", collector) {
            discounts.extend(discount(item, collector));
        }
    }
    keys.finish(what, collector);
    Some(Plan { name: name?, products, accounts, discounts, place })
}

fn discount(node: &Node, collector: &mut Collector) -> Option<Discount> {
    let place = collector.place(node.span);
    let what = "a discount";
    let mut keys = Keys::of(node, what, collector)?;
    let service = keys
        .value("service")
        .map_or_else(|| Some(Text::const_new("voice")), |node| read::text(node, "a service", collector));
    let destinations = keys.value("destinations").map_or_else(Vec::new, |node| {
        let items = read::items(node, "`destinations:`", collector);
        items.iter().filter_map(|item| read::text(item, "a destination", collector)).collect()
    });
    let period = keys.value("period").and_then(|node| word(node, "a period", &PERIODS, collector));
    let level = keys.value("level").and_then(|node| word(node, "a peak level", &LEVELS, collector));
    let counts_money =
        keys.value("counts").and_then(|node| word(node, "what is counted", &COUNTED, collector));
    let counts_money = counts_money.unwrap_or_default();
    let rollover = keys.value("rollover").and_then(|node| threshold(node, counts_money, collector));
    let mut steps = Vec::new();
    if let Some(node) = keys.need("steps", what, collector) {
        for item in read::items(node, "`steps:`", collector) {
            steps.extend(step(item, counts_money, collector));
        }
    }
    keys.finish(what, collector);
    Some(Discount {
        service: service?,
        destinations,
        level,
        counts_money,
        period: period.unwrap_or_default(),
        rollover: rollover.unwrap_or_default(),
        steps,
        place,
    })
}

fn step(node: &Node, counts_money: bool, collector: &mut Collector) -> Option<Step> {
    let mut keys = Keys::of(node, "a step", collector)?;
    let up_to = keys.value("up-to").map(|node| threshold(node, counts_money, collector));
    let flag = |node: Option<&Node>, what, collector: &mut Collector| {
        node.and_then(|node| read::flag(node, what, collector)).unwrap_or_default()
    };
    let free = flag(keys.value("free"), "free", collector);
    let blocked = flag(keys.value("blocked"), "blocked", collector);
    let off = keys
        .value("off")
        .and_then(|node| read::with(node, "a percentage", collector, |text, _| percentage(text)));
    let price = keys.value("price").and_then(|node| amount(node, None, collector));
    let policy = keys.value("policy").and_then(|node| read::text(node, "an access policy", collector));
    keys.finish("a step", collector);
    let said = [
        free.then_some(StepPrice::Free),
        blocked.then_some(StepPrice::Blocked),
        off.map(StepPrice::Off),
        price.map(StepPrice::Fixed),
    ];
    let mut said = said.into_iter().flatten();
    let price = said.next().unwrap_or(StepPrice::Full);
    if said.next().is_some() {
        collector.error(node.span, "a step has one of `free:`, `off:`, `price:` and `blocked:`");
        return None;
    }
    let up_to = match up_to {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Step { up_to, price, policy })
}

/// A threshold: an amount in 10⁻⁵, or units.
fn threshold(node: &Node, counts_money: bool, collector: &mut Collector) -> Option<u64> {
    if !counts_money {
        return units(node, collector);
    }
    let sum = amount(node, None, collector)?;
    let fits = sum.to_scale(5).and_then(|sum| u64::try_from(sum).ok());
    if fits.is_none() {
        collector.error(node.span, "a threshold in money is not below zero and has at most five decimals");
    }
    fits
}

/// A span in whole seconds, a size in octets, or a number.
fn units(node: &Node, collector: &mut Collector) -> Option<u64> {
    read::with(node, "an amount of use", collector, |text, _| {
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        if let Ok(span) = values::span(text)
            && span.subsec_nanos() == 0
        {
            return Ok(span.as_secs());
        }
        values::octets(text).map_err(|_| ValueError {
            message: format!("'{}' is not an amount of use", shown(text)),
            help: Some("write 60min, 1 GiB, or a number of pieces".to_owned()),
        })
    })
}

/// `25%`, `12.5%`, in hundredths.
fn percentage(text: &str) -> Result<u16, ValueError> {
    let number = text.strip_suffix('%').and_then(|number| number.trim_end().parse::<Decimal>().ok());
    let hundredths = number.and_then(|number| number.to_scale(2)).and_then(|it| u16::try_from(it).ok());
    hundredths.filter(|it| *it <= 10_000).ok_or_else(|| ValueError {
        message: format!("'{}' is not a percentage that can be taken off", shown(text)),
        help: Some("write 0% to 100% with two decimals at most: 25%, 12.5%".to_owned()),
    })
}

fn budget(
    entry: &Entry,
    names: &Names<'_>,
    accounts: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Budget> {
    let place = collector.place(entry.key.span);
    let account = known_key(entry, ("account", "accounts"), accounts, collector);
    let mut keys = Keys::of(&entry.value, "a budget", collector)?;
    let limit = keys
        .need("limit", "a budget", collector)
        .and_then(|node| amount(node, names.currency.as_ref(), collector));
    let period = keys.value("period").and_then(|node| word(node, "a period", &PERIODS, collector));
    keys.finish("a budget", collector);
    Some(Budget { account: account?, limit: limit?, period: period.unwrap_or(Period::Daily), place })
}

fn subscription_discount(
    entry: &Entry,
    names: &Names<'_>,
    collector: &mut Collector,
) -> Option<SubscriptionDiscount> {
    let customer = known_key(entry, ("customer", "customers"), &names.customers, collector);
    let off = read::with(&entry.value, "a percentage", collector, |text, _| percentage(text));
    Some(SubscriptionDiscount { customer: customer?, off: off? })
}

fn warning(entry: &Entry, names: &Names<'_>, collector: &mut Collector) -> Option<Warning> {
    let place = collector.place(entry.key.span);
    let customer = known_key(entry, ("customer", "customers"), &names.customers, collector);
    let owed = amount(&entry.value, names.currency.as_ref(), collector);
    Some(Warning { customer: customer?, owed: owed?, place })
}

/// The key of an entry, which names one of `known`.
fn known_key(
    entry: &Entry,
    what: (&'static str, &'static str),
    known: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Text> {
    let name = read::name(entry, collector)?;
    if !known.contains(name.as_str()) {
        let known: Vec<&str> = known.iter().copied().collect();
        read::unknown(entry.key.span, what, &name, &known, collector);
        return None;
    }
    Some(name)
}

fn commitment(
    entry: &Entry,
    names: &Names<'_>,
    plans: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Commitment> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let what = "a commitment";
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let periods = keys
        .need("periods", what, collector)
        .and_then(|node| read::whole(node, "a number of billing periods", (0, 1_200), collector));
    let fees = |node: Option<&Node>, collector: &mut Collector| {
        let Some(node) = node else { return Vec::new() };
        let items = read::items(node, "fees", collector);
        items.iter().filter_map(|item| fee(item, names, collector)).collect()
    };
    let recurring = fees(keys.value("recurring"), collector);
    let one_time = fees(keys.value("one-time"), collector);
    let transfer_fee =
        keys.value("transfer-fee").and_then(|node| amount(node, names.currency.as_ref(), collector));
    let plan = keys
        .value("plan")
        .and_then(|node| reference(node, ("discount plan", "discount plans"), plans, collector));
    keys.finish(what, collector);
    let transfer_fee = transfer_fee.unwrap_or_default();
    Some(Commitment { name: name?, periods: periods?, recurring, one_time, transfer_fee, plan, place })
}

fn fee(node: &Node, names: &Names<'_>, collector: &mut Collector) -> Option<Fee> {
    let mut keys = Keys::of(node, "a fee", collector)?;
    let name = keys.need("name", "a fee", collector).and_then(|node| read::text(node, "a name", collector));
    let money = |node: Option<&Node>, collector: &mut Collector| {
        node.and_then(|node| amount(node, names.currency.as_ref(), collector))
    };
    let full = keys.need("fee", "a fee", collector);
    let full = money(full, collector);
    let discount = money(keys.value("discount"), collector);
    keys.finish("a fee", collector);
    Some(Fee { name: name?, fee: full?, discount: discount.unwrap_or_default() })
}
