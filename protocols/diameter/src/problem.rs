//! What is wrong with a message, and what a server answers to it.

use crate::attribute::{Avp, AvpFlags};
use crate::builder::write_avp;
use crate::{AvpCode, ResultCode, dictionary};

/// The three stages of decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Lengths and version.
    Structure,
    /// Whether values are of their AVP's type.
    Types,
    /// Whether an AVP or a flag may or must stand where it does.
    Rules,
}

/// One thing that is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// The AVP that it is about, if it is about one.
    pub code: Option<AvpCode>,
    /// Octets from the start of the message.
    pub offset: usize,
    /// The AVP as Failed-AVP holds it.
    failed: Vec<u8>,
}

/// The ways in which a message can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// A version other than 1.
    #[error("version {version} is not 1")]
    Version {
        /// What stood there.
        version: u8,
    },
    /// The length is not that of the octets, or no multiple of four.
    #[error("the length says {announced} octets, {octets} are there; it is a multiple of 4 and at least 20")]
    MessageLength {
        /// The length field.
        announced: u32,
        /// Octets that are there.
        octets: usize,
    },
    /// An AVP's length is shorter than its header or reaches beyond its place.
    #[error("its length of {announced} octets does not fit the {left} that are left")]
    AvpLength {
        /// The length field.
        announced: u32,
        /// Octets from its header to the end of the message or group.
        left: usize,
    },
    /// Groups within groups within groups.
    #[error("stands in more than {} groups", crate::DEPTH_MAX)]
    TooDeep,
    /// A value of a fixed size has another.
    #[error("holds {len} octets, not {wanted}")]
    ValueLength {
        /// Octets of the value.
        len: usize,
        /// What the type takes: "4".
        wanted: &'static str,
    },
    /// The value is none of the AVP's type.
    #[error("is not {wanted}")]
    Value {
        /// What the AVP takes: "text in UTF-8".
        wanted: &'static str,
    },
    /// Reserved bits of the command flags are set.
    #[error("the header has reserved bits set")]
    ReservedBits,
    /// Command flags that may not stand together: E in a request, T in an answer.
    #[error("the header has flags that may not stand together")]
    HeaderBits,
    /// Reserved bits of an AVP's flags are set.
    #[error("has reserved flags set")]
    AvpBits,
    /// No dictionary knows the command.
    #[error("the command is not known")]
    Command,
    /// The application is not served.
    #[error("the application is not served")]
    Application,
    /// An AVP with the M flag that is not known.
    #[error("is mandatory and not known")]
    Unsupported,
    /// An AVP that must stand there does not.
    #[error("is missing")]
    Missing,
    /// An AVP that may not stand there does.
    #[error("may not stand here")]
    NotAllowed,
    /// More of an AVP than may stand there.
    #[error("may stand here {max} times only")]
    TooMany {
        /// How many may.
        max: u16,
    },
    /// AVPs that say different things.
    #[error("contradicts another AVP")]
    Contradicting,
}

impl ProblemKind {
    /// The Result-Code of the answer (RFC 6733 section 7.1).
    #[must_use]
    pub const fn result_code(self) -> ResultCode {
        match self {
            Self::Version { .. } => ResultCode::UNSUPPORTED_VERSION,
            Self::MessageLength { .. } => ResultCode::INVALID_MESSAGE_LENGTH,
            Self::AvpLength { .. } | Self::ValueLength { .. } => ResultCode::INVALID_AVP_LENGTH,
            Self::TooDeep | Self::Value { .. } => ResultCode::INVALID_AVP_VALUE,
            Self::ReservedBits => ResultCode::INVALID_BIT_IN_HEADER,
            Self::HeaderBits => ResultCode::INVALID_HDR_BITS,
            Self::AvpBits => ResultCode::INVALID_AVP_BITS,
            Self::Command => ResultCode::COMMAND_UNSUPPORTED,
            Self::Application => ResultCode::APPLICATION_UNSUPPORTED,
            Self::Unsupported => ResultCode::AVP_UNSUPPORTED,
            Self::Missing => ResultCode::MISSING_AVP,
            Self::NotAllowed => ResultCode::AVP_NOT_ALLOWED,
            Self::TooMany { .. } => ResultCode::AVP_OCCURS_TOO_MANY_TIMES,
            Self::Contradicting => ResultCode::CONTRADICTING_AVPS,
        }
    }

    /// The stage that finds it.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Version { .. } | Self::MessageLength { .. } | Self::AvpLength { .. } | Self::TooDeep => {
                Stage::Structure
            }
            Self::ValueLength { .. } | Self::Value { .. } => Stage::Types,
            _ => Stage::Rules,
        }
    }
}

impl Problem {
    /// A problem of the message as a whole.
    #[must_use]
    pub const fn message(kind: ProblemKind) -> Self {
        Self { kind, code: None, offset: 0, failed: Vec::new() }
    }

    /// A problem with this AVP, which Failed-AVP repeats.
    #[must_use]
    pub fn of(kind: ProblemKind, avp: Avp<'_>) -> Self {
        let mut failed = Vec::with_capacity(avp.len() + 3);
        write_avp(&mut failed, avp.code, avp.flags, avp.data);
        Self { kind, code: Some(avp.code), offset: avp.offset, failed }
    }

    /// This AVP is missing at `offset`; Failed-AVP has it with zeros of the least length
    /// (RFC 6733 section 7.5).
    #[must_use]
    pub fn missing(code: AvpCode, offset: usize) -> Self {
        Self::zeroed(ProblemKind::Missing, code, default_flags(code), offset)
    }

    /// A length that does not fit; Failed-AVP has the header with zeros of the least length.
    pub(crate) fn length(code: AvpCode, flags: AvpFlags, offset: usize, announced: u32, left: usize) -> Self {
        Self::zeroed(ProblemKind::AvpLength { announced, left }, code, flags, offset)
    }

    fn zeroed(kind: ProblemKind, code: AvpCode, flags: AvpFlags, offset: usize) -> Self {
        let len = dictionary::avp(code).map_or(0, |own| own.kind.len_min());
        let mut failed = Vec::with_capacity(12 + len);
        write_avp(&mut failed, code, flags, &[0; 16][..len.min(16)]);
        Self { kind, code: Some(code), offset, failed }
    }

    /// The same problem within the group `code`, which Failed-AVP shows around it.
    #[must_use]
    pub(crate) fn within(mut self, code: AvpCode, flags: AvpFlags) -> Self {
        let inner = std::mem::take(&mut self.failed);
        write_avp(&mut self.failed, code, flags, &inner);
        self
    }

    /// The Result-Code of the answer.
    #[must_use]
    pub const fn result_code(&self) -> ResultCode {
        self.kind.result_code()
    }

    /// The data of the Failed-AVP of the answer; `None` where the problem is about no AVP.
    #[must_use]
    pub fn failed_avp(&self) -> Option<&[u8]> {
        (!self.failed.is_empty()).then_some(&self.failed[..])
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code} at octet {}: {}", self.offset, self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for Problem {}

/// The flags that the dictionaries give an AVP; M is not set on what nobody knows.
#[must_use]
pub(crate) fn default_flags(code: AvpCode) -> AvpFlags {
    let vendor = if code.vendor() == 0 { 0 } else { AvpFlags::VENDOR.bits() };
    let mandatory = dictionary::avp(code).is_some_and(|own| own.mandatory);
    AvpFlags::from_bits(vendor | if mandatory { AvpFlags::MANDATORY.bits() } else { 0 })
}
