//! The loop that keeps sessions going over connections and counts.

use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tollgate_diameter::Message;
use tollgate_network::live::batch::wait_readable;

use super::DiameterPlan;
use super::connection::Connection;
use super::messages::{Messages, Step, Told, alive};
use crate::generator::{
    EXPIRY_PARTS, Ends, WAIT_MAX, WAIT_MIN, histogram, nanos, own_time, server_time, verdict,
};
use crate::report::{Latency, Processor, Report, Usage, permille};
use crate::{LoadError, Pace, cpu};

/// A connection that has so much to be written gets no more for now, in octets.
const HELD_MAX: usize = 128 * 1_024;
/// Device-Watchdog (RFC 6733 section 5.5).
const WATCHDOG: u32 = 280;

/// Makes a run.
///
/// # Errors
/// The plan is out of bounds, the server takes no connection or ends one, or the machine refuses something. What single
/// requests meet is counted.
pub fn run(plan: &DiameterPlan) -> Result<Report, LoadError> {
    plan.check()?;
    let mut run = Run::new(plan)?;
    let server_before = server_time(plan.server_pid)?;
    let (own_before, waited_before) = (own_time()?, cpu::time_waited());
    run.began = Instant::now();
    (run.last_answer, run.next_expiry) = (run.began, run.began + plan.answer_max / EXPIRY_PARTS);
    while run.step()? {}
    let own = own_time()?.saturating_sub(own_before);
    let waited = cpu::time_waited().saturating_sub(waited_before);
    let server = match (server_time(plan.server_pid)?, server_before) {
        (Some(after), Some(before)) => Some(after.saturating_sub(before)),
        _ => None,
    };
    Ok(run.report(own, waited, server))
}

/// A request that waits for its answer.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    session: u32,
    step: Step,
    end_to_end: u32,
    /// When it was to be sent; latency counts from here.
    due: Instant,
    sent: Instant,
}

struct Run<'a> {
    plan: &'a DiameterPlan,
    messages: Messages,
    connections: Vec<Connection>,
    /// Hop-by-Hop Identifiers are the places here.
    waiting: Vec<Option<Waiting>>,
    free: VecDeque<u32>,
    in_flight: u32,
    end_to_end: u32,
    /// Sessions whose last request was answered, with what comes next.
    ready: VecDeque<(u32, Step)>,
    begun: u32,
    open: u32,
    began: Instant,
    last_answer: Instant,
    next_expiry: Instant,
    due: u64,
    held_up: u64,
    counts: Counts,
    latencies: Histogram<u64>,
    delays: Histogram<u64>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: u64,
    answered: u64,
    refused: u64,
    lost: u64,
    wrong: u64,
    stray: u64,
    usage: Usage,
}

impl<'a> Run<'a> {
    fn new(plan: &'a DiameterPlan) -> Result<Self, LoadError> {
        let connections = (0..plan.connections).map(|number| Connection::open(plan.server, number));
        let now = Instant::now();
        let slots = plan.pace.in_flight_max();
        Ok(Self {
            plan,
            messages: Messages::new(plan.accounts, plan.run)?,
            connections: connections.collect::<Result<_, _>>()?,
            waiting: (0..slots).map(|_| None).collect(),
            free: (0..slots).collect(),
            in_flight: 0,
            end_to_end: plan.run << 20,
            ready: VecDeque::new(),
            begun: 0,
            open: 0,
            began: now,
            last_answer: now,
            next_expiry: now,
            due: 0,
            held_up: 0,
            counts: Counts::default(),
            latencies: histogram(),
            delays: histogram(),
        })
    }

    /// One turn; `false` when the run is over.
    fn step(&mut self) -> Result<bool, LoadError> {
        let now = Instant::now();
        let sent = self.send(now)?;
        let received = self.receive()?;
        if now >= self.next_expiry {
            self.expire(now);
            self.next_expiry = now + self.plan.answer_max / EXPIRY_PARTS;
        }
        if self.open == 0 && !self.may_begin(now) {
            return Ok(false);
        }
        if !sent && !received {
            self.wait(now);
        }
        Ok(true)
    }

    /// Whether sessions still begin and go on; what is open when they do not, is ended.
    fn goes_on(&self, now: Instant) -> bool {
        self.counts.sent < self.plan.requests_max
            && now.saturating_duration_since(self.began) < self.plan.time_max
    }

    fn may_begin(&self, now: Instant) -> bool {
        self.goes_on(now) && self.begun < u32::MAX
    }

    fn is_full(&self) -> bool {
        self.free.is_empty()
    }

    /// When the next request of an open loop is due.
    fn due_at(&self) -> Instant {
        let Pace::Rate { per_second, .. } = self.plan.pace else { return self.began };
        let nanos = u128::from(self.due) * 1_000_000_000 / u128::from(per_second);
        self.began + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn next_due(&self, now: Instant) -> Option<Instant> {
        match self.plan.pace {
            Pace::Window(_) => Some(now),
            Pace::Rate { .. } => Some(self.due_at()).filter(|due| *due <= now),
        }
    }

    /// What to send next.
    fn next_step(&mut self, now: Instant) -> Option<(u32, Step)> {
        if self.open < self.plan.sessions && self.may_begin(now) {
            (self.begun, self.open) = (self.begun + 1, self.open + 1);
            return Some((self.begun - 1, Step::Initial));
        }
        let (session, step) = self.ready.pop_front()?;
        Some(match step {
            Step::Update(number) if !self.goes_on(now) => (session, Step::Terminate(number)),
            _ => (session, step),
        })
    }

    fn place_of(&self, session: u32) -> usize {
        usize::try_from(session).unwrap_or(0) % self.connections.len()
    }

    fn send(&mut self, now: Instant) -> Result<bool, LoadError> {
        let mut any = false;
        while let Some(due) = self.next_due(now) {
            let Some(slot) = self.free.front().copied() else { break };
            let Some((session, step)) = self.next_step(now) else { break };
            let place = self.place_of(session);
            let connection = &mut self.connections[place];
            self.free.pop_front();
            self.end_to_end = self.end_to_end.wrapping_add(1);
            self.messages.write(&mut connection.out, session, step, (slot, self.end_to_end));
            let waiting = Waiting { session, step, end_to_end: self.end_to_end, due, sent: now };
            self.waiting[usize::try_from(slot).unwrap_or(0)] = Some(waiting);
            (self.in_flight, self.counts.sent, any) = (self.in_flight + 1, self.counts.sent + 1, true);
            if matches!(self.plan.pace, Pace::Rate { .. }) {
                self.due += 1;
                self.delays.saturating_record(nanos(now.saturating_duration_since(due)).max(1));
            }
            if connection.out.len() >= HELD_MAX {
                break;
            }
        }
        if matches!(self.plan.pace, Pace::Rate { .. }) && self.is_full() {
            self.held_up += u64::from(self.next_due(now).is_some());
        }
        for connection in &mut self.connections {
            connection.flush()?;
        }
        Ok(any)
    }

    fn receive(&mut self) -> Result<bool, LoadError> {
        let Self { connections, waiting, free, in_flight, ready, open, counts, messages, latencies, .. } =
            self;
        let (updates, mut last) = (self.plan.updates, None);
        let mut any = false;
        for (connection, number) in connections.iter_mut().zip(0_u32..) {
            let now = Instant::now();
            any |= connection.receive(|header, octets, out| {
                if header.is_request() {
                    if header.command == WATCHDOG
                        && let Ok(message) = Message::parse(octets)
                        && let Ok(mut answer) = alive(number, &message)
                    {
                        out.append(&mut answer);
                    }
                    return;
                }
                let place = usize::try_from(header.hop_by_hop).unwrap_or(usize::MAX);
                let own = waiting.get(place).copied().flatten();
                let Some(own) = own.filter(|own| own.end_to_end == header.end_to_end) else {
                    counts.stray += 1;
                    return;
                };
                let told = Message::parse(octets)
                    .map_or(Told::Wrong, |message| messages.judge(&message, own.session, own.step));
                waiting[place] = None;
                free.push_back(header.hop_by_hop);
                *in_flight -= 1;
                match told {
                    Told::Wrong => counts.wrong += 1,
                    Told::Granted | Told::Refused => counts.answered += 1,
                }
                counts.refused += u64::from(told == Told::Refused);
                latencies.saturating_record(nanos(now.saturating_duration_since(own.due)).max(1));
                last = Some(now);
                counts.usage.take(own.step, told == Told::Granted);
                match (own.step, told) {
                    (Step::Initial, Told::Granted) => ready.push_back((own.session, after(0, updates))),
                    (Step::Update(number), Told::Granted) => {
                        ready.push_back((own.session, after(number, updates)));
                    }
                    _ => *open -= 1,
                }
            })?;
        }
        self.last_answer = last.unwrap_or(self.last_answer);
        Ok(any)
    }

    /// Gives up what waits for too long, with its session.
    fn expire(&mut self, now: Instant) {
        for (place, own) in (0_u32..).zip(&mut self.waiting) {
            if own.is_some_and(|own| now.saturating_duration_since(own.sent) >= self.plan.answer_max) {
                *own = None;
                self.free.push_back(place);
                self.in_flight -= 1;
                self.open -= 1;
                self.counts.lost += 1;
            }
        }
    }

    /// Lets the processor go until there is something to do.
    fn wait(&self, now: Instant) {
        let until = match self.plan.pace {
            Pace::Rate { .. } if !self.is_full() => self.due_at().min(self.next_expiry),
            _ => self.next_expiry,
        };
        let held = self.connections.iter().any(Connection::is_held);
        let most = until.saturating_duration_since(now).min(WAIT_MAX);
        if most >= WAIT_MIN && !held {
            let sockets: Vec<RawFd> = self.connections.iter().map(Connection::descriptor).collect();
            // An error shows again where the socket is read.
            let _woken = wait_readable(&sockets, most - WAIT_MIN / 2);
        } else {
            std::hint::spin_loop();
        }
    }

    fn report(self, own: Duration, waited: Duration, server: Option<Duration>) -> Report {
        let elapsed = self.last_answer.saturating_duration_since(self.began);
        let ran = self.began.elapsed();
        let Counts { sent, answered, refused, lost, wrong, stray, usage } = self.counts;
        let per_second = u128::from(answered) * 1_000_000_000 / elapsed.as_nanos().max(1);
        let generator = Processor::over(own, ran, answered);
        let server = server.map(|used| Processor::over(used, ran, answered));
        let waited_permille = permille(waited, ran);
        let delay = Latency::of(&self.delays);
        let ends = Ends { generator, waited_permille, server };
        Report {
            sent,
            answered,
            rejected: refused,
            lost,
            wrong,
            stray,
            refused: 0,
            elapsed_nanos: nanos(elapsed),
            per_second: u64::try_from(per_second).unwrap_or(u64::MAX),
            latency: Latency::of(&self.latencies),
            delay,
            held_up: self.held_up,
            generator,
            waited_permille,
            server,
            usage: Some(usage),
            verdict: verdict(self.plan.pace, ends, delay, self.held_up),
        }
    }
}

/// What comes after the request of this number.
const fn after(number: u32, updates: u32) -> Step {
    if number < updates { Step::Update(number + 1) } else { Step::Terminate(number + 1) }
}

impl Usage {
    fn take(&mut self, step: Step, granted: bool) {
        if !granted {
            return;
        }
        self.octets += step.reports();
        match step {
            Step::Initial => self.begun += 1,
            Step::Update(_) => self.updates += 1,
            Step::Terminate(_) => self.ended += 1,
        }
    }
}
