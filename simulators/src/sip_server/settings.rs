//! The settings of one SIP server.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_radius::digest::Numbering;
use tollgate_sip::Message;
use tollgate_sip::transaction::Timers;
use tollgate_wire::{Text, Value};

use crate::radius_client;
use crate::settings::{Reader, words};
use crate::sip::{self, Carrier, Received};

/// Everything that does not change while it runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) address: IpAddr,
    pub(super) identifier: Option<Text>,
    /// The realm of challenges.
    pub(super) realm: Text,
    /// Elements in front that say where a request comes from.
    pub(super) dispatchers: Vec<IpAddr>,
    /// Elements that are known by their address: their calls are not challenged.
    pub(super) gateways: Vec<IpAddr>,
    /// How long a telephone that was authorised registers again without being asked about.
    pub(super) registration_life: Duration,
    /// The longest life of a binding.
    pub(super) expires_max: u32,
    /// The life of a nonce.
    pub(super) nonce_life: Duration,
    pub(super) third_party_registrars: Vec<(SocketAddr, Carrier)>,
    pub(super) numbering: Numbering,
    pub(super) message_authenticator: bool,
    pub(super) accounting_on: bool,
    pub(super) both_legs: bool,
    pub(super) interim: Option<Duration>,
    pub(super) timers: Timers,
    pub(super) client: radius_client::Settings,
}

impl Settings {
    pub(super) fn read(setup: &Setup, timers: Timers) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let addresses = |name: &str| {
            words(setup.settings.get(name))
                .iter()
                .filter_map(|value| match value {
                    Value::Address(address) => Some(*address),
                    _ => None,
                })
                .collect::<Vec<IpAddr>>()
        };
        let registrars =
            words(setup.settings.get("third-party-registrars")).iter().filter_map(Value::as_text);
        let registrars = registrars.map(|text| sip::settings::place("third-party-registrars", text));
        Ok(Self {
            address: setup.address,
            identifier: read.identifier(),
            realm: read.opt_text("realm").map_or_else(|| sip::host_of(setup.address), Text::from),
            dispatchers: addresses("dispatchers"),
            gateways: addresses("gateways"),
            registration_life: read.span("registration-life")?,
            expires_max: read.u32("expires-max")?,
            nonce_life: read.span("nonce-life")?,
            third_party_registrars: registrars.collect::<Result<_, _>>()?,
            numbering: match read.text("digest")? {
                "sterman" => Numbering::Sterman,
                _ => Numbering::Rfc5090,
            },
            message_authenticator: read.flag("message-authenticator")?,
            accounting_on: read.flag("accounting-on")?,
            both_legs: read.text("accounting")? == "both-legs",
            interim: read.interim("interim-interval")?,
            timers,
            client: read.client()?,
        })
    }

    /// Whether requests from there say in PortaSIP-Notify where they come from.
    pub(super) fn is_dispatcher(&self, address: IpAddr) -> bool {
        self.dispatchers.contains(&address)
    }

    /// Where a request came from: what a dispatcher in front says of it, else its source.
    pub(super) fn origin(&self, message: &Message<'_>, request: &Received) -> IpAddr {
        let source = request.source.ip();
        if !self.is_dispatcher(source) {
            return source;
        }
        // The last one is the dispatcher's; others may be whoever's.
        let told = message.all("PortaSIP-Notify").last().and_then(|own| {
            let told = own.text.as_ref();
            told.split(';').find_map(|part| part.trim().strip_prefix("NAT=")).and_then(|own| own.parse().ok())
        });
        told.unwrap_or(source)
    }
}
