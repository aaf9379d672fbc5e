//! The peer state machine: the table of RFC 6733 section 5.6, row by row, and nothing else.
//!
//! "I" is the connection that this end initiated, "R" the one on which it responds.

/// Where a peer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// No connection.
    #[default]
    Closed,
    /// I is being opened.
    WaitConnAck,
    /// I is open, its CEA is awaited.
    WaitICea,
    /// I is being opened, a CER has come on R.
    WaitConnAckElect,
    /// I waits for its CEA, a CER has come on R: one of the two is to be given up.
    WaitReturns,
    /// R carries the traffic.
    ROpen,
    /// I carries the traffic.
    IOpen,
    /// A DPR or DPA was sent, the end of the connection is awaited.
    Closing,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A connection is wanted.
    Start,
    /// A CER came on a connection that somebody else opened.
    RConnCer,
    /// I is open.
    RcvConnAck,
    /// I was refused.
    RcvConnNack,
    /// It took too long.
    Timeout,
    /// The CEA came on I and agrees.
    IRcvCea,
    /// Another message than the CEA came on I, or a CEA that refuses.
    IRcvNonCea,
    /// I was closed by the other end.
    IPeerDisc,
    /// R was closed by the other end.
    RPeerDisc,
    /// This end's name is the greater one.
    WinElection,
    /// The connection is to end in order.
    Stop,
    /// A DPR came on I.
    IRcvDpr,
    /// A DPR came on R.
    RRcvDpr,
    /// A DPA came on I.
    IRcvDpa,
    /// A DPA came on R.
    RRcvDpa,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Open I.
    IConnect,
    /// Send the CER on I.
    ISendCer,
    /// The connection of the CER is R.
    RAccept,
    /// Close the connection of the CER.
    RReject,
    /// Take over what the CER said.
    ProcessCer,
    /// Take over what the CEA said.
    ProcessCea,
    /// Send the CEA on R.
    RSendCea,
    /// Compare the names; [`Event::WinElection`] follows where this end's is greater.
    Elect,
    /// Close I.
    IDisc,
    /// Close R.
    RDisc,
    /// Send a DPR on I.
    ISendDpr,
    /// Send a DPR on R.
    RSendDpr,
    /// Send a DPA on I.
    ISendDpa,
    /// Send a DPA on R.
    RSendDpa,
    /// Close whatever is open.
    Error,
}

/// The next state and what to do on the way; `None` where the table has no row: the event means nothing
/// here, and a message that is behind it is an error.
#[must_use]
pub const fn step(state: State, event: Event) -> Option<(State, &'static [Step])> {
    use Event as E;
    use State as S;
    use Step as A;
    Some(match (state, event) {
        (S::Closed, E::Start) => (S::WaitConnAck, &[A::IConnect]),
        (S::Closed, E::RConnCer) => (S::ROpen, &[A::RAccept, A::ProcessCer, A::RSendCea]),

        (S::WaitConnAck, E::RcvConnAck) => (S::WaitICea, &[A::ISendCer]),
        (S::WaitConnAck, E::RcvConnNack) => (S::Closed, &[A::Error]),
        (S::WaitConnAck, E::RConnCer) => (S::WaitConnAckElect, &[A::RAccept, A::ProcessCer]),
        (S::WaitConnAck, E::Timeout) => (S::Closed, &[A::Error]),

        (S::WaitICea, E::IRcvCea) => (S::IOpen, &[A::ProcessCea]),
        (S::WaitICea, E::RConnCer) => (S::WaitReturns, &[A::RAccept, A::ProcessCer, A::Elect]),
        (S::WaitICea, E::IPeerDisc) => (S::Closed, &[A::IDisc]),
        (S::WaitICea, E::IRcvNonCea | E::Timeout) => (S::Closed, &[A::Error]),

        (S::WaitConnAckElect, E::RcvConnAck) => (S::WaitReturns, &[A::ISendCer, A::Elect]),
        (S::WaitConnAckElect, E::RcvConnNack) => (S::ROpen, &[A::IDisc, A::RSendCea]),
        (S::WaitConnAckElect, E::RPeerDisc) => (S::WaitConnAck, &[A::RDisc]),
        (S::WaitConnAckElect, E::RConnCer) => (S::WaitConnAckElect, &[A::RReject]),
        (S::WaitConnAckElect, E::Timeout) => (S::Closed, &[A::Error]),

        (S::WaitReturns, E::WinElection | E::IPeerDisc) => (S::ROpen, &[A::IDisc, A::RSendCea]),
        (S::WaitReturns, E::IRcvCea) => (S::IOpen, &[A::RDisc, A::ProcessCea]),
        // A CEA that refuses leaves R, which nobody has refused.
        (S::WaitReturns, E::IRcvNonCea) => (S::ROpen, &[A::IDisc, A::RSendCea]),
        (S::WaitReturns, E::RPeerDisc) => (S::WaitICea, &[A::RDisc]),
        (S::WaitReturns, E::RConnCer) => (S::WaitReturns, &[A::RReject]),
        (S::WaitReturns, E::Timeout) => (S::Closed, &[A::Error]),

        (S::ROpen, E::RConnCer) => (S::ROpen, &[A::RReject]),
        (S::ROpen, E::Stop) => (S::Closing, &[A::RSendDpr]),
        (S::ROpen, E::RRcvDpr) => (S::Closing, &[A::RSendDpa]),
        (S::ROpen, E::RPeerDisc) => (S::Closed, &[A::RDisc]),

        (S::IOpen, E::RConnCer) => (S::IOpen, &[A::RReject]),
        (S::IOpen, E::Stop) => (S::Closing, &[A::ISendDpr]),
        (S::IOpen, E::IRcvDpr) => (S::Closing, &[A::ISendDpa]),
        (S::IOpen, E::IPeerDisc) => (S::Closed, &[A::IDisc]),

        (S::Closing, E::IRcvDpa | E::IPeerDisc) => (S::Closed, &[A::IDisc]),
        (S::Closing, E::RRcvDpa | E::RPeerDisc) => (S::Closed, &[A::RDisc]),
        // Both ends wanted to stop at once: each answers the other's DPR and goes on waiting.
        (S::Closing, E::IRcvDpr) => (S::Closing, &[A::ISendDpa]),
        (S::Closing, E::RRcvDpr) => (S::Closing, &[A::RSendDpa]),
        (S::Closing, E::RConnCer) => (S::Closing, &[A::RReject]),
        (S::Closing, E::Timeout) => (S::Closed, &[A::Error]),

        _ => return None,
    })
}

impl State {
    /// Whether requests may be sent.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::ROpen | Self::IOpen)
    }

    /// Whether the state ends by itself after a while.
    #[must_use]
    pub const fn has_timeout(self) -> bool {
        !matches!(self, Self::Closed | Self::ROpen | Self::IOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Event as E;
    use State as S;
    use Step as A;

    /// The rows of RFC 6733 section 5.6, by state. `Cleanup` and `Error` both close what is open.
    const TABLE: &[(State, Event, State, &[Step])] = &[
        (S::Closed, E::Start, S::WaitConnAck, &[A::IConnect]),
        (S::Closed, E::RConnCer, S::ROpen, &[A::RAccept, A::ProcessCer, A::RSendCea]),
        (S::WaitConnAck, E::RcvConnAck, S::WaitICea, &[A::ISendCer]),
        (S::WaitConnAck, E::RcvConnNack, S::Closed, &[A::Error]),
        (S::WaitConnAck, E::RConnCer, S::WaitConnAckElect, &[A::RAccept, A::ProcessCer]),
        (S::WaitConnAck, E::Timeout, S::Closed, &[A::Error]),
        (S::WaitICea, E::IRcvCea, S::IOpen, &[A::ProcessCea]),
        (S::WaitICea, E::RConnCer, S::WaitReturns, &[A::RAccept, A::ProcessCer, A::Elect]),
        (S::WaitICea, E::IPeerDisc, S::Closed, &[A::IDisc]),
        (S::WaitICea, E::IRcvNonCea, S::Closed, &[A::Error]),
        (S::WaitICea, E::Timeout, S::Closed, &[A::Error]),
        (S::WaitConnAckElect, E::RcvConnAck, S::WaitReturns, &[A::ISendCer, A::Elect]),
        (S::WaitConnAckElect, E::RcvConnNack, S::ROpen, &[A::IDisc, A::RSendCea]),
        (S::WaitConnAckElect, E::RPeerDisc, S::WaitConnAck, &[A::RDisc]),
        (S::WaitConnAckElect, E::RConnCer, S::WaitConnAckElect, &[A::RReject]),
        (S::WaitConnAckElect, E::Timeout, S::Closed, &[A::Error]),
        (S::WaitReturns, E::WinElection, S::ROpen, &[A::IDisc, A::RSendCea]),
        (S::WaitReturns, E::IPeerDisc, S::ROpen, &[A::IDisc, A::RSendCea]),
        (S::WaitReturns, E::IRcvCea, S::IOpen, &[A::RDisc, A::ProcessCea]),
        (S::WaitReturns, E::RPeerDisc, S::WaitICea, &[A::RDisc]),
        (S::WaitReturns, E::RConnCer, S::WaitReturns, &[A::RReject]),
        (S::WaitReturns, E::Timeout, S::Closed, &[A::Error]),
        (S::ROpen, E::RConnCer, S::ROpen, &[A::RReject]),
        (S::ROpen, E::Stop, S::Closing, &[A::RSendDpr]),
        (S::ROpen, E::RRcvDpr, S::Closing, &[A::RSendDpa]),
        (S::ROpen, E::RPeerDisc, S::Closed, &[A::RDisc]),
        (S::IOpen, E::RConnCer, S::IOpen, &[A::RReject]),
        (S::IOpen, E::Stop, S::Closing, &[A::ISendDpr]),
        (S::IOpen, E::IRcvDpr, S::Closing, &[A::ISendDpa]),
        (S::IOpen, E::IPeerDisc, S::Closed, &[A::IDisc]),
        (S::Closing, E::IRcvDpa, S::Closed, &[A::IDisc]),
        (S::Closing, E::RRcvDpa, S::Closed, &[A::RDisc]),
        (S::Closing, E::Timeout, S::Closed, &[A::Error]),
        (S::Closing, E::IPeerDisc, S::Closed, &[A::IDisc]),
        (S::Closing, E::RPeerDisc, S::Closed, &[A::RDisc]),
    ];

    #[test]
    fn every_row_of_the_standard_is_followed() {
        for (state, event, next, steps) in TABLE {
            assert_eq!(step(*state, *event), Some((*next, *steps)), "{state:?} {event:?}");
        }
    }

    #[test]
    fn what_has_no_row_means_nothing() {
        assert_eq!(step(S::Closed, E::IRcvDpa), None);
        assert_eq!(step(S::ROpen, E::Start), None);
        assert_eq!(step(S::IOpen, E::Timeout), None, "an open peer is watched by its watchdog");
    }
}
