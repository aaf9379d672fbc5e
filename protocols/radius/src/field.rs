//! Attributes by name, as a scenario's `send:` writes them; the reverse of [`crate::Packet::fields`].

use tollgate_wire::{Fields, Text, Value};

use crate::dictionary::{self, Definition, Kind, Numbered, Place};
use crate::{Builder, Carrier, EncodeError, attribute, cisco, value};

impl Builder {
    /// Writes the attribute or pair of this name; a list writes one a value.
    ///
    /// - Names are those of [`crate::field_names`], and those by number that
    ///   [`crate::Packet::fields`] shows.
    /// - `h323-ivr-out` and `h323-ivr-in` take a group, one pair a field, or the text of one pair.
    /// - A User-Password in text is hidden when the packet is finished; octets are taken as hidden.
    /// - Octets fit every attribute, so that a value of the wrong length can be sent.
    ///
    /// # Errors
    /// No attribute has this name, the value is not of its type, or it is too long.
    pub fn field(&mut self, name: &str, value: &Value) -> Result<(), EncodeError> {
        if let Value::List(values) = value {
            return values.iter().try_for_each(|value| self.field(name, value));
        }
        if let Some(carrier) = [Carrier::IvrOut, Carrier::IvrIn].into_iter().find(|own| own.name() == name) {
            return self.ivr_field(carrier, value);
        }
        if dictionary::pair(Carrier::AvPair, name).is_some() {
            let text = value::shown(value).ok_or_else(|| wrong(name, value, Kind::Text.wanted()))?;
            return self.pair(name, &text);
        }
        if let Some(known) = dictionary::named(name) {
            return self.known_field(known, 0, name, value);
        }
        if let Some((Ok(tag), Some(known))) =
            name.split_once(':').map(|(name, tag)| (tag.parse(), dictionary::named(name)))
        {
            return self.known_field(known, tag, name, value);
        }
        let numbered =
            Numbered::parse(name).ok_or_else(|| EncodeError::UnknownField { name: name.into() })?;
        self.numbered_field(numbered, name, value)
    }

    /// Writes every field, in order.
    ///
    /// # Errors
    /// Those of [`Self::field`].
    pub fn fields(&mut self, fields: &Fields) -> Result<(), EncodeError> {
        fields.iter().try_for_each(|(name, value)| self.field(name, value))
    }

    fn ivr_field(&mut self, carrier: Carrier, value: &Value) -> Result<(), EncodeError> {
        let wanted = "a group of pairs, or the text of one";
        let Value::Group(pairs) = value else {
            let text = value::shown(value).ok_or_else(|| wrong(carrier.name(), value, wanted))?;
            return self.pair(carrier.name(), &text);
        };
        for (name, value) in pairs.iter() {
            let values = if let Value::List(values) = value { values } else { std::slice::from_ref(value) };
            for value in values {
                let text = value::shown(value).ok_or_else(|| wrong(name, value, Kind::Text.wanted()))?;
                match carrier {
                    Carrier::IvrOut => self.ivr_out(name, &text)?,
                    _ => self.ivr_in(name, &text)?,
                }
            }
        }
        Ok(())
    }

    fn known_field(
        &mut self,
        known: &Definition,
        tag: u8,
        name: &str,
        value: &Value,
    ) -> Result<(), EncodeError> {
        let wanted = || wrong(name, value, known.kind.wanted());
        if known.kind == Kind::Password && !matches!(value, Value::Bytes(_)) {
            let text = value::shown(value).ok_or_else(wanted)?;
            return self.password_to_hide(text.as_bytes());
        }
        if known.kind == Kind::TunnelPassword && !matches!(value, Value::Bytes(_)) {
            let text = value::shown(value).ok_or_else(wanted)?;
            return self.tunnel_password(tag, text.as_bytes());
        }
        if known.place == Place::Plain(attribute::MESSAGE_AUTHENTICATOR) && matches!(value, Value::Flag(true))
        {
            return self.message_authenticator();
        }
        let bytes = value::write(known, value).ok_or_else(wanted)?;
        match known.place {
            Place::Plain(number) => match known.kind {
                Kind::TaggedInteger | Kind::TaggedText if !is_raw(known.kind, &bytes) => {
                    self.tagged(number, known.kind, tag, &bytes)
                }
                Kind::Text if bytes.is_empty() => Err(EncodeError::EmptyText { number }),
                _ => self.bytes(number, &bytes),
            },
            Place::Vendor(cisco::VENDOR, number) => match std::str::from_utf8(&bytes) {
                Ok(text) => self.cisco(number, text),
                Err(_) => self.vsa(cisco::VENDOR, number, &bytes),
            },
            Place::Vendor(vendor, number) => self.vsa(vendor, number, &bytes),
            Place::Inner(outer, number) => {
                let len = u8::try_from(bytes.len() + 2).map_err(|_| EncodeError::ValueTooLong {
                    number: outer,
                    len: bytes.len(),
                    max: crate::VALUE_LEN_MAX - 2,
                })?;
                self.bytes(outer, &[&[number, len], &bytes[..]].concat())
            }
        }
    }

    fn numbered_field(&mut self, numbered: Numbered, name: &str, value: &Value) -> Result<(), EncodeError> {
        if let (Numbered::Plain(number), Value::Group(extended)) = (numbered, value) {
            return extended.iter().try_for_each(|(inner, value)| {
                let inner: u8 =
                    inner.parse().map_err(|_| EncodeError::UnknownField { name: inner.into() })?;
                self.bytes(number, &[&[inner], &octets(name, value)?[..]].concat())
            });
        }
        let bytes = octets(name, value)?;
        match numbered {
            Numbered::Plain(number) => self.bytes(number, &bytes),
            Numbered::Vendor(vendor, number) => self.vsa(vendor, number, &bytes),
        }
    }
}

/// Octets that were given for a tagged number carry their own tag, where they have four.
fn is_raw(kind: Kind, bytes: &[u8]) -> bool {
    kind == Kind::TaggedInteger && bytes.len() != 3
}

fn octets(name: &str, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let wanted = || wrong(name, value, Kind::Octets.wanted());
    match value {
        Value::Bytes(bytes) => Ok(bytes.to_vec()),
        Value::Integer(number) => {
            u32::try_from(*number).map(|number| number.to_be_bytes().to_vec()).map_err(|_| wanted())
        }
        other => {
            let text = value::shown(other).ok_or_else(wanted)?;
            match text.strip_prefix("0x") {
                Some(digits) => tollgate_wire::unhex(digits).ok_or_else(wanted),
                None => Ok(text.into_bytes()),
            }
        }
    }
}

#[cold]
fn wrong(name: &str, value: &Value, wanted: &'static str) -> EncodeError {
    EncodeError::WrongType { name: Text::from(name), value: value.to_string(), wanted }
}
