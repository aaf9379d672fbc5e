//! One AVP's data as a [`Value`], and back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use tollgate_wire::{Decimal, Text, Value};

use crate::dictionary::{Definition, Kind};
use crate::ntp;

/// The address family of telephone numbers (IANA address family numbers: E.164).
const FAMILY_E164: u16 = 8;
/// In front of a telephone number in an Address, as the documents show it.
const TEL: &str = "tel:";
/// In front of an address of another family: `afn:13360:333830`.
const AFN: &str = "afn:";

/// Text where the octets are UTF-8 without control characters other than those of a line, else the octets.
pub(crate) fn text(octets: &[u8]) -> Value {
    let odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r');
    match std::str::from_utf8(octets) {
        Ok(text) if !text.chars().any(odd) => Value::text(text),
        _ => self::octets(octets),
    }
}

/// The octets.
pub(crate) fn octets(octets: &[u8]) -> Value {
    Value::Bytes(Bytes::copy_from_slice(octets))
}

/// The value that `data` hold; the octets themselves where they do not fit the AVP's type. A group is
/// the caller's.
pub(crate) fn read(own: &Definition, data: &[u8]) -> Value {
    typed(own, data).unwrap_or_else(|| octets(data))
}

fn typed(own: &Definition, data: &[u8]) -> Option<Value> {
    let four = || data.try_into().ok().map(u32::from_be_bytes);
    let eight = || data.try_into().ok().map(u64::from_be_bytes);
    match own.kind {
        Kind::OctetString | Kind::Grouped => None,
        Kind::Utf8String | Kind::DiameterIdentity | Kind::DiameterUri | Kind::IpFilterRule => {
            Some(text(data))
        }
        Kind::Unsigned32 => four().map(Value::from),
        Kind::Enumerated => {
            let number = four()?;
            Some(
                own.value_name(number)
                    .map_or_else(|| number.into(), |name| Value::Text(Text::const_new(name))),
            )
        }
        Kind::Integer32 => {
            let number = i32::from_be_bytes(data.try_into().ok()?);
            Some(Value::Integer(i128::from(number)))
        }
        Kind::Unsigned64 => eight().map(Value::from),
        Kind::Integer64 => data.try_into().ok().map(|eight| Value::from(i64::from_be_bytes(eight))),
        Kind::Float32 => decimal(&f32::from_bits(four()?).to_string()),
        Kind::Float64 => decimal(&f64::from_bits(eight()?).to_string()),
        Kind::Time => four().map(|secs| Value::Time(ntp::read(secs))),
        Kind::Address => address(data),
        Kind::Ipv4 => <[u8; 4]>::try_from(data).ok().map(|four| Value::Address(Ipv4Addr::from(four).into())),
        Kind::Ipv6 => <[u8; 16]>::try_from(data).ok().map(|all| Value::Address(Ipv6Addr::from(all).into())),
        Kind::Ipv6Prefix => prefix(data).map(Value::text),
    }
}

/// A float in the digits that say exactly this float again.
fn decimal(shown: &str) -> Option<Value> {
    shown.parse().ok().map(Value::Decimal)
}

fn address(data: &[u8]) -> Option<Value> {
    let (family, rest) = data.split_first_chunk::<2>()?;
    match (u16::from_be_bytes(*family), rest) {
        (1, rest) if rest.len() == 4 => {
            <[u8; 4]>::try_from(rest).ok().map(|four| Value::Address(Ipv4Addr::from(four).into()))
        }
        (2, rest) if rest.len() == 16 => {
            <[u8; 16]>::try_from(rest).ok().map(|all| Value::Address(Ipv6Addr::from(all).into()))
        }
        (FAMILY_E164, rest) if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(rest).ok().map(|digits| Value::text(format!("{TEL}{digits}")))
        }
        (1 | 2 | FAMILY_E164, _) => None,
        (family, rest) => {
            let digits: String = rest.iter().map(|octet| format!("{octet:02x}")).collect();
            Some(Value::text(format!("{AFN}{family}:{digits}")))
        }
    }
}

/// `2001:db8::/32` (RFC 3162 section 2.3).
fn prefix(data: &[u8]) -> Option<String> {
    let (&[_, len], address) = data.split_first_chunk::<2>()?;
    if len > 128 || address.len() > 16 {
        return None;
    }
    let mut whole = [0; 16];
    whole[..address.len()].copy_from_slice(address);
    // Octets behind the prefix would be lost.
    let behind = whole.get(usize::from(len).div_ceil(8)..).unwrap_or_default();
    if behind.iter().any(|octet| *octet != 0) {
        return None;
    }
    Some(format!("{}/{len}", Ipv6Addr::from(whole)))
}

/// The octets of `value` as this AVP holds it; `None` where it is not of its type. A group is the caller's.
pub(crate) fn write(own: &Definition, value: &Value) -> Option<Vec<u8>> {
    if let Value::Bytes(bytes) = value {
        return Some(bytes.to_vec());
    }
    match own.kind {
        Kind::Grouped => None,
        Kind::OctetString => {
            let text = shown(value)?;
            text.strip_prefix("0x").map_or_else(|| Some(text.clone().into_bytes()), tollgate_wire::unhex)
        }
        Kind::Utf8String | Kind::DiameterIdentity | Kind::DiameterUri | Kind::IpFilterRule => {
            shown(value).map(String::into_bytes)
        }
        Kind::Unsigned32 | Kind::Enumerated => {
            number::<u32>(own, value).map(|own| own.to_be_bytes().to_vec())
        }
        Kind::Integer32 => number::<i32>(own, value).map(|own| own.to_be_bytes().to_vec()),
        Kind::Unsigned64 => number::<u64>(own, value).map(|own| own.to_be_bytes().to_vec()),
        Kind::Integer64 => number::<i64>(own, value).map(|own| own.to_be_bytes().to_vec()),
        Kind::Float32 => {
            let number: f32 = float(value)?.to_string().parse().ok()?;
            Some(number.to_bits().to_be_bytes().to_vec())
        }
        Kind::Float64 => {
            let number: f64 = float(value)?.to_string().parse().ok()?;
            Some(number.to_bits().to_be_bytes().to_vec())
        }
        Kind::Time => time(value).map(|secs| secs.to_be_bytes().to_vec()),
        Kind::Address => write_address(&shown(value)?),
        Kind::Ipv4 => shown(value)?.parse::<Ipv4Addr>().ok().map(|address| address.octets().to_vec()),
        Kind::Ipv6 => shown(value)?.parse::<Ipv6Addr>().ok().map(|address| address.octets().to_vec()),
        Kind::Ipv6Prefix => {
            let text = shown(value)?;
            let (address, len) = text.split_once('/')?;
            let (address, len) = (address.parse::<Ipv6Addr>().ok()?, len.parse::<u8>().ok()?);
            let used = usize::from(len).div_ceil(8);
            Some([&[0, len], address.octets().get(..used)?].concat())
        }
    }
}

/// The text that a plain value shows; a list, a group and octets have none.
pub(crate) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::List(_) | Value::Group(_) | Value::Bytes(_) => None,
        other => Some(other.to_string()),
    }
}

/// A number, a whole span in seconds, or the name of a value.
fn number<N: TryFrom<i128>>(own: &Definition, value: &Value) -> Option<N> {
    let number = match value {
        Value::Integer(number) => *number,
        Value::Span(span) if span.subsec_nanos() == 0 => i128::from(span.as_secs()),
        other => {
            let text = shown(other)?;
            match own.value_number(&text) {
                Some(number) => i128::from(number),
                None => text.parse().ok()?,
            }
        }
    };
    number.try_into().ok()
}

fn float(value: &Value) -> Option<Decimal> {
    match value {
        Value::Decimal(own) => Some(*own),
        other => shown(other)?.parse().ok(),
    }
}

fn time(value: &Value) -> Option<u32> {
    match value {
        Value::Time(at) => ntp::write(*at),
        other => {
            let text = shown(other)?;
            let at = match text.parse() {
                Ok(secs) => tollgate_time::Instant::from_unix_secs(secs),
                Err(_) => tollgate_time::Instant::parse_rfc3339(&text).ok()?,
            };
            ntp::write(at)
        }
    }
}

fn write_address(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix(TEL) {
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let fits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        return fits.then(|| [&FAMILY_E164.to_be_bytes()[..], digits.as_bytes()].concat());
    }
    if let Some(rest) = text.strip_prefix(AFN) {
        let (family, digits) = rest.split_once(':')?;
        return Some(
            [&family.parse::<u16>().ok()?.to_be_bytes()[..], &tollgate_wire::unhex(digits)?].concat(),
        );
    }
    Some(match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(own) => [&[0, 1], &own.octets()[..]].concat(),
        IpAddr::V6(own) => [&[0, 2], &own.octets()[..]].concat(),
    })
}
