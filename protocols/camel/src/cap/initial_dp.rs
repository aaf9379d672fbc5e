//! InitialDP: a call has met a trigger, and the gsmSSF asks what to do with it (TS 29.078 section 6.1.1).

use tollgate_wire::{DecodeError, Value};

use super::connect::ServiceInteractionIndicatorsTwo;
use super::event::EventTypeBcsm;
use crate::asn::{FieldError, Null, Octets, Type, Unknown, choice, enumerated, group_of, sequence};
use crate::ber::{Element, Encoder, Tag};
use crate::location::{LocationInformation, SubscriberState};
use crate::number::{AddressString, CalledPartyNumber, GenericNumber, PartyNumber, Tbcd};
use crate::{Cause, Phase, TimeAndTimezone};

choice! {
    /// Which basic service the call uses (TS 29.002 section 17.7.9 and 17.7.10).
    BasicServiceCode {
        /// A bearer service.
        [Tag::context(2)] "ext-BearerService" => Bearer(Octets),
        /// A teleservice: 0x11 telephony.
        [Tag::context(3)] "ext-Teleservice" => Teleservice(Octets),
    }
}

/// What the bearer carries: ISUP's user service information, such as `0x8090a3` for speech.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct BearerCapability(pub Octets);

/// A choice of one alternative, `[0] bearerCap`, shows as that one.
impl Type for BearerCapability {
    const TAG: Tag = Tag::SEQUENCE;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        Octets::read(&element.inner()?, phase).map(Self)
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        out.constructed(tag, |out| self.0.write(Tag::context(0), phase, out));
    }

    fn show(&self) -> Value {
        self.0.show()
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        Octets::take(value).map(Self)
    }
}

enumerated! {
    /// Call gapping that the call has met.
    CallGapping: enumerated {
        /// None.
        0, "noCGencountered" => NONE,
        /// Asked for by hand.
        1, "manualCGencountered" => MANUAL,
        /// The gsmSCF is overloaded.
        2, "scpOverload" => OVERLOAD,
    }
}

sequence! {
    /// The argument of InitialDP.
    #[derive(Default)]
    InitialDpArg {
        /// The service logic that is to run.
        [Tag::context(0)] "serviceKey" => service_key: u32,
        /// The number that was called, where it came by ISUP.
        [Tag::context(2)] "calledPartyNumber" => called_party_number: Option<CalledPartyNumber>,
        /// Who calls.
        [Tag::context(3)] "callingPartyNumber" => calling_party_number: Option<PartyNumber>,
        /// 0x0a: an ordinary subscriber (Q.763 section 3.11).
        [Tag::context(5)] "callingPartysCategory" => calling_partys_category: Option<Octets>,
        /// Call gapping that the call has met.
        [Tag::context(7)] "cGEncountered" => cg_encountered: Option<CallGapping>,
        /// Announcements that the switch itself can play.
        [Tag::context(8)] "iPSSPCapabilities" => ipssp_capabilities: Option<Octets>,
        /// Where the caller is.
        [Tag::context(10)] "locationNumber" => location_number: Option<PartyNumber>,
        /// Who was called first, in a forwarded call.
        [Tag::context(12)] "originalCalledPartyID" => original_called_party_id: Option<PartyNumber>,
        /// Extensions.
        [Tag::context(15)] "extensions" => extensions: Option<Unknown>,
        /// High layer compatibility.
        [Tag::context(23)] "highLayerCompatibility" => high_layer_compatibility: Option<Octets>,
        /// A second number of the caller.
        [Tag::context(25)] "additionalCallingPartyNumber" => additional_calling_party_number: Option<GenericNumber>,
        /// What the bearer carries.
        [Tag::context(27)] "bearerCapability" => bearer_capability: Option<BearerCapability>,
        /// The trigger that was met.
        [Tag::context(28)] "eventTypeBCSM" => event_type_bcsm: Option<EventTypeBcsm>,
        /// Who forwarded the call last.
        [Tag::context(29)] "redirectingPartyID" => redirecting_party_id: Option<PartyNumber>,
        /// Why and how often it was forwarded (Q.763 section 3.45).
        [Tag::context(30)] "redirectionInformation" => redirection_information: Option<Octets>,
        /// Why the call failed, at a trigger of phase 3.
        [Tag::context(17)] "cause" => cause: Option<Cause>,
        /// Interaction with other services.
        [Tag::context(32)] "serviceInteractionIndicatorsTwo" =>
            service_interaction_indicators: Option<ServiceInteractionIndicatorsTwo>,
        /// The carrier, in North America.
        [Tag::context(37)] "carrier" => carrier: Option<Octets>,
        /// Closed user group: its index.
        [Tag::context(45)] "cug-Index" => cug_index: Option<u32>,
        /// Closed user group: its interlock code.
        [Tag::context(46)] "cug-Interlock" => cug_interlock: Option<Octets>,
        /// Closed user group: calls outside of it are allowed.
        [Tag::context(47)] "cug-OutgoingAccess" => cug_outgoing_access: Option<Null>,
        /// The subscriber.
        [Tag::context(50)] "iMSI" => imsi: Option<Tbcd>,
        /// What the subscriber is doing, for a terminating call.
        [Tag::context(51)] "subscriberState" => subscriber_state: Option<SubscriberState>,
        /// Where the subscriber is.
        [Tag::context(52)] "locationInformation" => location_information: Option<LocationInformation>,
        /// The basic service.
        [Tag::context(53)] "ext-basicServiceCode" => basic_service_code: Option<BasicServiceCode>,
        /// Names the call, together with the address of the switch.
        [Tag::context(54)] "callReferenceNumber" => call_reference_number: Option<Octets>,
        /// The switch that sent it, or the gateway switch that gave the reference.
        [Tag::context(55)] "mscAddress" => msc_address: Option<AddressString>,
        /// What the subscriber dialled.
        [Tag::context(56)] "calledPartyBCDNumber" => called_party_bcd_number: Option<AddressString>,
        /// When the trigger was met, on the switch's clock.
        [Tag::context(57)] "timeAndTimezone" => time_and_timezone: Option<TimeAndTimezone>,
        /// The call is about to be forwarded by a supplementary service.
        [Tag::context(58)] "callForwardingSS-Pending" => call_forwarding_pending: Option<Null>,
        /// More, which differs by phase.
        [Tag::context(59)] "initialDPArgExtension" => extension: Option<InitialDpArgExtension>,
    }
}

sequence! {
    /// The extension of InitialDP in phase 2.
    #[derive(Default)]
    ExtensionPhaseTwo {
        /// The carrier, in North America.
        [Tag::context(0)] "naCarrierInformation" => na_carrier_information: Option<Unknown>,
        /// The gateway switch.
        [Tag::context(1)] "gmscAddress" => gmsc_address: Option<AddressString>,
    }
}

sequence! {
    /// The extension of InitialDP in phase 3.
    #[derive(Default)]
    ExtensionPhaseThree {
        /// The gateway switch.
        [Tag::context(0)] "gmscAddress" => gmsc_address: Option<AddressString>,
        /// To whom the call is forwarded.
        [Tag::context(1)] "forwardingDestinationNumber" => forwarding_destination_number: Option<CalledPartyNumber>,
    }
}

/// The extension of InitialDP, in which the same tags mean different things by phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitialDpArgExtension {
    /// As phase 2 writes it.
    Two(ExtensionPhaseTwo),
    /// As phase 3 writes it.
    Three(ExtensionPhaseThree),
}

impl Type for InitialDpArgExtension {
    const TAG: Tag = Tag::SEQUENCE;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        match phase {
            Phase::Two => ExtensionPhaseTwo::read(element, phase).map(Self::Two),
            Phase::Three => ExtensionPhaseThree::read(element, phase).map(Self::Three),
        }
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        match self {
            Self::Two(own) => own.write(tag, phase, out),
            Self::Three(own) => own.write(tag, phase, out),
        }
    }

    fn show(&self) -> Value {
        match self {
            Self::Two(own) => own.show(),
            Self::Three(own) => own.show(),
        }
    }

    /// With `naCarrierInformation` it is that of phase 2, else that of phase 3.
    fn take(value: &Value) -> Result<Self, FieldError> {
        if group_of(value)?.get("naCarrierInformation").is_some() {
            ExtensionPhaseTwo::take(value).map(Self::Two)
        } else {
            ExtensionPhaseThree::take(value).map(Self::Three)
        }
    }
}
