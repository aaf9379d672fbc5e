//! Messages that a scenario writes AVP by AVP, and breaks where it likes.

use std::str::FromStr;

use tollgate_diameter::raw::Corruption;
use tollgate_diameter::{Builder, CommandFlags, Header, avp, dictionary};
use tollgate_network::{Action, ActionError, ArgKind, Verb};
use tollgate_wire::Value;

use super::session::Kind;
use crate::table::{optional, preset, required};
use crate::vocabulary::DIAMETER;

/// The verb, for the table of a kind.
pub(crate) const SEND: Verb = Verb {
    name: "send",
    about: "Sends one message AVP by AVP; what is not written is not sent, but for CC-Request-Type, which its name says",
    args: &[
        required("message", ArgKind::Text, "CCR-I, CCR-U, CCR-T, CCR-E, or another request such as DWR"),
        optional("with", ArgKind::Fields(&DIAMETER), "the AVPs in their order"),
        optional(
            "corrupt",
            ArgKind::List(&ArgKind::Text),
            "faults in their order, such as `remove Session-Id` or `avp-length Rating-Group 7`",
        ),
        preset("application", crate::table::integer(0, 4_294_967_295), "4", "the application of the header"),
        optional("to", ArgKind::Text, "Origin-Host of the server; the first that is up where it is left out"),
    ],
    main: Some("message"),
};

/// A message of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct RawMessage {
    pub(crate) octets: Vec<u8>,
    pub(crate) faults: Vec<Corruption>,
    pub(crate) to: Option<String>,
}

/// Credit-Control.
const CREDIT_CONTROL: u32 = 272;

/// Reads the verb.
pub(crate) fn message_of(action: &Action) -> Result<RawMessage, ActionError> {
    let name = action.text("message")?;
    let impossible = |why: String| ActionError::Impossible(why);
    let kinds = [Kind::Initial, Kind::Update, Kind::Terminate, Kind::Event];
    let kind = kinds.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(name));
    let application = action.opt_integer("application").and_then(|own| u32::try_from(own).ok()).unwrap_or(4);
    let command = match kind {
        Some(_) => CREDIT_CONTROL,
        None => match dictionary::command_named(name, Some(application))
            .or_else(|| dictionary::command_named(name, None))
        {
            Some((command, true)) => command.number,
            Some((_, false)) => {
                return Err(impossible(format!("'{name}' is an answer, and answers nothing")));
            }
            None => {
                let number = name.parse().ok().filter(|own: &u32| *own < 1 << 24);
                number.ok_or_else(|| impossible(format!("there is no message '{name}'")))?
            }
        },
    };
    let flags = match dictionary::command(command, application) {
        // What goes between neighbours is not proxied (RFC 6733 sections 5.3 to 5.5).
        Some(known) if !known.proxiable => CommandFlags::REQUEST,
        _ => CommandFlags::REQUEST.with(CommandFlags::PROXIABLE),
    };
    let mut builder = Builder::new(Header::request(command, application).flagged(flags));
    let mut types = false;
    if let Some(Value::Group(fields)) = action.args.get("with") {
        types = fields.iter().any(|(name, _)| name == "CC-Request-Type");
        builder.fields(fields).map_err(|error| impossible(error.to_string()))?;
    }
    if let Some(kind) = kind.filter(|_| !types) {
        builder.u32(avp::CC_REQUEST_TYPE, kind.number());
    }
    let octets = builder.finish().map_err(|error| impossible(error.to_string()))?;
    let faults = match action.args.get("corrupt") {
        Some(Value::List(texts)) => texts
            .iter()
            .filter_map(Value::as_text)
            .map(|text| Corruption::from_str(text).map_err(|error| impossible(error.to_string())))
            .collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    Ok(RawMessage { octets, faults, to: action.opt_text("to").map(str::to_owned) })
}
