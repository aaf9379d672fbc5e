//! Why a database cannot be used.

use std::path::PathBuf;

use tokio_postgres::error::SqlState;
use tollgate_ocs_core::RecordError;

use super::address::{Address, said};
use crate::encoding::FORMAT_VERSION;

/// A database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The address cannot be read.
    #[error(
        "this is no address of a database: {0}; write it as \
         postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=ca.pem"
    )]
    Address(String),
    /// The certificates that are to be trusted.
    #[error("the certificates in {} cannot be used: {}; sslrootcert names a file in PEM", .0.display(), .1)]
    Roots(PathBuf, String),
    /// Nobody answers.
    #[error("no server of PostgreSQL answers at {servers}: {why}; start it, or correct the address")]
    NoServer {
        /// Those that were tried.
        servers: String,
        /// What the machine said.
        why: String,
    },
    /// The server cannot speak in secret, or is not the one that is trusted.
    #[error(
        "the server at {servers} is not reached by TLS: {why}; see sslmode and sslrootcert of the address"
    )]
    Tls {
        /// Those that were tried.
        servers: String,
        /// What went wrong.
        why: String,
    },
    /// A wrong user or password.
    #[error(
        "the server at {servers} does not let user '{user}' in: {why}; correct user and password in the address"
    )]
    NotLetIn {
        /// Those that were tried.
        servers: String,
        /// The user.
        user: String,
        /// What the server said.
        why: String,
    },
    /// No such database.
    #[error("the server at {servers} has no database '{database}'; make it with: createdb {database}")]
    NoDatabase {
        /// Those that were tried.
        servers: String,
        /// The database.
        database: String,
    },
    /// The user may not make tables.
    #[error(
        "user '{user}' may not make the tables of the store in database '{database}': {why}; let its owner say: GRANT \
         CREATE, USAGE ON SCHEMA public TO {user}"
    )]
    NoRights {
        /// The user.
        user: String,
        /// The database.
        database: String,
        /// What the server said.
        why: String,
    },
    /// What the server, or the way to it, said.
    #[error("PostgreSQL: {}", said(.0))]
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

impl PostgresError {
    /// Why nobody could connect.
    pub(super) fn of_connecting(error: tokio_postgres::Error, address: &Address) -> Self {
        let servers = address.servers();
        match error.code() {
            Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                let user = address.user().to_owned();
                Self::NotLetIn { servers, user, why: said(&error) }
            }
            Some(&SqlState::INVALID_CATALOG_NAME) => {
                Self::NoDatabase { servers, database: address.database().to_owned() }
            }
            Some(_) => Self::Server(error),
            // The library tells these apart by their words alone.
            None => {
                let why = said(&error);
                if why.contains("TLS") {
                    Self::Tls { servers, why }
                } else if why.contains("password missing") || why.contains("authentication") {
                    Self::NotLetIn { servers, user: address.user().to_owned(), why }
                } else {
                    Self::NoServer { servers, why }
                }
            }
        }
    }

    /// What went wrong when tables were made.
    pub(super) fn of_making(self, address: &Address) -> Self {
        match self {
            Self::Server(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                Self::NoRights {
                    user: address.user().to_owned(),
                    database: address.database().to_owned(),
                    why: said(&error),
                }
            }
            other => other,
        }
    }
}

impl From<PostgresError> for RecordError {
    fn from(error: PostgresError) -> Self {
        Self::Failed(error.to_string())
    }
}
