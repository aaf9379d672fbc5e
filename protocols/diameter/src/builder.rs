//! Writes a message straight into a buffer; lengths and padding are filled in behind the data.

use std::net::IpAddr;

use tollgate_time::Instant;

use crate::attribute::{AvpFlags, Avps};
use crate::header::{HEADER_LEN, Header, MESSAGE_LEN_MAX};
use crate::problem::{Problem, default_flags};
use crate::{AvpCode, EncodeError, Message, ResultCode, avp, ntp};

/// A message in the making. AVPs get the flags that the dictionaries give them.
#[derive(Debug, Clone)]
pub struct Builder {
    bytes: Vec<u8>,
    /// Where the message starts in the buffer.
    start: usize,
}

impl Builder {
    /// A message with this header.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self::append(Vec::with_capacity(512), header)
    }

    /// The same behind what the buffer holds, so that several messages leave in one write.
    #[must_use]
    pub fn append(mut bytes: Vec<u8>, header: Header) -> Self {
        let start = bytes.len();
        bytes.extend_from_slice(&header.write(0));
        Self { bytes, start }
    }

    /// The answer to a request: its header and its Session-Id (RFC 6733 section 6.2). Its Proxy-Info
    /// follows with [`Self::proxy_infos`], once everything else is written.
    #[must_use]
    pub fn answer(request: &Message<'_>) -> Self {
        let mut own = Self::new(request.header.answer());
        if let Some(session) = request.get(avp::SESSION_ID) {
            own.avp(avp::SESSION_ID, session.flags, session.data);
        }
        own
    }

    /// The same for a request whose structure is broken, with the Session-Id where that can be read;
    /// `None` for an answer and for less than a header.
    #[must_use]
    pub fn answer_to_broken(request: &[u8]) -> Option<Self> {
        let header = Header::read(request).filter(Header::is_request)?;
        let mut own = Self::new(header.answer());
        let avps = Avps::new(request.get(HEADER_LEN..)?, HEADER_LEN);
        if let Some(session) = avps.get(avp::SESSION_ID) {
            own.avp(avp::SESSION_ID, session.flags, session.data);
        }
        Some(own)
    }

    /// Every Proxy-Info of the request, in order, as an answer returns them.
    pub fn proxy_infos(&mut self, request: &Message<'_>) {
        for own in request.all(avp::PROXY_INFO) {
            self.avp(own.code, own.flags, own.data);
        }
    }

    /// An AVP with these flags; V is set where the code names a vendor.
    pub fn avp(&mut self, code: AvpCode, flags: AvpFlags, data: &[u8]) {
        write_avp(&mut self.bytes, code, flags, data);
    }

    /// OctetString, or any other type in its octets.
    pub fn octets(&mut self, code: AvpCode, data: &[u8]) {
        self.avp(code, default_flags(code), data);
    }

    /// UTF8String, DiameterIdentity, DiameterURI and IPFilterRule.
    pub fn text(&mut self, code: AvpCode, text: &str) {
        self.octets(code, text.as_bytes());
    }

    /// Unsigned32 and Enumerated.
    pub fn u32(&mut self, code: AvpCode, number: u32) {
        self.octets(code, &number.to_be_bytes());
    }

    /// Unsigned64.
    pub fn u64(&mut self, code: AvpCode, number: u64) {
        self.octets(code, &number.to_be_bytes());
    }

    /// Integer32.
    pub fn i32(&mut self, code: AvpCode, number: i32) {
        self.octets(code, &number.to_be_bytes());
    }

    /// Integer64.
    pub fn i64(&mut self, code: AvpCode, number: i64) {
        self.octets(code, &number.to_be_bytes());
    }

    /// Time, rounded down to the second. From 2104-02-26 on, whose numbers are those of 1968, the
    /// last second before it.
    pub fn time(&mut self, code: AvpCode, at: Instant) {
        self.u32(code, ntp::write(at).unwrap_or(0x7fff_ffff));
    }

    /// Address of IPv4 or IPv6.
    pub fn address(&mut self, code: AvpCode, address: IpAddr) {
        match address {
            IpAddr::V4(own) => {
                let [a, b, c, d] = own.octets();
                self.octets(code, &[0, 1, a, b, c, d]);
            }
            IpAddr::V6(own) => self.family(code, 2, &own.octets()),
        }
    }

    /// Address of another family (IANA address family numbers): 8 is E.164 in digits.
    pub fn family(&mut self, code: AvpCode, family: u16, octets: &[u8]) {
        let mark = self.open(code);
        self.bytes.extend_from_slice(&family.to_be_bytes());
        self.bytes.extend_from_slice(octets);
        self.close(mark);
    }

    /// Result-Code; one of 3xxx sets the E flag too.
    pub fn result(&mut self, code: ResultCode) {
        if code.is_protocol_error() {
            self.bytes[self.start + 4] |= crate::CommandFlags::ERROR.bits();
        }
        self.u32(avp::RESULT_CODE, code.0);
    }

    /// Result-Code and Failed-AVP of a problem, and an Error-Message that puts it in words.
    pub fn problem(&mut self, problem: &Problem) {
        self.result(problem.result_code());
        self.text(avp::ERROR_MESSAGE, &problem.to_string());
        if let Some(failed) = problem.failed_avp() {
            self.octets(avp::FAILED_AVP, failed);
        }
    }

    /// Grouped: what `inside` writes.
    pub fn group<R>(&mut self, code: AvpCode, inside: impl FnOnce(&mut Self) -> R) -> R {
        let mark = self.open(code);
        let result = inside(self);
        self.close(mark);
        result
    }

    /// Octets of the message so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether it has no AVP yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == HEADER_LEN
    }

    /// The buffer with the message at its end.
    ///
    /// # Errors
    /// The message is longer than its length field can say.
    pub fn finish(mut self) -> Result<Vec<u8>, EncodeError> {
        let len = self.len();
        if len > MESSAGE_LEN_MAX {
            return Err(EncodeError::TooLong { len });
        }
        fill_len(&mut self.bytes, self.start + 1, len);
        Ok(self.bytes)
    }

    /// Sets a flag of the AVP that starts `at` octets behind the start of the message.
    pub(crate) fn set_flag(&mut self, at: usize, flag: AvpFlags) {
        if let Some(octet) = self.bytes.get_mut(self.start + at + 4) {
            *octet |= flag.bits();
        }
    }

    /// Writes the header of an AVP whose data follow; [`Self::close`] fills in its length.
    pub(crate) fn open(&mut self, code: AvpCode) -> usize {
        let at = self.bytes.len();
        write_head(&mut self.bytes, code, default_flags(code), 0);
        at
    }

    pub(crate) fn close(&mut self, at: usize) {
        let len = self.bytes.len() - at;
        fill_len(&mut self.bytes, at + 5, len);
        pad(&mut self.bytes, len);
    }
}

/// Writes an AVP with its padding. A length beyond 24 bits is cut; [`Builder::finish`] refuses such a
/// message.
pub(crate) fn write_avp(bytes: &mut Vec<u8>, code: AvpCode, flags: AvpFlags, data: &[u8]) {
    let head = write_head(bytes, code, flags, data.len());
    bytes.extend_from_slice(data);
    pad(bytes, head + data.len());
}

#[inline]
fn write_head(bytes: &mut Vec<u8>, code: AvpCode, flags: AvpFlags, data_len: usize) -> usize {
    let number = code.number().to_be_bytes();
    let own = flags.bits();
    if code.vendor() == 0 && !flags.has(AvpFlags::VENDOR) {
        let [a, b, c] = low24(data_len + 8);
        bytes.extend_from_slice(&[number[0], number[1], number[2], number[3], own, a, b, c]);
        return 8;
    }
    let own = own | AvpFlags::VENDOR.bits();
    let vendor = code.vendor().to_be_bytes();
    let [a, b, c] = low24(data_len + 12);
    bytes.extend_from_slice(&[
        number[0], number[1], number[2], number[3], own, a, b, c, vendor[0], vendor[1], vendor[2], vendor[3],
    ]);
    12
}

#[inline]
fn pad(bytes: &mut Vec<u8>, len: usize) {
    bytes.extend_from_slice(&[0; 3][..len.wrapping_neg() & 3]);
}

fn fill_len(bytes: &mut [u8], at: usize, len: usize) {
    bytes[at..at + 3].copy_from_slice(&low24(len));
}

/// The lowest 24 bits, big-endian.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "each octet is masked")]
const fn low24(len: usize) -> [u8; 3] {
    [(len >> 16 & 0xff) as u8, (len >> 8 & 0xff) as u8, (len & 0xff) as u8]
}
