//! A session from the answer of the charging system to its end: traffic, interim records, what is granted, and roaming.

use std::time::Duration;

use bytes::Bytes;
use tollgate_network::ActionError;
use tollgate_radius::{Packet, dictionary};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::grant::{self, Grant, Refusal};
use super::messages::Message;
use super::office::{Alarm, Office};
use super::policy::Deed;
use super::session::{By, End, PARTS_MAX, Part, Session, Stage};
use super::settings::Profile;
use crate::quirks;
use crate::traffic::{Bursts, Counters, Wish};

/// Acct-Terminate-Cause (RFC 2866 section 5.10).
const SESSION_TIMEOUT: u32 = 5;
pub(super) const ADMIN_RESET: u32 = 6;
const NAS_REQUEST: u32 = 10;
const PORT_PREEMPTED: u32 = 13;

/// A session that is being worked on, at one moment.
pub(super) struct Online<'a> {
    pub(super) now: Instant,
    pub(super) session: &'a mut Session,
    pub(super) office: &'a mut Office,
}

type Performed = Result<(), ActionError>;

impl Online<'_> {
    /// The charging system is asked whether the user may come online.
    pub(super) fn ask(&mut self) -> Performed {
        let sent = self.office.send(self.now, self.session, Message::Access, self.now);
        sent.map(|_| ()).map_err(|error| {
            self.session.stage = Stage::Over;
            ActionError::Impossible(error.to_string())
        })
    }

    /// An access request was answered.
    pub(super) fn access_answered(&mut self, message: Message, packet: &Packet<'_>) {
        let heeds_quota = self.office.settings.heeds_quota;
        match (message, self.session.stage) {
            (Message::Access, Stage::Asking) => match grant::read(packet, heeds_quota) {
                Ok(grant) => self.come_up(&grant, packet),
                Err(refusal) => self.refused("refused", &refusal),
            },
            (Message::More(counters, at), Stage::Up) => {
                self.session.asking_more = false;
                match grant::read(packet, heeds_quota) {
                    Ok(grant) => self.more(&grant, &counters, at),
                    Err(_) => self.used_up(),
                }
            }
            _ => {}
        }
    }

    /// No charging system has answered an access request.
    pub(super) fn access_unanswered(&mut self) {
        match self.session.stage {
            Stage::Asking => self.refused("unanswered", &Refusal::default()),
            Stage::Up if self.session.asking_more => {
                self.session.asking_more = false;
                self.used_up();
            }
            Stage::Up | Stage::Over => {}
        }
    }

    fn refused(&mut self, why: &'static str, refusal: &Refusal<'_>) {
        self.session.stage = Stage::Over;
        let session = &*self.session;
        self.office.out.observe("refused", || {
            let mut fields = Fields::with_capacity(5)
                .with("session", session.name.clone())
                .with("user", session.user.clone())
                .with("why", why);
            if let Some(code) = refusal.code {
                fields.push("return-code", code);
            }
            if let Some(message) = refusal.message {
                fields.push("message", message);
            }
            fields
        });
    }

    fn come_up(&mut self, grant: &Grant<'_>, packet: &Packet<'_>) {
        let now = self.now;
        let session = &mut *self.session;
        session.stage = Stage::Up;
        let address = grant.address.or(session.wanted_address);
        session.address = Some(address.unwrap_or_else(|| self.office.next_address()));
        session.class = grant.class.map(Bytes::copy_from_slice);
        session.session_timeout = grant.session_timeout;
        session.idle_timeout = grant.idle_timeout;
        session.interim = self.office.settings.interim.or(grant.interim);
        session.time_quota = grant.time;
        session.octet_quota = grant.octets;
        let base = Counters::default();
        let session_id = session.session_id.clone();
        session.parts.push(Part { session_id, began: now, base, end: None, stops_sent: 0 });
        // What an Access-Accept says of policies is known to be good, as only such were read.
        let _ = session.held.apply(&self.office.settings.policies.granted(packet));
        session.traffic.limit(now, session.held.deed().0.caps());
        let session = &*self.session;
        self.office.out.observe("session-up", || {
            let mut fields = Fields::with_capacity(7)
                .with("session", session.name.clone())
                .with("user", session.user.clone())
                .with("session-id", session.session_id.clone());
            if let Some(address) = session.address {
                fields.push("address", std::net::IpAddr::from(address));
            }
            if let Some(time) = session.time_quota {
                fields.push("granted", time);
            }
            if let Some(octets) = session.octet_quota {
                fields.push("granted-octets", octets);
            }
            if let Some(policy) = session.held.deed().1 {
                fields.push("policy", policy.clone());
            }
            fields
        });
        self.office.account(now, self.session, Message::Start(0), now);
        self.arm_interim(now);
        self.arm_timeout();
        self.arm_quota();
        self.tell_deed(Deed::Full);
    }

    /// More was granted, beyond what was used when it was asked for.
    fn more(&mut self, grant: &Grant<'_>, counters: &Counters, at: Instant) {
        let session = &mut *self.session;
        let began = session.began().unwrap_or(at);
        session.time_quota = grant.time.map(|time| (at - began).saturating_add(time));
        session.octet_quota = grant.octets.map(|octets| counters.octets().saturating_add(octets));
        self.arm_timeout();
        self.arm_quota();
    }

    /// Sets the alarm of the next interim record.
    pub(super) fn arm_interim(&mut self, since: Instant) {
        let session = &mut *self.session;
        if let Some(alarm) = session.alarms.interim.take() {
            self.office.alarms.cancel(alarm);
        }
        session.alarms.interim = session
            .interim
            .and_then(|interval| since.checked_add(interval))
            .map(|at| self.office.alarms.set(at, (session.key, Alarm::Interim)));
    }

    /// Sets the alarm for the end of the granted time.
    pub(super) fn arm_timeout(&mut self) {
        let session = &mut *self.session;
        if let Some(alarm) = session.alarms.timeout.take() {
            self.office.alarms.cancel(alarm);
        }
        let due = session.began().zip(session.time_quota).and_then(|(began, time)| began.checked_add(time));
        session.alarms.timeout =
            due.map(|at| self.office.alarms.set(at.max(self.now), (session.key, Alarm::Timeout)));
    }

    /// Sets the alarm for the moment when the granted octets will be used up, as traffic flows now.
    pub(super) fn arm_quota(&mut self) {
        let session = &mut *self.session;
        if let Some(alarm) = session.alarms.quota.take() {
            self.office.alarms.cancel(alarm);
        }
        let due = session.octet_quota.and_then(|octets| session.traffic.reaches(octets, self.now));
        session.alarms.quota = due.map(|at| self.office.alarms.set(at, (session.key, Alarm::Quota)));
    }

    /// The granted time or octets are over: more is asked for where the gateway does that, else the session ends.
    pub(super) fn granted_is_over(&mut self, at: Instant, by: By) {
        if self.session.stage != Stage::Up || self.session.asking_more {
            return;
        }
        if self.office.settings.quota.is_some() {
            let counters = self.session.traffic.counters(at);
            self.session.asking_more = true;
            let sent = self.office.send(self.now, self.session, Message::More(counters, at), at);
            if sent.is_err() {
                self.session.asking_more = false;
                self.used_up();
            }
            return;
        }
        let cause = if by == By::Timeout { SESSION_TIMEOUT } else { NAS_REQUEST };
        self.end(at, cause, by);
    }

    fn used_up(&mut self) {
        self.end(self.now, NAS_REQUEST, By::Quota);
    }

    /// The user does something else.
    pub(super) fn carry(
        &mut self,
        up: Wish,
        down: Wish,
        span: Option<Duration>,
        bursts: Option<Bursts>,
    ) -> Performed {
        self.must_be_up()?;
        self.session.traffic.begin(self.now, up, down, span, bursts);
        self.arm_quota();
        Ok(())
    }

    pub(super) fn must_be_up(&self) -> Performed {
        match self.session.stage {
            Stage::Up => Ok(()),
            Stage::Asking => impossible("the charging system has not answered yet"),
            Stage::Over => impossible("the session is over"),
        }
    }

    /// An Interim-Update is due. It takes the place of one that is still waiting for its answer: only one
    /// generation is in the queue (RFC 2869 section 2.1).
    pub(super) fn interim(&mut self, at: Instant) {
        if self.session.stage != Stage::Up {
            return;
        }
        self.arm_interim(at);
        if self.office.settings.quirks.interim_lost {
            return;
        }
        self.cancel_interim();
        let place = self.session.last_part();
        let Some(part) = self.session.parts.get(place) else { return };
        let counters = self.session.traffic.counters(at);
        let carried = counters.since(&part.base);
        let lasted = at - part.began;
        let name = &self.session.name;
        self.office.out.observe("interim", || {
            counted(Fields::with_capacity(6).with("session", name.clone()).with("lasted", lasted), &carried)
        });
        let message = Message::Interim(place, counters, at);
        self.session.interim_sent = self.office.account(self.now, self.session, message, at);
    }

    /// The user comes into another cell: a new part of the session begins where the old one ends.
    pub(super) fn roam(&mut self) -> Performed {
        self.must_be_up()?;
        if self.office.settings.profile != Profile::Pdsn {
            return impossible("only the users of a pdsn roam; set its profile to pdsn");
        }
        if self.session.parts.len() >= PARTS_MAX {
            return impossible("the session has had as many parts as it may have");
        }
        let now = self.now;
        self.end_part(now, PORT_PREEMPTED, true);
        let session_id = self.office.next_session_id();
        let base = self.session.traffic.counters(now);
        let previous = std::mem::replace(&mut self.session.session_id, session_id.clone());
        self.session.parts.push(Part { session_id, began: now, base, end: None, stops_sent: 0 });
        let session = &*self.session;
        self.office.out.observe("roamed", || {
            Fields::with_capacity(3)
                .with("session", session.name.clone())
                .with("session-id", session.session_id.clone())
                .with("previous", previous)
        });
        let place = self.session.last_part();
        self.office.account(now, self.session, Message::Start(place), now);
        self.arm_interim(now);
        Ok(())
    }

    /// The user goes offline.
    pub(super) fn disconnect(&mut self, cause: &str) -> Performed {
        let cause = dictionary::named("Acct-Terminate-Cause")
            .and_then(|own| own.value_number(cause))
            .ok_or_else(|| ActionError::Impossible(format!("'{cause}' is no Acct-Terminate-Cause")))?;
        self.must_be_up()?;
        self.end(self.now, cause, By::User);
        Ok(())
    }

    /// The session ends.
    pub(super) fn end(&mut self, at: Instant, cause: u32, by: By) {
        if self.session.stage != Stage::Up {
            return;
        }
        self.session.stage = Stage::Over;
        let alarms = std::mem::take(&mut self.session.alarms);
        for alarm in [alarms.interim, alarms.timeout, alarms.quota].into_iter().flatten() {
            self.office.alarms.cancel(alarm);
        }
        let session = &*self.session;
        let counters = session.traffic.counters(at);
        let lasted = session.began().map_or(Duration::ZERO, |began| at - began);
        self.office.out.observe("session-down", || {
            let fields = Fields::with_capacity(9)
                .with("session", session.name.clone())
                .with("by", by.word())
                .with("cause", cause_name(cause))
                .with("lasted", lasted)
                .with("parts", u64::try_from(session.parts.len()).unwrap_or(u64::MAX));
            counted(fields, &counters)
        });
        self.end_part(at, cause, false);
    }

    fn end_part(&mut self, at: Instant, cause: u32, continued: bool) {
        self.cancel_interim();
        let place = self.session.last_part();
        let counters = self.session.traffic.counters(at);
        let Some(part) = self.session.parts.get_mut(place).filter(|part| part.end.is_none()) else { return };
        part.end = Some(End { at, cause, counters, continued });
        self.stop(place);
    }

    /// Reports the end of a part.
    pub(super) fn stop(&mut self, place: usize) {
        let Some(part) = self.session.parts.get_mut(place) else { return };
        part.stops_sent += 1;
        let since = part.end.as_ref().map_or(self.now, |end| end.at);
        self.office.account(self.now, self.session, Message::Stop(place), since);
    }

    /// A Stop was answered; with the quirk it goes out again.
    pub(super) fn stop_answered(&mut self, place: usize) {
        let sent = self.session.parts.get(place).map_or(0, |part| part.stops_sent);
        if self.office.settings.quirks.repeated_stop && sent < quirks::STOPS_MAX {
            self.session.open += 1;
            let alarm = (self.session.key, Alarm::RepeatStop(place));
            self.office.alarms.set(self.now + quirks::STOP_PAUSE, alarm);
        }
    }

    /// An Interim-Update that has no answer yet is not sent again.
    fn cancel_interim(&mut self) {
        if let Some(sent) = self.session.interim_sent.take()
            && self.office.client.cancel(sent).is_some()
        {
            self.session.open = self.session.open.saturating_sub(1);
        }
    }

    /// Says what has become of the session's traffic, where that is not what it was.
    pub(super) fn tell_deed(&mut self, before: Deed) {
        let (deed, policy) = self.session.held.deed();
        if deed == before {
            return;
        }
        let name = &self.session.name;
        let kind = match deed {
            Deed::Full => "restored",
            Deed::Throttle(_) => "throttled",
            Deed::Hotline => "hotlined",
        };
        self.office.out.observe(kind, || {
            let mut fields = Fields::with_capacity(4).with("session", name.clone());
            if let Some(policy) = policy {
                fields.push("policy", policy.clone());
            }
            if let Deed::Throttle(caps) = deed {
                let limits = [("up", caps.up), ("down", caps.down)];
                for (way, limit) in
                    limits.into_iter().filter_map(|(way, limit)| limit.map(|limit| (way, limit)))
                {
                    fields.push(way, limit);
                }
            }
            fields
        });
    }
}

/// The name of an Acct-Terminate-Cause.
fn cause_name(cause: u32) -> Value {
    let name = dictionary::named("Acct-Terminate-Cause").and_then(|own| own.value_name(cause));
    name.map_or_else(|| Value::from(cause), |name| Value::Text(Text::const_new(name)))
}

fn counted(fields: Fields, counters: &Counters) -> Fields {
    fields
        .with("input-octets", counters.up.octets)
        .with("output-octets", counters.down.octets)
        .with("input-packets", counters.up.packets)
        .with("output-packets", counters.down.packets)
}

fn impossible(why: &str) -> Performed {
    Err(ActionError::Impossible(why.to_owned()))
}
