//! A message as a field tree, under the names that the RFCs use, and a message out of such a tree.

use bytes::Bytes;
use tollgate_wire::{Fields, Text, Value};

use crate::scan::list;
use crate::uri::Scheme;
use crate::{
    Auth, BuildError, Builder, CSeq, Message, Method, NameAddr, Params, ParseError, Start, Uri, Via,
};

/// Fields of the start line and body, which are no headers.
pub const FIELD_NAMES: [&str; 5] = ["Method", "Request-URI", "Status", "Phrase", "Body"];

impl Message<'_> {
    /// Every header by name, in order, behind `Method` and `Request-URI`, or `Status` and `Phrase`; at the
    /// end the `Body`, if there is one.
    ///
    /// A header is its text, or a number where it is one. The parts of what an element reads stand behind
    /// it in a group of the same name, so that `From` is the text and `From.tag` its tag, `Via.branch`,
    /// `CSeq.method`, `Request-URI.user`, `WWW-Authenticate.nonce`; a list has a group for each value.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::with_capacity(self.headers().len() * 2 + 3);
        match self.start() {
            Start::Request { method, uri } => {
                fields.push("Method", method.0);
                fields.push("Request-URI", *uri);
                if let Ok(uri) = self.uri() {
                    fields.push("Request-URI", Value::Group(uri_parts(&uri)));
                }
            }
            Start::Response { code, reason } => {
                fields.push("Status", u32::from(*code));
                fields.push("Phrase", reason.as_ref());
            }
        }
        for own in self.headers() {
            let number = ["Max-Forwards", "Expires", "Min-Expires", "Content-Length"].contains(&own.name);
            match own.text.parse::<u32>() {
                Ok(number_read) if number && own.text.bytes().all(|octet| octet.is_ascii_digit()) => {
                    fields.push(own.name, number_read);
                }
                _ => fields.push(own.name, own.text.as_ref()),
            }
            for group in parts(own.name, &own.text) {
                fields.push(own.name, Value::Group(group));
            }
        }
        match std::str::from_utf8(self.body()) {
            Ok("") => {}
            Ok(text) => fields.push("Body", text),
            Err(_) => fields.push("Body", Value::Bytes(Bytes::copy_from_slice(self.body()))),
        }
        fields
    }
}

/// The fields of a message's octets; none of octets that are no message.
#[must_use]
pub fn message_fields(octets: &[u8]) -> Fields {
    Message::parse(octets).map(|message| message.fields()).unwrap_or_default()
}

impl Builder {
    /// A message out of its fields: `Method` and `Request-URI`, or `Status` (and `Phrase`); each other
    /// field is a header, `Body` the body. A list writes a header for each value; groups are parts of
    /// what stands elsewhere and are left out.
    ///
    /// # Errors
    /// The start line is incomplete, or a value cannot stand where it is.
    pub fn from_fields(fields: &Fields) -> Result<Self, BuildError> {
        let text = |name: &str| fields.get(name).and_then(Value::as_text);
        let mut own = match (text("Method"), fields.get("Status").and_then(Value::as_integer)) {
            (Some(method), None) => {
                let uri = text("Request-URI").ok_or_else(|| wrong("Request-URI", "a URI"))?;
                Self::request(Method(method), uri)?
            }
            (None, Some(code)) => {
                let code = u16::try_from(code).map_err(|_| wrong("Status", "a number from 100 to 699"))?;
                Self::response(code, text("Phrase"))?
            }
            _ => return Err(wrong("Method", "a method, or Status a number, and not both")),
        };
        for (name, value) in fields.iter().filter(|(name, _)| !FIELD_NAMES.contains(name)) {
            own.field(name, value)?;
        }
        match fields.get("Body") {
            None => {}
            Some(Value::Text(text)) => drop(own.body("", text.as_bytes())?),
            Some(Value::Bytes(octets)) => drop(own.body("", octets)?),
            Some(_) => return Err(wrong("Body", "text or octets")),
        }
        Ok(own)
    }

    /// A header of this value.
    ///
    /// # Errors
    /// The value cannot stand in a header.
    pub fn field(&mut self, name: &str, value: &Value) -> Result<(), BuildError> {
        match value {
            Value::Group(_) => {}
            Value::List(values) => values.iter().try_for_each(|value| self.field(name, value))?,
            Value::Bytes(_) => return Err(wrong(name, "text, not octets")),
            Value::Span(span) => drop(self.header(name, span.as_secs())?),
            value => drop(self.header(name, value)?),
        }
        Ok(())
    }
}

fn wrong(field: &str, wanted: &'static str) -> BuildError {
    BuildError::Field { field: field.to_owned(), wanted }
}

/// Whether the parts of this field stand behind it in a group.
pub(crate) fn has_parts(name: &str) -> bool {
    matches!(
        name,
        "Request-URI"
            | "Via"
            | "Contact"
            | "Route"
            | "Record-Route"
            | "Path"
            | "Service-Route"
            | "P-Asserted-Identity"
            | "Diversion"
            | "From"
            | "To"
            | "Refer-To"
            | "Referred-By"
            | "Remote-Party-ID"
            | "CSeq"
            | "Authorization"
            | "WWW-Authenticate"
            | "Proxy-Authorization"
            | "Proxy-Authenticate"
    )
}

/// The groups of a header's values; none of a header that has no parts, or is broken.
fn parts(name: &str, text: &str) -> Vec<Fields> {
    let each = |read: &dyn Fn(&str) -> Result<Fields, ParseError>| {
        list(text).filter_map(|(_, value)| read(value).ok()).collect()
    };
    match name {
        "Via" => each(&|value| Via::parse(value).map(|own| via_parts(&own))),
        "Contact"
        | "Route"
        | "Record-Route"
        | "Path"
        | "Service-Route"
        | "P-Asserted-Identity"
        | "Diversion" => each(&|value| NameAddr::parse(value).map(|own| address_parts(&own))),
        "From" | "To" | "Refer-To" | "Referred-By" | "Remote-Party-ID" => {
            NameAddr::parse(text).map(|own| address_parts(&own)).into_iter().collect()
        }
        "CSeq" => CSeq::parse(text)
            .map(|own| Fields::new().with("number", own.number).with("method", own.method.0))
            .into_iter()
            .collect(),
        "Authorization" | "WWW-Authenticate" | "Proxy-Authorization" | "Proxy-Authenticate" => {
            Auth::parse(text).map(|own| auth_parts(&own)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn uri_parts(uri: &Uri<'_>) -> Fields {
    let mut fields = Fields::with_capacity(5);
    fields.push(
        "scheme",
        match uri.scheme {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        },
    );
    if let Some(user) = uri.user_plain() {
        fields.push("user", user.as_ref());
    }
    if !uri.host.is_empty() {
        fields.push("host", uri.host);
    }
    if let Some(port) = uri.port {
        fields.push("port", u32::from(port));
    }
    push_params(&mut fields, uri.params);
    fields
}

fn via_parts(via: &Via<'_>) -> Fields {
    let mut fields = Fields::new().with("transport", via.transport).with("host", via.host);
    if let Some(port) = via.port {
        fields.push("port", u32::from(port));
    }
    push_params(&mut fields, via.params);
    fields
}

fn address_parts(address: &NameAddr<'_>) -> Fields {
    let mut fields = Fields::with_capacity(4);
    if let Some(display) = address.display_name() {
        fields.push("display", display.as_ref());
    }
    fields.push("uri", address.uri.text);
    if let Some(user) = address.uri.user_plain() {
        fields.push("user", user.as_ref());
    }
    fields.push("host", address.uri.host);
    push_params(&mut fields, address.params);
    fields
}

fn auth_parts(auth: &Auth<'_>) -> Fields {
    let mut fields = Fields::new().with("scheme", auth.scheme);
    for (name, _) in auth.params() {
        if let Some(value) = auth.get(name) {
            fields.push(Text::from(name), value.as_ref());
        }
    }
    fields
}

fn push_params(fields: &mut Fields, params: Params<'_>) {
    for (name, value) in params.iter() {
        match value {
            Some(value) => fields.push(name, crate::scan::unquoted(value).as_ref()),
            None => fields.push(name, true),
        }
    }
}
