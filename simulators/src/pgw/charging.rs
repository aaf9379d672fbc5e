//! A session asks for quota, reports what was used, and ends.

use std::collections::BTreeMap;

use tollgate_diameter::avp;
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::bearer::{Bearer, By, Need, Office, Stage};
use super::group::{Gate, Group};
use super::information::Change;
use super::pools;
use crate::credit_client::{Asked, FinalUnit, Kind, Units, reason};

/// One session with what it shares.
pub(super) struct Line<'a> {
    pub(super) now: Instant,
    pub(super) bearer: &'a mut Bearer,
    pub(super) office: &'a mut Office,
}

impl Line<'_> {
    /// The first request.
    pub(super) fn begin(&mut self) {
        let wanted: Vec<u32> = self.bearer.groups.keys().copied().collect();
        let need = Need { reason: None, trigger: None, wants: true };
        self.bearer.queue = wanted.into_iter().map(|group| (group, need)).collect();
        self.ask(Kind::Initial);
    }

    /// Does what is due, sends what is to be sent, and sets the alarm anew.
    pub(super) fn settle(&mut self) {
        let now = self.now;
        self.bearer.groups.values_mut().for_each(|group| group.note_tariff_change(now));
        if self.bearer.stage == Stage::Up && !self.bearer.uncontrolled {
            let pooled = pools::exhausted(&self.bearer.groups, now);
            for id in pooled {
                self.wait_for_quota(id, reason::POOL_EXHAUSTED);
            }
            let due: Vec<(u32, Option<u32>)> =
                self.bearer.groups.values().filter_map(|group| Some((group.id, group.due(now)?))).collect();
            for (group, why) in due {
                match why {
                    Some(why) => self.happen(group, why),
                    None => self.want_again(group),
                }
            }
            let reports = !self.bearer.queue.is_empty() || self.bearer.must_report;
            if self.bearer.stage == Stage::Up && self.bearer.waiting.is_none() && reports {
                self.ask(Kind::Update);
            }
        }
        if let Some(alarm) = self.bearer.alarm.take() {
            self.office.alarms.cancel(alarm);
        }
        if self.bearer.stage == Stage::Up && !self.bearer.uncontrolled {
            let queue = &self.bearer.queue;
            // What is to be reported has nothing more to wait for.
            let own = self.bearer.groups.values().filter(|group| !queue.contains_key(&group.id));
            let next = own
                .filter_map(|group| group.deadline(now))
                .chain(pools::deadline(&self.bearer.groups, now))
                .min();
            self.bearer.alarm = next.map(|at| self.office.alarms.set(at.max(now), self.bearer.key));
        }
    }

    /// A group's quota needs attention.
    fn happen(&mut self, id: u32, why: u32) {
        let Some(group) = self.bearer.groups.get_mut(&id) else { return };
        if self.bearer.queue.contains_key(&id) || self.bearer.asking.contains(&id) {
            // It is being asked about already: what is used up waits for the answer.
            if why == reason::QUOTA_EXHAUSTED && *group.gate() == Gate::Open {
                group.set_gate(self.now, Gate::Waiting);
            }
            group.ask_at = None;
            if let Some(quota) = &mut group.quota {
                quota.is_low |= why == reason::THRESHOLD;
                if why == reason::VALIDITY_TIME {
                    quota.valid_until = None;
                }
                if why == reason::HOLDING_TIME {
                    quota.holding = None;
                }
            }
            return;
        }
        if why == reason::QUOTA_EXHAUSTED {
            let last = group.quota.as_ref().and_then(|quota| quota.final_unit.clone());
            return match last {
                Some(action) => self.last_units(id, action),
                None => self.wait_for_quota(id, why),
            };
        }
        group.ask_at = None;
        if let Some(quota) = &mut group.quota {
            quota.is_low |= why == reason::THRESHOLD;
            if why == reason::VALIDITY_TIME {
                quota.valid_until = None;
                // What was let go on beyond its last unit ends now.
                if self.office.settings.quirks.late_terminate
                    && quota.final_unit == Some(FinalUnit::Terminate)
                {
                    self.bearer.twice = true;
                    return self.end(By::Quota);
                }
            }
            if why == reason::HOLDING_TIME {
                // The quota goes back; more is asked for when there is traffic again.
                quota.holding = None;
            }
        }
        self.need(id, why, why != reason::HOLDING_TIME);
    }

    /// There is traffic again after a quota went back.
    pub(super) fn want_again(&mut self, id: u32) {
        let Some(group) = self.bearer.groups.get_mut(&id) else { return };
        group.set_gate(self.now, Gate::Waiting);
        self.bearer.queue.insert(id, Need { reason: None, trigger: None, wants: true });
    }

    /// No more gets through until there is an answer.
    fn wait_for_quota(&mut self, id: u32, why: u32) {
        let Some(group) = self.bearer.groups.get_mut(&id) else { return };
        group.set_gate(self.now, Gate::Waiting);
        self.need(id, why, true);
    }

    /// The last units are used: what the server said is done (RFC 8506 section 5.6).
    fn last_units(&mut self, id: u32, action: FinalUnit) {
        let quirks = self.office.settings.quirks;
        let Some(group) = self.bearer.groups.get_mut(&id) else { return };
        if quirks.late_terminate
            && action == FinalUnit::Terminate
            && let Some(quota) = &mut group.quota
            && quota.valid_until.is_some()
        {
            (quota.total, quota.input, quota.output, quota.seconds) = (None, None, None, None);
            return;
        }
        self.limit(id, Some(&action));
        let ends = self.bearer.groups.get(&id).is_some_and(Group::is_dead);
        if ends && self.bearer.is_dead() {
            return self.end(By::Quota);
        }
        // FINAL is for a service that is over; whoever is redirected or restricted may go on (TS 32.299, Reporting-Reason).
        self.need(id, if ends { reason::FINAL } else { reason::QUOTA_EXHAUSTED }, false);
    }

    /// A group reports with the next request.
    pub(super) fn need(&mut self, id: u32, why: u32, wants: bool) {
        self.tell_report(id, why);
        self.bearer.queue.insert(id, Need { reason: Some(why), trigger: None, wants });
    }

    fn tell_report(&mut self, id: u32, why: u32) {
        let name = self.bearer.name.clone();
        self.office.out.observe("quota-report", || {
            let fields = Fields::new().with("session", name).with("rating-group", id);
            fields.with("reason", reason_word(why))
        });
    }

    /// What is there of the session changes; whoever is to know is told (TS 32.299 section 5.3.1).
    pub(super) fn change(&mut self, change: Change) {
        if self.bearer.stage != Stage::Up || self.bearer.uncontrolled {
            return;
        }
        let kind = change.trigger();
        let concerned: Vec<u32> = self
            .bearer
            .groups
            .values()
            .filter(|group| *group.gate() == Gate::Open)
            .filter(|group| {
                let named = group.quota.as_ref().and_then(|quota| quota.triggers.as_ref());
                named.is_none_or(|kinds| kinds.contains(&kind))
            })
            .map(|group| group.id)
            .collect();
        for id in concerned {
            self.need(id, reason::RATING_CONDITION_CHANGE, true);
            if let Some(need) = self.bearer.queue.get_mut(&id) {
                need.trigger = Some(kind);
            }
        }
    }

    /// Sends a request with what the groups have to say.
    fn ask(&mut self, kind: Kind) {
        let queue = std::mem::take(&mut self.bearer.queue);
        self.bearer.must_report = false;
        self.bearer.asking = queue.iter().filter(|(_, need)| need.wants).map(|(id, _)| *id).collect();
        let services = self.services(kind, &queue);
        self.send(kind, &services, None);
        self.bearer.waiting = Some(kind);
    }

    fn services(&mut self, kind: Kind, queue: &BTreeMap<u32, Need>) -> Vec<Asked> {
        let settings = &self.office.settings;
        let octets = settings.request_octets.filter(|_| !settings.quirks.empty_rsu_needed);
        let requested = Units { total: octets, ..Units::default() };
        let mut services = Vec::new();
        for (id, need) in queue {
            let Some(group) = self.bearer.groups.get_mut(id) else { continue };
            // The first octets after a quota went back count against the next one.
            let reports = kind == Kind::Update && group.was_granted() && need.reason.is_some();
            let used = if reports { group.report(self.now, None) } else { Vec::new() };
            if need.reason == Some(reason::HOLDING_TIME) {
                group.quota = None;
            }
            services.push(Asked {
                rating_group: Some(*id),
                service_identifier: None,
                requested: need.wants.then_some(requested),
                used,
                reason: need.reason,
                trigger: need.trigger,
            });
        }
        services
    }

    fn send(&mut self, kind: Kind, services: &[Asked], cause: Option<u32>) {
        let Office { settings, client, .. } = &mut *self.office;
        let Bearer { credit, information, key, .. } = &mut *self.bearer;
        let quirks = settings.quirks;
        let first = kind == Kind::Initial;
        client.request(self.now, credit, (*key, kind), |builder| {
            if first || !quirks.msi_first_only {
                builder.u32(avp::MULTIPLE_SERVICES_INDICATOR, 1);
            }
            if let Some(cause) = cause {
                builder.u32(avp::TERMINATION_CAUSE, cause);
            }
            services.iter().for_each(|service| service.write(builder));
            if first || !quirks.no_service_info {
                information.write(builder, settings);
            }
        });
    }

    /// The session ends: at once, or when the answer that is awaited is there.
    pub(super) fn end(&mut self, by: By) {
        if self.bearer.stage == Stage::Over {
            return;
        }
        let now = self.now;
        for group in self.bearer.groups.values_mut() {
            group.set_gate(now, Gate::Blocked);
        }
        if self.bearer.waiting.is_some() {
            self.bearer.ending.get_or_insert(by);
            return;
        }
        self.down(by);
        // Whoever does not count has nothing to report.
        if self.bearer.uncontrolled {
            return;
        }
        let ids: Vec<u32> = self.bearer.groups.keys().copied().collect();
        let mut services = Vec::new();
        for id in ids {
            let Some(group) = self.bearer.groups.get_mut(&id) else { continue };
            let used = if group.was_granted() { group.report(now, None) } else { continue };
            services.push(Asked {
                rating_group: Some(id),
                used,
                reason: Some(reason::FINAL),
                ..Asked::default()
            });
        }
        self.send(Kind::Terminate, &services, Some(by.cause()));
        self.bearer.waiting = Some(Kind::Terminate);
        if self.bearer.twice {
            self.office.client.repeat(now, self.bearer.key, true);
        }
    }

    /// The session is over for its user.
    pub(super) fn down(&mut self, by: By) {
        let now = self.now;
        self.bearer.stage = Stage::Over;
        for group in self.bearer.groups.values_mut() {
            group.set_gate(now, Gate::Blocked);
        }
        let bearer = &*self.bearer;
        self.office.out.observe("session-down", || {
            let sum = |of: fn(&Group, Instant) -> u64| {
                bearer.groups.values().map(|group| of(group, now)).fold(0, u64::saturating_add)
            };
            Fields::new()
                .with("session", bearer.name.clone())
                .with("by", by.word())
                .with("lasted", bearer.lasted(now))
                .with("input-octets", sum(|group, at| group.counters(at).up.octets))
                .with("output-octets", sum(|group, at| group.counters(at).down.octets))
        });
    }
}

/// The word of a Reporting-Reason.
fn reason_word(number: u32) -> &'static str {
    match number {
        reason::THRESHOLD => "threshold",
        reason::HOLDING_TIME => "holding-time",
        reason::FINAL => "final",
        reason::QUOTA_EXHAUSTED => "quota-exhausted",
        reason::VALIDITY_TIME => "validity-time",
        reason::RATING_CONDITION_CHANGE => "rating-condition-change",
        reason::FORCED_REAUTHORISATION => "forced-reauthorisation",
        reason::POOL_EXHAUSTED => "pool-exhausted",
        _ => "other-quota-type",
    }
}
