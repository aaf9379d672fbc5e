//! What all sessions of a gateway share beside what [every RADIUS client node](office::Office) has: alarms of sessions,
//! addresses.

use std::net::Ipv4Addr;

use tollgate_network::Server;
use tollgate_radius::Code;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::messages::{self, Message, Query};
use super::session::{Session, SessionKey};
use super::settings::Settings;
use crate::apart::Notice;
use crate::office;
use crate::radius_client::{ExchangeId, Request, SendError, Service};

/// What a session wanted to do at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// An Interim-Update is due.
    Interim,
    /// The granted time is over.
    Timeout,
    /// The granted octets are used up.
    Quota,
    /// Quirk `repeated-stop`: the record of this part goes out once more.
    RepeatStop(usize),
}

/// What the sessions of a gateway share.
pub(super) type Office = office::Office<Settings, Query, (SessionKey, Alarm), Counters>;

/// What a gateway counts beside sessions.
#[derive(Debug, Default)]
pub(super) struct Counters {
    addresses: u32,
}

impl Office {
    pub(super) fn new(settings: Settings, servers: &[Server], seed: u64, observing: bool) -> Self {
        let client = settings.client.clone();
        Self::open((settings, client), Counters::default(), servers, seed, observing)
    }

    /// What is to be said after a restart: that accounting begins anew.
    pub(super) fn notice(&mut self, now: Instant) -> Option<Notice> {
        let session_id = self.next_session_id();
        let Settings { accounting_on, address, identifier, .. } = &self.settings;
        let (address, identifier) = (*address, identifier.clone());
        accounting_on.then_some(Notice { address, identifier, session_id, at: now })
    }

    /// Sends a request of a session.
    pub(super) fn send(
        &mut self,
        now: Instant,
        session: &mut Session,
        message: Message,
        since: Instant,
    ) -> Result<ExchangeId, SendError> {
        let (service, code) = match message.record() {
            None => (Service::Access, Code::ACCESS_REQUEST),
            Some(_) => (Service::Accounting, Code::ACCOUNTING_REQUEST),
        };
        let request =
            Request { query: Query::Session(session.key, message), service, code, since, persistent: true };
        let Self { settings, client, out, .. } = self;
        let about: &Session = session;
        let sent =
            client.send(now, out, request, &mut |_, head| messages::write(settings, about, message, head))?;
        session.open += 1;
        Ok(sent)
    }

    /// Sends an accounting record of a session, or says that it is lost.
    pub(super) fn account(
        &mut self,
        now: Instant,
        session: &mut Session,
        message: Message,
        since: Instant,
    ) -> Option<ExchangeId> {
        let sent = self.send(now, session, message, since);
        if sent.is_err() {
            self.lost(session, message);
        }
        sent.ok()
    }

    /// Notes that an accounting record was given up.
    pub(super) fn lost(&mut self, session: &Session, message: Message) {
        let Some(record) = message.record() else { return };
        self.out.observe("accounting-lost", || {
            let fields =
                Fields::with_capacity(3).with("record", record).with("session", session.name.clone());
            fields.with("session-id", session.session_id.clone())
        });
    }

    /// An Acct-Session-Id that no other session of this gateway has, from one start to the next (RFC 2866
    /// section 5.5).
    pub(super) fn next_session_id(&mut self) -> Text {
        let (boot, session) = self.next_session();
        Text::from(format!("{boot:08x}{session:08x}"))
    }

    /// The next address of the pool.
    pub(super) fn next_address(&mut self) -> Ipv4Addr {
        let address = Ipv4Addr::from(u32::from(self.settings.pool).wrapping_add(self.counters.addresses));
        self.counters.addresses = self.counters.addresses.wrapping_add(1);
        address
    }
}
