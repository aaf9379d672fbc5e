//! What the service control of one call or message works with: the dialogue on one side, the session of credit control on
//! the other.

use tollgate_camel::cap::Operation;
use tollgate_camel::tcap::TransactionId;
use tollgate_diameter::{Builder, avp};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::settings::Settings;
use crate::camel::Talk;
use crate::credit_client::{Asked, CreditAnswer, CreditClient, CreditSession, Kind, ServiceAnswer};
use crate::outbox::Outbox;

/// Borrowed for as long as one thing happens.
pub(super) struct Desk<'a> {
    pub(super) now: Instant,
    pub(super) id: TransactionId,
    pub(super) name: &'a str,
    pub(super) settings: &'a Settings,
    pub(super) client: &'a mut CreditClient<TransactionId>,
    pub(super) out: &'a mut Outbox,
    pub(super) talk: &'a mut Talk,
    pub(super) credit: &'a mut CreditSession,
}

impl Desk<'_> {
    /// Says something in the dialogue; what is said together goes in one message.
    pub(super) fn invoke(&mut self, operation: &Operation) {
        self.talk.invoke(self.now, operation);
    }

    /// Sends a request of the session about one service.
    pub(super) fn ask(&mut self, kind: Kind, asked: &Asked, information: &Fields) {
        let bare = self.settings.quirks.no_service_info && kind != Kind::Initial;
        self.client.request(self.now, self.credit, (self.id, kind), |builder| {
            builder.u32(avp::MULTIPLE_SERVICES_INDICATOR, 1);
            asked.write(builder);
            if !bare {
                written(builder, information);
            }
        });
    }

    /// Sends an event.
    pub(super) fn event(&mut self, action: u32, information: &Fields) {
        self.client.request(self.now, self.credit, (self.id, Kind::Event), |builder| {
            builder.u32(avp::REQUESTED_ACTION, action);
            builder.u32(avp::MULTIPLE_SERVICES_INDICATOR, 0);
            written(builder, information);
        });
    }

    pub(super) fn observe(&mut self, kind: &'static str, more: impl FnOnce(Fields) -> Fields) {
        let name = self.name;
        self.out.observe(kind, || more(Fields::new().with("call", name)));
    }
}

fn written(builder: &mut Builder, information: &Fields) {
    // Every field is one of the dictionary's; numbers come as digits.
    let _ = builder.fields(information);
}

/// What an answer means for the one service that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Go on, with what this grants.
    Go(&'a ServiceAnswer),
    /// Go on; nobody counts it (4011).
    Free,
    /// It is refused, with this result.
    No(u32),
}

/// CREDIT_CONTROL_NOT_APPLICABLE (RFC 8506 section 9.1).
const NOT_APPLICABLE: u32 = 4011;
/// UNABLE_TO_COMPLY (RFC 6733 section 7.1.5): what stands for an answer without a result.
const UNABLE_TO_COMPLY: u32 = 5012;

/// Reads an answer; `strict` refuses a service without a result of its own.
pub(super) fn word(answer: &CreditAnswer, service: u32, strict: bool) -> Word<'_> {
    let command = answer.result.map_or(UNABLE_TO_COMPLY, |own| own.0);
    if command == NOT_APPLICABLE {
        return Word::Free;
    }
    if !answer.is_success() {
        return Word::No(command);
    }
    let named = answer.services.iter().find(|own| own.service_identifier == Some(service));
    let Some(own) = named.or_else(|| answer.services.first()) else { return Word::Go(&answer.command) };
    match own.result {
        None if strict => Word::No(UNABLE_TO_COMPLY),
        None => Word::Go(own),
        Some(result) if result.0 == NOT_APPLICABLE => Word::Free,
        Some(result) if result.is_success() => Word::Go(own),
        Some(result) => Word::No(result.0),
    }
}
