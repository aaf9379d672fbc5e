//! What waits for a commit, as the columns of the statements that store it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_postgres::types::ToSql;
use tollgate_ocs_core::{Amount, BalanceChange, Event, Subject, Xdr};
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

/// Rows of a table, column by column, and the statement that stores them all at once.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident => $table:literal { $($column:ident: $type:ty => $sql:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name {
            $(pub(super) $column: Vec<$type>,)+
        }

        impl $name {
            pub(super) fn insert() -> String {
                let names = [$(stringify!($column)),+];
                let types = [$($sql),+];
                let arrays = types.iter().enumerate().map(|(place, sql)| format!("${}::{sql}[]", place + 1));
                let (names, arrays) = (names.join(", "), arrays.collect::<Vec<_>>().join(", "));
                format!("INSERT INTO {} ({names}) SELECT * FROM unnest({arrays})", $table)
            }

            pub(super) fn row(&self) -> Vec<&(dyn ToSql + Sync)> {
                vec![$(&self.$column),+]
            }
        }
    };
}

columns!(Entries => "entry" {
    position: i64 => "BIGINT",
    octets: Vec<u8> => "BYTEA",
});

columns!(Xdrs => "xdr" {
    position: i64 => "BIGINT",
    ordinal: i32 => "INTEGER",
    id: i64 => "BIGINT",
    bill_time: SystemTime => "TIMESTAMPTZ",
    connect_time: Option<SystemTime> => "TIMESTAMPTZ",
    disconnect_time: Option<SystemTime> => "TIMESTAMPTZ",
    used_quantity: i64 => "BIGINT",
    charged_quantity: i64 => "BIGINT",
    charged_amount: i64 => "BIGINT",
    revenue: Option<i64> => "BIGINT",
    setup_time: Option<i64> => "BIGINT",
    usage: i64 => "BIGINT",
    i_env: i32 => "INTEGER",
    i_service: i32 => "INTEGER",
    i_account: Option<i32> => "INTEGER",
    i_customer: Option<i32> => "INTEGER",
    i_vendor: Option<i32> => "INTEGER",
    i_tariff: Option<i32> => "INTEGER",
    i_rate: Option<i32> => "INTEGER",
    i_dest: Option<i32> => "INTEGER",
    i_dest_group: Option<i32> => "INTEGER",
    i_accessibility: Option<i32> => "INTEGER",
    i_invoice: Option<i32> => "INTEGER",
    split_order: Option<i32> => "INTEGER",
    voice_quality: Option<i32> => "INTEGER",
    disconnect_cause: Option<i16> => "SMALLINT",
    peak_level: Option<i16> => "SMALLINT",
    billing_model: Option<i16> => "SMALLINT",
    failed: bool => "BOOLEAN",
    entity: String => "TEXT",
    storage: String => "TEXT",
    leg: String => "TEXT",
    session_id: String => "TEXT",
    account_id: String => "TEXT",
    currency: Option<String> => "TEXT",
    cli: Option<String> => "TEXT",
    cld: Option<String> => "TEXT",
    call_id: Option<String> => "TEXT",
    parent_session_id: Option<String> => "TEXT",
    rating_pattern: Option<String> => "TEXT",
    subscriber_ip: Option<String> => "TEXT",
    history: String => "TEXT",
    notes: Option<String> => "TEXT",
});

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

/// A number that an INTEGER holds, or the largest that it does.
fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
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
        let text = |text: Option<&Arc<str>>| text.map(ToString::to_string);
        to.position.push(position);
        to.ordinal.push(ordinal);
        to.id.push(whole(xdr.id.number()));
        to.bill_time.push(time(xdr.bill_time));
        to.connect_time.push(xdr.connect_time.map(time));
        to.disconnect_time.push(xdr.disconnect_time.map(time));
        to.used_quantity.push(whole(xdr.used_quantity));
        to.charged_quantity.push(whole(xdr.charged_quantity));
        to.charged_amount.push(xdr.charged_amount.units());
        to.revenue.push(xdr.revenue.map(Amount::units));
        to.setup_time.push(xdr.setup_time.map(whole));
        to.usage.push(whole(xdr.usage.number()));
        to.i_env.push(small(xdr.env.number()));
        to.i_service.push(small(xdr.service.number()));
        to.i_account.push(xdr.account.map(|id| small(id.number())));
        to.i_customer.push(xdr.customer.map(|id| small(id.number())));
        to.i_vendor.push(xdr.vendor.map(|id| small(id.number())));
        to.i_tariff.push(xdr.tariff.map(|id| small(id.number())));
        to.i_rate.push(xdr.rate.map(|id| small(id.number())));
        to.i_dest.push(xdr.destination.map(|id| small(id.number())));
        to.i_dest_group.push(xdr.destination_group.map(|id| small(id.number())));
        to.i_accessibility.push(xdr.rating_entry.map(|id| small(id.number())));
        to.i_invoice.push(xdr.invoice.map(small));
        to.split_order.push(xdr.split_order.map(small));
        to.voice_quality.push(xdr.voice_quality.map(small));
        to.disconnect_cause.push(xdr.disconnect_cause.map(i16::from));
        to.peak_level.push(xdr.peak_level.map(i16::from));
        to.billing_model.push(xdr.billing_model.map(i16::from));
        to.failed.push(xdr.failed);
        to.entity.push(xdr.entity.name());
        to.storage.push(xdr.storage().to_owned());
        to.leg.push(xdr.leg.to_string());
        to.session_id.push(xdr.session_id.to_string());
        to.account_id.push(xdr.account_id.to_string());
        to.currency.push(xdr.currency.map(|currency| currency.to_string()));
        to.cli.push(text(xdr.cli.as_ref()));
        to.cld.push(text(xdr.cld.as_ref()));
        to.call_id.push(text(xdr.call_id.as_ref()));
        to.parent_session_id.push(xdr.parent_session_id.as_ref().map(ToString::to_string));
        to.rating_pattern.push(xdr.rating_pattern.as_ref().map(ToString::to_string));
        to.subscriber_ip.push(text(xdr.subscriber_ip.as_ref()));
        to.history.push(xdr.history.clone());
        let notes: Vec<_> = xdr.notes.iter().map(|note| note.phrase()).collect();
        to.notes.push((!notes.is_empty()).then(|| notes.join(", ")));
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
