//! The types of AVP data (RFC 6733 sections 4.2 to 4.4).

use crate::problem::ProblemKind;

/// What an AVP's data hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Octets.
    OctetString,
    /// 32 bits with a sign.
    Integer32,
    /// 64 bits with a sign.
    Integer64,
    /// 32 bits.
    Unsigned32,
    /// 64 bits.
    Unsigned64,
    /// A number of IEEE 754 in 32 bits.
    Float32,
    /// A number of IEEE 754 in 64 bits.
    Float64,
    /// AVPs.
    Grouped,
    /// An address family and an address of it.
    Address,
    /// Seconds since 1900 or, from 2036 on, since then.
    Time,
    /// Text in UTF-8.
    Utf8String,
    /// The name of a host or realm.
    DiameterIdentity,
    /// `aaa://host:port;transport=tcp`.
    DiameterUri,
    /// 32 bits whose values have names.
    Enumerated,
    /// A filter of IP packets in words.
    IpFilterRule,
    /// OctetString that holds the four octets of an IPv4 address, as in RADIUS.
    Ipv4,
    /// OctetString that holds the sixteen octets of an IPv6 address, as in RADIUS.
    Ipv6,
    /// OctetString that holds an IPv6 prefix with its length, as in RADIUS (RFC 3162 section 2.3).
    Ipv6Prefix,
}

impl Kind {
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "OctetString" => Self::OctetString,
            "Integer32" => Self::Integer32,
            "Integer64" => Self::Integer64,
            "Unsigned32" => Self::Unsigned32,
            "Unsigned64" => Self::Unsigned64,
            "Float32" => Self::Float32,
            "Float64" => Self::Float64,
            "Grouped" => Self::Grouped,
            "Address" => Self::Address,
            "Time" => Self::Time,
            "UTF8String" => Self::Utf8String,
            "DiameterIdentity" => Self::DiameterIdentity,
            "DiameterURI" => Self::DiameterUri,
            "Enumerated" => Self::Enumerated,
            "IPFilterRule" => Self::IpFilterRule,
            "Ipv4" => Self::Ipv4,
            "Ipv6" => Self::Ipv6,
            "Ipv6Prefix" => Self::Ipv6Prefix,
            _ => return None,
        })
    }

    /// The least octets that the data of this type have.
    #[must_use]
    pub const fn len_min(self) -> usize {
        match self {
            Self::OctetString
            | Self::Grouped
            | Self::Utf8String
            | Self::DiameterIdentity
            | Self::DiameterUri
            | Self::IpFilterRule => 0,
            Self::Integer32
            | Self::Unsigned32
            | Self::Float32
            | Self::Time
            | Self::Enumerated
            | Self::Ipv4 => 4,
            Self::Integer64 | Self::Unsigned64 | Self::Float64 => 8,
            Self::Address => 6,
            Self::Ipv6 => 16,
            Self::Ipv6Prefix => 2,
        }
    }

    /// The kind as an error names it.
    #[must_use]
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::OctetString => "octets (0x…) or text",
            Self::Integer32 => "a number of 32 bits with a sign",
            Self::Integer64 => "a number of 64 bits with a sign",
            Self::Unsigned32 => "a number of 32 bits",
            Self::Unsigned64 => "a number of 64 bits",
            Self::Float32 | Self::Float64 => "a decimal number",
            Self::Grouped => "a group of AVPs",
            Self::Address => "an IP address, tel:<digits>, or afn:<family>:<hexadecimal digits>",
            Self::Time => "a time, or seconds since 1970",
            Self::Utf8String => "text in UTF-8",
            Self::DiameterIdentity => "the name of a host or realm",
            Self::DiameterUri => "a URI that starts with aaa:// or aaas://",
            Self::Enumerated => "a number of 32 bits or one of its names",
            Self::IpFilterRule => "a filter rule in words",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Ipv6Prefix => "an IPv6 prefix",
        }
    }

    /// Whether `data` are of this type; what a group holds is not looked at.
    ///
    /// # Errors
    /// The length or the content is another type's.
    pub fn check(self, data: &[u8]) -> Result<(), ProblemKind> {
        let sized = |wanted: usize, shown: &'static str| {
            if data.len() == wanted {
                Ok(())
            } else {
                Err(ProblemKind::ValueLength { len: data.len(), wanted: shown })
            }
        };
        let worded =
            |fits: bool| if fits { Ok(()) } else { Err(ProblemKind::Value { wanted: self.wanted() }) };
        match self {
            Self::OctetString | Self::Grouped => Ok(()),
            Self::Integer32
            | Self::Unsigned32
            | Self::Float32
            | Self::Time
            | Self::Enumerated
            | Self::Ipv4 => sized(4, "4"),
            Self::Integer64 | Self::Unsigned64 | Self::Float64 => sized(8, "8"),
            Self::Ipv6 => sized(16, "16"),
            Self::Ipv6Prefix => match data {
                [_, bits, address @ ..] if *bits <= 128 && address.len() <= 16 => Ok(()),
                _ => Err(ProblemKind::ValueLength { len: data.len(), wanted: "2 to 18" }),
            },
            Self::Address => match data {
                [0, 1, rest @ ..] if rest.len() != 4 => {
                    Err(ProblemKind::ValueLength { len: data.len(), wanted: "6" })
                }
                [0, 2, rest @ ..] if rest.len() != 16 => {
                    Err(ProblemKind::ValueLength { len: data.len(), wanted: "18" })
                }
                [_, _, _, ..] => Ok(()),
                _ => Err(ProblemKind::ValueLength { len: data.len(), wanted: "6 or 18" }),
            },
            Self::Utf8String => worded(std::str::from_utf8(data).is_ok()),
            Self::DiameterIdentity => worded(!data.is_empty() && data.iter().all(u8::is_ascii_graphic)),
            Self::DiameterUri => worded(
                data.iter().all(u8::is_ascii_graphic)
                    && (data.starts_with(b"aaa://") || data.starts_with(b"aaas://")),
            ),
            Self::IpFilterRule => worded(data.is_ascii()),
        }
    }
}
