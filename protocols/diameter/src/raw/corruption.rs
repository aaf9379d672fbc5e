//! Faults that a scenario names in words: `corrupt: length 7`.

use std::str::FromStr;

use tollgate_wire::corruption::{self, CorruptionError, Entry, entry, octet, octets as octets_of};

use crate::raw::{self, AvpPath};
use crate::{AvpCode, AvpFlags, dictionary};

/// One way to break a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// Another version.
    Version(u8),
    /// Another length than the octets have.
    Length(u32),
    /// Other command flags.
    Flags(u8),
    /// Another command.
    Command(u32),
    /// Another application.
    Application(u32),
    /// Another Hop-by-Hop Identifier.
    HopByHop(u32),
    /// Another End-to-End Identifier.
    EndToEnd(u32),
    /// Only so many octets, the length as it was.
    Truncate(usize),
    /// One octet with bits turned.
    Flip {
        /// Octets from the start of the message.
        offset: usize,
        /// The bits to turn.
        mask: u8,
    },
    /// Octets behind the length.
    Append(Vec<u8>),
    /// One more AVP.
    AppendAvp {
        /// Vendor and number.
        code: AvpCode,
        /// Its flags.
        flags: u8,
        /// Its data.
        data: Vec<u8>,
    },
    /// Other flags of an AVP.
    AvpFlags(AvpPath, u8),
    /// A length that does not fit its AVP.
    AvpLength(AvpPath, u32),
    /// Other data, as octets.
    AvpData(AvpPath, Vec<u8>),
    /// Padding of ones.
    Padding(AvpPath),
    /// An AVP left out.
    Remove(AvpPath),
    /// An AVP twice.
    Repeat(AvpPath),
}

/// Every word, to list and to explain.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "version",
        "<0..255>",
        "writes another version; one other than 1 is answered with 5011, or ends the connection",
    ),
    entry(
        "length",
        "<0..16777215>",
        "writes another length; the stream loses its step and the connection is closed",
    ),
    entry(
        "flags",
        "<0..255>",
        "writes the command flags; reserved bits are answered with 5013, E in a request with 3008",
    ),
    entry("command", "<0..16777215>", "writes another command; one that is unknown is answered with 3001"),
    entry(
        "application",
        "<number>",
        "writes another application; one that is not served is answered with 3007",
    ),
    entry(
        "hop-by-hop",
        "<number>",
        "writes another Hop-by-Hop Identifier; an answer that matches no request is dropped",
    ),
    entry("end-to-end", "<number>", "writes another End-to-End Identifier; it tells duplicates apart"),
    entry("truncate", "<octets to keep>", "cuts the message and leaves the length"),
    entry("flip", "<offset> [<mask, 0x01 if left out>]", "turns bits of one octet"),
    entry("append", "0x<hexadecimal digits>", "adds octets behind the length; the stream loses its step"),
    entry(
        "append-avp",
        "<AVP> <flags> 0x<hexadecimal digits>",
        "adds an AVP; one that is unknown and has M (0x40) is answered with 5001",
    ),
    entry("avp-flags", "<AVP> <0..255>", "writes the flags of an AVP; reserved bits are answered with 3009"),
    entry("avp-length", "<AVP> <0..16777215>", "writes another length of an AVP; it is answered with 5014"),
    entry(
        "avp-data",
        "<AVP> 0x<hexadecimal digits>",
        "writes other octets as its data; a wrong size is answered with 5014, a wrong value with 5004",
    ),
    entry("padding", "<AVP>", "fills its padding with ones; a receiver ignores padding"),
    entry("remove", "<AVP>", "leaves the AVP out; one that must be there is answered with 5005"),
    entry("repeat", "<AVP>", "writes the AVP twice; too many are answered with 5009"),
];

impl FromStr for Corruption {
    type Err = CorruptionError;

    fn from_str(text: &str) -> Result<Self, CorruptionError> {
        corruption::read(CATALOGUE, text, Self::read)
    }
}

impl Corruption {
    fn read(words: &[&str]) -> Option<Self> {
        Some(match *words {
            ["version", version] => Self::Version(octet(version)?),
            ["length", length] => Self::Length(number24(length)?),
            ["flags", flags] => Self::Flags(octet(flags)?),
            ["command", command] => Self::Command(number24(command)?),
            ["application", application] => Self::Application(application.parse().ok()?),
            ["hop-by-hop", identifier] => Self::HopByHop(identifier.parse().ok()?),
            ["end-to-end", identifier] => Self::EndToEnd(identifier.parse().ok()?),
            ["truncate", len] => Self::Truncate(len.parse().ok()?),
            ["flip", offset] => Self::Flip { offset: offset.parse().ok()?, mask: 1 },
            ["flip", offset, mask] => Self::Flip { offset: offset.parse().ok()?, mask: octet(mask)? },
            ["append", octets] => Self::Append(octets_of(octets)?),
            ["append-avp", own, flags, data] => {
                Self::AppendAvp { code: dictionary::code(own)?, flags: octet(flags)?, data: octets_of(data)? }
            }
            ["avp-flags", own, flags] => Self::AvpFlags(AvpPath::parse(own)?, octet(flags)?),
            ["avp-length", own, len] => Self::AvpLength(AvpPath::parse(own)?, number24(len)?),
            ["avp-data", own, data] => Self::AvpData(AvpPath::parse(own)?, octets_of(data)?),
            ["padding", own] => Self::Padding(AvpPath::parse(own)?),
            ["remove", own] => Self::Remove(AvpPath::parse(own)?),
            ["repeat", own] => Self::Repeat(AvpPath::parse(own)?),
            _ => return None,
        })
    }

    /// Breaks the message; answers whether it had what was to be broken.
    pub fn apply(&self, message: &mut Vec<u8>) -> bool {
        match self {
            Self::Version(version) => raw::set_version(message, *version),
            Self::Length(length) => raw::set_length(message, *length),
            Self::Flags(flags) => raw::set_flags(message, *flags),
            Self::Command(command) => raw::set_command(message, *command),
            Self::Application(application) => raw::set_application(message, *application),
            Self::HopByHop(identifier) => raw::set_hop_by_hop(message, *identifier),
            Self::EndToEnd(identifier) => raw::set_end_to_end(message, *identifier),
            Self::Truncate(len) => raw::truncate(message, *len),
            Self::Flip { offset, mask } => raw::flip(message, *offset, *mask),
            Self::Append(octets) => raw::append(message, octets),
            Self::AppendAvp { code, flags, data } => {
                raw::append_avp(message, *code, AvpFlags::from_bits(*flags), data)
            }
            Self::AvpFlags(path, flags) => raw::set_avp_flags(message, path, *flags),
            Self::AvpLength(path, len) => raw::set_avp_length(message, path, *len),
            Self::AvpData(path, data) => raw::set_avp_data(message, path, data),
            Self::Padding(path) => raw::fill_padding(message, path),
            Self::Remove(path) => raw::remove_avp(message, path),
            Self::Repeat(path) => raw::repeat_avp(message, path),
        }
    }
}

fn number24(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number < 1 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Header, Message, ProblemKind, ResultCode, avp, check};

    fn message() -> Vec<u8> {
        let mut own = Builder::new(Header::request(272, 4).identified(7, 9));
        own.text(avp::SESSION_ID, "e547923f71a129d71027;1");
        own.text(avp::ORIGIN_HOST, "pgw");
        own.text(avp::ORIGIN_REALM, "portaone.com");
        own.text(avp::DESTINATION_REALM, "portaone.com");
        own.u32(avp::AUTH_APPLICATION_ID, 4);
        own.text(avp::SERVICE_CONTEXT_ID, "32251@3gpp.org");
        own.u32(avp::CC_REQUEST_TYPE, 1);
        own.u32(avp::CC_REQUEST_NUMBER, 0);
        own.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |own| {
            own.group(avp::REQUESTED_SERVICE_UNIT, |own| own.u64(avp::CC_TOTAL_OCTETS, 1));
            own.u32(avp::RATING_GROUP, 100);
        });
        own.finish().unwrap()
    }

    fn broken(text: &str) -> Vec<u8> {
        let mut message = message();
        assert!(text.parse::<Corruption>().unwrap().apply(&mut message), "{text}");
        message
    }

    #[test]
    fn every_word_of_the_catalogue_is_read_and_breaks_the_message() {
        let examples = [
            "version 2",
            "length 24",
            "flags 0xe0",
            "command 9999",
            "application 77",
            "hop-by-hop 1",
            "end-to-end 1",
            "truncate 30",
            "flip 25 0x80",
            "append 0xdead",
            "append-avp AVP-9999 0x40 0x01",
            "avp-flags Origin-Host 0x1f",
            "avp-length Multiple-Services-Credit-Control.Rating-Group 7",
            "avp-data CC-Request-Number 0x00",
            "padding Origin-Host",
            "remove Multiple-Services-Credit-Control.Requested-Service-Unit.CC-Total-Octets",
            "repeat CC-Request-Type",
        ];
        assert_eq!(examples.len(), CATALOGUE.len());
        for (example, entry) in examples.iter().zip(CATALOGUE) {
            assert_eq!(example.split(' ').next(), Some(entry.word));
            assert_ne!(broken(example), message(), "{example}");
        }
    }

    #[test]
    fn each_fault_gets_the_answer_that_the_catalogue_names() {
        check::verify(&Message::parse(&message()).unwrap()).unwrap();
        let answer = |text: &str| {
            let broken = broken(text);
            match Message::parse(&broken) {
                Ok(message) => check::verify(&message).unwrap_err().result_code(),
                Err(problem) => problem.result_code(),
            }
        };
        for (text, code) in [
            ("version 2", ResultCode::UNSUPPORTED_VERSION),
            ("length 24", ResultCode::INVALID_MESSAGE_LENGTH),
            ("truncate 30", ResultCode::INVALID_MESSAGE_LENGTH),
            ("flags 0xc1", ResultCode::INVALID_BIT_IN_HEADER),
            ("flags 0xe0", ResultCode::INVALID_HDR_BITS),
            ("command 9999", ResultCode::COMMAND_UNSUPPORTED),
            ("append-avp AVP-9999 0x40 0x01", ResultCode::AVP_UNSUPPORTED),
            ("avp-flags Origin-Host 0x41", ResultCode::INVALID_AVP_BITS),
            ("avp-length Origin-Host 7", ResultCode::INVALID_AVP_LENGTH),
            ("avp-length Multiple-Services-Credit-Control.Rating-Group 7", ResultCode::INVALID_AVP_LENGTH),
            ("avp-data CC-Request-Number 0x00", ResultCode::INVALID_AVP_LENGTH),
            ("avp-data CC-Request-Type 0x00000009", ResultCode::INVALID_AVP_VALUE),
            ("avp-data Session-Id 0xff", ResultCode::INVALID_AVP_VALUE),
            ("remove CC-Request-Number", ResultCode::MISSING_AVP),
            ("repeat CC-Request-Type", ResultCode::AVP_OCCURS_TOO_MANY_TIMES),
            ("append-avp Result-Code 0x40 0x000007d1", ResultCode::AVP_NOT_ALLOWED),
        ] {
            assert_eq!(answer(text), code, "{text}");
        }
        for text in ["append-avp AVP-9999 0x00 0x01", "padding Origin-Host"] {
            let broken = broken(text);
            assert_eq!(check::verify(&Message::parse(&broken).unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn lengths_around_a_changed_avp_follow_it() {
        let broken = broken("avp-data Multiple-Services-Credit-Control.Rating-Group 0x0102");
        let view = Message::parse(&broken).unwrap();
        let group = view.get(avp::MULTIPLE_SERVICES_CREDIT_CONTROL).unwrap();
        let inside = group.group().unwrap();
        assert_eq!(inside.get(avp::RATING_GROUP).unwrap().data, [1, 2]);
        assert!(inside.get(avp::REQUESTED_SERVICE_UNIT).is_some());
        let problem = check::verify(&view).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::ValueLength { len: 2, wanted: "4" });
    }

    #[test]
    fn a_text_that_names_no_corruption_says_what_there_is() {
        assert!("lenght 7".parse::<Corruption>().unwrap_err().to_string().contains("append-avp"));
        for text in ["length", "length 16777216", "remove No-Such-AVP", "append abc"] {
            assert!(text.parse::<Corruption>().is_err(), "{text}");
        }
        let mut message = message();
        assert!(!"remove User-Name".parse::<Corruption>().unwrap().apply(&mut message));
    }
}
