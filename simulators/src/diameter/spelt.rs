//! What a scenario has a Diameter node do by hand: a message spelt out field by field and broken if wanted, octets that are
//! none, a connection opened and ended.

use tollgate_diameter::peer::DisconnectCause;
use tollgate_diameter::raw::Corruption;
use tollgate_diameter::{Builder, CommandFlags, EncodeError, Header, avp, check, dictionary};
use tollgate_network::{Action, ActionError, ArgKind, Verb};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::Station;
use crate::table::{integer, optional, preset, required};
use crate::vocabulary::DIAMETER;

const TO: &str =
    "the Origin-Host of the peer; its first server, else whoever is connected, where it is left out";

/// The verbs.
pub(crate) const VERBS: [Verb; 4] = [
    Verb {
        name: "send",
        about: "Sends one request field by field, broken on purpose if wanted; what comes back is shown, nothing else \
                becomes of it",
        args: &[
            required("message", ArgKind::Text, "its abbreviation: CCR, ULR, DWR"),
            optional(
                "application",
                integer(0, 0xffff_ffff),
                "its application; that of the message where it is left out, for credit control 4",
            ),
            optional("with", ArgKind::Fields(&DIAMETER), "its fields, in this order"),
            preset(
                "complete",
                ArgKind::Flag,
                "true",
                "whether Session-Id, Origin-Host, Origin-Realm, Destination-Realm and what else its rules ask for and \
                 this node knows is put in front where `with` does not name it",
            ),
            optional(
                "corrupt",
                ArgKind::List(&ArgKind::Text),
                "what is broken once it is written: version, length, flags, command, application, hop-by-hop, \
                 end-to-end, truncate, flip, append, append-avp, avp-flags, avp-length, avp-data, padding, remove, \
                 repeat, each with its arguments",
            ),
            optional("to", ArgKind::Text, TO),
        ],
        main: Some("message"),
    },
    Verb {
        name: "send-octets",
        about: "Sends octets that need be no message",
        args: &[
            required("octets", ArgKind::Text, "the octets: 0x and hexadecimal digits"),
            optional("to", ArgKind::Text, TO),
        ],
        main: Some("octets"),
    },
    Verb {
        name: "connect-peer",
        about: "Connects to a server again after a disconnection",
        args: &[optional("to", ArgKind::Text, TO)],
        main: Some("to"),
    },
    Verb {
        name: "disconnect-peer",
        about: "Ends the connection to a peer with a DPR and does not open it again",
        args: &[
            preset(
                "cause",
                ArgKind::Choice(&["rebooting", "busy", "do-not-want-to-talk-to-you"]),
                "rebooting",
                "Disconnect-Cause",
            ),
            optional("to", ArgKind::Text, TO),
        ],
        main: Some("cause"),
    },
];

/// What a node remembers to do so.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    sent: u32,
}

/// Spelt requests count from here, apart from those that a station numbers by chance.
const FIRST: u32 = 0x5e1d_0000;

impl Hand {
    /// Does one of [`VERBS`]; `None` where the verb is none of them.
    pub(crate) fn perform(
        &mut self,
        now: Instant,
        action: &Action,
        station: &mut Station,
        peers: &[Text],
    ) -> Option<Result<(), ActionError>> {
        Some(match action.verb.as_str() {
            "send" => self.send(action, station, peers),
            "send-octets" => octets(action, station, peers),
            "connect-peer" => peer(action, station, peers).map(|peer| station.connect(now, &peer)),
            "disconnect-peer" => {
                peer(action, station, peers).map(|peer| station.disconnect(now, &peer, cause(action)))
            }
            _ => return None,
        })
    }

    fn send(&mut self, action: &Action, station: &mut Station, peers: &[Text]) -> Result<(), ActionError> {
        let peer = peer(action, station, peers)?;
        self.sent = self.sent.wrapping_add(1);
        let identifier = FIRST.wrapping_add(self.sent);
        let mut octets = self.write(action, station, &peer, identifier)?;
        let broken = match action.args.get("corrupt") {
            Some(Value::List(broken)) => broken.as_slice(),
            _ => &[],
        };
        for text in broken.iter().filter_map(Value::as_text) {
            let corruption: Corruption = text.parse().map_err(impossible)?;
            if !corruption.apply(&mut octets) {
                return Err(ActionError::Impossible(format!(
                    "the message has nothing that '{text}' could break"
                )));
            }
        }
        deliver(station, &peer, octets)
    }

    fn write(
        &self,
        action: &Action,
        station: &Station,
        peer: &str,
        identifier: u32,
    ) -> Result<Vec<u8>, ActionError> {
        let name = action.text("message")?;
        let wanted = action.opt_integer("application").and_then(|own| u32::try_from(own).ok());
        let (command, request) = dictionary::command_named(name, wanted)
            .ok_or_else(|| ActionError::Impossible(format!("no dictionary has a message '{name}'")))?;
        if !request {
            return Err(ActionError::Impossible(format!(
                "'{name}' is an answer; only requests are sent by hand"
            )));
        }
        let application = wanted.or(command.application).unwrap_or(CREDIT_CONTROL);
        let mut flags = CommandFlags::REQUEST;
        if command.proxiable {
            flags = flags.with(CommandFlags::PROXIABLE);
        }
        let header =
            Header::request(command.number, application).flagged(flags).identified(identifier, identifier);
        let mut builder = Builder::new(header);
        let fields = match action.args.get("with") {
            Some(Value::Group(fields)) => fields.clone(),
            _ => Fields::new(),
        };
        if action.flag("complete") {
            let own = station.settings();
            let rules = check::rules(&header).unwrap_or_default();
            let realm = peer.split_once('.').map_or(own.realm.as_str(), |(_, realm)| realm);
            let session = format!("{};{};{}", own.host, identifier, self.sent);
            let known = [
                (avp::SESSION_ID, "Session-Id", Value::text(session)),
                (avp::ORIGIN_HOST, "Origin-Host", Value::text(own.host.clone())),
                (avp::ORIGIN_REALM, "Origin-Realm", Value::text(own.realm.clone())),
                (avp::DESTINATION_REALM, "Destination-Realm", Value::text(realm)),
                (avp::AUTH_APPLICATION_ID, "Auth-Application-Id", Value::from(application)),
                (avp::AUTH_SESSION_STATE, "Auth-Session-State", Value::from(1_u32)),
                (avp::VENDOR_SPECIFIC_APPLICATION_ID, "Vendor-Specific-Application-Id", vendor(application)),
            ];
            for (code, name, value) in known {
                let asked = rules.iter().any(|rule| rule.code == code && rule.min > 0);
                if asked && fields.get(name).is_none() {
                    builder.field(name, &value).map_err(impossible)?;
                }
            }
        }
        builder.fields(&fields).map_err(impossible)?;
        builder.finish().map_err(impossible)
    }
}

/// Application of credit control (RFC 8506 section 1.4).
const CREDIT_CONTROL: u32 = 4;

/// Vendor-Specific-Application-Id of an application of 3GPP.
pub(super) fn vendor(application: u32) -> Value {
    let vendor = dictionary::TGPP;
    Value::Group(Fields::new().with("Vendor-Id", vendor).with("Auth-Application-Id", application))
}

fn octets(action: &Action, station: &mut Station, peers: &[Text]) -> Result<(), ActionError> {
    let peer = peer(action, station, peers)?;
    let wrong = || ActionError::BadArgument("octets".to_owned());
    let digits = action.text("octets")?.strip_prefix("0x").ok_or_else(wrong)?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return Err(wrong());
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| digits.get(at..at + 2));
    let octets: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    deliver(station, &peer, octets.ok_or_else(wrong)?)
}

fn deliver(station: &mut Station, peer: &str, octets: Vec<u8>) -> Result<(), ActionError> {
    if station.send_raw(peer, octets) {
        Ok(())
    } else {
        Err(ActionError::Impossible(format!("'{peer}' is not connected")))
    }
}

/// The peer that an action is about.
fn peer(action: &Action, station: &Station, peers: &[Text]) -> Result<Text, ActionError> {
    let named = action.opt_text("to").map(Text::from);
    let first = || station.servers().first().map(|server| server.host.clone());
    named
        .or_else(first)
        .or_else(|| peers.first().cloned())
        .ok_or_else(|| ActionError::Impossible("there is no peer".to_owned()))
}

fn cause(action: &Action) -> DisconnectCause {
    match action.opt_text("cause") {
        Some("busy") => DisconnectCause::Busy,
        Some("do-not-want-to-talk-to-you") => DisconnectCause::DoNotWantToTalkToYou,
        _ => DisconnectCause::Rebooting,
    }
}

fn impossible(error: impl std::fmt::Display) -> ActionError {
    ActionError::Impossible(error.to_string())
}

/// Octets of a message made of fields by name.
pub(crate) fn fielded(header: Header, fields: &Fields) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(header);
    builder.fields(fields)?;
    builder.finish()
}
