//! Breaks a packet on purpose. Nothing here keeps a packet legal or signed: [`crate::sign`] signs it
//! anew where only the fault itself is to be seen.
//!
//! Every function leaves a packet as it is where it lacks what was to be changed, and says so.

mod corruption;

pub use corruption::{CATALOGUE, Corruption};
pub use tollgate_wire::corruption::{CorruptionError, Entry};

use crate::{Packet, attribute};

/// Where the Length stands.
const LENGTH_AT: usize = 2;
/// Where the authenticator stands.
const AUTHENTICATOR_AT: usize = 4;

/// Writes the code.
pub fn set_code(packet: &mut [u8], code: u8) -> bool {
    overwrite(packet, 0, &[code])
}

/// Writes the identifier.
pub fn set_identifier(packet: &mut [u8], identifier: u8) -> bool {
    overwrite(packet, 1, &[identifier])
}

/// Writes the Length, whatever the octets are.
pub fn set_length(packet: &mut [u8], length: u16) -> bool {
    overwrite(packet, LENGTH_AT, &length.to_be_bytes())
}

/// Writes the Length that the octets have.
pub fn fix_length(packet: &mut [u8]) -> bool {
    u16::try_from(packet.len()).is_ok_and(|length| set_length(packet, length))
}

/// Writes the authenticator.
pub fn set_authenticator(packet: &mut [u8], authenticator: &[u8; 16]) -> bool {
    overwrite(packet, AUTHENTICATOR_AT, authenticator)
}

/// Turns every bit of the authenticator.
pub fn flip_authenticator(packet: &mut [u8]) -> bool {
    let Some(own) = packet.get_mut(AUTHENTICATOR_AT..AUTHENTICATOR_AT + 16) else { return false };
    own.iter_mut().for_each(|octet| *octet = !*octet);
    true
}

/// Keeps the first `len` octets; the Length still announces all.
pub fn truncate(packet: &mut Vec<u8>, len: usize) -> bool {
    let shorter = len < packet.len();
    packet.truncate(len);
    shorter
}

/// Turns the bits of `mask` in the octet at `offset`.
pub fn flip(packet: &mut [u8], offset: usize, mask: u8) -> bool {
    packet.get_mut(offset).is_some_and(|octet| {
        *octet ^= mask;
        mask != 0
    })
}

/// Appends octets behind the announced Length.
pub fn append(packet: &mut Vec<u8>, octets: &[u8]) -> bool {
    packet.extend_from_slice(octets);
    !octets.is_empty()
}

/// Writes the length octet of the first attribute of this number, whatever its value is.
pub fn set_attribute_length(packet: &mut [u8], number: u8, len: u8) -> bool {
    find(packet, number).is_some_and(|(at, _)| overwrite(packet, at + 1, &[len]))
}

/// Writes the value of the first attribute of this number, which keeps its place.
pub fn set_attribute_value(packet: &mut Vec<u8>, number: u8, value: &[u8]) -> bool {
    let (Some((at, end)), Ok(len)) = (find(packet, number), u8::try_from(value.len() + 2)) else {
        return false;
    };
    packet.splice(at..end, [number, len].into_iter().chain(value.iter().copied()));
    fix_length(packet)
}

/// Takes out the first attribute of this number.
pub fn remove_attribute(packet: &mut Vec<u8>, number: u8) -> bool {
    let Some((at, end)) = find(packet, number) else { return false };
    packet.drain(at..end);
    fix_length(packet)
}

/// Writes the first attribute of this number a second time, at the end.
pub fn repeat_attribute(packet: &mut Vec<u8>, number: u8) -> bool {
    let Some((at, end)) = find(packet, number) else { return false };
    packet.extend_from_within(at..end);
    fix_length(packet)
}

/// Moves the first attribute of this number to the end.
pub fn move_to_end(packet: &mut Vec<u8>, number: u8) -> bool {
    repeat_attribute(packet, number) && remove_attribute(packet, number)
}

/// Writes the inner length of the first Vendor-Specific of `vendor`, so that its body cannot be read.
pub fn set_vendor_length(packet: &mut [u8], vendor: u32, len: u8) -> bool {
    let Ok(view) = Packet::parse(packet) else { return false };
    let own = view.all(attribute::VENDOR_SPECIFIC).find(|own| own.value.starts_with(&vendor.to_be_bytes()));
    // Number, length, vendor, inner number, inner length.
    own.map(|own| own.offset).is_some_and(|at| overwrite(packet, at + 7, &[len]))
}

/// Where the first attribute of this number starts and ends.
fn find(packet: &[u8], number: u8) -> Option<(usize, usize)> {
    let view = Packet::parse(packet).ok()?;
    view.all(number).next().map(|own| (own.offset, own.offset + 2 + own.value.len()))
}

fn overwrite(packet: &mut [u8], at: usize, octets: &[u8]) -> bool {
    packet.get_mut(at..at + octets.len()).is_some_and(|place| {
        place.copy_from_slice(octets);
        true
    })
}
