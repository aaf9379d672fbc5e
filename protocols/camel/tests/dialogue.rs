//! Two ends of a dialogue speak over octets: who may say what, which timers end how, what is rejected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod samples;

use tollgate_camel::cap::{ApplicationContext, ApplyChargingArg, CapError, Operation, TaskRefusal};
use tollgate_camel::dialogue::{Aborted, Dialogue, Event, Refused, State, addressed, unknown_transaction};
use tollgate_camel::raw::Corruption;
use tollgate_camel::tcap::{AbortSource, PAbort, Problem, Refusal, TransactionId};
use tollgate_time::Instant;

const CONTEXT: ApplicationContext = ApplicationContext::CallsPhaseTwo;

fn at(millis: u64) -> Instant {
    Instant::from_unix_nanos(1_800_000_000_000_000_000 + millis * 1_000_000)
}

fn initial_dp() -> Operation {
    Operation::take("initialDP", &samples::originating()).unwrap()
}

fn broken(mut octets: Vec<u8>, how: &str) -> Vec<u8> {
    assert!(how.parse::<Corruption>().unwrap().apply(&mut octets), "{how}");
    octets
}

/// A switch that has sent InitialDP, and the Begin.
fn begun() -> (Dialogue, Vec<u8>) {
    let mut switch = Dialogue::open(TransactionId::new(1), CONTEXT);
    assert_eq!(switch.invoke(at(0), &initial_dp()), Some(1));
    let begin = switch.send().unwrap();
    (switch, begin)
}

/// Both ends, after the gsmSCF has answered.
fn active() -> (Dialogue, Dialogue) {
    let (mut switch, begin) = begun();
    let (mut service, _) = Dialogue::accept(TransactionId::new(0x99), &begin, &[CONTEXT]).unwrap();
    let first = service.send().unwrap();
    assert_eq!(switch.handle(&first).unwrap(), [Event::Accepted]);
    (switch, service)
}

#[test]
fn a_dialogue_is_opened_accepted_and_ended() {
    let (mut switch, begin) = begun();
    assert_eq!(switch.state(), State::InitiationSent);
    assert!(switch.send().is_none(), "there is no transaction yet that a Continue could be for");

    let (mut service, events) = Dialogue::accept(TransactionId::new(0x99), &begin, &[CONTEXT]).unwrap();
    assert_eq!(events, [Event::Invoked { id: 1, linked: None, operation: initial_dp() }]);
    service.invoke(at(5), &Operation::ApplyCharging(ApplyChargingArg::limit(600))).unwrap();
    service.invoke(at(5), &Operation::Continue).unwrap();
    let answer = service.send().unwrap();
    assert_eq!(addressed(&answer), Some(TransactionId::new(1)));

    let events = switch.handle(&answer).unwrap();
    assert_eq!(events[0], Event::Accepted);
    let limit = Operation::ApplyCharging(ApplyChargingArg::limit(600));
    assert_eq!(events[1], Event::Invoked { id: 1, linked: None, operation: limit });
    assert_eq!(events[2], Event::Invoked { id: 2, linked: None, operation: Operation::Continue });

    let end = switch.end().unwrap();
    assert_eq!(service.handle(&end).unwrap(), [Event::Ended]);
    assert_eq!((switch.state(), service.state()), (State::Ended, State::Ended));
    assert!(matches!(service.handle(&end), Err(Refused::Unexpected { .. })));
}

#[test]
fn a_context_that_is_not_supported_is_refused_with_the_one_that_is() {
    let (mut switch, begin) = begun();
    let refused = Dialogue::accept(TransactionId::new(2), &begin, &[ApplicationContext::CallsPhaseThree]);
    let Err(Refused::Context { context, answer }) = refused else { panic!("{refused:?}") };
    assert_eq!(context, CONTEXT);
    let offered = ApplicationContext::CallsPhaseThree;
    let refusal = Refusal::ContextNotSupported;
    assert_eq!(switch.handle(&answer).unwrap(), [Event::Refused { refusal, offered }]);
    assert_eq!(switch.state(), State::Ended);

    let (mut switch, begin) = begun();
    let none = Dialogue::accept(TransactionId::new(2), &broken(begin, "no-dialogue"), &[CONTEXT]);
    let Err(Refused::NoContext { answer }) = none else { panic!("{none:?}") };
    assert_eq!(switch.handle(&answer).unwrap(), [Event::Aborted(Aborted::Provider(PAbort::INCORRECT))]);
}

#[test]
fn what_cannot_be_obeyed_is_rejected_and_the_sender_learns_it() {
    for (how, problem) in [
        ("operation 99", Problem::UNRECOGNIZED_OPERATION),
        ("argument none", Problem::MISTYPED_PARAMETER),
        ("argument 0x0500", Problem::MISTYPED_PARAMETER),
        ("repeat-component", Problem::DUPLICATE_INVOKE_ID),
    ] {
        let (mut switch, begin) = begun();
        let (mut service, events) =
            Dialogue::accept(TransactionId::new(2), &broken(begin, how), &[CONTEXT]).unwrap();
        assert_eq!(events.last(), Some(&Event::Rejecting { id: Some(1), problem }), "{how}");
        let reject = service.send().unwrap();
        assert_eq!(switch.handle(&reject).unwrap().last(), Some(&Event::Rejected { id: Some(1), problem }));
    }
}

#[test]
fn an_error_reaches_the_operation_that_it_is_for() {
    let (mut switch, mut service) = active();
    service.fail(1, &CapError::TaskRefused(TaskRefusal::CONGESTION));
    let message = service.send().unwrap();
    let error = Some(CapError::TaskRefused(TaskRefusal::CONGESTION));
    assert_eq!(switch.handle(&message).unwrap(), [Event::Error { id: 1, code: 0, error }]);
    // The second error is for nothing any more.
    service.fail(1, &CapError::MissingParameter);
    let message = service.send().unwrap();
    let problem = Problem::ERROR_FOR_NOTHING;
    assert_eq!(switch.handle(&message).unwrap(), [Event::Rejecting { id: Some(1), problem }]);
}

#[test]
fn only_what_must_have_a_result_times_out() {
    let (mut switch, mut service) = active();
    // InitialDP may only fail: silence for 10 s is success.
    assert_eq!(switch.next_deadline(), Some(at(10_000)));
    assert_eq!(switch.expire(at(10_000)), []);
    assert_eq!(switch.next_deadline(), None);

    let id = service.invoke(at(1_000), &Operation::ActivityTest).unwrap();
    let test = service.send().unwrap();
    assert_eq!(service.expire(at(10_999)), []);
    assert_eq!(service.expire(at(11_000)), [Event::TimedOut { id, code: 55 }]);

    // Answered in time it has a result, and nothing times out.
    let again = service.invoke(at(20_000), &Operation::ActivityTest).unwrap();
    let message = service.send().unwrap();
    switch.handle(&test).unwrap();
    switch.handle(&message).unwrap();
    switch.answer(again);
    let answer = switch.send().unwrap();
    assert_eq!(service.handle(&answer).unwrap(), [Event::Result { id: again, code: 55 }]);
    assert_eq!(service.expire(at(60_000)), []);
}

#[test]
fn a_result_for_an_operation_without_one_is_rejected() {
    let (mut switch, mut service) = active();
    service.answer(1);
    let message = service.send().unwrap();
    let problem = Problem::RESULT_UNEXPECTED;
    assert_eq!(switch.handle(&message).unwrap(), [Event::Rejecting { id: Some(1), problem }]);
}

#[test]
fn either_side_may_abort() {
    let (mut switch, mut service) = active();
    let abort = switch.abort().unwrap();
    assert_eq!(service.handle(&abort).unwrap(), [Event::Aborted(Aborted::User(AbortSource::User))]);
    assert_eq!(service.invoke(at(0), &Operation::Continue), None);
}

#[test]
fn a_message_for_a_transaction_that_nobody_knows_is_aborted() {
    let (mut switch, mut service) = active();
    switch.invoke(at(0), &Operation::ActivityTest).unwrap();
    let strayed = broken(switch.send().unwrap(), "destination 77");
    assert!(matches!(service.handle(&strayed), Err(Refused::Unexpected { .. })));
    let abort = unknown_transaction(&strayed).unwrap();
    let event = Event::Aborted(Aborted::Provider(PAbort::UNRECOGNIZED_TRANSACTION_ID));
    assert_eq!(switch.handle(&abort).unwrap(), [event]);
}

#[test]
fn invoke_identifiers_are_used_again_when_their_operation_is_over() {
    let (mut switch, _) = active();
    let mut ids = vec![1];
    for _ in 0..126 {
        ids.push(switch.invoke(at(0), &Operation::ActivityTest).unwrap());
    }
    assert_eq!(ids, (1..=127).collect::<Vec<i8>>());
    assert_eq!(switch.invoke(at(0), &Operation::ActivityTest), None);
    switch.expire(at(10_000));
    assert_eq!(switch.invoke(at(20_000), &Operation::ActivityTest), Some(1));
}
