//! What a run found.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Requests that were sent.
    pub sent: u64,
    /// Those of them that were answered rightly.
    pub answered: u64,
    /// Answers that were Access-Rejects, or that refused or cut down what was asked for.
    pub rejected: u64,
    /// Requests without an answer in time.
    pub lost: u64,
    /// Answers of a wrong kind, with a wrong authenticator, or that are no packets.
    pub wrong: u64,
    /// Answers to nothing that was in flight: late ones and repeated ones.
    pub stray: u64,
    /// Requests that this machine's network refused, and errors that it reported.
    pub refused: u64,
    /// From the first request to the last answer, in nanoseconds.
    pub elapsed_nanos: u64,
    /// Answers a second.
    pub per_second: u64,
    /// From when a request was due to its answer, in nanoseconds.
    pub latency: Latency,
    /// From when a request was due to when it was sent, in nanoseconds. Nothing in a closed loop.
    pub delay: Latency,
    /// Requests that were due while as many as are allowed were in flight already.
    pub held_up: u64,
    /// The processor time of this end.
    pub generator: Processor,
    /// How much of the run this end was ready but had no processor, in thousandths.
    pub waited_permille: u64,
    /// The processor time of the server, where it was asked for.
    pub server: Option<Processor>,
    /// What sessions of credit control came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Whether the figures are the server's.
    pub verdict: Verdict,
}

/// What was granted and reported in sessions of credit control; what the server charged can be held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Sessions that began.
    pub begun: u64,
    /// Reports in the middle of a session that were answered with a new grant.
    pub updates: u64,
    /// Sessions that ended in order.
    pub ended: u64,
    /// Octets that were reported as used, in requests that were answered.
    pub octets: u64,
}

/// A distribution, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// Half take no longer.
    pub p50: u64,
    /// Of ten, nine.
    pub p90: u64,
    /// Of a hundred, all but one.
    pub p99: u64,
    /// Of a thousand, all but one.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

/// Processor time over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Processor {
    /// In milliseconds, to the hundredth of a second.
    pub millis: u64,
    /// The share of one processor, in thousandths of the time from the first request to the end of the run.
    pub permille: u64,
    /// For an answer, in nanoseconds.
    pub nanos_each: u64,
}

/// Whether a run measured the server or its generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The generator had time to spare, or the server had none left either.
    Clean,
    /// The generator was saturated: the server may do better than the figures say.
    Saturated {
        /// Why.
        why: String,
    },
    /// The server did not keep up with the rate that was asked for.
    Overloaded {
        /// How that showed.
        why: String,
    },
}

impl Latency {
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogram.max() }
    }
}

impl Processor {
    pub(crate) fn over(used: Duration, ran: Duration, answers: u64) -> Self {
        let each = used.as_nanos() / u128::from(answers.max(1));
        Self {
            millis: u64::try_from(used.as_millis()).unwrap_or(u64::MAX),
            permille: permille(used, ran),
            nanos_each: u64::try_from(each).unwrap_or(u64::MAX),
        }
    }
}

/// A part of a whole, in thousandths.
pub(crate) fn permille(part: Duration, whole: Duration) -> u64 {
    u64::try_from(part.as_nanos() * 1_000 / whole.as_nanos().max(1)).unwrap_or(u64::MAX)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |nanos: u64| Duration::from_micros(nanos / 1_000);
        writeln!(
            f,
            "answers      {} ({} a second over {:?})",
            self.answered,
            self.per_second,
            micros(self.elapsed_nanos)
        )?;
        writeln!(
            f,
            "not right    {} lost, {} rejected, {} wrong, {} stray, {} refused",
            self.lost, self.rejected, self.wrong, self.stray, self.refused
        )?;
        for (name, one) in [("latency", &self.latency), ("sent late", &self.delay)] {
            let Latency { p50, p90, p99, p999, max } = *one;
            let [p50, p90, p99, p999, max] = [p50, p90, p99, p999, max].map(micros);
            writeln!(f, "{name:<12} p50 {p50:?}, p90 {p90:?}, p99 {p99:?}, p99.9 {p999:?}, max {max:?}")?;
        }
        for (name, processor) in [("generator", Some(&self.generator)), ("server", self.server.as_ref())] {
            if let Some(Processor { millis, permille, nanos_each }) = processor {
                writeln!(
                    f,
                    "{name:<12} {millis} ms of processor time, {}.{} % of one, {nanos_each} ns an answer",
                    permille / 10,
                    permille % 10
                )?;
            }
        }
        if let Some(Usage { begun, updates, ended, octets }) = self.usage {
            writeln!(
                f,
                "sessions     {begun} begun, {ended} ended, {updates} updates, {octets} octets reported as used"
            )?;
        }
        if self.waited_permille > 0 {
            let (percent, part) = (self.waited_permille / 10, self.waited_permille % 10);
            writeln!(f, "{:<12} {percent}.{part} % of the time ready, but without a processor", "generator")?;
        }
        match &self.verdict {
            Verdict::Clean => write!(f, "verdict      clean"),
            Verdict::Saturated { why } => write!(f, "verdict      the generator was saturated: {why}"),
            Verdict::Overloaded { why } => write!(f, "verdict      the server did not keep up: {why}"),
        }
    }
}
