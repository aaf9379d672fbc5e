//! Cx: what a call control asks (TS 29.229 section 6.1).

use tollgate_diameter::{Message, ResultCode, avp};
use tollgate_wire::{Fields, Text, Value};

use super::s6a::Reply;
use super::subscriber::Subscriber;
use super::vectors::Vector;
use crate::diameter::Outcome;

/// The application.
pub(super) const CX: u32 = 16_777_216;

const USER_AUTHORIZATION: u32 = 300;
const SERVER_ASSIGNMENT: u32 = 301;
const LOCATION_INFO: u32 = 302;
const MULTIMEDIA_AUTH: u32 = 303;

/// Experimental-Result codes (TS 29.229 section 6.2).
const FIRST_REGISTRATION: u32 = 2001;
const SUBSEQUENT_REGISTRATION: u32 = 2002;
const IDENTITIES_DONT_MATCH: u32 = 5002;
const IDENTITY_NOT_REGISTERED: u32 = 5003;
const IN_ASSIGNMENT_TYPE: u32 = 5007;

/// The only scheme that it has vectors for (TS 33.203).
const SCHEME: &str = "Digest-AKAv1-MD5";

/// Answers a request about a subscriber whom the HSS knows. `None` where the command is none that a call control sends.
pub(super) fn answer(own: &mut Subscriber, request: &Message<'_>) -> Option<Reply> {
    let command = request.header.command;
    if !matches!(command, USER_AUTHORIZATION | SERVER_ASSIGNMENT | LOCATION_INFO | MULTIMEDIA_AUTH) {
        return None;
    }
    let identities = [request.text(avp::USER_NAME), request.text(avp::PUBLIC_IDENTITY)];
    if identities.into_iter().flatten().any(|identity| !own.is_called(identity)) {
        return Some(Reply::refused(IDENTITIES_DONT_MATCH));
    }
    Some(match command {
        USER_AUTHORIZATION => authorization(own),
        SERVER_ASSIGNMENT => assignment(own, request),
        LOCATION_INFO => place(own),
        _ => authentication(own, request),
    })
}

fn rejected() -> Reply {
    Reply { outcome: Outcome::Base(ResultCode::AUTHORIZATION_REJECTED), ..Reply::done(Fields::new()) }
}

fn authorization(own: &Subscriber) -> Reply {
    match &own.call_control {
        _ if own.barred => rejected(),
        Some(server) => {
            let fields = Fields::new().with("Server-Name", server.clone());
            Reply { fields, ..Reply::refused(SUBSEQUENT_REGISTRATION) }
        }
        None => Reply::refused(FIRST_REGISTRATION),
    }
}

fn authentication(own: &mut Subscriber, request: &Message<'_>) -> Reply {
    if own.barred {
        return rejected();
    }
    own.vectors = own.vectors.wrapping_add(1);
    let Vector { rand, xres, autn, ck, ik, .. } = Vector::of(&own.imsi, own.vectors);
    let octets = |octets: Vec<u8>| Value::Bytes(octets.into());
    let item = Fields::new()
        .with("SIP-Item-Number", 1_u32)
        .with("SIP-Authentication-Scheme", SCHEME)
        .with("SIP-Authenticate", octets([rand, autn].concat()))
        .with("SIP-Authorization", octets(xres.to_vec()))
        .with("Confidentiality-Key", octets(ck.to_vec()))
        .with("Integrity-Key", octets(ik.to_vec()));
    let mut fields = Fields::new();
    for (name, code) in [("User-Name", avp::USER_NAME), ("Public-Identity", avp::PUBLIC_IDENTITY)] {
        if let Some(text) = request.text(code) {
            fields.push(name, text);
        }
    }
    fields.push("SIP-Number-Auth-Items", 1_u32);
    fields.push("SIP-Auth-Data-Item", Value::Group(item));
    Reply::done(fields)
}

fn assignment(own: &mut Subscriber, request: &Message<'_>) -> Reply {
    match request.u32(avp::SERVER_ASSIGNMENT_TYPE) {
        // What is asked for without an assignment.
        Some(0) => {}
        // REGISTRATION, RE_REGISTRATION, UNREGISTERED_USER.
        Some(1..=3) if own.barred => return rejected(),
        Some(1..=3) => own.call_control = request.text(avp::SERVER_NAME).map(Text::from),
        // Time-out, user, administrator, failed authentication, too much data.
        Some(4 | 5 | 8..=11) => own.call_control = None,
        // The same with the server's name kept.
        Some(6 | 7) => {}
        _ => return Reply::refused(IN_ASSIGNMENT_TYPE),
    }
    let mut fields = Fields::new().with("User-Name", own.imsi.clone());
    if own.call_control.is_some() {
        fields.push("Cx-User-Data", Value::Bytes(profile(own).into_bytes().into()));
    }
    Reply::done(fields)
}

fn place(own: &Subscriber) -> Reply {
    match &own.call_control {
        Some(server) => Reply::done(Fields::new().with("Server-Name", server.clone())),
        None => Reply::refused(IDENTITY_NOT_REGISTERED),
    }
}

/// The profile of TS 29.228 annex E, as far as charging looks at it. Its texts are digits, which need no escapes.
fn profile(own: &Subscriber) -> String {
    let Subscriber { imsi, msisdn, .. } = own;
    format!(
        "<?xml version=\"1.0\"?><IMSSubscription><PrivateID>{imsi}</PrivateID><ServiceProfile><PublicIdentity>\
         <Identity>tel:+{msisdn}</Identity></PublicIdentity></ServiceProfile></IMSSubscription>"
    )
}
