//! Messages that a scenario spells out, broken on purpose if wanted. They belong to no transaction of the station: what
//! comes back is shown, and nothing else becomes of it.

use tollgate_network::{Action, ActionError, ArgKind, Verb};
use tollgate_sip::raw::Corruption;
use tollgate_sip::{Builder, Message, Method};
use tollgate_wire::{Fields, Value};

use super::hop::{Carrier, Hop};
use super::settings::place;
use super::sights::SIP;
use super::station::Station;
use crate::table::{optional, preset, required};

const TO: &str = "where it goes: <address>[:<port>], with /tcp behind it for a connection; where it is left out, by Route or Request-URI";

/// The verbs.
pub(crate) const VERBS: [Verb; 2] = [
    Verb {
        name: "send",
        about: "Sends one message field by field, broken on purpose if wanted; what comes back is shown, nothing else \
                becomes of it",
        args: &[
            required(
                "message",
                ArgKind::Text,
                "the method of a request, such as OPTIONS, or the status of a response",
            ),
            optional(
                "with",
                ArgKind::Fields(&SIP),
                "its headers in this order, with Request-URI, Phrase and Body",
            ),
            preset(
                "complete",
                ArgKind::Flag,
                "true",
                "whether the headers that every request needs are put in front where `with` does not name them: Via, \
                 Max-Forwards, From, To, Call-ID, CSeq, Contact",
            ),
            optional(
                "corrupt",
                ArgKind::List(&ArgKind::Text),
                "what is broken once it is written: start-line, version, header, remove, repeat, fold, compact, lf-only, \
                 truncate, flip, append, each with its arguments",
            ),
            optional("to", ArgKind::Text, TO),
        ],
        main: Some("message"),
    },
    Verb {
        name: "send-octets",
        about: "Sends octets that need be no message",
        args: &[
            required(
                "octets",
                ArgKind::Text,
                "the octets: 0x and hexadecimal digits, or a text that goes as it stands",
            ),
            required(
                "to",
                ArgKind::Text,
                "where they go: <address>[:<port>], with /tcp behind it for a connection",
            ),
        ],
        main: None,
    },
];

/// Does one of [`VERBS`]; `None` where the verb is none of them. `user` is who the element is in From and Contact, and
/// `usual` where a message goes that names nobody.
pub(crate) fn perform(
    station: &mut Station,
    action: &Action,
    user: &str,
    usual: Option<Hop>,
) -> Option<Result<(), ActionError>> {
    Some(match action.verb.as_str() {
        "send" => send(station, action, user, usual),
        "send-octets" => octets(station, action),
        _ => return None,
    })
}

fn send(station: &mut Station, action: &Action, user: &str, usual: Option<Hop>) -> Result<(), ActionError> {
    let usual = hop(action)?.or(usual);
    let fields = compose(station, action, user, usual.as_ref())?;
    let builder = Builder::from_fields(&fields).map_err(impossible)?;
    let mut octets = builder.finish();
    let hop = match usual {
        Some(hop) => hop,
        None => {
            let message = Message::parse(&octets).map_err(impossible)?;
            station.settings().names.hop_of_request(&message).map_err(impossible)?
        }
    };
    for text in crate::settings::words(action.args.get("corrupt")).iter().filter_map(Value::as_text) {
        let corruption: Corruption = text.parse().map_err(impossible)?;
        if !corruption.apply(&mut octets) {
            return Err(ActionError::Impossible(format!(
                "the message has nothing that '{text}' could break"
            )));
        }
    }
    station.send_octets(octets, &hop);
    Ok(())
}

/// The fields of the message: those that it needs and `with` does not name, then those of `with`.
fn compose(
    station: &mut Station,
    action: &Action,
    user: &str,
    hop: Option<&Hop>,
) -> Result<Fields, ActionError> {
    let name = action.text("message")?;
    let given = match action.args.get("with") {
        Some(Value::Group(fields)) => fields.clone(),
        _ => Fields::new(),
    };
    let mut all = Fields::with_capacity(given.len() + 10);
    if let Ok(code) = name.parse::<u32>() {
        all.push("Status", code);
        return Ok(joined(all, &given));
    }
    all.push("Method", name);
    let to_uri = || hop.map(|hop| format!("sip:{}", hop.to));
    if given.get("Request-URI").is_none() {
        let uri = to_uri().ok_or_else(|| {
            ActionError::Impossible("neither `to` nor a Request-URI says where the message goes".to_owned())
        })?;
        all.push("Request-URI", uri.as_str());
    }
    if !action.flag("complete") {
        return Ok(joined(all, &given));
    }
    let uri = given.get("Request-URI").or_else(|| all.get("Request-URI")).and_then(Value::as_text);
    let uri = uri.unwrap_or_default().to_owned();
    let hop = hop.copied().or_else(|| station.hop(&uri).ok());
    let hop = hop.unwrap_or_else(|| Hop::udp(([0, 0, 0, 0], 0).into()));
    let branch = station.chance.branch();
    let own = station.uri(user, 0, hop.over);
    let known = [
        ("Via", station.via(&hop, &branch)),
        ("Max-Forwards", "70".to_owned()),
        ("From", format!("<{}>;tag={}", station.uri(user, 0, Carrier::Udp), station.chance.tag())),
        ("To", format!("<{uri}>")),
        ("Call-ID", station.chance.call()),
        ("CSeq", format!("1 {name}")),
        ("Contact", format!("<{own}>")),
    ];
    for (header, value) in known {
        let wanted = header != "Contact" || makes_contact(Method(name));
        if wanted && given.get(header).is_none() {
            all.push(header, value.as_str());
        }
    }
    Ok(joined(all, &given))
}

fn makes_contact(method: Method<'_>) -> bool {
    [Method::INVITE, Method::REGISTER, Method::SUBSCRIBE, Method::REFER, Method::OPTIONS].contains(&method)
}

fn joined(mut all: Fields, given: &Fields) -> Fields {
    for (name, value) in given.iter() {
        all.push(name, value.clone());
    }
    all
}

fn octets(station: &mut Station, action: &Action) -> Result<(), ActionError> {
    let text = action.text("octets")?;
    let octets = match text.strip_prefix("0x") {
        Some(digits) => {
            tollgate_wire::unhex(digits).ok_or_else(|| ActionError::BadArgument("octets".to_owned()))?
        }
        None => text.as_bytes().to_vec(),
    };
    let hop = hop(action)?.ok_or_else(|| ActionError::BadArgument("to".to_owned()))?;
    station.send_octets(octets, &hop);
    Ok(())
}

/// Where the action says that a message goes.
fn hop(action: &Action) -> Result<Option<Hop>, ActionError> {
    let Some(text) = action.opt_text("to") else { return Ok(None) };
    let (to, over) = place("to", text).map_err(impossible)?;
    Ok(Some(Hop { over, ..Hop::udp(to) }))
}

fn impossible(error: impl std::fmt::Display) -> ActionError {
    ActionError::Impossible(error.to_string())
}
