//! Steps drawn from the seed, what is true of every run, and failing runs made small: against a system that charges a
//! call of `b` twice when it is the first after one of `a`.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tollgate_network::{
    Action, ActionError, Arg, ArgKind, Driver, FieldNames, Frame, Input, Need, Node, Observation, Output,
    Peer, PeerKind, Setup, SetupError, Sight, SimDriver, Verb,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use crate::run::{
    Options, RunEvent, ScenarioEnd, Shrunk, Stage, StepOutcome, Target, TargetError, Verdict, run_all,
};
use crate::scenario::{Deed, Registry, Scenario, check_octets};

const PHONE: [u8; 4] = [192, 0, 2, 1];
const SYSTEM: [u8; 4] = [192, 0, 2, 2];

const NAME: Arg = Arg { name: "as", kind: ArgKind::Text, need: Need::Required, about: "Who calls." };
const ANY: FieldNames =
    FieldNames::Fixed(&[("session", ""), ("amount", ""), ("reserved", ""), ("account", "")]);

const fn sight(name: &'static str) -> Sight {
    Sight { name, about: "It is seen.", subject: None, fields: ANY }
}

static PHONE_KIND: PeerKind = PeerKind {
    name: "phone",
    about: "Calls for a moment.",
    client: true,
    settings: &[],
    verbs: &[
        Verb { name: "call", about: "A call.", args: &[NAME], main: Some("as") },
        Verb { name: "refuse", about: "Never.", args: &[], main: None },
    ],
    sights: &[sight("Accounting-Request")],
    build: |_: Setup| Err(SetupError("the target makes it".to_owned())),
};

static SYSTEM_KIND: PeerKind = PeerKind {
    name: "ocs",
    about: "Charges.",
    client: false,
    settings: &[],
    verbs: &[],
    sights: &[sight("xdr")],
    build: |_: Setup| Err(SetupError("the target makes it".to_owned())),
};

#[derive(Default)]
struct Phone {
    calls: u32,
    out: VecDeque<Output>,
}

impl Node for Phone {
    fn handle_input(&mut self, _: Instant, _: Input<'_>) {}

    fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _: Instant) {}
}

impl Peer for Phone {
    fn perform(&mut self, _: Instant, action: &Action) -> Result<(), ActionError> {
        if action.verb == "refuse" {
            return Err(ActionError::Impossible("it never does".to_owned()));
        }
        self.calls += 1;
        let session = format!("{}-{}", action.text("as")?, self.calls);
        let fields = Fields::new()
            .with("h323-conf-id", Value::text(session.clone()))
            .with("h323-call-origin", "originate")
            .with("Acct-Status-Type", "Stop")
            .with("h323-connect-time", "some time ago");
        self.out.push_back(Output::Observe(Observation::new("Accounting-Request", fields)));
        self.out.push_back(Output::Transmit(Frame {
            from: SocketAddr::from((PHONE, 1024)),
            to: SocketAddr::from((SYSTEM, 1812)),
            payload: session.into(),
        }));
        Ok(())
    }
}

#[derive(Default)]
struct System {
    last: String,
    sound: bool,
    out: VecDeque<Output>,
}

impl Node for System {
    fn handle_input(&mut self, _: Instant, input: Input<'_>) {
        let Input::Receive(frame) = input else { return };
        let session = String::from_utf8_lossy(&frame.payload).into_owned();
        let twice = !self.sound && self.last.starts_with("a-") && session.starts_with("b-");
        for _ in 0..=usize::from(twice) {
            let fields = Fields::new().with("session", Value::text(session.clone())).with("leg", "originate");
            self.out.push_back(Output::Observe(Observation::new("xdr", fields)));
        }
        self.last = session;
    }

    fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _: Instant) {
        self.last.clear();
    }
}

impl Peer for System {
    fn perform(&mut self, _: Instant, action: &Action) -> Result<(), ActionError> {
        Err(ActionError::UnknownVerb(action.verb.to_string()))
    }
}

/// The system, which charges as it should when it is sound.
pub(super) struct Doubles {
    pub(super) sound: bool,
}

impl Target for Doubles {
    fn name(&self) -> &str {
        "reference"
    }

    fn system(&self) -> &'static PeerKind {
        &SYSTEM_KIND
    }

    fn within(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn set_stage(&self, scenario: &Scenario, seed: u64, _: bool) -> Result<Stage, TargetError> {
        let mut driver = SimDriver::new(scenario.starts, seed).with_usual_link(scenario.network);
        let add = |driver: &mut SimDriver, address: [u8; 4], node: Box<dyn Peer>| {
            driver.add_node(&[IpAddr::from(address)], node).map_err(|error| TargetError(error.0))
        };
        let system = add(&mut driver, SYSTEM, Box::new(System { sound: self.sound, ..System::default() }))?;
        let phone = add(&mut driver, PHONE, Box::<Phone>::default())?;
        Ok(Stage { driver: Box::new(driver), system, peers: vec![phone] })
    }
}

const CALLS: &str = "\
scenario: Calls of everybody
world: { ocs: 192.0.2.2, nodes: { phone: { address: 192.0.2.1, secret: s } } }
peers:
  phone: { is: phone, at: 192.0.2.1 }
steps:
  - phone.call: a
  - random:
      times: { between: [30, 40] }
      gap: { between: [1s, 90s] }
      of:
        - { weight: 5, draw: { who: [a, b, c, d] }, steps: [ { phone.call: \"${who}\" } ] }
        - { weight: 2, steps: [ { phone.refuse: , may-refuse: true } ] }
        - { weight: 1, draw: { long: { between: [1s, 9s] } }, steps: [ { fault: { partition: [phone, ocs], for: \"${long}\" } }, { wait: 9s } ] }
finally:
  invariants: [every-call-charged-once]
";

static KINDS: [&PeerKind; 1] = [&PHONE_KIND];

fn registry() -> Registry {
    Registry::new(&KINDS, &SYSTEM_KIND)
}

pub(super) fn load(text: &str) -> Scenario {
    let (scenarios, report) = check_octets(
        Path::new("calls.yaml"),
        text.as_bytes(),
        &registry(),
        &crate::scenario::Options::default(),
    );
    scenarios.into_iter().next().unwrap_or_else(|| panic!("{report}"))
}

pub(super) fn ends(scenario: &Scenario, sound: bool, options: &Options<'_>) -> Vec<ScenarioEnd> {
    let mut ends = Vec::new();
    run_all(std::slice::from_ref(scenario), &Doubles { sound }, options, &mut |event| {
        if let RunEvent::ScenarioFinished { end, .. } = event {
            ends.push(end);
        }
    });
    ends
}

#[test]
fn the_same_seed_draws_the_same_steps_and_another_others() {
    let scenario = load(CALLS);
    let texts = |seed| -> Vec<String> {
        scenario.drawn(seed).unwrap().steps.iter().map(|step| step.text.to_string()).collect()
    };
    assert_eq!(texts(7), texts(7));
    assert_ne!(texts(7), texts(8));
    // 30 to 40 draws with a gap between two of them, a draw being one step or two, and one step before them.
    assert!((60..=120).contains(&texts(7).len()), "{}", texts(7).len());
}

#[test]
fn a_refused_step_that_may_be_refused_passes() {
    let scenario = load(CALLS);
    let drawn = scenario.drawn(1).unwrap();
    assert!(drawn.steps.iter().any(|step| matches!(step.does, Deed::Act { may_refuse: true, .. })));
    let mut refused = 0;
    run_all(&[scenario], &Doubles { sound: true }, &Options::default(), &mut |event| {
        if let RunEvent::StepFinished { outcome: StepOutcome::Refused(why), .. } = event {
            assert_eq!(why, "it never does");
            refused += 1;
        }
    });
    assert!(refused > 0);
}

#[test]
fn what_is_true_of_every_run_is_true_of_a_sound_system() {
    // Whatever a partition cuts off is never charged, and a call whose report is lost must be found: no draws of it here.
    let scenario = load(&CALLS.replace("weight: 1, draw", "weight: 0, draw"));
    let options = Options { repeat: 50, threads: 2, ..Options::default() };
    assert!(ends(&scenario, true, &options).iter().all(|end| end.verdict == Verdict::Passed));
    let lost = load(CALLS);
    assert!(ends(&lost, true, &options).iter().any(|end| end.verdict == Verdict::Failed));
}

#[test]
fn a_failing_run_is_made_as_small_as_its_cause_and_fails_by_itself() {
    let scenario = load(&CALLS.replace("weight: 1, draw", "weight: 0, draw"));
    let options = Options { repeat: 20, threads: 2, ..Options::default() };
    let ends = ends(&scenario, false, &options);
    let shrunk: Vec<_> = ends.iter().filter_map(|end| end.shrunk.as_ref()).collect();
    let failed = ends.iter().filter(|end| end.verdict == Verdict::Failed).count();
    assert!(failed > 1 && shrunk.len() == 1, "{failed} failed, {} were made small", shrunk.len());
    let small = shrunk[0];
    // A call of a, then one of b. They need some time between them for nothing.
    assert_eq!((small.steps, small.doubt.as_deref()), (2, None), "{}", small.yaml);
    assert!(small.of > 60 && small.runs > 2 && small.runs < super::super::SHRINKING_RUNS_MAX);
    let again = load(&small.yaml);
    assert_eq!(again.steps.len(), 2);
    assert!(again.origin.is_none(), "its steps are written out");
    let seed = u64::try_from(ends.iter().position(|end| end.shrunk.is_some()).unwrap()).unwrap() + 1;
    assert_eq!(again.seed, Some(seed));
    assert_eq!(super::drawing::ends(&again, false, &Options::default())[0].verdict, Verdict::Failed);
}

#[test]
fn nothing_is_made_small_where_that_is_not_wanted() {
    let scenario = load(CALLS);
    let options = Options { repeat: 20, shrink: false, ..Options::default() };
    let ends = ends(&scenario, false, &options);
    assert!(ends.iter().any(|end| end.verdict == Verdict::Failed));
    assert!(ends.iter().all(|end| end.shrunk.is_none()));
}

#[test]
fn a_wait_that_is_needed_is_as_short_as_it_may_be_and_what_stands_beside_the_draws_stays() {
    let cut = "fault: { partition: [phone, ocs], for: 90s }";
    let drawn = format!("steps: [ {{ {cut} }}, {{ wait: 40s }}, {{ phone.call: c }} ]");
    let (head, tail) = CALLS.split_once("      of:\n").unwrap();
    let finally = tail.split_once("finally").unwrap().1;
    let text = format!("{head}      of: [ {{ {drawn} }} ]\n  - wait: 7s\nfinally{finally}");
    let text = text.replace("  - phone.call: a\n", "  - phone.call: a\n  - wait: 1s\n");
    let scenario = load(&text.replace("between: [30, 40]", "between: [3, 4]"));
    let end = &ends(&scenario, true, &Options::default())[0];
    let small = end.shrunk.as_ref().unwrap();
    // Without the wait the cut may be as short as a millisecond: the call comes right behind it.
    let steps = "  - phone.call: a\n  - wait: 1s\n  - fault: { partition: [phone, ocs], for: 1ms }\n  - phone.call: c\n  - wait: 7s\n";
    assert!(small.yaml.contains(steps), "{}", small.yaml);
}

#[test]
fn the_same_run_is_made_small_on_any_number_of_threads() {
    let scenario = load(CALLS);
    let small = |threads| -> Option<Box<Shrunk>> {
        let options = Options { repeat: 20, threads, ..Options::default() };
        ends(&scenario, false, &options).into_iter().find_map(|end| end.shrunk)
    };
    assert!(small(1).is_some());
    assert_eq!(small(1), small(3));
}
