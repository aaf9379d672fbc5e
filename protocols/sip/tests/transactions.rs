//! Transactions on the virtual clock: what is sent when, and when each ends (RFC 3261 section 17, RFC 6026).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::time::Duration;

use bytes::Bytes;
use tollgate_sip::transaction::{
    Due, Handled, Output, Retransmission, Timers, TransactionError, TransactionId, Transactions,
};
use tollgate_sip::{Message, response};
use tollgate_time::Instant;

const START: Instant = Instant::from_unix_secs(1_000);

fn request(method: &str, branch: &str) -> Bytes {
    format!(
        "{method} sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP a:5062;branch={branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@h>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: x\r\nCSeq: 7 {method}\r\n\r\n"
    )
    .into()
}

fn answer(request: &Bytes, code: u16) -> Bytes {
    response(&Message::parse(request).unwrap(), code, None, "b").unwrap().finish().into()
}

fn hand(own: &mut Transactions, now: Instant, octets: &Bytes) -> Handled {
    own.handle_message(now, &Message::parse(octets).unwrap(), octets, false).unwrap()
}

/// What comes out, as titles with the milliseconds since the start, until nothing is due any more.
fn run(own: &mut Transactions, mut now: Instant) -> Vec<(u128, String)> {
    let mut seen = Vec::new();
    loop {
        while let Some(output) = own.poll_output() {
            let text = match output {
                Output::Transmit(_, octets) => Message::parse(&octets).unwrap().title(),
                Output::Cancelling(own, of) => {
                    assert_ne!(own, of);
                    "cancelling".to_owned()
                }
                Output::TimedOut(_) => "timed out".to_owned(),
                Output::Ended(_) => "ended".to_owned(),
            };
            seen.push(((now - START).as_millis(), text));
        }
        let Some(at) = own.next_deadline() else { return seen };
        now = at;
        own.handle_timeout(now);
    }
}

fn times(seen: &[(u128, String)], title: &str) -> Vec<u128> {
    seen.iter().filter(|(_, text)| text == title).map(|(at, _)| *at).collect()
}

fn begin(method: &str, reliable: bool) -> (Transactions, TransactionId, Bytes) {
    let mut own = Transactions::new(Timers::default());
    let octets = request(method, "z9hG4bKa");
    let id = own.request(START, octets.clone(), reliable).unwrap();
    (own, id, octets)
}

fn serve(method: &str) -> (Transactions, TransactionId, Bytes) {
    let mut own = Transactions::new(Timers::default());
    let octets = request(method, "z9hG4bKa");
    let Handled::Request(id) = hand(&mut own, START, &octets) else { panic!("a new request") };
    (own, id, octets)
}

/// Timer A: 0.5 s doubling, seven sendings within timer B = 32 s.
#[test]
fn an_invite_without_answer_is_sent_seven_times_and_given_up() {
    let (mut own, _, _) = begin("INVITE", false);
    let seen = run(&mut own, START);
    assert_eq!(times(&seen, "INVITE"), [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert_eq!((times(&seen, "timed out"), times(&seen, "ended")), (vec![32_000], vec![32_000]));
    assert!(own.is_empty());
}

/// Timer E: 0.5 s doubling up to 4 s; timer F = 32 s.
#[test]
fn another_request_is_sent_every_four_seconds_in_the_end() {
    let (mut own, _, _) = begin("OPTIONS", false);
    let seen = run(&mut own, START);
    let expected = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(times(&seen, "OPTIONS"), expected);
    assert_eq!(times(&seen, "timed out"), [32_000]);
}

#[test]
fn over_a_reliable_transport_nothing_is_sent_again() {
    for method in ["INVITE", "OPTIONS"] {
        let (mut own, _, _) = begin(method, true);
        let seen = run(&mut own, START);
        assert_eq!((times(&seen, method), times(&seen, "timed out")), (vec![0], vec![32_000]));
    }
}

/// After a provisional response timer A stops; the failure is acknowledged, each time that it comes, for D.
#[test]
fn a_failure_is_acknowledged_as_often_as_it_comes() {
    let (mut own, id, invite) = begin("INVITE", false);
    let at = START + Duration::from_secs(1);
    assert_eq!(hand(&mut own, START, &answer(&invite, 180)), Handled::Response(id));
    assert_eq!(own.next_deadline(), None);
    assert_eq!(hand(&mut own, at, &answer(&invite, 486)), Handled::Response(id));
    assert_eq!(hand(&mut own, at, &answer(&invite, 486)), Handled::Absorbed);
    let outputs: Vec<_> = std::iter::from_fn(|| own.poll_output()).collect();
    let [_, Output::Transmit(_, ack), Output::Transmit(_, again)] = outputs.as_slice() else {
        panic!("INVITE and two ACK, not {outputs:?}")
    };
    assert_eq!(ack, again);
    let ack = Message::parse(ack).unwrap();
    assert_eq!((ack.title().as_str(), ack.value("CSeq")), ("ACK", Some("7 ACK")));
    assert_eq!(ack.to().unwrap().tag(), Some("b"));
    assert_eq!(ack.via().unwrap().branch(), Some("z9hG4bKa"));
    assert_eq!(times(&run(&mut own, at), "ended"), [33_000]);
}

/// RFC 6026 section 8.4: every 2xx passes until timer M.
#[test]
fn each_2xx_passes_until_timer_m() {
    let (mut own, id, invite) = begin("INVITE", false);
    for _ in 0..2 {
        assert_eq!(hand(&mut own, START, &answer(&invite, 200)), Handled::Response(id));
    }
    assert_eq!(hand(&mut own, START, &answer(&invite, 486)), Handled::Absorbed);
    assert_eq!(times(&run(&mut own, START), "ended"), [32_000]);
    assert_eq!(hand(&mut own, START, &answer(&invite, 200)), Handled::StrayResponse);
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let (mut own, id, invite) = begin("INVITE", true);
    own.cancel(START, id).unwrap();
    assert_eq!(own.len(), 1);
    hand(&mut own, START, &answer(&invite, 100));
    // A second wish sends no second CANCEL.
    own.cancel(START, id).unwrap();
    let seen = run(&mut own, START);
    let order: Vec<&str> = seen.iter().map(|(_, title)| title.as_str()).take(3).collect();
    assert_eq!(order, ["INVITE", "cancelling", "CANCEL"]);
    assert_eq!((times(&seen, "CANCEL"), times(&seen, "timed out")), (vec![0], vec![32_000, 32_000]));
}

/// 100 by itself after 200 ms; the failure again by timer G up to H = 32 s.
#[test]
fn a_server_sends_trying_and_repeats_a_failure_until_it_gives_up() {
    let (mut own, id, invite) = serve("INVITE");
    assert_eq!(own.next_deadline(), Some(START + Duration::from_millis(200)));
    own.handle_timeout(START + Duration::from_millis(200));
    own.respond(START, id, answer(&invite, 486)).unwrap();
    let seen = run(&mut own, START);
    assert_eq!(times(&seen, "100 INVITE"), [0]);
    assert_eq!(times(&seen, "486 INVITE")[..5], [0, 500, 1_500, 3_500, 7_500]);
    assert_eq!(times(&seen, "486 INVITE").len(), 11);
    assert_eq!(times(&seen, "timed out"), [32_000]);
}

#[test]
fn an_ack_ends_the_repetition_and_is_absorbed() {
    let (mut own, id, invite) = serve("INVITE");
    own.respond(START, id, answer(&invite, 486)).unwrap();
    assert_eq!(own.respond(START, id, answer(&invite, 200)), Err(TransactionError::Answered));
    let ack = request("ACK", "z9hG4bKa");
    assert_eq!(hand(&mut own, START, &ack), Handled::Absorbed);
    // Timer I is T4 = 5 s.
    let seen = run(&mut own, START);
    assert_eq!((times(&seen, "486 INVITE"), times(&seen, "ended")), (vec![0], vec![5_000]));
}

#[test]
fn a_request_that_comes_again_gets_the_last_answer() {
    let (mut own, id, octets) = serve("BYE");
    assert_eq!(hand(&mut own, START, &octets), Handled::Absorbed);
    assert_eq!(own.poll_output(), None);
    own.respond(START, id, answer(&octets, 200)).unwrap();
    assert_eq!(hand(&mut own, START, &octets), Handled::Absorbed);
    // Timer J is 32 s; the answer goes out twice.
    let seen = run(&mut own, START);
    assert_eq!((times(&seen, "200 BYE"), times(&seen, "ended")), (vec![0, 0], vec![32_000]));
}

#[test]
fn in_accepted_the_invite_is_absorbed_and_the_ack_passes() {
    let (mut own, id, invite) = serve("INVITE");
    own.respond(START, id, answer(&invite, 200)).unwrap();
    assert_eq!(hand(&mut own, START, &invite), Handled::Absorbed);
    own.respond(START, id, answer(&invite, 200)).unwrap();
    assert_eq!(hand(&mut own, START, &request("ACK", "z9hG4bKa")), Handled::Ack(Some(id)));
    assert_eq!(hand(&mut own, START, &request("ACK", "z9hG4bKother")), Handled::Ack(None));
    let seen = run(&mut own, START);
    assert_eq!((times(&seen, "200 INVITE"), times(&seen, "ended")), (vec![0, 0], vec![32_000]));
}

#[test]
fn a_cancel_finds_its_invite_also_from_an_old_client() {
    for branch in ["z9hG4bKa", "z9hG4bK", "1"] {
        let mut own = Transactions::new(Timers::default());
        let invite = request("INVITE", branch);
        let Handled::Request(id) = hand(&mut own, START, &invite) else { panic!("a new request") };
        let handled = hand(&mut own, START, &request("CANCEL", branch));
        assert!(matches!(handled, Handled::Cancel(_, Some(found)) if found == id), "{branch}");
        own.respond(START, id, answer(&invite, 487)).unwrap();
        assert_eq!(hand(&mut own, START, &request("ACK", branch)), Handled::Absorbed, "{branch}");
        let other = hand(&mut own, START, &request("CANCEL", "z9hG4bKother"));
        assert!(matches!(other, Handled::Cancel(_, None)), "{other:?}");
    }
}

#[test]
fn a_2xx_is_repeated_by_its_user_until_the_ack() {
    let mut own = Retransmission::new(START, &Timers::default());
    let mut at = Vec::new();
    loop {
        let now = own.deadline();
        match own.handle_timeout(now) {
            Due::Again => at.push((now - START).as_millis()),
            Due::GivenUp => break,
            Due::Nothing => panic!("its own deadline has something due"),
        }
    }
    assert_eq!(at, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
}
