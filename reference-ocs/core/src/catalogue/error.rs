//! Why an object cannot be taken into a catalogue.

use super::prefixes::DIGITS_MAX;
use crate::money::{Amount, Currency};
use crate::service::{Leg, Service};

/// An object could not be taken into the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// The name is empty.
    #[error("a {what} has no name")]
    NoName {
        /// What kind of object.
        what: &'static str,
    },
    /// The name is taken.
    #[error("there are two of {what} '{name}'; names must differ")]
    Twice {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The identifier belongs to another catalogue.
    #[error("{what} '{name}' refers to a {missing} that is not in this catalogue")]
    Missing {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
        /// What it refers to.
        missing: &'static str,
    },
    /// Two objects that go together are in different currencies.
    #[error(
        "{what} '{name}' is in {ours}, but its {other} '{other_name}' is in {theirs}; use one currency for both"
    )]
    OtherCurrency {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
        /// Its currency.
        ours: Currency,
        /// What kind the other is.
        other: &'static str,
        /// The other's name.
        other_name: String,
        /// The other's currency.
        theirs: Currency,
    },
    /// The rating entry is for another service than its tariff.
    #[error("product '{product}' charges {entry} by tariff '{tariff}', which is for {theirs}")]
    OtherService {
        /// The product.
        product: String,
        /// The entry's service.
        entry: Service,
        /// The tariff.
        tariff: String,
        /// The tariff's service.
        theirs: Service,
    },
    /// Two entries of a product would fit the same request.
    #[error("product '{product}' has two rating entries for {service} on the {leg} leg under {code}")]
    EntryTwice {
        /// The product.
        product: String,
        /// The service.
        service: Service,
        /// The leg.
        leg: Leg,
        /// The access code, as a phrase.
        code: String,
    },
    /// An entry for the incoming leg names no access code.
    #[error(
        "product '{product}' charges the answer leg without an access code; name the number that is called"
    )]
    AnswerWithoutCode {
        /// The product.
        product: String,
    },
    /// A product charges nothing.
    #[error("product '{name}' has no tariff: give it a rating entry, or nothing can be used by it")]
    ProductWithoutTariff {
        /// The product.
        name: String,
    },
    /// An account has a product twice.
    #[error("account '{id}' has the product '{product}' already")]
    AddOnTwice {
        /// The account.
        id: String,
        /// The product.
        product: String,
    },
    /// The tariff has two rates for one pattern.
    #[error("tariff '{tariff}' has two rates for '{pattern}'")]
    RateTwice {
        /// The tariff.
        tariff: String,
        /// The pattern.
        pattern: String,
    },
    /// The pattern of a destination can match nothing.
    #[error(
        "'{pattern}' is not a destination: write 1 to {DIGITS_MAX} digits, or a word that begins with a letter"
    )]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// An interval, price or price unit of a rate is out of its range.
    #[error("tariff '{tariff}', rate '{pattern}': {field} is {value}; it must be from {range}")]
    RateField {
        /// The tariff.
        tariff: String,
        /// The pattern.
        pattern: String,
        /// Which figure.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it may be, as `0 to 9`.
        range: String,
    },
    /// Two periods of a tariff hold at one time.
    #[error("tariff '{tariff}': two periods overlap at {at}")]
    PeriodsOverlap {
        /// The tariff.
        tariff: String,
        /// Where the second begins, as `Mon 18:00:00`.
        at: String,
    },
    /// A period begins outside the week, is empty or longer than a week.
    #[error("tariff '{tariff}': a period begins outside the week, is empty or longer than a week")]
    PeriodLength {
        /// The tariff.
        tariff: String,
    },
    /// Off-peak prices in a tariff that is always at its peak.
    #[error("tariff '{tariff}', rate '{pattern}': there are off-peak prices, but the tariff has no periods")]
    PricesWithoutPeriods {
        /// The tariff.
        tariff: String,
        /// The pattern.
        pattern: String,
    },
    /// Periods came after the rates that they are for.
    #[error("tariff '{tariff}' has rates already; say when its peak levels hold before")]
    PeaksAfterRates {
        /// The tariff.
        tariff: String,
    },
    /// An amount is out of its range.
    #[error("{what} '{name}': {field} is {value}; it must be from {least} to {most}")]
    AmountField {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
        /// Which figure.
        field: &'static str,
        /// What it is.
        value: Amount,
        /// The least it may be.
        least: Amount,
        /// The most it may be.
        most: Amount,
    },
    /// A debit account with a credit limit.
    #[error(
        "account '{id}' is a debit account and has a credit limit; make it a credit account or remove the limit"
    )]
    DebitWithLimit {
        /// The account.
        id: String,
    },
    /// A rule of dialling that nobody can dial.
    #[error("{what} '{name}': the dialling rule '{part}' is not made of digits")]
    Dialing {
        /// Whose.
        what: &'static str,
        /// Its name.
        name: String,
        /// The part.
        part: String,
    },
    /// Something that is dialled is not made of digits.
    #[error("{what} '{name}': {field} is '{value}'; it is made of digits")]
    NotDigits {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
        /// Which part of it.
        field: &'static str,
        /// What it is.
        value: String,
    },
    /// A routing plan cannot hold where nothing is chosen.
    #[error("routing plan '{plan}' cannot hold by default in product '{product}': {why}")]
    DefaultPlan {
        /// The plan.
        plan: String,
        /// The product.
        product: String,
        /// Why not.
        why: &'static str,
    },
    /// Two routing plans are chosen by the same code.
    #[error("routing plans '{plan}' and '{other}' have the same select code {code}; give each its own")]
    SelectCode {
        /// The plan.
        plan: String,
        /// The one before it.
        other: String,
        /// The code.
        code: String,
    },
    /// There are more than can be numbered.
    #[error("there are too many of {what}")]
    TooMany {
        /// What kind of object.
        what: &'static str,
    },
}

impl CatalogueError {
    /// The object that it is about: what kind, and its name; of a rate or rating entry, that of its tariff or product.
    pub(super) fn about(&self) -> (&'static str, &str) {
        match self {
            Self::NoName { what } | Self::TooMany { what } => (what, ""),
            Self::Twice { what, name }
            | Self::Missing { what, name, .. }
            | Self::OtherCurrency { what, name, .. }
            | Self::AmountField { what, name, .. }
            | Self::NotDigits { what, name, .. }
            | Self::Dialing { what, name, .. } => (what, name),
            Self::OtherService { product: name, .. }
            | Self::EntryTwice { product: name, .. }
            | Self::AnswerWithoutCode { product: name }
            | Self::ProductWithoutTariff { name } => ("product", name),
            Self::RateTwice { tariff, .. }
            | Self::RateField { tariff, .. }
            | Self::PeriodsOverlap { tariff, .. }
            | Self::PeriodLength { tariff }
            | Self::PricesWithoutPeriods { tariff, .. }
            | Self::PeaksAfterRates { tariff } => ("tariff", tariff),
            Self::DefaultPlan { plan, .. } | Self::SelectCode { plan, .. } => ("routing plan", plan),
            Self::Pattern { pattern } => ("destination", pattern),
            Self::DebitWithLimit { id } | Self::AddOnTwice { id, .. } => ("account", id),
        }
    }
}
