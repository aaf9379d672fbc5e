//! A written capture is read back by programs that are not ours: pcap-parser for the blocks, etherparse for the
//! headers, tshark for both.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::SocketAddr;
use std::process::Command;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::pcapng::{Block, OptionCode};
use pcap_parser::{Linktype, PcapBlockOwned, PcapNGReader, traits::PcapReaderIterator};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use tollgate_capture::{PcapngWriter, pcapng::COMMENT_MAX};
use tollgate_time::Instant;

/// A packet as it was read back.
#[derive(Debug, PartialEq, Eq)]
struct Packet {
    at: Instant,
    from: SocketAddr,
    to: SocketAddr,
    payload: Vec<u8>,
    comment: Option<String>,
}

fn v4(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], port))
}

fn v6(last: u16, port: u16) -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], port))
}

fn write(packets: &[Packet]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = PcapngWriter::new(&mut file).unwrap();
    for packet in packets {
        writer
            .datagram(packet.at, packet.from, packet.to, &packet.payload, packet.comment.as_deref())
            .unwrap();
    }
    assert_eq!(writer.finish().unwrap(), u64::try_from(packets.len()).unwrap());
    file
}

/// Reads the blocks and headers; every length and checksum must be right.
fn read(file: &[u8]) -> Vec<Packet> {
    let mut reader = PcapNGReader::new(1 << 20, file).unwrap();
    let (mut packets, mut resolution) = (Vec::new(), None);
    loop {
        match reader.next() {
            Ok((size, block)) => {
                match block {
                    PcapBlockOwned::NG(Block::SectionHeader(header)) => assert_eq!(header.section_len, -1),
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        assert_eq!(interface.linktype, Linktype::RAW);
                        resolution = interface.ts_resolution();
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        assert_eq!(packet.caplen, packet.origlen);
                        let (secs, nanos) = packet.decode_ts(0, resolution.unwrap());
                        let nanos = u64::from(secs) * 1_000_000_000 + u64::from(nanos);
                        let comments: Vec<String> = packet
                            .options
                            .iter()
                            .filter(|option| option.code == OptionCode::Comment)
                            .map(|option| String::from_utf8(option.as_bytes().unwrap().to_vec()).unwrap())
                            .collect();
                        assert!(comments.len() <= 1);
                        let length = usize::try_from(packet.caplen).unwrap();
                        let (from, to, payload) = datagram(&packet.data[..length]);
                        let comment = comments.into_iter().next();
                        packets.push(Packet {
                            at: Instant::from_unix_nanos(nanos),
                            from,
                            to,
                            payload,
                            comment,
                        });
                    }
                    _ => panic!("a block that is never written"),
                }
                reader.consume(size);
            }
            Err(pcap_parser::PcapError::Eof) => return packets,
            Err(pcap_parser::PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn datagram(packet: &[u8]) -> (SocketAddr, SocketAddr, Vec<u8>) {
    let sliced = SlicedPacket::from_ip(packet).unwrap();
    let Some(TransportSlice::Udp(udp)) = &sliced.transport else { panic!("no UDP header") };
    assert_eq!(usize::from(udp.length()), 8 + udp.payload().len());
    let header = udp.to_header();
    let ports = (header.source_port, header.destination_port);
    match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            let ip = ip.header().to_header();
            assert_eq!(usize::from(ip.total_len), packet.len());
            assert_eq!(ip.header_checksum, ip.calc_header_checksum());
            assert_eq!(header.checksum, header.calc_checksum_ipv4(&ip, udp.payload()).unwrap());
            (
                SocketAddr::from((ip.source, ports.0)),
                SocketAddr::from((ip.destination, ports.1)),
                udp.payload().to_vec(),
            )
        }
        Some(NetSlice::Ipv6(ip)) => {
            let ip = ip.header().to_header();
            assert_eq!(usize::from(ip.payload_length) + 40, packet.len());
            assert_eq!(header.checksum, header.calc_checksum_ipv6(&ip, udp.payload()).unwrap());
            (
                SocketAddr::from((ip.source, ports.0)),
                SocketAddr::from((ip.destination, ports.1)),
                udp.payload().to_vec(),
            )
        }
        other => panic!("no IP header: {other:?}"),
    }
}

fn samples() -> Vec<Packet> {
    let at = Instant::parse_rfc3339("2007-03-09T00:15:50.123456789-08:00").unwrap();
    // An Accounting-Request without attributes and its answer, which tshark decodes as RADIUS.
    let request = [&[4, 7, 0, 20][..], &[0xab; 16]].concat();
    let answer = [&[5, 7, 0, 20][..], &[0xcd; 16]].concat();
    let packet = |from, to, payload: &[u8], comment: Option<&str>| Packet {
        at,
        from,
        to,
        payload: payload.to_vec(),
        comment: comment.map(str::to_owned),
    };
    vec![
        packet(v4(1, 1646), v4(2, 1813), &request, None),
        packet(v4(2, 1813), v4(1, 1646), &answer, Some("duplicated")),
        packet(v6(1, 1646), v6(2, 1813), &request, Some("ärger")),
        packet(v6(2, 1813), v6(1, 1646), &answer, None),
        packet(v4(1, 4000), v4(2, 4001), b"odd", Some("lost")),
        packet(v4(1, 4000), v4(2, 4001), &[], None),
    ]
}

#[test]
fn what_was_written_reads_back() {
    let packets = samples();
    assert_eq!(read(&write(&packets)), packets);
}

#[test]
fn an_empty_capture_is_a_whole_file() {
    assert!(read(&write(&[])).is_empty());
}

#[test]
fn a_payload_that_no_datagram_holds_is_cut_and_the_comment_says_so() {
    let mut long = samples().remove(0);
    for (from, to, most) in [(v4(1, 1), v4(2, 2), 65_507), (v6(1, 1), v6(2, 2), 65_527)] {
        for (length, comment, expected) in [
            (most, None, None),
            (most + 1, None, Some("1 bytes of the payload do not fit a datagram and are left out")),
            (
                most + 9_000,
                Some("too long"),
                Some("too long; 9000 bytes of the payload do not fit a datagram and are left out"),
            ),
        ] {
            (long.from, long.to, long.payload) = (from, to, vec![0x5a; length]);
            long.comment = comment.map(str::to_owned);
            let back = read(&write(std::slice::from_ref(&long)));
            assert_eq!(back[0].payload.len(), most);
            assert_eq!(back[0].comment.as_deref(), expected);
        }
    }
}

#[test]
fn addresses_of_two_families_are_written_as_ipv6() {
    let mut packet = samples().remove(0);
    packet.to = v6(9, 1813);
    let back = read(&write(std::slice::from_ref(&packet)));
    // 192.0.2.1 is ::ffff:c000:201.
    assert_eq!(back[0].from, "[::ffff:c000:201]:1646".parse().unwrap());
    assert_eq!(back[0].to, packet.to);
}

#[test]
fn a_long_comment_is_cut_between_characters() {
    let mut packet = samples().remove(0);
    // Two bytes a character after an odd one, so that the bound of 4,096 falls into the middle of one.
    packet.comment = Some(format!("x{}", "ä".repeat(3_000)));
    let comment = read(&write(std::slice::from_ref(&packet))).remove(0).comment.unwrap();
    assert_eq!(comment.len(), usize::from(COMMENT_MAX) - 1);
    assert!(packet.comment.unwrap().starts_with(&comment));
}

#[test]
fn a_writer_that_fails_is_an_error() {
    let mut room = [0_u8; 16];
    assert!(PcapngWriter::new(&mut room[..]).is_err());
    let mut room = [0_u8; 120];
    let mut writer = PcapngWriter::new(&mut room[..]).unwrap();
    let packet = samples().remove(0);
    assert!(writer.datagram(packet.at, packet.from, packet.to, &[0; 100], None).is_err());
}

#[test]
fn tshark_finds_nothing_to_complain_about() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark is not installed");
        return;
    }
    let mut packets = samples();
    let mut cut = samples().remove(4);
    cut.payload = vec![0x5a; 70_000];
    packets.push(cut);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), write(&packets)).unwrap();
    let tshark = |more: &[&str]| {
        let checks =
            ["udp.check_checksum:TRUE", "ip.check_checksum:TRUE", "udp.ignore_ipv6_zero_checksum:FALSE"];
        let mut command = Command::new("tshark");
        command.arg("-n").arg("-r").arg(file.path());
        for check in checks {
            command.args(["-o", check]);
        }
        let out = command.args(more).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let wrong = "_ws.malformed || _ws.expert.severity >= 0x600000 || \
                 ip.checksum.status == 0 || udp.checksum.status == 0 || _ws.short";
    assert_eq!(tshark(&["-Y", wrong]), "");
    // Everything was looked at: each checksum was found good, and RADIUS was seen.
    let good = tshark(&["-Y", "udp.checksum.status == 1 && (ipv6 || ip.checksum.status == 1)"]);
    assert_eq!(good.lines().count(), packets.len(), "{good}");
    let decoded: serde_json::Value = serde_json::from_str(&tshark(&["-T", "json", "-Y", "radius"])).unwrap();
    assert_eq!(decoded.as_array().unwrap().len(), 4);
    let layers = &decoded[1]["_source"]["layers"];
    assert_eq!(layers["radius"]["radius.code"], "5");
    assert_eq!(layers["frame"]["frame.time_epoch"], "1173428150.123456789");
    let comments = tshark(&["-T", "fields", "-e", "frame.comment"]);
    assert_eq!(comments.lines().nth(1), Some("duplicated"));
}

proptest! {
    #[test]
    fn any_datagram_reads_back(
        nanos in 0..4_000_000_000_000_000_000_u64,
        from: SocketAddr,
        to: SocketAddr,
        payload in proptest::collection::vec(any::<u8>(), 0..300),
        comment in proptest::option::of("[^\0]{1,40}"),
    ) {
        // What is not in a header cannot come back: IPv6 flow and scope; and mixed families are mapped.
        let to = if from.is_ipv4() == to.is_ipv4() { to } else { SocketAddr::new(from.ip(), to.port()) };
        let from = SocketAddr::new(from.ip(), from.port());
        let to = SocketAddr::new(to.ip(), to.port());
        let packet = Packet { at: Instant::from_unix_nanos(nanos), from, to, payload, comment };
        let file = write(std::slice::from_ref(&packet));
        prop_assert!(file.len().is_multiple_of(4));
        prop_assert_eq!(read(&file), vec![packet]);
    }
}
