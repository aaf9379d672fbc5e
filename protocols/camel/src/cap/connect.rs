//! Connect and ContinueWithArgument: the call goes on, with other data (TS 29.078 section 6.1.1).

use super::leg::LegId;
use crate::asn::{Null, Octets, Unknown, sequence};
use crate::ber::Tag;
use crate::number::{CalledPartyNumber, GenericNumber, PartyNumber};

sequence! {
    /// How the call gets on with other services; what is inside is kept as elements.
    #[derive(Default)]
    ServiceInteractionIndicatorsTwo {
        /// Towards the called party.
        [Tag::context(0)] "forwardServiceInteractionInd" => forward: Option<Unknown>,
        /// Towards the caller.
        [Tag::context(1)] "backwardServiceInteractionInd" => backward: Option<Unknown>,
        /// 0 both ways are through-connected before the answer, 1 they need not be.
        [Tag::context(2)] "bothwayThroughConnectionInd" => bothway_through_connection: Option<u32>,
        /// 0 to 3: what becomes of the connected number.
        [Tag::context(4)] "connectedNumberTreatmentInd" => connected_number_treatment: Option<u32>,
        /// The call leaves its closed user group.
        [Tag::context(13)] "nonCUGCall" => non_cug_call: Option<Null>,
        /// Whether the call may be held.
        [Tag::context(50)] "holdTreatmentIndicator" => hold_treatment: Option<Octets>,
        /// Whether a second call may wait.
        [Tag::context(51)] "cwTreatmentIndicator" => waiting_treatment: Option<Octets>,
        /// Whether the call may be transferred.
        [Tag::context(52)] "ectTreatmentIndicator" => transfer_treatment: Option<Octets>,
    }
}

sequence! {
    /// The argument of Connect: the call goes to another destination.
    #[derive(Default)]
    ConnectArg {
        /// The destination, one number.
        [Tag::context(0)] "destinationRoutingAddress" => destination_routing_address: Vec<CalledPartyNumber>,
        /// How the called party is alerted.
        [Tag::context(1)] "alertingPattern" => alerting_pattern: Option<Octets>,
        /// Who was called first.
        [Tag::context(6)] "originalCalledPartyID" => original_called_party_id: Option<PartyNumber>,
        /// Extensions.
        [Tag::context(10)] "extensions" => extensions: Option<Unknown>,
        /// The carrier, in North America (phase 3).
        [Tag::context(11)] "carrier" => carrier: Option<Octets>,
        /// Another category of the caller.
        [Tag::context(28)] "callingPartysCategory" => calling_partys_category: Option<Octets>,
        /// Who forwards the call.
        [Tag::context(29)] "redirectingPartyID" => redirecting_party_id: Option<PartyNumber>,
        /// Why it is forwarded.
        [Tag::context(30)] "redirectionInformation" => redirection_information: Option<Octets>,
        /// More numbers, such as another one of the caller.
        [Tag::context(14)] "genericNumbers" => generic_numbers: Option<Vec<GenericNumber>>,
        /// Interaction with other services.
        [Tag::context(15)] "serviceInteractionIndicatorsTwo" =>
            service_interaction_indicators: Option<ServiceInteractionIndicatorsTwo>,
        /// Whom to charge.
        [Tag::context(19)] "chargeNumber" => charge_number: Option<PartyNumber>,
        /// Which leg is connected.
        [Tag::context(21)] "legToBeConnected" => leg_to_be_connected: Option<LegId>,
        /// Closed user group (phase 3).
        [Tag::context(31)] "cug-Interlock" => cug_interlock: Option<Octets>,
        /// Closed user group: calls outside of it are allowed (phase 3).
        [Tag::context(32)] "cug-OutgoingAccess" => cug_outgoing_access: Option<Null>,
        /// No announcements for the caller.
        [Tag::context(55)] "suppressionOfAnnouncement" => suppression_of_announcement: Option<Null>,
        /// The originating services of the subscriber apply too.
        [Tag::context(56)] "oCSIApplicable" => o_csi_applicable: Option<Null>,
        /// North America: `naOliInfo`, in phase 2 the group `na-Info`.
        [Tag::context(57)] "naOliInfo" => na_oli_info: Option<Unknown>,
    }
}

impl ConnectArg {
    /// A call that goes to this destination.
    #[must_use]
    pub fn to(destination: CalledPartyNumber) -> Self {
        Self { destination_routing_address: vec![destination], ..Self::default() }
    }
}

sequence! {
    /// The argument of ContinueWithArgument (phase 3).
    #[derive(Default)]
    ContinueWithArgumentArg {
        /// How the called party is alerted.
        [Tag::context(1)] "alertingPattern" => alerting_pattern: Option<Octets>,
        /// Extensions.
        [Tag::context(6)] "extensions" => extensions: Option<Unknown>,
        /// Interaction with other services.
        [Tag::context(7)] "serviceInteractionIndicatorsTwo" =>
            service_interaction_indicators: Option<ServiceInteractionIndicatorsTwo>,
        /// Another category of the caller.
        [Tag::context(12)] "callingPartysCategory" => calling_partys_category: Option<Octets>,
        /// More numbers.
        [Tag::context(16)] "genericNumbers" => generic_numbers: Option<Vec<GenericNumber>>,
        /// Closed user group.
        [Tag::context(17)] "cug-Interlock" => cug_interlock: Option<Octets>,
        /// Closed user group: calls outside of it are allowed.
        [Tag::context(18)] "cug-OutgoingAccess" => cug_outgoing_access: Option<Null>,
        /// Whom to charge.
        [Tag::context(50)] "chargeNumber" => charge_number: Option<PartyNumber>,
        /// The carrier, in North America.
        [Tag::context(52)] "carrier" => carrier: Option<Octets>,
        /// No announcements for the caller.
        [Tag::context(55)] "suppressionOfAnnouncement" => suppression_of_announcement: Option<Null>,
        /// North America: originating line information.
        [Tag::context(56)] "naOliInfo" => na_oli_info: Option<Octets>,
    }
}
