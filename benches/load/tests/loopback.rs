//! The generator against small servers on this machine's loopback.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test of real sockets")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tollgate_load::{LoadError, Pace, Plan, PlanError, Report, Traffic, Verdict, run};
use tollgate_network::live::{LiveClock, UdpServer};
use tollgate_network::{Frame, Input, Node, Output};
use tollgate_radius::{Builder, Code, Packet, Secret, attribute, verify};
use tollgate_time::Instant;

/// Answers what is rightly signed; keeps the sessions and accounts that it heard of.
#[derive(Default)]
struct Server {
    /// Of so many requests one is not answered.
    ignores_every: Option<u64>,
    heard: u64,
    /// Account, session, Acct-Status-Type.
    reports: Vec<(String, String, u32)>,
    answers: VecDeque<Frame>,
    secret: &'static str,
}

impl Node for Server {
    fn handle_input(&mut self, _now: Instant, input: Input<'_>) {
        let Input::Receive(frame) = input else { return };
        let secret = Secret::from(self.secret);
        let request = Packet::parse(&frame.payload).unwrap();
        self.heard += 1;
        if self.ignores_every.is_some_and(|every| self.heard.is_multiple_of(every)) {
            return;
        }
        let code = match request.code() {
            Code::ACCOUNTING_REQUEST => {
                if !verify::accounting_request(&request, &Secret::from("testing123")) {
                    return;
                }
                let text = |number| request.text(number).unwrap().to_owned();
                self.reports.push((
                    text(attribute::USER_NAME),
                    text(attribute::ACCT_SESSION_ID),
                    request.u32(attribute::ACCT_STATUS_TYPE).unwrap(),
                ));
                Code::ACCOUNTING_RESPONSE
            }
            _ if verify::user_password(&request, &secret).as_deref() == Some(b"wonderland") => {
                Code::ACCESS_ACCEPT
            }
            _ => Code::ACCESS_REJECT,
        };
        let answer =
            Builder::new(code, request.identifier()).finish_response(request.authenticator(), &secret);
        self.answers.push_back(frame.answer(answer.unwrap()));
    }

    fn poll_output(&mut self) -> Output {
        self.answers.pop_front().map_or(Output::Wait(None), Output::Transmit)
    }

    fn restart(&mut self, _now: Instant) {}
}

fn plan(requests_max: u64, pace: Pace) -> Plan {
    Plan {
        server: ([127, 0, 0, 1], 0).into(),
        secret: Secret::from("testing123"),
        traffic: Traffic::Accounting,
        accounts: "90000000000+7".parse().unwrap(),
        pace,
        requests_max,
        time_max: Duration::from_secs(30),
        answer_max: Duration::from_secs(1),
        verify_every: 1,
        server_pid: Some(std::process::id()),
        remote_allowed: false,
        run: 1,
    }
}

/// Runs a plan against a server of its own.
fn load(mut server: Server, mut plan: Plan) -> (Report, Server) {
    let sockets = UdpServer::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    plan.server = sockets.addresses().next().unwrap();
    let stop = AtomicBool::new(false);
    let report = thread::scope(|scope| {
        scope.spawn(|| sockets.run(&mut server, &LiveClock::time_of_day(), &stop, |_, _| {}).unwrap());
        let report = run(&plan);
        stop.store(true, Ordering::Relaxed);
        report
    });
    (report.unwrap(), server)
}

fn honest() -> Server {
    Server { secret: "testing123", ..Server::default() }
}

#[test]
fn a_closed_loop_starts_and_stops_every_session_once() {
    // 300 in flight take two sockets.
    let (report, mut server) = load(honest(), plan(2_000, Pace::Window(300)));
    assert_eq!((report.sent, report.answered), (2_000, 2_000));
    assert_eq!((report.lost, report.wrong, report.stray, report.refused, report.rejected), (0, 0, 0, 0, 0));
    assert_eq!(report.delay.max, 0);
    assert!(report.per_second > 0 && report.latency.p50 > 0 && report.latency.p50 <= report.latency.max);
    assert!(report.server.is_some());
    server.reports.sort();
    // Every session once as a start (1), then as a stop (2), of one account.
    let sessions: Vec<&[(String, String, u32)]> = server.reports.chunks(2).collect();
    assert_eq!(sessions.len(), 1_000);
    for pair in sessions {
        assert_eq!((&pair[0].0, &pair[0].1, pair[0].2), (&pair[1].0, &pair[1].1, 1));
        assert_eq!(pair[1].2, 2);
    }
    server.reports.dedup_by(|one, other| one.0 == other.0);
    assert_eq!(server.reports.len(), 7);
}

#[test]
fn an_open_loop_keeps_its_rate() {
    let (report, _) = load(honest(), plan(1_000, Pace::Rate { per_second: 2_000, in_flight_max: 256 }));
    assert_eq!((report.answered, report.lost), (1_000, 0));
    // A thousand requests, the last of them due after 999/2,000 of a second.
    assert!(report.elapsed_nanos >= 499_500_000, "{}", report.elapsed_nanos);
    assert!(report.per_second <= 2_002, "{}", report.per_second);
    assert!(report.delay.max > 0);
}

#[test]
fn a_server_that_stays_silent_is_found_out() {
    let mut silent = plan(40, Pace::Window(16));
    silent.answer_max = Duration::from_millis(100);
    let (report, _) = load(Server { ignores_every: Some(1), ..honest() }, silent);
    // Twenty sessions begin, and none gets so far as its stop.
    assert_eq!((report.sent, report.answered, report.lost), (20, 0, 20));
}

#[test]
fn lost_answers_are_counted_and_the_rest_goes_on() {
    let mut lossy = plan(200, Pace::Window(16));
    lossy.answer_max = Duration::from_millis(200);
    let (report, server) = load(Server { ignores_every: Some(10), ..honest() }, lossy);
    assert_eq!(report.lost, server.heard / 10);
    assert_eq!(report.answered, server.heard - server.heard / 10);
    assert_eq!(report.sent, server.heard);
}

#[test]
fn a_rate_beyond_the_server_is_its_own_verdict() {
    let mut slow = plan(100, Pace::Rate { per_second: 100_000, in_flight_max: 4 });
    slow.answer_max = Duration::from_millis(50);
    let (report, _) = load(Server { ignores_every: Some(1), ..honest() }, slow);
    assert!(matches!(report.verdict, Verdict::Overloaded { .. }), "{:?}", report.verdict);
}

#[test]
fn an_answer_under_a_wrong_secret_is_no_answer() {
    let mut impatient = plan(10, Pace::Window(10));
    impatient.answer_max = Duration::from_millis(200);
    let (report, _) = load(Server { secret: "mallory", ..honest() }, impatient);
    assert_eq!((report.answered, report.wrong, report.lost), (0, 5, 5));
}

#[test]
fn access_requests_are_accepted_or_rejected() {
    for (password, rejected) in [("wonderland", 0), ("looking-glass", 50), ("", 50)] {
        let mut access = plan(50, Pace::Window(8));
        access.traffic = Traffic::Access { password: password.to_owned() };
        let (report, _) = load(honest(), access);
        assert_eq!((report.answered, report.rejected), (50, rejected), "{password}");
    }
}

#[test]
fn a_plan_out_of_bounds_sends_nothing() {
    let remote: SocketAddr = "192.0.2.1:1813".parse().unwrap();
    let refused = |change: fn(&mut Plan)| {
        let mut plan = plan(1, Pace::Window(1));
        change(&mut plan);
        match run(&plan) {
            Err(LoadError::Plan(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|plan| plan.server = "192.0.2.1:1813".parse().unwrap()), PlanError::Remote(remote));
    assert_eq!(
        refused(|plan| plan.pace = Pace::Window(0)).to_string(),
        "the number in flight is 0; it must be between 1 and 65536"
    );
    for change in [
        (|plan| plan.requests_max = 0) as fn(&mut Plan),
        |plan| plan.requests_max = u64::MAX,
        |plan| plan.time_max = Duration::from_secs(100_000),
        |plan| plan.answer_max = Duration::ZERO,
        |plan| plan.verify_every = 0,
        |plan| plan.pace = Pace::Rate { per_second: 0, in_flight_max: 1 },
    ] {
        assert!(matches!(refused(change), PlanError::OutOfBounds { .. }));
    }
}
