//! The settings of a RADIUS proxy.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_radius::Secret;
use tollgate_wire::Value;

use crate::settings::{Reader, words, wrong};

/// Most clients of one proxy.
pub const CLIENTS_MAX: usize = 1_024;

/// Everything that does not change while it runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) address: IpAddr,
    /// The address that both of a pair serve.
    pub(super) shared: Option<IpAddr>,
    /// The other one of the pair, and the secret between both.
    pub(super) partner: Option<IpAddr>,
    pub(super) pair_secret: Secret,
    /// Whether it has the shared address at the start.
    pub(super) begins: bool,
    pub(super) watch: Duration,
    pub(super) misses: u32,
    pub(super) source_port: u16,
    pub(super) clients: BTreeMap<IpAddr, Secret>,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let address = |name: &str| match setup.settings.get(name) {
            Some(Value::Address(address)) => Some(*address),
            _ => None,
        };
        let mut clients = BTreeMap::new();
        for line in words(setup.settings.get("clients")).iter().filter_map(Value::as_text) {
            let client = line.split_once('=').and_then(|(at, secret)| Some((at.parse().ok()?, secret)));
            let (at, secret) = client.ok_or_else(|| {
                SetupError(format!(
                    "client '{line}' is not written as an address and a secret: 192.0.2.1=secret"
                ))
            })?;
            clients.insert(at, Secret::from(secret));
        }
        if clients.is_empty() || clients.len() > CLIENTS_MAX {
            return Err(SetupError(format!("it has no clients, or more than {CLIENTS_MAX}")));
        }
        let (shared, partner) = (address("virtual"), address("partner"));
        if shared.is_none() && partner.is_some() {
            return Err(SetupError("a pair has a virtual address; add `virtual:`".to_owned()));
        }
        Ok(Self {
            address: setup.address,
            shared,
            partner,
            pair_secret: Secret::from(read.text("pair-secret")?),
            begins: read.text("role")? == "active",
            watch: read.span("watch")?.max(Duration::from_millis(1)),
            misses: read.u32("misses")?,
            source_port: u16::try_from(read.u32("source-port")?).map_err(|_| wrong("source-port"))?,
            clients,
        })
    }
}
