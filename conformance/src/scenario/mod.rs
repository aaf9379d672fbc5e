//! The scenario language: its model, and the reading and checking of scenario files. Nothing here runs
//! anything, and no peer is known but by the tables that its kind publishes.

mod alone;
mod args;
mod captures;
mod drawn;
mod expect;
mod faults;
pub(crate) mod files;
mod finally;
mod find;
mod load;
mod matchers;
mod matrix;
pub mod model;
mod naming;
mod nature;
mod peers;
mod random;
pub(crate) mod read;
mod steps;
mod subject;
mod substitute;
mod systems;
pub mod template;
pub mod values;
mod versions;

pub use alone::Outline;
pub(crate) use drawn::Draft;
pub use drawn::Origin;
pub use find::{find_files, find_subjects};
pub use load::{Options, Registry, STARTS_DEFAULT, check_file, check_octets, load_file};
pub use model::{
    AccountMatch, Deed, Difference, Expectation, FaultKind, FaultStep, FieldMatch, Finally, FurtherSystem,
    Invariant, LateArg, Matcher, Order, PeerSpec, Place, Scalar, Scenario, Step, Twin, Who, XdrMatch,
};
pub(crate) use nature::Nature;
pub(crate) use steps::Written;
pub use subject::{Subject, check_subject, check_subject_octets};
