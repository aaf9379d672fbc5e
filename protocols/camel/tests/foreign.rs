//! Programs that nobody here wrote read what we write: pycrate every operation and message to the same values,
//! tshark the whole stack of a capture.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod samples;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use samples::{digits, operations};
use tollgate_camel::cap::{ApplicationContext, CapError, Phase};
use tollgate_camel::sccp::{Address, SSN_CAP, SSN_MSC};
use tollgate_camel::sctp::{IP_PROTOCOL, PORT_M3UA, Relation, Side};
use tollgate_camel::tcap::{
    AbortSource, Code, Component, DialoguePortion, Kind, Message, PAbort, Part, Problem, Refusal,
    TransactionId,
};
use tollgate_camel::{Operation, message_fields};
use tollgate_capture::PcapngWriter;
use tollgate_time::Instant;

/// Whether a program can be used; where `TOLLGATE_REQUIRE_PEERS` is set, it must be.
fn available(program: &str, probe: &[&str]) -> bool {
    let found = Command::new(program).args(probe).stdin(Stdio::null()).output();
    let usable = found.is_ok_and(|output| output.status.success());
    if !usable {
        let required = std::env::var_os("TOLLGATE_REQUIRE_PEERS").is_some();
        assert!(!required, "{program} {probe:?} is required here and does not work");
        eprintln!("skipped: {program} {probe:?} does not work");
    }
    usable
}

/// A Python in which pycrate can be imported: that of `TOLLGATE_PYTHON`, else `python3`.
fn python() -> Option<String> {
    let python = std::env::var("TOLLGATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    available(&python, &["-c", "import pycrate_asn1dir"]).then_some(python)
}

/// A message with one invocation, opened in the context of its phase.
fn begin(phase: Phase, operation: &Operation, number: u32) -> Vec<u8> {
    let context = match operation.name() {
        name if name.ends_with("SMS") || name.contains("SMSEvent") => ApplicationContext::SmsPhaseThree,
        _ => ApplicationContext::calls(phase),
    };
    let argument = operation.argument(phase);
    let message = Message {
        origin: Some(TransactionId::new(number)),
        dialogue: Some(DialoguePortion::Request { context: context.octets(), user_information: None }),
        components: vec![Component::Invoke {
            id: 1,
            linked: None,
            code: Code::Local(operation.code()),
            argument: Part::of(&argument),
        }],
        ..Message::new(Kind::Begin)
    };
    message.encode()
}

/// A message of the gsmSCF in the transaction 1.
fn answer(components: Vec<Component<'_>>) -> Message<'_> {
    Message {
        origin: Some(TransactionId::new(0x8001)),
        destination: Some(TransactionId::new(1)),
        components,
        ..Message::new(Kind::Continue)
    }
}

/// The other kinds of messages and components.
fn other_messages() -> Vec<Vec<u8>> {
    let id = TransactionId::new;
    let context = ApplicationContext::CallsPhaseTwo;
    let errors = [
        CapError::MissingParameter,
        CapError::SystemFailure(tollgate_camel::cap::UnavailableNetworkResource::COMPONENT),
        CapError::TaskRefused(tollgate_camel::cap::TaskRefusal::GENERIC),
        CapError::UnknownLegId,
    ];
    let mut messages = vec![
        Message {
            dialogue: Some(DialoguePortion::Response {
                context: context.octets(),
                refusal: Refusal::None,
                user_information: None,
            }),
            ..answer(vec![Component::Result { id: 1, last: true, code: None, result: None }])
        }
        .encode(),
        answer(vec![
            Component::Reject { id: Some(2), problem: Problem::MISTYPED_PARAMETER },
            Component::Reject { id: None, problem: Problem::BADLY_STRUCTURED },
        ])
        .encode(),
    ];
    for error in errors {
        let parameter = error.parameter(Phase::Two);
        let component = Component::Error {
            id: 1,
            code: Code::Local(error.code()),
            parameter: parameter.as_deref().and_then(Part::of),
        };
        messages.push(answer(vec![component]).encode());
    }
    // What ends the transaction comes last.
    messages.extend([
        Message { destination: Some(id(1)), ..Message::new(Kind::End) }.encode(),
        Message {
            destination: Some(id(1)),
            p_abort: Some(PAbort::UNRECOGNIZED_TRANSACTION_ID),
            ..Message::new(Kind::Abort)
        }
        .encode(),
        Message {
            destination: Some(id(1)),
            dialogue: Some(DialoguePortion::Response {
                context: context.octets(),
                refusal: Refusal::ContextNotSupported,
                user_information: None,
            }),
            ..Message::new(Kind::Abort)
        }
        .encode(),
        Message {
            destination: Some(id(1)),
            dialogue: Some(DialoguePortion::Abort { source: AbortSource::User, user_information: None }),
            ..Message::new(Kind::Abort)
        }
        .encode(),
    ]);
    messages
}

#[test]
fn pycrate_reads_every_operation_to_the_same_values() {
    let Some(python) = python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pycrate_reads.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = String::new();
    let mut count = 0;
    for (phase, operation) in operations() {
        // The description that pycrate has is of phase 4, where this argument is a choice instead of NULL.
        if operation.name() == "specializedResourceReport" {
            continue;
        }
        let message = begin(phase, &operation, 1);
        lines += &format!("{} {}\n", digits(&message), message_fields(&message));
        count += 1;
    }
    for message in other_messages() {
        lines += &format!("{} {}\n", digits(&message), message_fields(&message));
        count += 1;
    }
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains(&format!("{count} messages agree")), "{text}");
}

fn relation() -> Relation {
    let side = |digits: &str, subsystem, point_code| Side {
        point_code,
        address: Address::title(digits.parse().unwrap(), subsystem),
        port: PORT_M3UA,
    };
    Relation::new(side("491710760001", SSN_MSC, 0x101), side("491710769999", SSN_CAP, 0x202))
}

fn tshark(file: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark").arg("-r").arg(file).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn tshark_dissects_the_whole_stack_without_complaint() {
    if !available("tshark", &["-v"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("camel.pcapng");
    let mut capture = PcapngWriter::new(std::fs::File::create(&file).unwrap()).unwrap();
    let mut relation = relation();
    let address = |last| SocketAddr::from(([192, 0, 2, last], 0));
    let mut names = Vec::new();
    let mut write = |back: bool, message: &[u8]| {
        let ends = if back { (address(2), address(1)) } else { (address(1), address(2)) };
        let packet = relation.packet(back, message);
        capture.ip_packet(Instant::from_unix_secs(1_800_000_000), ends, IP_PROTOCOL, &packet, None).unwrap();
    };
    for ((phase, operation), number) in operations().iter().zip(1..) {
        write(false, &begin(*phase, operation, number));
        names.push(operation.name());
    }
    // In phase 2 the release is a group, which pycrate's description does not have.
    let limit = Operation::ApplyCharging(tollgate_camel::cap::ApplyChargingArg::limit(600));
    write(false, &begin(Phase::Two, &limit, 0x7000));
    names.push(limit.name());
    for message in other_messages() {
        // tshark's CAMEL dissector does not step over the parameter of an error and then complains of its octets.
        let read = Message::parse(&message).unwrap();
        if !matches!(read.components[..], [Component::Error { parameter: Some(_), .. }]) {
            write(true, &message);
        }
    }
    let packets = capture.finish().unwrap();

    let fields = [
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "_ws.expert.message",
        "-e",
        "_ws.malformed",
        "-e",
        "frame.protocols",
    ];
    let text = tshark(&file, &[&["-o", "sctp.checksum:TRUE"], &fields[..]].concat());
    assert_eq!(u64::try_from(text.lines().count()).unwrap(), packets);
    for line in text.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        assert!(columns[1].is_empty() && columns[2].is_empty(), "{line}");
        assert!(columns[3].contains("sctp:m3ua:sccp:tcap"), "{line}");
    }
    let info = tshark(&file, &["-T", "fields", "-e", "_ws.col.Info"]);
    for (line, name) in info.lines().zip(&names) {
        assert!(line.contains(name), "{line} is no {name}");
    }
}

#[test]
fn tshark_sees_the_values_of_a_call() {
    if !available("tshark", &["-v"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.pcapng");
    let mut capture = PcapngWriter::new(std::fs::File::create(&file).unwrap()).unwrap();
    let operation = Operation::take("initialDP", &samples::originating()).unwrap();
    let packet = relation().packet(false, &begin(Phase::Two, &operation, 1));
    let ends = (SocketAddr::from(([192, 0, 2, 1], 0)), SocketAddr::from(([192, 0, 2, 2], 0)));
    capture.ip_packet(Instant::from_unix_secs(1_800_000_000), ends, IP_PROTOCOL, &packet, None).unwrap();
    capture.finish().unwrap();
    let names = [
        ("sctp.data_payload_proto_id", "3"),
        ("m3ua.protocol_data_opc", "257"),
        ("sccp.called.digits", "491710769999"),
        ("sccp.called.ssn", "146"),
        ("sccp.calling.ssn", "8"),
        ("tcap.otid", "00000001"),
        ("camel.serviceKey", "100"),
        ("isup.calling", "491701234567"),
        ("e212.imsi", "262011234567890"),
        ("camel.eventTypeBCSM", "2"),
        ("e212.mcc", "262"),
    ];
    for (name, wanted) in names {
        let shown = tshark(&file, &["-T", "fields", "-e", name]);
        assert!(shown.trim().split(',').any(|own| own == wanted), "{name} is {shown:?}, not {wanted}");
    }
}
