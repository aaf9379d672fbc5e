//! CallInformationRequest and CallInformationReport: facts about the call when it is over.

use super::leg::{ReceivingSide, SendingSide};
use crate::asn::{Unknown, choice, enumerated, sequence};
use crate::ber::Tag;
use crate::{Cause, DateAndTime};

enumerated! {
    /// A fact about a call.
    RequestedInformationType: enumerated {
        /// Seconds until the answer.
        0, "callAttemptElapsedTime" => CALL_ATTEMPT_ELAPSED_TIME,
        /// When it ended.
        1, "callStopTime" => CALL_STOP_TIME,
        /// Tenths of a second from the answer to the end.
        2, "callConnectedElapsedTime" => CALL_CONNECTED_ELAPSED_TIME,
        /// Why it ended.
        30, "releaseCause" => RELEASE_CAUSE,
    }
}

choice! {
    /// The value of a fact.
    RequestedInformationValue {
        /// Seconds until the answer.
        [Tag::context(0)] "callAttemptElapsedTimeValue" => CallAttemptElapsedTime(u32),
        /// When it ended.
        [Tag::context(1)] "callStopTimeValue" => CallStopTime(DateAndTime),
        /// Tenths of a second from the answer to the end.
        [Tag::context(2)] "callConnectedElapsedTimeValue" => CallConnectedElapsedTime(u32),
        /// Why it ended.
        [Tag::context(30)] "releaseCauseValue" => ReleaseCause(Cause),
    }
}

sequence! {
    /// A fact and its value.
    RequestedInformation {
        /// Which fact.
        [Tag::context(0)] "requestedInformationType" => kind: RequestedInformationType,
        /// Its value.
        [Tag::context(1)] "requestedInformationValue" => value: RequestedInformationValue,
    }
}

sequence! {
    /// The argument of CallInformationRequest.
    #[derive(Default)]
    CallInformationRequestArg {
        /// The facts.
        [Tag::context(0)] "requestedInformationTypeList" => kinds: Vec<RequestedInformationType>,
        /// Extensions.
        [Tag::context(2)] "extensions" => extensions: Option<Unknown>,
        /// Of which leg; leg 2 where this is absent.
        [Tag::context(3)] "legID" => leg_id: Option<SendingSide>,
    }
}

sequence! {
    /// The argument of CallInformationReport.
    #[derive(Default)]
    CallInformationReportArg {
        /// The facts.
        [Tag::context(0)] "requestedInformationList" => list: Vec<RequestedInformation>,
        /// Extensions.
        [Tag::context(2)] "extensions" => extensions: Option<Unknown>,
        /// Of which leg; leg 2 where this is absent.
        [Tag::context(3)] "legID" => leg_id: Option<ReceivingSide>,
    }
}
