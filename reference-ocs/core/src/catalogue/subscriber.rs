//! Customers and accounts as the catalogue describes them; what becomes of them stands in the ledger.

use tollgate_time::Instant;

use crate::dialing::DialingRules;
use crate::ids::{CustomerId, ProductId};
use crate::money::{Amount, Currency};

/// Who pays when.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum BillingModel {
    /// The balance is money left; it falls, to 0 and not below.
    #[default]
    Debit,
    /// The balance is money owed; it rises, to the credit limit of the account or its customer.
    Credit,
}

impl BillingModel {
    /// As an xDR shows it: −1 debit, 1 credit.
    #[must_use]
    pub const fn xdr_number(self) -> i8 {
        match self {
            Self::Debit => -1,
            Self::Credit => 1,
        }
    }
}

/// A customer, the owner of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerSpec {
    /// Its name.
    pub name: String,
    /// Its currency, which its accounts share.
    pub currency: Currency,
    /// Money owed when the run begins.
    pub balance: Amount,
    /// How much all its credit accounts may owe together; `None` for no limit.
    pub credit_limit: Option<Amount>,
    /// No service for any of its accounts.
    pub blocked: bool,
    /// No service until it has paid.
    pub suspended: bool,
    /// How numbers are dialled at its premises.
    pub dialing: Option<DialingRules>,
}

impl CustomerSpec {
    /// A customer in good standing, without a limit.
    #[must_use]
    pub fn new(name: &str, currency: Currency) -> Self {
        Self {
            name: name.to_owned(),
            currency,
            balance: Amount::ZERO,
            credit_limit: None,
            blocked: false,
            suspended: false,
            dialing: None,
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    /// Its id: a card's number, a telephone number, a name.
    pub id: String,
    /// Debit or credit.
    pub billing_model: BillingModel,
    /// Its currency.
    pub currency: Currency,
    /// The balance when the run begins.
    pub balance: Amount,
    /// A credit account's own limit; `None` for no limit but its customer's.
    pub credit_limit: Option<Amount>,
    /// The service password.
    pub password: Option<String>,
    /// Its product.
    pub product: ProductId,
    /// Its owner.
    pub customer: CustomerId,
    /// The language of announcements, where it is not the product's.
    pub language: Option<String>,
    /// No service.
    pub blocked: bool,
    /// From when on it is expired.
    pub expires_at: Option<Instant>,
}

impl AccountSpec {
    /// A debit account with that balance, without a password.
    #[must_use]
    pub fn debit(
        id: &str,
        currency: Currency,
        balance: Amount,
        product: ProductId,
        customer: CustomerId,
    ) -> Self {
        Self {
            id: id.to_owned(),
            billing_model: BillingModel::Debit,
            currency,
            balance,
            credit_limit: None,
            password: None,
            product,
            customer,
            language: None,
            blocked: false,
            expires_at: None,
        }
    }

    /// A credit account that owes nothing, without a password.
    #[must_use]
    pub fn credit(
        id: &str,
        currency: Currency,
        credit_limit: Option<Amount>,
        product: ProductId,
        customer: CustomerId,
    ) -> Self {
        Self {
            billing_model: BillingModel::Credit,
            credit_limit,
            ..Self::debit(id, currency, Amount::ZERO, product, customer)
        }
    }
}
