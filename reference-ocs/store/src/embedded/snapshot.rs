//! States that were kept, so that a start need not apply every command since the beginning.
//!
//! A state is a shortcut and never the only copy: the log keeps every command. One that cannot be read is passed over
//! for the one before it, or for the beginning.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tollgate_ocs_core::{Ocs, StoredState};

use super::error::OpenError;
use super::header::{HEADER, Header, Kind};
use super::segment::sync_folder;
use crate::encoding::World;

/// How many are kept.
const KEPT: usize = 2;
/// The name of the one that is being written.
pub(super) const NEXT: &str = "next-state";

/// The name of the state at a position; names sort as positions do.
pub(super) fn name(position: u64) -> String {
    format!("state-{position:020}")
}

/// A state in octets, to be written by somebody who need not stop the core for it.
#[derive(Debug)]
pub(super) struct Snapshot {
    header: Header,
    body: Vec<u8>,
}

impl Snapshot {
    pub(super) fn of(ocs: &Ocs, world: World, position: u64) -> Result<Self, postcard::Error> {
        let body = postcard::to_stdvec(&ocs.state())?;
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let body_of = (length, crc32fast::hash(&body));
        Ok(Self { header: Header { kind: Kind::State, world, position, body: body_of }, body })
    }

    /// Writes it beside the others, and removes those that are too old.
    pub(super) fn write(&self, folder: &Path) -> Result<(), OpenError> {
        let (next, path) = (folder.join(NEXT), folder.join(name(self.header.position)));
        let written = || {
            let mut file = File::create(&next)?;
            file.write_all(&self.header.octets())?;
            file.write_all(&self.body)?;
            file.sync_all()?;
            std::fs::rename(&next, &path)
        };
        written().map_err(OpenError::io(&path))?;
        sync_folder(folder)?;
        let kept = all(folder)?;
        for old in kept.iter().rev().skip(KEPT) {
            std::fs::remove_file(old).map_err(OpenError::io(old))?;
        }
        Ok(())
    }
}

/// The states of a folder, the oldest first.
pub(super) fn all(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let listed = || {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("state-"))
            {
                found.push(path);
            }
        }
        found.sort();
        Ok::<_, io::Error>(found)
    };
    listed().map_err(OpenError::io(folder))
}

/// The state in a file; `None` when it was written incompletely or by a build with another state.
///
/// # Errors
/// It belongs to another world, or is no file of ours.
pub(super) fn read(path: &Path, world: World) -> Result<Option<(Header, StoredState)>, OpenError> {
    let octets = std::fs::read(path).map_err(OpenError::io(path))?;
    let header = match Header::read(path, &octets, Kind::State, world) {
        Ok(header) => header,
        // The log has it all, and is asked for its own version.
        Err(OpenError::OtherVersion { .. } | OpenError::OtherShape(_) | OpenError::Damaged { .. }) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let body = &octets[HEADER..];
    let whole = header.body == (u64::try_from(body.len()).unwrap_or(u64::MAX), crc32fast::hash(body));
    if !whole {
        return Ok(None);
    }
    Ok(postcard::take_from_bytes(body)
        .ok()
        .filter(|(_, rest)| rest.is_empty())
        .map(|(state, _)| (header, state)))
}
