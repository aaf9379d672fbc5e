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
    // Each is a start of tshark; what this machine has of processors shares them.
    let shares = std::thread::available_parallelism().map_or(1, usize::from);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let started: Vec<_> = captures
            .chunks(captures.len().div_ceil(shares))
            .map(|share| {
                scope.spawn(|| share.iter().flat_map(|own| complaints(own)).collect::<Vec<String>>())
            })
            .collect();
        started.into_iter().flat_map(|own| own.join().expect("it ends")).collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What tshark shows of each frame: its protocols, what experts say of it, RST, and whether its checksums are right.
const SHOWN: [&str; 10] = [
    "tcp.port",
    "frame.number",
    "frame.protocols",
    "_ws.expert.severity",
    "_ws.expert.message",
    "tcp.flags.reset",
    "ip.checksum.status",
    "udp.checksum.status",
    "tcp.checksum.status",
    "sctp.checksum.status",
];

/// What sites say among themselves (`reference-ocs/gateway`, `site::LINK_PORT`) is our own: tshark has no name for it.
const SITE_LINK: &str = "7400";

/// From here on experts warn (0x600000) or see an error (0x800000).
const WARNING: u32 = 0x0060_0000;

/// What is wrong with a capture.
fn complaints(capture: &Path) -> Vec<String> {
    let mut tshark = Command::new("tshark");
    for check in ["ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "tcp.check_checksum:TRUE"] {
        tshark.args(["-o", check]);
    }
    tshark.args(["-o", "sctp.checksum:CRC 32c", "-T", "fields", "-E", "separator=|", "-r"]).arg(capture);
    SHOWN.iter().for_each(|field| {
        tshark.args(["-e", field]);
    });
    let output = tshark.output().expect("tshark runs");
    let name = capture.display();
    if !output.status.success() {
        return vec![format!("{name}: {}", String::from_utf8_lossy(&output.stderr))];
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let frames: Vec<Vec<&str>> = text.lines().map(|line| line.split('|').collect()).collect();
    let mut complaints = Vec::new();
    // What scenarios get wrong on purpose is complained of, a number with a plus among it; everything else must be clean.
    let broken = [
        "broken-packets",
        "diameter/request-errors",
        "diameter/garbage",
        "plus-prefix",
        "sip/spelt",
        "dual-version/http-spelt",
    ];
    let on_purpose = broken.iter().any(|own| capture.to_string_lossy().contains(own));
    let mut known = false;
    for frame in &frames {
        let [ports, number, protocols, severities, says, reset, checksums @ ..] = &frame[..] else {
            complaints.push(format!("{name}: tshark says {frame:?}"));
            continue;
        };
        let severe =
            severities.split(',').filter_map(|own| own.parse().ok()).filter(|own: &u32| *own >= WARNING);
        // A node that is down resets connections, and a client that leaves the units to the server asks with an empty
        // Requested-Service-Unit (RFC 8506 section 5.1.1); tshark warns of each.
        let is_reset = *reset == "1" || *reset == "True";
        // A segment that a partition stopped comes later than those behind it; the capture says so in its comment.
        let expected = says.matches("Data is empty").count()
            + if says.contains("partitioned") { says.matches("out-of-order").count() } else { 0 };
        let warned = severe.count() > expected && !is_reset;
        // Guesses at what the sites say come to nothing.
        let is_ours = ports.split(',').any(|port| port == SITE_LINK);
        let unread = protocols.contains("_ws.malformed") || protocols.ends_with(":data");
        if (warned || unread) && !is_ours && !on_purpose {
            complaints
                .push(format!("{name}: frame {number} ({protocols}) is malformed or warned of: {says}"));
        }
        // 0 is a wrong checksum, 1 a right one; an address within ICMP has a second one.
        if checksums.iter().flat_map(|own| own.split(',')).any(|own| own == "0" || own == "Bad") {
            complaints.push(format!("{name}: frame {number} has a wrong checksum"));
        }
        known |= protocols.split(':').any(|own| ["radius", "diameter", "sip", "http"].contains(&own));
    }
    // Some scenarios are about administrators alone, and put nothing onto the wire.
    if !frames.is_empty() && !known {
        complaints.push(format!("{name}: neither RADIUS nor Diameter nor SIP nor HTTP in it"));
    }
    complaints
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

#[test]
fn tshark_reads_the_text_message_of_the_documents_on_its_ports() {
    if !available("tshark", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = tollgate()
        .args(["run", "scenarios/sip-messaging/worked-example.yaml", "--quiet", "--pcap"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    let capture = captures_in(folder.path()).pop().expect("a capture");
    let fields = ["udp.srcport", "udp.dstport", "sip.Method", "sip.Status-Code", "sip.Call-ID"];
    let mut tshark = Command::new("tshark");
    tshark.args(["-Y", "sip", "-T", "fields", "-E", "separator=|", "-r"]).arg(&capture);
    for field in fields {
        tshark.args(["-e", field]);
    }
    let output = tshark.output().expect("tshark runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let seen: Vec<String> = text
        .lines()
        .filter_map(|line| {
            line.rsplit_once('|').map(|(start, call)| {
                // The second part is a message of its own.
                format!("{start}{}", if call.ends_with("~1o") { "|~1o" } else { "" })
            })
        })
        .collect();
    let expected = [
        "5060|5060|MESSAGE|",
        "5060|5960|MESSAGE|",
        "5960|5060||401",
        "5060|5060||401",
        "5060|5060|MESSAGE|",
        "5060|5960|MESSAGE|",
        "5960|5060||202",
        "5961|5060|MESSAGE||~1o",
        "5060|5060||202",
        "5060|5061|MESSAGE||~1o",
        "5061|5060||200|~1o",
        "5060|5961||200|~1o",
    ];
    assert_eq!(seen, expected, "{text}");
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
