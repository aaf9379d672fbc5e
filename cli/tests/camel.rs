//! Calls and short messages through a CAMEL gateway, as programs see them that nobody here wrote: tshark dissects the whole
//! stack, pycrate decodes every operation to the same values.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{available, root, tollgate};
use tollgate_camel::message_fields;

/// Runs a scenario, and answers with its captures.
fn captures(scenario: &str, folder: &Path) -> Vec<PathBuf> {
    let run = tollgate().args(["run", scenario, "--quiet", "--pcap"]).arg(folder).output().expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    let place = folder.join(scenario);
    let place = place.parent().expect("a scenario lies in a folder");
    let mut found: Vec<PathBuf> = std::fs::read_dir(place)
        .expect("the captures lie as the scenarios do")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    found.sort();
    found
}

fn tshark(capture: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .args(["-o", "sctp.checksum:TRUE", "-r"])
        .arg(capture)
        .args(arguments)
        .output()
        .expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The operations of a capture in their order, as tshark names them; each frame down to CAP and without complaint.
fn operations(capture: &Path) -> Vec<String> {
    let fields = [
        "-Y",
        "sctp",
        "-T",
        "fields",
        "-e",
        "frame.protocols",
        "-e",
        "_ws.expert.message",
        "-e",
        "_ws.malformed",
        "-e",
        "_ws.col.Info",
    ];
    let text = tshark(capture, &fields);
    let mut names = Vec::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        assert!(columns[0].contains("ip:sctp:m3ua:sccp:tcap"), "{line}");
        assert!(columns[1].is_empty() && columns[2].is_empty(), "{line}");
        let invoked = columns[3].split("invoke ").skip(1);
        names.extend(invoked.filter_map(|own| own.split_whitespace().next()).map(str::to_owned));
    }
    names
}

#[test]
fn tshark_dissects_a_call_and_a_message_wholly_and_in_their_order() {
    if !available("tshark", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let calls = captures("scenarios/camel/call-answered.yaml", folder.path());
    assert_eq!(calls.len(), 2, "a capture for each phase of CAP");
    for call in calls {
        assert_eq!(
            operations(&call),
            [
                "initialDP",
                "requestReportBCSMEvent",
                "applyCharging",
                "continue",
                "eventReportBCSM",
                "applyChargingReport",
                "applyCharging",
                "applyChargingReport",
                "applyCharging",
                "applyChargingReport",
                "eventReportBCSM",
                "releaseCall",
            ],
            "{}",
            call.display()
        );
        let credit =
            tshark(&call, &["-Y", "diameter.cmd.code == 272", "-T", "fields", "-e", "diameter.CC-Time"]);
        // CCR-I, CCA-I, two updates with their answers; the last report wants nothing more and tells 15 s.
        assert_eq!(credit.lines().filter(|line| !line.is_empty()).count(), 7, "{credit}");
        assert!(credit.contains("0,15"), "{credit}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let messages = captures("scenarios/camel/sms-delivered.yaml", folder.path());
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(
        operations(message),
        ["initialDPSMS", "requestReportSMSEvent", "continueSMS", "eventReportSMS", "continueSMS"]
    );
}

/// The TCAP messages of a capture.
fn messages(capture: &Path) -> Vec<Vec<u8>> {
    let text = tshark(capture, &["-Y", "tcap", "-T", "jsonraw"]);
    let frames: serde_json::Value = serde_json::from_str(&text).expect("tshark writes JSON");
    let mut messages = Vec::new();
    for frame in frames.as_array().into_iter().flatten() {
        // SCCP carries the message to its end: from the first octet that TCAP reads.
        let layers = &frame["_source"]["layers"];
        let (whole, tcap) = (&layers["frame_raw"][0], &layers["tcap_raw"]);
        let at = tcap[1].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a place");
        let length = tcap[2].as_u64().and_then(|length| usize::try_from(length).ok()).expect("a length");
        let digits = whole.as_str().expect("octets");
        let digits = &digits[2 * at..2 * (at + length)];
        let octet = |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).expect("digits");
        messages.push((0..digits.len()).step_by(2).map(octet).collect());
    }
    messages
}

#[test]
fn pycrate_decodes_every_operation_of_a_run_to_the_same_values() {
    let python = std::env::var("TOLLGATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !available("tshark", &["--version"]) || !available(&python, &["-c", "import pycrate_asn1dir"]) {
        return;
    }
    let mut lines = String::new();
    let mut count = 0;
    let scenarios =
        ["call-answered", "called-party-busy", "money-ends", "forwarded", "terminating", "sms-delivered"];
    for scenario in scenarios {
        let folder = tempfile::tempdir().expect("a folder");
        for capture in captures(&format!("scenarios/camel/{scenario}.yaml"), folder.path()) {
            for message in messages(&capture) {
                let digits: String = message.iter().map(|octet| format!("{octet:02x}")).collect();
                lines.push_str(&format!("{digits} {}\n", message_fields(&message)));
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count} messages");
    let script = root().join("protocols/camel/tests/data/pycrate_reads.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("its input is piped").write_all(lines.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&format!("{count} messages agree")), "{text}");
}
