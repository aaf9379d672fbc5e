//! The operations: their codes, names, classes, timers and arguments (TS 29.078 sections 5.4 and 6 to 7,
//! classes of Q.774).

use tollgate_wire::{DecodeError, Fields, Value};

use super::{
    ApplyChargingArg, ApplyChargingReportArg, CallInformationReportArg, CallInformationRequestArg, CancelArg,
    ConnectArg, ConnectSmsArg, ConnectToResourceArg, ContinueWithArgumentArg, EventReportBcsmArg,
    EventReportSmsArg, FurnishChargingInformationArg, FurnishChargingInformationSmsArg, InitialDpArg,
    InitialDpSmsArg, Phase, PlayAnnouncementArg, ReleaseCallArg, ReleaseSmsArg, RequestReportBcsmEventArg,
    RequestReportSmsEventArg, ResetTimerArg, SendChargingInformationArg, SpecializedResourceReportArg,
};
use crate::asn::{FieldError, Type, Unknown, group_of, integer_of, within};
use crate::ber::{Element, Elements, Encoder};

/// What an operation may be answered with (Q.771 section 2.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A result or an error.
    ResultOrError,
    /// Only an error; none until its timer ends is success.
    ErrorOnly,
    /// Only a result; none until its timer ends is failure.
    ResultOnly,
    /// Nothing.
    Nothing,
}

/// An operation could not be read: which answer TCAP has for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The argument is missing or has the wrong type (Reject, mistyped parameter).
    #[error(transparent)]
    Argument(#[from] DecodeError),
    /// The operation has an argument, and none is there.
    #[error("{0} has no argument; it must have one")]
    NoArgument(&'static str),
}

macro_rules! operations {
    (
        with { $($(#[$about:meta])* $code:literal, $name:literal, $class:ident => $variant:ident($kind:ty),)* }
        optional { $($(#[$oabout:meta])* $ocode:literal, $oname:literal, $oclass:ident => $ovariant:ident($okind:ty),)* }
        plain { $($(#[$pabout:meta])* $pcode:literal, $pname:literal, $pclass:ident => $pvariant:ident,)* }
    ) => {
        /// An operation with its argument.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Operation {
            $($(#[$about])* $variant($kind),)*
            $($(#[$oabout])* $ovariant(Option<$okind>),)*
            $($(#[$pabout])* $pvariant,)*
            /// One that is not known here, or that has an argument where it should have none.
            Other {
                /// The local code.
                code: i64,
                /// The argument.
                argument: Option<Unknown>,
            },
        }

        /// The name of an operation code.
        #[must_use]
        pub const fn name_of(code: i64) -> Option<&'static str> {
            match code {
                $($code => Some($name),)*
                $($ocode => Some($oname),)*
                $($pcode => Some($pname),)*
                _ => None,
            }
        }

        /// The names of all operations.
        #[must_use]
        pub const fn names() -> &'static [&'static str] {
            &[$($name,)* $($oname,)* $($pname,)*]
        }

        impl Operation {
            /// The local operation code.
            #[must_use]
            pub const fn code(&self) -> i64 {
                match self {
                    $(Self::$variant(_) => $code,)*
                    $(Self::$ovariant(_) => $ocode,)*
                    $(Self::$pvariant => $pcode,)*
                    Self::Other { code, .. } => *code,
                }
            }

            /// What it may be answered with.
            #[must_use]
            pub const fn class(&self) -> Class {
                match self {
                    $(Self::$variant(_) => Class::$class,)*
                    $(Self::$ovariant(_) => Class::$oclass,)*
                    $(Self::$pvariant => Class::$pclass,)*
                    Self::Other { .. } => Class::Nothing,
                }
            }

            fn read(code: i64, element: Option<&Element<'_>>, phase: Phase) -> Result<Self, OperationError> {
                Ok(match (code, element) {
                    $(($code, Some(own)) => Self::$variant(Type::read(&own.named($name), phase)?),
                    ($code, None) => return Err(OperationError::NoArgument($name)),)*
                    $(($ocode, Some(own)) => Self::$ovariant(Some(Type::read(&own.named($oname), phase)?)),
                    ($ocode, None) => Self::$ovariant(None),)*
                    $(($pcode, None) => Self::$pvariant,)*
                    (code, own) => Self::Other { code, argument: own.map(Unknown::of) },
                })
            }

            fn write(&self, phase: Phase, out: &mut Encoder) {
                match self {
                    $(Self::$variant(own) => Written::write_untagged(own, phase, out),)*
                    $(Self::$ovariant(own) => {
                        if let Some(own) = own {
                            Written::write_untagged(own, phase, out);
                        }
                    })*
                    $(Self::$pvariant => {})*
                    Self::Other { argument, .. } => {
                        if let Some(own) = argument {
                            own.write_again(out);
                        }
                    }
                }
            }

            /// Its name, and its argument as people and expectations see it: `true` where it has none.
            #[must_use]
            pub fn show(&self) -> (&'static str, Value) {
                match self {
                    $(Self::$variant(own) => ($name, own.show()),)*
                    $(Self::$ovariant(own) => ($oname, own.as_ref().map_or(Value::Flag(true), Type::show)),)*
                    $(Self::$pvariant => ($pname, Value::Flag(true)),)*
                    Self::Other { code, argument } => {
                        let mut fields = Fields::new().with("code", *code);
                        if let Some(own) = argument {
                            fields.push("argument", own.show());
                        }
                        ("operation", Value::Group(fields))
                    }
                }
            }

            /// The operation that people wrote under its name.
            ///
            /// # Errors
            /// There is no such operation, or the argument does not fit it.
            pub fn take(name: &str, value: &Value) -> Result<Self, FieldError> {
                match name {
                    $($name => within(name, Type::take(value)).map(Self::$variant),)*
                    $($oname => within(name, Type::take(value)).map(Some).map(Self::$ovariant),)*
                    $($pname => Ok(Self::$pvariant),)*
                    "operation" => {
                        let (mut code, mut argument) = (0, None);
                        for (inner, value) in group_of(value)?.iter() {
                            match inner {
                                "code" => code = within(inner, integer_of(value))?,
                                "argument" => argument = Some(within(inner, Unknown::take(value))?),
                                other => return Err(FieldError::named(other, "code, argument")),
                            }
                        }
                        Ok(Self::Other { code, argument })
                    }
                    other => Err(FieldError::named(other, format!("one of {}, operation", names().join(", ")))),
                }
            }
        }
    };
}

/// How an argument is written where no tag of its surroundings stands around it: with its own, or, for a
/// choice, with that of the alternative.
trait Written {
    fn write_untagged(&self, phase: Phase, out: &mut Encoder);
}

impl<T: Type> Written for T {
    fn write_untagged(&self, phase: Phase, out: &mut Encoder) {
        self.write(T::TAG, phase, out);
    }
}

/// Cancel's argument is a choice: its alternative stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelArgument(pub CancelArg);

impl Type for CancelArgument {
    /// Never written: [`Type::write`] writes the alternative's own.
    const TAG: crate::ber::Tag = crate::ber::Tag::SEQUENCE;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        CancelArg::read_alternative(element, phase).map(Self)
    }

    fn write(&self, _: crate::ber::Tag, phase: Phase, out: &mut Encoder) {
        self.0.write_alternative(phase, out);
    }

    fn show(&self) -> Value {
        self.0.show()
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        CancelArg::take(value).map(Self)
    }
}

operations! {
    with {
        /// A call has met a trigger; gsmSSF to gsmSCF.
        0, "initialDP", ErrorOnly => InitialDp(Box<InitialDpArg>),
        /// An announcer is connected.
        19, "connectToResource", ErrorOnly => ConnectToResource(Box<ConnectToResourceArg>),
        /// The call goes to another destination.
        20, "connect", ErrorOnly => Connect(Box<ConnectArg>),
        /// The call ends.
        22, "releaseCall", Nothing => ReleaseCall(ReleaseCallArg),
        /// Which events are told.
        23, "requestReportBCSMEvent", ErrorOnly => RequestReportBcsmEvent(RequestReportBcsmEventArg),
        /// An event; gsmSSF to gsmSCF.
        24, "eventReportBCSM", Nothing => EventReportBcsm(Box<EventReportBcsmArg>),
        /// The state timer starts anew.
        33, "resetTimer", ErrorOnly => ResetTimer(ResetTimerArg),
        /// Octets for the call record.
        34, "furnishChargingInformation", ErrorOnly => FurnishChargingInformation(FurnishChargingInformationArg),
        /// How long the call may last.
        35, "applyCharging", ErrorOnly => ApplyCharging(ApplyChargingArg),
        /// How long it did; gsmSSF to gsmSCF.
        36, "applyChargingReport", ErrorOnly => ApplyChargingReport(ApplyChargingReportArg),
        /// Facts about the call; gsmSSF to gsmSCF.
        44, "callInformationReport", Nothing => CallInformationReport(CallInformationReportArg),
        /// Which facts are told.
        45, "callInformationRequest", ErrorOnly => CallInformationRequest(CallInformationRequestArg),
        /// Charge advice for the subscriber.
        46, "sendChargingInformation", ErrorOnly => SendChargingInformation(Box<SendChargingInformationArg>),
        /// An announcement is played.
        47, "playAnnouncement", ErrorOnly => PlayAnnouncement(Box<PlayAnnouncementArg>),
        /// Nothing more is told, or an announcement ends.
        53, "cancel", ErrorOnly => Cancel(CancelArgument),
        /// The call goes on with other data (phase 3).
        88, "continueWithArgument", ErrorOnly => ContinueWithArgument(Box<ContinueWithArgumentArg>),
        /// A short message has met a trigger; smsSSF to gsmSCF (phase 3).
        60, "initialDPSMS", ErrorOnly => InitialDpSms(Box<InitialDpSmsArg>),
        /// Octets for the message's record (phase 3).
        61, "furnishChargingInformationSMS", ErrorOnly => FurnishChargingInformationSms(FurnishChargingInformationSmsArg),
        /// The message goes elsewhere (phase 3).
        62, "connectSMS", ErrorOnly => ConnectSms(Box<ConnectSmsArg>),
        /// Which events are told (phase 3).
        63, "requestReportSMSEvent", ErrorOnly => RequestReportSmsEvent(RequestReportSmsEventArg),
        /// An event; smsSSF to gsmSCF (phase 3).
        64, "eventReportSMS", Nothing => EventReportSms(Box<EventReportSmsArg>),
        /// The message is refused (phase 3).
        66, "releaseSMS", Nothing => ReleaseSms(ReleaseSmsArg),
        /// The state timer starts anew (phase 3).
        67, "resetTimerSMS", ErrorOnly => ResetTimerSms(ResetTimerArg),
    }
    optional {
        /// The announcement is over; gsmSRF or gsmSSF to gsmSCF.
        49, "specializedResourceReport", Nothing => SpecializedResourceReport(SpecializedResourceReportArg),
    }
    plain {
        /// The announcer is disconnected.
        18, "disconnectForwardConnection", ErrorOnly => DisconnectForwardConnection,
        /// The call goes on.
        31, "continue", Nothing => Continue,
        /// Is the dialogue alive?
        55, "activityTest", ResultOnly => ActivityTest,
        /// The message goes on (phase 3).
        65, "continueSMS", Nothing => ContinueSms,
    }
}

impl Operation {
    /// Reads an operation from its code and the octets of its argument, which stand `base` octets behind the
    /// start of the message.
    ///
    /// # Errors
    /// The argument is missing or not of its type.
    pub fn decode(
        code: i64,
        argument: Option<&[u8]>,
        base: usize,
        phase: Phase,
    ) -> Result<Self, OperationError> {
        let element = match argument {
            Some(octets) => Some(Elements::new(octets, base).only("argument")?),
            None => None,
        };
        Self::read(code, element.as_ref(), phase)
    }

    /// The octets of the argument; none where there is no argument.
    #[must_use]
    pub fn argument(&self, phase: Phase) -> Vec<u8> {
        let mut out = Encoder::new();
        self.write(phase, &mut out);
        out.into_bytes()
    }

    /// Its name in ASN.1; `operation` where it is not known.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match name_of(self.code()) {
            Some(name) => name,
            None => "operation",
        }
    }

    /// The timer of the operation in milliseconds: how long an answer may take. The longest of the ranges
    /// short (1 to 10 s), medium (1 to 60 s) and long (here 10 min; TS 29.078 section 11).
    #[must_use]
    pub const fn timer_millis(&self) -> u64 {
        match self {
            Self::PlayAnnouncement(_) => 600_000,
            _ => 10_000,
        }
    }
}
