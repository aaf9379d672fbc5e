//! tshark reads the captures that `run --pcap` writes: nothing malformed, every checksum and length right.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{available, tollgate};

#[test]
fn tshark_finds_nothing_wrong_with_any_capture_of_the_library() {
    if !available("tshark", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = tollgate()
        .args(["run", "scenarios", "--quiet", "--pcap"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    let captures = captures_in(folder.path());
    assert!(captures.len() > 10, "{captures:?}");
    for capture in &captures {
        // Packets that scenarios break on purpose are malformed; everything else must be clean.
        let broken = ["broken-packets", "diameter/request-errors", "diameter/garbage"];
        let on_purpose = broken.iter().any(|name| capture.to_string_lossy().contains(name));
        // Warnings that are no fault: of resets by a node that is down, and of groups that are empty, as the documents'
        // Requested-Service-Unit is.
        let complaints = tshark(
            capture,
            "_ws.malformed || _ws.expert.severity >= 0x800000 \
             || (_ws.expert.severity >= 0x600000 && !diameter && !(tcp.flags.reset == 1))",
        );
        assert!(on_purpose || complaints.is_empty(), "{}: {complaints}", capture.display());
        // Some scenarios are about administrators alone, and put nothing onto the wire.
        let (all, known) = (tshark(capture, "frame"), tshark(capture, "radius || diameter"));
        assert!(
            all.is_empty() || !known.is_empty(),
            "{}: neither RADIUS nor Diameter in it",
            capture.display()
        );
        let bad = tshark(capture, "ip.checksum.status == 0 || udp.checksum.status == 0");
        assert!(bad.is_empty(), "{}: {bad}", capture.display());
    }
}

#[test]
fn tshark_shows_the_worked_example_as_the_documents_print_it() {
    if !available("tshark", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = tollgate()
        .args(["run", "scenarios/prepaid-ivr/worked-example.yaml", "--quiet", "--pcap"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    let capture = captures_in(folder.path()).pop().expect("a capture");
    let output =
        Command::new("tshark").args(["-O", "radius", "-r"]).arg(&capture).output().expect("tshark runs");
    let text = String::from_utf8_lossy(&output.stdout);
    for line in [
        "User-Name(1) l=13 val=10086610975",
        "h323-credit-amount=10.00",
        "h323-ivr-in=Tariff:PrepaidCard",
        "h323-credit-time=30000",
        "h323-connect-time=00:16:21.164 PST Fri Mar 9 2007",
        "h323-ivr-out=PortaBilling_Session:unlock",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

fn tshark(capture: &Path, filter: &str) -> String {
    let output = Command::new("tshark")
        .args(["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-r"])
        .arg(capture)
        .args(["-Y", filter])
        .output()
        .expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn captures_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(captures_in(&path));
        } else if path.extension().is_some_and(|end| end == "pcapng") {
            found.push(path);
        }
    }
    found.sort();
    found
}
