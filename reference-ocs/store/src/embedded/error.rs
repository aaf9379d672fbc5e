//! Why a store in a folder cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

use tollgate_ocs_core::RecordError;

use crate::encoding::FORMAT_VERSION;

/// A store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("{} is in use by another process; stop that one first, or name another folder", .0.display())]
    InUse(PathBuf),
    /// Not a file of a store.
    #[error("{} is not a file of a tollgate store; move it out of the folder", .0.display())]
    Foreign(PathBuf),
    /// Another version's.
    #[error(
        "{} has format {found}, and this program reads format {FORMAT_VERSION}; open it with the version of tollgate \
         that wrote it, or begin a new folder", path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Same version, other fields: a build between two versions wrote it.
    #[error(
        "{} was written by another build of tollgate, whose commands have other fields; open it with that build, or \
         begin a new folder", .0.display()
    )]
    OtherShape(PathBuf),
    /// Another world's.
    #[error(
        "{} belongs to another world file; start with the one that it was begun with, or begin a new folder",
        .0.display()
    )]
    OtherWorld(PathBuf),
    /// Something that was stored once cannot be read any more.
    #[error("{} is damaged at octet {at}: {what}; restore the folder from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: usize,
        /// In which way.
        what: &'static str,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl From<OpenError> for RecordError {
    fn from(error: OpenError) -> Self {
        Self::Failed(error.to_string())
    }
}
