//! CAP: the operations between gsmSSF and gsmSCF, their arguments and errors, in phase 2 and 3
//! (TS 29.078). Where the phases differ the type says how; names are those of phase 3.

mod announcement;
mod argument;
mod charging;
mod connect;
mod context;
mod error;
mod event;
mod initial_dp;
mod leg;
mod operation;
mod report;
mod sms;

pub use announcement::{
    Ia5, InbandInfo, InformationToSend, MessageId, PlayAnnouncementArg, SpecializedResourceReportArg,
    TextMessage, Tone, VariableMessage,
};
pub use argument::{CancelArg, ConnectToResourceArg, ReleaseCallArg, ResetTimerArg};
pub use charging::{
    AdviceOfCharge, AdviceOfChargeBeforeAnswer, AdviceOfChargeSubsequent, ApplyChargingArg,
    ApplyChargingReportArg, ChargeAdvice, ChargeAdviceString, FreeFormatCharging, FreeFormatSms,
    FurnishChargingInformationArg, FurnishChargingInformationSmsArg, ReleaseIfExceeded,
    SendChargingInformationArg, TimeDurationCharging, TimeDurationChargingResult, TimeIfTariffSwitch,
    TimeInformation,
};
pub use connect::{ConnectArg, ContinueWithArgumentArg, ServiceInteractionIndicatorsTwo};
pub use context::ApplicationContext;
pub use error::{
    CancelFailed, CancelProblem, CapError, RequestedInfoProblem, TaskRefusal, UnavailableNetworkResource,
};
pub use event::{
    AbandonInfo, AnswerInfo, BcsmEvent, BusyInfo, DpSpecificCriteria, EventReportBcsmArg, EventTypeBcsm,
    FailureInfo, MessageType, MiscCallInfo, MonitorMode, NoAnswerInfo, PlainInfo, ReleaseInfo,
    RequestReportBcsmEventArg, SpecificInformation, TerminatingBusyInfo,
};
pub use initial_dp::{
    BasicServiceCode, BearerCapability, CallGapping, ExtensionPhaseThree, ExtensionPhaseTwo, InitialDpArg,
    InitialDpArgExtension,
};
pub use leg::{Leg, LegId, ReceivingSide, SendingSide};
pub use operation::{CancelArgument, Class, Operation, OperationError, name_of, names as operation_names};
pub use report::{
    CallInformationReportArg, CallInformationRequestArg, RequestedInformation, RequestedInformationType,
    RequestedInformationValue,
};
pub use sms::{
    ConnectSmsArg, EventReportSmsArg, EventTypeSms, InitialDpSmsArg, MoSmsCause, MoSmsFailure, MtSmsFailure,
    ReleaseSmsArg, RequestReportSmsEventArg, SmsEvent, SmsSpecificInformation,
};

/// The phase of CAMEL that two peers have agreed on by their application context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Phase {
    /// Phase 2 (release 97 and 98).
    #[default]
    Two,
    /// Phase 3 (release 99 and 4).
    Three,
}
