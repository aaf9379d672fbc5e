//! What the charging system shows of itself: effects of the core as observations, under the names that
//! [`crate::OCS`] publishes. Called only while somebody observes.

use std::time::Duration;

use bytes::Bytes;
use tollgate_network::{Frame, Observation};
use tollgate_ocs_core::event::Event;
use tollgate_ocs_core::service::Unit;
use tollgate_ocs_core::xdr::{Note, Xdr};
use tollgate_ocs_core::{Amount, BalanceChange, Closed, ClosedBy, Currency, Service, Subject, Why};
use tollgate_radius::{Code, Packet, message_fields, tunnel};
use tollgate_wire::{Decimal, Fields, Text, Value};

use crate::config::GatewayConfig;

/// Decimals of an amount.
const AMOUNT_SCALE: u8 = 5;

pub(crate) fn decimal(amount: Amount) -> Decimal {
    Decimal::new(i128::from(amount.units()), AMOUNT_SCALE)
}

pub(crate) fn money(amount: Amount, currency: Currency) -> Value {
    Value::Money(decimal(amount), currency.as_str().into())
}

/// A quantity as its service counts it: a span for seconds, a number for octets and pieces.
fn quantity(service: Service, units: u64) -> Value {
    match service.unit() {
        Unit::Second => Value::Span(Duration::from_secs(units)),
        Unit::Octet | Unit::Piece => units.into(),
    }
}

/// Fields that are left out where there is nothing to say.
struct Shown(Fields);

impl Shown {
    fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push(Text::const_new(name), value);
    }

    fn maybe(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn text(&mut self, name: &'static str, value: Option<impl AsRef<str>>) {
        self.maybe(name, value.map(|text| Value::text(text.as_ref())));
    }
}

/// Every field of the documents' xDR table that the xDR has, and short names for what tests compare.
pub(crate) fn xdr(xdr: &Xdr) -> Observation {
    let mut shown = Shown(Fields::with_capacity(40));
    let amount = match xdr.currency {
        Some(currency) => money(xdr.charged_amount, currency),
        None => Value::Decimal(decimal(xdr.charged_amount)),
    };
    shown.put("account", &*xdr.account_id);
    shown.text("cli", xdr.cli.as_deref());
    shown.text("cld", xdr.cld.as_deref());
    shown.put("used", quantity(xdr.service, xdr.used_quantity));
    shown.put("charged", quantity(xdr.service, xdr.charged_quantity));
    shown.put("amount", amount);
    shown.put("failed", xdr.failed);
    shown.put("history", &*xdr.history);
    shown.maybe("billing-model", xdr.billing_model.map(i64::from));
    shown.text("disconnect-cause", xdr.disconnect_cause.map(|cause| format!("{cause:02X}")));
    shown.put("session", xdr.session_id.as_str());
    shown.put("leg", xdr.leg.to_string().as_str());
    shown.put("service", xdr.service.name());
    for note in &xdr.notes {
        shown.put("note", note.phrase());
    }
    shown.put("unresolved", xdr.notes.contains(&Note::Unresolved));
    shown.put("overdraft", xdr.notes.contains(&Note::Overdraft));
    shown.put("entity", xdr.entity.name().as_str());
    shown.put("storage", xdr.storage());
    numbers(&mut shown, xdr);
    shown.put("account-id", &*xdr.account_id);
    shown.put("session-id", xdr.session_id.as_str());
    shown.text("service-session-id", xdr.call_id.as_deref());
    shown.text("parent-session-id", xdr.parent_session_id.as_ref().map(|key| key.as_str()));
    shown.maybe("setup-time", xdr.setup_time);
    shown.maybe("connect-time", xdr.connect_time);
    shown.maybe("disconnect-time", xdr.disconnect_time);
    shown.put("bill-time", xdr.bill_time);
    shown.put("used-quantity", xdr.used_quantity);
    shown.put("charged-quantity", xdr.charged_quantity);
    shown.put("charged-amount", Value::Decimal(decimal(xdr.charged_amount)));
    shown.text("currency", xdr.currency.as_ref().map(Currency::as_str));
    shown.text("rating-pattern", xdr.rating_pattern.as_deref());
    shown.text("subscriber-ip", xdr.subscriber_ip.as_deref());
    Observation::new("xdr", shown.0)
}

/// A record that came from another system with its customer.
pub(crate) fn moved_xdr(xdr: &Xdr) -> Observation {
    Observation::new("xdr-moved", self::xdr(xdr).fields().clone())
}

/// The numbers of what an xDR refers to.
fn numbers(shown: &mut Shown, xdr: &Xdr) {
    shown.put("id", xdr.id.number());
    shown.put("i-env", xdr.env.number());
    shown.put("i-service", xdr.service.number());
    shown.maybe("i-account", xdr.account.map(|id| id.number()));
    shown.maybe("i-customer", xdr.customer.map(|id| id.number()));
    shown.maybe("i-vendor", xdr.vendor.map(|id| id.number()));
    shown.maybe("i-tariff", xdr.tariff.map(|id| id.number()));
    shown.maybe("i-rate", xdr.rate.map(|id| id.number()));
    shown.maybe("i-dest", xdr.destination.map(|id| id.number()));
    shown.maybe("i-dest-group", xdr.destination_group.map(|id| id.number()));
    shown.maybe("i-accessibility", xdr.rating_entry.map(|id| id.number()));
    shown.maybe("i-invoice", xdr.invoice);
    shown.maybe("peak-level", xdr.peak_level.map(i64::from));
    shown.maybe("split-order", xdr.split_order);
    shown.maybe("voice-quality", xdr.voice_quality);
    shown.maybe("revenue", xdr.revenue.map(|amount| Value::Decimal(decimal(amount))));
}

pub(crate) fn balance_change(change: &BalanceChange) -> Observation {
    let (kind, name) = subject(&change.subject);
    let why = match change.why {
        Why::Charge => "charge",
        Why::TopUp => "top-up",
        Why::Adjustment => "adjustment",
        Why::Refund => "refund",
        Why::Fee => "fee",
    };
    let fields = Fields::new()
        .with(kind, name)
        .with("before", money(change.before, change.currency))
        .with("after", money(change.after, change.currency))
        .with("why", why)
        .with("i-env", change.env.number());
    Observation::new("balance-changed", fields)
}

pub(crate) fn event(event: &Event) -> Observation {
    let (kind, name) = subject(&event.subject);
    let mut fields = Fields::new().with("name", event.name()).with(kind, name);
    for (name, value) in event.variables() {
        fields.push(Text::const_new(name), value.as_str());
    }
    Observation::new("event", fields)
}

pub(crate) fn closed(closed: &Closed) -> Observation {
    let by = match closed.by {
        ClosedBy::GrantExpired => "grant-expired",
        ClosedBy::LockExpired => "lock-expired",
        ClosedBy::Administrator => "administrator",
        ClosedBy::NodeRestarted => "node-restarted",
    };
    let fields = Fields::new()
        .with("session", closed.session.as_str())
        .with("account", &*closed.account)
        .with("by", by)
        .with("returned", Value::Decimal(decimal(closed.returned)))
        .with("i-env", closed.env.number());
    Observation::new("closed", fields)
}

fn subject(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::Account { name, .. } => ("account", name),
        Subject::Customer { name, .. } => ("customer", name),
        Subject::Vendor { name, .. } => ("vendor", name),
    }
}

/// The message as an observation: its fields under the names of the dictionary.
pub(crate) fn message(code: Code, octets: Bytes) -> Observation {
    let kind = code.name().map_or_else(|| code.to_string().into(), Text::const_new);
    Observation::message(kind, octets, message_fields)
}

/// An answer to a client. The passwords of tunnels that its templates put there are shown: the secret is known.
pub(crate) fn answer(config: &GatewayConfig, request: &Frame, answer: Bytes) -> Observation {
    // Whatever is sent begins with its code.
    let code = answer.first().map_or(Code(0), |code| Code(*code));
    match (code.name(), tunnel_passwords(config, request, &answer)) {
        (Some(name), Some(fields)) => Observation::new(Text::const_new(name), fields),
        _ => message(code, answer),
    }
}

fn tunnel_passwords(config: &GatewayConfig, request: &Frame, answer: &[u8]) -> Option<Fields> {
    let client = config.clients.get(config.clients.place(request.from.ip())?)?;
    if client.templates.is_empty() {
        return None;
    }
    let (packet, request) = (Packet::parse(answer).ok()?, Packet::parse(&request.payload).ok()?);
    tunnel::fields_shown(&packet, answer, &client.secret, request.authenticator())
}
