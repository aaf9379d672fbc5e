//! What waits for a commit, as the columns of the statements that store it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tollgate_ocs_core::{BalanceChange, Event, Subject, Xdr};
use tollgate_time::Instant;

/// A commit's rows, column by column.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Entries,
    pub(super) xdrs: Xdrs,
    /// The last balance of each, by environment, kind and name; a statement may change a row once.
    pub(super) balances: BTreeMap<(i64, &'static str, String), (i64, i64, String)>,
    pub(super) events: Events,
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) position: Vec<i64>,
    pub(super) octets: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
pub(super) struct Xdrs {
    pub(super) position: Vec<i64>,
    pub(super) ordinal: Vec<i32>,
    pub(super) id: Vec<i64>,
    pub(super) entity: Vec<String>,
    pub(super) bill_time: Vec<SystemTime>,
    pub(super) connect_time: Vec<Option<SystemTime>>,
    pub(super) disconnect_time: Vec<Option<SystemTime>>,
    pub(super) session_id: Vec<String>,
    pub(super) account_id: Vec<String>,
    pub(super) i_account: Vec<Option<i64>>,
    pub(super) i_customer: Vec<Option<i64>>,
    pub(super) i_service: Vec<i32>,
    pub(super) cli: Vec<Option<String>>,
    pub(super) cld: Vec<Option<String>>,
    pub(super) used_quantity: Vec<i64>,
    pub(super) charged_quantity: Vec<i64>,
    pub(super) charged_amount: Vec<i64>,
    pub(super) currency: Vec<Option<String>>,
    pub(super) failed: Vec<bool>,
    pub(super) history: Vec<String>,
    pub(super) fields: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) position: Vec<i64>,
    pub(super) ordinal: Vec<i32>,
    pub(super) at: Vec<SystemTime>,
    pub(super) name: Vec<String>,
    pub(super) subject: Vec<String>,
    pub(super) variables: Vec<String>,
}

fn time(at: Instant) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(at.unix_nanos())
}

/// A number that a BIGINT holds, or the largest that it does.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Texts by their names as an object; absent ones are left out.
fn object(fields: impl IntoIterator<Item = (&'static str, Option<String>)>) -> String {
    let named = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    serde_json::Value::Object(named.collect()).to_string()
}

fn parts(subject: &Subject) -> (&'static str, i64, &str) {
    match subject {
        Subject::Account { id, name } => ("account", i64::from(id.number()), name),
        Subject::Customer { id, name } => ("customer", i64::from(id.number()), name),
        Subject::Vendor { id, name } => ("vendor", i64::from(id.number()), name),
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.position.is_empty()
    }

    pub(super) fn entry(&mut self, position: i64, octets: Vec<u8>) {
        self.entries.position.push(position);
        self.entries.octets.push(octets);
    }

    pub(super) fn xdr(&mut self, position: i64, ordinal: i32, xdr: &Xdr) {
        let to = &mut self.xdrs;
        to.position.push(position);
        to.ordinal.push(ordinal);
        to.id.push(whole(xdr.id.number()));
        to.entity.push(xdr.entity.name());
        to.bill_time.push(time(xdr.bill_time));
        to.connect_time.push(xdr.connect_time.map(time));
        to.disconnect_time.push(xdr.disconnect_time.map(time));
        to.session_id.push(xdr.session_id.to_string());
        to.account_id.push(xdr.account_id.to_string());
        to.i_account.push(xdr.account.map(|id| i64::from(id.number())));
        to.i_customer.push(xdr.customer.map(|id| i64::from(id.number())));
        to.i_service.push(i32::try_from(xdr.service.number()).unwrap_or(i32::MAX));
        to.cli.push(xdr.cli.as_ref().map(ToString::to_string));
        to.cld.push(xdr.cld.as_ref().map(ToString::to_string));
        to.used_quantity.push(whole(xdr.used_quantity));
        to.charged_quantity.push(whole(xdr.charged_quantity));
        to.charged_amount.push(xdr.charged_amount.units());
        to.currency.push(xdr.currency.map(|currency| currency.to_string()));
        to.failed.push(xdr.failed);
        to.history.push(xdr.history.clone());
        to.fields.push(object(xdr.fields()));
    }

    pub(super) fn balance(&mut self, change: &BalanceChange) {
        let (kind, number, name) = parts(&change.subject);
        let now = (number, change.after.units(), change.currency.to_string());
        self.balances.insert((i64::from(change.env.number()), kind, name.to_owned()), now);
    }

    pub(super) fn event(&mut self, position: i64, ordinal: i32, now: Instant, event: &Event) {
        let to = &mut self.events;
        to.position.push(position);
        to.ordinal.push(ordinal);
        to.at.push(time(now));
        to.name.push(event.name().to_owned());
        to.subject.push(parts(&event.subject).2.to_owned());
        to.variables.push(object(event.variables().into_iter().map(|(name, value)| (name, Some(value)))));
    }
}
