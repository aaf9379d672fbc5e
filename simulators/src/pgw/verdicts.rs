//! What answers and servers say, done: quota, refusals, final units, RAR, ASR, and nobody there.

use std::collections::BTreeSet;
use std::sync::Arc;

use tollgate_diameter::peer::ConnectionId;
use tollgate_diameter::{Message, ResultCode, avp};
use tollgate_wire::Fields;

use super::bearer::{By, Stage};
use super::charging::Line;
use super::group::{Gate, Group};
use super::quota::Quota;
use crate::credit_client::{CreditAnswer, FinalUnit, Kind, ServiceAnswer, Verdict, reason};

impl Line<'_> {
    /// The answer to a request.
    pub(super) fn answered(&mut self, kind: Kind, server: &Arc<str>, answer: &CreditAnswer) {
        self.bearer.waiting = None;
        if kind == Kind::Terminate {
            return;
        }
        self.bearer.credit.learn(answer, server);
        let asking = std::mem::take(&mut self.bearer.asking);
        let reauthorised = std::mem::take(&mut self.bearer.reauthorising);
        if answer.result == Some(ResultCode::CREDIT_CONTROL_NOT_APPLICABLE) {
            return self.go_uncontrolled(kind);
        }
        if !answer.is_success() {
            return self.refused(kind, answer);
        }
        if let Some(by) = self.bearer.ending.take() {
            return self.end(by);
        }
        let understands = self.office.settings.tariff_changes;
        if !understands && answer.services.iter().any(|own| own.tariff_change.is_some()) {
            return self.end(By::BadAnswer);
        }
        if kind == Kind::Initial {
            self.bearer.stage = Stage::Up;
        }
        let mut silent = asking;
        for own in &answer.services {
            if let Some(id) = own.rating_group {
                let asked = silent.remove(&id);
                self.take((id, asked), own, reauthorised);
            }
        }
        // Whoever asked and is not spoken of has nothing.
        for id in silent {
            self.take((id, true), &ServiceAnswer::default(), reauthorised);
        }
        self.came_up(kind, answer);
        if self.bearer.stage == Stage::Up && self.bearer.is_dead() && !self.bearer.groups.is_empty() {
            self.end(By::Quota);
        }
    }

    fn came_up(&mut self, kind: Kind, answer: &CreditAnswer) {
        if kind != Kind::Initial || self.bearer.stage != Stage::Up {
            return;
        }
        if self.bearer.is_dead() && !self.bearer.groups.is_empty() {
            let code = answer.services.iter().find_map(|own| own.result.filter(|own| own.is_failure()));
            return self.tell_refused("no-quota", code);
        }
        self.tell_up();
    }

    fn tell_up(&mut self) {
        let bearer = &*self.bearer;
        self.office.out.observe("session-up", || {
            Fields::new()
                .with("session", bearer.name.clone())
                .with("session-id", bearer.credit.id.clone())
                .with("address", std::net::IpAddr::V4(bearer.information.address))
                .with("server", bearer.credit.server.as_deref().unwrap_or_default())
        });
    }

    fn tell_refused(&mut self, why: &'static str, code: Option<ResultCode>) {
        let name = self.bearer.name.clone();
        self.office.out.observe("refused", || {
            let mut fields = Fields::new().with("why", why).with("session", name);
            if let Some(code) = code {
                fields.push("result-code", code.0);
            }
            fields
        });
    }

    /// What an answer says of one rating group, which may have asked for nothing.
    fn take(&mut self, (id, asked): (u32, bool), own: &ServiceAnswer, reauthorised: bool) {
        let quirks = self.office.settings.quirks;
        let now = self.now;
        let unnamed = own.result.is_none() && quirks.needs_mscc_result;
        let result = own.result.unwrap_or(ResultCode::SUCCESS);
        let Some(group) = self.bearer.groups.get_mut(&id) else { return };
        let was = group.gate().clone();
        if result == ResultCode::CREDIT_CONTROL_NOT_APPLICABLE {
            group.quota = None;
            group.ask_at = None;
            group.set_gate(now, Gate::Uncontrolled);
            return self.tell_change(id, &was);
        }
        let quota = Quota::read(now, own).filter(|_| result.is_success() && !unnamed);
        if let Some(mut quota) = quota {
            if quirks.validity_not_restarted
                && reauthorised
                && let Some(old) = group.quota.as_ref().and_then(|quota| quota.valid_until)
            {
                quota.valid_until = Some(old);
            }
            group.grant(now, quota);
            group.set_gate(now, Gate::Open);
            self.tell_granted(id, own);
            return self.tell_change(id, &was);
        }
        let failed = !result.is_success() || unnamed;
        // A grant of nothing is the end of what there is (TS 32.299 section 5.3.3).
        if !failed && own.granted.is_none() {
            // A report that asked for nothing; while limited, the time to ask again (RFC 8506 section 5.6.2).
            if was.is_limited() {
                let span = own.validity.filter(|span| !span.is_zero());
                group.ask_at = span.and_then(|span| now.checked_add(span));
                return;
            }
            if !asked || was != Gate::Waiting {
                return;
            }
        }
        group.quota = None;
        let code = if unnamed { None } else { own.result };
        if failed {
            self.tell_denied(id, code);
        }
        if result == ResultCode::RATING_FAILED && !quirks.local_hotline {
            if let Some(group) = self.bearer.groups.get_mut(&id) {
                group.set_gate(now, Gate::Unrated);
                group.ask_at = None;
            }
            return self.tell_change(id, &was);
        }
        let action =
            own.final_unit.as_ref().or(own.granted.filter(|_| !failed).map(|_| &FinalUnit::Terminate));
        self.limit(id, action);
        if let Some(group) = self.bearer.groups.get_mut(&id) {
            let ends = action == Some(&FinalUnit::Terminate) && *group.gate() == Gate::Blocked;
            let span = own.validity.filter(|span| !ends && !span.is_zero());
            group.ask_at = span.and_then(|span| now.checked_add(span));
        }
    }

    /// A group gets no more: what the server says is done, as far as this gateway knows how.
    pub(super) fn limit(&mut self, id: u32, action: Option<&FinalUnit>) {
        let settings = &self.office.settings;
        let gate = match action {
            _ if settings.quirks.local_hotline => Gate::Redirected(settings.hotline.clone()),
            Some(FinalUnit::Redirect(to)) if settings.redirects && !settings.quirks.no_redirect => {
                Gate::Redirected(to.clone())
            }
            Some(FinalUnit::Restrict(rules)) if settings.restricts => Gate::Restricted(rules.clone()),
            _ => Gate::Blocked,
        };
        let stays = settings.quirks.no_redirect && matches!(action, Some(FinalUnit::Redirect(_)));
        let now = self.now;
        let Some(group) = self.bearer.groups.get_mut(&id) else { return };
        let was = group.gate().clone();
        let again = group.quota.as_ref().and_then(|quota| quota.valid_until);
        group.set_gate(now, gate);
        // Whoever does not follow a redirection asks again all the same.
        group.ask_at = again.filter(|_| stays);
        self.tell_change(id, &was);
    }

    fn tell_granted(&mut self, id: u32, own: &ServiceAnswer) {
        let name = self.bearer.name.clone();
        self.office.out.observe("quota-granted", || {
            let mut fields = Fields::new().with("session", name).with("rating-group", id);
            let units = own.granted.unwrap_or_default();
            if let Some(octets) = units.octets() {
                fields.push("octets", octets);
            }
            if let Some(secs) = units.time {
                fields.push("seconds", secs);
            }
            if let Some(valid) = own.validity {
                fields.push("valid", valid);
            }
            fields.push("last", own.final_unit.is_some());
            fields
        });
    }

    fn tell_denied(&mut self, id: u32, code: Option<ResultCode>) {
        let name = self.bearer.name.clone();
        self.office.out.observe("quota-denied", || {
            let mut fields = Fields::new().with("session", name).with("rating-group", id);
            if let Some(code) = code {
                fields.push("result-code", code.0);
            }
            fields
        });
    }

    /// Says what has become of a group's traffic, where that is not what it was.
    fn tell_change(&mut self, id: u32, was: &Gate) {
        let Some(gate) = self.bearer.groups.get(&id).map(Group::gate).filter(|gate| *gate != was) else {
            return;
        };
        let (kind, detail) = match gate {
            Gate::Redirected(to) => ("redirected", Some(("to", to.clone()))),
            Gate::Restricted(rules) => {
                let rules: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
                ("restricted", Some(("rules", rules.join("; ").into())))
            }
            Gate::Blocked | Gate::Unrated => ("blocked", None),
            Gate::Open | Gate::Uncontrolled if was.is_limited() => ("resumed", None),
            Gate::Uncontrolled => ("uncontrolled", None),
            Gate::Open | Gate::Waiting => return,
        };
        let name = self.bearer.name.clone();
        self.office.out.observe(kind, || {
            let mut fields = Fields::new().with("session", name).with("rating-group", id);
            if let Some((name, text)) = detail {
                fields.push(name, text);
            }
            fields
        });
    }

    /// The whole request is refused.
    fn refused(&mut self, kind: Kind, answer: &CreditAnswer) {
        let quirks = self.office.settings.quirks;
        // A redirection with the refusal of a session is a hotline (INTEROP, TS03.a).
        let elsewhere = answer.command.final_unit.as_ref().filter(|own| **own != FinalUnit::Terminate);
        let is_hotlined = quirks.local_hotline || (kind == Kind::Initial && elsewhere.is_some());
        if is_hotlined && self.bearer.ending.is_none() {
            if kind == Kind::Initial {
                self.bearer.stage = Stage::Up;
                self.tell_up();
            }
            let ids: Vec<u32> = self.bearer.groups.keys().copied().collect();
            for id in ids {
                self.limit(id, elsewhere);
            }
            // The charging system knows nothing of it: there is nothing to report.
            self.bearer.uncontrolled = true;
            return;
        }
        if kind == Kind::Initial {
            self.tell_refused("refused", answer.result);
            self.bearer.stage = Stage::Over;
            return;
        }
        self.down(self.bearer.ending.unwrap_or(By::Server));
    }

    /// Credit control does not apply: the service goes on and nobody counts.
    fn go_uncontrolled(&mut self, kind: Kind) {
        if let Some(by) = self.bearer.ending.take() {
            return self.down(by);
        }
        self.bearer.uncontrolled = true;
        self.open_all();
        if kind == Kind::Initial && self.bearer.stage == Stage::Asking {
            self.bearer.stage = Stage::Up;
            self.tell_up();
        }
    }

    fn open_all(&mut self) {
        let now = self.now;
        let ids: Vec<u32> = self.bearer.groups.keys().copied().collect();
        for id in ids {
            let Some(group) = self.bearer.groups.get_mut(&id) else { continue };
            let was = group.gate().clone();
            group.quota = None;
            group.ask_at = None;
            group.set_gate(now, Gate::Uncontrolled);
            self.tell_change(id, &was);
        }
    }

    /// Another server is asked; the service goes on meanwhile (RFC 8506, state machines).
    pub(super) fn late(&mut self, kind: Kind) {
        if kind == Kind::Initial && self.bearer.stage == Stage::Asking {
            self.bearer.stage = Stage::Up;
            self.tell_up();
        }
        if kind != Kind::Terminate && self.bearer.ending.is_none() {
            let now = self.now;
            for group in self.bearer.groups.values_mut().filter(|group| *group.gate() == Gate::Waiting) {
                group.set_gate(now, Gate::Uncontrolled);
            }
        }
    }

    /// Nobody answers.
    pub(super) fn unanswered(&mut self, kind: Kind, verdict: Verdict) {
        self.bearer.waiting = None;
        self.bearer.asking.clear();
        match (kind, verdict) {
            (Kind::Terminate, _) => {}
            (_, Verdict::Continue) => self.go_uncontrolled(kind),
            (Kind::Initial, _) if self.bearer.stage == Stage::Asking => {
                self.tell_refused("unanswered", None);
                self.bearer.stage = Stage::Over;
            }
            (..) => self.down(self.bearer.ending.unwrap_or(By::Silence)),
        }
    }

    /// A RAR or ASR for this session; it is answered first.
    pub(super) fn asked(&mut self, connection: ConnectionId, request: &Message<'_>, aborts: bool) {
        if self.bearer.stage != Stage::Up || self.bearer.uncontrolled {
            return self.office.client.answer(connection, request, ResultCode::UNKNOWN_SESSION_ID, |_| {});
        }
        if aborts {
            self.office.client.answer(connection, request, ResultCode::SUCCESS, |_| {});
            return self.end(By::Server);
        }
        // Another message follows (ESI, Re-Auth-Answer).
        self.office.client.answer(connection, request, ResultCode::LIMITED_SUCCESS, |_| {});
        if self.bearer.reauthorising {
            return;
        }
        self.bearer.reauthorising = true;
        let numbers = |code| request.all(code).filter_map(|own| own.u32()).collect::<BTreeSet<u32>>();
        let (groups, pools) = (numbers(avp::RATING_GROUP), numbers(avp::G_S_U_POOL_IDENTIFIER));
        let all = groups.is_empty() && pools.is_empty();
        let concerned: Vec<u32> = self
            .bearer
            .groups
            .values()
            .filter(|group| !matches!(group.gate(), Gate::Unrated | Gate::Uncontrolled))
            .filter(|group| {
                let pool = group.quota.as_ref().and_then(|quota| quota.pool).map(|pool| pool.id);
                all || groups.contains(&group.id) || pool.is_some_and(|pool| pools.contains(&pool))
            })
            .map(|group| group.id)
            .collect();
        for id in concerned {
            self.need(id, reason::FORCED_REAUTHORISATION, true);
        }
        self.bearer.must_report = true;
    }
}
