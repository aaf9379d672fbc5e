//! S6a: what an MME asks, and what it is told (TS 29.272 section 5.2).

use tollgate_diameter::{Message, avp};
use tollgate_wire::{Fields, Text, Value};

use super::digits::plmn_of;
use super::subscriber::{Place, Subscriber};
use super::vectors::Vector;
use crate::diameter::Outcome;

/// The application.
pub(crate) const S6A: u32 = 16_777_251;

/// Update-Location.
pub(crate) const UPDATE_LOCATION: u32 = 316;
/// Cancel-Location.
pub(crate) const CANCEL_LOCATION: u32 = 317;
/// Authentication-Information.
pub(crate) const AUTHENTICATION: u32 = 318;
/// Insert-Subscriber-Data.
pub(crate) const INSERT_DATA: u32 = 319;
/// Purge-UE.
pub(crate) const PURGE: u32 = 321;
/// Notify.
pub(crate) const NOTIFY: u32 = 323;

/// `DIAMETER_ERROR_USER_UNKNOWN` (TS 29.272 section 7.4.3).
pub(super) const USER_UNKNOWN: u32 = 5001;
const ROAMING_NOT_ALLOWED: u32 = 5004;
const UNKNOWN_EPS_SUBSCRIPTION: u32 = 5420;
const RAT_NOT_ALLOWED: u32 = 5421;
const UNKNOWN_SERVING_NODE: u32 = 5423;
const AUTHENTICATION_DATA_UNAVAILABLE: u32 = 4181;

/// RAT-Type EUTRAN, and that of its narrow band.
const RATS: [u32; 2] = [1004, 1005];
/// Most vectors at a time (TS 29.272 section 7.3.14).
const VECTORS_MAX: u32 = 5;
/// ULR-Flags: the MME has the subscription already (section 7.3.7).
const SKIP_SUBSCRIBER_DATA: u32 = 4;
/// ULA-Flags: the HSS keeps MME and SGSN apart (section 7.3.8).
const SEPARATION: u32 = 1;
/// PUA-Flags: the temporary identity is not to be used for a while (section 7.3.48).
const FREEZE: u32 = 1;

/// What is answered, and what else comes of it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) outcome: Outcome,
    pub(super) fields: Fields,
    /// The MME that the subscriber left for another.
    pub(super) left: Option<Place>,
}

impl Reply {
    pub(super) fn done(fields: Fields) -> Self {
        Self { outcome: Outcome::DONE, fields, left: None }
    }

    pub(super) fn refused(code: u32) -> Self {
        Self { outcome: Outcome::Tgpp(code), fields: Fields::new(), left: None }
    }
}

/// Answers a request about a subscriber whom the HSS knows; `through` is the neighbour that brought it. `None` where the
/// command is none that an MME sends.
pub(super) fn answer(own: &mut Subscriber, request: &Message<'_>, through: &str) -> Option<Reply> {
    Some(match request.header.command {
        AUTHENTICATION => authentication(own, request),
        UPDATE_LOCATION => location(own, request, through),
        PURGE => purge(own, request),
        NOTIFY => notify(own, request),
        _ => return None,
    })
}

fn authentication(own: &mut Subscriber, request: &Message<'_>) -> Reply {
    if !own.has_data {
        return Reply::refused(UNKNOWN_EPS_SUBSCRIPTION);
    }
    let Some(wanted) = request.get(avp::REQUESTED_EUTRAN_AUTHENTICATION_INFO) else {
        // Vectors of older networks are none of its business.
        return Reply::refused(AUTHENTICATION_DATA_UNAVAILABLE);
    };
    let count = wanted.members().get(avp::NUMBER_OF_REQUESTED_VECTORS).and_then(|own| own.u32());
    let mut vectors = Fields::new();
    for number in 1..=count.unwrap_or(1).clamp(1, VECTORS_MAX) {
        own.vectors = own.vectors.wrapping_add(1);
        let Vector { rand, xres, autn, kasme, .. } = Vector::of(&own.imsi, own.vectors);
        let octets = |octets: &[u8]| Value::Bytes(octets.to_vec().into());
        let vector = Fields::new()
            .with("Item-Number", number)
            .with("RAND", octets(&rand))
            .with("XRES", octets(&xres))
            .with("AUTN", octets(&autn))
            .with("KASME", octets(&kasme));
        vectors.push("E-UTRAN-Vector", Value::Group(vector));
    }
    Reply::done(Fields::new().with("Authentication-Info", Value::Group(vectors)))
}

fn location(own: &mut Subscriber, request: &Message<'_>, through: &str) -> Reply {
    if !own.has_data {
        return Reply::refused(UNKNOWN_EPS_SUBSCRIPTION);
    }
    if own.barred {
        let fields = Fields::new().with("Error-Diagnostic", "ODB-ALL-APN");
        return Reply { fields, ..Reply::refused(ROAMING_NOT_ALLOWED) };
    }
    if !request.u32(avp::RAT_TYPE).is_some_and(|rat| RATS.contains(&rat)) {
        return Reply::refused(RAT_NOT_ALLOWED);
    }
    let visited = request.get(avp::VISITED_PLMN_ID).and_then(|own| plmn_of(own.data));
    if !own.roams && !visited.is_some_and(|network| own.imsi.starts_with(&network)) {
        return Reply::refused(ROAMING_NOT_ALLOWED);
    }
    let (Some(host), Some(realm)) = (request.text(avp::ORIGIN_HOST), request.text(avp::ORIGIN_REALM)) else {
        return Reply::refused(UNKNOWN_SERVING_NODE);
    };
    let place = Place { host: host.into(), realm: realm.into(), through: through.into() };
    let before = own.place.replace(place);
    let left = before.filter(|before| !before.host.eq_ignore_ascii_case(host));
    if left.is_some() {
        own.gateways.clear();
    }
    let mut fields = Fields::new().with("ULA-Flags", SEPARATION);
    if request.u32(avp::ULR_FLAGS).unwrap_or(0) & SKIP_SUBSCRIBER_DATA == 0 {
        fields.push("Subscription-Data", Value::Group(own.data()));
    }
    Reply { left, ..Reply::done(fields) }
}

fn purge(own: &mut Subscriber, request: &Message<'_>) -> Reply {
    if !is_with_sender(own, request) {
        return Reply::done(Fields::new());
    }
    own.place = None;
    own.gateways.clear();
    Reply::done(Fields::new().with("PUA-Flags", FREEZE))
}

fn notify(own: &mut Subscriber, request: &Message<'_>) -> Reply {
    if !is_with_sender(own, request) {
        return Reply::refused(UNKNOWN_SERVING_NODE);
    }
    let gateway = request.get(avp::MIP6_AGENT_INFO).and_then(|own| {
        let home = own.members().get(avp::MIP_HOME_AGENT_HOST)?;
        home.members().get(avp::DESTINATION_HOST)?.text().map(Text::from)
    });
    if let Some((apn, gateway)) = request.text(avp::SERVICE_SELECTION).zip(gateway) {
        own.gateways.insert(apn.into(), gateway);
    }
    Reply::done(Fields::new())
}

fn is_with_sender(own: &Subscriber, request: &Message<'_>) -> bool {
    let sender = request.text(avp::ORIGIN_HOST);
    own.place.as_ref().zip(sender).is_some_and(|(place, sender)| place.host.eq_ignore_ascii_case(sender))
}
