//! `api:` how the charging system speaks HTTP, and to whom; `identifiers:` which numbers it gives away.

use tollgate_wire::Text;

use super::load::word;
use crate::diagnostics::{Collector, Problem};
use crate::scenario::read;
use crate::yaml::{Keys, Node};

/// TCP port of the interface where none is said; the documents' own is 443, with TLS.
pub const PORT: u16 = 8080;

/// `api:` of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// `port:` where it listens at each of its addresses.
    pub port: u16,
    /// `users:` administrators' logins with their passwords.
    pub users: Vec<(Text, Text)>,
}

/// Which numbers a system gives to customers, accounts and xDRs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identifiers {
    /// All of them.
    #[default]
    All,
    /// `odd`: a source system.
    Odd,
    /// `even`: a target system.
    Even,
}

pub(super) fn read(node: &Node, collector: &mut Collector) -> Option<Api> {
    let mut keys = Keys::of(node, "`api:`", collector)?;
    let port = keys
        .value("port")
        .and_then(|node| read::whole::<u16>(node, "a port", (1, i64::from(u16::MAX)), collector));
    let users = keys.value("users").map_or_else(Vec::new, |node| {
        let entries = read::entries(node, "`users:`", collector);
        let user = |entry: &crate::yaml::Entry, collector: &mut Collector| {
            let login = read::name(entry, collector)?;
            let password = read::text(&entry.value, "a password", collector)?;
            if password.is_empty() {
                collector.push(
                    Problem::error(entry.value.span, "the password is empty")
                        .advice("give each user one: `users: { porter: secret }`"),
                );
            }
            Some((login, password))
        };
        entries.iter().filter_map(|entry| user(entry, collector)).collect()
    });
    keys.finish("`api:`", collector);
    Some(Api { port: port.unwrap_or(PORT), users })
}

pub(super) fn identifiers(node: &Node, collector: &mut Collector) -> Option<Identifiers> {
    let words = [("all", Identifiers::All), ("odd", Identifiers::Odd), ("even", Identifiers::Even)];
    word(node, "which identifiers a system gives", &words, collector)
}
