//! Calls within the network and between systems: `deliveries:`, where and how the calls of accounts are delivered, and
//! `interconnection:`, the other systems that hand calls in and take them.
//!
//! What a delivery means for a call is the charging system's, and the SIP server's that asks it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_wire::Text;

use super::load::{digits, reference, word};
use super::numbers::{ACCOUNT, named};
use crate::diagnostics::{Collector, Problem};
use crate::scenario::{Place, read};
use crate::yaml::{Entry, Keys, Node};

/// Where and how calls to an account are delivered.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The account.
    pub account: Text,
    /// Where to; its registered telephones without it.
    pub to: Option<Target>,
    /// `voicemail:` what takes calls that nobody else does.
    pub voicemail: Option<Voicemail>,
    /// `ring:` for how long it is rung.
    pub ring: Option<Duration>,
    /// Where it stands.
    pub place: Place,
}

/// What takes the calls of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `number:`
    Number(Text),
    /// `redirect-server:`
    Server(Contact, Redirects),
    /// `sip-contact:`
    Contact(Contact),
}

/// A static SIP contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its address.
    pub address: IpAddr,
    /// `port:`
    pub port: Option<u16>,
    /// `cld:` the number that is dialled there.
    pub cld: Option<Text>,
}

/// What a redirect server may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirects {
    /// `trusted:` the addresses to which calls may be redirected.
    pub trusted: Vec<IpAddr>,
    /// `untrusted: new_call_authorization`: a call that goes elsewhere is authorized as a new one; without it, it is refused.
    pub new_call_authorization: bool,
}

/// What takes calls that nobody else does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voicemail {
    /// Where it is.
    pub at: Contact,
    /// `when:` after what: words of [`UNREACHED`].
    pub when: Vec<&'static str>,
}

/// After what a voicemail takes calls.
pub const UNREACHED: [&str; 3] = ["busy", "no-answer", "offline"];
/// What is done about a call that is redirected to an address that is not trusted.
pub const UNTRUSTED: [&str; 2] = ["reject", "new_call_authorization"];

/// A system that hands calls in, and takes those to accounts that have moved to it.
#[derive(Debug, Clone)]
pub struct Interconnection {
    /// Its name.
    pub name: Text,
    /// `environment:` its number, which its rate code is made of: ENV2.
    pub environment: u32,
    /// `addresses:` of its SIP servers; calls go to the first.
    pub addresses: Vec<IpAddr>,
    /// `moved:` accounts that have moved to it.
    pub moved: Vec<Text>,
    /// Where it stands.
    pub place: Place,
}

pub(super) fn delivery(
    entry: &Entry,
    accounts: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Delivery> {
    let what = "a delivery";
    let place = collector.place(entry.key.span);
    let account = named(entry, ACCOUNT, accounts, collector);
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let [number, server, contact] = ["number", "redirect-server", "sip-contact"].map(|key| keys.value(key));
    let (port, cld) = (port(&mut keys, collector), cld(&mut keys, collector));
    let trusted = keys.value("trusted").map(|node| addresses(node, "trusted addresses", collector));
    let untrusted = keys.value("untrusted").and_then(|node| {
        let words = [(UNTRUSTED[0], false), (UNTRUSTED[1], true)];
        word(node, "what becomes of a call to another address", &words, collector)
    });
    let voicemail_said = keys.value("voicemail");
    let voicemail = voicemail_said.and_then(|node| voicemail(node, collector));
    let ring = keys.value("ring").and_then(|node| read::span(node, "how long it is rung", collector));
    keys.finish(what, collector);
    let contact_at = |node: &Node, collector: &mut Collector| {
        let address = read::address(node, "an address", collector)?;
        Some(Contact { address, port, cld: cld.clone() })
    };
    let to = match (number, server, contact) {
        (Some(number), None, None) => Some(digits(number, "a number", collector).map(Target::Number)?),
        (None, Some(server), None) => {
            let redirects = Redirects {
                trusted: trusted.clone().unwrap_or_default(),
                new_call_authorization: untrusted.unwrap_or_default(),
            };
            Some(Target::Server(contact_at(server, collector)?, redirects))
        }
        (None, None, Some(contact)) => Some(Target::Contact(contact_at(contact, collector)?)),
        (None, None, None) if voicemail_said.is_some() || ring.is_some() => None,
        _ => {
            collector.push(
                Problem::error(
                    entry.key.span,
                    "calls are delivered to a number, to a redirect server or to a SIP contact",
                )
                .advice("write one of `number:`, `redirect-server:` and `sip-contact:`"),
            );
            return None;
        }
    };
    let redirects = matches!(to, Some(Target::Server(..)));
    if !redirects && (trusted.is_some() || untrusted.is_some()) {
        collector.push(
            Problem::error(entry.key.span, "only a redirect server redirects calls")
                .advice("write `redirect-server:`, or leave `trusted:` and `untrusted:` out"),
        );
    }
    if !matches!(to, Some(Target::Server(..) | Target::Contact(_))) && (port.is_some() || cld.is_some()) {
        collector.error(entry.key.span, "`port:` and `cld:` are of a `redirect-server:` or a `sip-contact:`");
    }
    Some(Delivery { account: account?, to, voicemail, ring, place })
}

fn voicemail(node: &Node, collector: &mut Collector) -> Option<Voicemail> {
    let what = "a voicemail";
    let mut keys = Keys::of(node, what, collector)?;
    let address =
        keys.need("at", what, collector).and_then(|node| read::address(node, "an address", collector));
    let (port, cld) = (port(&mut keys, collector), cld(&mut keys, collector));
    let words = UNREACHED.map(|name| (name, name));
    let when = keys.value("when").map_or_else(
        || UNREACHED.to_vec(),
        |node| {
            let items = read::items(node, "reasons", collector);
            items
                .iter()
                .filter_map(|item| word(item, "after what it takes calls", &words, collector))
                .collect()
        },
    );
    keys.finish(what, collector);
    Some(Voicemail { at: Contact { address: address?, port, cld }, when })
}

fn port(keys: &mut Keys<'_>, collector: &mut Collector) -> Option<u16> {
    let node = keys.value("port")?;
    read::whole(node, "a port", (1, i64::from(u16::MAX)), collector)
}

/// What is dialled: digits, * and #.
fn cld(keys: &mut Keys<'_>, collector: &mut Collector) -> Option<Text> {
    let node = keys.value("cld")?;
    let text = read::text(node, "a number", collector)?;
    if text.is_empty() || !text.bytes().all(|key| key.is_ascii_digit() || matches!(key, b'*' | b'#')) {
        collector.error(node.span, "a number is made of digits, * and #");
        return None;
    }
    Some(text)
}

fn addresses(node: &Node, what: &str, collector: &mut Collector) -> Vec<IpAddr> {
    let items = read::items(node, what, collector);
    items.iter().filter_map(|item| read::address(item, "an address", collector)).collect()
}

pub(super) fn interconnection(
    entry: &Entry,
    accounts: &BTreeSet<&str>,
    collector: &mut Collector,
) -> Option<Interconnection> {
    let what = "an interconnection";
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let environment = keys.need("environment", what, collector).and_then(|node| {
        read::whole(node, "the number of an environment", (1, i64::from(u32::MAX)), collector)
    });
    let said = keys.need("addresses", what, collector);
    let addresses =
        said.map_or_else(Vec::new, |node| addresses(node, "the addresses of SIP servers", collector));
    let moved = keys.value("moved").map_or_else(Vec::new, |node| {
        let items = read::items(node, "accounts", collector);
        items.iter().filter_map(|item| reference(item, ACCOUNT, accounts, collector)).collect()
    });
    keys.finish(what, collector);
    if addresses.is_empty() {
        if let Some(node) = said {
            collector.error(node.span, "a system without a SIP server takes no calls");
        }
        return None;
    }
    Some(Interconnection { name: name?, environment: environment?, addresses, moved, place })
}
