//! Settings that every SIP element has.

use std::net::SocketAddr;
use std::time::Duration;

use tollgate_network::{Arg, ArgKind, Setup, SetupError};
use tollgate_sip::transaction::Timers;
use tollgate_wire::Value;

use super::hop::{Carrier, Names, PORT, place_of};
use super::station::{DATAGRAM_MAX, StationSettings};
use crate::settings::wrong;
use crate::table::{integer, optional, preset};

/// The settings, to be joined with those of a kind.
pub(crate) const SETTINGS: [Arg; 5] = [
    preset("port", integer(1, 65_535), "5060", "the port at which it takes datagrams and connections"),
    preset("tcp", ArgKind::Flag, "true", "whether it takes and opens TCP connections"),
    preset(
        "datagram-max",
        integer(200, 65_000),
        "1300",
        "octets of the longest request that goes by datagram; a longer one goes by TCP (RFC 3261 section 18.1.1)",
    ),
    preset(
        "t1",
        ArgKind::Span,
        "500ms",
        "T1, the estimate of the round trip of which the timers are made (RFC 3261 section 17)",
    ),
    optional(
        "hosts",
        ArgKind::List(&ArgKind::Text),
        "addresses behind names, as a name server would know them: <name>=<address>[:<port>]",
    ),
];

/// What the settings say of a station; further ports of its own behind the first.
pub(crate) fn station(setup: &Setup, more_ports: &[u16]) -> Result<StationSettings, SetupError> {
    let integer = |name: &str| setup.settings.get(name).and_then(Value::as_integer);
    let port = match integer("port") {
        Some(port) => u16::try_from(port).map_err(|_| wrong("port"))?,
        None => PORT,
    };
    let datagram_max =
        integer("datagram-max").and_then(|own| usize::try_from(own).ok()).unwrap_or(DATAGRAM_MAX);
    let t1 = match setup.settings.get("t1") {
        Some(Value::Span(span)) if *span < Duration::from_millis(1) => {
            return Err(SetupError("t1 is shorter than 1ms".to_owned()));
        }
        Some(Value::Span(span)) => *span,
        _ => Timers::default().t1,
    };
    let mut names = Names::default();
    for text in crate::settings::words(setup.settings.get("hosts")).iter().filter_map(Value::as_text) {
        names.add(text).ok_or_else(|| {
            SetupError(format!("'{text}' names no host; write it as example.com=192.0.2.1:5060"))
        })?;
    }
    let mut ports = vec![port];
    ports.extend(more_ports.iter().filter(|own| **own != port));
    Ok(StationSettings {
        address: setup.address,
        shown: None,
        ports,
        tcp: !matches!(setup.settings.get("tcp"), Some(Value::Flag(false))),
        datagram_max,
        timers: Timers { t1, ..Timers::default() },
        names,
        stateless: false,
    })
}

/// The place that a setting names: `<address>[:<port>]`, with `/tcp` behind it for a connection.
pub(crate) fn place(name: &str, text: &str) -> Result<(SocketAddr, Carrier), SetupError> {
    let (place, over) = match text.split_once('/') {
        Some((place, word)) => (place, Carrier::of(word)),
        None => (text, Some(Carrier::Udp)),
    };
    match (place_of(place), over) {
        (Some(place), Some(over)) => Ok((place, over)),
        _ => Err(SetupError(format!(
            "{name}: '{text}' is no place; write it as 192.0.2.1:5060 or 192.0.2.1:5060/tcp"
        ))),
    }
}
