//! Breaks a message on purpose. Nothing here keeps a message legal.
//!
//! Every function leaves a message as it is where it lacks what was to be changed, and says so. AVPs
//! are those outside of groups, but for [`AvpPath`], which reaches into them.

mod corruption;
mod path;

pub use corruption::{CATALOGUE, Corruption};
pub use path::{AvpPath, place};
pub use tollgate_wire::corruption::{CorruptionError, Entry};

use crate::builder::write_avp;
use crate::{AvpCode, AvpFlags};

/// Where the length stands, three octets.
const LENGTH_AT: usize = 1;
/// Where the command flags stand.
const FLAGS_AT: usize = 4;
/// Where the flags of an AVP stand behind its start.
const AVP_FLAGS_AT: usize = 4;
/// Where the length of an AVP stands behind its start, three octets.
const AVP_LENGTH_AT: usize = 5;

/// Writes the version.
pub fn set_version(message: &mut [u8], version: u8) -> bool {
    overwrite(message, 0, &[version])
}

/// Writes the length, whatever the octets are; its upper octet is lost.
pub fn set_length(message: &mut [u8], length: u32) -> bool {
    overwrite(message, LENGTH_AT, &length.to_be_bytes()[1..])
}

/// Writes the length that the octets have.
pub fn fix_length(message: &mut [u8]) -> bool {
    u32::try_from(message.len()).is_ok_and(|length| set_length(message, length))
}

/// Writes the command flags.
pub fn set_flags(message: &mut [u8], flags: u8) -> bool {
    overwrite(message, FLAGS_AT, &[flags])
}

/// Writes the command, 24 bits.
pub fn set_command(message: &mut [u8], command: u32) -> bool {
    overwrite(message, 5, &command.to_be_bytes()[1..])
}

/// Writes the application.
pub fn set_application(message: &mut [u8], application: u32) -> bool {
    overwrite(message, 8, &application.to_be_bytes())
}

/// Writes the Hop-by-Hop Identifier.
pub fn set_hop_by_hop(message: &mut [u8], identifier: u32) -> bool {
    overwrite(message, 12, &identifier.to_be_bytes())
}

/// Writes the End-to-End Identifier.
pub fn set_end_to_end(message: &mut [u8], identifier: u32) -> bool {
    overwrite(message, 16, &identifier.to_be_bytes())
}

/// Keeps the first `len` octets; the length still announces all.
pub fn truncate(message: &mut Vec<u8>, len: usize) -> bool {
    let shorter = len < message.len();
    message.truncate(len);
    shorter
}

/// Turns the bits of `mask` in the octet at `offset`.
pub fn flip(message: &mut [u8], offset: usize, mask: u8) -> bool {
    message.get_mut(offset).is_some_and(|octet| {
        *octet ^= mask;
        mask != 0
    })
}

/// Appends octets behind the announced length.
pub fn append(message: &mut Vec<u8>, octets: &[u8]) -> bool {
    message.extend_from_slice(octets);
    !octets.is_empty()
}

/// Appends an AVP with these flags; the length follows.
pub fn append_avp(message: &mut Vec<u8>, code: AvpCode, flags: AvpFlags, data: &[u8]) -> bool {
    write_avp(message, code, flags, data);
    fix_length(message)
}

/// Writes the flags of the AVP that `path` reaches.
pub fn set_avp_flags(message: &mut [u8], path: &AvpPath, flags: u8) -> bool {
    place(message, path).is_some_and(|place| overwrite(message, place.start + AVP_FLAGS_AT, &[flags]))
}

/// Writes the length of the AVP that `path` reaches, whatever its data are.
pub fn set_avp_length(message: &mut [u8], path: &AvpPath, len: u32) -> bool {
    place(message, path)
        .is_some_and(|place| overwrite(message, place.start + AVP_LENGTH_AT, &len.to_be_bytes()[1..]))
}

/// Writes other octets as the data of the AVP that `path` reaches; every length around it follows.
pub fn set_avp_data(message: &mut Vec<u8>, path: &AvpPath, data: &[u8]) -> bool {
    let Some(place) = place(message, path) else { return false };
    let mut own = Vec::with_capacity(data.len() + 16);
    write_avp(&mut own, place.code, place.flags, data);
    splice(message, &place, &own)
}

/// Fills the padding of the AVP that `path` reaches with ones; answers `false` where it has none.
pub fn fill_padding(message: &mut [u8], path: &AvpPath) -> bool {
    let Some(place) = place(message, path) else { return false };
    let padding = message.get_mut(place.data_end..place.end).unwrap_or_default();
    padding.fill(0xff);
    !padding.is_empty()
}

/// Takes out the AVP that `path` reaches.
pub fn remove_avp(message: &mut Vec<u8>, path: &AvpPath) -> bool {
    place(message, path).is_some_and(|place| splice(message, &place, &[]))
}

/// Writes the AVP that `path` reaches a second time, behind itself.
pub fn repeat_avp(message: &mut Vec<u8>, path: &AvpPath) -> bool {
    let Some(place) = place(message, path) else { return false };
    let own = message[place.start..place.end].to_vec();
    splice(message, &place, &[&own[..], &own].concat())
}

/// Puts `octets` into the place of an AVP, and changes the length of every group around it and of the
/// message.
fn splice(message: &mut Vec<u8>, place: &path::Place, octets: &[u8]) -> bool {
    let old = place.end - place.start;
    message.splice(place.start..place.end, octets.iter().copied());
    for group in &place.groups {
        let at = group + AVP_LENGTH_AT;
        let Some(field) = message.get(at..at + 3) else { return false };
        let len = usize::from(field[0]) << 16 | usize::from(field[1]) << 8 | usize::from(field[2]);
        let Ok(len) = u32::try_from((len + octets.len()).saturating_sub(old)) else { return false };
        overwrite(message, at, &len.to_be_bytes()[1..]);
    }
    fix_length(message)
}

fn overwrite(message: &mut [u8], at: usize, octets: &[u8]) -> bool {
    message.get_mut(at..at + octets.len()).is_some_and(|place| {
        place.copy_from_slice(octets);
        true
    })
}
