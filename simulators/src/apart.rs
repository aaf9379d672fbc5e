//! Messages of a simulator that concern no user of its own: spelt out field by field, as a tester wants them, and the
//! notice that its accounting begins anew (RFC 2866 section 5.1).

use std::net::IpAddr;

use tollgate_network::{Action, ActionError, ArgKind, Verb};
use tollgate_radius::raw::Corruption;
use tollgate_radius::{Builder, Code, EncodeError, Secret, attribute, sign};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use crate::radius_client::{Head, Request, Service};
use crate::settings::words;
use crate::table::{optional, required};
use crate::vocabulary::RADIUS;

/// The verb `send`.
pub(crate) const SEND: Verb = Verb {
    name: "send",
    about: "Sends one message field by field, broken on purpose if wanted",
    args: &[
        required(
            "message",
            ArgKind::Choice(&["Access-Request", "Accounting-Request", "Status-Server"]),
            "the kind of message",
        ),
        optional("with", ArgKind::Fields(&RADIUS), "its fields, in this order"),
        optional(
            "corrupt",
            ArgKind::List(&ArgKind::Text),
            "what is broken once it is signed: code, identifier, length, authenticator, truncate, flip, append, \
             attribute-length, attribute-value, remove, repeat, move-to-end, vendor-length, each with its arguments",
        ),
        optional("sign-anew", ArgKind::Flag, "whether it is signed anew after it was broken"),
        optional("secret", ArgKind::Text, "another secret than the server's"),
        optional(
            "retransmit",
            ArgKind::Flag,
            "whether it is sent again when no answer comes; true unless it is broken",
        ),
    ],
    main: Some("message"),
};

/// A message that concerns no user of the simulator's own.
#[derive(Debug)]
pub(crate) enum Apart {
    /// As it was spelt out.
    Spelt(Box<Spelt>),
    /// Accounting-On.
    On(Notice),
}

#[derive(Debug)]
pub(crate) struct Spelt {
    code: Code,
    fields: Fields,
    corruptions: Vec<Corruption>,
    /// Whether the message is signed anew after it was broken.
    sign_anew: bool,
    secret: Option<Secret>,
    retransmit: bool,
}

/// That the accounting of a NAS has begun.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) address: IpAddr,
    pub(crate) identifier: Option<Text>,
    /// Every accounting record has one (RFC 2866 section 5.5).
    pub(crate) session_id: Text,
    pub(crate) at: Instant,
}

/// Acct-Status-Type Accounting-On (RFC 2866 section 5.1).
const STATUS_ON: u32 = 7;

impl Apart {
    /// Reads the verb `send`.
    pub(crate) fn read(action: &Action) -> Result<Self, ActionError> {
        let code = Code::named(action.text("message")?)
            .ok_or_else(|| ActionError::BadArgument("message".to_owned()))?;
        let fields = match action.args.get("with") {
            Some(Value::Group(fields)) => fields.clone(),
            _ => Fields::new(),
        };
        let words = words(action.args.get("corrupt"));
        let read = |word: &Value| {
            let text = word.as_text().ok_or_else(|| ActionError::BadArgument("corrupt".to_owned()))?;
            text.parse::<Corruption>().map_err(|error| ActionError::Impossible(error.to_string()))
        };
        let corruptions = words.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let retransmit = match action.args.get("retransmit") {
            Some(Value::Flag(flag)) => *flag,
            _ => corruptions.is_empty(),
        };
        Ok(Self::Spelt(Box::new(Spelt {
            code,
            fields,
            corruptions,
            sign_anew: action.flag("sign-anew"),
            secret: action.opt_text("secret").map(Secret::from),
            retransmit,
        })))
    }

    /// What kind of request it is meant to be.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Spelt(spelt) => spelt.code,
            Self::On(_) => Code::ACCOUNTING_REQUEST,
        }
    }

    /// Where it goes. A Status-Server asks after the access port (RFC 5997 section 3).
    pub(crate) fn service(&self) -> Service {
        match self.code() {
            Code::ACCOUNTING_REQUEST => Service::Accounting,
            _ => Service::Access,
        }
    }

    /// Whether it is sent again when no answer comes.
    pub(crate) fn is_persistent(&self) -> bool {
        match self {
            Self::Spelt(spelt) => spelt.retransmit,
            Self::On(_) => true,
        }
    }

    /// It as a request of the client's.
    pub(crate) fn request<Q>(self, now: Instant, query: impl FnOnce(Self) -> Q) -> Request<Q> {
        let (code, service, persistent) = (self.code(), self.service(), self.is_persistent());
        Request { code, service, persistent, since: now, query: query(self) }
    }

    /// The octets.
    pub(crate) fn write(&self, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Spelt(spelt) => spelt.write(head),
            Self::On(notice) => notice.write(head),
        }
    }
}

impl Spelt {
    fn write(&self, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        let secret = self.secret.as_ref().unwrap_or(head.secret);
        let mut builder = Builder::new(self.code, head.identifier);
        if self.code.has_random_authenticator() {
            builder.authenticator(&head.authenticator);
        }
        builder.fields(&self.fields)?;
        let mut packet = builder.finish_request(secret)?;
        for corruption in &self.corruptions {
            corruption.apply(&mut packet);
        }
        if self.sign_anew {
            sign::request(&mut packet, secret);
        }
        Ok(packet)
    }
}

impl Notice {
    fn write(&self, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, head.identifier);
        if let IpAddr::V4(address) = self.address {
            builder.ipv4(attribute::NAS_IP_ADDRESS, address)?;
        }
        if let Some(identifier) = &self.identifier {
            builder.text(attribute::NAS_IDENTIFIER, identifier)?;
        }
        builder.u32(attribute::ACCT_STATUS_TYPE, STATUS_ON)?;
        builder.text(attribute::ACCT_SESSION_ID, &self.session_id)?;
        builder.u32(attribute::EVENT_TIMESTAMP, u32::try_from(self.at.unix_secs()).unwrap_or(u32::MAX))?;
        builder.u32(attribute::ACCT_DELAY_TIME, head.delay_secs)?;
        builder.finish_accounting_request(head.secret)
    }
}
