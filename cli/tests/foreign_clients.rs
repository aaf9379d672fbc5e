//! Clients that nobody here wrote authenticate, authorise and account against `tollgate serve`.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::{Served, available, root};

const WORLD: &str = "scenarios/worlds/calling-card.yaml";

/// Sends one request with radclient and returns what it shows of request and answer.
fn radclient(port: u16, kind: &str, secret: &str, attributes: &str) -> (bool, String) {
    let mut child = Command::new("radclient")
        .args(["-x", "-r", "1", "-t", "3", &format!("127.0.0.1:{port}"), kind, secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("radclient starts");
    child.stdin.take().expect("piped").write_all(attributes.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

const CONF_ID: &str = "h323-conf-id=\"h323-conf-id=39AE126B CD4D11DB 958E0014 1C3F6886\"";

#[test]
fn radclient_authenticates_authorises_and_accounts() {
    if !available("radclient", &["-v"]) {
        return;
    }
    let served = Served::start(WORLD);

    // Authentication with a password: the card has 10.00 CAD.
    let login = format!(
        "User-Name=10086610976\nUser-Password=4711\nNAS-IP-Address=127.0.0.1\n{CONF_ID}\n\
         Cisco-AVPair=\"h323-ivr-out=PortaBilling_AccessCode:6045551600\"\nMessage-Authenticator=0x00\n"
    );
    let (accepted, text) = radclient(served.auth_port, "auth", "secret", &login);
    assert!(accepted, "{text}");
    assert!(text.contains("Received Access-Accept"), "{text}");
    assert!(text.contains("h323-credit-amount=10.00"), "{text}");
    assert!(text.contains("available-funds:10.00"), "{text}");

    // A wrong password: return code 2.
    let (accepted, text) = radclient(served.auth_port, "auth", "secret", &login.replace("4711", "1111"));
    assert!(!accepted && text.contains("Received Access-Reject"), "{text}");
    assert!(text.contains("h323-return-code=2"), "{text}");

    // Authorization: 10.00 at 0.02 a minute is 30000 s.
    let call = format!("{login}Called-Station-Id=01182623634515\n");
    let (accepted, text) = radclient(served.auth_port, "auth", "secret", &call);
    assert!(accepted && text.contains("h323-credit-time=30000"), "{text}");

    // Accounting: 71 s x 0.02 / 60 = 0.023666…, rounded half up to 0.02367.
    let stop = format!(
        "User-Name=10086610976\nNAS-IP-Address=127.0.0.1\nAcct-Status-Type=Stop\nAcct-Session-Id=00000001\n\
         Acct-Session-Time=71\nCalled-Station-Id=82623634515\n{CONF_ID}\nh323-call-origin=\"h323-call-origin=originate\"\n\
         Cisco-AVPair=\"h323-ivr-out=PortaBilling_Original_CLD:6045551600\"\n"
    );
    let (accepted, text) = radclient(served.acct_port, "acct", "secret", &stop);
    assert!(accepted && text.contains("Received Accounting-Response"), "{text}");

    // The same Stop as a new request is answered and changes nothing.
    let (accepted, _) = radclient(served.acct_port, "acct", "secret", &format!("{stop}Acct-Delay-Time=5\n"));
    assert!(accepted);

    // A wrong secret is not answered at all.
    let (accepted, text) = radclient(served.acct_port, "acct", "guess", &stop);
    assert!(!accepted && !text.contains("Received"), "{text}");

    let printed = served.stop();
    let xdrs: Vec<&str> = printed.lines().filter(|line| line.contains(" xdr ")).collect();
    assert_eq!(xdrs.len(), 1, "{printed}");
    assert!(xdrs[0].contains("0.02367 CAD"), "{printed}");
    assert!(printed.contains("wrong-authenticator"), "{printed}");
}

#[test]
fn pyrad_authenticates_authorises_and_accounts() {
    if !available("python3", &["-c", "import pyrad"]) {
        return;
    }
    let served = Served::start(WORLD);
    let data = root().join("cli/tests/data");
    let output = Command::new("python3")
        .arg(data.join("pyrad_client.py"))
        .arg(data.join("pyrad.dictionary"))
        .args([served.auth_port.to_string(), served.acct_port.to_string()])
        .output()
        .expect("python starts");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");

    let printed = served.stop();
    // 30 s to Germany is one first interval: 30 x 0.03 / 60 = 0.015.
    assert!(printed.lines().any(|line| line.contains(" xdr ") && line.contains("0.01500 CAD")), "{printed}");
}
