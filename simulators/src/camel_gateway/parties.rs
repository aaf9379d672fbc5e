//! Who takes part in a call or message, as the switch tells it and as the charging system knows it.

use tollgate_camel::cap::{EventTypeBcsm, EventTypeSms, InitialDpArg, InitialDpSmsArg};
use tollgate_camel::number::{AddressString, CalledPartyNumber, PartyNumber};

use crate::camel::{Numbering, bare};

/// How the subscriber takes part (TS 32.299, Role-Of-Node).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Originating,
    Terminating,
    Forwarding,
}

/// Who takes part, in numbers with their country code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parties {
    pub(super) role: Role,
    /// Who pays.
    pub(super) subscriber: String,
    pub(super) imsi: Option<String>,
    pub(super) caller: Option<String>,
    pub(super) called: String,
}

/// The numbers of the messages, each with its own nature of address.
struct Numbers(Numbering);

impl Numbers {
    fn party(&self, own: &PartyNumber) -> String {
        bare(own.digits.as_str(), own.nature == CalledPartyNumber::NATIONAL, self.0)
    }

    fn called(&self, own: &CalledPartyNumber) -> String {
        bare(own.digits.as_str(), own.nature == CalledPartyNumber::NATIONAL, self.0)
    }

    fn address(&self, own: &AddressString) -> String {
        bare(own.digits.as_str(), own.nature == AddressString::NATIONAL, self.0)
    }
}

/// Who takes part in a call; none where the switch says too little.
pub(super) fn of_call(own: &InitialDpArg, numbering: Numbering) -> Option<Parties> {
    let numbers = Numbers(numbering);
    let isup = own.called_party_number.as_ref().map(|own| numbers.called(own));
    let dialled = own.called_party_bcd_number.as_ref().map(|own| numbers.address(own));
    let caller = own.calling_party_number.as_ref().map(|own| numbers.party(own));
    let redirecting = own.redirecting_party_id.as_ref().map(|own| numbers.party(own));
    let called = isup.or(dialled)?;
    let terminating = own.event_type_bcsm == Some(EventTypeBcsm::TERM_ATTEMPT_AUTHORIZED);
    let (role, subscriber) = match (terminating, redirecting) {
        (true, _) => (Role::Terminating, called.clone()),
        (false, Some(redirecting)) => (Role::Forwarding, redirecting),
        (false, None) => (Role::Originating, caller.clone()?),
    };
    let imsi = own.imsi.as_ref().map(|own| own.as_str().to_owned());
    Some(Parties { role, subscriber, imsi, caller, called })
}

/// Who takes part in a short message; none where the switch says too little.
pub(super) fn of_message(own: &InitialDpSmsArg, numbering: Numbering) -> Option<Parties> {
    let numbers = Numbers(numbering);
    let called = own.destination.as_ref().map(|own| numbers.address(own))?;
    let caller = own.calling_party_number.as_ref().map(|own| numbers.address(own));
    let (role, subscriber) = match own.event_type {
        Some(EventTypeSms::DELIVERY_REQUESTED) => (Role::Terminating, called.clone()),
        _ => (Role::Originating, caller.clone()?),
    };
    let imsi = own.imsi.as_ref().map(|own| own.as_str().to_owned());
    Some(Parties { role, subscriber, imsi, caller, called })
}
