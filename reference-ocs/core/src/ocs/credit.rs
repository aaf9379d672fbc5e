//! Sessions of credit control: reports of what was used since the last one, and grants of what is wanted.

use std::cell::Cell;
use std::sync::Arc;

use tollgate_time::Instant;

use super::Ocs;
use super::access::Kind;
use crate::catalogue::Rate;
use crate::command::{AccessRequest, Lock, Proof, Reuse, SessionKey, Stage, UsageReport};
use crate::credit::{
    Answered, CreditAnswer, CreditAsk, CreditRequest, CreditStage, CreditState, Granted, ServiceAnswer,
    ServiceOutcome, ServiceRequest, SessionAnswer, UnitPrice, Wanted,
};
use crate::denial::Denial;
use crate::effect::{Answer, Effect};
use crate::ids::AccountId;
use crate::money::{Amount, Currency};
use crate::quota::{Hold, QuotaWish, Wishes};
use crate::service::{Leg, Unit};
use crate::sessions::Progress;

/// A request with what was found out about it.
pub(super) struct Asked<'a> {
    pub(super) request: &'a CreditRequest,
    pub(super) account: AccountId,
    pub(super) name: Arc<str>,
    /// When what it speaks of happened; never later than now.
    pub(super) at: Instant,
    /// Where its session stands, once that was found; it stays there while the request is worked on.
    session: Cell<Option<u32>>,
}

impl Ocs {
    pub(super) fn credit(&mut self, now: Instant, request: &CreditRequest, out: &mut Vec<Effect>) {
        let answer = match self.credit_account(request) {
            Some(account) if self.ledger.is_exported(account) => self.keep_late_credit(account, request),
            Some(account) => {
                let name = Arc::clone(&self.ledger.account(account).name);
                let at = request.at.map_or(now, |at| at.min(now));
                self.credit_of(now, &Asked { request, account, name, at, session: Cell::default() }, out)
            }
            None => {
                self.credit_of_nobody(now, request, out);
                CreditAnswer::Denied { denial: Denial::InvalidAccount, context: None }
            }
        };
        out.push(Effect::Answer(Answer::Credit(Box::new(answer))));
    }

    /// The account that a request is about: of the session, where it has one under any of the identities, else the first
    /// that has an account.
    fn credit_account(&self, request: &CreditRequest) -> Option<AccountId> {
        let find =
            |name: &String| self.ledger.account_id(name).or_else(|| self.catalogue.parties.alias(name));
        let known: Vec<AccountId> = request.accounts.iter().filter_map(find).collect();
        let with_session = known
            .iter()
            .find(|&&id| self.sessions.find(&request.session, &self.ledger.account(id).name).is_some());
        with_session.or(known.first()).copied()
    }

    /// What was used by somebody who is not known is put on record to be resolved by hand.
    fn credit_of_nobody(&mut self, now: Instant, request: &CreditRequest, out: &mut Vec<Effect>) {
        let CreditAsk::Session { services, .. } = &request.ask else { return };
        for service in services {
            let Some(used) = service.used.filter(|used| used.before > 0 || used.after > 0) else { continue };
            let account = request.accounts.first().cloned().unwrap_or_default();
            let key = usage_key(&request.session, &service.key, request.number);
            let total = used.before.saturating_add(used.after);
            let report = UsageReport {
                node: request.node.clone(),
                parent: Some(request.session.clone()),
                account,
                stage: Stage::Stop,
                disconnected_at: Some(request.at.map_or(now, |at| at.min(now))),
                ..report_of(service, key, total)
            };
            self.credit_report(now, &report, out);
        }
    }

    fn credit_of(&mut self, now: Instant, asked: &Asked<'_>, out: &mut Vec<Effect>) -> CreditAnswer {
        if let Some(state) = self.credit_session_of(asked).and_then(|at| self.credit_state(at))
            && state.seen.has(asked.request.number)
        {
            return repeated(asked, state);
        }
        match &asked.request.ask {
            CreditAsk::Event(event) => self.credit_event(now, asked, event, out),
            CreditAsk::Session { stage, services, begins_unknown } => {
                let known = self.credit_session_of(asked);
                let state = known.and_then(|at| self.credit_state(at));
                let ended = state.is_some_and(|state| state.ended);
                let begins = *stage == CreditStage::Initial || (*begins_unknown && !ended);
                // A session whose usages were all given up is one no more (RFC 8506 section 7: it returned to idle).
                let given_up = known.is_some_and(|at| self.is_given_up(at));
                let unknown = !begins && (state.is_none() || ended || given_up);
                self.credit_session(now, asked, *stage, services, unknown, out)
            }
        }
    }

    fn credit_session(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        stage: CreditStage,
        services: &[ServiceRequest],
        unknown: bool,
        out: &mut Vec<Effect>,
    ) -> CreditAnswer {
        let ends_all = stage == CreditStage::Terminate;
        // What was used is charged before anything is reserved anew, and whatever is answered.
        for service in services {
            self.credit_used(now, asked, service, ends_all || unknown, out);
        }
        if ends_all {
            self.credit_close_rest(now, asked, out);
        }
        if unknown {
            self.credit_answered(now, asked, Answered::Unknown, ends_all);
            return CreditAnswer::UnknownSession;
        }
        let standing = self.check_standing(now, asked.account);
        if let Err(denial) = standing
            && !ends_all
        {
            for service in services {
                self.credit_release(asked, &service.key);
            }
            let context = self.context(asked.account, None, None);
            return CreditAnswer::Denied { denial, context: Some(Box::new(context)) };
        }
        let answers: Vec<ServiceAnswer> = services
            .iter()
            .map(|service| {
                let wanted = service.wanted.filter(|_| !ends_all && !service.last);
                let outcome = match wanted {
                    None => ServiceOutcome::Settled,
                    Some(wanted) => self.credit_grant(now, asked, service, wanted),
                };
                // Whoever reports gives up what was left of the grant before (RFC 8506 section 5.3).
                if !matches!(outcome, ServiceOutcome::Granted(_)) && service.used.is_some() {
                    self.credit_release(asked, &service.key);
                }
                ServiceAnswer { key: service.key.clone(), outcome }
            })
            .collect();
        self.credit_answered(now, asked, Answered::Session(answers.clone()), ends_all);
        CreditAnswer::Session(SessionAnswer {
            account: Arc::clone(&asked.name),
            services: answers,
            repeated: false,
        })
    }

    /// Charges what a service used since its last report, and closes it where it has ended.
    fn credit_used(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        service: &ServiceRequest,
        ends: bool,
        out: &mut Vec<Effect>,
    ) {
        let used = service.used.unwrap_or_default();
        let ends = ends || service.last;
        let change = self.credit_tariff_change(asked, &service.key);
        // Seconds are told to their levels by the clock; a count of anything else by what the client says of it.
        let splits = used.after > 0 && service.service.unit() != Unit::Second && change.is_some();
        let (first, second) =
            if splits { (used.before, used.after) } else { (used.before.saturating_add(used.after), 0) };
        if let Some(change) = change.filter(|_| splits) {
            self.credit_take(now, asked, service, (first, true), change.min(asked.at), out);
            // The rest is granted first, if there is money for it, as it was granted together with what came before.
            let wanted = Wanted {
                min: None,
                max: second,
                validity: std::time::Duration::ZERO,
                grace: self.catalogue.settings.stop_grace,
            };
            self.credit_grant(now, asked, service, wanted);
            self.credit_take(now, asked, service, (second, ends), asked.at, out);
        } else if first > 0 || ends {
            self.credit_take(now, asked, service, (first, ends), asked.at, out);
        }
    }

    /// Reports units on top of those that were reported before.
    fn credit_take(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        service: &ServiceRequest,
        (more, ends): (u64, bool),
        at: Instant,
        out: &mut Vec<Effect>,
    ) {
        let key = self.credit_usage_key(asked, &service.key);
        let so_far = self.credit_usage(asked, &key);
        if so_far.is_none() && more == 0 {
            return;
        }
        let total = so_far.map_or(0, |at| self.sessions.usage(at).used).saturating_add(more);
        let report = UsageReport {
            node: asked.request.node.clone(),
            parent: Some(asked.request.session.clone()),
            account: asked.name.to_string(),
            stage: if ends { Stage::Stop } else { Stage::Interim },
            disconnected_at: Some(at),
            ..report_of(service, key, total)
        };
        self.credit_report(now, &report, out);
        if ends {
            self.credit_next_usage(asked, &service.key);
        }
    }

    /// Takes a report and leaves out its answer: a request for credit control has one of its own.
    fn credit_report(&mut self, now: Instant, report: &UsageReport, out: &mut Vec<Effect>) {
        self.report(now, report, out);
        if matches!(out.last(), Some(Effect::Answer(_))) {
            out.pop();
        }
    }

    /// Ends the services that a request for the end of the session does not speak of.
    fn credit_close_rest(&mut self, now: Instant, asked: &Asked<'_>, out: &mut Vec<Effect>) {
        let Some(session) = self.credit_session_of(asked) else { return };
        let open: Vec<u32> = {
            let usages = &self.sessions.session(session).usages;
            usages.iter().copied().filter(|&at| self.sessions.known(at).progress.is_open()).collect()
        };
        for at in open {
            let usage = self.sessions.usage(at);
            let service = ServiceRequest { service: usage.service, ..ServiceRequest::default() };
            let report = UsageReport {
                parent: Some(asked.request.session.clone()),
                account: asked.name.to_string(),
                stage: Stage::Stop,
                disconnected_at: usage.ended_at.or(Some(asked.at)),
                ..report_of(&service, usage.key.clone(), usage.used)
            };
            let key = report.session.clone();
            self.credit_report(now, &report, out);
            // What is reported of it after this is no repetition.
            let of = &asked.request.session;
            let mut services = self.credit_state_mut(session).services.iter_mut();
            if let Some(own) = services.find(|own| usage_key(of, &own.key, own.ended) == key) {
                own.ended = own.ended.saturating_add(1);
            }
        }
    }

    /// Returns what a service has reserved, and leaves it open.
    fn credit_release(&mut self, asked: &Asked<'_>, service: &str) {
        let key = self.credit_usage_key(asked, service);
        if let Some(at) = self.credit_usage(asked, &key) {
            self.return_reserved(at);
        }
    }

    /// Grants units of a service and reserves their price.
    fn credit_grant(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        service: &ServiceRequest,
        wanted: Wanted,
    ) -> ServiceOutcome {
        let unit = service.service.unit();
        let wish = QuotaWish { min: wanted.min, max: Some(wanted.max), ..QuotaWish::of(unit) };
        let hold = Hold { expires: Some(wanted.validity + wanted.grace), max_expires: None };
        let key = self.credit_usage_key(asked, &service.key);
        let access = AccessRequest {
            node: asked.request.node.clone(),
            session: key.clone(),
            parent: Some(asked.request.session.clone()),
            account: asked.name.to_string(),
            proof: Proof::Ignored,
            cli: service.cli.clone(),
            cld: service.cld.clone(),
            access_code: service.access_code.clone(),
            service: service.service,
            lock: Lock::Ignore,
            reuse: Reuse::Account,
            call: Default::default(),
            wishes: Wishes { quotas: vec![wish], hold: Some(hold) },
        };
        let accepted = match self.decide(now, &access, Kind::Use) {
            Ok(accepted) => accepted,
            Err(denied) => return ServiceOutcome::Denied(denied.denial),
        };
        let quota = accepted.quota;
        // A count of octets or pieces is at the level at which it was first granted.
        if let Some(at) = self.credit_usage(asked, &key).filter(|_| unit != Unit::Second) {
            self.sessions.usage_mut(at).rated_from.get_or_insert(now);
        }
        let valid_until = now + wanted.validity;
        let found = self.credit_usage(asked, &key);
        let rate = found.and_then(|at| self.sessions.usage(at).rate).and_then(|id| self.catalogue.rate(id));
        let change = rate.and_then(|rate| rate.next_change(now)).filter(|change| *change < valid_until);
        let currency = accepted.context.currency;
        let granted = Granted {
            units: quota.and_then(|quota| quota.available).unwrap_or(wanted.max),
            last: quota.is_some_and(|quota| quota.available.is_some() && quota.retained.is_none()),
            free: rate.is_some_and(Rate::is_free),
            valid_until,
            cld: accepted.cld,
            tariff_change: change,
            unit_price: rate.and_then(|rate| unit_price(rate, currency)),
        };
        if let Some(session) = self.credit_session_of(asked) {
            self.credit_state_mut(session).service_mut(&service.key).tariff_change = change;
        }
        if let Some((at, change)) = found.zip(change).filter(|_| unit != Unit::Second) {
            return ServiceOutcome::Granted(self.credit_reserve_dearer(asked, at, change, granted));
        }
        ServiceOutcome::Granted(granted)
    }

    /// Of what may be used on either side of a change of tariff: no more than funds pay for at the dearer side, and as much
    /// reserved.
    fn credit_reserve_dearer(
        &mut self,
        asked: &Asked<'_>,
        at: u32,
        change: Instant,
        granted: Granted,
    ) -> Granted {
        let usage = self.sessions.usage(at);
        let Some(rate) = usage.rate.and_then(|id| self.catalogue.rate(id)) else { return granted };
        let Some(available) = self.spendable(asked.account) else { return granted };
        let funds = available.saturating_add(usage.reserved);
        let units = rate.affordable(funds, change).map_or(granted.units, |most| most.min(granted.units));
        let last = granted.last || units < granted.units;
        let total = usage.used.saturating_add(units);
        let Some(price) = rate.usage(units, change).cost.round() else { return granted };
        let before = usage.reserved;
        let after = before.max(price).min(funds);
        let usage = self.sessions.usage_mut(at);
        usage.reserved = after;
        if usage.grant.is_some_and(|grant| matches!(grant, crate::effect::Grant::Units(_))) {
            usage.grant = Some(crate::effect::Grant::Units(total));
        }
        self.ledger.reserve(asked.account, before, after);
        Granted { units, last, ..granted }
    }

    /// Keeps a request's answer, so that it can be given again.
    pub(super) fn credit_answered(
        &mut self,
        now: Instant,
        asked: &Asked<'_>,
        answered: Answered,
        ended: bool,
    ) {
        let key = &asked.request.session;
        let at = self
            .credit_session_of(asked)
            .unwrap_or_else(|| self.sessions.begin(key, &asked.name, Some(asked.account)));
        let state = self.credit_state_mut(at);
        state.seen.add(asked.request.number);
        state.answered = Some((asked.request.number, answered));
        state.ended |= ended;
        self.sessions.settle_idle(at, now, self.catalogue.settings.closed_kept_max);
        self.journal_credit(key, &asked.name, asked.request.number);
    }

    fn credit_session_of(&self, asked: &Asked<'_>) -> Option<u32> {
        if asked.session.get().is_none() {
            asked.session.set(self.sessions.find(&asked.request.session, &asked.name));
        }
        asked.session.get()
    }

    fn credit_state(&self, session: u32) -> Option<&CreditState> {
        self.sessions.session(session).credit.as_deref()
    }

    fn credit_state_mut(&mut self, session: u32) -> &mut CreditState {
        self.sessions.session_mut(session).credit.get_or_insert_default()
    }

    fn credit_tariff_change(&self, asked: &Asked<'_>, service: &str) -> Option<Instant> {
        let session = self.credit_session_of(asked)?;
        self.credit_state(session)?.service(service)?.tariff_change
    }

    /// The key of the usage of a service that is in progress, or would begin.
    fn credit_usage_key(&self, asked: &Asked<'_>, service: &str) -> SessionKey {
        let session = self.credit_session_of(asked);
        let state = session.and_then(|at| self.credit_state(at)).and_then(|state| state.service(service));
        usage_key(&asked.request.session, service, state.map_or(0, |state| state.ended))
    }

    fn credit_next_usage(&mut self, asked: &Asked<'_>, service: &str) {
        let Some(session) = self.credit_session_of(asked) else { return };
        let state = self.credit_state_mut(session).service_mut(service);
        state.ended = state.ended.saturating_add(1);
        state.tariff_change = None;
    }

    /// The usage of that key: the open one, else the last that was given up.
    fn credit_usage(&self, asked: &Asked<'_>, key: &SessionKey) -> Option<u32> {
        let session = self.credit_session_of(asked)?;
        let latest_first = self.sessions.session(session).usages.iter().rev().copied();
        let own = latest_first.filter(|&at| {
            let usage = self.sessions.known(at);
            usage.leg == Leg::Originate && usage.key == key
        });
        let open = own.clone().find(|&at| self.sessions.known(at).progress.is_open());
        open.or_else(|| own.clone().find(|&at| self.sessions.known(at).progress == Progress::Expired))
    }

    /// Whether something was granted in a session, and all of it given up.
    fn is_given_up(&self, session: u32) -> bool {
        let usages = &self.sessions.session(session).usages;
        let progress = |at: &u32| self.sessions.known(*at).progress;
        usages.iter().any(|at| progress(at) == Progress::Expired)
            && !usages.iter().any(|at| progress(at).is_open())
    }
}

/// The first answer of a request that came again; of one before the last, that it is known.
fn repeated(asked: &Asked<'_>, state: &CreditState) -> CreditAnswer {
    let services = match &state.answered {
        Some((number, answered)) if *number == asked.request.number => match answered {
            Answered::Session(services) => services.clone(),
            Answered::Event(event) => return CreditAnswer::Event(*event),
            Answered::Unknown => return CreditAnswer::UnknownSession,
        },
        _ => match &asked.request.ask {
            CreditAsk::Session { services, .. } => services
                .iter()
                .map(|service| ServiceAnswer { key: service.key.clone(), outcome: ServiceOutcome::Settled })
                .collect(),
            CreditAsk::Event(_) => Vec::new(),
        },
    };
    CreditAnswer::Session(SessionAnswer { account: Arc::clone(&asked.name), services, repeated: true })
}

/// `<session>`, `<session>;<service>`, and from its second usage on `<session>;<service>;2`.
fn usage_key(session: &SessionKey, service: &str, ended: u32) -> SessionKey {
    let mut key = String::with_capacity(session.as_str().len() + 1 + service.len());
    key.push_str(session.as_str());
    // The session's own key belongs to the session: its usages have others.
    key.push(';');
    key.push_str(service);
    if ended > 0 {
        key.push_str(&format!(";{}", u64::from(ended) + 1));
    }
    SessionKey::new(key)
}

/// What every report of a service says, with its units so far.
fn report_of(service: &ServiceRequest, key: SessionKey, total: u64) -> UsageReport {
    let unit = service.service.unit();
    UsageReport {
        session: key,
        service: service.service,
        cli: service.cli.clone(),
        cld: service.cld.clone(),
        access_code: service.access_code.clone(),
        duration: (unit == Unit::Second).then_some(total),
        octets_in: None,
        octets_out: (unit == Unit::Octet).then_some(total),
        quantity: (unit == Unit::Piece).then_some(total),
        disconnect_cause: service.disconnect_cause,
        subscriber_ip: service.subscriber_ip.clone(),
        lock: Lock::Ignore,
        ..UsageReport::default()
    }
}

fn unit_price(rate: &Rate, currency: Currency) -> Option<UnitPrice> {
    let same = rate.more.is_none()
        && rate.connect_fee == Amount::ZERO
        && rate.free_units == 0
        && rate.first.price == rate.next.price;
    same.then(|| UnitPrice { nanos: rate.next.price.nanos(), per: rate.price_unit, currency })
}
