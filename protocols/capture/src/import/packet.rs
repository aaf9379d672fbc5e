//! One packet, from its link layer to UDP, TCP or SCTP. Remembers nothing.

use std::net::IpAddr;

use bytes::Bytes;
use etherparse::{EtherType, IpNumber, Ipv6ExtensionSlice, LaxNetSlice, LaxSlicedPacket, TcpSlice, UdpSlice};

use crate::{TcpFlags, TcpHeader};

/// A packet is cut, or contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// What an IP packet carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ip {
    /// Who sent it.
    pub from: IpAddr,
    /// Whom it is for.
    pub to: IpAddr,
    /// The number of the protocol inside.
    pub protocol: u8,
    /// Where it belongs, if it is a fragment.
    pub fragment: Option<Fragment>,
    /// What is inside.
    pub payload: Bytes,
}

/// Where a fragment belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// The packet that it is part of.
    pub id: u32,
    /// Where its first octet stands in that packet.
    pub offset: usize,
    /// Others come after it.
    pub more: bool,
}

/// What is read of an IP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// A datagram.
    Udp {
        /// From and to.
        ports: (u16, u16),
        /// The message.
        payload: Bytes,
    },
    /// A segment.
    Tcp {
        /// From and to.
        ports: (u16, u16),
        /// Its numbers.
        header: TcpHeader,
        /// Its octets.
        payload: Bytes,
    },
    /// A packet of chunks.
    Sctp {
        /// It, with its header.
        payload: Bytes,
    },
}

// Of the registry at tcpdump.org/linktypes.html.
const NULL: i32 = 0;
const ETHERNET: i32 = 1;
const RAW_BSD: [i32; 2] = [12, 14];
const RAW: i32 = 101;
const LOOP: i32 = 108;
const LINUX_SLL: i32 = 113;
const IPV4: i32 = 228;
const IPV6: i32 = 229;
const LINUX_SLL2: i32 = 276;

/// The IP packet in a packet of this link type; `None` when there is none, or the type is not read here.
///
/// # Errors
/// It is cut, or contradicts itself.
pub fn ip(link: i32, data: &Bytes) -> Result<Option<Ip>, Broken> {
    let behind = |length: usize| data.get(length..).ok_or(Broken);
    let typed = |at: usize, length: usize| {
        let kind = data.get(at..at + 2).and_then(|kind| <[u8; 2]>::try_from(kind).ok()).ok_or(Broken)?;
        Ok(LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(kind)), behind(length)?))
    };
    let sliced = match link {
        ETHERNET => LaxSlicedPacket::from_ethernet(data).map_err(|_| Broken)?,
        RAW | IPV4 | IPV6 => LaxSlicedPacket::from_ip(data).map_err(|_| Broken)?,
        raw if RAW_BSD.contains(&raw) => LaxSlicedPacket::from_ip(data).map_err(|_| Broken)?,
        // The family stands in four octets of either order; the version of IP says the same.
        NULL | LOOP => match LaxSlicedPacket::from_ip(behind(4)?) {
            Ok(sliced) => sliced,
            Err(_) => return Ok(None),
        },
        // Type, hardware, address (2, 2, 2 and 8 octets), then the protocol.
        LINUX_SLL => typed(14, 16)?,
        // The protocol stands first, then 18 further octets.
        LINUX_SLL2 => typed(0, 20)?,
        _ => return Ok(None),
    };
    match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let payload = ip.payload();
            let fragment = header.is_fragmenting_payload().then(|| Fragment {
                id: u32::from(header.identification()),
                offset: usize::from(header.fragments_offset().value()) * 8,
                more: header.more_fragments(),
            });
            let (from, to) = (header.source_addr().into(), header.destination_addr().into());
            whole(data, from, to, payload.ip_number, fragment, payload.payload, payload.incomplete)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let payload = ip.payload();
            let mut fragment = None;
            for extension in ip.extensions().clone() {
                if let Ipv6ExtensionSlice::Fragment(part) = extension
                    && part.is_fragmenting_payload()
                {
                    fragment = Some(Fragment {
                        id: part.identification(),
                        offset: usize::from(part.fragment_offset().value()) * 8,
                        more: part.more_fragments(),
                    });
                }
            }
            let (from, to) = (header.source_addr().into(), header.destination_addr().into());
            whole(data, from, to, payload.ip_number, fragment, payload.payload, payload.incomplete)
        }
        Some(LaxNetSlice::Arp(_)) => Ok(None),
        None if sliced.stop_err.is_some() => Err(Broken),
        None => Ok(None),
    }
}

fn whole(
    data: &Bytes,
    from: IpAddr,
    to: IpAddr,
    protocol: IpNumber,
    fragment: Option<Fragment>,
    payload: &[u8],
    incomplete: bool,
) -> Result<Option<Ip>, Broken> {
    if incomplete {
        return Err(Broken);
    }
    Ok(Some(Ip { from, to, protocol: protocol.0, fragment, payload: data.slice_ref(payload) }))
}

/// What a whole IP packet carries; `None` when it is not read here.
///
/// # Errors
/// It is cut, or contradicts itself.
pub fn transport(ip: &Ip) -> Result<Option<Transport>, Broken> {
    match IpNumber(ip.protocol) {
        IpNumber::UDP => {
            let udp = UdpSlice::from_slice(&ip.payload).map_err(|_| Broken)?;
            let ports = (udp.source_port(), udp.destination_port());
            Ok(Some(Transport::Udp { ports, payload: ip.payload.slice_ref(udp.payload()) }))
        }
        IpNumber::TCP => {
            let tcp = TcpSlice::from_slice(&ip.payload).map_err(|_| Broken)?;
            let flags =
                TcpFlags { syn: tcp.syn(), fin: tcp.fin(), rst: tcp.rst(), psh: tcp.psh(), ack: tcp.ack() };
            let header = TcpHeader {
                sequence: tcp.sequence_number(),
                acknowledgement: tcp.acknowledgment_number(),
                flags,
            };
            let ports = (tcp.source_port(), tcp.destination_port());
            Ok(Some(Transport::Tcp { ports, header, payload: ip.payload.slice_ref(tcp.payload()) }))
        }
        IpNumber::SCTP => Ok(Some(Transport::Sctp { payload: ip.payload.clone() })),
        _ => Ok(None),
    }
}
