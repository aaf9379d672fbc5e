//! A packet as a field tree, under the names that the documents use.

use tollgate_wire::{Fields, Text, Value};

use crate::dictionary::{self, Definition, Kind};
use crate::vendor::{self, Inner, VendorAttribute};
use crate::{Attribute, Carrier, Packet, Pair, attribute, cisco, value};

/// The largest tag of RFC 2868 section 3.1.
const TAG_MAX: u8 = 0x1f;

impl Packet<'_> {
    /// Every attribute by name, in order.
    ///
    /// - Text, addresses and numbers in their types, enumerated numbers as their name, octets and
    ///   whatever does not fit its type as bytes.
    /// - Cisco's voice attributes without the name in their value; a Cisco-AVPair under its own name;
    ///   each `h323-ivr-out` and `h323-ivr-in` as a group of one field (`h323-ivr-in.Tariff`).
    /// - Digest attributes of either numbering under the names of RFC 5090.
    /// - A tag other than zero behind the name: `Tunnel-Type:1`.
    /// - Extended attributes (RFC 6929) as a group under their number: `Attr-241.1`.
    /// - What no dictionary knows: `Attr-<n>`, `Vendor-<v>-Attr-<n>`, or `Vendor-Specific` with the
    ///   whole value where its body has another format.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::with_capacity(32);
        for own in self.attributes() {
            push(&mut fields, own);
        }
        fields
    }
}

/// The same for the octets of a packet; a malformed one shows as its `octets`.
#[must_use]
pub fn message_fields(octets: &[u8]) -> Fields {
    match Packet::parse(octets) {
        Ok(packet) => packet.fields(),
        Err(_) => Fields::new().with("octets", value::octets(octets)),
    }
}

fn push(fields: &mut Fields, own: Attribute<'_>) {
    match own.number {
        attribute::VENDOR_SPECIFIC => push_vendor_specific(fields, own),
        attribute::STERMAN_DIGEST_ATTRIBUTES => push_digest_attributes(fields, own),
        241..=246 => push_extended(fields, own),
        number => match dictionary::attribute(number) {
            Some(known) => push_known(fields, known, own.value),
            None => fields.push(numbered(number), value::octets(own.value)),
        },
    }
}

fn numbered(number: u8) -> Text {
    Text::from(format!("Attr-{number}"))
}

/// A known attribute; its tag becomes part of its name.
fn push_known(fields: &mut Fields, known: &'static Definition, bytes: &[u8]) {
    let name = Text::const_new(known.name);
    match (known.kind, bytes) {
        (Kind::TaggedInteger, &[tag @ 1..=u8::MAX, _, _, _]) => {
            fields.push(Text::from(format!("{name}:{tag}")), value::read(known, bytes));
        }
        (Kind::TaggedText, &[tag @ 0..=TAG_MAX, ref text @ ..]) => {
            let name = if tag == 0 { name } else { Text::from(format!("{name}:{tag}")) };
            fields.push(name, value::read(known, text));
        }
        _ => fields.push(name, value::read(known, bytes)),
    }
}

fn push_vendor_specific(fields: &mut Fields, own: Attribute<'_>) {
    let Some(vendor) = vendor::of(own.value) else {
        return fields.push("Vendor-Specific", value::octets(own.value));
    };
    let mut inner = vendor::attributes(own.value, own.offset + 2).peekable();
    if inner.peek().is_none() {
        return fields.push("Vendor-Specific", value::octets(own.value));
    }
    for inner in inner {
        if vendor == cisco::VENDOR { push_cisco(fields, inner) } else { push_vendor(fields, vendor, inner) }
    }
}

fn push_vendor(fields: &mut Fields, vendor: u32, own: VendorAttribute<'_>) {
    match dictionary::vendor_attribute(vendor, own.number) {
        Some(known) => push_known(fields, known, own.value),
        None => {
            fields.push(Text::from(format!("Vendor-{vendor}-Attr-{}", own.number)), value::octets(own.value));
        }
    }
}

fn push_cisco(fields: &mut Fields, own: VendorAttribute<'_>) {
    let Ok(text) = std::str::from_utf8(own.value) else {
        return push_vendor(fields, cisco::VENDOR, own);
    };
    if own.number != cisco::AV_PAIR {
        let text = cisco::strip_prefix(own.number, text);
        return push_vendor(fields, cisco::VENDOR, VendorAttribute { value: text.as_bytes(), ..own });
    }
    let pair = Pair::parse(text);
    let shown = value::text(pair.value.as_bytes());
    match pair.carrier {
        Carrier::AvPair if pair.name.is_empty() || !text.contains(['=', ':']) => {
            fields.push(Carrier::AvPair.name(), value::text(own.value));
        }
        Carrier::AvPair => fields.push(pair.name, shown),
        carrier => fields.push(carrier.name(), Value::Group(Fields::new().with(pair.name, shown))),
    }
}

/// The sub-attributes of draft-sterman-aaa-sip-00 under the names of RFC 5090.
fn push_digest_attributes(fields: &mut Fields, own: Attribute<'_>) {
    let inner = Inner::new(own.value, own.offset + 2);
    if own.value.is_empty() || !inner.is_well_formed() {
        return fields.push("Digest-Attributes", value::octets(own.value));
    }
    for inner in inner {
        match dictionary::inner_attribute(own.number, inner.number) {
            Some(known) => push_known(fields, known, inner.value),
            None => fields.push(
                "Digest-Attributes",
                Value::Group(
                    Fields::new().with(Text::from(inner.number.to_string()), value::octets(inner.value)),
                ),
            ),
        }
    }
}

/// An extended attribute: its extended type names the one field of a group (RFC 6929 section 2).
fn push_extended(fields: &mut Fields, own: Attribute<'_>) {
    let shown = match own.value {
        [extended, rest @ ..] => {
            Value::Group(Fields::new().with(Text::from(extended.to_string()), value::octets(rest)))
        }
        [] => value::octets(&[]),
    };
    fields.push(numbered(own.number), shown);
}
