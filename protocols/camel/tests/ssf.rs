//! The gsmSSF obeys, watches and measures: what comes out for what goes in, with every time worked out by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod samples;

use samples::{group, number, text, yes};
use tollgate_camel::cap::{
    CapError, EventTypeBcsm, InitialDpArg, Leg, Operation, Phase, TimeIfTariffSwitch, TimeInformation,
};
use tollgate_camel::ssf::{CallEvent, Output, Side, Ssf, State, Timers};
use tollgate_camel::{Cause, Type};
use tollgate_time::Instant;
use tollgate_wire::Value;

fn at(millis: u64) -> Instant {
    Instant::from_unix_nanos(1_800_000_000_000_000_000 + millis * 1_000_000)
}

fn clearing() -> Cause {
    Cause::new(Cause::NORMAL_CLEARING)
}

struct Bench {
    ssf: Ssf,
    id: i8,
}

impl Bench {
    /// A call that waits for instructions since 0.
    fn triggered(side: Side) -> Self {
        let mut ssf = Ssf::new(side, Phase::Three, Timers::default());
        ssf.handle_trigger(at(0), InitialDpArg { service_key: 100, ..InitialDpArg::default() });
        let mut own = Self { ssf, id: 0 };
        assert!(matches!(own.outputs()[..], [Output::Invoke(Operation::InitialDp(_))]));
        own
    }

    fn operation(&mut self, millis: u64, name: &str, value: Value) -> Vec<Output> {
        self.id += 1;
        self.ssf.handle_operation(at(millis), self.id, &Operation::take(name, &value).unwrap());
        self.outputs()
    }

    fn event(&mut self, millis: u64, event: CallEvent) -> Vec<Output> {
        self.ssf.handle_event(at(millis), event);
        self.outputs()
    }

    fn expire(&mut self, millis: u64) -> Vec<Output> {
        self.ssf.expire(at(millis));
        self.outputs()
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.ssf.poll_output()).collect()
    }

    fn arm(&mut self, events: &[(&str, &str, &str)]) {
        let event = |(kind, mode, leg): &(&str, &str, &str)| {
            group([
                ("eventTypeBCSM", text(kind)),
                ("monitorMode", text(mode)),
                ("legID", group([("sendingSideID", text(leg))])),
            ])
        };
        let events = Value::List(events.iter().map(event).collect());
        assert_eq!(self.operation(0, "requestReportBCSMEvent", group([("bcsmEvents", events)])), []);
    }

    /// Both hang-ups wait, the answer is told.
    fn watched(side: Side) -> Self {
        let mut own = Self::triggered(side);
        own.arm(&[
            ("oAnswer", "notifyAndContinue", "leg2"),
            ("oDisconnect", "interrupted", "leg1"),
            ("oDisconnect", "interrupted", "leg2"),
        ]);
        own
    }
}

fn limit(tenths: u32, release: bool) -> Value {
    group([("maxCallPeriodDuration", number(tenths)), ("releaseIfdurationExceeded", Value::Flag(release))])
}

/// The events that are reported, and whether the call waits.
fn reported(output: &Output) -> Option<(EventTypeBcsm, Leg, bool)> {
    match output {
        Output::Invoke(Operation::EventReportBcsm(own)) => Some((own.event_type, own.leg_id?.0, own.waits())),
        _ => None,
    }
}

/// The time that is reported, in tenths of a second, and whether the call goes on.
fn charged(output: &Output) -> Option<(TimeInformation, bool)> {
    match output {
        Output::Invoke(Operation::ApplyChargingReport(own)) => {
            Some((own.0.time_information.clone(), own.0.call_active.unwrap_or(true)))
        }
        _ => None,
    }
}

#[test]
fn a_call_whose_time_is_over_is_released_and_reported_to_the_tenth() {
    let mut own = Bench::watched(Side::Originating);
    assert_eq!(own.operation(10, "applyCharging", limit(600, true)), []);
    assert_eq!(own.operation(10, "continue", yes()), [Output::Continue]);
    assert_eq!(own.ssf.state(), State::Monitoring);
    // Nothing is measured before the answer.
    assert_eq!(own.ssf.next_deadline(), None);
    let answer = own.event(5_000, CallEvent::Answer);
    assert_eq!(
        answer.iter().filter_map(reported).collect::<Vec<_>>(),
        [(EventTypeBcsm::O_ANSWER, Leg::TWO, false)]
    );
    // 600 tenths from 5 s on: 65 s.
    assert_eq!(own.ssf.next_deadline(), Some(at(65_000)));
    let over = own.expire(65_000);
    assert_eq!(charged(&over[0]), Some((TimeInformation::NoSwitch(600), false)));
    assert_eq!(over[1..], [Output::Release(Cause::new(Cause::NORMAL_UNSPECIFIED)), Output::End]);
    assert_eq!(own.ssf.state(), State::Idle);
}

#[test]
fn the_next_period_begins_where_the_last_one_ended() {
    let mut own = Bench::watched(Side::Originating);
    own.operation(0, "applyCharging", limit(600, false));
    own.operation(0, "continue", yes());
    own.event(1_000, CallEvent::Answer);
    let over = own.expire(61_000);
    assert_eq!(over.iter().filter_map(charged).collect::<Vec<_>>(), [(TimeInformation::NoSwitch(600), true)]);
    assert_eq!(own.ssf.state(), State::Monitoring);
    // Granted 2 s later, the period still ends 60 s after the first: at 121 s.
    assert_eq!(own.operation(63_000, "applyCharging", limit(600, true)), []);
    assert_eq!(own.ssf.next_deadline(), Some(at(121_000)));
    // Hung up at 91.55 s: 90.55 s since the answer are 905 tenths.
    let gone = own.event(91_550, CallEvent::Disconnect(Leg::ONE, clearing()));
    assert_eq!(charged(&gone[0]), Some((TimeInformation::NoSwitch(905), false)));
    assert_eq!(reported(&gone[1]), Some((EventTypeBcsm::O_DISCONNECT, Leg::ONE, true)));
    assert_eq!(own.ssf.state(), State::WaitingForInstructions);
    let end = own.operation(91_600, "releaseCall", group([("cause", number(16))]));
    assert_eq!(end, [Output::Release(Cause::new(16)), Output::End]);
}

#[test]
fn a_tariff_that_changes_during_the_call_is_told_once() {
    let mut own = Bench::watched(Side::Originating);
    let charging = group([("maxCallPeriodDuration", number(600)), ("tariffSwitchInterval", number(30))]);
    own.operation(0, "applyCharging", charging);
    own.operation(0, "continue", yes());
    own.event(10_000, CallEvent::Answer);
    // The tariff changes at 30 s: 20 s after the answer. The period ends at 70 s: 40 s later.
    let switch = |since, interval| {
        TimeInformation::Switch(TimeIfTariffSwitch {
            time_since_tariff_switch: since,
            tariff_switch_interval: interval,
            unknown: Vec::new(),
        })
    };
    assert_eq!(charged(&own.expire(70_000)[0]), Some((switch(400, Some(200)), true)));
    own.operation(70_000, "applyCharging", limit(600, false));
    // The next report at 130 s: 100 s since the change, whose interval is known.
    assert_eq!(charged(&own.expire(130_000)[0]), Some((switch(1_000, None), true)));
}

#[test]
fn silence_of_the_service_ends_in_default_handling() {
    let mut own = Bench::triggered(Side::Originating);
    assert_eq!(own.ssf.next_deadline(), Some(at(10_000)));
    assert_eq!(own.expire(9_999), []);
    assert_eq!(own.expire(10_000), [Output::Abort, Output::DefaultHandling]);
    assert_eq!(own.ssf.state(), State::Idle);
}

#[test]
fn every_instruction_gives_the_service_more_time() {
    let mut own = Bench::watched(Side::Originating);
    own.operation(8_000, "applyCharging", limit(600, true));
    assert_eq!(own.ssf.next_deadline(), Some(at(18_000)));
    own.operation(9_000, "resetTimer", group([("timervalue", number(60))]));
    assert_eq!(own.ssf.next_deadline(), Some(at(69_000)));
}

#[test]
fn without_anything_to_watch_the_dialogue_ends_with_continue() {
    let mut own = Bench::triggered(Side::Originating);
    assert_eq!(own.operation(0, "continue", yes()), [Output::Continue, Output::End]);
}

#[test]
fn a_busy_party_may_be_followed_by_another_but_a_caller_who_left_may_not() {
    let mut own = Bench::triggered(Side::Originating);
    own.arm(&[("oCalledPartyBusy", "interrupted", "leg2"), ("oAbandon", "interrupted", "leg1")]);
    own.operation(0, "applyCharging", limit(600, true));
    own.operation(0, "continue", yes());
    let busy = own.event(2_000, CallEvent::Busy(Cause::new(Cause::USER_BUSY)));
    // Nobody answered: the time is 0.
    assert_eq!(charged(&busy[0]), Some((TimeInformation::NoSwitch(0), false)));
    assert_eq!(reported(&busy[1]), Some((EventTypeBcsm::O_CALLED_PARTY_BUSY, Leg::TWO, true)));
    let connected = own.operation(2_100, "connect", group([("destinationRoutingAddress", text("+4930"))]));
    assert!(matches!(connected[..], [Output::Connect(_)]), "{connected:?}");
    let left = own.event(4_000, CallEvent::Abandon);
    assert_eq!(reported(&left[0]), Some((EventTypeBcsm::O_ABANDON, Leg::ONE, true)));
    let refused = own.operation(4_100, "connect", group([("destinationRoutingAddress", text("+4931"))]));
    assert_eq!(refused, [Output::Fail(own.id, CapError::UnexpectedComponentSequence)]);
    assert_eq!(own.operation(4_200, "continue", yes()), [Output::Release(clearing()), Output::End]);
}

#[test]
fn no_answer_is_what_the_service_says_it_is() {
    let mut own = Bench::triggered(Side::Terminating);
    let event = group([
        ("eventTypeBCSM", text("tNoAnswer")),
        ("monitorMode", text("interrupted")),
        ("dpSpecificCriteria", group([("applicationTimer", number(15))])),
    ]);
    own.operation(0, "requestReportBCSMEvent", group([("bcsmEvents", Value::List(vec![event]))]));
    own.operation(0, "continue", yes());
    assert_eq!(own.ssf.next_deadline(), Some(at(15_000)));
    let over = own.expire(15_000);
    assert_eq!(over[0], Output::StopRinging);
    assert_eq!(reported(&over[1]), Some((EventTypeBcsm::T_NO_ANSWER, Leg::TWO, true)));
}

#[test]
fn a_caller_who_leaves_while_the_service_thinks_ends_the_dialogue() {
    let mut own = Bench::triggered(Side::Originating);
    assert_eq!(own.event(500, CallEvent::Abandon), [Output::Abort]);
    assert_eq!(own.ssf.state(), State::Idle);
}

#[test]
fn an_announcement_is_played_reported_and_followed_by_the_end() {
    let mut own = Bench::triggered(Side::Originating);
    assert_eq!(own.operation(0, "connectToResource", group([("none", yes())])), [Output::ConnectResource]);
    assert_eq!(own.ssf.next_deadline(), Some(at(120_000)));
    // The call waits for the announcement, not for instructions.
    let early = own.operation(0, "connect", group([("destinationRoutingAddress", text("+4930"))]));
    assert_eq!(early, [Output::Fail(own.id, CapError::UnexpectedComponentSequence)]);
    let message =
        group([("inbandInfo", group([("messageID", group([("elementaryMessageID", number(42))]))]))]);
    let play = group([("informationToSend", message), ("disconnectFromIPForbidden", Value::Flag(false))]);
    assert!(matches!(own.operation(0, "playAnnouncement", play)[..], [Output::Announce(_)]));
    let over = own.event(6_000, CallEvent::AnnouncementOver);
    assert!(matches!(
        over[..],
        [Output::Invoke(Operation::SpecializedResourceReport(_)), Output::DisconnectResource]
    ));
    assert_eq!(own.ssf.next_deadline(), Some(at(16_000)));
    let end = own.operation(6_100, "releaseCall", group([("cause", number(31))]));
    assert_eq!(end, [Output::Release(Cause::new(31)), Output::End]);
}

#[test]
fn facts_about_the_call_are_told_when_it_ends() {
    let mut own = Bench::triggered(Side::Originating);
    let kinds = ["callAttemptElapsedTime", "callStopTime", "callConnectedElapsedTime", "releaseCause"];
    let kinds = Value::List(kinds.iter().map(|kind| text(kind)).collect());
    own.operation(0, "callInformationRequest", group([("requestedInformationTypeList", kinds)]));
    own.operation(0, "continue", yes());
    own.event(7_400, CallEvent::Answer);
    let end = own.event(20_000, CallEvent::Disconnect(Leg::TWO, clearing()));
    let [Output::Invoke(Operation::CallInformationReport(report)), Output::End] = &end[..] else {
        panic!("{end:?}")
    };
    // 7 whole seconds to the answer, 12.6 s of talk; 1 800 000 020 is 2027-01-15 08:00:20 UTC.
    let wanted = "{ requestedInformationList: [\
        { requestedInformationType: callAttemptElapsedTime, requestedInformationValue: { callAttemptElapsedTimeValue: 7 } }, \
        { requestedInformationType: callStopTime, requestedInformationValue: { callStopTimeValue: 2027-01-15T08:00:20 } }, \
        { requestedInformationType: callConnectedElapsedTime, requestedInformationValue: { callConnectedElapsedTimeValue: 126 } }, \
        { requestedInformationType: releaseCause, requestedInformationValue: { releaseCauseValue: { value: 16, location: 2 } } }\
        ], legID: leg2 }";
    assert_eq!(report.show().to_string(), wanted);
}

#[test]
fn charging_out_of_sequence_or_range_is_an_error() {
    let mut own = Bench::watched(Side::Originating);
    assert_eq!(
        own.operation(0, "applyCharging", limit(0, true)),
        [Output::Fail(2, CapError::ParameterOutOfRange)]
    );
    own.operation(0, "applyCharging", limit(600, true));
    let twice = own.operation(0, "applyCharging", limit(600, true));
    assert_eq!(twice, [Output::Fail(4, CapError::UnexpectedComponentSequence)]);
    assert_eq!(own.operation(0, "activityTest", yes()), [Output::Answer(5)]);
}
