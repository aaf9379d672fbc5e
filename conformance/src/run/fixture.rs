//! A small world to test the runner in: a caller that sees what it is told to and sends requests, and a system
//! that answers them, charges for them and can be asked for an account.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tollgate_network::{
    Action, ActionError, Arg, ArgKind, Driver, FieldNames, Frame, Impairment, Input, Need, Node, Observation,
    Output, Peer, PeerKind, Setup, SetupError, Sight, SimDriver, Verb,
};
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Fields, Path as FieldPath, Text, Value};

use super::{Journal, Record, Stage, StepOutcome, Target, TargetError, Terms};
use crate::scenario::{
    Deed, Expectation, FieldMatch, Finally, LateArg, Matcher, PeerSpec, Place, Scalar, Scenario, Step, Who,
};

pub(crate) const CALLER: Who = Who::Peer(0);
const CALLER_ADDRESS: [u8; 4] = [192, 0, 2, 1];
const SYSTEM_ADDRESS: [u8; 4] = [192, 0, 2, 2];

const fn arg(name: &'static str, kind: ArgKind) -> Arg {
    Arg { name, kind, need: Need::Optional, about: "An argument." }
}

const fn verb(name: &'static str, args: &'static [Arg]) -> Verb {
    Verb { name, about: "A verb.", args, main: None }
}

const fn sight(name: &'static str, subject: Option<&'static str>) -> Sight {
    let fields = FieldNames::Fixed(&[("account", ""), ("amount", ""), ("reserved", ""), ("name", "")]);
    Sight { name, about: "A sight.", subject, fields }
}

const TEXT: Arg = arg("text", ArgKind::Text);

/// `see` observes a `noise` with this text after a while; `send` sends the text to the system; `refuse` is always
/// refused; `break` panics.
pub(crate) static CALLER_KIND: PeerKind = PeerKind {
    name: "caller",
    about: "Sees what it is told to.",
    client: true,
    settings: &[],
    verbs: &[
        verb("see", &[TEXT, arg("after", ArgKind::Span)]),
        verb("send", &[TEXT, arg("amount", ArgKind::Money)]),
        verb("refuse", &[]),
        verb("break", &[]),
        verb("forget", &[]),
    ],
    sights: &[sight("noise", Some("text")), sight("answer", None)],
    build: unbuilt,
};

/// A request `charge` costs 0.02367 CAD, makes an xdr and an event; any other is answered only.
pub(crate) static SYSTEM_KIND: PeerKind = PeerKind {
    name: "system",
    about: "Answers and charges.",
    client: true,
    settings: &[],
    verbs: &[verb("report-balance", &[arg("account", ArgKind::Text)])],
    sights: &[
        sight("request", Some("text")),
        sight("xdr", None),
        sight("event", Some("name")),
        sight("balance", None),
    ],
    build: unbuilt,
};

/// A system that shows nothing but what reaches it.
pub(crate) static SILENT_KIND: PeerKind = PeerKind {
    name: "silent",
    about: "Shows nothing.",
    client: true,
    settings: &[],
    verbs: &[],
    sights: &[sight("request", Some("text"))],
    build: unbuilt,
};

fn unbuilt(_: Setup) -> Result<Box<dyn Peer>, SetupError> {
    Err(SetupError("the target makes it".to_owned()))
}

#[derive(Default)]
struct Caller {
    later: Vec<(Instant, Text)>,
    out: VecDeque<Output>,
}

impl Node for Caller {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => {
                let text = String::from_utf8_lossy(&frame.payload).into_owned();
                let fields =
                    Fields::new().with("text", Value::text(text)).with("code", 0_i64).with("code", 7_i64);
                self.out.push_back(Output::Observe(Observation::new("answer", fields)));
            }
            Input::Stream(..) => {}
            Input::Timeout => {
                for (_, text) in self.later.extract_if(.., |(at, _)| *at <= now) {
                    let fields = Fields::new().with("text", text);
                    self.out.push_back(Output::Observe(Observation::new("noise", fields)));
                }
            }
        }
    }

    fn poll_output(&mut self) -> Output {
        let next = self.later.iter().map(|(at, _)| *at).min();
        self.out.pop_front().unwrap_or(Output::Wait(next))
    }

    fn restart(&mut self, _: Instant) {}
}

impl Peer for Caller {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "see" => {
                let at = now + action.opt_span("after").unwrap_or_default();
                self.later.push((at, action.text("text")?.into()));
            }
            "send" => {
                let amount = action.money("amount").map(|(amount, currency)| format!(" {amount} {currency}"));
                let text = format!("{}{}", action.text("text")?, amount.unwrap_or_default());
                self.out.push_back(Output::Transmit(Frame {
                    from: SocketAddr::from((CALLER_ADDRESS, 1024)),
                    to: SocketAddr::from((SYSTEM_ADDRESS, 1812)),
                    payload: text.into(),
                }));
            }
            "refuse" => return Err(ActionError::Impossible("there is no call to hang up".to_owned())),
            "break" => panic!("a caller that breaks"),
            other => return Err(ActionError::UnknownVerb(other.to_owned())),
        }
        Ok(())
    }
}

struct System {
    /// In 10⁻⁵ CAD.
    balance: i128,
    out: VecDeque<Output>,
}

fn cad(digits: i128) -> Value {
    Value::Money(Decimal::new(digits, 5), "CAD".into())
}

impl Node for System {
    fn handle_input(&mut self, _: Instant, input: Input<'_>) {
        let Input::Receive(frame) = input else { return };
        let text = String::from_utf8_lossy(&frame.payload).into_owned();
        let mut see =
            |kind: &str, fields| self.out.push_back(Output::Observe(Observation::new(kind, fields)));
        see("request", Fields::new().with("text", Value::text(text.clone())));
        if let Some(account) = text.strip_prefix("charge ") {
            self.balance -= 2_367;
            let xdr = Fields::new().with("account", Value::text(account)).with("amount", cad(2_367));
            see("xdr", xdr.with("used", Duration::from_secs(71)));
            see("event", Fields::new().with("name", "Account/BalanceChanged"));
        }
        self.out.push_back(Output::Transmit(frame.answer(frame.payload.clone())));
    }

    fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _: Instant) {}
}

impl Peer for System {
    fn perform(&mut self, _: Instant, action: &Action) -> Result<(), ActionError> {
        let account = Text::from(action.text("account")?);
        if account == "nobody" {
            return Err(ActionError::Impossible("there is no account 'nobody'".to_owned()));
        }
        let fields = Fields::new().with("account", account);
        let fields = fields.with("amount", cad(self.balance)).with("reserved", cad(0));
        self.out.push_back(Output::Observe(Observation::new("balance", fields)));
        Ok(())
    }
}

/// The small world as a target.
pub(crate) struct Small(pub(crate) &'static PeerKind);

impl Target for Small {
    fn name(&self) -> &str {
        "small"
    }

    fn system(&self) -> &'static PeerKind {
        self.0
    }

    fn within(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn set_stage(&self, scenario: &Scenario, seed: u64, keep_frames: bool) -> Result<Stage, TargetError> {
        if scenario.name == "nowhere" {
            return Err(TargetError("there is no stage".to_owned()));
        }
        let mut driver = SimDriver::new(scenario.starts, seed).with_usual_link(scenario.network);
        if keep_frames {
            driver = driver.keeping_carried();
        }
        let add = |driver: &mut SimDriver, address: [u8; 4], node: Box<dyn Peer>| {
            driver.add_node(&[IpAddr::from(address)], node).map_err(|error| TargetError(error.0))
        };
        let system = Box::new(System { balance: 1_000_000, out: VecDeque::new() });
        let system = add(&mut driver, SYSTEM_ADDRESS, system)?;
        let caller = add(&mut driver, CALLER_ADDRESS, Box::<Caller>::default())?;
        Ok(Stage { driver: Box::new(driver), system, peers: vec![caller] })
    }
}

/// A scenario of the small world without steps.
pub(crate) fn scenario() -> Scenario {
    Scenario {
        path: "scenarios/small.yaml".into(),
        name: "small".into(),
        variant: Text::default(),
        covers: Vec::new(),
        tags: Vec::new(),
        starts: Instant::from_unix_secs(1_000_000_000),
        strict: false,
        exact_times: false,
        seed: None,
        network: Impairment::default(),
        world: Arc::default(),
        peers: vec![PeerSpec {
            name: "caller".into(),
            kind: &CALLER_KIND,
            address: CALLER_ADDRESS.into(),
            settings: Fields::new(),
            systems: Vec::new(),
            system: None,
            place: place(2),
        }],
        steps: Vec::new(),
        finally: Finally::default(),
        version: Text::default(),
        twin: None,
        origin: None,
    }
}

/// A scenario with these steps, each on a line of its own from line 10 on.
pub(crate) fn playing(steps: Vec<Deed>) -> Scenario {
    let steps = steps.into_iter().zip(10..).map(|(does, line)| Step {
        place: place(line),
        text: format!("step of line {line}").into(),
        does,
    });
    Scenario { steps: steps.collect(), ..scenario() }
}

pub(crate) fn place(line: u32) -> Place {
    Place { file: Arc::from(Path::new("scenarios/small.yaml")), line, column: 5 }
}

/// `caller.<verb>` with these arguments.
pub(crate) fn act(verb: &str, args: Fields) -> Deed {
    act_late(verb, args, &[])
}

/// The same with arguments that name captures.
pub(crate) fn act_late(verb: &str, args: Fields, late: &[(&str, &str)]) -> Deed {
    let verb = CALLER_KIND.verb(verb).unwrap();
    let late = late.iter().map(|(name, template)| LateArg {
        arg: verb.args.iter().find(|arg| arg.name == *name).unwrap(),
        template: (*template).into(),
    });
    Deed::Act { who: CALLER, verb, args, late: late.collect(), may_refuse: false }
}

/// `caller.see` now.
pub(crate) fn see(text: &str) -> Deed {
    act("see", Fields::new().with("text", text))
}

/// `caller.see` after so many milliseconds.
pub(crate) fn see_after(text: &str, millis: u64) -> Deed {
    act("see", Fields::new().with("text", text).with("after", Duration::from_millis(millis)))
}

/// `caller.send`.
pub(crate) fn send(text: &str) -> Deed {
    act("send", Fields::new().with("text", text))
}

/// `expect: { <who>: <sight>, where: … }`
pub(crate) fn expecting(who: Who, sight: &str, fields: &[(&str, Matcher)]) -> Expectation {
    let kind = if who == Who::System { &SYSTEM_KIND } else { &CALLER_KIND };
    let fields = fields.iter().zip(100..).map(|((path, matcher), line)| FieldMatch {
        path: FieldPath::parse(path).unwrap(),
        matcher: matcher.clone(),
        place: place(line),
    });
    Expectation {
        who,
        sight: kind.sight(sight).unwrap(),
        is: None,
        fields: fields.collect(),
        within: None,
        times: 1,
        absent: false,
        capture: Vec::new(),
    }
}

pub(crate) fn expect(who: Who, sight: &str, fields: &[(&str, Matcher)]) -> Deed {
    Deed::Expect(expecting(who, sight, fields))
}

/// An unquoted value, read as the language reads it.
pub(crate) fn plain(written: &str) -> Matcher {
    Matcher::Equals(Scalar::Plain { written: written.into(), value: crate::scenario::values::plain(written) })
}

/// A quoted value.
pub(crate) fn quoted(text: &str) -> Matcher {
    Matcher::Equals(Scalar::Text(text.into()))
}

/// Plays a scenario in the small world.
pub(crate) fn play(scenario: &Scenario) -> Record {
    play_on(scenario, &Small(&SYSTEM_KIND), 1)
}

/// Plays a scenario on a target.
pub(crate) fn play_on(scenario: &Scenario, target: &dyn Target, seed: u64) -> Record {
    let mut stage = target.set_stage(scenario, seed, false).unwrap();
    let mut record = Record::default();
    super::play(scenario, &mut stage, &Terms::of(target), &mut record);
    record
}

/// What a step that failed expected and saw.
pub(crate) fn mismatches(outcome: &StepOutcome) -> Vec<(&str, &str)> {
    match outcome {
        StepOutcome::Failed(mismatches) => {
            mismatches.iter().map(|one| (one.expected.as_str(), one.seen.as_str())).collect()
        }
        other => panic!("it did not fail: {other:?}"),
    }
}

/// The canonical text of a journal.
pub(crate) fn text(journal: &Journal) -> String {
    let mut text = Vec::new();
    journal.write_to(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}
