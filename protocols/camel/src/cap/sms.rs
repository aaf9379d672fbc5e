//! Short messages in phase 3 (TS 29.078 section 7).

use tollgate_wire::{DecodeError, Value};

use super::event::{MiscCallInfo, MonitorMode, PlainInfo};
use crate::asn::{FieldError, Octets, Type, Unknown, choice, enumerated, number_of, sequence};
use crate::ber::{Element, Encoder, Tag};
use crate::location::{LocationInformation, LocationInformationGprs};
use crate::number::{AddressString, Tbcd};
use crate::{Phase, TimeAndTimezone};

enumerated! {
    /// A detection point of a short message.
    EventTypeSms: enumerated {
        /// The subscriber sends one.
        1, "sms-CollectedInfo" => COLLECTED_INFO,
        /// It could not be sent.
        2, "o-smsFailure" => O_FAILURE,
        /// The service centre has taken it.
        3, "o-smsSubmission" => O_SUBMISSION,
        /// One has come for the subscriber.
        11, "sms-DeliveryRequested" => DELIVERY_REQUESTED,
        /// It could not be delivered.
        12, "t-smsFailure" => T_FAILURE,
        /// The subscriber has it.
        13, "t-smsDelivery" => T_DELIVERY,
    }
}

sequence! {
    /// The argument of InitialDPSMS.
    #[derive(Default)]
    InitialDpSmsArg {
        /// The service logic that is to run.
        [Tag::context(0)] "serviceKey" => service_key: u32,
        /// To whom the message goes.
        [Tag::context(1)] "destinationSubscriberNumber" => destination: Option<AddressString>,
        /// From whom it comes.
        [Tag::context(2)] "callingPartyNumber" => calling_party_number: Option<AddressString>,
        /// The trigger that was met.
        [Tag::context(3)] "eventTypeSMS" => event_type: Option<EventTypeSms>,
        /// The subscriber.
        [Tag::context(4)] "iMSI" => imsi: Option<Tbcd>,
        /// Where the subscriber is, from an MSC.
        [Tag::context(5)] "locationInformationMSC" => location_msc: Option<LocationInformation>,
        /// Where the subscriber is, from an SGSN.
        [Tag::context(6)] "locationInformationGPRS" => location_gprs: Option<LocationInformationGprs>,
        /// The service centre.
        [Tag::context(7)] "sMSCAddress" => smsc_address: Option<AddressString>,
        /// When the trigger was met.
        [Tag::context(8)] "timeAndTimezone" => time_and_timezone: Option<TimeAndTimezone>,
        /// The first octet of the message (TS 23.040 section 9.2.2).
        [Tag::context(9)] "tPShortMessageSpecificInfo" => specific_info: Option<Octets>,
        /// Its protocol identifier.
        [Tag::context(10)] "tPProtocolIdentifier" => protocol_identifier: Option<Octets>,
        /// Its data coding scheme.
        [Tag::context(11)] "tPDataCodingScheme" => data_coding_scheme: Option<Octets>,
        /// How long it is valid.
        [Tag::context(12)] "tPValidityPeriod" => validity_period: Option<Octets>,
        /// Extensions.
        [Tag::context(13)] "extensions" => extensions: Option<Unknown>,
        /// Names the message, together with the address of the switch.
        [Tag::context(14)] "smsReferenceNumber" => sms_reference_number: Option<Octets>,
        /// The MSC.
        [Tag::context(15)] "mscAddress" => msc_address: Option<AddressString>,
        /// The SGSN.
        [Tag::context(16)] "sgsn-Number" => sgsn_number: Option<AddressString>,
    }
}

sequence! {
    /// The argument of ConnectSMS: the message goes elsewhere.
    #[derive(Default)]
    ConnectSmsArg {
        /// Another sender.
        [Tag::context(0)] "callingPartysNumber" => calling_partys_number: Option<AddressString>,
        /// Another destination.
        [Tag::context(1)] "destinationSubscriberNumber" => destination: Option<AddressString>,
        /// Another service centre.
        [Tag::context(2)] "sMSCAddress" => smsc_address: Option<AddressString>,
        /// Extensions.
        [Tag::context(10)] "extensions" => extensions: Option<Unknown>,
    }
}

sequence! {
    /// An event that is to be monitored.
    #[derive(Default)]
    SmsEvent {
        /// The event.
        [Tag::context(0)] "eventTypeSMS" => event_type: EventTypeSms,
        /// How.
        [Tag::context(1)] "monitorMode" => monitor_mode: MonitorMode,
    }
}

sequence! {
    /// The argument of RequestReportSMSEvent.
    #[derive(Default)]
    RequestReportSmsEventArg {
        /// The events.
        [Tag::context(0)] "sMSEvents" => events: Vec<SmsEvent>,
        /// Extensions.
        [Tag::context(10)] "extensions" => extensions: Option<Unknown>,
    }
}

enumerated! {
    /// Why a message could not be sent.
    MoSmsCause: enumerated {
        /// A failure of the system.
        0, "systemFailure" => SYSTEM_FAILURE,
        /// A value that was not expected.
        1, "unexpectedDataValue" => UNEXPECTED_DATA_VALUE,
        /// The service is not supported.
        2, "facilityNotSupported" => FACILITY_NOT_SUPPORTED,
        /// The service centre did not take it.
        3, "sM-DeliveryFailure" => DELIVERY_FAILURE,
        /// The radio link broke.
        4, "releaseFromRadioInterface" => RELEASE_FROM_RADIO_INTERFACE,
    }
}

sequence! {
    /// A message could not be sent: why.
    #[derive(Default)]
    MoSmsFailure {
        /// The cause.
        [Tag::context(0)] "failureCause" => cause: Option<MoSmsCause>,
    }
}

sequence! {
    /// A message could not be delivered: why.
    #[derive(Default)]
    MtSmsFailure {
        /// The cause, one octet (TS 23.040 section 9.2.3.22).
        [Tag::context(0)] "failureCause" => cause: Option<Octets>,
    }
}

choice! {
    /// What is told about an event.
    SmsSpecificInformation {
        /// It could not be sent.
        [Tag::context(0)] "o-smsFailureSpecificInfo" => OFailure(MoSmsFailure),
        /// It was sent.
        [Tag::context(1)] "o-smsSubmissionSpecificInfo" => OSubmission(PlainInfo),
        /// It could not be delivered.
        [Tag::context(2)] "t-smsFailureSpecificInfo" => TFailure(MtSmsFailure),
        /// It was delivered.
        [Tag::context(3)] "t-smsDeliverySpecificInfo" => TDelivery(PlainInfo),
    }
}

sequence! {
    /// The argument of EventReportSMS.
    #[derive(Default)]
    EventReportSmsArg {
        /// The event.
        [Tag::context(0)] "eventTypeSMS" => event_type: EventTypeSms,
        /// What there is to tell about it.
        [Tag::context(1)] "eventSpecificInformationSMS" => specific: Option<SmsSpecificInformation>,
        /// Whether the message waits; it does where this is absent.
        [Tag::context(2)] "miscCallInfo" => misc_call_info: Option<MiscCallInfo>,
        /// Extensions.
        [Tag::context(10)] "extensions" => extensions: Option<Unknown>,
    }
}

/// The argument of ReleaseSMS: the cause that the sender's phone is told (RP-Cause, TS 24.011 section 8.2.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReleaseSmsArg(pub u8);

impl Type for ReleaseSmsArg {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        match *element.octets()? {
            [cause] => Ok(Self(cause)),
            ref octets => Err(element.invalid(octets.len() as u64, "an RP-Cause has one octet here")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.primitive(tag, &[self.0]);
    }

    fn show(&self) -> Value {
        Value::Group(tollgate_wire::Fields::new().with("rpCause", u32::from(self.0)))
    }

    /// `{ rpCause: 21 }`, or only the number.
    fn take(value: &Value) -> Result<Self, FieldError> {
        match value {
            Value::Group(fields) if fields.len() == 1 => {
                let cause = fields.get("rpCause").ok_or_else(|| FieldError::new(value, "rpCause"))?;
                crate::asn::within("rpCause", number_of(cause)).map(Self)
            }
            plain => number_of(plain).map(Self),
        }
    }
}
