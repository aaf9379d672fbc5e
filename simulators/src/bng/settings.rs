//! The settings of one gateway, read once from what the scenario says.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_radius::dictionary;
use tollgate_wire::{Text, Value};

use super::policy::Policies;
use super::quirks::Quirks;
use crate::radius_client;
use crate::settings::Reader;

/// What kind of gateway it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// A broadband gateway.
    Bng,
    /// A packet data serving node: its users roam.
    Pdsn,
    /// A GPRS gateway that takes neither CoA- nor Disconnect-Requests.
    Ggsn,
}

/// What quota an access request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaBase {
    Time,
    Octets,
}

impl QuotaBase {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Time => "session-time",
            Self::Octets => "data",
        }
    }
}

/// Everything that does not change while a gateway runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) address: IpAddr,
    pub(super) identifier: Option<Text>,
    pub(super) accounting_on: bool,
    pub(super) profile: Profile,
    pub(super) port: u32,
    pub(super) port_id: Text,
    pub(super) port_type: u32,
    pub(super) service_name: Text,
    pub(super) pool: Ipv4Addr,
    pub(super) interim: Option<Duration>,
    pub(super) session_id_in_access: bool,
    pub(super) message_authenticator: bool,
    pub(super) quota: Option<QuotaBase>,
    pub(super) heeds_quota: bool,
    pub(super) quota_max: Option<u64>,
    pub(super) dynamic_authorization: bool,
    pub(super) policies: Policies,
    pub(super) packet_len: u32,
    pub(super) quirks: Quirks,
    pub(super) client: radius_client::Settings,
}

impl Settings {
    /// Reads the settings; the check before a run has filled the defaults in.
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let profile = match read.text("profile")? {
            "pdsn" => Profile::Pdsn,
            "ggsn" | "asr5700" => Profile::Ggsn,
            _ => Profile::Bng,
        };
        let port_type = read.opt_text("port-type").unwrap_or(match profile {
            Profile::Bng => "Ethernet",
            Profile::Pdsn => "Wireless-CDMA2000",
            Profile::Ggsn => "Wireless-UMTS",
        });
        let pool = match read.value("pool") {
            Some(Value::Address(IpAddr::V4(pool))) => *pool,
            _ => return Err(SetupError("'pool' is no IPv4 address".to_owned())),
        };
        Ok(Self {
            address: setup.address,
            identifier: read.identifier(),
            accounting_on: read.flag("accounting-on")?,
            profile,
            port: read.u32("port")?,
            port_id: read.text("port-id")?.into(),
            port_type: dictionary::named("NAS-Port-Type")
                .and_then(|own| own.value_number(port_type))
                .ok_or_else(|| SetupError(format!("'{port_type}' is no NAS-Port-Type")))?,
            service_name: read.text("service-name")?.into(),
            pool,
            interim: read.interim("interim-interval")?,
            session_id_in_access: read.flag("session-id-in-access")?,
            message_authenticator: read.flag("message-authenticator")?,
            quota: match read.text("quota")? {
                "session-time" => Some(QuotaBase::Time),
                "data" => Some(QuotaBase::Octets),
                _ => None,
            },
            heeds_quota: read.flag("heed-quota")?,
            quota_max: read
                .value("quota-max")
                .and_then(Value::as_integer)
                .and_then(|most| u64::try_from(most).ok()),
            dynamic_authorization: match read.value("dynamic-authorization") {
                Some(Value::Flag(flag)) => *flag,
                _ => profile != Profile::Ggsn,
            },
            policies: Policies::read(read.value("policies"), read.value("policy-attributes"))?,
            packet_len: read.u32("packet-size")?,
            quirks: Quirks::read(read.value("quirks"))?,
            client: read.client()?,
        })
    }
}
