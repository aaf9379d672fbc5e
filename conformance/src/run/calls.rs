//! The calls and sessions of a run as the clients of charging systems have told of them, and the xDRs that name them.
//!
//! It reads the journal alone, and of it what any deployment can show: requests that clients have sent (a retransmission
//! is no request of its own), answers that they got, records that they gave up, xDRs. A session is known by what
//! names it on the wire: h323-conf-id with its leg, Acct-Session-Id where there is none, or Diameter's Session-Id.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_network::Seen;
use tollgate_wire::{Fields, Text, Value};

use super::journal::Journal;
use super::scene::Cast;
use crate::scenario::{Deed, FaultKind, Who};

/// What a session is known by: its key, and its leg where it has several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallKey {
    pub(crate) session: Text,
    pub(crate) leg: Option<Text>,
}

/// A session as its client has told of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    /// Who told of it first.
    pub(crate) client: Option<Who>,
    /// Whether it was answered, or used anything.
    pub(crate) answered: bool,
    /// Whether its end was reported.
    pub(crate) ended: bool,
    /// Whether the report of its end may not have come: it was given up, has no answer, or its client crashed.
    pub(crate) doubtful: bool,
    /// Requests of a session of credit control that have no answer.
    open: BTreeSet<(Text, Text)>,
    /// The frame of the latest report.
    pub(crate) frame: Option<u64>,
}

/// An xDR of a charging system.
#[derive(Debug, Clone)]
pub(crate) struct Xdr {
    /// Which system or site wrote it.
    pub(crate) by: Who,
    /// Its place in the journal.
    pub(crate) place: usize,
    /// Whom it charges.
    pub(crate) entity: Text,
    /// `session`, and `parent-session-id` where it is a part of a session.
    pub(crate) session: Text,
    pub(crate) parent: Option<Text>,
    pub(crate) leg: Option<Text>,
    /// What tells the records of one session apart that are no doubles: environment, service, when the use began that is
    /// charged by it, and its place among several that charge for one use in parts.
    pub(crate) part: [Text; 4],
    /// Whether it tells of an attempt that never connected.
    pub(crate) failed: bool,
}

/// All of a run.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) calls: BTreeMap<CallKey, Call>,
    pub(crate) xdrs: Vec<Xdr>,
    /// Reports of an end that a client gave up without saying of which session.
    pub(crate) lost: BTreeMap<Who, usize>,
}

impl Calls {
    /// Those of a journal.
    pub(crate) fn of(cast: &Cast<'_>, journal: &Journal) -> Self {
        let mut all = Self::default();
        let systems: BTreeSet<Who> = cast.scenario.systems().collect();
        for (place, entry) in journal.entries().iter().enumerate() {
            let Some(who) = cast.who(entry.seen.node) else { continue };
            if systems.contains(&who) {
                all.system(who, place, &entry.seen);
            } else if cast.kind(who).is_some_and(|kind| kind.client) {
                all.client(who, &entry.seen);
            }
        }
        let crashed = |who: Option<Who>| {
            let mut faults = cast.scenario.steps.iter().filter_map(|step| match &step.does {
                Deed::Fault(fault) => Some(&fault.what),
                _ => None,
            });
            faults.any(
                |fault| matches!(fault, FaultKind::Crash(own) | FaultKind::Restart(own) if Some(*own) == who),
            )
        };
        for call in all.calls.values_mut() {
            call.doubtful |= !call.open.is_empty() || crashed(call.client);
        }
        all
    }

    fn system(&mut self, by: Who, place: usize, seen: &Seen) {
        if seen.observation.kind != "xdr" {
            return;
        }
        let fields = seen.observation.fields();
        let text = |name: &str| text(fields, name);
        self.xdrs.push(Xdr {
            by,
            place,
            entity: text("entity").unwrap_or_else(|| "account".into()),
            session: text("session").unwrap_or_default(),
            parent: text("parent-session-id"),
            leg: text("leg"),
            part: ["i-env", "service", "connect-time", "split-order"]
                .map(|name| text(name).unwrap_or_default()),
            failed: fields.get("failed") == Some(&Value::Flag(true)),
        });
    }

    fn client(&mut self, who: Who, seen: &Seen) {
        let fields = seen.observation.fields();
        match seen.observation.kind.as_str() {
            "Accounting-Request" => self.accounting(who, seen, fields),
            "accounting-lost" => self.given_up(who, fields),
            kind => match kind.split_once('-') {
                Some(("CCR", "U" | "T" | "E" | "I")) => self.credit(who, kind, seen, fields),
                Some(("CCA", "U" | "T" | "E" | "I")) => self.credit_answered(fields),
                _ => {}
            },
        }
    }

    fn accounting(&mut self, who: Who, seen: &Seen, fields: &Fields) {
        let conf = text(fields, "h323-conf-id");
        // Parts of one session share its Acct-Multi-Session-Id.
        let named =
            ["Acct-Multi-Session-Id", "Acct-Session-Id"].into_iter().find_map(|name| text(fields, name));
        let Some(session) = conf.clone().or(named) else { return };
        let leg = text(fields, "h323-call-origin").filter(|_| conf.is_some());
        let call = self.calls.entry(CallKey { session, leg }).or_default();
        call.client.get_or_insert(who);
        // A session without legs is in use from its Start; a call that was not answered has no time of connection.
        call.answered |= conf.is_none() || fields.get("h323-connect-time").is_some();
        call.ended |= text(fields, "Acct-Status-Type").as_deref() == Some("Stop");
        call.frame = seen.frame.or(call.frame);
    }

    fn given_up(&mut self, who: Who, fields: &Fields) {
        if text(fields, "record").as_deref() != Some("Stop") {
            return;
        }
        let named = ["conf-id", "session-id"].into_iter().find_map(|name| text(fields, name));
        let Some(session) = named else {
            *self.lost.entry(who).or_default() += 1;
            return;
        };
        let leg = text(fields, "leg");
        let of_it = |key: &CallKey| key.session == session && (key.leg.is_none() || key.leg == leg);
        for (_, call) in self.calls.iter_mut().filter(|(key, _)| of_it(key)) {
            call.doubtful = true;
        }
    }

    fn credit(&mut self, who: Who, kind: &str, seen: &Seen, fields: &Fields) {
        let Some(session) = credit_session(fields) else { return };
        let call = self.calls.entry(CallKey { session, leg: None }).or_default();
        call.client.get_or_insert(who);
        call.answered |= used(fields);
        call.ended |= kind == "CCR-T";
        call.frame = seen.frame.or(call.frame);
        call.open.insert(request(fields));
    }

    fn credit_answered(&mut self, fields: &Fields) {
        let Some(session) = credit_session(fields) else { return };
        if let Some(call) = self.calls.get_mut(&CallKey { session, leg: None }) {
            call.open.remove(&request(fields));
        }
    }
}

impl Xdr {
    /// What its session may be known by: Acct-Session-Id is only unique at one client, whose name stands before it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let after = |name: &'_ Text| name.rfind('/').map(|at| at + 1);
        let tail = after(&self.session).and_then(|at| self.session.get(at..));
        let parent = self.parent.as_deref();
        let parent_tail = self.parent.as_ref().and_then(|name| name.get(after(name)?..));
        [Some(self.session.as_str()), tail, parent, parent_tail].into_iter().flatten()
    }

    /// Whether it is of this session.
    pub(crate) fn is_of(&self, key: &CallKey) -> bool {
        let session = self.names().any(|own| own == key.session.as_str());
        session && (key.leg.is_none() || self.leg.is_none() || self.leg == key.leg)
    }
}

/// A sub-session is one of its own (RFC 8506 8.5).
fn credit_session(fields: &Fields) -> Option<Text> {
    let session = text(fields, "Session-Id")?;
    Some(match text(fields, "CC-Sub-Session-Id") {
        Some(part) => format!("{session};{part}").into(),
        None => session,
    })
}

/// The type and the number of a request within its session (RFC 8506 8.2 and 8.3).
fn request(fields: &Fields) -> (Text, Text) {
    let field = |name: &str| text(fields, name).unwrap_or_default();
    (field("CC-Request-Type"), field("CC-Request-Number"))
}

/// Whether a request reports any use.
fn used(fields: &Fields) -> bool {
    const UNITS: [&str; 6] = [
        "CC-Time",
        "CC-Total-Octets",
        "CC-Input-Octets",
        "CC-Output-Octets",
        "CC-Service-Specific-Units",
        "CC-Money",
    ];
    let any = |units: &Fields| {
        units.iter().any(|(name, value)| UNITS.contains(&name) && value.as_integer() != Some(0))
    };
    let reports = |fields: &Fields| {
        let mut units = fields.all("Used-Service-Unit").filter_map(group);
        units.any(any)
    };
    reports(fields) || fields.all("Multiple-Services-Credit-Control").filter_map(group).any(reports)
}

fn group(value: &Value) -> Option<&Fields> {
    match value {
        Value::Group(fields) => Some(fields),
        _ => None,
    }
}

/// A field as it is shown.
fn text(fields: &Fields, name: &str) -> Option<Text> {
    fields.get(name).map(|value| match value {
        Value::Text(text) => text.clone(),
        other => other.to_string().into(),
    })
}
