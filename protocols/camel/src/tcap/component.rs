//! The components of a message: invocations and what becomes of them (Q.773 section 3.2.4).

use std::fmt;

use tollgate_wire::DecodeError;

use crate::ber::{Element, Encoder, Tag};

/// An operation or error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code<'a> {
    /// A number in the application context.
    Local(i64),
    /// Contents of an object identifier.
    Global(&'a [u8]),
}

/// An argument, result or parameter: one element that is not looked into here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part<'a> {
    /// All its octets.
    pub octets: &'a [u8],
    /// Octets from the start of the message to it.
    pub offset: usize,
}

impl<'a> Part<'a> {
    /// The octets of a part that is to be written; none where there are no octets.
    #[must_use]
    pub fn of(octets: &'a [u8]) -> Option<Self> {
        if octets.is_empty() { None } else { Some(Self { octets, offset: 0 }) }
    }
}

/// Which component a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Any.
    General,
    /// An invocation.
    Invoke,
    /// A result.
    ReturnResult,
    /// An error.
    ReturnError,
}

/// Why a component is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Problem {
    /// What it is about.
    pub kind: ProblemKind,
    /// Its number, by kind (Q.773 section 3.2.4.4).
    pub code: u8,
}

const NAMES: &[(ProblemKind, u8, &str)] = &[
    (ProblemKind::General, 0, "unrecognizedComponent"),
    (ProblemKind::General, 1, "mistypedComponent"),
    (ProblemKind::General, 2, "badlyStructuredComponent"),
    (ProblemKind::Invoke, 0, "duplicateInvokeID"),
    (ProblemKind::Invoke, 1, "unrecognizedOperation"),
    (ProblemKind::Invoke, 2, "mistypedParameter"),
    (ProblemKind::Invoke, 3, "resourceLimitation"),
    (ProblemKind::Invoke, 4, "initiatingRelease"),
    (ProblemKind::Invoke, 5, "unrecognizedLinkedID"),
    (ProblemKind::Invoke, 6, "linkedResponseUnexpected"),
    (ProblemKind::Invoke, 7, "unexpectedLinkedOperation"),
    (ProblemKind::ReturnResult, 0, "unrecognizedInvokeID"),
    (ProblemKind::ReturnResult, 1, "returnResultUnexpected"),
    (ProblemKind::ReturnResult, 2, "mistypedParameter"),
    (ProblemKind::ReturnError, 0, "unrecognizedInvokeID"),
    (ProblemKind::ReturnError, 1, "returnErrorUnexpected"),
    (ProblemKind::ReturnError, 2, "unrecognizedError"),
    (ProblemKind::ReturnError, 3, "unexpectedError"),
    (ProblemKind::ReturnError, 4, "mistypedParameter"),
];

impl ProblemKind {
    const ALL: [Self; 4] = [Self::General, Self::Invoke, Self::ReturnResult, Self::ReturnError];

    const fn number(self) -> u32 {
        match self {
            Self::General => 0,
            Self::Invoke => 1,
            Self::ReturnResult => 2,
            Self::ReturnError => 3,
        }
    }

    /// Its name in ASN.1: `generalProblem`, `invokeProblem` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::General => "generalProblem",
            Self::Invoke => "invokeProblem",
            Self::ReturnResult => "returnResultProblem",
            Self::ReturnError => "returnErrorProblem",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }
}

impl Problem {
    /// The component cannot be read.
    pub const BADLY_STRUCTURED: Self = Self { kind: ProblemKind::General, code: 2 };
    /// The invoke identifier is in use.
    pub const DUPLICATE_INVOKE_ID: Self = Self { kind: ProblemKind::Invoke, code: 0 };
    /// No such operation.
    pub const UNRECOGNIZED_OPERATION: Self = Self { kind: ProblemKind::Invoke, code: 1 };
    /// The argument has the wrong type.
    pub const MISTYPED_PARAMETER: Self = Self { kind: ProblemKind::Invoke, code: 2 };
    /// A result for nothing that was invoked.
    pub const RESULT_FOR_NOTHING: Self = Self { kind: ProblemKind::ReturnResult, code: 0 };
    /// A result for an operation that has none.
    pub const RESULT_UNEXPECTED: Self = Self { kind: ProblemKind::ReturnResult, code: 1 };
    /// An error for nothing that was invoked.
    pub const ERROR_FOR_NOTHING: Self = Self { kind: ProblemKind::ReturnError, code: 0 };
    /// An error for an operation that has none.
    pub const ERROR_UNEXPECTED: Self = Self { kind: ProblemKind::ReturnError, code: 1 };

    /// Its name in ASN.1.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(kind, code, _)| (*kind, *code) == (self.kind, self.code))
            .map(|(_, _, name)| *name)
    }

    /// The problem of that name among those of its kind.
    #[must_use]
    pub fn from_name(kind: ProblemKind, name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(own, _, own_name)| *own == kind && *own_name == name);
        found.map(|(_, code, _)| Self { kind, code: *code })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{} {}", self.kind.name(), self.code),
        }
    }
}

/// One component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component<'a> {
    /// An operation is invoked.
    Invoke {
        /// Invoke identifier, −128 to 127.
        id: i8,
        /// The invocation that it belongs to.
        linked: Option<i8>,
        /// The operation.
        code: Code<'a>,
        /// Its argument.
        argument: Option<Part<'a>>,
    },
    /// It has a result.
    Result {
        /// Of which invocation.
        id: i8,
        /// Whether nothing follows.
        last: bool,
        /// The operation, where there is a result.
        code: Option<Code<'a>>,
        /// The result.
        result: Option<Part<'a>>,
    },
    /// It has failed.
    Error {
        /// Of which invocation.
        id: i8,
        /// The error.
        code: Code<'a>,
        /// Its parameter.
        parameter: Option<Part<'a>>,
    },
    /// A component is rejected.
    Reject {
        /// Its invoke identifier, if that could be read.
        id: Option<i8>,
        /// Why.
        problem: Problem,
    },
    /// A component that cannot be read.
    Unreadable {
        /// All its octets.
        octets: &'a [u8],
        /// Why.
        fault: DecodeError,
    },
}

const INVOKE: u32 = 1;
const RESULT_LAST: u32 = 2;
const ERROR: u32 = 3;
const REJECT: u32 = 4;
const RESULT: u32 = 7;
const LINKED: Tag = Tag::context(0);

/// Elements of a component, taken in order.
struct Parts<'a> {
    of: Element<'a>,
    walk: std::iter::Peekable<crate::ber::Elements<'a>>,
}

impl<'a> Parts<'a> {
    fn of(element: Element<'a>) -> Result<Self, DecodeError> {
        Ok(Self { of: element, walk: element.elements()?.peekable() })
    }

    fn need(&mut self, what: &'static str) -> Result<Element<'a>, DecodeError> {
        self.walk.next().ok_or_else(|| self.of.lacks(what))?.map(|own| own.named(what))
    }

    fn optional(&mut self, tag: Tag) -> Option<Element<'a>> {
        self.walk.next_if(|own| own.as_ref().is_ok_and(|own| own.tag == tag))?.ok()
    }

    fn id(&mut self) -> Result<i8, DecodeError> {
        invoke_id(&self.need("invokeID")?)
    }

    fn code(&mut self, what: &'static str) -> Result<Code<'a>, DecodeError> {
        let own = self.need(what)?;
        match own.tag {
            Tag::INTEGER => own.integer().map(Code::Local),
            Tag::OBJECT_IDENTIFIER => own.primitive().map(Code::Global),
            tag => Err(own.invalid(u64::from(tag.number), "a code is an INTEGER or an OBJECT IDENTIFIER")),
        }
    }

    fn rest(&mut self, what: &'static str) -> Result<Option<Part<'a>>, DecodeError> {
        let Some(own) = self.walk.next() else { return Ok(None) };
        let own = own?;
        match self.walk.next() {
            None => Ok(Some(Part { octets: own.encoding, offset: own.offset })),
            Some(more) => Err(more?.named(what).invalid(0, "only one element may stand behind the code")),
        }
    }
}

fn invoke_id(element: &Element<'_>) -> Result<i8, DecodeError> {
    let number = element.integer()?;
    i8::try_from(number)
        .map_err(|_| element.invalid(number.unsigned_abs(), "an invoke identifier lies within -128 to 127"))
}

impl<'a> Component<'a> {
    /// The invoke identifier, where there is one.
    #[must_use]
    pub const fn id(&self) -> Option<i8> {
        match self {
            Self::Invoke { id, .. } | Self::Result { id, .. } | Self::Error { id, .. } => Some(*id),
            Self::Reject { id, .. } => *id,
            Self::Unreadable { .. } => None,
        }
    }

    pub(super) fn read(element: &Element<'a>) -> Self {
        Self::try_read(element.named("component"))
            .unwrap_or_else(|fault| Self::Unreadable { octets: element.encoding, fault })
    }

    fn try_read(element: Element<'a>) -> Result<Self, DecodeError> {
        let mut parts = Parts::of(element)?;
        let number = if element.tag == Tag::context(element.tag.number) { element.tag.number } else { 0 };
        Ok(match number {
            INVOKE => {
                let id = parts.id()?;
                let linked =
                    parts.optional(LINKED).map(|own| invoke_id(&own.named("linkedID"))).transpose()?;
                let code = parts.code("opCode")?;
                Self::Invoke { id, linked, code, argument: parts.rest("argument")? }
            }
            RESULT | RESULT_LAST => {
                let (id, last) = (parts.id()?, number == RESULT_LAST);
                match parts.walk.next() {
                    None => Self::Result { id, last, code: None, result: None },
                    Some(own) => {
                        let mut inner = Parts::of(own?.named("result"))?;
                        let code = Some(inner.code("opCode")?);
                        Self::Result { id, last, code, result: inner.rest("result")? }
                    }
                }
            }
            ERROR => {
                let id = parts.id()?;
                let code = parts.code("errorCode")?;
                Self::Error { id, code, parameter: parts.rest("parameter")? }
            }
            REJECT => {
                let first = parts.need("invokeID")?;
                let id = if first.tag == Tag::NULL { None } else { Some(invoke_id(&first)?) };
                let problem = parts.need("problem")?;
                let kind =
                    ProblemKind::ALL.into_iter().find(|kind| problem.tag == Tag::context(kind.number()));
                let kind = kind.ok_or_else(|| {
                    problem.invalid(u64::from(problem.tag.number), "there are problems [0] to [3] (Q.773)")
                })?;
                let code = problem.integer()?;
                let code = u8::try_from(code)
                    .map_err(|_| problem.invalid(code.unsigned_abs(), "problems are numbered up to 7"))?;
                Self::Reject { id, problem: Problem { kind, code } }
            }
            _ => {
                let rule = "components have the tags [1] to [4] and [7] (Q.773 section 3.2.4)";
                return Err(element.invalid(u64::from(element.tag.number), rule));
            }
        })
    }

    pub(super) fn write(&self, out: &mut Encoder) {
        match self {
            Self::Invoke { id, linked, code, argument } => out.constructed(Tag::context(INVOKE), |out| {
                out.integer(Tag::INTEGER, i64::from(*id));
                if let Some(linked) = linked {
                    out.integer(LINKED, i64::from(*linked));
                }
                code.write(out);
                write_part(*argument, out);
            }),
            Self::Result { id, last, code, result } => {
                let tag = Tag::context(if *last { RESULT_LAST } else { RESULT });
                out.constructed(tag, |out| {
                    out.integer(Tag::INTEGER, i64::from(*id));
                    if let Some(code) = code {
                        out.constructed(Tag::SEQUENCE, |out| {
                            code.write(out);
                            write_part(*result, out);
                        });
                    }
                });
            }
            Self::Error { id, code, parameter } => out.constructed(Tag::context(ERROR), |out| {
                out.integer(Tag::INTEGER, i64::from(*id));
                code.write(out);
                write_part(*parameter, out);
            }),
            Self::Reject { id, problem } => out.constructed(Tag::context(REJECT), |out| {
                match id {
                    Some(id) => out.integer(Tag::INTEGER, i64::from(*id)),
                    None => out.primitive(Tag::NULL, &[]),
                }
                out.integer(Tag::context(problem.kind.number()), i64::from(problem.code));
            }),
            Self::Unreadable { octets, .. } => out.raw(octets),
        }
    }
}

fn write_part(part: Option<Part<'_>>, out: &mut Encoder) {
    if let Some(part) = part {
        out.raw(part.octets);
    }
}

impl Code<'_> {
    /// The number of a local code.
    #[must_use]
    pub const fn local(&self) -> Option<i64> {
        match self {
            Self::Local(number) => Some(*number),
            Self::Global(_) => None,
        }
    }

    fn write(&self, out: &mut Encoder) {
        match self {
            Self::Local(number) => out.integer(Tag::INTEGER, *number),
            Self::Global(octets) => out.primitive(Tag::OBJECT_IDENTIFIER, octets),
        }
    }
}
