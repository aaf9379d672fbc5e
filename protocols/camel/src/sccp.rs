//! SCCP's connectionless messages: UDT, XUDT and LUDT with their addresses (Q.713). Returned messages and
//! connections are not read.

use tollgate_wire::{DecodeError, Fault, Reader, Writer};

use crate::Digits;

/// Subsystem number of CAP (TS 23.003 section 8).
pub const SSN_CAP: u8 = 146;
/// Subsystem number of an MSC.
pub const SSN_MSC: u8 = 8;

/// Longer addresses are not read: no global title has so many octets.
pub const ADDRESS_LEN_MAX: usize = 64;

/// A global title.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GlobalTitle {
    /// Indicator 4: translation type, numbering plan, nature of address and digits.
    Full {
        /// Translation type, 0 where nothing special is meant.
        translation: u8,
        /// Numbering plan: 1 ISDN.
        plan: u8,
        /// Nature of address: 4 international.
        nature: u8,
        /// The digits.
        digits: Digits,
    },
    /// Any other indicator (1 to 15) and its octets.
    Other {
        /// The indicator.
        indicator: u8,
        /// The octets.
        octets: Vec<u8>,
    },
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Address {
    /// Signalling point code, 14 bits.
    pub point_code: Option<u16>,
    /// Subsystem number.
    pub subsystem: Option<u8>,
    /// Global title.
    pub title: Option<GlobalTitle>,
    /// Routed by subsystem number and point code, not by title.
    pub route_on_subsystem: bool,
}

impl Address {
    /// An international number and a subsystem, routed by the number.
    #[must_use]
    pub const fn title(digits: Digits, subsystem: u8) -> Self {
        let title = GlobalTitle::Full { translation: 0, plan: 1, nature: 4, digits };
        Self { point_code: None, subsystem: Some(subsystem), title: Some(title), route_on_subsystem: false }
    }

    fn read(octets: &[u8], offset: usize) -> Result<Self, DecodeError> {
        if octets.len() > ADDRESS_LEN_MAX {
            let fault =
                Fault::Invalid { value: octets.len() as u64, rule: "an address has at most 64 octets here" };
            return Err(DecodeError { what: "SCCP address", offset, fault });
        }
        let mut reader = Reader::new(octets);
        let at = |error: DecodeError| DecodeError { offset: error.offset + offset, ..error };
        let indicator = reader.u8("address indicator").map_err(at)?;
        let mut own = Self { route_on_subsystem: indicator & 0x40 != 0, ..Self::default() };
        if indicator & 1 != 0 {
            let octets: &[u8; 2] = reader.array("point code").map_err(at)?;
            own.point_code = Some(u16::from_le_bytes(*octets) & 0x3fff);
        }
        if indicator & 2 != 0 {
            own.subsystem = Some(reader.u8("subsystem number").map_err(at)?);
        }
        own.title = match (indicator >> 2) & 15 {
            0 => None,
            4 => {
                let [translation, scheme, nature] = *reader.array("global title").map_err(at)?;
                // Encoding scheme 1 is an odd number of BCD digits, 2 an even one.
                let digits = Digits::unpack(reader.rest(), scheme & 15 == 1);
                Some(GlobalTitle::Full { translation, plan: scheme >> 4, nature: nature & 0x7f, digits })
            }
            indicator => Some(GlobalTitle::Other { indicator, octets: reader.rest().to_vec() }),
        };
        Ok(own)
    }

    fn octets(&self) -> Vec<u8> {
        let indicator = match &self.title {
            None => 0,
            Some(GlobalTitle::Full { .. }) => 4,
            Some(GlobalTitle::Other { indicator, .. }) => indicator & 15,
        };
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let mut octets = vec![
            flag(self.point_code.is_some(), 1)
                | flag(self.subsystem.is_some(), 2)
                | indicator << 2
                | flag(self.route_on_subsystem, 0x40),
        ];
        if let Some(code) = self.point_code {
            octets.extend((code & 0x3fff).to_le_bytes());
        }
        octets.extend(self.subsystem);
        match &self.title {
            None => {}
            Some(GlobalTitle::Full { translation, plan, nature, digits }) => {
                let scheme = if digits.is_odd() { 1 } else { 2 };
                octets.extend([*translation, plan << 4 | scheme, nature & 0x7f]);
                digits.pack(&mut octets);
            }
            Some(GlobalTitle::Other { octets: own, .. }) => octets.extend(own),
        }
        octets
    }
}

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// UDT: at most 255 octets of data.
    Unitdata,
    /// XUDT: the same with a hop counter.
    Extended {
        /// Hops that are left, 1 to 15.
        hops: u8,
    },
    /// LUDT: up to 65,535 octets of data.
    Long {
        /// Hops that are left, 1 to 15.
        hops: u8,
    },
}

/// A message without connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unitdata<'a> {
    /// Its form.
    pub form: Form,
    /// Protocol class in the low half (0 any order, 1 in sequence), 8 in the high half to have it returned.
    pub class: u8,
    /// To whom.
    pub called: Address,
    /// From whom.
    pub calling: Address,
    /// What is carried.
    pub data: &'a [u8],
}

const UDT: u8 = 0x09;
const XUDT: u8 = 0x11;
const LUDT: u8 = 0x13;

impl<'a> Unitdata<'a> {
    /// A message in sequence, in the shortest form that takes the data: UDT, else LUDT.
    #[must_use]
    pub fn new(called: Address, calling: Address, data: &'a [u8]) -> Self {
        let form = if data.len() <= 255 { Form::Unitdata } else { Form::Long { hops: 10 } };
        Self { form, class: 1, called, calling, data }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is none of the three, or a pointer or length leads out of it.
    pub fn parse(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let kind = reader.u8("SCCP message type")?;
        let class = reader.u8("protocol class")?;
        let mut hops = || reader.u8("hop counter");
        let form = match kind {
            UDT => Form::Unitdata,
            XUDT => Form::Extended { hops: hops()? },
            LUDT => Form::Long { hops: hops()? },
            other => {
                let fault = Fault::Invalid {
                    value: u64::from(other),
                    rule: "only UDT (9), XUDT (17) and LUDT (19) are read",
                };
                return Err(DecodeError { what: "SCCP message type", offset: 0, fault });
            }
        };
        let wide = matches!(form, Form::Long { .. });
        let called = pointer(&mut reader, wide)?;
        let calling = pointer(&mut reader, wide)?;
        let data = pointer(&mut reader, wide)?;
        let (called, at) = part(octets, called, false, "called party address")?;
        let called = Address::read(called, at)?;
        let (calling, at) = part(octets, calling, false, "calling party address")?;
        let calling = Address::read(calling, at)?;
        let (data, _) = part(octets, data, wide, "data")?;
        Ok(Self { form, class, called, calling, data })
    }

    /// The octets of the message. Data that the form cannot hold is cut.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.data.len() + 48);
        let (kind, hops, wide) = match self.form {
            Form::Unitdata => (UDT, None, false),
            Form::Extended { hops } => (XUDT, Some(hops), false),
            Form::Long { hops } => (LUDT, Some(hops), true),
        };
        out.u8(kind);
        out.u8(self.class);
        if let Some(hops) = hops {
            out.u8(hops);
        }
        let width = if wide { 2 } else { 1 };
        // Three pointers, and in the newer forms a fourth that says that nothing optional follows.
        let pointers: Vec<_> = (0..3 + usize::from(hops.is_some())).map(|_| out.mark(width)).collect();
        let parts = [&self.called.octets()[..], &self.calling.octets()[..], self.data];
        for ((place, own), pointer) in parts.into_iter().enumerate().zip(&pointers) {
            // A wide pointer counts from its second octet (Q.713 section 2.3).
            let distance = out.len() - pointer.offset() - (width - 1);
            fill(&mut out, *pointer, wide, distance);
            let most = if wide && place == 2 { usize::from(u16::MAX) } else { 255 };
            let own = &own[..own.len().min(most)];
            let length = out.mark(if wide && place == 2 { 2 } else { 1 });
            fill(&mut out, length, wide && place == 2, own.len());
            out.put(own);
        }
        out.into_bytes()
    }
}

fn fill(out: &mut Writer, mark: tollgate_wire::Mark, wide: bool, number: usize) {
    if wide {
        out.fill(mark, &u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes());
    } else {
        out.fill_u8(mark, u8::try_from(number).unwrap_or(u8::MAX));
    }
}

/// Where a pointer leads, in octets from the start of the message.
fn pointer(reader: &mut Reader<'_>, wide: bool) -> Result<usize, DecodeError> {
    if wide {
        let octets: &[u8; 2] = reader.array("pointer")?;
        Ok(reader.offset() - 1 + usize::from(u16::from_le_bytes(*octets)))
    } else {
        let distance = reader.u8("pointer")?;
        Ok(reader.offset() - 1 + usize::from(distance))
    }
}

fn part<'a>(
    octets: &'a [u8],
    at: usize,
    wide: bool,
    what: &'static str,
) -> Result<(&'a [u8], usize), DecodeError> {
    let mut reader = Reader::new(octets);
    reader.take(what, at)?;
    let len = if wide {
        let octets: &[u8; 2] = reader.array(what)?;
        usize::from(u16::from_le_bytes(*octets))
    } else {
        usize::from(reader.u8(what)?)
    };
    let offset = reader.offset();
    Ok((reader.take(what, len)?, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(digits: &str, subsystem: u8) -> Address {
        Address::title(digits.parse().unwrap(), subsystem)
    }

    #[test]
    fn a_short_message_is_udt_and_a_long_one_ludt() {
        let short = Unitdata::new(address("49170", SSN_CAP), address("491711", SSN_MSC), &[1, 2]);
        let octets = short.encode();
        // Indicator: subsystem, title 4. Five digits are odd (scheme 1).
        let called = [8, 0x12, 146, 0, 0x11, 4, 0x94, 0x71, 0x00];
        let calling = [8, 0x12, 8, 0, 0x12, 4, 0x94, 0x71, 0x11];
        let mut wanted = vec![9, 1, 3, 11, 19];
        wanted.extend(called);
        wanted.extend(calling);
        wanted.extend([2, 1, 2]);
        assert_eq!(octets, wanted);
        assert_eq!(Unitdata::parse(&octets), Ok(short));

        let data = [7; 300];
        let long = Unitdata::new(address("1", SSN_CAP), address("2", SSN_MSC), &data);
        assert!(matches!(long.form, Form::Long { .. }));
        assert_eq!(Unitdata::parse(&long.encode()), Ok(long));
    }

    #[test]
    fn a_pointer_out_of_the_message_is_an_error() {
        assert!(Unitdata::parse(&[9, 1, 3, 200, 19, 1, 0]).is_err());
        assert!(Unitdata::parse(&[10, 1]).is_err());
    }
}
