//! Whatever peers send, in any order and at any time, an endpoint says only readable messages.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tollgate_diameter::peer::{
    Acceptance, Action, Applications, Capabilities, ConnectionId, DisconnectCause, Endpoint, Identity,
    PeerSettings, Relay, Route, Routes, Sending, Settings,
};
use tollgate_diameter::{Builder, CommandFlags, Header, Message, ResultCode, avp};
use tollgate_time::Instant;

fn identity(host: &str) -> Identity {
    Identity::new(host, "example.net", [127, 0, 0, 1].into())
}

fn message(command: u32, flags: u8, hop_by_hop: u32) -> Vec<u8> {
    let header = Header::request(command, if command == 272 { 4 } else { 0 });
    let mut own =
        Builder::new(header.flagged(CommandFlags::from_bits(flags)).identified(hop_by_hop, hop_by_hop));
    own.text(avp::SESSION_ID, "s");
    own.result(ResultCode::SUCCESS);
    identity("b").write(&mut own);
    own.text(avp::DESTINATION_REALM, "example.net");
    own.u32(avp::AUTH_APPLICATION_ID, 4);
    own.finish().expect("it is short")
}

fuzz_target!(|bytes: &[u8]| {
    let mut settings = Settings::new(identity("a"), Applications::credit_control());
    settings.acceptance = Acceptance::Anybody;
    if bytes.first().is_some_and(|octet| octet & 1 == 1) {
        settings.relay = Relay::Proxy { state: vec![1] };
        settings.applications = Applications::relay();
    }
    let mut now = Instant::from_unix_secs(1_000_000);
    let routes = Routes::new(vec![Route::new(None, None, &["b", "c"])]);
    let mut own = Endpoint::new(settings, routes, 7, now);
    own.add_peer(&PeerSettings::to("b"));
    own.start(now);
    let mut last_hop = 0;
    for step in bytes.chunks(3) {
        let [what, which, how] =
            [step[0], step.get(1).copied().unwrap_or(0), step.get(2).copied().unwrap_or(0)];
        let number = u64::from(which & 7);
        let connection =
            if which & 8 == 0 { ConnectionId::incoming(number) } else { ConnectionId::outgoing(number) };
        match what % 12 {
            0 => own.accepted(now, ConnectionId::incoming(number)),
            1 => own.opened(now, connection),
            2 => own.closed(now, connection),
            3 => {
                let host = ["b", "c", "B", "a", "d"][usize::from(how) % 5];
                let cer = Capabilities::request(&identity(host), &Applications::credit_control(), 1, 1)
                    .expect("short");
                own.received(now, connection, &cer);
            }
            4 => own.received(now, connection, &message(257, how, last_hop)),
            5 => own.received(now, connection, &message(280, how, last_hop)),
            6 => own.received(now, connection, &message(282, how, last_hop)),
            7 => own.received(now, connection, &message(272, how, last_hop)),
            8 => own.received(now, connection, step),
            9 => {
                own.request(
                    now,
                    message(272, 0xc0, 0),
                    Sending { pinned: how & 1 == 1, ..Sending::default() },
                );
            }
            10 => own.disconnect(now, ["b", "c"][usize::from(how) % 2], DisconnectCause::Rebooting),
            _ => {
                now += Duration::from_secs(u64::from(how));
                own.expire(now);
                assert!(own.next_deadline().is_none_or(|at| at > now), "what was due is done");
            }
        }
        while let Some(action) = own.poll_action() {
            if let Action::Send { octets, .. } = action {
                last_hop = Message::parse(&octets).expect("what is sent can be read").header.hop_by_hop;
            }
        }
    }
});
