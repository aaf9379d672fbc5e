//! Diameter clients that nobody here wrote charge against `tollgate serve`.

mod support;

use std::process::Command;

use support::program::Program;
use support::{Served, available, charges, free_ports, root, run_within};

const SECONDS: u64 = 60;

#[test]
fn python_diameter_charges_over_gy_and_ro() {
    if !available("python3", &["-c", "import diameter, pyrad"]) {
        return;
    }
    let served = Served::start_diameter("cli/tests/peers/mobile.yaml");
    let mut client = Command::new("python3");
    client
        .arg(root().join("cli/tests/peers/python_diameter.py"))
        .arg(root().join("cli/tests/data/pyrad.dictionary"))
        .args([served.diameter_port.to_string(), served.auth_port.to_string()]);
    let (succeeded, text) = run_within(SECONDS, &mut client);
    assert!(succeeded, "{text}");

    let printed = served.stop();
    let one = charges(&printed, "380630000001");
    let wanted = [
        // 10 + 2 MiB at 0.01, 4 + 1 MiB at 0.02.
        "DATA 0.12000",
        "DATA 0.10000",
        // 71 s at 0.06 a minute; the call that nobody took.
        "380441234567 0.07100",
        "380441234567 0.00000",
        // Messages with reservation: delivered, and refused by the SMSC.
        "380441234567 0.05000",
        "380441234567 0.00000",
        // Two messages at once; an amount, and the amount and one message given back.
        "380441234567 0.10000",
        "- 0.25000",
        "- -0.25000",
        "- -0.05000",
    ];
    assert_eq!(one, wanted, "{printed}");
    // 5.00 paid in; 1 + 3 MiB and 7 MiB at 0.01, 1 MiB of video at 0.02.
    let other = charges(&printed, "380630000002");
    assert_eq!(other, ["111222336 -5.00000", "DATA 0.04000", "DATA 0.02000", "DATA 0.07000"], "{printed}");
    // 100.00 - 0.12 - 0.10 - 0.071 - 0.05 - 0.10 - 0.25 + 0.25 + 0.05, and 0.15 + 5.00 - 0.04 - 0.02 - 0.07.
    for balance in ["after: 99.60900 USD", "after: 5.02000 USD"] {
        assert!(printed.contains(balance), "{balance} is not in\n{printed}");
    }
}

#[test]
fn kamailio_charges_a_call_that_sipp_makes() {
    // Its modules of IMS are in a package of their own.
    let modules = available("sh", &["-c", "ls /usr/lib/*/kamailio/modules/ims_charging.so"]);
    if !modules || !available("kamailio", &["-v"]) || !available("sh", &["-c", "command -v sipp"]) {
        return;
    }
    let mut served = Served::start_diameter("cli/tests/peers/ims.yaml");
    let folder = tempfile::tempdir().expect("a folder");
    let [sip, called, caller] = free_ports();
    let peers = root().join("cli/tests/peers");
    for (from, to) in [("kamailio.cfg", "kamailio.cfg"), ("kamailio_cdp.xml", "cdp.xml")] {
        let text = std::fs::read_to_string(peers.join(from)).expect("it is there");
        let filled = text
            .replace("@DIAMETER@", &served.diameter_port.to_string())
            .replace("@SIP@", &sip.to_string())
            .replace("@CALLED@", &called.to_string())
            .replace("@FOLDER@", &folder.path().to_string_lossy());
        std::fs::write(folder.path().join(to), filled).expect("it is written");
    }
    let kamailio = Program::start(
        Command::new("kamailio").args(["-DD", "-E", "-f", "kamailio.cfg", "-Y", "."]).current_dir(&folder),
    );
    served.wait_for("peer-up peer: scscf.example.net");

    let sipp = |scenario: &str, port: u16, more: &[String]| {
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(peers.join(scenario)).args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-m", "1", "-nostdin", "-timeout", "30", "-timeout_error"]).args(more);
        command.current_dir(&folder);
        command
    };
    let answering = Program::start(&mut sipp("sipp_called.xml", called, &[]));
    let to = [format!("127.0.0.1:{sip}"), "-s".to_owned(), "380441234567".to_owned()];
    let (succeeded, text) = run_within(SECONDS, &mut sipp("sipp_caller.xml", caller, &to));
    assert!(succeeded, "{text}\n{}", kamailio.stop());
    served.wait_for("CCA-T ");
    answering.stop();
    kamailio.stop();

    let printed = served.stop();
    let sent = |title: &str| printed.lines().filter(|line| line.contains(&format!(" {title} "))).count();
    // Five seconds are asked for first; after three of them, and then every three seconds of the eight, more.
    assert_eq!((sent("CCR-I"), sent("CCR-T")), (1, 1), "{printed}");
    assert!(sent("CCR-U") >= 2, "{printed}");
    // Kamailio counts by whole seconds between its reports, and may have one more than the clock.
    let used: u64 = printed
        .lines()
        .filter(|line| line.contains(" CCR-"))
        .filter_map(|line| {
            let (_, rest) = line.split_once("Used-Service-Unit: { CC-Time: ")?;
            rest.split(' ').next()?.parse::<u64>().ok()
        })
        .sum();
    assert!((7..=11).contains(&used), "{used} in\n{printed}");
    // A second costs 0.01: 8 s are 0.08, 9 s are 0.09.
    let charged = charges(&printed, "380630000001");
    assert_eq!(charged, [format!("380441234567 0.{used:02}000")], "{printed}");
    assert!(printed.contains(&format!("after: 99.{:02}000 USD", 100 - used)), "{printed}");
    assert!(!printed.contains("Result-Code: 5"), "{printed}");
}
