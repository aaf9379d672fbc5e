//! What simulators that speak CAP share: the link that carries their TCAP messages, and how an operation shows in a
//! journal. What an operation means is its owner's business.

mod link;
mod numbers;
mod operations;
mod talk;

pub(crate) use link::{GATEWAY, MSC, Point, SETTINGS, frame, own_point, point_code, read};
pub(crate) use numbers::{Numbering, address, bare, called, party};
pub(crate) use operations::{OPERATIONS, observe, with_operations};
pub(crate) use talk::Talk;
