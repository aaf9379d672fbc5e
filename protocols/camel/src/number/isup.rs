//! ISUP's numbers: called (Q.763 section 3.9), calling, location, original called, redirecting and charge
//! (sections 3.10, 3.30, 3.39, 3.44), and generic numbers (section 3.26).

use tollgate_wire::{DecodeError, Fields, Value};

use super::Digits;
use crate::Phase;
use crate::asn::{FieldError, Type, group_of, number_of, text_of, within};
use crate::ber::{Element, Encoder, Tag};

const NATURES: &[(u8, &str)] =
    &[(1, "subscriber"), (2, "unknown"), (3, "national"), (4, "international"), (5, "networkSpecific")];
const PLANS: &[(u8, &str)] = &[(0, "unknown"), (1, "isdn"), (3, "data"), (4, "telex"), (5, "private")];
const PRESENTATIONS: &[(u8, &str)] = &[(0, "allowed"), (1, "restricted"), (2, "notAvailable")];
const SCREENINGS: &[(u8, &str)] = &[
    (0, "userProvidedNotVerified"),
    (1, "userProvidedVerifiedAndPassed"),
    (2, "userProvidedVerifiedAndFailed"),
    (3, "networkProvided"),
];

pub(super) fn named(names: &[(u8, &str)], code: u8) -> Value {
    names
        .iter()
        .find(|(own, _)| *own == code)
        .map_or_else(|| Value::from(u32::from(code)), |(_, name)| Value::text(*name))
}

pub(super) fn code_of(names: &[(u8, &str)], value: &Value, max: u8) -> Result<u8, FieldError> {
    if let Some((code, _)) = value.as_text().and_then(|text| names.iter().find(|(_, name)| *name == text)) {
        return Ok(*code);
    }
    number_of::<u8>(value).ok().filter(|code| *code <= max).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
        FieldError::new(value, format!("{} or a number up to {max}", names.join(", ")))
    })
}

pub(super) fn digits_of(value: &Value) -> Result<Digits, FieldError> {
    text_of(value)?.parse().map_err(|error| FieldError::new(value, format!("digits ({error})")))
}

/// Nature 4 and the digits behind it where a text begins with a plus.
fn plain(value: &Value) -> Option<Result<(u8, Digits), FieldError>> {
    let text = match value {
        Value::Text(_) | Value::Integer(_) => text_of(value).ok()?,
        _ => return None,
    };
    let (nature, digits) = match text.strip_prefix('+') {
        Some(digits) => (CalledPartyNumber::INTERNATIONAL, digits),
        None => (CalledPartyNumber::UNKNOWN, text.as_str()),
    };
    Some(digits_of(&Value::text(digits)).map(|digits| (nature, digits)))
}

/// The two octets in front of the address signals, and the signals.
struct Parts {
    nature: u8,
    second: u8,
    digits: Digits,
}

impl Parts {
    fn read(element: &Element<'_>, octets: &[u8]) -> Result<Self, DecodeError> {
        let [first, second, signals @ ..] = octets else {
            let fault = tollgate_wire::Fault::Short { needed: 2, left: octets.len() };
            return Err(DecodeError { what: element.what, offset: element.contents_offset(), fault });
        };
        Ok(Self { nature: first & 0x7f, second: *second, digits: Digits::unpack(signals, first & 0x80 != 0) })
    }

    fn pack(&self, out: &mut Vec<u8>) {
        out.push(self.nature & 0x7f | if self.digits.is_odd() { 0x80 } else { 0 });
        out.push(self.second);
        self.digits.pack(out);
    }
}

/// A called party number (Q.763 section 3.9).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CalledPartyNumber {
    /// Nature of address: 3 national, 4 international.
    pub nature: u8,
    /// Routing to an internal network number is not allowed.
    pub internal_not_allowed: bool,
    /// Numbering plan: 1 ISDN.
    pub plan: u8,
    /// The address signals.
    pub digits: Digits,
}

impl CalledPartyNumber {
    /// Nature of address: unknown.
    pub const UNKNOWN: u8 = 2;
    /// Nature of address: national number.
    pub const NATIONAL: u8 = 3;
    /// Nature of address: international number.
    pub const INTERNATIONAL: u8 = 4;

    /// A number of the ISDN plan.
    #[must_use]
    pub const fn new(nature: u8, digits: Digits) -> Self {
        Self { nature, internal_not_allowed: false, plan: 1, digits }
    }
}

impl Type for CalledPartyNumber {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let Parts { nature, second, digits } = Parts::read(element, &element.octets()?)?;
        Ok(Self { nature, internal_not_allowed: second & 0x80 != 0, plan: (second >> 4) & 7, digits })
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let second = (self.plan & 7) << 4 | if self.internal_not_allowed { 0x80 } else { 0 };
        let mut octets = Vec::with_capacity(12);
        Parts { nature: self.nature, second, digits: self.digits.clone() }.pack(&mut octets);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        let mut fields = Fields::new()
            .with("digits", self.digits.as_str())
            .with("nature", named(NATURES, self.nature))
            .with("plan", named(PLANS, self.plan));
        if self.internal_not_allowed {
            fields.push("internalNotAllowed", true);
        }
        Value::Group(fields)
    }

    /// A group as it is shown, or only the number: `+49…` is international, anything else unknown.
    fn take(value: &Value) -> Result<Self, FieldError> {
        if let Some(plain) = plain(value) {
            let (nature, digits) = plain?;
            return Ok(Self::new(nature, digits));
        }
        let mut own = Self::new(Self::UNKNOWN, Digits::default());
        for (name, value) in group_of(value)?.iter() {
            match name {
                "digits" => own.digits = within(name, digits_of(value))?,
                "nature" => own.nature = within(name, code_of(NATURES, value, 127))?,
                "plan" => own.plan = within(name, code_of(PLANS, value, 7))?,
                "internalNotAllowed" => own.internal_not_allowed = within(name, bool::take(value))?,
                other => return Err(FieldError::named(other, "digits, nature, plan, internalNotAllowed")),
            }
        }
        Ok(own)
    }
}

/// A calling party, location, original called, redirecting or charge number. Which of the bits mean
/// something differs; all are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PartyNumber {
    /// Nature of address: 3 national, 4 international.
    pub nature: u8,
    /// The highest bit of the second octet: a calling party number is incomplete, a location number must
    /// not be routed to internally.
    pub flag: bool,
    /// Numbering plan: 1 ISDN.
    pub plan: u8,
    /// Presentation: 0 allowed, 1 restricted, 2 not available.
    pub presentation: u8,
    /// Screening: 1 user provided, verified and passed; 3 network provided.
    pub screening: u8,
    /// The address signals.
    pub digits: Digits,
}

impl PartyNumber {
    /// A number of the ISDN plan that may be shown and that the network provided.
    #[must_use]
    pub const fn new(nature: u8, digits: Digits) -> Self {
        Self { nature, flag: false, plan: 1, presentation: 0, screening: 3, digits }
    }

    fn from_parts(parts: Parts) -> Self {
        Self {
            nature: parts.nature,
            flag: parts.second & 0x80 != 0,
            plan: (parts.second >> 4) & 7,
            presentation: (parts.second >> 2) & 3,
            screening: parts.second & 3,
            digits: parts.digits,
        }
    }

    fn parts(&self) -> Parts {
        let flag = if self.flag { 0x80 } else { 0 };
        let second = flag | (self.plan & 7) << 4 | (self.presentation & 3) << 2 | (self.screening & 3);
        Parts { nature: self.nature, second, digits: self.digits.clone() }
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new()
            .with("digits", self.digits.as_str())
            .with("nature", named(NATURES, self.nature))
            .with("plan", named(PLANS, self.plan))
            .with("presentation", named(PRESENTATIONS, self.presentation))
            .with("screening", named(SCREENINGS, self.screening));
        if self.flag {
            fields.push("flag", true);
        }
        fields
    }

    fn take_field(&mut self, name: &str, value: &Value) -> Result<bool, FieldError> {
        match name {
            "digits" => self.digits = digits_of(value)?,
            "nature" => self.nature = code_of(NATURES, value, 127)?,
            "plan" => self.plan = code_of(PLANS, value, 7)?,
            "presentation" => self.presentation = code_of(PRESENTATIONS, value, 3)?,
            "screening" => self.screening = code_of(SCREENINGS, value, 3)?,
            "flag" => self.flag = bool::take(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

const PARTY_NAMES: &str = "digits, nature, plan, presentation, screening, flag";

impl Type for PartyNumber {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        Ok(Self::from_parts(Parts::read(element, &element.octets()?)?))
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let mut octets = Vec::with_capacity(12);
        self.parts().pack(&mut octets);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        Value::Group(self.fields())
    }

    /// A group as it is shown, or only the number: `+49…` is international, anything else unknown.
    fn take(value: &Value) -> Result<Self, FieldError> {
        if let Some(plain) = plain(value) {
            let (nature, digits) = plain?;
            return Ok(Self::new(nature, digits));
        }
        let mut own = Self::new(CalledPartyNumber::UNKNOWN, Digits::default());
        for (name, value) in group_of(value)?.iter() {
            if !within(name, own.take_field(name, value))? {
                return Err(FieldError::named(name, PARTY_NAMES));
            }
        }
        Ok(own)
    }
}

/// A generic number: a qualifier that says what it is, and a number (Q.763 section 3.26).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct GenericNumber {
    /// Number qualifier: 6 an additional calling party number, 1 an additional called one.
    pub qualifier: u8,
    /// The number.
    pub number: PartyNumber,
}

impl Type for GenericNumber {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        match &*element.octets()? {
            [qualifier, number @ ..] => Ok(Self {
                qualifier: *qualifier,
                number: PartyNumber::from_parts(Parts::read(element, number)?),
            }),
            [] => Err(element.invalid(0, "a generic number has at least three octets (Q.763 section 3.26)")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let mut octets = vec![self.qualifier];
        self.number.parts().pack(&mut octets);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        Value::Group(self.number.fields().with("qualifier", u32::from(self.qualifier)))
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        let mut own =
            Self { qualifier: 6, number: PartyNumber::new(CalledPartyNumber::UNKNOWN, Digits::default()) };
        for (name, value) in group_of(value)?.iter() {
            if name == "qualifier" {
                own.qualifier = within(name, number_of(value))?;
            } else if !within(name, own.number.take_field(name, value))? {
                return Err(FieldError::named(name, format!("{PARTY_NAMES}, qualifier")));
            }
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(own: &impl Type) -> Vec<u8> {
        let mut out = Encoder::new();
        own.write(Tag::OCTET_STRING, Phase::Two, &mut out);
        out.into_bytes()
    }

    #[test]
    fn an_odd_number_of_digits_has_its_bit_and_a_filler() {
        let number = CalledPartyNumber::new(4, "491701234567".parse().unwrap());
        assert_eq!(written(&number), [0x04, 8, 0x04, 0x10, 0x94, 0x71, 0x10, 0x32, 0x54, 0x76]);
        let odd = CalledPartyNumber::new(3, "411".parse().unwrap());
        assert_eq!(written(&odd), [0x04, 4, 0x83, 0x10, 0x14, 0x01]);
        let bytes = written(&odd);
        let element = crate::ber::single(&bytes, "x").unwrap();
        assert_eq!(CalledPartyNumber::read(&element, Phase::Two), Ok(odd));
    }

    #[test]
    fn a_calling_number_keeps_presentation_and_screening() {
        let number =
            PartyNumber { presentation: 1, screening: 3, ..PartyNumber::new(4, "1604".parse().unwrap()) };
        // Plan 1, presentation 1, screening 3: 0001 0111.
        assert_eq!(written(&number), [0x04, 4, 0x04, 0x17, 0x61, 0x40]);
    }

    #[test]
    fn people_may_write_only_the_number() {
        let own = CalledPartyNumber::take(&Value::text("+12055576061")).unwrap();
        assert_eq!((own.nature, own.digits.as_str()), (4, "12055576061"));
        assert!(CalledPartyNumber::take(&Value::text("12x")).is_err());
        assert_eq!(PartyNumber::take(&PartyNumber::default().show()), Ok(PartyNumber::default()));
    }
}
