//! The scenario language.

pub mod model;

pub use model::{
    AccountMatch, Deed, Expectation, FaultKind, FaultStep, FieldMatch, Finally, LateArg, Matcher, Order,
    PeerSpec, Place, Scalar, Scenario, Step, Who, XdrMatch,
};
