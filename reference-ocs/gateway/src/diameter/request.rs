//! From a Credit-Control-Request to what the core is asked. Nothing is judged here but whether it can be understood.
//!
//! Source: RFC 8506 sections 3.1, 8.16, 8.19; TS 32.299 (Service-Information); ESI, Diameter interface.

use tollgate_diameter::{Avp, AvpCode, Avps, Message, Problem, ProblemKind, avp};
use tollgate_ocs_core::{
    CreditAsk, CreditRequest, CreditStage, EventAction, EventRequest, ServiceRequest, SessionKey, Unit, Used,
    Wanted,
};
use tollgate_time::Instant;

use super::config::{DiameterConfig, Named, Profile, Role, ServiceRule};
use super::money;

/// CC-Request-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Initial,
    Update,
    Terminate,
    Event,
}

/// What the answer to a request needs to know of it.
#[derive(Debug)]
pub(super) struct Understood {
    pub(super) kind: Kind,
    /// When what it speaks of happened, as the client says.
    pub(super) at: Option<Instant>,
    /// What the services of the request were found to be, in its order.
    pub(super) services: Vec<Asked>,
    /// The request has its services in Multiple-Services-Credit-Control.
    pub(super) multiple: bool,
}

/// One service of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) named: Named,
    /// The place of its rule; `None` when nobody knows what it is.
    pub(super) rule: Option<usize>,
    /// The units are of a kind that the service is not counted in.
    pub(super) other_units: bool,
    /// The called number as it came.
    pub(super) cld: Option<String>,
}

/// Who calls whom, or sends to whom.
#[derive(Debug, Default)]
struct Parties {
    caller: Option<String>,
    called: Option<String>,
    role: Role,
    address: Option<String>,
    cause: Option<u8>,
}

/// Requested-Action (RFC 8506 section 8.41).
const fn action(number: u32) -> Option<EventAction> {
    Some(match number {
        0 => EventAction::DirectDebiting,
        1 => EventAction::Refund,
        2 => EventAction::CheckBalance,
        3 => EventAction::PriceEnquiry,
        _ => return None,
    })
}

/// Reporting-Reason FINAL (TS 32.299 section 7.2.175).
const FINAL: u32 = 2;
/// Tariff-Change-Usage UNIT_AFTER_TARIFF_CHANGE (RFC 8506 section 8.27).
const AFTER_TARIFF_CHANGE: u32 = 1;

/// Reads a Credit-Control-Request.
///
/// # Errors
/// An AVP that it cannot do without is missing or says what it cannot say.
pub(super) fn read(
    message: &Message<'_>,
    config: &DiameterConfig,
    node: Option<&str>,
) -> Result<(CreditRequest, Understood), Problem> {
    let session = needed_text(message, avp::SESSION_ID)?;
    let kind_avp = needed(message, avp::CC_REQUEST_TYPE)?;
    let kind = match kind_avp.u32() {
        Some(1) => Kind::Initial,
        Some(2) => Kind::Update,
        Some(3) => Kind::Terminate,
        Some(4) => Kind::Event,
        _ => return Err(Problem::of(ProblemKind::Value { wanted: "1, 2, 3 or 4" }, kind_avp)),
    };
    let number_avp = needed(message, avp::CC_REQUEST_NUMBER)?;
    let wrong = || Problem::of(ProblemKind::Value { wanted: "a number" }, number_avp);
    let number = number_avp.u32().ok_or_else(wrong)?;
    let context = match message.text(avp::SERVICE_CONTEXT_ID) {
        Some(context) => context,
        None if config.profile == Profile::Lenient => "",
        None => return Err(Problem::missing(avp::SERVICE_CONTEXT_ID, message.bytes().len())),
    };
    let accounts = identities(message);
    if accounts.is_empty() {
        return Err(Problem::missing(avp::SUBSCRIPTION_ID, message.bytes().len()));
    }
    let parties = parties(message);
    let mut services = Vec::new();
    let mut asked = Vec::new();
    let multiple = message.get(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).is_some();
    let mut add = |avps: Avps<'_>| {
        let (service, own) = service(avps, context, &parties, config, kind);
        services.push(service);
        asked.push(own);
    };
    if multiple {
        message.all(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).for_each(|own| add(own.members()));
    } else if message.get(avp::REQUESTED_SERVICE_UNIT).is_some()
        || message.get(avp::USED_SERVICE_UNIT).is_some()
        || kind == Kind::Event
        || (kind == Kind::Initial && !speaks_of_many(message))
    {
        add(message.avps());
    }
    let ask = match kind {
        Kind::Event => CreditAsk::Event(event(message, &services, &asked, config)?),
        _ => CreditAsk::Session {
            stage: match kind {
                Kind::Initial => CreditStage::Initial,
                Kind::Update => CreditStage::Update,
                _ => CreditStage::Terminate,
            },
            services,
            begins_unknown: config.profile == Profile::Lenient,
        },
    };
    let at = message.get(avp::EVENT_TIMESTAMP).and_then(|own| own.time());
    let command = CreditRequest {
        node: node.map(str::to_owned),
        session: session_key(session, message),
        number,
        accounts,
        at,
        ask,
    };
    Ok((command, Understood { kind, at, services: asked, multiple }))
}

/// The session, or the part of it that CC-Sub-Session-Id names.
fn session_key(session: &str, message: &Message<'_>) -> SessionKey {
    match message.get(avp::CC_SUB_SESSION_ID).and_then(|own| own.u64()) {
        Some(part) => SessionKey::new(format!("{session};{part}")),
        None => SessionKey::new(session),
    }
}

/// Whether a client says that it will name several services later on (RFC 8506 section 8.40).
fn speaks_of_many(message: &Message<'_>) -> bool {
    message.u32(avp::MULTIPLE_SERVICES_INDICATOR) == Some(1)
}

fn needed<'a>(message: &Message<'a>, code: AvpCode) -> Result<Avp<'a>, Problem> {
    message.get(code).ok_or_else(|| Problem::missing(code, message.bytes().len()))
}

fn needed_text<'a>(message: &Message<'a>, code: AvpCode) -> Result<&'a str, Problem> {
    let own = needed(message, code)?;
    own.text().ok_or_else(|| Problem::of(ProblemKind::Value { wanted: "text in UTF-8" }, own))
}

/// All that names the subscriber, E.164 numbers first: an IMSI beside one never takes its place.
fn identities(message: &Message<'_>) -> Vec<String> {
    const E164: u32 = 0;
    let named: Vec<(u32, String)> = message
        .all(avp::SUBSCRIPTION_ID)
        .filter_map(|own| {
            let inside = own.members();
            let kind = inside.get(avp::SUBSCRIPTION_ID_TYPE)?.u32()?;
            let data = inside.get(avp::SUBSCRIPTION_ID_DATA)?.text()?;
            let name = if kind == E164 { bare_number(data) } else { bare_user(data) };
            (!name.is_empty()).then(|| (kind, name.to_owned()))
        })
        .collect();
    let (numbers, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|(kind, _)| *kind == E164);
    let mut names: Vec<String> = numbers.into_iter().chain(others).map(|(_, name)| name).collect();
    if names.is_empty()
        && let Some(user) = message.text(avp::USER_NAME).filter(|user| !user.is_empty())
    {
        names.push(user.to_owned());
    }
    names
}

/// A number without the `+` that some clients write before it.
fn bare_number(text: &str) -> &str {
    text.strip_prefix('+').unwrap_or(text)
}

/// `sip:380630000001@ims.example;user=phone` is 380630000001; a `tel:` URI is its number.
fn bare_user(text: &str) -> &str {
    let rest = ["sip:", "sips:", "tel:"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        None => bare_number(text),
        Some(rest) => bare_number(rest.split(['@', ';']).next().unwrap_or(rest)),
    }
}

/// What Service-Information says of the call or message.
fn parties(message: &Message<'_>) -> Parties {
    let mut parties = Parties::default();
    let Some(information) = message.get(avp::SERVICE_INFORMATION) else { return parties };
    let number = |own: Avp<'_>| own.text().map(bare_user).filter(|text| !text.is_empty()).map(str::to_owned);
    for group in information.members() {
        let inside = group.members();
        if group.code == avp::IMS_INFORMATION {
            parties.caller = inside.get(avp::CALLING_PARTY_ADDRESS).and_then(number);
            parties.called = inside.get(avp::CALLED_PARTY_ADDRESS).and_then(number);
            parties.role = match inside.get(avp::ROLE_OF_NODE).and_then(|own| own.u32()) {
                Some(1) => Role::Terminating,
                // Whoever has a call forwarded is neither its origin nor its end.
                Some(2) => Role::Forwarding,
                _ => Role::Originating,
            };
            parties.cause = inside
                .get(avp::CAUSE_CODE)
                .and_then(|own| own.i32())
                .and_then(|code| u8::try_from(code).ok())
                .filter(|code| (1..=127).contains(code));
        } else if group.code == avp::SMS_INFORMATION {
            let address = |own: Avp<'_>| own.members().get(avp::ADDRESS_DATA).and_then(number);
            parties.caller = inside.get(avp::ORIGINATOR_RECEIVED_ADDRESS).and_then(address);
            let recipient = inside.get(avp::RECIPIENT_INFO).map(|own| own.members());
            parties.called = recipient.and_then(|recipient| {
                let named = recipient.get(avp::RECIPIENT_ADDRESS).and_then(address);
                named.or_else(|| recipient.get(avp::RECIPIENT_RECEIVED_ADDRESS).and_then(address))
            });
            // SM-Message-Type DELIVERY (TS 32.299 release 13) is what a subscriber receives.
            if inside.get(avp::SM_MESSAGE_TYPE).and_then(|own| own.u32()) == Some(3) {
                parties.role = Role::Terminating;
            }
        } else if group.code == avp::PS_INFORMATION {
            parties.address =
                inside.get(avp::PDP_ADDRESS).and_then(|own| own.address()).map(|own| own.to_string());
        }
    }
    parties
}

/// One service: from Multiple-Services-Credit-Control, or from the command's own level.
fn service(
    avps: Avps<'_>,
    context: &str,
    parties: &Parties,
    config: &DiameterConfig,
    kind: Kind,
) -> (ServiceRequest, Asked) {
    let numbers = |code| avps.all(code).filter_map(|own| own.u32());
    let named = Named {
        rating_group: numbers(avp::RATING_GROUP).next(),
        service_identifiers: numbers(avp::SERVICE_IDENTIFIER).collect(),
        role: parties.role,
    };
    let key = key_of(&named);
    let found = config.service(context, &named);
    let Some((place, rule)) = found else {
        let asked = Asked { named, rule: None, other_units: false, cld: parties.called.clone() };
        return (ServiceRequest { key, ..ServiceRequest::default() }, asked);
    };
    let unit = rule.service.unit();
    let (used, used_other) = used(avps, unit);
    let wanted = avps.get(avp::REQUESTED_SERVICE_UNIT);
    let (wanted, wanted_other) = match (wanted, kind) {
        (_, Kind::Terminate) => (None, false),
        // An event may be about an amount, whatever the service is counted in (RFC 8506 section 6.3).
        (Some(own), Kind::Event) if own.members().get(avp::CC_MONEY).is_some() => (None, false),
        (Some(own), _) => wanted_units(own.members(), unit, rule, config),
        // Without units to be had nothing is asked for, but by a client that names no service and no units at all.
        (None, Kind::Initial) if avps.get(avp::RATING_GROUP).is_none() => {
            (Some(wish(rule.grant, rule, config)), false)
        }
        (None, _) => (None, false),
    };
    let reasons = |own: Avps<'_>| own.all(avp::REPORTING_REASON).any(|reason| reason.u32() == Some(FINAL));
    let last = reasons(avps) || avps.all(avp::USED_SERVICE_UNIT).any(|own| reasons(own.members()));
    let called = parties.called.clone().filter(|_| unit != Unit::Octet);
    let request = ServiceRequest {
        key,
        service: rule.service,
        access_code: rule.access_code.as_deref().map(str::to_owned),
        cli: parties.caller.clone(),
        cld: rule.resource.as_deref().map(str::to_owned).or(called),
        used,
        wanted,
        last: last && wanted.is_none(),
        disconnect_cause: parties.cause,
        subscriber_ip: parties.address.clone(),
    };
    let other_units = used_other || wanted_other;
    (request, Asked { named, rule: Some(place), other_units, cld: parties.called.clone() })
}

/// What tells a service from the others of its session.
fn key_of(named: &Named) -> String {
    let mut key = String::new();
    if let Some(group) = named.rating_group {
        key = format!("rg {group}");
    }
    for service in &named.service_identifiers {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&format!("si {service}"));
    }
    key
}

/// The units of a kind in a group of units.
fn units(avps: Avps<'_>, unit: Unit) -> Option<u64> {
    match unit {
        Unit::Second => avps.get(avp::CC_TIME)?.u32().map(u64::from),
        Unit::Octet => {
            let count = |code| avps.get(code).and_then(|own| own.u64());
            let parts = [count(avp::CC_INPUT_OCTETS), count(avp::CC_OUTPUT_OCTETS)];
            let sum = || {
                let told = parts.iter().any(Option::is_some);
                told.then(|| parts.into_iter().flatten().fold(0, u64::saturating_add))
            };
            count(avp::CC_TOTAL_OCTETS).or_else(sum)
        }
        Unit::Piece => avps.get(avp::CC_SERVICE_SPECIFIC_UNITS)?.u64(),
    }
}

/// Whether a group names units of any kind.
fn names_units(avps: Avps<'_>) -> bool {
    let kinds = [
        avp::CC_TIME,
        avp::CC_TOTAL_OCTETS,
        avp::CC_INPUT_OCTETS,
        avp::CC_OUTPUT_OCTETS,
        avp::CC_SERVICE_SPECIFIC_UNITS,
        avp::CC_MONEY,
    ];
    kinds.iter().any(|kind| avps.get(*kind).is_some())
}

/// What was used, and whether it was counted in units that the service is not charged by.
fn used(avps: Avps<'_>, unit: Unit) -> (Option<Used>, bool) {
    let mut sum: Option<Used> = None;
    let mut other = false;
    for own in avps.all(avp::USED_SERVICE_UNIT) {
        let inside = own.members();
        let Some(count) = units(inside, unit) else {
            other |= names_units(inside);
            sum.get_or_insert_default();
            continue;
        };
        let after =
            inside.get(avp::TARIFF_CHANGE_USAGE).and_then(|own| own.u32()) == Some(AFTER_TARIFF_CHANGE);
        let sum = sum.get_or_insert_default();
        let side = if after { &mut sum.after } else { &mut sum.before };
        *side = side.saturating_add(count);
    }
    (sum, other && sum == Some(Used::default()))
}

/// What is wanted, and whether it is in units that the service is not charged by. Without any count the client leaves it to
/// the server (TS 32.299 section 5.2.2, centralised unit determination).
fn wanted_units(
    avps: Avps<'_>,
    unit: Unit,
    rule: &ServiceRule,
    config: &DiameterConfig,
) -> (Option<Wanted>, bool) {
    match units(avps, unit) {
        Some(0) if unit != Unit::Octet => (None, false),
        Some(0) => (Some(wish(rule.grant, rule, config)), false),
        Some(count) => (Some(wish(count, rule, config)), false),
        None if names_units(avps) => (None, true),
        None => (Some(wish(rule.grant, rule, config)), false),
    }
}

fn wish(units: u64, rule: &ServiceRule, config: &DiameterConfig) -> Wanted {
    Wanted {
        min: None,
        max: rule.grant_max.map_or(units, |most| units.min(most)).max(1),
        validity: rule.validity,
        grace: config.supervision,
    }
}

fn event(
    message: &Message<'_>,
    services: &[ServiceRequest],
    asked: &[Asked],
    config: &DiameterConfig,
) -> Result<EventRequest, Problem> {
    let own = needed(message, avp::REQUESTED_ACTION)?;
    let wrong = || Problem::of(ProblemKind::Value { wanted: "0, 1, 2 or 3" }, own);
    let action = own.u32().and_then(action).ok_or_else(wrong)?;
    let service = services.first().cloned().unwrap_or_default();
    let rule = asked.first().and_then(|own| own.rule).and_then(|place| config.services.get(place));
    let unit = rule.map_or(Unit::Piece, |rule| rule.service.unit());
    let many = message.get(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).map(|own| own.members());
    let requested = many.unwrap_or_else(|| message.avps()).get(avp::REQUESTED_SERVICE_UNIT);
    let inside = requested.map(|own| own.members());
    let money = match inside.and_then(|inside| inside.get(avp::CC_MONEY)) {
        Some(own) => Some(money::read(own.members()).ok_or_else(|| {
            Problem::of(
                ProblemKind::Value { wanted: "an amount of at most 5 decimals in a known currency" },
                own,
            )
        })?),
        None => None,
    };
    Ok(EventRequest {
        action,
        service: service.service,
        access_code: service.access_code,
        cli: service.cli,
        cld: service.cld,
        units: inside.and_then(|inside| units(inside, unit)).or(rule.map(|rule| rule.grant)),
        money,
    })
}
