//! Why a customer does not move.

use std::fmt;

use crate::ids::{CustomerId, EnvId};

/// Something that a customer depends on, and that the system does not have as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// What it is: `product`, `tariff`, `account`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub want: Want,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// It is not there.
    Absent,
    /// It is another's already.
    Taken,
    /// It is there, and is another thing: another currency, other steps.
    Differs,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, name, want } = self;
        match want {
            Want::Absent => write!(f, "there is no {what} '{name}'"),
            Want::Taken => write!(f, "{what} '{name}' is another's"),
            Want::Differs => write!(f, "{what} '{name}' is not what it is there"),
        }
    }
}

/// Why a customer does not move; nothing has changed, but that an import that is refused for what is missing will not be
/// made later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationRefusal {
    /// There is no such customer, or its records were removed.
    #[error("there is no customer {0} here")]
    Unknown(CustomerId),
    /// It was exported to another system already.
    #[error("customer {customer} is exported to environment {to} already")]
    Elsewhere {
        /// Whom.
        customer: CustomerId,
        /// Where it is.
        to: EnvId,
    },
    /// It cannot be exported to where it is, or imported where it was not sent to.
    #[error("this is environment {here}, and the customer is to go to environment {to}")]
    WrongSystem {
        /// This one.
        here: EnvId,
        /// The one that is meant.
        to: EnvId,
    },
    /// It has customers of its own, who would lose their owner.
    #[error("customer {0} is a reseller: move its customers, and have the reseller in both systems")]
    Reseller(CustomerId),
    /// What travels was made by another version.
    #[error("what travels has format {0}; this system reads format {format}", format = super::bundle::FORMAT)]
    Format(u32),
    /// What travels cannot have been sent by a system.
    #[error("what travels cannot be: {0}")]
    Unsound(String),
    /// It is here, and was not exported.
    #[error("customer {0} is here already")]
    Here(CustomerId),
    /// A later move is known.
    #[error("this is move {hop} of customer {customer}, and move {known} is known here")]
    Overtaken {
        /// Whose.
        customer: CustomerId,
        /// The number of the move.
        hop: u64,
        /// The highest one that is known.
        known: u64,
    },
    /// The move was abandoned.
    #[error("move {hop} of customer {customer} was abandoned or refused; export it anew")]
    Abandoned {
        /// Whose.
        customer: CustomerId,
        /// The number of the move.
        hop: u64,
    },
    /// Something that it depends on is missing.
    #[error("the customer cannot be taken in: {}", listed(.0))]
    Missing(Vec<Missing>),
    /// It is not exported.
    #[error("customer {0} is not exported: only what has been transferred is removed")]
    NotExported(CustomerId),
    /// It is not known that it is where it was exported to.
    #[error("customer {customer} is not known to have been taken in by environment {to}")]
    Unsettled {
        /// Whom.
        customer: CustomerId,
        /// Where it was to go.
        to: EnvId,
    },
    /// It is known to be where it was exported to.
    #[error("customer {customer} was taken in by environment {to}: move it back from there")]
    Settled {
        /// Whom.
        customer: CustomerId,
        /// Where it is.
        to: EnvId,
    },
    /// Reports wait to be delivered to where it is.
    #[error("{late} reports of customer {customer} wait to be delivered to environment {to} first")]
    Undelivered {
        /// Whose.
        customer: CustomerId,
        /// Where it is.
        to: EnvId,
        /// How many.
        late: usize,
    },
}

fn listed(missing: &[Missing]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
