//! The typed headers of a message, and the check that a server makes before it looks at a request.

use tollgate_time::Instant;

use crate::header::{Wanted, marks};
use crate::scan::{Scan, is_word, list};
use crate::uri::Scheme;
use crate::{CSeq, Message, NameAddr, ParseError, ParseFault, Uri, Via};

impl<'a> Message<'a> {
    /// The Request-URI of a request.
    ///
    /// # Errors
    /// It is not a URI; a response has none.
    pub fn uri(&self) -> Result<Uri<'a>, ParseError> {
        let text = self.uri_text().ok_or_else(|| missing("Request-URI"))?;
        Uri::parse(text).map_err(|error| ParseError { what: "Request-URI", ..error.moved(self.uri_at()) })
    }

    /// Every Via, the topmost first, those of one line apart.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, ParseError>> {
        self.every(Wanted::VIA).flat_map(|own| {
            list(&own.text).map(|(at, text)| Via::parse(text).map_err(|e| e.moved(own.offset + at)))
        })
    }

    /// The topmost Via.
    ///
    /// # Errors
    /// There is none, or it is broken.
    pub fn via(&self) -> Result<Via<'_>, ParseError> {
        self.vias().next().ok_or_else(|| missing("Via"))?
    }

    /// The second Via, to which a response goes on once the topmost is taken off; the topmost itself is not read.
    #[must_use]
    pub fn next_via(&self) -> Option<Result<Via<'_>, ParseError>> {
        let mut all = self.every(Wanted::VIA).flat_map(|own| list(&own.text).map(move |one| (own, one)));
        let (own, (at, text)) = all.nth(1)?;
        Some(Via::parse(text).map_err(|error| error.moved(own.offset + at)))
    }

    /// From.
    ///
    /// # Errors
    /// There is none, or it is broken.
    pub fn from(&self) -> Result<NameAddr<'_>, ParseError> {
        self.one_address(Wanted::FROM)
    }

    /// To.
    ///
    /// # Errors
    /// There is none, or it is broken.
    pub fn to(&self) -> Result<NameAddr<'_>, ParseError> {
        self.one_address(Wanted::TO)
    }

    /// A header of one name-addr: Refer-To, Referred-By.
    ///
    /// # Errors
    /// There is none, or it is broken.
    pub fn address(&self, name: &'static str) -> Result<NameAddr<'_>, ParseError> {
        self.one_address(Wanted::new(name))
    }

    fn one_address(&self, wanted: Wanted<'static>) -> Result<NameAddr<'_>, ParseError> {
        let name = wanted.name();
        let own = self.first(wanted).ok_or_else(|| missing(name))?;
        NameAddr::parse_as(&own.text, name).map_err(|error| error.moved(own.offset))
    }

    /// Every name-addr of a header that lists them: Contact, Route, Record-Route, Path.
    pub fn addresses(&self, name: &'static str) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        self.addresses_of(Wanted::new(name))
    }

    fn addresses_of(
        &self,
        wanted: Wanted<'static>,
    ) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        let name = wanted.name();
        self.every(wanted).flat_map(move |own| {
            list(&own.text)
                .map(move |(at, text)| NameAddr::parse_as(text, name).map_err(|e| e.moved(own.offset + at)))
        })
    }

    /// Every Contact; the lone `*` of a REGISTER is none of them ([`Message::has_contact_star`]).
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, ParseError>> {
        let star = self.has_contact_star();
        self.addresses_of(Wanted::CONTACT).filter(move |_| !star)
    }

    /// Whether Contact is `*`, with which a REGISTER removes every binding (RFC 3261 section 10.2.2).
    #[must_use]
    pub fn has_contact_star(&self) -> bool {
        self.first(Wanted::CONTACT).is_some_and(|own| own.text == "*")
    }

    /// CSeq.
    ///
    /// # Errors
    /// There is none, or it is broken.
    pub fn cseq(&self) -> Result<CSeq<'_>, ParseError> {
        let own = self.first(Wanted::CSEQ).ok_or_else(|| missing("CSeq"))?;
        CSeq::parse(&own.text).map_err(|error| error.moved(own.offset))
    }

    /// Call-ID.
    ///
    /// # Errors
    /// There is none, or it is not `word [ @ word ]`.
    pub fn call_id(&self) -> Result<&str, ParseError> {
        let own = self.first(Wanted::CALL_ID).ok_or_else(|| missing("Call-ID"))?;
        let mut scan = Scan::new(&own.text, "Call-ID");
        let result = scan.some("a word", |octet| is_word(octet) || octet == b'@');
        let end = result.and_then(|id| scan.end("the end of the header").map(|()| id));
        end.map_err(|error| error.moved(own.offset))
    }

    /// Octets of the body by Content-Length.
    ///
    /// # Errors
    /// It is not a number.
    pub fn content_length(&self) -> Result<Option<u64>, ParseError> {
        self.number(Wanted::CONTENT_LENGTH, u64::from(u32::MAX))
    }

    /// Max-Forwards.
    ///
    /// # Errors
    /// It is not a number up to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, ParseError> {
        let number = self.number(Wanted::MAX_FORWARDS, 255)?;
        Ok(number.and_then(|number| u8::try_from(number).ok()))
    }

    /// Max-Forwards for the next hop; 70 where it does not stand (RFC 3261 section 16.6).
    ///
    /// # Errors
    /// No hop is left (483), or it is not a number up to 255.
    pub fn next_hops(&self) -> Result<u8, ParseError> {
        let offset = self.first(Wanted::MAX_FORWARDS).map_or(0, |own| own.offset);
        let none_left = ParseError { what: "Max-Forwards", offset, fault: ParseFault::TooManyHops };
        self.max_forwards()?.map_or(Ok(70), |hops| hops.checked_sub(1).ok_or(none_left))
    }

    /// Seconds of Expires, or 2³²−1 where it is larger (RFC 3261 section 20.19).
    ///
    /// # Errors
    /// It is not a number.
    pub fn expires_secs(&self) -> Result<Option<u32>, ParseError> {
        match self.number(Wanted::EXPIRES, u64::from(u32::MAX)) {
            Ok(number) => Ok(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))),
            Err(ParseError { fault: ParseFault::TooLarge(_), .. }) => Ok(Some(u32::MAX)),
            Err(error) => Err(error),
        }
    }

    /// Content-Type, as it stands.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.value("Content-Type")
    }

    /// Date (RFC 3261 section 20.17): `Sat, 13 Nov 2010 23:29:00 GMT`.
    ///
    /// # Errors
    /// It is no such date; no other zone than GMT may stand.
    pub fn date(&self) -> Result<Option<Instant>, ParseError> {
        let Some(own) = self.header("Date") else { return Ok(None) };
        let wrong = ParseError::expected("Date", own.offset, "a date as Sat, 13 Nov 2010 23:29:00 GMT");
        http_date(&own.text).map(Some).ok_or(wrong)
    }

    fn number(&self, wanted: Wanted<'static>, max: u64) -> Result<Option<u64>, ParseError> {
        let Some(own) = self.first(wanted) else { return Ok(None) };
        let mut scan = Scan::new(&own.text, wanted.name());
        let result = scan.number(max).and_then(|number| scan.end("the end of the number").map(|()| number));
        result.map(Some).map_err(|error| error.moved(own.offset))
    }

    /// Holds a message to the rules that every element relies on: the headers that must stand, those
    /// that may stand once, their grammar, the method of CSeq, a Request-URI that can be routed.
    ///
    /// # Errors
    /// The first that is broken; [`ParseError::status`] is the answer.
    pub fn check(&self) -> Result<(), ParseError> {
        self.once()?;
        let mut vias = self.vias();
        vias.next().ok_or_else(|| missing("Via"))??;
        vias.try_for_each(|via| via.map(drop))?;
        self.from()?;
        self.to()?;
        self.call_id()?;
        let cseq = self.cseq()?;
        self.max_forwards()?;
        self.content_length()?;
        self.contacts().try_for_each(|own| own.map(drop))?;
        for wanted in [Wanted::ROUTE, Wanted::RECORD_ROUTE] {
            self.addresses_of(wanted).try_for_each(|own| own.map(drop))?;
        }
        let Some(method) = self.method() else { return Ok(()) };
        if cseq.method != method {
            let offset = self.first(Wanted::CSEQ).map_or(0, |own| own.offset);
            return Err(ParseError { what: "CSeq", offset, fault: ParseFault::MethodMismatch });
        }
        let uri = self.uri()?;
        if matches!(uri.scheme, Scheme::Other(_)) {
            return Err(ParseError { what: "Request-URI", offset: self.uri_at(), fault: ParseFault::Scheme });
        }
        if let Some(headers) = uri.headers {
            let at = self.uri_at() + uri.text.len() - headers.len() - 1;
            return Err(ParseError::expected("Request-URI", at, "no header in a Request-URI"));
        }
        Ok(())
    }

    /// Whether the headers that may stand once stand no more often.
    fn once(&self) -> Result<(), ParseError> {
        let mut seen = 0_u64;
        for own in self.headers() {
            let Some((what, mark)) = own.mark() else { continue };
            if seen & mark & ONCE != 0 {
                return Err(ParseError { what, offset: own.offset, fault: ParseFault::Repeated });
            }
            seen |= mark;
        }
        Ok(())
    }
}

/// Headers that may stand once.
const ONCE: u64 = marks(&["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"]);

const fn missing(what: &'static str) -> ParseError {
    ParseError { what, offset: 0, fault: ParseFault::Missing }
}

fn http_date(text: &str) -> Option<Instant> {
    let (weekday, rest) = text.split_once(", ")?;
    if !["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&weekday) {
        return None;
    }
    let parts: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts.as_slice() else { return None };
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let at = months.find(month).filter(|at| month.len() == 3 && at % 3 == 0)?;
    Instant::parse_rfc3339(&format!("{year}-{:02}-{day}T{time}Z", at / 3 + 1)).ok()
}
