//! The node of a porter: requests become jobs, jobs are worked on side by side, what is under way survives a crash.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_network::{Action, ActionError, Input, KnownSystem, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::calls::{Calls, Reply};
use super::job::{Job, Side, Wanted};
use crate::outbox::Outbox;
use crate::settings::{Reader, words};
use crate::timers::Timers;

/// Customers under way or waiting at most.
const JOBS_MAX: usize = 100_000;

/// What comes up later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// A step is to be asked again.
    Again(u64),
    /// Reports may have come late.
    Sweep(u64),
}

/// One request of the administrator.
#[derive(Debug, Clone)]
pub(super) struct Order {
    begun: Instant,
    customers: u64,
    left: u64,
    pub(super) refused: u64,
}

/// The tools that move customers.
#[derive(Debug)]
pub struct Porter {
    pub(super) calls: Calls,
    pub(super) out: Outbox,
    pub(super) alarms: Timers<Alarm>,
    /// Stored, by their numbers.
    pub(super) jobs: BTreeMap<u64, Job>,
    /// Stored: those that have not begun.
    waiting: VecDeque<u64>,
    orders: BTreeMap<u64, Order>,
    made: u64,
    threads: usize,
    pub(super) dispatchers: Vec<SocketAddr>,
    /// The environments of source and target.
    pub(super) environments: [u32; 2],
    retry: Duration,
    pub(super) sweep: Duration,
    pub(super) watch: Duration,
    pub(super) now: Instant,
}

impl Porter {
    /// A porter with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or there is no such system, or it has no environment.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let port = port(&reader, "api-port")?;
        let (source, target) =
            (system(setup, reader.text("source")?)?, system(setup, reader.text("target")?)?);
        let at = |own: &KnownSystem| {
            let address = own.addresses.first().copied();
            address
                .map(|address| SocketAddr::new(address, port))
                .ok_or_else(|| SetupError(format!("system '{}' has no address", own.name)))
        };
        let environment = |own: &KnownSystem| {
            own.environment.ok_or_else(|| {
                SetupError(format!(
                    "the world of '{}' does not say its `environment:`; customers are moved between numbered ones",
                    own.name
                ))
            })
        };
        let registry = self::port(&reader, "registry-port")?;
        let dispatchers = words(reader.value("dispatchers")).iter().filter_map(|value| match value {
            Value::Address(address) => Some(SocketAddr::new(*address, registry)),
            _ => None,
        });
        let credentials: (Text, Text) = (reader.text("login")?.into(), reader.text("password")?.into());
        let address: IpAddr = setup.address;
        let calls =
            Calls::new(address, [at(source)?, at(target)?], credentials, reader.span("answer-within")?);
        Ok(Self {
            calls,
            out: Outbox::new(setup.observe),
            alarms: Timers::default(),
            jobs: BTreeMap::new(),
            waiting: VecDeque::new(),
            orders: BTreeMap::new(),
            made: 0,
            threads: usize::try_from(reader.u32("threads")?).unwrap_or(1),
            dispatchers: dispatchers.collect(),
            environments: [environment(source)?, environment(target)?],
            retry: reader.span("retry")?,
            sweep: reader.span("sweep")?,
            watch: reader.span("watch")?,
            now: Instant::EPOCH,
        })
    }

    /// The environment of a side.
    pub(super) const fn environment(&self, side: Side) -> u32 {
        match side {
            Side::Source => self.environments[0],
            Side::Target => self.environments[1],
        }
    }

    fn take_order(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let dry_run = action.flag("dry-run");
        let xdrs = || Text::from(action.opt_text("xdrs").unwrap_or("all"));
        let (wanted, from) = match action.verb.as_str() {
            "port" => (Wanted::Port { xdrs: xdrs(), dry_run }, Side::Source),
            "port-xdrs" => (Wanted::Xdrs { xdrs: xdrs() }, Side::Source),
            "reverse" => (Wanted::Reverse { dry_run }, Side::Target),
            "clean" if action.opt_text("from") == Some("target") => (Wanted::Clean, Side::Target),
            "clean" => (Wanted::Clean, Side::Source),
            _ => return Err(ActionError::UnknownVerb(action.verb.to_string())),
        };
        let customers: Vec<&str> =
            words(action.args.get("customers")).iter().filter_map(Value::as_text).collect();
        if customers.is_empty() {
            return Err(ActionError::Impossible("no customer is named".to_owned()));
        }
        if self.jobs.len() + customers.len() > JOBS_MAX {
            return Err(ActionError::Impossible(format!("more than {JOBS_MAX} customers are under way")));
        }
        self.made += 1;
        let (order, count) = (self.made, u64::try_from(customers.len()).unwrap_or(u64::MAX));
        self.orders.insert(order, Order { begun: now, customers: count, left: count, refused: 0 });
        for name in customers {
            self.made += 1;
            self.jobs.insert(self.made, Job::new(order, wanted.clone(), from, name));
            self.waiting.push_back(self.made);
        }
        self.start(now);
        Ok(())
    }

    /// Begins as many jobs as may be under way.
    pub(super) fn start(&mut self, now: Instant) {
        let busy =
            |porter: &Self| porter.jobs.values().filter(|job| job.begun.is_some() && !job.watched).count();
        while busy(self) < self.threads
            && let Some(number) = self.waiting.pop_front()
        {
            let Some(job) = self.jobs.get_mut(&number) else { continue };
            job.begun = Some(now);
            if job.customer.is_some() {
                job.step = job.first_step();
            }
            self.ask(now, number);
        }
    }

    /// A job is done with; what is still to be swept stays.
    pub(super) fn finish(&mut self, now: Instant, number: u64, refused: bool) {
        let Some(job) = self.jobs.get(&number) else { return };
        let order = job.order;
        if !job.watched {
            self.jobs.remove(&number);
        }
        if let Some(own) = self.orders.get_mut(&order) {
            own.left = own.left.saturating_sub(1);
            own.refused += u64::from(refused);
            if own.left == 0 {
                let (took, own) = (now.saturating_since(own.begun), own.clone());
                self.orders.remove(&order);
                self.out.observe("finished", || {
                    let fields = Fields::new().with("customers", own.customers).with("refused", own.refused);
                    fields.with("took", took)
                });
            }
        }
        self.start(now);
    }

    fn settle(&mut self, now: Instant) {
        self.now = now;
        loop {
            let replies = self.calls.poll(now, &mut self.out);
            if replies.is_empty() {
                return;
            }
            for (number, reply) in replies {
                self.hear(now, number, reply);
            }
        }
    }

    fn hear(&mut self, now: Instant, number: u64, reply: Reply) {
        match reply {
            Reply::Answered(answer) => self.answered(now, number, &answer),
            Reply::Unanswered(why) => self.again(now, number, &why),
        }
    }

    /// Asks a step again after a while: whatever was done of it already is known there.
    pub(super) fn again(&mut self, now: Instant, number: u64, why: &str) {
        let Some(job) = self.jobs.get(&number) else { return };
        let (name, step) = (job.name.clone(), job.step.name());
        self.out.observe("asked-again", || {
            Fields::new().with("customer", name).with("step", step).with("why", why)
        });
        self.alarms.set(now + self.retry, Alarm::Again(number));
    }
}

fn port(reader: &Reader<'_>, name: &str) -> Result<u16, SetupError> {
    u16::try_from(reader.u32(name)?).map_err(|_| crate::settings::wrong(name))
}

fn system<'a>(setup: &'a Setup, name: &str) -> Result<&'a KnownSystem, SetupError> {
    setup.systems.iter().find(|own| own.name == name).ok_or_else(|| {
        let known: Vec<&str> = setup.systems.iter().map(|own| own.name.as_str()).collect();
        SetupError(format!("there is no system '{name}'; there are {}", known.join(", ")))
    })
}

impl Node for Porter {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(_) => {}
            Input::Stream(id, event) => drop(self.calls.take(now, id, event, &mut self.out)),
            Input::Timeout => {
                self.calls.expire(now, &mut self.out);
                while let Some((_, alarm)) = self.alarms.pop_due(now) {
                    match alarm {
                        Alarm::Again(number) => self.ask(now, number),
                        Alarm::Sweep(number) => self.sweep(now, number),
                    }
                }
            }
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        let deadlines = [self.calls.next_deadline(), self.alarms.next_deadline()];
        self.out.poll_or_wait(&deadlines)
    }

    fn restart(&mut self, now: Instant) {
        self.calls.restart();
        self.alarms.clear();
        self.out.clear();
        let mut resumed = 0_u64;
        let begun: Vec<u64> =
            self.jobs.iter().filter(|(_, job)| job.begun.is_some()).map(|(number, _)| *number).collect();
        for number in begun {
            let Some(job) = self.jobs.get_mut(&number) else { continue };
            job.step = job.step.stored();
            resumed += 1;
            if job.watched {
                self.alarms.set(now + self.sweep, Alarm::Sweep(number));
            } else {
                self.ask(now, number);
            }
        }
        self.out.observe("resumed", || Fields::new().with("customers", resumed));
    }
}

impl Peer for Porter {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        self.take_order(now, action)?;
        self.settle(now);
        Ok(())
    }
}
