//! What the Diameter face counts: requests by their kind, answers by the class of their result, copies, what was no proper
//! message, connections that were refused. What a single one was about is an observation's affair.

use tollgate_diameter::Message;
use tollgate_diameter::peer::Note;

/// Numbers since the start or the last restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiameterTally {
    /// By the short name of the request: CCR-I, CCR-U, CCR-T, CCR-E.
    requests: Vec<(&'static str, u64)>,
    /// By the thousands of the Result-Code, 0 for none.
    answers: [u64; 6],
    others: [u64; OTHERS.len()],
}

/// What is counted beside requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    Duplicate,
    Malformed,
    NoDiameter,
    Refused,
    Unexpected,
    TooMany,
    TooSlow,
    Unmatched,
    Silent,
}

const OTHERS: [&str; 9] = [
    "duplicate-request",
    "malformed-message",
    "broken-stream",
    "refused-peer",
    "unexpected-message",
    "connection-too-many",
    "connection-too-slow",
    "unmatched-answer",
    "silent-peer",
];

const ANSWERS: [&str; 6] = [
    "answer-without-result",
    "answer-1xxx",
    "answer-2xxx (success)",
    "answer-3xxx (protocol error)",
    "answer-4xxx (transient failure)",
    "answer-5xxx (permanent failure)",
];

impl DiameterTally {
    pub(super) fn request(&mut self, title: &'static str) {
        match self.requests.iter_mut().find(|(own, _)| *own == title) {
            Some((_, count)) => *count += 1,
            None => self.requests.push((title, 1)),
        }
    }

    /// Counts an answer by what it says.
    pub(super) fn answer(&mut self, octets: &[u8]) {
        let code = Message::parse(octets).ok().and_then(|own| own.result_code()).map_or(0, |code| code.0);
        let class = usize::try_from(code / 1_000).ok().filter(|class| *class < ANSWERS.len()).unwrap_or(0);
        self.answers[class] += 1;
    }

    pub(super) fn other(&mut self, what: Other) {
        self.others[what as usize] += 1;
    }

    pub(super) fn note(&mut self, note: &Note) {
        self.other(match note {
            Note::UnmatchedAnswer { .. } => Other::Unmatched,
            Note::Malformed(_) => Other::Malformed,
            Note::Framing(_) => Other::NoDiameter,
            Note::Refused { .. } => Other::Refused,
            Note::Unexpected { .. } => Other::Unexpected,
            Note::TooMany => Other::TooMany,
            Note::TooSlow => Other::TooSlow,
            Note::Suspect { .. } => Other::Silent,
            // It connects to nobody, and has one way to a peer.
            Note::CerRefused { .. } | Note::FailedOver { .. } => return,
        });
    }

    /// Every name with its number, requests first.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let answers = ANSWERS.into_iter().zip(self.answers);
        let others = OTHERS.into_iter().zip(self.others);
        self.requests.iter().copied().chain(answers).chain(others)
    }

    /// The number of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.iter().find(|(own, _)| *own == name).map_or(0, |(_, count)| count)
    }
}
