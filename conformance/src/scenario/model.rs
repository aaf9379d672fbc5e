//! A scenario that has been checked: every name is known, every value has its type, every sequence,
//! repetition and matrix is written out. Nothing here can be wrong any more but the system under test.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tollgate_network::{Impairment, PeerKind, Verb};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Path, Text, Value};

use crate::world::World;

/// One run of one scenario file; a `matrix:` makes several of one file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file.
    pub path: PathBuf,
    /// Its `scenario:` line.
    pub name: Text,
    /// The combination of the matrix that this run is, `loss=5%, seed-group=2`; empty without a matrix.
    pub variant: Text,
    /// Requirements that it covers, each known to the catalogue.
    pub covers: Vec<Text>,
    /// Words to select it by.
    pub tags: Vec<Text>,
    /// The virtual wall clock at its first step.
    pub starts: Instant,
    /// Whether an observation that nobody expected fails it.
    pub strict: bool,
    /// Whether it asserts times that only a virtual clock keeps (`exact-times:`); a target on a real clock skips it.
    pub exact_times: bool,
    /// Its own seed (`seed:`), used unless the command line gives one.
    pub seed: Option<u64>,
    /// How all links behave from the start (`network:`).
    pub network: Impairment,
    /// What exists before the run.
    pub world: Arc<World>,
    /// The peers beside the system under test, in the order of the file.
    pub peers: Vec<PeerSpec>,
    /// What happens.
    pub steps: Vec<Step>,
    /// What must be true in the end.
    pub finally: Finally,
    /// The version of the system that it runs on (`versions:`); empty without versions.
    pub version: Text,
    /// The same on the other version, and what may differ.
    pub twin: Option<Arc<Twin>>,
    /// What its steps are drawn from, where it has `random:` steps; [`Scenario::drawn`] writes them out, and until then
    /// the steps are those beside the draws.
    pub origin: Option<Arc<super::Origin>>,
}

impl Scenario {
    /// It, and the same on the other version.
    pub fn both(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.twin.as_ref().map(|twin| &twin.other))
    }

    /// The world of a charging system: of one of several sites that of the system; `None` for any other peer.
    #[must_use]
    pub fn world_of(&self, who: Who) -> Option<&Arc<World>> {
        match who {
            Who::System => Some(&self.world),
            Who::Peer(place) => match self.peers.get(place)?.system.as_ref()? {
                FurtherSystem::Own(world) => Some(world),
                // A site is of a system and not of a site, as the check has seen to.
                FurtherSystem::SiteOf(Who::System) => Some(&self.world),
                FurtherSystem::SiteOf(Who::Peer(place)) => match self.peers.get(*place)?.system.as_ref()? {
                    FurtherSystem::Own(world) => Some(world),
                    FurtherSystem::SiteOf(_) => None,
                },
            },
        }
    }

    /// Every charging system and site: the system under test, then the further ones in the order of the file.
    pub fn systems(&self) -> impl Iterator<Item = Who> {
        let further = self.peers.iter().enumerate().filter(|(_, peer)| peer.system.is_some());
        std::iter::once(Who::System).chain(further.map(|(place, _)| Who::Peer(place)))
    }

    /// A system with its other sites, itself first.
    #[must_use]
    pub fn sites_of(&self, system: Who) -> Vec<Who> {
        let site = |who: &Who| match who {
            Who::System => false,
            Who::Peer(place) => self
                .peers
                .get(*place)
                .is_some_and(|peer| matches!(peer.system, Some(FurtherSystem::SiteOf(own)) if own == system)),
        };
        std::iter::once(system).chain(self.systems().filter(site)).collect()
    }

    /// Whose client a peer is, the preferred one first.
    #[must_use]
    pub fn servers_of(&self, peer: &PeerSpec) -> Vec<Who> {
        if peer.systems.is_empty() { self.sites_of(Who::System) } else { peer.systems.clone() }
    }

    /// How long its `wait:` steps let pass, to the second.
    #[must_use]
    pub fn waits(&self) -> Duration {
        let mut now = self.starts;
        for step in &self.steps {
            match &step.does {
                Deed::WaitFor(span) => now += *span,
                Deed::WaitUntil(at) => now = now.max(*at),
                // What must not come is waited for to the end.
                Deed::Expect(expectation) if expectation.absent => {
                    now += expectation.within.unwrap_or_default();
                }
                Deed::Act { .. } | Deed::Expect(_) | Deed::Fault(_) => {}
            }
        }
        Duration::from_secs((now - self.starts).as_secs())
    }
}

/// A scenario on another version of the system.
#[derive(Debug, Clone)]
pub struct Twin {
    /// The same steps there.
    pub other: Scenario,
    /// What may differ, and must.
    pub differ: Vec<Difference>,
}

/// A declared difference between two versions.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Who observes it.
    pub who: Who,
    /// In what.
    pub sight: &'static tollgate_network::Sight,
    /// In which field; `None` says how often it is observed.
    pub field: Option<Path>,
    /// What it is in the first version.
    pub from: Matcher,
    /// What it is in the second.
    pub to: Matcher,
    /// Why.
    pub why: Text,
    /// Where it is declared.
    pub place: Place,
}

/// A peer of the scenario.
#[derive(Debug, Clone)]
pub struct PeerSpec {
    /// Its name.
    pub name: Text,
    /// Its kind.
    pub kind: &'static PeerKind,
    /// Its address (`at:`); of a further system the first of its world's.
    pub address: IpAddr,
    /// Its settings, defaults filled in.
    pub settings: Fields,
    /// Whose client it is (`system:`), the preferred system first; empty says the system under test with its sites.
    pub systems: Vec<Who>,
    /// What it is where it is a charging system itself (`is: ocs`).
    pub system: Option<FurtherSystem>,
    /// Where it stands.
    pub place: Place,
}

/// A charging system beside the one that scenarios call `ocs`.
#[derive(Debug, Clone)]
pub enum FurtherSystem {
    /// A system of its own (`world:`).
    Own(Arc<World>),
    /// Another site of this one (`site-of:`), at the peer's address.
    SiteOf(Who),
}

/// Who acts or observes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// `ocs`: the system under test.
    System,
    /// A peer, by its place in [`Scenario::peers`].
    Peer(usize),
}

/// A place in a file of the scenario, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<std::path::Path>,
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands (inside a shared sequence: there).
    pub place: Place,
    /// It on one line, as it was written: `ivr.dial: "10086610975#"`.
    pub text: Text,
    /// What it does.
    pub does: Deed,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Deed {
    /// `<peer>.<verb>:` or `world.change:` (which acts on the system under test).
    Act {
        /// Who acts.
        who: Who,
        /// The verb.
        verb: &'static Verb,
        /// Arguments whose values are known. Texts inside their lists and groups may hold `${captures}`;
        /// [`super::template::fill_value`] writes them out.
        args: Fields,
        /// Arguments with `${captures}` in them, to be read when the step runs.
        late: Vec<LateArg>,
        /// Whether it passes too when the peer cannot do it in its present state (`may-refuse:`).
        may_refuse: bool,
    },
    /// `expect:`
    Expect(Expectation),
    /// `wait: 5s`
    WaitFor(Duration),
    /// `wait: { until: 2007-03-09T00:16:18.192-08:00 }`
    WaitUntil(Instant),
    /// `fault:`
    Fault(FaultStep),
}

/// An argument that names captures.
#[derive(Debug, Clone)]
pub struct LateArg {
    /// The argument's declaration.
    pub arg: &'static tollgate_network::Arg,
    /// Its text with `${name}` in it.
    pub template: Text,
}

/// `fault:` with peers still by name; `for:` counts from the step.
#[derive(Debug, Clone)]
pub struct FaultStep {
    /// What goes wrong.
    pub what: FaultKind,
    /// For how long; without it, until the end or a `heal`.
    pub lasts: Option<Duration>,
}

/// The kinds of fault.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// Links behave like this.
    Impair {
        /// Between whom: nobody named means all links, one name all links of that one.
        between: Vec<Who>,
        /// How.
        impairment: Impairment,
    },
    /// Nothing gets through.
    Partition {
        /// Between whom.
        between: Vec<Who>,
    },
    /// Connections are reset.
    Reset {
        /// Between whom.
        between: Vec<Who>,
    },
    /// Links are as at the start.
    Heal,
    /// One stops.
    Crash(Who),
    /// One comes back.
    Restart(Who),
}

/// `expect:`: the oldest unused observation that matches is consumed; else one is waited for.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// Who observes.
    pub who: Who,
    /// What kind of observation.
    pub sight: &'static tollgate_network::Sight,
    /// `is:` compared with the sight's subject.
    pub is: Option<Matcher>,
    /// `where:`
    pub fields: Vec<FieldMatch>,
    /// `within:`, or the target's default.
    pub within: Option<Duration>,
    /// `times:` (1).
    pub times: u32,
    /// `absent: true`: no such observation may come within the bound.
    pub absent: bool,
    /// `capture:` name and path.
    pub capture: Vec<(Text, Path)>,
}

/// One line of a `where:`.
#[derive(Debug, Clone)]
pub struct FieldMatch {
    /// Which field.
    pub path: Path,
    /// What it must be.
    pub matcher: Matcher,
    /// Where the line stands.
    pub place: Place,
}

/// What a value must be.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// Equal.
    Equals(Scalar),
    /// `~regex`, found anywhere in the shown value; the pattern may anchor itself.
    Regex(regex::Regex),
    /// `any`: there, whatever it is.
    Any,
    /// `absent`: not there.
    Absent,
    /// `{ gte: 5 }` and its like; all of them hold.
    Compare(Vec<(Order, Scalar)>),
    /// `{ one-of: [...] }`
    OneOf(Vec<Matcher>),
    /// `{ near: 1373028131, by: 2 }`
    Near(Scalar, Scalar),
    /// `[all, of, these]`: each is matched by another occurrence of the field, in any order.
    All(Vec<Matcher>),
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `lt`
    Less,
    /// `lte` (and the upper end of `between`)
    LessOrEqual,
    /// `gt`
    Greater,
    /// `gte` (and the lower end of `between`)
    GreaterOrEqual,
}

/// A value as it was written, with what it reads as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Quoted text: equals only the very same shown text.
    Text(Text),
    /// An unquoted word, number, money, span, size or time. A number equals a field that shows as a
    /// decimal of the same value (`10.00` equals `10`), a word a field that shows the same.
    Plain {
        /// As written.
        written: Text,
        /// What it reads as.
        value: Value,
    },
    /// Text with `${captures}`, compared as text when it is quoted and as a plain value otherwise.
    Late {
        /// The text.
        template: Text,
        /// Whether it was quoted.
        quoted: bool,
    },
}

/// `finally:`
#[derive(Debug, Clone, Default)]
pub struct Finally {
    /// Balance of an account.
    pub balances: Vec<AccountMatch>,
    /// Reserved money of an account.
    pub reserved: Vec<AccountMatch>,
    /// Exactly these xDRs were written, in this order; `None` when the key is not there.
    pub xdrs: Option<Vec<XdrMatch>>,
    /// Events that were emitted at least once.
    pub events: Vec<(Text, Place)>,
    /// `invariants:` what is true of every run.
    pub invariants: Vec<(Invariant, Place)>,
    /// `systems:` the same of further charging systems.
    pub systems: Vec<(Who, Self)>,
}

/// What is true of every run, whatever was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// Each call and session whose end its client has reported has its xDR, once.
    EveryCallChargedOnce,
    /// No account has gone beyond its limit, but by what its xDRs say.
    WithinLimits,
    /// Nothing is reserved.
    NothingReserved,
    /// Every site of a system shows the same accounts.
    SitesEqual,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::EveryCallChargedOnce, Self::WithinLimits, Self::NothingReserved, Self::SitesEqual];

    /// The word in `invariants:`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EveryCallChargedOnce => "every-call-charged-once",
            Self::WithinLimits => "within-limits",
            Self::NothingReserved => "nothing-reserved",
            Self::SitesEqual => "sites-equal",
        }
    }

    /// What it says.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::EveryCallChargedOnce => {
                "Each answered call or session whose end its client has reported has its xDR at one of the systems, and none \
                 has two of one kind at the same site; a report that its client gave up, or that went with a crash of the \
                 client, may be missing"
            }
            Self::WithinLimits => {
                "No account of any system has less to spend than nothing, but for what its xDRs say was charged beyond the \
                 limit (overdraft)"
            }
            Self::NothingReserved => "No account of any system has money reserved",
            Self::SitesEqual => "Every site of a system shows the same of every account",
        }
    }
}

/// One account's amount.
#[derive(Debug, Clone)]
pub struct AccountMatch {
    /// The account.
    pub account: Text,
    /// What the amount must be.
    pub matcher: Matcher,
    /// Where it stands.
    pub place: Place,
}

/// One xDR: the fields named must match, others may be anything.
#[derive(Debug, Clone)]
pub struct XdrMatch {
    /// The fields.
    pub fields: Vec<FieldMatch>,
    /// Where it stands.
    pub place: Place,
}
