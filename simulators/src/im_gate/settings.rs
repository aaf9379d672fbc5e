//! What the settings say of the element for text messages.

use std::net::SocketAddr;
use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_radius::digest::Numbering;
use tollgate_wire::{Fields, Text, Value};

use crate::radius_client;
use crate::settings::{Reader, words, wrong};
use crate::sip::place_of;

/// Recipients that it knows at most.
const RECIPIENTS_MAX: usize = 10_000;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) realm: String,
    pub(super) nonce_life: Duration,
    pub(super) delivery_port: u16,
    pub(super) recipients: Vec<Recipient>,
    pub(super) numbering: Numbering,
    pub(super) message_authenticator: bool,
    pub(super) identifier: Option<Text>,
    pub(super) client: radius_client::Settings,
}

/// Where somebody is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) user: String,
    /// The contact, as the phone believes it to be.
    pub(super) contact: SocketAddr,
    /// The SIP server that it is registered with.
    pub(super) server: SocketAddr,
    /// Where the server reaches it through an address translation.
    pub(super) pinhole: Option<SocketAddr>,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let recipients = recipients(&setup.settings)?;
        Ok(Self {
            realm: reader.text("realm")?.to_owned(),
            nonce_life: reader.span("nonce-life")?,
            delivery_port: u16::try_from(reader.u32("delivery-port")?).map_err(|_| wrong("delivery-port"))?,
            recipients,
            numbering: match reader.text("digest")? {
                "sterman" => Numbering::Sterman,
                _ => Numbering::Rfc5090,
            },
            message_authenticator: reader.flag("message-authenticator")?,
            identifier: reader.identifier(),
            client: reader.client()?,
        })
    }
}

/// Reads the setting or argument of this name.
pub(super) fn recipients(fields: &Fields) -> Result<Vec<Recipient>, SetupError> {
    let texts = words(fields.get("recipients")).iter().filter_map(Value::as_text);
    let recipients: Vec<Recipient> = texts.map(recipient).collect::<Result<_, _>>()?;
    if recipients.len() > RECIPIENTS_MAX {
        return Err(SetupError(format!("more than {RECIPIENTS_MAX} recipients")));
    }
    Ok(recipients)
}

/// Reads `<user>=<contact>, <server>[, <pinhole>]`.
fn recipient(text: &str) -> Result<Recipient, SetupError> {
    let wrong = || {
        SetupError(format!(
            "'{text}' is no recipient; write it as '100=10.0.0.2:5061, 192.0.2.1:5060', with the place that the server \
             reaches it at behind another comma if that is another"
        ))
    };
    let (user, places) = text.split_once('=').ok_or_else(wrong)?;
    let places: Option<Vec<SocketAddr>> = places.split(',').map(|own| place_of(own.trim())).collect();
    match places.as_deref() {
        Some([contact, server, rest @ ..]) if rest.len() < 2 && !user.is_empty() => Ok(Recipient {
            user: user.to_owned(),
            contact: *contact,
            server: *server,
            pinhole: rest.first().copied(),
        }),
        _ => Err(wrong()),
    }
}
