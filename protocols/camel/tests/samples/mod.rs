//! Operations as real switches send them, one or more of every kind, with every component that has a meaning
//! of its own somewhere.

#![allow(dead_code, reason = "every test binary takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a sample that is wrong is to fail")]

use tollgate_camel::Operation;
use tollgate_camel::cap::Phase;
use tollgate_wire::{Fields, Value};

/// A group of fields.
pub(crate) fn group<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Group(fields.into_iter().map(|(name, value)| (name.into(), value)).collect::<Fields>())
}

/// Octets from hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Value {
    Value::text(format!("0x{digits}"))
}

pub(crate) fn text(text: &str) -> Value {
    Value::text(text)
}

pub(crate) fn number(number: u32) -> Value {
    Value::from(number)
}

pub(crate) fn yes() -> Value {
    Value::Flag(true)
}

fn list<const N: usize>(values: [Value; N]) -> Value {
    Value::List(values.to_vec())
}

fn location() -> Value {
    let cell = [("mcc", text("262")), ("mnc", text("01")), ("lac", number(0x1234)), ("cell", number(0x5678))];
    group([
        ("ageOfLocationInformation", number(0)),
        ("geographicalInformation", hex("1045a3c20b1f0400")),
        ("vlr-number", text("+491710760000")),
        ("locationNumber", text("+4930")),
        (
            "cellGlobalIdOrServiceAreaIdOrLAI",
            group([("cellGlobalIdOrServiceAreaIdFixedLength", group(cell))]),
        ),
        ("msc-Number", text("+491710760001")),
        ("currentLocationRetrieved", yes()),
        ("sai-Present", yes()),
    ])
}

/// InitialDP of a call that the subscriber starts.
pub(crate) fn originating() -> Value {
    group([
        ("serviceKey", number(100)),
        ("callingPartyNumber", text("+491701234567")),
        ("callingPartysCategory", hex("0a")),
        ("iPSSPCapabilities", hex("01")),
        ("locationNumber", text("+4930123456")),
        ("highLayerCompatibility", hex("9181")),
        ("bearerCapability", hex("8090a3")),
        ("eventTypeBCSM", text("collectedInfo")),
        ("iMSI", text("262011234567890")),
        ("locationInformation", location()),
        ("ext-basicServiceCode", group([("ext-Teleservice", hex("11"))])),
        ("callReferenceNumber", hex("0102030405060708")),
        ("mscAddress", text("+491710760001")),
        (
            "calledPartyBCDNumber",
            group([
                ("digits", text("16045551234")),
                ("nature", text("international")),
                ("plan", text("isdn")),
            ]),
        ),
        ("timeAndTimezone", text("2026-11-20T16:30:05-08:00")),
    ])
}

/// InitialDP of a call that has come for the subscriber and was forwarded before.
pub(crate) fn terminating() -> Value {
    group([
        ("serviceKey", number(101)),
        ("calledPartyNumber", text("+491701234567")),
        (
            "callingPartyNumber",
            group([
                ("digits", text("16045551234")),
                ("nature", text("international")),
                ("plan", text("isdn")),
                ("presentation", text("restricted")),
                ("screening", text("networkProvided")),
            ]),
        ),
        ("originalCalledPartyID", text("+4930111")),
        ("additionalCallingPartyNumber", group([("qualifier", number(6)), ("digits", text("4930222"))])),
        ("eventTypeBCSM", text("termAttemptAuthorized")),
        ("redirectingPartyID", text("+4930333")),
        ("redirectionInformation", hex("0301")),
        ("cug-Index", number(7)),
        ("cug-Interlock", hex("03100101")),
        ("cug-OutgoingAccess", yes()),
        ("iMSI", text("26201123456789")),
        ("subscriberState", group([("netDetNotReachable", text("imsiDetached"))])),
        ("callForwardingSS-Pending", yes()),
    ])
}

fn bcsm_event(event: &str, mode: &str, leg: u32) -> Value {
    let side = if leg == 1 { text("leg1") } else { text("leg2") };
    group([
        ("eventTypeBCSM", text(event)),
        ("monitorMode", text(mode)),
        ("legID", group([("sendingSideID", side)])),
    ])
}

fn events() -> Value {
    let no_answer = group([
        ("eventTypeBCSM", text("oNoAnswer")),
        ("monitorMode", text("interrupted")),
        ("legID", group([("sendingSideID", text("leg2"))])),
        ("dpSpecificCriteria", group([("applicationTimer", number(30))])),
    ]);
    let events = list([
        bcsm_event("routeSelectFailure", "notifyAndContinue", 2),
        bcsm_event("oCalledPartyBusy", "interrupted", 2),
        no_answer,
        bcsm_event("oAnswer", "notifyAndContinue", 2),
        bcsm_event("oDisconnect", "interrupted", 1),
        bcsm_event("oDisconnect", "interrupted", 2),
        bcsm_event("oAbandon", "notifyAndContinue", 1),
    ]);
    group([("bcsmEvents", events)])
}

fn cause(value: u32) -> Value {
    group([("value", number(value)), ("location", number(2))])
}

fn report(event: &str, specific: Option<(&str, Value)>, leg: &str, kind: &str) -> Value {
    let mut fields = Fields::new().with("eventTypeBCSM", event);
    if let Some((name, value)) = specific {
        fields.push("eventSpecificInformationBCSM", group([(name, value)]));
    }
    fields.push("legID", leg);
    fields.push("miscCallInfo", group([("messageType", text(kind))]));
    Value::Group(fields)
}

fn empty() -> Value {
    Value::Group(Fields::new())
}

/// Every sample: its name, the phase from which on it exists, and its argument.
pub(crate) fn written() -> Vec<(&'static str, Phase, Value)> {
    use Phase::{Three, Two};
    let answered = group([
        ("destinationAddress", text("+16045551234")),
        ("forwardedCall", yes()),
        ("chargeIndicator", hex("02")),
    ]);
    let mut samples = vec![
        ("initialDP", Two, originating()),
        ("initialDP", Two, terminating()),
        ("requestReportBCSMEvent", Two, events()),
        (
            "applyCharging",
            Two,
            group([("maxCallPeriodDuration", number(600)), ("partyToCharge", text("leg1"))]),
        ),
        (
            "applyCharging",
            Three,
            group([
                ("maxCallPeriodDuration", number(864_000)),
                ("releaseIfdurationExceeded", yes()),
                ("tariffSwitchInterval", number(3_600)),
                ("partyToCharge", text("leg1")),
            ]),
        ),
        (
            "applyChargingReport",
            Two,
            group([
                ("partyToCharge", text("leg1")),
                ("timeInformation", group([("timeIfNoTariffSwitch", number(594))])),
                ("callActive", Value::Flag(false)),
            ]),
        ),
        (
            "applyChargingReport",
            Three,
            group([
                ("partyToCharge", text("leg1")),
                (
                    "timeInformation",
                    group([(
                        "timeIfTariffSwitch",
                        group([
                            ("timeSinceTariffSwitch", number(120)),
                            ("tariffSwitchInterval", number(480)),
                        ]),
                    )]),
                ),
                ("callReleasedAtTcpExpiry", yes()),
            ]),
        ),
        ("connect", Two, group([("destinationRoutingAddress", text("+12055576061"))])),
        (
            "connect",
            Three,
            group([
                ("destinationRoutingAddress", list([text("+12055576061")])),
                ("alertingPattern", hex("000001")),
                ("originalCalledPartyID", text("+4930111")),
                ("callingPartysCategory", hex("0a")),
                ("redirectingPartyID", text("+4930111")),
                ("redirectionInformation", hex("0301")),
                (
                    "genericNumbers",
                    list([group([
                        ("qualifier", number(6)),
                        ("digits", text("4930222")),
                        ("nature", text("international")),
                    ])]),
                ),
                ("chargeNumber", text("+4930444")),
                ("suppressionOfAnnouncement", yes()),
                ("oCSIApplicable", yes()),
            ]),
        ),
        ("continue", Two, yes()),
        (
            "continueWithArgument",
            Three,
            group([("callingPartysCategory", hex("0a")), ("suppressionOfAnnouncement", yes())]),
        ),
        ("releaseCall", Two, group([("cause", cause(31))])),
        (
            "furnishChargingInformation",
            Two,
            group([("freeFormatData", hex("0102ff")), ("partyToCharge", text("leg1"))]),
        ),
        (
            "sendChargingInformation",
            Two,
            group([
                (
                    "sCIBillingChargingCharacteristics",
                    group([(
                        "aOCBeforeAnswer",
                        group([("aOCInitial", group([("e1", number(10)), ("e2", number(600))]))]),
                    )]),
                ),
                ("partyToCharge", text("leg1")),
            ]),
        ),
        (
            "callInformationRequest",
            Two,
            group([
                (
                    "requestedInformationTypeList",
                    list([
                        text("callAttemptElapsedTime"),
                        text("callStopTime"),
                        text("callConnectedElapsedTime"),
                        text("releaseCause"),
                    ]),
                ),
                ("legID", text("leg2")),
            ]),
        ),
        ("callInformationReport", Two, call_information()),
        ("activityTest", Two, yes()),
        ("cancel", Two, group([("allRequests", yes())])),
        ("cancel", Two, group([("invokeID", number(5))])),
        ("resetTimer", Two, group([("timerID", number(0)), ("timervalue", number(60))])),
        ("connectToResource", Two, group([("none", yes())])),
        ("disconnectForwardConnection", Two, yes()),
        (
            "playAnnouncement",
            Two,
            group([
                (
                    "informationToSend",
                    group([(
                        "inbandInfo",
                        group([
                            ("messageID", group([("elementaryMessageID", number(42))])),
                            ("numberOfRepetitions", number(1)),
                        ]),
                    )]),
                ),
                ("disconnectFromIPForbidden", Value::Flag(false)),
                ("requestAnnouncementComplete", yes()),
            ]),
        ),
        (
            "playAnnouncement",
            Two,
            group([(
                "informationToSend",
                group([("tone", group([("toneID", number(3)), ("duration", number(2))]))]),
            )]),
        ),
        ("specializedResourceReport", Two, yes()),
    ];
    for (event, specific, leg, kind) in [
        (
            "routeSelectFailure",
            Some(("routeSelectFailureSpecificInfo", group([("failureCause", cause(1))]))),
            "leg2",
            "notification",
        ),
        (
            "oCalledPartyBusy",
            Some(("oCalledPartyBusySpecificInfo", group([("busyCause", cause(17))]))),
            "leg2",
            "request",
        ),
        ("oNoAnswer", Some(("oNoAnswerSpecificInfo", empty())), "leg2", "request"),
        ("oAnswer", Some(("oAnswerSpecificInfo", empty())), "leg2", "notification"),
        (
            "oDisconnect",
            Some(("oDisconnectSpecificInfo", group([("releaseCause", cause(16))]))),
            "leg1",
            "request",
        ),
        ("oAbandon", None, "leg1", "notification"),
        ("tBusy", Some(("tBusySpecificInfo", group([("busyCause", cause(17))]))), "leg2", "request"),
        ("tNoAnswer", Some(("tNoAnswerSpecificInfo", group([("callForwarded", yes())]))), "leg2", "request"),
        ("tAnswer", Some(("tAnswerSpecificInfo", answered)), "leg2", "notification"),
        (
            "tDisconnect",
            Some(("tDisconnectSpecificInfo", group([("releaseCause", cause(16))]))),
            "leg2",
            "request",
        ),
        ("tAbandon", None, "leg1", "notification"),
    ] {
        samples.push(("eventReportBCSM", Two, report(event, specific, leg, kind)));
    }
    samples.extend(messages());
    samples
}

fn call_information() -> Value {
    let fact = |kind: &str, name: &str, value: Value| {
        group([
            ("requestedInformationType", text(kind)),
            ("requestedInformationValue", group([(name, value)])),
        ])
    };
    let facts = list([
        fact("callAttemptElapsedTime", "callAttemptElapsedTimeValue", number(7)),
        fact("callStopTime", "callStopTimeValue", text("2026-11-20T16:31:12")),
        fact("callConnectedElapsedTime", "callConnectedElapsedTimeValue", number(594)),
        fact("releaseCause", "releaseCauseValue", cause(16)),
    ]);
    group([("requestedInformationList", facts), ("legID", text("leg2"))])
}

fn messages() -> Vec<(&'static str, Phase, Value)> {
    let initial = group([
        ("serviceKey", number(200)),
        ("destinationSubscriberNumber", text("+16045551234")),
        ("callingPartyNumber", text("+491701234567")),
        ("eventTypeSMS", text("sms-CollectedInfo")),
        ("iMSI", text("262011234567890")),
        ("locationInformationMSC", location()),
        ("sMSCAddress", text("+491710760000")),
        ("timeAndTimezone", text("2026-11-20T16:30:05+01:00")),
        ("tPShortMessageSpecificInfo", hex("11")),
        ("tPProtocolIdentifier", hex("00")),
        ("tPDataCodingScheme", hex("00")),
        ("tPValidityPeriod", hex("ff")),
        ("smsReferenceNumber", hex("01020304")),
        ("mscAddress", text("+491710760001")),
    ]);
    let watched = |event: &str| group([("eventTypeSMS", text(event)), ("monitorMode", text("interrupted"))]);
    let failed = group([
        ("eventTypeSMS", text("o-smsFailure")),
        (
            "eventSpecificInformationSMS",
            group([("o-smsFailureSpecificInfo", group([("failureCause", text("sM-DeliveryFailure"))]))]),
        ),
        ("miscCallInfo", group([("messageType", text("request"))])),
    ]);
    let sent = group([
        ("eventTypeSMS", text("o-smsSubmission")),
        ("eventSpecificInformationSMS", group([("o-smsSubmissionSpecificInfo", empty())])),
        ("miscCallInfo", group([("messageType", text("notification"))])),
    ]);
    let samples = [
        ("initialDPSMS", initial),
        (
            "requestReportSMSEvent",
            group([("sMSEvents", list([watched("o-smsFailure"), watched("o-smsSubmission")]))]),
        ),
        ("eventReportSMS", failed),
        ("eventReportSMS", sent),
        ("continueSMS", yes()),
        (
            "connectSMS",
            group([
                ("destinationSubscriberNumber", text("+16045559999")),
                ("sMSCAddress", text("+491710760000")),
            ]),
        ),
        ("releaseSMS", group([("rpCause", number(21))])),
        (
            "furnishChargingInformationSMS",
            group([("freeFormatData", hex("0102ff")), ("appendFreeFormatData", number(1))]),
        ),
        ("resetTimerSMS", group([("timervalue", number(60))])),
    ];
    samples.into_iter().map(|(name, value)| (name, Phase::Three, value)).collect()
}

/// Every sample as an operation.
pub(crate) fn operations() -> Vec<(Phase, Operation)> {
    written()
        .into_iter()
        .map(|(name, phase, value)| (phase, Operation::take(name, &value).unwrap()))
        .collect()
}

/// Octets as hexadecimal digits.
pub(crate) fn digits(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
