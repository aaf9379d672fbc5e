//! What can be wrong with resellers, vendors and aliases.

use crate::money::Currency;
use crate::service::Service;

/// Something is wrong with the parties of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartyError {
    /// A name that nothing has.
    #[error("{what} '{name}' names the {other} '{missing}', which there is not")]
    Unknown {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
        /// What kind it names.
        other: &'static str,
        /// The name that nothing has.
        missing: String,
    },
    /// A name that is taken.
    #[error("there are two of {what} '{name}'; names must differ")]
    Twice {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Resellers own each other in a circle.
    #[error("the resellers {} own each other in a circle; one of them must have no owner", .names.join(", "))]
    Cycle {
        /// They, each owned by the next, the last by the first.
        names: Vec<String>,
    },
    /// A reseller has no tariff for what its accounts use.
    #[error(
        "reseller '{reseller}' has no tariff for {service} of product '{product}', which accounts below it have"
    )]
    NoTariff {
        /// The reseller.
        reseller: String,
        /// The product.
        product: String,
        /// The service.
        service: Service,
    },
    /// Two tariffs of a reseller would fit the same usage.
    #[error("reseller '{reseller}' has two tariffs for {service} of {product}")]
    TariffTwice {
        /// The reseller.
        reseller: String,
        /// The service.
        service: Service,
        /// The product, as a phrase.
        product: String,
    },
    /// Two currencies meet and there is no rate between them.
    #[error(
        "{what} '{name}' is in {ours} and its tariff '{tariff}' in {theirs}, and there is no exchange rate between them"
    )]
    NoExchange {
        /// What kind of object.
        what: &'static str,
        /// Its name.
        name: String,
        /// Its currency.
        ours: Currency,
        /// The tariff.
        tariff: String,
        /// The tariff's currency.
        theirs: Currency,
    },
    /// The customer's currency cannot be exchanged for the vendor's, so that there is no revenue.
    #[error("vendor '{name}' is in {ours}; there is no exchange rate to the environment's {theirs}")]
    NoRevenue {
        /// The vendor.
        name: String,
        /// Its currency.
        ours: Currency,
        /// The environment's.
        theirs: Currency,
    },
    /// An exchange rate of nothing, or beyond all reason.
    #[error(
        "the exchange rate of {currency} is {numerator}/{denominator}; both must be from 1 to 1000000000000"
    )]
    Rate {
        /// The currency.
        currency: Currency,
        /// What it is worth,
        numerator: u64,
        /// divided by this.
        denominator: u64,
    },
    /// Two connections fit the same calls.
    #[error(
        "connections '{one}' and '{other}' fit the same calls; let them differ in remote address, route, node or leg"
    )]
    Overlap {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// A connection's tariff is for another service.
    #[error("connection '{name}' is for {ours}, and its tariff '{tariff}' for {theirs}")]
    OtherService {
        /// The connection.
        name: String,
        /// Its service.
        ours: Service,
        /// The tariff.
        tariff: String,
        /// The tariff's service.
        theirs: Service,
    },
    /// An alias is the id of an account.
    #[error("the alias '{alias}' of account '{account}' is the id of an account")]
    AliasIsAccount {
        /// The alias.
        alias: String,
        /// The account it was to stand for.
        account: String,
    },
    /// A debit account cannot have a product that is charged to the customer.
    #[error(
        "account '{account}' is a debit account and its product '{product}' is charged to the customer; make it a credit account"
    )]
    DebitToCustomer {
        /// The account.
        account: String,
        /// Its product.
        product: String,
    },
    /// There are more than can be numbered.
    #[error("there are too many of {what}")]
    TooMany {
        /// What kind of object.
        what: &'static str,
    },
}

impl PartyError {
    /// The object that it is about: what kind, and its name. A reader of files finds the place by it.
    #[must_use]
    pub fn about(&self) -> (&'static str, &str) {
        match self {
            Self::Unknown { what, name, .. }
            | Self::Twice { what, name }
            | Self::NoExchange { what, name, .. } => (what, name),
            Self::Cycle { names } => ("reseller", names.first().map_or("", String::as_str)),
            Self::NoTariff { reseller, .. } | Self::TariffTwice { reseller, .. } => ("reseller", reseller),
            Self::NoRevenue { name, .. } => ("vendor", name),
            Self::Rate { currency, .. } => ("exchange rate", currency.as_str()),
            Self::Overlap { other, .. } => ("connection", other),
            Self::OtherService { name, .. } => ("connection", name),
            Self::AliasIsAccount { alias, .. } => ("alias", alias),
            Self::DebitToCustomer { account, .. } => ("account", account),
            Self::TooMany { what } => (what, ""),
        }
    }
}
