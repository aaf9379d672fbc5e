//! Diameter clients that nobody here wrote charge against `tollgate serve`.

mod support;

use std::process::Command;

use support::{Served, available, charges, root, run_within};

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
