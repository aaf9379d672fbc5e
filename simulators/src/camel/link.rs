//! TCAP between two nodes: in SCCP's unitdata, in M3UA's DATA, one message a frame between the ports of M3UA. A capture shows
//! the frame as an SCTP packet; no association is set up, and a link loses what the network loses.

use std::net::{IpAddr, SocketAddr};

use tollgate_camel::Digits;
use tollgate_camel::m3ua::{Data, SI_SCCP};
use tollgate_camel::sccp::{Address, Unitdata};
use tollgate_camel::sctp::PORT_M3UA;
use tollgate_network::{Arg, ArgKind, Frame, Setup, SetupError};
use tollgate_wire::{DecodeError, Value};

use crate::settings::wrong;
use crate::table::{integer, optional};

/// The highest point code of 14 bits (Q.704 section 2.2.3).
const POINT_CODE_MAX: i64 = 0x3fff;

/// The settings of an end of a link.
pub(crate) const SETTINGS: [Arg; 2] = [
    optional("point-code", integer(0, POINT_CODE_MAX), "its signalling point code"),
    optional("global-title", ArgKind::Text, "the international number that SCCP routes to it by"),
];

/// The point codes and titles of a switch and its gateway, where the scenario does not say.
pub(crate) const MSC: (u32, &str) = (0x101, "380630000900");
pub(crate) const GATEWAY: (u32, &str) = (0x102, "380630000901");

/// An end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) at: SocketAddr,
    pub(crate) code: u32,
    pub(crate) title: Address,
}

impl Point {
    pub(crate) fn new(address: IpAddr, code: u32, title: Digits, subsystem: u8) -> Self {
        Self { at: SocketAddr::new(address, PORT_M3UA), code, title: Address::title(title, subsystem) }
    }
}

/// A point code of the settings, or the usual one.
pub(crate) fn point_code(setup: &Setup, name: &str, usual: u32) -> Result<u32, SetupError> {
    match setup.settings.get(name).map(Value::as_integer) {
        None => Ok(usual),
        Some(number) => number.and_then(|own| u32::try_from(own).ok()).ok_or_else(|| wrong(name)),
    }
}

/// A node's own end, by its settings.
pub(crate) fn own_point(setup: &Setup, code: u32, title: &str, subsystem: u8) -> Result<Point, SetupError> {
    let written = setup.settings.get("global-title").and_then(Value::as_text).unwrap_or(title);
    let digits = written.strip_prefix('+').unwrap_or(written).parse();
    let digits = digits.map_err(|error| SetupError(format!("setting 'global-title': {error}")))?;
    Ok(Point::new(setup.address, point_code(setup, "point-code", code)?, digits, subsystem))
}

/// The frame that carries a TCAP message.
pub(crate) fn frame(from: &Point, to: &Point, message: &[u8]) -> Frame {
    let sccp = Unitdata::new(to.title.clone(), from.title.clone(), message).encode();
    let data = Data {
        origin: from.code,
        destination: to.code,
        service: SI_SCCP,
        // A national network.
        network: 2,
        data: &sccp,
        ..Data::default()
    };
    Frame { from: from.at, to: to.at, payload: data.encode().into() }
}

/// Who sent a frame, and the TCAP message in it.
pub(crate) fn read(frame: &Frame) -> Result<(Point, &[u8]), DecodeError> {
    let data = Data::parse(&frame.payload)?;
    let sccp = Unitdata::parse(data.data)?;
    Ok((Point { at: frame.from, code: data.origin, title: sccp.calling }, sccp.data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_end_sends_the_other_reads_and_knows_whom_to_answer() {
        let point = |last: u8, code, title: &str| {
            Point::new(IpAddr::from([10, 0, 0, last]), code, title.parse().unwrap(), 146)
        };
        let (near, far) = (point(1, 7, "380630000900"), point(2, 9, "380630000901"));
        let sent = frame(&near, &far, &[1, 2, 3]);
        assert_eq!(sent.to, "10.0.0.2:2905".parse().unwrap());
        assert_eq!(read(&sent), Ok((near, &[1, 2, 3][..])));
    }
}
