//! The operations of CAP as a journal shows them: each under its name in ASN.1, with its argument's fields.

use bytes::Bytes;
use tollgate_camel::message_fields;
use tollgate_network::{FieldNames, Sight};
use tollgate_wire::{Fields, Value};

use crate::outbox::Outbox;

/// A line for each component of a message: its name in a message's fields, its name in a journal, and what it means.
pub(crate) const OPERATIONS: &[(&str, &str, &str)] = &[
    ("initialDP", "InitialDP", "A call has met a trigger; the MSC asks the gateway"),
    ("requestReportBCSMEvent", "RequestReportBCSMEvent", "The gateway says which events it wants to hear of"),
    ("eventReportBCSM", "EventReportBCSM", "The MSC reports an event of the call"),
    ("applyCharging", "ApplyCharging", "The gateway says how long the call may last (tenths of a second)"),
    ("applyChargingReport", "ApplyChargingReport", "The MSC reports how long it did (tenths of a second)"),
    ("callInformationRequest", "CallInformationRequest", "The gateway asks for facts at the end of the call"),
    ("callInformationReport", "CallInformationReport", "The MSC reports them"),
    (
        "furnishChargingInformation",
        "FurnishChargingInformation",
        "The gateway has octets for the call record",
    ),
    ("connect", "Connect", "The gateway sends the call to another number"),
    ("continue", "Continue", "The gateway lets the call go on"),
    ("releaseCall", "ReleaseCall", "The gateway ends the call"),
    ("resetTimer", "ResetTimer", "The gateway has the MSC wait longer for instructions"),
    ("activityTest", "ActivityTest", "The gateway asks whether the dialogue still stands"),
    ("initialDPSMS", "InitialDPSMS", "A short message has met a trigger; the MSC asks the gateway"),
    ("requestReportSMSEvent", "RequestReportSMSEvent", "The gateway says which events it wants to hear of"),
    ("eventReportSMS", "EventReportSMS", "The MSC reports what became of the short message"),
    ("connectSMS", "ConnectSMS", "The gateway sends the short message elsewhere"),
    ("continueSMS", "ContinueSMS", "The gateway lets the short message go on"),
    ("releaseSMS", "ReleaseSMS", "The gateway refuses the short message"),
    ("returnResult", "ReturnResult", "An operation was answered with a result"),
    ("returnError", "ReturnError", "An operation was answered with an error"),
    ("reject", "Reject", "A component was rejected"),
];

/// The field of every one of them that names the call or message.
const CALL: &str = "call";

/// The first parts of the fields' names.
const SIGHT_FIELDS: &[&str] = &[
    CALL,
    "additionalCallingPartyNumber",
    "alertingPattern",
    "argument",
    "bcsmEvents",
    "bearerCapability",
    "callActive",
    "calledPartyBCDNumber",
    "calledPartyNumber",
    "callForwardingSS-Pending",
    "callingPartyNumber",
    "callingPartysCategory",
    "callingPartysNumber",
    "callReferenceNumber",
    "callReleasedAtTcpExpiry",
    "carrier",
    "cause",
    "cGEncountered",
    "chargeNumber",
    "code",
    "cug-Index",
    "cug-Interlock",
    "cug-OutgoingAccess",
    "destinationRoutingAddress",
    "destinationSubscriberNumber",
    "error",
    "eventSpecificInformationBCSM",
    "eventSpecificInformationSMS",
    "eventTypeBCSM",
    "eventTypeSMS",
    "ext-basicServiceCode",
    "extensions",
    "fault",
    "freeFormatData",
    "generalProblem",
    "genericNumbers",
    "highLayerCompatibility",
    "iMSI",
    "initialDPArgExtension",
    "invokeID",
    "invokeProblem",
    "iPSSPCapabilities",
    "legID",
    "legToBeConnected",
    "locationInformation",
    "locationInformationGPRS",
    "locationInformationMSC",
    "locationNumber",
    "maxCallPeriodDuration",
    "miscCallInfo",
    "mscAddress",
    "naOliInfo",
    "nonCUGCall",
    "oCSIApplicable",
    "octets",
    "originalCalledPartyID",
    "partyToCharge",
    "redirectingPartyID",
    "redirectionInformation",
    "releaseIfdurationExceeded",
    "requestedInformationList",
    "requestedInformationTypeList",
    "returnErrorProblem",
    "returnResultProblem",
    "rpCause",
    "serviceInteractionIndicatorsTwo",
    "serviceKey",
    "sgsn-Number",
    "sMSCAddress",
    "sMSEvents",
    "smsReferenceNumber",
    "subscriberState",
    "suppressionOfAnnouncement",
    "tariffSwitchInterval",
    "timeAndTimezone",
    "timeInformation",
    "timerID",
    "timervalue",
    "tone",
    "tPDataCodingScheme",
    "tPProtocolIdentifier",
    "tPShortMessageSpecificInfo",
    "tPValidityPeriod",
    "unknown",
];

const FIELDS: FieldNames =
    FieldNames::Dictionary { known: |name| SIGHT_FIELDS.contains(&name), all: || SIGHT_FIELDS.to_vec() };

/// These sights, and one of each operation behind them; `B` is `A` and the number of [`OPERATIONS`].
pub(crate) const fn with_operations<const A: usize, const B: usize>(own: [Sight; A]) -> [Sight; B] {
    assert!(A + OPERATIONS.len() == B && A > 0, "the table has a row for each of both");
    let mut all = [own[0]; B];
    let mut at = 0;
    while at < B {
        all[at] = if at < A {
            own[at]
        } else {
            let (_, name, about) = OPERATIONS[at - A];
            Sight { name, about, subject: Some(CALL), fields: FIELDS }
        };
        at += 1;
    }
    all
}

/// Notes every component of a message; `heard` where it came.
pub(crate) fn observe(out: &mut Outbox, call: &str, octets: &[u8], heard: bool) {
    if !out.is_observing() {
        return;
    }
    let mut id = None;
    for (name, value) in message_fields(octets).iter() {
        match name {
            "invokeID" => id = Some(value.clone()),
            "message" if value.as_text() == Some("abort") => note(out, "TC-Abort", heard, || {
                let octets = Bytes::copy_from_slice(octets);
                Fields::new().with(CALL, call).with("octets", Value::Bytes(octets))
            }),
            _ => {
                let Some((_, title, _)) = OPERATIONS.iter().find(|(own, ..)| *own == name) else { continue };
                let id = id.take();
                note(out, title, heard, || fields(call, id, value));
            }
        }
    }
}

fn note(out: &mut Outbox, title: &'static str, heard: bool, fields: impl FnOnce() -> Fields) {
    if heard { out.hear(title, fields) } else { out.observe(title, fields) }
}

fn fields(call: &str, id: Option<Value>, value: &Value) -> Fields {
    let mut fields = Fields::with_capacity(8).with(CALL, call);
    if let Some(id) = id {
        fields.push("invokeID", id);
    }
    match value {
        Value::Group(inner) => inner.iter().for_each(|(name, value)| match value {
            // The parts of a list are fields of one name, as repeated AVPs are.
            Value::List(parts) => parts.iter().for_each(|part| fields.push(name, part.clone())),
            other => fields.push(name, other.clone()),
        }),
        Value::Flag(_) => {}
        other => fields.push("argument", other.clone()),
    }
    fields
}
