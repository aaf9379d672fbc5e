//! Orders for the charging of a report (`PortaOne-Charge`, and `charge-report` and `commit-charge` of
//! `PortaOne-Service-Features`), and the report of what was charged, in the form of the documents' xDR import.

use tollgate_ocs_core::parties::charge::{Apply, ChargeOrder, ChargeReport, ChargeRequest, Commit};
use tollgate_ocs_core::{Amount, Denial, Entity, SessionKey};
use tollgate_radius::{Builder, EncodeError, cisco};

use crate::counters::Oddity;
use crate::denials::shown;
use crate::shared::Oddities;

/// The pairs of `name=value; name=value`.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.split(';').map(|part| part.split_once('=').unwrap_or((part, "")));
    parts.map(|(name, value)| (name.trim(), value.trim())).filter(|(name, _)| !name.is_empty())
}

/// Reads what a report orders of its charging; `None` where it orders nothing. What cannot be read is left out and
/// counted, but an order whose entity is not known is left out whole, so that nobody else is charged by it.
pub(crate) fn read(
    features: Option<&str>,
    orders: &[&str],
    oddities: &mut Oddities,
) -> Option<Box<ChargeRequest>> {
    let mut request = ChargeRequest::default();
    let mut some = !orders.is_empty();
    for (name, value) in features.into_iter().flat_map(pairs) {
        match (name, value) {
            ("charge-report", value) => request.report = value != "0",
            ("commit-charge", "0") => request.commit = Commit::Never,
            ("commit-charge", _) => request.commit = Commit::Always,
            _ => continue,
        }
        some = true;
    }
    for text in orders {
        read_order(text, &mut request, oddities);
    }
    some.then(|| Box::new(request))
}

fn read_order(text: &str, request: &mut ChargeRequest, oddities: &mut Oddities) {
    let mut order = ChargeOrder::default();
    let mut named = None;
    let mut odd = |what: &str| oddities.note(Oddity::UnknownWord, || format!("PortaOne-Charge {what}"));
    for (name, value) in pairs(text) {
        match (name, value) {
            ("apply", "always") => order.apply = Apply::Always,
            ("apply", "connection") => order.apply = Apply::Connection,
            ("apply", "never") => order.apply = Apply::Never,
            // The strictest of several counts: what one order keeps from being stored, no other stores.
            ("commit", "always") => {}
            ("commit", "complete") if request.commit == Commit::Always => request.commit = Commit::Complete,
            ("commit", "complete") => {}
            ("commit", "never") => request.commit = Commit::Never,
            ("report", value) => request.report = request.report || value != "0",
            ("type", "charge") => {}
            ("type", "prerated") => order.prerated = true,
            ("entity-type", value) => named = Some(entity(value)),
            ("charged-amount", value) => match value.parse::<Amount>() {
                Ok(amount) if !amount.is_negative() => order.amount = Some(amount),
                _ => return odd(text),
            },
            ("charged-quantity", value) => order.quantity = value.parse().ok(),
            ("currency", value) => match value.parse() {
                Ok(currency) => order.currency = Some(currency),
                // In another currency than was meant it would be another amount.
                Err(_) => return odd(text),
            },
            ("history", value) => order.history = Some(value.to_owned()),
            (name, value) if name.starts_with("flag.") => {
                order.flags.push((name.to_owned(), value.to_owned()));
            }
            _ => odd(name),
        }
    }
    match named {
        Some(Some(entity)) => {
            order.entity = entity;
            request.orders.push(order);
        }
        Some(None) => odd(text),
        // It speaks of the report as a whole: commit, report.
        None if order.amount.is_none() => {}
        None => odd(text),
    }
}

fn entity(name: &str) -> Option<Entity> {
    let level = name.strip_prefix("reseller[").and_then(|rest| rest.strip_suffix(']'));
    match name {
        "account" => Some(Entity::Account),
        "customer" => Some(Entity::Customer),
        "reseller" => Some(Entity::Reseller(0)),
        "vendor" => Some(Entity::Vendor),
        _ => level?.parse().ok().filter(|level| *level > 0).map(Entity::Reseller),
    }
}

/// Writes a report (ESI, xDR import post-processing, charge report).
///
/// # Errors
/// It is too long for a packet.
pub(crate) fn write(
    builder: &mut Builder,
    session: &SessionKey,
    report: &ChargeReport,
) -> Result<(), EncodeError> {
    let about =
        format!("id={session};i_service_type={};i_env={};valid=1", report.service.number(), report.env);
    builder.ivr_in("PortaBilling_Session", &about)?;
    for line in &report.lines {
        let mut text = format!(
            "PortaOne-Charge=type={};storage-type={};charged-amount={};charged-quantity={}",
            line.entity.name(),
            line.storage,
            line.amount,
            line.quantity
        );
        match line.entity {
            Entity::Account => line.account.iter().for_each(|id| text.push_str(&format!(";i_account={id}"))),
            Entity::Customer | Entity::Reseller(_) => {
                line.customer.iter().for_each(|id| text.push_str(&format!(";i_customer={id}")));
            }
            Entity::Vendor => line.vendor.iter().for_each(|id| text.push_str(&format!(";i_vendor={id}"))),
        }
        if let Some(threshold) = line.blocked_at {
            text.push_str(&format!(";flag.block={threshold}"));
        }
        builder.vsa(cisco::VENDOR, cisco::AV_PAIR, text.as_bytes())?;
    }
    Ok(())
}

/// Writes that a client may not order how it is charged: the code and words of a denial (ESI, RADIUS return codes).
///
/// # Errors
/// None that a denial's words could cause.
pub(crate) fn refuse(builder: &mut Builder, denial: Denial) -> Result<(), EncodeError> {
    let row = shown(denial);
    builder.cisco(cisco::H323_RETURN_CODE, &row.return_code.to_string())?;
    builder.ivr_in("ErrorExplanation", row.explanation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(features: Option<&str>, orders: &[&str]) -> (Option<Box<ChargeRequest>>, usize) {
        let mut oddities = Oddities::default();
        let request = read(features, orders, &mut oddities);
        (request, oddities.kinds().len())
    }

    #[test]
    fn the_documents_orders_are_read() {
        let (request, odd) = read_all(
            Some("charge-report=1; version=25.0"),
            &[
                "entity-type=account; apply=always",
                "type=charge; entity-type=account; charged-amount=3.2; currency=USD; history=prerated",
            ],
        );
        let request = request.unwrap();
        assert_eq!((request.report, request.commit, odd), (true, Commit::Always, 0));
        let [rated, added] = request.orders.as_slice() else { panic!("{request:?}") };
        assert_eq!((rated.entity, rated.apply, rated.amount), (Entity::Account, Apply::Always, None));
        assert_eq!(added.amount, Some("3.2".parse().unwrap()));
        assert_eq!(added.currency, Some("USD".parse().unwrap()));
        assert_eq!(added.history.as_deref(), Some("prerated"));
    }

    #[test]
    fn a_report_without_orders_has_none() {
        assert_eq!(read_all(Some("routing=1;"), &[]), (None, 0));
        assert_eq!(read_all(None, &[]), (None, 0));
    }

    #[test]
    fn the_strictest_commit_counts() {
        let commit = |features, orders: &[&str]| read_all(features, orders).0.unwrap().commit;
        assert_eq!(commit(Some("commit-charge=0"), &["commit=complete"]), Commit::Never);
        assert_eq!(commit(None, &["commit=never", "commit=complete"]), Commit::Never);
        assert_eq!(commit(None, &["commit=complete;report=1", "commit=always"]), Commit::Complete);
    }

    #[test]
    fn an_order_that_cannot_be_read_charges_nobody() {
        for text in [
            "entity-type=everybody;charged-amount=1",
            "entity-type=account;charged-amount=1,5",
            "entity-type=account;charged-amount=-1",
            "entity-type=account;charged-amount=1;currency=dollars",
            "charged-amount=1",
            "entity-type=reseller[0]",
        ] {
            let (request, odd) = read_all(None, &[text]);
            assert_eq!((request.unwrap().orders.len(), odd), (0, 1), "{text}");
        }
    }

    #[test]
    fn levels_of_resellers_are_read_as_they_are_written() {
        let orders = read_all(None, &["entity-type=reseller[2];apply=never", "entity-type=reseller"]).0;
        let entities: Vec<Entity> = orders.unwrap().orders.iter().map(|order| order.entity).collect();
        assert_eq!(entities, [Entity::Reseller(2), Entity::Reseller(0)]);
        assert_eq!(entity(&Entity::Reseller(3).name()), Some(Entity::Reseller(3)));
    }
}
