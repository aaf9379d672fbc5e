//! What may go wrong on purpose.

use std::fmt;
use std::time::Duration;

use tollgate_time::Instant;

use crate::NodeId;

/// A share of frames, in millionths: 5 % is 50,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ratio(u32);

impl Ratio {
    /// No frame.
    pub const NONE: Self = Self(0);
    /// Every frame.
    pub const ALL: Self = Self(1_000_000);

    /// A share in millionths; more than all is all.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Self {
        if millionths > Self::ALL.0 { Self::ALL } else { Self(millionths) }
    }

    /// A share in hundredths.
    #[must_use]
    pub const fn from_percent(percent: u32) -> Self {
        Self::from_millionths(percent.saturating_mul(10_000))
    }

    /// The share in millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 10_000, self.0 % 10_000);
        if part == 0 { write!(f, "{whole}%") } else { write!(f, "{whole}.{part:04}%") }
    }
}

/// How a link treats frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impairment {
    /// From sending to arrival.
    pub latency: Duration,
    /// At most this much is added by chance.
    pub jitter: Duration,
    /// Frames that never arrive.
    pub loss: Ratio,
    /// Frames that arrive twice, the copy with a jitter of its own.
    pub duplication: Ratio,
    /// Frames held back so that later ones overtake them.
    pub reordering: Ratio,
    /// How long a reordered frame is held back at most.
    pub reordering_delay: Duration,
    /// Segments of connections at which the connection is reset. What becomes of frames otherwise only makes a
    /// connection slower.
    pub resets: Ratio,
}

impl Default for Impairment {
    /// A good network: one millisecond, nothing lost.
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(1),
            jitter: Duration::ZERO,
            loss: Ratio::NONE,
            duplication: Ratio::NONE,
            reordering: Ratio::NONE,
            reordering_delay: Duration::from_millis(20),
            resets: Ratio::NONE,
        }
    }
}

/// Which frames a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// All of them.
    Everyone,
    /// Those from or to one node.
    One(NodeId),
    /// Those between two nodes, both ways.
    Two(NodeId, NodeId),
}

/// A fault that a scenario orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The links behave like this, until then or until further notice.
    Impair {
        /// Which links.
        between: Between,
        /// How they behave.
        impairment: Impairment,
        /// When they go back to what they were.
        until: Option<Instant>,
    },
    /// Nothing gets through, until then or until further notice.
    Partition {
        /// Which links.
        between: Between,
        /// When they work again.
        until: Option<Instant>,
    },
    /// Every connection of these links is reset now; both ends hear of it.
    Reset {
        /// Which links.
        between: Between,
    },
    /// Every link is as it was at the start.
    Heal,
    /// The node stops at once; frames for it are lost.
    Crash {
        /// Which node.
        node: NodeId,
        /// When it comes back by itself.
        until: Option<Instant>,
    },
    /// A crashed node comes back with what its durable record holds. A node that runs is crashed first.
    Restart {
        /// Which node.
        node: NodeId,
    },
}

/// A driver cannot do this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultError(pub String);
