//! A foreign user agent, sipp, places calls to a user agent made of this crate, over real UDP on
//! loopback. Without sipp on the machine there is nothing to hold against and the test passes over.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![allow(clippy::disallowed_methods, reason = "a foreign program keeps real time and real sockets")]

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tollgate_sip::dialog::Dialog;
use tollgate_sip::transaction::{Handled, Output, Timers, TransactionId, Transactions};
use tollgate_sip::{Message, Method, response, stamped};
use tollgate_time::Instant;

/// Calls that sipp places.
const CALLS: usize = 20;

struct Callee {
    transactions: Transactions,
    peers: BTreeMap<TransactionId, SocketAddr>,
    dialogs: BTreeMap<String, Dialog>,
    contact: String,
    byes: usize,
}

impl Callee {
    fn receive(&mut self, now: Instant, octets: &[u8], from: SocketAddr) {
        let octets: Bytes = stamped(&Message::parse(octets).unwrap(), from).unwrap().finish().into();
        let message = Message::parse(&octets).unwrap();
        message.check().unwrap();
        let handled = self.transactions.handle_message(now, &message, &octets, false).unwrap();
        let Handled::Request(id) = handled else { return };
        self.peers.insert(id, from);
        let call_id = message.call_id().unwrap().to_owned();
        let codes: &[u16] = if message.is(Method::INVITE) { &[180, 200] } else { &[200] };
        for code in codes {
            let mut own = response(&message, *code, None, "callee").unwrap();
            own.header("Contact", &self.contact).unwrap();
            let octets = own.finish();
            if message.is(Method::INVITE) {
                let dialog = Dialog::callee(&message, &Message::parse(&octets).unwrap()).unwrap();
                self.dialogs.insert(call_id.clone(), dialog);
            } else {
                self.dialogs.get_mut(&call_id).unwrap().handle_request(&message).unwrap();
                self.byes += 1;
            }
            self.transactions.respond(now, id, octets).unwrap();
        }
    }
}

#[test]
fn sipp_places_calls_without_failures() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let own = socket.local_addr().unwrap();
    let (address, calls) = (own.to_string(), CALLS.to_string());
    let arguments =
        ["-sn", "uac", "-i", "127.0.0.1", "-m", &calls, "-r", "50", "-timeout", "15s", "-nostdin", &address];
    let mut command = Command::new("sipp");
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let Ok(mut sipp) = command.current_dir(std::env::temp_dir()).spawn() else { return };

    let mut callee = Callee {
        transactions: Transactions::new(Timers::default()),
        peers: BTreeMap::new(),
        dialogs: BTreeMap::new(),
        contact: format!("<sip:callee@{own}>"),
        byes: 0,
    };
    let started = std::time::Instant::now();
    let mut buffer = [0; 4096];
    let status = loop {
        let now = Instant::EPOCH + started.elapsed();
        if let Ok((len, from)) = socket.recv_from(&mut buffer) {
            callee.receive(now, &buffer[..len], from);
        }
        callee.transactions.handle_timeout(now);
        while let Some(output) = callee.transactions.poll_output() {
            if let Output::Transmit(id, octets) = output {
                socket.send_to(&octets, callee.peers[&id]).unwrap();
            }
        }
        if let Some(status) = sipp.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "sipp does not come to an end");
    };
    assert!(status.success(), "sipp ends with {status}");
    assert_eq!((callee.dialogs.len(), callee.byes), (CALLS, CALLS));
}
