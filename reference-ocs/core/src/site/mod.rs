//! Several sites of one system: what a stand-by site is told, what it gathers while it serves alone, and what it hands
//! over to the primary afterwards (ARCH, sites; charging model, rules 19 and 20).
//!
//! - A stand-by copy is made by applying the primary's commands at the primary's times, so both are in the same state,
//!   byte for byte. Its own clock moves nothing in it.
//! - Standing alone it keeps that copy as it was, works on a second one, and gathers in its [`Delta`] what comes of it:
//!   records with the money that they moved, and calls in progress.
//! - A period alone ends with a [`Lock`]: what accounts have spent in it is reserved at the primary, at once, and the
//!   calls in progress go over to it. Then one [`Transfer`] a record moves its money and gives back its part of the lock.
//! - Both are commands of the primary, known by their period and number, so that one that comes again changes nothing,
//!   and the stand-by copy learns of them as of any other command. What a period has not handed over yet when the primary
//!   is lost again is applied to the copy that is worked on, in the same way.
//! - Calls are told from each other by the number of their usage, which no two sites give twice; and a call that began at
//!   both, because its client spoke to both, by session, leg and call id. Usage is cumulative, so of what two sites
//!   charged for one call the larger sum counts, once.
//!
//! The documents are silent on vouchers that were used at both sites (paid in once), on the months of commitments (they
//! close at the primary alone), and on resellers' and vendors' money (not locked; moved with the record).

mod applications;
mod delta;
mod release;

use tollgate_time::Instant;

pub use applications::{Application, Availability};
pub(crate) use delta::{
    Before, Call, Counted, Ended, EnvLock, Handover, Known, Part, Received, Record, SessionCredit,
};
pub use delta::{Delta, Lock, Locked, PeriodId, Transfer, Transferred};
pub use release::{Release, UnknownRelease};

use crate::command::Command;

/// What a site is told about sites.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SiteCommand {
    /// It is the stand-by copy of another site from now on.
    StandBy {
        /// Its number among the sites of the system, from 1; the primary is 0.
        site: u8,
    },
    /// The primary has taken this command at that time.
    Replicated {
        /// When, at the primary.
        at: Instant,
        /// What.
        command: Box<Command>,
    },
    /// Time has passed without a command, and something came of that: a copy is to know, and a restart not to tell it again.
    Passed {
        /// Until when.
        at: Instant,
    },
    /// The primary is not there, or not to be disturbed: it serves alone.
    StandAlone {
        /// An administrator wants it so: it goes back when he says so, and not by itself.
        ordered: bool,
    },
    /// The period alone is over: it is the stand-by copy again, with a delta to hand over.
    Return,
    /// At the primary: what a site has spent alone is reserved, and its calls in progress go on here.
    Lock(Box<Lock>),
    /// At the primary: a record that was made by a site alone.
    Transfer(Box<Transfer>),
    /// The primary is given up: this site is the primary now, and its delta is its own.
    Promote {
        /// The number of the new rule; greater than any before.
        epoch: u64,
    },
    /// Another site has become the primary: this one serves nobody any more.
    Fence {
        /// The number of the rule under which it is the primary.
        epoch: u64,
    },
    /// The software of the site is of this release from now on.
    Upgrade(Release),
}

/// What a site does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Role {
    /// It serves, and its data are the system's.
    Primary,
    /// It follows the primary and serves nobody.
    StandBy,
    /// It serves without the primary.
    StandAlone,
    /// It was the primary, and another site is now.
    Fenced,
}

impl Role {
    /// A word for a journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::StandBy => "stand-by",
            Self::StandAlone => "stand-alone",
            Self::Fenced => "fenced",
        }
    }
}

/// Something about sites that others may want to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteFact {
    /// Another role, or another release.
    Changed(Role),
    /// What a site has spent alone is locked at the primary.
    Locked(Locked),
    /// A record of a site has been taken over, or was known.
    Transferred(Transferred),
}
