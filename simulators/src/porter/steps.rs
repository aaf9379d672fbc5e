//! The steps of a job: what is asked in each, and what follows from the answer.

use serde_json::{Value as Json, json};
use tollgate_http::{Bytes, Response, StatusCode};
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Fields, Value};

use super::job::{Exported, Job, Page, Side, Step, Wanted};
use super::node::{Alarm, Porter};
use crate::forwarding_registry::ASSIGN;

/// Reports in one delivery at most.
const REPORTS_MAX: u32 = 1_000;
/// xDRs in one page.
const PAGE: u32 = 5_000;

impl Porter {
    /// Asks what a job's step is about.
    pub(super) fn ask(&mut self, now: Instant, number: u64) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        let (from, to) = (job.from, job.from.other());
        let customer = job.customer.unwrap_or_default();
        let whom = json!({ "i_customer": customer });
        let of_move = json!({ "i_customer": customer, "hop": job.hop });
        let bytes = |json: &Json| Bytes::from(json.to_string());
        if job.step == Step::Export && job.exported_at.is_none() {
            job.exported_at = Some(now);
        }
        let reverses = matches!(job.wanted, Wanted::Reverse { .. });
        let (side, method, params) = match &job.step {
            Step::Find => (from, "Customer/get_customer_info", bytes(&json!({ "name": &*job.name }))),
            Step::Trial | Step::Export => {
                let dry_run = job.step == Step::Trial;
                let (scope, to) = (job.scope().to_owned(), self.environment(to));
                let asked = json!({ "i_customer": customer, "to": to, "xdrs": scope, "dry_run": dry_run });
                (from, "v1/Migration/export_customer", bytes(&asked))
            }
            Step::Check(bundle) if reverses => (to, "v1/Migration/check_return", bundle.clone()),
            Step::Check(bundle) => (to, "v1/Migration/check_customer", bundle.clone()),
            Step::Import(bundle) if reverses => (to, "v1/Migration/return_customer", bundle.clone()),
            Step::Import(bundle) => (to, "v1/Migration/import_customer", bundle.clone()),
            Step::Abandon => (to, "v1/Migration/abandon", bytes(&of_move)),
            Step::Lift => (from, "v1/Migration/lift", bytes(&of_move)),
            Step::Settle => (from, "v1/Migration/settle", bytes(&of_move)),
            Step::Late => {
                let asked = json!({ "i_customer": customer, "max": REPORTS_MAX });
                (from, "v1/Migration/late_reports", bytes(&asked))
            }
            Step::Deliver(late) => (to, "v1/Migration/deliver", late.clone()),
            Step::Delivered(up_to) => {
                let told = json!({ "i_customer": customer, "up_to": up_to });
                (from, "v1/Migration/delivered", bytes(&told))
            }
            Step::Xdrs => {
                let asked = json!({
                    "i_customer": customer, "xdrs": job.scope(), "after": job.after, "max": PAGE
                });
                (from, "v1/Migration/export_xdrs", bytes(&asked))
            }
            Step::TakeXdrs(page) => (to, "v1/Migration/import_xdrs", page.clone()),
            Step::Remove => (from, "v1/Migration/remove_customer", bytes(&whom)),
            Step::Tell(place) => {
                let place = *place;
                return self.tell(now, number, place);
            }
        };
        self.calls.ask(now, side, (number, method), params, &mut self.out);
    }

    /// Tells a dispatcher where a customer's numbers are now; behind the last of them the source is told.
    fn tell(&mut self, now: Instant, number: u64, place: usize) {
        let Some(job) = self.jobs.get(&number) else { return };
        let Some(&dispatcher) = self.dispatchers.get(place) else {
            return self.go_on(now, number, Step::Settle);
        };
        let environment = self.environment(job.from.other());
        let accounts = job.accounts.iter().map(|account| format!("i_account/{account}"));
        let customer = format!("i_customer/{}", job.customer.unwrap_or_default());
        let numbers: Vec<String> = job.numbers.iter().cloned().chain([customer]).chain(accounts).collect();
        let body = json!({ "environment": environment, "numbers": numbers });
        self.calls.tell(now, dispatcher, (number, ASSIGN), &body, &mut self.out);
    }

    fn go_on(&mut self, now: Instant, number: u64, step: Step) {
        if let Some(job) = self.jobs.get_mut(&number) {
            job.step = step;
            self.ask(now, number);
        }
    }

    /// A system or a dispatcher has answered.
    pub(super) fn answered(&mut self, now: Instant, number: u64, answer: &Response<Bytes>) {
        let Some(job) = self.jobs.get(&number) else { return };
        let (status, body) = (answer.status(), answer.body().clone());
        match status {
            StatusCode::OK => self.done(now, number, body),
            StatusCode::UNAUTHORIZED
                if fault(&body, "faultcode").is_some_and(|own| own.contains("check_auth")) =>
            {
                // The session is gone with a restart: a new one asks the same.
                let side = self.side_of(job);
                self.calls.forget_session(side);
                self.ask(now, number);
            }
            // Whoever may not speak with the other system any more must not leave a customer in between.
            StatusCode::UNAUTHORIZED if !matches!(job.step, Step::Find | Step::Trial | Step::Export) => {
                self.again(now, number, "the login is refused");
            }
            _ if status.is_server_error() => self.again(now, number, &format!("status {status}")),
            _ => self.refused(now, number, &body),
        }
    }

    /// The system that a step asks.
    fn side_of(&self, job: &Job) -> Side {
        match job.step {
            Step::Check(_) | Step::Import(_) | Step::Abandon | Step::Deliver(_) | Step::TakeXdrs(_) => {
                job.from.other()
            }
            _ => job.from,
        }
    }

    fn done(&mut self, now: Instant, number: u64, body: Bytes) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        let json = || serde_json::from_slice::<Json>(&body).unwrap_or_default();
        match job.step.clone() {
            Step::Find => {
                let known = json()["customer_info"]["i_customer"].as_u64();
                job.customer = known.and_then(|known| u32::try_from(known).ok());
                match job.customer {
                    Some(_) => {
                        let first = job.first_step();
                        self.go_on(now, number, first);
                    }
                    None => self.refused(now, number, &body),
                }
            }
            Step::Trial => match noted(job, &body) {
                true => self.go_on(now, number, Step::Check(body)),
                false => self.again(now, number, "what would travel cannot be read"),
            },
            Step::Check(_) => self.checked(now, number, &json()),
            Step::Export => {
                if !noted(job, &body) {
                    return self.again(now, number, "what travels cannot be read");
                }
                let (name, customer, hop) = (job.name.clone(), job.customer.unwrap_or_default(), job.hop);
                self.out.observe("exported", || {
                    Fields::new().with("customer", name).with("i-customer", customer).with("hop", hop)
                });
                self.go_on(now, number, Step::Import(body));
            }
            Step::Import(_) => {
                job.imported_at = Some(now);
                if matches!(job.wanted, Wanted::Reverse { .. }) {
                    job.report = Some(body);
                }
                self.go_on(now, number, Step::Tell(0));
            }
            Step::Tell(place) => self.go_on(now, number, Step::Tell(place + 1)),
            Step::Settle => self.go_on(now, number, Step::Late),
            Step::Abandon => self.go_on(now, number, Step::Lift),
            Step::Lift => {
                if let Some((step, why)) = job.refused.take() {
                    self.tell_refusal(number, step, &why);
                }
                self.finish(now, number, true);
            }
            Step::Late => match json()["late"].as_array() {
                Some(late) if !late.is_empty() => self.go_on(now, number, Step::Deliver(body)),
                _ => self.swept(now, number),
            },
            Step::Deliver(late) => {
                let reports = serde_json::from_slice::<Json>(&late).unwrap_or_default();
                let reports = reports["late"].as_array().map_or(0, Vec::len);
                let (name, customer) = (job.name.clone(), job.customer.unwrap_or_default());
                let up_to = json()["up_to"].as_u64().unwrap_or_default();
                self.out.observe("late-delivered", || {
                    let fields = Fields::new().with("customer", name).with("i-customer", customer);
                    fields.with("reports", u64::try_from(reports).unwrap_or(u64::MAX))
                });
                self.go_on(now, number, Step::Delivered(up_to));
            }
            Step::Delivered(_) => self.go_on(now, number, Step::Late),
            Step::Xdrs => {
                let Ok(page) = serde_json::from_slice::<Page>(&body) else {
                    return self.again(now, number, "a page of xDRs cannot be read");
                };
                (job.after, job.last) = (page.after.or(job.after), page.last);
                self.go_on(now, number, Step::TakeXdrs(body));
            }
            Step::TakeXdrs(_) => {
                job.xdrs += json()["new"].as_u64().unwrap_or_default();
                if job.last {
                    self.xdrs_ported(now, number);
                } else {
                    self.go_on(now, number, Step::Xdrs);
                }
            }
            Step::Remove => self.cleaned(now, number, &json()),
        }
    }

    fn refused(&mut self, now: Instant, number: u64, why: &Bytes) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        let (step, code) = (job.step.name(), fault(why, "faultcode").unwrap_or_default());
        match (&job.step, code.as_str()) {
            // What comes in late is delivered first, and then it is tried again.
            (Step::Remove, "Migration.Undelivered") => return self.go_on(now, number, Step::Late),
            // It is there, and gone on since: nothing of this move is left to do.
            (Step::Import(_), "Migration.Overtaken") => return self.go_on(now, number, Step::Settle),
            // It must not come in later when it is served again where it was.
            (Step::Import(_), _) => {
                job.refused = Some((step, why.clone()));
                return self.go_on(now, number, Step::Abandon);
            }
            // It did come in, by an attempt that had no answer.
            (Step::Abandon, "Migration.Overtaken") => return self.go_on(now, number, Step::Tell(0)),
            (Step::Late | Step::Deliver(_) | Step::Delivered(_), _) if job.watched => {
                self.jobs.remove(&number);
                return;
            }
            _ => {}
        }
        self.tell_refusal(number, step, why);
        self.finish(now, number, true);
    }

    fn tell_refusal(&mut self, number: u64, step: &'static str, why: &Bytes) {
        let Some(job) = self.jobs.get(&number) else { return };
        let (name, customer) = (job.name.clone(), job.customer);
        self.out.observe("refused", || {
            let why: Json = serde_json::from_slice(why).unwrap_or_default();
            let mut fields = Fields::new().with("customer", name);
            if let Some(customer) = customer {
                fields.push("i-customer", customer);
            }
            fields.push("step", step);
            for field in ["faultcode", "faultstring"] {
                if let Some(text) = why[field].as_str() {
                    fields.push(field, text);
                }
            }
            texts(&why["missing"]).for_each(|missing| fields.push("missing", missing));
            fields
        });
    }

    /// Nothing is left that came late, for now.
    fn swept(&mut self, now: Instant, number: u64) {
        let sweep = self.sweep;
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if job.wanted == Wanted::Clean {
            return self.go_on(now, number, Step::Remove);
        }
        let until = job.imported_at.unwrap_or(now) + self.watch;
        let watches = job.open > 0 && now < until;
        if job.watched {
            match watches {
                true => drop(self.alarms.set(now + sweep, Alarm::Sweep(number))),
                false => drop(self.jobs.remove(&number)),
            }
            return;
        }
        job.watched = watches;
        let job = job.clone();
        match &job.wanted {
            Wanted::Reverse { .. } => self.tell_return(now, &job),
            _ => self.tell_ported(now, &job),
        }
        self.finish(now, number, false);
        if watches {
            self.alarms.set(now + sweep, Alarm::Sweep(number));
        }
    }

    /// Looks for what came late of a customer that has moved.
    pub(super) fn sweep(&mut self, now: Instant, number: u64) {
        self.go_on(now, number, Step::Late);
    }

    fn tell_ported(&mut self, now: Instant, job: &Job) {
        self.out.observe("ported", || {
            let span = |from: Option<Instant>, to: Instant| to.saturating_since(from.unwrap_or(to));
            Fields::new()
                .with("customer", job.name.clone())
                .with("i-customer", job.customer.unwrap_or_default())
                .with("accounts", u64::try_from(job.accounts.len()).unwrap_or(u64::MAX))
                .with("xdrs", job.xdrs)
                .with("open", job.open)
                .with("hop", job.hop)
                .with("downtime", span(job.exported_at, job.imported_at.unwrap_or(now)))
                .with("took", span(job.begun, now))
        });
    }

    fn xdrs_ported(&mut self, now: Instant, number: u64) {
        let Some(job) = self.jobs.get(&number).cloned() else { return };
        self.out.observe("xdrs-ported", || {
            Fields::new()
                .with("customer", job.name.clone())
                .with("i-customer", job.customer.unwrap_or_default())
                .with("xdrs", job.xdrs)
                .with("took", now.saturating_since(job.begun.unwrap_or(now)))
        });
        self.finish(now, number, false);
    }

    fn checked(&mut self, now: Instant, number: u64, found: &Json) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if matches!(job.wanted, Wanted::Reverse { .. }) {
            job.report = Some(Bytes::from(found.to_string()));
            let job = job.clone();
            self.tell_return(now, &job);
        } else {
            let job = job.clone();
            self.out.observe("trial", || {
                let mut fields = Fields::new()
                    .with("customer", job.name.clone())
                    .with("i-customer", job.customer.unwrap_or_default())
                    .with("accounts", u64::try_from(job.accounts.len()).unwrap_or(u64::MAX))
                    .with("xdrs", job.xdrs)
                    .with("open", job.open);
                texts(&found["missing"]).for_each(|missing| fields.push("missing", missing));
                fields
            });
        }
        self.finish(now, number, false);
    }

    fn cleaned(&mut self, now: Instant, number: u64, told: &Json) {
        let Some(job) = self.jobs.get(&number).cloned() else { return };
        self.out.observe("cleaned", || {
            let count = |name: &str| told[name].as_u64().unwrap_or_default();
            Fields::new()
                .with("customer", job.name.clone())
                .with("i-customer", job.customer.unwrap_or_default())
                .with("accounts", count("accounts"))
                .with("xdrs", count("xdrs"))
                .with("xdrs-kept", count("xdrs_kept"))
                .with("again", told["again"].as_bool().unwrap_or_default())
        });
        self.finish(now, number, false);
    }

    /// What came of taking a customer back, with a line for each xDR that the other system made.
    fn tell_return(&mut self, now: Instant, job: &Job) {
        let found: Json =
            job.report.as_ref().and_then(|own| serde_json::from_slice(own).ok()).unwrap_or_default();
        let list = |name: &str| found[name].as_array().map_or(&[][..], Vec::as_slice);
        for (name, returned) in [("returned", true), ("left", false)] {
            for xdr in list(name) {
                self.out.observe("report", || line(job, xdr, returned));
            }
        }
        self.out.observe("returned", || {
            let count = |name: &str| u64::try_from(list(name).len()).unwrap_or(u64::MAX);
            let mut fields = Fields::new()
                .with("customer", job.name.clone())
                .with("i-customer", job.customer.unwrap_or_default())
                .with("dry-run", job.is_dry_run())
                .with("returned", count("returned"))
                .with("left", count("left"));
            let ids = |own: &Json| own["id"].as_str().unwrap_or_default().to_owned();
            list("adjusted").iter().for_each(|own| fields.push("adjusted", ids(own).as_str()));
            list("missing_accounts").iter().for_each(|own| fields.push("missing", ids(own).as_str()));
            texts(&found["active_accounts"]).for_each(|own| fields.push("active", own));
            if let Some(after) = found["customer"]["after"].as_str().and_then(decimal) {
                fields.push("balance", after);
            }
            fields.with("took", now.saturating_since(job.begun.unwrap_or(now)))
        });
    }
}

/// Notes what an export tells of a customer.
fn noted(job: &mut Job, body: &[u8]) -> bool {
    let Ok(told) = serde_json::from_slice::<Exported>(body) else { return false };
    if job.name.starts_with("i_customer=") {
        job.name = told.name.as_str().into();
    }
    (job.hop, job.open, job.xdrs) = (told.hop, told.open, told.xdrs);
    (job.accounts, job.numbers) = (told.accounts, told.numbers);
    true
}

fn line(job: &Job, xdr: &Json, returned: bool) -> Fields {
    let mut fields = Fields::new().with("customer", job.name.clone());
    for (field, name) in [("account", "account_id"), ("cld", "CLD"), ("service", "service")] {
        if let Some(text) = xdr[name].as_str() {
            fields.push(field, text);
        }
    }
    for (field, name) in [("xdr", "i_xdr"), ("used", "used_quantity")] {
        if let Some(number) = xdr[name].as_u64() {
            fields.push(field, number);
        }
    }
    if let Some(amount) = xdr["charged_amount"].as_str().and_then(decimal) {
        fields.push("amount", amount);
    }
    fields.with("returned", returned)
}

fn decimal(text: &str) -> Option<Value> {
    text.parse::<Decimal>().ok().map(Value::Decimal)
}

fn texts(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// A member of a refusal.
fn fault(body: &[u8], name: &str) -> Option<String> {
    let body: Json = serde_json::from_slice(body).ok()?;
    body[name].as_str().map(str::to_owned)
}
