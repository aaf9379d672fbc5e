//! The scenario language: its model, and the reading and checking of scenario files. Nothing here runs
//! anything, and no peer is known but by the tables that its kind publishes.

mod args;
mod expect;
mod faults;
pub(crate) mod files;
mod finally;
mod find;
mod load;
mod matchers;
mod matrix;
pub mod model;
mod peers;
pub(crate) mod read;
mod steps;
mod substitute;
pub mod template;
pub mod values;

pub use find::find_files;
pub use load::{Options, Registry, STARTS_DEFAULT, check_file, check_octets, load_file};
pub use model::{
    AccountMatch, Deed, Expectation, FaultKind, FaultStep, FieldMatch, Finally, LateArg, Matcher, Order,
    PeerSpec, Place, Scalar, Scenario, Step, Who, XdrMatch,
};
