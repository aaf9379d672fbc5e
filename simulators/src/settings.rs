//! Reads the settings of a peer; what is missing or of another type names itself. Which settings there are stands in the
//! table of its kind.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_network::{Server, Setup, SetupError};
use tollgate_wire::{Text, Value};

use crate::radius_client::{self, Retransmission};

/// The charging systems to ask: those of the setting `servers`, reached like the given ones; else the given ones.
pub(crate) fn servers(setup: &Setup, kind: &str) -> Result<Vec<Server>, SetupError> {
    let Some(first) = setup.servers.first() else {
        return Err(SetupError(format!("a {kind} needs a charging system to ask; none is given")));
    };
    let Some(Value::List(named)) = setup.settings.get("servers") else { return Ok(setup.servers.clone()) };
    let addresses = named.iter().filter_map(|value| match value {
        Value::Address(address) => Some(*address),
        _ => None,
    });
    let servers: Vec<Server> = addresses.map(|address| Server { address, ..first.clone() }).collect();
    if servers.is_empty() { Err(SetupError("'servers' names no address".to_owned())) } else { Ok(servers) }
}

/// The shortest interval of interim records.
const INTERIM_MIN: Duration = Duration::from_secs(1);

/// The values of a setting or an argument that takes one or several.
pub(crate) fn words(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::List(words)) => words,
        Some(word) => std::slice::from_ref(word),
    }
}

/// Reads values by name; what is missing or of another type names itself.
pub(crate) struct Reader<'a> {
    pub(crate) setup: &'a Setup,
}

impl<'a> Reader<'a> {
    pub(crate) fn client(&self) -> Result<radius_client::Settings, SetupError> {
        Ok(radius_client::Settings {
            address: self.setup.address,
            source_port: u16::try_from(self.u32("source-port")?).map_err(|_| wrong("source-port"))?,
            retransmission: Retransmission {
                first: self.span("retransmit-first")?,
                max: self.span("retransmit-max")?,
                count: self.u32("retransmit-count")?,
                duration: self.span("retransmit-duration")?,
                jitter: self.flag("retransmit-jitter")?,
            },
            accounting_rounds: self.u32("accounting-rounds")?,
            server_rest: self.span("server-rest")?,
            require_message_authenticator: self.flag("require-message-authenticator")?,
        })
    }

    /// NAS-Identifier of every request: a request names its NAS by address or by name (RFC 2865 section 4.1), and a node
    /// without an IPv4 address by its own where the setting is left out.
    pub(crate) fn identifier(&self) -> Option<Text> {
        match (self.opt_text("identifier"), self.setup.address) {
            (Some(identifier), _) => Some(Text::from(identifier)),
            (None, IpAddr::V6(_)) => Some(self.setup.name.clone()),
            (None, IpAddr::V4(_)) => None,
        }
    }

    /// An interval of interim records; anything shorter than a second would flood the server.
    pub(crate) fn interim(&self, name: &str) -> Result<Option<Duration>, SetupError> {
        match self.opt_span(name) {
            Some(span) if span < INTERIM_MIN => Err(SetupError(format!("{name} is shorter than 1s"))),
            span => Ok(span),
        }
    }

    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.setup.settings.get(name)
    }

    pub(crate) fn opt_text(&self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_text()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, SetupError> {
        self.opt_text(name).ok_or_else(|| wrong(name))
    }

    pub(crate) fn u32(&self, name: &str) -> Result<u32, SetupError> {
        let number = self.value(name).and_then(Value::as_integer).ok_or_else(|| wrong(name))?;
        u32::try_from(number).map_err(|_| wrong(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, SetupError> {
        match self.value(name) {
            Some(Value::Flag(flag)) => Ok(*flag),
            _ => Err(wrong(name)),
        }
    }

    pub(crate) fn opt_span(&self, name: &str) -> Option<Duration> {
        match self.value(name) {
            Some(Value::Span(span)) => Some(*span),
            _ => None,
        }
    }

    pub(crate) fn span(&self, name: &str) -> Result<Duration, SetupError> {
        self.opt_span(name).ok_or_else(|| wrong(name))
    }
}

/// The error of a setting.
pub(crate) fn wrong(name: &str) -> SetupError {
    SetupError(format!("setting '{name}' is missing or of the wrong type"))
}
