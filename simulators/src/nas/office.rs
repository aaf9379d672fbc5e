//! What all calls of a NAS share beside what [every RADIUS client node](office::Office) has: alarms of calls, identifiers.

use rand::{Rng, RngExt};
use tollgate_network::Server;
use tollgate_radius::Code;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::call::{Call, CallId, Leg, Why};
use super::messages::{self, Message, Query};
use super::settings::Settings;
use crate::apart::Notice;
use crate::office;
use crate::radius_client::{ExchangeId, Request, SendError, Service};

/// What a call wanted to do at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The entry that nobody ended is taken as it is.
    Entry,
    /// The called party does not answer.
    Ring,
    /// The caller is warned.
    Warning,
    /// The granted time is over.
    Cut,
    /// The caller's leg follows the other.
    ReleaseAnswer(Why),
    /// The second leg follows the caller's.
    ReleaseOriginate,
    /// An Interim-Update is due.
    Interim,
    /// Quirk `repeated-stop`: the record goes out once more.
    RepeatStop(Leg),
}

/// What the calls of a NAS share.
pub(super) type Office = office::Office<Settings, Query, (CallId, Alarm), Counters>;

/// What a NAS counts beside sessions.
#[derive(Debug)]
pub(super) struct Counters {
    transaction: u64,
}

impl Office {
    pub(super) fn new(settings: Settings, servers: &[Server], seed: u64, observing: bool) -> Self {
        let counters = Counters { transaction: settings.transaction };
        let client = settings.client.clone();
        Self::open((settings, client), counters, servers, seed, observing)
    }

    /// What is to be said after a restart: that accounting begins anew.
    pub(super) fn notice(&mut self, now: Instant) -> Option<Notice> {
        let session_id = self.next_session_id();
        let Settings { accounting_on, address, identifier, .. } = &self.settings;
        let (address, identifier) = (*address, identifier.clone());
        accounting_on.then_some(Notice { address, identifier, session_id, at: now })
    }

    /// Sends a request of a call.
    pub(super) fn send(
        &mut self,
        now: Instant,
        call: &mut Call,
        message: Message,
        since: Instant,
    ) -> Result<ExchangeId, SendError> {
        let (service, code) = match message {
            Message::Authenticate | Message::Authorize(_) => (Service::Access, Code::ACCESS_REQUEST),
            _ => (Service::Accounting, Code::ACCOUNTING_REQUEST),
        };
        let query = Query::Call(call.id, message);
        let request = Request { query, service, code, since, persistent: true };
        let Self { settings, client, out, .. } = self;
        let about: &Call = call;
        let sent =
            client.send(now, out, request, &mut |_, head| messages::write(settings, about, message, head))?;
        call.open += 1;
        Ok(sent)
    }

    /// Sends an accounting record of a call, or says that it is lost.
    pub(super) fn account(
        &mut self,
        now: Instant,
        call: &mut Call,
        message: Message,
        since: Instant,
    ) -> Option<ExchangeId> {
        let sent = self.send(now, call, message, since);
        if sent.is_err() {
            self.lost(call, message);
        }
        sent.ok()
    }

    /// Notes that an accounting record was given up.
    pub(super) fn lost(&mut self, call: &Call, message: Message) {
        let Some((record, leg)) = message.record() else { return };
        self.out.observe("accounting-lost", || {
            let (leg, conf_id) = match leg {
                Leg::Answer => ("answer", Some(&call.conf_id)),
                Leg::Originate(place) => ("originate", call.attempts.get(place).map(|own| &own.conf_id)),
            };
            let mut fields = Fields::with_capacity(4);
            fields.push("record", record);
            fields.push("call", call.name.clone());
            fields.push("leg", leg);
            if let Some(conf_id) = conf_id {
                fields.push("conf-id", conf_id.clone());
            }
            fields
        });
    }

    /// The next `transactionID`.
    pub(super) fn next_transaction(&mut self) -> Text {
        let own = self.counters.transaction;
        self.counters.transaction = own.wrapping_add(1);
        decimal(own)
    }

    /// An Acct-Session-Id that no other session of this NAS has, from one start to the next (RFC 2866
    /// section 5.5).
    pub(super) fn next_session_id(&mut self) -> Text {
        let (boot, session) = self.next_session();
        let mut id = Text::default();
        push_hex(&mut id, boot);
        push_hex(&mut id, session);
        id
    }

    /// A conference identifier in the four groups in which gateways write it.
    pub(super) fn draw_conf_id(&mut self) -> Text {
        let mut id = Text::with_capacity(35);
        self.push_groups(&mut id, ' ');
        id
    }

    /// The identifier of a further call in the same session: another first group, the rest the same.
    pub(super) fn draw_next_conf_id(&mut self, session: &str) -> Text {
        let mut id = Text::with_capacity(35);
        push_hex(&mut id, self.random.next_u32());
        match session.find(' ') {
            Some(rest) => id.push_str(session.get(rest..).unwrap_or_default()),
            None => return self.draw_conf_id(),
        }
        id
    }

    /// A `call-id`: four groups, and the address of the NAS.
    pub(super) fn draw_call_id(&mut self) -> Text {
        use std::fmt::Write as _;
        let mut id = Text::with_capacity(51);
        self.push_groups(&mut id, '-');
        // Writing to text in memory cannot fail.
        let _ = write!(id, "@{}", self.settings.address);
        id
    }

    /// A `PortaBilling_Seed`: eleven digits.
    pub(super) fn draw_seed(&mut self) -> Text {
        decimal(self.random.random_range(10_000_000_000..100_000_000_000))
    }

    /// A nonce: sixteen octets in hexadecimal digits.
    pub(super) fn draw_nonce(&mut self) -> Text {
        let mut nonce = Text::with_capacity(32);
        for _ in 0..4 {
            push_hex(&mut nonce, self.random.next_u32());
        }
        nonce
    }

    fn push_groups(&mut self, text: &mut Text, separator: char) {
        for place in 0..4 {
            if place > 0 {
                text.push(separator);
            }
            push_hex(text, self.random.next_u32());
        }
    }
}

/// Eight hexadecimal digits.
fn push_hex(text: &mut Text, number: u32) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut digits = [0; 8];
    for (pair, octet) in digits.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
        *pair = [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]];
    }
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

fn decimal(number: u64) -> Text {
    use std::fmt::Write as _;
    let mut text = Text::default();
    // Writing to text in memory cannot fail.
    let _ = write!(text, "{number}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_eight_digits_each() {
        let mut text = Text::default();
        push_hex(&mut text, 0x39AE_126B);
        push_hex(&mut text, 0x0000_00FF);
        assert_eq!(text, "39AE126B000000FF");
        assert_eq!(decimal(18_879_071_672), "18879071672");
    }
}
