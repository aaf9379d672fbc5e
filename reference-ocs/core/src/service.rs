//! Services and the units that they are measured in.

use std::fmt;

/// What is charged. The numbers (`i_service`) are this system's, except for voice calls, whose 3 the documents show.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Service {
    /// Pieces of something, such as downloads.
    Quantity,
    /// Internet access by octets.
    NetAccess,
    /// Voice calls.
    #[default]
    Voice,
    /// Data by octets.
    Data,
    /// Anything else by time.
    Session,
    /// Messages.
    Msg,
    /// Wireless access by time.
    Wifi,
    /// Dial-up access by time.
    Dialup,
    /// Conferences by time.
    Conference,
    /// Incoming numbers, by the piece.
    Did,
    /// No use at all: money that came in.
    Payments,
    /// No use at all: what an administrator gives or takes.
    Credits,
    /// No use at all: fees and penalties.
    Subscriptions,
}

/// What usage is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Unit {
    /// Seconds; prices are per minute unless the rate says otherwise.
    Second,
    /// Octets; prices are per MiB (2^20 octets) unless the rate says otherwise.
    Octet,
    /// Pieces; prices are per piece unless the rate says otherwise.
    Piece,
}

impl Service {
    /// All that can be used, by number; those of [`Self::OF_MONEY`] are no use.
    pub const ALL: [Self; 10] = [
        Self::Quantity,
        Self::NetAccess,
        Self::Voice,
        Self::Data,
        Self::Session,
        Self::Msg,
        Self::Wifi,
        Self::Dialup,
        Self::Conference,
        Self::Did,
    ];

    /// The services of xDRs that tell of money alone; nothing can be asked for or rated by them.
    pub const OF_MONEY: [Self; 3] = [Self::Payments, Self::Credits, Self::Subscriptions];

    /// The number that xDRs carry in `i_service`.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Quantity => 1,
            Self::NetAccess => 2,
            Self::Voice => 3,
            Self::Data => 4,
            Self::Session => 5,
            Self::Msg => 6,
            Self::Wifi => 7,
            Self::Dialup => 8,
            Self::Conference => 9,
            Self::Did => 10,
            Self::Payments => 11,
            Self::Credits => 12,
            Self::Subscriptions => 13,
        }
    }

    /// Its name, as world files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::NetAccess => "netaccess",
            Self::Voice => "voice",
            Self::Data => "data",
            Self::Session => "session",
            Self::Msg => "msg",
            Self::Wifi => "wifi",
            Self::Dialup => "dialup",
            Self::Conference => "conference",
            Self::Did => "did",
            Self::Payments => "payments",
            Self::Credits => "credits",
            Self::Subscriptions => "subscriptions",
        }
    }

    /// The service of that name, of those that can be used.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// What its usage is counted in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Data | Self::NetAccess => Unit::Octet,
            Self::Quantity | Self::Msg | Self::Did => Unit::Piece,
            Self::Payments | Self::Credits | Self::Subscriptions => Unit::Piece,
            Self::Voice | Self::Session | Self::Wifi | Self::Dialup | Self::Conference => Unit::Second,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Unit {
    /// How many of the unit a price stands for, when the rate does not say.
    #[must_use]
    pub const fn price_unit(self) -> u64 {
        match self {
            Self::Second => 60,
            Self::Octet => 1 << 20,
            Self::Piece => 1,
        }
    }

    /// The letter behind a quantity in an xDR's history: `71s`, `1048576B`, `3`.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Octet => "B",
            Self::Piece => "",
        }
    }
}

/// The side of a call that a request speaks of (`h323-call-origin`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Leg {
    /// What the user set up: the outgoing leg of a call, or a service session.
    #[default]
    Originate,
    /// What came in from the user: the incoming leg of an IVR call.
    Answer,
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Originate => "originate",
            Self::Answer => "answer",
        })
    }
}
