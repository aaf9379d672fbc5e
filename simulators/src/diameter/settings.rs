//! Settings that every simulator has that speaks Diameter.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_diameter::peer::{Applications, Relay};
use tollgate_network::{Arg, ArgKind, DiameterServer, Need, Setup, SetupError, Transport};
use tollgate_wire::{Text, Value};

use super::station::StationSettings;

/// The settings, to be joined with those of a kind.
pub(crate) const SETTINGS: [Arg; 5] = [
    Arg {
        name: "servers",
        kind: ArgKind::List(&ArgKind::Text),
        need: Need::Optional,
        about: "The Diameter nodes that it connects to, the preferred one first: <Origin-Host>@<address>, with :<port> and \
                /tls or /sctp behind it if wanted; those of the world where it is left out.",
    },
    Arg {
        name: "host",
        kind: ArgKind::Text,
        need: Need::Optional,
        about: "Its Origin-Host; without it, its name in the scenario within its realm.",
    },
    Arg {
        name: "realm",
        kind: ArgKind::Text,
        need: Need::Optional,
        about: "Its Origin-Realm; without it, that of its first server.",
    },
    Arg {
        name: "watchdog",
        kind: ArgKind::Span,
        need: Need::Default("30s"),
        about: "Silence before a connection is watched (RFC 3539, Tw).",
    },
    Arg {
        name: "answer-within",
        kind: ArgKind::Span,
        need: Need::Default("30s"),
        about: "How long an answer may take before its connection is thought dead.",
    },
];

/// Further settings of who takes connections.
pub(crate) const LISTENING: [Arg; 2] = [
    Arg {
        name: "port",
        kind: ArgKind::Integer { min: 1, max: 65_535 },
        need: Need::Default("3868"),
        about: "The port at which it takes connections.",
    },
    Arg {
        name: "transport",
        kind: ArgKind::Choice(&["tcp", "tls", "sctp"]),
        need: Need::Default("tcp"),
        about: "What carries the connections that it takes.",
    },
];

/// Where a peer with [`LISTENING`] takes connections.
pub(crate) fn listening(setup: &Setup) -> Result<(u16, Transport), SetupError> {
    let wrong = || SetupError("'port' or 'transport' is missing or of the wrong type".to_owned());
    let port = setup.settings.get("port").and_then(Value::as_integer).ok_or_else(wrong)?;
    let over = setup.settings.get("transport").and_then(Value::as_text).and_then(transport);
    Ok((u16::try_from(port).map_err(|_| wrong())?, over.ok_or_else(wrong)?))
}

/// The servers of a peer that cannot do without one: those of its setting `servers`, else those of the world.
pub(crate) fn servers(setup: &Setup, kind: &str) -> Result<Vec<DiameterServer>, SetupError> {
    let known = named(setup)?.unwrap_or_else(|| setup.diameter.clone());
    if known.is_empty() {
        return Err(SetupError(format!(
            "a {kind} needs a node to ask: the world has no `diameter:`, and the peer no `servers:`"
        )));
    }
    Ok(known)
}

/// The servers that the setting `servers` names; `None` where it is left out.
pub(crate) fn named(setup: &Setup) -> Result<Option<Vec<DiameterServer>>, SetupError> {
    let Some(Value::List(named)) = setup.settings.get("servers") else { return Ok(None) };
    named.iter().filter_map(Value::as_text).map(server).collect::<Result<_, _>>().map(Some)
}

/// Reads `<Origin-Host>@<address>[:<port>][/<transport>]`; an IPv6 address with a port stands in brackets.
fn server(text: &str) -> Result<DiameterServer, SetupError> {
    let wrong =
        || SetupError(format!("'{text}' names no Diameter node; write it as hss.example.com@192.0.2.1:3868"));
    let (host, place) = text.split_once('@').ok_or_else(wrong)?;
    let (place, over) = match place.split_once('/') {
        Some((place, over)) => (place, transport(over).ok_or_else(wrong)?),
        None => (place, Transport::Tcp),
    };
    let at = place
        .parse::<SocketAddr>()
        .or_else(|_| place.parse::<IpAddr>().map(|own| SocketAddr::new(own, PORT)));
    let at = at.map_err(|_| wrong())?;
    let realm = host.split_once('.').map_or(host, |(_, realm)| realm);
    if host.is_empty() || realm.is_empty() {
        return Err(wrong());
    }
    Ok(DiameterServer { host: host.into(), realm: realm.into(), address: at.ip(), port: at.port(), over })
}

/// Port of Diameter (RFC 6733 section 2.1).
const PORT: u16 = 3868;

fn transport(word: &str) -> Option<Transport> {
    match word {
        "tcp" => Some(Transport::Tcp),
        "tls" => Some(Transport::Tls),
        "sctp" => Some(Transport::Sctp),
        _ => None,
    }
}

/// What the settings say of a station; defaults are filled in by who checked them.
pub(crate) fn own(
    setup: &Setup,
    applications: Applications,
    listen: Option<(u16, Transport)>,
) -> StationSettings {
    let text = |name: &str| setup.settings.get(name).and_then(Value::as_text);
    let span = |name: &str, usual: u64| match setup.settings.get(name) {
        Some(Value::Span(span)) => *span,
        _ => Duration::from_secs(usual),
    };
    let first = || named(setup).ok().flatten().unwrap_or_else(|| setup.diameter.clone()).into_iter().next();
    let realm: Text = text("realm")
        .map(Into::into)
        .or_else(|| first().map(|server| server.realm))
        .unwrap_or_else(|| "example.com".into());
    let host = text("host").map_or_else(|| format!("{}.{realm}", setup.name).into(), Into::into);
    StationSettings {
        host,
        realm,
        address: setup.address,
        applications,
        listen,
        watchdog: span("watchdog", 30),
        answer_within: span("answer-within", 30),
        relay: Relay::Off,
        steered: false,
        routes: None,
        known: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_host_and_place() {
        let own = server("hss.example.com@192.0.2.1").unwrap();
        assert_eq!(
            (own.host.as_str(), own.realm.as_str(), own.port),
            ("hss.example.com", "example.com", 3868)
        );
        let own = server("ocs@[2001:db8::1]:3870/tls").unwrap();
        assert_eq!((own.realm.as_str(), own.port, own.over), ("ocs", 3870, Transport::Tls));
        assert!(own.address.is_ipv6());
        for wrong in
            ["", "hss", "hss@", "@192.0.2.1", "hss@192.0.2.1:", "hss@192.0.2.1/quic", "hss@192.0.2.1:99999"]
        {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }
}
