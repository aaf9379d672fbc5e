//! What holds for any octets, any AVPs and any cut.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use proptest::collection::vec;
use proptest::prelude::*;
use tollgate_diameter::dictionary::{self, Kind};
use tollgate_diameter::peer::{
    Acceptance, Action, Applications, Capabilities, ConnectionId, Endpoint, Identity, Routes, Settings,
};
use tollgate_diameter::{
    AvpCode, AvpFlags, Builder, CommandFlags, Header, Message, Splitter, check, message_fields, raw,
};
use tollgate_time::Instant;

/// An AVP or a group of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tree {
    Leaf(AvpCode, u8, Vec<u8>),
    Group(AvpCode, Vec<Tree>),
}

fn code() -> impl Strategy<Value = AvpCode> {
    (prop_oneof![Just(0), Just(10_415), any::<u32>()], any::<u32>())
        .prop_map(|(vendor, number)| AvpCode::new(vendor, number))
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (code(), any::<u8>(), vec(any::<u8>(), 0..20))
        .prop_map(|(code, flags, data)| Tree::Leaf(code, flags, data));
    leaf.prop_recursive(4, 32, 6, |inner| {
        (code(), vec(inner, 0..6)).prop_map(|(code, own)| Tree::Group(code, own))
    })
}

fn write(builder: &mut Builder, tree: &Tree) {
    match tree {
        Tree::Leaf(code, flags, data) => builder.avp(*code, AvpFlags::from_bits(*flags), data),
        Tree::Group(code, inside) => {
            builder.group(*code, |own| inside.iter().for_each(|tree| write(own, tree)));
        }
    }
}

fn same(tree: &Tree, own: tollgate_diameter::Avp<'_>) -> bool {
    match tree {
        Tree::Leaf(code, _, data) => own.code == *code && own.data == &data[..],
        Tree::Group(code, inside) => {
            let found: Vec<_> = own.group().unwrap().collect();
            own.code == *code
                && found.len() == inside.len()
                && inside.iter().zip(found).all(|(tree, own)| same(tree, own))
        }
    }
}

/// Octets that a value of this kind may have, and some that it may not.
fn any_avp() -> impl Strategy<Value = (AvpCode, Vec<u8>)> {
    let index = 0..dictionary::avps().len();
    let data = prop_oneof![
        vec(any::<u8>(), 0..24),
        vec(any::<u8>(), 4..5),
        vec(any::<u8>(), 8..9),
        (0..3_u8, vec(any::<u8>(), 4..5)).prop_map(|(family, rest)| [&[0, family], &rest[..]].concat()),
        "[ -~]{0,20}".prop_map(String::into_bytes),
        (0..40_u32).prop_map(|number| number.to_be_bytes().to_vec()),
    ];
    (index, data).prop_map(|(index, data)| (dictionary::avps()[index].code, data))
}

fn endpoint() -> Endpoint {
    let identity = Identity::new("ocs", "example.net", [127, 0, 0, 1].into());
    let settings = Settings {
        acceptance: Acceptance::Anybody,
        ..Settings::new(identity, Applications::credit_control())
    };
    Endpoint::new(settings, Routes::default(), 1, Instant::from_unix_secs(1))
}

proptest! {
    #[test]
    fn any_octets_give_a_result(mut octets in vec(any::<u8>(), 0..200), framed in any::<bool>()) {
        if framed && octets.len() >= 20 {
            octets.truncate(octets.len() / 4 * 4);
            octets[0] = 1;
            raw::fix_length(&mut octets);
        }
        let _ = message_fields(&octets).to_string();
        if let Ok(message) = Message::parse(&octets) {
            for problem in check::problems(&message) {
                let mut answer = Builder::answer(&message);
                answer.problem(&problem);
                prop_assert!(Message::parse(&answer.finish().unwrap()).is_ok());
            }
        }
    }

    #[test]
    fn what_is_written_is_read(trees in vec(tree(), 0..8), flags in any::<u8>(), ids in any::<[u32; 3]>()) {
        let header = Header {
            flags: CommandFlags::from_bits(flags),
            command: ids[0] & 0xff_ffff,
            application: ids[1],
            hop_by_hop: ids[2],
            end_to_end: ids[0],
        };
        let mut builder = Builder::new(header);
        trees.iter().for_each(|tree| write(&mut builder, tree));
        let octets = builder.finish().unwrap();
        let message = Message::parse(&octets).unwrap();
        prop_assert_eq!(message.header, header);
        prop_assert_eq!(octets.len() % 4, 0);
        let found: Vec<_> = message.avps().collect();
        prop_assert_eq!(found.len(), trees.len());
        prop_assert!(trees.iter().zip(found).all(|(tree, own)| same(tree, own)));
    }

    #[test]
    fn fields_say_everything_that_they_show(avps in vec(any_avp(), 1..12)) {
        let mut builder = Builder::new(Header::request(272, 4));
        avps.iter().for_each(|(code, data)| builder.octets(*code, data));
        let octets = builder.finish().unwrap();
        let fields = Message::parse(&octets).unwrap().fields();
        let mut again = Builder::new(Header::request(272, 4));
        again.fields(&fields).unwrap();
        let again = again.finish().unwrap();
        prop_assert_eq!(Message::parse(&again).unwrap().fields(), fields);
        // Apart from times before 1970 and prefixes, whose rests nothing shows, the octets are the same.
        let exact = |code: AvpCode| !matches!(dictionary::avp(code).unwrap().kind,
            Kind::Time | Kind::Ipv6Prefix | Kind::Grouped);
        if avps.iter().all(|own| exact(own.0)) {
            prop_assert_eq!(again, octets);
        }
    }

    #[test]
    fn a_stream_is_cut_the_same_however_it_arrives(
        trees in vec(tree(), 1..6), cuts in vec(1..60_usize, 1..20)
    ) {
        let messages: Vec<Vec<u8>> = trees.iter().map(|tree| {
            let mut builder = Builder::new(Header::request(272, 4));
            write(&mut builder, tree);
            builder.finish().unwrap()
        }).collect();
        let stream = messages.concat();
        let (mut splitter, mut found, mut rest) = (Splitter::default(), Vec::new(), &stream[..]);
        for cut in cuts.iter().cycle() {
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            splitter.push(piece);
            while let Some(message) = splitter.next_message().unwrap() {
                found.push(message.to_vec());
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, messages);
    }

    #[test]
    fn an_endpoint_survives_any_messages(
        commands in vec((prop_oneof![Just(257), Just(280), Just(282), Just(272), any::<u32>()], any::<u8>(),
            prop_oneof![Just(0), Just(4), any::<u32>()], vec(tree(), 0..4)), 0..12),
        greet in any::<bool>(), junk in vec(any::<u8>(), 0..30)
    ) {
        let mut own = endpoint();
        let (connection, now) = (ConnectionId::incoming(1), Instant::from_unix_secs(1));
        own.accepted(now, connection);
        if greet {
            let peer = Identity::new("pgw", "example.net", [127, 0, 0, 1].into());
            let cer = Capabilities::request(&peer, &Applications::credit_control(), 1, 1).unwrap();
            own.received(now, connection, &cer);
        }
        for (command, flags, application, trees) in commands {
            let header = Header::request(command & 0xff_ffff, application).flagged(CommandFlags::from_bits(flags));
            let mut builder = Builder::new(header);
            trees.iter().for_each(|tree| write(&mut builder, tree));
            own.received(now, connection, &builder.finish().unwrap());
        }
        own.received(now, connection, &junk);
        own.expire(Instant::from_unix_secs(500));
        while let Some(action) = own.poll_action() {
            if let Action::Send { octets, .. } = action {
                prop_assert!(Message::parse(&octets).is_ok());
            }
        }
    }
}

#[test]
fn groups_within_groups_have_an_end() {
    // 60,000 octets of nothing but headers: each a Subscription-Id (443) that holds the next.
    let mut octets = vec![0; 20];
    let depth = 5_000_usize;
    for level in 0..depth {
        let len = u32::try_from((depth - level) * 8).unwrap().to_be_bytes();
        octets.extend([0, 0, 1, 0xbb, 0x40, len[1], len[2], len[3]]);
    }
    octets[0] = 1;
    octets[4] = 0x80;
    octets[5..8].copy_from_slice(&[0, 1, 0x10]);
    octets[8..12].copy_from_slice(&[0, 0, 0, 4]);
    assert!(raw::fix_length(&mut octets));
    let message = Message::parse(&octets).unwrap();
    assert!(message.fields().to_string().len() > 1000);
    let problem = check::verify(&message).unwrap_err();
    assert_eq!(problem.kind, tollgate_diameter::ProblemKind::TooDeep);
}
