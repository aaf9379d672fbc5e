//! A received message: a view that copies nothing.

use crate::header::{HEADER_LEN, Header, VERSION};
use crate::problem::{Problem, ProblemKind};
use crate::{Avp, AvpCode, Avps};

/// A message whose header and outermost AVPs fit their octets. Groups are looked into when they are
/// opened; what the values are and whether they may stand there is [`crate::check`]'s.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Flags, command, application and identifiers.
    pub header: Header,
}

impl<'a> Message<'a> {
    /// Reads one whole message.
    ///
    /// # Errors
    /// Fewer than 20 octets, another version, a length that the octets do not have, or an AVP that
    /// does not fit.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let short = || Problem::message(ProblemKind::MessageLength { announced: 0, octets: bytes.len() });
        let header = Header::read(bytes).ok_or_else(short)?;
        if bytes[0] != VERSION {
            return Err(Problem::message(ProblemKind::Version { version: bytes[0] }));
        }
        let announced = u32::from_be_bytes([0, bytes[1], bytes[2], bytes[3]]);
        if announced as usize != bytes.len() || !announced.is_multiple_of(4) {
            return Err(Problem::message(ProblemKind::MessageLength { announced, octets: bytes.len() }));
        }
        Avps::new(&bytes[HEADER_LEN..], HEADER_LEN).checked()?;
        Ok(Self { bytes, header })
    }

    /// The whole message.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The AVPs, in order.
    #[must_use]
    pub fn avps(&self) -> Avps<'a> {
        Avps::new(self.bytes.get(HEADER_LEN..).unwrap_or_default(), HEADER_LEN)
    }

    /// The first AVP of this code.
    #[must_use]
    pub fn get(&self, code: AvpCode) -> Option<Avp<'a>> {
        self.avps().get(code)
    }

    /// Every AVP of this code.
    pub fn all(&self, code: AvpCode) -> impl Iterator<Item = Avp<'a>> + use<'a> {
        self.avps().all(code)
    }

    /// The text of the first AVP of this code.
    #[must_use]
    pub fn text(&self, code: AvpCode) -> Option<&'a str> {
        self.get(code)?.text()
    }

    /// The number of the first AVP of this code.
    #[must_use]
    pub fn u32(&self, code: AvpCode) -> Option<u32> {
        self.get(code)?.u32()
    }

    /// The Session-Id.
    #[must_use]
    pub fn session_id(&self) -> Option<&'a str> {
        self.text(crate::avp::SESSION_ID)
    }

    /// The Result-Code, or the Experimental-Result-Code of an answer without one.
    #[must_use]
    pub fn result_code(&self) -> Option<crate::ResultCode> {
        let plain = || self.u32(crate::avp::RESULT_CODE);
        let experimental = || {
            let group = self.get(crate::avp::EXPERIMENTAL_RESULT)?;
            group.members().get(crate::avp::EXPERIMENTAL_RESULT_CODE)?.u32()
        };
        plain().or_else(experimental).map(crate::ResultCode)
    }

    /// The abbreviation of the command: `CCR`, `CCA`.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.header.name()
    }
}
