//! The loop that sends, receives and counts.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tollgate_network::live::batch::{BATCH_MAX, Inbox, wait_readable};
use tollgate_radius::{Code, PACKET_LEN_MAX, Packet, verify};

use crate::flight::{Flight, Waiting};
use crate::plan::{Pace, Plan, Traffic};
use crate::report::{Latency, Processor, Report, Verdict, permille};
use crate::request::{Requests, Step};
use crate::{LoadError, RequestError, cpu};

/// Latencies are told apart up to here, in nanoseconds; longer ones count as this.
const LATENCY_MAX: u64 = 120_000_000_000;
/// How often requests without an answer are looked for, as a part of the time that an answer may take.
pub(crate) const EXPIRY_PARTS: u32 = 8;
/// The longest wait for an answer in one go.
pub(crate) const WAIT_MAX: Duration = Duration::from_millis(20);
/// A wait shorter than this is spent turning, as the machine cannot time it.
pub(crate) const WAIT_MIN: Duration = Duration::from_millis(2);
/// A generator that takes so much of a processor, in thousandths, has none to spare.
const BUSY_PERMILLE: u64 = 950;
/// One that was without a processor for so much of the time, in thousandths, was starved: both ends on one
/// processor, or others beside them.
const STARVED_PERMILLE: u64 = 100;
/// A hundredth of the requests sent later than this, though the server left room, were late by the
/// generator's own fault.
const DELAY_MAX: Duration = Duration::from_millis(1);

/// Makes a run.
///
/// # Errors
/// The plan is out of bounds, or the machine refuses something at the start. What single requests meet
/// is counted.
pub fn run(plan: &Plan) -> Result<Report, LoadError> {
    plan.check()?;
    let mut run = Run::new(plan)?;
    let server_before = server_time(plan.server_pid)?;
    let (own_before, waited_before) = (own_time()?, cpu::time_waited());
    run.begin();
    while run.step()? {}
    let own = own_time()?.saturating_sub(own_before);
    let waited = cpu::time_waited().saturating_sub(waited_before);
    let server = match (server_time(plan.server_pid)?, server_before) {
        (Some(after), Some(before)) => Some(after.saturating_sub(before)),
        _ => None,
    };
    Ok(run.report(own, waited, server))
}

pub(crate) fn own_time() -> Result<Duration, LoadError> {
    cpu::time_of(None).map_err(|why| LoadError::Process { pid: std::process::id(), why })
}

pub(crate) fn server_time(pid: Option<u32>) -> Result<Option<Duration>, LoadError> {
    let read = |pid| cpu::time_of(Some(pid)).map_err(|why| LoadError::Process { pid, why });
    pid.map(read).transpose()
}

pub(crate) fn histogram() -> Histogram<u64> {
    // The bounds are constants that the histogram accepts.
    Histogram::new_with_bounds(1, LATENCY_MAX, 3).unwrap_or_else(|_| unreachable!())
}

struct Run<'a> {
    plan: &'a Plan,
    requests: Requests,
    flight: Flight,
    inbox: Inbox,
    began: Instant,
    last_answer: Instant,
    next_expiry: Instant,
    /// Sessions begun so far.
    sessions: u64,
    sessions_max: u64,
    /// Sessions whose Start was answered.
    open: VecDeque<u64>,
    /// Requests that were due so far, in an open loop.
    due: u64,
    held_up: u64,
    latencies: Histogram<u64>,
    delays: Histogram<u64>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    sent: u64,
    answers: u64,
    answered: u64,
    rejected: u64,
    lost: u64,
    wrong: u64,
    stray: u64,
    refused: u64,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Result<Self, LoadError> {
        let now = Instant::now();
        let steps = match plan.traffic {
            Traffic::Accounting => 2,
            Traffic::Access { .. } => 1,
        };
        Ok(Self {
            plan,
            requests: Requests::new(plan)?,
            flight: Flight::open(plan.server, plan.pace.in_flight_max()).map_err(LoadError::Socket)?,
            inbox: Inbox::new(PACKET_LEN_MAX),
            began: now,
            last_answer: now,
            next_expiry: now,
            sessions: 0,
            sessions_max: plan.requests_max.div_ceil(steps),
            open: VecDeque::new(),
            due: 0,
            held_up: 0,
            latencies: histogram(),
            delays: histogram(),
            counts: Counts::default(),
        })
    }

    fn begin(&mut self) {
        let now = Instant::now();
        (self.began, self.last_answer, self.next_expiry) = (now, now, now + self.expiry_step());
    }

    /// One turn; `false` when the run is over.
    fn step(&mut self) -> Result<bool, LoadError> {
        let now = Instant::now();
        let sent = self.send(now)?;
        let received = self.receive();
        if now >= self.next_expiry {
            self.counts.lost += self.flight.expire(now, self.plan.answer_max);
            self.next_expiry = now + self.expiry_step();
        }
        if self.flight.in_flight() == 0 && self.open.is_empty() && !self.may_begin(now) {
            return Ok(false);
        }
        if !sent && !received {
            self.wait(now);
        }
        Ok(true)
    }

    fn expiry_step(&self) -> Duration {
        self.plan.answer_max / EXPIRY_PARTS
    }

    /// Whether another session may begin.
    fn may_begin(&self, now: Instant) -> bool {
        self.sessions < self.sessions_max && now.saturating_duration_since(self.began) < self.plan.time_max
    }

    /// Sends what is to be sent now, at most as much as fills the sockets' batches; whether that was
    /// anything.
    fn send(&mut self, now: Instant) -> Result<bool, RequestError> {
        let mut any = false;
        while let Some(due) = self.next_due(now) {
            if self.flight.in_flight() >= self.plan.pace.in_flight_max() {
                break;
            }
            let Some((session, step)) = self.next_step(now) else { break };
            let Some((lane, identifier)) = self.flight.reserve() else {
                self.put_back(session, step);
                break;
            };
            let request = self.requests.make(session, step, identifier)?;
            self.flight.lanes[lane].outbox.push(self.plan.server, request.payload);
            let authenticator = request.authenticator;
            self.flight.depart(lane, identifier, Waiting { session, step, authenticator, due, sent: now });
            if matches!(self.plan.pace, Pace::Rate { .. }) {
                self.due += 1;
                self.delays.saturating_record(nanos(now.saturating_duration_since(due)).max(1));
            }
            any = true;
        }
        if let (Pace::Rate { .. }, true) = (self.plan.pace, self.is_full()) {
            self.held_up += u64::from(self.next_due(now).is_some());
        }
        for lane in &mut self.flight.lanes {
            let sent = lane.outbox.send(&lane.socket);
            self.counts.sent += sent.sent;
            self.counts.refused += sent.refused;
        }
        Ok(any)
    }

    fn is_full(&self) -> bool {
        self.flight.in_flight() >= self.plan.pace.in_flight_max()
    }

    /// When the next request is due, if it is by now.
    fn next_due(&self, now: Instant) -> Option<Instant> {
        match self.plan.pace {
            Pace::Window(_) => Some(now),
            Pace::Rate { .. } => Some(self.due_at()).filter(|due| *due <= now),
        }
    }

    /// When the next request of an open loop is due.
    fn due_at(&self) -> Instant {
        let Pace::Rate { per_second, .. } = self.plan.pace else { return self.began };
        let nanos = u128::from(self.due) * 1_000_000_000 / u128::from(per_second);
        self.began + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// What to send next: the end of a session before the beginning of another.
    fn next_step(&mut self, now: Instant) -> Option<(u64, Step)> {
        if let Some(session) = self.open.pop_front() {
            return Some((session, Step::Stop));
        }
        if !self.may_begin(now) {
            return None;
        }
        let session = self.sessions;
        self.sessions += 1;
        match self.plan.traffic {
            Traffic::Accounting => Some((session, Step::Start)),
            Traffic::Access { .. } => Some((session, Step::Access)),
        }
    }

    /// Undoes [`Self::next_step`].
    fn put_back(&mut self, session: u64, step: Step) {
        if step == Step::Stop {
            self.open.push_front(session);
        } else {
            self.sessions -= 1;
        }
    }

    /// Takes what has arrived, a batch from each socket; whether that was anything.
    fn receive(&mut self) -> bool {
        let mut any = false;
        for lane in 0..self.flight.lanes.len() {
            if self.flight.lanes[lane].is_idle() {
                continue;
            }
            let Ok(count) = self.inbox.receive(&self.flight.lanes[lane].socket) else { continue };
            let now = Instant::now();
            for place in 0..count {
                if let Some(datagram) = self.inbox.take(place).filter(|one| one.from == self.plan.server) {
                    self.answer(lane, &datagram.payload, now);
                } else {
                    self.counts.stray += 1;
                }
            }
            any |= count > 0;
        }
        any
    }

    fn answer(&mut self, lane: usize, payload: &[u8], now: Instant) {
        let Ok(packet) = Packet::parse(payload) else {
            self.counts.wrong += 1;
            return;
        };
        let identifier = packet.identifier();
        let Some(waiting) = self.flight.waiting(lane, identifier) else {
            self.counts.stray += 1;
            return;
        };
        let right = match waiting.step {
            Step::Start | Step::Stop => packet.code() == Code::ACCOUNTING_RESPONSE,
            Step::Access => [Code::ACCESS_ACCEPT, Code::ACCESS_REJECT].contains(&packet.code()),
        };
        self.counts.answers += 1;
        let verified = !self.counts.answers.is_multiple_of(u64::from(self.plan.verify_every))
            || verify::response(&packet, &waiting.authenticator, &self.plan.secret);
        if !right || !verified {
            // It may be forged, or late: the right one may still come.
            self.counts.wrong += 1;
            return;
        }
        self.counts.answered += 1;
        self.counts.rejected += u64::from(packet.code() == Code::ACCESS_REJECT);
        self.latencies.saturating_record(nanos(now.saturating_duration_since(waiting.due)).max(1));
        if waiting.step == Step::Start {
            self.open.push_back(waiting.session);
        }
        self.last_answer = now;
        self.flight.land(lane, identifier);
    }

    /// Lets the processor go until there is something to do.
    fn wait(&self, now: Instant) {
        let until = match self.plan.pace {
            Pace::Rate { .. } if !self.is_full() => self.due_at().min(self.next_expiry),
            _ => self.next_expiry,
        };
        let most = until.saturating_duration_since(now).min(WAIT_MAX);
        if most >= WAIT_MIN {
            let busy = self.flight.lanes.iter().filter(|lane| !lane.is_idle());
            let sockets: Vec<RawFd> = busy.map(|lane| lane.socket.as_raw_fd()).collect();
            // An error shows again where the socket is read.
            let _woken = wait_readable(&sockets, most - WAIT_MIN / 2);
        } else {
            std::hint::spin_loop();
        }
    }

    fn report(self, own: Duration, waited: Duration, server: Option<Duration>) -> Report {
        let elapsed = self.last_answer.saturating_duration_since(self.began);
        let ran = self.began.elapsed();
        let answered = self.counts.answered;
        let per_second = u128::from(answered) * 1_000_000_000 / elapsed.as_nanos().max(1);
        let generator = Processor::over(own, ran, answered);
        let server = server.map(|used| Processor::over(used, ran, answered));
        let waited_permille = permille(waited, ran);
        let delay = Latency::of(&self.delays);
        let ends = Ends { generator, waited_permille, server };
        Report {
            sent: self.counts.sent,
            answered,
            rejected: self.counts.rejected,
            lost: self.counts.lost,
            wrong: self.counts.wrong,
            stray: self.counts.stray,
            refused: self.counts.refused,
            elapsed_nanos: nanos(elapsed),
            per_second: u64::try_from(per_second).unwrap_or(u64::MAX),
            latency: Latency::of(&self.latencies),
            delay,
            held_up: self.held_up,
            generator,
            waited_permille,
            server,
            usage: None,
            verdict: verdict(self.plan.pace, ends, delay, self.held_up),
        }
    }
}

/// How busy both ends were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) generator: Processor,
    pub(crate) waited_permille: u64,
    pub(crate) server: Option<Processor>,
}

/// Whose limit a run met.
pub(crate) fn verdict(pace: Pace, ends: Ends, delay: Latency, held_up: u64) -> Verdict {
    let saturated = |why: String| Verdict::Saturated { why };
    let busy = |one: Processor| one.permille >= BUSY_PERMILLE;
    match pace {
        // Both at their limit: no faster generator would have found more.
        Pace::Window(_) if ends.server.is_some_and(busy) => Verdict::Clean,
        Pace::Window(_) if busy(ends.generator) => {
            let Processor { permille, .. } = ends.generator;
            saturated(format!("it took {}.{} % of a processor", permille / 10, permille % 10))
        }
        Pace::Window(_) if ends.waited_permille >= STARVED_PERMILLE => {
            let waited = ends.waited_permille;
            saturated(format!("it was without a processor {}.{} % of the time", waited / 10, waited % 10))
        }
        Pace::Window(_) => Verdict::Clean,
        Pace::Rate { .. } if delay.p99 > nanos(DELAY_MAX) && held_up == 0 => {
            saturated(format!("one request in a hundred was sent {} µs late or later", delay.p99 / 1_000))
        }
        Pace::Rate { in_flight_max, .. } if held_up > 0 => {
            Verdict::Overloaded { why: format!("{in_flight_max} requests were in flight, and more were due") }
        }
        Pace::Rate { .. } => Verdict::Clean,
    }
}

pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

const _: () = assert!(BATCH_MAX <= 256, "a batch must fit the identifiers of a socket");

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: Pace = Pace::Window(64);
    const OPEN: Pace = Pace::Rate { per_second: 1_000, in_flight_max: 64 };

    fn judge(pace: Pace, ends: [u64; 3], p99: u64, held_up: u64) -> Verdict {
        let processor = |permille| Processor { millis: 0, permille, nanos_each: 0 };
        let [generator, waited_permille, server] = ends;
        let ends = Ends { generator: processor(generator), waited_permille, server: Some(processor(server)) };
        verdict(pace, ends, Latency { p99, ..Latency::default() }, held_up)
    }

    #[test]
    fn a_generator_without_time_to_spare_says_so() {
        assert_eq!(judge(CLOSED, [949, 99, 500], 0, 0), Verdict::Clean);
        assert!(matches!(judge(CLOSED, [950, 0, 500], 0, 0), Verdict::Saturated { .. }));
        assert!(matches!(judge(CLOSED, [500, 100, 500], 0, 0), Verdict::Saturated { .. }));
        assert_eq!(judge(CLOSED, [990, 0, 990], 0, 0), Verdict::Clean);
    }

    #[test]
    fn an_open_loop_is_judged_by_how_late_it_sends() {
        // It turns while it waits, so its processor time says nothing.
        assert_eq!(judge(OPEN, [1_000, 0, 100], 1_000_000, 0), Verdict::Clean);
        assert!(matches!(judge(OPEN, [100, 0, 100], 1_000_001, 0), Verdict::Saturated { .. }));
        assert!(matches!(judge(OPEN, [100, 0, 100], 1_000_001, 1), Verdict::Overloaded { .. }));
    }
}
