//! What the settings say of a queue manager.

use std::time::Duration;

use tollgate_network::{Setup, SetupError};
use tollgate_wire::Value;

use crate::settings::{Reader, words, wrong};
use crate::sip::{self, Hop};

/// Queues of one manager, and lines of one queue.
const QUEUES_MAX: usize = 64;

/// A queue: its number, and the lines of its agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queue {
    pub(super) number: String,
    pub(super) lines: Vec<String>,
    pub(super) open: bool,
    /// The line that is tried next.
    pub(super) next: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) queues: Vec<Queue>,
    pub(super) server: Hop,
    pub(super) out_port: u16,
    pub(super) in_turn: bool,
    /// Whether who waits hears music; else only that he is queued (182).
    pub(super) answers: bool,
    pub(super) ring_time: Duration,
    pub(super) retry: Duration,
    pub(super) wait_max: Duration,
    pub(super) places: usize,
    pub(super) overflow: Option<String>,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let texts = words(reader.value("queues")).iter().filter_map(Value::as_text);
        let queues: Vec<Queue> = texts.map(queue).collect::<Result<_, _>>()?;
        if queues.len() > QUEUES_MAX || queues.iter().any(|own| own.lines.len() > QUEUES_MAX) {
            return Err(SetupError(format!("more than {QUEUES_MAX} queues, or lines of one queue")));
        }
        let (to, over) = sip::settings::place("server", reader.text("server")?)?;
        let out_port = u16::try_from(reader.u32("out-port")?).map_err(|_| wrong("out-port"))?;
        Ok(Self {
            queues,
            server: Hop { over, ..Hop::udp(to).from_port(out_port) },
            out_port,
            in_turn: reader.text("distribution")? == "round-robin",
            answers: reader.text("waiting")? == "music",
            ring_time: reader.span("ring-time")?,
            retry: reader.span("retry")?,
            wait_max: reader.span("wait-max")?,
            places: usize::try_from(reader.u32("places")?).map_err(|_| wrong("places"))?,
            overflow: reader.opt_text("overflow").map(str::to_owned),
        })
    }
}

/// Reads `<number>: <line>, <line>`.
fn queue(text: &str) -> Result<Queue, SetupError> {
    let wrong = || SetupError(format!("'{text}' is no queue; write it as '700: 101, 102'"));
    let (number, lines) = text.split_once(':').ok_or_else(wrong)?;
    let lines: Vec<String> =
        lines.split(',').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if number.trim().is_empty() || lines.is_empty() {
        return Err(wrong());
    }
    Ok(Queue { number: number.trim().to_owned(), lines, open: true, next: 0 })
}
