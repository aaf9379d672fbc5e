//! The small arguments: ConnectToResource, ReleaseCall, Cancel and ResetTimer.

use tollgate_wire::{DecodeError, Value};

use crate::asn::{FieldError, Null, Octets, Type, Unknown, choice, sequence};
use crate::ber::{Element, Encoder, Tag};
use crate::cap::ServiceInteractionIndicatorsTwo;
use crate::{Cause, Phase};

sequence! {
    /// The argument of ConnectToResource: one of the first two says where the announcer is.
    #[derive(Default)]
    ConnectToResourceArg {
        /// Its address.
        [Tag::context(0)] "ipRoutingAddress" => ip_routing_address: Option<Octets>,
        /// It is part of the switch.
        [Tag::context(3)] "none" => none: Option<Null>,
        /// Extensions.
        [Tag::context(4)] "extensions" => extensions: Option<Unknown>,
        /// Interaction with other services.
        [Tag::context(7)] "serviceInteractionIndicatorsTwo" =>
            service_interaction_indicators: Option<ServiceInteractionIndicatorsTwo>,
    }
}

/// The argument of ReleaseCall: why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReleaseCallArg(pub Cause);

impl Type for ReleaseCallArg {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        Cause::read(element, phase).map(Self)
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        self.0.write(tag, phase, out);
    }

    fn show(&self) -> Value {
        Value::Group(tollgate_wire::Fields::new().with("cause", self.0.show()))
    }

    /// `{ cause: … }`, or only the cause.
    fn take(value: &Value) -> Result<Self, FieldError> {
        match value {
            Value::Group(fields) => match fields.get("cause") {
                Some(cause) => crate::asn::within("cause", Cause::take(cause)).map(Self),
                None => Cause::take(value).map(Self),
            },
            plain => Cause::take(plain).map(Self),
        }
    }
}

choice! {
    /// The argument of Cancel.
    CancelArg {
        /// The announcement of this invoke identifier.
        [Tag::context(0)] "invokeID" => Invoke(i64),
        /// Everything that was requested.
        [Tag::context(1)] "allRequests" => AllRequests(Null),
    }
}

sequence! {
    /// The argument of ResetTimer and ResetTimerSMS.
    #[derive(Default)]
    ResetTimerArg {
        /// Which timer: 0 is Tssf, the only one.
        [Tag::context(0)] "timerID" => timer: Option<u32>,
        /// Seconds from now on.
        [Tag::context(1)] "timervalue" => seconds: u32,
        /// Extensions.
        [Tag::context(2)] "extensions" => extensions: Option<Unknown>,
    }
}
