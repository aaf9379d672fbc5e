//! What a world has in stock beside its parties: vouchers, and the carriers of SIP calls.

use tollgate_wire::Text;

use super::load::{Names, currency_of, digits};
use super::model::{Route, Voucher};
use super::prices::amount;
use crate::diagnostics::Collector;
use crate::scenario::read;
use crate::yaml::{Entry, Keys};

/// One entry of `vouchers:`.
pub(super) fn voucher(entry: &Entry, names: &Names<'_>, collector: &mut Collector) -> Option<Voucher> {
    let place = collector.place(entry.key.span);
    let id = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a voucher", collector)?;
    let currency = currency_of(keys.value("currency"), &entry.key, "voucher", names, collector);
    let amount = keys
        .need("amount", "a voucher", collector)
        .and_then(|node| amount(node, currency.as_ref(), collector));
    let expires = keys.value("expires").and_then(|node| read::time(node, "the time of expiry", collector));
    keys.finish("a voucher", collector);
    Some(Voucher { id: id?, amount: amount?, currency: currency?, expires, place })
}

/// One entry of `routes:`.
pub(super) fn route(entry: &Entry, collector: &mut Collector) -> Option<Route> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a route", collector)?;
    let prefix =
        keys.value("prefix").map_or(Some(Text::default()), |node| digits(node, "a prefix", collector));
    let address = keys
        .need("address", "a route", collector)
        .and_then(|node| read::address(node, "an address", collector));
    let preference = keys
        .value("preference")
        .and_then(|node| read::whole(node, "a preference", (0, i64::from(u32::MAX)), collector));
    let auth = keys.value("auth").and_then(|node| read::text(node, "what proves the call", collector));
    let rtpp_level = keys
        .value("rtpp-level")
        .and_then(|node| read::whole(node, "a level of media proxying", (0, 3), collector));
    keys.finish("a route", collector);
    Some(Route {
        name: name?,
        prefix: prefix?,
        address: address?,
        preference: preference.unwrap_or_default(),
        auth,
        rtpp_level,
        place,
    })
}
