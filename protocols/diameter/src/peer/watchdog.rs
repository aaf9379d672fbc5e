//! The watchdog of a connection (RFC 3539 section 3.4).

use std::time::Duration;

use tollgate_time::Instant;

/// What is believed of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Never connected.
    #[default]
    Initial,
    /// It answers.
    Okay,
    /// A DWA is overdue; requests go elsewhere.
    Suspect,
    /// Not connected, and was before.
    Down,
    /// Connected again, and on trial: no requests go there yet.
    Reopen,
}

/// What the watchdog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchdogOrder {
    /// Send a DWR.
    SendDwr,
    /// Requests that wait for answers go to another peer.
    FailOver,
    /// The peer may be used again.
    FailBack,
    /// The connection is dead: close it.
    Close,
}

/// One watchdog. Every call takes the time to the next alarm (Tw), jitter included, since chance is the
/// caller's.
#[derive(Debug, Clone)]
pub struct Watchdog {
    health: Health,
    pending: bool,
    /// DWAs since the connection opened again; -1 once one was missed.
    answers: i16,
    /// DWAs that a connection which opened again must bring.
    answers_wanted: i16,
    deadline: Option<Instant>,
}

impl Watchdog {
    /// DWAs that end the trial of a connection that opened again (RFC 3539 section 3.4.1).
    pub const ANSWERS_WANTED: u8 = 3;

    /// A watchdog that trusts a connection which opened again after so many DWAs; 0 trusts it at once.
    #[must_use]
    pub fn new(answers_wanted: u8) -> Self {
        Self {
            health: Health::Initial,
            pending: false,
            answers: 0,
            answers_wanted: i16::from(answers_wanted),
            deadline: None,
        }
    }

    /// What is believed of the peer.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// When [`Self::elapsed`] is to be called.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The connection is open.
    pub fn connected(&mut self, now: Instant, tw: Duration) -> Option<WatchdogOrder> {
        self.deadline = Some(now + tw);
        if self.health == Health::Down && self.answers_wanted > 0 {
            self.health = Health::Reopen;
            self.answers = 0;
            self.pending = true;
            return Some(WatchdogOrder::SendDwr);
        }
        self.pending = false;
        let back = self.health == Health::Down;
        self.health = Health::Okay;
        back.then_some(WatchdogOrder::FailBack)
    }

    /// The connection is gone. One that ended in order, by DPR, leaves no doubt about the peer.
    pub fn disconnected(&mut self, in_order: bool) {
        self.health = if in_order { Health::Initial } else { Health::Down };
        self.pending = false;
        self.deadline = None;
    }

    /// A message came, `dwa` tells whether it was a DWA.
    pub fn received(&mut self, now: Instant, dwa: bool, tw: Duration) -> Option<WatchdogOrder> {
        if dwa {
            self.pending = false;
        }
        match self.health {
            Health::Okay => {
                self.deadline = Some(now + tw);
                None
            }
            Health::Suspect => {
                self.health = Health::Okay;
                self.deadline = Some(now + tw);
                Some(WatchdogOrder::FailBack)
            }
            Health::Reopen if dwa => {
                self.answers = self.answers.saturating_add(1);
                if self.answers < self.answers_wanted {
                    return None;
                }
                self.health = Health::Okay;
                Some(WatchdogOrder::FailBack)
            }
            Health::Reopen | Health::Initial | Health::Down => None,
        }
    }

    /// The time has come; call it at or after [`Self::deadline`].
    pub fn elapsed(&mut self, now: Instant, tw: Duration) -> Option<WatchdogOrder> {
        self.deadline = Some(now + tw);
        match self.health {
            Health::Okay | Health::Reopen if !self.pending => {
                self.pending = true;
                Some(WatchdogOrder::SendDwr)
            }
            Health::Okay => {
                self.health = Health::Suspect;
                Some(WatchdogOrder::FailOver)
            }
            Health::Reopen if self.answers >= 0 => {
                self.answers = -1;
                None
            }
            Health::Suspect | Health::Reopen => {
                self.disconnected(false);
                Some(WatchdogOrder::Close)
            }
            Health::Initial | Health::Down => {
                self.deadline = None;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TW: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Instant {
        Instant::from_unix_secs(secs)
    }

    fn okay() -> Watchdog {
        let mut own = Watchdog::new(Watchdog::ANSWERS_WANTED);
        assert_eq!(own.connected(at(0), TW), None);
        own
    }

    #[test]
    fn silence_brings_a_dwr_then_suspicion_then_the_end() {
        let mut own = okay();
        assert_eq!((own.health(), own.deadline()), (Health::Okay, Some(at(30))));
        assert_eq!(own.elapsed(at(30), TW), Some(WatchdogOrder::SendDwr));
        assert_eq!(own.elapsed(at(60), TW), Some(WatchdogOrder::FailOver));
        assert_eq!(own.health(), Health::Suspect);
        assert_eq!(own.elapsed(at(90), TW), Some(WatchdogOrder::Close));
        assert_eq!((own.health(), own.deadline()), (Health::Down, None));
    }

    #[test]
    fn any_message_postpones_the_dwr() {
        let mut own = okay();
        assert_eq!(own.received(at(29), false, TW), None);
        assert_eq!(own.deadline(), Some(at(59)));
        assert_eq!(own.elapsed(at(59), TW), Some(WatchdogOrder::SendDwr));
        // Traffic without the DWA does not answer the DWR, so the next silence is suspicious.
        assert_eq!(own.received(at(60), false, TW), None);
        assert_eq!(own.elapsed(at(90), TW), Some(WatchdogOrder::FailOver));
    }

    #[test]
    fn a_suspect_that_speaks_is_used_again() {
        let mut own = okay();
        own.elapsed(at(30), TW);
        own.elapsed(at(60), TW);
        assert_eq!(own.received(at(61), true, TW), Some(WatchdogOrder::FailBack));
        assert_eq!((own.health(), own.deadline()), (Health::Okay, Some(at(91))));
    }

    #[test]
    fn a_peer_that_was_lost_is_on_trial_for_three_answers() {
        let mut own = okay();
        own.disconnected(false);
        assert_eq!(own.connected(at(100), TW), Some(WatchdogOrder::SendDwr));
        assert_eq!(own.health(), Health::Reopen);
        assert_eq!(own.received(at(101), false, TW), None, "only DWAs count");
        assert_eq!(own.received(at(101), true, TW), None);
        assert_eq!(own.elapsed(at(130), TW), Some(WatchdogOrder::SendDwr));
        assert_eq!(own.received(at(131), true, TW), None);
        assert_eq!(own.elapsed(at(160), TW), Some(WatchdogOrder::SendDwr));
        assert_eq!(own.received(at(161), true, TW), Some(WatchdogOrder::FailBack));
        assert_eq!(own.health(), Health::Okay);
    }

    #[test]
    fn a_peer_on_trial_may_miss_one_answer() {
        let mut own = okay();
        own.disconnected(false);
        own.connected(at(100), TW);
        assert_eq!(own.elapsed(at(130), TW), None);
        assert_eq!(own.elapsed(at(160), TW), Some(WatchdogOrder::Close));
        assert_eq!(own.health(), Health::Down);
    }

    #[test]
    fn a_peer_that_left_in_order_or_needs_no_trial_is_used_at_once() {
        let mut own = okay();
        own.disconnected(true);
        assert_eq!((own.connected(at(100), TW), own.health()), (None, Health::Okay));
        let mut own = Watchdog::new(0);
        own.connected(at(0), TW);
        own.disconnected(false);
        assert_eq!(own.connected(at(100), TW), Some(WatchdogOrder::FailBack));
        assert_eq!(own.health(), Health::Okay);
    }
}
