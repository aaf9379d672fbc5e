//! What all calls and registrations of one server share: the station, the RADIUS client, alarms, nonces, and which call a
//! transaction or dialog belongs to.

use std::collections::BTreeMap;

use tollgate_network::{Output, Server};
use tollgate_radius::Code;
use tollgate_sip::dialog::DialogId;
use tollgate_sip::digest;
use tollgate_sip::transaction::TransactionId;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::call::{CallId, Side};
use super::messages::{Ask, Query, Report};
use super::settings::Settings;
use crate::radius_client::{Client, Request, Service};
use crate::sip::{Received, Station};
use crate::timers::Timers;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The present route was rung for long enough.
    Patience(CallId),
    /// The granted time is over.
    Cut(CallId),
    /// An interim record is due.
    Interim(CallId),
    /// A 2xx is sent again.
    Again(CallId),
    /// Ended bindings are forgotten.
    Sweep,
}

/// What a transaction is to its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The caller's INVITE.
    Offer,
    /// An INVITE to the called side.
    Attempt,
    /// A request within the call from this side, to be sent on.
    Within(Side),
    /// The same on its way to the other side.
    Relayed,
    /// An INVITE by which the server itself changes the call at this side.
    Change(Side),
}

#[derive(Debug)]
pub(super) struct Office {
    pub(super) settings: Settings,
    pub(super) station: Station,
    pub(super) client: Client<Query>,
    pub(super) alarms: Timers<Alarm>,
    pub(super) nonces: digest::Server,
    pub(super) transactions: BTreeMap<TransactionId, (CallId, Role)>,
    pub(super) dialogs: BTreeMap<DialogId, (CallId, Side)>,
    boot: u32,
    sessions: u32,
}

impl Office {
    pub(super) fn open(settings: Settings, mut station: Station, servers: &[Server], seed: u64) -> Self {
        let client = Client::new(settings.client.clone(), servers, seed.rotate_left(32));
        let nonces = digest::Server::new(station.chance.octets(), settings.nonce_life);
        Self {
            boot: station.chance.below(u32::MAX),
            settings,
            station,
            client,
            alarms: Timers::default(),
            nonces,
            transactions: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            sessions: 0,
        }
    }

    pub(super) fn restart(&mut self) {
        self.station.restart();
        self.client.clear();
        self.alarms.clear();
        self.transactions.clear();
        self.dialogs.clear();
        self.boot = self.station.chance.below(u32::MAX);
    }

    pub(super) fn poll(&mut self) -> Output {
        self.station.poll_output(&[self.alarms.next_deadline(), self.client.next_deadline()])
    }

    /// Answers a request with a status and nothing else. Where its transaction is over, nobody waits for it.
    pub(super) fn turn_down(&mut self, now: Instant, id: TransactionId, request: &Received, code: u16) {
        self.station.reply(now, id, request, code);
    }

    /// Asks the charging system; says whether it could be asked.
    pub(super) fn ask(&mut self, now: Instant, ask: Ask) -> bool {
        let request = Request {
            query: Query::Ask(Box::new(ask)),
            service: Service::Access,
            code: Code::ACCESS_REQUEST,
            since: now,
            persistent: true,
        };
        self.send(now, request)
    }

    /// Tells the charging system of a leg.
    pub(super) fn report(&mut self, now: Instant, report: Report) {
        let about = (report.stage.name(), report.leg.origin.name(), report.leg.user.clone());
        let since = report.until;
        let request = Request {
            query: Query::Report(Box::new(report)),
            service: Service::Accounting,
            code: Code::ACCOUNTING_REQUEST,
            since,
            persistent: true,
        };
        if !self.send(now, request) {
            self.lost(about);
        }
    }

    pub(super) fn send(&mut self, now: Instant, request: Request<Query>) -> bool {
        let settings = &self.settings;
        let sent = self
            .client
            .send(now, &mut self.station.out, request, &mut |query, head| query.write(settings, head));
        sent.is_ok()
    }

    /// A record was given up.
    pub(super) fn lost(&mut self, (record, leg, user): (&'static str, &'static str, Text)) {
        self.station.out.observe("accounting-lost", || {
            Fields::with_capacity(3).with("record", record).with("leg", leg).with("user", user)
        });
    }

    /// A request that got no answer from any server.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<Query> {
        let settings = &self.settings;
        self.client.expire(now, &mut self.station.out, &mut |query, head| query.write(settings, head))
    }

    /// An Acct-Session-Id that no other leg has, from one start to the next (RFC 2866 section 5.5).
    pub(super) fn next_session_id(&mut self) -> Text {
        self.sessions = self.sessions.wrapping_add(1);
        Text::from(format!("{:08X}{:08X}", self.boot, self.sessions))
    }

    /// A conference identifier in the four groups in which gateways write it.
    pub(super) fn draw_conf_id(&mut self) -> Text {
        let [one, two] = [self.station.chance.octets(), self.station.chance.octets()].map(u64::from_be_bytes);
        Text::from(format!(
            "{:08X} {:08X} {:08X} {:08X}",
            one >> 32,
            one & 0xFFFF_FFFF,
            two >> 32,
            two & 0xFFFF_FFFF
        ))
    }

    /// A `PortaBilling_Seed`: ten digits.
    pub(super) fn draw_seed(&mut self) -> Text {
        Text::from(format!("{}", 1_000_000_000 + u64::from(self.station.chance.below(u32::MAX))))
    }
}
