//! Endpoints that talk to each other: connections, elections, watchdogs, failover, relays.

mod net;

use std::time::Duration;

use net::{Net, applications, ccr, identity, settings};
use tollgate_diameter::peer::{
    Acceptance, Action, Applications, ConnectionId, DisconnectCause, Endpoint, Failure, Health, Note,
    PeerSettings, Relay, Route, Routes, Sending, Settings, State,
};
use tollgate_diameter::{Builder, CommandFlags, Header, Message, ResultCode, avp};

/// A client of `ocs1` and `ocs2`, in this order.
fn client(host: &str) -> Endpoint {
    let routes = Routes::new(vec![Route::new(Some("example.net"), Some(4), &["ocs1", "ocs2"])]);
    let mut own = net::endpoint(settings(host), routes);
    own.add_peer(&PeerSettings::to("ocs1"));
    own.add_peer(&PeerSettings::to("ocs2"));
    own
}

fn server(host: &str) -> Endpoint {
    let mut settings = settings(host);
    settings.acceptance = Acceptance::Anybody;
    net::endpoint(settings, Routes::default())
}

/// A client connected to two servers.
fn trio() -> Net {
    let mut net = Net::new(vec![client("pgw"), server("ocs1"), server("ocs2")]);
    net.start(0);
    assert_eq!(net.ups(0), ["ocs1", "ocs2"]);
    net
}

fn state_of(net: &Net, node: usize, host: &str) -> (State, Health) {
    let found = net.nodes[node].peers().find(|own| &*own.host == host);
    found.map(|own| (own.state, own.health)).expect("the peer is known")
}

#[test]
fn capabilities_are_exchanged_and_a_request_is_answered() {
    let mut net = trio();
    assert_eq!(state_of(&net, 0, "ocs1"), (State::IOpen, Health::Okay));
    assert_eq!(state_of(&net, 1, "pgw"), (State::ROpen, Health::Okay));
    let request = net.request(0, ccr("pgw;1", None), Sending::default());
    let (peer, octets) = net.request_at(1).expect("the first of the route gets it");
    let view = Message::parse(&octets).unwrap();
    assert_eq!((peer.0.as_str(), view.name()), ("pgw", Some("CCR")));
    assert!(!view.header.flags.has(CommandFlags::RETRANSMITTED));
    net.answer(1, peer.1, &octets, ResultCode::SUCCESS);
    let (number, from, octets) = net.answer_at(0).unwrap();
    let answer = Message::parse(&octets).unwrap();
    assert_eq!((number, from.as_str()), (request, "ocs1"));
    assert_eq!(answer.header.end_to_end, view.header.end_to_end);
    assert_eq!(answer.session_id(), Some("pgw;1"));
}

#[test]
fn no_common_application_is_refused_with_5010_and_closed() {
    let hss = Settings { applications: Applications::tgpp(16_777_251), ..settings("ocs1") };
    let mut net = Net::new(vec![client("pgw"), net::endpoint(hss, Routes::default())]);
    net.nodes[1].add_peer(&PeerSettings::from("pgw"));
    net.start(0);
    let refused = Note::CerRefused { host: "ocs1".into(), code: Some(ResultCode::NO_COMMON_APPLICATION) };
    assert!(net.noted(0, &refused), "{:?}", net.notes[0]);
    assert_eq!(net.connections(), 0);
    assert_eq!(state_of(&net, 0, "ocs1").0, State::Closed);
}

#[test]
fn a_peer_that_nobody_named_is_refused_with_3010() {
    let mut net = Net::new(vec![client("pgw"), net::endpoint(settings("ocs1"), Routes::default())]);
    net.start(0);
    let refused = Note::CerRefused { host: "ocs1".into(), code: Some(ResultCode::UNKNOWN_PEER) };
    assert!(net.noted(0, &refused), "{:?}", net.notes[0]);
    assert_eq!(net.nodes[1].peers().count(), 0);
}

#[test]
fn of_two_connections_the_one_of_the_lesser_name_is_kept() {
    // "b" wins the election, so it closes the connection that it initiated; case does not count.
    for names in [["a", "B"], ["A", "b"]] {
        let mut nodes = names.map(|host| net::endpoint(settings(host), Routes::default()));
        nodes[0].add_peer(&PeerSettings::to(names[1]));
        nodes[1].add_peer(&PeerSettings::to(names[0]));
        let mut net = Net::new(nodes.into());
        let now = net.now;
        net.nodes[0].start(now);
        net.nodes[1].start(now);
        net.settle();
        assert_eq!(net.connections(), 1);
        assert_eq!(state_of(&net, 0, names[1]), (State::IOpen, Health::Okay));
        assert_eq!(state_of(&net, 1, names[0]), (State::ROpen, Health::Okay));
    }
}

#[test]
fn a_second_connection_of_an_open_peer_is_closed() {
    let mut net = trio();
    let mut twin = settings("pgw");
    twin.identity.state = None;
    let mut twin = net::endpoint(twin, Routes::default());
    twin.add_peer(&PeerSettings::to("ocs1"));
    net.add(twin);
    net.start(3);
    assert_eq!(state_of(&net, 3, "ocs1").0, State::Closed);
    assert_eq!(state_of(&net, 1, "pgw").0, State::ROpen);
    assert!(net.is_up(0, "ocs1"));
}

#[test]
fn a_grown_origin_state_id_takes_the_place_of_a_dead_connection() {
    let mut before = settings("pgw");
    before.identity.state = Some(1);
    let mut after = before.clone();
    after.identity.state = Some(2);
    let mut nodes: Vec<Endpoint> =
        [before, after].into_iter().map(|own| net::endpoint(own, Routes::default())).collect();
    nodes.iter_mut().for_each(|own| own.add_peer(&PeerSettings::to("ocs1")));
    nodes.push(server("ocs1"));
    let mut net = Net::new(nodes);
    net.start(0);
    net.deaf = vec![0];
    net.start(1);
    assert!(net.is_up(1, "ocs1") && net.is_up(2, "pgw"));
}

#[test]
fn silence_is_probed_suspected_and_ended() {
    let mut net = trio();
    net.advance(Duration::from_secs(300));
    assert!(net.is_up(0, "ocs1"), "DWRs are answered");
    assert!(net.sent(0, "DWR") > 0 && net.sent(0, "DWR") <= net.sent(1, "DWA") + net.sent(2, "DWA"));
    net.deaf = vec![1];
    net.advance(Duration::from_secs(70));
    assert_eq!(state_of(&net, 0, "ocs1").1, Health::Suspect);
    assert_eq!(net.ups(0), ["ocs2"]);
    net.advance(Duration::from_secs(35));
    assert!(matches!(state_of(&net, 0, "ocs1").1, Health::Down), "{:?}", state_of(&net, 0, "ocs1"));
    net.deaf = vec![];
    net.advance(Duration::from_secs(60));
    assert_eq!(state_of(&net, 0, "ocs1").1, Health::Reopen, "on trial");
    net.advance(Duration::from_secs(120));
    assert!(net.is_up(0, "ocs1"));
}

#[test]
fn a_dwr_is_answered_while_requests_wait() {
    let mut net = trio();
    net.request(
        0,
        ccr("pgw;1", None),
        Sending { within: Some(Duration::from_secs(600)), ..Sending::default() },
    );
    net.advance(Duration::from_secs(200));
    assert!(net.is_up(0, "ocs1") && net.sent(1, "DWA") > 0);
}

#[test]
fn what_waited_goes_to_the_next_peer_with_the_t_flag() {
    let mut net = trio();
    let request = net.request(0, ccr("pgw;1", Some("ocs1")), Sending::default());
    let (_, first) = net.request_at(1).unwrap();
    net.cut(0, 1);
    let (peer, again) = net.request_at(2).expect("the second of the route gets it");
    let (first, view) = (Message::parse(&first).unwrap(), Message::parse(&again).unwrap());
    assert!(view.header.flags.has(CommandFlags::RETRANSMITTED));
    assert_eq!(view.header.end_to_end, first.header.end_to_end);
    assert_eq!(view.text(avp::DESTINATION_HOST), Some("ocs2"), "it named the one that failed");
    net.answer(2, peer.1, &again, ResultCode::SUCCESS);
    assert_eq!(net.answer_at(0).map(|own| own.0), Some(request));
    // New requests stay there until the first is back, then go to it again.
    net.request(0, ccr("pgw;2", None), Sending::default());
    assert!(net.request_at(2).is_some());
    net.advance(Duration::from_secs(200));
    net.request(0, ccr("pgw;3", None), Sending::default());
    assert!(net.request_at(1).is_some());
}

#[test]
fn a_pinned_request_fails_with_its_peer() {
    let mut net = trio();
    let request = net.request(0, ccr("pgw;1", None), Sending { pinned: true, ..Sending::default() });
    net.cut(0, 1);
    assert_eq!(net.failed_at(0), Some((request, Failure::UnableToDeliver)));
    assert_eq!(net.request_at(2), None);
}

#[test]
fn too_busy_is_taken_elsewhere_without_the_t_flag() {
    let mut net = trio();
    net.request(0, ccr("pgw;1", None), Sending::default());
    let (peer, octets) = net.request_at(1).unwrap();
    net.answer(1, peer.1, &octets, ResultCode::TOO_BUSY);
    let (peer, again) = net.request_at(2).unwrap();
    assert!(!Message::parse(&again).unwrap().header.flags.has(CommandFlags::RETRANSMITTED));
    // The last one's refusal is the answer.
    net.answer(2, peer.1, &again, ResultCode::TOO_BUSY);
    let (_, from, octets) = net.answer_at(0).unwrap();
    assert_eq!(
        (from.as_str(), Message::parse(&octets).unwrap().result_code()),
        ("ocs2", Some(ResultCode::TOO_BUSY))
    );
}

#[test]
fn a_late_answer_is_dropped() {
    let mut net = trio();
    let request = net.request(0, ccr("pgw;1", None), Sending::default());
    let (peer, octets) = net.request_at(1).unwrap();
    net.advance(Duration::from_secs(30));
    assert_eq!(net.failed_at(0), Some((request, Failure::Timeout)));
    net.answer(1, peer.1, &octets, ResultCode::SUCCESS);
    assert_eq!(net.answer_at(0), None);
    let hop_by_hop = Message::parse(&octets).unwrap().header.hop_by_hop;
    assert!(net.noted(0, &Note::UnmatchedAnswer { hop_by_hop }));
}

#[test]
fn a_dpr_ends_the_connection_and_its_cause_decides_what_follows() {
    for (cause, comes_back) in
        [(DisconnectCause::Rebooting, true), (DisconnectCause::DoNotWantToTalkToYou, false)]
    {
        let mut net = trio();
        let now = net.now;
        net.nodes[1].disconnect(now, "pgw", cause);
        net.settle();
        assert_eq!((net.sent(1, "DPR"), net.sent(0, "DPA")), (1, 1));
        assert_eq!(state_of(&net, 0, "ocs1").0, State::Closed);
        assert_eq!(net.ups(0), ["ocs2"]);
        net.advance(Duration::from_secs(10));
        assert_eq!(net.is_up(0, "ocs1"), comes_back, "{cause:?}");
    }
}

#[test]
fn answers_still_come_after_a_dpr() {
    let mut net = trio();
    let request = net.request(0, ccr("pgw;1", None), Sending::default());
    let (peer, octets) = net.request_at(1).unwrap();
    net.deaf = vec![1];
    let now = net.now;
    net.nodes[0].disconnect(now, "ocs1", DisconnectCause::Busy);
    net.settle();
    net.answer(1, peer.1, &octets, ResultCode::SUCCESS);
    assert_eq!(net.answer_at(0).map(|own| own.0), Some(request));
    // A DPA that never comes does not keep the connection for ever.
    net.advance(Duration::from_secs(6));
    assert_eq!(state_of(&net, 0, "ocs1").0, State::Closed);
}

#[test]
fn a_refused_connection_is_tried_again_with_longer_waits() {
    let mut net = Net::new(vec![client("pgw")]);
    net.start(0);
    // Waits of 1, 2, 4, 8, 16, 30 seconds, each less up to a quarter: five to seven tries within 31 seconds.
    net.advance(Duration::from_secs(31));
    assert!((10..=14).contains(&net.attempts), "{} for two peers", net.attempts);
}

#[test]
fn who_says_nothing_or_nonsense_is_closed() {
    let mut net = Net::new(vec![server("ocs1")]);
    let now = net.now;
    let silent = ConnectionId::incoming(1);
    net.nodes[0].accepted(now, silent);
    net.advance(Duration::from_secs(11));
    assert!(net.closed(0, silent));
    let odd: [(&[u8], &str); 3] = [
        (b"GET / HTTP/1.1\r\n\r\n", "no Diameter"),
        (&[1, 0xff, 0xff, 0xfc], "16 MiB"),
        (&ccr("x;1", None), "a CCR before the CER"),
    ];
    for (number, (octets, what)) in (2..).zip(odd) {
        let own = ConnectionId::incoming(number);
        let now = net.now;
        net.nodes[0].accepted(now, own);
        net.nodes[0].received(now, own, octets);
        net.settle();
        assert!(net.closed(0, own), "{what}");
    }
}

#[test]
fn broken_requests_are_answered_and_the_connection_goes_on() {
    let mut net = trio();
    let mut broken = ccr("pgw;1", None);
    broken[20 + 7] = 3; // the length of the Session-Id
    assert!(net.nodes[0].send_raw("ocs1", broken));
    net.settle();
    let answers = net.octets_of(1, "CCA");
    let view = Message::parse(answers.last().unwrap()).unwrap();
    assert_eq!(view.result_code(), Some(ResultCode::INVALID_AVP_LENGTH));
    let failed = view.get(avp::FAILED_AVP).unwrap().group().unwrap().next().unwrap();
    assert_eq!((failed.code, failed.data.len()), (avp::SESSION_ID, 0));
    assert!(net.is_up(0, "ocs1"));
    let mut alien = Builder::new(Header::request(272, 77).identified(1, 1));
    alien.text(avp::SESSION_ID, "pgw;2");
    assert!(net.nodes[0].send_raw("ocs1", alien.finish().unwrap()));
    net.settle();
    let answers = net.octets_of(1, "CCA");
    let view = Message::parse(answers.last().unwrap());
    // Command 272 of an unknown application still is CCA, as the command is every application's.
    let view = view.unwrap();
    assert_eq!(view.result_code(), Some(ResultCode::APPLICATION_UNSUPPORTED));
    assert!(view.header.flags.has(CommandFlags::ERROR));
    assert_eq!(view.session_id(), Some("pgw;2"));
}

/// pgw - relay - ocs1 and ocs2.
fn relayed(relay: Relay) -> Net {
    let routes = Routes::new(vec![Route::new(None, None, &["dra"])]);
    let mut pgw = net::endpoint(settings("pgw"), routes);
    pgw.add_peer(&PeerSettings::to("dra"));
    let mut own = settings("dra");
    own.applications = Applications::relay();
    own.acceptance = Acceptance::Anybody;
    own.relay = relay;
    let routes = Routes::new(vec![Route::new(Some("example.net"), None, &["ocs1", "ocs2"])]);
    let mut dra = net::endpoint(own, routes);
    dra.add_peer(&PeerSettings::to("ocs1"));
    dra.add_peer(&PeerSettings::to("ocs2"));
    let mut net = Net::new(vec![pgw, server("ocs1"), server("ocs2"), dra]);
    net.start(3);
    net.start(0);
    assert!(net.is_up(0, "dra") && net.is_up(1, "dra"));
    net
}

#[test]
fn a_relay_records_the_route_and_brings_the_answer_back() {
    let mut net = relayed(Relay::Proxy { state: b"kept".to_vec() });
    let request = net.request(0, ccr("pgw;1", None), Sending::default());
    let (peer, octets) = net.request_at(1).unwrap();
    let view = Message::parse(&octets).unwrap();
    assert_eq!(view.text(avp::ROUTE_RECORD), Some("pgw"));
    assert_eq!(view.text(avp::ORIGIN_HOST), Some("pgw"));
    assert_eq!(view.all(avp::PROXY_INFO).count(), 1);
    net.answer(1, peer.1, &octets, ResultCode::SUCCESS);
    let (number, _, octets) = net.answer_at(0).unwrap();
    let answer = Message::parse(&octets).unwrap();
    assert_eq!((number, answer.text(avp::ORIGIN_HOST)), (request, Some("ocs1")));
    assert_eq!(answer.all(avp::PROXY_INFO).count(), 0, "the proxy has taken back its own");
}

#[test]
fn a_relay_fails_over_and_says_when_nobody_is_left() {
    let mut net = relayed(Relay::Relay);
    net.request(0, ccr("pgw;1", None), Sending::default());
    assert!(net.request_at(1).is_some());
    net.cut(3, 1);
    let (_, octets) = net.request_at(2).unwrap();
    assert!(Message::parse(&octets).unwrap().header.flags.has(CommandFlags::RETRANSMITTED));
    net.cut(3, 2);
    let (.., octets) = net.answer_at(0).unwrap();
    let answer = Message::parse(&octets).unwrap();
    assert_eq!(answer.result_code(), Some(ResultCode::UNABLE_TO_DELIVER));
    assert_eq!(answer.text(avp::ORIGIN_HOST), Some("dra"));
    assert!(answer.header.flags.has(CommandFlags::ERROR));
}

#[test]
fn a_relay_refuses_loops_and_realms_without_a_route() {
    let mut net = relayed(Relay::Relay);
    let message = |realm: &str, record: Option<&str>| {
        let mut own = Builder::new(Header::request(272, 4));
        own.text(avp::SESSION_ID, "pgw;1");
        own.text(avp::DESTINATION_REALM, realm);
        record.into_iter().for_each(|host| own.text(avp::ROUTE_RECORD, host));
        own.finish().unwrap()
    };
    for (octets, code) in [
        (message("example.net", Some("DRA")), ResultCode::LOOP_DETECTED),
        (message("elsewhere", None), ResultCode::REALM_NOT_SERVED),
    ] {
        net.request(0, octets, Sending::default());
        let (.., octets) = net.answer_at(0).unwrap();
        assert_eq!(Message::parse(&octets).unwrap().result_code(), Some(code));
    }
}

#[test]
fn a_server_reaches_a_client_that_connected_to_it() {
    let mut net = trio();
    let mut rar = Builder::new(Header::request(258, 4));
    rar.text(avp::SESSION_ID, "pgw;1");
    rar.text(avp::DESTINATION_REALM, "example.net");
    rar.text(avp::DESTINATION_HOST, "pgw");
    let request = net.request(1, rar.finish().unwrap(), Sending::default());
    let (peer, octets) = net.request_at(0).unwrap();
    assert_eq!(Message::parse(&octets).unwrap().name(), Some("RAR"));
    net.answer(0, peer.1, &octets, ResultCode::LIMITED_SUCCESS);
    assert_eq!(net.answer_at(1).map(|own| own.0), Some(request));
}

#[test]
fn ten_thousand_idle_connections_are_watched_and_one_message_stays_cheap() {
    let mut net = Net::new(vec![server("ocs1")]);
    let now = net.now;
    let cer = |number: u64| {
        tollgate_diameter::peer::Capabilities::request(
            &identity(&format!("c{number}")),
            &applications(),
            1,
            1,
        )
        .unwrap()
    };
    for number in 0..10_000 {
        let own = ConnectionId::incoming(number);
        net.nodes[0].accepted(now, own);
        net.nodes[0].received(now, own, &cer(number));
    }
    let mut ups = 0;
    while let Some(action) = net.nodes[0].poll_action() {
        ups += usize::from(matches!(action, Action::Up { .. }));
    }
    assert_eq!(ups, 10_000);
    for number in 0..10_000 {
        net.nodes[0].closed(now, ConnectionId::incoming(number));
    }
    assert_eq!(net.nodes[0].peers().count(), 0, "nobody who left is kept");
}

#[test]
fn whatever_breaks_each_request_ends_once() {
    for seed in 0..300_u64 {
        let mut net = trio();
        let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |bound: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % bound
        };
        let mut sent = Vec::new();
        for number in 0..40 {
            match draw(8) {
                0 => net.cut(0, 1),
                1 => net.cut(0, 2),
                2 => net.deaf = [vec![], vec![1], vec![2]][usize::try_from(draw(3)).unwrap_or(0)].clone(),
                3 => net.advance(Duration::from_secs(draw(45))),
                _ => sent.push(net.request(0, ccr(&format!("pgw;{number}"), None), Sending::default())),
            }
            let server = 1 + usize::from(draw(2) == 0);
            if let Some((peer, octets)) = net.request_at(server).filter(|_| draw(4) > 0) {
                let code = if draw(5) == 0 { ResultCode::TOO_BUSY } else { ResultCode::SUCCESS };
                net.answer(server, peer.1, &octets, code);
            }
        }
        net.advance(Duration::from_secs(60));
        let mut ended = Vec::new();
        while let Some((request, ..)) = net.answer_at(0) {
            ended.push(request);
        }
        while let Some((request, _)) = net.failed_at(0) {
            ended.push(request);
        }
        ended.sort();
        assert_eq!(ended, sent, "seed {seed}");
    }
}

#[test]
fn who_was_left_in_order_is_used_at_once_again() {
    let mut net = trio();
    let now = net.now;
    net.nodes[0].disconnect(now, "ocs1", DisconnectCause::Rebooting);
    net.settle();
    net.advance(Duration::from_secs(100));
    assert_eq!(state_of(&net, 0, "ocs1").0, State::Closed, "who leaves does not come back by itself");
    let now = net.now;
    net.nodes[0].connect(now, "ocs1");
    net.settle();
    assert!(net.is_up(0, "ocs1"));
}
