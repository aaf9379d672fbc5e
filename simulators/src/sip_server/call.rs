//! A call between two parties, and what is known of each.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_sip::dialog::Dialog;
use tollgate_sip::transaction::{Retransmission, TransactionId};
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::answers::{Redirects, Route, Unreached};
use super::messages::Leg;
use crate::sip::{Hop, Received};
use crate::timers::TimerId;

/// Calls at once; a further one is refused with 503.
pub(super) const CALLS_MAX: usize = 1 << 17;
/// Requests of one call that are on their way from one side to the other at once.
pub(super) const RELAYS_MAX: usize = 32;

/// A call of this server, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallId(pub(super) u64);

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The charging system is asked.
    Asking,
    /// Routes are followed.
    Hunting,
    /// Both sides are connected.
    Talking,
    /// It is over; something of it may still be on its way.
    Over,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    /// As observations call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "called",
        }
    }
}

/// A party of a call, once a dialog stands with it.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) dialog: Dialog,
    /// The way that its messages came, which is taken where its URI leads to the same place.
    pub(super) flow: Hop,
    /// Its account, where it has one here: it pays for what it has done.
    pub(super) account: Option<Text>,
    /// The last ACK that it was sent, for an answer that comes again.
    pub(super) ack: Option<(Vec<u8>, Hop)>,
}

/// The INVITE of the caller.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) transaction: TransactionId,
    pub(super) request: Received,
    /// The tag of this side.
    pub(super) tag: String,
    /// The 2xx, and when it is sent again until its ACK.
    pub(super) answer: Option<(Vec<u8>, Retransmission)>,
    /// Whether it has its final response.
    pub(super) answered: bool,
}

/// An INVITE to the called side.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) transaction: TransactionId,
    /// What was sent, for the dialog.
    pub(super) octets: Vec<u8>,
    pub(super) hop: Hop,
    /// The account whose telephone it is.
    pub(super) account: Option<Text>,
    /// It was taken back: an answer that comes nevertheless is ended at once.
    pub(super) dropped: bool,
}

/// What a hunt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To connect the caller.
    Call,
    /// To put somebody else in the place of this side.
    Transfer(Side),
}

/// Routes that are followed one after the other.
#[derive(Debug)]
pub(super) struct Hunt {
    pub(super) purpose: Purpose,
    /// The number that is called.
    pub(super) number: Text,
    /// The account that is called, where it is one of the own network.
    pub(super) called: Option<Text>,
    pub(super) routes: VecDeque<Route>,
    pub(super) patience: Duration,
    /// After this no further route is begun.
    pub(super) expires_at: Instant,
    pub(super) timer: Option<TimerId>,
    /// What the present route may do about redirections.
    pub(super) redirects: Option<Redirects>,
    /// Whether anything rings at the present route.
    pub(super) rung: bool,
    /// How the last route failed, and the status of that.
    pub(super) failed: Option<(Unreached, u16)>,
    /// The called party itself has refused: only routes for that remain.
    pub(super) refused: bool,
}

/// Whose address a leg's records have as the remote one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remote {
    /// Where the call came from.
    Caller,
    /// Where it went to in the end.
    Callee,
    /// The server's own: the way on is another leg's.
    Own,
}

/// A leg that the charging system is told of.
#[derive(Debug)]
pub(super) struct Charge {
    pub(super) leg: Leg,
    pub(super) remote: Remote,
    /// How long it may last from the moment it is connected.
    pub(super) grant: Option<Duration>,
    pub(super) stopped: bool,
}

/// A request within the call that was sent on to the other side.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) server: TransactionId,
    pub(super) client: TransactionId,
    pub(super) request: Received,
    /// Where it came from.
    pub(super) from: Side,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) stage: Stage,
    pub(super) offer: Offer,
    pub(super) caller: Option<Party>,
    pub(super) callee: Option<Party>,
    /// The account that makes the call; nobody's of ours where it is handed in.
    pub(super) account: Option<Text>,
    /// Where the call came from.
    pub(super) remote: IpAddr,
    pub(super) calling: Text,
    pub(super) calling_name: Option<Text>,
    pub(super) dialled: Text,
    pub(super) conf_id: Text,
    pub(super) seed: Text,
    pub(super) sip_call_id: Text,
    pub(super) setup: Instant,
    pub(super) alerted: Option<Instant>,
    pub(super) hunt: Option<Hunt>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) attempts_made: u32,
    pub(super) charges: Vec<Charge>,
    pub(super) relays: Vec<Relay>,
    /// Questions to the charging system that wait for an answer.
    pub(super) asked: u32,
    /// Calls that the called account has sent on, so that nobody sends one round and round.
    pub(super) onward: u32,
    pub(super) cut: Option<TimerId>,
    pub(super) interim: Option<TimerId>,
    /// A party that has left while somebody takes its place.
    pub(super) left: Option<Side>,
}

impl Call {
    /// Whether nothing of it is on its way any more.
    pub(super) fn is_forgettable(&self) -> bool {
        self.stage == Stage::Over && self.asked == 0 && self.attempts.is_empty() && self.relays.is_empty()
    }

    pub(super) const fn party(&self, side: Side) -> Option<&Party> {
        match side {
            Side::Caller => self.caller.as_ref(),
            Side::Callee => self.callee.as_ref(),
        }
    }

    pub(super) const fn party_mut(&mut self, side: Side) -> Option<&mut Party> {
        match side {
            Side::Caller => self.caller.as_mut(),
            Side::Callee => self.callee.as_mut(),
        }
    }

    pub(super) const fn slot(&mut self, side: Side) -> &mut Option<Party> {
        match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        }
    }
}
