//! Errors of operations: their codes and parameters (TS 29.078 section 5.2).

use tollgate_wire::{DecodeError, Fields, Value};

use crate::Phase;
use crate::asn::{FieldError, Type, Unknown, enumerated, group_of, integer_of, sequence, within};
use crate::ber::{Encoder, Tag};

enumerated! {
    /// Why an operation cannot be cancelled.
    CancelProblem: enumerated {
        /// There is none of that identifier.
        0, "unknownOperation" => UNKNOWN_OPERATION,
        /// It is over.
        1, "tooLate" => TOO_LATE,
        /// It cannot be cancelled.
        2, "operationNotCancellable" => NOT_CANCELLABLE,
    }
}

sequence! {
    /// The parameter of cancelFailed.
    #[derive(Default)]
    CancelFailed {
        /// Why.
        [Tag::context(0)] "problem" => problem: CancelProblem,
        /// The invoke identifier.
        [Tag::context(1)] "operation" => operation: i64,
    }
}

enumerated! {
    /// Why the requested facts are not told.
    RequestedInfoProblem: enumerated {
        /// There is no such fact.
        1, "unknownRequestedInfo" => UNKNOWN,
        /// It is not available.
        2, "requestedInfoNotAvailable" => NOT_AVAILABLE,
    }
}

enumerated! {
    /// Which resource of the network is not available.
    UnavailableNetworkResource: enumerated {
        /// Resources.
        0, "unavailableResources" => RESOURCES,
        /// A component has failed.
        1, "componentFailure" => COMPONENT,
        /// Basic call processing.
        2, "basicCallProcessingException" => BASIC_CALL_PROCESSING,
        /// The state of a resource.
        3, "resourceStatusFailure" => RESOURCE_STATUS,
        /// The end user.
        4, "endUserFailure" => END_USER,
    }
}

enumerated! {
    /// Why a task is refused.
    TaskRefusal: enumerated {
        /// No reason given.
        0, "generic" => GENERIC,
        /// The address cannot be obtained.
        1, "unobtainable" => UNOBTAINABLE,
        /// Congestion.
        2, "congestion" => CONGESTION,
    }
}

macro_rules! errors {
    (
        plain { $($(#[$about:meta])* $code:literal, $name:literal => $variant:ident,)* }
        with { $($(#[$pabout:meta])* $pcode:literal, $pname:literal => $pvariant:ident($kind:ty),)* }
    ) => {
        /// An error that an operation returns.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum CapError {
            $($(#[$about])* $variant,)*
            $($(#[$pabout])* $pvariant($kind),)*
            /// A code that TS 29.078 lacks, or a parameter where it has none.
            Other {
                /// The code.
                code: i64,
                /// The parameter.
                parameter: Option<Unknown>,
            },
        }

        impl CapError {
            /// The local error code.
            #[must_use]
            pub const fn code(&self) -> i64 {
                match self {
                    $(Self::$variant => $code,)*
                    $(Self::$pvariant(_) => $pcode,)*
                    Self::Other { code, .. } => *code,
                }
            }

            /// Its name in ASN.1.
            #[must_use]
            pub const fn name(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($name),)*
                    $(Self::$pvariant(_) => Some($pname),)*
                    Self::Other { .. } => None,
                }
            }

            /// Reads an error from its code and the octets of its parameter, which stand `base` octets behind
            /// the start of the message.
            ///
            /// # Errors
            /// The parameter is missing or not of its type.
            pub fn decode(code: i64, parameter: Option<&[u8]>, base: usize, phase: Phase) -> Result<Self, DecodeError> {
                let element = match parameter {
                    Some(octets) => Some(crate::ber::Elements::new(octets, base).only("error parameter")?),
                    None => None,
                };
                match (code, element) {
                    $(($code, None) => Ok(Self::$variant),)*
                    $(($pcode, Some(element)) => Type::read(&element, phase).map(Self::$pvariant),)*
                    (code, element) => Ok(Self::Other { code, parameter: element.as_ref().map(Unknown::of) }),
                }
            }

            /// The octets of the parameter, where there is one.
            #[must_use]
            pub fn parameter(&self, phase: Phase) -> Option<Vec<u8>> {
                fn encoded<T: Type>(own: &T, phase: Phase) -> Vec<u8> {
                    let mut out = Encoder::new();
                    own.write(T::TAG, phase, &mut out);
                    out.into_bytes()
                }
                match self {
                    $(Self::$variant => None,)*
                    $(Self::$pvariant(own) => Some(encoded(own, phase)),)*
                    Self::Other { parameter, .. } => parameter.as_ref().map(Unknown::encoding),
                }
            }

            /// `{ name: parameter }`, with `true` where there is none.
            #[must_use]
            pub fn fields(&self) -> Fields {
                match self {
                    $(Self::$variant => Fields::new().with($name, true),)*
                    $(Self::$pvariant(own) => Fields::new().with($pname, own.show()),)*
                    Self::Other { code, parameter } => {
                        let mut inner = Fields::new().with("code", *code);
                        if let Some(own) = parameter {
                            inner.push("parameter", own.show());
                        }
                        Fields::new().with("error", Value::Group(inner))
                    }
                }
            }

            /// The error that people wrote.
            ///
            /// # Errors
            /// There is no such error, or the parameter does not fit it.
            pub fn take(name: &str, value: &Value) -> Result<Self, FieldError> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    $($pname => within(name, Type::take(value)).map(Self::$pvariant),)*
                    "error" => {
                        let (mut code, mut parameter) = (0, None);
                        for (inner, value) in group_of(value)?.iter() {
                            match inner {
                                "code" => code = within(inner, integer_of(value))?,
                                "parameter" => parameter = Some(within(inner, Unknown::take(value))?),
                                other => return Err(FieldError::named(other, "code, parameter")),
                            }
                        }
                        Ok(Self::Other { code, parameter })
                    }
                    other => {
                        let names: &[&str] = &[$($name,)* $($pname,)* "error"];
                        Err(FieldError::named(other, names.join(", ")))
                    }
                }
            }

            /// Whether a name is one of an error.
            #[must_use]
            pub fn is_name(name: &str) -> bool {
                matches!(name, "error" $(| $name)* $(| $pname)*)
            }
        }
    };
}

errors! {
    plain {
        /// The operation was cancelled.
        0, "canceled" => Canceled,
        /// No temporary connection.
        3, "eTCFailed" => EtcFailed,
        /// The caller answered something else.
        4, "improperCallerResponse" => ImproperCallerResponse,
        /// No service logic for the subscriber.
        6, "missingCustomerRecord" => MissingCustomerRecord,
        /// A component is missing.
        7, "missingParameter" => MissingParameter,
        /// A component is out of its range.
        8, "parameterOutOfRange" => ParameterOutOfRange,
        /// A resource is not available.
        13, "unavailableResource" => UnavailableResource,
        /// Not now.
        14, "unexpectedComponentSequence" => UnexpectedComponentSequence,
        /// A value does not fit.
        15, "unexpectedDataValue" => UnexpectedDataValue,
        /// A component was not expected.
        16, "unexpectedParameter" => UnexpectedParameter,
        /// No such leg.
        17, "unknownLegID" => UnknownLegId,
        /// No such call segment (phase 4).
        51, "unknownCSID" => UnknownCsId,
    }
    with {
        /// It cannot be cancelled.
        1, "cancelFailed" => CancelFailed(CancelFailed),
        /// The facts are not told.
        10, "requestedInfoError" => RequestedInfoError(RequestedInfoProblem),
        /// The system has failed.
        11, "systemFailure" => SystemFailure(UnavailableNetworkResource),
        /// The task is refused.
        12, "taskRefused" => TaskRefused(TaskRefusal),
    }
}
