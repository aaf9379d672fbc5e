//! Captures that are read: whatever order, repetition and cut, the octets are the same.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::SocketAddr;

use bytes::Bytes;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, proptest};
use tollgate_capture::import::{Import, ImportError, ImportTotals, Imported, Piece, Reassembly, StreamPiece};
use tollgate_capture::{Datagram, PcapngWriter, Segment, TcpFlags, TcpHeader};
use tollgate_time::Instant;

const NONE: TcpFlags = TcpFlags { syn: false, fin: false, rst: false, psh: false, ack: false };

fn v4(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], port))
}

fn v6(last: u16, port: u16) -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], port))
}

fn header(sequence: u32, acknowledgement: u32, flags: TcpFlags) -> TcpHeader {
    TcpHeader { sequence, acknowledgement, flags: TcpFlags { ack: acknowledgement != 0, ..flags } }
}

fn import(file: &[u8]) -> (Vec<Imported>, ImportTotals, Option<ImportError>) {
    let mut import = match Import::new(file) {
        Ok(import) => import,
        Err(error) => return (Vec::new(), ImportTotals::default(), Some(error)),
    };
    let mut found = Vec::new();
    loop {
        match import.next_item() {
            Ok(Some(one)) => found.push(one),
            Ok(None) => return (found, import.totals(), None),
            Err(error) => return (found, import.totals(), Some(error)),
        }
    }
}

/// A pcap file of packets of a link type; stamps in microseconds.
fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x0004_0000, link] {
        file.extend(word.to_le_bytes());
    }
    for (number, packet) in (0_u32..).zip(packets) {
        let length = u32::try_from(packet.len()).unwrap();
        for word in [1_000 + number, 250_000, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    Datagram::new(from, to, payload).emit(&mut packet);
    packet
}

#[test]
fn what_was_written_is_read() {
    let at = |millis: u64| Instant::from_unix_nanos(1_173_428_150_000_000_000 + millis * 1_000_000 + 789);
    let (a, b) = (v6(1, 49_152), v6(2, 3_868));
    let mut file = Vec::new();
    let mut writer = PcapngWriter::new(&mut file).unwrap();
    let syn = TcpFlags { syn: true, ..NONE };
    let fin = TcpFlags { fin: true, ..NONE };
    writer.datagram(at(0), v4(1, 1), v4(2, 1813), b"radius", Some("x")).unwrap();
    writer.segment(at(1), (a, b), header(100, 0, syn), b"", None).unwrap();
    writer.segment(at(2), (b, a), header(u32::MAX, 101, syn), b"", None).unwrap();
    writer.segment(at(3), (a, b), header(101, 1, NONE), b"question", None).unwrap();
    writer.segment(at(4), (b, a), header(0, 109, NONE), b"answer", None).unwrap();
    writer.segment(at(5), (a, b), header(109, 6, fin), b"", None).unwrap();
    writer.segment(at(6), (b, a), header(6, 110, TcpFlags { rst: true, ..NONE }), b"", None).unwrap();
    writer.finish().unwrap();
    let stream = |frame, millis, from, to, piece| {
        Imported::Stream(StreamPiece { connection: 0, frame, at: at(millis), from, to, piece })
    };
    let payload = Bytes::from_static(b"radius");
    let expected = vec![
        Imported::Datagram { frame: 1, at: at(0), from: v4(1, 1), to: v4(2, 1813), payload },
        stream(2, 1, a, b, Piece::Begin { whole: true }),
        stream(3, 2, b, a, Piece::Begin { whole: true }),
        stream(4, 3, a, b, Piece::Octets(Bytes::from_static(b"question"))),
        stream(5, 4, b, a, Piece::Octets(Bytes::from_static(b"answer"))),
        stream(6, 5, a, b, Piece::End),
        stream(7, 6, b, a, Piece::Reset),
    ];
    assert_eq!(import(&file), (expected, ImportTotals { packets: 7, ..ImportTotals::default() }, None));
}

#[test]
fn every_link_type_leads_to_the_same_datagram() {
    let packet = datagram(v4(1, 1645), v4(2, 1812), b"hello");
    let behind = |head: &[u8]| [head, &packet].concat();
    let ethernet = [&[0x11; 12][..], &[0x08, 0x00]].concat();
    let tagged = [&[0x11; 12][..], &[0x81, 0x00, 0x00, 0x07, 0x08, 0x00]].concat();
    let sll = [&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0][..], &[0x08, 0x00]].concat();
    let sll2 = [&[0x08, 0x00][..], &[0; 18]].concat();
    let types = [
        (1, behind(&ethernet)),
        (1, behind(&tagged)),
        (101, packet.clone()),
        (228, packet.clone()),
        (113, behind(&sll)),
        (276, behind(&sll2)),
        (0, behind(&[2, 0, 0, 0])),
        (108, behind(&[0, 0, 0, 2])),
    ];
    for (link, packet) in types {
        let (found, totals, error) = import(&pcap(link, &[packet]));
        assert_eq!(error, None);
        // 1,000 s and 250,000 µs.
        let at = Instant::from_unix_nanos(1_000_250_000_000);
        let (from, to, payload) = (v4(1, 1645), v4(2, 1812), Bytes::from_static(b"hello"));
        assert_eq!(found, [Imported::Datagram { frame: 1, at, from, to, payload }], "link type {link}");
        assert_eq!(totals.packets, 1);
    }
    let (found, totals, _) = import(&pcap(147, &[packet]));
    assert_eq!((found.len(), totals.foreign), (0, 1));
}

/// Cuts an IPv4 packet into fragments of so many octets.
fn fragments(packet: &[u8], size: usize, id: u16) -> Vec<Vec<u8>> {
    let (head, body) = packet.split_at(20);
    let count = body.len().div_ceil(size);
    let parts = body.chunks(size).enumerate();
    parts
        .map(|(number, part)| {
            let mut header = head.to_vec();
            header[2..4].copy_from_slice(&u16::try_from(20 + part.len()).unwrap().to_be_bytes());
            header[4..6].copy_from_slice(&id.to_be_bytes());
            let more = if number + 1 < count { 0x2000 } else { 0 };
            let field = more | u16::try_from(number * size / 8).unwrap();
            header[6..8].copy_from_slice(&field.to_be_bytes());
            [header, part.to_vec()].concat()
        })
        .collect()
}

#[test]
fn fragments_become_whole_in_any_order() {
    let long: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let packet = datagram(v4(1, 1), v4(2, 2), &long);
    let mut parts = fragments(&packet, 1_480, 7);
    assert_eq!(parts.len(), 4);
    parts.rotate_left(2);
    parts.insert(1, parts[0].clone());
    let lost = fragments(&packet, 1_480, 8);
    parts.push(lost[0].clone());
    let (found, totals, _) = import(&pcap(101, &parts));
    let [Imported::Datagram { frame, payload, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!((*frame, payload), (5, &Bytes::from(long)));
    assert_eq!((totals.fragments, totals.broken), (1, 0));
}

#[test]
fn whole_sctp_messages_are_read() {
    let mut packet = datagram(v4(1, 1), v4(2, 2), b"");
    packet.truncate(20);
    packet[9] = 132;
    // Ports 2905 both, tag, checksum; a HEARTBEAT of 6 octets with padding; a whole DATA of M3UA; the first
    // part of another.
    let chunks: &[&[u8]] = &[
        &[0x0b, 0x59, 0x0b, 0x59, 0, 0, 0, 1, 0, 0, 0, 0],
        &[4, 0, 0, 6, 1, 1, 0, 0],
        &[0, 3, 0, 19, 0, 0, 0, 1, 0, 5, 0, 0, 0, 0, 0, 3, 7, 8, 9, 0],
        &[0, 2, 0, 17, 0, 0, 0, 2, 0, 5, 0, 1, 0, 0, 0, 3, 7, 0, 0, 0],
    ];
    packet.extend(chunks.concat());
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let (found, totals, _) = import(&pcap(101, &[packet]));
    let [Imported::Sctp { from, data, .. }] = &found[..] else { panic!("{found:?} {totals:?}") };
    assert_eq!((from.port(), data.stream, data.protocol, &data.payload[..]), (2_905, 5, 3, &[7, 8, 9][..]));
    assert_eq!(totals.sctp_partial, 1);
}

#[test]
fn a_cut_file_gives_what_is_whole_and_says_where_it_ends() {
    let file = pcap(101, &[datagram(v4(1, 1), v4(2, 2), b"one"), datagram(v4(1, 1), v4(2, 2), b"two")]);
    let (found, _, error) = import(&file[..file.len() - 1]);
    assert_eq!((found.len(), error), (1, Some(ImportError::Cut { after: 1 })));
    assert_eq!(import(b"no capture at all, is it?").2, Some(ImportError::NoCapture));
    assert_eq!(import(b"").2, Some(ImportError::NoCapture));
}

#[test]
fn a_long_file_is_read_block_by_block() {
    let packet = datagram(v4(1, 1), v4(2, 2), &[7; 60_000]);
    let file = pcap(101, &vec![packet; 40]);
    let (found, totals, error) = import(&file);
    assert_eq!((found.len(), totals.packets, error), (40, 40, None));
}

/// What a reassembly gives of one direction: octets, and everything else as a word.
fn run(segments: &[(TcpHeader, Bytes)], finish: bool) -> (Vec<u8>, Vec<String>) {
    let (a, b) = (v4(1, 1), v4(2, 2));
    let (mut reassembly, mut out) = (Reassembly::default(), Vec::new());
    for (frame, (header, payload)) in (1..).zip(segments) {
        reassembly.take(frame, Instant::EPOCH, (a, b), *header, payload.clone(), &mut out);
    }
    if finish {
        reassembly.finish(&mut out);
    }
    let (mut octets, mut words) = (Vec::new(), Vec::new());
    for piece in out {
        match piece.piece {
            Piece::Octets(more) => octets.extend_from_slice(&more),
            other => words.push(format!("{other:?} of {}", piece.connection)),
        }
    }
    (octets, words)
}

fn segment(sequence: u32, octets: &'static [u8]) -> (TcpHeader, Bytes) {
    (header(sequence, 0, NONE), Bytes::from_static(octets))
}

#[test]
fn what_is_missing_is_a_gap_and_a_missing_beginning_is_said() {
    let (octets, words) = run(&[segment(10, b"abc"), segment(15, b"fgh"), segment(11, b"bcX")], true);
    // The third overlaps with the first and brings the octet at 13; the one at 14 never comes.
    assert_eq!(octets, b"abcXfgh");
    assert_eq!(words, ["Begin { whole: false } of 0", "Gap(1) of 0"]);
    // Nothing is given of what waits before the capture ends.
    assert_eq!(run(&[segment(10, b"abc"), segment(15, b"fgh")], false).0, b"abc");
}

#[test]
fn octets_that_were_confirmed_but_not_captured_are_not_waited_for_for_ever() {
    let (a, b) = (v4(1, 1), v4(2, 2));
    let (mut reassembly, mut out) = (Reassembly::default(), Vec::new());
    reassembly.take(1, Instant::EPOCH, (a, b), header(100, 0, NONE), Bytes::from_static(b"x"), &mut out);
    reassembly.take(2, Instant::EPOCH, (b, a), header(500, 109, NONE), Bytes::from_static(b"y"), &mut out);
    for number in 0..8 {
        let segment = header(103 + number, 0, NONE);
        reassembly.take(3, Instant::EPOCH, (a, b), segment, Bytes::from_static(b"z"), &mut out);
    }
    let gaps = out.iter().filter(|piece| piece.piece == Piece::Gap(2)).count();
    let given = out.iter().filter(|piece| piece.piece == Piece::Octets(Bytes::from_static(b"z"))).count();
    assert_eq!((gaps, given), (1, 8));
}

#[test]
fn a_second_connection_on_the_same_ports_is_another() {
    let syn = |sequence| (header(sequence, 0, TcpFlags { syn: true, ..NONE }), Bytes::new());
    let fin = (header(14, 0, TcpFlags { fin: true, ..NONE }), Bytes::new());
    let segments =
        [syn(10), segment(11, b"one"), fin.clone(), syn(10), fin, syn(7_000), segment(7_001, b"two")];
    let (octets, words) = run(&segments, true);
    assert_eq!(octets, b"onetwo");
    assert_eq!(words, ["Begin { whole: true } of 0", "End of 0", "Begin { whole: true } of 1"]);
}

#[test]
fn what_tls_hides_is_only_counted() {
    let segments = [segment(1, &[22, 3, 1, 0, 5, 1, 2, 3]), segment(9, &[23, 3, 3])];
    let (octets, words) = run(&segments, true);
    assert!(octets.is_empty());
    assert_eq!(words, ["Begin { whole: false } of 0", "Opaque(8) of 0", "Opaque(3) of 0"]);
}

/// A text cut into segments, with overlaps and repetitions, in another order.
fn cut_up() -> impl Strategy<Value = (Vec<u8>, u32, Vec<(usize, usize)>)> {
    (proptest::collection::vec(1..=255_u8, 1..400), any::<u32>()).prop_flat_map(|(text, start)| {
        let length = text.len();
        let cuts = proptest::collection::vec((0..length, 1..60_usize), 0..40);
        (Just(text), Just(start), cuts).prop_flat_map(move |(text, start, extra)| {
            // Segments that hold everything, and others that overlap or repeat.
            let whole = (0..length).step_by(37).map(|from| (from, 37.min(length - from)));
            let more = extra.into_iter().map(move |(from, size)| (from, size.min(length - from)));
            let all: Vec<(usize, usize)> = whole.chain(more).collect();
            (Just(text), Just(start), Just(all).prop_shuffle())
        })
    })
}

proptest! {
    #[test]
    fn any_cut_any_order_and_any_repetition_give_the_same_octets((text, start, segments) in cut_up()) {
        let first = (header(start, 0, TcpFlags { syn: true, ..NONE }), Bytes::new());
        let end = u32::try_from(text.len()).unwrap();
        let fin = header(start.wrapping_add(1 + end), 0, TcpFlags { fin: true, ..NONE });
        let middle = segments.iter().map(|(from, length)| {
            let sequence = start.wrapping_add(1).wrapping_add(u32::try_from(*from).unwrap());
            (header(sequence, 0, NONE), Bytes::copy_from_slice(&text[*from..from + length]))
        });
        let mut all = vec![first, (fin, Bytes::new())];
        all.extend(middle);
        let (octets, words) = run(&all, false);
        prop_assert_eq!(octets, text);
        prop_assert_eq!(words, ["Begin { whole: true } of 0", "End of 0"]);
    }

    #[test]
    fn any_file_is_read_without_a_panic(
        link in 0..300_u32,
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..6),
        (at, with) in (any::<usize>(), any::<u8>()),
    ) {
        let mut whole = Vec::new();
        Segment::new(v4(1, 1), v4(2, 2), header(1, 0, NONE), b"octets").emit(&mut whole);
        let place = at % whole.len();
        whole[place] = with;
        let mut file = pcap(link, &[packets, vec![whole]].concat());
        import(&file);
        let place = at % file.len();
        file[place] ^= with;
        import(&file);
    }
}
