//! Why a database cannot be used.

use std::error::Error as _;

use tollgate_ocs_core::RecordError;

use crate::encoding::FORMAT_VERSION;

/// A database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// What the server, or the way to it, said.
    #[error("PostgreSQL: {}", whole(.0))]
    Server(#[from] tokio_postgres::Error),
    /// This machine.
    #[error("the client of PostgreSQL cannot be started: {0}")]
    Start(#[from] std::io::Error),
    /// Migrations that this program does not know.
    #[error(
        "the database has {found} migrations, and this program knows {known}; use the version of tollgate that made it"
    )]
    Newer {
        /// Those that were made.
        found: i32,
        /// Those that are known.
        known: i32,
    },
    /// Another encoding.
    #[error(
        "the database's commands have format {found}, and this program reads format {FORMAT_VERSION}; open it with the \
         version of tollgate that wrote it, or begin a new database"
    )]
    OtherVersion {
        /// Its format.
        found: i32,
    },
    /// Same version, other fields.
    #[error(
        "the database was written by another build of tollgate, whose commands have other fields; open it with that build"
    )]
    OtherShape,
    /// Another world's.
    #[error(
        "the database belongs to another world file; start with the one that it was begun with, or begin a new one"
    )]
    OtherWorld,
    /// Something in it cannot be read.
    #[error("the database is damaged at entry {0}: it is missing, or cannot be read; restore it from a copy")]
    Damaged(i64),
}

/// What the library leaves to its source, too.
fn whole(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

impl From<PostgresError> for RecordError {
    fn from(error: PostgresError) -> Self {
        Self::Failed(error.to_string())
    }
}
