//! What holds for every message: what is written reads back, what people read they can write, and no octets make
//! anything panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod samples;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::{prop_assert, prop_assert_eq, proptest};
use tollgate_camel::ber::{Elements, Encoder, Tag, single};
use tollgate_camel::cap::{
    ApplyChargingArg, ApplyChargingReportArg, BcsmEvent, ConnectArg, EventTypeBcsm, InitialDpArg, Leg, LegId,
    MonitorMode, Phase, ReceivingSide, ReleaseCallArg, ReleaseIfExceeded, RequestReportBcsmEventArg,
    SendingSide, TimeDurationCharging, TimeIfTariffSwitch, TimeInformation,
};
use tollgate_camel::dialogue::Dialogue;
use tollgate_camel::number::{AddressString, CalledPartyNumber, PartyNumber};
use tollgate_camel::sccp::{Address, Form, GlobalTitle, Unitdata};
use tollgate_camel::tcap::{Code, Component, Kind, Message, Part, Problem, ProblemKind, TransactionId};
use tollgate_camel::{
    Cause, DateAndTime, Operation, TimeAndTimezone, Unknown, m3ua, message_fields, message_octets, sctp,
};
use tollgate_time::Instant;

fn called() -> impl Strategy<Value = CalledPartyNumber> {
    (0_u8..128, any::<bool>(), 0_u8..8, "[0-9A-F]{0,24}").prop_map(|(nature, internal, plan, digits)| {
        CalledPartyNumber { nature, internal_not_allowed: internal, plan, digits: digits.parse().unwrap() }
    })
}

fn party() -> impl Strategy<Value = PartyNumber> {
    (0_u8..128, any::<bool>(), 0_u8..8, 0_u8..4, 0_u8..4, "[0-9A-F]{0,15}").prop_map(
        |(nature, flag, plan, presentation, screening, digits)| PartyNumber {
            nature,
            flag,
            plan,
            presentation,
            screening,
            digits: digits.parse().unwrap(),
        },
    )
}

fn address() -> impl Strategy<Value = AddressString> {
    (0_u8..8, 0_u8..16, "[0-9*#abc]{0,20}").prop_map(|(nature, plan, digits)| AddressString {
        nature,
        plan,
        digits: digits.parse().unwrap(),
    })
}

fn cause() -> impl Strategy<Value = Cause> {
    (0_u8..4, 0_u8..16, 0_u8..128, vec(any::<u8>(), 0..4))
        .prop_map(|(coding, location, value, diagnostics)| Cause { coding, location, value, diagnostics })
}

fn stamp() -> impl Strategy<Value = TimeAndTimezone> {
    (0_u16..10_000, 1_u8..13, 1_u8..32, 0_u8..24, 0_u8..60, 0_u8..60, -79_i8..80).prop_map(
        |(year, month, day, hour, minute, second, quarters)| TimeAndTimezone {
            local: DateAndTime { year, month, day, hour, minute, second },
            quarters,
        },
    )
}

/// An element of a later release: `[100]` to `[4000]`, of any contents.
fn unknown() -> impl Strategy<Value = Unknown> {
    (100_u32..4_000, vec(any::<u8>(), 0..9)).prop_map(|(number, contents)| Unknown {
        tag: Tag::context(number),
        constructed: false,
        contents,
    })
}

fn initial_dp() -> impl Strategy<Value = Operation> {
    let numbers = (option::of(called()), option::of(party()), option::of(party()), option::of(address()));
    let rest =
        (any::<u32>(), option::of(stamp()), option::of("[0-9]{6,15}"), any::<u8>(), vec(unknown(), 0..3));
    (numbers, rest).prop_map(|((called, calling, redirecting, msc), (key, time, imsi, event, unknown))| {
        Operation::InitialDp(Box::new(InitialDpArg {
            service_key: key,
            called_party_number: called,
            calling_party_number: calling,
            redirecting_party_id: redirecting,
            msc_address: msc,
            time_and_timezone: time,
            imsi: imsi.map(|imsi| imsi.parse().unwrap()),
            event_type_bcsm: Some(EventTypeBcsm(event)),
            unknown,
            ..InitialDpArg::default()
        }))
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let event =
        (any::<u8>(), 0_u8..3, any::<bool>(), any::<u8>()).prop_map(|(kind, mode, sending, leg)| BcsmEvent {
            event_type: EventTypeBcsm(kind),
            monitor_mode: MonitorMode(mode),
            leg_id: Some(if sending { LegId::Sending(Leg(leg)) } else { LegId::Receiving(Leg(leg)) }),
            ..BcsmEvent::default()
        });
    let charging = (any::<u32>(), any::<bool>(), option::of(any::<u32>()), any::<u8>(), vec(unknown(), 0..3));
    let charging = charging.prop_map(|(max, release, switch, leg, unknown)| {
        Operation::ApplyCharging(ApplyChargingArg {
            charging: TimeDurationCharging {
                max_call_period_duration: max,
                release_if_exceeded: release.then_some(ReleaseIfExceeded::YES),
                tariff_switch_interval: switch,
                ..TimeDurationCharging::default()
            },
            party_to_charge: Some(SendingSide(Leg(leg))),
            unknown,
            ..ApplyChargingArg::default()
        })
    });
    let report = (any::<u32>(), option::of(any::<u32>()), any::<bool>(), any::<u8>());
    let report = report.prop_map(|(tenths, switch, active, leg)| {
        let mut own = ApplyChargingReportArg::used(tenths, active);
        own.0.party_to_charge = ReceivingSide(Leg(leg));
        if switch.is_some() {
            own.0.time_information = TimeInformation::Switch(TimeIfTariffSwitch {
                time_since_tariff_switch: tenths,
                tariff_switch_interval: switch,
                unknown: Vec::new(),
            });
        }
        Operation::ApplyChargingReport(own)
    });
    prop_oneof![
        initial_dp(),
        charging,
        report,
        vec(event, 1..6).prop_map(|bcsm_events| {
            let own = RequestReportBcsmEventArg { bcsm_events, ..RequestReportBcsmEventArg::default() };
            Operation::RequestReportBcsmEvent(own)
        }),
        called().prop_map(|to| Operation::Connect(Box::new(ConnectArg::to(to)))),
        cause().prop_map(|cause| Operation::ReleaseCall(ReleaseCallArg(cause))),
        Just(Operation::Continue),
        (200_i64..1_000, option::of(unknown()))
            .prop_map(|(code, argument)| Operation::Other { code, argument }),
    ]
}

fn phase() -> impl Strategy<Value = Phase> {
    prop_oneof![Just(Phase::Two), Just(Phase::Three)]
}

/// A component that keeps its parts.
#[derive(Debug, Clone)]
enum Owned {
    Invoke(i8, Option<i8>, Operation),
    Result(i8, bool),
    Reject(Option<i8>, Problem),
}

fn components() -> impl Strategy<Value = Vec<Owned>> {
    let kinds = prop_oneof![
        Just(ProblemKind::General),
        Just(ProblemKind::Invoke),
        Just(ProblemKind::ReturnResult),
        Just(ProblemKind::ReturnError)
    ];
    let one = prop_oneof![
        4 => (any::<i8>(), option::of(any::<i8>()), operation()).prop_map(|(id, linked, own)| Owned::Invoke(id, linked, own)),
        1 => (any::<i8>(), any::<bool>()).prop_map(|(id, last)| Owned::Result(id, last)),
        1 => (option::of(any::<i8>()), kinds, any::<u8>()).prop_map(|(id, kind, code)| Owned::Reject(id, Problem { kind, code })),
    ];
    vec(one, 0..4)
}

fn component<'a>(own: &Owned, argument: &'a [u8]) -> Component<'a> {
    match own {
        Owned::Invoke(id, linked, operation) => Component::Invoke {
            id: *id,
            linked: *linked,
            code: Code::Local(operation.code()),
            argument: Part::of(argument),
        },
        Owned::Result(id, last) => Component::Result { id: *id, last: *last, code: None, result: None },
        Owned::Reject(id, problem) => Component::Reject { id: *id, problem: *problem },
    }
}

/// A Continue with these components.
fn message(components: &[Owned]) -> Vec<u8> {
    let arguments: Vec<Vec<u8>> = components
        .iter()
        .map(|own| match own {
            Owned::Invoke(_, _, operation) => operation.argument(Phase::Three),
            _ => Vec::new(),
        })
        .collect();
    let message = Message {
        origin: Some(TransactionId::new(0x0102_0304)),
        destination: TransactionId::from_octets(&[9]),
        components: components
            .iter()
            .zip(&arguments)
            .map(|(own, argument)| component(own, argument))
            .collect(),
        ..Message::new(Kind::Continue)
    };
    message.encode()
}

/// Octets that are often nearly a message, so that the inner layers see something.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let sample = (any::<Index>(), any::<bool>()).prop_map(|(index, whole)| {
        let samples = samples::operations();
        let (phase, operation) = index.get(&samples);
        if whole { message(&[Owned::Invoke(1, None, operation.clone())]) } else { operation.argument(*phase) }
    });
    let broken = (sample, vec((any::<Index>(), any::<u8>()), 0..4)).prop_map(|(mut bytes, changes)| {
        for (index, octet) in changes {
            if !bytes.is_empty() {
                let at = index.index(bytes.len());
                bytes[at] = octet;
            }
        }
        bytes
    });
    prop_oneof![1 => vec(any::<u8>(), 0..80), 3 => broken]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn an_operation_reads_back_in_its_phase(operation in operation(), phase in phase()) {
        let argument = operation.argument(phase);
        let octets = (!argument.is_empty()).then_some(&argument[..]);
        prop_assert_eq!(Operation::decode(operation.code(), octets, 0, phase), Ok(operation));
    }

    #[test]
    fn an_operation_is_the_same_after_people_have_copied_it(operation in operation()) {
        let (name, value) = operation.show();
        prop_assert_eq!(Operation::take(name, &value), Ok(operation));
    }

    #[test]
    fn a_message_is_the_same_after_people_have_copied_it(components in components()) {
        let octets = message(&components);
        let fields = message_fields(&octets);
        prop_assert_eq!(message_octets(&fields), Ok(octets), "{}", fields);
    }

    #[test]
    fn a_message_reads_back_and_is_written_the_same(components in components()) {
        let octets = message(&components);
        let read = Message::parse(&octets).unwrap();
        prop_assert_eq!(read.components.len(), components.len());
        prop_assert_eq!(read.encode(), octets);
    }

    #[test]
    fn numbers_and_tags_of_any_size_read_back(number in any::<i64>(), tag in any::<u32>(), len in 0_usize..70_000) {
        let mut out = Encoder::new();
        out.constructed(Tag::context(tag), |out| {
            out.integer(Tag::INTEGER, number);
            out.primitive(Tag::application(tag), &vec![7; len]);
        });
        let bytes = out.into_bytes();
        let outer = single(&bytes, "x").unwrap();
        let inner: Vec<_> = outer.elements().unwrap().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(outer.tag, Tag::context(tag));
        prop_assert_eq!(inner[0].integer(), Ok(number));
        prop_assert_eq!((inner[1].tag, inner[1].contents.len()), (Tag::application(tag), len));
    }

    #[test]
    fn sccp_reads_back(
        digits in "[0-9A-F]{1,20}",
        codes in (option::of(0_u16..0x4000), option::of(any::<u8>()), any::<bool>(), 1_u8..16),
        data in vec(any::<u8>(), 0..400),
    ) {
        let (point_code, subsystem, route_on_subsystem, hops) = codes;
        let title = GlobalTitle::Full { translation: 0, plan: 1, nature: 4, digits: digits.parse().unwrap() };
        let called = Address { point_code, subsystem, title: Some(title), route_on_subsystem };
        let calling = Address { point_code, ..Address::default() };
        let mut own = Unitdata::new(called, calling, &data);
        let octets = own.encode();
        prop_assert_eq!(Unitdata::parse(&octets), Ok(own.clone()));
        own.form = Form::Extended { hops };
        own.data = &data[..data.len().min(255)];
        let octets = own.encode();
        prop_assert_eq!(Unitdata::parse(&octets), Ok(own.clone()));
    }

    #[test]
    fn no_octets_make_anything_panic_and_what_is_shown_says_something(bytes in hostile()) {
        prop_assert!(!message_fields(&bytes).is_empty());
        for code in 0..100 {
            for phase in [Phase::Two, Phase::Three] {
                if let Ok(own) = Operation::decode(code, Some(&bytes), 0, phase) {
                    let (name, value) = own.show();
                    prop_assert!(!value.to_string().is_empty(), "{name}");
                    // What was read can be written, and reads the same.
                    let again = own.argument(phase);
                    let octets = (!again.is_empty()).then_some(&again[..]);
                    prop_assert_eq!(Operation::decode(code, octets, 0, phase), Ok(own));
                }
            }
        }
        for element in Elements::new(&bytes, 0).flatten() {
            prop_assert_eq!(single(element.encoding, "x").map(|own| own.tag), Ok(element.tag));
        }
        let _ = (Unitdata::parse(&bytes), m3ua::Data::parse(&bytes), sctp::Packet::parse(&bytes));
        let contexts = [tollgate_camel::cap::ApplicationContext::CallsPhaseTwo];
        if let Ok((mut own, _)) = Dialogue::accept(TransactionId::new(1), &bytes, &contexts) {
            prop_assert!(own.send().is_some());
            prop_assert!(own.expire(Instant::from_unix_secs(9_000_000_000)).is_empty());
        }
    }
}

#[test]
fn every_sample_is_the_same_after_people_have_copied_it() {
    for (name, phase, value) in samples::written() {
        let operation = Operation::take(name, &value).unwrap();
        let (shown_name, shown) = operation.show();
        assert_eq!(shown_name, name);
        assert_eq!(Operation::take(name, &shown), Ok(operation.clone()), "{shown}");
        let argument = operation.argument(phase);
        let octets = (!argument.is_empty()).then_some(&argument[..]);
        assert_eq!(Operation::decode(operation.code(), octets, 0, phase), Ok(operation), "{shown}");
    }
    let named: std::collections::BTreeSet<_> = samples::written().iter().map(|(name, ..)| *name).collect();
    let all: std::collections::BTreeSet<_> = tollgate_camel::cap::operation_names().iter().copied().collect();
    assert_eq!(named, all, "every operation has a sample");
}

#[test]
fn a_dialogue_portion_that_cannot_be_read_is_written_as_it_was() {
    // A primitive portion, and one whose context is no OBJECT IDENTIFIER (0x16).
    let external = "280f060700118605010101a004600280 00".replace(' ', "");
    for portion in [
        format!("4b11{external}"),
        "6b1e281c060700118605010101a011600f80020780a1091607040000010032 01".replace(' ', ""),
    ] {
        let digits = format!("4804000000 01{portion}").replace(' ', "");
        let octets: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        let mut whole = vec![0x62, u8::try_from(octets.len()).unwrap()];
        whole.extend(octets);
        let read = Message::parse(&whole).unwrap();
        assert!(matches!(
            read.dialogue,
            Some(tollgate_camel::tcap::DialoguePortion::Other { fault: Some(_), .. })
        ));
        assert_eq!(read.encode(), whole);
    }
}
