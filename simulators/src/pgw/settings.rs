//! Settings of a P-GW.

use std::net::{IpAddr, Ipv4Addr};

use tollgate_network::{Setup, SetupError};
use tollgate_wire::{Text, Value};

use super::quirks::Quirks;
use crate::settings::{Reader, wrong};

/// What a P-GW is told once; what concerns its connections is the client's.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Its address, GGSN-Address.
    pub(super) address: IpAddr,
    /// Service-Context-Id.
    pub(super) context: Text,
    pub(super) apn: Text,
    /// The first address that a subscriber gets.
    pub(super) pool: Ipv4Addr,
    pub(super) sgsn: IpAddr,
    pub(super) plmn: Text,
    pub(super) charging_characteristics: Text,
    /// Bits a second of traffic that names no time.
    pub(super) line_rate: u64,
    pub(super) packet_len: u32,
    /// Octets that each request asks for; the server says how many where there are none.
    pub(super) request_octets: Option<u64>,
    /// Whether a change of tariff within a quota is understood.
    pub(super) tariff_changes: bool,
    /// Which final actions are understood.
    pub(super) redirects: bool,
    pub(super) restricts: bool,
    /// Where the quirk `local-hotline` sends subscribers.
    pub(super) hotline: Text,
    pub(super) quirks: Quirks,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let own = Reader { setup };
        let octets = |name: &'static str| match own.value(name) {
            None => Ok(None),
            Some(value) => {
                let count = value.as_integer().and_then(|count| u64::try_from(count).ok());
                count.map(Some).ok_or_else(|| wrong(name))
            }
        };
        let address = |name: &'static str| match own.value(name) {
            Some(Value::Address(address)) => Ok(*address),
            _ => Err(wrong(name)),
        };
        let IpAddr::V4(pool) = address("pool")? else { return Err(wrong("pool")) };
        let actions = match own.value("final-actions") {
            None => None,
            Some(Value::List(list)) => Some(list.iter().filter_map(Value::as_text).collect::<Vec<_>>()),
            Some(_) => return Err(wrong("final-actions")),
        };
        let knows = |word: &str| actions.as_ref().is_none_or(|list| list.contains(&word));
        Ok(Self {
            address: setup.address,
            context: own.text("context")?.into(),
            apn: own.text("apn")?.into(),
            pool,
            sgsn: address("sgsn")?,
            plmn: own.text("plmn")?.into(),
            charging_characteristics: own.text("charging-characteristics")?.into(),
            line_rate: octets("line-rate")?.filter(|rate| *rate > 0).ok_or_else(|| wrong("line-rate"))?,
            packet_len: own.u32("packet-size")?,
            request_octets: octets("request-octets")?,
            tariff_changes: own.flag("tariff-changes")?,
            redirects: knows("redirect"),
            restricts: knows("restrict"),
            hotline: own.text("hotline")?.into(),
            quirks: Quirks::read(setup)?,
        })
    }
}
