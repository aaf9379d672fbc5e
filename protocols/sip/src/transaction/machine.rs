//! One transaction: the machines of RFC 3261 figures 5 to 8, as RFC 6026 changed them.

use std::time::Duration;

use bytes::Bytes;
use tollgate_time::Instant;

use super::timers::Timers;

/// Which of the four machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ClientInvite,
    Client,
    ServerInvite,
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Calling, or Trying.
    Trying,
    Proceeding,
    /// A 2xx passed; more may (RFC 6026).
    Accepted,
    Completed,
    Confirmed,
    Terminated,
}

/// What a step of the machine asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Send the last message again.
    Resend,
    /// Hand the message to the user.
    Pass,
    /// Nobody answered: timer B, F or H.
    GivenUp,
    /// The server's own 100 is due.
    Trying,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) kind: Kind,
    pub(super) state: State,
    reliable: bool,
    /// The request of a client; the last response of a server.
    pub(super) last: Bytes,
    /// The interval of A, E or G, and when it ends.
    interval: Duration,
    resend: Option<Instant>,
    /// When the state ends: B, D, F, H, I, J, K, L, M.
    end: Option<Instant>,
    /// When the server's own 100 is due.
    trying: Option<Instant>,
}

impl Machine {
    /// A client that has just sent its request.
    pub(super) fn client(
        now: Instant,
        invite: bool,
        request: Bytes,
        reliable: bool,
        timers: &Timers,
    ) -> Self {
        Self {
            kind: if invite { Kind::ClientInvite } else { Kind::Client },
            state: State::Trying,
            reliable,
            last: request,
            interval: timers.t1,
            resend: (!reliable).then(|| now + timers.t1),
            end: Some(now + timers.give_up()),
            trying: None,
        }
    }

    /// A server that has just got a request.
    pub(super) fn server(now: Instant, invite: bool, reliable: bool, timers: &Timers) -> Self {
        Self {
            kind: if invite { Kind::ServerInvite } else { Kind::Server },
            state: if invite { State::Proceeding } else { State::Trying },
            reliable,
            last: Bytes::new(),
            interval: timers.t1,
            resend: None,
            end: None,
            trying: invite.then(|| now + timers.trying),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.resend, self.end, self.trying].into_iter().flatten().min()
    }

    pub(super) const fn is_client(&self) -> bool {
        matches!(self.kind, Kind::ClientInvite | Kind::Client)
    }

    /// A response arrived at a client.
    pub(super) fn response(&mut self, now: Instant, code: u16, timers: &Timers) -> Step {
        match (self.kind, self.state, code) {
            (Kind::ClientInvite, State::Trying | State::Proceeding, ..200) => {
                self.state = State::Proceeding;
                // Timer A stops, and so does B: only a CANCEL ends the wait for an answer.
                (self.resend, self.end) = (None, None);
                Step::Pass
            }
            (Kind::ClientInvite, State::Trying | State::Proceeding | State::Accepted, 200..300) => {
                if self.state != State::Accepted {
                    self.rest(State::Accepted, Some(now + timers.give_up()));
                }
                Step::Pass
            }
            (Kind::ClientInvite, State::Trying | State::Proceeding, _) => {
                let linger = if self.reliable { Duration::ZERO } else { timers.d };
                self.rest(State::Completed, Some(now + linger));
                Step::Pass
            }
            // The ACK again; `last` is the ACK by now.
            (Kind::ClientInvite, State::Completed, 300..) => Step::Resend,
            (Kind::Client, State::Trying | State::Proceeding, ..200) => {
                self.state = State::Proceeding;
                Step::Pass
            }
            (Kind::Client, State::Trying | State::Proceeding, _) => {
                let linger = if self.reliable { Duration::ZERO } else { timers.t4 };
                self.rest(State::Completed, Some(now + linger));
                Step::Pass
            }
            _ => Step::Nothing,
        }
    }

    /// The request of a server arrived again.
    pub(super) fn repeated(&self) -> Step {
        // In Accepted the 2xx is its user's to send again (RFC 6026 section 7.1).
        let answers = matches!(self.state, State::Proceeding | State::Completed);
        if answers && !self.last.is_empty() { Step::Resend } else { Step::Nothing }
    }

    /// An ACK arrived at an INVITE server.
    pub(super) fn ack(&mut self, now: Instant, timers: &Timers) -> Step {
        match self.state {
            State::Completed => {
                let linger = if self.reliable { Duration::ZERO } else { timers.t4 };
                self.rest(State::Confirmed, Some(now + linger));
                Step::Nothing
            }
            State::Accepted => Step::Pass,
            _ => Step::Nothing,
        }
    }

    /// The user of a server answers. Says whether the answer may be sent.
    pub(super) fn answer(&mut self, now: Instant, code: u16, octets: Bytes, timers: &Timers) -> bool {
        let open = matches!(self.state, State::Trying | State::Proceeding);
        let again = self.state == State::Accepted && (200..300).contains(&code);
        if !open && !again {
            return false;
        }
        self.last = octets;
        self.trying = None;
        match (self.kind, code) {
            _ if again => {}
            (_, ..200) => self.state = State::Proceeding,
            (Kind::ServerInvite, 200..300) => self.rest(State::Accepted, Some(now + timers.give_up())),
            (Kind::ServerInvite, _) => {
                self.rest(State::Completed, Some(now + timers.give_up()));
                self.resend = (!self.reliable).then(|| now + timers.t1);
            }
            _ => {
                let linger = if self.reliable { Duration::ZERO } else { timers.give_up() };
                self.rest(State::Completed, Some(now + linger));
            }
        }
        true
    }

    /// A CANCEL was sent for this request: 64 × T1 later it is over (RFC 3261 section 9.1).
    pub(super) fn cancelled(&mut self, now: Instant, timers: &Timers) {
        if self.state == State::Proceeding {
            self.end = Some(now + timers.give_up());
        }
    }

    pub(super) fn timeout(&mut self, now: Instant, timers: &Timers) -> Step {
        if self.end.is_some_and(|end| end <= now) {
            let given_up = matches!(
                (self.kind, self.state),
                (Kind::ClientInvite | Kind::Client, State::Trying | State::Proceeding)
                    | (Kind::ServerInvite, State::Completed)
            );
            self.rest(State::Terminated, None);
            return if given_up { Step::GivenUp } else { Step::Nothing };
        }
        if self.trying.is_some_and(|at| at <= now) {
            self.trying = None;
            return Step::Trying;
        }
        if self.resend.is_none_or(|at| at > now) {
            return Step::Nothing;
        }
        let doubled = self.interval.saturating_mul(2);
        self.interval = match (self.kind, self.state) {
            (Kind::ClientInvite, _) => doubled,
            (Kind::Client, State::Proceeding) => timers.t2,
            _ => doubled.min(timers.t2),
        };
        self.resend = Some(now + self.interval);
        Step::Resend
    }

    /// Enters a state in which nothing is sent again by itself.
    fn rest(&mut self, state: State, end: Option<Instant>) {
        self.state = state;
        (self.resend, self.trying, self.end) = (None, None, end);
    }
}
