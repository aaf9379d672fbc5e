//! Lists, information and changes: what people ask of customers, accounts and products.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tollgate_http::Bytes;
use tollgate_ocs_core::ids::{AccountId, CustomerId};
use tollgate_ocs_core::{AccountView, Admin, Amount, CustomerView};
use tollgate_time::Instant;

use super::fault::Fault;
use super::routes::{Done, body, parameters};
use super::sessions::Who;
use super::show;
use crate::node::RadiusGateway;

/// Rows of a list where nothing is said of it, and at most.
const ROWS_MAX: usize = 1_000;

/// Which part of a list.
#[derive(Deserialize, Default)]
struct Page {
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    offset: Option<usize>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    i_customer: Option<u32>,
}

/// One customer.
#[derive(Deserialize)]
struct OneCustomer {
    #[serde(default)]
    i_customer: Option<u32>,
    #[serde(default)]
    name: Option<String>,
}

/// One account.
#[derive(Deserialize)]
struct OneAccount {
    #[serde(default)]
    i_account: Option<u32>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    offset: Option<usize>,
}

#[derive(Deserialize)]
struct AccountChange {
    account_info: AccountFields,
}

/// What of an account is changed.
#[derive(Deserialize)]
struct AccountFields {
    i_account: u32,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    product_name: Option<String>,
    #[serde(default)]
    blocked: Option<bool>,
    #[serde(default)]
    password: Option<String>,
}

#[derive(Deserialize)]
struct CustomerChange {
    customer_info: CustomerFields,
}

/// What of a customer is changed.
#[derive(Deserialize)]
struct CustomerFields {
    i_customer: u32,
    #[serde(default)]
    suspended: Option<bool>,
}

/// Money paid or corrected.
#[derive(Deserialize)]
struct Transaction {
    #[serde(default)]
    i_customer: Option<u32>,
    #[serde(default)]
    i_account: Option<u32>,
    action: String,
    amount: String,
}

fn paged(rows: Vec<Json>, limit: Option<usize>, offset: Option<usize>) -> Vec<Json> {
    let limit = limit.unwrap_or(ROWS_MAX).min(ROWS_MAX);
    rows.into_iter().skip(offset.unwrap_or(0)).take(limit).collect()
}

impl RadiusGateway {
    fn api_customer(&self, own: &OneCustomer) -> Result<CustomerView<'_>, Fault> {
        let ocs = self.ocs();
        match (own.i_customer, &own.name) {
            (Some(id), _) => ocs
                .customer_numbered(CustomerId::from_number(id))
                .ok_or_else(|| Fault::unknown(format!("there is no customer {id}"))),
            (None, Some(name)) => {
                ocs.customer(name).ok_or_else(|| Fault::unknown(format!("there is no customer '{name}'")))
            }
            (None, None) => Err(Fault::parameters("name the customer by i_customer or name")),
        }
    }

    fn api_account(
        &self,
        who: &Who,
        i_account: Option<u32>,
        id: Option<&str>,
    ) -> Result<AccountView<'_>, Fault> {
        let ocs = self.ocs();
        let own = match who {
            Who::Account(own) => Some(own.number()),
            Who::Administrator => None,
        };
        let view = match (i_account.or(own.filter(|_| id.is_none())), id) {
            (Some(number), _) => ocs
                .account_numbered(AccountId::from_number(number))
                .ok_or_else(|| Fault::unknown(format!("there is no account {number}")))?,
            (None, Some(id)) => {
                ocs.account(id).ok_or_else(|| Fault::unknown(format!("there is no account '{id}'")))?
            }
            (None, None) => return Err(Fault::parameters("name the account by i_account or id")),
        };
        if own.is_some_and(|own| own != view.number().number()) {
            return Err(Fault::unknown("there is no such account of yours"));
        }
        Ok(view)
    }

    pub(super) fn customer_list(&self, octets: &[u8]) -> Result<Bytes, Fault> {
        let page: Page = parameters(octets)?;
        let all = self.ocs().customers();
        let named = all.iter().filter(|own| page.name.as_deref().is_none_or(|name| own.name() == name));
        // Whoever was exported is listed where it is.
        let rows: Vec<Json> = named.filter(|own| !own.is_exported()).map(show::customer).collect();
        let total = rows.len();
        Ok(body(&json!({ "customer_list": paged(rows, page.limit, page.offset), "total": total })))
    }

    pub(super) fn customer_info(&self, who: &Who, octets: &[u8]) -> Result<Bytes, Fault> {
        let mut asked: OneCustomer = parameters(octets)?;
        if let Who::Account(own) = who {
            let view = self.ocs().account_numbered(*own);
            let own = view.map(|own| own.customer_number().number());
            if asked.i_customer.is_some_and(|asked| Some(asked) != own) || asked.name.is_some() {
                return Err(Fault::unknown("there is no such customer of yours"));
            }
            asked.i_customer = own;
        }
        Ok(body(&json!({ "customer_info": show::customer(&self.api_customer(&asked)?) })))
    }

    pub(super) fn account_list(&self, octets: &[u8]) -> Result<Bytes, Fault> {
        let page: Page = parameters(octets)?;
        let customer = self.api_customer(&OneCustomer { i_customer: page.i_customer, name: page.name })?;
        let accounts = self.ocs().accounts_of(customer.number());
        let rows: Vec<Json> = accounts.iter().map(show::account).collect();
        let total = rows.len();
        Ok(body(&json!({ "account_list": paged(rows, page.limit, page.offset), "total": total })))
    }

    pub(super) fn account_info(&self, who: &Who, octets: &[u8]) -> Result<Bytes, Fault> {
        let asked: OneAccount = parameters(octets)?;
        let view = self.api_account(who, asked.i_account, asked.id.as_deref())?;
        Ok(body(&json!({ "account_info": show::account(&view) })))
    }

    pub(super) fn xdr_list(&self, who: &Who, octets: &[u8]) -> Result<Bytes, Fault> {
        let asked: OneAccount = parameters(octets)?;
        let view = self.api_account(who, asked.i_account, asked.id.as_deref())?;
        let xdrs = self.ocs().xdrs_of(view.number());
        let total = xdrs.len();
        let rows = paged(xdrs.into_iter().map(|own| show::xdr(own)).collect(), asked.limit, asked.offset);
        Ok(body(&json!({ "xdr_list": rows, "total": total })))
    }

    pub(super) fn product_list(&self, octets: &[u8]) -> Result<Bytes, Fault> {
        let page: Page = parameters(octets)?;
        let rows: Vec<Json> = self.ocs().products().map(|own| show::product(&own)).collect();
        let total = rows.len();
        Ok(body(&json!({ "product_list": paged(rows, page.limit, page.offset), "total": total })))
    }

    pub(super) fn update_account(&mut self, now: Instant, octets: &[u8]) -> Done {
        let AccountChange { account_info: asked } = parameters(octets)?;
        let view = self.api_account(&Who::Administrator, Some(asked.i_account), None)?;
        let account = view.id().to_owned();
        let own = || account.clone();
        let blocked = asked.blocked.map(|blocked| match blocked {
            true => Admin::Block { account: own() },
            false => Admin::Unblock { account: own() },
        });
        let product = asked.product_name.map(|product| Admin::SetProduct { account: own(), product });
        let password = asked.password.map(|password| Admin::SetPassword {
            account: own(),
            password: Some(password).filter(|password| !password.is_empty()),
        });
        // The new id comes last: until then the account has its old one.
        let renamed = asked.id.map(|to| Admin::Rename { account: own(), to });
        for change in [blocked, product, password, renamed].into_iter().flatten() {
            self.api_change(now, change)?;
        }
        Ok(body(&json!({ "i_account": asked.i_account })))
    }

    pub(super) fn terminate_account(&mut self, now: Instant, octets: &[u8]) -> Done {
        let asked: OneAccount = parameters(octets)?;
        let view = self.api_account(&Who::Administrator, asked.i_account, asked.id.as_deref())?;
        let (account, number) = (view.id().to_owned(), view.number().number());
        if !view.is_terminated() {
            self.api_change(now, Admin::Terminate { account })?;
        }
        Ok(body(&json!({ "success": 1, "i_account": number })))
    }

    pub(super) fn update_customer(&mut self, now: Instant, octets: &[u8]) -> Done {
        let CustomerChange { customer_info: asked } = parameters(octets)?;
        let one = OneCustomer { i_customer: Some(asked.i_customer), name: None };
        let customer = self.api_customer(&one)?.name().to_owned();
        if let Some(suspended) = asked.suspended {
            self.api_change(now, Admin::SuspendCustomer { customer, suspended })?;
        }
        Ok(body(&json!({ "i_customer": asked.i_customer })))
    }

    pub(super) fn account_transaction(&mut self, now: Instant, octets: &[u8]) -> Done {
        let asked: Transaction = parameters(octets)?;
        let (amount, number) = (money(&asked.amount)?, asked.i_account);
        let view = self.api_account(&Who::Administrator, number, None)?;
        let (account, number) = (view.id().to_owned(), view.number());
        let change = match asked.action.as_str() {
            "Manual Payment" => Admin::TopUp { account, amount },
            "Refund" => Admin::Refund { account, amount },
            "Manual Credit" => Admin::Adjust { account, amount },
            other => return Err(unknown_action(other).into()),
        };
        self.api_change(now, change)?;
        let balance = self.ocs().account_numbered(number).map(|own| show::amount(own.balance()));
        Ok(body(&json!({ "balance": balance })))
    }

    pub(super) fn customer_transaction(&mut self, now: Instant, octets: &[u8]) -> Done {
        let asked: Transaction = parameters(octets)?;
        let amount = money(&asked.amount)?;
        let view = self.api_customer(&OneCustomer { i_customer: asked.i_customer, name: None })?;
        let (customer, number) = (view.name().to_owned(), view.number());
        let change = match asked.action.as_str() {
            "Manual Payment" => Admin::PayCustomer { customer, amount },
            "Manual Credit" => Admin::AdjustCustomer { customer, amount },
            other => return Err(unknown_action(other).into()),
        };
        self.api_change(now, change)?;
        let balance = self.ocs().customer_numbered(number).map(|own| show::amount(own.balance()));
        Ok(body(&json!({ "balance": balance })))
    }
}

fn money(text: &str) -> Result<Amount, Fault> {
    text.parse().map_err(|_| Fault::parameters(format!("amount '{text}' is no number such as \"10.00\"")))
}

fn unknown_action(action: &str) -> Fault {
    Fault::parameters(format!(
        "there is no action '{action}'; there are Manual Payment, Manual Credit, Refund"
    ))
}
