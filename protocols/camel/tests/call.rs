//! A whole call over octets: the gsmSSF behind one end of a dialogue, a service behind the other. Its time is
//! granted twice and runs out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod samples;

use samples::{group, number, text, yes};
use tollgate_camel::cap::{ApplicationContext, InitialDpArg, Operation, Phase};
use tollgate_camel::dialogue::{Dialogue, Event};
use tollgate_camel::ssf::{CallEvent, Output, Side, Ssf, State, Timers};
use tollgate_camel::tcap::TransactionId;
use tollgate_camel::{Type, message_fields};
use tollgate_time::Instant;
use tollgate_wire::{Path, Value};

fn at(secs: u64) -> Instant {
    Instant::from_unix_secs(1_800_000_000 + secs)
}

fn operation(name: &str, value: Value) -> Operation {
    Operation::take(name, &value).unwrap()
}

/// The switch: what its gsmSSF wants becomes messages, what comes is obeyed.
struct Switch {
    ssf: Ssf,
    dialogue: Dialogue,
    /// What the call was told.
    call: Vec<Output>,
}

impl Switch {
    fn flush(&mut self, now: Instant) -> Option<Vec<u8>> {
        let mut end = false;
        while let Some(output) = self.ssf.poll_output() {
            match output {
                Output::Invoke(operation) => {
                    self.dialogue.invoke(now, &operation).unwrap();
                }
                Output::Answer(id) => self.dialogue.answer(id),
                Output::Fail(id, error) => self.dialogue.fail(id, &error),
                Output::End => end = true,
                other => self.call.push(other),
            }
        }
        match end {
            true => self.dialogue.end(),
            false if self.dialogue.has_waiting() => self.dialogue.send(),
            false => None,
        }
    }

    fn handle(&mut self, now: Instant, octets: &[u8]) -> Option<Vec<u8>> {
        for event in self.dialogue.handle(octets).unwrap() {
            if let Event::Invoked { id, operation, .. } = event {
                self.ssf.handle_operation(now, id, &operation);
            }
        }
        self.flush(now)
    }
}

fn limit(tenths: u32, release: bool) -> Operation {
    let release = Value::Flag(release);
    operation(
        "applyCharging",
        group([("maxCallPeriodDuration", number(tenths)), ("releaseIfdurationExceeded", release)]),
    )
}

fn field(octets: &[u8], path: &str) -> String {
    let fields = message_fields(octets);
    fields.find(&Path::parse(path).unwrap()).first().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_call_is_granted_time_twice_and_ends_when_it_is_over() {
    let context = ApplicationContext::calls(Phase::Two);
    let mut switch = Switch {
        ssf: Ssf::new(Side::Originating, Phase::Two, Timers::default()),
        dialogue: Dialogue::open(TransactionId::new(1), context.clone()),
        call: Vec::new(),
    };
    switch.ssf.handle_trigger(at(0), InitialDpArg::take(&samples::originating()).unwrap());
    let begin = switch.flush(at(0)).unwrap();
    assert_eq!(field(&begin, "initialDP.iMSI"), "262011234567890");

    let (mut service, events) = Dialogue::accept(TransactionId::new(2), &begin, &[context]).unwrap();
    assert!(matches!(&events[..], [Event::Invoked { operation: Operation::InitialDp(_), .. }]));
    let hung_up = |leg: &str| {
        group([
            ("eventTypeBCSM", text("oDisconnect")),
            ("monitorMode", text("interrupted")),
            ("legID", group([("sendingSideID", text(leg))])),
        ])
    };
    let events = Value::List(vec![hung_up("leg1"), hung_up("leg2")]);
    service.invoke(at(1), &operation("requestReportBCSMEvent", group([("bcsmEvents", events)])));
    service.invoke(at(1), &limit(300, false));
    service.invoke(at(1), &operation("continue", yes()));
    let instructions = service.send().unwrap();
    assert_eq!(field(&instructions, "applyCharging.maxCallPeriodDuration"), "300");
    assert_eq!(switch.handle(at(1), &instructions), None);
    assert_eq!(switch.call, [Output::Continue]);

    // Answered at 5 s, 30 s are over at 35 s.
    switch.ssf.handle_event(at(5), CallEvent::Answer);
    assert_eq!(switch.ssf.next_deadline(), Some(at(35)));
    switch.ssf.expire(at(35));
    let report = switch.flush(at(35)).unwrap();
    assert_eq!(field(&report, "applyChargingReport.timeInformation.timeIfNoTariffSwitch"), "300");
    assert_eq!(field(&report, "applyChargingReport.callActive"), "true");
    assert!(matches!(&service.handle(&report).unwrap()[..], [Event::Invoked { .. }]));

    // 12 s more, the last: over at 47 s, 42 s after the answer. The report comes with the end.
    service.invoke(at(36), &limit(120, true));
    let more = service.send().unwrap();
    assert_eq!(switch.handle(at(36), &more), None);
    switch.ssf.expire(at(47));
    let last = switch.flush(at(47)).unwrap();
    assert_eq!(field(&last, "message"), "end");
    assert_eq!(field(&last, "applyChargingReport.timeInformation.timeIfNoTariffSwitch"), "420");
    assert_eq!(field(&last, "applyChargingReport.callActive"), "false");
    assert!(matches!(switch.call.last(), Some(Output::Release(_))));
    let events = service.handle(&last).unwrap();
    assert!(matches!(&events[..], [Event::Invoked { .. }, Event::Ended]));
    assert_eq!(switch.ssf.state(), State::Idle);
}
