//! Events of the basic call: what the gsmSCF asks to be told, and what the gsmSSF tells (TS 29.078 section
//! 5.1, detection points of TS 23.078 section 4.4).

use super::leg::{LegId, ReceivingSide};
use crate::Cause;
use crate::asn::{Null, Octets, Unknown, choice, enumerated, sequence};
use crate::ber::Tag;
use crate::location::LocationInformation;
use crate::number::CalledPartyNumber;

enumerated! {
    /// A detection point.
    EventTypeBcsm: enumerated {
        /// The caller has dialled.
        2, "collectedInfo" => COLLECTED_INFO,
        /// The dialled number is known (phase 3).
        3, "analyzedInformation" => ANALYZED_INFORMATION,
        /// No route to the called party.
        4, "routeSelectFailure" => ROUTE_SELECT_FAILURE,
        /// The called party is busy.
        5, "oCalledPartyBusy" => O_CALLED_PARTY_BUSY,
        /// The called party does not answer.
        6, "oNoAnswer" => O_NO_ANSWER,
        /// The called party has answered.
        7, "oAnswer" => O_ANSWER,
        /// Something was dialled during the call.
        8, "oMidCall" => O_MID_CALL,
        /// A party has hung up.
        9, "oDisconnect" => O_DISCONNECT,
        /// The caller gave up before the answer.
        10, "oAbandon" => O_ABANDON,
        /// A call has come for the subscriber.
        12, "termAttemptAuthorized" => TERM_ATTEMPT_AUTHORIZED,
        /// The subscriber is busy.
        13, "tBusy" => T_BUSY,
        /// The subscriber does not answer.
        14, "tNoAnswer" => T_NO_ANSWER,
        /// The subscriber has answered.
        15, "tAnswer" => T_ANSWER,
        /// Something was dialled during the call.
        16, "tMidCall" => T_MID_CALL,
        /// A party has hung up.
        17, "tDisconnect" => T_DISCONNECT,
        /// The caller gave up before the answer.
        18, "tAbandon" => T_ABANDON,
        /// The called party is being alerted (phase 4).
        19, "oTermSeized" => O_TERM_SEIZED,
        /// The subscriber is being alerted (phase 4).
        27, "callAccepted" => CALL_ACCEPTED,
        /// The subscriber has moved (phase 4).
        50, "oChangeOfPosition" => O_CHANGE_OF_POSITION,
        /// The subscriber has moved (phase 4).
        51, "tChangeOfPosition" => T_CHANGE_OF_POSITION,
    }
}

enumerated! {
    /// How an event is monitored.
    MonitorMode: enumerated {
        /// The call waits for instructions.
        0, "interrupted" => INTERRUPTED,
        /// The call goes on.
        1, "notifyAndContinue" => NOTIFY_AND_CONTINUE,
        /// No longer.
        2, "transparent" => TRANSPARENT,
    }
}

choice! {
    /// More about when an event counts.
    DpSpecificCriteria {
        /// Seconds without an answer.
        [Tag::context(1)] "applicationTimer" => ApplicationTimer(u32),
    }
}

sequence! {
    /// An event that is to be monitored.
    #[derive(Default)]
    BcsmEvent {
        /// The event.
        [Tag::context(0)] "eventTypeBCSM" => event_type: EventTypeBcsm,
        /// How.
        [Tag::context(1)] "monitorMode" => monitor_mode: MonitorMode,
        /// Of which leg.
        [Tag::context(2)] "legID" => leg_id: Option<LegId>,
        /// When it counts.
        [Tag::context(30)] "dpSpecificCriteria" => criteria: Option<DpSpecificCriteria>,
        /// Armed again after each report (phase 4).
        [Tag::context(50)] "automaticRearm" => automatic_rearm: Option<Null>,
    }
}

sequence! {
    /// The argument of RequestReportBCSMEvent.
    #[derive(Default)]
    RequestReportBcsmEventArg {
        /// The events.
        [Tag::context(0)] "bcsmEvents" => bcsm_events: Vec<BcsmEvent>,
        /// Extensions.
        [Tag::context(2)] "extensions" => extensions: Option<Unknown>,
    }
}

sequence! {
    /// No route: why.
    #[derive(Default)]
    FailureInfo {
        /// The cause.
        [Tag::context(0)] "failureCause" => failure_cause: Option<Cause>,
    }
}

sequence! {
    /// Busy: why.
    #[derive(Default)]
    BusyInfo {
        /// The cause.
        [Tag::context(0)] "busyCause" => busy_cause: Option<Cause>,
    }
}

sequence! {
    /// The subscriber is busy: why, and what becomes of the call.
    #[derive(Default)]
    TerminatingBusyInfo {
        /// The cause.
        [Tag::context(0)] "busyCause" => busy_cause: Option<Cause>,
        /// A supplementary service forwards the call.
        [Tag::context(50)] "callForwarded" => call_forwarded: Option<Null>,
        /// Optimal routing does not permit the route (phase 3).
        [Tag::context(51)] "routeNotPermitted" => route_not_permitted: Option<Null>,
        /// To whom the call is forwarded (phase 3).
        [Tag::context(52)] "forwardingDestinationNumber" => forwarding_destination_number: Option<CalledPartyNumber>,
    }
}

sequence! {
    /// The subscriber does not answer: what becomes of the call.
    #[derive(Default)]
    NoAnswerInfo {
        /// A supplementary service forwards the call.
        [Tag::context(50)] "callForwarded" => call_forwarded: Option<Null>,
        /// To whom the call is forwarded (phase 3).
        [Tag::context(52)] "forwardingDestinationNumber" => forwarding_destination_number: Option<CalledPartyNumber>,
    }
}

sequence! {
    /// Somebody has answered: where.
    #[derive(Default)]
    AnswerInfo {
        /// The number that has answered (phase 3).
        [Tag::context(50)] "destinationAddress" => destination_address: Option<CalledPartyNumber>,
        /// The call was routed optimally (phase 3).
        [Tag::context(51)] "or-Call" => or_call: Option<Null>,
        /// The call was forwarded (phase 3).
        [Tag::context(52)] "forwardedCall" => forwarded_call: Option<Null>,
        /// Whether the called party's switch charges: 0x01 no, 0x02 yes.
        [Tag::context(53)] "chargeIndicator" => charge_indicator: Option<Octets>,
    }
}

sequence! {
    /// Somebody has hung up: why.
    #[derive(Default)]
    ReleaseInfo {
        /// The cause.
        [Tag::context(0)] "releaseCause" => release_cause: Option<Cause>,
    }
}

sequence! {
    /// The caller gave up.
    #[derive(Default)]
    AbandonInfo {
        /// Optimal routing does not permit the route.
        [Tag::context(50)] "routeNotPermitted" => route_not_permitted: Option<Null>,
    }
}

sequence! {
    /// Nothing more is said, or where the subscriber is (phase 4).
    #[derive(Default)]
    PlainInfo {
        /// Where the subscriber is.
        [Tag::context(50)] "locationInformation" => location_information: Option<LocationInformation>,
    }
}

choice! {
    /// What is told about an event (EventSpecificInformationBCSM).
    SpecificInformation {
        /// No route.
        [Tag::context(2)] "routeSelectFailureSpecificInfo" => RouteSelectFailure(FailureInfo),
        /// The called party is busy.
        [Tag::context(3)] "oCalledPartyBusySpecificInfo" => OCalledPartyBusy(BusyInfo),
        /// The called party does not answer.
        [Tag::context(4)] "oNoAnswerSpecificInfo" => ONoAnswer(PlainInfo),
        /// The called party has answered.
        [Tag::context(5)] "oAnswerSpecificInfo" => OAnswer(AnswerInfo),
        /// Something was dialled during the call; kept as elements.
        [Tag::context(6)] "oMidCallSpecificInfo" => OMidCall(Unknown),
        /// A party has hung up.
        [Tag::context(7)] "oDisconnectSpecificInfo" => ODisconnect(ReleaseInfo),
        /// The subscriber is busy.
        [Tag::context(8)] "tBusySpecificInfo" => TBusy(TerminatingBusyInfo),
        /// The subscriber does not answer.
        [Tag::context(9)] "tNoAnswerSpecificInfo" => TNoAnswer(NoAnswerInfo),
        /// The subscriber has answered.
        [Tag::context(10)] "tAnswerSpecificInfo" => TAnswer(AnswerInfo),
        /// Something was dialled during the call; kept as elements.
        [Tag::context(11)] "tMidCallSpecificInfo" => TMidCall(Unknown),
        /// A party has hung up.
        [Tag::context(12)] "tDisconnectSpecificInfo" => TDisconnect(ReleaseInfo),
        /// The called party is being alerted (phase 4).
        [Tag::context(13)] "oTermSeizedSpecificInfo" => OTermSeized(PlainInfo),
        /// The subscriber is being alerted (phase 4).
        [Tag::context(20)] "callAcceptedSpecificInfo" => CallAccepted(PlainInfo),
        /// The caller gave up.
        [Tag::context(21)] "oAbandonSpecificInfo" => OAbandon(AbandonInfo),
    }
}

enumerated! {
    /// Whether an event waits for instructions.
    MessageType: enumerated {
        /// The call waits.
        0, "request" => REQUEST,
        /// The call goes on.
        1, "notification" => NOTIFICATION,
    }
}

sequence! {
    /// Whether an event waits for instructions (MiscCallInfo of Q.1218 and Q.1228).
    #[derive(Default)]
    MiscCallInfo {
        /// Request or notification.
        [Tag::context(0)] "messageType" => message_type: MessageType,
        /// What the trigger belongs to.
        [Tag::context(1)] "dpAssignment" => dp_assignment: Option<u32>,
    }
}

sequence! {
    /// The argument of EventReportBCSM.
    #[derive(Default)]
    EventReportBcsmArg {
        /// The event.
        [Tag::context(0)] "eventTypeBCSM" => event_type: EventTypeBcsm,
        /// What there is to tell about it.
        [Tag::context(2)] "eventSpecificInformationBCSM" => specific: Option<SpecificInformation>,
        /// On which leg.
        [Tag::context(3)] "legID" => leg_id: Option<ReceivingSide>,
        /// Whether the call waits; it does where this is absent.
        [Tag::context(4)] "miscCallInfo" => misc_call_info: Option<MiscCallInfo>,
        /// Extensions.
        [Tag::context(5)] "extensions" => extensions: Option<Unknown>,
    }
}

impl EventReportBcsmArg {
    /// Whether the call waits for instructions.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.misc_call_info.as_ref().is_none_or(|own| own.message_type == MessageType::REQUEST)
    }
}
