//! The dialogue portion: an EXTERNAL with a dialogue PDU of Q.773 section 3.2.3 inside.

use tollgate_wire::DecodeError;

use crate::ber::{Element, Encoder, Tag};

/// Contents of the object identifier of dialogue PDUs, 0.0.17.773.1.1.1.
const DIALOGUE_AS: &[u8] = &[0, 17, 0x86, 5, 1, 1, 1];
/// The protocol version, a BIT STRING with bit 0 set.
const VERSION_ONE: &[u8] = &[7, 0x80];

/// Who aborts a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AbortSource {
    /// The user of TCAP.
    User,
    /// TCAP itself.
    Provider,
}

/// Why a dialogue is refused (Q.773 section 3.2.3, result-source-diagnostic).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Refusal {
    /// It is not.
    #[default]
    None,
    /// No reason given.
    NoReason,
    /// The application context is not supported.
    ContextNotSupported,
    /// The provider knows no common dialogue portion.
    NoCommonDialoguePortion,
}

/// What a message says about its dialogue. User information is kept as its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialoguePortion<'a> {
    /// AARQ: the dialogue is opened in this context.
    Request {
        /// Contents of the context's object identifier.
        context: &'a [u8],
        /// User information.
        user_information: Option<&'a [u8]>,
    },
    /// AARE: it is accepted or refused.
    Response {
        /// Contents of the context's object identifier; another one where another is offered.
        context: &'a [u8],
        /// Whether it is refused for good, and why.
        refusal: Refusal,
        /// User information.
        user_information: Option<&'a [u8]>,
    },
    /// ABRT: it is aborted.
    Abort {
        /// By whom.
        source: AbortSource,
        /// User information, such as CAP's reason.
        user_information: Option<&'a [u8]>,
    },
    /// Something else: the whole portion, and why it could not be read, if it should have been.
    Other {
        /// All octets of the portion, its tag and length too.
        octets: &'a [u8],
        /// Why they are no dialogue PDU.
        fault: Option<DecodeError>,
    },
}

const REQUEST: Tag = Tag::application(0);
const RESPONSE: Tag = Tag::application(1);
const ABORT: Tag = Tag::application(4);
const USER_INFORMATION: Tag = Tag::context(30);

/// The components of a PDU, by tag.
struct Parts<'a> {
    of: Element<'a>,
    parts: Vec<Element<'a>>,
}

impl<'a> Parts<'a> {
    fn of(element: Element<'a>) -> Result<Self, DecodeError> {
        Ok(Self { of: element, parts: element.elements()?.collect::<Result<_, _>>()? })
    }

    fn get(&self, tag: Tag) -> Option<&Element<'a>> {
        self.parts.iter().find(|own| own.tag == tag)
    }

    fn need(&self, number: u32, what: &'static str) -> Result<Element<'a>, DecodeError> {
        self.get(Tag::context(number)).map(|own| own.named(what)).ok_or_else(|| self.of.lacks(what))
    }

    fn context(&self) -> Result<&'a [u8], DecodeError> {
        let name = self.need(1, "application-context-name")?.inner()?;
        if name.tag != Tag::OBJECT_IDENTIFIER {
            return Err(name.invalid(u64::from(name.tag.number), "a context's name is an OBJECT IDENTIFIER"));
        }
        name.primitive()
    }

    fn user_information(&self) -> Option<&'a [u8]> {
        self.get(USER_INFORMATION).map(|own| own.contents)
    }
}

impl<'a> DialoguePortion<'a> {
    pub(super) fn read(portion: &Element<'a>) -> Self {
        let octets = portion.encoding;
        match Self::read_external(portion) {
            Ok(Some(own)) => own,
            Ok(None) => Self::Other { octets, fault: None },
            Err(fault) => Self::Other { octets, fault: Some(fault) },
        }
    }

    fn read_external(portion: &Element<'a>) -> Result<Option<Self>, DecodeError> {
        let external = Parts::of(portion.inner()?)?;
        if external.get(Tag::OBJECT_IDENTIFIER).is_none_or(|own| own.contents != DIALOGUE_AS) {
            return Ok(None);
        }
        let pdu = Parts::of(external.need(0, "single-ASN1-type")?.inner()?)?;
        let user_information = pdu.user_information();
        Ok(Some(match pdu.of.tag {
            REQUEST => Self::Request { context: pdu.context()?, user_information },
            RESPONSE => {
                let result = pdu.need(2, "result")?.inner()?.integer()?;
                let source = pdu.need(3, "result-source-diagnostic")?.inner()?;
                let refusal = match (result, source.tag.number, source.inner()?.integer()?) {
                    (0, ..) => Refusal::None,
                    (_, 1, 2) => Refusal::ContextNotSupported,
                    (_, 2, 2) => Refusal::NoCommonDialoguePortion,
                    _ => Refusal::NoReason,
                };
                Self::Response { context: pdu.context()?, refusal, user_information }
            }
            ABORT => {
                let source = match pdu.need(0, "abort-source")?.integer()? {
                    0 => AbortSource::User,
                    _ => AbortSource::Provider,
                };
                Self::Abort { source, user_information }
            }
            _ => return Ok(None),
        }))
    }

    /// Writes the portion.
    pub(super) fn write(&self, tag: Tag, out: &mut Encoder) {
        if let Self::Other { octets, .. } = self {
            return out.raw(octets);
        }
        out.constructed(tag, |out| {
            out.constructed(Tag::EXTERNAL, |out| {
                out.primitive(Tag::OBJECT_IDENTIFIER, DIALOGUE_AS);
                out.constructed(Tag::context(0), |out| self.write_pdu(out));
            });
        });
    }

    fn write_pdu(&self, out: &mut Encoder) {
        let context_name = |out: &mut Encoder, context: &[u8]| {
            out.constructed(Tag::context(1), |out| out.primitive(Tag::OBJECT_IDENTIFIER, context));
        };
        let user = |out: &mut Encoder, information: Option<&[u8]>| {
            if let Some(octets) = information {
                out.constructed(USER_INFORMATION, |out| out.raw(octets));
            }
        };
        match self {
            Self::Request { context, user_information } => out.constructed(REQUEST, |out| {
                out.primitive(Tag::context(0), VERSION_ONE);
                context_name(out, context);
                user(out, *user_information);
            }),
            Self::Response { context, refusal, user_information } => out.constructed(RESPONSE, |out| {
                out.primitive(Tag::context(0), VERSION_ONE);
                context_name(out, context);
                let (result, source, code) = match refusal {
                    Refusal::None => (0, 1, 0),
                    Refusal::NoReason => (1, 1, 1),
                    Refusal::ContextNotSupported => (1, 1, 2),
                    Refusal::NoCommonDialoguePortion => (1, 2, 2),
                };
                out.constructed(Tag::context(2), |out| out.integer(Tag::INTEGER, result));
                out.constructed(Tag::context(3), |out| {
                    out.constructed(Tag::context(source), |out| out.integer(Tag::INTEGER, code));
                });
                user(out, *user_information);
            }),
            Self::Abort { source, user_information } => out.constructed(ABORT, |out| {
                out.integer(Tag::context(0), i64::from(*source == AbortSource::Provider));
                user(out, *user_information);
            }),
            Self::Other { .. } => {}
        }
    }
}
