//! Customers and accounts of a world file.

use std::collections::BTreeMap;

use tollgate_wire::{Decimal, Text};

use super::load::{Names, check_currency, currency_of, reference, word};
use super::model::{Account, AccountType, Customer, Product};
use super::prices::{amount, signed_amount};
use crate::diagnostics::{Collector, Problem, shown};
use crate::scenario::read;
use crate::scenario::values::ValueError;
use crate::yaml::{Entry, Keys};

/// One entry of `customers:`.
pub(super) fn customer(entry: &Entry, names: &Names<'_>, collector: &mut Collector) -> Option<Customer> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a customer", collector)?;
    let currency = currency_of(keys.value("currency"), &entry.key, "customer", names, collector);
    let balance = keys.value("balance").and_then(|node| signed_amount(node, currency.as_ref(), collector));
    let credit_limit = keys.value("credit-limit").and_then(|node| amount(node, currency.as_ref(), collector));
    let suspended = keys.value("suspended").and_then(|node| read::flag(node, "suspended", collector));
    let dialing_rule = keys
        .value("dialing-rule")
        .and_then(|node| reference(node, ("dialing rule", "dialing rules"), &names.dialing_rules, collector));
    let call_limits = super::network::call_limits(&mut keys, collector);
    keys.finish("a customer", collector);
    Some(Customer {
        name: name?,
        currency: currency?,
        balance: balance.unwrap_or_default(),
        credit_limit,
        suspended: suspended.unwrap_or_default(),
        dialing_rule,
        call_limits,
        place,
    })
}

/// One entry of `accounts:`; the products and customers of the world are read already.
pub(super) fn account(
    entry: &Entry,
    names: &Names<'_>,
    currencies: &Currencies<'_>,
    collector: &mut Collector,
) -> Option<Account> {
    let place = collector.place(entry.key.span);
    let id = read::name(entry, collector);
    let what = "an account";
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let customer = keys
        .need("customer", what, collector)
        .and_then(|node| reference(node, ("customer", "customers"), &names.customers, collector));
    let product_node = keys.need("product", what, collector);
    let product =
        product_node.and_then(|node| reference(node, ("product", "products"), &names.products, collector));
    let add_ons = keys.value("add-ons").map_or_else(Vec::new, |node| {
        let items = read::items(node, "add-on products", collector);
        let named = |item: &crate::yaml::Node, c: &mut Collector| {
            reference(item, ("product", "products"), &names.products, c)
        };
        items.iter().filter_map(|item| named(item, collector)).collect()
    });
    let currency = currencies.find(customer.as_ref(), product.as_ref());
    if let (Some(node), Some((of_customer, of_product))) = (product_node, &currency) {
        check_currency(node.span, ("the product", of_product), ("the customer", of_customer), collector);
    }
    let currency = currency.map(|(of_customer, _)| of_customer);
    let kinds = [("debit", AccountType::Debit), ("credit", AccountType::Credit)];
    let kind = keys.value("type").and_then(|node| word(node, "a type of account", &kinds, collector));
    let kind = kind.unwrap_or_default();
    let balance_node = keys.value("balance");
    let balance = balance_node.and_then(|node| signed_amount(node, currency, collector));
    if let (Some(node), Some(balance), AccountType::Debit) = (balance_node, balance, kind)
        && balance < Decimal::default()
    {
        collector.push(
            Problem::error(node.span, "the money left on a debit account is never below zero")
                .advice("an account that owes money has `type: credit`"),
        );
    }
    let limit_node = keys.value("credit-limit");
    let credit_limit = limit_node.and_then(|node| amount(node, currency, collector));
    if let (Some(node), AccountType::Debit) = (limit_node, kind) {
        collector.push(
            Problem::error(node.span, "a debit account has no credit limit")
                .advice("remove it, or say `type: credit`"),
        );
    }
    let password = keys.value("password").and_then(|node| read::text(node, "a password", collector));
    let language = keys
        .value("language")
        .and_then(|node| read::with(node, "a language", collector, |text, _| language(text)));
    let blocked = keys.value("blocked").and_then(|node| read::flag(node, "blocked", collector));
    let expires = keys.value("expires").and_then(|node| read::time(node, "the time of expiry", collector));
    let call_limits = super::network::call_limits(&mut keys, collector);
    keys.finish(what, collector);
    Some(Account {
        id: id?,
        customer: customer?,
        add_ons,
        product: product?,
        kind,
        balance: balance.unwrap_or_default(),
        credit_limit,
        password: password.unwrap_or_default(),
        language: language.unwrap_or_else(|| Text::const_new("en")),
        blocked: blocked.unwrap_or_default(),
        expires,
        call_limits,
        place,
    })
}

/// The currencies of the customers and products that are right, by name.
pub(super) struct Currencies<'w> {
    customers: BTreeMap<&'w str, &'w Text>,
    products: BTreeMap<&'w str, &'w Text>,
}

impl<'w> Currencies<'w> {
    pub(super) fn of(customers: &'w [Customer], products: &'w [Product]) -> Self {
        Self {
            customers: customers.iter().map(|own| (own.name.as_str(), &own.currency)).collect(),
            products: products.iter().map(|own| (own.name.as_str(), &own.currency)).collect(),
        }
    }

    /// Those of this customer and of this product.
    fn find(&self, customer: Option<&Text>, product: Option<&Text>) -> Option<(&'w Text, &'w Text)> {
        Some((*self.customers.get(customer?.as_str())?, *self.products.get(product?.as_str())?))
    }
}

fn language(text: &str) -> Result<Text, ValueError> {
    if text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Ok(text.into());
    }
    Err(ValueError {
        message: format!("'{}' is not a language", shown(text)),
        help: Some("a language is two small letters (ISO 639-1): en, fr".to_owned()),
    })
}
