//! Dialogs (RFC 3261 section 12): what two user agents know of each other between the first response and
//! the BYE, and the requests that follow from it. Neither Via nor Contact is chosen here, and nothing is sent.

use crate::{BuildError, Builder, Message, Method, NameAddr, ParseError, Uri};

/// Hops that a request of ours may take (RFC 3261 section 8.1.1.6).
pub const MAX_FORWARDS: u8 = 70;

/// What a dialog is known by, seen from here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId {
    /// The Call-ID.
    pub call_id: String,
    /// The tag of this side.
    pub local_tag: String,
    /// The tag of the other; empty from one that knows only RFC 2543.
    pub remote_tag: String,
}

impl DialogId {
    /// Of a message that arrived: of a request To is this side, of a response From.
    ///
    /// # Errors
    /// A header of the three is missing or broken.
    pub fn of_received(message: &Message<'_>) -> Result<Self, ParseError> {
        Self::of(message, message.code().is_some())
    }

    fn of(message: &Message<'_>, from_is_local: bool) -> Result<Self, ParseError> {
        let tag = |own: NameAddr<'_>| own.tag().unwrap_or_default().to_owned();
        let (from, to) = (tag(message.from()?), tag(message.to()?));
        let (local_tag, remote_tag) = if from_is_local { (from, to) } else { (to, from) };
        Ok(Self { call_id: message.call_id()?.to_owned(), local_tag, remote_tag })
    }
}

/// How far a dialog is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogState {
    /// After a provisional response.
    Early,
    /// After a 2xx.
    Confirmed,
    /// After BYE, a final failure, or a 408 or 481.
    Terminated,
}

/// Why there is no dialog, or a message does not fit it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    /// A header that it is made of is missing or broken.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A request could not be written.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The response makes no dialog.
    #[error("only a response from 101 to 299 with a tag in To makes a dialog")]
    NoDialog,
    /// The message belongs to another dialog: 481.
    #[error("the message belongs to another dialog")]
    Other,
    /// A request with a number that was passed already: 500 (RFC 3261 section 12.2.2).
    #[error("CSeq {got} came after {last}")]
    OutOfOrder {
        /// What came.
        got: u32,
        /// The highest so far.
        last: u32,
    },
    /// The dialog is over.
    #[error("the dialog is over")]
    Terminated,
    /// No number is left for CSeq.
    #[error("no number below 2^31 is left for CSeq")]
    Exhausted,
}

impl DialogError {
    /// The status with which a request that does not fit is answered.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Parse(error) => error.status(),
            Self::Other | Self::Terminated | Self::NoDialog => 481,
            Self::OutOfOrder { .. } | Self::Build(_) | Self::Exhausted => 500,
        }
    }
}

/// One dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    id: DialogId,
    state: DialogState,
    is_caller: bool,
    /// From and To of our requests, as they were written, tags and all.
    local: String,
    remote: String,
    target: String,
    routes: Vec<String>,
    local_seq: u32,
    remote_seq: Option<u32>,
    /// The number of the INVITE that this side sent last, which its ACK repeats.
    invite_seq: u32,
    /// Whether this side has said BYE, which it may have to say again with an answer to a challenge.
    has_said_bye: bool,
}

impl Dialog {
    /// The caller's side, from its INVITE (or SUBSCRIBE, REFER) and the response that makes the dialog.
    ///
    /// # Errors
    /// The response makes none, or a header is missing or broken.
    pub fn caller(request: &Message<'_>, response: &Message<'_>) -> Result<Self, DialogError> {
        let id = DialogId::of(response, true)?;
        let number = request.cseq()?.number;
        let mut routes = route_set(response)?;
        // The nearest element is the last that added itself.
        routes.reverse();
        Ok(Self {
            state: state_of(response, &id.remote_tag)?,
            is_caller: true,
            local: text(request, "From"),
            remote: text(response, "To"),
            target: contact(response)?.unwrap_or_else(|| request.uri_text().unwrap_or_default().to_owned()),
            routes,
            local_seq: number,
            remote_seq: None,
            invite_seq: number,
            has_said_bye: false,
            id,
        })
    }

    /// The callee's side, from the request and the response that this side sends.
    ///
    /// # Errors
    /// The response makes none, or a header is missing or broken.
    pub fn callee(request: &Message<'_>, response: &Message<'_>) -> Result<Self, DialogError> {
        let id = DialogId::of(response, false)?;
        Ok(Self {
            state: state_of(response, &id.local_tag)?,
            is_caller: false,
            local: text(response, "To"),
            remote: text(request, "From"),
            target: contact(request)?
                .unwrap_or_else(|| request.from().map(|own| own.uri.text.to_owned()).unwrap_or_default()),
            routes: route_set(request)?,
            local_seq: 0,
            remote_seq: Some(request.cseq()?.number),
            invite_seq: 0,
            has_said_bye: false,
            id,
        })
    }

    /// What it is known by.
    #[must_use]
    pub const fn id(&self) -> &DialogId {
        &self.id
    }

    /// How far it is.
    #[must_use]
    pub const fn state(&self) -> DialogState {
        self.state
    }

    /// The URI to which requests go in the end.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The Route headers of requests, the nearest first.
    #[must_use]
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// The URI to which the next request is sent: the first route, else the target.
    #[must_use]
    pub fn next_hop(&self) -> &str {
        let first = self.routes.first().and_then(|route| NameAddr::parse(route).ok());
        first.map_or(&self.target, |route| route.uri.text)
    }

    /// A request within the dialog, with the next number: start line, Route, Max-Forwards, From, To,
    /// Call-ID and CSeq. The caller adds Via, and Contact where the method refreshes the target.
    ///
    /// # Errors
    /// The dialog is over, or no number is left.
    pub fn request(&mut self, method: Method<'_>) -> Result<Builder, DialogError> {
        let bye_again = self.has_said_bye && method == Method::BYE;
        if self.state == DialogState::Terminated && !bye_again {
            return Err(DialogError::Terminated);
        }
        if self.local_seq >= 0x7fff_ffff {
            return Err(DialogError::Exhausted);
        }
        let number = self.local_seq + 1;
        let own = self.build(method, number)?;
        self.local_seq = number;
        if method == Method::INVITE {
            self.invite_seq = number;
        }
        if method == Method::BYE {
            self.state = DialogState::Terminated;
            self.has_said_bye = true;
        }
        Ok(own)
    }

    /// The ACK of the 2xx to the INVITE that this side sent last (RFC 3261 section 13.2.2.4). It may go
    /// out also after the dialog ended, for a 2xx that comes again.
    ///
    /// # Errors
    /// What the other side sent does not read as a URI.
    pub fn ack(&self) -> Result<Builder, DialogError> {
        self.build(Method::ACK, self.invite_seq)
    }

    fn build(&self, method: Method<'_>, number: u32) -> Result<Builder, DialogError> {
        let strict = match self.routes.first() {
            Some(route) => !NameAddr::parse(route)?.uri.params.has("lr"),
            None => false,
        };
        let uri = if strict { without_headers(self.next_hop())? } else { &self.target };
        let mut own = Builder::request(method, uri)?;
        // A strict router takes its own place in the request line, and the target comes last
        // (section 12.2.1.1).
        for route in self.routes.iter().skip(usize::from(strict)) {
            own.header("Route", route)?;
        }
        if strict {
            own.header("Route", format_args!("<{}>", self.target))?;
        }
        own.header("Max-Forwards", MAX_FORWARDS)?;
        own.header("From", &self.local)?;
        own.header("To", &self.remote)?;
        own.header("Call-ID", &self.id.call_id)?;
        own.header("CSeq", format_args!("{number} {method}"))?;
        Ok(own)
    }

    /// Takes a request of the other side: holds its number to the order, refreshes the target, and ends
    /// the dialog with a BYE. ACK and CANCEL repeat the number of their INVITE.
    ///
    /// # Errors
    /// It belongs to another dialog, came too late, or the dialog is over; [`DialogError::status`] is
    /// the answer. The dialog stays as it was.
    pub fn handle_request(&mut self, request: &Message<'_>) -> Result<(), DialogError> {
        if DialogId::of(request, false)? != self.id {
            return Err(DialogError::Other);
        }
        if request.is(Method::ACK) || request.is(Method::CANCEL) {
            return Ok(());
        }
        if self.state == DialogState::Terminated {
            return Err(DialogError::Terminated);
        }
        let got = request.cseq()?.number;
        if let Some(last) = self.remote_seq.filter(|last| got < *last) {
            return Err(DialogError::OutOfOrder { got, last });
        }
        if let (true, Some(target)) = (refreshes(request.method()), contact(request)?) {
            self.target = target;
        }
        self.remote_seq = Some(got);
        if request.is(Method::BYE) {
            self.state = DialogState::Terminated;
        }
        Ok(())
    }

    /// Takes a response to a request of this side: a 2xx confirms the dialog, with the route set and the
    /// target that it names; a failure of the first INVITE, 408 and 481 end it.
    ///
    /// # Errors
    /// It belongs to another dialog, or a header is broken. The dialog stays as it was.
    pub fn handle_response(&mut self, response: &Message<'_>) -> Result<(), DialogError> {
        let id = DialogId::of(response, true)?;
        let code = response.code().ok_or(DialogError::NoDialog)?;
        let cseq = response.cseq()?;
        let of_first = self.state == DialogState::Early && cseq.method == Method::INVITE;
        // A proxy's own failure has another tag, and ends every early dialog of the INVITE.
        let ends_all = of_first && self.is_caller && code >= 300 && id.call_id == self.id.call_id;
        if id != self.id && !(ends_all && id.local_tag == self.id.local_tag) {
            return Err(DialogError::Other);
        }
        match code {
            200..300 => {
                let target = contact(response)?.filter(|_| refreshes(Some(cseq.method)));
                if of_first {
                    self.routes = route_set(response)?;
                    self.routes.reverse();
                    self.state = DialogState::Confirmed;
                }
                self.target = target.unwrap_or_else(|| std::mem::take(&mut self.target));
            }
            408 | 481 => self.state = DialogState::Terminated,
            300.. if of_first => self.state = DialogState::Terminated,
            _ => {}
        }
        Ok(())
    }

    /// The callee's own 2xx goes out.
    pub fn confirm(&mut self) {
        if self.state == DialogState::Early {
            self.state = DialogState::Confirmed;
        }
    }

    /// A REFER to this target, in the name of this side (RFC 3515, RFC 3892).
    ///
    /// # Errors
    /// The dialog is over, or the target has a line end.
    pub fn refer(&mut self, target: &str) -> Result<Builder, DialogError> {
        let mut own = self.request(Method::REFER)?;
        own.header("Refer-To", format_args!("<{target}>"))?;
        let by = NameAddr::parse(&self.local)?.uri;
        own.header("Referred-By", format_args!("<{by}>"))?;
        Ok(own)
    }

    /// A NOTIFY that tells how a REFER goes (RFC 3515 section 2.4.5): with a final status the
    /// subscription ends.
    ///
    /// # Errors
    /// The dialog is over, or the status is none.
    pub fn notify_refer(&mut self, code: u16, expires_secs: u32) -> Result<Builder, DialogError> {
        if !(100..=699).contains(&code) {
            return Err(BuildError::Status(code).into());
        }
        let mut own = self.request(Method::NOTIFY)?;
        own.header("Event", "refer")?;
        if code < 200 {
            own.header("Subscription-State", format_args!("active;expires={expires_secs}"))?;
        } else {
            own.header("Subscription-State", "terminated;reason=noresource")?;
        }
        let fragment = format!("SIP/2.0 {code} {}\r\n", crate::reason(code));
        own.body("message/sipfrag;version=2.0", fragment.as_bytes())?;
        Ok(own)
    }
}

/// The status that a NOTIFY of a REFER tells in its fragment (RFC 3420); `None` for another body.
#[must_use]
pub fn refer_status(notify: &Message<'_>) -> Option<u16> {
    let line = notify.body().split(|octet| *octet == b'\n').next()?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Message::parse(&[line, b"\r\n\r\n"].concat()).ok()?.code()
}

fn state_of(response: &Message<'_>, tag: &str) -> Result<DialogState, DialogError> {
    match response.code() {
        // A 2xx without tag is from one that knows only RFC 2543 (section 12.1.2).
        Some(200..300) => Ok(DialogState::Confirmed),
        Some(101..200) if !tag.is_empty() => Ok(DialogState::Early),
        _ => Err(DialogError::NoDialog),
    }
}

fn refreshes(method: Option<Method<'_>>) -> bool {
    method.is_some_and(|own| {
        [Method::INVITE, Method::UPDATE, Method::SUBSCRIBE, Method::NOTIFY, Method::REFER].contains(&own)
    })
}

fn text(message: &Message<'_>, name: &str) -> String {
    message.value(name).unwrap_or_default().to_owned()
}

fn contact(message: &Message<'_>) -> Result<Option<String>, ParseError> {
    message.contacts().next().map(|own| own.map(|own| own.uri.text.to_owned())).transpose()
}

fn route_set(message: &Message<'_>) -> Result<Vec<String>, ParseError> {
    message.addresses("Record-Route").map(|own| own.map(|own| own.to_string())).collect()
}

fn without_headers(uri: &str) -> Result<&str, ParseError> {
    let headers = Uri::parse(uri)?.headers.map_or(0, |headers| headers.len() + 1);
    Ok(uri.get(..uri.len() - headers).unwrap_or(uri))
}
