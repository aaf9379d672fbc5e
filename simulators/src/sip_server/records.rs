//! The legs of a call as the charging system is told of them: when they begin, what they may take, and how they end.

use std::net::IpAddr;

use tollgate_time::Instant;
use tollgate_wire::Text;

use super::call::{Charge, Remote, Stage};
use super::messages::{Leg, Origin, Report, Stage as Record};
use super::node::Line;
use super::office::Alarm;

/// Causes of Q.850.
pub(super) const NORMAL: u8 = 16;
const USER_BUSY: u8 = 17;
const NO_ANSWER: u8 = 19;
const REJECTED: u8 = 21;
const UNALLOCATED: u8 = 1;
const TEMPORARY_FAILURE: u8 = 41;
const UNSPECIFIED: u8 = 31;

/// The cause that a failure of this status is reported with (RFC 3398 section 8.2.6.1, in part).
pub(super) const fn cause_of(code: u16) -> u8 {
    match code {
        486 | 600 => USER_BUSY,
        408 | 480 => NO_ANSWER,
        403 | 603 => REJECTED,
        404 | 410 | 604 => UNALLOCATED,
        487 => NORMAL,
        500..=599 => TEMPORARY_FAILURE,
        _ => UNSPECIFIED,
    }
}

/// What is new in a leg.
pub(super) struct Opening {
    pub(super) user: Text,
    pub(super) origin: Origin,
    pub(super) called: Text,
    pub(super) conf_id: Text,
    pub(super) parent: Option<Text>,
    pub(super) access_code: &'static str,
    pub(super) rate_pattern: Option<Text>,
    pub(super) remote: Remote,
    pub(super) grant: Option<std::time::Duration>,
}

impl Line<'_> {
    /// Begins a leg.
    pub(super) fn open_leg(&mut self, opening: Opening) {
        let call = &*self.call;
        let leg = Leg {
            user: opening.user,
            origin: opening.origin,
            called: opening.called,
            calling: call.calling.clone(),
            conf_id: opening.conf_id,
            parent: opening.parent,
            call_id: call.sip_call_id.clone(),
            access_code: opening.access_code,
            rate_pattern: opening.rate_pattern,
            session_id: self.office.next_session_id(),
            remote: call.remote,
            setup: call.setup,
            alerted: None,
            connected: None,
        };
        self.call.charges.push(Charge { leg, remote: opening.remote, grant: opening.grant, stopped: false });
    }

    /// The call is connected to somebody at this address: every leg that is not yet begins.
    pub(super) fn connect_legs(&mut self, to: IpAddr) {
        let (now, own) = (self.now, self.office.settings.address);
        let alerted = self.call.alerted;
        let mut begun = Vec::new();
        for charge in
            self.call.charges.iter_mut().filter(|charge| charge.leg.connected.is_none() && !charge.stopped)
        {
            charge.leg.connected = Some(now);
            charge.leg.alerted = alerted;
            match charge.remote {
                Remote::Caller => {}
                Remote::Callee => charge.leg.remote = to,
                Remote::Own => charge.leg.remote = own,
            }
            begun.push(charge.leg.clone());
        }
        for leg in begun {
            self.record(Record::Start, leg, now, 0);
        }
        self.limit();
        self.await_interim();
    }

    /// Has the call cut when the first of its legs has used up what it was granted.
    fn limit(&mut self) {
        if let Some(timer) = self.call.cut.take() {
            self.office.alarms.cancel(timer);
        }
        let open = self.call.charges.iter().filter(|charge| !charge.stopped);
        let ends = open.filter_map(|charge| Some(charge.leg.connected? + charge.grant?)).min();
        self.call.cut = ends.map(|at| self.office.alarms.set(at, Alarm::Cut(self.call.id)));
    }

    fn await_interim(&mut self) {
        let Some(every) = self.office.settings.interim else { return };
        if let Some(timer) = self.call.interim.take() {
            self.office.alarms.cancel(timer);
        }
        self.call.interim = Some(self.office.alarms.set(self.now + every, Alarm::Interim(self.call.id)));
    }

    /// Tells of every leg how long it lasts already.
    pub(super) fn interim(&mut self) {
        if self.call.stage != Stage::Talking {
            return;
        }
        let open =
            self.call.charges.iter().filter(|charge| !charge.stopped && charge.leg.connected.is_some());
        let legs: Vec<Leg> = open.map(|charge| charge.leg.clone()).collect();
        for leg in legs {
            self.record(Record::Interim, leg, self.now, 0);
        }
        self.await_interim();
    }

    /// Ends every leg.
    pub(super) fn stop_legs(&mut self, at: Instant, cause: u8) {
        for timer in [self.call.cut.take(), self.call.interim.take()].into_iter().flatten() {
            self.office.alarms.cancel(timer);
        }
        let (alerted, own) = (self.call.alerted, self.office.settings.address);
        let mut ended = Vec::new();
        for charge in self.call.charges.iter_mut().filter(|charge| !charge.stopped) {
            charge.stopped = true;
            let mut leg = charge.leg.clone();
            if leg.connected.is_none() {
                leg.alerted = alerted;
                if charge.remote == Remote::Own {
                    leg.remote = own;
                }
            }
            ended.push(leg);
        }
        for leg in ended {
            self.record(Record::Stop, leg, at, cause);
        }
    }

    /// Ends the legs that were not connected, of a transfer that failed.
    pub(super) fn stop_unconnected(&mut self, cause: u8) {
        let mut ended = Vec::new();
        for charge in
            self.call.charges.iter_mut().filter(|charge| !charge.stopped && charge.leg.connected.is_none())
        {
            charge.stopped = true;
            ended.push(charge.leg.clone());
        }
        for leg in ended {
            self.record(Record::Stop, leg, self.now, cause);
        }
    }

    /// Notes where legs that are not connected were last tried.
    pub(super) fn note_remote(&mut self, to: IpAddr) {
        for charge in &mut self.call.charges {
            if charge.remote == Remote::Callee && charge.leg.connected.is_none() {
                charge.leg.remote = to;
            }
        }
    }

    fn record(&mut self, stage: Record, leg: Leg, until: Instant, cause: u8) {
        if leg.origin == Origin::Answer
            && leg.access_code != super::begin::INCOMING
            && !self.office.settings.both_legs
        {
            return;
        }
        self.office.report(self.now, Report { stage, leg, until, cause });
    }
}
