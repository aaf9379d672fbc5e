//! Where a subscriber is: cells, location areas and MAP's LocationInformation (TS 29.002 section 17.7.1,
//! TS 23.003 sections 4.1 and 4.3).

use tollgate_wire::{DecodeError, Fields, Value};

use crate::Phase;
use crate::asn::{
    FieldError, Null, Octets, Type, Unknown, choice, enumerated, group_of, number_of, sequence, text_of,
    within,
};
use crate::ber::{Element, Encoder, Tag};
use crate::number::{AddressString, PartyNumber, Tbcd, tbcd_code};

/// A location area: country, network and area.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LocationArea {
    /// Mobile country code, three digits.
    pub mcc: Tbcd,
    /// Mobile network code, two or three digits.
    pub mnc: Tbcd,
    /// Location area code.
    pub lac: u16,
}

/// A cell or service area.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Cell {
    /// The location area that it belongs to.
    pub area: LocationArea,
    /// Cell identity or service area code.
    pub cell: u16,
}

impl LocationArea {
    fn of(octets: &[u8; 5]) -> Self {
        let [one, two, three, area @ ..] = *octets;
        let mcc = Tbcd::unpack(&[one, two | 0xf0]);
        // The third digit of the network stands in front of its first two.
        let mnc = Tbcd::unpack(&[three, two >> 4 | 0xf0]);
        Self { mcc, mnc: without_fillers(&mnc), lac: u16::from_be_bytes(area) }
    }

    fn octets(&self) -> [u8; 5] {
        let signal = |number: &Tbcd, place: usize| {
            let letter = number.as_str().as_bytes().get(place).copied();
            letter.map_or(15, tbcd_code)
        };
        let [high, low] = self.lac.to_be_bytes();
        [
            signal(&self.mcc, 1) << 4 | signal(&self.mcc, 0),
            signal(&self.mnc, 2) << 4 | signal(&self.mcc, 2),
            signal(&self.mnc, 1) << 4 | signal(&self.mnc, 0),
            high,
            low,
        ]
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with("mcc", self.mcc.as_str())
            .with("mnc", self.mnc.as_str())
            .with("lac", u32::from(self.lac))
    }

    fn take_field(&mut self, name: &str, value: &Value) -> Result<bool, FieldError> {
        match name {
            "mcc" => self.mcc = code(value, 3..=3)?,
            "mnc" => self.mnc = code(value, 2..=3)?,
            "lac" => self.lac = number_of(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn without_fillers(number: &Tbcd) -> Tbcd {
    number.as_str().trim_end_matches('f').parse().unwrap_or_default()
}

fn code(value: &Value, digits: std::ops::RangeInclusive<usize>) -> Result<Tbcd, FieldError> {
    let text = text_of(value)?;
    let fits = digits.contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_digit());
    let wanted = "two or three digits in quotes, such as '262' or '01'";
    fits.then(|| text.parse().ok()).flatten().ok_or_else(|| FieldError::new(value, wanted))
}

impl Type for LocationArea {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let octets = element.octets()?;
        match octets.as_ref().try_into() {
            Ok(octets) => Ok(Self::of(octets)),
            Err(_) => Err(element.invalid(octets.len() as u64, "a location area has five octets")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.primitive(tag, &self.octets());
    }

    fn show(&self) -> Value {
        Value::Group(self.fields())
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        let mut own = Self::default();
        for (name, value) in group_of(value)?.iter() {
            if !within(name, own.take_field(name, value))? {
                return Err(FieldError::named(name, "mcc, mnc, lac"));
            }
        }
        Ok(own)
    }
}

impl Type for Cell {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let octets = element.octets()?;
        match <[u8; 7]>::try_from(octets.as_ref()) {
            Ok([a, b, c, d, e, high, low]) => {
                Ok(Self { area: LocationArea::of(&[a, b, c, d, e]), cell: u16::from_be_bytes([high, low]) })
            }
            Err(_) => Err(element.invalid(octets.len() as u64, "a cell has seven octets")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let mut octets = self.area.octets().to_vec();
        octets.extend(self.cell.to_be_bytes());
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        Value::Group(self.area.fields().with("cell", u32::from(self.cell)))
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        let mut own = Self::default();
        for (name, value) in group_of(value)?.iter() {
            if name == "cell" {
                own.cell = within(name, number_of(value))?;
            } else if !within(name, own.area.take_field(name, value))? {
                return Err(FieldError::named(name, "mcc, mnc, lac, cell"));
            }
        }
        Ok(own)
    }
}

choice! {
    /// A cell or only its location area.
    CellOrArea {
        /// A cell or service area.
        [Tag::context(0)] "cellGlobalIdOrServiceAreaIdFixedLength" => Cell(Cell),
        /// A location area.
        [Tag::context(1)] "laiFixedLength" => Area(LocationArea),
    }
}

sequence! {
    /// Where the subscriber was seen last, and by which switch.
    #[derive(Default)]
    LocationInformation {
        /// Minutes since then.
        [Tag::INTEGER] "ageOfLocationInformation" => age: Option<u32>,
        /// A place on the globe (TS 23.032).
        [Tag::context(0)] "geographicalInformation" => geographical_information: Option<Octets>,
        /// The visitor location register.
        [Tag::context(1)] "vlr-number" => vlr_number: Option<AddressString>,
        /// A location number of ISUP.
        [Tag::context(2)] "locationNumber" => location_number: Option<PartyNumber>,
        /// The cell or its area.
        [Tag::context(3)] "cellGlobalIdOrServiceAreaIdOrLAI" => cell: Option<CellOrArea>,
        /// Private extensions.
        [Tag::context(4)] "extensionContainer" => extension_container: Option<Unknown>,
        /// A localised service area.
        [Tag::context(5)] "selectedLSA-Id" => selected_lsa: Option<Octets>,
        /// The switch.
        [Tag::context(6)] "msc-Number" => msc_number: Option<AddressString>,
        /// A place on the globe from the switch.
        [Tag::context(7)] "geodeticInformation" => geodetic_information: Option<Octets>,
        /// Found by paging just now.
        [Tag::context(8)] "currentLocationRetrieved" => current_location_retrieved: Option<Null>,
        /// The cell is a service area.
        [Tag::context(9)] "sai-Present" => sai_present: Option<Null>,
    }
}

sequence! {
    /// The same from a packet switch.
    #[derive(Default)]
    LocationInformationGprs {
        /// The cell or its area, in the octets of either.
        [Tag::context(0)] "cellGlobalIdOrServiceAreaIdOrLAI" => cell: Option<Octets>,
        /// The routing area.
        [Tag::context(1)] "routeingAreaIdentity" => routing_area: Option<Octets>,
        /// A place on the globe (TS 23.032).
        [Tag::context(2)] "geographicalInformation" => geographical_information: Option<Octets>,
        /// The packet switch.
        [Tag::context(3)] "sgsn-Number" => sgsn_number: Option<AddressString>,
        /// A localised service area.
        [Tag::context(4)] "selectedLSAIdentity" => selected_lsa: Option<Octets>,
        /// Private extensions.
        [Tag::context(5)] "extensionContainer" => extension_container: Option<Unknown>,
        /// The cell is a service area.
        [Tag::context(6)] "sai-Present" => sai_present: Option<Null>,
    }
}

enumerated! {
    /// Why the network could not reach a subscriber.
    NotReachableReason: enumerated {
        /// Purged from the register.
        0, "msPurged" => MS_PURGED,
        /// Switched off.
        1, "imsiDetached" => IMSI_DETACHED,
        /// In an area where service is barred.
        2, "restrictedArea" => RESTRICTED_AREA,
        /// Not registered.
        3, "notRegistered" => NOT_REGISTERED,
    }
}

choice! {
    /// What the subscriber is doing.
    SubscriberState {
        /// Nothing.
        [Tag::context(0)] "assumedIdle" => AssumedIdle(Null),
        /// Calling.
        [Tag::context(1)] "camelBusy" => CamelBusy(Null),
        /// Out of reach.
        [Tag::ENUMERATED] "netDetNotReachable" => NotReachable(NotReachableReason),
        /// The register did not say.
        [Tag::context(2)] "notProvidedFromVLR" => NotProvided(Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_digit_of_a_network_stands_before_its_first_two() {
        let fields = |mnc: &str| {
            let group = Fields::new().with("mcc", "310").with("mnc", mnc).with("lac", 258_u32);
            LocationArea::take(&Value::Group(group)).unwrap()
        };
        assert_eq!(fields("410").octets(), [0x13, 0x00, 0x14, 1, 2]);
        assert_eq!(fields("01").octets(), [0x13, 0xf0, 0x10, 1, 2]);
        for mnc in ["410", "01"] {
            assert_eq!(LocationArea::of(&fields(mnc).octets()), fields(mnc));
        }
        // What is no digit is kept too.
        for octets in [[0x62, 0xf2, 0x0e, 1, 2], [0xff, 0xff, 0xff, 0, 0], [0x1a, 0xbc, 0xf1, 0, 1]] {
            assert_eq!(LocationArea::of(&octets).octets(), octets);
        }
    }
}
