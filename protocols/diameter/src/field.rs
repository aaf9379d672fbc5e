//! AVPs by name, as a scenario's `send:` writes them; the reverse of [`crate::Message::fields`].

use tollgate_wire::{Fields, Text, Value};

use crate::attribute::AvpFlags;
use crate::dictionary::{self, Definition, Kind};
use crate::{AvpCode, Builder, EncodeError, value};

/// Behind the name of a field, sets the M flag: `AVP-9999:M`.
pub(crate) const MANDATORY_MARK: &str = ":M";

impl Builder {
    /// Writes the AVP of this name; a list writes one a value, a group one with AVPs inside.
    ///
    /// - Names are those of [`crate::field_names`] and those by number that
    ///   [`crate::Message::fields`] shows; `:M` behind a name sets the M flag.
    /// - Octets fit every AVP, so that a value of the wrong length can be sent.
    /// - Text that starts with `0x` is octets where the AVP holds any.
    ///
    /// # Errors
    /// No AVP has this name, or the value is not of its type.
    pub fn field(&mut self, name: &str, value: &Value) -> Result<(), EncodeError> {
        if let Value::List(values) = value {
            return values.iter().try_for_each(|value| self.field(name, value));
        }
        if let Some(known) = dictionary::named(name) {
            return self.known(known, name, value);
        }
        let (plain, mandatory) = match name.strip_suffix(MANDATORY_MARK) {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        let code = dictionary::code(plain).ok_or_else(|| EncodeError::UnknownField { name: name.into() })?;
        let at = self.len();
        match dictionary::avp(code) {
            Some(known) => self.known(known, name, value)?,
            None => self.unknown(code, name, value)?,
        }
        if mandatory {
            self.set_flag(at, AvpFlags::MANDATORY);
        }
        Ok(())
    }

    /// Writes every field, in order.
    ///
    /// # Errors
    /// Those of [`Self::field`].
    pub fn fields(&mut self, fields: &Fields) -> Result<(), EncodeError> {
        fields.iter().try_for_each(|(name, value)| self.field(name, value))
    }

    fn known(&mut self, known: &Definition, name: &str, value: &Value) -> Result<(), EncodeError> {
        if let (Kind::Grouped, Value::Group(inside)) = (known.kind, value) {
            return self.group(known.code, |own| own.fields(inside));
        }
        let data = value::write(known, value).ok_or_else(|| wrong(name, value, known.kind))?;
        self.octets(known.code, &data);
        Ok(())
    }

    fn unknown(&mut self, code: AvpCode, name: &str, value: &Value) -> Result<(), EncodeError> {
        match value {
            Value::Group(inside) => return self.group(code, |own| own.fields(inside)),
            Value::Bytes(data) => self.octets(code, data),
            Value::Integer(number) => {
                let number = u32::try_from(*number).map_err(|_| wrong(name, value, Kind::Unsigned32))?;
                self.u32(code, number);
            }
            other => {
                let text = value::shown(other).ok_or_else(|| wrong(name, value, Kind::OctetString))?;
                let data = match text.strip_prefix("0x") {
                    Some(digits) => {
                        tollgate_wire::unhex(digits).ok_or_else(|| wrong(name, value, Kind::OctetString))?
                    }
                    None => text.into_bytes(),
                };
                self.octets(code, &data);
            }
        }
        Ok(())
    }
}

#[cold]
fn wrong(name: &str, value: &Value, kind: Kind) -> EncodeError {
    EncodeError::WrongType { name: Text::from(name), value: value.to_string(), wanted: kind.wanted() }
}
