//! What a kind of peer publishes about itself: its settings, verbs and sights. The check before a run,
//! the editor's schema and `tollgate explain` all come from these tables.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_wire::{Fields, Naming, Text};

use crate::{Peer, Transport};

/// One kind of peer: what `is:` names in a scenario.
#[derive(Debug, Clone, Copy)]
pub struct PeerKind {
    /// The word behind `is:`: `nas`.
    pub name: &'static str,
    /// One sentence on what it simulates.
    pub about: &'static str,
    /// Whether it is a client of charging systems: its address must be a node of the world then.
    pub client: bool,
    /// Keys beside `is:` and `at:`.
    pub settings: &'static [Arg],
    /// What it can be asked to do.
    pub verbs: &'static [Verb],
    /// What it observes.
    pub sights: &'static [Sight],
    /// Makes one.
    pub build: fn(Setup) -> Result<Box<dyn Peer>, SetupError>,
}

/// What a new peer is told.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its name in the scenario.
    pub name: Text,
    /// Its own address (`at:`).
    pub address: IpAddr,
    /// The charging systems that it knows, the preferred one first.
    pub servers: Vec<Server>,
    /// The Diameter nodes of the charging systems that it knows, the preferred one first.
    pub diameter: Vec<DiameterServer>,
    /// Every charging system of the scenario, as one that dispatches among them knows it; the first is the one that scenarios
    /// call `ocs`. Sites of one system are one system.
    pub systems: Vec<KnownSystem>,
    /// The settings, checked against [`PeerKind::settings`], defaults filled in.
    pub settings: Fields,
    /// For whatever it draws by chance; the same seed draws the same.
    pub seed: u64,
    /// Whether anybody reads its observations. A load run switches them off.
    pub observe: bool,
}

/// A charging system as its client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub address: IpAddr,
    /// UDP port of access requests (1812).
    pub auth_port: u16,
    /// UDP port of accounting requests (1813).
    pub acct_port: u16,
    /// The shared secret of client and server.
    pub secret: Text,
}

/// A charging system as its Diameter clients know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiameterServer {
    /// Its Origin-Host.
    pub host: Text,
    /// Its Origin-Realm.
    pub realm: Text,
    /// Its address.
    pub address: IpAddr,
    /// Its port (3868).
    pub port: u16,
    /// What carries connections to it.
    pub over: Transport,
}

/// A charging system as those who dispatch among several know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSystem {
    /// Its name in the scenario: `ocs`, `target`.
    pub name: Text,
    /// The number of its billing environment (`i_env`).
    pub environment: Option<u32>,
    /// Its addresses, those of its first site first.
    pub addresses: Vec<IpAddr>,
    /// Its RADIUS servers, with the secret that the system shares with this peer; none where it knows no such client.
    pub servers: Vec<Server>,
    /// Its Diameter nodes.
    pub diameter: Vec<DiameterServer>,
    /// The accounts, aliases and numbers (DIDs) that belong to it when the run begins.
    pub numbers: Arc<[Text]>,
}

/// Why a peer could not be made: a lowercase phrase about its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub String);

/// One verb: `<peer>.<verb>:` in a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    /// Its name.
    pub name: &'static str,
    /// One sentence on what happens.
    pub about: &'static str,
    /// Its arguments.
    pub args: &'static [Arg],
    /// The argument that a bare value fills: `ivr.dial: "123#"`.
    pub main: Option<&'static str>,
}

/// One argument of a verb, or one setting of a peer.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub kind: ArgKind,
    /// Whether it must be there.
    pub need: Need,
    /// One sentence, with unit.
    pub about: &'static str,
}

/// Whether an argument must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be left out, and is absent then.
    Optional,
    /// It may be left out, and is read from this text then.
    Default(&'static str),
}

/// What may stand as an argument, and what [`tollgate_wire::Value`] it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// Any text; an unquoted number is refused with the advice to quote it. `Text`.
    Text,
    /// A whole number within bounds. `Integer`.
    Integer {
        /// The smallest allowed.
        min: i64,
        /// The largest allowed.
        max: i64,
    },
    /// A decimal number. `Decimal`.
    Decimal,
    /// An amount with its currency: `10.00 CAD`. `Money`.
    Money,
    /// A span with its unit: `90s`, `200ms`, `5min`. `Span`.
    Span,
    /// A point in time, RFC 3339. `Time`.
    Time,
    /// An IP address. `Address`.
    Address,
    /// `true` or `false`. `Flag`.
    Flag,
    /// One of these words. `Text`.
    Choice(&'static [&'static str]),
    /// Several of one kind. `List`.
    List(&'static ArgKind),
    /// Names and values of a message, as `with:` takes them. `Group`, repeated names allowed
    /// as a YAML list.
    Fields(&'static Vocabulary),
}

/// The names that a protocol has for fields, so that a misspelt one is found before the run.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// A field as `with:` has it: `{ User-Name: "…" }`.
    pub example: &'static str,
    /// What is known of a field that stands in these others, the outermost first.
    pub naming: fn(&[&str], &str) -> Naming,
    /// All names that may stand there, those that belong there first; to suggest the nearest one.
    pub names: fn(&[&str]) -> Vec<&'static str>,
    /// Where the text of this field is a name and a value by itself: the field that it stands in then, and its name.
    pub pair: for<'t> fn(&str, &'t str) -> Option<(&'static str, &'t str)>,
}

impl PartialEq for Vocabulary {
    /// Each protocol has one.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Vocabulary {}

/// One kind of observation.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// Its name: `Access-Accept`, `prompt`.
    pub name: &'static str,
    /// One sentence on when it is seen.
    pub about: &'static str,
    /// The field that `is:` in an expectation compares: `expect: { ivr: prompt, is: enter-card-number }`.
    pub subject: Option<&'static str>,
    /// The fields that it may have.
    pub fields: FieldNames,
}

/// The names that a field of an observation may have.
#[derive(Debug, Clone, Copy)]
pub enum FieldNames {
    /// Exactly these, each with one sentence.
    Fixed(&'static [(&'static str, &'static str)]),
    /// Those of a protocol's dictionary.
    Dictionary {
        /// Whether a field of the message may have this name (first step of a dotted path).
        known: fn(&str) -> bool,
        /// All names, to suggest the nearest one and to complete in an editor.
        all: fn() -> Vec<&'static str>,
    },
    /// Those of a message of this protocol, and in its groups theirs.
    Message(&'static Vocabulary),
}

impl PeerKind {
    /// The verb of this name.
    #[must_use]
    pub fn verb(&self, name: &str) -> Option<&'static Verb> {
        self.verbs.iter().find(|verb| verb.name == name)
    }

    /// The sight of this name.
    #[must_use]
    pub fn sight(&self, name: &str) -> Option<&'static Sight> {
        self.sights.iter().find(|sight| sight.name == name)
    }
}

impl FieldNames {
    /// Whether a field may have this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::Fixed(names) => names.iter().any(|(own, _)| *own == name),
            Self::Dictionary { known, .. } => known(name),
            Self::Message(own) => (own.naming)(&[], name) != Naming::Unknown,
        }
    }

    /// All names.
    #[must_use]
    pub fn all(&self) -> Vec<&'static str> {
        match self {
            Self::Fixed(names) => names.iter().map(|(name, _)| *name).collect(),
            Self::Dictionary { all, .. } => all(),
            Self::Message(own) => (own.names)(&[]),
        }
    }
}
