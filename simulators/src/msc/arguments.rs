//! What the switch tells the gateway when a trigger is met.

use tollgate_camel::Octets;
use tollgate_camel::cap::{
    BasicServiceCode, BearerCapability, EventTypeBcsm, EventTypeSms, InitialDpArg, InitialDpSmsArg,
};
use tollgate_network::ActionError;

use super::settings::Settings;
use crate::camel::{address, called, party};

/// Speech, 64 kbit/s, A-law (Q.763 section 3.57).
const SPEECH: &[u8] = &[0x80, 0x90, 0xa3];
/// Teleservice telephony (TS 29.002 section 17.7.9).
const TELEPHONY: &[u8] = &[0x11];
/// An ordinary subscriber (Q.763 section 3.11).
const ORDINARY: &[u8] = &[0x0a];
/// Call diversion, once, unconditional (Q.763 section 3.45).
const DIVERTED: &[u8] = &[0x03, 0xf1];

/// Who takes part in a call or message.
#[derive(Debug, Clone)]
pub(super) struct Parties {
    /// Who calls or sends.
    pub(super) from: String,
    /// Who is called, or receives.
    pub(super) to: String,
    /// To whom the call is forwarded.
    pub(super) forwarded_to: Option<String>,
    pub(super) imsi: String,
    /// Names the call, together with the address of the switch.
    pub(super) reference: u64,
}

/// How the subscriber takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Originating,
    Terminating,
    Forwarding,
}

fn number<T>(number: &str, made: Option<T>) -> Result<T, ActionError> {
    made.ok_or_else(|| ActionError::Impossible(format!("'{number}' is no number; write only digits")))
}

/// The argument of InitialDP.
pub(super) fn initial_dp(
    settings: &Settings,
    role: Role,
    parties: &Parties,
) -> Result<InitialDpArg, ActionError> {
    let numbering = settings.numbering;
    let Parties { from, to, forwarded_to, imsi, reference } = parties;
    let mut own = InitialDpArg {
        service_key: settings.service_key,
        calling_party_number: Some(number(from, party(from, numbering))?),
        calling_partys_category: Some(Octets(ORDINARY.to_vec())),
        bearer_capability: Some(BearerCapability(Octets(SPEECH.to_vec()))),
        basic_service_code: Some(BasicServiceCode::Teleservice(Octets(TELEPHONY.to_vec()))),
        imsi: imsi.parse().ok(),
        call_reference_number: Some(Octets(reference.to_be_bytes().to_vec())),
        msc_address: address(&settings.number, numbering),
        ..InitialDpArg::default()
    };
    match role {
        Role::Originating => {
            own.event_type_bcsm = Some(EventTypeBcsm::COLLECTED_INFO);
            own.called_party_bcd_number = Some(number(to, address(to, numbering))?);
        }
        Role::Terminating => {
            own.event_type_bcsm = Some(EventTypeBcsm::TERM_ATTEMPT_AUTHORIZED);
            own.called_party_number = Some(number(to, called(to, numbering))?);
        }
        Role::Forwarding => {
            let target = forwarded_to.as_deref().unwrap_or(to);
            own.event_type_bcsm = Some(EventTypeBcsm::COLLECTED_INFO);
            own.called_party_number = Some(number(target, called(target, numbering))?);
            own.original_called_party_id = Some(number(to, party(to, numbering))?);
            own.redirecting_party_id = Some(number(to, party(to, numbering))?);
            own.redirection_information = Some(Octets(DIVERTED.to_vec()));
        }
    }
    Ok(own)
}

/// The argument of InitialDPSMS.
pub(super) fn initial_dp_sms(
    settings: &Settings,
    role: Role,
    parties: &Parties,
) -> Result<InitialDpSmsArg, ActionError> {
    let numbering = settings.numbering;
    let sends = role == Role::Originating;
    Ok(InitialDpSmsArg {
        service_key: settings.service_key,
        destination: Some(number(&parties.to, address(&parties.to, numbering))?),
        calling_party_number: Some(number(&parties.from, address(&parties.from, numbering))?),
        event_type: Some(if sends { EventTypeSms::COLLECTED_INFO } else { EventTypeSms::DELIVERY_REQUESTED }),
        imsi: parties.imsi.parse().ok(),
        smsc_address: address(&settings.smsc, numbering),
        // SMS-SUBMIT and SMS-DELIVER (TS 23.040 section 9.2.2).
        specific_info: Some(Octets(vec![if sends { 0x01 } else { 0x04 }])),
        protocol_identifier: Some(Octets(vec![0])),
        data_coding_scheme: Some(Octets(vec![0])),
        sms_reference_number: Some(Octets(parties.reference.to_be_bytes().to_vec())),
        msc_address: address(&settings.number, numbering),
        ..InitialDpSmsArg::default()
    })
}
