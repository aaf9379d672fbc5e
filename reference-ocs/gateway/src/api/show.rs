//! Customers, accounts and records as JSON, under the documents' names.

use serde_json::{Value as Json, json};
use tollgate_ocs_core::{AccountView, Amount, BillingModel, CustomerView, ProductView, Xdr};

use crate::observe::decimal;

/// An amount as decimal text, exact: `9.98000`.
pub(super) fn amount(amount: Amount) -> Json {
    Json::String(decimal(amount).to_string())
}

pub(super) fn customer(own: &CustomerView<'_>) -> Json {
    let status = match (own.is_exported(), own.is_suspended()) {
        (true, _) => "exported",
        (false, true) => "suspended",
        (false, false) => "open",
    };
    json!({
        "i_customer": own.number().number(),
        "name": own.name(),
        "iso_4217": own.currency().as_str(),
        "balance": amount(own.balance()),
        "credit_limit": own.credit_limit().map(amount),
        "status": status,
    })
}

pub(super) fn account(own: &AccountView<'_>) -> Json {
    let status = match (own.is_terminated(), own.is_blocked()) {
        (true, _) => "terminated",
        (false, true) => "blocked",
        (false, false) => "active",
    };
    json!({
        "i_account": own.number().number(),
        "id": own.id(),
        "i_customer": own.customer_number().number(),
        "customer_name": own.customer(),
        "product_name": own.product(),
        "iso_4217": own.currency().as_str(),
        "billing_model": if own.billing_model() == BillingModel::Debit { -1 } else { 1 },
        "balance": amount(own.balance()),
        "credit_limit": own.credit_limit().map(amount),
        "blocked": own.is_blocked(),
        "status": status,
        "expiration_date": own.expires_at().map(|at| at.to_string()),
        "first_usage": own.first_usage().map(|at| at.to_string()),
        "last_usage": own.last_usage().map(|at| at.to_string()),
    })
}

pub(super) fn product(own: &ProductView<'_>) -> Json {
    json!({ "i_product": own.number.number(), "name": own.name, "iso_4217": own.currency.as_str() })
}

pub(super) fn xdr(own: &Xdr) -> Json {
    json!({
        "i_xdr": own.id.number(),
        "i_account": own.account.map(|id| id.number()),
        "account_id": &*own.account_id,
        "i_customer": own.customer.map(|id| id.number()),
        "service": own.service.name(),
        "CLI": own.cli.as_deref(),
        "CLD": own.cld.as_deref(),
        "connect_time": own.connect_time.map(|at| at.to_string()),
        "disconnect_time": own.disconnect_time.map(|at| at.to_string()),
        "bill_time": own.bill_time.to_string(),
        "used_quantity": own.used_quantity,
        "charged_quantity": own.charged_quantity,
        "charged_amount": amount(own.charged_amount),
        "iso_4217": own.currency.map(|currency| currency.as_str().to_owned()),
        "failed": own.failed,
    })
}
