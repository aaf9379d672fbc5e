//! One attribute's octets as a [`Value`], and back.

use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use tollgate_wire::{Text, Value};

use crate::dictionary::{Definition, Kind};
use crate::h323::H323Time;

/// Octets of an IPv6 prefix without its address (RFC 3162 section 2.3).
const PREFIX_HEAD_LEN: usize = 2;

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

/// A number, or its name where it has one.
fn number(own: &Definition, number: u32) -> Value {
    own.value_name(number).map_or_else(|| number.into(), |name| Value::Text(Text::const_new(name)))
}

/// The value that `octets` hold; the octets themselves where they do not fit the attribute's type.
pub(crate) fn read(own: &Definition, bytes: &[u8]) -> Value {
    match own.kind {
        Kind::Text | Kind::H323Time | Kind::TaggedText => text(bytes),
        Kind::Integer => {
            bytes.try_into().map_or_else(|_| octets(bytes), |four| number(own, u32::from_be_bytes(four)))
        }
        Kind::Time => bytes.try_into().map_or_else(|_| octets(bytes), |four| u32::from_be_bytes(four).into()),
        Kind::Ipv4 => <[u8; 4]>::try_from(bytes)
            .map_or_else(|_| octets(bytes), |four| Value::Address(Ipv4Addr::from(four).into())),
        Kind::Ipv6 => <[u8; 16]>::try_from(bytes)
            .map_or_else(|_| octets(bytes), |address| Value::Address(Ipv6Addr::from(address).into())),
        Kind::Ipv6Prefix => prefix(bytes).map_or_else(|| octets(bytes), Value::text),
        Kind::TaggedInteger => match *bytes {
            [_, a, b, c] => number(own, u32::from_be_bytes([0, a, b, c])),
            _ => octets(bytes),
        },
        Kind::Octets | Kind::Password | Kind::TunnelPassword | Kind::Vendor | Kind::DigestAttributes => {
            octets(bytes)
        }
    }
}

/// `2001:db8::/32` (RFC 3162 section 2.3).
fn prefix(bytes: &[u8]) -> Option<String> {
    let (&[_, len], address) = bytes.split_first_chunk::<PREFIX_HEAD_LEN>()?;
    if len > 128 || address.len() > 16 {
        return None;
    }
    let mut whole = [0; 16];
    whole[..address.len()].copy_from_slice(address);
    Some(format!("{}/{len}", Ipv6Addr::from(whole)))
}

/// The octets of `value` as this attribute holds it, without a tag; `None` where it is not of its type.
pub(crate) fn write(own: &Definition, value: &Value) -> Option<Vec<u8>> {
    if let Value::Bytes(bytes) = value {
        return Some(bytes.to_vec());
    }
    match own.kind {
        Kind::Text | Kind::TaggedText => shown(value).map(String::into_bytes),
        Kind::H323Time => match value {
            Value::Time(at) => Some(H323Time::utc(*at).to_string().into_bytes()),
            other => shown(other).map(String::into_bytes),
        },
        Kind::Octets | Kind::Password | Kind::TunnelPassword | Kind::Vendor | Kind::DigestAttributes => {
            let text = shown(value)?;
            text.strip_prefix("0x").map_or_else(|| Some(text.clone().into_bytes()), tollgate_wire::unhex)
        }
        Kind::Integer => integer(own, value).map(|number| number.to_be_bytes().to_vec()),
        Kind::TaggedInteger => {
            let [0, rest @ ..] = integer(own, value)?.to_be_bytes() else { return None };
            Some(rest.to_vec())
        }
        Kind::Time => match value {
            Value::Time(at) => u32::try_from(at.unix_secs()).ok().map(|secs| secs.to_be_bytes().to_vec()),
            other => integer(own, other).map(|number| number.to_be_bytes().to_vec()),
        },
        Kind::Ipv4 => address::<Ipv4Addr>(value).map(|address| address.octets().to_vec()),
        Kind::Ipv6 => address::<Ipv6Addr>(value).map(|address| address.octets().to_vec()),
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

fn integer(own: &Definition, value: &Value) -> Option<u32> {
    match value {
        Value::Integer(number) => u32::try_from(*number).ok(),
        Value::Span(span) if span.subsec_nanos() == 0 => u32::try_from(span.as_secs()).ok(),
        Value::Text(text) => own.value_number(text).or_else(|| text.parse().ok()),
        other => shown(other)?.parse().ok(),
    }
}

fn address<A: std::str::FromStr>(value: &Value) -> Option<A> {
    shown(value)?.parse().ok()
}
