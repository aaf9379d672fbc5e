//! A P-GW against servers that the test writes the answers of: what it does when nobody answers, when answers bend the rules,
//! and when a server asks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "common/servers.rs"]
mod servers;

use std::time::Duration;

use servers::{Rig, fields, message};
use tollgate_diameter::{CommandFlags, Message, ResultCode, avp};
use tollgate_network::Action;
use tollgate_wire::{Fields, Text, Value};

const MIB: u64 = 1 << 20;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn attach() -> Action {
    Action::new("attach").with("msisdn", "380630000001").with("rat", "EUTRAN")
}

fn down(octets: u64) -> Action {
    Action::new("traffic").with("down", octets)
}

/// An answer with a grant for group 100.
fn grant(octets: u64) -> Fields {
    granted(octets, Fields::new().with("Validity-Time", 3_600_u32).with("Result-Code", 2_001_u32))
}

fn granted(octets: u64, more: Fields) -> Fields {
    let mut inside = Fields::new()
        .with("Rating-Group", 100_u32)
        .with("Granted-Service-Unit", Value::Group(Fields::new().with("CC-Total-Octets", octets)));
    more.iter().for_each(|(name, value)| inside.push(Text::from(name), value.clone()));
    fields(2_001).with("Multiple-Services-Credit-Control", Value::Group(inside))
}

fn number(fields: &Fields, path: &[&str]) -> Option<i128> {
    let (last, groups) = path.split_last()?;
    let mut at = fields;
    for name in groups {
        let Value::Group(inside) = at.get(name)? else { return None };
        at = inside;
    }
    at.get(last)?.as_integer()
}

fn used(octets: &[u8]) -> Option<i128> {
    let fields = Message::parse(octets).unwrap().fields();
    number(&fields, &["Multiple-Services-Credit-Control", "Used-Service-Unit", "CC-Total-Octets"])
}

fn reason(octets: &[u8]) -> Option<u32> {
    let message = Message::parse(octets).unwrap();
    message.get(avp::MULTIPLE_SERVICES_CREDIT_CONTROL)?.members().get(avp::REPORTING_REASON)?.u32()
}

#[test]
fn after_tx_a_request_goes_to_the_second_server_with_the_t_flag_and_its_identifier() {
    let mut rig = Rig::pgw(2, &[("failure-handling", "continue".into())]);
    rig.act(&attach());
    let first = rig.request(0);
    rig.pass(secs(9));
    assert!(rig.seen("unanswered").is_none());
    rig.pass(secs(2));
    assert!(rig.seen("failover").is_some());
    // CONTINUE: the service is given while the second one is asked (RFC 8506, state machine of the first interrogation).
    assert!(rig.seen("session-up").is_some());
    let second = rig.request(1);
    let (one, two) = (Message::parse(&first).unwrap(), Message::parse(&second).unwrap());
    assert!(!one.header.flags.has(CommandFlags::RETRANSMITTED));
    assert!(two.header.flags.has(CommandFlags::RETRANSMITTED));
    assert_eq!(one.header.end_to_end, two.header.end_to_end);
    assert_eq!(one.text(avp::DESTINATION_HOST), Some("ocs1.example.com"));
    assert_eq!(two.text(avp::DESTINATION_HOST), Some("ocs2.example.com"));
    rig.answer(1, &second, &grant(MIB));
    assert_eq!(rig.seen("quota-granted").unwrap().get("octets"), Some(&Value::from(MIB)));
}

#[test]
fn with_terminate_a_session_that_nobody_answers_is_refused_after_tx_and_no_other_server_is_asked() {
    let mut rig = Rig::pgw(2, &[]);
    rig.act(&attach());
    rig.request(0);
    rig.pass(secs(11));
    assert_eq!(rig.seen("refused").unwrap().get("why"), Some(&Value::text("unanswered")));
    assert!(rig.requests(1).is_empty());
}

#[test]
fn a_value_in_an_answer_goes_before_the_clients_own() {
    let mut rig = Rig::pgw(1, &[("failure-handling", "continue".into())]);
    rig.act(&attach());
    let request = rig.request(0);
    // TERMINATE.
    rig.answer(0, &request, &grant(MIB).with("Credit-Control-Failure-Handling", 0_u32));
    rig.act(&down(2 * MIB));
    rig.pass(secs(1));
    rig.request(0);
    rig.pass(secs(11));
    assert_eq!(rig.seen("session-down").unwrap().get("by"), Some(&Value::text("silence")));
}

#[test]
fn a_service_without_a_result_code_is_granted_unless_the_gateway_needs_one() {
    let bare = granted(MIB, Fields::new());
    let mut rig = Rig::pgw(1, &[]);
    rig.act(&attach());
    let request = rig.request(0);
    rig.answer(0, &request, &bare);
    assert!(rig.seen("session-up").is_some());

    let quirk = Value::List(vec![Value::text("needs-mscc-result")]);
    let mut rig = Rig::pgw(1, &[("quirks", quirk)]);
    rig.act(&attach());
    let request = rig.request(0);
    rig.answer(0, &request, &bare);
    assert!(rig.seen("quota-denied").is_some());
    assert_eq!(rig.seen("refused").unwrap().get("why"), Some(&Value::text("no-quota")));
}

#[test]
fn a_rar_is_answered_2002_and_followed_by_one_report_however_often_it_comes() {
    let mut rig = Rig::pgw(1, &[]);
    rig.act(&attach());
    let request = rig.request(0);
    rig.answer(0, &request, &grant(100 * MIB));
    rig.act(&down(5 * MIB));
    rig.pass(secs(1));
    let session = Message::parse(&request).unwrap().session_id().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(rig.ask(0, "RAR", &session), Some(ResultCode::LIMITED_SUCCESS));
    }
    let reports = rig.requests(0);
    assert_eq!(reports.len(), 1);
    // FORCED_REAUTHORISATION is 7.
    assert_eq!((used(&reports[0]), reason(&reports[0])), (Some(5 * i128::from(MIB)), Some(7)));
    rig.answer(0, &reports[0], &grant(100 * MIB));
    assert_eq!(rig.ask(0, "RAR", &session), Some(ResultCode::LIMITED_SUCCESS));
    assert_eq!(rig.requests(0).len(), 1);
    assert_eq!(rig.ask(0, "ASR", "nobody;1;1"), Some(ResultCode::UNKNOWN_SESSION_ID));
    assert_eq!(rig.ask(0, "RAR", "nobody;1;1"), Some(ResultCode::UNKNOWN_SESSION_ID));
}

#[test]
fn validity_starts_anew_after_a_rar_but_with_the_quirk() {
    // Granted at 0 s and, by RAR, at 1,800 s, for 3,600 s each time.
    for (quirks, end) in [(vec![], 5_400), (vec![Value::text("validity-not-restarted")], 3_600)] {
        let mut rig = Rig::pgw(1, &[("quirks", Value::List(quirks))]);
        rig.act(&attach());
        let request = rig.request(0);
        rig.answer(0, &request, &grant(MIB));
        rig.pass(secs(1_800));
        let session = Message::parse(&request).unwrap().session_id().unwrap().to_owned();
        rig.ask(0, "RAR", &session);
        let request = rig.request(0);
        rig.answer(0, &request, &grant(MIB));
        rig.pass(secs(end - 1_800 - 1));
        assert!(rig.requests(0).is_empty());
        rig.pass(secs(2));
        // VALIDITY_TIME is 4.
        assert_eq!(reason(&rig.request(0)), Some(4));
    }
}

#[test]
fn a_final_action_that_is_not_known_ends_the_session() {
    let known = Value::List(vec![Value::text("terminate")]);
    let mut rig = Rig::pgw(1, &[("final-actions", known)]);
    rig.act(&attach());
    let request = rig.request(0);
    let server =
        Fields::new().with("Redirect-Address-Type", 2_u32).with("Redirect-Server-Address", "http://x/");
    let action = Fields::new().with("Final-Unit-Action", 1_u32).with("Redirect-Server", Value::Group(server));
    let last =
        Fields::new().with("Result-Code", 2_001_u32).with("Final-Unit-Indication", Value::Group(action));
    rig.answer(0, &request, &granted(MIB, last));
    rig.act(&down(2 * MIB));
    rig.pass(secs(1));
    assert!(rig.seen("redirected").is_none());
    assert_eq!(rig.seen("session-down").unwrap().get("by"), Some(&Value::text("quota")));
    let report = rig.request(0);
    assert_eq!(Message::parse(&report).unwrap().title(), "CCR-T");
    assert_eq!(used(&report), Some(i128::from(MIB)));
}

#[test]
fn a_grant_of_nothing_ends_the_session_and_is_not_asked_about_forever() {
    let mut rig = Rig::pgw(1, &[]);
    rig.act(&attach());
    let request = rig.request(0);
    rig.answer(0, &request, &grant(0));
    let reports = rig.requests(0);
    assert!(reports.iter().all(|own| Message::parse(own).unwrap().title() == "CCR-T"));
    assert!(rig.seen("refused").is_some() || rig.seen("session-down").is_some());
}

#[test]
fn a_quota_of_time_is_used_up_by_time() {
    let mut rig = Rig::pgw(1, &[]);
    rig.act(&attach());
    let request = rig.request(0);
    let units = Value::Group(Fields::new().with("CC-Time", 120_u32));
    let inside = Fields::new()
        .with("Rating-Group", 100_u32)
        .with("Granted-Service-Unit", units)
        .with("Time-Quota-Threshold", 20_u32);
    rig.answer(0, &request, &fields(2_001).with("Multiple-Services-Credit-Control", Value::Group(inside)));
    rig.pass(secs(99));
    assert!(rig.requests(0).is_empty());
    // 20 of 120 s are left.
    rig.pass(secs(2));
    let report = rig.request(0);
    assert_eq!(reason(&report), Some(0));
    let told = Message::parse(&report).unwrap().fields();
    let time = number(&told, &["Multiple-Services-Credit-Control", "Used-Service-Unit", "CC-Time"]);
    assert_eq!(time, Some(100));
}

#[test]
fn a_debit_that_may_have_been_made_survives_a_loss_of_power_and_is_sent_with_the_t_flag() {
    let mut rig = Rig::pgw(1, &[]);
    rig.act(&Action::new("event").with("msisdn", "380630000001").with("action", "direct-debiting"));
    let request = rig.request(0);
    rig.pass(secs(11));
    assert_eq!(rig.seen("event").unwrap().get("outcome"), Some(&Value::text("stored")));
    rig.restart();
    let again = rig.request(0);
    let (one, two) = (Message::parse(&request).unwrap(), Message::parse(&again).unwrap());
    assert!(two.header.flags.has(CommandFlags::RETRANSMITTED));
    assert_eq!((one.header.end_to_end, one.session_id()), (two.header.end_to_end, two.session_id()));
    rig.answer(0, &again, &fields(2_001));
    rig.pass(secs(120));
    assert!(rig.requests(0).is_empty(), "answered once, sent no more");
}

#[test]
fn numbers_of_requests_and_sessions_are_never_used_twice() {
    let mut rig = Rig::pgw(1, &[]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..5 {
            rig.act(&attach());
            let request = rig.request(0);
            let message = Message::parse(&request).unwrap();
            let session = message.session_id().unwrap();
            assert!(session.starts_with("pgw.example.com;"), "{session}");
            assert!(seen.insert(session.to_owned()), "{session} again");
            assert_eq!(message.u32(avp::CC_REQUEST_NUMBER), Some(0));
            rig.answer(0, &request, &grant(MIB));
        }
        rig.pass(secs(1));
        rig.restart();
    }
    assert_eq!(message("RAR", "s").unwrap().header.command, 258);
}

#[test]
fn nothing_gets_through_before_the_first_answer() {
    let mut rig = Rig::pgw(1, &[]);
    rig.act(&attach());
    // 8,000,000 bit/s: 1,000,000 octets a second, for longer than the test.
    rig.act(&Action::new("traffic").with("rate", 8_000_000_u64));
    let request = rig.request(0);
    rig.pass(secs(5));
    rig.answer(0, &request, &grant(10_000_000));
    // Ten seconds of it from the answer on, none from before.
    rig.pass(Duration::from_millis(9_900));
    assert!(rig.requests(0).is_empty());
    rig.pass(Duration::from_millis(200));
    assert_eq!(used(&rig.request(0)), Some(10_000_000));
}

/// The first request and the first report of a session with a quirk, or without one.
fn two_requests(quirk: Option<&str>) -> (Fields, Fields) {
    let quirks = Value::List(quirk.into_iter().map(Value::text).collect());
    let mut rig = Rig::pgw(1, &[("quirks", quirks), ("request-octets", Value::from(MIB))]);
    rig.act(&attach().with("imsi", "255010000000001"));
    let first = rig.requests(0).pop().unwrap();
    rig.answer(0, &first, &grant(MIB));
    rig.act(&down(MIB));
    rig.pass(secs(1));
    let report = rig.request(0);
    let fields = |octets: &[u8]| Message::parse(octets).unwrap().fields();
    (fields(&first), fields(&report))
}

fn subscriptions(fields: &Fields) -> Vec<String> {
    let own = fields.iter().filter(|(name, _)| *name == "Subscription-Id");
    own.filter_map(|(_, value)| match value {
        Value::Group(inside) => Some(inside.get("Subscription-Id-Data")?.as_text()?.to_owned()),
        _ => None,
    })
    .collect()
}

#[test]
fn quirks_show_in_requests_and_only_where_they_are_switched_on() {
    let (first, report) = two_requests(None);
    let wanted = &["Multiple-Services-Credit-Control", "Requested-Service-Unit", "CC-Total-Octets"];
    assert_eq!(subscriptions(&first), ["380630000001"]);
    assert!(
        report.get("Multiple-Services-Indicator").is_some() && report.get("Service-Information").is_some()
    );
    assert_eq!(number(&report, wanted), Some(i128::from(MIB)));

    let (first, _) = two_requests(Some("plus-prefix"));
    assert_eq!(subscriptions(&first), ["+380630000001"]);
    let (first, _) = two_requests(Some("two-subscription-ids"));
    assert_eq!(subscriptions(&first), ["255010000000001", "380630000001"]);
    let (first, report) = two_requests(Some("msi-first-only"));
    assert!(first.get("Multiple-Services-Indicator").is_some());
    assert!(report.get("Multiple-Services-Indicator").is_none());
    let (first, report) = two_requests(Some("no-service-info"));
    assert!(first.get("Service-Information").is_some() && report.get("Service-Information").is_none());
    let (_, report) = two_requests(Some("empty-rsu-needed"));
    assert_eq!(number(&report, wanted), None);
    let Some(Value::Group(service)) = report.get("Multiple-Services-Credit-Control") else {
        panic!("a service")
    };
    assert_eq!(service.get("Requested-Service-Unit"), Some(&Value::Group(Fields::new())));
}

#[test]
fn a_gx_request_goes_to_the_charging_system_with_its_quirk() {
    let applications = |quirks: Vec<Value>| {
        let mut rig = Rig::pgw(1, &[("quirks", Value::List(quirks))]);
        rig.act(&attach());
        let own = rig.requests(0).into_iter();
        own.map(|octets| Message::parse(&octets).unwrap().header.application).collect::<Vec<_>>()
    };
    assert_eq!(applications(vec![]), [4]);
    assert!(applications(vec![Value::text("gx-on-gy")]).contains(&16_777_238));
}
