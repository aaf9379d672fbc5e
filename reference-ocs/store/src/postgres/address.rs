//! The address of a database, and how its server is to be trusted: `sslmode` and `sslrootcert` as the clients of
//! PostgreSQL know them.
//!
//! | `sslmode` | what is done |
//! |---|---|
//! | `disable` | no TLS |
//! | `prefer`, or none | TLS where the server has it; nobody is checked |
//! | `require` | TLS; nobody is checked, unless there is a `sslrootcert` |
//! | `verify-ca` | TLS; the server's certificate comes from `sslrootcert` |
//! | `verify-full` | TLS; and it is for the name that the address says |

use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::PostgresError;

/// How far a server is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Not at all.
    Anybody,
    /// Its certificate comes from one that is trusted.
    Chain,
    /// And it is for the server's name.
    Name,
}

/// Where a database is.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
    pub(super) roots: Option<PathBuf>,
}

impl Address {
    /// Reads an address: a URL, or words like `host=… dbname=…`.
    pub(super) fn parse(text: &str) -> Result<Self, PostgresError> {
        let (mut mode, mut roots) = (None, None);
        let mut take = |name: &str, value: &str| match name {
            "sslmode" => {
                mode = Some(value.to_owned());
                true
            }
            "sslrootcert" => {
                roots = Some(PathBuf::from(value));
                true
            }
            _ => false,
        };
        let rest = if text.contains("://") {
            let (front, query) = text.split_once('?').unwrap_or((text, ""));
            let kept = query.split('&').filter(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                !pair.is_empty() && !take(name, value)
            });
            let kept: Vec<&str> = kept.collect();
            if kept.is_empty() { front.to_owned() } else { format!("{front}?{}", kept.join("&")) }
        } else {
            let kept = text.split_whitespace().filter(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                !take(name, value)
            });
            kept.collect::<Vec<_>>().join(" ")
        };
        let mut config = Config::from_str(&rest).map_err(|error| PostgresError::Address(said(&error)))?;
        let (ssl, trust) = match mode.as_deref() {
            None | Some("prefer") => (SslMode::Prefer, Trust::Anybody),
            Some("disable") => (SslMode::Disable, Trust::Anybody),
            Some("require") if roots.is_some() => (SslMode::Require, Trust::Chain),
            Some("require") => (SslMode::Require, Trust::Anybody),
            Some("verify-ca") => (SslMode::Require, Trust::Chain),
            Some("verify-full") => (SslMode::Require, Trust::Name),
            Some(other) => {
                return Err(PostgresError::Address(format!(
                    "sslmode '{other}' is none of disable, prefer, require, verify-ca, verify-full"
                )));
            }
        };
        if trust != Trust::Anybody && roots.is_none() {
            return Err(PostgresError::Address(
                "sslmode verify-ca and verify-full need sslrootcert, the file of the certificates to be trusted"
                    .to_owned(),
            ));
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(PostgresError::Address("it names no host".to_owned()));
        }
        config.ssl_mode(ssl);
        Ok(Self { config, trust, roots })
    }

    /// The servers that are tried, without anything secret.
    pub(super) fn servers(&self) -> String {
        let ports = self.config.get_ports();
        let named = self.config.get_hosts().iter().enumerate().map(|(place, host)| {
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
            }
        });
        let named: Vec<String> = named.collect();
        if !named.is_empty() {
            return named.join(", ");
        }
        let addresses = self.config.get_hostaddrs().iter();
        addresses.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn user(&self) -> &str {
        self.config.get_user().unwrap_or("of this process")
    }

    pub(super) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }
}

/// An error with its source, which the library leaves to be asked for.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        Address::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_modes_of_tls_are_read() {
        let read = |text: &str| {
            let address = Address::parse(text).unwrap();
            (address.config.get_ssl_mode(), address.trust)
        };
        let url = |query: &str| format!("postgres://u:p@h/d{query}");
        assert_eq!(read(&url("")), (SslMode::Prefer, Trust::Anybody));
        assert_eq!(read(&url("?sslmode=disable")), (SslMode::Disable, Trust::Anybody));
        assert_eq!(read(&url("?sslmode=require&connect_timeout=3")), (SslMode::Require, Trust::Anybody));
        assert_eq!(read(&url("?sslmode=require&sslrootcert=ca.pem")), (SslMode::Require, Trust::Chain));
        assert_eq!(read(&url("?sslrootcert=ca.pem&sslmode=verify-full")), (SslMode::Require, Trust::Name));
        let words = "host=h dbname=d sslmode=verify-ca sslrootcert=ca.pem";
        assert_eq!(read(words), (SslMode::Require, Trust::Chain));
    }

    #[test]
    fn an_address_that_is_wrong_is_refused_with_its_reason_and_without_its_password() {
        assert!(why("postgres://u:s3cret@h/d?sslmode=verify-full").contains("need sslrootcert"));
        assert!(why("postgres://u:s3cret@h/d?sslmode=yes").contains("'yes' is none of disable"));
        assert!(why("postgres:///d").contains("names no host"));
        assert!(why("postgres://u:s3cret@h:many/d").contains("write it as postgres://"));
        for wrong in ["postgres://u:s3cret@h:many/d", "postgres://u:s3cret@h/d?sslmode=yes"] {
            assert!(!why(wrong).contains("s3cret"), "{}", why(wrong));
        }
    }

    #[test]
    fn servers_are_named_with_their_ports() {
        let servers = |text: &str| Address::parse(text).unwrap().servers();
        assert_eq!(servers("postgres://u@one:6000,two:6001/d"), "one:6000, two:6001");
        assert_eq!(servers("host=/tmp user=u"), "/tmp/.s.PGSQL.5432");
    }
}
