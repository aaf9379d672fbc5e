//! What every simulator shows that speaks Diameter: the messages by their abbreviations, and how its peers fare.

use tollgate_network::{FieldNames, Sight};

pub(crate) use crate::table::join_sights;
use crate::vocabulary::DIAMETER;

/// A message with the fields of the dictionaries.
pub(crate) const fn message(name: &'static str, about: &'static str) -> Sight {
    Sight { name, about, subject: None, fields: FieldNames::Message(&DIAMETER) }
}

const PEER: &[(&str, &str)] = &[("peer", "its Origin-Host")];
const DETAIL: &[(&str, &str)] = &[("detail", "what it was")];

/// Messages between neighbours, and how they fare.
pub(crate) const NEIGHBOURS: [Sight; 12] = [
    message("CER", "One end of a connection says who it is and what it serves"),
    message("CEA", "The other end has answered who it is and what it serves"),
    message("DWR", "One end of a connection asks whether the other is there"),
    message("DWA", "The other end is there"),
    message("DPR", "One end of a connection ends it"),
    message("DPA", "The other end agrees"),
    message("request", "A request of a command that no dictionary knows"),
    message("answer", "An answer of a command that no dictionary knows"),
    Sight {
        name: "malformed-message",
        about: "A message that cannot be read",
        subject: None,
        fields: FieldNames::Fixed(&[("octets", "the message")]),
    },
    Sight {
        name: "peer-up",
        about: "A peer can be used",
        subject: Some("peer"),
        fields: FieldNames::Fixed(PEER),
    },
    Sight {
        name: "peer-down",
        about: "A peer cannot be used any more",
        subject: Some("peer"),
        fields: FieldNames::Fixed(PEER),
    },
    Sight {
        name: "diameter-note",
        about: "Something about a connection is worth a line",
        subject: Some("detail"),
        fields: FieldNames::Fixed(DETAIL),
    },
];

/// Messages of credit control.
pub(crate) const CREDIT: [Sight; 14] = [
    message("CCR-I", "A session of credit control begins"),
    message("CCA-I", "The answer to it"),
    message("CCR-U", "Usage is reported and more is asked for"),
    message("CCA-U", "The answer to it"),
    message("CCR-T", "A session of credit control ends"),
    message("CCA-T", "The answer to it"),
    message("CCR-E", "One event is asked about"),
    message("CCA-E", "The answer to it"),
    message("CCR", "A credit control request whose kind cannot be told"),
    message("CCA", "The answer to it"),
    message("RAR", "A client is asked to ask for credit again"),
    message("RAA", "The answer to it"),
    message("ASR", "A client is asked to end a session"),
    message("ASA", "The answer to it"),
];

/// Messages of S6a (TS 29.272).
pub(crate) const S6A: [Sight; 12] = [
    message("AIR", "An MME asks for authentication vectors"),
    message("AIA", "The answer to it"),
    message("ULR", "An MME says that a subscriber is with it now"),
    message("ULA", "The answer to it, with the subscription"),
    message("CLR", "The HSS says that a subscriber is with this MME no more"),
    message("CLA", "The answer to it"),
    message("PUR", "An MME has forgotten a subscriber"),
    message("PUA", "The answer to it"),
    message("NOR", "An MME tells of the gateway that a subscriber uses"),
    message("NOA", "The answer to it"),
    message("IDR", "The HSS says that a subscription has changed"),
    message("IDA", "The answer to it"),
];

/// Messages of Cx (TS 29.229).
pub(crate) const CX: [Sight; 8] = [
    message("UAR", "A call control asks whether a subscriber may register"),
    message("UAA", "The answer to it"),
    message("MAR", "A call control asks for authentication vectors"),
    message("MAA", "The answer to it"),
    message("SAR", "A call control says that it serves a subscriber, or no more"),
    message("SAA", "The answer to it"),
    message("LIR", "A call control asks who serves a subscriber"),
    message("LIA", "The answer to it"),
];
